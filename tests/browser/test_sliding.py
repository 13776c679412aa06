"""Every control of every live figure, by keyboard and by mouse, in a real JupyterLab.

What the page shows is compared with the same figure in this process, set to the values that the page's controls show: picture
for picture, byte for byte.
"""

import pytest

from lecturelib import live

KEYS = ("ArrowRight", "PageUp", "ArrowUp", "Home", "ArrowUp", "End", "ArrowLeft", "PageDown", "ArrowDown")
LOOK = ("Home", "End", KEYS[0], KEYS[-1])  # after these the picture is compared; the slider's value, after each


def sliders(controls):
    return {label: control for label, control in controls.items() if isinstance(control, live.Slider)}


def test_it_starts_with_its_picture_and_says_it(on_page, controls):
    assert on_page.cell.get_by_role("status").count() == 1
    for label, control in sliders(controls).items():
        assert on_page.slider(label).count() == 1, f"no slider is named {label!r}"
        assert on_page.value(label, control) == control.at


def test_keys_move_it(on_page, figure, controls):
    for label, control in sliders(controls).items():
        on_page.slider(label).focus()
        before = on_page.value(label, control)
        for key in KEYS:
            on_page.page.keyboard.press(key)
            now = on_page.value(label, control)
            if key in ("Home", "End"):
                assert now == pytest.approx(control.lo if key == "Home" else control.hi), f"{label}, {key}"
            elif key in ("ArrowRight", "ArrowUp", "PageUp"):
                assert now > before or before == control.hi, f"{label}, {key}: from {before} to {now}"
            else:
                assert now < before or before == control.lo, f"{label}, {key}: from {before} to {now}"
            if key in LOOK:
                on_page.agrees_with(figure)
            before = now


def test_a_drag_ends_on_the_right_picture(on_page, figure, controls):
    mouse = on_page.page.mouse
    for label, control in sliders(controls).items():
        handle = on_page.slider(label)
        handle.scroll_into_view_if_needed()
        before, box = on_page.value(label, control), handle.bounding_box()
        track = on_page.cell.locator(".noUi-base", has=on_page.page.get_by_role("slider", name=label, exact=True)).bounding_box()
        middle = box["x"] + box["width"] / 2
        far = 0.15 if middle > track["x"] + track["width"] / 2 else 0.85
        mouse.move(middle, box["y"] + box["height"] / 2)
        mouse.down()
        mouse.move(track["x"] + far * track["width"], box["y"] + box["height"] / 2, steps=40)
        mouse.up()
        assert on_page.value(label, control) != before, label
        on_page.agrees_with(figure)


def test_menus_and_boxes_change_it(on_page, figure, controls):
    for label, control in controls.items():
        field = on_page.cell.get_by_label(label, exact=True)
        if isinstance(control, live.Choice):
            for option in (*control.options[::-1], control.at):
                field.select_option(option)
                assert on_page.value(label, control) == option
                on_page.agrees_with(figure)
        elif isinstance(control, live.Toggle):
            for _ in range(2):
                field.click()
                on_page.agrees_with(figure)


def test_typing_changes_it(on_page, figure, controls):
    for label, control in controls.items():
        if isinstance(control, live.Text):
            field = on_page.cell.get_by_label(label, exact=True)
            for line in (*control.suggestions, control.at):
                field.fill(line)
                assert on_page.value(label, control) == line
                on_page.agrees_with(figure)


def test_reset_restores_the_first_picture(on_page, figure, controls):
    first = on_page.shown()
    for label in sliders(controls):
        on_page.slider(label).focus()
        on_page.page.keyboard.press("Home")
        on_page.page.keyboard.press("PageUp")
    for label, control in controls.items():
        if isinstance(control, live.Choice):
            on_page.cell.get_by_label(label, exact=True).select_option(next(o for o in control.options if o != control.at))
        elif isinstance(control, live.Text):
            on_page.cell.get_by_label(label, exact=True).fill(control.suggestions[0])
    on_page.agrees_with(figure)
    assert on_page.shown() != first
    on_page.reset(figure)
    assert on_page.shown() == first
