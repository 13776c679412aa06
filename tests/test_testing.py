"""live.check_figure: a good figure passes, and each kind of bad figure is refused with its own message."""

import functools
import math
import time
import warnings
from math import hypot

import numpy as np
import pytest
from small_figures import line, make, of_w

from lecturelib import live
from lecturelib.live.render import Snapshot

SEEN: list[int] = []
REACHED: list[int] = []
KEPT = np.random.default_rng(0)
SIZES = (1.0, 2.0)
factor = 2.0
count = 0


def refused(figure, says, **options):
    """It is refused with this message, and is back at its start afterwards."""
    with pytest.raises(AssertionError, match=says):
        live.check_figure(figure, **options)
    assert figure.values == {name: control.at for name, control in figure.controls.items()}


# --- good ones ------------------------------------------------------------------------------------------------------------------


def test_a_good_figure_passes_and_is_back_at_its_start():
    figure = make()
    before = figure.text, figure.png
    figure.set(w=2.0)
    said = live.check_figure(figure)
    assert (figure.text, figure.png) == before
    assert said[0] == "w = 1.00, T = 5."
    assert {"w = -3.00, T = 10.", "w = 3.00, T = 2.", "w = -3.00, T = 5."} < set(said)
    assert len(said) == len(set(said)) > 20


def test_every_kind_of_control_is_moved_where_a_reader_can_move_it():
    VALUES = []

    def draw(ax, w, rate, unit, on, words):
        VALUES.append((w, rate, unit, on, words))
        ax.set(xlim=(0, 9), ylim=(0, 9))
        ax.text(0, 4, f"{w} {rate:.3g} {unit} {on} {words}")
        return f"w = {w}, rate = {rate:.3g}, {unit}, {on}, {words}."

    controls = {"w": live.slider(0, 10, at=0, step=3), "rate": live.slider(0.01, 10, at=0.1, log=True, step=0.5)}
    controls |= {"unit": live.choice("tanh", "relu", "none"), "on": live.toggle(), "words": live.text("one", "two")}
    live.check_figure(live.figure(draw, size=(4, 2), **controls))
    ws, rates, units, ons, words = map(set, zip(*VALUES, strict=True))
    assert ws <= {0, 3, 6, 9, 10} and {0, 10} < ws
    assert {0.01, 0.1, 10.0} < rates and any(math.isclose(rate, 0.1 * 10**0.5) for rate in rates)
    assert (units, ons, words) == ({"tanh", "relu", "none"}, {False, True}, {"one", "two"})


def test_the_places_come_from_the_seed():
    figure = make(size=(3, 2))
    said = [live.check_figure(figure, moves=3, seed=seed) for seed in (0, 0, 1)]
    assert said[0] == said[1] != said[2]
    assert len(live.check_figure(figure, moves=0)) < len(said[0])


@functools.cache
def doubled(w):
    return [size * w for size in SIZES]


class Scaled:
    """Drawn by an object that can be called."""

    def __call__(self, ax, w):
        ax.set(xlim=(0, 1), ylim=(0, 9))
        ax.plot([0, hypot(w, 0)])
        return f"w = {w}."


def test_functions_modules_and_constants_may_be_read():
    def draw(scale, ax, w):
        ax.set(xlim=(0, 1), ylim=(0, 9))
        ax.plot(doubled(w))
        return f"w = {scale * hypot(w, 0) + np.sin(0)}."

    live.check_figure(live.figure(functools.partial(draw, 2), w=live.slider(0, 3, at=1), size=(3, 2)), moves=2)
    live.check_figure(live.figure(Scaled(), w=live.slider(0, 3, at=1), size=(3, 2)), moves=2)


# --- bad ones -------------------------------------------------------------------------------------------------------------------


def test_what_is_random_or_depends_on_the_time_is_refused():
    noise = "draw at w = 1: the same values, but another picture than before: perhaps it is random"
    refused(of_w(lambda ax, w: ax.plot(np.random.default_rng().random(9))), noise)
    refused(of_w(lambda ax, w: ax.plot([0, 3], [0, 1e4 * time.perf_counter() % 1])), noise)


def test_a_sentence_that_is_random_is_refused():
    def draw(ax, w):
        ax.plot([0, w])
        return f"w = {w}, {np.random.default_rng().random()}."

    refused(live.figure(draw, w=live.slider(0, 3, at=1)), "another sentence than before: perhaps it is random")


def test_what_is_kept_between_frames_is_refused_by_the_name_of_where():
    def default(ax, w, seen=[]):  # noqa: B006  the slip
        seen.append(w)
        ax.plot(seen)
        return f"w = {w}."

    def constant(ax, w):
        SEEN.append(w)
        ax.plot(SEEN)
        return f"w = {w}."

    def generator(ax, w):
        ax.plot(KEPT.random(9))
        return f"w = {w}."

    for draw, where in ((default, "seen"), (constant, "SEEN"), (generator, "KEPT")):
        figure = live.figure(draw, w=live.slider(0, 3, at=1))
        refused(figure, f"another picture than before: perhaps something is kept between frames in {where}")


def test_what_is_kept_only_at_one_end_is_found_on_the_way_back():
    def draw(ax, w):
        if w == 3:
            REACHED.append(w)
        ax.set(xlim=(0, 1), ylim=(0, 9))
        ax.plot([w, w + len(REACHED)])
        return f"w = {w}."

    says = "draw at w = [0-3]: the same values, but another picture .* kept between frames in REACHED"
    refused(live.figure(draw, w=live.slider(0, 3, at=1)), says)


