"""Notebook 06, the identity RNN: what is left of a pulse, and a network that reads a digit pixel by pixel."""

from functools import cache, partial
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import FixedLocator

from lecturelib import cells, digit_reader, expect, jacobians, plots
from lecturelib.digit_reader import DigitRun
from lecturelib.plots import BACKWARD, CELL, FORWARD, IDENTITY, INK, PAPER, decade_axis, fan, log10, narrow
from lecturelib.probes import Called, Exercise, Unfit, number

# -- a pulse ------------------------------------------------------------------------------------------------------------------

BAND = np.log10(2)


@expect.arguments(ax=expect.axes, h=expect.row, decades=partial(expect.number, least=1, most=60))
def pulse(ax, h: np.ndarray, decades: float = 1) -> str:
    """What is left of a pulse, `h` (T + 1,); says whether it stays in the shaded band from 1/2 to 2."""
    decade_axis(ax, decades, "value of h")
    ax.set(xlim=(0, 1.02 * len(h)), xlabel="step t")
    ax.axhspan(-BAND, BAND, color=FORWARD["color"], alpha=0.15, linewidth=0)
    ax.axhline(0, **IDENTITY)
    for says, at in (("2", BAND), ("1/2", -BAND)):
        ax.text(1.04 * len(h), at, says, va="center", color=INK)  # beside the axes, where no line goes
    logs = np.clip(log10(h), -3 * decades, 3 * decades)
    ax.plot(logs, linewidth=2.4, **FORWARD)
    last = np.append(np.abs(logs[:-1]) > decades, True).argmax()  # its end, or where it leaves the picture
    marker = "D" if abs(logs[last]) <= decades else "^" if logs[last] > 0 else "v"
    ax.plot(last, np.clip(logs[last], -decades, decades), marker=marker, markersize=8, color=INK, clip_on=False)
    outside = np.abs(logs) > BAND
    return f"it leaves the band at step {outside.argmax()}" if outside.any() else "it stays in the band"


# -- the gradient before training ---------------------------------------------------------------------------------------------

INPUTS = {"from 0 to 1": (0, 1, 0), "from -1 to 1": (-1, 1, 0), "20 blanks, then 0 to 1": (0, 1, 20)}  # lo, hi, steps of 0 before
SEEDS = 11
WIDE = 1.25  # the place where the time axes end, in T: room for a label
RANGES = 0.3, 1, 1.5, 3, 5, 10, 20, 50, 200  # decades that an axis may hold above or below 1


def flows(inputs: str, count: int, unit: str, scale: float) -> dict[str, np.ndarray]:
    """Gradient norms (11 seeds, 101) at t = 0..100 of RNNs with 64 units, for three kinds of random recurrent weights.

    Each step brings `count` inputs; `inputs` is a name in INPUTS, `unit` is "ReLU" or "tanh"; the recurrent weights are
    multiplied by `scale`. The gradient at t = 100 has length 1 and a random direction.
    """
    return {name: _norms(name, inputs, count, unit, scale) for name in ("Gaussian", "orthogonal", "identity")}


@cache
def _norms(recurrent, inputs, count, unit, scale):
    """The norms (11, 101) for one kind of recurrent weights."""
    norms = []
    for seed in range(SEEDS):
        p, x, end = _drawn(recurrent, inputs, count, scale, seed)
        norms.append(jacobians.gradient_norms(p, x, end / np.linalg.norm(end), phi=unit.lower())[:, 0])
    return np.array(norms)


def _drawn(recurrent, inputs, count, scale, seed):
    """An RNN, its inputs (100, 1, count), and the direction (1, 64) of the gradient at the last step."""
    rng, (lo, hi, blank) = np.random.default_rng(seed), INPUTS[inputs]
    p = cells.init_rnn(rng, count, 64, recurrent=recurrent.lower(), gain=scale)
    x, end = rng.uniform(lo, hi, (100, 1, count)), rng.standard_normal((1, 64))
    x[:blank] = 0
    return p, x, end


@expect.arguments(ax=expect.axes, inputs=partial(expect.one_of, choices=tuple(INPUTS)), count=expect.whole)
def units_on(ax, inputs: str, count: int) -> int:
    """Which of the 64 units of the first draw are on at each step: dark. Gives how many are on at every step.

    The units that are on most often are on top; a bracket beside them holds those that are never off.
    """
    p, x, _ = _drawn("identity", inputs, count, 1.0, 0)
    on = cells.unroll(p, x, phi="relu").h[1:, 0] > 0
    ax.imshow(on[:, on.sum(0).argsort()[::-1]].T, aspect="auto", cmap="Greys", vmax=1.6, extent=(0.5, 100.5, 64.5, 0.5))
    ax.set(xlim=(0, WIDE * 100), xlabel="step t", ylabel="unit", yticks=(1, 32, 64), xticks=range(0, 101, 25))
    always = int(on.all(0).sum())
    if always:
        ax.plot([102, 103.5, 103.5, 102], [0.5, 0.5, always + 0.5, always + 0.5], color=INK, linewidth=1.5)
        ax.text(105, max(always / 2, 3), f"{always} always on", va="center", color=INK)
    return always


