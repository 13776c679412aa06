"""For readers who use a keyboard, a screen reader, a narrow window, large letters, high contrast or no motion.

In a real JupyterLab, and on a page of the site; axe-core looks at both.
"""

import importlib.resources
import re

import nbformat
import pytest
import site_docs
import site_pages

FIGURE = """\
import numpy as np
from lecturelib import live


def draw(path, ratio, rho, h, rate, rule, scaled, name):
    steps = np.arange(h)
    values = rho**steps * (rate if scaled else 1)
    path.plot(steps, np.clip(values, -2, 2) if rule == "clipped" else values)
    path.set(xlim=(0, 30), ylim=(-3, 3), xlabel="step t", ylabel=name)
    ratio.bar(["ρ", "rate"], [rho, rate])
    ratio.set_ylim(0, 2)
    return f"{name}, {rule}: ρ = {rho:.1f}, h(1) = {h}, rate {rate:.3g}, {'scaled' if scaled else 'not scaled'}."


live.figure(
    draw,
    rho=live.slider(0.0, 2.0, at=1.0, step=0.1, label="ρ"),
    h=live.slider(2, 30, at=10, play=True, label="h(1)"),
    rate=live.slider(1e-3, 1.0, at=0.1, log=True, label="learning rate"),
    rule=live.choice("plain", "clipped"),
    scaled=live.toggle(),
    name=live.text("first", "second"),
)"""

SINGLE = """\
def single(ax, path):
    ax.plot([0, 1], [0, len(path)])
    if not path.isalpha():
        raise ValueError(f"{path!r} is no name")
    return f"The {path} path."


live.figure(single, path=live.text("upper", "lower"))"""

QUESTION = """\
live.predict("Does it grow?", "It grows.", "It shrinks.", right="It shrinks.", reason="Each step halves it.")"""

RUN = """\
from itertools import repeat
from lecturelib import plots, train

run = train.fit(lambda w, x: (w * w / 2, w), 5.0, repeat(1.0, 20), train.sgd(0.1), watch=live.watch(plots.training))"""

TEXT = """\
# One of each

A [link](https://example.org), $\\rho > 1$, `code`, and

$$x_{t+1} = \\rho\\, x_t$$

| step | value |
|------|-------|
| 1    | 2     |"""

# All that Tab reaches in the first figure, as it is spoken, in this order.
STOPS = ["rho", "rho, number", "h of 1", "h of 1, number", "Play h of 1", "Stop h of 1", "learning rate", "learning rate, number"]
STOPS += ["rule", "scaled", "name", "Reset"]
KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
LARGE = {"width": 1100, "height": 1400}
THEMES = ("JupyterLab Light", "JupyterLab Dark")

# The focus, if it is in this cell: what is spoken, the line around it, and the colour on which that is drawn.
FOCUS = """cell => {
  const field = document.activeElement, figure = field.closest(`[data-cell=${cell}] .live-figure`);
  if (!figure) return null;
  let behind = figure;
  while (/, 0\\)$|^transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
  const name = field.getAttribute('aria-label') ?? field.labels?.[0]?.innerText ?? field.innerText;
  const {outlineStyle, outlineWidth, outlineColor} = getComputedStyle(field), {backgroundColor} = getComputedStyle(behind);
  return {name: name.trim(), shown: field.matches(':focus-visible'), outline: outlineStyle, width: parseFloat(outlineWidth),
          color: outlineColor, behind: backgroundColor};
}"""

# How the first figure lies in its output: its pictures as they are drawn and as they were made, and all that sticks out.
LAID = """() => {
  const figure = document.querySelector('[data-cell=figure] .live-figure'), picture = figure.querySelector('.live-picture');
  const output = figure.closest('.jp-OutputArea-output'), {left, right} = output.getBoundingClientRect();
  const out = [...figure.querySelectorAll('*')].filter(part => {
    const box = part.getBoundingClientRect();
    return box.width > 1 && (box.left < left - 1 || box.right > right + 1);
  });
  return {
    out: out.map(part => part.outerHTML.slice(0, 100)), room: output.clientWidth,
    scrolls: output.scrollWidth > output.clientWidth,
    drawn: [picture.clientWidth, picture.clientHeight], made: ['width', 'height'].map(name => +picture.getAttribute(name)),
  };
}"""

