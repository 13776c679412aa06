"""Notebook 05, reversal: the gaps between the words of two languages, and what a network learns from them."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.ticker import FixedFormatter, FixedLocator

from lecturelib import datasets, expect, nets, pretrained, train
from lecturelib.plots import BACKWARD, FORWARD, IDENTITY, INK, PAPER, decade_axis, log10, name_lines, narrow
from lecturelib.probes import Called, Exercise, number
from lecturelib.translator import LONGEST, ORDERS, Swaps

MOST_WORDS = 26  # a letter for each word
GUESSING = 0.124  # of the held-out sentences begin with the commonest first word


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
    for first, positions in (("A", places), ("a", places + gaps)):
        for k, x in enumerate(positions):
            weight = "normal" if k else "bold"
            ax.text(x, -0.4 - below * (x % 2), chr(ord(first) + k), ha="center", va="center", color=INK, weight=weight)
    for x, name, shift in ((0, "read", 0), (T, "write", max(0, 5 * small - T))):
        ax.annotate("", (x + T - 0.7, -1.1 - below), (x - 0.3, -1.1 - below), arrowprops={"arrowstyle": "-", "color": INK})
        ax.text(x + (T - 1) / 2 + shift, -1.8 - 1.2 * below, name, ha="center", color=INK)


# -- the sentences ------------------------------------------------------------------------------------------------------------


TURNED = "target reversed"


@expect.arguments(
    ax=expect.axes, english=expect.texts, french=expect.texts, order=partial(expect.one_of, choices=(*ORDERS, TURNED))
)
def word_row(ax, english, french, order):
    """The words of a batch's sentence step by step, read and then written, with their padding.

    A line joins the word that is written first to its English one; gives the gap between them.
    """
    for name, words, most in (("english", english, LONGEST["read"]), ("french", french, LONGEST["write"])):
        if len(words) > most:
            raise ValueError(f"{name} must have at most {most} words, not {len(words)}")
    turn, way = LONGEST["read"], -1 if order == "reversed" else 1
    first = turn - len(english) if order == "forward" else turn - 1
    french = [*french[-2::-1], french[-1]] if order == TURNED else french  # the end of the sentence stays at the end
    row = [*[None] * (turn - len(english)), *english[::way], *french, *[None] * (LONGEST["write"] - len(french))]
    lo, hi = (turn - len(english) - 1, turn + len(french) + 1) if narrow(ax) else (0, len(row))  # no room for all the padding
    ax.axis((lo - 0.5, hi + 0.5, -1.3, 1.15)), ax.axis("off")
    at, faces = np.arange(len(row)), ["white" if word else "#EEEEEE" for word in row]
    ax.add_collection(_boxes(at, at + 0.94, 0, 0.75, facecolor=faces, edgecolor="#BBBBBB"), autolim=False)
    for k in range(max(0, lo), min(hi, len(row))):
        size = min(9, 220 / (hi - lo)) if narrow(ax) else 9
        ax.text(k + 0.47, 0, row[k] or "·", ha="center", va="center", fontsize=size, rotation=90, color=INK)
    for k, name in (((turn + lo) / 2, "read"), ((turn + hi) / 2, "write")):
        ax.text(k, 0.8, name, ha="center", weight="bold", color=INK)
    ax.plot([turn - 0.03] * 2, [-0.85, 0.85], color=INK, linewidth=1 if narrow(ax) else 2)
    ax.plot(np.array([first, first, turn, turn]) + 0.47, [-0.75, -0.95, -0.95, -0.75], color=BACKWARD["color"], linewidth=2)
    ax.text((first + turn) / 2 + 0.47, -1.0, f"gap {turn - first}", ha="center", va="top", color=BACKWARD["color"])
    return turn - first


def _boxes(left, right, middle, half, **style):
    """Boxes from `left` to `right`, around the heights `middle`: one collection, which is quicker than a patch for each."""
    left, right, low, high = np.broadcast_arrays(left, right, middle - half, middle + half)
    corners = [left, low, right, low, right, high, left, high]
    return PolyCollection(np.stack(corners, axis=-1).reshape(-1, 4, 2), **style)


def written_backwards(sentences: datasets.Sentences) -> datasets.Sentences:
    """The same sentences with the target's words in the opposite order; its <EOS> and padding stay at the end."""
    target = sentences.target
    step, length = np.arange(len(target))[:, None], (target > 0).sum(0)
    taken = np.where(step < length, length - 1 - step, step)
    return sentences._replace(target=np.take_along_axis(target, taken, axis=0))


