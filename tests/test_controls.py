"""Sliders, menus, check boxes and text fields: their values, their widgets, and what is refused."""

import ipywidgets as widgets
import numpy as np
import pytest
from small_figures import inside, make, move

from lecturelib import live
from lecturelib.live.controls import spoken
from lecturelib.live.view import widget


@pytest.mark.parametrize(
    ("make_control", "says"),
    [
        (lambda: live.slider(1, 1, at=1), "lo < hi"),
        (lambda: live.slider(0, 1, at=2), "lo <= at <= hi"),
        (lambda: live.slider(0, float("inf"), at=2), "hi must be a finite number"),
        (lambda: live.slider("0", 1, at=1), "lo must be a finite number"),
        (lambda: live.slider(0, 1, at=True), "at must be a finite number"),
        (lambda: live.slider(0, 1.0, at=0, step=0), "step must be positive"),
        (lambda: live.slider(0, 1.0, at=0, step=2.0), "fit into"),
        (lambda: live.slider(0, 1, at=1, log=True), "lo > 0"),
        (lambda: live.slider(0.01, 1, at=0.3, log=True), "the nearest to 0.3 is 0.316228"),
        (lambda: live.slider(0.0, 1.0, at=0.25, step=0.1), "steps of 0.1 from 0.0; the nearest to 0.25 is 0.2"),
        (lambda: live.slider(0.5, 1.5, at=0.333 + 0.5), "the nearest to 0.833 is 0.83"),
        (lambda: live.slider(10, 400, at=205, step=10), "steps of 10 from 10; the nearest to 205 is 20|21"),
        (lambda: live.slider(0.0, 1.0, at=0.0, play=True), "whole numbers"),
        (lambda: live.choice("one"), "at least two"),
        (lambda: live.choice("one", "one"), "at least two"),
        (lambda: live.choice("one", 2), "at least two"),
        (lambda: live.choice("one", "two", at="three"), "at must be one of"),
        (lambda: live.toggle(at=1), "True or False"),
        (lambda: live.text("alone"), "at least one suggestion"),
        (lambda: live.text("same", "same"), "all different"),
        (lambda: live.text("a", ""), "non-empty"),
        (lambda: live.text("a", 1), "non-empty"),
    ],
)
def test_a_control_that_cannot_be_is_refused(make_control, says):
    with pytest.raises(ValueError, match=says):
        make_control()


def test_a_slider_says_which_numbers_it_gives():
    whole, real = live.slider(2, 200, at=50), live.slider(-1.5, 1.5, at=1.1)
    assert isinstance(widget(whole, "T", whole.at), widgets.IntSlider)
    assert isinstance(widget(real, "w", real.at), widgets.FloatSlider)
    assert (whole.step, real.step) == (1, 0.01)
    assert widget(real, "w", real.at).readout_format == ".2f"
    assert widget(live.slider(2.6, 4.0, at=3.5, step=0.002), "r", 3.5).readout_format == ".3f"


@pytest.mark.parametrize(
    ("slider", "kind"),
    [
        (live.slider(0.0, 10.0, at=2.0, step=1), widgets.FloatSlider),
        (live.slider(0, 10, at=2.5, step=0.5), widgets.FloatSlider),
        (live.slider(0, 10.0, at=2, step=1), widgets.FloatSlider),
        (live.slider(1, 1000, at=10, log=True, step=1), widgets.FloatLogSlider),
        (live.slider(1, 1000, at=10, log=True), widgets.FloatLogSlider),
        (live.slider(np.int64(0), np.int64(9), at=np.int64(3)), widgets.IntSlider),
        (live.slider(np.float64(0), np.float32(1), at=np.float64(0.5)), widgets.FloatSlider),
    ],
)
def test_a_slider_has_numbers_of_one_kind(slider, kind):
    """Whole numbers only if all are: an int step made a float slider show 2 while its sentence said 2.5."""
    shown = widget(slider, "w", slider.at)
    assert type(shown) is kind
    number = int if kind is widgets.IntSlider else float
    assert {type(value) for value in (slider.lo, slider.hi, slider.at, slider.step, *slider.stops, *slider.spread(5))} == {number}
    assert shown.value == slider.at


def test_reset_brings_back_a_float_slider_with_a_whole_step():
    figure = make(w=live.slider(0.0, 10.0, at=2.0, step=1))
    figure.set(w=3.0)
    (reset,) = [part for part in inside(figure._widgets().box) if isinstance(part, widgets.Button)]
    reset.click()
    assert figure.text == "w = 2.00, T = 5."


def test_stops_hold_both_ends_and_are_allowed():
    controls = [live.slider(2, 200, at=50), live.slider(-1.5, 1.5, at=1.1), live.slider(10, 400, at=200, step=10)]
    controls += [live.slider(1e-6, 1, at=0.1, log=True), live.slider(3, 700, at=3, log=True), live.slider(0, 1.0, at=0, step=0.3)]
    for control in controls:
        assert (control.stops[0], control.stops[-1]) == (control.lo, control.hi)
        assert len(set(control.stops)) >= 4
        assert [control.check(stop) for stop in control.stops] == control.stops
    assert live.choice("a", "b", "c").stops == ["a", "b", "c"]
    assert list(live.toggle().stops) == [False, True]
    assert live.text("a", "b").stops == ["a", "b"]


