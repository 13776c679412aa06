"""Notebook 07, the LSTM: its gates along time, its memory block, its adjoint, and the text that its cells follow."""

from functools import partial

import numpy as np
from matplotlib.patches import Rectangle

from lecturelib import expect
from lecturelib.plots import BACKWARD, FORWARD, IDENTITY, INK, PAPER, SOURCE
from lecturelib.probes import Called, Exercise, Unfit, Untouched, floats, keeps_half, shown


@expect.arguments(gates=expect.axes, cell=expect.axes, g=partial(expect.numbers, axes="T"))
def gate_timeline(gates, cell, values, g, c, kept, own):
    """A memory cell over T steps: `values` (3, T), the gates i, f and o; `g` (T,), the new inputs; below them c and its gradient.

    `c` (T + 1,) from c(0) on; `kept` (T + 1,), the derivative of the last c by each; the steps `own`, from 1, are marked.
    """
    T = len(g)
    values = expect.numbers("values", values, "3 T", T=T)
    c, kept = expect.numbers("c", c, "T", T=T + 1), expect.numbers("kept", kept, "T", T=T + 1)
    own = [expect.whole("each of own", t, most=T) for t in expect.instance("own", own, (list, tuple), "a list of steps")]
    T = len(g)
    gates.imshow(values, cmap="Greys", vmin=0, vmax=3, extent=(0.5, T + 0.5, 3.5, 0.5), aspect="auto")
    for row, name in enumerate("ifo", 1):
        for t in range(1, T + 1):
            gates.text(t, row, f"{values[row - 1, t - 1]:.2g}", ha="center", va="center", color=INK)
        gates.text(0.4, row, name, ha="right", va="center", weight="bold", color=INK)
    gates.text(0.4, 4, "g", ha="right", va="center", weight="bold", color=INK)
    for t in range(1, T + 1):
        gates.text(t, 4, f"{g[t - 1]:.2g}", ha="center", va="center", color=INK)
    for t in own:
        gates.add_patch(Rectangle((t - 0.5, 0.5), 1, 4, fill=False, edgecolor=SOURCE["color"], linewidth=2.5, clip_on=False))
    gates.set(xlim=(0.5, T + 0.5), ylim=(4.5, 0.5), yticks=[], xticks=[])
    high = max(2, np.ceil(np.abs(c).max()))
    cell.set(xlim=(0.5, T + 0.5), ylim=(-high, high), xlabel="step t", ylabel="value")
    cell.axhline(0, **IDENTITY)
    t = np.arange(1, T + 1)
    cell.plot(t, c[1:], marker="o", clip_on=False, **FORWARD)
    cell.plot(t, kept[1:], marker="s", markersize=5, clip_on=False, **BACKWARD)
    above = 1 if c[1] >= kept[1] else -1  # the labels stand on the outer sides of the two lines
    cell.text(1, c[1] + 0.2 * high * above, "$c_t$", ha="center", va="center", color=FORWARD["color"], bbox=PAPER)
    gradient = rf"$\partial c_{{{T}}} / \partial c_t$"
    cell.text(0.6, kept[1] - 0.2 * high * above, gradient, va="center", color=BACKWARD["color"], bbox=PAPER)


PARTS = {  # of the block: where it stands, what stands in it
    "input gate i": (2.2, 1.0, "σ"),
    "forget gate f": (1.0, 1.0, "σ"),
    "output gate o": (4.6, 1.0, "σ"),
    "new input g": (3.4, 1.0, "tanh"),
    "memory cell c": (2.8, 3.6, "+"),
    "output h": (4.6, 2.5, "×"),
}


WIRES = {  # each part's lines, as corners
    "input gate i": [((2.2, 1.3), (2.2, 2.3), (2.55, 2.3))],
    "forget gate f": [((1.0, 1.3), (1.0, 3.35))],
    "output gate o": [((4.6, 1.3), (4.6, 2.25))],
    "new input g": [((3.4, 1.3), (3.4, 2.3), (3.05, 2.3))],
    "memory cell c": [
        ((0.0, 3.6), (0.75, 3.6)),
        ((1.25, 3.6), (2.55, 3.6)),
        ((2.8, 2.55), (2.8, 3.35)),
        ((3.05, 3.6), (6.0, 3.6)),
    ],
    "output h": [((3.9, 3.6), (3.9, 2.5), (4.35, 2.5)), ((4.85, 2.5), (6.0, 2.5))],
}


CODE = {
    "": "z = W_x @ x + W_h @ h + b",
    "input gate i": "i = σ(z_i)",
    "forget gate f": "f = σ(z_f)",
    "output gate o": "o = σ(z_o)",
    "new input g": "g = tanh(z_g)",
    "memory cell c": "c = f * c + i * g",
    "output h": "h = o * tanh(c)",
}


