"""The doors: the files that name versions agree, `make` says what is missing, JupyterLab opens as it should."""

import base64
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import venv
import warnings
from contextlib import contextmanager
from importlib import metadata
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, quote, urlsplit
from zipfile import ZipFile

import build_site
import nbformat
import pytest
import yaml
from jupyter_server.serverapp import ServerApp
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import lecturelib
from lecturelib import live
from lecturelib.server import VIEW, _link_jupyter_server_extension, pictures_for_views

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))


def lines(name):
    return [line for line in (ROOT / name).read_text("utf-8").splitlines() if line and not line.startswith("#")]


LINES = {name: lines(name) for name in ("requirements.txt", "requirements-proof.txt", "requirements-bench.txt")}
PINNED = map(Requirement, (line for lines in LINES.values() for line in lines if not line.startswith("-")))
PINS = {canonicalize_name(pin.name): pin for pin in PINNED}
EXTRAS = PROJECT["optional-dependencies"].values()
ASKED = map(Requirement, chain(PROJECT["dependencies"], *EXTRAS))
FLOORS = [requirement for requirement in ASKED if requirement.name != PROJECT["name"]]  # one extra includes another


# --- versions agree -------------------------------------------------------------------------------------------------------------


def test_requirements_ends_with_this_project():
    assert LINES["requirements.txt"][-1] == "-e ."


def test_the_benchmarks_race_against_what_the_gradients_are_compared_with():
    assert LINES["requirements-bench.txt"][0] == "-r requirements-proof.txt"


@pytest.mark.parametrize("pin", PINS.values(), ids=str)
def test_a_pin_holds_the_minor_version(pin):
    """PyTorch's holds all of it: of a range pip takes the newest build, and that may bring gigabytes for graphics cards."""
    assert re.fullmatch(r"==\d+\.\d+\.0" if pin.name == "torch" else r"==\d+\.\d+\.\*", str(pin.specifier))


@pytest.mark.parametrize("floor", FLOORS, ids=str)
def test_everything_asked_for_is_pinned_above_its_floor(floor):
    """Or the floor lies within what is pinned: of that pip takes only what the floor allows."""
    pin = PINS[canonicalize_name(floor.name)]
    lowest = Version(str(pin.specifier).removeprefix("==").removesuffix(".*"))
    assert lowest in floor.specifier or str(floor.specifier).removeprefix(">=") in pin.specifier


def test_the_oldest_versions_that_are_tested_are_the_floors():
    extras = [PROJECT["optional-dependencies"][name] for name in ("lab", "test", "site")]
    asked = map(Requirement, chain(PROJECT["dependencies"], *extras))
    floors = [str(r).replace(">=", "==") for r in asked if r.name != PROJECT["name"]]
    assert lines("requirements-floors.txt") == floors


def test_one_version_is_named_everywhere():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"] == lecturelib.__version__
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"(?m)^## (.+)$", changes)[1] == lecturelib.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", lecturelib.__version__)


def test_what_an_old_matplotlib_says_to_a_new_pyparsing_is_no_error_in_a_figure():
    """But the same from the figure's own code is."""

    def draw(ax, module):
        warnings.warn_explicit("deprecated", DeprecationWarning, "a.py", 1, module=module)
        return f"{module}."

    modules = ["matplotlib._mathtext", "pyparsing.util", "__main__"]
    figure = live.figure(draw, module=live.choice(*modules, at=modules[0]))
    assert figure.set(module="pyparsing.util") == "pyparsing.util."
    with pytest.raises(DeprecationWarning):
        figure.set(module="__main__")


def test_the_doors_allow_the_same_pythons():
    named = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)]
    minors = [int(python.removeprefix("3.")) for python in named]
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"
    assert WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python"] == named

    python, pip, door = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    assert python.removeprefix("python=") in named  # of a range, Binder would take its own default
    assert (pip, door) == ("pip", {"pip": ["-r requirements.txt"]})