@pytest.mark.parametrize("count", [2, 5, 26])
@pytest.mark.parametrize(
    "slider",
    [
        live.slider(0.5, 1.5, at=1.1),
        live.slider(2, 200, at=50),
        live.slider(1e-3, 10.0, at=0.1, log=True),
        live.slider(1e-6, 0.1, at=10**-1.5, log=True, step=0.1),
        live.slider(0, 3, at=1),
    ],
)
def test_spread_values_are_the_widgets_own(slider, count):
    values = slider.spread(count)
    assert values == sorted(set(values))
    assert {slider.lo, slider.at, slider.hi} <= set(values) and len(values) <= count + 1
    assert [slider.check(value) for value in values] == values
    assert all(type(value) is type(slider.at) for value in values)
    if count == 26 and slider.hi != 3:
        gaps = np.diff(np.log(values) if slider.log else values)
        assert len(values) >= 25 and gaps.max() < 2 * np.median(gaps)


def test_a_typed_line_reaches_draw_and_what_draw_refuses_is_said():
    def draw(ax, word):
        if not word.isalpha():
            raise ValueError(f"only letters, please, not {word!r}")
        ax.text(0.5, 0.5, word)
        return f"The word is {word}."

    figure = live.figure(draw, word=live.text("tanh", "relu"))
    assert figure.set(word="own") == "The word is own."
    before = figure.png
    with pytest.raises(ValueError, match="only letters, please, not '12'"):
        figure.set(word="12")
    with pytest.raises(ValueError, match="word must be a line of text, not 12"):
        figure.set(word=12)
    assert (figure.png, figure.text) == (before, "The word is own.")


def test_labels_are_written_or_else_the_name():
    figure = make(T=live.slider(2, 10, at=5, label="words T"))
    assert [part.description for part in inside(figure._widgets().box) if hasattr(part, "readout")] == ["w", "words T"]


@pytest.mark.parametrize("value", [1.0000000000000002, 0.9999999999999999, np.float64(1)])
def test_float_noise_of_the_browser_never_reaches_draw(value):
    seen = []

    def draw(ax, w):
        seen.append(w)
        return f"w is one: {w == 1}."

    figure = live.figure(draw, w=live.slider(-1.5, 1.5, at=0.5))
    assert move(figure, w=value)["text"] == figure.text == "w is one: True."
    assert seen[-1] == 1 and type(seen[-1]) is float
    assert figure.set(w=value) == "w is one: True."


@pytest.mark.parametrize("lo, hi", [(1e-6, 1), (3, 300), (0.3, 30), (0.05, 7), (2, 2000), (1e-3, 0.2), (1.5, 6e5)])
def test_a_log_slider_reaches_both_ends(lo, hi):
    """Its widget holds an exponent, and 10 ** log10(0.3) is 0.29999999999999993."""

    def draw(ax, w):
        return f"w = {w:.4g}."

    figure = live.figure(draw, w=live.slider(lo, hi, at=lo, log=True))
    widget = figure._widgets().widgets["w"]
    assert isinstance(widget, widgets.FloatLogSlider)
    for exponent, end in ((widget.max, hi), (widget.min, lo)):
        assert move(figure, w=widget.base**exponent)["text"] == f"w = {end:.4g}."
        assert figure.values["w"] == pytest.approx(end)
        assert lo <= figure.values["w"] <= hi


def test_a_play_button_is_linked_to_its_slider_in_the_browser():
    figure = make(T=live.slider(2, 10, at=5, play=True))
    (play,) = [part for part in inside(figure._widgets().box) if isinstance(part, widgets.Play)]
    assert (play.min, play.max, play.value, play.step) == (2, 10, 5, 1)
    links = [w for w in widgets.widget._instances.values() if isinstance(w, widgets.widget_link.Link) and w.source[0] is play]
    assert [(link.source, link.target) for link in links] == [((play, "value"), (figure._widgets().widgets["T"], "value"))]
    assert not [part for part in inside(make()._widgets().box) if isinstance(part, widgets.Play)]


@pytest.mark.parametrize(
    ("label", "words"),
    [("ρ", "rho"), ("η", "eta"), ("h(1)", "h of 1"), ("i(t+1)", "i of t plus 1"), ("initial x₀", "initial x sub 0"), ("w", "w"),
     ("Re c", "Re c"), ("turn (rad)", "turn (rad)"), ("Δt", "delta t"), ("|w|", "w"), ("σ²", "sigma to the 2")],
)  # fmt: skip
def test_a_label_can_be_spoken(label, words):
    assert spoken(label) == words


def test_no_value_is_a_negative_zero():
    assert str(live.slider(-1.0, 1.0, at=0.5).check(-0.0)) == "0.0"
