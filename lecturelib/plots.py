"""Pictures that several lectures draw, and their common styles. No widgets, no pyplot: every function takes axes first.

Styles are named by role. Each has a second cue besides colour: forward is a solid line, backward a dashed
one; a sink is a filled disc, a source an open ring; the identity is a thin grey line. Gradients that span many decades are drawn
as log10 on a linear axis, which also holds a gradient of 10^-400, too small for a float.
"""

import itertools
import math
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, StrMethodFormatter
from numpy.typing import ArrayLike

from lecturelib import expect, maps

__all__ = [
    "BACKWARD", "FORWARD", "IDENTITY", "SINK", "SOURCE", "cobweb", "decay", "gradient_flow", "phase_line", "training",
]  # fmt: skip

Style = dict[str, Any]  # keywords of matplotlib's Line2D
FORWARD: Style = {"color": "#0072B2", "linestyle": "-"}
BACKWARD: Style = {"color": "#D55E00", "linestyle": "--"}
IDENTITY: Style = {"color": "#767676", "linestyle": "-", "linewidth": 1}
SINK: Style = {"marker": "o", "color": "#009E73", "markersize": 10, "linestyle": "none"}
SOURCE: Style = {**SINK, "color": "#CC79A7", "markerfacecolor": "white", "markeredgewidth": 2.5}
NEUTRAL: Style = {**SINK, "color": "#767676", "fillstyle": "left", "markerfacecoloralt": "white"}
SADDLE: Style = {"marker": "X", "color": "#222222", "markersize": 10, "linestyle": "none", "markeredgecolor": "white"}
SLOW: Style = {"marker": "s", "color": "#767676", "markersize": 8, "linestyle": "none", "fillstyle": "none", "markeredgewidth": 2}
KIND: dict[str, Style] = {"sink": SINK, "source": SOURCE, "neutral": NEUTRAL, "saddle": SADDLE, "slow": SLOW}
CELL: dict[str, Style] = {
    "tanh RNN": {"color": "#D55E00", "linestyle": "--", "marker": "o"},
    "identity RNN": {"color": "#009E73", "linestyle": "-", "marker": "s"},
    "LSTM": {"color": "#0072B2", "linestyle": "-.", "marker": "^"},
    "Gaussian": {"color": "#D55E00", "linestyle": "--", "marker": "o"},
    "orthogonal": {"color": "#CC79A7", "linestyle": ":", "marker": "D"},
    "identity": {"color": "#009E73", "linestyle": "-", "marker": "s"},
}
INK = "#222222"
DASHED = (0, (4, 1.5))  # longer than "--": a thick line still shows its dashes
DECADES = partial(expect.number, least=1, most=200)
POWER = FuncFormatter(lambda v, _: f"$10^{{{v:.0f}}}$" if v else "1")  # one object: a frame then need not render the ticks again
PAPER = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1}  # behind a label that may lie on a line


def narrow(ax: Axes) -> bool:
    """Whether the picture is for a narrow screen, with room for fewer or smaller words.

    The width of the axes will not do: it is not known before the first frame is drawn.
    """
    return ax.figure.bbox.width / ax.figure.dpi < 4  # inches


# Along time ----------------------------------------------------------------------------------------------------------


def time_axis(ax: Axes, steps: int) -> None:
    """Steps 1 to `steps` along x."""
    ax.set(xlim=(1, 1.01 * steps), xlabel="step t")  # room for the mark at the last step


def decade_axis(ax: Axes, decades: float, label: str) -> None:
    """A linear axis of log10 values, with ticks that read as powers of ten."""
    every = next(e for e in (1, 2, 3, 5, 10, 20, 50) if decades / e <= 4)
    half = np.arange(every, decades + 1e-9, every)
    ax.set(ylim=(-decades, decades), ylabel=label)
    ax.yaxis.set_major_locator(FixedLocator([*-half[::-1], 0, *half]))
    ax.yaxis.set_major_formatter(POWER)


def log10(size: ArrayLike) -> Any:
    """log10 of the absolute value; -inf for 0."""
    with np.errstate(divide="ignore"):
        return np.log10(np.abs(size))


