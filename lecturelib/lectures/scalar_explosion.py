"""Notebook 01, scalar explosion: the passes of one unit, powers of a matrix, and the range of float32."""

from functools import partial
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.ticker import FixedLocator

from lecturelib import expect, maps
from lecturelib.plots import BACKWARD, DASHED, FORWARD, IDENTITY, INK, PAPER, decade_axis, fan, log10, narrow, time_axis
from lecturelib.probes import Called, Exercise, number

WORDS = "the old cat that sat by the door of the house at the end of our street slept all day".split()
BAND = {"color": IDENTITY["color"], "alpha": 0.25, "linewidth": 0}  # a grey region


@expect.arguments(ax=expect.axes, h=expect.row, steps=expect.whole, limit=expect.positive)
def forward(ax, h, steps, limit=1.2):
    """The forward pass: `h`, shape (T,), from 0 to `limit`, at t = 1..T. The axes show t = 1..`steps`."""
    time_axis(ax, steps)
    ax.set(ylim=(-0.1 * limit, limit), ylabel="$h(t)$")
    ax.axhline(0, **IDENTITY)
    shown, t = np.where(np.abs(h - limit / 2) <= limit / 2, h, np.nan), np.arange(1, len(h) + 1)
    ax.plot(t, shown, marker="o", markersize=4, **FORWARD)
    for gone in np.flatnonzero(np.isnan(shown))[:1]:
        up = h[gone] > 0
        ax.text(min(t[gone], 0.8 * steps), (0.8 if up else 0.05) * limit, f"off {'↑' if up else '↓'}", color=FORWARD["color"])


def turn(above, below, h_bar) -> None:
    """A thin line in both panels where the gradient `h_bar`, (T,), is smallest, if not at T: there w times the slope passes 1."""
    for ax in (above, below):
        ax.axvline(t := np.abs(h_bar).argmin() + 1, visible=bool(t < len(h_bar)), **IDENTITY)


@expect.arguments(ax=expect.axes, w=expect.positive, T=partial(expect.whole, least=2))
def thin_line(ax, w, T):
    """|w|^(T-1) as a function of w, and the band of w in which it stays within a factor of 10 (slides 4 and 5)."""
    decade_axis(ax, 6, r"$|w|^{T-1}$")
    ax.set(xlim=(0.5, 1.5), xlabel="recurrent weight w")
    edge = 10 ** (1 / (T - 1))
    ax.axvspan(1 / edge, edge, **BAND)
    ax.axhline(0, **IDENTITY)
    grid = np.linspace(0.5, 1.5, 201)
    ax.plot(grid, (T - 1) * np.log10(grid), color=BACKWARD["color"], linestyle=DASHED)
    _mark(ax, w, (T - 1) * np.log10(w), 6)
    ax.text(0.52, 0.3, "vanishes", color=INK)
    ax.text(1.48, 0.3, "explodes", ha="right", color=INK)
    ax.text(1, -5.7, "within ×10", ha="center", color=INK, bbox=PAPER)


def _mark(ax, x, log, limit):
    """A diamond at (x, log); an arrow at the edge where it is beyond the axis, which ends at -limit and limit."""
    marker = "D" if abs(log) <= limit else "^" if log > 0 else "v"
    ax.plot(x, np.clip(log, -limit, limit), marker=marker, markersize=8, color=INK, clip_on=False, zorder=4)


def pace_text(w: float) -> str:
    """In words how fast w^t changes with t, for w > 0: "doubles every 7.27 steps", or "stays" if w = 1."""
    if w == 1:
        return "stays"
    pace = f"{np.log(2) / abs(np.log(w)):.3g}"
    return f"{'doubles' if w > 1 else 'halves'} {'at every step' if pace == '1' else f'every {pace} steps'}"


def chain(n: int, rho: float, kappa: float) -> np.ndarray:
    """The weights of `n` units in a row: each keeps `rho` of itself and gets `kappa` of the one before it."""
    return rho * np.eye(n) + kappa * np.eye(n, k=-1)


