"""A reader opens each notebook in a real JupyterLab, runs it, saves it, and opens it again."""

import json
import re
import shutil


def live_cells(book):
    return [cell.id for cell in book.cells if "live.figure(" in cell.source]


def stored_pictures(book):
    return [cell.id for cell in book.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]


def assert_pictures_are_shown(reader, cells):
    for cell in cells:
        images = reader.cell(cell).locator(".jp-OutputArea img")
        sizes = images.evaluate_all("images => images.map(i => [i.complete && i.naturalWidth > 0, i.clientWidth > 100])")
        assert sizes and all(map(all, sizes)), f"{cell}: {sizes}"


def test_just_opened_it_shows_its_pictures(opened, book):
    assert opened.complaints == []
    assert set(stored_pictures(book)) >= set(live_cells(book)), "run `make notebooks`"
    assert_pictures_are_shown(opened, stored_pictures(book))
    for cell in book.cells:
        if cell.id in live_cells(book):
            shown = opened.cell(cell.id).locator(".jp-OutputArea").inner_text()
            assert cell.outputs[-1].data["text/plain"] in " ".join(shown.split())


def test_run_all_goes_through(at_work, notebook, book):
    reader = at_work(notebook)
    assert reader.complaints == []
    assert_pictures_are_shown(reader, live_cells(book))


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


def test_saved_and_opened_again_it_shows_its_pictures(visit, lab, notebook, book):
    copy = lab.series / "notebooks" / f"saved-{notebook.name}"  # with a kernel of its own, which other tests do not need
    shutil.copy(notebook, copy)
    first = visit(copy).run_all()
    cells = live_cells(book)
    for cell in cells:  # the figures are there: only then can saving lose them
        first.page.wait_for_function("([cell]) => cell.querySelector('.widget-image')", arg=[first.cell(cell).element_handle()])
    first.command("docmanager:save")
    first.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    first.page.close()

    stored = json.loads(copy.read_text("utf-8"))
    assert stored != json.loads(notebook.read_text("utf-8")), "it was not saved"
    assert "widget-view" not in json.dumps(stored) and "widgets" not in stored["metadata"]
    again = visit(copy)
    assert again.complaints == []
    assert_pictures_are_shown(again, cells)
    again.page.close()
