"""The doors: the files that name versions agree, `make` says what is missing, JupyterLab opens as it should."""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from itertools import chain
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from widgets_out import WIDGET_VIEW, without_widgets

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
    pin = PINS[canonicalize_name(floor.name)]
    lowest = Version(str(pin.specifier).removeprefix("==").removesuffix(".*"))
    assert lowest in floor.specifier


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
    lite = json.loads((ROOT / "site/jupyter-lite.json").read_text("utf-8"))["jupyter-config-data"]
    (kernel,) = lite["litePluginSettings"].values()
    assert re.fullmatch(r"https://\S+/pyodide/v0\.27\.7/full/pyodide\.js", kernel["pyodideUrl"])
    assert kernel["disablePyPIFallback"] is True


def test_the_site_is_published_by_its_own_command():
    workflow = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text("utf-8"))
    steps = workflow["jobs"]["site"]["steps"]
    built = [step.get("run") for step in steps].index("make site")
    (sent,) = [k for k, step in enumerate(steps) if "upload-pages-artifact" in step.get("uses", "")]
    assert built < sent and steps[sent]["with"]["path"] == "dist/site"
    assert "tools/publish.py dist/site" in (ROOT / "Makefile").read_text("utf-8")


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


def notebook_with_widget():
    view = {"model_id": "0123", "version_major": 2, "version_minor": 0}
    data = {WIDGET_VIEW: view, "image/png": "iVBORw0KGgo=", "text/plain": "w = 1.10"}
    output = {"output_type": "execute_result", "execution_count": 1, "data": data, "metadata": {"image/png": {"alt": "w = 1.10"}}}
    stream = {"output_type": "stream", "name": "stdout", "text": "said"}
    code = {"cell_type": "code", "id": "a", "metadata": {}, "source": "f", "execution_count": 1, "outputs": [output, stream]}
    text = {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "# Title"}
    metadata = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}}, "language_info": {"name": "python"}}
    return {"cells": [text, code], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def test_only_the_widgets_are_dropped():
    nb, expected = notebook_with_widget(), notebook_with_widget()
    del expected["metadata"]["widgets"]
    del expected["cells"][1]["outputs"][0]["data"][WIDGET_VIEW]
    assert without_widgets(nb) is nb
    assert nb == expected
    assert without_widgets(nb) == expected


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
    env = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "IPYTHON"))}
    env |= {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ["CONFIG", "DATA", "RUNTIME"]}
    env |= {"HOME": str(home), "USERPROFILE": str(home), "PYTHONPATH": str(root)}  # the copy stands in for what is installed
    env |= {"JUPYTER_PREFER_ENV_PATH": "1"}  # as in a .venv: what is installed outranks what the reader has at home
    (home / "config").mkdir()
    (home / "config/jupyter_server_config.json").write_text(json.dumps({"ServerApp": {"ip": "0.0.0.0", "root_dir": str(home)}}))
    log = home / "log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--port=0"]
        server = subprocess.Popen(command, cwd=root, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 120
        while not (found := re.search(r"http://\S+token=\w+", log.read_text("utf-8"))):
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


def test_the_installed_configuration_is_this_one():
    installed = Path(sys.prefix, "etc/jupyter/jupyter_server_config.py")
    assert installed.read_text("utf-8") == (ROOT / "jupyter_lab_config.py").read_text("utf-8"), "pip install -e . again"


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


def test_lab_saves_pictures_not_widgets(lab):
    path = "notebooks/saved là.ipynb"
    model = {"type": "notebook", "format": "json", "content": notebook_with_widget()}
    assert lab.ask("PUT", f"/api/contents/{quote(path)}", model)[0] == 201
    stored = json.loads((lab.root / path).read_text("utf-8"))
    assert list(stored["cells"][1]["outputs"][0]["data"]) == ["image/png", "text/plain"]
    assert "widgets" not in stored["metadata"]
