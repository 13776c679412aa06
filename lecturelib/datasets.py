"""The data that come with the package: digits, Python code, and numbers in words. `data/README.md` says where they are from."""

import re
import reprlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from num2words import num2words

from lecturelib import expect

DATA = Path(__file__).parent / "data"
SIDES = 7, 14, 28  # of the digits, in pixels
CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))  # a text in numbers: each character's place in here


# -- digits -------------------------------------------------------------------------------------------------------------------


class Digits(NamedTuple):
    """Handwritten digits, and which they are."""

    images: np.ndarray  # (N, side, side), float32, 0 is no ink and 1 the most
    labels: np.ndarray  # (N,), 0 to 9


def digits(side=28):
    """(9000 `Digits` to learn from, 1000 held out): images of side x side pixels, 28, or 14 or 7 by `downsampled`.

    The first 10,000 of the MNIST digits (Y. LeCun, C. Cortes, C. Burges), in a fixed order. ValueError: another side.
    """
    return _digits(expect.one_of("side", side, SIDES))


@cache
def _digits(side):
    with np.load(DATA / "digits.npz") as stored:
        images, labels = downsampled(stored["images"].astype(np.float32) / 255, side), stored["labels"].astype(int)
    images.flags.writeable = labels.flags.writeable = False  # every caller gets the same arrays
    return Digits(images[:9000], labels[:9000]), Digits(images[9000:], labels[9000:])


def downsampled(images, side):
    """Images (N, 28, 28), or for side 14 or 7 the means of 2 x 2 or 4 x 4 pixels. ValueError: another side."""
    side = expect.one_of("side", side, SIDES)
    images = expect.numbers("images", images, "N 28 28")
    return images if side == 28 else images.reshape(-1, side, 28 // side, side, 28 // side).mean((2, 4))


def pixel_sequences(images, order=None):
    """Images (B, side, side) as sequences x (T, B, 1): one pixel a step, row by row, or in the `order` of a permutation."""
    images = expect.array("images", images, "B side side")
    flat = images.reshape(len(images), -1).T
    if order is not None:
        order = expect.words("order", order, len(flat), "T", least=0, T=len(flat))
        if len(set(order.tolist())) < len(flat):
            raise ValueError("order must be a permutation: each pixel once")
    return np.ascontiguousarray(flat if order is None else flat[order])[..., None]


def pixel_permutation(side):
    """The series' fixed random order (side * side,) of the pixels of an image."""
    side = expect.whole("side", side, most=1000)
    return np.random.default_rng(0).permutation(side * side)


# -- Python code --------------------------------------------------------------------------------------------------------------


@cache
def code():
    """(text to learn from, text held out): Python source of the standard library, all in one style, without docstrings."""
    with np.load(DATA / "code.npz") as stored:
        return bytes(stored["learn"]).decode("ascii"), bytes(stored["held_out"]).decode("ascii")


def encode_text(text):
    """The text as places in CHARACTERS, an array (len(text),). ValueError: a character that is not there."""
    words = np.array([CHARACTERS.find(c) for c in expect.text("text", text)], int)
    if (words < 0).any():
        k = int(np.argmax(words < 0))
        raise ValueError(f"only plain ASCII letters, signs and ends of lines can be read, not {text[k]!r} at character {k + 1}")
    return words


def structure(text):
    """What each character of Python code stands in, told by reading from the left: a dict of arrays (len(text),).

    "quote": 1 within a string, its quotes included, else 0; "depth": how many brackets are open; "indent": by how many spaces
    the line is indented.
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


# -- numbers in words ---------------------------------------------------------------------------------------------------------


HIGHEST = 999_999_999
ENGLISH = tuple(
    "and zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million".split()
)
FRENCH = tuple(
    "<EOS> et zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt vingts trente "
    "quarante cinquante soixante cent cents mille million millions".split()
)


class Sentences(NamedTuple):
    """Numbers, and their words as codes of `numerals`; -1 is padding."""

    numbers: np.ndarray  # (N,)
    source: np.ndarray  # (T_in, N), English; the padding comes first
    target: np.ndarray  # (T_out, N), French and then 0, the end; the padding comes last


def translation(below=10**9, *, reverse=False):
    """(`Sentences` to learn from, 1000 held out): numbers under 10^9 or 10^6, drawn evenly; or all under 1000, 200 held out.

    `reverse` turns each English sentence around; nothing else changes (slide "Another trick: reverse the input sequence").
    ValueError: another bound.
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


def reversed_sentences(source):
    """Sentences (T, N), padded with -1 in front, each with its words in the opposite order, the padding still in front."""
    words = expect.words("source", source, np.iinfo(int).max, "T N") >= 0
    turned = np.full_like(source, -1)
    turned.T[words.T] = np.concatenate([column[::-1][column[::-1] >= 0] for column in source.T])
    return turned


def number_words(number):
    """The words of a whole number from 0 to HIGHEST: (English, French), two lists. ValueError: another number, or none.

    >>> number_words(97)
    (['ninety', 'seven'], ['quatre', 'vingt', 'dix', 'sept'])
    """
    if not isinstance(number, int | np.integer) or isinstance(number, bool) or not 0 <= number <= HIGHEST:
        expect.refuse("number", f"a whole number from 0 to {HIGHEST:,}", number)
    return tuple(re.split(r"[ ,-]+", num2words(int(number), lang=language)) for language in ("en", "fr"))


def parse_number(line):
    """The number that a reader typed, such as "1,234" or " 97 ". ValueError: that is none, or out of range."""
    digits = re.sub(r"[ ,_'’]", "", expect.text("line", line))
    if not re.fullmatch(r"-?[0-9]{1,30}", digits):
        raise ValueError(f"type a whole number in digits, from 0 to {HIGHEST:,}; this is none: {reprlib.repr(line)}")
    if not 0 <= int(digits) <= HIGHEST:
        raise ValueError(f"the nets know the numbers from 0 to {HIGHEST:,}; {int(digits):,} is not among them")
    return int(digits)


def encode_words(words, vocabulary):
    """The places of words in ENGLISH or FRENCH, an array (T,). ValueError: a word that is not there."""
    expect.instance("vocabulary", vocabulary, tuple | list, "ENGLISH or FRENCH")
    expect.instance("words", words, tuple | list, "a list of words")
    unknown = [word for word in words if word not in vocabulary]
    if unknown:
        raise ValueError(f"words must be in the vocabulary: {unknown[0]!r} is none of its {len(vocabulary)} words")
    return np.array([vocabulary.index(word) for word in words], int)