@expect.arguments(drawing=expect.axes, code=expect.axes, chosen=partial(expect.one_of, choices=CODE))
def memory_block(drawing, code, chosen):
    """The memory block as in the equations (no peepholes), with the part `chosen` lit, and the line of code that computes it."""
    drawing.set(xlim=(-0.3, 6.4), ylim=(-0.4, 4.2), aspect="equal")
    for part, wires in WIRES.items():
        lit = part == chosen
        color, width = (BACKWARD["color"], 3) if lit else ("#767676", 1.2)
        for wire in wires:
            drawing.plot(*zip(*wire, strict=True), color=color, linewidth=width, solid_joinstyle="miter", zorder=1 + lit)
            (x0, y0), (x1, y1) = wire[-2:]
            heading = {"arrowstyle": "-|>", "color": color, "linewidth": width}
            drawing.annotate("", (x1, y1), (x0 + 0.6 * (x1 - x0), y0 + 0.6 * (y1 - y0)), arrowprops=heading, zorder=1 + lit)
        x, y, sign = PARTS[part]
        _box(drawing, x, y, sign, lit)
    for x, y, sign, part in ((1.0, 3.6, "×", "forget gate f"), (2.8, 2.3, "×", "input gate i"), (3.9, 3.05, "tanh", "output h")):
        _box(drawing, x, y, sign, part == chosen)
    for part, (x, y, _) in list(PARTS.items())[:4]:
        drawing.plot([x, x], [0, y - 0.3], color="#767676", linewidth=1, zorder=0)
        drawing.text(x + 0.32, y + 0.28, part[-1], weight="bold", color=INK)
    drawing.plot([0, 4.6], [0, 0], color="#767676", linewidth=1, zorder=0)
    for x, y, name in ((0, 3.75, "$c_{t-1}$"), (6, 3.75, "$c_t$"), (6, 2.65, "$h_t$"), (0.2, -0.35, "$x_t, h_{t-1}$")):
        drawing.text(x, y, name, ha="center", color=INK)
    drawing.axis("off")
    code.axis("off")
    code.set(xlim=(0, 1), ylim=(-0.5, 6.5))
    for row, (part, line) in enumerate(CODE.items()):
        lit = part == chosen
        box = {"facecolor": "#F6D7C2" if lit else "none", "linewidth": 0, "pad": 4}
        code.text(
            0.05, 6 - row, ("▸ " if lit else "  ") + line, family="monospace", color=INK, weight="bold" if lit else None, bbox=box
        )


def _box(ax, x, y, sign, lit):
    style = "round,pad=0.05" if sign in ("σ", "tanh") else "circle,pad=0.15"
    face, edge = ("#F6D7C2", BACKWARD["color"]) if lit else ("white", "#767676")
    ax.text(
        x, y, sign, ha="center", va="center", color=INK, zorder=4, bbox={"boxstyle": style, "facecolor": face, "edgecolor": edge}
    )


@expect.arguments(ax=expect.axes, parts=partial(expect.named, check=expect.number), whole=expect.number, after=expect.number)
def adjoint_terms(ax, parts, whole, after):
    """A sum as bars: the `parts`, names to numbers, stacked to the `whole`, beside the number `after`; all of adjoints."""
    names = [*parts, r"$\bar c_t$: their sum", r"$\bar c_{t+1}$"]
    ax.set(xlim=(-0.6, 2), ylim=(len(names) - 0.4, -0.6), xlabel="adjoint", yticks=range(len(names)), yticklabels=names)
    ax.axvline(0, **IDENTITY)
    for row, value in enumerate([*parts.values(), whole, after]):
        color = INK if row < len(parts) else BACKWARD["color"]
        ax.barh(row, np.clip(value, -1, 2), height=0.55, color=color, alpha=0.45 if row < len(parts) else 0.9)
        ax.text(np.clip(value, -0.4, 1.7) + (0.06 if value >= 0 else -0.06), row, f"{value:.3g}", va="center",
                ha="left" if value >= 0 else "right", color=INK, bbox=PAPER)  # fmt: skip


