"""A reader opens each notebook in a real JupyterLab, runs it, saves it, and opens it again."""

import json
import re
import shutil


def live_cells(book):
    return [cell for cell in book.cells if "live.figure(" in cell.source]


def stored_pictures(book):
    return [cell.id for cell in book.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]


def broken(seen, cells):
    """Those of `cells` that show no picture, or one that is broken or tiny."""
    return {cell: seen[cell] for cell in cells if not seen[cell]["pictures"] or min(seen[cell]["pictures"]) < 100}


def test_just_opened_it_shows_its_pictures(at_work, notebook, book):
    seen = at_work(notebook).at_first
    assert seen["complaints"] == []
    assert {cell.id for cell in live_cells(book)} <= set(stored_pictures(book)), "run `make notebooks`"
    assert not broken(seen["cells"], stored_pictures(book))
    for cell in live_cells(book):
        assert cell.outputs[-1].data["text/plain"] in seen["cells"][cell.id]["text"]


def test_run_all_goes_through(at_work, notebook, book):
    reader = at_work(notebook)
    assert reader.complaints == []
    for cell in live_cells(book):
        reader.cell(cell.id).locator("img.widget-image, .widget-image img").wait_for()
        reader.cell(cell.id).get_by_role("status").wait_for()
    assert not broken(reader.seen(), [cell.id for cell in live_cells(book)])


def test_a_choice_brings_the_reason(at_work, notebook, book, here):
    reader = at_work(notebook)
    for cell in book.cells:
        if "live.predict(" in cell.source:
            question, place = here.shown[cell.id], reader.cell(cell.id)
            assert place.get_by_role("status").count() == 0, f"{cell.id} says something before it is asked"
            for choice in reversed(question.choices):
                # once one is chosen, a button's name starts with a check mark or a cross
                place.get_by_role("button", name=re.compile(rf"(^|\W){re.escape(choice)}$")).click()
                place.get_by_role("status").filter(has_text=question.choose(choice)).wait_for()


def test_saved_and_opened_by_another_kernel_it_shows_its_pictures(at_work, visit, lab, notebook, book):
    at_work(notebook).command("docmanager:save")
    saved = lab.series / "notebooks" / notebook.name
    stored = json.loads(saved.read_text("utf-8"))
    assert stored != json.loads(notebook.read_text("utf-8")), "it was not saved"
    assert "widget-view" not in json.dumps(stored) and "widgets" not in stored["metadata"]

    again = visit(shutil.copy(saved, saved.with_stem(f"{saved.stem}-again")))  # another path: a kernel that knows no widget of it
    assert again.complaints == []
    assert not broken(again.seen(), [cell.id for cell in live_cells(book)])
    again.page.close()
