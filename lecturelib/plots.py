"""Numbers on an axes, in the lecture's roles and colours. No widgets, no pyplot: every function takes an axes first.

Roles, not colours. Each role has a second cue, so that nothing hangs on colour alone: forward is a solid line, backward a dashed
one; a sink is a filled disc, a source an open ring; the identity is a thin grey line. Gradients that span many decades are drawn
as log10 on a linear axis: a gradient of 10^-400 has a place there, and so has one that a float cannot hold.
"""

import math
from functools import partial

import numpy as np
from matplotlib import colormaps
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, StrMethodFormatter

from lecturelib import expect, maps

__all__ = [
    "BACKWARD", "FORWARD", "IDENTITY", "SINK", "SOURCE", "bifurcation", "bounds", "cobweb", "composed", "decay",
    "density", "escape", "exponents", "float_range", "forward", "gradient_flow", "growth", "orbit", "phase_line", "plane_orbit",
    "slopes", "spectrum", "thin_line", "training", "unrolled",
]  # fmt: skip

FORWARD = {"color": "#0072B2", "linestyle": "-"}
BACKWARD = {"color": "#D55E00", "linestyle": "--"}
IDENTITY = {"color": "#767676", "linestyle": "-", "linewidth": 1}
SINK = {"marker": "o", "color": "#009E73", "markersize": 10, "linestyle": "none"}
SOURCE = {**SINK, "color": "#CC79A7", "markerfacecolor": "white", "markeredgewidth": 2.5}
NEUTRAL = {**SINK, "color": "#767676", "fillstyle": "left", "markerfacecoloralt": "white"}
KIND = {"sink": SINK, "source": SOURCE, "neutral": NEUTRAL}
CELL = {
    "tanh RNN": {"color": "#D55E00", "linestyle": "--", "marker": "o"},
    "identity RNN": {"color": "#009E73", "linestyle": "-", "marker": "s"},
    "LSTM": {"color": "#0072B2", "linestyle": "-.", "marker": "^"},
    "Gaussian": {"color": "#D55E00", "linestyle": "--", "marker": "o"},
    "orthogonal": {"color": "#CC79A7", "linestyle": ":", "marker": "D"},
    "identity": {"color": "#009E73", "linestyle": "-", "marker": "s"},
}
INK = "#222222"
# what comes in
DECADES = partial(expect.number, least=1, most=200)
MAP = partial(expect.instance, kinds=maps.Map, what="a Map, such as maps.logistic(3.5)")
COMPLEX = partial(expect.numbers, axes="N M", kinds="iufc")
POWER = FuncFormatter(lambda v, _: f"$10^{{{v:.0f}}}$" if v else "1")  # one object: a frame then need not render the ticks again
PAPER = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1}  # behind a label that may lie on a line


# Along time ----------------------------------------------------------------------------------------------------------


def _time_axis(ax, steps):
    ax.set(xlim=(1, 1.01 * steps), xlabel="step t")  # room for the mark at the last step


def decade_axis(ax, decades, label):
    """A linear axis of log10 values, with ticks that read as powers of ten."""
    every = next(e for e in (1, 2, 3, 5, 10, 20, 50) if decades / e <= 4)
    half = np.arange(every, decades + 1e-9, every)
    ax.set(ylim=(-decades, decades), ylabel=label)
    ax.yaxis.set_major_locator(FixedLocator([*-half[::-1], 0, *half]))
    ax.yaxis.set_major_formatter(POWER)


def log10(size):
    with np.errstate(divide="ignore"):
        return np.log10(np.abs(size))


@expect.arguments(ax=expect.axes, h=expect.row, steps=expect.whole, limit=expect.positive)
def forward(ax, h, steps, limit=1.2):
    """The forward pass: `h`, shape (T,), over t = 1..T, on axes that hold `steps` steps and values from -limit to limit."""
    _time_axis(ax, steps)
    ax.set(ylim=(-limit, limit), ylabel="$h(t)$")
    ax.axhline(0, **IDENTITY)
    shown = np.where(np.abs(h) <= limit, h, np.nan)
    t = np.arange(1, len(h) + 1)
    ax.plot(t, shown, marker="o", markersize=4, **FORWARD)
    if np.isnan(shown).any():
        gone = int(np.argmax(np.isnan(shown)))
        up = h[gone] > 0
        ax.text(min(t[gone], 0.8 * steps), (0.8 if up else -0.9) * limit, f"off {'↑' if up else '↓'}", color=FORWARD["color"])


