"""Notebook 01, scalar explosion: the forward and the backward pass of one unit, and the range of float32."""

from functools import partial

import numpy as np
from matplotlib import colormaps

from lecturelib import expect, maps
from lecturelib.plots import BACKWARD, DASHED, FORWARD, IDENTITY, INK, PAPER, decade_axis, log10, narrow, time_axis
from lecturelib.probes import Called, Exercise, number

WORDS = "the old cat that sat by the door of the house at the end of our street slept all day".split()
BAND = {"color": IDENTITY["color"], "alpha": 0.25, "linewidth": 0}  # a grey region


@expect.arguments(ax=expect.axes, h=expect.row, steps=expect.whole, limit=expect.positive)
def forward(ax, h, steps, limit=1.2):
    """The forward pass: `h`, shape (T,), at t = 1..T. The axes show t = 1..`steps` and values from -limit to limit."""
    time_axis(ax, steps)
    ax.set(ylim=(-limit, limit), ylabel="$h(t)$")
    ax.axhline(0, **IDENTITY)
    shown = np.where(np.abs(h) <= limit, h, np.nan)
    t = np.arange(1, len(h) + 1)
    ax.plot(t, shown, marker="o", markersize=4, **FORWARD)
    if np.isnan(shown).any():
        gone = int(np.argmax(np.isnan(shown)))
        up = h[gone] > 0
        ax.text(min(t[gone], 0.8 * steps), (0.8 if up else -0.9) * limit, f"off {'↑' if up else '↓'}", color=FORWARD["color"])


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
    ax.plot(w, np.clip((T - 1) * np.log10(w), -6, 6), marker="D", color=INK, clip_on=False)
    ax.text(0.52, 0.3, "vanishes", color=INK)
    ax.text(1.48, 0.3, "explodes", ha="right", color=INK)
    ax.text(1, -5.7, "within ×10", ha="center", color=INK, bbox=PAPER)


def pace_text(w: float) -> str:
    """In words how fast w^t changes with t, for w > 0: "doubles every 7.27 steps", or "stays" if w = 1."""
    if w == 1:
        return "stays"
    return f"{'doubles' if w > 1 else 'halves'} every {np.log(2) / abs(np.log(w)):.3g} steps"


@expect.arguments(ax=expect.axes, logs=expect.row, radius=expect.positive, sigma=expect.positive)
def norm_bounds(ax, logs, radius, sigma):
    """`logs`, log10 of the norm of W^k for k = 0..T, shape (T + 1,), and its two bounds.

    The lower bound is the k-th power of the spectral `radius`, the upper one that of the largest singular value `sigma`.
    """
    if len(logs) > 201:
        raise ValueError(f"logs must hold at most 201 numbers, k = 0 to 200, not {len(logs)}")
    decade_axis(ax, 6, r"$\|W^k\|$")
    k = np.arange(201)
    ax.set(xlim=(0, 200), xlabel="steps back k")
    ax.axhline(0, **IDENTITY)
    upper, lower = k * np.log10(sigma), k * np.log10(radius)
    ax.fill_between(k, lower, upper, **{**BAND, "alpha": 0.18})
    ax.plot(k[: len(logs)], logs, color=BACKWARD["color"], linestyle=DASHED, linewidth=2.6)
    labels = r"$\sigma_{max}^k$, largest singular value", r"$\rho^k$, spectral radius"
    for line, label, style, up in zip((upper, lower), labels, ("-.", ":"), (1, -1), strict=True):
        ax.plot(k, line, color=INK, linestyle=style, linewidth=1.4)
        at = int(0.6 * np.flatnonzero(np.abs(line) < 5).max())
        right = at < 60  # a steep line leaves no room on its left
        ha, shift = ("left", 4) if right else ("right", -4)
        label = label.split(",")[0] if narrow(ax) else label
        ax.text(k[at] + shift, line[at] + 0.5 * up, label, ha=ha, va="center", color=INK, bbox=PAPER)


@expect.arguments(ax=expect.axes, logs=expect.row, held=expect.row)
def float_range(ax, logs, held):
    """A gradient after k = 0, 1, ... steps back: `logs`, its true log10, and `held`, what float32 makes of it.

    Both have shape (steps + 1,). Outside the range of float32 `held` is 0 or inf. A cross marks where the two part.
    """
    expect.numbers("held", held, "N", finite=False, N=len(logs))
    lowest, highest = np.log10(np.finfo(np.float32).smallest_subnormal), np.log10(np.finfo(np.float32).max)
    decade_axis(ax, 60, "gradient")
    steps = len(logs) - 1
    k = np.arange(steps + 1)
    ax.set(xlim=(0, max(steps, 1)), xlabel="steps back k")
    below, above = (lowest, -60, "below the smallest float32", -56), (highest, 60, "above the largest float32", 52)
    for edge, end, label, at in (below, above):
        ax.axhspan(edge, end, **BAND)
        ax.text(0.02 * steps, at, label, color=INK)
    ax.axhline(0, **IDENTITY)
    in_range = (held > 0) & np.isfinite(held)
    ax.plot(k, np.clip(logs, -90, 90), **IDENTITY)
    ax.plot(k[in_range], log10(held[in_range]), color=BACKWARD["color"], linestyle=DASHED, linewidth=2.8)
    wrong = np.flatnonzero(~in_range | (np.abs(log10(np.where(in_range, held, 1)) - logs) > 0.5))
    if len(wrong):
        ax.plot(wrong[0], np.clip(logs[wrong[0]], -59, 59), marker="X", markersize=12, color=INK)


