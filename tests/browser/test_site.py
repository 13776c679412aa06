"""The static site, built once for all processes; then every notebook runs in the browser's own Python."""

import functools
import gzip
import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile

import build_site
import nbformat
import pytest
import run_notebooks
import site_pages
from filelock import FileLock
from packaging.utils import canonicalize_name
from run_notebooks import output_text

from lecturelib import edition, live
from lecturelib.live.controls import spoken

ROOT = Path(__file__).parents[2]
HERE = ROOT.parent / "shared/pyodide"
NO_PYODIDE = "tests of the site need Pyodide and reach none: JUPYTERLITE_PYODIDE_URL=/folder/that/contains/pyodide"
KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
TOLD = "(In a browser this cell would take minutes. These are the numbers of a stored run.)"
SAID = "cell => [cell.querySelector('.live-caption').innerText, cell.querySelector('.live-picture').src]"
COUNT_FRAMES = """() => {
  const make = URL.createObjectURL;
  window.frames_kept = 0;
  URL.createObjectURL = blob => { window.frames_kept += 1; return make.call(URL, blob); };
}"""
RUN_SLOW_CELLS = "import os; os.environ['LECTURELIB_SLOW'] = ''"
# Sentences that differ from the stored ones in the browser, and why.
BYTECODE = (3531).to_bytes(2, "little") + b"\r\n" + (1).to_bytes(4, "little")  # of Python 3.12; 1: an import does not compare
DIFFER = {}


def pyodide():
    """The folder that holds Pyodide, or "" where its public address answers; None if there is neither."""
    if named := os.environ.get("JUPYTERLITE_PYODIDE_URL"):
        return named
    if HERE.is_dir():
        return str(HERE)
    try:
        urllib.request.urlopen(build_site.kernel_config(ROOT / "site")["pyodideUrl"], timeout=10).close()
    except OSError:
        return None
    return ""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def site(tmp_path_factory, browser, worker_id):
    """The site, built by the command of `make site`: its folder. The first process that needs it builds it for all."""
    where = pyodide()
    if where is None:
        pytest.skip(NO_PYODIDE)
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "site"
    environment = os.environ | ({"JUPYTERLITE_PYODIDE_URL": where} if where else {})
    command = [sys.executable, ROOT / "tools/build_site.py", folder]
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "LICENCES.txt").exists():  # what is written last
            built = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert built.returncode == 0, built.stderr[-4000:]
    return folder


@pytest.fixture(scope="session")
def address(site):
    """The site on a server that only hands out files."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def context(browser):
    """One reader, who opens all notebooks: the browser compiles Pyodide once."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context, address, limit):
    """A fresh page; what it asks of another host fails the test."""
    page, outside = context.new_page(), []
    page.set_default_timeout(1000 * limit)
    listen = lambda request: request.url.startswith((address, "data:", "blob:")) or outside.append(request.url)  # noqa: E731
    context.on("request", listen)
    yield page
    page.close()
    context.remove_listener("request", listen)
    assert not outside


# -- what is in it ------------------------------------------------------------------------------------------------------------


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


def library():
    """The modules that are in a browser: all but those that only a lecturer needs."""
    return [path for path in (ROOT / "lecturelib").rglob("*.py") if path.name not in edition.LECTURERS]


def test_what_a_page_imports_is_there_as_bytecode(site):
    """Bytecode of Pyodide's Python that is not compared with a source: a page that goes live compiles nothing of these."""
    seen = set()
    for archive in [site / "static/pyodide/python_stdlib.zip", *(site / "static/pyodide").glob("*.whl")]:
        with ZipFile(archive) as files:
            names = set(files.namelist())
            compiled = {re.sub(r"__pycache__/(.+)\.cpython-312", r"\1", name): name for name in names if name.endswith(".pyc")}
            assert all(files.read(name)[:8] == BYTECODE for name in compiled.values())
            assert all(name.startswith("lecturelib") or name[:-1] not in names for name in compiled)
            seen |= set(compiled)
    ours = {path.relative_to(ROOT).as_posix() for path in library()}
    assert {f"{name}c" for name in ours - {"lecturelib/live/view.py", "lecturelib/server.py"}} <= seen  # a page has no Jupyter
    assert {"matplotlib/figure.pyc", "numpy/__init__.pyc", "PIL/Image.pyc", "json/__init__.pyc"} <= seen


