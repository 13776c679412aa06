"""Notebook 05, reversal: the gaps between the words of two languages, and what a network learns of them."""

from functools import partial

import numpy as np
from matplotlib.patches import Rectangle

from lecturelib import expect
from lecturelib.plots import BACKWARD, FORWARD, INK, log10
from lecturelib.probes import Called, Exercise, number


def _words(name, value):
    """Words, of which some are None: padding."""
    if not isinstance(value, list | tuple) or not value or not all(word is None or isinstance(word, str) for word in value):
        expect.refuse(name, "a list of words or None", value)
    return value


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
def word_rows(ax, rows):
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
def by_position(ax, rates, label):
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
def sensitivity(ax, sizes, source, target, title):
    """|d score of a French word / d English word| as a field, `sizes` (T_out, T_in): each row from 1 % to all of its largest."""
    sizes = expect.numbers("sizes", sizes, "K T", K=len(target), T=len(source))
    logs = log10(sizes / sizes.max(1, keepdims=True))
    ax.imshow(np.clip(logs, -2, 0), cmap="cividis", vmin=-2, vmax=0, aspect="auto", interpolation="nearest")
    ax.set_title(title, fontsize=10)
    for axis, words in ((ax.xaxis, source), (ax.yaxis, target)):
        axis.set_ticks(range(len(words)), words, fontsize=8)
    ax.tick_params(axis="x", rotation=90)


@expect.arguments(ax=expect.axes, h=partial(expect.numbers, axes="N H"), words=expect.texts, read=partial(expect.whole, least=0))
def hidden_states(ax, h, words, read):
    """Hidden states `h` (steps, H) as an image, a column for each of `words`; a line after the `read` words of the source."""
    expect.numbers("h", h, "N H", N=len(words))
    ax.imshow(h.T, cmap="PuOr", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    ax.axvline(read - 0.5, color=INK, linewidth=1.5)
    ax.set_xticks(range(len(words)), words, fontsize=8)
    ax.tick_params(axis="x", rotation=90)
    ax.set(yticks=[], ylabel="unit of h")


# -- exercises ----------------------------------------------------------------------------------------------------------------


EXERCISES = {
    "gaps": Exercise(
        Called(tuple((T,) for T in (2, 5, 20, 1, 8)), lambda T: (3,)),
        lambda T: (1, T, 2 * T - 1),
        (
            (lambda T: (2 * T - 1, T, 1), "the order is smallest, mean, largest."),
            (lambda T: (T, T, T), "that is the sentence read forwards: there every gap is T."),
            (lambda T: (1, (T + 1) / 2, T), "you measured within the English sentence; the gap runs on to the French word."),
            (lambda T: (0, T - 1, 2 * T - 2), "one too few: reading a word and writing the next thing is already one step."),
            (
                lambda T: (1, T / 2, 2 * T - 1),
                "the smallest and the largest are right. The mean of 1, 3, 5, ..., 2T - 1 is not T/2.",
            ),
            (lambda T: (0, T, 2 * T), "the first English word is read last, one step before the first French one: its gap is 1."),
            (
                lambda T: (1, T, 2 * T),
                "the last English word is read first, at step 1, and its French one is written at step 2T.",
            ),
        ),
        "The mean stays T: reversal takes from the last words what it gives to the first.",
    ),
    "target": Exercise(
        Called(tuple((k, T) for T in (7, 4, 2, 1, 12) for k in range(1, T + 1)), lambda k, T: ()),
        lambda k, T: 2 * (T - k) + 1,
        (
            (lambda k, T: 2 * k - 1, "that is the source reversed. Here word 1 is read first and written last."),
            (lambda k, T: T, "that is nothing reversed: every gap is T."),
            (lambda k, T: 2 * (T - k) - 1, "two too few: word T is read at step T and written at step T + 1, so its gap is 1."),
            (lambda k, T: 2 * (T - k), "one too few: word T is read at step T and written at step T + 1."),
            (lambda k, T: T - k, "that is how long the source goes on. Word k is read at step k, written at 2T - k + 1."),
            (lambda k, T: T - k + 1, "that is when it is written, counted from the source's end. It was read at step k."),
            (lambda k, T: 2 * T - k, "word k is read at step k and written at 2T - k + 1: subtract the one from the other."),
        ),
        "The same gaps, for the opposite words: now the last words are near, and they are written first.",
    ),
    "reader-length": Exercise(
        lambda given: round(number(0, 1000)(given), 2),
        22,
        (
            (np.log(0.1) / np.log(0.9), "there 0.9^T crosses a tenth, but words come whole: from which whole number on?"),
            (21, "0.9^21 = 0.109: that is still more than a tenth."),
            (10, "after 10 steps 0.9^10 = 0.35 is left."),
            (23, "that counts the T - 1 steps within the English sentence; on to the French word there are T."),
            (9, "each step takes a tenth of what is *left*, so it is 0.9^T, not 1 - 0.1 T."),
            (7, "that is for a factor of 0.7 a step."),
            (44, "44 is for a hundredth: 0.9^44 = 0.0097."),
        ),
        "0.9^22 = 0.098. Below 22 words the forward reader manages; above, the reversed one still has its gap of 1.",
    ),
}
