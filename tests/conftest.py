"""What the tests share: which notebooks there are, what each shows when its cells run, and how the tests are dealt out.

Tests run in as many processes as there are cores (`pytest -n auto`). All that concerns one notebook is one
group, and so runs in one process: its cells are executed once, and one page of JupyterLab serves all its browser tests.
"""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import hypothesis
import nbformat
import nbval_ids  # noqa: F401  nbval then calls a cell by its id
import pytest
from run_notebooks import paths_in, run_here
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
# The parts of the tests, by the first of these that a test's path contains: what `make test` says the time of.
PARTS = {
    "test_site.py": "the site in Pyodide",
    "test_pages.py": "pages",
    "tests/browser": "JupyterLab in Chromium",
    ".ipynb": "notebooks, strict nbval",
    "test_notebooks.py": "rules for notebooks",
    "test_figures.py": "figures",
    "": "library",
}


def pytest_addoption(parser):
    parser.addoption("--notebooks", type=Path, default=ROOT / "notebooks", help="test this notebook, or those in this folder")
    parser.addoption("--all", action="store_true", help="every seed of the noise, and training in the browser's own Python")


def pytest_configure(config):
    """The examples are the same on every machine and in every run; with --all they are new ones each time."""
    hypothesis.settings.register_profile("lecturelib", deadline=None, derandomize=not config.getoption("all"), database=None)
    hypothesis.settings.load_profile("lecturelib")


def notebook_paths(config):
    """The notebooks that this run is about."""
    return paths_in([config.getoption("notebooks").absolute()])


def pytest_generate_tests(metafunc):
    """A test that takes `notebook` runs on each; one that takes `figure_at`, on each live cell, as (notebook, cell id); one that
    takes `shake`, with each seed of the noise."""
    paths = notebook_paths(metafunc.config)
    if "figure_at" in metafunc.fixturenames:
        places = [(path, cell.id) for path in paths for cell in read(path).cells if "live.figure(" in cell.source]
        metafunc.parametrize("figure_at", places, ids=[f"{path.stem}:{name}" for path, name in places], scope="session")
    if "shake" in metafunc.fixturenames:
        metafunc.parametrize("shake", range(1, 6 if metafunc.config.getoption("all") else 2))
    if "notebook" in metafunc.fixturenames:
        metafunc.parametrize("notebook", paths, ids=[path.stem for path in paths], scope="session")


def group_of(nodeid):
    """What runs in one process: the tests of one notebook, or of one file. A notebook's kernel and Pyodide may run in another."""
    file, _, name = nodeid.partition("::")
    if file.endswith(".ipynb"):
        return file
    about = re.search(r"\[(?:\d-)?(\d\d-[a-z-]+)", name)
    if not about:
        return file
    apart = part_of(nodeid) == PARTS["test_site.py"] or "test_noise" in file  # a kernel of its own
    return f"{about[1]} {file}" if apart else about[1]


class ByGroup(LoadScopeScheduling):
    """xdist's scheduler that keeps groups together; those with the most tests come first."""

    def _split_scope(self, nodeid):
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config, log):
    return ByGroup(config, log)


def pytest_collection_modifyitems(items):
    """One group after the other, also in a single process."""
    order = {group: k for k, group in enumerate(dict.fromkeys(group_of(item.nodeid) for item in items))}
    items.sort(key=lambda item: order[group_of(item.nodeid)])


def part_of(nodeid):
    return next(part for name, part in PARTS.items() if name in nodeid)


def pytest_terminal_summary(terminalreporter):
    """How long each part took, summed over the processes, and one loud line for each thing that was missing."""
    took = defaultdict(float)
    reports = {id(report): report for reports in terminalreporter.stats.values() for report in reports}
    for report in reports.values():
        if hasattr(report, "duration"):
            took[part_of(report.nodeid)] += report.duration
    if len(took) > 1:
        times = ", ".join(f"{part} {took[part]:.0f} s" for part in PARTS.values() if part in took)
        terminalreporter.write_line(f"Time in tests, summed over the processes: {times}")
    for reason in {report.longrepr[2] for report in terminalreporter.stats.get("skipped", ()) if "browser" in report.nodeid}:
        terminalreporter.write_line(reason, yellow=True, bold=True)


@cache
def read(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="session")
def notebooks(pytestconfig):
    """The paths of all notebooks that this run is about."""
    return notebook_paths(pytestconfig)


@pytest.fixture(scope="session")
def book(notebook):
    """The notebook as it is stored."""
    return read(notebook)


@pytest.fixture(scope="session")
def here(notebook):
    """The notebook run in this process: what its cells have `shown` and `printed`, by their ids."""
    return run_here(notebook)


@pytest.fixture
def figure(figure_at):
    """The live figure of one cell, after its whole notebook has run, at its start."""
    path, cell = figure_at
    figure = run_here(path).shown[cell]
    figure.set(**{name: control.at for name, control in figure.controls.items()})
    return figure