# -- what was learned ---------------------------------------------------------------------------------------------------------


SHARES = partial(expect.numbers, axes="N")


@expect.arguments(ax=expect.axes, forward=SHARES, backward=SHARES, alone=SHARES, first=expect.whole)
def by_position(ax, forward: np.ndarray, backward: np.ndarray, alone: np.ndarray | None = None, first: int = 1) -> None:
    """The shares of words (T,) by place from `first` on, for sources read forward, reversed (`backward`), and not at all."""
    lines: list = [("forward", forward, BACKWARD, "o"), ("reversed", backward, FORWARD, "s")]
    lines += [("French alone", alone, IDENTITY, None)] if alone is not None else []
    longest, height = first - 1 + max(len(forward), len(backward)), -1.0
    ax.set(xlim=(0.5, 1.3 * longest), ylim=(-0.02, 1.05), xlabel="place of the French word", ylabel="words right")
    ax.xaxis.set_major_locator(FixedLocator(range(1, longest + 1, 2)))
    for name, rate, role, marker in sorted(lines, key=lambda line: line[1][-1]):
        height = max(rate[-1], height + 0.08)  # keeps the names legible
        ax.plot(np.arange(first, first + len(rate)), rate, marker=marker, **role)
        ax.text(first - 1 + len(rate) + (0.05 if narrow(ax) else 0.03) * longest, height, name, va="center", color=role["color"])


OUTCOMES = {
    "tanh RNN, below 10⁹,\n1500 steps": "tanh 1e9 1500",
    "LSTM, below 10⁹,\n1500 steps": "LSTM 1e9 1500",
    "LSTM, below 10⁶,\n450 steps": "LSTM 1e6 450",
    "LSTM, below 10⁶,\n1500 steps": "LSTM 1e6 1500",
    "tanh RNN, below 1000,\n900 steps": "tanh 1e3 900",
}
MEASURES = {"whole number": "exact", "first word": "first"}


@expect.arguments(ax=expect.axes, right=partial(expect.one_of, choices=MEASURES))
def outcomes(ax, right: str) -> str:
    """What each stored run got right at its end, the "whole number" or its "first word": a mark for each seed, and a line from
    the mean forward to the mean reversed. Says the means.
    """
    runs = {name: run for name, run in pretrained.load("translation").items() if "step" not in name}
    ax.set(xlim=(-0.05, 1.25), ylim=(len(OUTCOMES) - 0.5, -0.5), xticks=(0, 0.5, 1), xlabel=f"{right} right")
    ax.set_yticks(range(len(OUTCOMES)), OUTCOMES, fontsize=9)
    said = []
    for row, setting in enumerate(OUTCOMES.values()):
        means = []
        for order, role, marker, shift in (("forward", BACKWARD, "o", -0.14), ("reversed", FORWARD, "s", 0.14)):
            found = [run.measured[MEASURES[right]] for name, run in runs.items() if name.startswith(f"{setting} {order}")]
            color, y = role["color"], row + shift
            ax.plot(found, [y] * len(found), marker, fillstyle="none", color=color, markeredgewidth=1.5)
            if row == 0:
                left = max(found) < 0.8  # there is room for the name on the right; else it stands below
                x, dy, side = (max(found) + 0.06, 0, "left") if left else (max(found), 0.33, "right")
                ax.text(x, y + dy, order, color=color, va="center", ha=side)
            means.append(np.mean(found))
        ax.plot(means, [row - 0.14, row + 0.14], color=INK, linewidth=1, zorder=1)
        said.append(" → ".join(f"{mean:.2f}" for mean in means))
    rows = "; ".join(f"{name.replace(chr(10), ' ')}: {means}" for name, means in zip(OUTCOMES, said, strict=True))
    return f"{right.capitalize()} right, mean of the seeds, forward → reversed. {rows}."


