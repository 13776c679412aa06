"""Notebook 03, attractors: two tanh units, their basins of attraction, and the gradient at a basin boundary."""

from functools import cache, lru_cache, partial
from typing import NamedTuple

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from lecturelib import cells, costs, expect, jacobians, maps, phase_plane, plots, tasks
from lecturelib.plots import BACKWARD, FORWARD, IDENTITY, INK, KIND, PAPER, POWER, SOURCE, log10, narrow, tangent
from lecturelib.probes import Called, Exercise, Unfit, floats, number, shown

SIDE = 200  # initial states along each side of the square
NO_BIAS = np.zeros(2)
# Light, so that ink reads on it; neighbours in this order differ in lightness too. Each basin also has a letter.
BASINS = [
    "#CFE3F1", "#F6D9B8", "#A9D6C5", "#E9BFD6", "#F2EBA9", "#B9BCC4", "#8FB8DE", "#E0A58A", "#C7E59B", "#C3A9DB", "#8CCFD6",
    "#D8D8D8",
]  # fmt: skip


# -- one unit, and a chain of them --------------------------------------------------------------------------------------------


def sinks_in_words(f: maps.Map) -> str:
    """Where a tanh unit settles, such as "sinks at -0.9575 and 0.9575"; at w = 1 that is a neutral point."""
    points = maps.fixed_points(f, -1.2, 1.2)
    sinks = [f"{point.x:.4f}" for point in points if point.kind == "sink"]
    if not sinks:
        return f"no sink; the neutral point {points[0].x:.4f} attracts, but slowly"
    return f"sink{'s' * (len(sinks) > 1)} at {' and '.join(sinks)}"


@expect.arguments(web=expect.axes, line=expect.axes, f=maps.checked_map, h=expect.row)
def unit_orbit(web, line, f, h):
    """The unit's states h (T + 1,) as a cobweb, and below it where each state moves."""
    plots.cobweb(web, f, h, -1.2, 1.2)
    plots.phase_line(line, f, -1.2, 1.2, h[0])
    web.set(xlabel="$h_t$", ylabel="$h_{t+1}$")
    line.set(xlabel="$h$")


@expect.arguments(ax=expect.axes, f=maps.checked_map, at=expect.number)
def unit_curve(ax, f, lo, hi, at, diagonal=False):
    """The curve y = f(x) on [lo, hi], its tangent at `at`, and the diagonal or else the names of the flat and steep parts."""
    lo, hi = expect.interval(lo, hi)
    ax.set(xlim=(lo, hi), ylim=(-1.1, 1.1), xlabel="$h_1$" if diagonal else "$x$", ylabel="$h_2$" if diagonal else "$y$")
    x = np.linspace(lo, hi, 401)
    ax.axhline(0, **IDENTITY)
    if diagonal:
        ax.plot([lo, hi], [lo, hi], **{**IDENTITY, "linestyle": "--"})
    else:
        _name_slopes(ax, f, lo, hi)
    ax.plot(x, f(x), **FORWARD)
    tangent(ax, f, at, 0.25 / np.hypot(1 / (hi - lo), f.d(at) / 2.2))


def _name_slopes(ax, f, lo, hi):
    """Write "vanish" at an end of the interval where f is flat, and "explode" where it is steep at 0."""
    style = {"transform": ax.transAxes, "color": BACKWARD["color"]}
    for place, side in ((0.03, "left"), (0.97, "right")):
        if np.abs(f.d(lo + place * (hi - lo))) < 0.1:
            ax.text(place, 0.42, "vanish", ha=side, **style)
    if np.abs(f.d(0.0)) > 1:
        arrow = {"arrowstyle": "-|>", "color": BACKWARD["color"]}
        ax.annotate("explode", (0, 0), (0.2 * hi, -0.45), color=BACKWARD["color"], arrowprops=arrow, bbox=PAPER)


# -- two units ----------------------------------------------------------------------------------------------------------------


def portrait(W, b=NO_BIAS) -> phase_plane.Portrait:
    """The phase portrait for the recurrent weights W (2, 2), with SIDE x SIDE starts."""
    return phase_plane.portrait(W, b, SIDE)


_is_portrait = partial(expect.instance, kinds=phase_plane.Portrait, what="a Portrait, as `portrait` gives it")
_each_start = partial(expect.numbers, axes="N", finite=False, N=SIDE**2)
_orbit = partial(expect.numbers, axes="N 2")


def _square(ax):
    ax.set(xlim=(-1, 1), ylim=(-1, 1), xlabel="$h_1$", ylabel="$h_2$", aspect="equal")


