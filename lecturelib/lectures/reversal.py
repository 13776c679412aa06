"""Notebook 05, reversal: the gaps between the words of two languages, and what a network learns from them."""

from functools import cache, partial
from typing import NamedTuple

import numpy as np
from matplotlib.patches import Rectangle

from lecturelib import datasets, expect, nets, pretrained
from lecturelib.plots import BACKWARD, FORWARD, INK, log10, narrow
from lecturelib.probes import Called, Exercise, number

ORDERS = "forward", "reversed"  # how the source is read
LONGEST = {"read": 17, "write": 21}  # words of the longest numbers, <EOS> included
MOST_WORDS = 26  # a letter for each word


# -- the gaps -----------------------------------------------------------------------------------------------------------------


@expect.arguments(
    ax=expect.axes,
    places=partial(expect.numbers, axes="T"),
    gaps=partial(expect.numbers, axes="T"),
    w=expect.positive,
    longest=expect.whole,
)
def arcs(ax, places: np.ndarray, gaps: np.ndarray, w: float, longest: int) -> None:
    """Source and target words in temporal order, with an arc from each source word to its translation, `gaps` steps later.

    `places` (T,): the position, from 0, at which each source word is read. An arc's width and opacity show the gradient's
    factor w^gap. The axes hold sentences of up to `longest` words. On a narrow screen every second letter stands lower.
    """
    expect.numbers("places", places, "T", T=len(gaps))
    if not (gaps >= 0).all() or len(gaps) > MOST_WORDS:
        raise ValueError(f"gaps must be at most {MOST_WORDS} numbers >= 0")
    T, small = len(gaps), narrow(ax)
    below = 1.1 * small  # room for the second row of letters
    ax.set(xlim=(-1, 2 * longest), ylim=(-2.2 - 1.4 * below, longest + 1), yticks=[], xticks=[])
    ax.spines[:].set_visible(False)
    turn = np.linspace(0, np.pi, 40)
    for k, (place, gap) in enumerate(zip(places, gaps, strict=True)):
        size = np.clip(log10(w**gap) / 3 + 1, 0.05, 1.6)  # thinnest near 10^-3
        x, y = place + gap / 2 * (1 + np.cos(turn)), 0.45 + gap / 2 * np.sin(turn)
        role = BACKWARD if k == 0 else FORWARD
        ax.plot(x, y, color=role["color"], linewidth=3.5 * size, alpha=np.clip(size, 0.2, 1))
    for first, positions in (("A", places), ("a", T + np.arange(T))):
        for k, x in enumerate(positions):
            weight = "normal" if k else "bold"
            ax.text(x, -0.4 - below * (x % 2), chr(ord(first) + k), ha="center", va="center", color=INK, weight=weight)
    for x, name, shift in ((0, "read", 0), (T, "write", max(0, 5 * small - T))):
        ax.annotate("", (x + T - 0.7, -1.1 - below), (x - 0.3, -1.1 - below), arrowprops={"arrowstyle": "-", "color": INK})
        ax.text(x + (T - 1) / 2 + shift, -1.8 - 1.2 * below, name, ha="center", color=INK)


# -- the sentences ------------------------------------------------------------------------------------------------------------


def in_words(line: str) -> tuple[list, list]:
    """(English, French): the words of the number typed in `line`; the French ones end with <EOS>."""
    english, french = datasets.number_words(datasets.parse_number(line))
    return english, [*french, "<EOS>"]


