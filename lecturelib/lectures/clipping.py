"""Notebook 04, clipping: descent on a cliff, with and without clipping, and what clipping does to the mean gradient."""

from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import NamedTuple

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from lecturelib import costs, expect, tasks, train
from lecturelib.plots import BACKWARD, FORWARD, IDENTITY, INK, PAPER, POWER, log10, narrow
from lecturelib.probes import Called, Exercise, number

BY_VALUE = {"color": "#009E73", "linestyle": ":"}
FATES = {"neither": "#E8E8E8", "solved": "#8FB8DE", "thrown": "#F0905A"}  # dark ink reads on all of them


def _key(ax, styles, bottom=False):
    """The names of crossing lines in a corner, each after a piece of its line."""
    for k, (name, style) in enumerate(styles.items()):
        y = 0.06 + 0.09 * (len(styles) - 1 - k) if bottom else 0.95 - 0.075 * k
        ax.plot([0.03, 0.12], [y, y], transform=ax.transAxes, **{**style, "marker": "none"})
        ax.text(0.14, y, name, transform=ax.transAxes, color=style["color"], va="center", bbox=PAPER)


# -- the rule -----------------------------------------------------------------------------------------------------------------


def turn(g: np.ndarray, clipped: np.ndarray) -> float:
    """The angle between two gradients (2,), in degrees; no number changes its sign."""
    return np.degrees(abs(np.angle(complex(*g)) - np.angle(complex(*clipped))))


@expect.arguments(
    ax=expect.axes,
    gradient=partial(expect.numbers, axes="2"),
    by_norm=partial(expect.numbers, axes="2"),
    by_value=partial(expect.numbers, axes="2"),
)
def arrows(ax, gradient, by_norm, by_value):
    """A gradient (2,) and what two ways of clipping make of it, as lines from the origin."""
    ax.set(xlim=(-12, 12), ylim=(-12, 12), xlabel="$g_1$", ylabel="$g_2$", aspect="equal")
    ax.axhline(0, **IDENTITY)
    ax.axvline(0, **IDENTITY)
    styles = {"gradient": BACKWARD, "by norm": FORWARD, "by value": BY_VALUE}
    for v, style in zip((gradient, by_norm, by_value), styles.values(), strict=True):
        ax.plot([0, v[0]], [0, v[1]], **style)
        ax.plot(*v, marker="o", markersize=7, color=style["color"], clip_on=False)
    _key(ax, styles)


# -- a cliff ------------------------------------------------------------------------------------------------------------------

EXTENT = (4.0, 6.5, -4.0, -1.5)  # the plane of (w, b): left, right, bottom, top


class Descent(NamedTuple):
    """Runs of gradient descent: `path` (steps + 1, 2, ...), the points (w, b), and `cost` (steps + 1, ...), the cost at each."""

    path: np.ndarray
    cost: np.ndarray

    @property
    def longest_step(self) -> np.ndarray:
        """The length of the longest step of each run."""
        moves = np.diff(self.path, axis=0)
        return np.hypot(moves[:, 0], moves[:, 1]).max(axis=0)

    @property
    def texts(self) -> list[str]:
        """What became of each run, in words."""
        ends = zip(self.longest_step, self.cost[-1], strict=True)
        return [f"longest step {step:.2g}, cost at the end {cost:.2g}" for step, cost in ends]


def _two_runs(name, value):
    """A Descent of two runs."""
    expect.instance(name, value, Descent, "a Descent")
    expect.numbers(f"{name}.path", value.path, "T 2 2", finite=False)
    expect.numbers(f"{name}.cost", value.cost, "T 2", finite=False, T=len(value.path))
    return value


@cache
def _cost_field():
    """The cost over EXTENT: (160, 200), the lowest b first."""
    return costs.logistic_cost(np.linspace(4, 6.5, 200)[None], np.linspace(-4, -1.5, 160)[:, None])[0]


@expect.arguments(ax=expect.axes, runs=_two_runs)
def paths(ax, runs):
    """log10 of the cost over (w, b) as colour, and the paths of two runs: the first dashed, the second solid."""
    ax.set(xlim=EXTENT[:2], ylim=EXTENT[2:], xlabel="w", ylabel="b")
    ax.set_title("cost: dark $10^{-5}$, light 0.3", fontsize=10)
    field = np.log10(np.maximum(_cost_field(), 1e-6))
    ax.imshow(field, extent=EXTENT, origin="lower", aspect="auto", cmap="cividis", vmin=-5, vmax=-0.5)
    for k, style in ((1, {"color": INK, "linestyle": "-"}), (0, BACKWARD)):  # dashed last: where both agree, both are seen
        near = np.clip(runs.path[:, :, k], [EXTENT[0] - 50, EXTENT[2] - 50], [EXTENT[1] + 50, EXTENT[3] + 50])
        ax.plot(*near.T, linewidth=3.5, color="white")
        ax.plot(*near.T, marker=".", markersize=4, linewidth=1.5, **style)
        ax.plot(*near[-1], marker="D", markersize=8, color=style["color"], markeredgecolor="white", zorder=5)
    ax.plot(*runs.path[0, :, 0], marker="o", markersize=9, markerfacecolor="white", color=INK, zorder=5)