def test_the_notebooks_and_the_library_are_these(site, notebooks):
    for notebook in notebooks:
        assert nbformat.read(site / "files" / notebook.name, as_version=4) == nbformat.read(notebook, as_version=4)
    (wheel,) = (site / "static/pyodide").glob("lecturelib-*.whl")
    with ZipFile(wheel) as archive:
        for path in library():
            assert archive.read(path.relative_to(ROOT).as_posix()) == path.read_bytes()


def test_its_pages_are_those_that_are_tested_alone_and_lead_to_their_live_twins(site, notebooks, page, address, tmp_path):
    for notebook in notebooks:
        name = site_pages.name_of(notebook)
        assert (site / name).read_text("utf-8") == site_pages.page(notebook, tmp_path)
        page.goto(f"{address}/{name}")
        twin = page.locator("header").get_by_role("link", name="JupyterLab")
        assert twin.get_attribute("href") == f"lab/index.html?path={notebook.name}"
        check_links(page, site)


def check_links(page, site):
    """Each leads to a file of the site, or to a place in the page."""
    for link in page.evaluate("() => [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"):
        file, _, place = link.partition("?")[0].partition("#")
        assert "://" in link or not file or (site / file).is_file(), link
        assert file or place.startswith("slide-") or page.locator(f"[id='{place}']").count() == 1, link


def test_a_first_visit_that_goes_live_loads_little(site, browser, address, limit):
    """All that the browser asks for, as a server sends it compressed, and nothing of Jupyter."""
    context, asked = browser.new_context(), set()
    page = context.new_page()
    page.set_default_timeout(1000 * limit)
    context.on("request", lambda request: asked.add(urlsplit(request.url).path.removeprefix("/")))
    page.goto(f"{address}/01-scalar-explosion.html")
    page.get_by_role("button", name="Make this page live").click()
    page.locator("body.is-live").wait_for()
    context.close()
    files = [site / name for name in asked if (site / name).is_file()]
    assert {"pyodide.asm.wasm", "01-scalar-explosion.html", "python.js"} <= {file.name for file in files}
    assert not [file.name for file in files if re.match("ipython|ipywidgets|anywidget|jedi|lecturelib_data", file.name)]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= 15_000_000


def test_the_front_page_leads_to_every_lecture_and_counts_what_is_done(site, notebooks, page, address):
    page.goto(address)
    check_links(page, site)
    lectures = [notebook for notebook in notebooks if not notebook.stem.startswith("00")]
    assert page.locator(".card").count() == len(list((ROOT / "notebooks").glob("0[1-8]*.ipynb")))
    for notebook in lectures:
        card = page.locator(f'.card[href="{site_pages.name_of(notebook)}"]')
        card.scroll_into_view_if_needed()
        page.wait_for_function("card => card.querySelector('img').naturalWidth > 100", arg=card.element_handle())
        name, exercises = json.loads(card.get_attribute("data-exercises"))
        page.evaluate("key => localStorage.setItem(key, '{\"done\": true}')", f"lecturelib/{name}/{exercises[0]}")
        page.reload()
        assert page.locator(f'.card[href="{name}.html"] .progress').inner_text() == f"1 of {len(exercises)} exercises done"
        page.evaluate("() => localStorage.clear()")
    slider = page.locator(".live-figure input[type=range]").first
    before = page.locator(".live-caption").inner_text()
    slider.press("End")
    page.wait_for_function("old => document.querySelector('.live-caption').innerText !== old", arg=before)


# -- pages with Python ----------------------------------------------------------------------------------------------------------


def go_live(page, address, notebook):
    page.goto(f"{address}/{site_pages.name_of(notebook)}")
    page.get_by_role("button", name="Make this page live").click()
    page.locator("body.is-live").wait_for(timeout=0)