@expect.arguments(
    ax=expect.axes,
    text=expect.text,
    width=partial(expect.whole, most=1000),
    rows=partial(expect.whole, most=1000),
    title=expect.text,
)
def coloured_text(ax, text, values, width=80, rows=12, title=""):
    """The text in lines of at most `width`, each character on a ground of the colour of its value, from -1.1 to 1.1.

    Beyond that the colour stays: it must not grow too dark for black letters.
    """
    values = expect.numbers("values", values, "N", N=len(text)) if text else ()
    lines, shades, row, column = [""], np.full((rows, width), np.nan), 0, 0
    for character, value in zip(text, values, strict=True):
        if character == "\n" or column == width:
            row, column = row + 1, 0
            if row == rows:
                break
            lines.append("")
        if character != "\n":
            shades[row, column] = np.clip(value, -1.1, 1.1)
            lines[row] += character
            column += 1
    ax.imshow(shades, cmap="PuOr", vmin=-1.8, vmax=1.8, extent=(0, width, rows, 0), aspect="auto", interpolation="nearest")
    size = 72 * ax.figure.get_figwidth() / width / 0.615  # in points: a character of this font is 0.602 of its size wide
    for row, line in enumerate(lines):
        for column in range(0, len(line), 10):  # short runs stay in step with the ground
            if run := line[column : column + 10].rstrip():
                ax.text(column, row + 0.52, run, family="monospace", va="center", fontsize=size, color="black")
    ax.set(xlim=(0, width), ylim=(rows, 0), xticks=[], yticks=[])
    ax.set_title(title, loc="left", fontsize=10)
    ax.spines[:].set_visible(False)


# -- exercises ----------------------------------------------------------------------------------------------------------------


_OPERATIONS = ("remember", "add", "erase", "overwrite")


def _table(given):
    """(i, f) of each operation, eight numbers."""
    if not isinstance(given, dict) or set(given) != set(_OPERATIONS):
        raise Unfit(f"the answer is a dictionary with a pair (i, f) for each of {', '.join(_OPERATIONS)}, not {shown(given)}")
    if any(given[name] is ... for name in _OPERATIONS):
        raise Untouched
    asked = "each operation needs a pair (i, f) of 0s and 1s, such as (1, 0)"
    return np.concatenate([floats(given[name], (2,), asked) for name in _OPERATIONS])


_GATES = Called(tuple((t,) for t in range(1, 51)), lambda t: (2,))


def _held(given):
    """What a cell with gates `given(t)` = (i, f) holds after 50 steps of noise, for the bits 1 and -1; and if it was written."""
    gates = _GATES(given).reshape(50, 2)
    if gates.min() < 0 or gates.max() > 1:
        raise Unfit("a gate lies between 0, shut, and 1, open")
    held = []
    for bit in (1, -1):
        g, c = np.random.default_rng(0).uniform(-1, 1, 50), 0.0
        g[0] = bit
        for (i, f), g_t in zip(gates, g, strict=True):
            c = f * c + i * g_t
        held.append(round(c, 6))
    return [*held, gates[0, 0] > 0]


def _sigma(z):
    return 1 / (1 + np.exp(-z))


def _step(update):
    """An `lstm_step` whose last lines are `update(i, f, o, g, c) -> (h, c)`, the rest being right."""

    def step(W, h, c, x):
        i, f, o, g = np.split(W @ np.concatenate([x, h]), 4)
        return update(_sigma(i), _sigma(f), _sigma(o), np.tanh(g), c)

    return step


def _right_step(i, f, o, g, c):
    c = f * c + i * g
    return o * np.tanh(c), c


def _unsquashed(W, h, c, x):
    i, f, o, g = np.split(W @ np.concatenate([x, h]), 4)
    return _right_step(i, f, o, g, c)


def _steps():
    """(W, h, c, x) for layers of several sizes."""
    rng = np.random.default_rng(18)
    sizes = ((3, 2), (1, 1), (2, 4), (4, 1))
    return tuple(tuple(np.round(rng.uniform(-1.5, 1.5, n), 2) for n in ((4 * H, D + H), H, H, D)) for H, D in sizes)


def _lone_cells():
    """(f, c_bar, o, c, h_bar) of one cell: gates within (0, 1), the others of both signs."""
    rng = np.random.default_rng(6)
    return tuple(tuple(np.round(rng.uniform((0.1, -2, 0.1, -2, -2), (0.9, 2, 0.9, 2, 2)), 2).tolist()) for _ in range(8))


def _adjoint(f, c_bar, o, c, h_bar):
    return f * c_bar + o * (1 - np.tanh(c) ** 2) * h_bar