@expect.arguments(ax=expect.axes, rights=partial(expect.named, check=expect.number), order=expect.text)
def first_written(ax, rights: dict[str, float], order: str) -> None:
    """In how many sentences the word that is written first is right, for each order of `rights`; that of `order` is in colour."""
    ax.set(xlim=(0, 1.2), ylim=(len(rights) - 0.5, -0.5), xticks=(0, 0.5, 1), xlabel="first written word right")
    ax.set(yticks=())
    for row, (name, share) in enumerate(rights.items()):
        ax.barh(row, share, height=0.6, color=BACKWARD["color"] if name == order else "#BBBBBB")
        ax.text(0.02 if share > 0.5 else share + 0.2, row, name, va="center", color=INK)
        ax.text(share + 0.02, row, f"{share:g}", va="center", color=INK, weight="bold" if name == order else None)


# -- swap a word --------------------------------------------------------------------------------------------------------------


@expect.arguments(ax=expect.axes, forward=SHARES, backward=SHARES)
def reached(ax, forward: np.ndarray, backward: np.ndarray) -> None:
    """The gradients (17,) of `translator.reach`, over the place of the English word, as powers of ten."""
    decade_axis(ax, 5, "gradient of the first French word")
    ax.set(xlim=(0.5, 21 if narrow(ax) else 19.5), ylim=(-5, 1.5), xlabel="place of the English word")
    ax.xaxis.set_major_locator(FixedLocator((1, 5, 9, 13, 17)))
    ax.axhline(0, **IDENTITY)
    ends = {}
    for name, gradient, role, marker in (("forward", forward, BACKWARD, "o"), ("reversed", backward, FORWARD, "s")):
        ax.plot(np.arange(1, 1 + len(gradient)), np.clip(log10(gradient), -5, 1.5), marker=marker, **role)
        ends[name] = float(log10(gradient[-1]))
    name_lines(ax, len(forward) + 0.4, ends, {"forward": BACKWARD["color"], "reversed": FORWARD["color"]}, 5)


@expect.arguments(ax=expect.axes, swapped=partial(expect.instance, kinds=Swaps, what="Swaps, from `swaps`"), word=expect.whole)
def drop_bars(ax, swapped: Swaps, word: int, title: str) -> None:
    """A bar for each French word: how far its probability falls when English word number `word`, from 1, is swapped.

    The pale bar behind it is the probability it had. The word's own French word is striped and named in bold.
    """
    expect.text("title", title)
    k, correct, size = min(word, len(swapped.places)) - 1, swapped.correct, 7.5 if narrow(ax) else 9
    ax.set(xlim=(-0.5, 1.05), ylim=(len(correct) - 0.4, -0.6), xlabel="probability lost")
    ax.yaxis.set_major_locator(FixedLocator(range(len(correct))))
    ax.yaxis.set_major_formatter(FixedFormatter(correct))
    ax.tick_params(axis="y", labelsize=size)
    ax.axvline(0, color=INK, linewidth=0.8)
    drops, rows, own = np.clip(swapped.drops[k], -0.5, 1), np.arange(len(correct)), swapped.own[k]
    ax.add_collection(_boxes(0, swapped.p, rows, 0.375, facecolor="#DDDDDD", linewidth=0), autolim=False)
    for some, role, hatch in ((rows != own, FORWARD, None), (rows == own, BACKWARD, "///")):
        look = {"facecolor": role["color"], "edgecolor": "white", "linewidth": 0, "hatch": hatch}
        ax.add_collection(_boxes(0, drops[some], rows[some], 0.375, **look), autolim=False)
    bold = {"color": BACKWARD["color"], "weight": "bold", "ha": "right", "va": "center", "bbox": PAPER | {"alpha": 1, "pad": 1.5}}
    place = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
    ax.annotate(correct[own], (0, own), (-7, 0), size=size, **place, **bold)
    # Not as a title, which would be slow: it belongs to the decoration.
    ax.text(0, 1.02, f"{title}: swap {swapped.read[swapped.places[k]]}", transform=ax.transAxes, color=INK, size="large")


# -- two arms, watched --------------------------------------------------------------------------------------------------------


