"""Pictures of planes: basins, gradients and costs as colour, and the paths on them. Roles and colours are those of `plots`."""

from functools import partial

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from lecturelib import expect
from lecturelib.plots import BACKWARD, FORWARD, IDENTITY, INK, MAP, PAPER, POWER, SINK, SOURCE

__all__ = [
    "against_eta", "basins", "curve", "descent", "gradient", "histogram", "kinds", "losses", "nudge", "pair", "paths", "starts",
    "twins", "vectors",
]  # fmt: skip

# Light, so that ink reads on it; neighbours in this order differ in lightness too. Each basin also has a letter.
BASINS = [
    "#CFE3F1",
    "#F6D9B8",
    "#A9D6C5",
    "#E9BFD6",
    "#F2EBA9",
    "#B9BCC4",
    "#8FB8DE",
    "#E0A58A",
    "#C7E59B",
    "#C3A9DB",
    "#8CCFD6",
    "#D8D8D8",
]
FATES = ["#E8E8E8", "#8FB8DE", "#F0905A"]  # neither, solved, thrown: dark ink reads on all of them
SADDLE = {"marker": "X", "color": INK, "markersize": 10, "linestyle": "none", "markeredgecolor": "white"}
SLOW = {"marker": "s", "color": "#767676", "markersize": 8, "linestyle": "none", "fillstyle": "none", "markeredgewidth": 2}
KIND = {"sink": SINK, "source": SOURCE, "saddle": SADDLE, "slow": SLOW}


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


def _square(ax, edge=1.0):
    ax.set(xlim=(-edge, edge), ylim=(-edge, edge), xlabel="$h_1$", ylabel="$h_2$", aspect="equal")


def _key(ax, styles, bottom=False):
    """The names of crossing lines in a corner, each after a piece of its line."""
    for k, (name, style) in enumerate(styles.items()):
        y = 0.06 + 0.09 * (len(styles) - 1 - k) if bottom else 0.95 - 0.075 * k
        ax.plot([0.03, 0.12], [y, y], transform=ax.transAxes, **{**style, "marker": "none"})
        ax.text(0.14, y, name, transform=ax.transAxes, color=style["color"], va="center", bbox=PAPER)


@expect.arguments(
    ax=expect.axes,
    labels=partial(expect.words, size=10**6, axes="N N", least=0),
    ends=partial(expect.numbers, axes="2 K", empty=True),
)
def basins(ax, labels, ends):
    """The basin of each start in the square -1 ... 1, as `planes.basins` has it, and a letter at each attractor (2, K)."""
    _square(ax)
    colors = ListedColormap([to_rgb(color) for color in BASINS])
    if not ends.shape[1]:
        ax.text(0, 0.5, "more than 16 end points", ha="center", color=INK)
    else:
        ax.imshow(labels % len(BASINS), extent=(-1, 1, -1, 1), cmap=colors, vmin=0, vmax=len(BASINS) - 1)
    for k, (x, y) in enumerate(ends.T):
        ax.text(0.93 * x, 0.93 * y, chr(ord("A") + k), ha="center", va="center", fontweight="bold", color=INK)


@expect.arguments(ax=expect.axes, logs=expect.field)
def gradient(ax, logs, low=-6, high=4):
    """log10 |dh(T)/dh(0)| of each start in the square, (size, size): dark is vanishing, light exploding."""
    expect.interval(low, high, ("low", "high"))
    _square(ax)
    ax.set_title(f"gradient: dark $10^{{{low}}}$, light $10^{{{high}}}$", fontsize=10)
    ax.imshow(np.clip(logs, low, high), extent=(-1, 1, -1, 1), cmap="cividis", vmin=low, vmax=high)


