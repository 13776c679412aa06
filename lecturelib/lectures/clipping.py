"""Notebook 04, clipping: descent on a cliff, with and without clipping, and what clipping does to the mean gradient."""

from functools import partial

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from lecturelib import expect
from lecturelib.plots import BACKWARD, FORWARD, IDENTITY, INK, PAPER, POWER
from lecturelib.probes import Called, Exercise, number

FATES = ["#E8E8E8", "#8FB8DE", "#F0905A"]  # neither, solved, thrown: dark ink reads on all of them


def _extent(name, value):
    """(left, right, bottom, top) of a plane."""
    left, right, bottom, top = expect.numbers(name, value, "4")
    if not (left < right and bottom < top):
        raise ValueError(f"{name} must be (left, right, bottom, top), not {value}")
    return value


def _arrow(name, value):
    """(vector (2,), style)."""
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[1], dict) or "color" not in value[1]:
        expect.refuse(name, "(vector, style), the style with a color", value)
    return expect.numbers(name, value[0], "2"), value[1]


def _key(ax, styles, bottom=False):
    """The names of crossing lines in a corner, each after a piece of its line."""
    for k, (name, style) in enumerate(styles.items()):
        y = 0.06 + 0.09 * (len(styles) - 1 - k) if bottom else 0.95 - 0.075 * k
        ax.plot([0.03, 0.12], [y, y], transform=ax.transAxes, **{**style, "marker": "none"})
        ax.text(0.14, y, name, transform=ax.transAxes, color=style["color"], va="center", bbox=PAPER)


@expect.arguments(ax=expect.axes, cost=expect.field, extent=_extent, runs=partial(expect.numbers, axes="2 N 2", finite=False))
def paths(ax, cost, extent, runs):
    """log10 of a cost over (w, b) as colour, and the paths (steps, 2) of two runs: the first dashed, the second solid."""
    ax.set(xlim=extent[:2], ylim=extent[2:], xlabel="w", ylabel="b")
    ax.set_title("cost: dark $10^{-5}$, light 0.3", fontsize=10)
    ax.imshow(np.log10(np.maximum(cost, 1e-6)), extent=extent, origin="lower", aspect="auto", cmap="cividis", vmin=-5, vmax=-0.5)
    for k, style in ((1, {"color": INK, "linestyle": "-"}), (0, BACKWARD)):  # dashed last: where both agree, both are seen
        near = np.clip(runs[k], [extent[0] - 50, extent[2] - 50], [extent[1] + 50, extent[3] + 50])
        ax.plot(*near.T, linewidth=3.5, color="white")
        ax.plot(*near.T, marker=".", markersize=4, linewidth=1.5, **style)
        ax.plot(*near[-1], marker="D", markersize=8, color=style["color"], markeredgecolor="white", zorder=5)
    ax.plot(*runs[0][0], marker="o", markersize=9, markerfacecolor="white", color=INK, zorder=5)


@expect.arguments(ax=expect.axes, costs=expect.field, names=expect.texts)
def descent(ax, costs, names):
    """log10 of the cost along some runs (K, steps): the first dashed, the second solid."""
    expect.numbers("costs", costs, "K N", finite=False, K=len(names))
    if costs.shape[1] < 2:
        raise ValueError(f"costs must have at least two steps, not shape {costs.shape}")
    ax.set(xlim=(0, costs.shape[1] - 1), ylim=(-6, 0), xlabel="training step", ylabel="cost")
    ax.yaxis.set_major_formatter(POWER)
    styles = {}
    for cost, name, style in zip(costs, names, (BACKWARD, {"color": INK, "linestyle": "-"}), strict=False):
        ax.plot(np.log10(np.maximum(cost, 1e-6)), linewidth=1.6, **style)
        styles[name] = style
    _key(ax, styles, bottom=True)


@expect.arguments(ax=expect.axes, fates=partial(expect.words, size=3, axes="N M", least=0), extent=_extent, title=expect.text)
def fates(ax, fates, extent, title):
    """A map of starts in the (w, b) plane by what became of a run from each: 0 neither, 1 solved, 2 thrown."""
    ax.set(xlim=extent[:2], ylim=extent[2:], xlabel="w", ylabel="b")
    ax.set_title(title, fontsize=10)
    colors = ListedColormap([to_rgb(color) for color in FATES])
    ax.imshow(fates, extent=extent, origin="lower", aspect="auto", cmap=colors, vmin=0, vmax=2)
    for fate, (x, name) in enumerate(((0.47, "neither"), (0.69, "solved"), (0.89, "thrown"))):
        box = {"facecolor": FATES[fate], "linewidth": 0, "pad": 2}
        ax.text(x, 1.035, name, transform=ax.transAxes, ha="center", fontsize=9, color=INK, bbox=box)


@expect.arguments(ax=expect.axes, arrows=partial(expect.named, check=_arrow), reach=expect.positive)
def arrows(ax, arrows, reach):
    """Lines from the origin, by name: (vector (2,), style)."""
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="$g_1$", ylabel="$g_2$", aspect="equal")
    ax.axhline(0, **IDENTITY)
    ax.axvline(0, **IDENTITY)
    for v, style in arrows.values():
        ax.plot([0, v[0]], [0, v[1]], **style)
        ax.plot(*v, marker="o", markersize=7, color=style["color"], clip_on=False)
    _key(ax, {name: style for name, (_, style) in arrows.items()})


