"""The memory block of an LSTM, drawn with its code: its parts, what each is for, and one step of a block of one cell."""

from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle

from lecturelib import cells, expect
from lecturelib.plots import BACKWARD, IDENTITY, INK, narrow

GREY, LIT = IDENTITY["color"], "#F6D7C2"
PARTS = {  # of the block: their positions and the symbols in them
    "input gate i": (2.2, 1.0, "σ"),
    "forget gate f": (1.0, 1.0, "σ"),
    "output gate o": (4.6, 1.0, "σ"),
    "new input g": (3.4, 1.0, "tanh"),
    "memory cell c": (2.8, 3.6, "+"),
    "output h": (4.6, 2.5, "×"),
}
WIRES = {  # the lines of each part, by their corners
    "input gate i": [((2.2, 1.25), (2.2, 2.3), (2.55, 2.3))],
    "forget gate f": [((1.0, 1.25), (1.0, 3.35))],
    "output gate o": [((4.6, 1.25), (4.6, 2.25))],
    "new input g": [((3.4, 1.25), (3.4, 2.3), (3.05, 2.3))],
    "memory cell c": [((0, 3.6), (0.75, 3.6)), ((1.25, 3.6), (2.55, 3.6)), ((2.8, 2.55), (2.8, 3.35)), ((3.05, 3.6), (6, 3.6))],
    "output h": [((3.9, 3.6), (3.9, 3.3)), ((3.9, 2.8), (3.9, 2.5), (4.35, 2.5)), ((4.85, 2.5), (6.0, 2.5))],
}
CODE = {  # the line that computes each part: z_i, z_f, z_o and z_g are the quarters of z
    "": "z = W_x @ x + W_h @ h + b",
    "input gate i": "i = σ(z_i)",
    "forget gate f": "f = σ(z_f)",
    "output gate o": "o = σ(z_o)",
    "new input g": "g = tanh(z_g)",
    "memory cell c": "c = f * c + i * g",
    "output h": "h = o * tanh(c)",
}
MEANING = {
    "input gate i": "How much of the new input enters the cell.",
    "forget gate f": "How much of the old value stays.",
    "output gate o": "How much of the cell is shown to the rest of the net.",
    "new input g": "What could be stored now, from -1 to 1.",
    "memory cell c": "Old value times f, plus new input times i: the only place that lasts.",
    "output h": "What the next step and the layers above see.",
}
OWN = cells.LSTM(np.array([[4.0], [-4.0], [0.0], [2.0]]), np.array([[0.0], [0.0], [3.0], [0.0]]), np.zeros(4))


@expect.arguments(x=expect.number, h=expect.number, c=expect.number)
def one_step(x: float, h: float, c: float) -> dict[str, float]:
    """One step of a block of one cell: the value of each of PARTS. By OWN i = σ(4 x), f = σ(-4 x) and o = σ(3 h)."""
    step = cells.lstm_step(OWN, np.array([[h]]), np.array([[c]]), np.array([[x]]))
    return {part: value.item() for part, value in zip(PARTS, (*step.gates, step.c, step.h), strict=True)}


def _values(name, values):
    """A check for `expect.arguments`: a number for each of PARTS."""
    if not isinstance(values, dict) or set(values) != set(PARTS):
        raise ValueError(f"{name}: a dictionary with a number for each of {', '.join(PARTS)}, not {values!r}")
    return {part: expect.number(f"{name} of {part}", value) for part, value in values.items()}


_part = partial(expect.one_of, choices=PARTS)


@expect.arguments(drawing=expect.axes, code=expect.axes, chosen=_part, values=_values, before=expect.number)
def memory_block(drawing: Axes, code: Axes, chosen: str, values: dict[str, float], before: float) -> None:
    """The memory block as in the equations (no peepholes) with the part `chosen` highlighted; the code, and each part's value.

    `before` is c of the step before.
    """
    drawing.set(xlim=(-0.3, 6.4), ylim=(-0.4, 4.2), aspect="equal")
    for part, (x, y, symbol) in PARTS.items():
        _wires(drawing, part, part == chosen)
        _box(drawing, x, y, symbol, part == chosen, values[part])
    for x, y, mark, lights in (
        (1.0, 3.6, "×", ("forget gate f", "memory cell c")),
        (2.8, 2.3, "×", ("input gate i", "new input g", "memory cell c")),
        (3.9, 3.05, "tanh", ("output h",)),
    ):
        _box(drawing, x, y, mark, chosen in lights)
    for part, (x, y, _) in list(PARTS.items())[:4]:
        drawing.plot([x, x], [0, y - 0.25], color=GREY, linewidth=1, zorder=0)
        drawing.text(x + 0.1, y + 0.36, part[-1], weight="bold", color=INK)
        drawing.text(x + 0.4, y + 0.36, f"{values[part]:.2f}", color=INK, fontsize=8)
    drawing.plot([0, 4.6], [0, 0], color=GREY, linewidth=1, zorder=0)
    now, shown = (f"{values[part]:.2f}" for part in ("memory cell c", "output h"))
    names = [(0.1, 3.95, f"$c_{{t-1}}$ {before:.2f}"), (6, 3.75, f"$c_t$ {now}"), (6, 2.65, f"$h_t$ {shown}")]
    for x, y, name in [*names, (0.2, -0.35, "$x_t, h_{t-1}$")]:
        drawing.text(x, y, name, ha="center", color=INK)
    drawing.axis("off"), code.axis("off")
    code.set(xlim=(0, 1), ylim=(-0.5, 6.5))
    for row, (part, line) in enumerate(CODE.items()):
        lit = part == chosen
        box = {"facecolor": LIT if lit else "none", "linewidth": 0, "pad": 4}
        text = ("▸ " if lit else "  ") + line
        style: dict[str, Any] = {"family": "monospace", "color": INK, "weight": "bold" if lit else None}
        code.text(0.0, 6 - row, text, bbox=box, **style)
        if part:
            code.text(1.0, 6 - row, f"{values[part]:.2f}", ha="right", **style)


def _wires(ax, part, lit):
    """The lines of a part, each with an arrowhead on its last piece."""
    color, width = (BACKWARD["color"], 3) if lit else (GREY, 1.2)
    for wire in WIRES[part]:
        ax.plot(*zip(*wire, strict=True), color=color, linewidth=width, solid_joinstyle="miter", zorder=1 + lit)
        (x0, y0), (x1, y1) = wire[-2:]
        heading = {"arrowstyle": "-|>", "color": color, "linewidth": width, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (x1, y1), (x0 + 0.6 * (x1 - x0), y0 + 0.6 * (y1 - y0)), arrowprops=heading, zorder=1 + lit)


def _box(ax, x, y, symbol, lit, opened=0.0):
    """A symbol in a box, darker the more it is open; a circle for a sum or a product. The wires end at their edges."""
    face = str(1 - 0.45 * opened) if symbol == "σ" else LIT if lit else "white"
    wide = 0.4 if symbol == "tanh" else 0.25
    shape = Circle((x, y), 0.25) if symbol in "+×" else Rectangle((x - wide, y - 0.25), 2 * wide, 0.5)
    shape.set(zorder=3, facecolor=face, edgecolor=BACKWARD["color"] if lit else GREY)
    ax.add_patch(shape)
    ax.text(x, y, symbol, ha="center", va="center", color=INK, zorder=4, fontsize=8 if narrow(ax) else None)
