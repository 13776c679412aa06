"""The contract of a live figure, on small drawings: what is refused, what is drawn, what is said, what is stored.

A control is moved as a browser moves it, by its widget's value, inside an event loop: a kernel always runs one.
"""

import asyncio
import html
import io
import re
import subprocess
import sys
import warnings
from functools import partial
from threading import Event, Thread

import ipywidgets as widgets
import matplotlib
import numpy as np
import pytest
from matplotlib.ticker import MultipleLocator
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from PIL import Image

from lecturelib import live

VIEW = "application/vnd.jupyter.widget-view+json"


def line(ax, w, T):
    ax.set(xlim=(0, 10), ylim=(-3, 3), xlabel="step t")
    ax.plot(np.arange(T), w * np.ones(T))
    return f"w = {w:.2f}, T = {T}."


def make(draw=line, **changed):
    controls = {"w": live.slider(-3.0, 3.0, at=1.0, step=0.1), "T": live.slider(2, 10, at=5)}
    return live.figure(draw, **{**controls, **changed})


def of_w(body, **options):
    """A live figure of w alone whose picture is `body(ax, w)`; w is a whole number from 0 to 3, at 1."""

    def draw(ax, w):
        ax.set(xlim=(0, 3), ylim=(0.1, 3))
        ax.plot([0, 3], [0, w])
        body(ax, w)
        return f"w = {w}."

    return live.figure(draw, w=live.slider(0, 3, at=1), **{"size": (3, 2)} | options)  # small: quickly drawn


def move(figure, pause=0.0, **values):
    """Slide: each control to its value, in a running loop, and then `pause` seconds of rest."""

    async def hand():
        for name, value in values.items():
            figure._sliders[name].value = value
        await asyncio.sleep(pause)

    asyncio.run(hand())


def caption(figure):
    return figure._caption.value


def picture(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def inside(widget):
    """The widget and all that it holds."""
    return [widget, *(part for child in getattr(widget, "children", ()) for part in inside(child))]


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
        (line, {"ax": live.toggle(), "w": live.toggle(), "T": live.toggle()}, "the axes come first"),
        (lambda w, ax: "?", {"w": live.toggle()}, "the axes come first"),
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
    above, below = live.figure(draw, w=live.slider(0, 3, at=1), layout=[["left"], ["right"]])._stage.axes
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


# --- controls -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make_control", "says"),
    [
        (lambda: live.slider(1, 1, at=1), "lo < hi"),
        (lambda: live.slider(0, 1, at=2), "at between them"),
        (lambda: live.slider(0, float("inf"), at=2), "hi must be a finite number"),
        (lambda: live.slider("0", 1, at=1), "lo must be a finite number"),
        (lambda: live.slider(0, 1, at=True), "at must be a finite number"),
        (lambda: live.slider(0, 1.0, at=0, step=0), "step must be positive"),
        (lambda: live.slider(0, 1.0, at=0, step=2.0), "fit into"),
        (lambda: live.slider(0, 1, at=1, log=True), "lo > 0"),
        (lambda: live.slider(0.01, 1, at=0.3, log=True), "the nearest to 0.3 is 0.316228"),
        (lambda: live.slider(0.0, 1.0, at=0.25, step=0.1), "step of 0.1 from 0.0; the nearest to 0.25 is 0.2"),
        (lambda: live.slider(0.5, 1.5, at=0.333 + 0.5), "the nearest to 0.833 is 0.83"),
        (lambda: live.slider(10, 400, at=205, step=10), "step of 10 from 10; the nearest to 205 is 20|21"),
        (lambda: live.slider(0.0, 1.0, at=0.0, play=True), "whole numbers"),
        (lambda: live.choice("one"), "at least two"),
        (lambda: live.choice("one", "one"), "at least two"),
        (lambda: live.choice("one", 2), "at least two"),
        (lambda: live.choice("one", "two", at="three"), "at must be one of"),
        (lambda: live.toggle(at=1), "True or False"),
        (lambda: live.text("alone"), "one suggestion or more"),
        (lambda: live.text("same", "same"), "all different"),
        (lambda: live.text("a", ""), "not empty"),
        (lambda: live.text("a", 1), "not empty"),
    ],
)
def test_a_control_that_cannot_be_is_refused(make_control, says):
    with pytest.raises(ValueError, match=says):
        make_control()