@expect.arguments(ax=expect.axes, portrait=_is_portrait)
def basins(ax, portrait):
    """The basins as colours, a dot and a letter for each attracting point, or else the curve that orbits end on; fixed points."""
    _square(ax)
    colors = ListedColormap([to_rgb(color) for color in BASINS])
    if not portrait.ends.shape[1]:
        ax.plot(*portrait.late, linestyle="none", marker=".", markersize=2.5, color=FORWARD["color"])
    else:
        ax.imshow(portrait.labels % len(BASINS), extent=(-1, 1, -1, 1), cmap=colors, vmin=0, vmax=len(BASINS) - 1)
    for point in portrait.points:
        ax.plot(*point.h, zorder=4, clip_on=False, **KIND[point.kind])
    for h, k in zip(portrait.ends.T, portrait.after, strict=True):
        ax.plot(*np.transpose([h, portrait.ends[:, k]]), color=INK, linewidth=0.7, zorder=2)
    for k, h in zip(portrait.names, portrait.ends.T, strict=True):
        ax.plot(*h, marker="o", markersize=5, color=INK, clip_on=False, zorder=3)
        away = np.abs(h) == np.abs(h).max()  # from the nearest edge, and so from the saddles beside a sink
        x, y = h - (0.16 if narrow(ax) else 0.14) * away * np.sign(h)
        ax.text(x, y, chr(ord("A") + k), ha="center", va="center", fontweight="bold", color=INK, zorder=6)


@expect.arguments(ax=expect.axes, gradient=expect.axes, portrait=_is_portrait, logs=_each_start)
def basins_and_gradient(ax, gradient, portrait, logs):
    """The basins; beside them `logs`, log10 |dh(T)/dh(0)| at each of `phase_plane.grid(SIDE)`; gives their median."""
    basins(ax, portrait)
    _square(gradient)
    size = 9 if narrow(gradient) else 10
    ax.set_title("colour: the letter where a start ends", fontsize=size)
    gradient.set_title("gradient: violet $10^{-4}$, white 1, brown $10^{4}$", fontsize=size)
    gradient.imshow(np.clip(logs, -4, 4).reshape(SIDE, SIDE), extent=(-1, 1, -1, 1), cmap="PuOr_r", vmin=-4, vmax=4)
    return f"median 10^{np.median(logs):.1f}"


def neighbours(W, sinks, h, apart, on_boundary, steps=100):
    """Two orbits (steps + 1, 2) of h <- tanh(W h) whose initial states lie `apart` from each other, on both sides of h (2,).

    `on_boundary` first moves h to the boundary between its basin and that of -h: the map is odd, so -h ends at another sink.
    """
    h = np.array(h, float) if np.any(h) else np.array([1e-9, 0])  # 0 is a fixed point, and has no direction
    if on_boundary:
        h = phase_plane.boundary(W, NO_BIAS, h, -h, sinks)
    aside = apart / 2 * h / np.linalg.norm(h)
    return [phase_plane.orbit(W, NO_BIAS, start, steps) for start in (h - aside, h + aside)]


def fate(gap: np.ndarray) -> str:
    """What becomes of two states with a `gap` (T + 1,) between them over time."""
    if gap[-1] <= gap[0]:
        return "they meet"
    return f"they part, 0.1 from each other after {np.argmax(gap > 0.1)}" if gap[-1] > 0.1 else "they are about to part"


@expect.arguments(ax=expect.axes, time=expect.axes, one=_orbit)
def two_orbits(ax, time, one, other):
    """Two orbits (T + 1, 2) in the plane, and their distance over time as powers of ten."""
    other = expect.numbers("other", other, "N 2", N=len(one))
    for orbit, style in ((one, FORWARD), (other, BACKWARD)):
        ax.plot(*orbit.T, marker=".", markersize=5, linewidth=1.2, zorder=3, **style)
        ax.plot(*orbit[-1], marker="D", markersize=7, color=style["color"], markeredgecolor="white", zorder=5)
    ax.plot(*one[0], marker="o", markersize=9, markerfacecolor="white", color=INK, zorder=5)
    _decades_over_time(time, len(one), "distance of the two")
    time.set(ylim=(-16, 1), yticks=[-15, -10, -5, 0])
    time.plot(np.clip(log10(np.linalg.norm(one - other, axis=1)), -17, 1), color=INK)