@expect.arguments(ax=expect.axes, norms=expect.field)
def draws(ax, norms: np.ndarray, *, by_step: bool = False) -> str:
    """The gradient in each draw of an identity RNN, shape (seeds, T + 1), on a range that follows it.

    It is drawn over the lag, or `by_step` over the step t, with the loss at the right end. A cross marks where a draw becomes
    exactly 0. Says in how many draws it is 0 at t = 1.
    """
    logs, T = log10(norms)[:, :0:-1], norms.shape[1] - 1
    seen = np.clip(logs[np.isfinite(logs)], -RANGES[-1], RANGES[-1])
    lo, hi = (next(d for d in RANGES if d >= most) for most in (max(1, -seen.min(initial=0)), seen.max(initial=0)))
    decade_axis(ax, max(lo, hi), "gradient, identity")
    along = "step t; the loss is at the end" if by_step else "lag k: steps back from the loss"
    ax.set(xlim=(0, WIDE * T), ylim=(-lo, hi), xlabel=along)
    ax.xaxis.set_major_locator(FixedLocator(np.linspace(0, T, 5).tolist()))
    ax.axhline(0, **IDENTITY)
    ax.axhline(np.log10(0.5) / 2, color=INK, linewidth=1, linestyle=":")
    if lo + hi < 6:
        ax.text(1.03 * T, np.log10(0.5) / 2, "√½, half", va="center", color=INK, bbox=PAPER)
    color, shown, x = CELL["identity"]["color"], np.maximum(logs, -2 * lo), T - np.arange(T) if by_step else np.arange(T)
    fan(ax, x, shown, color=color, linewidth=1, alpha=0.6)
    ax.plot(x, np.median(shown, axis=0), color=color, linewidth=3)
    lost = (logs == -np.inf)[logs[:, -1] == -np.inf]
    ax.plot(x[lost.argmax(1)], np.full(len(lost), -0.97 * lo), linestyle="none", marker="x", color=INK, markeredgewidth=2)
    return f"exactly 0 in {len(lost)} of {len(logs)} draws" if len(lost) else "never exactly 0"


# -- the adding problem -------------------------------------------------------------------------------------------------------


def training(loss, norm, run) -> str:
    """A run on two axes as `plots.training` draws it, with a line at the error of always answering 1."""
    said = plots.training(loss, norm, run)
    plots.level(loss, 1 / 6, "always 1")
    return said


# -- a digit, pixel by pixel --------------------------------------------------------------------------------------------------

UNREAD = np.array([0.88, 0.88, 0.88])
ROOM = 1.08  # the place where the pixels' axis ends, in T


UPDATES = {49: 4000, 196: 4000, 784: 1500}  # of the runs of `digit_reader.sweep`, by the number of pixels


@expect.arguments(ax=expect.axes, rate=partial(expect.one_of, choices=("best", "0.0003", "0.001", "0.003")))
def accuracies(ax, rate: str) -> str:
    """Runs by length: a mark for each seed, and a line through the means of each net. The grey line is chance.

    `rate` of learning: that one, or for each net and length the "best". Says the means.
    """
    small = narrow(ax)
    ax.set(xlim=(-0.3, 4 if small else 2.8), ylim=(0, 1), ylabel="digits right")
    ax.set_xlabel("pixels of a digit; updates" if small else "pixels of a digit")
    ax.set_xticks(range(3), [f"{pixels}\n{updates}" + " updates" * (not small) for pixels, updates in UPDATES.items()])
    ax.axhline(0.1, **IDENTITY)
    said = []
    for net in digit_reader.STORED_AS:
        runs = {pixels: digit_reader.sweep(pixels)[net] for pixels in UPDATES}
        chosen = {n: max(r.values(), key=np.mean) if rate == "best" else r.get(float(rate)) for n, r in runs.items()}
        x = [k for k, found in enumerate(chosen.values()) if found is not None]
        y = np.array([found for found in chosen.values() if found is not None])
        ax.plot(x, y, **CELL[net] | {"linestyle": "none", "fillstyle": "none"})
        ax.plot(x, y.mean(1), **CELL[net] | {"marker": ""})
        shift = (0.25 if small else 0.1, 0) if len(x) > 1 else (-0.1, -0.15)
        style = {"color": CELL[net]["color"], "fontweight": "bold", "bbox": PAPER}
        ax.text(x[-1] + shift[0], y[-1].mean() + shift[1], net, va="center", **style)
        means = (f"{list(UPDATES)[k]} pixels {found.mean():.3f}" for k, found in zip(x, y, strict=True))
        said.append(f"{net}: {', '.join(means)}")
    return f"Rate of learning: {rate}. Right of 1000, mean of three seeds. {'; '.join(said)}."


