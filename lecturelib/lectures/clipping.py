"""Notebook 04, clipping: descent on a cliff, with and without clipping, and what clipping does to the mean gradient."""

from collections.abc import Callable
from functools import cache, lru_cache, partial

import numpy as np

from lecturelib import cells, costs, expect, jacobians, nets, plots, pretrained, tasks, train
from lecturelib.plots import BACKWARD, FORWARD, IDENTITY, INK, PAPER, POWER, decade_axis, log10, time_axis
from lecturelib.probes import Called, Exercise, number

BY_VALUE = {"color": "#009E73", "linestyle": ":"}


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


_two = partial(expect.numbers, axes="2")


@expect.arguments(whole=expect.axes, zoom=expect.axes, gradient=_two, by_norm=_two, by_value=_two, eta=expect.positive)
def arrows(whole, zoom, gradient, by_norm, by_value, eta):
    """A gradient (2,) and what two ways of clipping make of it, with the circle and the square of size eta; then enlarged."""
    angle = np.linspace(0, 2 * np.pi, 181)
    styles = {"gradient": BACKWARD, "by norm": FORWARD, "by value": BY_VALUE}
    for ax, reach in ((whole, 25), (zoom, 1.5 * eta)):
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="$g_1$", ylabel="$g_2$", aspect="equal")
        ax.axhline(0, **IDENTITY)
        ax.axvline(0, **IDENTITY)
        ax.plot(eta * np.cos(angle), eta * np.sin(angle), color=FORWARD["color"], linewidth=1)
        ax.plot(eta * np.array([-1, 1, 1, -1, -1]), eta * np.array([-1, -1, 1, 1, -1]), color=BY_VALUE["color"], linewidth=1)
        for v, style in zip((gradient, by_norm, by_value), styles.values(), strict=True):
            ax.plot([0, v[0]], [0, v[1]], **style, marker="o", markersize=7, markevery=[1])
    ticks, names = (-eta, 0, eta), ("−η", "0", "η")
    zoom.set(title="enlarged", xticks=ticks, yticks=ticks, xticklabels=names, yticklabels=names)
    arc = 0.6 * eta * np.exp(1j * np.linspace(*np.angle([complex(*by_norm), complex(*by_value)]), 40))
    zoom.plot(arc.real, arc.imag, color=INK, linewidth=1.5)
    _key(whole, styles)


# -- a cliff ------------------------------------------------------------------------------------------------------------------

STARTS = np.round(np.linspace(4.2, 5.2, 51), 2)  # w, along the valley; each start lies 0.2 above its floor
STEPS = 350
RATES = np.logspace(-2, 1, 13)
ETAS = (*np.logspace(-2, 2, 9), np.inf)  # the last: no clipping
WITHOUT = {**BACKWARD, "marker": "x", "markersize": 4}
CLIPPED = {"color": INK, "linestyle": "-"}
WITH = {**CLIPPED, "marker": ".", "markersize": 5}


def _pairs(name, value):
    """A costs.Descent of two runs, without and with clipping, from each of STARTS."""
    expect.instance(name, value, costs.Descent, "a Descent")
    expect.numbers(f"{name}.path", value.path, "T 2 2 N", finite=False, N=len(STARTS))
    expect.numbers(f"{name}.cost", value.cost, "T 2 N", finite=False, T=len(value.path), N=len(STARTS))
    return value


@expect.arguments(cost=expect.axes, gradient=expect.axes, wall=partial(expect.instance, kinds=costs.Wall, what="a Wall"))
def cut(cost, gradient, wall):
    """The cost across the valley; beside it the gradient left of the floor, in powers of ten, with the longest ones elsewhere."""
    cost.set(xlim=(-0.2, 0.2), ylim=(-0.01, 0.4), xlabel="b, from the valley's floor", ylabel="cost")
    cost.plot(wall.apart, wall.cost, **FORWARD)
    cost.plot(0, 0, marker="o", color=INK, clip_on=False)
    gradient.set(xlim=(-6, -0.7), ylim=(-3, 5), xlabel="distance left of the floor", ylabel="length of the gradient")
    for axis in (gradient.xaxis, gradient.yaxis):
        axis.set_major_formatter(POWER)
    gradient.axvspan(*log10(wall.steep), color=FORWARD["color"], alpha=0.2, linewidth=0)
    gradient.plot(*log10([costs.wall(w).tip for w in np.linspace(4, 5.2, 9)]).T, ".", color=IDENTITY["color"])
    left = wall.apart < -1e-7
    gradient.plot(log10(wall.apart[left]), log10(wall.gradient[left]), **BACKWARD)
    gradient.plot(*log10(wall.tip), marker="D", color=BACKWARD["color"])


