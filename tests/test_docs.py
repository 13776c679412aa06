"""The code in docs/live.md runs as it stands, and its figures are as good as it says figures must be."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from run_notebooks import run_cell

from lecturelib import live

PAGE = (Path(__file__).parents[1] / "docs/live.md").read_text("utf-8")


@pytest.fixture
def pictures(monkeypatch):
    """What a watched run displays: here it is watched as in a notebook."""
    shown = []

    def display(data, **_):
        shown.append(data)
        return SimpleNamespace(update=display)

    watching = sys.modules[live.Watch.__module__]  # lecturelib.live.watch is the function
    monkeypatch.setattr(watching, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setattr(watching, "display", display)
    return shown


def test_every_block_of_the_page_runs_and_its_figures_hold(pictures):
    names = {}
    last = [run_cell(code, "docs/live.md", names) for code in re.findall(r"```python\n(.*?)```", PAGE, re.S)]
    figures = [thing for thing in [*last, *names.values()] if isinstance(thing, live.LiveFigure)]
    assert len(figures) == PAGE.count("\nlive.figure(")
    for figure in figures:
        live.check_figure(figure)
    names["test_decay"]()
    assert [thing for thing in last if isinstance(thing, live.Prediction)]
    assert len(pictures) == 2 and all("image/png" in picture for picture in pictures)


def test_what_the_page_says_of_its_first_figure_is_so():
    names = {}
    figure = run_cell(re.search(r"```python\n(.*?)```", PAGE, re.S)[1], "docs/live.md", names)
    assert f'"{figure.text}"' in PAGE


def test_the_page_names_all_that_is_public():
    missing = [name for name in live.__all__ if name.islower() and f"live.{name}" not in PAGE and f"`{name}`" not in PAGE]
    assert not missing