def test_the_workflow_runs_the_steps_of_make_test_where_there_is_no_make():
    recipe = re.search(r"^test:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.M)[1]
    steps = [line.strip().replace("$(RUN)", "python") for line in recipe.splitlines()]
    windows = WORKFLOW["jobs"]["test"]["steps"][-1]["run"].splitlines()
    assert windows == ["python -m pip install -r requirements.txt -r requirements-proof.txt", *steps]


def test_the_site_is_built_from_exact_versions_within_those_of_the_lab():
    for pin in map(Requirement, lines("requirements-site.txt")):
        assert re.fullmatch(r"==[\d.]+", str(pin.specifier)), pin
        if (lab := PINS.get(canonicalize_name(pin.name))) is not None:
            assert str(pin.specifier).removeprefix("==") in lab.specifier, pin


def test_the_site_pins_its_python_and_asks_no_package_index():
    kernel = build_site.kernel_config(ROOT / "site")
    assert re.fullmatch(r"https://\S+/pyodide/v0\.27\.7/full/pyodide\.js", kernel["pyodideUrl"])
    assert kernel["disablePyPIFallback"] is True


def test_the_site_is_published_by_its_own_command():
    workflow = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text("utf-8"))
    steps = workflow["jobs"]["site"]["steps"]
    built = [step.get("run") for step in steps].index("make site")
    (sent,) = [k for k, step in enumerate(steps) if "upload-pages-artifact" in step.get("uses", "")]
    assert built < sent and steps[sent]["with"]["path"] == "dist/site"
    assert "tools/build_site.py dist/site" in (ROOT / "Makefile").read_text("utf-8")


def test_every_action_is_pinned_by_its_commit():
    """A tag can be moved to other code."""
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        used = re.findall(r"uses: *(.*)", path.read_text("utf-8"))
        assert used and all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v[\d.]+", action) for action in used), used


# --- make -----------------------------------------------------------------------------------------------------------------------

needs_make = pytest.mark.skipif(sys.platform == "win32" or not shutil.which("make"), reason="there is no make here")


def fake_python(folder, body):
    """An executable named python3 in `folder`, which makes the folder if need be."""
    folder.mkdir(exist_ok=True)
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\n{body}\n")
    python.chmod(0o755)
    return python


def make_lab(folder, python, **env):
    """Run `make lab` in a copy that has all it needs before JupyterLab; return what it says apart from make's own lines."""
    for name in ["Makefile", "requirements.txt", "pyproject.toml", "jupyter_lab_config.py"]:
        shutil.copy(ROOT / name, folder)
    outer = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS", "PIP_"))}
    run = subprocess.run(
        ["make", "lab", f"PYTHON={python}"], cwd=folder, env=outer | env, capture_output=True, text=True, timeout=300
    )
    assert run.returncode != 0
    assert not (folder / ".venv").exists()
    return [line for line in (run.stdout + run.stderr).splitlines() if not line.startswith("make")]


@needs_make
@pytest.mark.parametrize("case", ["no python", "an old python"])
def test_make_asks_for_a_new_enough_python_in_one_line(tmp_path, case):
    python = "/nonexistent" if case == "no python" else fake_python(tmp_path / "bin", "exit 1")
    [line] = make_lab(tmp_path, python)
    assert "Python 3.11 or newer" in line and str(python) in line
    assert "apt-get install python3 python3-venv" in line and "make lab PYTHON=" in line


@needs_make
def test_make_asks_for_venv_in_one_line(tmp_path):
    python = fake_python(tmp_path / "bin", 'case "$*" in *ensurepip*) exit 1 ;; esac')
    [line] = make_lab(tmp_path, python)
    assert str(python) in line and "apt-get install python3-venv" in line