_is_run = partial(expect.instance, kinds=DigitRun, what="a DigitRun, from `read_digit`")


@expect.arguments(page=expect.axes, memory=expect.axes, odds=expect.axes, gradient=expect.axes, run=_is_run)
def reading(page, memory, odds, gradient, run: DigitRun, read: int) -> None:
    """A net reads a digit, of which `read` pixels were read so far: the page, the hidden states, the probabilities of the ten
    digits, and the gradient with respect to each pixel.
    """
    read = expect.whole("read", read, least=0, most=len(run.order))
    _page(page, run, read)
    _states(memory, run.h[1:], read)
    _probabilities(odds, run, read)
    _pixel_gradients(gradient, run)
    for ax in (memory, odds):
        ax.axvline(read, color=BACKWARD["color"], linewidth=1.5)


def _page(ax, run, read):
    """The image; pixels that have not been read yet are grey, and the last one read is framed."""
    unread = run.order[read:]
    shown = np.repeat(1 - run.image.ravel()[:, None], 3, axis=1)
    shown[unread] = (2 * UNREAD + 0.25 * shown[unread]) / 2.25
    ax.imshow(shown.reshape(*run.image.shape, 3), interpolation="nearest")
    if read:
        row, column = divmod(int(run.order[read - 1]), run.image.shape[1])
        frame = {"color": "none", "mec": BACKWARD["color"], "mew": 2}
        ax.plot(column, row, marker="s", markersize=7, clip_on=False, **frame)
    ax.set(xticks=[], yticks=[], xlabel="what was read")


def _states(ax, h, read):
    """The hidden states (T, H) so far as an image, a row for each unit, its largest value dark."""
    size = np.abs(h) / np.maximum(np.abs(h).max(0), 1e-30)
    size[read:] = 0
    ax.imshow(size.T, aspect="auto", cmap="Greys", vmin=0, vmax=1, interpolation="nearest", extent=(0, len(h), len(size.T), 0))
    _pixel_axis(ax, len(h))
    ax.set(ylabel="unit of h", yticks=[])


def _pixel_axis(ax, T):
    """The pixels along x, with room for the names of lines on the right: the same for all that is drawn over time."""
    ax.set(xlim=(0, ROOM * T), xlabel="pixel")
    ax.xaxis.set_major_locator(FixedLocator(np.linspace(0, T, 5).tolist()))


def _probabilities(ax, run, read):
    """The probability of each digit over the pixels so far; the right digit is drawn bold, and named beside the leader."""
    T, p = len(run.order), run.p[read]
    _pixel_axis(ax, T)
    ax.set(ylim=(0, 1.02), ylabel="probability")
    for digit, line in enumerate(run.p[: read + 1].T):
        color, width, zorder = (FORWARD["color"], 2, 3) if digit == run.label else ("#999999", 0.8, 2)
        ax.plot(np.arange(read + 1), line, color=color, linewidth=width, zorder=zorder)
    named = sorted({run.label, int(p.argmax())}, key=lambda digit: p[digit])
    heights = np.clip(p[named], 0.03, 0.97)
    if np.ptp(heights) < 0.14 and len(named) == 2:  # they would lie on each other
        heights = np.clip(heights.mean(), 0.1, 0.9) + np.array([-0.07, 0.07])
    for digit, y in zip(named, heights, strict=True):
        ax.text(read + 0.01 * T, y, str(digit), va="center", color=INK, weight="bold" if digit == run.label else None)


def _pixel_gradients(ax, run):
    """|d score / d pixel| of each pixel in its place on the image; the largest is 1."""
    image = np.empty(run.image.size)
    image[run.order] = np.abs(run.x_bar)
    image = image.reshape(run.image.shape) / max(image.max(), 1e-300)
    ax.imshow(image, cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[], xlabel="|gradient| by pixel")