@expect.arguments(ax=expect.axes, points=partial(expect.instance, kinds=(list, tuple), what="a list of Points"))
def kinds(ax, points):
    """Fixed and slow points, as `planes.points` gives them: sinks discs, sources rings, saddles crosses, slow ones squares."""
    for point in points:
        if getattr(point, "kind", None) not in KIND:
            expect.refuse("points", "a list of Points, as `planes.points` gives it", points)
    for point in points:
        ax.plot(*point.h, zorder=4, clip_on=False, **KIND[point.kind])


@expect.arguments(ax=expect.axes, time=expect.axes, one=partial(expect.numbers, axes="N 2"))
def pair(ax, time, one, other):
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


@expect.arguments(ax=expect.axes, f=MAP, at=expect.number)
def curve(ax, f, lo, hi, at, diagonal=False):
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
    slope, y = f.d(at), f(at)
    reach = 0.25 / np.hypot(1 / (hi - lo), slope / 2.2)
    ax.plot([at - reach, at + reach], [y - reach * slope, y + reach * slope], color=BACKWARD["color"], linewidth=3)
    ax.plot(at, y, marker="D", color=INK, zorder=4)


@expect.arguments(ax=expect.axes, one=partial(expect.row, least=2))
def twins(ax, one, other):
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
def nudge(ax, logs, low=-40, high=40):
    """log10 of the size of a nudge (T + 1,)."""
    ax.set(xlim=(0, len(logs) - 1), ylim=(low, high), xlabel="step t", ylabel="size of a nudge", yticks=range(low, high + 1, 20))
    ax.yaxis.set_major_formatter(POWER)
    ax.axhline(0, **IDENTITY)
    ax.plot(np.clip(logs, 2 * low, 2 * high), color=INK)


@expect.arguments(ax=expect.axes, b=expect.rising, high=expect.positive)
def losses(ax, b, values, high):
    """Loss against the bias b for a few examples (K, M) in three line styles, or one cost (1, M)."""
    values = expect.numbers("values", values, "K N", N=len(b))
    ax.set(xlim=(b[0], b[-1]), ylim=(0, high), xlabel="hidden bias b", ylabel="loss" if len(values) > 1 else "cost")
    for value, style in zip(values, ("-", "--", ":"), strict=False):
        ax.plot(b, value, color=FORWARD["color"] if len(values) == 1 else INK, linestyle=style, linewidth=2)


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
def starts(ax, fates, extent, title):
    """A map of starts in the (w, b) plane by what became of a run from each: 0 neither, 1 solved, 2 thrown."""
    ax.set(xlim=extent[:2], ylim=extent[2:], xlabel="w", ylabel="b")
    ax.set_title(title, fontsize=10)
    colors = ListedColormap([to_rgb(color) for color in FATES])
    ax.imshow(fates, extent=extent, origin="lower", aspect="auto", cmap=colors, vmin=0, vmax=2)
    for fate, (x, name) in enumerate(((0.47, "neither"), (0.69, "solved"), (0.89, "thrown"))):
        box = {"facecolor": FATES[fate], "linewidth": 0, "pad": 2}
        ax.text(x, 1.035, name, transform=ax.transAxes, ha="center", fontsize=9, color=INK, bbox=box)


@expect.arguments(ax=expect.axes, arrows=partial(expect.named, check=_arrow), reach=expect.positive)
def vectors(ax, arrows, reach):
    """Lines from the origin, by name: (vector (2,), style)."""
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="$g_1$", ylabel="$g_2$", aspect="equal")
    ax.axhline(0, **IDENTITY)
    ax.axvline(0, **IDENTITY)
    for v, style in arrows.values():
        ax.plot([0, v[0]], [0, v[1]], **style)
        ax.plot(*v, marker="o", markersize=7, color=style["color"], clip_on=False)
    _key(ax, {name: style for name, (_, style) in arrows.items()})


@expect.arguments(ax=expect.axes, logs=expect.row, eta=expect.positive)
def histogram(ax, logs, eta):
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
def against_eta(ax, etas, means, spreads, eta):
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