def test_on_a_page_every_control_of_every_figure_moves(page, address, notebook, here):
    """Each to both ends, with what the figure itself says there, drawn by the page's own Python.

    At an end, chaos may give that Python other digits; at the start, where a sentence is stored, it says the same.
    """
    page.goto(f"{address}/{site_pages.name_of(notebook)}")
    for name, twin in here.shown.items():
        if not isinstance(twin, live.LiveFigure):
            continue
        figure, values = page.locator(f"#{name}"), {name: control.at for name, control in twin.controls.items()}
        twin.set(**values)
        for control, about in reversed(twin.controls.items()):
            for value in ends(about):
                before, said = figure.locator(".live-caption").inner_text(), twin.text
                put(figure.get_by_label(spoken(about.label or control), exact=True), about, value)
                values[control] = value
                if twin.set(**values) != said:
                    changed = "([figure, before]) => figure.querySelector('.live-caption').innerText !== before"
                    page.wait_for_function(changed, arg=[figure.element_handle(), before])
                figure.locator(".live-caption").filter(has_text=re.compile(wording(twin.text))).wait_for()
        figure.get_by_role("button", name="Reset").click()
        twin.set(**{name: control.at for name, control in twin.controls.items()})
        figure.locator(".live-caption").filter(has_text=" ".join(twin.text.split())).wait_for()
        assert figure.locator(".live-picture").get_attribute("alt") == twin.text


def wording(text):
    """A pattern for the sentence, whatever its digits."""
    number = r"[-−+]?\d[\d.,]*(?:e[-+]?\d+)?"
    return number.join(map(re.escape, re.split(number, " ".join(text.split()))))


def ends(control):
    """Two values that a reader may choose."""
    if isinstance(control, live.Slider):
        return control.lo, control.hi
    others = [stop for stop in control.stops if stop != control.at]
    return others[-1], control.at


def put(field, control, value):
    if isinstance(control, live.Slider):
        field.press("Home" if value == control.lo else "End")
    elif isinstance(control, live.Choice):
        field.select_option(value)
    elif isinstance(control, live.Toggle):
        field.set_checked(value)
    else:
        field.fill(value)


def test_on_a_page_the_exercises_are_done(page, address, notebook, book):
    page.goto(address)
    page.evaluate("() => localStorage.clear()")
    go_live(page, address, notebook)
    solved = run_notebooks.answers(notebook.stem)
    exercises = {cell: page.locator(f"#{cell}") for cell in solved}
    for cell, section in exercises.items():
        box, said = section.get_by_role("textbox"), section.get_by_role("status")
        section.get_by_role("button", name="Run").click()
        said.filter(has_text="not attempted yet").wait_for()
        box.fill(solved[cell])
        box.press("Control+Enter")
        said.filter(has_text=re.compile("^Right\\.")).wait_for()
    page.reload()
    for cell, section in exercises.items():
        box = section.get_by_role("textbox")
        assert box.input_value() == solved[cell] and section.get_by_role("status").inner_text().startswith("Right.")
        section.get_by_role("button", name="Start over").click()
        assert box.input_value() == next(part.source for part in book.cells if part.id == cell)


def test_on_a_page_wrong_answers_lead_to_an_answer_and_stop_ends_a_loop(page, address):
    page.goto(f"{address}/01-scalar-explosion.html")
    section = page.locator("#exercise-exponent")
    box, said = section.get_by_role("textbox"), section.get_by_role("status")
    show = section.get_by_role("button", name="Show an answer")
    for k, body in enumerate(("w ** T", "w * T")):
        assert not show.is_visible(), f"after {k} wrong answers"
        box.fill(f'def factor(w, T):\n    return {body}\n\n\ncheck.answer("exponent", factor)')
        box.press("Control+Enter")
        said.filter(has_text="Not yet:").wait_for()
        section.get_by_role("button", name="Stop").wait_for(state="hidden")
    show.click()
    assert "w ** (T - 1)" in section.locator(".answer").inner_text()
    box.fill("while True:\n    pass")
    box.press("Control+Enter")
    section.get_by_role("button", name="Stop").click()
    said.filter(has_text="stopped").wait_for()
    box.fill("1 / 0")
    box.press("Control+Enter")
    said.filter(has_text="line 1: ZeroDivisionError").wait_for()
    figure = page.locator("#live-linear")  # it is live again
    figure.get_by_label("T", exact=True).press("ArrowRight")
    figure.locator(".live-caption").filter(has_text="T = 51").wait_for()
    claim = page.locator("#claim-words")
    claim.get_by_role("button", name="Change and run").click()
    claim.get_by_role("textbox").fill("print(0.5**2)")
    claim.get_by_role("button", name="Run").click()
    claim.get_by_role("status").filter(has_text="0.25").wait_for()


