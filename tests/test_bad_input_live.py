"""What no control, figure, prediction or watch can be made of is refused with one clear ValueError. Add a line to try another."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from lecturelib import live

INF, NAN = float("inf"), float("nan")
WRONG = [None, "a", b"a", 1j, NAN, INF, -INF, [], [1], {}, (), object(), True, Fraction(1, 2), 10**400, 1e300, np.zeros(2)]
NO_TEXT = [None, 5, 1.5, "", "  ", b"a", [], ["a"], {}, True, np.zeros(2), object()]
W = {"w": live.slider(0, 3, at=1)}
A = {"right": "a", "reason": "So."}


def draw(ax, w):
    ax.plot([0, w])
    return f"w = {w}."


def two(left, right, w):
    return f"w = {w}."


async def later(ax, w):
    return "Later."


def generated(ax, w):
    yield "A piece."


def starred(*axes, w):
    return "Many."


def open_ended(ax, **values):
    return "Many."


def by_name_only(*, ax, w):
    return "By name."


def by_place_only(ax, w, /):
    return "By place."


CALLS = {
    **{f"slider {name}={value!r:.20}": (live.slider, (), {"lo": 0, "hi": 1, "at": 0, name: value})
       for name in ("lo", "hi", "at", "step") for value in WRONG if not (name == "step" and value is None)},
    **{f"slider {name}={value!r}": (live.slider, (0, 9), {"at": 1, name: value})
       for name in ("log", "play") for value in (None, 1, 0, "yes", [])},
    "slider step 0": (live.slider, (0, 1), {"at": 0, "step": 0}),
    "slider step < 0": (live.slider, (0.0, 1.0), {"at": 0.0, "step": -0.1}),
    "slider step too fine": (live.slider, (0.0, 1.0), {"at": 0.0, "step": 1e-300}),
    "slider too short": (live.slider, (0.0, 5e-324), {"at": 0.0}),
    "slider log step too large": (live.slider, (1, 10), {"at": 1, "log": True, "step": 2}),
    "slider log too wide": (live.slider, (1e-320, 1e10), {"at": 1e-320, "log": True}),
    "slider log from 0": (live.slider, (0, 10), {"at": 1, "log": True}),
    **{f"{kind.__name__} label={value!r:.20}": (kind, arguments, {**options, "label": value})
       for kind, arguments, options in ((live.slider, (0, 1), {"at": 0}), (live.choice, ("a", "b"), {}), (live.toggle, (), {}),
                                        (live.text, ("a", "b"), {}))
       for value in NO_TEXT if value is not None},
    **{f"choice {value!r:.20}": (live.choice, ("a", value), {}) for value in NO_TEXT},
    **{f"choice at={value!r:.20}": (live.choice, ("a", "b"), {"at": value}) for value in NO_TEXT if value is not None},
    "choice of a list": (live.choice, (["a", "b"],), {}),
    "choice of nothing": (live.choice, (), {}),
    "choice twice": (live.choice, ("a", "a", "b"), {}),
    **{f"toggle {value!r:.20}": (live.toggle, (value,), {}) for value in (None, 0, 1, "on", [], np.bool_(True), np.zeros(2))},
    **{f"text {value!r:.20}": (live.text, (value, "b"), {}) for value in NO_TEXT},
    **{f"text suggests {value!r:.20}": (live.text, ("b", value), {}) for value in NO_TEXT},
    **{f"figure of {value!r:.20}": (live.figure, (value,), W) for value in (None, 5, "draw", [], {}, live)},
    "figure of a class": (live.figure, (SimpleNamespace,), W),
    "figure of min": (live.figure, (min,), W),
    "figure of a coroutine": (live.figure, (later,), W),
    "figure of a generator": (live.figure, (generated,), W),
    "figure of *axes": (live.figure, (starred,), W),
    "figure of **values": (live.figure, (open_ended,), W),
    "figure by name": (live.figure, (by_name_only,), W),
    "figure by place": (live.figure, (by_place_only,), W),
    "figure of nothing": (live.figure, (lambda: "?",), W),
    **{f"figure size={value!r:.20}": (live.figure, (draw,), {**W, "size": value})
       for value in [*WRONG, (0, 1), (8,), (8, 3, 1), (-8, 3), (NAN, 3), (8, INF), ("8", "3"), (1e9, 1), (True, 3), ([8], 3)]},
    **{f"figure layout={value!r:.20}": (live.figure, (two,), {**W, "layout": value})
       for value in (5, "left", "left;right", [], [[]], ["left", "right"], [["left"]], [["left", "right"], ["left"]], [[1, 2]],
                     [["left", ["right"]]], [["left", "right", "third"]], [["left", "right"], ["right", "left"]], W["w"])},
    **{f"figure w={value!r:.20}": (live.figure, (draw,), {"w": value}) for value in WRONG},
    **{f"pixels {value!r:.20}": (live.figure(draw, **W).pixels, (value,), {}) for value in [*WRONG, 0, 5, -1, 1.0]},
    **{f"set w={value!r:.20}": (lambda w: live.figure(draw, **W).set(w=w), (value,), {}) for value in [*WRONG, 4, -1, 1.0]},
    **{f"predict {value!r:.20}": (live.predict, (value, "a", "b"), A) for value in NO_TEXT},
    **{f"predict choice {value!r:.20}": (live.predict, ("Which?", "a", value), A) for value in NO_TEXT},
    **{f"predict right={value!r:.20}": (live.predict, ("Which?", "a", "b"), {**A, "right": value}) for value in NO_TEXT},
    **{f"predict reason={value!r:.20}": (live.predict, ("Which?", "a", "b"), {**A, "reason": value}) for value in NO_TEXT},
    **{f"choose {value!r:.20}": (live.predict("Which?", "a", "b", **A).choose, (value,), {}) for value in NO_TEXT},
    **{f"watch {value!r:.20}": (live.watch, (value,), {}) for value in (None, 5, "draw", [], min, starred, later)},
    **{f"watch size={value!r:.20}": (live.watch, (draw,), {"size": value}) for value in (None, 5, (0, 1), (8,), "83", (NAN, 3))},
    **{f"watch a run {value!r:.20}": (live.watch(draw), (value,), {}) for value in (None, 5, [], SimpleNamespace(losses=[1.0]))},
}  # fmt: skip


@pytest.mark.parametrize(("function", "arguments", "options"), CALLS.values(), ids=CALLS.keys())
def test_a_bad_call_gets_a_clear_refusal(function, arguments, options):
    with pytest.raises(ValueError) as refused:
        function(*arguments, **options)
    said = str(refused.value)
    assert type(refused.value) is ValueError and 20 < len(said) < 500 and "\n" not in said
    assert not any(word in said for word in ("math domain", "unhashable", "ambiguous", "object is not", "broadcast"))
