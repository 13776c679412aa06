"""The pages before any Python runs: every figure slides, every picture has its alt text, and a page can be shown as slides."""

import json
import math
import re

import pytest
import site_pages

from lecturelib import live


@pytest.fixture(scope="session")
def address(notebook, tmp_path_factory):
    """The notebook's page, as a file. It is drawn in this process, where the notebook has run; `make site` finds it drawn."""
    folder = tmp_path_factory.mktemp("pages")
    site_pages.build(folder, [notebook])
    return (folder / site_pages.name_of(notebook)).as_uri()


@pytest.fixture
def page(browser, address, limit):
    """The page, just opened, at 1280 x 900; what it asks of another host fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, outside = context.new_page(), []
    page.set_default_timeout(1000 * limit)
    context.on("request", lambda r: r.url.startswith(("data:", "blob:", "file:")) or outside.append(r.url))
    page.goto(address)
    yield page
    context.close()
    assert not outside


def first_slider(page):
    """The first slider that alone has stored frames: its figure's id in the page, and its place among the figure's sliders."""
    for name, figure in facts(page)["figures"].items():
        sliders = [control["name"] for control in figure["controls"] if control["kind"] == "slider"]
        (control, *others) = figure["stored"]["values"]
        if control in sliders and not others:
            return name, sliders.index(control)
    pytest.skip("it has no slider with stored frames")


FITS = """() => {
  const pictures = [...document.querySelectorAll('.slide.shown img')];
  const bottom = document.querySelector('.slide.shown').getBoundingClientRect().bottom;
  return pictures.every(picture => picture.complete) && bottom <= document.querySelector('.turn').getBoundingClientRect().top + 1;
}"""


# What each slide needs at the present size of the window: by how much it is made smaller, and how far it reaches over the edge.
NEEDS = """() => [...document.querySelectorAll('.slide')].map((slide, k) => {
  history.replaceState(null, '', `#slide-${k + 1}`);
  dispatchEvent(new Event('hashchange'));
  const over = slide.getBoundingClientRect().bottom - document.querySelector('.turn').getBoundingClientRect().top;
  return { slide: k + 1, zoom: +slide.style.zoom, over: Math.max(over, document.documentElement.scrollWidth - innerWidth) };
})"""


def facts(page):
    return json.loads(page.locator("#page-facts").inner_text())


# -- read ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 400])
def test_every_figure_slides_without_python_and_without_a_server(page, width):
    """At both ends of its stored control: the picture for that width, and its sentence."""
    page.set_viewport_size({"width": width, "height": 900})
    for name, about in facts(page)["figures"].items():
        figure, stored = page.locator(f"#{name}"), about["stored"]
        spoken = {control["name"]: control["spoken"] for control in about["controls"]}
        assert 2 <= len(stored["sentences"]) <= 60 and len(set(stored["sentences"])) > 1
        for end in (0, -1):
            for control, values in stored["values"].items():
                move(figure, spoken[control], values, end)
            mark = "n" if width < 560 else ""
            file = f"/{range(len(stored['sentences']))[end]:02}{mark}.webp"
            page.wait_for_function(
                "([figure, file]) => { const image = figure.querySelector('.live-picture');"
                "return image.src.endsWith(file) && image.complete && image.naturalWidth }",
                arg=[figure.element_handle(), file],
            )
            assert figure.locator(".live-caption").inner_text() == stored["sentences"][end].strip()
            assert figure.locator(".live-picture").get_attribute("alt") == stored["sentences"][end]


def move(figure, spoken, values, end):
    """Move a control to the first or the last of its stored values."""
    field = figure.get_by_label(spoken, exact=True)
    kind = field.evaluate("field => field.type")
    if kind == "range":
        field.press("Home" if end == 0 else "End")
    elif kind == "checkbox":
        field.set_checked(values[end])
    elif kind == "text":
        field.fill(values[end])
    else:
        field.select_option(values[end])


def test_the_stops_hold_every_value_that_the_text_names(page, book):
    """`w = 1.10` in the text before a figure is a stop of w, if it is a step of that slider at all."""
    before = ""
    for cell in book.cells:
        about = facts(page)["figures"].get(cell.id)
        for control in about["controls"] if about else ():
            values = about["stored"]["values"].get(control["name"])
            if not values or control["kind"] != "slider":
                continue
            for said in re.findall(rf"(?<!\w){re.escape(control['label'])} = ([-−]?[\d.]+\d|\d)", before):
                assert any(math.isclose(value, float(said.replace("−", "-"))) for value in values), (cell.id, said)
        before = cell.source if cell.cell_type == "markdown" else before


@pytest.mark.parametrize("reason", ["a page that is opened as a file may not start it", "this browser has no WebAssembly"])
def test_it_says_in_one_line_why_python_does_not_run(page, reason):
    """And the stored frames still slide."""
    if "WebAssembly" in reason:
        page.add_init_script("delete window.WebAssembly")
        page.reload()
    name, place = first_slider(page)
    page.get_by_role("button", name="Make this page live").click()
    page.locator("#python-status", has_text=f"Python does not run here: {reason}.").wait_for()
    for key, sentence in (("Home", 0), ("End", -1)):
        page.locator(f"#{name} input[type=range]").nth(place).press(key)
        said = facts(page)["figures"][name]["stored"]["sentences"][sentence]
        page.locator(f"#{name} .live-caption", has_text=said.strip()).wait_for()


def test_a_choice_is_answered(page, here):
    for name, question in here.shown.items():
        if isinstance(question, live.Prediction):
            for button, choice in zip(page.locator(f"#{name} button").all(), question.choices, strict=True):
                button.click()
                assert page.locator(f"#{name} [role=status]").inner_text() == question.choose(choice)


BLURRED = "all => all.filter(cell => getComputedStyle(cell).filter.startsWith('blur')).map(cell => cell.id)"


def test_what_answers_a_question_is_blurred_until_the_reader_chooses_or_touches_it(page, book, address):
    """From the first output on, up to the next question, the next Do or the end of the section; never on a slide."""
    kinds = {cell.id: "predict" in cell.metadata.get("tags", []) for cell in book.cells}
    for k, name in enumerate(name for name, question in kinds.items() if question):
        before = page.locator("main [id]").evaluate_all(BLURRED)
        rest = list(kinds)[list(kinds).index(name) + 1 :]
        first = next(cell for cell in rest if cell in before)
        assert page.locator(f"#{first} :is(img, pre)").count() and not kinds[first]
        if k % 2:
            page.locator(f"#{name} button").first.click()
        else:
            page.locator(f"#{first} :is(img, pre, summary)").last.click()
        after = page.locator("main [id]").evaluate_all(BLURRED)
        assert first not in after and len(after) < len(before)
    page.goto(f"{address}#slide-1")
    page.reload()
    assert page.locator(".blurred").count() and not page.locator("main [id]").evaluate_all(BLURRED)


def test_a_figure_is_moved_by_keyboard(page):
    name, place = first_slider(page)
    slider, caption = page.locator(f"#{name} input[type=range]").nth(place), page.locator(f"#{name} .live-caption")
    sentences, values = facts(page)["figures"][name]["stored"]["sentences"], []
    slider.focus()
    for key, sentence in (("Home", sentences[0]), ("End", sentences[-1]), ("ArrowLeft", sentences[-2])):
        page.keyboard.press(key)
        caption.filter(has_text=sentence.strip()).wait_for()
        values.append(slider.get_attribute("aria-valuetext"))
    assert len(set(values)) == 3
    page.locator(f"#{name}").get_by_role("button", name="Reset").click()
    assert float(page.locator(f"#{name} .number").nth(place).input_value()) == pytest.approx(start(page, name, place), rel=0.01)


def start(page, name, place):
    return [control["at"] for control in facts(page)["figures"][name]["controls"] if control["kind"] == "slider"][place]


def test_it_reads_well(page):
    """Every picture is there and has its alt text, no formula is left as source, and nothing is wider than the window."""
    page.wait_for_function("() => [...document.images].every(i => i.alt && i.complete && i.naturalWidth)")
    assert page.locator("main").inner_text().count("$") == 0
    signs = page.locator("math mo:not(:has(+ mtable), mtable + mo)")  # the brackets of a matrix are as high as it is
    heights = signs.evaluate_all("all => all.map(sign => sign.getBoundingClientRect().height)")
    assert max(heights, default=0) < 60, "a bracket is three lines high"
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    panels = "all => all.map(row => [...row.children].map(image => image.getBoundingClientRect().width))"
    assert all(width > 230 for row in page.locator(".panels").evaluate_all(panels) for width in row), "too small to read"


# -- show ---------------------------------------------------------------------------------------------------------------------


def test_it_is_shown_as_slides(page, book):
    """From the first to the last with the keys of a clicker; all that the notebook does not skip is on some slide, once.

    On a small projector nothing is cut off, nothing is empty, and no code is open.
    """
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_role("link", name="Slides").click()
    place = page.get_by_role("navigation", name="Slides")
    last = int(place.get_by_role("status").inner_text().split()[-1])
    ids, seen = [cell.id for cell in book.cells if cell.metadata.slideshow.slide_type != "skip"], []
    for k in range(1, last + 1):
        page.wait_for_function("text => document.querySelector('.turn output').textContent === text", arg=f"{k} of {last}")
        seen += page.locator("main :is(section, figure)[id]:visible").evaluate_all("all => all.map(cell => cell.id)")
        page.wait_for_function(FITS)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth && scrollY === 0")
        assert page.locator(".slide.shown").inner_text().strip() and not page.locator(".slide.shown details[open]").count()
        page.keyboard.press("PageDown")
    assert seen == ids
    assert place.get_by_role("button", name="Next").is_disabled()
    page.keyboard.press("PageUp")
    page.wait_for_function("text => document.querySelector('.turn output').textContent === text", arg=f"{last - 1} of {last}")


@pytest.mark.parametrize("width, height", [(1280, 720), (1920, 1080)])
def test_a_slide_can_be_read_from_the_back_row(page, address, width, height):
    """It fits, and its text is at least 12 pixels high on a small projector: 17.7, made smaller by no more than 0.68."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{address}#slide-1")
    slides = page.evaluate(NEEDS)
    assert len(slides) > 3
    assert not [slide for slide in slides if slide["over"] > 1 or slide["zoom"] < 0.68]