@expect.arguments(ax=expect.axes, time=expect.axes, h=_orbit, border=expect.row, beside=expect.row, leaves=expect.whole)
def leaving(ax, time, h, border, beside, leaves):
    """An orbit h (T + 1, 2), its gradient `beside` the border and one on it, log10; diamonds at the step at which it `leaves`."""
    step = min(leaves, len(h) - 1)
    ax.plot(*h[step], marker="D", markersize=7, color=INK, markeredgecolor="white", zorder=6)
    ax.plot(*h.T, marker=".", markersize=5, linewidth=1.2, zorder=5, **FORWARD)
    ax.plot(*h[0], marker="o", markersize=9, markerfacecolor="white", color=INK, zorder=5, clip_on=False)
    _decades_over_time(time, len(h), "$|\\partial h(t) / \\partial h(0)|$")
    time.set(ylim=(-12, 9), yticks=range(-10, 6, 5))
    time.axhline(0, **IDENTITY)
    time.plot(step, beside[step], marker="D", markersize=7, color=INK, zorder=6)
    for logs, style, says, y in ((border, BACKWARD, "on the border", 0.93), (beside, {"color": INK}, "beside it", 0.85)):
        time.plot(logs, **style)
        time.text(0.03, y, says, transform=time.transAxes, color=style["color"], bbox=PAPER)


# -- chaos --------------------------------------------------------------------------------------------------------------------


class TwoRuns(NamedTuple):
    """Two runs of a network whose initial states differ by a millionth in each unit.

    `distance` (T + 1,) is log10 of their distance. `log_growth` (T + 1,) is log10 of the factor by which the product of the
    Jacobians along the first run stretches an infinitely small nudge in the same direction. `unit` (T + 1, 2): h_1 in both.
    """

    distance: np.ndarray
    log_growth: np.ndarray
    unit: np.ndarray


@cache
def two_runs(gain: float, seed: int) -> TwoRuns:
    """300 steps of 64 tanh units without input, their recurrent weights drawn from N(0, gain^2 / 64)."""
    rng = np.random.default_rng(seed)
    p, h0 = cells.init_rnn(rng, 1, 64, gain=gain), rng.uniform(-1, 1, (1, 64))
    one, other = (cells.unroll(p, np.zeros((300, 1, 1)), h0=h) for h in (h0, h0 + 1e-6))
    distance = log10(np.linalg.norm(other.h[:, 0] - one.h[:, 0], axis=1))
    return TwoRuns(
        distance, jacobians.growth(jacobians.along(one)[:, 0], np.ones(64)), np.hstack([one.h[:, 0, :1], other.h[:, 0, :1]])
    )


@expect.arguments(ax=expect.axes, unit=expect.axes, runs=partial(expect.instance, kinds=TwoRuns, what="TwoRuns, from `two_runs`"))
def twins(ax, unit, runs):
    """How far apart the two runs are over time, and how far the Jacobians alone would carry them; beside it unit 1 in both."""
    _decades_over_time(ax, len(runs.distance), "distance of the twins")
    ax.set(ylim=(-17, 5), yticks=range(-15, 6, 5))
    ax.plot(np.clip(runs.distance, -16, 5), linewidth=2, **FORWARD)
    ax.plot(np.clip(runs.distance[0] + runs.log_growth, -20, 8), linewidth=1.6, **BACKWARD)
    ax.text(0.98 * len(runs.distance), 3, "solid: two runs\ndashed: a nudge", ha="right", va="center", color=INK, bbox=PAPER)
    unit.set(xlim=(0, 100), ylim=(-1.05, 1.35), yticks=(-1, 0, 1), xlabel="step t", ylabel="state of unit 1")
    for states, style in zip(runs.unit.T, (FORWARD, {"color": INK, "linestyle": ":"}), strict=True):
        unit.plot(states, linewidth=1.4, **style)
    unit.text(0.02, 0.95, "solid: one run    dotted: its twin", transform=unit.transAxes, color=INK, va="center", bbox=PAPER)


def _decades_over_time(ax, count, label):
    ax.set(xlim=(0, count - 1), xlabel="step t", ylabel=label)
    ax.yaxis.set_major_formatter(POWER)


# -- cliffs -------------------------------------------------------------------------------------------------------------------

DASHES = ("-", "--", ":")  # of three examples
BIAS = np.linspace(-1.2, 1.2, 241, dtype=np.float32)  # 0.01 apart


@cache
def _examples():
    """1,100 examples of `tasks.latch`."""
    return tasks.latch(np.random.default_rng(0), 1100)


@lru_cache(maxsize=64)
def latch_losses(w: float) -> np.ndarray:
    """The loss of each of 1,100 examples of `tasks.latch` at each bias: (1100, 241) float32."""
    x, target = (a.astype(np.float32) for a in _examples())
    return costs.latch_loss(x, target, np.float32(w), BIAS[:, None])[0].T