# -- the lab --------------------------------------------------------------------------------------------------------------------


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
    run = "jupyterapp.commands.execute('notebook:run-all-cells').then(() => { window.ranAll = true })"
    page.evaluate(f"() => {{ window.ranAll = false; {run} }}")  # a cell that is folded has no prompt to look at
    page.wait_for_function("() => window.ranAll", polling=200)
    return page.evaluate("() => jupyterapp.shell.currentWidget.content.model.toJSON().cells")


def words(outputs):
    """What the outputs say, as text."""
    return [text for output in outputs if (text := output_text(output).strip())]


def test_it_runs_in_the_browser_says_what_is_stored_and_slides(page, address, notebook, book, pytestconfig):
    open_lab(page, address, notebook.name)
    for cell in book.cells:
        if "predict" in cell.metadata.get("tags", []):  # as it is stored, before its first run
            for choice in cell.outputs[0].data["text/plain"].split("\n")[1:]:
                page.locator(".jp-OutputArea li").get_by_text(choice.removeprefix("  ( ) "), exact=True).first.wait_for()
    if pytestconfig.getoption("all"):
        page.evaluate(f"() => {KERNEL}.requestExecute({{code: {RUN_SLOW_CELLS!r}}}).done")
    ran = {cell["id"]: cell["outputs"] for cell in run_all(page) if cell["cell_type"] == "code"}
    for name, outputs in ran.items():
        assert all(o["output_type"] != "error" and o.get("name") != "stderr" for o in outputs), (name, outputs)
    stored = {cell.id: words(cell.outputs) for cell in book.cells if cell.cell_type == "code"}
    got = {name: words(outputs) for name, outputs in ran.items()}
    for name, said in got.items():
        if said and said[0].startswith(TOLD):  # a stored run is not watched
            got[name] = [text for text in (said[0].removeprefix(TOLD).strip(), *said[1:]) if text]
            stored[name] = [text for text in stored[name] if text != "The run, step by step"]
    other = {name for name in stored if got[name] != stored[name]}
    assert other == {cell for of, cell in DIFFER if of == notebook.stem}, {name: (stored[name], got[name]) for name in other}
    slides(page)


def slides(page):
    """A key moves a slider of a figure in sight, and with it the picture and the sentence."""
    cell = page.locator(".jp-CodeCell", has=page.locator(".noUi-handle")).first
    handle, seen = cell.locator(".noUi-handle").first, cell.element_handle()
    before = cell.evaluate(SAID)
    at_the_end = handle.evaluate("h => h.getAttribute('aria-valuenow') === h.getAttribute('aria-valuemax')")
    handle.press("Home" if at_the_end else "End")
    page.wait_for_function(f"([cell, old]) => ({SAID})(cell).every((now, k) => now !== old[k])", arg=[seen, before])
    assert "Error" not in cell.evaluate(SAID)[0]
    page.evaluate(COUNT_FRAMES)
    handle.blur()
    handle.focus()
    page.wait_for_function("() => window.frames_kept > 0")  # drawn ahead, by the same Python
    assert page.evaluate("() => jupyterapp.commands.keyBindings.length") > 100  # the lab's other keys are still there


def test_the_lab_opens_on_the_first_notebook(page, address):
    page.goto(f"{address}/lab/")
    page.wait_for_selector('.lm-TabBar-tab:has-text("00-start-here.ipynb")')
