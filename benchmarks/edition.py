"""From a key to new pixels: the series in JupyterLab on this machine, and the same in a browser without a server.

    .venv/bin/python benchmarks/edition.py [moves]

One Chromium, two pages, the same notebook; they take turns. A move lasts from the key event to the decoded picture after it.
`make site` must have built dist/site.
"""

import contextlib
import functools
import http.server
import shutil
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
from lab import ROOT, Lab, chromium
from playwright.sync_api import sync_playwright

FIGURES = {"01-scalar-explosion.ipynb": "live-linear", "03-attractors.ipynb": "live-unit"}
DEMAND = 1.5  # times the desktop's median
WATCH = """cell => {
  const panel = jupyterapp.shell.currentWidget.content;
  const node = panel.widgets.find(w => w.model.id === cell).node, img = () => node.querySelector('.jp-OutputArea img');
  node.dataset.watched = 'yes';
  node.scrollIntoView();
  const state = window.moved = {took: []};
  node.addEventListener('keydown', () => { state.from = performance.now() }, true);
  new MutationObserver(() => { const from = state.from; if (!from) return; state.from = 0;
    img().decode().then(() => requestAnimationFrame(() => state.took.push(performance.now() - from))) })
    .observe(img(), {attributes: true, attributeFilter: ['src']});
}"""
KERNEL = "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel"
BUSY = "jupyterapp.shell.currentWidget.content.widgets.filter(w => w.promptNode?.textContent.includes('*')).length"


def opened(browser, address):
    """A page with the notebook at `address`, in which all cells have run."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_function(f"{KERNEL}?.status === 'idle' && document.querySelector('.jp-Notebook .jp-CodeCell')")
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")
    page.wait_for_function(f"{BUSY} > 0")
    page.wait_for_function(f"{BUSY} === 0")
    return page


def watched(page, cell):
    """The page, scrolled to the cell, with a watch over its figure."""
    page.wait_for_timeout(1000)
    page.evaluate(
        "cell => { const p = jupyterapp.shell.currentWidget.content;"
        "p.activeCellIndex = p.widgets.findIndex(w => w.model.id === cell); p.scrollToItem(p.activeCellIndex) }",
        cell,
    )
    page.wait_for_timeout(500)
    page.evaluate(WATCH, cell)
    return page


def move(page, key):
    """Milliseconds from the key to the picture."""
    page.bring_to_front()
    page.locator("[data-watched] .noUi-handle").first.press(key)
    page.wait_for_function("moved.took.length > 0")
    page.wait_for_timeout(350)  # the sharp picture that comes at rest is not counted
    return page.evaluate("moved.took.splice(0)[0]")


def measure(browser, lab, site, book, cell, moves):
    """Both editions' times, taken in turns."""
    pages = {
        "desktop": watched(opened(browser, lab.url(f"lab/workspaces/{cell}/tree/{book}")), cell),
        "browser": watched(opened(browser, f"{site}?path={book}"), cell),
    }
    took = {edition: [] for edition in pages}
    for k in range(moves + 2):
        for edition, page in pages.items():
            took[edition].append(move(page, "ArrowRight" if k % 2 else "ArrowLeft"))
    for page in pages.values():
        page.close()
    return {edition: np.array(times[2:]) for edition, times in took.items()}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def editions():
    """A browser, JupyterLab on this machine, and the address of the site in dist/site."""
    handler = functools.partial(Quiet, directory=ROOT / "dist/site")
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        tempfile.TemporaryDirectory() as folder,
        Lab(Path(folder)) as lab,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield browser, lab, f"http://127.0.0.1:{server.server_port}"
        browser.close()
        server.shutdown()


def main(moves=30):
    """Print a line for each figure; gives whether the demand holds."""
    ratios = []
    with editions() as (browser, lab, site):
        for book, cell in FIGURES.items():
            shutil.copy(ROOT / "notebooks" / book, lab.notebooks)
            took = measure(browser, lab, f"{site}/lab/index.html", book, cell, moves)
            p50, p95 = ({edition: np.quantile(times, q) for edition, times in took.items()} for q in (0.5, 0.95))
            ratios.append(p50["browser"] / p50["desktop"])
            said = ", ".join(f"{edition} {p50[edition]:.0f} ms (p95 {p95[edition]:.0f})" for edition in took)
            print(f"{cell:14} {said}: {ratios[-1]:.2f} times; at most {DEMAND}")
    return max(ratios) <= DEMAND


if __name__ == "__main__":
    sys.exit(not main(*map(int, sys.argv[1:])))