def power_text(size: float) -> str:
    """A size as a power of ten with one digit: 7e-28 becomes 7 times 10 to the -28."""
    digit, exponent = f"{size:.0e}".split("e")
    return rf"${digit}\cdot10^{{{int(exponent)}}}$"


@expect.arguments(ax=expect.axes, size=expect.row, steps=expect.whole, decades=DECADES)
def decay(ax: Axes, size: np.ndarray, steps: int, decades: float = 12, *, forward: bool = False) -> None:
    """The size of the gradient on its way back: |h_bar(t)| for t = 1..T, shape (T,), as powers of ten (slide 4).

    Read it from right to left. The mark at t = 1 is what reaches the first step. With `forward` it is any number that is
    multiplied at each step, on a plain axis: read it from left to right, up to the mark at t = T.
    """
    style, label, marker = (FORWARD, "size", ">") if forward else (BACKWARD, r"$|\bar{h}(t)|$", "<")
    time_axis(ax, steps)
    decade_axis(ax, decades, label)
    ax.axhline(0, **IDENTITY)
    for says, at in (("exploding", 0.9), ("vanishing", 0.04)):
        ax.text(0.99, at, says, transform=ax.transAxes, ha="right", color=IDENTITY["color"])
    log, color = log10(size), style["color"]
    t = np.arange(1, len(size) + 1)
    start, end = (0, -1) if forward else (-1, 0)
    ax.plot(t, np.clip(log, -2 * decades, 2 * decades), linewidth=2.4, color=color, linestyle="-" if forward else DASHED)
    ax.plot(t[start], 0, marker="s", color=color, clip_on=False)
    if abs(log[end]) <= decades:
        ax.plot(t[end], log[end], marker=marker, markersize=11, color=color, clip_on=False)
        return
    up = log[end] > 0
    says = power_text(abs(size[end])) if np.isfinite(log[end]) else "beyond all floats" if up else "exactly 0"
    text = f"{'↑' if up else '↓'} {says} at step {t[end]}"
    ax.text(0.03, 0.93 if up else 0.03, text, transform=ax.transAxes, color=color, bbox=PAPER)


# The unrolled network ------------------------------------------------------------------------------------------------


def lag_axis(ax: Axes, lags: int, decades: float, label: str) -> None:
    """Lags from 0 to `lags` along x, with room on the right for the names of the lines."""
    decade_axis(ax, decades, label)
    ax.set(xlim=(0, (1.7 if narrow(ax) else 1.32) * lags), xlabel="lag k: steps back from the loss")
    ax.xaxis.set_major_locator(FixedLocator(np.linspace(0, lags, 5).tolist()))
    ax.axhline(0, **IDENTITY)