def latched(w: float, b: float, example: int) -> np.ndarray:
    """The states h_0 ... h_12 (13,) of the unit on three examples from `example` on: (13, 3)."""
    x, h = _examples()[0][:, example : example + 3], [np.zeros(3)]
    for x_t in x:
        h.append(np.tanh(w * h[-1] + x_t + b))
    return np.array(h)


@expect.arguments(
    ax=expect.axes,
    h=partial(expect.numbers, axes="T N"),
    example=partial(expect.whole, least=0),
    unit=maps.checked_map,
)
def states_over_time(ax, h, example, unit):
    """The unit's state over time on a few examples (T + 1, K), and their targets at the end; a line at each source of `unit`."""
    steps, targets = len(h) - 1, _examples()[1]
    ax.set(xlim=(0, steps + 0.6), ylim=(-1.1, 1.7), yticks=(-1, 0, 1), xlabel="step t", ylabel="state $h_t$")
    ax.axhline(0, **IDENTITY)
    for at in [point.x for point in maps.fixed_points(unit, -1, 1) if point.kind == "source"]:
        ax.axhline(at, color=SOURCE["color"], linewidth=1.5)
        ax.text(0.8 * steps, at, "source", color=SOURCE["color"], va="center", bbox=PAPER)
    word = "" if narrow(ax) else "example "
    for k, (states, style) in enumerate(zip(h.T, DASHES, strict=False)):
        ax.plot(states, color=INK, linestyle=style, linewidth=2, label=f"{word}{example + k}")
    mark = {"marker": "_", "markersize": 11, "markeredgewidth": 3, "color": BACKWARD["color"], "linestyle": "none"}
    targets = targets[example : example + h.shape[1]]
    ax.plot(np.full(len(targets), steps + 0.3), targets, label="target", **mark)
    ax.legend(loc="upper left", ncol=4, fontsize=9, frameon=False, handlelength=1.6, columnspacing=0.8, borderpad=0)


@expect.arguments(loss=expect.axes, cost=expect.axes, values=partial(expect.numbers, axes="K N", N=len(BIAS)), at=expect.number)
def losses_and_mean(loss, cost, values, mean, at):
    """The losses of a few examples (K, 241) over the bias, and beside them the `mean` (241,) of many; thin lines at `at`."""
    mean = expect.numbers("mean", mean, "N", N=len(BIAS))
    for ax, curves, color, says in ((loss, values, INK, "loss"), (cost, [mean], FORWARD["color"], "mean loss")):
        ax.set(xlim=(BIAS[0], BIAS[-1]), ylim=(0, 3.4), xlabel="bias b", ylabel=says)
        ax.axvline(at, **IDENTITY)
        for curve, style in zip(curves, DASHES, strict=False):
            ax.plot(BIAS, curve, color=color, linestyle=style, linewidth=2)


@expect.arguments(batches=expect.axes, mean=expect.axes, slopes=expect.row, true=expect.number)
def estimates(batches, mean, slopes, true):
    """How many of the batches estimate a slope of each size, and which part of the mean they make up, signs and all.

    The sizes within half of the `true` slope are a band.
    """
    sizes = np.clip(log10(slopes), -5, 5)
    for ax, weights in ((batches, np.ones(len(slopes))), (mean, slopes)):
        ax.set(xlim=(-5, 5), ylim=(0, 0.3) if ax is batches else (-0.05, 0.45))
        ax.xaxis.set_major_formatter(POWER)
        ax.axvspan(*log10([true / 2, 1.5 * true]), color="#A9D6C5", linewidth=0)
        parts, edges = np.histogram(sizes, bins=50, range=(-5, 5), weights=weights)
        ax.stairs(parts / weights.sum(), edges, fill=True, color=BACKWARD["color"], alpha=0.8)
    batches.set_ylabel("share of batches")
    batches.text(log10(true) + 0.3, 0.26, "near the truth", color=INK, bbox=PAPER)
    mean.axhline(0, **IDENTITY)
    mean.set(xlabel="steepness that a batch finds", ylabel="part of the mean")


# -- exercises ----------------------------------------------------------------------------------------------------------------

_FOUR = np.array([[1.8, 0.4], [-0.4, 1.8]])  # the notebook's "four memories"
_STEEP_BIAS = np.array([0.02, 0.0])
_TWO = np.array([[1.2, -0.6], [-0.3, 1.4]])
_SLOW = np.array([[1.02, 0.02], [0.1, 0.5]])  # here 100 steps are too few