AXE = """async ([code, inside]) => {
  if (!window.axe) (0, eval)(code);
  const {violations, passes} = await axe.run(inside ? {include: [[inside]]} : document);
  const where = nodes => nodes.map(node => node.html.slice(0, 200)).join(' ');
  const found = violations.map(({id, impact, nodes}) => `${impact} ${id}: ${where(nodes)}`);
  return {found, looked: passes.length};
}"""


def look_with_axe(page, inside=None):
    """What axe-core finds of serious or critical impact, in all that fits the selector `inside`."""
    code = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    seen = page.evaluate(AXE, [code, inside])
    assert seen["looked"] > 10, "it has looked at nothing"
    return [line for line in seen["found"] if line.startswith(("serious", "critical"))]


def write(path):
    """Write a notebook with all this."""
    slide = {"slideshow": {"slide_type": "slide"}}
    parts = {"figure": FIGURE, "single": SINGLE, "question": QUESTION, "run": RUN}
    cells = [nbformat.v4.new_markdown_cell(TEXT, id="text", metadata=slide)]
    cells += [nbformat.v4.new_code_cell(source, id=name, metadata=slide) for name, source in parts.items()]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


# -- in JupyterLab ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(visit, lab):
    """A reader of the notebook, all cells run, the list of files folded away."""
    reader = visit(write(lab.series / "notebooks" / "access.ipynb")).run_all()
    reader.command("application:toggle-left-area")
    reader.page.wait_for_function("() => document.querySelectorAll('.live-picture[src]').length === 3")
    assert reader.complaints == []
    yield reader
    reader.close()


@pytest.fixture
def cell(opened):
    """The cell of the figure with every kind of control, at its start; afterwards the window is again as it was."""
    cell, page = opened.cell("figure"), opened.page
    start = "first, plain: ρ = 1.0, h(1) = 10, rate 0.1, not scaled."
    if cell.locator(".live-caption").inner_text() != start:
        cell.get_by_role("button", name="Reset").press("Enter")
        says(cell, start)
        page.evaluate(f"() => {KERNEL}.requestExecute({{code: ''}}).done")  # by then all that Reset has sent is here
    yield cell
    page.set_viewport_size(LARGE)
    page.emulate_media(reduced_motion="no-preference", forced_colors="none")
    show_in(page, THEMES[0])


def says(cell, text):
    """Wait until the figure says this."""
    cell.locator(".live-caption", has_text=re.compile(re.escape(text))).wait_for()


def show_in(page, theme):
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)


def test_every_part_has_a_role_and_a_name_that_can_be_spoken(opened, cell):
    for name in ("rho", "h of 1", "learning rate"):
        assert cell.get_by_role("slider", name=name, exact=True).count() == 1
        assert cell.get_by_role("textbox", name=f"{name}, number", exact=True).count() == 1
    for role, name in (("combobox", "rule"), ("checkbox", "scaled"), ("combobox", "name")):
        assert cell.get_by_role(role, name=name, exact=True).count() == 1
    for name in ("Play h of 1", "Stop h of 1", "Reset"):
        assert cell.get_by_role("button", name=name, exact=True).count() == 1
    sentence = cell.locator(".live-caption").inner_text()
    assert cell.get_by_role("img", name=sentence, exact=True).count() == 1
    for name in ("It grows.", "It shrinks."):
        assert opened.cell("question").get_by_role("button", name=re.compile(name)).count() == 1
    assert re.match("Step 20", opened.cell("run").get_by_role("img").get_attribute("alt"))


def test_a_slider_says_its_value_as_it_is_read(cell):
    """Also on a scale of equal ratios, whose handle counts exponents."""
    spoken = {"rho": ["1.1", "1.2", "1.1"], "h of 1": ["11", "12", "11"], "learning rate": ["0.112", "0.126", "0.112"]}
    for name, values in spoken.items():
        slider = cell.get_by_role("slider", name=name, exact=True)
        slider.focus()
        for key, value in zip(("ArrowRight", "ArrowUp", "ArrowLeft"), values, strict=True):
            slider.press(key)
            cell.locator(f'[role=slider][aria-label="{name}"][aria-valuetext="{value}"]').wait_for()
    says(cell, "first, plain: ρ = 1.1, h(1) = 11, rate 0.112, not scaled.")


