"""The data that come with the package: digits, Python code, and numbers in words. `data/README.md` names their sources."""

import re
import reprlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from num2words import num2words

from lecturelib import expect

DATA = Path(__file__).parent / "data"
SIDES = 7, 14, 28  # of the digits, in pixels
CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))  # newline and printable ASCII; a code is an index into it


# -- digits -----------------------------------------------------------------------------------------------------------------


class Digits(NamedTuple):
    """Images of handwritten digits, and their labels."""

    images: np.ndarray  # (N, side, side), float32, from 0 (no ink) to 1
    labels: np.ndarray  # (N,), 0 to 9


def digits(side: int = 28) -> tuple[Digits, Digits]:
    """(9000 `Digits` for training, 1000 held out): images of side x side pixels, 28, or 14 or 7 by `downsampled`.

    The first 10,000 of the MNIST digits (Y. LeCun, C. Cortes, C. Burges), in a fixed order. The arrays are read-only.
    ValueError: another side.
    """
    return _digits(expect.one_of("side", side, SIDES))


@cache
def _digits(side):
    with np.load(DATA / "digits.npz") as stored:
        images, labels = downsampled(stored["images"].astype(np.float32) / 255, side), stored["labels"].astype(int)
    images.flags.writeable = labels.flags.writeable = False  # every caller gets the same arrays
    return Digits(images[:9000], labels[:9000]), Digits(images[9000:], labels[9000:])