@expect.arguments(ax=expect.axes, runs=_two_runs)
def descent(ax, runs):
    """log10 of the cost along two runs: the first, without clipping, dashed; the second, with clipping, solid."""
    ax.set(xlim=(0, len(runs.cost) - 1), ylim=(-6, 0), xlabel="training step", ylabel="cost")
    ax.yaxis.set_major_formatter(POWER)
    styles = {"without clipping": BACKWARD, "with clipping": {"color": INK, "linestyle": "-"}}
    for cost, style in zip(runs.cost.T, styles.values(), strict=True):
        ax.plot(np.log10(np.maximum(cost, 1e-6)), linewidth=1.6, **style)
    _key(ax, styles, bottom=True)


@lru_cache(maxsize=256)
def fates(descend: Callable, rate: float, eta: float) -> np.ndarray:
    """What becomes of 625 starts over EXTENT: (25, 25) of 0 neither, 1 solved (cost below 0.001), 2 thrown (a step above 2).

    `descend(w, b, rate, eta)` gives a `Descent`.
    """
    w, b = np.meshgrid(np.linspace(4, 6.5, 25), np.linspace(-4, -1.5, 25))
    runs = descend(w, b, rate, eta)
    return np.where(runs.longest_step > 2, 2, runs.cost[-1] < 1e-3)


def shares(fates: np.ndarray) -> str:
    """How many starts are thrown and how many solved, to tenths: their paths are chaotic, and nothing finer is the same twice."""
    thrown, solved = (round((fates == end).mean(), 1) for end in (2, 1))
    return f"{thrown:.0%} thrown, {solved:.0%} solved"


@expect.arguments(ax=expect.axes, fates=partial(expect.words, size=3, axes="N M", least=0), title=expect.text)
def fate_map(ax, fates, title):
    """The `fates` of the starts over EXTENT, as colours."""
    ax.set(xlim=EXTENT[:2], ylim=EXTENT[2:], xlabel="w", ylabel="b")
    ax.set_title(title, fontsize=10)
    colors = ListedColormap([to_rgb(color) for color in FATES.values()])
    ax.imshow(fates, extent=EXTENT, origin="lower", aspect="auto", cmap=colors, vmin=0, vmax=2)
    places = (0.45, 0.675, 0.895) if narrow(ax) else (0.47, 0.69, 0.89)
    for x, (name, color) in zip(places, FATES.items(), strict=True):
        box = {"facecolor": color, "linewidth": 0, "pad": 2}
        ax.text(x, 1.035, name, transform=ax.transAxes, ha="center", fontsize=9, color=INK, bbox=box)


# -- many examples ------------------------------------------------------------------------------------------------------------


@cache
def latch_gradients() -> np.ndarray:
    """The gradient with respect to b of 200,000 examples of `tasks.latch`, at w = 2.5 and b = -0.4."""
    x, target = tasks.latch(np.random.default_rng(0), 200_000)
    return costs.latch_loss(x, target, 2.5, -0.4)[1]


def batch_means(eta: float) -> np.ndarray:
    """The mean gradient of each batch of 32 examples, each example clipped at `eta`: (6250,)."""
    return np.clip(latch_gradients(), -eta, eta).reshape(-1, 32).mean(axis=1)


class Sweep(NamedTuple):
    """For each threshold of `etas` (N,): the mean of the clipped gradients, and the standard deviation of a batch's mean."""

    etas: np.ndarray
    means: np.ndarray
    spreads: np.ndarray


@cache
def sweep() -> Sweep:
    """36 thresholds from 0.01 to 100,000."""
    etas = np.logspace(-2, 5, 36)
    batches = [batch_means(eta) for eta in etas]
    return Sweep(etas, np.array([means.mean() for means in batches]), np.array([means.std() for means in batches]))


@expect.arguments(ax=expect.axes, gradients=expect.row, eta=expect.positive)
def gradient_sizes(ax, gradients, eta):
    """How many gradients there are of each size, on a log scale of counts, and the threshold eta."""
    ax.set(xlim=(-8, 6), ylim=(-0.2, 4.7), xlabel="size of one example's gradient", ylabel="examples")
    ax.set(xticks=range(-8, 7, 4 if narrow(ax) else 2), yticks=range(5))
    ax.xaxis.set_major_formatter(POWER)
    ax.yaxis.set_major_formatter(POWER)
    counts, edges = np.histogram(np.clip(log10(gradients), -8, 6), bins=56, range=(-8, 6))
    ax.stairs(np.where(counts, np.log10(np.maximum(counts, 1)), -0.2), edges, baseline=-0.2, fill=True, color="#8FB8DE")
    ax.axvline(np.log10(eta), color=BACKWARD["color"], linestyle="--")
    ax.text(np.log10(eta) + 0.15, 4.4, "η", color=BACKWARD["color"], va="top")