def test_what_a_figure_says_is_announced_and_then_removed(opened, cell):
    status = cell.get_by_role("status")
    assert status.count() == 1
    cell.get_by_role("slider", name="rho", exact=True).press("ArrowRight")
    status.filter(has_text="ρ = 1.1").wait_for()
    opened.page.wait_for_function("status => !status.textContent", arg=status.element_handle())
    assert status.bounding_box()["width"] <= 1


def test_on_a_control_the_keys_of_the_lab_do_nothing(opened, cell):
    """There, b makes a new cell below."""
    cells = opened.page.locator(".jp-Notebook .jp-Cell").count()
    for role, name in (("slider", "rho"), ("combobox", "rule")):
        cell.get_by_role(role, name=name, exact=True).press("b")
    opened.page.evaluate(f"() => {KERNEL}.requestExecute({{code: ''}}).done")
    assert opened.page.locator(".jp-Notebook .jp-Cell").count() == cells


def test_tab_reaches_everything_and_keys_move_it(opened, cell):
    keyboard = opened.page.keyboard
    cell.get_by_role("slider", name="rho", exact=True).focus()
    moves = {"rho": "ArrowRight", "h of 1": "PageUp", "learning rate": "End", "rule": "ArrowDown", "scaled": "Space", "name": "x"}
    reached = []
    while focus := opened.page.evaluate(FOCUS, "figure"):
        reached.append(focus["name"])
        if key := moves.get(focus["name"]):
            keyboard.press(key)
        assert opened.page.evaluate(FOCUS, "figure")["name"] == reached[-1], "a key moves the value, and nothing else"
        keyboard.press("Tab")
    assert reached == STOPS
    says(cell, "x, clipped: ρ = 1.1, h(1) = ")
    says(cell, ", rate 1, scaled.")
    cell.get_by_role("button", name="Reset").press("Enter")
    says(cell, "first, plain: ρ = 1.0, h(1) = 10, rate 0.1, not scaled.")


def luminance(color):
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", color)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def check_focus(page, cell):
    """Go through the figure by Tab: wherever the focus is, a line around it says so. So it does on the buttons of a question."""
    cell.get_by_role("textbox", name="rho, number").focus()
    page.keyboard.press("Shift+Tab")
    for name in STOPS:
        check_line(page.evaluate(FOCUS, "figure"), name)
        page.keyboard.press("Tab")
    page.get_by_role("button", name=re.compile("It grows.")).focus()
    check_line(page.evaluate(FOCUS, "question"), "It grows.")


def check_line(focus, name):
    assert (focus["name"], focus["shown"], focus["outline"]) == (name, True, "solid")
    assert focus["width"] >= 2
    assert contrast(focus["color"], focus["behind"]) >= 3, focus


@pytest.mark.parametrize("theme", THEMES)
def test_the_focus_can_be_seen(opened, cell, theme):
    show_in(opened.page, theme)
    check_focus(opened.page, cell)


def test_high_contrast_leaves_track_handle_and_focus(opened, cell):
    opened.page.emulate_media(forced_colors="active")
    drawn = """part => { const {borderTopStyle, borderTopWidth, borderTopColor} = getComputedStyle(part);
      return [borderTopStyle, parseFloat(borderTopWidth), borderTopColor]; }"""
    for part in (".noUi-target", ".noUi-handle"):
        for place in cell.locator(part).all():
            style, width, color = place.evaluate(drawn)
            assert style == "solid" and width >= 1 and contrast(color, "rgb(255, 255, 255)") >= 3, (part, color)
    check_focus(opened.page, cell)


def test_without_motion_play_takes_one_step_each_time(opened, cell):
    opened.page.emulate_media(reduced_motion="reduce")
    play = cell.get_by_role("button", name="Play h of 1")
    for step in (11, 12):
        play.press("Space")
        says(cell, f"h(1) = {step},")
        opened.page.wait_for_timeout(500)  # three steps of Play
        says(cell, f"h(1) = {step},")
    opened.page.emulate_media(reduced_motion="no-preference")
    play.press("Space")
    says(cell, "h(1) = 14,")
    cell.get_by_role("button", name="Stop h of 1").press("Space")
    says(cell, "h(1) = 2,")