def clipped_loss(net: nets.EncoderDecoder, task: Sequence, batch: np.ndarray) -> tuple[float, nets.EncoderDecoder]:
    """(loss, gradient clipped to norm 1) of the sentences with the indices in `batch`; task is (learn, held out)."""
    learn = task[0]
    value, gradient = nets.translation_loss(net, learn.source[:, batch], learn.target[:, batch])
    return value, train.clip_norm(gradient, 1.0)[0]


def first_right(arms: Sequence, tasks: Sequence) -> list[float]:
    """For each arm, a net, and its task (learn, held out): the share of held-out sentences whose first word is right."""
    pairs = [(net, held_out) for net, (_, held_out) in zip(arms, tasks, strict=True)]
    return [float(np.mean(nets.translate(net, some.source, 1)[0] == some.target[0])) for net, some in pairs]


def about(share: float, step: float = 0.1) -> float:
    """The share to the nearest multiple of `step`: the digits of a trained net that all processors agree on."""
    return float(round(round(share / step) * step, 2))


class FirstWords:
    """Watches a run of `train.fit` whose parameters are a tuple of nets, one for each arm: how often the first word is right.

    It has what `live.watch` shows of a run, and `rights`: for each arm the share at `measured`, each tenth step.
    """

    def __init__(self, watch: Callable, names: Sequence, held_out: Sequence) -> None:
        self._watch, self.names, self._held_out = watch, names, held_out
        self.losses: Sequence = ()
        self.steps, self.ended = 1, ""
        self.measured: list[int] = []
        self.rights: list[list] = [[] for _ in names]

    def __call__(self, run: train.Run) -> None:
        self.losses, self.steps, self.ended = run.losses, run.steps or 1, run.ended
        if len(run.losses) % 10 == 0 and not run.ended:
            self.measured.append(len(run.losses))
            for right, net, sentences in zip(self.rights, run.params, self._held_out, strict=True):
                first = nets.translate(net, sentences.source[:, :300], 1)[0]
                right.append(float(np.mean(first == sentences.target[0, :300])))
        self._watch(self)

    @property
    def text(self) -> str:
        """A one-sentence summary."""
        if not self.measured:
            return "No measurement yet."
        now = ", ".join(f"{name} {right[-1]:.2f}" for name, right in zip(self.names, self.rights, strict=True))
        return f"Step {self.measured[-1]} of {self.steps}: first word right {now}."


@expect.arguments(ax=expect.axes, run=partial(expect.instance, kinds=FirstWords, what="a run watched by FirstWords"))
def first_words(ax, run: FirstWords) -> str:
    """The share of correct first words in each arm, step by step; the thin line is always guessing the commonest word."""
    ax.set(xlim=(0, 1.35 * run.steps), ylim=(-0.02, 1.05), xlabel="training step", ylabel="first word right")
    ax.axhline(GUESSING, **IDENTITY)
    ax.text(1.34 * run.steps, GUESSING - 0.02, "guessing", ha="right", va="top", color=INK)
    for name, right, role in zip(run.names, run.rights, (BACKWARD, FORWARD), strict=True):
        ax.plot(run.measured, right, **role)
        if right:
            ax.text(run.measured[-1] + 0.01 * run.steps, right[-1], name, va="center", color=role["color"], bbox=PAPER)
    return run.text


# -- exercises ----------------------------------------------------------------------------------------------------------------


def _swapped():
    """Cases (p, q): the probabilities of T words, and K rows of them, of several shapes."""
    rng = np.random.default_rng(5)
    return tuple(
        (np.round(rng.uniform(0.5, 1, T), 2), np.round(rng.uniform(0, 1, (K, T)), 2)) for K, T in ((2, 3), (3, 1), (4, 5), (8, 4))
    )


