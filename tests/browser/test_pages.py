"""The pages, which need no Python: every figure slides, every picture has its alt text, and a page can be shown as slides."""

import functools

import pytest
import site_pages


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


def first_figure(page):
    """The first figure that slides, as its id in the page; every notebook has one."""
    return page.locator("figure.sliding:has(input)").first.get_attribute("id")


# -- read ---------------------------------------------------------------------------------------------------------------------


def test_every_figure_slides_without_python_and_without_a_server(page):
    for figure in page.locator("figure.sliding").all():
        figure.scroll_into_view_if_needed()
        sentences = figure.evaluate(
            "f => [...f.querySelector('template').content.querySelectorAll('li')].map(l => l.textContent)"
        )
        assert 2 <= len(sentences) <= 60 and len(set(sentences)) > 1
        inputs = figure.locator(".controls input, .controls select")
        counts = [i.evaluate("i => i.options ? i.options.length : +i.max + 1") for i in inputs.all()]
        for end in (0, -1):
            for place, count in zip(inputs.all(), counts, strict=True):
                move = "(i, k) => { i.options ? i.selectedIndex = k : i.value = k; i.dispatchEvent(new Event('input')) }"
                place.evaluate(move, end % count)
            number = functools.reduce(lambda n, count: n * count + end % count, counts, 0)
            page.wait_for_function(
                "([f, k]) => { const i = f.querySelector(':scope > img');"
                "return i.src.endsWith(k) && i.complete && i.naturalWidth }",
                arg=[figure.element_handle(), f"/{number:02}.webp"],
            )
            assert figure.locator("figcaption").inner_text() == sentences[number].strip()
            assert figure.locator(":scope > img").get_attribute("alt") == sentences[number]


def test_a_figure_is_moved_by_keyboard(page):
    figure = f"#{first_figure(page)}"
    slider, caption = page.locator(f"{figure} input").first, page.locator(f"{figure} figcaption")
    slider.focus()
    page.keyboard.press("Home")
    first, value = caption.inner_text(), slider.get_attribute("aria-valuetext")
    page.keyboard.press("End")
    page.wait_for_function("([f, old]) => document.querySelector(f + ' figcaption').innerText !== old", arg=[figure, first])
    last = slider.get_attribute("aria-valuetext")
    assert last != value
    page.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") != last


def test_it_reads_well(page):
    """Every picture is there and has its alt text, no formula is left as source, and nothing is wider than the window."""
    missing = (
        "() => [...document.images].filter(i => !i.alt || !i.complete || !i.naturalWidth).map(i => i.outerHTML.slice(0, 200))"
    )
    page.wait_for_load_state("load")
    assert page.evaluate(missing) == []
    assert page.locator("main").inner_text().count("$") == 0
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


# -- show ---------------------------------------------------------------------------------------------------------------------


def test_it_is_shown_as_slides(page, book):
    """From the first to the last with the keys of a clicker; all that the notebook does not skip is on some slide, once."""
    page.get_by_role("link", name="Slides").click()
    place = page.get_by_role("navigation", name="Slides")
    last = int(place.get_by_role("status").inner_text().split()[-1])
    ids, seen = [cell.id for cell in book.cells if cell.metadata.slideshow.slide_type != "skip"], []
    for k in range(1, last + 1):
        page.wait_for_function("text => document.querySelector('nav output').textContent === text", arg=f"{k} of {last}")
        seen += page.locator("main :is(section, figure)[id]:visible").evaluate_all("all => all.map(cell => cell.id)")
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth && scrollY === 0")
        page.keyboard.press("PageDown")
    assert seen == ids
    assert place.get_by_role("button", name="Next").is_disabled()
    page.keyboard.press("PageUp")
    page.wait_for_function("text => document.querySelector('nav output').textContent === text", arg=f"{last - 1} of {last}")


def test_on_a_slide_the_slider_keeps_its_keys(page, address):
    figure = f"#{first_figure(page)}"
    count = "f => [...document.querySelectorAll('.slide')].indexOf(f.closest('.slide')) + 1"
    number = page.locator(figure).evaluate(count)
    page.goto(f"{address}#slide-{number}")
    slider = page.locator(f"{figure} input").first
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
