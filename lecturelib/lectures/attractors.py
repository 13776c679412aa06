"""Notebook 03, attractors: two tanh units, their basins of attraction, and the gradient at a basin boundary."""

from functools import partial

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from lecturelib import expect, maps, phase_plane
from lecturelib.plots import BACKWARD, FORWARD, IDENTITY, INK, KIND, POWER, tangent
from lecturelib.probes import Called, Exercise, Unfit, floats, number, shown

# Light, so that ink reads on it; neighbours in this order differ in lightness too. Each basin also has a letter.
BASINS = [
    "#CFE3F1", "#F6D9B8", "#A9D6C5", "#E9BFD6", "#F2EBA9", "#B9BCC4", "#8FB8DE", "#E0A58A", "#C7E59B", "#C3A9DB", "#8CCFD6",
    "#D8D8D8",
]  # fmt: skip


def _square(ax, edge=1.0):
    ax.set(xlim=(-edge, edge), ylim=(-edge, edge), xlabel="$h_1$", ylabel="$h_2$", aspect="equal")


@expect.arguments(
    ax=expect.axes,
    labels=partial(expect.words, size=10**6, axes="N N", least=0),
    ends=partial(expect.numbers, axes="2 K", empty=True),
)
def basins(ax, labels, ends):
    """The basin of each start in the square -1 ... 1, as `phase_plane.basins` has it, and a letter at each attractor (2, K)."""
    _square(ax)
    colors = ListedColormap([to_rgb(color) for color in BASINS])
    if not ends.shape[1]:
        ax.text(0, 0.5, "more than 16 end points", ha="center", color=INK)
    else:
        ax.imshow(labels % len(BASINS), extent=(-1, 1, -1, 1), cmap=colors, vmin=0, vmax=len(BASINS) - 1)
    for k, (x, y) in enumerate(ends.T):
        ax.text(0.93 * x, 0.93 * y, chr(ord("A") + k), ha="center", va="center", fontweight="bold", color=INK)


@expect.arguments(ax=expect.axes, logs=expect.field)
def log_gradient(ax, logs, low=-6, high=4):
    """log10 |dh(T)/dh(0)| of each start in the square, (size, size): dark is vanishing, light exploding."""
    expect.interval(low, high, ("low", "high"))
    _square(ax)
    ax.set_title(f"gradient: dark $10^{{{low}}}$, light $10^{{{high}}}$", fontsize=10)
    ax.imshow(np.clip(logs, low, high), extent=(-1, 1, -1, 1), cmap="cividis", vmin=low, vmax=high)


@expect.arguments(ax=expect.axes, points=partial(expect.instance, kinds=(list, tuple), what="a list of Points"))
def mark_points(ax, points):
    """Mark the points of `phase_plane.fixed_points`: sinks discs, sources rings, saddles crosses, slow points squares."""
    for point in points:
        if getattr(point, "kind", None) not in KIND:
            expect.refuse("points", "a list of Points, as `phase_plane.fixed_points` gives it", points)
    for point in points:
        ax.plot(*point.h, zorder=4, clip_on=False, **KIND[point.kind])


@expect.arguments(ax=expect.axes, time=expect.axes, one=partial(expect.numbers, axes="N 2"))
def two_orbits(ax, time, one, other):
    """Two orbits (T + 1, 2) in the plane, and their distance over time as powers of ten."""
    other = expect.numbers("other", other, "N 2", N=len(one))
    for orbit, style in ((one, FORWARD), (other, BACKWARD)):
        ax.plot(*orbit.T, marker=".", markersize=5, linewidth=1.2, zorder=3, **style)
        ax.plot(*orbit[-1], marker="D", markersize=7, color=style["color"], markeredgecolor="white", zorder=5)
    ax.plot(*one[0], marker="o", markersize=9, markerfacecolor="white", color=INK, zorder=5)
    time.set(xlim=(0, 100), ylim=(-16, 1), xlabel="step t", ylabel="distance of the two")
    time.set_yticks([-15, -10, -5, 0])
    time.yaxis.set_major_formatter(POWER)
    with np.errstate(divide="ignore"):
        apart = np.log10(np.linalg.norm(one - other, axis=1))
    time.plot(np.clip(apart, -17, 1), color=INK)


@expect.arguments(ax=expect.axes, f=maps.checked_map, at=expect.number)
def unit_curve(ax, f, lo, hi, at, diagonal=False):
    """y = f(x) on [lo, hi], flats and walls named, and the tangent at `at`."""
    lo, hi = expect.interval(lo, hi)
    ax.set(xlim=(lo, hi), ylim=(-1.1, 1.1), xlabel="$h_1$" if diagonal else "$x$", ylabel="$h_2$" if diagonal else "$y$")
    x = np.linspace(lo, hi, 401)
    ax.axhline(0, **IDENTITY)
    if diagonal:
        ax.plot([lo, hi], [lo, hi], **{**IDENTITY, "linestyle": "--"})
    else:
        for place, side, says in ((0.03, "left", "vanish"), (0.97, "right", "vanish"), (0.53, "left", "explode")):
            here = f.d(lo + place * (hi - lo)) if says == "vanish" else f.d(0.0)
            if (np.abs(here) < 0.1) if says == "vanish" else (np.abs(here) > 1):
                ax.text(place, 0.42, says, transform=ax.transAxes, ha=side, color=BACKWARD["color"])
    ax.plot(x, f(x), **FORWARD)
    tangent(ax, f, at, 0.25 / np.hypot(1 / (hi - lo), f.d(at) / 2.2))


