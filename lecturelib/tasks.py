"""Problems to learn, with a known answer and a known lag. What is random comes from the rng that is passed in.

`latch` remembers a sign, one unit against noise (slide "Cliffs"); `logistic_cost` is a real cliff in two parameters (slide
"Keeping Things Stable"); `recall` asks for the first of many symbols; `adding` for the sum of two marked numbers (slide "Identity
RNNs"). `digits`, `translation` and `code` are data that come with the package; `data/README.md` says from where.
"""

import numpy as np

from lecturelib import expect


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