def test_a_slider_says_which_numbers_it_gives():
    whole, real = live.slider(2, 200, at=50), live.slider(-1.5, 1.5, at=1.1)
    assert isinstance(whole.widget("T"), widgets.IntSlider)
    assert isinstance(real.widget("w"), widgets.FloatSlider)
    assert (whole.step, real.step) == (1, 0.01)
    assert real.widget("w").readout_format == ".2f"
    assert live.slider(2.6, 4.0, at=3.5, step=0.002).widget("r").readout_format == ".3f"


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
    widget = slider.widget("w")
    assert type(widget) is kind
    number = int if kind is widgets.IntSlider else float
    assert {type(value) for value in (slider.lo, slider.hi, slider.at, slider.step, *slider.stops, *slider.spread(5))} == {number}
    assert widget.value == slider.at


def test_reset_brings_back_a_float_slider_with_a_whole_step():
    figure = make(w=live.slider(0.0, 10.0, at=2.0, step=1))
    figure.set(w=3.0)
    (reset,) = [part for part in inside(figure._view) if isinstance(part, widgets.Button)]
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
        live.slider(0, 3, at=1),
    ],
)
def test_spread_values_are_the_sliders_own(slider, count):
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
    with pytest.raises(ValueError, match="word takes a line of text, not 12"):
        figure.set(word=12)
    assert (figure.png, figure.text) == (before, "The word is own.")


def test_labels_are_written_or_else_the_name():
    figure = make(T=live.slider(2, 10, at=5, label="words T"))
    assert [part.description for part in inside(figure._view) if hasattr(part, "readout")] == ["w", "words T"]


@pytest.mark.parametrize("value", [1.0000000000000002, 0.9999999999999999, np.float64(1)])
def test_float_noise_of_the_browser_never_reaches_draw(value):
    seen = []

    def draw(ax, w):
        seen.append(w)
        return f"w is one: {w == 1}."

    figure = live.figure(draw, w=live.slider(-1.5, 1.5, at=0.5))
    move(figure, w=value)
    assert seen[-1] == 1 and type(seen[-1]) is float
    assert caption(figure) == figure.text == "w is one: True."
    assert figure.set(w=value) == "w is one: True."


@pytest.mark.parametrize("lo, hi", [(1e-6, 1), (3, 300), (0.3, 30), (0.05, 7), (2, 2000), (1e-3, 0.2), (1.5, 6e5)])
def test_a_log_slider_reaches_both_ends(lo, hi):
    """Its widget holds an exponent, and 10 ** log10(0.3) is 0.29999999999999993."""

    def draw(ax, w):
        return f"w = {w:.4g}."

    figure = live.figure(draw, w=live.slider(lo, hi, at=lo, log=True))
    widget = figure._sliders["w"]
    assert isinstance(widget, widgets.FloatLogSlider)
    for exponent, end in ((widget.max, hi), (widget.min, lo)):
        move(figure, w=widget.base**exponent)
        assert caption(figure) == f"w = {end:.4g}."
        assert figure.values["w"] == pytest.approx(end)
        assert lo <= figure.values["w"] <= hi


def test_a_play_button_is_linked_to_its_slider_in_the_browser():
    figure = make(T=live.slider(2, 10, at=5, play=True))
    (play,) = [part for part in inside(figure._view) if isinstance(part, widgets.Play)]
    assert (play.min, play.max, play.value, play.step) == (2, 10, 5, 1)
    links = [w for w in widgets.widget._instances.values() if isinstance(w, widgets.widget_link.Link) and w.source[0] is play]
    assert [(link.source, link.target) for link in links] == [((play, "value"), (figure._sliders["T"], "value"))]
    assert not [part for part in inside(make()._view) if isinstance(part, widgets.Play)]