EXERCISES = {
    "table": Exercise(
        _table,
        {"remember": (0, 1), "add": (1, 1), "erase": (0, 0), "overwrite": (1, 0)},
        (
            (
                {"remember": (1, 0), "add": (1, 1), "erase": (0, 0), "overwrite": (0, 1)},
                "i and f are the wrong way round: the pair is (i, f), and f lets the old value through.",
            ),
            (
                {"remember": (0, 0), "add": (1, 0), "erase": (0, 1), "overwrite": (1, 1)},
                "you let f = 1 mean 'forget'. It is the other way round: f = 1 keeps the old value.",
            ),
            (
                {"remember": (0, 1), "add": (1, 0), "erase": (0, 0), "overwrite": (1, 1)},
                "add and overwrite are the wrong way round: to add, the old value must stay.",
            ),
            (
                {"remember": (0, 1), "add": (1, 1), "erase": (1, 0), "overwrite": (0, 0)},
                "erase and overwrite are the wrong way round: to erase, nothing new must get in.",
            ),
        ),
        "The forget gate keeps the old value, the input gate lets the new one in: two switches, four operations.",
    ),
    "bit": Exercise(
        _held,
        lambda t: (float(t == 1), 1.0),
        (
            (
                lambda t: (1.0, 1.0),
                "the bit is written and kept, but 49 steps of noise are added to it: shut the input gate after step 1.",
            ),
            (lambda t: (0.0, 1.0), "the input gate is always shut, so the bit never gets in."),
            (lambda t: (1.0, 0.0), "each step overwrites the one before: in the end the cell holds the last noise."),
            (lambda t: (float(t == 1), 0.0), "the forget gate is shut: one step later the bit is gone."),
            (lambda t: (float(t == 1), 0.99), "0.99 in each of 49 steps leaves 0.61 of the bit. Open the gate fully."),
        ),
        "Write once, then keep: i = 1 at step 1 only, f = 1 from step 2 on. At step 1 there is nothing to forget.",
    ),
    "c-bar": Exercise(
        Called(_lone_cells(), lambda *_: ()),
        _adjoint,
        (
            (
                lambda f, c_bar, o, c, h_bar: f * c_bar + o * (1 - c**2) * h_bar,
                "the slope of tanh at c is 1 - tanh^2 c, not 1 - c^2.",
            ),
            (
                lambda f, c_bar, o, c, h_bar: f * c_bar + (1 - np.tanh(c) ** 2) * h_bar,
                "h = o tanh(c): the output gate is missing.",
            ),
            (lambda f, c_bar, o, c, h_bar: f * c_bar + o * h_bar, "h = o tanh(c): the slope of tanh is missing."),
            (
                lambda f, c_bar, o, c, h_bar: f * c_bar + o * np.tanh(c) * h_bar,
                "you used tanh(c) itself; backprop needs its slope.",
            ),
            (lambda f, c_bar, o, c, h_bar: f * c_bar, "c also moves h of the same step: a second way to the loss."),
            (
                lambda f, c_bar, o, c, h_bar: c_bar + o * (1 - np.tanh(c) ** 2) * h_bar,
                "on its way from step t + 1 the adjoint passes f.",
            ),
        ),
        "Two ways lead from c_t to the loss: through f to the next cell, and through o and tanh to h_t.",
    ),
    "lstm-step": Exercise(
        Called(_steps(), lambda W, h, c, x: (2, len(h))),
        _step(_right_step),
        (
            (
                _step(lambda i, f, o, g, c: _right_step(f, i, o, g, c)),
                "i and f are the wrong way round: the rows of W are i, f, o, g.",
            ),
            (_step(lambda i, f, o, g, c: (o * (f * c + i * g), f * c + i * g)), "h = o tanh(c): the tanh is missing."),
            (_unsquashed, "squash all four first: i, f and o by the logistic σ, g by tanh."),
            (_step(lambda i, f, o, g, c: _right_step(i, f, o, np.arctanh(g), c)), "g is not squashed: it needs a tanh."),
            (_step(lambda i, f, o, g, c: _right_step(i, f, o, g, c)[::-1]), "return h first, then c."),
            (
                _step(lambda i, f, o, g, c: _right_step(i, f, o, _sigma(np.arctanh(g)), c)),
                "g is a tanh, not a gate: it may be negative.",
            ),
            (_step(lambda i, f, o, g, c: (o * np.tanh(c), f * c + i * g)), "h shows the new c; you used the old one."),
            (
                _step(lambda i, f, o, g, c: _right_step(i, f, g, o, c)),
                "o and g are the wrong way round: the rows of W are i, f, o, g.",
            ),
        ),
        "Seven lines, z counted. The rest of an LSTM is to repeat them.",
    ),
    "bias-200": Exercise(
        keeps_half(199, 5.66),
        5.66,
        (
            (5, "bias 5 keeps 0.26 of the gradient over 199 steps. A little more."),
            (4.958, "that is the bias for 99 steps; 199 steps need a gate still nearer to 1."),
            (1, "with bias 1 the gate is 0.73, and 0.73^199 = 1e-27."),
            (0.9965, "0.9965 is what the gate must be; the bias is what the logistic σ turns into it."),
            (-5.66, "the sign is turned around: a negative bias shuts the gate."),
        ),
        "σ(5.66) = 0.9965 = 2^(-1/199). Twice the steps, and the gate may differ from 1 by half as much.",
    ),
}
