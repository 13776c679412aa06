"""The LSTM that reads Python code character by character: what its cells hold, and the text in colours."""

from functools import cache, partial

import numpy as np
from matplotlib.axes import Axes

from lecturelib import cells, datasets, expect, nets, pretrained
from lecturelib.plots import BACKWARD, DASHED, INK, decade_axis, log10, narrow
from lecturelib.probes import Unfit, shown

__all__ = [
    "LINES", "STRINGS", "coloured_text", "draw_gate", "forget_gate", "line_shades", "opened", "page", "quote_and_cell", "shades",
    "states", "written",
]  # fmt: skip

QUOTE = (21, 1.0)  # the trained net's cell that follows quotes best, and the sign of its correlation (notebook 07 finds it)
ROOM = partial(expect.whole, most=1000)
STRINGS = "print('the ' + names[0])", "x = 'one' + two + 'three'", 's = "a, b" + c'
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
    return np.tanh(_read(net, text).c[1:, 0])


def _read(net, text):
    """The trace of a net that reads the text."""
    layer = pretrained.load("characters")["seed 1"].net.cell
    if net == "untrained":
        layer = cells.init_lstm(np.random.default_rng(1), len(datasets.CHARACTERS), 64, dtype=np.float32)
    return cells.unroll(layer, nets.one_hot(datasets.encode_text(text)[:, None], len(datasets.CHARACTERS)))


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


def forget_gate(cell: int, text: str) -> np.ndarray:
    """The forget gate of a cell of the trained net at each character, (len(text),), the first being read after a line break."""
    datasets.encode_text(text)  # its error counts from the start of the text, without the line break
    return _read("trained", "\n" + text).gates.f[1:, 0, cell]


def quote_and_cell(line: str) -> list[bool]:
    """A probe for the exercise "fool": whether the line ends inside a string, and whether the cell that follows quotes is high.

    That is above 0.3 (see `shades`), as after 99 % of the characters in strings.
    """
    if not isinstance(line, str) or not 1 <= len(line) <= 80:
        raise Unfit(f"the answer is a line of 1 to 80 characters, not {shown(line)}")
    if "#" in line or "'''" in line or '"""' in line:
        raise Unfit("only plain strings are meant: no comment (#), and no three quotes in a row")
    try:
        value = line_shades("trained", QUOTE, line, datasets.code()[1][20_000:40_000])[-1]
    except ValueError as error:
        raise Unfit(str(error)) from None
    return [bool(datasets.structure(line)["quote"][-1]), bool(value > 0.3)]


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
    run, ha = (1, "center") if width <= 40 else (10, "left")  # short runs stay aligned with the background
    margin = (0.8 if run == 1 else 0.645) if narrow(ax) else 0.615
    size = min(15, 72 * ax.figure.bbox.width / ax.figure.dpi / width / margin)
    for row, line in enumerate(lines):
        for column in range(0, len(line), run):
            if part := line[column : column + run].rstrip():
                x = column + (0.5 if run == 1 else 0)
                ax.text(x, row + 0.52, part, family="monospace", va="center", fontsize=size, color="black", ha=ha)
    ax.set(xlim=(0, width), ylim=(rows, 0), xticks=[], yticks=[])
    ax.set_title(title, loc="left", fontsize=10)
    ax.spines[:].set_visible(False)


@expect.arguments(gate=expect.axes, gradient=expect.axes, f=expect.row, width=ROOM)
def draw_gate(gate: Axes, gradient: Axes, f: np.ndarray, width: int) -> None:
    """A forget gate `f` (N,) under each of N characters, and under it how much of a gradient at the end reaches each of them.

    Along the cell alone that is the product of the gates behind it. The columns are those of `coloured_text`.
    """
    at, kept = np.arange(len(f)) + 0.5, np.append(np.cumprod(f[:0:-1])[::-1], 1.0)
    gate.bar(at, f, width=0.8, color=INK, alpha=0.75)
    gate.set(ylim=(0, 1.05), yticks=(0, 1), ylabel="f")
    decade_axis(gradient, 6, "gradient")
    gradient.plot(at, np.maximum(log10(kept), -7), linewidth=2.2, color=BACKWARD["color"], linestyle=DASHED)
    gradient.set(ylim=(-6, 0.5))
    for ax in (gate, gradient):
        ax.set(xlim=(0, width), xticks=[])