# --- setting --------------------------------------------------------------------------------------------------------------------


def test_set_moves_draws_and_says():
    figure = make()
    before = figure.png
    assert figure.set(w=2, T=7) == figure.text == caption(figure) == "w = 2.00, T = 7."
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


def test_set_raises_what_draw_raises():
    def draw(ax, w, T):
        return f"{1 / (T - 7):.2f}"

    with pytest.raises(ZeroDivisionError):
        make(draw).set(T=7)


def test_choices_and_toggles_arrive_as_what_they_are():
    def draw(ax, unit, on):
        return f"{unit!r} {on!r}"

    figure = live.figure(draw, unit=live.choice("tanh", "relu", at="relu"), on=live.toggle())
    assert figure.text == "'relu' False"
    assert figure.set(unit="tanh", on=np.bool_(True)) == "'tanh' True"


# --- frames ---------------------------------------------------------------------------------------------------------------------


def test_the_last_frame_is_gone():
    figure = of_w(lambda ax, w: (ax.text(1, 1, "here"), ax.plot([0, 1], label="a"), ax.legend(), ax.inset_axes([0, 0, 0.2, 0.2])))
    first, artists = figure.png, len(figure._stage.axes[0].get_children())
    for w in (2, 0, 3, 1):
        figure.set(w=w)
        assert len(figure._stage.axes[0].get_children()) == artists
    assert figure.png == first


def test_colours_start_afresh_in_each_frame():
    figure = of_w(lambda ax, w: None)
    colours = set()
    for w in (2, 0, 3):
        figure.set(w=w)
        colours.add(figure._stage.axes[0].lines[0].get_color())
    assert len(colours) == 1


DECORATIONS = {
    "nothing": lambda ax, w: None,
    "limits": lambda ax, w: ax.set(xlim=(0, w + 1), ylim=(-w, 3)),
    "margins": lambda ax, w: (ax.autoscale(), ax.margins(w / 10)),
    "inverted": lambda ax, w: ax.set_ylim((3, 0) if w > 1 else (0, 3)),
    "scale": lambda ax, w: ax.set_yscale("log" if w > 1 else "linear"),
    "title": lambda ax, w: ax.set_title(f"w = {w}"),
    "title in a colour": lambda ax, w: ax.set_title("one", color="C1" if w > 1 else "C0"),
    "axis label": lambda ax, w: ax.set(xlabel=f"{w} steps", ylabel="much" * w),
    "axis label in a colour": lambda ax, w: ax.set_xlabel("t", color="C1" if w > 1 else "C0"),
    "ticks": lambda ax, w: ax.set_yticks([0, 1, w + 0.5]),
    "tick labels": lambda ax, w: ax.set_yticks([0, 1, 2], ["none", "one", str(w)]),
    "tick formatter": lambda ax, w: ax.yaxis.set_major_formatter(lambda v, _: f"{v * (w + 1):.1f}"),
    "tick locator": lambda ax, w: ax.yaxis.set_major_locator(MultipleLocator(1 if w > 1 else 0.5)),
    "tick size": lambda ax, w: ax.tick_params(labelsize=8 + w),
    "minor ticks": lambda ax, w: ax.minorticks_on() if w > 1 else ax.minorticks_off(),
    "grid": lambda ax, w: ax.grid(w > 1),
    "background": lambda ax, w: ax.set_facecolor("#eeeeee" if w > 1 else "white"),
    "spines": lambda ax, w: ax.spines["left"].set_visible(w > 1),
    "no axis": lambda ax, w: ax.set_axis_off() if w > 1 else ax.set_axis_on(),
    "aspect": lambda ax, w: ax.set_aspect("equal" if w > 1 else "auto"),
    "image": lambda ax, w: ax.imshow(np.eye(3) * w, extent=(0, 3, 0, 3), vmin=0, vmax=3),
    "over the edge": lambda ax, w: ax.text(1.02, 0.5, f"{w}", transform=ax.transAxes),
}