@expect.arguments(ax=expect.axes, scale=partial(expect.number, least=0.99, most=1.01))
def needle(ax, scale: float) -> float:
    """The share of digits named right over the scale of the recurrent weights, with a mark at `scale`, whose share it gives."""
    scales, shares = digit_reader.shares_by_scale()
    ax.set(xlim=(0.9893, 1.0107), ylim=(0, 1), xlabel="scale of the recurrent weights", ylabel="digits right")
    ax.set(xticks=(0.99, 0.995, 1, 1.005, 1.01), xticklabels=("0.99", "0.995", "1", "1.005", "1.01"))
    ax.axvspan(*(1 + np.array([-1, 1]) / 784), color=FORWARD["color"], alpha=0.15, linewidth=0)
    ax.text(1.0016, 0.93, "1 ± 1/784", color=FORWARD["color"], bbox=PAPER)
    ax.axhline(0.1, **IDENTITY)
    ax.text(0.9895, 0.03, "guessing", color=INK)
    ax.plot(scales, shares, **CELL["identity"] | {"marker": ".", "linewidth": 2.2})
    share = float(np.interp(scale, scales, shares))
    ax.plot(scale, share, marker="D", markersize=9, color=INK, markeredgecolor="white", zorder=4, clip_on=False)
    return share


class Held(NamedTuple):
    """What 100 units hold along one digit."""

    values: np.ndarray  # singular values of the states, each of these scaled to length 1, as parts of the largest
    lengths: np.ndarray  # (785,), of the states
    on: np.ndarray  # (784, 100), which units are on
    radius: float  # the spectral radius of W_h
    parts: np.ndarray  # (49,), after every 16th pixel: that of the part of W_h, rows and columns, whose units are on


@cache
def held(noise: float, trained: bool = False) -> Held:
    """W_h is the identity plus noise; or that of the stored net, which began with a noise of 0.01 and is `trained`."""
    drawn = cells.init_rnn(np.random.default_rng(0), 1, 100, recurrent="identity", noise=noise, inputs=0.2)
    p = digit_reader.reader("row by row", 1.0).cell if trained else drawn
    h = cells.unroll(p, digit_reader.held_out(1)[0].astype(p.W_h.dtype), phi="relu").h[:, 0].astype(float)
    lengths, on = np.linalg.norm(h, axis=1), h[1:] > 0
    values = np.linalg.svd(h / np.maximum(lengths, 1e-30)[:, None], compute_uv=False)
    radius, *parts = (np.abs(np.linalg.eigvals(p.W_h[np.ix_(k, k)])).max(initial=0) for k in (np.full(100, True), *on[15::16]))
    return Held(values / values[0], lengths, on, float(radius), np.array(parts))


_held = partial(expect.instance, kinds=Held, what="Held, from `held`")


@expect.arguments(signals=expect.axes, length=expect.axes, radii=expect.axes, held=_held)
def independent(signals, length, radii, held: Held) -> None:
    """The forty largest signals, and a line at 1 %; the state's length; and the spectral radius of the part of W_h that is on."""
    decade_axis(signals, 5, "size of a signal")
    signals.set(xlim=(0, 49 if narrow(signals) else 46), ylim=(-5, 0.3), xlabel="signal, 40 of 100", xticks=(1, 10, 20, 30, 40))
    signals.axhline(-2, color=INK, linestyle=":")
    signals.text(41, -1.95, "1 %", va="bottom", color=INK)
    signals.text(45, 0, f"{np.sum(held.values > 0.01)} above 1 %", ha="right", va="top", color=INK, bbox=PAPER)
    logs = np.maximum(log10(held.values[:40]), -5)
    signals.vlines(np.arange(1, 1 + len(logs)), -5, logs, color=FORWARD["color"], linewidth=2.5)
    decade_axis(length, 20, "length of the state")
    length.set(xlim=(0, len(held.lengths) - 1), ylim=(-3, 22), xlabel="pixel")
    length.plot(np.maximum(log10(held.lengths), -4), linewidth=2.4, **FORWARD)
    radii.set(xlim=(0, 16 * len(held.parts)), ylim=(0.95, 1.15), yticks=(1, 1.05, 1.1), xlabel="pixel", ylabel="spectral radius")
    radii.axhline(1, **IDENTITY)
    radii.axhline(held.radius, color=INK, linestyle="--")
    radii.text(8, held.radius + 0.004, "all of $W_h$", color=INK)
    radii.plot(16 * np.arange(1, 50), np.where(held.parts > 0, held.parts, np.nan), marker=".", **FORWARD)


# -- exercises ----------------------------------------------------------------------------------------------------------------


def _kept_open(on):
    """An answer that runs h = max(0, h + x) along x, and multiplies the gradient by `on(z, h, x)` at each step."""

    def answer(x):
        h, kept = 0.0, 1.0
        for x_t in x:
            z = h + x_t
            h = max(0.0, z)
            kept *= float(on(z, h, x_t))
        return kept

    return answer