@expect.arguments(ax=expect.axes, read=expect.texts, written=expect.texts)
def word_rows(ax, read: list, written: list) -> None:
    """Two rows of words: those read, padded in front, and those written, padded behind, as in a batch of sentences."""
    for name, words, most in (("read", read, LONGEST["read"]), ("written", written, LONGEST["write"])):
        if len(words) > most:
            raise ValueError(f"{name} must have at most {most} words, not {len(words)}")
    ax.set(xlim=(-2.6, LONGEST["write"]), ylim=(1.6, -0.6), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    front, behind = [None] * (LONGEST["read"] - len(read)), [None] * (LONGEST["write"] - len(written))
    for row, (name, words) in enumerate({"read": [*front, *read], "write": [*written, *behind]}.items()):
        ax.text(-0.2, row, name, ha="right", va="center", weight="bold", color=INK)
        for k, word in enumerate(words):
            face = "#EEEEEE" if word is None else "white"
            ax.add_patch(Rectangle((k, row - 0.32), 0.94, 0.64, facecolor=face, edgecolor="#BBBBBB"))
            turn = 90 if narrow(ax) else 55
            ax.text(k + 0.47, row, word or "·", ha="center", va="center", fontsize=9, rotation=turn, color=INK)


def written_backwards(sentences: datasets.Sentences) -> datasets.Sentences:
    """The same sentences with the target's words in the opposite order; its <EOS> and padding stay at the end."""
    target = sentences.target
    step, length = np.arange(len(target))[:, None], (target > 0).sum(0)
    taken = np.where(step < length, length - 1 - step, step)
    return sentences._replace(target=np.take_along_axis(target, taken, axis=0))


# -- what was learned ---------------------------------------------------------------------------------------------------------


class FiveSeeds(NamedTuple):
    """What five pairs of runs show, each 1 if it is so and 0 if not."""

    forward_low: int  # the forward median is below its threshold
    reversed_high: int  # the reversed median is above its threshold
    fewer_mistakes: int  # in each pair the reversed run makes at most a third of the mistakes


def _stored_net(order, steps, cell="tanh"):
    """The stored net for numbers below 10^9, seed 0, after `steps` training steps of 1500."""
    name = f"{cell} 1e9 1500 {order} seed 0" + (f" step {steps}" if steps < 1500 else "")
    return pretrained.load("translation")[name].net


@cache
def right_by_place(order: str, steps: int) -> np.ndarray:
    """The share of correct words (14,) at the first 14 places of 500 held-out sentences, given the words before.

    `order` is one of ORDERS, `steps` is 50, 150, 300, 600 or 1500. Few sentences have more than 14 words.
    """
    held_out = datasets.translation(reverse=order == "reversed")[1]
    source, target = held_out.source[:, :500], held_out.target[:, :500]
    word = target >= 0
    right = word & (nets.predictions(_stored_net(order, steps), source, target) == target)
    return right.sum(1)[:14] / word.sum(1)[:14]


SHARES = partial(expect.numbers, axes="N")


@expect.arguments(ax=expect.axes, forward=SHARES, backward=SHARES)
def by_position(ax, forward: np.ndarray, backward: np.ndarray) -> None:
    """The shares of correct words (T,) by place in the translation, for sources read forward and reversed (`backward`)."""
    longest = max(len(forward), len(backward))
    ax.set(xlim=(0.5, longest + 3), ylim=(-0.02, 1.05), xlabel="place of the French word", ylabel="words right")
    gap = forward[-1] - backward[-1]
    apart = 0.04 * (1 if gap >= 0 else -1) * (abs(gap) < 0.08)  # keeps the two names legible
    for name, rate, shift, role, marker in (
        ("forward", forward, apart, BACKWARD, "o"),
        ("reversed", backward, -apart, FORWARD, "s"),
    ):
        ax.plot(np.arange(1, len(rate) + 1), rate, marker=marker, **role)
        ax.text(len(rate) + 0.3, rate[-1] + shift, name, va="center", color=role["color"])


def shares(setting: str, measure: str) -> str:
    """Mean and range of a measure over the stored runs, forward and then reversed, and the number of seeds: a row of a table.

    `setting`: cell, numbers below and steps, such as "LSTM 1e9 1500". `measure`: "first" or "exact", the share of sentences
    whose first word, or each word, is correct.
    """
    runs = {name: run for name, run in pretrained.load("translation").items() if name.startswith(setting) and "step" not in name}
    row = ""
    for order in ORDERS:
        found = [run.measured[measure] for name, run in runs.items() if order in name]
        row += f"{np.mean(found):.2f} ({min(found):.2f} to {max(found):.2f})   "
    return row + f"{len(found)}"


# -- one translation ----------------------------------------------------------------------------------------------------------


class Translation(NamedTuple):
    """What a net makes of one number."""

    order: str  # of ORDERS
    read: list  # T_in English words, in the order in which they were read
    written: list  # T_out French words that the net wrote by itself
    correct: list  # French words
    gradients: np.ndarray  # (T_out, T_in), |d score of a French word / d English word|
    h: np.ndarray  # (T_in + T_out, H), the top layer's hidden states

    @property
    def verdict(self) -> str:
        """Either "right", or the words that were written instead."""
        return "right" if self.written == self.correct else " ".join(self.written)


@cache
def translated(line: str, order: str) -> Translation:
    """The number typed in `line`, translated by the stored LSTM that reads in this order."""
    english, french = in_words(line)
    read = english if order == "forward" else english[::-1]
    padding = np.full(LONGEST["read"] - len(read), nets.PAD)
    source = np.r_[padding, datasets.encode_words(read, datasets.ENGLISH)]
    net = _stored_net(order, 1500, "LSTM")
    target = nets.translate(net, source[:, None], LONGEST["write"])[:, 0]
    target = target[target != nets.PAD]
    gradients, h = nets.input_gradients(net, source, target), nets.hidden_states(net, source, target)
    written = [datasets.FRENCH[k] for k in target]
    return Translation(order, read, written, french, gradients[:, len(padding) :], h[len(padding) :])


TRANSLATION = partial(expect.instance, kinds=Translation, what="a Translation, from `translated`")


@expect.arguments(gradients=expect.axes, states=expect.axes, translation=TRANSLATION)
def gradients_and_states(gradients, states, translation: Translation) -> None:
    """A translation as two images: its gradients, a row for each French word, and the hidden states, a column for each word.

    Each row of gradients is shown from a hundredth of its largest value up to that value. The line in the lower image is where
    reading ends.
    """
    read, written = translation.read, translation.written
    logs = log10(translation.gradients / translation.gradients.max(1, keepdims=True))
    gradients.imshow(np.clip(logs, -2, 0), cmap="cividis", vmin=-2, vmax=0, aspect="auto", interpolation="nearest")
    gradients.set_title(translation.order, fontsize=10)
    gradients.set_yticks(range(len(written)), written, fontsize=8)
    states.imshow(translation.h.T, cmap="PuOr", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    states.axvline(len(read) - 0.5, color=INK, linewidth=1.5)
    states.set(yticks=[], ylabel="unit of h")
    for ax, words in ((gradients, read), (states, read + written)):
        ax.set_xticks(range(len(words)), words, fontsize=8)
        ax.tick_params(axis="x", rotation=90)
    if narrow(states):  # it has no room for the words, and is not below its gradients
        middles = (len(read) - 1) / 2, len(read) + (len(written) - 1) / 2
        states.set_xticks(middles, ["read", "written"])
        states.tick_params(axis="x", rotation=0)
        states.set_title(translation.order, fontsize=10)


# -- exercises ----------------------------------------------------------------------------------------------------------------


EXERCISES = {
    "gaps": Exercise(
        Called(tuple((T,) for T in (2, 5, 20, 1, 8)), lambda T: (3,)),
        lambda T: (1, T, 2 * T - 1),
        (
            (lambda T: (2 * T - 1, T, 1), "the order is smallest, mean, largest."),
            (lambda T: (T, T, T), "that is the sentence read forwards: there every gap is T."),
            (lambda T: (1, (T + 1) / 2, T), "you measured within the English sentence; the gap runs on to the French word."),
            (lambda T: (0, T - 1, 2 * T - 2), "one too few: from reading one word to writing the next is already one step."),
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
            (lambda k, T: T, "that is with nothing reversed: every gap is T."),
            (lambda k, T: 2 * (T - k) - 1, "two too few: word T is read at step T and written at step T + 1, so its gap is 1."),
            (lambda k, T: 2 * (T - k), "one too few: word T is read at step T and written at step T + 1."),
            (lambda k, T: T - k, "that is how many words are still read. Word k is read at step k, written at 2T - k + 1."),
            (lambda k, T: T - k + 1, "that is when it is written, counted from the source's end. It was read at step k."),
            (lambda k, T: 2 * T - k, "word k is read at step k and written at 2T - k + 1: subtract the one from the other."),
        ),
        "The same gaps, for the opposite words: now the last words are near, and they are written first.",
    ),
    "reader-length": Exercise(
        lambda given: round(number(0, 1000)(given), 2),
        22,
        (
            (np.log(0.1) / np.log(0.9), "0.9^T crosses a tenth there, but words come whole: which is the first whole number?"),
            (21, "0.9^21 = 0.109: that is still more than a tenth."),
            (10, "after 10 steps 0.9^10 = 0.35 is left."),
            (23, "that counts the T - 1 steps within the English sentence; on to the French word there are T."),
            (9, "each step takes a tenth of what is *left*, so it is 0.9^T, not 1 - 0.1 T."),
            (7, "that is for a factor of 0.7 per step."),
            (44, "44 is for a hundredth: 0.9^44 = 0.0097."),
        ),
        "0.9^22 = 0.098. Below 22 words the forward reader manages; from 22 on, the reversed one still has its gap of 1.",
    ),
}