@pytest.mark.parametrize("body", DECORATIONS.values(), ids=DECORATIONS.keys())
def test_a_frame_over_kept_pixels_equals_a_full_redraw(body, redrawn):
    figure = of_w(body)
    first = figure.png
    for w in (1, 2, 3, 2, 0, 1):
        figure.set(w=w)
        blitted, full = redrawn(figure)
        different = (blitted != full).any(axis=-1).sum()
        assert different == 0, f"at w = {w}, {different} pixels differ"
    assert figure.png == first


@pytest.mark.parametrize(
    "body",
    [
        lambda ax, w: ax.set_title("beyond one") if w > 1 else None,
        lambda ax, w: ax.set_yticks([0, 1, 2], ["a", "b", "c"]) if w > 1 else None,
        lambda ax, w: ax.set_ylim(0, 9) if w > 1 else None,
    ],
    ids=["title", "ticks", "limits"],
)
def test_a_picture_depends_on_its_values_and_not_on_the_way_there(body):
    figure = of_w(body)
    first = figure.png
    figure.set(w=3)
    assert figure.png != first
    figure.set(w=1)
    assert figure.png == first


@pytest.mark.parametrize(
    "body",
    [
        lambda ax, w: ax.twinx().plot([0, 1], [0, w]),
        lambda ax, w: ax.figure.colorbar(ax.imshow(np.eye(3) * w), ax=ax),
        lambda ax, w: ax.figure.suptitle(f"w = {w}"),
        lambda ax, w: ax.figure.text(0.5, 0.5, f"w = {w}"),
    ],
    ids=["twin axes", "colour bar", "figure title", "figure text"],
)
def test_what_draw_adds_beside_its_axes_is_gone_or_refused(body, redrawn):
    try:
        figure = of_w(body)
    except ValueError:
        return
    first = figure.png
    for w in (3, 1):
        figure.set(w=w)
        blitted, full = redrawn(figure)
        assert (blitted == full).all()
    assert figure.png == first


def test_the_layout_stays_while_sliding():
    figure = of_w(lambda ax, w: ax.set(ylabel="a\nb\nc" if w > 1 else "a", title="high\nhigh" if w > 1 else ""))
    place, size = figure._stage.axes[0].get_position().bounds, picture(figure.png).shape
    figure.set(w=3)
    assert figure._stage.axes[0].get_position().bounds == place
    assert picture(figure.png).shape == size


# --- sliding --------------------------------------------------------------------------------------------------------------------


def test_a_move_is_quick_at_first_and_sharp_at_rest():
    figure = make()
    move(figure, w=2.0)
    assert picture(figure.png).shape == (360, 800, 3)
    assert caption(figure) == figure.text == "w = 2.00, T = 5."
    move(figure, pause=3 * live.REST, w=1.5)
    assert picture(figure.png).shape == (720, 1600, 3)
    sharp = figure.png
    figure.set(w=1.5)
    assert figure.png == sharp


def test_a_drag_ends_on_the_last_value():
    figure = make()

    async def drag():
        for w in np.linspace(1, 3, 40):
            figure._sliders["w"].value = float(w)
        await asyncio.sleep(3 * live.REST)

    asyncio.run(drag())
    dragged = figure.png
    assert figure.text == "w = 3.00, T = 5."
    figure.set(w=1.0)
    figure.set(w=3.0)
    assert figure.png == dragged


def touchy(ax, w, T):
    ax.set(xlim=(0, 10), ylim=(-3, 3))
    ax.plot([0, w])
    if w > 2:
        raise ArithmeticError("w <is> too large")
    return f"w = {w:.2f}, T = {T}."