def _state(x):
    """An answer that takes the last value of h for the slope."""
    h = 0.0
    for x_t in x:
        h = max(0.0, h + x_t)
    return h


def _inputs():
    """Inputs (x,) of one to six steps. For each length the unit is always on, and then off at exactly one step, each in turn.

    Some negative inputs leave the unit on; h + x is never near 0, where rounding would decide.
    """
    rng = np.random.default_rng(4)
    cases = []
    for length in range(1, 7):
        for off in (None, *range(length)):
            x, h = [], 0.0
            for t in range(length):
                z = -rng.uniform(0.05, 1) if t == off else rng.uniform(0.1, 2)
                x.append(round(z - h, 2))
                h = max(0.0, h + x[-1])
            cases.append((x,))
    return tuple(cases)


def _doublings(given):
    """How often w doubles the pulse over 784 steps. Unfit, with what it leaves: neither right nor a slip."""
    w = number(1e-300, 2)(given)
    power = round(784 * np.log2(w), 1)
    if power not in (-1, -784, 0, -0.7, -1.4, 1, -28, -614656):
        raise Unfit(f"with w = {w:.6g} there is {w**784:.3g} of the pulse left after 784 steps; it should be 0.5.")
    return power


EXERCISES = {
    "half": Exercise(
        _doublings,
        0.5 ** (1 / 784),
        (
            (0.5, "w = 0.5 halves the pulse in each single step."),
            (0.5**784, "that is what 784 steps at w = 0.5 leave. You want the w whose 784th power is 0.5."),
            (1.0, "w = 1 keeps all of it, forever."),
            (1 - 0.5 / 784, "each step takes its share of what is left, not of the original pulse: (1 - 0.5/784)^784 = 0.61."),
            (1 - 1 / 784, "1 - 1/T leaves (1 - 1/T)^T = 0.37 of it, about 1/e. Half needs a w that is nearer to 1."),
            (2 ** (1 / 784), "that w doubles it: the answer lies below 1."),
            (0.5 ** (1 / 28), "that is for 28 steps, one row; the digit has 28 x 28 pixels."),
        ),
        "0.5^(1/784) = 0.99912: w differs from 1 by 0.0009, about 0.7/T.",
    ),
    "drive": Exercise(
        Called(_inputs(), lambda x: ()),
        _kept_open(lambda z, h, x: z > 0),
        (
            (_state, "h is the value itself. You want the slope of the step: how h changes with the h before it."),
            (_kept_open(lambda z, h, x: h), "multiply by the slope of the step, 1 or 0, not by the value h."),
            (_kept_open(lambda z, h, x: x > 0), "a negative input alone does not switch the unit off; h + x below 0 does."),
            (lambda x: float(sum(x) > 0), "the unit may end above 0 and yet have been off on the way: every step counts."),
            (lambda x: float(np.prod(x)), "x is added to h, so the slope of a step is 1 or 0, whatever x is."),
            (lambda x: float(x[0] > 0), "you looked at the first step only; the gradient must pass all of them."),
            (lambda x: 1.0, "the unit is the identity only while it is on; a step at which it is off passes no gradient."),
        ),
        "All or nothing: 1 if the unit was always on, else 0. Inputs above 0 keep it on; a first input of 0 does not.",
    ),
    "noise": Exercise(
        lambda given: round(7840 * number(0, 100)(given), 1),
        1 / 7840,
        (
            (1 / 784, "that is how far the whole matrix may be from the identity: the noise counts √100 = 10 times."),
            ((1 + 1 / 784) / 10, "you divided the whole radius by 10. The noise makes only what is above 1: σ √100 = 1/784."),
            (1 / 78400, "100 units make the radius 1 + σ √100: divide by the square root of 100, not by 100."),
            (1 / 78.4, "√100 multiplies the noise, so the noise must be smaller by it."),
            (0.01, "that is the net's own noise: its radius is about 1.1, and 1.1^784 is far beyond any band."),
            (0.001, "that buys seven signals, but its radius is 1 + 0.001 √100 = 1.01, and 1.01^784 is about 2400."),
            (1 + 1 / 784, "that is the whole radius, not the noise: 1 + σ √100 = 1 + 1/784."),
            (1 / 280, "that is for 28 steps, one row; the digit has 28 x 28 pixels."),
            (0, "without noise all units hold the same signal."),
        ),
        "1/7840 = 0.00013: the net started with about eighty times as much, and clipping held its gradients while it learnt.",
    ),
}