@expect.arguments(
    ax=expect.axes, flows=partial(expect.named, check=expect.field, choices=CELL), lags=expect.whole, decades=DECADES
)
def gradient_flow(ax: Axes, flows: dict[str, np.ndarray], lags: int, decades: float = 20) -> None:
    """The norm of a gradient after k steps back: median and range over the seeds, for each cell of `flows`.

    `flows` maps names in CELL to norms of shape (seeds, T + 1), at t = 0..T, from `jacobians.gradient_norms`. The axis holds
    `lags` steps.
    """
    lag_axis(ax, lags, decades, "gradient at lag k")
    ends = {}
    for cell, norms in flows.items():
        logs = np.clip(log10(norms)[:, :0:-1], -2 * decades, 2 * decades)
        k, middle = np.arange(logs.shape[1]), np.median(logs, axis=0)
        ax.fill_between(k, logs.min(axis=0), logs.max(axis=0), color=CELL[cell]["color"], alpha=0.2, linewidth=0)
        ax.plot(k, middle, markevery=max(1, len(k) // 8), markersize=5, **CELL[cell])
        ends[cell] = middle[-1]
    name_lines(ax, k[-1] + 0.02 * lags, ends, {cell: CELL[cell]["color"] for cell in ends}, decades)


def fan(ax: Axes, x: np.ndarray, lines: np.ndarray, **style: Any) -> None:
    """Many lines (N, T) over the same x (T,), in one style: drawn as a single line with gaps, which is faster."""
    gaps = np.full((len(lines), 1), np.nan)
    ax.plot(np.tile(np.r_[x, x[0]], len(lines)), np.hstack([lines, gaps]).ravel(), **style)


def name_lines(ax: Axes, x: float, ends: dict[str, float], colors: dict[str, str], decades: float) -> None:
    """Write the names of lines next to their ends (log10) without overlap; an arrow where an end is off the axis."""
    names, gap, edge = sorted(ends, key=lambda name: ends[name]), 0.13 * decades, 0.92 * decades
    y = np.clip([ends[name] for name in names], -edge, edge)
    k = gap * np.arange(len(y))
    z, n = y - k, range(len(y))  # the nearest places that lie `gap` apart: an isotonic regression, so a name far off stays
    fitted = [max(min(z[a : b + 1].mean() for b in n[i:]) for a in n[: i + 1]) for i in n]
    spread = k + np.clip(fitted, -edge, max(-edge, edge - k[-1]))
    size = 9 if narrow(ax) else None
    for name, height in zip(names, spread, strict=True):
        off = " ↑" if ends[name] > decades else " ↓" if ends[name] < -decades else ""
        ax.text(x, height, name + off, color=colors[name], va="center", fontweight="bold", fontsize=size, bbox=PAPER)


@expect.arguments(loss=expect.axes, norm=expect.axes)
def training(loss: Axes, norm: Axes, run: Any) -> str:
    """A training run on two axes: the loss, and the gradient's norm before clipping, step by step, as powers of ten."""
    if not all(hasattr(run, name) for name in ("losses", "norms", "steps", "ended", "text")):
        expect.refuse("run", "a run of train.fit", run)
    steps = run.steps or 1 << max(6, len(run.losses).bit_length())
    k = np.arange(1, len(run.losses) + 1)
    for ax, values, label, lo, hi, role in (
        (loss, run.losses, "loss", -4, 1, FORWARD),
        (norm, run.norms, "gradient norm", -4, 4, BACKWARD),
    ):
        ax.set(xlim=(0, 1.01 * steps), ylim=(lo, hi), xlabel="training step", ylabel=label)
        ax.yaxis.set_major_locator(FixedLocator(range(lo, hi + 1)))
        ax.yaxis.set_major_formatter(POWER)
        logs = np.nan_to_num(np.clip(log10(values), lo, hi), nan=hi)
        ax.plot(k, logs, linewidth=1.2, **role)
        if len(k):
            ax.plot(k[-1], logs[-1], marker="X" if run.ended.startswith("stopped") else "o", color=role["color"], clip_on=False)
    return run.text


def level(ax: Axes, at: float, says: str) -> None:
    """A line across an axis of powers of ten at the value `at`, named some way below its right end, clear of a curve on it."""
    ax.axhline(np.log10(at), color=INK, linewidth=1.2, zorder=3)
    ax.text(0.99, np.log10(at) - 0.45, says, transform=ax.get_yaxis_transform(), ha="right", va="top", color=INK, bbox=PAPER)


# Iterated maps -------------------------------------------------------------------------------------------------------


def fixed_ticks(axis: Axis, span: float, most: int, width: int = 0) -> None:
    """At most `most` + 1 ticks, 1, 2 or 5 times a power of ten apart, on an axis that is `span` long.

    Their numbers are filled to `width` characters with blanks as wide as a digit: longer ones then do not push the axis's name
    out of the picture.
    """
    digits = 1 + max(0, math.ceil(-math.log10(span)))
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(StrMethodFormatter(f"{{x:\N{FIGURE SPACE}>{width}.{digits}f}}"))


def mark_fixed_points(ax: Axes, f: maps.Map, lo: float, hi: float, on_line: float | None = None) -> None:
    """Mark the fixed points in [lo, hi] by kind and name them; on the diagonal, or on a horizontal line at `on_line`."""
    points = maps.fixed_points(f, lo, hi)
    rooms = [*(after.x - p.x for p, after in itertools.pairwise(points)), hi - lo]
    for p, room in zip(points, rooms, strict=False):
        y = p.x if on_line is None else on_line
        at = (12, 8) if on_line is None and p.x < lo + 0.08 * (hi - lo) else (6, -16)  # clear of the tick labels
        ax.plot(p.x, y, zorder=4, clip_on=False, **KIND[p.kind])
        left = p.x > hi - 0.08 * (hi - lo) or room < 0.15 * (hi - lo)  # of the edge of the picture, or of the next name
        side = {"xytext": (-6, at[1]), "ha": "right"} if left else {"xytext": at}
        ax.annotate(p.kind, (p.x, y), **side, textcoords="offset points", color=INK, bbox=PAPER, zorder=3.5)


def tangent(ax: Axes, f: maps.Map, at: float, reach: float) -> None:
    """The tangent to y = f(x) at `at`, as long as `reach` to each side, and a mark where it touches."""
    y, slope = f(at), f.d(at)
    ax.plot([at - reach, at + reach], [y - reach * slope, y + reach * slope], color=BACKWARD["color"], linewidth=3)
    ax.plot(at, y, marker="D", color=INK, zorder=4)


@expect.arguments(ax=expect.axes, f=maps.checked_map, x=expect.row)
def cobweb(ax: Axes, f: maps.Map, x: np.ndarray, lo: float, hi: float) -> None:
    """The orbit `x`, shape (steps+1,), as a cobweb between the curve y = f(x) and the diagonal (slide 9)."""
    lo, hi = expect.interval(lo, hi)
    ax.set(xlim=(lo, hi), ylim=(lo, hi), xlabel="$x_t$", ylabel="$x_{t+1}$")
    fixed_ticks(ax.yaxis, hi - lo, most=8, width=4)
    grid = np.linspace(lo, hi, 301)
    ax.plot([lo, hi], [lo, hi], **IDENTITY)
    ax.plot(grid, f(grid), **FORWARD)
    shown = np.clip(x, lo - 9 * (hi - lo), hi + 9 * (hi - lo))  # a point at infinity still has a direction
    base = min(max(0, lo), hi)
    # up to the curve, across to the diagonal, and again
    ax.plot(np.repeat(shown, 2)[:-1], np.r_[base, np.repeat(shown[1:], 2)], color=INK, linewidth=1.1, zorder=2.5)
    if lo <= x[0] <= hi:
        ax.plot(x[0], base, marker="s", color=INK, clip_on=False)
    ax.plot(shown[-1], shown[-1], marker="D", markersize=6, color=INK, markeredgecolor="white", zorder=5)
    mark_fixed_points(ax, f, lo, hi)


@expect.arguments(ax=expect.axes, f=maps.checked_map, x=expect.result)
def phase_line(ax: Axes, f: maps.Map, lo: float, hi: float, x: float | None = None) -> None:
    """Where each point moves: arrows right where f(x) > x, left where f(x) < x; sinks and sources named (slide 9)."""
    lo, hi = expect.interval(lo, hi)
    ax.set(xlim=(lo, hi), ylim=(-1, 1), xlabel="$x$", yticks=[])
    ax.spines["left"].set_visible(False)
    ax.axhline(0, color=INK, linewidth=1)
    at = np.linspace(lo, hi, 26)[1:-1]
    # where the slope is negative neighbours change sides, and x may land beyond the fixed point: no arrow would tell
    move = np.sign(f(at) - at) * (f.d(at) >= 0)
    for side, marker in ((1, ">"), (-1, "<")):
        ax.plot(at[move == side], 0 * at[move == side], linestyle="none", marker=marker, markersize=6, color=FORWARD["color"])
    mark_fixed_points(ax, f, lo, hi, on_line=0)
    if x is not None and lo <= x <= hi:
        ax.plot(x, 0.45, marker="v", color=INK)


# The complex plane ---------------------------------------------------------------------------------------------------