def test_an_error_while_sliding_is_said_with_its_values_and_the_last_good_picture_stays():
    figure = make(touchy)
    figure.set(w=1.5)
    good = figure.png
    move(figure, pause=3 * live.REST, w=2.5)
    assert "ArithmeticError: w &lt;is&gt; too large" in caption(figure)
    assert "w = 2.5" in caption(figure) and "T = 5" in caption(figure)
    assert figure.png == good
    assert figure.text == "w = 1.50, T = 5."

    move(figure, pause=3 * live.REST, w=1.5)
    assert caption(figure) == figure.text == "w = 1.50, T = 5."
    assert figure.png == good


def test_after_an_error_the_stored_picture_fits_the_stored_sentence():
    figure = make(touchy)
    good, about = figure._repr_mimebundle_()
    move(figure, w=2.5)
    data, metadata = figure._repr_mimebundle_()
    assert (data["text/plain"], metadata) == (good["text/plain"], about)
    assert data["image/png"] == good["image/png"]


def test_an_error_right_after_a_good_move_keeps_the_good_picture_sharp():
    figure = make(touchy)
    figure.set(w=1.5)
    good = picture(figure.png)
    figure.set(w=1.0)

    async def hand():
        figure._sliders["w"].value = 1.5
        figure._sliders["w"].value = 2.5
        await asyncio.sleep(3 * live.REST)

    asyncio.run(hand())
    shown = picture(figure.png)
    assert (shown == (good if shown.shape == good.shape else good_at_one(figure))).all()


def good_at_one(figure):
    """The picture of w = 1.5 at one pixel per CSS pixel."""
    figure.set(w=1.5)
    return figure._stage.pixels(1)[..., :3]


def test_reset_goes_back_to_the_start():
    def draw(ax, w, T, unit):
        ax.plot([0, w], [0, T])
        return f"{unit}, w = {w}, T = {T}."

    figure = make(draw, unit=live.choice("tanh", "relu"))
    first, said = figure.png, figure.text
    figure.set(w=2.0, T=9, unit="relu")
    assert figure.text != said
    (reset,) = [part for part in inside(figure._view) if isinstance(part, widgets.Button) and part.description == "Reset"]
    reset.click()
    assert (figure.png, figure.text) == (first, said)
    assert figure.values == {"w": 1.0, "T": 5, "unit": "tanh"}


def test_the_page_answering_in_other_last_digits_draws_nothing():
    figure = make(w=live.slider(0.03, 3.0, at=0.3, log=True))
    figure.set(w=3.0)
    figure.set(w=0.3)
    sharp = figure.png
    move(figure, w=0.29999999999999993)
    assert figure.png is sharp
    move(figure, w=0.33658)
    assert figure.png != sharp


def test_reset_recovers_from_an_error():
    figure = make(touchy)
    first = figure.png
    move(figure, w=2.5)
    (reset,) = [part for part in inside(figure._view) if isinstance(part, widgets.Button)]
    reset.click()
    assert (figure.png, caption(figure)) == (first, "w = 1.00, T = 5.")


@pytest.mark.parametrize("height", [3, 3.3, 3.6, 4.2, 4.6, 5.1])
def test_sharp_and_quick_pictures_are_whole(height):
    """An inch of 100 pixels gives 459.99999999999994 of them for 4.6: no row may be lost on the way to and fro."""
    figure = of_w(lambda ax, w: ax.set_xlabel("t"), size=(4, height))
    for w in (2, 3):
        move(figure, w=w)
        quick = np.asarray(Image.open(io.BytesIO(figure.png)))
        assert quick.shape == (round(100 * height), 400, 4) and (quick[..., 3] == 255).all()
        move(figure, pause=3 * live.REST, w=1)
        sharp = np.asarray(Image.open(io.BytesIO(figure.png)))
        assert sharp.shape == (round(200 * height), 800, 4) and (sharp[..., 3] == 255).all()
        moved = figure.png
        figure.set(w=1)
        assert figure.png == moved


