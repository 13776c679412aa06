"""Pictures of a net that reads: what it holds in memory, what it says, and where the gradient goes. In the roles of `plots`."""

from functools import partial

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator

from lecturelib import expect
from lecturelib.plots import BACKWARD, CELL, FORWARD, IDENTITY, INK, PAPER, POWER, SOURCE, decade_axis, log10

__all__ = [
    "arcs", "block", "coloured", "curves", "heat", "memory", "pulse", "reading", "sentences", "terms", "timeline", "two_ways",
]  # fmt: skip

UNREAD = np.array([0.88, 0.88, 0.88])
DIGIT = partial(expect.whole, least=0, most=9)


# What comes in ---------------------------------------------------------------------------------------------------------------


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


def _words(name, value):
    """Words, of which some are None: padding."""
    if not isinstance(value, list | tuple) or not value or not all(word is None or isinstance(word, str) for word in value):
        expect.refuse(name, "a list of words or None", value)
    return value


# In time ---------------------------------------------------------------------------------------------------------------------


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
def curves(ax, runs, every, steps, guess):
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


# A digit, one pixel at a time ------------------------------------------------------------------------------------------------


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
    page(axes[0], image, order, read)
    strip(axes[1], h[1:], read)
    odds(axes[2], p, read, label)
    slope(axes[3], x_bar, order)


def page(ax, image, order, read):
    """The image (side, side), of which the first `read` pixels of `order` were read; the others are grey."""
    shown = np.repeat(1 - image.ravel()[:, None], 3, axis=1)
    shown[order[read:]] = (2 * UNREAD + 0.25 * shown[order[read:]]) / 2.25
    ax.imshow(shown.reshape(*image.shape, 3), interpolation="nearest")
    if read:
        row, column = divmod(int(order[read - 1]), image.shape[1])
        ax.plot(column, row, marker="s", markersize=7, color="none", markeredgecolor=BACKWARD["color"], markeredgewidth=2)
    ax.set(xticks=[], yticks=[], xlabel="what was read")


def strip(ax, h, read):
    """The hidden state as an image: `h` (T, H), a row each unit, its largest value dark; a line at step `read`."""
    size = np.abs(h[:, np.argsort(np.abs(h).argmax(0), kind="stable")])
    size = size / np.maximum(size.max(0), 1e-30)
    ax.imshow(size.T, aspect="auto", cmap="Greys", vmin=0, vmax=1, interpolation="nearest", extent=(0, len(h), len(size.T), 0))
    ax.axvline(read, color=BACKWARD["color"], linewidth=1.5)
    ax.set(xlim=(0, len(h)), xlabel="pixel", ylabel="unit of h", yticks=[])


def odds(ax, p, read, label):
    """The probability of each digit over the pixels: `p` (T + 1, 10); the right digit `label` is drawn bold."""
    ax.set(xlim=(0, 1.06 * (len(p) - 1)), ylim=(0, 1.02), xlabel="pixel", ylabel="probability")
    t = np.arange(len(p))
    for digit in range(10):
        right = digit == label
        ax.plot(t, p[:, digit], color=FORWARD["color"] if right else "#999999", linewidth=2 if right else 0.8, zorder=2 + right)
    for digit in {label, int(p[-1].argmax())}:
        ax.text(len(p) * 1.005, p[-1, digit], str(digit), va="center", color=INK, weight="bold" if digit == label else None)
    ax.axvline(read, color=BACKWARD["color"], linewidth=1.5)


def slope(ax, x_bar, order):
    """|d score / d pixel| of each pixel, `x_bar` (T,) in the `order` of reading, in its place on the image; its largest is 1."""
    image = np.empty(len(x_bar))
    image[order] = np.abs(x_bar)
    side = round(len(x_bar) ** 0.5)
    ax.imshow(image.reshape(side, side) / max(image.max(), 1e-300), cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[], xlabel="|gradient| by pixel")


# A memory cell ---------------------------------------------------------------------------------------------------------------


@expect.arguments(gates=expect.axes, cell=expect.axes, g=partial(expect.numbers, axes="T"))
def timeline(gates, cell, values, g, c, kept, own):
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
def block(drawing, code, chosen):
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
def terms(ax, parts, whole, after):
    """A sum as bars: the `parts`, names to numbers, stacked to the `whole`, beside the number `after`; all of adjoints."""
    names = [*parts, r"$\bar c_t$: their sum", r"$\bar c_{t+1}$"]
    ax.set(xlim=(-0.6, 2), ylim=(len(names) - 0.4, -0.6), xlabel="adjoint", yticks=range(len(names)), yticklabels=names)
    ax.axvline(0, **IDENTITY)
    for row, value in enumerate([*parts.values(), whole, after]):
        color = INK if row < len(parts) else BACKWARD["color"]
        ax.barh(row, np.clip(value, -1, 2), height=0.55, color=color, alpha=0.45 if row < len(parts) else 0.9)
        ax.text(np.clip(value, -0.4, 1.7) + (0.06 if value >= 0 else -0.06), row, f"{value:.3g}", va="center",
                ha="left" if value >= 0 else "right", color=INK, bbox=PAPER)  # fmt: skip


# Text --------------------------------------------------------------------------------------------------------------------


@expect.arguments(
    ax=expect.axes,
    text=expect.text,
    width=partial(expect.whole, most=1000),
    rows=partial(expect.whole, most=1000),
    title=expect.text,
)
def coloured(ax, text, values, width=80, rows=12, title=""):
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