@lru_cache(maxsize=256)
def along(descend: Callable, rate: float, eta: float) -> costs.Descent:
    """STEPS without clipping and as many clipped at eta, from each of STARTS: the last axes of the paths are (2, 51)."""
    return descend(STARTS, costs.logistic_valley(STARTS) + 0.2, rate, np.array([[np.inf], [eta]]), STEPS)


FIELD = (3.95, 5.3, -0.26, 0.42)  # w from and to, and the height above the valley's floor from and to


@cache
def _field():
    """w and the valley's floor there, (280,) each, and log10 of the cost over FIELD, (140, 280)."""
    w, height = np.linspace(*FIELD[:2], 280), np.linspace(*FIELD[2:], 140)
    floor = costs.logistic_valley(w)
    return w, floor, np.log10(np.maximum(costs.logistic_cost(w, floor + height[:, None])[0], 1e-6))


def _over_floor(path):
    """A path (steps + 1, 2) as w and the height above the floor at that w; beyond FIELD, above the floor at its end."""
    w, b = path.T
    return np.stack([w, b - np.interp(w, *_field()[:2])], axis=-1)


@expect.arguments(ax=expect.axes, runs=_pairs, w=expect.number)
def paths(ax, runs, w):
    """The two paths from the start at w over log10 of the cost, as heights over the floor; a corner says where a throw ends."""
    path = np.nan_to_num(runs.path[..., np.abs(STARTS - w).argmin()])
    ax.set(xlim=FIELD[:2], ylim=FIELD[2:], xlabel="w", ylabel="b, from the valley's floor")
    ax.imshow(_field()[2], extent=FIELD, origin="lower", aspect="auto", cmap="cividis", vmin=-4, vmax=-0.4)
    for k, style in ((0, WITHOUT | {"linewidth": 2.6}), (1, WITH | {"linewidth": 1.1})):
        near = _over_floor(np.clip(path[:, :, k], -20, 20))
        ax.plot(*near.T, linewidth=style["linewidth"] + 1.8, color="white")
        ax.plot(*near.T, **style)
    ax.plot(*near[0], marker="o", markersize=9, markerfacecolor="white", color=INK, zorder=5)
    long = np.flatnonzero(np.hypot(*np.diff(path[:, :, 0], axis=0).T) > 1)
    if len(long):
        says = "step {} throws it to w = {:.0f}, b = {:.0f}".format(long[0] + 1, *path[long[0] + 1, :, 0])
        ax.text(0.03, 0.97, says, transform=ax.transAxes, color=BACKWARD["color"], va="top", fontsize=9, bbox=PAPER)
    _key(ax, {"without clipping": WITHOUT, "with clipping": WITH}, bottom=True)


@expect.arguments(ax=expect.axes, runs=_pairs, w=expect.number, most=expect.positive)
def longest_steps(ax, runs, w, most):
    """The longest steps of both runs over STARTS, as powers of ten, a zone above 1, and a line at `most`; gives those at w."""
    ax.set(xlim=(4.17, 5.23), ylim=(-3, 5), xlabel="w of the start", ylabel="longest step")
    ax.yaxis.set_major_formatter(POWER)
    ax.axvline(w, color="#BBBBBB", linewidth=5)
    for steps, style in zip(runs.longest_step, (WITHOUT, WITH), strict=True):
        ax.plot(STARTS, log10(steps), **{**style, "linestyle": "none", "markersize": 6})
    ax.axhspan(0, 5, color="#F6D9B8", linewidth=0, zorder=0)
    ax.axhline(np.log10(most), color=INK, linewidth=1)
    for y, says in ((4.35, "thrown: longer than 1"), (np.log10(most) + 0.08, "rate · η")):
        ax.text(4.19, y, says, va="bottom", fontsize=9, color=INK, bbox=PAPER)
    return runs.longest_step[:, np.abs(STARTS - w).argmin()]


def fates(runs: costs.Descent) -> str:
    """A sentence: of ten starts how many are thrown and how many arrive, without and with clipping, about."""
    thrown, arrived = ((10 * true.mean(axis=1)).round() for true in (runs.longest_step > 1.001, runs.cost[-1] < 1e-3))
    plain, clipped = (f"{a:.0f} are thrown and {b:.0f} arrive" for a, b in zip(thrown, arrived, strict=True))
    return f"Of 10 starts about {plain}; clipped, {clipped}. A thrown run may arrive, too."


