"""Each notebook in a real JupyterLab: opened, run, every control moved by keyboard and mouse, saved, and opened again.

What the page shows of a figure is compared with the same figure in this process, set to the values that the page's controls show:
picture for picture, byte for byte.
"""

import json
import re
import shutil
from urllib.parse import urlsplit

import pytest

from lecturelib import live
from lecturelib.live.controls import spoken

KEYS = ("ArrowRight", "PageUp", "ArrowUp", "Home", "ArrowUp", "End", "ArrowLeft", "PageDown", "ArrowDown")
LOOK = ("Home", "End", KEYS[0], KEYS[-1])  # after these the picture is compared; the slider's value, after each


def live_cells(book):
    return [cell for cell in book.cells if "live.figure(" in cell.source]


def stored_pictures(book):
    return [cell.id for cell in book.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]


def broken(seen, cells):
    """Those of `cells` that show no picture, or one that is broken or tiny."""
    return {cell: seen[cell] for cell in cells if not seen[cell]["pictures"] or min(seen[cell]["pictures"]) < 100}


def test_just_opened_it_shows_its_pictures(reader, book):
    seen = reader.at_first
    assert seen["complaints"] == []
    assert {cell.id for cell in live_cells(book)} <= set(stored_pictures(book)), "run `make notebooks`"
    assert not broken(seen["cells"], stored_pictures(book))
    for cell in live_cells(book):
        assert cell.outputs[-1].data["text/plain"] in seen["cells"][cell.id]["text"]


def test_run_all_goes_through(reader, book):
    assert reader.complaints == []
    for cell in live_cells(book):
        reader.cell(cell.id).locator(".live-picture").wait_for()
        reader.cell(cell.id).locator(".live-caption").wait_for()
    assert not broken(reader.seen(), [cell.id for cell in live_cells(book)])


def test_a_choice_brings_the_reason(reader, book, here):
    for cell in book.cells:
        if "live.predict(" in cell.source:
            question, place = here.shown[cell.id], reader.cell(cell.id)
            assert place.get_by_role("status").count() == 0, f"{cell.id} says something before it is asked"
            for choice in reversed(question.choices):
                # once one is chosen, a button's name starts with a check mark or a cross
                place.get_by_role("button", name=re.compile(rf"(^|\W){re.escape(choice)}$")).click()
                place.get_by_role("status").filter(has_text=question.choose(choice)).wait_for()


# -- every control -----------------------------------------------------------------------------------------------------------


def test_every_control_moves_its_figure(reader, book, here, subtests):
    """All figures in a row, each failure reported with its cell and control."""
    for cell in live_cells(book):
        twin = here.shown[cell.id]
        shown, start = reader.figure(cell.id), {name: control.at for name, control in twin.controls.items()}
        controls = {spoken(control.label or name): control for name, control in twin.controls.items()}
        with subtests.test(cell=cell.id, look="it starts with its picture and says it"):
            assert shown.cell.get_by_role("status").count() == 1  # where it is announced
            assert shown.values(twin) == start
            shown.agrees_with(twin)
        first = shown.shown()
        for label, control in controls.items():
            for move in MOVES[type(control)]:
                with subtests.test(cell=cell.id, control=label, move=move.__name__):
                    move(shown, twin, label, control)
        with subtests.test(cell=cell.id, look="Reset restores the first picture"):
            for label, control in controls.items():
                elsewhere(shown, label, control)
            shown.agrees_with(twin)
            assert shown.shown() != first
            shown.reset(twin)  # with the right picture, though it may be less sharp than the first
            assert {**shown.shown(), "picture": first["picture"]} == first


def keys(shown, twin, label, control):
    """Each key moves the slider the right way, and the picture with it."""
    assert shown.slider(label).count() == 1, f"no slider is named {label!r}"
    shown.slider(label).focus()
    before = shown.value(label, control)
    for key in KEYS:
        shown.page.keyboard.press(key)
        now = shown.value(label, control)
        if key in ("Home", "End"):
            assert now == pytest.approx(control.lo if key == "Home" else control.hi), key
        elif key in ("ArrowRight", "ArrowUp", "PageUp"):
            assert now > before or before == control.hi, f"{key}: from {before} to {now}"
        else:
            assert now < before or before == control.lo, f"{key}: from {before} to {now}"
        if key in LOOK:
            shown.agrees_with(twin)
        before = now


def drag(shown, twin, label, control):
    """A drag with the mouse ends on the right picture. One of each figure is so fast that moves pile up."""
    mouse, handle = shown.page.mouse, shown.slider(label)
    first = next(spoken(other.label or name) for name, other in twin.controls.items() if isinstance(other, live.Slider))
    handle.scroll_into_view_if_needed()
    before, box = shown.value(label, control), handle.bounding_box()
    track = shown.cell.locator(".noUi-base", has=shown.page.get_by_role("slider", name=label, exact=True)).bounding_box()
    middle = box["x"] + box["width"] / 2
    far = 0.15 if middle > track["x"] + track["width"] / 2 else 0.85
    mouse.move(middle, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(track["x"] + far * track["width"], box["y"] + box["height"] / 2, steps=40 if label == first else 10)
    mouse.up()
    assert shown.value(label, control) != before
    shown.agrees_with(twin)


def choose(shown, twin, label, control):
    """Every option of a menu."""
    field = shown.cell.get_by_label(label, exact=True)
    for option in (*control.options[::-1], control.at):
        field.select_option(option)
        assert shown.value(label, control) == option
        shown.agrees_with(twin)


def tick(shown, twin, label, control):
    """A check box, there and back."""
    for _ in range(2):
        shown.cell.get_by_label(label, exact=True).click()
        shown.agrees_with(twin)


def write(shown, twin, label, control):
    """A line that is typed."""
    field = shown.cell.get_by_label(label, exact=True)
    for line in (*control.suggestions, control.at):
        field.fill(line)
        assert shown.value(label, control) == line
        shown.agrees_with(twin)


MOVES = {live.Slider: (keys, drag), live.Choice: (choose,), live.Toggle: (tick,), live.Text: (write,)}


def elsewhere(shown, label, control):
    """Move a control away from its start; a check box may stay."""
    if isinstance(control, live.Slider):
        shown.slider(label).focus()
        shown.page.keyboard.press("Home" if control.at > control.lo else "End")
    elif isinstance(control, live.Choice):
        field = shown.cell.get_by_label(label, exact=True)
        field.select_option(next(option for option in control.options if option != control.at))
    elif isinstance(control, live.Text):
        shown.cell.get_by_label(label, exact=True).fill(control.suggestions[0])


# -- afterwards --------------------------------------------------------------------------------------------------------------


def test_saved_and_opened_by_another_kernel_it_shows_its_pictures(reader, visit, lab, notebook, book):
    reader.command("docmanager:save")
    saved = lab.series / "notebooks" / notebook.name
    stored = json.loads(saved.read_text("utf-8"))
    assert stored != json.loads(notebook.read_text("utf-8")), "it was not saved"
    assert "widget-view" not in json.dumps(stored) and "widgets" not in stored["metadata"]

    again = visit(shutil.copy(saved, saved.with_stem(f"{saved.stem}-again")))  # another path: a kernel that knows no widget of it
    assert again.complaints == []
    assert not broken(again.seen(), [cell.id for cell in live_cells(book)])
    again.close()


def test_nothing_asked_another_host(reader):
    asked = [urlsplit(url) for url in reader.asked]
    assert len(asked) > 20, "no page without requests: the listener hears nothing"
    assert {url.hostname for url in asked if url.scheme not in ("data", "blob")} == {"127.0.0.1"}
