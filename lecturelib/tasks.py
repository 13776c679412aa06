"""Problems to learn, with a known answer and a known lag. What is random comes from the rng that is passed in.

`latch` remembers a sign, one unit against noise (slide "Cliffs"); `logistic_cost` is a real cliff in two parameters (slide
"Keeping Things Stable"); `recall` asks for the first of many symbols; `adding` for the sum of two marked numbers (slide "Identity
RNNs"). `digits`, `translation` and `code` are data that come with the package; `data/README.md` says from where.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lecturelib import expect

DATA = Path(__file__).parent / "data"
SIDES = 7, 14, 28  # of the digits, in pixels
CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))  # a text in numbers: each character's place in here


class Digits(NamedTuple):
    """Handwritten digits, and which they are."""

    images: np.ndarray  # (N, side, side), float32, 0 is no ink and 1 the most
    labels: np.ndarray  # (N,), 0 to 9


def latch(rng, N, *, T=12, noise=0.5):
    """N examples for one tanh unit: (x (T, N), target (N,)).

    The first input is s U(0.3, 1) with a random sign s, the others are noise N(0, noise^2); the target is 0.8 s after T steps.
    """
    expect.generator("rng", rng)
    N, T, noise = expect.whole("N", N), expect.whole("T", T), expect.number("noise", noise, least=0)
    expect.room("N and T", N, T)
    sign = rng.choice([-1.0, 1.0], N)
    x = noise * rng.standard_normal((T, N))
    x[0] = sign * rng.uniform(0.3, 1, N)
    return x, 0.8 * sign


def latch_loss(x, target, w, b):
    """(loss, slope by b) of each example for h_t = tanh(w h_{t-1} + x_t + b), h_0 = 0, and loss (h_T - target)^2.

    `x` (T, N) and `target` (N,) are those of `latch`; `b` is a number, or an array (M, 1) for results (M, N). The slope is
    carried forward with the state, exact: ds_t = (1 - h_t^2) (w ds_{t-1} + 1). ValueError: numbers that are not finite.
    """
    x = expect.numbers("x", x, "T N")
    target = expect.numbers("target", target, "N", N=x.shape[1])
    w, b = expect.numbers("w", w, "..."), expect.numbers("b", b, "...")
    if w.ndim or (b.ndim and b.shape[1:] != (1,)):
        raise ValueError(f"w must be one number, and b one or an array (M, 1), not arrays of shape {w.shape} and {b.shape}")
    h = slope = np.zeros(np.broadcast_shapes(b.shape, x.shape[1:]), x.dtype)
    for x_t in x:
        h = np.tanh(w * h + x_t + b)
        slope = (1 - h * h) * (w * slope + 1)
    error = h - target
    return error * error, 2 * error * slope


def logistic_cost(w, b, T=50):
    """(cost, its slope by w, by b) for x_t = w σ(x_{t-1}) + b, x_0 = 0.5, and cost (σ(x_T) - 0.7)^2, elementwise in w and b.

    Pascanu, Mikolov and Bengio 2013, figure 6. The slopes are carried forward with x, exact. ValueError: not finite numbers.
    """
    w, b, T = expect.numbers("w", w), expect.numbers("b", b), expect.whole("T", T, most=10**6)
    if w.shape != b.shape and not _broadcast(w.shape, b.shape):
        raise ValueError(f"w and b must have shapes that fit, not {w.shape} and {b.shape}")
    shape, dtype = np.broadcast_shapes(w.shape, b.shape), np.result_type(w, b)
    # With u = x / 2 and y = tanh(u), σ(x) = (1 + y) / 2: a step is u <- w y / 4 + (w / 4 + b / 2), its slope w (1 - y^2) / 4.
    # Arrays are small here, so calls count: y w / 4 serves both, and 4 du/dw and 2 du/db move together.
    quarter, rest, one = np.broadcast_to(w / 4, shape).astype(dtype), (w / 4 + b / 2).astype(dtype), np.ones((), dtype)
    u, y, slope = np.full(shape, 0.25, dtype), np.empty(shape, dtype), np.empty(shape, dtype)
    by, new = np.zeros((2, *shape), dtype), np.ones((2, *shape), dtype)
    new_w = new[0, ...]
    with np.errstate(under="ignore"):
        for _ in range(T):
            np.tanh(u, y)
            np.multiply(y, quarter, slope)
            np.add(slope, rest, u)
            np.multiply(y, slope, slope)
            np.subtract(quarter, slope, slope)
            np.multiply(by, slope, by)
            np.add(y, one, new_w)
            np.add(by, new, by)
        y = np.tanh(u)
        error = (1 + y) / 2 - 0.7
        factor = error * (1 - y * y)
        return error * error, factor * by[0] / 4, factor * by[1] / 2


def recall(rng, B, T, *, symbols=4, dtype=np.float32):
    """B sequences of T random symbols, and the first of each: (x (T, B, symbols) one-hot, labels (B,))."""
    expect.generator("rng", rng)
    B, T, symbols = expect.whole("B", B), expect.whole("T", T), expect.whole("symbols", symbols)
    dtype = expect.dtype("dtype", dtype)
    expect.room("B, T and symbols", B, T, symbols)
    words = rng.integers(0, symbols, (T, B))
    return np.eye(symbols, dtype=dtype)[words], words[0]


def adding(rng, B, T, *, dtype=np.float32):
    """B sequences of T pairs, a number U(0, 1) and a mark, and the sum of the two marked numbers: (x (T, B, 2), target (B, 1)).

    One mark, a 1 among 0s, lies in each half. Who always answers 1 is off by 1/6 in the mean of squares: the variance of the
    sum. Hochreiter and Schmidhuber 1997, in the form of Le, Jaitly and Hinton 2015. ValueError: T < 2.
    """
    expect.generator("rng", rng)
    B, T, dtype = expect.whole("B", B), expect.whole("T", T, least=2), expect.dtype("dtype", dtype)
    expect.room("B and T", B, 2 * T)
    numbers, marks = rng.random((T, B), dtype=dtype), np.zeros((T, B), dtype)
    marks[rng.integers(0, T // 2, B), np.arange(B)] = 1
    marks[rng.integers(T // 2, T, B), np.arange(B)] = 1
    return np.stack([numbers, marks], -1), (numbers * marks).sum(0)[:, None]


def digits(side=28):
    """(9000 `Digits` to learn from, 1000 held out): images of side x side pixels, 28, or 14 or 7 by `shrunk`.

    The first 10,000 of the MNIST digits (Y. LeCun, C. Cortes, C. Burges), in a fixed order. ValueError: another side.
    """
    return _digits(expect.one_of("side", side, SIDES))


@cache
def _digits(side):
    with np.load(DATA / "digits.npz") as stored:
        images, labels = shrunk(stored["images"].astype(np.float32) / 255, side), stored["labels"].astype(int)
    images.flags.writeable = labels.flags.writeable = False  # every caller gets the same arrays
    return Digits(images[:9000], labels[:9000]), Digits(images[9000:], labels[9000:])


def shrunk(images, side):
    """Images (N, 28, 28), or for side 14 or 7 the means of 2 x 2 or 4 x 4 pixels. ValueError: another side."""
    side = expect.one_of("side", side, SIDES)
    images = expect.numbers("images", images, "N 28 28")
    return images if side == 28 else images.reshape(-1, side, 28 // side, side, 28 // side).mean((2, 4))


def pixels(images, order=None):
    """Images (B, side, side) as sequences x (T, B, 1): one pixel a step, row by row, or in the `order` of a permutation."""
    images = expect.array("images", images, "B side side")
    flat = images.reshape(len(images), -1).T
    if order is not None:
        order = expect.words("order", order, len(flat), "T", least=0, T=len(flat))
        if len(set(order.tolist())) < len(flat):
            raise ValueError("order must be a permutation: each pixel once")
    return np.ascontiguousarray(flat if order is None else flat[order])[..., None]


def shuffle(side):
    """The series' fixed random order (side * side,) of the pixels of an image."""
    side = expect.whole("side", side, most=1000)
    return np.random.default_rng(0).permutation(side * side)


@cache
def code():
    """(text to learn from, text held out): Python source of the standard library, all in one style, without docstrings."""
    with np.load(DATA / "code.npz") as stored:
        return bytes(stored["learn"]).decode("ascii"), bytes(stored["held_out"]).decode("ascii")


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
        source = turned(source)
    part = len(numbers) - (1000 if len(numbers) > 1000 else 200)
    for a in (numbers, source, target):
        a.flags.writeable = False  # every caller gets the same arrays
    return tuple(Sentences(numbers[k], source[:, k], target[:, k]) for k in (slice(part), slice(part, None)))


def turned(source):
    """Sentences (T, N), padded with -1 in front, each with its words in the opposite order, the padding still in front."""
    words = expect.words("source", source, np.iinfo(int).max, "T N") >= 0
    turned = np.full_like(source, -1)
    turned.T[words.T] = np.concatenate([column[::-1][column[::-1] >= 0] for column in source.T])
    return turned


def encoded(text):
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


def _broadcast(*shapes):
    """Whether arrays of these shapes can be combined."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True