@lru_cache(maxsize=4)
def solved(descend: Callable) -> np.ndarray:
    """The share of STARTS that end with a cost below 0.001 after STEPS, for each of ETAS and RATES: (10, 13)."""
    w, b = (x.astype(np.float32) for x in (STARTS, costs.logistic_valley(STARTS) + 0.2))
    eta, rate = np.array(ETAS, np.float32)[:, None, None], RATES.astype(np.float32)[:, None]
    return (descend(w, b, rate, eta, STEPS).cost[-1] < 1e-3).mean(axis=-1)


def most_solved(solved: np.ndarray) -> str:
    """The rates with 9 of 10 starts solved, in words, from shares (13,), one for each of RATES."""
    good = RATES[solved >= 0.9]
    return f"from {good[0]:.2g} to {good[-1]:.2g}" if len(good) else "none"


_SHARES = partial(expect.numbers, axes="10 13")
_ROW = partial(expect.whole, least=0, most=len(ETAS) - 1)


@expect.arguments(ax=expect.axes, solved=_SHARES, row=_ROW)
def solved_map(ax, solved, row):
    """The share of solved starts over the rate and η, with a frame around one row, and lines where rate · η is 0.1 and 3."""
    ax.imshow(solved, origin="lower", aspect="auto", cmap="cividis_r", vmin=0, vmax=1)
    ax.set(xlabel="rate", xticks=range(0, 13, 4), xticklabels=["0.01", "0.1", "1", "10"], ylabel="threshold η")
    ax.set(yticks=(0, 2, 4, 6, 8, 9), yticklabels=["0.01", "0.1", "1", "10", "100", "none"], xlim=(-0.5, 12.5), ylim=(-0.5, 9.5))
    ax.set_title("solved: light none, dark all", fontsize=10)
    ax.axhline(8.5, color="white", linewidth=2)
    for product, x, side in ((0.1, 3.0, "right"), (3, 8.8, "left")):  # rate · η, along which both axes add up
        ends = 2 * (np.log10(product) - np.log10(RATES[[0, -1]]) + 2)
        ax.plot([0, 12], ends, color="white", linestyle="--", linewidth=2)
        ax.text(x, np.interp(x, [0, 12], ends) + 0.3, f"rate · η = {product}", fontsize=8, color=INK, ha=side, bbox=PAPER)
    ax.plot([-0.47, 12.47, 12.47, -0.47, -0.47], row + np.array([-0.47, -0.47, 0.47, 0.47, -0.47]), color=INK, linewidth=3)


@expect.arguments(ax=expect.axes, solved=_SHARES, row=_ROW)
def solved_rows(ax, solved, row):
    """The share of solved starts over the rate: one row of the map, and the row without clipping."""
    ax.set(xlim=(-2, 1), ylim=(0, 1.3), xlabel="rate", ylabel="solved", xticks=range(-2, 2), xticklabels=[0.01, 0.1, 1, 10])
    ax.set(yticks=(0, 0.5, 1))
    ax.axhline(0.9, **IDENTITY)
    ax.text(-1.95, 0.9, "9 of 10", color=INK, va="bottom", fontsize=9)
    ax.plot(np.log10(RATES), solved[row], clip_on=False, **WITH)
    ax.plot(np.log10(RATES), solved[-1], clip_on=False, **WITHOUT)
    _key(ax, {"with clipping": WITH, "without clipping": WITHOUT})


# -- many examples ------------------------------------------------------------------------------------------------------------


def ways(batches: np.ndarray, eta: float) -> np.ndarray:
    """How far 62 learners have gone after 1 to 100 batches each, in mean steps, clipped at `eta`: (62, 100).

    `batches` are the gradients of 6200 batches or more, each a number.
    """
    steps = np.clip(batches, -eta, eta)
    return np.cumsum(steps[:6200].reshape(62, 100), axis=1) / steps.mean()