@expect.arguments(ax=expect.axes, sweep=partial(expect.instance, kinds=Sweep, what="a Sweep"), eta=expect.positive)
def mean_and_spread(ax, sweep, eta):
    """The mean of clipped gradients and the spread of a batch's mean over the threshold, both as sizes, with a mark at eta."""
    ax.set(xlim=(-2, 5), ylim=(-4, 2), xlabel="threshold η", ylabel="size", xticks=range(-2, 6), yticks=range(-4, 3))
    ax.xaxis.set_major_formatter(POWER)
    ax.yaxis.set_major_formatter(POWER)
    x, at = np.log10(sweep.etas), np.log10(eta)
    for name, sizes, style, above in (("mean", sweep.means, FORWARD, 0.15), ("spread of a batch", sweep.spreads, BACKWARD, 0.12)):
        logs, color = log10(sizes), style["color"]
        ax.plot(x, logs, **style)
        ax.plot(at, np.interp(at, x, logs), marker="D", color=color, markersize=6, clip_on=False)
        ax.text(4.9, logs[-1] + above, name, ha="right", va="bottom", color=color, bbox=PAPER)


# -- a training run -----------------------------------------------------------------------------------------------------------


def count_solved(runs: list[train.Run]) -> int:
    """How many runs end with a median loss below 0.1 over their last 200 steps, and did not blow up."""
    return sum(bool(np.median(run.losses[-200:]) < 0.1) and not run.ended.startswith("stopped") for run in runs)


# -- exercises ----------------------------------------------------------------------------------------------------------------


def _by_global_norm(gradient, eta):
    """The gradient, a list of arrays, clipped by the norm over all of them."""
    size = np.sqrt(sum(np.sum(np.square(g)) for g in gradient))
    return [g * (eta / size) for g in gradient] if size > eta else list(gradient)


def _gradients():
    """Cases (gradient, eta): lists of one to four arrays, longer and shorter than eta, one with an array of zeros."""
    rng = np.random.default_rng(3)
    cases = [([np.array([3.0, 0.0]), np.array([[4.0], [12.0]])], 1.3)]
    for shapes in ([(3,)], [(2,), (2, 2)], [(2, 1), (3,), (1,), (1, 2)]):
        for size in (2, 0.1):
            gradient = [np.round(rng.uniform(-size, size, shape), 3) for shape in shapes]
            cases.append((gradient, round(rng.uniform(0.7, 1.3), 2)))
    return (*cases, ([np.array([0.0, 0.0]), np.array([[0.0], [50.0]])], 5.0))


NORMS = (0.31, 0.42, 0.55, 0.38, 0.47, 0.61, 0.35, 14.0, 0.44, 0.52)  # gradient norms of ten training steps


def _choice_of_eta(given):
    """How many of NORMS exceed eta, at most 2: 1 is the cliff alone."""
    eta = number(0, 1e6)(given)
    return min(sum(norm > eta for norm in NORMS), 2)


EXERCISES = {
    "clip": Exercise(
        Called(_gradients(), lambda gradient, eta: [g.shape for g in gradient]),
        _by_global_norm,
        (
            (
                lambda gradient, eta: [g * min(1, eta / max(np.linalg.norm(g), 1e-300)) for g in gradient],
                "you clipped each array by its own norm; that turns the gradient. One norm for all arrays together.",
            ),
            (
                lambda gradient, eta: [np.clip(g, -eta, eta) for g in gradient],
                "you clipped each number by itself; that turns the gradient. Scale the whole gradient by eta / |g|.",
            ),
            (
                lambda gradient, eta: [g * eta / np.sqrt(sum(np.sum(h**2) for h in gradient)) for g in gradient],
                "you also stretch short gradients to length eta; change only a gradient longer than eta.",
            ),
            (
                lambda gradient, eta: [g / max(1, np.sqrt(sum(np.sum(h**2) for h in gradient))) for g in gradient],
                "you gave long gradients length 1; give them length eta.",
            ),
            (
                lambda gradient, eta: [g * min(1, eta / sum(np.sum(h**2) for h in gradient)) for g in gradient],
                "you divided by the squared norm: take the square root.",
            ),
        ),
        "One norm over all arrays, as in train.clip_norm: the direction stays.",
    ),
    "turn": Exercise(
        lambda given: round(number(0, 360)(given)),
        45,
        (
            (
                90,
                "a step at 90 degrees would not descend, but cutting numbers keeps their signs. Try g = (1000, 1), limit 1.",
            ),
            (0, "0 is what clipping by norm does. Clipping each number turns: try g = (10, 1) with limit 1."),
            (39.3, "39.3 is the turn for g = (10, 1) with limit 1. Make the first number larger still."),
            (0.785, "that is in radians: the question asks for degrees."),
            (180, "the signs stay, so the gradient can never point backwards."),
        ),
        "From (large, 1) to (1, 1). In n dimensions the limit is arccos(1 / sqrt(n)): almost 90 degrees for large n.",
    ),
    "eta": Exercise(
        _choice_of_eta,
        1.8,
        (
            (0.4, "you clip ordinary steps too: safe, but slow. Only one norm of the ten is out of line."),
            (100, "no step would be clipped, not even the cliff with its norm of 14."),
        ),
        "It cuts only the cliff. Half to ten times the mean norm, 0.9 to 18 here, is the rule of Pascanu et al. (2013).",
    ),
}