@expect.arguments(ax=expect.axes, size=expect.row, steps=expect.whole, decades=DECADES)
def decay(ax, size, steps, decades=12):
    """The size of the gradient on its way back: |h_bar(t)| for t = 1..T, shape (T,), as powers of ten (slide 4).

    Read it from right to left. The mark at t = 1 is what reaches the first step.
    """
    _time_axis(ax, steps)
    decade_axis(ax, decades, r"$|\bar{h}(t)|$")
    ax.axhline(0, **IDENTITY)
    for says, at in (("exploding", 0.9), ("vanishing", 0.04)):
        ax.text(0.99, at, says, transform=ax.transAxes, ha="right", color=IDENTITY["color"])
    log = log10(size)
    t = np.arange(1, len(size) + 1)
    ax.plot(t, np.clip(log, -2 * decades, 2 * decades), linewidth=2.4, color=BACKWARD["color"], linestyle=(0, (4, 1.5)))
    ax.plot(len(size), 0, marker="s", color=BACKWARD["color"])
    if abs(log[0]) <= decades:
        ax.plot(1, log[0], marker="<", markersize=11, color=BACKWARD["color"], clip_on=False)
    else:
        up = log[0] > 0
        says = f"$10^{{{log[0]:.0f}}}$ at step 1" if np.isfinite(log[0]) else "beyond all floats" if up else "exactly 0 at step 1"
        at = 0.03, 0.93 if up else 0.03
        ax.text(*at, f"{'↑' if up else '↓'} {says}", transform=ax.transAxes, color=BACKWARD["color"], bbox=PAPER)


@expect.arguments(ax=expect.axes, w=expect.positive, T=partial(expect.whole, least=2))
def thin_line(ax, w, T):
    """|w|^(T-1) over w, and the band of w in which it stays within a factor of 10 (slides 4 and 5)."""
    decade_axis(ax, 6, r"$|w|^{T-1}$")
    ax.set(xlim=(0.5, 1.5), xlabel="recurrent weight w")
    edge = 10 ** (1 / (T - 1))
    ax.axvspan(1 / edge, edge, color="#767676", alpha=0.25, linewidth=0)
    ax.axhline(0, **IDENTITY)
    grid = np.linspace(0.5, 1.5, 201)
    ax.plot(grid, (T - 1) * np.log10(grid), color=BACKWARD["color"], linestyle=(0, (4, 1.5)))
    ax.plot(w, np.clip((T - 1) * np.log10(w), -6, 6), marker="D", color=INK, clip_on=False)
    ax.text(0.52, 0.3, "vanishes", color=INK)
    ax.text(1.48, 0.3, "explodes", ha="right", color=INK)
    ax.text(1, -5.7, "within ×10", ha="center", color=INK, bbox=PAPER)


@expect.arguments(ax=expect.axes, logs=expect.row, radius=expect.positive, sigma=expect.positive)
def bounds(ax, logs, radius, sigma):
    """log10 of the norm of W^k for k = 0..T, with spectral radius^k below it and largest singular value^k above it."""
    if len(logs) > 201:
        raise ValueError(f"logs must hold at most 201 numbers, k = 0 to 200, not {len(logs)}")
    decade_axis(ax, 6, r"$\|W^k\|$")
    k = np.arange(201)
    ax.set(xlim=(0, 200), xlabel="steps back k")
    ax.axhline(0, **IDENTITY)
    upper, lower = k * np.log10(sigma), k * np.log10(radius)
    ax.fill_between(k, lower, upper, color="#767676", alpha=0.18, linewidth=0)
    ax.plot(k[: len(logs)], logs, color=BACKWARD["color"], linestyle=(0, (4, 1.5)), linewidth=2.6)
    labels = r"$\sigma_{max}^k$, largest singular value", r"$\rho^k$, spectral radius"
    for line, says, style, up in zip((upper, lower), labels, ("-.", ":"), (1, -1), strict=True):
        ax.plot(k, line, color=INK, linestyle=style, linewidth=1.4)
        at = int(0.6 * np.flatnonzero(np.abs(line) < 5).max())
        right = at < 60  # a steep line leaves no room on its left
        ha, aside = ("left", 4) if right else ("right", -4)
        ax.text(k[at] + aside, line[at] + 0.5 * up, says, ha=ha, va="center", color=INK, bbox=PAPER)


