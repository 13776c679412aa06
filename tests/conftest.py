"""What the tests of notebooks share: which notebooks there are, what each shows when its cells run, and a full redraw."""

import ast
import os
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
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


@cache
def run_here(path):
    """Run the notebook's code cells in this process: what each shows, by cell id, and all names as they are at the end."""
    names, shown = {"__name__": "__main__"}, {}
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        for cell in read(path).cells:
            if cell.cell_type == "code":
                shown[cell.id] = _run_cell(cell.source, f"{path.name}:{cell.id}", names)
    finally:
        os.chdir(before)
    return SimpleNamespace(shown=shown, names=names)


def _run_cell(source, filename, names):
    """Execute as a notebook does: the value of a last expression is what the cell shows."""
    tree = ast.parse(source, filename)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, filename, "exec"), names)
    return eval(compile(ast.Expression(last.value), filename, "eval"), names) if last else None


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