@needs_make
def test_make_leaves_no_half_made_venv(tmp_path):
    said = make_lab(tmp_path, sys.executable, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    assert "failed" in said[-1] and "run the same command again" in said[-1]


# --- stored notebooks -----------------------------------------------------------------------------------------------------------


def saying(ax, w):
    ax.plot([0, w])
    return f"w = {w:.2f}"


@pytest.fixture
def ours(monkeypatch):
    """What a figure, a prediction and a watched run send to a notebook, as a browser keeps it."""
    outputs = []

    def display(data, metadata=None, **_):
        outputs.append({"output_type": "display_data", "data": data, "metadata": metadata or {}})
        return SimpleNamespace(update=display)

    watching = sys.modules[live.Watch.__module__]  # lecturelib.live.watch is the function
    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(watching, "get_ipython", lambda: SimpleNamespace(kernel=True))
    live.figure(saying, w=live.slider(0.0, 2.0, at=1.0))._ipython_display_()
    display(live.predict("Which?", "one", "two", right="one", reason="It is.")._repr_mimebundle_())
    live.watch(lambda ax, run: f"{len(run.losses)} steps")(SimpleNamespace(losses=[1.0], steps=1, ended="done", text="Step 1."))
    assert len(outputs) >= 4 and all(VIEW in output["data"] for output in outputs)
    return json.loads(json.dumps(outputs, default=lambda png: base64.b64encode(png).decode()))


OTHERS = [
    {"text/plain": "IntSlider(value=3)"},  # a plain widget
    {"text/plain": "Canvas(toolbar=...)", "image/png": "iVBORw0KGgo=", "text/html": "<img>"},  # as ipympl's
    {"text/plain": "Table", "text/markdown": "| a |"},
]


def others():
    """The outputs of other people's widgets: none says what our figures say."""
    view = {"model_id": "0123", "version_major": 2, "version_minor": 0}
    return [{"output_type": "display_data", "data": {VIEW: dict(view), **data}, "metadata": {}} for data in OTHERS]


def notebook(outputs):
    stream = {"output_type": "stream", "name": "stdout", "text": "said"}
    code = {"cell_type": "code", "id": "a", "metadata": {}, "source": "f", "execution_count": 1, "outputs": [stream, *outputs]}
    text = {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "# Title"}
    metadata = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}}, "language_info": {"name": "python"}}
    return {"cells": [text, code], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def without_views(outputs):
    return [{**output, "data": {kind: data for kind, data in output["data"].items() if kind != VIEW}} for output in outputs]


def test_figures_predictions_and_runs_are_stored_as_pictures_and_words(ours):
    nb, expected = notebook(ours), notebook(without_views(ours))
    del expected["metadata"]["widgets"]  # nothing is left that needs it
    assert pictures_for_views(nb)
    assert nb == expected
    assert not pictures_for_views(nb)
    assert nb == expected


def test_other_widgets_keep_their_views_and_their_state(ours):
    nb = notebook(others())
    assert not pictures_for_views(nb)
    assert nb == notebook(others())
    mixed = notebook(ours + others())
    assert pictures_for_views(mixed)
    assert mixed == notebook(without_views(ours) + others())


# --- JupyterLab -----------------------------------------------------------------------------------------------------------------


class Lab:
    """A running `jupyter lab`: where and what it says it is, and what it answers."""

    def __init__(self, url, root, log):
        self.url = urlsplit(url)
        self.token = parse_qs(self.url.query)["token"][0]
        self.root = root
        self.log = log

    def ask(self, method, path, body=None, token=True):
        """The status, the headers and the text of one answer; no redirect is followed."""
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=60)
        headers = {"Authorization": f"token {self.token}"} if token else {}
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def save(self, path, content):
        """The status of saving a notebook, as a browser does."""
        model = {"type": "notebook", "format": "json", "content": content}
        return self.ask("PUT", f"/api/contents/{quote(path)}", model)[0]

    def page_config(self):
        page = self.ask("GET", "/lab")[2]
        return json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.S)[1])


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """`jupyter lab` as a student starts it, in a copy (its tests save files) whose name has a space and an accent."""
    root = tmp_path_factory.mktemp("lab") / "mes leçons"
    home = tmp_path_factory.mktemp("home")
    for folder in ["lecturelib", "notebooks", "tools"]:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    shutil.copy(ROOT / "jupyter_lab_config.py", root)
    env = account(home) | {"PYTHONPATH": str(root)}  # the copy stands in for what is installed
    (home / "config/jupyter_server_config.json").write_text(json.dumps({"ServerApp": {"ip": "0.0.0.0", "root_dir": str(home)}}))
    with running([sys.executable, "-m", "jupyter", "lab", "--no-browser"], root, env, home / "log") as lab:
        yield lab


