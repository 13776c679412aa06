"""The static site: built once, then every notebook run in the browser's own Python, and every page slid without any."""

import functools
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
HERE = ROOT.parent / "shared/pyodide"
NO_PYODIDE = "tests of the site need Pyodide and reach none: JUPYTERLITE_PYODIDE_URL=/folder/that/contains/pyodide"
LONG = 600_000  # milliseconds until a notebook that runs counts as stuck
# Sentences that differ from the stored ones in the browser, and why.
DIFFER = {}


def pyodide():
    """The folder that holds Pyodide, or "" where its public address answers; None if there is neither."""
    if named := os.environ.get("JUPYTERLITE_PYODIDE_URL"):
        return named
    if HERE.is_dir():
        return str(HERE)
    try:
        lite = json.loads((ROOT / "site/jupyter-lite.json").read_text("utf-8"))["jupyter-config-data"]["litePluginSettings"]
        urllib.request.urlopen(next(iter(lite.values()))["pyodideUrl"], timeout=10).close()
    except OSError:
        return None
    return ""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def site(tmp_path_factory, browser):
    """The site, built by the command of `make site`: its folder."""
    where = pyodide()
    if where is None:
        pytest.skip(NO_PYODIDE)
    folder = tmp_path_factory.mktemp("site")
    environment = os.environ | ({"JUPYTERLITE_PYODIDE_URL": where} if where else {})
    built = subprocess.run([sys.executable, ROOT / "tools/publish.py", folder], env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr[-4000:]
    return folder


@pytest.fixture(scope="session")
def address(site):
    """The site on a server that only hands out files."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def page(browser, address):
    """A fresh page at 1280 x 900; what it asks of another host fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    outside = []
    context.on("request", lambda r: r.url.startswith((address, "data:", "blob:", "file:")) or outside.append(r.url))
    yield page
    context.close()
    assert not outside


# --- what is in it ----------------------------------------------------------------------------------------------------------


def test_the_site_is_small_and_holds_all_it_needs(site):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) <= 75_000_000
    inside = site / "static/pyodide"
    packages = json.loads((inside / "pyodide-lock.json").read_text("utf-8"))["packages"]
    for entry in packages.values():
        assert hashlib.sha256((inside / entry["file_name"]).read_bytes()).hexdigest() == entry["sha256"]
        assert set(map(canonicalize_name, entry["depends"])) <= set(packages)
    assert {"lecturelib", "ipywidgets", "num2words", "numpy", "matplotlib"} <= set(packages)
    said = (site / "LICENCES.txt").read_text("utf-8")
    assert all(path.name in said for path in inside.glob("*.whl"))


def test_the_notebooks_are_the_very_same_files_and_the_library_is_this_one(site, notebook):
    assert (site / "files" / notebook.name).read_bytes() == notebook.read_bytes()
    (wheel,) = (site / "static/pyodide").glob("lecturelib-*.whl")
    with ZipFile(wheel) as archive:
        assert archive.read("lecturelib/live.py") == (ROOT / "lecturelib/live.py").read_bytes()


# --- live -------------------------------------------------------------------------------------------------------------------


def open_lab(page, address, name):
    """The lab with a notebook, its Python ready."""
    page.goto(f"{address}/lab/index.html?path={name}")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function(
        "async () => { const panel = jupyterapp.shell.currentWidget, session = panel?.sessionContext;"
        "if (!session) return false; await session.ready; await panel.context.ready;"
        "return session.session?.kernel?.status === 'idle' }"
    )


def run_all(page):
    """Run all cells; gives the cells as the notebook then has them."""
    waiting = "jupyterapp.shell.currentWidget.content.widgets.filter(w => w.promptNode?.textContent.includes('*')).length"
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")
    page.wait_for_function(f"() => {waiting} > 0")
    page.wait_for_function(f"() => {waiting} === 0", timeout=LONG, polling=200)
    return page.evaluate("() => jupyterapp.shell.currentWidget.content.model.toJSON().cells")


def words(outputs):
    """What the outputs say, as text."""
    said = (o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs)
    return ["".join(text).strip() for text in said if "".join(text).strip()]