def downsampled(images: np.ndarray, side: int) -> np.ndarray:
    """Images (N, 28, 28) reduced to (N, side, side): means of 2 x 2 pixels for side 14, 4 x 4 for 7. ValueError: another side."""
    side = expect.one_of("side", side, SIDES)
    images = expect.numbers("images", images, "N 28 28")
    return images if side == 28 else images.reshape(-1, side, 28 // side, side, 28 // side).mean((2, 4))


def pixel_sequences(images: np.ndarray, order: np.ndarray | None = None) -> np.ndarray:
    """Images (B, side, side) as sequences x (T, B, 1), one pixel per step: row by row, or permuted by `order` (T,).

    ValueError: images is not an array of floats; order is not a permutation of 0 ... T - 1.
    """
    images = expect.array("images", images, "B side side")
    flat = images.reshape(len(images), -1).T
    if order is not None:
        order = expect.words("order", order, len(flat), "T", least=0, T=len(flat))
        if len(set(order.tolist())) < len(flat):
            raise ValueError("order must be a permutation: each pixel once")
    return np.ascontiguousarray(flat if order is None else flat[order])[..., None]


def pixel_permutation(side: int) -> np.ndarray:
    """A random permutation (side * side,) of the pixels of an image, the same in all lectures. ValueError: side < 1."""
    side = expect.whole("side", side, most=1000)
    return np.random.default_rng(0).permutation(side * side)


# -- Python code ------------------------------------------------------------------------------------------------------------


@cache
def code() -> tuple[str, str]:
    """(training text, held-out text): Python source of the standard library, uniformly formatted, without docstrings."""
    with np.load(DATA / "code.npz") as stored:
        return bytes(stored["learn"]).decode("ascii"), bytes(stored["held_out"]).decode("ascii")


def encode_text(text: str) -> np.ndarray:
    """The text as indices into CHARACTERS, shape (len(text),). ValueError: it contains another character."""
    codes = np.array([CHARACTERS.find(c) for c in expect.text("text", text)], int)
    if (codes < 0).any():
        k = int(np.argmax(codes < 0))
        raise ValueError(f"text: only printable ASCII and newlines are allowed, not {text[k]!r} at character {k + 1}")
    return codes


def structure(text: str) -> dict[str, np.ndarray]:
    """The context of each character of Python code, from a scan left to right: a dict of arrays (len(text),).

    "quote": 1 within a string, including its quotes, else 0; "depth": the number of open brackets; "indent": the number of
    spaces that the line is indented by.
    """
    quote, depth, indent = np.zeros((3, len(expect.text("text", text))))
    inside, escaped, opened, spaces, leading = "", False, 0, 0, True
    for k, c in enumerate(text):
        if inside:
            quote[k] = 1
            if escaped:
                escaped = False
            elif c == "\\":
                escaped = True
            elif c == inside:
                inside = ""
        elif c in "\"'":
            inside, quote[k] = c, 1
        opened = max(0, opened + (not quote[k]) * ((c in "([{") - (c in ")]}")))
        leading, spaces = (True, 0) if c == "\n" else (leading and c == " ", spaces + (leading and c == " "))
        depth[k], indent[k] = opened, spaces
    return {"quote": quote, "depth": depth, "indent": indent}


# -- numbers in words -------------------------------------------------------------------------------------------------------


HIGHEST = 999_999_999
KINDS = range(1, 10), range(10, 20), range(20, 100, 10)  # numbers whose English words can replace each other
ENGLISH = tuple(
    "and zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million".split()
)
FRENCH = tuple(
    "<EOS> et zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt vingts trente "
    "quarante cinquante soixante cent cents mille million millions".split()
)


class Sentences(NamedTuple):
    """Numbers, and their words as indices into ENGLISH and FRENCH; -1 is padding."""

    numbers: np.ndarray  # (N,)
    source: np.ndarray  # (T_in, N), English; the padding comes first
    target: np.ndarray  # (T_out, N), French and then 0, the end; the padding comes last


def translation(below: int = 10**9, *, reverse: bool = False) -> tuple[Sentences, Sentences]:
    """(`Sentences` for training, 1000 held out): numbers below 10^9 or 10^6, drawn uniformly; or all below 1000, 200 held out.

    `reverse` reverses each English sentence; nothing else changes (slide "Another trick: reverse the input sequence").
    The arrays are read-only. ValueError: another bound.
    """
    return _translation(expect.one_of("below", below, (10**3, 10**6, 10**9)), bool(reverse))


@cache
def _translation(below, reverse):
    with np.load(DATA / "numbers.npz") as stored:
        numbers, source, target = (np.ascontiguousarray(stored[f"{below} {part}"].T, int) for part in Sentences._fields)
    if reverse:
        source = reversed_sentences(source)
    part = len(numbers) - (1000 if len(numbers) > 1000 else 200)
    for a in (numbers, source, target):
        a.flags.writeable = False  # every caller gets the same arrays
    return tuple(Sentences(numbers[k], source[:, k], target[:, k]) for k in (slice(part), slice(part, None)))


def reversed_sentences(source: np.ndarray) -> np.ndarray:
    """Sentences (T, N), padded with -1 in front, with the words of each in reverse order and the padding still in front."""
    words = expect.words("source", source, np.iinfo(int).max, "T N") >= 0
    turned = np.full_like(source, -1)
    turned.T[words.T] = np.concatenate([column[::-1][column[::-1] >= 0] for column in source.T])
    return turned


def number_words(number: int) -> tuple[list[str], list[str]]:
    """The words of a whole number from 0 to HIGHEST: (English, French). ValueError: anything else.

    >>> number_words(97)
    (['ninety', 'seven'], ['quatre', 'vingt', 'dix', 'sept'])
    """
    number = expect.whole("number", number, least=0, most=HIGHEST)
    english, french = (re.split(r"[ ,-]+", num2words(number, lang=language)) for language in ("en", "fr"))
    return english, french


def number_swaps(number: int) -> dict[int, list[int]]:
    """For the place, from 0, of each English word of `number` that has others of its kind: the numbers with each of them there.

    The kinds are one to nine, ten to nineteen, and twenty to ninety. ValueError: as for `number_words`.

    >>> number_swaps(92)
    {0: [22, 32, 42, 52, 62, 72, 82], 1: [91, 93, 94, 95, 96, 97, 98, 99]}
    """
    english, found = number_words(number)[0], {}
    values = dict(zip(ENGLISH[1:29], [*range(20), *range(20, 100, 10)], strict=True))
    for k, word in enumerate(english):
        value, after = values.get(word, -1), english[k + 1 :]
        unit = (10**6 if "million" in after else 1000 if "thousand" in after else 1) * (100 if after[:1] == ["hundred"] else 1)
        for kind in KINDS:
            if value in kind:
                found[k] = [int(number) + (other - value) * unit for other in kind if other != value]
    return found


def parse_number(line: str) -> int:
    """The whole number that a reader typed, such as "1,234" or " 97 ". ValueError: not a whole number, or out of range."""
    digits = re.sub(r"[ ,_'’]", "", expect.text("line", line))
    if not re.fullmatch(r"-?[0-9]{1,30}", digits):
        raise ValueError(f"not a whole number: {reprlib.repr(line)}; type one in digits, from 0 to {HIGHEST:,}")
    if not 0 <= int(digits) <= HIGHEST:
        raise ValueError(f"the nets know the numbers from 0 to {HIGHEST:,}, not {int(digits):,}")
    return int(digits)


def encode_words(words: Sequence[str], vocabulary: Sequence[str]) -> np.ndarray:
    """The indices of words in ENGLISH or FRENCH, shape (T,). ValueError: a word is not in the vocabulary."""
    expect.instance("vocabulary", vocabulary, tuple | list, "ENGLISH or FRENCH")
    expect.instance("words", words, tuple | list, "a list of words")
    unknown = [word for word in words if word not in vocabulary]
    if unknown:
        raise ValueError(f"words: {unknown[0]!r} is not in the vocabulary")
    return np.array([vocabulary.index(word) for word in words], int)