@expect.arguments(ax=expect.axes, one=partial(expect.row, least=2))
def one_unit_twice(ax, one, other):
    """One unit in two runs (T + 1,)."""
    other = expect.numbers("other", other, "N", finite=False, N=len(one))
    ax.set(xlim=(0, len(one) - 1), ylim=(-1.05, 1.05), xlabel="step t", ylabel="one unit")
    ax.axhline(0, **IDENTITY)
    ax.plot(one, linewidth=1.4, **FORWARD)
    ax.plot(other, linewidth=1.2, **BACKWARD)


@expect.arguments(
    ax=expect.axes,
    logs=partial(expect.row, least=2),
    low=partial(expect.whole, least=-1000, most=-1),
    high=partial(expect.whole, most=1000),
)
def nudge_size(ax, logs, low=-40, high=40):
    """log10 of the size of a nudge (T + 1,)."""
    ax.set(xlim=(0, len(logs) - 1), ylim=(low, high), xlabel="step t", ylabel="size of a nudge", yticks=range(low, high + 1, 20))
    ax.yaxis.set_major_formatter(POWER)
    ax.axhline(0, **IDENTITY)
    ax.plot(np.clip(logs, 2 * low, 2 * high), color=INK)


@expect.arguments(ax=expect.axes, b=expect.rising, high=expect.positive)
def losses_over_bias(ax, b, values, high):
    """Loss against the bias b for a few examples (K, M) in three line styles, or one cost (1, M)."""
    values = expect.numbers("values", values, "K N", N=len(b))
    ax.set(xlim=(b[0], b[-1]), ylim=(0, high), xlabel="hidden bias b", ylabel="loss" if len(values) > 1 else "cost")
    for value, style in zip(values, ("-", "--", ":"), strict=False):
        ax.plot(b, value, color=FORWARD["color"] if len(values) == 1 else INK, linestyle=style, linewidth=2)


# -- exercises ----------------------------------------------------------------------------------------------------------------


_FOUR = np.array([[1.8, 0.4], [-0.4, 1.8]])  # notebook 03's "four memories"


def _steepness(given):
    """0, 1, 2: the gradient over 50 steps is below 1, below 1000, above; 3: the start is near the source."""
    h = floats(given, (2,), "the answer is a start (h1, h2)")
    if not np.abs(h).max() <= 1:
        raise Unfit(f"both numbers of a start lie from -1 to 1; yours is {shown(given)}")
    if np.abs(h).max() < 0.2:
        return 3
    size = phase_plane.log_growth(_FOUR, np.zeros(2), h[:, None], 50)[0]
    return 0 if size < 0 else 1 if size < 3 else 2


def _near_fold(given):
    """A bias to two digits; those near enough to the fold are the fold."""
    b = number(-2, 2)(given)
    return 0.5328 if abs(b - 0.5328) < 0.005 else round(b, 2)


def _end(W, b, h, steps=1000):
    for _ in range(steps):
        h = np.tanh(W @ h + b)
    return h


_TWO = [[1.2, -0.6], [-0.3, 1.4]]


_SLOW = [[1.02, 0.02], [0.1, 0.5]]  # here 100 steps are too few


_STARTS = tuple(
    (np.array(W), np.array(b, dtype=float), np.array(h))
    for W, b, h in (
        (_FOUR, (0, 0), (0.3, -0.8)),
        (_FOUR, (0.1, 0.05), (-0.9, -0.2)),
        (_FOUR, (0, 0), (0.5, 0.9)),
        (_TWO, (-0.2, 0.3), (0.3, -0.8)),
        (_TWO, (0.1, 0.05), (-0.9, -0.2)),
        (_SLOW, (0, 0), (0.3, -0.8)),
    )
)


EXERCISES = {
    "fold": Exercise(
        _near_fold,
        0.5328,
        (
            (-0.533, "at b = -0.533 the right memory vanishes; the question is the left one, at b > 0."),
            (0.9575, "0.9575 is the memory itself at b = 0, a value of h. The question is the bias."),
            (0.707, "0.707 is the size of h at the fold: there 2 (1 - h^2) = 1. Now put it into tanh(2h + b) = h."),
            (-0.707, "-0.707 is h at the fold: there 2 (1 - h^2) = 1. Now put it into tanh(2h + b) = h."),
            (1, "at b = 1 the left memory is long gone. Raise b slowly from 0 and watch for one sink."),
        ),
        "With w = 2: slope 1 needs h = -1/sqrt(2), and then b = arctanh(h) - 2h = 0.5328. Doya (1993) calls it a bifurcation.",
    ),
    "steep-start": Exercise(
        _steepness,
        (-0.60086997, 1.0),
        (
            ((0.0, 0.0), "all borders meet in the source, so near it all is steep. Find a border away from the middle."),
            ((0.7265, -0.9661), "that start lies deep in a basin: its gradient vanishes. Look for the light lines."),
            ((-0.601, 1.0), "near a border, but not near enough: bisect, or ask phase_plane.boundary for a point on it."),
        ),
        "Beside a border the orbit stays near the saddle for many steps, and each multiplies the gradient by about 1.163.",
    ),
    "basin": Exercise(
        Called(_STARTS, lambda W, b, h: (2,)),
        _end,
        (
            (lambda W, b, h: _end(W, b, h, 1), "you did one step; a basin is about where the start ends, after many."),
            (lambda W, b, h: _end(W.T, b, h), "your product is h W instead of W h: the matrix is transposed."),
            (lambda W, b, h: _end(W, 0 * b, h), "you left out the bias b."),
            (lambda W, b, h: np.sign(W @ h + b), "you have the quadrant after one step; run the map until it settles."),
        ),
        "Four memories, two bits: the signs of h1 and h2 at the end.",
    ),
}