def counted(ax, w):
    global count
    count += 1
    ax.plot([0, w])
    return f"w = {w}."


def scaled(w):
    return factor * w


def test_what_can_change_later_is_refused_by_name():
    def through_another(ax, w):
        ax.plot([0, scaled(w)])
        return f"w = {w}."

    inner = 2.0

    def within(ax, w):
        ax.plot([inner * scale for scale in (0, w)])
        return f"w = {w}."

    cases = ((counted, "counted reads 'count'"), (through_another, "scaled reads 'factor'"), (within, "within reads 'inner'"))
    for draw, says in cases:
        figure = live.figure(draw, w=live.slider(0, 3, at=1))
        refused(figure, f"{says}, which can change later: make it a parameter or an ALL-CAPS constant")


def test_a_control_that_changes_nothing_is_refused_by_name():
    def no_picture(ax, w, T):
        line(ax, w, 5)
        return f"w = {w:.2f}, T = {T}."

    def no_sentence(ax, w, T):
        line(ax, w, T)
        return f"w = {w:.2f}."

    refused(make(no_picture), "no_picture: T does not change the picture: at 2, 4, 6, 8, 10, .*draw what T does, or leave T out")
    refused(make(no_sentence), "no_sentence: T does not change the sentence: at 2, .*say what T does, or leave T out")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (lambda ax, w: ax.set_title("a title that is much too long for a small picture"), "the text 'a title.*the right edge"),
        (lambda ax, w: ax.set_ylabel("a label that is much too long for a small picture"), "the y axis.*the (upper|lower) edge"),
        (
            lambda ax, w: ax.text(2.9, 1, "beyond") if w == 3 else None,
            "at w = 3: the text 'beyond' .* over the right edge",
        ),
        (lambda ax, w: ax.set_yticks([2], ["a long name"]) if w == 3 else None, "at w = 3: the y axis .* over the left edge"),
        (lambda ax, w: ax.plot(1, 7, "o", clip_on=False) if w == 0 else None, "draw at w = 0: a Line2D .* over the upper edge"),
    ],
    ids=["title", "label", "text", "numbers", "mark"],
)
def test_what_is_cut_off_is_refused_by_name(body, says):
    refused(of_w(body), says)


def test_what_is_clipped_to_its_axes_or_invisible_is_not_cut_off():
    def draw(ax, w):
        ax.set(xlim=(0, 3), ylim=(0, 3))
        ax.plot([-9, 9], [w, w])
        ax.text(9, 1, "beyond", clip_on=True)
        ax.text(9, 1, "hidden", visible=False)
        return f"w = {w}."

    live.check_figure(live.figure(draw, w=live.slider(0, 3, at=1), size=(3, 2)))


def test_an_error_or_a_warning_at_one_end_is_refused_with_the_values():
    advice = "Catch this case in draw, or do not let the controls reach it"
    refused(of_w(lambda ax, w: np.ones(1) / (w - 3)), f"draw at w = 3: RuntimeWarning: divide by zero .*{advice}")
    refused(of_w(lambda ax, w: warnings.warn("careful", stacklevel=1) if w == 0 else None), "draw at w = 0: UserWarning: careful")
    refused(of_w(lambda ax, w: 1 / w), "draw at w = 0: ZeroDivisionError")


def test_a_pair_that_fails_only_together_is_found_in_its_corner():
    def draw(ax, w, T):
        return f"{line(ax, w, T)} {1 / (w + 3 + T - 2):.2f}"

    refused(make(draw), r"draw at w = -3\.0, T = 2: ZeroDivisionError")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_sentence_with_a_number_that_is_none_is_refused(number):
    def draw(ax, w, number=number):
        ax.set(xlim=(0, 1), ylim=(0, 9))
        ax.plot([0, w])
        return f"w = {w}, of nancy and infinity: {number if w == 3 else 1.0:.2f}."  # the words are no numbers

    figure = live.figure(draw, w=live.slider(0, 3, at=1))
    refused(figure, f"draw at w = 3: the sentence says '{abs(number)}'")
    live.check_figure(figure, may_say=[f"{abs(number)}"], moves=0)


def test_pixels_that_are_stale_are_found(monkeypatch):
    """A fault of ours: the title changes, and the kept pixels do not know."""
    monkeypatch.setattr(Snapshot, "changes", lambda self: [])
    figure = of_w(lambda ax, w: ax.set_title(f"{w}"))
    refused(figure, "pixels differ from those of a full redraw: please report this")


# --- what cannot be checked -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, 3, line, "figure", live.slider(0, 1, at=0)])
def test_what_is_no_live_figure_is_refused(wrong):
    with pytest.raises(ValueError, match="check_figure: needs a live figure"):
        live.check_figure(wrong)


@pytest.mark.parametrize("wrong", [{"moves": -1}, {"moves": 1.5}, {"moves": True}, {"may_say": "inf"}], ids=str)
def test_options_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError, match=f"check_figure: {next(iter(wrong))} must be"):
        live.check_figure(make(), **wrong)


def test_a_closed_figure_is_refused():
    figure = make()
    figure.close()
    with pytest.raises(ValueError, match="closed"):
        live.check_figure(figure)
