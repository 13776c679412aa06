"""A notebook in a web page's own Python: cells, errors, figures that answer, and nothing of Jupyter."""

import subprocess
import sys

import pytest

from lecturelib import live
from lecturelib.live.page import Notebook

FIGURE = """\
from lecturelib import live
def draw(ax, w, T):
    ax.plot([0, T], [0, w])
    if w == 2:
        raise ValueError("w must not be 2")
    return f"w = {w:.2f}, T = {T}."
live.figure(draw, w=live.slider(-3.0, 3.0, at=1.0), T=live.slider(2, 10, at=5))"""


@pytest.fixture
def answers():
    """All that the notebook has sent to the page: pairs of a cell and an answer."""
    return []


@pytest.fixture
def session(answers):
    return Notebook(lambda cell, answer: answers.append((cell, answer)))


def test_a_cell_says_what_it_prints_and_what_it_shows(session):
    assert session.run("one", "x = 3\nprint('x is', x)\nx + 1") == {"text": "x is 3\n4\n", "error": ""}
    assert session.run("two", "x") == {"text": "3\n", "error": ""}
    assert session.run("three", "y = x") == {"text": "", "error": ""}
    assert session.run("four", "'word'") == {"text": "'word'\n", "error": ""}
    assert session.run("five", "") == {"text": "", "error": ""}


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("a = 1\nprint(h)", "line 2: NameError: name 'h' is not defined"),
        ("def f():\n    return 1 / 0\n\nf()", "line 2: ZeroDivisionError: division by zero"),
        ("for t in range(3) print(t)", "line 1: SyntaxError: "),
        ("raise SystemExit", "line 1: SystemExit"),
        ("import numpy as np\nnp.ones(2) @ np.ones(3)", "line 2: ValueError: matmul"),
    ],
)
def test_an_error_is_one_line_with_its_place(session, source, error):
    said = session.run("cell", source)
    assert said["text"] == "" and said["error"].startswith(error) and "\n" not in said["error"]


def test_what_was_printed_before_an_error_is_said(session):
    assert session.run("cell", "print('before')\nnothing") == {
        "text": "before\n",
        "error": "line 2: NameError: name 'nothing' is not defined",
    }


def test_a_figure_answers_the_page(session, answers):
    assert session.run("figure", FIGURE) == {"text": "", "error": ""} and answers == []
    session.asked("figure", {"draw": [2.5, 5], "scale": 1, "narrow": False})
    session.asked("figure", {"draw": [2.0, 5], "scale": 1, "narrow": False})
    session.asked("figure", {"draw": [2.5, 5], "scale": 2, "narrow": True})
    (_, wide), (_, wrong), (cell, narrow) = answers
    assert cell == "figure" and wide["text"] == narrow["text"] == "w = 2.50, T = 5."
    assert wide["size"] == [800, 360] and narrow["size"][0] == 340 and wide["png"].startswith(b"\x89PNG")
    assert wrong["error"] == "w = 2.0, T = 5: ValueError: w must not be 2" and wrong["values"] == [2.0, 5]


def test_a_cell_that_is_run_again_has_a_new_figure(session, answers):
    session.run("figure", FIGURE)
    session.run("figure", FIGURE.replace("w = {w", "weight = {w"))
    session.asked("figure", {"draw": [2.5, 5], "scale": 1, "narrow": False})
    assert [answer["text"] for _, answer in answers] == ["weight = 2.50, T = 5."]


def test_a_question_shows_nothing(session):
    """The page has its buttons and replies already."""
    ask = "from lecturelib import live\nlive.predict('Which?', 'a', 'b', right='a', reason='So.')"
    assert session.run("ask", ask) == {"text": "", "error": ""}


def test_neither_jupyter_nor_its_widgets_are_loaded():
    """They would cost a reader of the page seconds."""
    code = f"""
import sys
from lecturelib.live.page import Notebook
session = Notebook(lambda cell, answer: None)
assert not session.run("figure", {FIGURE!r})["error"]
assert not session.run("imports", "from lecturelib import check, lectures, pretrained, datasets, tasks")["error"]
session.asked("figure", {{"draw": [2.5, 5], "scale": 1, "narrow": False}})
print([name for name in ("IPython", "ipywidgets", "anywidget", "traitlets", "matplotlib.pyplot") if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_a_connected_figure_answers_beside_its_own_picture(answers):
    figure = live.figure(lambda ax, w: f"w = {w}.", w=live.slider(0, 3, at=1))
    figure.connect(lambda answer: answers.append(answer["text"]))
    figure.asked({"draw": [3], "scale": 1, "narrow": False})
    assert answers == ["w = 3."] and figure.text == "w = 1."
