"""The static site, built once for all processes; then every notebook runs in the browser's own Python."""

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

import build_site
import pytest
import site_pages
from filelock import FileLock
from packaging.utils import canonicalize_name
from run_notebooks import output_text

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


def test_the_notebooks_are_the_very_same_files_and_the_library_is_this_one(site, notebooks):
    for notebook in notebooks:
        assert (site / "files" / notebook.name).read_bytes() == notebook.read_bytes()
    (wheel,) = (site / "static/pyodide").glob("lecturelib-*.whl")
    with ZipFile(wheel) as archive:
        for path in (ROOT / "lecturelib").rglob("*.py"):
            assert archive.read(path.relative_to(ROOT).as_posix()) == path.read_bytes()


def test_its_pages_are_those_that_are_tested_alone_and_lead_to_their_live_twins(site, notebooks, page, address, tmp_path):
    for notebook in notebooks:
        name = site_pages.name_of(notebook)
        assert (site / name).read_text("utf-8") == site_pages.page(notebook, tmp_path)
        page.goto(f"{address}/{name}")
        assert page.locator("header .live").get_attribute("href") == f"lab/index.html?path={notebook.name}"
        for link in page.evaluate("() => [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"):
            assert "://" in link or link == "#slide-1" or (site / link.partition("?")[0]).is_file(), link


# -- live ---------------------------------------------------------------------------------------------------------------------


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
    page.wait_for_function(f"() => {waiting} === 0", polling=200)
    return page.evaluate("() => jupyterapp.shell.currentWidget.content.model.toJSON().cells")


def words(outputs):
    """What the outputs say, as text."""
    return [text for output in outputs if (text := output_text(output).strip())]


def test_it_runs_in_the_browser_says_what_is_stored_and_slides(page, address, notebook, book, pytestconfig):
    open_lab(page, address, notebook.name)
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