def account(home):
    """The environment of a reader whose home is the folder `home`; what Jupyter writes there has its folders."""
    for name in ("config", "data", "runtime"):
        (home / name).mkdir(parents=True)
    env = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "IPYTHON"))}
    env |= {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ["CONFIG", "DATA", "RUNTIME"]}
    env |= {"HOME": str(home), "USERPROFILE": str(home)}
    return env | {"JUPYTER_PREFER_ENV_PATH": "1"}  # as in a .venv: what is installed outranks what the reader has at home


def listening(port):
    """Whether a server answers there: it says its address before it does."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except OSError:
        return False
    return True


@contextmanager
def running(command, root, env, log):
    """A `Lab` that `command` starts in the folder `root`, stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]  # asked for port 0, older servers do not say which one they took
    with log.open("w") as out:
        command = [*command, f"--port={port}"]
        server = subprocess.Popen(command, cwd=root, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 120
        while not (found := re.search(r"http://\S+token=\w+(?=\s)", log.read_text("utf-8"))) or not listening(port):
            assert server.poll() is None and time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.1)
        yield Lab(found[0], root, log)
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:  # now and then JupyterLab waits for ever for a thread of its own
            server.kill()
            server.wait()


def test_what_is_installed_for_jupyter_has_a_name_of_its_own():
    ours = [path for path in metadata.files("lecturelib") if "etc" in path.parts]
    assert [path.parts[-2:] for path in ours] == [("jupyter_server_config.d", "lecturelib.json")], "pip install -e . again"
    assert ours[0].locate().read_text("utf-8") == (ROOT / "lecturelib/server.json").read_text("utf-8"), "pip install -e . again"


def test_lab_starts_without_a_warning(lab):
    assert "Warning" not in lab.log.read_text("utf-8")


def test_lab_listens_on_this_machine_only(lab):
    assert lab.url.hostname in ("127.0.0.1", "localhost")
    other = http.client.HTTPConnection("127.0.0.2", lab.url.port, timeout=10)  # would answer if it listened on all addresses
    with pytest.raises(OSError):
        other.connect()


@pytest.mark.parametrize("path", ["/api/contents", "/lab/api/settings/", "/lab"])
def test_lab_wants_its_token(lab, path):
    assert lab.ask("GET", path)[0] == 200
    status, headers, _ = lab.ask("GET", path, token=False)
    assert status == 403 or (status == 302 and headers["Location"].startswith("/login"))


def test_lab_opens_the_first_notebook_with_the_folder_beside_it(lab):
    start = "/lab/tree/notebooks/00-start-here.ipynb"
    assert lab.url.path == start
    status, headers, _ = lab.ask("GET", "/")
    assert (status, urlsplit(headers["Location"]).path) == (302, start)
    assert lab.page_config()["preferredPath"].strip("/") == "notebooks"
    status, _, text = lab.ask("GET", "/api/contents/notebooks")
    assert status == 200 and "00-start-here.ipynb" in [entry["name"] for entry in json.loads(text)["content"]]


def test_lab_asks_nothing_about_news(lab):
    assert "@jupyterlab/apputils-extension:announcements" in lab.page_config()["disabledExtensions"]


def test_lab_saves_pictures_not_widgets(lab, ours):
    path = "notebooks/saved là.ipynb"
    assert lab.save(path, notebook(ours + others())) == 201
    stored = nbformat.read(lab.root / path, as_version=4)
    assert stored["cells"][1]["outputs"][1:] == without_views(ours) + others()