def _steepness(given):
    """2 for a gradient over 50 steps above 1,000. Else 3 near the source, 4 on a border of bias 0, 1 close to a border, 0 not."""
    h = floats(given, (2,), "the answer is an initial state (h1, h2)")
    if not np.abs(h).max() <= 1:
        raise Unfit(f"both numbers of an initial state lie from -1 to 1; yours is {shown(given)}")
    if np.abs(h).max() < 0.2:
        return 3
    logs = [phase_plane.log_growth(_FOUR, _STEEP_BIAS, h[:, None], T)[0] for T in range(5, 51, 5)]
    if logs[-1] > 3:
        return 2
    if phase_plane.log_growth(_FOUR, NO_BIAS, h[:, None], 50)[0] > 3:
        return 4
    return int(max(logs) > 1)


def _folds(given):
    """How many fixed points there are a little below and a little above a bias; its size, or its sign if that has no own hint."""
    b = number(-2, 2)(given)
    counts = [len(maps.fixed_points(maps.tanh_map(2.0, b + nudge), -1.5, 1.5)) for nudge in (-0.005, 0.005)]
    return [*counts, size if (size := round(abs(b), 2)) in (0.71, 0.96) else 1 if b >= 0 else -1]


def _end(W, b, h, steps=1000):
    """The state (2,) after `steps` steps of h <- tanh(W h + b)."""
    return phase_plane.run(W, b, h[:, None], steps)[:, 0]


_STARTS = tuple(
    (W.copy(), np.array(b, dtype=float), np.array(h))
    for W, b, h in (
        *((_FOUR, (0, 0), (0.3, -0.8)), (_FOUR, (0.1, 0.05), (-0.9, -0.2)), (_FOUR, (0, 0), (0.5, 0.9))),
        *((_TWO, (-0.2, 0.3), (0.3, -0.8)), (_TWO, (0.1, 0.05), (-0.9, -0.2)), (_SLOW, (0, 0), (0.3, -0.8))),
    )
)


EXERCISES = {
    "fold": Exercise(
        _folds,
        0.5328,
        (
            (-0.533, "at b = -0.533 the right memory vanishes; the question is the left one, at b > 0."),
            (0.9575, "0.9575 is the memory itself at b = 0, a value of h. The question is the bias."),
            (0.707, "0.707 is the size of h at the fold: there 2 (1 - h^2) = 1. Now put it into tanh(2h + b) = h."),
            (0.5, "at this b the left memory is still there: two sinks. Raise b until only one is left."),
            (1, "at this b the left memory is gone already: only one sink is left. Lower b until it is back."),
        ),
        "With w = 2: slope 1 needs h = -1/sqrt(2), and then b = arctanh(h) - 2h = 0.5328. Doya (1993) calls it a bifurcation.",
    ),
    "steep-start": Exercise(
        _steepness,
        (1.0, 0.603139),
        (
            ((0.0, 0.0), "all boundaries meet at the source: it is steep all around. Find a boundary away from the middle."),
            ((0.7265, -0.9661), "over 50 steps the gradient vanishes from there, and it never exceeds 10: no border is near."),
            ((-0.60086997, 1.0), "that state lies on a border of b = (0, 0). The bias moves the borders: bisect with the new b."),
            ((1.0, 0.6), "a border is near: the gradient exceeds 10 on the way, then the orbit leaves it. Bisect further."),
        ),
        "Close to a boundary the orbit stays near a saddle for many steps, and each multiplies the gradient by more than 1.",
    ),
    "basin": Exercise(
        Called(_STARTS, lambda W, b, h: (2,)),
        _end,
        (
            (lambda W, b, h: _end(W, b, h, 1), "you ran one step; a basin is about where the orbit ends, after many steps."),
            (lambda W, b, h: h, "your function returns the start: assign each new state to h."),
            (lambda W, b, h: _end(W.T, b, h), "you computed h W instead of W h: that transposes the matrix."),
            (lambda W, b, h: _end(W, 0 * b, h), "you left out the bias b."),
            (lambda W, b, h: _end(W, W @ b, h - b) + b, "you added b after the tanh; it stands inside, beside W h."),
            (lambda W, b, h: _end(W, W @ b, h), "you multiplied b by W too: W (h + b) instead of W h + b."),
            (lambda W, b, h: np.sign(W @ h + b), "you took the quadrant after one step; run the map until it settles."),
        ),
        "Four memories hold two bits: the signs of h1 and h2 at the end.",
    ),
}
