"""Notebook 06, the identity RNN: what is left of a pulse, and a network that reads a digit pixel by pixel."""

from functools import partial

import numpy as np
from matplotlib.ticker import FixedLocator

from lecturelib import expect
from lecturelib.plots import BACKWARD, CELL, FORWARD, IDENTITY, INK, PAPER, POWER, decade_axis, log10
from lecturelib.probes import Called, Exercise, number

UNREAD = np.array([0.88, 0.88, 0.88])


DIGIT = partial(expect.whole, least=0, most=9)


def _lines(name, value):
    """The losses of some runs, each a row."""
    if not isinstance(value, list | tuple) or not value:
        expect.refuse(name, "a list of curves", value)
    return [expect.row(f"each curve of {name}", line) for line in value]


def _four(axes):
    if not (isinstance(axes, tuple | list) or getattr(axes, "ndim", 0) == 1) or len(axes) != 4:
        expect.refuse("axes", "four axes", axes)
    return [expect.axes("each of axes", ax) for ax in axes]


def _order(order, image):
    """The order in which the pixels of `image` are read: each of them once."""
    order = expect.words("order", order, image.size, "T", least=0, T=image.size)
    if len(set(order.tolist())) < len(order):
        raise ValueError("order must be a permutation: each pixel once")
    return order


@expect.arguments(ax=expect.axes, h=expect.row, steps=expect.whole, decades=partial(expect.number, least=1, most=60))
def pulse(ax, h, steps, decades=4):
    """What is left of a pulse: `h`, shape (T + 1,), as powers of ten over t = 0..T, on axes that hold `steps` steps."""
    decade_axis(ax, decades, "value of h")
    ax.set(xlim=(0, 1.02 * steps), xlabel="step t")
    ax.axhline(0, **IDENTITY)
    logs = np.clip(log10(h), -3 * decades, 3 * decades)
    ax.plot(np.arange(len(h)), logs, **FORWARD)
    ax.plot(len(h) - 1, np.clip(logs[-1], -decades, decades), marker="D", color=INK, clip_on=False)