EXERCISES = {
    "gaps": Exercise(
        Called(tuple((T,) for T in (2, 5, 20, 1, 8)), lambda T: (3,)),
        lambda T: (1, T, 2 * T - 1),
        (
            (lambda T: (2 * T - 1, T, 1), "the order is smallest, mean, largest."),
            (lambda T: (T, 1, 2 * T - 1), "the three are right, but the smallest comes first, then the mean."),
            (lambda T: (1, T, 2 * T + 1), "the largest is too large: from step 1 to step 2T there are 2T - 1."),
            (
                lambda T: (1, T / 2, T),
                "the gaps are 1, 3, 5, ... for words 1, 2, 3, ...: each goes on beyond the English sentence.",
            ),
            (lambda T: (1, 2 * T - 1, T), "the three are right, but the mean comes second, and the largest last."),
            (lambda T: (T, T, T), "that is the sentence read forwards: there every gap is T."),
            (lambda T: (1, (T + 1) / 2, T), "you measured within the English sentence; the gap runs on to the French word."),
            (lambda T: (0, T - 1, 2 * T - 2), "one too few: from reading one word to writing the next is already one step."),
            (lambda T: (1, T / 2, 2 * T - 1), "smallest and largest are right. The mean of 1, 3, ..., 2T - 1 is not T/2."),
            (lambda T: (0, T, 2 * T), "the first English word is read last, one step before the first French one: its gap is 1."),
            (
                lambda T: (0, T, 2 * T - 1),
                "no gap is 0: the first English word is read last, one step before the first French one.",
            ),
            (lambda T: (1, 20, 39), "these are the numbers for 20 words. Write them for any T."),
            (lambda T: (1, T, 2 * T), "the last English word is read first, at step 1, and written at step 2T."),
            (lambda T: (1, T, 2 * T - 2), "the largest is one too small: from step 1 to step 2T there are 2T - 1."),
            (lambda T: (1, T + 1, 2 * T + 1), "the gaps are 1, 3, 5, ... for words 1, 2, 3, ...: word T has 2T - 1."),
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
            (lambda k, T: 2 * (T - k) + 2, "one too many: word T is read at step T and written at T + 1, so its gap is 1."),
            (lambda k, T: T - k, "that is how many words are still read. Word k is read at step k, written at 2T - k + 1."),
            (lambda k, T: T - k + 1, "that is when it is written, counted from the source's end. It was read at step k."),
            (lambda k, T: 2 * T - k + 1, "that is when word k is written. Subtract k, the step at which it is read."),
            (lambda k, T: 2 * T - k, "word k is read at step k and written at 2T - k + 1: subtract the one from the other."),
        ),
        "The same gaps, for the opposite words: now the last words are near, and they are written first.",
    ),
    "swap-loss": Exercise(
        Called(_swapped(), lambda p, q: p.shape),
        lambda p, q: p - q.mean(axis=0),
        (
            (lambda p, q: q.mean(axis=0) - p, "the sign is turned around: what a word loses is what it had, less what is left."),
            (lambda p, q: np.abs(p - q).mean(axis=0), "a word may gain by a swap: keep the sign of each difference."),
            (lambda p, q: p - q.sum(axis=0), "that takes away what is left after all swaps together: take their mean."),
            (lambda p, q: (p - q).sum(axis=0), "that is the loss in all swaps together: take their mean."),
            (lambda p, q: p - q[0], "that is the first swap alone: take the mean over the rows of q."),
            (lambda p, q: p - q.min(axis=0), "that is the worst swap: take the mean over the rows of q."),
            (
                lambda p, q: 1 - q.mean(axis=0) / p,
                "that is the share of it that is lost. The bars are differences: p less what is left.",
            ),
            (lambda p, q: q.mean(axis=0), "that is what is left. The bars are what is lost."),
        ),
        "One row of bars. Section 7 draws nine of them, one for each English word.",
    ),
    "reader-length": Exercise(
        lambda given: [np.ceil(T := number(0, 1000)(given)), T % 1 == 0],
        22,
        (
            (np.log(0.1) / np.log(0.9), "0.9^T crosses a tenth there, but words come whole: which is the first whole number?"),
            (20, "0.9^20 = 0.122: that is still more than a tenth."),
            (21, "0.9^21 = 0.109: that is still more than a tenth."),
            (10, "after 10 steps 0.9^10 = 0.35 is left."),
            (23, "that counts the T - 1 steps within the English sentence; on to the French word there are T."),
            (9, "each step takes a tenth of what is *left*, so it is 0.9^T, not 1 - 0.1 T."),
        ),
        "0.9^22 = 0.098. Reversed, the first word's gap is 1 at any length.",
    ),
}