@expect.arguments(ax=expect.axes, logs=expect.row, held=expect.row, steps=expect.whole)
def float_range(ax, logs, held, steps):
    """The true log10 gradient after k steps, and what float32 holds: `held`, shape (steps+1,), is 0 or inf past its ends."""
    expect.numbers("logs", logs, "N", finite=False, N=steps + 1), expect.numbers("held", held, "N", finite=False, N=steps + 1)
    lowest, highest = np.log10(np.finfo(np.float32).smallest_subnormal), np.log10(np.finfo(np.float32).max)
    decade_axis(ax, 60, "gradient")
    k = np.arange(steps + 1)
    ax.set(xlim=(0, steps), xlabel="steps back k")
    for edge, end, says, at in ((lowest, -60, "below the smallest float32", -56), (highest, 60, "above the largest float32", 52)):
        ax.axhspan(edge, end, color="#767676", alpha=0.25, linewidth=0)
        ax.text(0.02 * steps, at, says, color=INK)
    ax.axhline(0, **IDENTITY)
    alive = (held > 0) & np.isfinite(held)
    ax.plot(k, np.clip(logs, -90, 90), **IDENTITY)
    ax.plot(k[alive], log10(held[alive]), color=BACKWARD["color"], linestyle=(0, (4, 1.5)), linewidth=2.8)
    wrong = np.flatnonzero(~alive | (np.abs(log10(np.where(alive, held, 1)) - logs) > 0.5))
    if len(wrong):
        ax.plot(wrong[0], np.clip(logs[wrong[0]], -59, 59), marker="X", markersize=12, color=INK)


# The unrolled network ------------------------------------------------------------------------------------------------


def _lag_axis(ax, lags, decades, label):
    """Lags up to `lags`, and room beside them for the names of the lines."""
    decade_axis(ax, decades, label)
    ax.set(xlim=(0, 1.32 * lags), xlabel="lag k: steps back from the loss")
    ax.xaxis.set_major_locator(FixedLocator(np.linspace(0, lags, 5)))
    ax.axhline(0, **IDENTITY)