def test_a_plain_thread_may_move_a_slider():
    """It has no event loop in which the sharp picture could be drawn later: it is drawn at once."""
    figure, moved = make(), make()
    figure.set(w=2.0)

    def hand():
        moved._sliders["w"].value = 2.0

    thread = Thread(target=hand)
    thread.start()
    thread.join()
    assert (caption(moved), moved.png) == ("w = 2.00, T = 5.", figure.png)


@pytest.mark.parametrize("again", [lambda f: f.set(w=0), lambda f: f._repr_mimebundle_()], ids=["set", "show"])
def test_a_draw_that_moves_or_shows_its_own_figure_is_refused(again):
    made = []

    def draw(ax, w):
        ax.plot([0, w])
        if w == 2:
            again(made[0])
        return f"w = {w}."

    made.append(live.figure(draw, w=live.slider(0, 3, at=1)))
    first = made[0].png
    with pytest.raises(ValueError, match="draw must not move or show its own figure"):
        made[0].set(w=2)
    assert made[0].png == first and made[0].text == "w = 1."
    assert made[0].set(w=3) == "w = 3."


def test_a_partial_and_a_callable_object_may_draw():
    class Drawing:
        def __call__(self, ax, w):
            ax.plot([0, w])
            return f"w = {w}." if w else ""

    for draw in (partial(line, T=5), partial(line, T=3), Drawing(), Drawing().__call__):
        figure = live.figure(draw, w=live.slider(0, 3, at=1))
        assert figure.set(w=2).startswith("w = 2")
    with pytest.raises(ValueError, match="Drawing must return one sentence"):
        live.figure(Drawing(), w=live.slider(0, 3, at=1)).set(w=0)
    with pytest.raises(ValueError, match="line has no parameter 'W'"):
        live.figure(partial(line, T=5), W=live.slider(0, 3, at=1))


def test_hands_in_two_threads_do_not_spoil_the_picture():
    """JupyterLab hands widget messages to a thread of their own (a subshell) as well as to the kernel's main thread."""
    figure = make()
    figure.set(w=2.9, T=9)
    wanted = figure.png
    failed = []

    def hand(name, values):
        async def slide():
            for value in values:
                figure._sliders[name].value = value
                if "error" in caption(figure):
                    failed.append(caption(figure))
            await asyncio.sleep(3 * live.REST)

        asyncio.run(slide())

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads take turns often: a race shows at once
    try:
        hands = [Thread(target=hand, args=("w", [*np.linspace(-2.9, 2.9, 40).tolist(), 2.9]))]
        hands += [Thread(target=hand, args=("T", [*([3, 7, 5, 10] * 10), 9]))]
        for thread in hands:
            thread.start()
        for thread in hands:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not failed
    assert figure.text == "w = 2.90, T = 9."
    assert figure.png == wanted


def test_a_figure_may_be_made_while_another_is_moved():
    """So it is when a reader slides before Run All has come to its end."""
    wanted, moved = make().png, make()
    settings, filters, done = dict(matplotlib.rcParams), list(warnings.filters), Event()

    def hand():
        async def slide():
            while not done.is_set():
                moved._sliders["w"].value = -moved._sliders["w"].value

        asyncio.run(slide())

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread = Thread(target=hand)
    thread.start()
    try:
        made = [make() for _ in range(10)]
        stored = {figure._repr_mimebundle_()[0]["image/png"] for figure in made}
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(before)
    assert {figure.png for figure in made} == {wanted} and len(stored) == 1
    assert dict(matplotlib.rcParams) == settings
    assert list(warnings.filters) == filters


# --- what is stored and shown ---------------------------------------------------------------------------------------------------


def shown_by(thing, monkeypatch):
    """The outputs of a cell that ends in `thing`: pairs of data and metadata."""
    outputs = []
    monkeypatch.setattr(live, "display", lambda data, metadata=None, raw=False: outputs.append((data, metadata or {})))
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
    assert caption(figure) == "|w| &lt; 1 &amp; w_max * w_min &gt; $2 `now` #1 [a] x^2 &lt;b&gt;."
    figure.set(w=1)
    assert caption(figure) == html.escape(sentence)
    _, (words, _) = shown_by(figure, monkeypatch)
    assert rendered(words["text/markdown"]) == sentence