@expect.arguments(
    ax=expect.axes,
    runs=partial(expect.named, check=_lines, choices=CELL),
    every=expect.whole,
    steps=expect.whole,
    guess=expect.positive,
)
def learning_curves(ax, runs, every, steps, guess):
    """Losses of training runs, as powers of ten: `runs` maps names in CELL to lists of curves, a point each `every` steps.

    `guess` is the loss of who has learnt nothing.
    """
    ax.set(xlim=(0, 1.2 * steps), ylim=(-4, 0.5), xlabel="training step", ylabel="mean squared error")
    ax.yaxis.set_major_locator(FixedLocator(range(-4, 1)))
    ax.yaxis.set_major_formatter(POWER)
    ax.axhline(np.log10(guess), **IDENTITY)
    ax.text(1.19 * steps, np.log10(guess) + 0.17, "always 1", ha="right", color=INK)
    for name, lines in runs.items():
        for line in lines:
            k = every * (np.arange(len(line)) + 1)
            ax.plot(k, np.clip(log10(line), -4, 0.5), markevery=max(1, len(line) // 5), markersize=5, **CELL[name])
        end = max(-3.85, np.mean(log10([line[-1] for line in lines])))
        ax.text(k[-1] + 0.01 * steps, end, name, va="center", color=CELL[name]["color"], bbox=PAPER)


@expect.arguments(image=partial(expect.numbers, axes="side side"), label=DIGIT, h=expect.field)
def reading(axes, image, label, order, h, p, x_bar, read):
    """A net reads `image`, the digit `label`, pixel by pixel in this `order`: the page, its memory, its odds, its gradient.

    `axes`: four. `h` (T + 1, H), `p` (T + 1, 10) and `x_bar` (T,), the gradient of one score by each pixel; `read` pixels so far.
    """
    order = _order(order, image)
    T, axes = len(order), _four(axes)
    expect.numbers("h", h, "T H", T=T + 1)
    p = expect.numbers("p", p, "T 10", T=T + 1)
    x_bar, read = expect.numbers("x_bar", x_bar, "T", T=T), expect.whole("read", read, least=0, most=T)
    _page(axes[0], image, order, read)
    _strip(axes[1], h[1:], read)
    _odds(axes[2], p, read, label)
    _slope(axes[3], x_bar, order)


def _page(ax, image, order, read):
    """The image (side, side), of which the first `read` pixels of `order` were read; the others are grey."""
    shown = np.repeat(1 - image.ravel()[:, None], 3, axis=1)
    shown[order[read:]] = (2 * UNREAD + 0.25 * shown[order[read:]]) / 2.25
    ax.imshow(shown.reshape(*image.shape, 3), interpolation="nearest")
    if read:
        row, column = divmod(int(order[read - 1]), image.shape[1])
        ax.plot(column, row, marker="s", markersize=7, color="none", markeredgecolor=BACKWARD["color"], markeredgewidth=2)
    ax.set(xticks=[], yticks=[], xlabel="what was read")


def _strip(ax, h, read):
    """The hidden state as an image: `h` (T, H), a row each unit, its largest value dark; a line at step `read`."""
    size = np.abs(h[:, np.argsort(np.abs(h).argmax(0), kind="stable")])
    size = size / np.maximum(size.max(0), 1e-30)
    ax.imshow(size.T, aspect="auto", cmap="Greys", vmin=0, vmax=1, interpolation="nearest", extent=(0, len(h), len(size.T), 0))
    ax.axvline(read, color=BACKWARD["color"], linewidth=1.5)
    ax.set(xlim=(0, len(h)), xlabel="pixel", ylabel="unit of h", yticks=[])


def _odds(ax, p, read, label):
    """The probability of each digit over the pixels: `p` (T + 1, 10); the right digit `label` is drawn bold."""
    ax.set(xlim=(0, 1.06 * (len(p) - 1)), ylim=(0, 1.02), xlabel="pixel", ylabel="probability")
    t = np.arange(len(p))
    for digit in range(10):
        right = digit == label
        ax.plot(t, p[:, digit], color=FORWARD["color"] if right else "#999999", linewidth=2 if right else 0.8, zorder=2 + right)
    for digit in {label, int(p[-1].argmax())}:
        ax.text(len(p) * 1.005, p[-1, digit], str(digit), va="center", color=INK, weight="bold" if digit == label else None)
    ax.axvline(read, color=BACKWARD["color"], linewidth=1.5)


def _slope(ax, x_bar, order):
    """|d score / d pixel| of each pixel, `x_bar` (T,) in the `order` of reading, in its place on the image; its largest is 1."""
    image = np.empty(len(x_bar))
    image[order] = np.abs(x_bar)
    side = round(len(x_bar) ** 0.5)
    ax.imshow(image.reshape(side, side) / max(image.max(), 1e-300), cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[], xlabel="|gradient| by pixel")


# -- exercises ----------------------------------------------------------------------------------------------------------------


def _kept_open(on):
    """A pass of the unit h = max(0, h + x) along x that keeps the gradient while `on(z, h, x)` is true."""

    def left(x):
        h, kept = 0.0, 1.0
        for x_t in x:
            z = h + x_t
            h = max(0.0, z)
            kept *= bool(on(z, h, x_t))
        return kept

    return left


def _inputs():
    """Inputs (x,) of one to six steps: for each length the unit is never off, or off at one step alone, each in turn.

    There are negative inputs that leave the unit on; the state after a step is never near 0, where rounding would decide.
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


EXERCISES = {
    "half": Exercise(
        lambda given: round(784 * np.log2(number(1e-9, 2)(given)), 1),
        0.5 ** (1 / 784),
        (
            (0.5, "w = 0.5 halves the pulse in each single step."),
            (1.0, "w = 1 keeps all of it, for ever."),
            (1 - 0.5 / 784, "each step takes its share of what is left, not of the first pulse: (1 - 0.5/784)^784 = 0.61."),
            (2 ** (1 / 784), "that w doubles it: the answer lies below 1."),
            (0.5 ** (1 / 28), "that is for 28 steps, one row; the digit has 28 x 28 pixels."),
        ),
        "0.5^(1/784) = 0.99912: it may differ from 1 by 0.0009, about 0.7/T.",
    ),
    "drive": Exercise(
        Called(_inputs(), lambda x: ()),
        _kept_open(lambda z, h, x: z > 0),
        (
            (
                _kept_open(lambda z, h, x: x > 0),
                "a negative input alone does not switch the unit off: only if h + x falls below 0.",
            ),
            (
                lambda x: float(sum(x) > 0),
                "the sum at the end may be positive although the unit was off on the way. Look at each step.",
            ),
            (
                lambda x: float(x[0] > 0),
                "you looked at the first step only; the gradient must pass all of them.",
            ),
            (lambda x: 1.0, "the unit is the identity only while it is on; a step at which it is off passes nothing."),
        ),
        "All or nothing: 1 while the unit was always on, 0 if it was ever off. Inputs that are never negative keep it on.",
    ),
}
