"""What the tests of notebooks share: which notebooks there are, what each shows when its cells run, and a full redraw."""

import os
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
from books import run_here
from matplotlib import rc_context

from lecturelib.stage import STYLE

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser):
    parser.addoption("--notebooks", type=Path, default=ROOT / "notebooks", help="test the notebooks in this folder instead")


def pytest_generate_tests(metafunc):
    """A test that takes `notebook` runs on each; one that takes `figure_at` runs on each live cell, as (notebook, cell id)."""
    paths = sorted(metafunc.config.getoption("notebooks").absolute().glob("*.ipynb"))
    if "figure_at" in metafunc.fixturenames:
        places = [(path, cell.id) for path in paths for cell in read(path).cells if "live.figure(" in cell.source]
        metafunc.parametrize("figure_at", places, ids=[f"{path.stem}:{name}" for path, name in places], scope="session")
    elif "notebook" in metafunc.fixturenames:
        metafunc.parametrize("notebook", paths, ids=[path.stem for path in paths], scope="session")


@cache
def read(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="session")
def book(notebook):
    """The notebook as it is stored."""
    return read(notebook)


@pytest.fixture(scope="session", autouse=True)
def slow_cells(tmp_path_factory):
    """The file in which slow cells leave their numbers, in this run."""
    path = tmp_path_factory.mktemp("slow") / "slow.json"
    os.environ["LECTURELIB_SLOW"] = str(path)
    return path


@pytest.fixture(scope="session")
def here(notebook):
    """The notebook run in this process: `shown` by cell id, `names` at the end."""
    return run_here(notebook)


@pytest.fixture
def figure(figure_at):
    """The live figure of one cell, after its whole notebook has run, at its start."""
    path, cell = figure_at
    figure = run_here(path).shown[cell]
    figure.set(**{name: control.at for name, control in figure.controls.items()})
    return figure


@pytest.fixture(scope="session")
def redrawn():
    """redrawn(figure): the frame on show as pixels, first over kept pixels as readers get it, then with everything drawn anew."""

    def both(figure):
        stage = figure._stage
        blitted = stage.pixels(2).copy()
        artists = [artist for ax in stage.axes for artist in ax.get_children()]
        animated = [artist.get_animated() for artist in artists]
        with rc_context(STYLE):
            for artist in artists:
                artist.set_animated(False)
            stage.canvas.draw()
        full = np.asarray(stage.canvas.buffer_rgba()).copy()
        for artist, was in zip(artists, animated, strict=True):
            artist.set_animated(was)
        return blitted, full

    return both