def rendered(markdown):
    """What a reader sees of it; nothing in it may be more than text, and no piece of text may hold a formula for MathJax."""
    page = markdown2html_mistune(markdown).strip()
    assert re.fullmatch(r"<p>([^<]|</?span>)*</p>", page), page
    pieces = [html.unescape(piece) for piece in re.split(r"<[^>]*>", page)]
    assert not [piece for piece in pieces if "$" in piece.strip("$") or re.search(r"\\([()\[\]]|begin|end)", piece)], pieces
    assert not re.search(r"\$|\\\\[()\[\]]", markdown)  # JupyterLab looks for formulas before it reads the Markdown
    return "".join(pieces)


@pytest.mark.parametrize(
    "sentence",
    [
        "costs $5 before, and $6 after", "$$x$$", r"\(x\) \[y\] \$z\$ \begin{a}b\end{a} \n", "1. first", "23) second",
        "- a", "+ b", "* c", "-", "---", "***", "> quoted", "# title", "~~~", "a | b", "| a | b |", "[ ] done",
        "`code` _so_ *it* ~~is~~",
        "<b>x</b> <br> <!-- x -->", "[link](url) ![image](url) [^1]", "see https://a.b/c, www.x.org, <http://d.e> or me@x.org",
        "&amp; &lt; &#36; & x", "x^2_1", "@@0@@", "-1.5 times", "12.5 times", "w = 1.10, T = 50: a factor of 1e+02.",
    ],
)  # fmt: skip
def test_a_sentence_reads_in_markdown_as_it_is(sentence):
    assert rendered(live._markdown(sentence)) == sentence


def test_an_ordinary_sentence_is_written_as_it_is():
    for sentence in ("w = 1.10, T = 50: the gradient is multiplied by 106.7.", "-1.5 is below 1.", "20 words & more: e^(-87)?"):
        assert live._markdown(sentence) == sentence.replace("^", r"\^")


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


# --- predictions ----------------------------------------------------------------------------------------------------------------


def ask(**changed):
    return live.predict(*("What is 1 < 2?", "true", "<false>"), **{"right": "true", "reason": "Count & see.", **changed})


def test_a_prediction_reveals_nothing_before_a_choice():
    question = ask()
    assert question.reply == ""
    data = question._repr_mimebundle_()
    assert data["text/plain"].split("\n") == ["Predict. What is 1 < 2?", "  ( ) true", "  ( ) <false>"]
    assert not [kind for kind, text in data.items() if "Count" in str(text)]
    assert VIEW in data and "text/markdown" in data


def test_a_choice_is_judged_and_the_reason_given():
    question = ask()
    assert question.choose("true") == question.reply == "Right. Count & see."
    assert question.choose("<false>") == 'Not quite: the answer is "true". Count & see.'
    assert "Count &amp; see." in question._answer.value
    with pytest.raises(ValueError, match="'true', '<false>', not 'maybe'"):
        question.choose("maybe")


def test_the_buttons_choose():
    question = ask()
    buttons = {part.description: part for part in inside(question._view) if isinstance(part, widgets.Button)}
    assert list(buttons) == ["true", "<false>"]
    buttons["<false>"].click()
    assert question.reply.startswith('Not quite: the answer is "true".')
    assert (buttons["true"].icon, buttons["<false>"].icon) == ("check", "times")


@pytest.mark.parametrize("changed", [{"right": "maybe"}, {"reason": " "}])
def test_a_prediction_without_an_answer_is_refused(changed):
    with pytest.raises(ValueError, match="predict"):
        ask(**changed)


@pytest.mark.parametrize("choices", [(), ("one",), ("one", "one")])
def test_a_prediction_without_a_choice_is_refused(choices):
    with pytest.raises(ValueError, match="two or more different choices"):
        live.predict("Which?", *choices, right="one", reason="So it is.")