@expect.arguments(
    ax=expect.axes, flows=partial(expect.named, check=expect.field, choices=CELL), lags=expect.whole, decades=DECADES
)
def gradient_flow(ax, flows, lags, decades=20):
    """How much of a gradient is left after k steps back: median and range over the seeds, for each cell of `flows`.

    `flows` maps names in CELL to norms of shape (seeds, T + 1), at t = 0..T, as `cells.flow` has them. `lags`: how many the
    axis holds.
    """
    _lag_axis(ax, lags, decades, "gradient at lag k")
    ends = {}
    for cell, norms in flows.items():
        logs = np.clip(log10(norms)[:, :0:-1], -2 * decades, 2 * decades)
        k, middle = np.arange(logs.shape[1]), np.median(logs, axis=0)
        ax.fill_between(k, logs.min(axis=0), logs.max(axis=0), color=CELL[cell]["color"], alpha=0.2, linewidth=0)
        ax.plot(k, middle, markevery=max(1, len(k) // 8), markersize=5, **CELL[cell])
        ends[cell] = middle[-1]
    _names(ax, k[-1] + 0.02 * lags, ends, {cell: CELL[cell]["color"] for cell in ends}, decades)


def _names(ax, x, ends, colors, decades):
    """The names of lines beside their ends (log10), none over another; an arrow where an end is off the axis."""
    names, gap, edge = sorted(ends, key=ends.get), 0.13 * decades, 0.92 * decades
    y = np.clip([ends[name] for name in names], -edge, edge)
    k = gap * np.arange(len(y))
    spread = np.maximum.accumulate(y - k) + k
    spread -= (spread - y).mean()
    spread += max(0, -edge - spread[0]) - max(0, spread[-1] - edge)
    for name, height in zip(names, spread, strict=True):
        off = " ↑" if ends[name] > decades else " ↓" if ends[name] < -decades else ""
        ax.text(x, height, name + off, color=colors[name], va="center", fontweight="bold", bbox=PAPER)


@expect.arguments(ax=expect.axes, values=expect.field, left=partial(expect.row, least=2), lags=expect.whole, decades=DECADES)
def spectrum(ax, values, left, lags, decades=20):
    """Singular values (T + 1, N) of dh_T / dh_t, t = 0..T, as a band over the lag, and what is `left` (T + 1) of one gradient.

    A float64 holds 16 digits: singular values below 10^-16 of the largest are rounding errors. There the band ends, and a dotted
    line says so.
    """
    expect.numbers("values", values, "T N", finite=False, T=len(left))
    _lag_axis(ax, lags, decades, "factor over k steps")
    strongest, weakest, left = (np.clip(log10(v)[:0:-1], -2 * decades, 2 * decades) for v in (values[:, 0], values[:, -1], left))
    k, limit = np.arange(len(left)), strongest - 16
    ax.fill_between(k, np.maximum(weakest, limit), strongest, color="#767676", alpha=0.3, linewidth=0)
    ax.plot(k, np.where(weakest < limit + 1, limit, np.nan), color=INK, linestyle=":", linewidth=2)
    ax.plot(k, strongest, color=INK, linewidth=1)
    ax.plot(k, left, **BACKWARD)
    ends = {"strongest": strongest[-1], "this gradient": left[-1]}
    if weakest[-1] < limit[-1] + 1 and limit[-1] > -decades:
        ends["16 digits end"] = limit[-1]
    _names(ax, k[-1] + 0.02 * lags, ends, {**dict.fromkeys(ends, INK), "this gradient": BACKWARD["color"]}, decades)


@expect.arguments(loss=expect.axes, norm=expect.axes)
def training(loss, norm, run):
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
        ax.axhline(0, **IDENTITY)
        logs = np.nan_to_num(np.clip(log10(values), lo, hi), nan=hi)
        ax.plot(k, logs, linewidth=1.2, **role)
        if len(k):
            ax.plot(k[-1], logs[-1], marker="X" if run.ended.startswith("stopped") else "o", color=role["color"], clip_on=False)
    return run.text


@expect.arguments(ax=expect.axes, size=expect.row, words=expect.texts)
def unrolled(ax, size, words):
    """An encoder that reads `words`, then writes. `size`, shape (T,), is the gradient at h(1)..h(T).

    The lecture's slide 3, with the path of the derivative: colour and width are log10 of its size, from 10^-3 to 10^3.
    """
    expect.numbers("size", size, "T", finite=False, T=len(words))
    T = len(words)
    gap = 19 / max(T - 1, 1)
    x = gap * np.arange(T)
    ax.set(xlim=(-1.3, 24.5), ylim=(-3.1, 2.2))
    ax.axis("off")
    part = np.clip((log10(size) + 3) / 6, 0, 1)
    shade, width = colormaps["cividis"](part), 1 + 8 * part
    out = x[-1] + 1.6 * np.arange(1, 4)
    path = [((x[t - 1], 0), (x[t], 0), t - 1) for t in range(1, T)]
    path += [((0, -1.2), (0, 0), 0), ((x[-1], 0), (out[0], 0), -1), ((out[0], 0), (out[0], 1.5), -1)]
    for start, end, t in path:
        _edge(ax, start, end, shade[t], width[t])
    _edge(ax, (out[0], 0), (out[2], 0), "#bbbbbb", 1)
    ax.scatter(x, 0 * x, s=110, c=shade, edgecolors=INK, zorder=3)
    ax.scatter(out, 0 * out, s=110, c="white", edgecolors=INK, marker="s", zorder=3)
    slant = {"rotation": 60, "ha": "right"} if T > 8 else {"ha": "center"}
    for t, word in enumerate(words):
        ax.text(x[t], -1.35, word, va="top", rotation_mode="anchor", color=INK, weight="normal" if t else "bold", **slant)
    ax.text(out[0], 1.62, "first French word", ha="center", va="bottom", color=INK, weight="bold")
    for t in sorted({0, T // 4, T // 2, 3 * T // 4, T - 1}):
        ax.text(x[t], 0.5, f"{size[t]:.2g}" if size[t] < 100 else f"{size[t]:.0f}", ha="center", color=INK)


def _edge(ax, start, end, color, width):
    ax.plot(*zip(start, end, strict=True), color=color, linewidth=width, linestyle="-", zorder=1, solid_capstyle="butt")


# Iterated maps -------------------------------------------------------------------------------------------------------


UNIT = (1 - np.cos(np.linspace(0, np.pi, 2001))) / 2  # denser near 0 and 1, where the repeated logistic map has its walls


def _numbers(axis, span, most, width=0):
    """At most `most` + 1 ticks, 1, 2 or 5 times a power of ten apart, on an axis that is `span` long.

    Their numbers are filled to `width` characters with blanks as wide as a digit: longer ones then do not push the axis's name
    out of the picture.
    """
    digits = 1 + max(0, math.ceil(-math.log10(span)))
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(StrMethodFormatter(f"{{x:\N{FIGURE SPACE}>{width}.{digits}f}}"))


def _points(ax, f, lo, hi, on_line=None):
    """Mark the fixed points in [lo, hi] by kind and name them; on the diagonal, or on a horizontal line at `on_line`."""
    for p in maps.fixed_points(f, lo, hi):
        y = p.x if on_line is None else on_line
        at = (12, 8) if on_line is None and p.x < lo + 0.08 * (hi - lo) else (6, -16)  # clear of the tick labels
        ax.plot(p.x, y, zorder=4, clip_on=False, **KIND[p.kind])
        ax.annotate(p.kind, (p.x, y), xytext=at, textcoords="offset points", color=INK, bbox=PAPER, zorder=3.5)


@expect.arguments(ax=expect.axes, f=MAP, x=expect.row)
def cobweb(ax, f, x, lo, hi):
    """The orbit `x`, shape (steps+1,), as a cobweb between the curve y = f(x) and the diagonal (slide 9)."""
    lo, hi = expect.interval(lo, hi)
    ax.set(xlim=(lo, hi), ylim=(lo, hi), xlabel="$x_t$", ylabel="$x_{t+1}$")
    _numbers(ax.yaxis, hi - lo, most=8, width=4)
    grid = np.linspace(lo, hi, 301)
    ax.plot([lo, hi], [lo, hi], **IDENTITY)
    ax.plot(grid, f(grid), **FORWARD)
    shown = np.clip(x, lo - 9 * (hi - lo), hi + 9 * (hi - lo))  # a point at infinity still has a direction
    base = min(max(0, lo), hi)
    # up to the curve, across to the diagonal, and again
    ax.plot(np.repeat(shown, 2)[:-1], np.r_[base, np.repeat(shown[1:], 2)], color=INK, linewidth=1.1, zorder=2.5)
    if lo <= x[0] <= hi:
        ax.plot(x[0], base, marker="^", color=INK, clip_on=False)
    ax.plot(shown[-1], shown[-1], marker="D", markersize=6, color=INK, markeredgecolor="white", zorder=5)
    _points(ax, f, lo, hi)


@expect.arguments(ax=expect.axes, f=MAP, x=expect.result)
def phase_line(ax, f, lo, hi, x=None):
    """Where each point moves: arrows right where f(x) > x, left where f(x) < x; sinks and sources named (slide 9)."""
    lo, hi = expect.interval(lo, hi)
    ax.set(xlim=(lo, hi), ylim=(-1, 1), xlabel="$x$", yticks=[])
    ax.spines["left"].set_visible(False)
    ax.axhline(0, color=INK, linewidth=1)
    at = np.linspace(lo, hi, 26)[1:-1]
    move = np.sign(f(at) - at) * (
        f.d(at) >= 0
    )  # where the slope is negative x jumps across the fixed point: no arrow would be true
    for side, marker in ((1, ">"), (-1, "<")):
        ax.plot(at[move == side], 0 * at[move == side], linestyle="none", marker=marker, markersize=6, color=FORWARD["color"])
    _points(ax, f, lo, hi, on_line=0)
    if x is not None and lo <= x <= hi:
        ax.plot(x, 0.45, marker="v", color=INK)


@expect.arguments(ax=expect.axes, f=MAP, at=expect.number)
def composed(ax, f, at):
    """y = f(x) on [0, 1], the diagonal, and the tangent at `at` (slide 7)."""
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="$x$", ylabel="$y$")
    ax.plot([0, 1], [0, 1], **IDENTITY)
    ax.plot(UNIT, f(UNIT), linewidth=1.8, **FORWARD)
    y, slope = f(at), f.d(at)
    reach = 0.12 / np.hypot(1, slope)
    ax.plot([at - reach, at + reach], [y - reach * slope, y + reach * slope], color=BACKWARD["color"], linewidth=3.5)
    ax.plot(at, y, marker="D", color=INK, zorder=4)


@expect.arguments(ax=expect.axes, f=MAP, at=expect.number)
def slopes(ax, f, at):
    """log10 of |f'(x)| on [0, 1], with the median over x as a line (slide 7: 'dy/dx large' between plateaus)."""
    decade_axis(ax, 6, r"$|dy/dx|$")
    ax.set(xlim=(0, 1), xlabel="$x$")
    ax.axhline(0, **IDENTITY)
    ax.plot(UNIT, np.clip(log10(f.d(UNIT)), -30, 30), linewidth=1.2, color=BACKWARD["color"])
    median = log10(np.median(np.abs(f.d(np.linspace(0, 1, 1001)))))
    ax.axhline(np.clip(median, -6, 6), color=INK, linestyle=":", linewidth=2)
    ax.text(0.5, np.clip(median, -6, 5) + 0.25, "median", ha="center", color=INK, bbox=PAPER)
    ax.plot(at, np.clip(log10(f.d(at)), -6, 6), marker="D", color=INK, zorder=4, clip_on=False)


@expect.arguments(settled=expect.field, bins=partial(expect.whole, most=10_000))
def density(settled, bins=120):
    """An image (bins, parameters) of where orbits settle in [0, 1], from `maps.bifurcation`: shape (parameters, keep)."""
    counts = np.stack([np.histogram(row, bins=bins, range=(0, 1))[0] for row in settled], axis=1)
    return np.sqrt(counts / np.maximum(counts.max(axis=0), 1))


@expect.arguments(ax=expect.axes, params=expect.rising, image=expect.field, at=expect.number)
def bifurcation(ax, params, image, at):
    """Where orbits settle, for each parameter: `image` from `density`; a line at the parameter `at`."""
    ax.imshow(image, origin="lower", aspect="auto", extent=(params[0], params[-1], 0, 1), cmap="Greys", vmax=0.7)
    ax.set(xlim=(params[0], params[-1]), ylim=(0, 1), ylabel="where $x_t$ settles")
    ax.axvline(at, color=INK, linewidth=1.4, linestyle="-.")


@expect.arguments(ax=expect.axes, params=expect.rising, values=expect.row, at=expect.number, here=expect.result)
def exponents(ax, params, values, at, here):
    """The Lyapunov exponent over the parameter: below 0 the gradient vanishes, above 0 it explodes."""
    expect.numbers("values", values, "N", finite=False, N=len(params))
    ax.set(xlim=(params[0], params[-1]), ylim=(-2, 1), xlabel="$r$", ylabel=r"exponent $\lambda$")
    ax.axhline(0, **IDENTITY)
    shown = np.clip(values, -3, 1)
    ax.fill_between(params, shown, 0, where=shown > 0, color=BACKWARD["color"], alpha=0.35, linewidth=0)
    ax.plot(params, shown, color=BACKWARD["color"], linewidth=1)
    ax.axvline(at, color=INK, linewidth=1.4, linestyle="-.")
    ax.plot(at, np.clip(here, -2, 1), marker="D", color=INK, clip_on=False)


@expect.arguments(ax=expect.axes, x=partial(expect.row, least=2))
def orbit(ax, x):
    """The orbit `x`, shape (steps + 1,), of a map of [0, 1] over the steps."""
    ax.set(xlim=(0, len(x) - 1), ylim=(0, 1), xlabel="step t", ylabel="$x_t$")
    ax.plot(np.arange(len(x)), x, marker="o", markersize=3, linewidth=1, **FORWARD)


@expect.arguments(ax=expect.axes, slopes=expect.row, rate=expect.result)
def growth(ax, slopes, rate):
    """log10 of |dx_t/dx_0|, the product of `slopes` along an orbit, and the straight line that the exponent `rate` predicts."""
    decade_axis(ax, 12, r"$|dx_t/dx_0|$")
    t = np.arange(len(slopes) + 1)
    ax.set(xlim=(0, t[-1]), xlabel="step t")
    ax.axhline(0, **IDENTITY)
    line = rate * np.maximum(t, 1e-300) / np.log(10)  # an infinite rate leaves t = 0 at once
    ax.plot(t, np.clip(line, -40, 40), color=INK, linestyle=":", linewidth=2)
    ax.plot(t, np.clip(np.r_[0, np.cumsum(log10(slopes))], -40, 40), color=BACKWARD["color"], linestyle=(0, (4, 1.5)))


# The complex plane ---------------------------------------------------------------------------------------------------


@expect.arguments(
    ax=expect.axes, plane=COMPLEX, counts=expect.field, steps=expect.whole, at=partial(expect.numbers, axes="", kinds="iufc")
)
def escape(ax, plane, counts, steps, at):
    """Escape times `counts` on the complex `plane` (same shape), from `maps.escape_time` with `steps`; what stays is darkest."""
    if min(plane.shape) < 2:
        raise ValueError(f"plane must have at least two rows and columns, not {plane.shape}")
    expect.numbers("plane", plane, "N M", kinds="c"), expect.numbers("counts", counts, "N M", N=len(plane), M=plane.shape[1])
    re, im = plane.real[0], plane.imag[:, 0]
    ax.imshow(np.log1p(counts), extent=(re[0], re[-1], im[-1], im[0]), cmap="cividis_r", vmin=0, vmax=np.log1p(steps))
    ax.set(xlabel="Re c", ylabel="Im c")
    _numbers(ax.xaxis, re[-1] - re[0], most=4)  # enlarged, the numbers grow long
    _numbers(ax.yaxis, re[-1] - re[0], most=8, width=7)
    ax.plot(at.real, at.imag, marker="P", markersize=11, color="white", markeredgecolor=INK)


@expect.arguments(ax=expect.axes, z=partial(expect.numbers, axes="N", kinds="iufc", finite=False))
def plane_orbit(ax, z):
    """The orbit `z`, complex, shape (steps+1,), from its start to where it goes; the circle is |z| = 2."""
    if not abs(z[0]) < 1e6:
        raise ValueError(f"z must start near 0, within 1e6, not at {z[0]:g}")
    ax.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), xlabel="Re z", ylabel="Im z", aspect="equal")
    turn = np.linspace(0, 2 * np.pi, 181)
    ax.plot(2 * np.cos(turn), 2 * np.sin(turn), **IDENTITY)
    z = z[np.abs(z) < 1e6]
    ax.plot(z.real, z.imag, linewidth=0.9, marker="o", markersize=3.5, **FORWARD)
    ax.plot(z[-1].real, z[-1].imag, marker="D", color=INK)