def float_text(held: np.ndarray) -> str:
    """In words what became of a gradient in float32, `held`, shape (steps + 1,): still changing, stuck, or exactly 0 or inf."""
    if held[-1] != held[-2] or held[-1] == 1:
        return f"is still {held[-1]:.2g} after {len(held) - 1} steps"
    return f"is {'stuck at ' if 0 < held[-1] < 1 else 'exactly '}{held[-1]:.2g} from step {np.argmax(held == held[-1])} on"


@expect.arguments(ax=expect.axes, size=expect.row, words=expect.texts)
def unrolled(ax, size, words):
    """An encoder that reads `words`, and a decoder that then writes. `size`, shape (T,), is the gradient at h(1)..h(T).

    The lecture's slide 3, with the path of the derivative: colour and width show log10 of its size, from 10^-3 to 10^3.
    """
    expect.numbers("size", size, "T", finite=False, T=len(words))
    T = len(words)
    gap = 19 / max(T - 1, 1)
    x = gap * np.arange(T)
    small = narrow(ax)
    ax.set(xlim=(-1.8 if small else -1.3, 24.5), ylim=(-3.1, 2.2))
    ax.axis("off")
    share = np.clip((log10(size) + 3) / 6, 0, 1)  # 0 at 10^-3, 1 at 10^3
    shade, width = colormaps["cividis"](share), 1 + 8 * share
    out = x[-1] + 1.6 * np.arange(1, 4)
    path = [((x[t - 1], 0), (x[t], 0), t - 1) for t in range(1, T)]
    path += [((0, -1.2), (0, 0), 0), ((x[-1], 0), (out[0], 0), -1), ((out[0], 0), (out[0], 1.5), -1)]
    for start, end, t in path:
        _edge(ax, start, end, shade[t], width[t])
    _edge(ax, (out[0], 0), (out[2], 0), "#bbbbbb", 1)
    ax.scatter(x, 0 * x, s=60 if small else 110, c=shade, edgecolors=INK, zorder=3)
    ax.scatter(out, 0 * out, s=60 if small else 110, c="white", edgecolors=INK, marker="s", zorder=3)
    slant = {"ha": "center", "va": "top"}
    if T > (6 if small else 8):
        slant = {"ha": "right", **({"rotation": 90, "va": "center", "size": 9} if small else {"rotation": 60, "va": "top"})}
    for t, word in enumerate(words):
        ax.text(x[t], -1.35, word, rotation_mode="anchor", color=INK, weight="normal" if t else "bold", **slant)
    name = "first\nFrench word" if small else "first French word"
    ax.text(out[0], 1.62, name, ha="center", va="bottom", color=INK, weight="bold")
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


def _runs():
    """(w, h) for the tanh unit: orbits of several lengths."""
    rng = np.random.default_rng(2)
    runs = []
    for steps in (5, 1, 2, 8, 3, 0):
        w, start = np.round(rng.uniform((0.6, 0.2), (1.6, 0.9)), 2) * rng.choice([-1, 1], 2)
        runs.append((float(w), maps.orbit(maps.tanh_map(w), start, steps)))
    return tuple(runs)


EXERCISES = {
    "exponent": Exercise(
        Called(_factors(), lambda w, T: ()),
        lambda w, T: w ** (T - 1),
        (
            (lambda w, T: w**T, "you used w^T; from step 1 to step T there are T - 1 factors, one for each step between them."),
            (lambda w, T: w * (T - 1), "you added up the factors; a chain of steps multiplies them."),
            (lambda w, T: w ** (T + 1), "you have T + 1 factors; from step 1 to step T there are T - 1."),
            (lambda w, T: w ** (1 - T), "the exponent has the wrong sign: for w > 1 the gradient must explode."),
        ),
        "With T = 50: 106.7 for w = 1.1, 0.005726 for w = 0.9. The slide's 117.4 and 0.00515 are w^50: one factor too many.",
    ),
    "length": Exercise(
        number(1, 1e6),
        133,
        (
            (132, "132 is the number of factors. From step 1 to step T there are T - 1, so T is one more."),
            (131, "0.9^130 is still above 1e-6. You need T - 1 > ln(1e-6) / ln(0.9) = 131.1, so round up, then add 1."),
            (132.13, "T is a whole number of steps: round up."),
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
}