def test_every_notebook_runs_in_the_browser_and_says_what_is_stored(page, address, notebook):
    open_lab(page, address, notebook.name)
    ran = {cell["id"]: cell["outputs"] for cell in run_all(page) if cell["cell_type"] == "code"}
    for name, outputs in ran.items():
        assert all(o["output_type"] != "error" and o.get("name") != "stderr" for o in outputs), (name, outputs)
    stored = {cell.id: words(cell.outputs) for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"}
    told = "(In a browser this cell would take minutes. These are the numbers of a stored run.)"
    got = {name: [text.replace(told, "").strip() for text in words(outputs)] for name, outputs in ran.items()}
    other = {name for name in stored if got[name] != stored[name]}
    assert other == {cell for book, cell in DIFFER if book == notebook.stem}, {name: (stored[name], got[name]) for name in other}


def test_a_slider_moves_its_figure_in_the_browser(page, address):
    open_lab(page, address, "00-start-here.ipynb")
    run_all(page)
    handle = page.locator(".noUi-handle").first
    caption = page.locator("[role=status]").first
    before, picture = caption.inner_text(), page.locator(".jp-OutputArea img").first.get_attribute("src")
    handle.press("ArrowRight")
    page.wait_for_function("old => document.querySelector('[role=status]').innerText !== old", arg=before)
    page.wait_for_function("old => document.querySelector('.jp-OutputArea img').src !== old", arg=picture)
    assert "Error" not in caption.inner_text()
    assert page.evaluate("() => jupyterapp.commands.keyBindings.length") > 100  # the lab's other keys are still there


def test_the_lab_opens_on_the_first_notebook(page, address):
    page.goto(f"{address}/lab/")
    page.wait_for_selector('.lm-TabBar-tab:has-text("00-start-here.ipynb")')


# --- read -------------------------------------------------------------------------------------------------------------------


def page_of(notebook):
    return "index.html" if notebook.stem.startswith("00") else f"{notebook.stem}.html"


def test_every_figure_of_a_page_slides_without_python_and_without_a_server(page, site, notebook):
    page.goto((site / page_of(notebook)).as_uri())
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
                "([f, k]) => f.querySelector(':scope > img').src.endsWith(k)", arg=[figure.element_handle(), f"/{number:02}.webp"]
            )
            assert figure.locator("figcaption").inner_text() == sentences[number].strip()
            assert figure.locator(":scope > img").get_attribute("alt") == sentences[number]


def test_a_page_is_worked_by_keyboard(page, site):
    page.goto((site / "01-scalar-explosion.html").as_uri())
    slider = page.locator("#live-linear input")
    slider.focus()
    first = page.locator("#live-linear figcaption").inner_text()
    page.keyboard.press("End")
    page.wait_for_function("old => document.querySelector('#live-linear figcaption').innerText !== old", arg=first)
    assert slider.get_attribute("aria-valuetext") == "1.5"
    page.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") != "1.5"


def test_a_page_reads_as_its_notebook_and_leads_to_its_live_twin(page, address, site, notebook):
    page.goto(f"{address}/{page_of(notebook)}")
    assert page.locator("header .live").get_attribute("href") == f"lab/index.html?path={notebook.name}"
    missing = (
        "() => [...document.images].filter(i => !i.alt || !i.complete || !i.naturalWidth).map(i => i.outerHTML.slice(0, 200))"
    )
    assert page.evaluate(missing) == []
    assert page.locator("main").inner_text().count("$") == 0  # no formula is left as source
    for link in page.evaluate("() => [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"):
        assert "://" in link or link == "#slide-1" or (site / link.partition("?")[0]).is_file(), link
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


# --- show -------------------------------------------------------------------------------------------------------------------


def test_a_page_is_shown_as_slides(page, site, book, notebook):
    """From the first to the last with the keys of a clicker; all that the notebook does not skip is on some slide, once."""
    page.goto((site / page_of(notebook)).as_uri())
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
    assert place.get_by_role("button", name="On").is_disabled()
    page.keyboard.press("PageUp")
    page.wait_for_function("text => document.querySelector('nav output').textContent === text", arg=f"{last - 1} of {last}")


def test_on_a_slide_the_slider_keeps_its_keys(page, site):
    page.goto((site / "01-scalar-explosion.html").as_uri())
    count = "f => [...document.querySelectorAll('.slide')].indexOf(f.closest('.slide')) + 1"
    number = page.locator("#live-linear").evaluate(count)
    page.goto((site / "01-scalar-explosion.html").as_uri() + f"#slide-{number}")
    slider = page.locator("#live-linear input")
    slider.focus()
    page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "1.5"
    assert page.url.endswith(f"#slide-{number}")
    page.keyboard.press("PageDown")
    page.wait_for_url(f"**#slide-{number + 1}")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**#slide-{number}")
    page.keyboard.press("Escape")
    assert page.locator("main section:visible").count() == page.locator("main section").count()
    assert page.locator("#live-linear").evaluate("f => f.closest('.slide').getBoundingClientRect().top < innerHeight")