@expect.arguments(units=expect.axes, time=expect.axes, passed=expect.field, k=partial(expect.whole, least=0))
def pulse(units, time, passed, k):
    """A gradient on its way back along a chain: `passed`, shape (steps + 1, units), and where it is after `k` steps.

    Left, the units and what each of them has; a thin line shows the most that it has had so far. Right, each unit over time as a
    thin line, and the length of the whole.
    """
    expect.whole("k", k, least=0, most=len(passed) - 1)
    n, floor = passed.shape[1], -2
    x, logs = np.arange(1, n + 1), np.maximum(log10(passed), floor - 1)
    for ax, label in ((units, "gradient at each unit"), (time, "gradient")):
        decade_axis(ax, 5, label)
        ax.yaxis.set_major_locator(FixedLocator(range(floor, 6)))
    units.set(xlim=(0.4, n + 0.6), ylim=(floor - 1.3, 5), xlabel="unit")
    units.xaxis.set_major_locator(FixedLocator(range(1, n + 1)))
    now, most = (np.maximum(row, floor) for row in (logs[k], logs[: k + 1].max(axis=0)))
    edges = (x[:, None] + (-0.3, 0.3, 0.4)).ravel()  # the third point parts the bars; `bar` would draw the ticks anew
    bars = {"where": np.arange(3 * n) % 3 < 2, "color": BACKWARD["color"], "linewidth": 0}
    units.fill_between(edges, floor, np.repeat(now, 3), **bars)
    units.hlines(np.where(most > floor, most, np.nan), x - 0.3, x + 0.3, color=INK, linewidth=1.6)
    row = np.full(n, floor - 0.65)
    shade = colormaps["cividis"](np.clip((logs[k] - floor) / (4 - floor), 0, 1))
    units.plot(x, row, color=BACKWARD["color"], linestyle="-", linewidth=1.5, zorder=1)
    units.plot(x[1:] - 0.5, row[1:], color=BACKWARD["color"], linestyle="none", marker="<", markersize=7)
    units.scatter(x, row, s=120, c=shade, edgecolors=INK, zorder=3)
    time.set(xlim=(0, len(passed) - 1), ylim=(floor, 5), xlabel="steps back k")
    time.axhline(0, **IDENTITY)
    fan(time, np.arange(len(passed)), logs.T, color=INK, linestyle="-", linewidth=0.7)
    length = log10(np.linalg.norm(passed, axis=1))
    time.plot(length, color=BACKWARD["color"], linestyle=DASHED, linewidth=2.6)
    time.plot(k, length[k], marker="D", color=INK, clip_on=length[k] < floor, zorder=4)
    peak = int(length.argmax())
    time.text(max(peak, 0.28 * len(passed)), length[peak] + 0.3, "length of the arrow", ha="center", color=BACKWARD["color"])
    if length[peak] - logs[peak, 0] < 0.1:  # or the first unit's name would hide the length
        time.text(24, logs[min(22, len(logs) - 1), -1], f"unit {n}", va="bottom", color=INK, bbox=PAPER)