@expect.arguments(ax=expect.axes, gradients=expect.row, eta=expect.positive)
def gradient_sizes(ax, gradients, eta):
    """How many gradients there are of each size, those above the threshold eta in another colour; and the mean, once clipped."""
    ax.set(xlim=(-5, 4), ylim=(-0.2, 4.2), xlabel="size of one batch's gradient", ylabel="batches")
    ax.set(xticks=range(-4, 5, 2), yticks=range(5))
    ax.xaxis.set_major_formatter(POWER)
    ax.yaxis.set_major_formatter(POWER)
    edges = np.linspace(-5, 4, 37)
    heights = np.maximum(log10(np.histogram(np.clip(log10(gradients), -5, 4), edges)[0]), -0.2)
    for values, color in ((heights, "#8FB8DE"), (np.where(edges[1:] > log10(eta) + 1e-9, heights, -0.2), "#F0A875")):
        ax.stairs(values, edges, baseline=-0.2, fill=True, color=color)
    ax.axvline(np.log10(eta), color=BACKWARD["color"], linestyle="--")
    ax.text(np.log10(eta), 4.0, " η " if eta > 999 else " η: cut", color=BACKWARD["color"], ha="right" if eta > 999 else "left")
    mean = abs(np.clip(gradients, -eta, eta).mean())
    ax.plot(log10(mean), -0.05, marker="^", markersize=11, color=INK, markeredgecolor="white", clip_on=False, zorder=5)
    ax.text(log10(mean), 0.35, "their mean", color=INK, ha="center", bbox=PAPER)


@expect.arguments(ax=expect.axes, ways=partial(expect.numbers, axes="N T"))
def walks(ax, ways):
    """The ways of learners (N, T), in mean steps, over the batch; the dotted line is a mean step for each batch."""
    T, t = ways.shape[1], np.arange(ways.shape[1] + 1)
    ax.set(xlim=(0, T), ylim=(-0.25 * T, 2.2 * T), xlabel="batch", ylabel="way gone, in mean steps at this η")
    ax.plot(t, np.vstack([np.zeros(len(ways)), ways.T]), color=FORWARD["color"], linewidth=0.9)
    ax.plot(t, t, color=INK, linestyle=":", linewidth=2.5)
    ax.text(0.02, 0.96, "dotted: the mean way", transform=ax.transAxes, color=INK, va="top", bbox=PAPER | {"alpha": 1})


# -- a training run -----------------------------------------------------------------------------------------------------------


def training(loss, norm, run):
    """A run on two axes as `plots.training` draws it, with lines at the loss of guessing and at the threshold of 0.5."""
    said = plots.training(loss, norm, run)
    plots.level(loss, np.log(4), "guessing")
    plots.level(norm, 0.5, "η = 0.5")
    return said


def ends(runs: list[train.Run]) -> np.ndarray:
    """The median loss of each run over its last 200 steps, the smallest first; inf for a run that blew up."""
    return np.sort([np.inf if run.ended.startswith("stopped") else np.median(run.losses[-200:]) for run in runs])


@expect.arguments(ax=expect.axes, eta=partial(expect.one_of, choices=("none", "5", "0.5")))
def seeds(ax, eta):
    """The losses at the end of nine stored runs at each rate, as powers of ten; gives the medians in words."""
    runs, rates = pretrained.load("clipping"), ("0.03", "0.1", "0.3", "1")
    plain, chosen = (np.array([runs[f"rate {r} η {e}"].measured["log losses"] for r in rates]) for e in ("none", eta))
    ax.set(xlim=(-0.5, 3.5), ylim=(-5.6, 1.6), xlabel="rate", ylabel="loss at the end")
    ax.set(xticks=range(4), xticklabels=rates, yticks=range(-4, 2))
    ax.yaxis.set_major_formatter(POWER)
    ax.axhline(np.log10(np.log(4)), **IDENTITY)
    ax.text(-0.45, 0.22, "guessing", color=INK, va="bottom", bbox=PAPER)
    plots.level(ax, 0.1, "learnt: below 0.1")
    names = {"median without clipping": BACKWARD} | ({f"median with η = {eta}": CLIPPED} if eta != "none" else {})
    for losses, style in zip((plain, chosen), names.values(), strict=False):
        ax.plot(range(4), np.median(losses, axis=1), **style)
    x, role = np.arange(4)[:, None] + np.linspace(-0.2, 0.2, 9), WITHOUT if eta == "none" else CLIPPED | {"marker": "o"}
    ax.plot(x.ravel(), chosen.ravel(), **role | {"linestyle": "none", "markersize": 6, "fillstyle": "none"})
    _key(ax, names, bottom=True)
    medians = [np.format_float_positional(10**x, 1, fractional=False, trim="-") for x in np.median(chosen, axis=1)]
    return ", ".join(f"{median} at {rate}" for median, rate in zip(medians, rates, strict=True))


