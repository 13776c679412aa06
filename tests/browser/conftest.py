"""A real JupyterLab and a real Chromium, on this machine only: one of each for all browser tests.

The lab runs on a copy of the series, under the series' own configuration, as on a fresh account: nothing of the user's settings
is read or changed. Tests wait for what they expect, however long it takes; nothing is timed.
"""

import hashlib
import json
import math
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import matplotlib
import pytest
from playwright.sync_api import sync_playwright

from lecturelib import live
from lecturelib.live.controls import spoken
from lecturelib.live.render import quick_png

ROOT = Path(__file__).parents[2]
POLL = 20  # milliseconds between two looks at the page
LIMIT = 120  # seconds until what should happen counts as not happening: for all tests, and for busy machines
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
NO_BROWSER = "browser tests need Chromium and found none: apt-get install chromium, or CHROMIUM=/path/to/it"


def chromium():
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def browser():
    path = chromium()
    if not path:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def limit():
    """Seconds until what should happen counts as not happening."""
    return LIMIT


# --- the lab --------------------------------------------------------------------------------------------------------------------

SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # all cells are in the page, also those out of sight
    "docmanager-extension/plugin": {"autosave": False},  # a notebook is saved when a test saves it
}


class Lab:
    """`jupyter lab` on 127.0.0.1 with a token, in `folder`, on a copy of the series with these notebooks."""

    def __init__(self, folder, notebooks):
        self.series = folder / "series"
        for name in ("lecturelib", "tools"):
            shutil.copytree(ROOT / name, self.series / name, ignore=shutil.ignore_patterns("__pycache__"))
        (self.series / "notebooks").mkdir()
        for path in notebooks:
            shutil.copy(path, self.series / "notebooks")
        for name in ("README.md", "jupyter_lab_config.py"):
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, self.series)
        self.token = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = folder / "lab.log"
        options = ["--no-browser", "--allow-root", f"--port={self.port}", "--ServerApp.port_retries=0"]
        options += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={self.series}", "--LabApp.expose_app_in_browser=True"]
        if (self.series / "jupyter_lab_config.py").exists():
            options += [f"--config={self.series / 'jupyter_lab_config.py'}"]
        with self.log.open("w") as log:
            command = [sys.executable, "-m", "jupyterlab", *options]
            environment = self.environment(folder)
            self.process = subprocess.Popen(command, cwd=self.series, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def environment(self, folder):
        """That of a fresh account, with the copy's lecturelib, one thread for linear algebra, and this machine's font cache."""
        own = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        own = {name: str(folder / name.lower()) for name in (*own, "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")}
        for path in own.values():
            Path(path).mkdir()
        for name, values in SETTINGS.items():
            file = Path(own["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab", f"{name}.jupyterlab-settings")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        fonts = {"MPLCONFIGDIR": matplotlib.get_cachedir()}
        return {**os.environ, **own, **threads, **fonts, "PYTHONPATH": str(self.series), "JUPYTER_TOKEN": self.token}

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}?token={self.token}"

    def wait(self):
        deadline = time.monotonic() + LIMIT
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                return urllib.request.urlopen(self.url("api/status"), timeout=5).close()
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"jupyter lab did not start:\n{self.log.read_text()[-3000:]}")

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def lab(tmp_path_factory, notebooks, browser):
    lab = Lab(tmp_path_factory.mktemp("lab"), notebooks)
    try:
        lab.wait()
        yield lab
    finally:
        lab.close()


# --- pages ----------------------------------------------------------------------------------------------------------------------

READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget, cells = panel?.content?.widgets;
  if (!panel?.context?.isReady || !cells?.length || !cells.every(cell => cell.node.isConnected)) return false;
  if (panel.sessionContext.session?.kernel?.status !== 'idle') return false;
  if (![...panel.node.querySelectorAll('.jp-OutputArea img')].every(image => image.complete)) return false;
  for (const cell of cells) cell.node.dataset.cell = cell.model.id;
  return true;
}"""

RAN = """() => {
  const {content, sessionContext} = jupyterapp.shell.currentWidget;
  const code = content.widgets.filter(cell => cell.model.type === 'code');
  return window.ranAll && sessionContext.session.kernel.status === 'idle' && code.every(cell => cell.model.executionCount);
}"""

# Each cell's outputs as a reader sees them: widths of the pictures as shown (0 where a picture is broken), and the text.
SEEN = """() => Object.fromEntries([...document.querySelectorAll('[data-cell]')].map(cell => {
  const outputs = [...cell.querySelectorAll('.jp-OutputArea')], images = outputs.flatMap(o => [...o.querySelectorAll('img')]);
  const text = outputs.map(output => output.innerText).join(' ').replace(/\\s+/g, ' ');
  return [cell.dataset.cell, {text, pictures: images.map(image => image.naturalWidth && image.clientWidth)}];
}))"""

# What the controls of a live figure show, by their spoken names; a real minus and a menu's hard spaces as they are typed.
CONTROLS = """cell => Object.fromEntries(
  [...cell.querySelectorAll('[role=slider], select, input[type=text], input[type=checkbox]')].map(field => {
    const row = field.closest('.widget-inline-hbox');
    const name = field.getAttribute('aria-label') ?? field.labels?.[0]?.innerText ?? row.querySelector('label').innerText;
    if (field.type === 'checkbox') return [name, field.checked];
    if (field.options) return [name, field.selectedOptions[0].textContent.replaceAll('\xa0', ' ')];
    return [name, field.value ?? row.querySelector('.widget-readout').innerText.replace('−', '-')];
  }))"""

# What a reader gets of it: that, the picture's own bytes, its alt text, and the sentence. null while it is being replaced.
SHOWN = """async cell => {
  const image = cell.querySelector('.live-picture'), caption = cell.querySelector('.live-caption');
  if (!image || !caption) return null;
  try {
    const {src, alt} = image, text = caption.textContent.trim(), controls = (CONTROLS)(cell);
    const digest = await crypto.subtle.digest('SHA-1', await (await fetch(src)).arrayBuffer());
    if (image.src !== src || !image.complete || !image.naturalWidth) return null;
    const picture = [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, '0')).join('');
    return {controls, alt, text, picture};
  } catch { return null; }
}""".replace("CONTROLS", CONTROLS)


class Reader:
    """A reader with a notebook open in JupyterLab. `asked` holds the address of all that the page asked for."""

    def __init__(self, context, lab, path):
        self.page, self.asked, self.name = context.new_page(), [], path.name
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.set_default_timeout(1000 * LIMIT)
        workspace = secrets.token_hex(4)  # its own, or JupyterLab would restore what the last page had open
        self.page.goto(lab.url(f"lab/workspaces/{workspace}/tree/notebooks/{path.name}"))
        self.page.wait_for_function(READY)

    def command(self, name):
        self.page.evaluate(f"() => jupyterapp.commands.execute({name!r})")

    def run_all(self):
        self.page.evaluate("() => void jupyterapp.commands.execute('notebook:run-all-cells').then(() => window.ranAll = true)")
        self.page.wait_for_function(RAN)
        return self

    def seen(self):
        return self.page.evaluate(SEEN)

    def close(self):
        """Leave, and let the kernel go: a machine with two cores has no room for nine."""
        self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()

    def cell(self, name):
        return self.page.locator(f'[data-cell="{name}"]')

    def figure(self, name):
        return Shown(self.page, self.cell(name))

    @property
    def complaints(self):
        """What the page shows of errors: tracebacks, stderr, and widgets that could not be shown."""
        failed = "[data-mime-type$='.error'], [data-mime-type$='.stderr']"
        said = "Error displaying widget|Error creating widget|[Ww]idget not found|[Mm]odel not found|Failed to load"
        notebook = self.page.locator(".jp-Notebook")
        return notebook.locator(failed).all_inner_texts() + re.findall(said, notebook.inner_text())


class Shown:
    """A live figure as it stands in the page."""

    def __init__(self, page, cell):
        self.page, self.cell = page, cell

    def shown(self):
        """A look at it: `controls`, `alt`, `text` and `picture`; None while the picture is being replaced."""
        return self.cell.evaluate(SHOWN)

    def slider(self, label):
        """The handle, found as a screen reader finds it: by its role and accessible name."""
        return self.cell.get_by_role("slider", name=label, exact=True)

    def values(self, twin):
        """What the controls show, as the values that `draw` gets."""
        return values_of(self.cell.evaluate(CONTROLS), twin)

    def value(self, label, control):
        return value_of(self.cell.evaluate(CONTROLS)[label], control)

    def reset(self, twin):
        """Press Reset, and wait until all controls are back."""
        self.cell.get_by_role("button", name="Reset").click()
        self.agrees_with(twin, at={name: control.at for name, control in twin.controls.items()})

    def agrees_with(self, twin, at=None):
        """Wait until picture, alt text and sentence are those of `twin`, the same figure in this process, at the values that the
        controls show, and these are `at`, if it is given. The picture is sharp where the kernel has sent it unasked."""
        deadline, wanted = time.monotonic() + LIMIT, {}
        while True:
            look = self.shown()
            values = look and values_of(look["controls"], twin)
            if look and at in (None, values):
                if values != wanted.get("values"):
                    twin.set(**values)
                    pictures = [twin.png, quick_png(twin.pixels(1))]
                    wanted = {"values": values, "pictures": [hashlib.sha1(png).hexdigest() for png in pictures]}
                if (look["alt"], look["text"]) == (twin.text, twin.text) and look["picture"] in wanted["pictures"]:
                    return
            assert time.monotonic() < deadline, f"the page shows {look}; the figure at {values}: {twin.text}"
            self.page.wait_for_timeout(POLL)


def values_of(shown, twin):
    return {name: value_of(shown[spoken(control.label or name)], control) for name, control in twin.controls.items()}


def value_of(said, control):
    """What a control shows, as the value that `draw` gets."""
    if not isinstance(control, live.Slider):
        return said
    number = float(said)
    if number == float(f"{control.at:.3g}"):  # to the last digit, which adding decades may miss
        return control.at
    if control.log:  # it shows three digits of the step it stands on
        step = round(math.log10(number / control.lo) / control.step)
        number = min(max(10 ** (math.log10(control.lo) + step * control.step), control.lo), control.hi)
    return control.check(int(number) if control.whole else number)


@pytest.fixture(scope="session")
def visit(browser, lab):
    """visit(path): open this notebook in a page of its own."""
    context = browser.new_context(viewport={"width": 1100, "height": 1400})
    yield lambda path: Reader(context, lab, path)
    context.close()


@pytest.fixture(scope="session")
def reader(visit, notebook):
    """A reader who has looked at this notebook and then run all its cells: one page for all that is asked about it."""
    reader = visit(notebook)
    reader.at_first = {"cells": reader.seen(), "complaints": reader.complaints}
    reader.run_all()
    yield reader
    reader.close()