@expect.arguments(ax=expect.axes, P=partial(expect.numbers, axes="N N", N=2), radius=expect.positive, sigma=expect.positive)
def ellipse(ax, P, radius, sigma):
    """What the 2 x 2 matrix `P` makes of all arrows of length 1, and the arrow that it stretches most, before and after.

    The two circles have the radius of the bounds: the powers of the spectral radius and of the largest singular value. It returns
    the length of the longest arrow.
    """
    turn = np.linspace(0, 2 * np.pi, 181)
    circle = np.array([np.cos(turn), np.sin(turn)])
    _, stretch, before = np.linalg.svd(P)
    start = before[0] * (1 if before[0].sum() > 0 else -1)
    reach, ticks = 1.8, (-1, 0, 1)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=ticks, yticks=ticks, aspect="equal")
    ax.set(xlabel="gradient at unit 1", ylabel="at unit 2")
    ax.axhline(0, **IDENTITY)
    ax.axvline(0, **IDENTITY)
    for size, style, name, at in ((radius, ":", r"$\rho^k$", -0.75), (sigma, "-.", r"$\sigma^k$", -0.25)):
        ax.plot(*(size * circle), color=INK, linestyle=style, linewidth=1.4)
        if 0.15 * reach < size < 1.3 * reach:
            ax.text(size * np.cos(at * np.pi), size * np.sin(at * np.pi), name, color=INK, ha="center", va="center", bbox=PAPER)
        elif size > reach:
            ax.text(0.97, 0.03, f"{name} = {size:.2g}: outside", transform=ax.transAxes, color=INK, ha="right", bbox=PAPER)
    ax.plot(*circle, **{**IDENTITY, "linewidth": 2.5})
    ax.plot(*(P @ circle), color=BACKWARD["color"], linestyle=DASHED, linewidth=2.6)
    for tip, color in ((start, IDENTITY["color"]), (P @ start, BACKWARD["color"])):
        arrow = {"arrowstyle": "-|>", "color": color, "linewidth": 3, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", tip, (0, 0), arrowprops=arrow)
    return stretch[0]


@expect.arguments(
    ax=expect.axes, logs=expect.row, radius=expect.positive, sigma=expect.positive, k=partial(expect.whole, least=0)
)
def norm_bounds(ax, logs, radius, sigma, k):
    """`logs`, log10 of the norm of W^k for k = 0..steps, shape (steps + 1,), between its two bounds; a mark at `k`.

    The lower bound is the k-th power of the spectral `radius`, the upper one that of the largest singular value `sigma`.
    """
    expect.whole("k", k, least=0, most=len(logs) - 1)
    decade_axis(ax, 1, r"longest arrow, $\|W^k\|$")
    all_k = np.arange(len(logs))
    ax.set(xlim=(0, 1.12 * all_k[-1]), xlabel="steps back k")
    ax.axhline(0, **IDENTITY)
    upper, lower = all_k * np.log10(sigma), all_k * np.log10(radius)
    ax.fill_between(all_k, lower, upper, **{**BAND, "alpha": 0.18})
    for line, style, label, side in ((upper, "-.", r"$\sigma^k$", 0.1), (lower, ":", r"$\rho^k$", -0.1)):
        ax.plot(all_k, line, color=INK, linestyle=style, linewidth=1.4)
        at = np.flatnonzero(np.abs(line) < 0.87).max()  # the last step at which it is on the axis
        ax.text(1.02 * at + 0.3, line[at] + side, label, color=INK, va="center", bbox=PAPER)
    ax.plot(all_k, logs, color=BACKWARD["color"], linestyle=DASHED, linewidth=2.6)
    _mark(ax, k, logs[k], 1)


def in_float32(w: float, steps: int) -> np.ndarray:
    """The product of k factors `w` for k = 0..steps as float32 holds it, each product rounded before the next."""
    with np.errstate(over="ignore", under="ignore"):  # inf and 0 are wanted here
        return np.cumprod(np.r_[1, np.full(steps, w)], dtype=np.float32)


@expect.arguments(ax=expect.axes, logs=expect.row, held=expect.row)
def float_range(ax, logs, held):
    """A gradient after k = 0, 1, ... steps back: `logs`, its true log10, and `held`, what float32 makes of it.

    Both have shape (steps + 1,). Outside the range of float32 `held` is 0 or inf. A cross marks where it has ended.
    """
    expect.numbers("held", held, "N", finite=False, N=len(logs))
    lowest, highest = np.log10(np.finfo(np.float32).smallest_subnormal), np.log10(np.finfo(np.float32).max)
    decade_axis(ax, 60, "gradient")
    steps, k = len(logs) - 1, np.arange(len(logs))
    ax.set(xlim=(0, max(steps, 1)), xlabel="steps back k")
    below, above = (lowest, -60, "below the smallest float32", -56), (highest, 60, "above the largest float32", 52)
    for edge, end, label, at in (below, above):
        ax.axhspan(edge, end, **BAND)
        ax.text(0.02 * steps, at, label, color=INK)
    ax.axhline(0, **IDENTITY)
    ax.plot(np.clip(logs, -90, 90), **IDENTITY)
    inside = (held > 0) & np.isfinite(held)
    ax.plot(k[inside], log10(held[inside]), color=BACKWARD["color"], linestyle=DASHED, linewidth=2.8)
    if (end := _end(held)) is not None:
        ax.plot(end, logs[end], marker="X", markersize=12, color=INK)


def float_text(held: np.ndarray) -> str:
    """In words what became of a gradient in float32, `held`, shape (steps + 1,): still changing, stuck, or exactly 0 or inf."""
    if (end := _end(held)) is None:
        return f"is still {held[-1]:.2g} after {len(held) - 1} steps"
    return f"is {'stuck at ' if 0 < held[-1] < 1 else 'exactly '}{held[-1]:.2g} from step {end} on"


def _end(held):
    """The step from which float32 holds one number, other than 1; None if there is none."""
    return None if held[-1] != held[-2] or held[-1] == 1 else int(np.argmax(held == held[-1]))


@expect.arguments(ax=expect.axes, size=expect.row, words=expect.texts)
def unrolled(ax, size, words):
    """An encoder that reads `words`, and a decoder that then writes. `size`, shape (T,), is the gradient at h(1)..h(T).

    The lecture's slide 3. Colour and width of the T - 1 arrows show log10 of the gradient that each passes on, from 1/30 to 30.
    """
    expect.numbers("size", size, "T", finite=False, T=len(words))
    T, small = len(words), narrow(ax)
    x = 19 / max(T - 1, 1) * np.arange(T)
    out = x[-1] + 1.6 * np.arange(1, 4)
    ax.set(xlim=(-1.8 if small else -1.3, 24.5), ylim=(-2.9, 2.4))
    ax.axis("off")
    share = np.clip(log10(size) / 3 + 0.5, 0, 1)
    shade, width = colormaps["cividis"](share), (0.5 if small else 1) * (1 + 10 * share)
    ax.hlines(0 * x[1:], x[:-1], x[1:], colors=shade[:-1], linewidths=width[:-1], zorder=1)
    middle, heads = 0.5 * (x[1:] + x[:-1]), (20 + 330 * share[:-1]) * (0.3 if small else 1)
    ax.scatter(middle, 0 * middle, s=heads, c=shade[:-1], edgecolors="white", linewidths=0.7, marker="<", zorder=2)
    for end in ((x[-1], 0), (out[2], 0), (out[0], 1.5)):
        _edge(ax, (out[0], 0), end, "#bbbbbb", 1.5)
    _edge(ax, (0, -1.2), (0, 0), "#bbbbbb", 1.5)
    ax.scatter(x, 0 * x, s=(6 if T > 10 else 16) if small else 30, c=shade, edgecolors=INK, zorder=3)
    ax.scatter(out, 0 * out, s=50 if small else 110, c="white", edgecolors=INK, marker="s", zorder=3)
    ax.plot(np.repeat([0, x[-1]], 2), [1.25, 1.45, 1.45, 1.25], color=INK, linestyle="-", linewidth=1)
    arrows = f"T - 1 = {T - 1} arrow{'s' if T > 2 else ''}"
    ax.text(0.45 * x[-1], 1.6, arrows if small else f"{arrows}, a factor w each", ha="center", color=INK)
    _name_words(ax, x, out[0], size, words)


def _name_words(ax, x, writes, size, words):
    """The words below the places `x`, the gradient above some of them, and what is written at `writes`."""
    T, small = len(words), narrow(ax)
    slant: dict[str, Any] = {"ha": "center", "va": "top"}
    if T > (6 if small else 8):
        slant = {"ha": "right", **({"rotation": 90, "va": "center", "size": 9} if small else {"rotation": 60, "va": "top"})}
    for t, word in enumerate(words):
        ax.text(x[t], -1.35, word, rotation_mode="anchor", color=INK, weight="normal" if t else "bold", **slant)
    name = "first\nFrench word" if small else "first French word"
    ax.text(writes, 1.62, name, ha="center", va="bottom", color=INK, weight="bold")
    for t in sorted({0, T // 4, T // 2, 3 * T // 4, T - 1}):
        number = f"{size[t]:.2g}" if size[t] < 100 else f"{size[t]:.0f}"
        ax.text(x[t], 0.5, number, ha="center", color=INK, size=9 if small else None)


def _edge(ax, start, end, color, width):
    """A line of the network from the point `start` to the point `end`, without arrow or rounded ends."""
    ax.plot(*zip(start, end, strict=True), color=color, linewidth=width, linestyle="-", zorder=1, solid_capstyle="butt")


# -- exercises ----------------------------------------------------------------------------------------------------------------


def _pass_back(factor):
    """A backward pass of the scalar tanh RNN with `factor(w, h, t)` for the step from t+1 back to t, where t counts from 0."""

    def backward(w, h):
        h_bar = np.ones(len(h))
        for t in reversed(range(len(h) - 1)):
            h_bar[t] = h_bar[t + 1] * factor(w, h, t)
        return h_bar

    return backward


def _by_differences(w, h, step=1e-6):
    """dh(T)/dh(t) for every t, by nudging h(t) and running the scalar tanh RNN forward, without any derivative."""

    def last(start, steps):
        return maps.orbit(maps.tanh_map(w), start, steps)[-1]

    steps = range(len(h) - 1, -1, -1)
    return np.array([(last(x + step, n) - last(x - step, n)) / (2 * step) for x, n in zip(h, steps, strict=True)])


def _factors():
    """(w, T) for the linear unit: the lecture's first, then others of both signs, among them T = 1."""
    rng = np.random.default_rng(1)
    drawn = zip(np.round(rng.uniform(0.4, 1.6, 6), 2).tolist(), rng.integers(2, 13, 6).tolist(), strict=True)
    return ((1.1, 50), (0.9, 50), (1.3, 1), *drawn, (-0.8, 4), (-1.2, 5))


def _read_off(given: Any) -> float:
    """What the figure says at w = 1.10 if that is one of the slide's two numbers; else 1, for all others get the same hint."""
    T = number(1, 1000)(given)
    said = round(1.1 ** (round(T) - 1), 1)
    return said if said in (106.7, 117.4) and abs(T - round(T)) < 0.01 else 1.0


def _whole_or_between(given: Any) -> float:
    """The probe of the length: a whole number as it is; any other is halfway between its two neighbours, 131.13 as 131.5."""
    value = number(1, 1e6)(given)
    return float(np.round(value)) if abs(value - np.round(value)) < 1e-6 else float(np.floor(value)) + 0.5


def _scales():
    """(W, gamma): weights of several sizes, far from normal, and the largest slopes of tanh, of the logistic and of a third."""
    rng = np.random.default_rng(3)
    sizes = ((2, 1.0), (3, 0.25), (4, 1.0), (2, 0.5), (5, 0.25))
    return tuple((np.round(rng.normal(0, 1, (n, n)), 2), gamma) for n, gamma in sizes)


def _scaled_by(size):
    """The scale at which `size(s W)` is 1/gamma."""
    return lambda W, gamma: 1 / (gamma * size(W))


def _runs():
    """(w, h) for the tanh unit: orbits of several lengths."""
    rng = np.random.default_rng(2)
    runs = []
    for steps in (5, 1, 2, 8, 3, 0):
        w, start = np.round(rng.uniform((0.6, 0.2), (1.6, 0.9)), 2) * rng.choice([-1, 1], 2)
        runs.append((float(w), maps.orbit(maps.tanh_map(w), start, steps)))
    return tuple(runs)


EXERCISES = {
    "slide-length": Exercise(
        _read_off,
        51,
        (
            (50, "at w = 1.10 and T = 50 the figure says 106.7. Move T until it says 117.4."),
            (1, "set w = 1.10, and move T until the sentence under the figure says 117.4."),
        ),
        "51 places have 50 arrows between them, and 1.1^50 = 117.4.",
    ),
    "exponent": Exercise(
        Called(_factors(), lambda w, T: ()),
        lambda w, T: w ** (T - 1),
        (
            (lambda w, T: w**T, "you used w^T; from step 1 to step T there are T - 1 factors, one for each step between them."),
            (lambda w, T: w**T - 1, "Python reads w ** T - 1 as (w ** T) - 1: put the exponent in brackets, w ** (T - 1)."),
            (lambda w, T: w * (T - 1), "you added up the factors; a chain of steps multiplies them."),
            (lambda w, T: w ** (T + 1), "you have T + 1 factors; from step 1 to step T there are T - 1."),
            (lambda w, T: w ** (1 - T), "the exponent has the wrong sign: for w > 1 the gradient must explode."),
        ),
        "With T = 50: 106.7 for w = 1.1, 0.005726 for w = 0.9. The slide's 117.4 and 0.00515 are w^50: one factor too many.",
    ),
    "length": Exercise(
        _whole_or_between,
        133,
        (
            (132, "132 is the number of factors. From step 1 to step T there are T - 1, so T is one more."),
            (131, "0.9^130 is still above 1e-6: how many factors are there for a T, and how many do you need?"),
            (131.5, "T - 1 > ln(1e-6) / ln(0.9) = 131.1 speaks of factors: round up to a whole number of them, then add 1."),
            (134, "0.9^132 is below 1e-6 already: one step fewer will do."),
            (132.5, "T is a whole number: round up."),
            (58, "you mixed two logarithms: log10(1e-6) = -6 goes with log10(0.9), not with ln(0.9)."),
        ),
        "0.9^132 is the first power below 1e-6.",
    ),
    "backward": Exercise(
        Called(_runs(), lambda w, h: (len(h),)),
        _by_differences,
        (
            (_pass_back(lambda w, h, t: w), "you have the weight, but not the slope of tanh at z(t+1)."),
            (
                _pass_back(lambda w, h, t: w * (1 - h[t] ** 2)),
                "you took the slope at step t. The step from t to t + 1 has its slope at z(t+1), so use h(t+1).",
            ),
            (
                lambda w, h: np.append(w * (1 - np.square(h[1:])), 1.0),
                "that is the factor of the one step from t + 1 back to t. Multiply it by h_bar[t + 1], what has arrived there.",
            ),
            (_pass_back(lambda w, h, t: w * (1 - (w * h[t]) ** 2)), "w * h[t] is z(t+1): the slope is 1 - tanh(z)^2."),
            (_pass_back(lambda w, h, t: w * (1 - h[t + 1]) ** 2), "you squared all of 1 - h(t+1): the slope is 1 - h(t+1)^2."),
            (_pass_back(lambda w, h, t: 1 - h[t + 1] ** 2), "you have the slope of tanh, but not the weight w."),
            (
                _pass_back(lambda w, h, t: w * (1 - np.tanh(h[t + 1]) ** 2)),
                "h(t+1) is tanh(z(t+1)) already: the slope is 1 - h(t+1)^2, with no second tanh.",
            ),
            (
                lambda w, h: _pass_back(lambda w, h, t: w * (1 - h[t + 1] ** 2))(w, h)[::-1],
                "the numbers are right but in reverse order: h_bar[0] belongs to step 1, and the last entry is 1.",
            ),
        ),
        "Nudging each h(t) and running the network forward gives the same numbers.",
    ),
    "scale": Exercise(
        Called(_scales(), lambda W, gamma: ()),
        _scaled_by(lambda W: np.linalg.norm(W, 2)),
        (
            (
                _scaled_by(lambda W: np.abs(np.linalg.eigvals(W)).max()),
                "you took the spectral radius: it tells how the powers end. To be sure of each step, take sigma_max.",
            ),
            (lambda W, gamma: 1 / np.abs(np.linalg.eigvals(W)).max(), "not the spectral radius, but sigma_max, and gamma too."),
            (_scaled_by(np.linalg.norm), "that is the root of the sum of all squares; take the largest singular value."),
            (_scaled_by(lambda W: np.linalg.norm(W, -2)), "you took the smallest singular value: svd gives the largest first."),
            (_scaled_by(lambda W: np.linalg.norm(W, 2) ** 2), "that is the square of the singular value: take its root."),
            (lambda W, gamma: 1 / np.linalg.norm(W, 2), "you left out gamma: at s the largest singular value of s W is 1/gamma."),
            (lambda W, gamma: 1 / gamma, "that is the bound for s W: divide it by the largest singular value of W."),
            (lambda W, gamma: gamma / np.linalg.norm(W, 2), "a flatter activation allows larger weights: divide by gamma."),
            (lambda W, gamma: np.linalg.norm(W, 2) / gamma, "the fraction is upside down: the larger sigma_max, the smaller s."),
            (lambda W, gamma: gamma * np.linalg.norm(W, 2), "that is the largest factor of one step with W. Which s makes it 1?"),
        ),
        "Below it, each step back shortens every arrow. Above it, nothing is certain.",
    ),
}