@cache
def reach(gain: float, T: int = 60) -> tuple[float, np.ndarray]:
    """The untrained net of section 4, on one batch of T symbols: |its gradient|, and that at the state of each step (T,)."""
    rng = np.random.default_rng(0)
    readout, cell = 0.1 * rng.standard_normal((4, 32)), cells.init_rnn(rng, 4, 32, gain=gain, dtype=np.float64)
    net = nets.Net(cell, readout, np.zeros(4))
    x, labels = tasks.recall(rng, 32, T, dtype=np.float64)
    _, gradient = nets.loss(net, x, labels, error=nets.cross_entropy)
    _, y_bar = nets.cross_entropy(nets.output(net, x), labels)
    each = jacobians.gradient_norms(cell, x, y_bar @ net.W)
    return train.norm(gradient), np.linalg.norm(each[1:], axis=1)


@expect.arguments(ax=expect.axes, steps=expect.row, factor=expect.positive)
def reached(ax, steps, factor):
    """The gradient at the state of each step, as powers of ten, and what clipping makes of it: `factor` times it."""
    time_axis(ax, len(steps))
    decade_axis(ax, 15, "gradient at the state of step t")
    ax.set_ylim(-15, 13)
    ax.axhline(0, **IDENTITY)
    styles = {"without clipping": BACKWARD, "with clipping": CLIPPED}
    for logs, style in zip((log10(steps), log10(factor * steps)), styles.values(), strict=True):
        ax.plot(range(1, len(steps) + 1), logs, **style)
        ax.plot(1, logs[0], marker="<", markersize=9, color=style["color"], clip_on=False)
    _key(ax, styles)


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
    """How many norms it cuts, 2 standing for more, and whether it lies within half to ten times their mean, 0.9 to 18.05."""
    eta = number(0, 1e6)(given)
    return [min(2, sum(norm > eta for norm in NORMS)), 0.9 <= eta <= 18.05 + 1e-9]


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
            (
                lambda gradient, eta: [g * min(1, eta / sum(np.linalg.norm(h) for h in gradient)) for g in gradient],
                "you added up the norms of the arrays: add up their squares, and take the root once.",
            ),
        ),
        "One norm over all arrays, as in train.clip_norm: the direction stays.",
    ),
    "turn": Exercise(
        lambda given: round(number(0, 360)(given)),
        45,
        (
            (90, "at 90 degrees a step would not descend, but numbers that are cut keep their signs: try g = (1000, 1)."),
            (0, "0 is what clipping by norm does. Clipping each number turns: try g = (10, 1) with limit 1."),
            (39.3, "39.3 is the turn for g = (10, 1) with limit 1. Make the first number larger still."),
            (5.71, "that is the angle of (10, 1) to the axis. You need its angle to the clipped arrow, (1, 1), at most."),
            (0.785, "that is in radians: the question asks for degrees."),
            (180, "the signs stay, so the gradient can never point backwards."),
        ),
        "From (large, 1) to (1, 1). In n dimensions the limit is arccos(1 / sqrt(n)): almost 90 degrees for large n.",
    ),
    "eta": Exercise(
        _choice_of_eta,
        1.8,
        (
            (0.4, "by the rule this is too small: half the mean is 0.9. (And it would cut usual norms, too.)"),
            (0.7, "that cuts the cliff alone, but the rule asks for at least half the mean, 0.9."),
            (16, "the rule allows it, but the cliff's norm is 14: it would pass uncut."),
            (100, "no step would be clipped, not even the cliff with its norm of 14, and ten times the mean is 18."),
        ),
        "It cuts only the cliff, and is half to ten times the mean norm, 0.9 to 18. Without the cliff the mean is 0.45.",
    ),
    "rate": Exercise(
        lambda given: [3 * (eta := number(0, 1e6)(given)) <= 0.52, 3 * eta >= 0.005, eta * (eta in (0.5, 1.5, 5))],
        0.15,
        (
            (0.5, "that is the η for a rate of 1. At rate 3 its longest step is 1.5."),
            (1.5, "that is 3 times 0.5. It is rate times η that is to be 0.5: divide by the rate."),
            (5, "at rate 3 the longest step would be 15: no run with such steps learnt."),
            (0.2, "rate times η is above 0.5: no run above says that this is short enough."),
            (0.001, "short enough, but no step would be longer than 0.003, and no net gets far: try up to 0.5 / 3."),
        ),
        "rate · η is at most 0.5. A rate that was not among the four: the next cell tries it.",
    ),
}
