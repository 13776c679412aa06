"""Making a live figure, setting it, and what a cell stores of it."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from small_figures import VIEW, line, make, of_w, picture, rendered

from lecturelib import live
from lecturelib.live.drawing import Layout

# --- making one -----------------------------------------------------------------------------------------------------------------


def test_it_starts_where_its_controls_start():
    figure = make()
    assert figure.values == {"w": 1.0, "T": 5}
    assert figure.text == "w = 1.00, T = 5."
    assert picture(figure.png).shape == (720, 1600, 3)


@pytest.mark.parametrize(
    ("draw", "controls", "says"),
    [
        (line, {"W": live.slider(0, 1, at=0)}, "no parameter 'W'.*ax, w, T"),
        (line, {"w": (0, 1), "T": live.slider(0, 1, at=0)}, "w must be made by live.slider"),
        (line, {}, "one parameter for each control"),
        (line, {"ax": live.toggle(), "w": live.toggle(), "T": live.toggle()}, "the axes must come first"),
        (lambda w, ax: "?", {"w": live.toggle()}, "the axes must come first"),
    ],
)
def test_controls_that_do_not_fit_are_refused_by_name(draw, controls, says):
    with pytest.raises(ValueError, match=says):
        live.figure(draw, **controls)


def test_a_layout_must_place_each_axes():
    def draw(left, right, w):
        left.plot([0, w])
        right.plot([w, 0])
        return f"w = {w}."

    with pytest.raises(ValueError, match="left, right"):
        live.figure(draw, w=live.slider(0, 3, at=1), layout=[["left"], ["wrong"]])
    above, below = live.figure(draw, w=live.slider(0, 3, at=1), layout=[["left"], ["right"]])._renderer.axes
    assert above.get_position().y0 > below.get_position().y1


@pytest.mark.parametrize("returned", [None, "", "  \n", 3, ["a sentence"]])
def test_a_draw_without_a_sentence_is_refused_when_made(returned):
    def silent(ax, w):
        return returned

    with pytest.raises(ValueError, match="silent must return one sentence"):
        live.figure(silent, w=live.slider(0, 1, at=0))


def test_a_sentence_is_one_line():
    assert of_w(lambda ax, w: None).text == "w = 1."

    def wrapped(ax, w):
        return f"w = {w}:\n    fine."

    assert live.figure(wrapped, w=live.slider(0, 1, at=0)).text == "w = 0: fine."


def test_a_warning_is_an_error_even_where_warnings_are_off():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(RuntimeWarning, match="divide by zero"):
            of_w(lambda ax, w: np.array([1.0]) / 0)
        with pytest.raises(UserWarning):
            of_w(lambda ax, w: warnings.warn("careful", stacklevel=1))
        figure = of_w(lambda ax, w: np.array([1.0]) / (w - 2))
        with pytest.raises(RuntimeWarning, match="divide by zero"):
            figure.set(w=2)


# --- setting --------------------------------------------------------------------------------------------------------------------


def test_set_moves_draws_and_says():
    figure = make()
    before = figure.png
    assert figure.set(w=2, T=7) == figure.text == "w = 2.00, T = 7."
    assert figure.values == {"w": 2.0, "T": 7}
    assert (picture(figure.png) != picture(before)).any()


def test_set_draws_once_for_several_controls():
    calls = []

    def draw(ax, w, T):
        calls.append((w, T))
        return "Drawn."

    figure = make(draw)
    figure.set(w=2.0, T=7)
    assert calls == [(1.0, 5), (2.0, 7)]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"W": 1}, "no control 'W'.*w, T"),
        ({"w": 3.1}, "^w .*-3 to 3, not 3.1"),
        ({"w": "1"}, "^w .*a number"),
        ({"w": float("nan")}, "^w .*nan"),
        ({"w": True}, "^w .*True"),
        ({"T": 5.5}, "^T .*a whole number from 2 to 10, not 5.5"),
        ({"unit": "Tanh"}, "^unit .*'tanh', 'relu', not 'Tanh'"),
        ({"log": 1}, "^log .*True or False, not 1"),
    ],
)
def test_set_refuses_by_name_and_says_what_is_allowed(values, says):
    def draw(ax, w, T, unit, log):
        return f"{w} {T} {unit} {log}"

    figure = make(draw, unit=live.choice("tanh", "relu"), log=live.toggle())
    with pytest.raises(ValueError, match=says):
        figure.set(**values)


def test_set_checks_all_before_it_moves_any():
    figure = make()
    before = figure.png
    for wrong in ({"w": 2.0, "T": 99}, {"w": 2.0, "unknown": 1}):
        with pytest.raises(ValueError):
            figure.set(**wrong)
        assert figure.values == {"w": 1.0, "T": 5}
        assert (figure.png, figure.text) == (before, "w = 1.00, T = 5.")


def test_set_raises_what_draw_raises_and_moves_nothing():
    def draw(ax, w, T):
        return f"{1 / (T - 7):.2f}"

    figure = make(draw)
    before = figure.png
    with pytest.raises(ZeroDivisionError):
        figure.set(T=7)
    assert (figure.values, figure.text, figure.png) == ({"w": 1.0, "T": 5}, "-0.50", before)


def test_choices_and_toggles_arrive_as_what_they_are():
    def draw(ax, unit, on):
        return f"{unit!r} {on!r}"

    figure = live.figure(draw, unit=live.choice("tanh", "relu", at="relu"), on=live.toggle())
    assert figure.text == "'relu' False"
    assert figure.set(unit="tanh", on=np.bool_(True)) == "'tanh' True"


# --- what is stored and shown ---------------------------------------------------------------------------------------------------


def shown_by(thing, monkeypatch):
    """The outputs of a cell that ends in `thing`: pairs of data and metadata."""
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda data, metadata=None, raw=False: outputs.append((data, metadata or {})))
    thing._ipython_display_()
    return outputs


def test_a_cell_stores_the_picture_with_the_sentence_as_alt_and_then_the_sentence(monkeypatch):
    figure = make()
    (data, metadata), (words, _) = shown_by(figure, monkeypatch)
    about = metadata["image/png"]
    assert data["text/plain"] == about["alt"] == figure.text
    assert (about["width"], about["height"]) == (800, 360)
    stored = picture(data["image/png"])
    assert stored.shape == (720, 1600, 3)
    assert np.abs(stored.astype(int) - picture(figure.png)).mean() < 1  # fewer colours, the same picture
    assert len(data["image/png"]) < len(figure.png)
    assert words["text/plain"] == figure.text
    assert {VIEW} < set(data) and {VIEW, "text/markdown"} < set(words)
    assert data[VIEW]["model_id"] != words[VIEW]["model_id"]


def test_size_and_pixels_are_those_of_the_picture_shown():
    figure = make(size=(4, 3.3))
    figure.set(w=2.0)
    assert figure.size == (400, 330)
    assert type(figure.png) is bytes
    assert (figure.pixels(2)[..., :3] == picture(figure.png)).all()
    kept = figure.pixels(1)
    before = kept.copy()
    figure.set(w=-2.0)
    assert kept.shape == (330, 400, 4) and (kept == before).all() and (figure.pixels(1) != before).any()


def test_what_is_shown_later_is_the_state_of_that_moment(monkeypatch):
    figure = make()
    figure.set(w=2.0)
    (data, metadata), _ = shown_by(figure, monkeypatch)
    assert data["text/plain"] == metadata["image/png"]["alt"] == "w = 2.00, T = 5."


def test_signs_in_a_sentence_are_text_not_markup(monkeypatch):
    sentence = "|w| < 1 & w_max * w_min > $2 `now` #1 [a] x^2 <b>."

    def draw(ax, w):
        return sentence

    figure = live.figure(draw, w=live.slider(0, 1, at=0))
    figure.set(w=1)
    assert figure.text == sentence
    _, (words, _) = shown_by(figure, monkeypatch)
    assert rendered(words["text/markdown"]) == sentence


def test_no_global_state_of_a_plotting_library_is_touched():
    code = """
import sys, warnings, matplotlib
warnings.simplefilter("error")
warnings.filterwarnings("ignore", "", DeprecationWarning, "matplotlib|pyparsing")  # an old and a new one
def settings():  # without the back end: to ask for it is to import pyplot
    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}
before = settings()
from lecturelib import check, live, maps, plots
def draw(ax, w):
    ax.plot([0, w])
    return f"w = {w}."
live.figure(draw, w=live.slider(0, 3, at=1)).set(w=2)
assert "matplotlib.pyplot" not in sys.modules
assert settings() == before
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("names", ["abc", "cab"])
def test_on_a_narrow_screen_panels_stand_in_the_order_of_the_parameters(names):
    layout = Layout([list("ab"), list("cb")], (8, 4)).stacked(names)
    assert layout.rows == [[name] for name in names]
    assert dict(zip(names, layout.heights, strict=True)) == {"a": 2, "b": 3.2, "c": 2}  # a tall panel is cut at TALLEST