@expect.arguments(ax=expect.axes, logs=expect.row, eta=expect.positive)
def gradient_sizes(ax, logs, eta):
    """How often the log10 of a gradient's size has each value, on a log scale of counts, and the threshold eta."""
    ax.set(xlim=(-8, 6), ylim=(-0.2, 4.7), xlabel="size of one example's gradient", ylabel="examples")
    ax.set(xticks=range(-8, 7, 2), yticks=range(5))
    ax.xaxis.set_major_formatter(POWER)
    ax.yaxis.set_major_formatter(POWER)
    counts, edges = np.histogram(np.clip(logs, -8, 6), bins=56, range=(-8, 6))
    ax.stairs(np.where(counts, np.log10(np.maximum(counts, 1)), -0.2), edges, baseline=-0.2, fill=True, color="#8FB8DE")
    ax.axvline(np.log10(eta), color=BACKWARD["color"], linestyle="--")
    ax.text(np.log10(eta) + 0.15, 4.4, "η", color=BACKWARD["color"], va="top")


@expect.arguments(ax=expect.axes, etas=expect.rising, means=expect.row, spreads=expect.row, eta=expect.positive)
def mean_and_spread(ax, etas, means, spreads, eta):
    """The mean of clipped gradients and the spread of a batch's mean, both as sizes, over the threshold; a mark at eta."""
    etas, means, spreads = (
        expect.numbers(name, a, "N", N=len(etas)) for name, a in (("etas", etas), ("means", means), ("spreads", spreads))
    )
    if etas[0] <= 0:
        expect.refuse("etas", "positive numbers", etas)
    ax.set(xlim=(-2, 5), ylim=(-4, 2), xlabel="threshold η", ylabel="size", xticks=range(-2, 6), yticks=range(-4, 3))
    ax.xaxis.set_major_formatter(POWER)
    ax.yaxis.set_major_formatter(POWER)
    lines = {"mean": (means, FORWARD), "spread of a batch": (spreads, BACKWARD)}
    for name, (values, style) in lines.items():
        logs = np.log10(np.abs(values))
        ax.plot(np.log10(etas), logs, **style)
        ax.plot(
            np.log10(eta),
            np.interp(np.log10(eta), np.log10(etas), logs),
            marker="D",
            color=style["color"],
            markersize=6,
            clip_on=False,
        )
        ax.text(
            4.9, logs[-1] + (0.15 if name == "mean" else 0.12), name, ha="right", va="bottom", color=style["color"], bbox=PAPER
        )


# -- exercises ----------------------------------------------------------------------------------------------------------------


def _by_global_norm(gradient, eta):
    size = np.sqrt(sum(np.sum(np.square(g)) for g in gradient))
    return [g * (eta / size) for g in gradient] if size > eta else list(gradient)


def _gradients():
    """(gradient, eta): lists of one to four arrays, long and short ones, and some with an array of zeros."""
    rng = np.random.default_rng(3)
    cases = [([np.array([3.0, 0.0]), np.array([[4.0], [12.0]])], 1.3)]
    for shapes in ([(3,)], [(2,), (2, 2)], [(2, 1), (3,), (1,), (1, 2)]):
        for size in (2, 0.1):
            gradient = [np.round(rng.uniform(-size, size, shape), 3) for shape in shapes]
            cases.append((gradient, round(rng.uniform(0.7, 1.3), 2)))
    return (*cases, ([np.array([0.0, 0.0]), np.array([[0.0], [50.0]])], 5.0))


NORMS = (0.31, 0.42, 0.55, 0.38, 0.47, 0.61, 0.35, 14.0, 0.44, 0.52)  # of ten steps in notebook 04's exercise


def _choice_of_eta(given):
    """How many of NORMS are longer than eta: 1 is the cliff alone."""
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
                "you clipped each number by itself; that turns the gradient. Scale all of it by eta / |g|.",
            ),
            (
                lambda gradient, eta: [g * eta / np.sqrt(sum(np.sum(h**2) for h in gradient)) for g in gradient],
                "you stretch short gradients to eta as well; only a gradient longer than eta is changed.",
            ),
            (
                lambda gradient, eta: [g / max(1, np.sqrt(sum(np.sum(h**2) for h in gradient))) for g in gradient],
                "you made long gradients 1 long; make them eta long.",
            ),
            (
                lambda gradient, eta: [g * min(1, eta / sum(np.sum(h**2) for h in gradient)) for g in gradient],
                "you divided by the squared norm: take the root.",
            ),
        ),
        "One norm over all arrays, as train.clip_norm does: the direction stays.",
    ),
    "turn": Exercise(
        lambda given: round(number(0, 360)(given)),
        45,
        (
            (
                90,
                "at 90 degrees no descent would be left, but cutting numbers keeps their signs. Try g = (1000, 1), limit 1.",
            ),
            (0, "0 is what clipping by norm does. Clipping each number turns: try g = (10, 1) with limit 1."),
            (39.3, "39.3 is the turn for g = (10, 1) with limit 1. Make the first number larger still."),
            (0.785, "that is in radians: the question is in degrees."),
            (180, "the signs stay, so it can never point backwards."),
        ),
        "From (large, 1) to (1, 1). In n dimensions the turn comes near arccos(1 / sqrt(n)): almost 90 degrees for large n.",
    ),
    "eta": Exercise(
        _choice_of_eta,
        1.8,
        (
            (0.4, "you clip ordinary steps too: safe, but slow. Only one norm of the ten is out of line."),
            (100, "no step would be clipped, not even the cliff of 14."),
        ),
        "It cuts the cliff alone. Half to ten times the mean norm, 0.9 to 18 here, is the rule of Pascanu et al. (2013).",
    ),
}