def told(monkeypatch, folder, *arguments):
    """A server's settings when it is started in `folder` with these arguments."""
    monkeypatch.chdir(folder)
    app = ServerApp()
    app.extension_manager = SimpleNamespace(extension_points={})
    app.parse_command_line(list(arguments))
    _link_jupyter_server_extension(app)
    return app


def test_the_series_settings_hold_in_its_folder_only(monkeypatch, tmp_path):
    assert told(monkeypatch, ROOT / "notebooks").root_dir == str(ROOT)
    assert told(monkeypatch, tmp_path).root_dir == str(tmp_path)
    assert "LabApp" not in told(monkeypatch, tmp_path).config


def test_the_command_line_outranks_the_series_settings(monkeypatch, tmp_path):
    app = told(monkeypatch, ROOT, "--ip=127.0.0.3", str(tmp_path), "--LabApp.default_url=/lab")
    assert (app.ip, app.root_dir, app.config.LabApp.default_url) == ("127.0.0.3", str(tmp_path), "/lab")


# --- installed on a machine that is somebody else's -----------------------------------------------------------------------------

ADMIN = """
def signed(model, **_):
    if model["type"] == "notebook":
        model["content"]["metadata"]["signed"] = "by the administrator"

c = get_config()
c.ServerApp.tornado_settings = {"headers": {"X-Admin": "here"}}
c.FileContentsManager.pre_save_hook = signed
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """This project's wheel, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_is_small_typed_and_holds_all_that_the_package_reads(wheel):
    assert wheel.stat().st_size < 10_000_000
    with ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if name.startswith("lecturelib/")}
        (about,) = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    stored = subprocess.run(["git", "ls-files", "lecturelib"], cwd=ROOT, capture_output=True, text=True)
    here = {str(path.relative_to(ROOT)) for path in (ROOT / "lecturelib").rglob("*") if path.is_file()}
    assert inside == {name.replace(os.sep, "/") for name in here if "__pycache__" not in name}
    assert not stored.stdout or inside == set(stored.stdout.split()), "a file of the package is not in git"
    assert "lecturelib/py.typed" in inside
    assert f"Version: {lecturelib.__version__}" in about and "Project-URL: " in about


@pytest.fixture
def machine(tmp_path):
    """A Python of an administrator's own: it has all that this one has, but not this project, and a configuration."""
    folder = tmp_path / "machine"
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    packages = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    Path(packages, "all_the_rest.pth").write_text(str(metadata.distribution("jupyter_server").locate_file("")))
    config = folder / "etc/jupyter/jupyter_server_config.py"
    config.parent.mkdir(parents=True)
    config.write_text(ADMIN)
    return SimpleNamespace(python=python, config=config)


def pip(python, *arguments):
    command = [sys.executable, "-m", "pip", "--python", python, *arguments, "--quiet", "--disable-pip-version-check"]
    subprocess.run(command, check=True)


@contextmanager
def plain_server(machine, home):
    (home / "mine").mkdir(parents=True)
    command = [machine.python, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    with running(command, home / "mine", account(home), home / "log") as server:
        yield server


def test_installed_elsewhere_it_stores_pictures_and_leaves_the_administrators_settings_alone(wheel, machine, tmp_path, ours):
    pip(machine.python, "install", "--no-index", "--no-deps", wheel)
    assert machine.config.read_text() == ADMIN
    with plain_server(machine, tmp_path / "home") as server:
        assert server.url.path != "/lab/tree/notebooks/00-start-here.ipynb"
        assert server.save("mine.ipynb", notebook(ours + others())) == 201
        stored = json.loads(server.ask("GET", "/api/contents/mine.ipynb?content=1")[2])["content"]
        assert server.ask("GET", "/api/status")[1]["X-Admin"] == "here"
    assert stored["cells"][1]["outputs"][1:] == without_views(ours) + others()
    assert stored["metadata"]["signed"] == "by the administrator"

    pip(machine.python, "uninstall", "--yes", "lecturelib")
    assert machine.config.read_text() == ADMIN
    assert [path.name for path in machine.config.parent.rglob("*") if path.is_file()] == [machine.config.name]