# Translation ---------------------------------------------------------------------------------------------------------------


@expect.arguments(
    ax=expect.axes,
    gaps=partial(expect.numbers, axes="T"),
    places=partial(expect.numbers, axes="T"),
    w=expect.positive,
    longest=expect.whole,
)
def arcs(ax, gaps, places, w, longest):
    """Source and target words in the order of time, an arc from each source word to its own target word, `gaps` steps long.

    `places` (T,): where, from 0, each source word stands. Colour and width of an arc are the gradient's factor w^gap.
    """
    expect.numbers("places", places, "T", T=len(gaps))
    if not (gaps >= 0).all() or len(gaps) > 26:
        raise ValueError("gaps must be at most 26 numbers >= 0")
    T = len(gaps)
    ax.set(xlim=(-1, 2 * longest), ylim=(-2.2, longest + 1), yticks=[], xticks=[])
    ax.spines[:].set_visible(False)
    turn = np.linspace(0, np.pi, 40)
    for k, (place, gap) in enumerate(zip(places, gaps, strict=True)):
        size = np.clip(log10(w**gap) / 3 + 1, 0.05, 1.6)  # from 10^-3 on
        opaque = np.clip(size, 0.2, 1)
        middle, reach = place + gap / 2, gap / 2
        role = BACKWARD["color"] if k == 0 else FORWARD["color"]
        ax.plot(middle + reach * np.cos(turn), 0.45 + reach * np.sin(turn), color=role, linewidth=3.5 * size, alpha=opaque)
    for x, name, weight in [*((p, chr(65 + k), k) for k, p in enumerate(places)), *((T + k, chr(97 + k), k) for k in range(T))]:
        ax.text(x, -0.4, name, ha="center", va="center", color=INK, weight="normal" if weight else "bold")
    for x, name in ((0, "read"), (T, "write")):
        ax.annotate("", (x + T - 0.7, -1.1), (x - 0.3, -1.1), arrowprops={"arrowstyle": "-", "color": INK})
        ax.text(x + (T - 1) / 2, -1.8, name, ha="center", color=INK)


@expect.arguments(ax=expect.axes, rows=partial(expect.named, check=_words))
def sentences(ax, rows):
    """Rows of words, a name to each; None is padding."""
    longest = max(len(words) for words in rows.values())
    ax.set(xlim=(-2.6, longest), ylim=(len(rows) - 0.4, -0.6), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    for row, (name, words) in enumerate(rows.items()):
        ax.text(-0.2, row, name, ha="right", va="center", weight="bold", color=INK)
        for k, word in enumerate(words):
            face = "#EEEEEE" if word is None else "white"
            ax.add_patch(Rectangle((k, row - 0.32), 0.94, 0.64, facecolor=face, edgecolor="#BBBBBB"))
            ax.text(k + 0.47, row, word or "·", ha="center", va="center", fontsize=9, rotation=55, color=INK)


@expect.arguments(ax=expect.axes, rates=partial(expect.named, check=partial(expect.numbers, axes="N")), label=expect.text)
def two_ways(ax, rates, label):
    """Shares from 0 to 1 by place in the translation, forward and reversed: `rates` maps the two names to arrays (T,)."""
    if len(rates) != 2:
        raise ValueError(f"rates must have two names, not {len(rates)}")
    longest = max(len(rate) for rate in rates.values())
    ax.set(xlim=(0.5, longest + 3), ylim=(-0.02, 1.05), xlabel="place of the French word", ylabel=label)
    ends = [rate[-1] for rate in rates.values()]
    apart = 0.04 * (1 if ends[0] >= ends[1] else -1) * (abs(ends[0] - ends[1]) < 0.08)  # so that the two names stay legible
    for (name, rate), shift in zip(rates.items(), (apart, -apart), strict=True):
        role, marker = (BACKWARD, "o") if name == "forward" else (FORWARD, "s")
        ax.plot(np.arange(1, len(rate) + 1), rate, marker=marker, **role)
        ax.text(len(rate) + 0.3, rate[-1] + shift, name, va="center", color=role["color"])


@expect.arguments(ax=expect.axes, source=expect.texts, target=expect.texts, title=expect.text)
def heat(ax, sizes, source, target, title):
    """|d score of a French word / d English word| as a field, `sizes` (T_out, T_in): each row from 1 % to all of its largest."""
    sizes = expect.numbers("sizes", sizes, "K T", K=len(target), T=len(source))
    logs = log10(sizes / sizes.max(1, keepdims=True))
    ax.imshow(np.clip(logs, -2, 0), cmap="cividis", vmin=-2, vmax=0, aspect="auto", interpolation="nearest")
    ax.set_title(title, fontsize=10)
    for axis, words in ((ax.xaxis, source), (ax.yaxis, target)):
        axis.set_ticks(range(len(words)), words, fontsize=8)
    ax.tick_params(axis="x", rotation=90)


@expect.arguments(ax=expect.axes, h=partial(expect.numbers, axes="N H"), words=expect.texts, read=partial(expect.whole, least=0))
def memory(ax, h, words, read):
    """Hidden states `h` (steps, H) as an image, a column for each of `words`; a line after the `read` words of the source."""
    expect.numbers("h", h, "N H", N=len(words))
    ax.imshow(h.T, cmap="PuOr", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    ax.axvline(read - 0.5, color=INK, linewidth=1.5)
    ax.set_xticks(range(len(words)), words, fontsize=8)
    ax.tick_params(axis="x", rotation=90)
    ax.set(yticks=[], ylabel="unit of h")
