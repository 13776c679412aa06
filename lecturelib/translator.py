"""The nets that translate numbers from English words to French ones: what they get right, and what hangs on which word."""

from functools import cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from lecturelib import cells, datasets, nets, pretrained

ORDERS = "forward", "reversed"  # how the source is read
LONGEST = {"read": 17, "write": 21}  # words of the longest numbers, <EOS> included


def in_words(line: str) -> tuple[list, list]:
    """(English, French): the words of the number typed in `line`; the French ones end with <EOS>."""
    english, french = datasets.number_words(datasets.parse_number(line))
    return english, [*french, "<EOS>"]


# -- what they have learned --------------------------------------------------------------------------------------------------


def stored_net(order: str, steps: int, cell: str = "tanh") -> nets.EncoderDecoder:
    """The stored net for numbers below 10^9, seed 0, after `steps` training steps of 1500; after 0, a net that is just drawn."""
    if steps == 0:
        return nets.init_encoder_decoder(np.random.default_rng(0), 32, 30, 64, layers=1, cell=cells.init_rnn, dtype=np.float32)
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
    right = word & (nets.predictions(stored_net(order, steps), source, target) == target)
    return right.sum(1)[:14] / word.sum(1)[:14]


@cache
def right_from_french() -> np.ndarray:
    """As `right_by_place`, for the best guess from the place and the two French words before alone; no English is read."""
    learn, held_out = (sentences.target for sentences in datasets.translation())
    share = []
    for place in range(14):
        before, after = ([a[max(0, place - 2) : place], a[place]] for a in (learn, held_out[:, :500]))
        seen = np.zeros((31, 31, 31), int)
        np.add.at(seen, (*_two_before(before[0]), before[1]), 1)  # the last row, -1, counts padding
        word = after[1] >= 0
        share.append(np.mean((seen[_two_before(after[0])][:, :30].argmax(1) == after[1])[word]))
    return np.array(share)


def _two_before(words):
    """The two words before, 0 where there is none."""
    return (*np.zeros((2 - len(words), words.shape[1]), int), *words)


# -- what hangs on which word ------------------------------------------------------------------------------------------------


class Swaps(NamedTuple):
    """What a net makes of one number, and of the same number with one word replaced by each other word of its kind."""

    read: list  # T_in English words, in the order of the language
    correct: list  # T_out French words
    places: list  # N places, from 0, of the English words that can be swapped
    own: np.ndarray  # (N,), the first French place that changes, in most swaps of that word
    p: np.ndarray  # (T_out,), the probability of each correct French word, nothing being swapped
    drops: np.ndarray  # (N, T_out), by how much the probability of each correct French word falls, on average over the swaps
    gradients: np.ndarray  # (N, T_out), |d score of the French word / d English word|


def _first_change(one: list, other: list) -> int:
    """The first place at which two lists differ; where the shorter one ends, if they do not differ before."""
    return next((k for k, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other)))


def _padded(english: list, order: str) -> np.ndarray:
    """The words as a net reads them in this order, padded in front."""
    words = datasets.encode_words(english if order == "forward" else english[::-1], datasets.ENGLISH)
    return np.r_[np.full(LONGEST["read"] - len(words), nets.PAD), words]


@cache
def swaps(line: str, order: str) -> Swaps:
    """The number typed in `line`, and each of its swaps, read in this order by the stored LSTM.

    The probabilities are those of the correct French words, given the correct words before. ValueError: not a number, or zero.
    """
    english, french = in_words(line)
    others = datasets.number_swaps(datasets.parse_number(line))
    if not others:
        raise ValueError("zero has no word to swap: type another number")
    net, target = stored_net(order, 1500, "LSTM"), datasets.encode_words(french, datasets.FRENCH)
    swapped = [[in_words(str(number)) for number in numbers] for numbers in others.values()]
    sources = np.array([_padded(words, order) for words in [english, *(words for words, _ in chain.from_iterable(swapped))]]).T
    p = nets.probabilities(net, sources, np.repeat(target[:, None], sources.shape[1], axis=1))
    ends = np.cumsum([len(some) for some in swapped])
    drops = [p[:, 0] - part.mean(1) for part in np.split(p[:, 1:], ends[:-1], axis=1)]
    own = [np.bincount([_first_change(french, other) for _, other in some]).argmax() for some in swapped]
    gradients = nets.input_gradients(net, sources[:, 0], target)[:, -len(english) :]
    gradients = gradients if order == "forward" else gradients[:, ::-1]
    return Swaps(english, french, [*others], np.array(own), p[:, 0], np.array(drops), gradients[:, [*others]].T)