def check_laid(page, narrow):
    """Wait for the figure's layout. Nothing sticks out, and the picture is as large as it was made if there is room for it."""
    portrait = "figure => { const {width, height} = figure.querySelector('img'); return width < height }"
    figure = page.locator("[data-cell=figure] .live-figure").element_handle()
    page.wait_for_function(f"figure => ({portrait})(figure) === {str(narrow).lower()}", arg=figure)
    laid = page.evaluate(LAID)
    assert laid["out"] == []
    assert not laid["scrolls"]
    assert laid["drawn"][0] == min(laid["made"][0], laid["room"])
    assert laid["drawn"][1] == pytest.approx(laid["drawn"][0] / laid["made"][0] * laid["made"][1], abs=1)
    return laid


def test_in_a_narrow_window_the_panels_stand_one_below_the_other(opened, cell):
    """And beside each other again when it is turned."""
    for _ in range(2):
        opened.page.set_viewport_size({"width": 400, "height": 800})
        narrow = check_laid(opened.page, narrow=True)
        assert narrow["room"] < 400
        cell.get_by_role("slider", name="rho", exact=True).press("ArrowRight")
        opened.page.set_viewport_size(LARGE)
        wide = check_laid(opened.page, narrow=False)
        assert wide["made"] == wide["drawn"] == [800, 360]
    says(cell, "ρ = 1.2,")


def test_it_can_be_used_at_twice_the_size(opened, cell):
    """A window of 1280 x 900, all letters twice as large: the page gets 640 x 450 pixels, each four of the screen's."""
    session = opened.page.context.new_cdp_session(opened.page)
    zoomed = {"width": 640, "height": 450, "deviceScaleFactor": 2, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", zoomed)
    laid = check_laid(opened.page, narrow=True)
    assert laid["drawn"] == laid["made"]
    for name in ("rho", "h of 1", "learning rate"):
        cell.get_by_role("slider", name=name, exact=True).press("End")
    says(cell, "ρ = 2.0, h(1) = 30, rate 1,")
    sharp = "figure => { const image = figure.querySelector('img'); return image.naturalWidth === 2 * image.width }"
    opened.page.wait_for_function(sharp, arg=cell.element_handle())
    session.send("Emulation.clearDeviceMetricsOverride")
    check_laid(opened.page, narrow=False)
    session.detach()


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_our_outputs(opened, cell, theme):
    """With a question answered and an error shown. What it finds elsewhere in JupyterLab is not ours."""
    opened.cell("question").get_by_role("button", name=re.compile("It grows.")).click()
    opened.cell("question").get_by_role("status").wait_for()
    opened.cell("single").get_by_role("combobox", name="path", exact=True).fill("1")
    opened.cell("single").locator(".live-error", has_text="'1' is no name").wait_for()
    show_in(opened.page, theme)
    assert look_with_axe(opened.page, ".jp-OutputArea-output") == []


# -- on a page of the site ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The notebook as a page, as a file, beside the guides. It is drawn here, and not where `make site` keeps what it draws."""
    folder = tmp_path_factory.mktemp("access")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_pages, "KEPT", folder / "kept")
        site_pages.build(folder, [write(folder / "access.ipynb")])
    site_docs.build(folder)
    return (folder / "access.html").as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_page(browser, address, scheme, limit):
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page.set_default_timeout(1000 * limit)
    page.goto(address)
    assert page.locator("figure :is(input, select)").count() == 2 * 3 + 4  # a slider has a field for its number
    assert look_with_axe(page) == []
    page.locator("summary").evaluate_all("all => all.forEach(summary => summary.parentElement.open = true)")
    assert look_with_axe(page) == []
    page.goto(f"{address}#slide-2")
    page.locator(".turn output", has_text="2 of").wait_for()
    assert look_with_axe(page) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("guide", site_docs.GUIDES)
def test_axe_finds_nothing_on_a_guide_and_a_phone_shows_all_of_it(browser, address, guide, scheme, limit):
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page.set_default_timeout(1000 * limit)
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address.replace("access.html", f"{guide}.html"))
        assert page.locator(".make-live:visible").count() == 0
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert look_with_axe(page) == []
    page.close()