def test_page_down_scrolls_first_where_something_is_below(page, address):
    """In a window so low that the slide of a figure does not fit at the smallest size; and Page Up goes the same way back."""
    figure = page.locator(f"#{next(iter(facts(page)['figures']))}")
    number = figure.evaluate("f => [...document.querySelectorAll('.slide')].indexOf(f.closest('.slide')) + 1")
    page.set_viewport_size({"width": 1280, "height": 150})
    page.goto(f"{address}#slide-{number}")
    page.wait_for_function("() => document.documentElement.scrollHeight - innerHeight > 10")
    page.keyboard.press("PageDown")
    assert page.evaluate("scrollY") > 0 and page.url.endswith(f"#slide-{number}")
    page.keyboard.press("PageUp")
    assert page.evaluate("scrollY") == 0 and page.url.endswith(f"#slide-{number}")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.keyboard.press("PageDown")
    assert page.evaluate("scrollY") == 0 and page.url.endswith(f"#slide-{number + 1}")


def test_on_a_slide_the_slider_keeps_its_keys(page, address):
    name, place = first_slider(page)
    figure = f"#{name}"
    count = "f => [...document.querySelectorAll('.slide')].indexOf(f.closest('.slide')) + 1"
    number = page.locator(figure).evaluate(count)
    page.goto(f"{address}#slide-{number}")
    slider = page.locator(f"{figure} input[type=range]").nth(place)
    slider.focus()
    page.keyboard.press("Home")
    at_first = slider.get_attribute("aria-valuetext")
    page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") != at_first
    assert page.url.endswith(f"#slide-{number}")
    page.keyboard.press("PageDown")
    page.wait_for_url(f"**#slide-{number + 1}")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**#slide-{number}")
    page.keyboard.press("Escape")
    assert page.locator("main section:visible").count() == page.locator("main section").count()
    assert page.locator(figure).evaluate("f => f.closest('.slide').getBoundingClientRect().top < innerHeight")