def later_words_lose(line: str, order: str) -> list[float]:
    """What each swap costs the French words after all that it changes, if the writer is given the swapped number's own words.

    One mean for each English word that can be swapped, over its swaps and the words; nan where there is no such word.
    """
    net, found = stored_net(order, 1500, "LSTM"), []
    for numbers in datasets.number_swaps(datasets.parse_number(line)).values():
        english, french = zip(*map(in_words, (line, *map(str, numbers))), strict=True)
        target = np.full((LONGEST["write"], len(french)), nets.PAD)
        for k, words in enumerate(french):
            target[: len(words), k] = datasets.encode_words(words, datasets.FRENCH)
        p = nets.probabilities(net, np.array([_padded(words, order) for words in english]).T, target)
        p_at_ends = [p[: len(words) - 1, k][::-1] for k, words in enumerate(french)]  # the last word first, without <EOS>
        same = [_first_change(french[0][-2::-1], words[-2::-1]) for words in french[1:]]
        drops = [p_at_ends[0][:n] - one[:n] for n, one in zip(same, p_at_ends[1:], strict=True)]
        found.append(float(np.mean(np.concatenate(drops))) if any(same) else np.nan)
    return found


@cache
def numbers() -> list[str]:
    """40 random numbers of nine digits without a zero, so that each has 17 English words, and nine that can be swapped."""
    digits = np.random.default_rng(0).integers(1, 10, (400, 9))
    digits = digits[(digits[:, 1::3] > 1).all(1)][:40]  # no ten ... nineteen: then each digit is one word
    return ["".join(map(str, number)) for number in digits]


@cache
def reach(order: str, steps: int) -> np.ndarray:
    """|d score of the first French word / d each English word|, (17,): the median of `numbers`, for a tanh RNN after `steps`."""
    found = []
    for line in numbers():
        english, french = in_words(line)
        target = datasets.encode_words(french[:1], datasets.FRENCH)
        gradient = nets.input_gradients(stored_net(order, steps), _padded(english, order), target)[0]
        found.append(gradient if order == "forward" else gradient[::-1])
    return np.median(found, axis=0)


@cache
def lost(order: str) -> dict[str, np.ndarray]:
    """What each of nine swapped words costs the "earlier" French words, its "own" one and the "later" ones, and what the own word
    "had" before: (9,) each. "earlier" is (8,), for before the first there is none, and "later" too: after the last are few.
    "followed" (8,) is as "later", but the writer is given the French words of the swapped number.

    Probabilities, mean over `numbers`; <EOS> is no word. Own: as in `Swaps`; if it is written as two words, the second is later.
    """
    each, rows = [swaps(line, order) for line in numbers()], []
    for k in range(9):
        parts = [np.split(one.drops[k, :-1], [one.own[k], one.own[k] + 1]) for one in each]
        means = [np.concatenate(words).mean() if any(map(len, words)) else 0.0 for words in zip(*parts, strict=True)]
        rows.append([*means, np.mean([one.p[one.own[k]] for one in each])])
    found = dict(zip(("earlier", "own", "later", "had"), np.array(rows).T, strict=True))
    followed = np.mean([later_words_lose(line, order)[:8] for line in numbers()], axis=0)
    return found | {"earlier": found["earlier"][1:], "later": found["later"][:8], "followed": followed}


def own_word_first(order: str) -> tuple[float, float]:
    """How often, over `numbers`, a word's own French word has the largest drop of all, and the longest gradient of all."""
    each = [swaps(line, order) for line in numbers()]
    drops = [one.drops.argmax(1) == one.own for one in each]
    return float(np.mean(drops)), float(np.mean([one.gradients.argmax(1) == one.own for one in each]))
