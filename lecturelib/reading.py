"""The LSTM that reads Python code character by character: what its cells hold, and the text in colours."""

from functools import cache, partial

import numpy as np
from matplotlib.axes import Axes

from lecturelib import cells, datasets, expect, nets, pretrained
from lecturelib.plots import narrow

__all__ = ["LINES", "coloured_text", "line_shades", "opened", "page", "shades", "states", "written"]

ROOM = partial(expect.whole, most=1000)
LINES = (
    "y = f(g(h(a",
    "total = first + second + third",
    "print('the ' + names[0])",
    "x = {'a': [1, (2, 3)]}",
    '        if k == "it\'s":',
    "s = 'never closed + f(x)",
)


def opened(text: str) -> np.ndarray:
    """1 from the first bracket of a line to the end of that line, also where it is closed again, else 0: (len(text),)."""
    quote, found, seen = datasets.structure(text)["quote"], np.zeros(len(text)), 0.0
    for k, c in enumerate(text):
        seen = 0.0 if c == "\n" else max(seen, float(c in "([{" and not quote[k]))
        found[k] = seen
    return found


@cache
def states(net: str, text: str) -> np.ndarray:
    """tanh(c) of the 64 cells after each character, (len(text), 64): of the "trained" net, or of an "untrained" one."""
    layer = pretrained.load("characters")["seed 1"].net.cell
    if net == "untrained":
        layer = cells.init_lstm(np.random.default_rng(1), len(datasets.CHARACTERS), 64, dtype=np.float32)
    x = nets.one_hot(datasets.encode_text(text)[:, None], len(datasets.CHARACTERS))
    return np.tanh(cells.unroll(layer, x).c[1:, 0])


@cache
def shades(net: str, best: tuple[int, float], text: str, reference: str) -> np.ndarray:
    """A cell along the text, (len(text),): 0 at its mean over the text `reference`, 1 two standard deviations above it.

    `best` is the cell and its correlation with a feature; where that is negative, the values change sign.
    """
    cell, correlation = best
    before = states(net, reference)[:, cell]
    return np.sign(correlation) * (states(net, text)[:, cell] - before.mean()) / (2 * before.std())


def line_shades(net: str, best: tuple[int, float], line: str, reference: str) -> np.ndarray:
    """As `shades`, for a line that is read after a line break. ValueError: a character of the line is not in CHARACTERS."""
    datasets.encode_text(line)  # its error counts from the start of the line, without the line break
    return shades(net, best, "\n" + line, reference)[1:]


def page(text: str, number: int) -> slice:
    """800 characters of the text from the start of a line on; each page begins about 450 characters after the one before."""
    start = text.index("\n", 450 * number) + 1
    return slice(start, start + 800)


@cache
def written(temperature: float, seed: int) -> str:
    """What the trained net writes: a line that begins with `def`, then 300 characters of its own."""
    start, rng = "\nclass Network:\n\n    def ", np.random.default_rng(seed)
    net = pretrained.load("characters")["seed 1"].net
    words = nets.sample(net, rng, datasets.encode_text(start), 300, temperature=temperature)
    return "    def " + "".join(datasets.CHARACTERS[word] for word in words)


@expect.arguments(ax=expect.axes, text=expect.text, width=ROOM, rows=ROOM, title=expect.text)
def coloured_text(ax: Axes, text: str, values: np.ndarray, width: int = 80, rows: int = 12, title: str = "") -> None:
    """The text in at most `rows` lines of `width` characters, on backgrounds that show its `values` (len(text),).

    Values are clipped to -1.1 ... 1.1, since black letters are hard to read on darker colours. A narrow screen has at most 46
    characters in a line, and twice as many lines.
    """
    values = expect.numbers("values", values, "N", N=len(text)) if text else np.empty(0)
    width, rows = (min(width, 46), 2 * rows) if narrow(ax) else (width, rows)
    lines = [line[k : k + width] for line in text.split("\n") for k in range(0, max(1, len(line)), width)][:rows]
    letters = iter([np.clip(value, -1.1, 1.1) for character, value in zip(text, values, strict=True) if character != "\n"])
    shades = np.full((rows, width), np.nan)
    for row, line in enumerate(lines):
        shades[row, : len(line)] = [next(letters) for _ in line]
    ax.imshow(shades, cmap="PuOr", vmin=-1.8, vmax=1.8, extent=(0, width, rows, 0), aspect="auto", interpolation="nearest")
    # In points: a character of this font is 0.602 of its size wide, and the margins take more of a narrow picture.
    size = 72 * ax.figure.bbox.width / ax.figure.dpi / width / (0.645 if narrow(ax) else 0.615)
    for row, line in enumerate(lines):
        for column in range(0, len(line), 10):  # short runs stay aligned with the background
            if run := line[column : column + 10].rstrip():
                ax.text(column, row + 0.52, run, family="monospace", va="center", fontsize=size, color="black")
    ax.set(xlim=(0, width), ylim=(rows, 0), xticks=[], yticks=[])
    ax.set_title(title, loc="left", fontsize=10)
    ax.spines[:].set_visible(False)
