"""Synthetic problems with a known answer and a known lag. All randomness comes from the rng that is passed in.

`latch`: one unit remembers a sign in spite of noise (slide "Cliffs"). `recall`: name the first of many symbols. `adding`: the sum
of two marked numbers (slide "Identity RNNs"). Stored data sets are in `datasets`, costs in closed form in `costs`.
"""

import numpy as np
from numpy.typing import DTypeLike

from lecturelib import expect


def latch(rng: np.random.Generator, N: int, *, T: int = 12, noise: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """N examples for one tanh unit: (x (T, N), target (N,)).

    The first input is s U(0.3, 1) with a random sign s, the others are noise N(0, noise^2); the target is 0.8 s after T steps.
    ValueError: N or T < 1; noise < 0.
    """
    expect.generator("rng", rng)
    N, T, noise = expect.whole("N", N), expect.whole("T", T), expect.number("noise", noise, least=0)
    expect.room("N and T", N, T)
    sign = rng.choice([-1.0, 1.0], N)
    x = noise * rng.standard_normal((T, N))
    x[0] = sign * rng.uniform(0.3, 1, N)
    return x, 0.8 * sign


def recall(
    rng: np.random.Generator, B: int, T: int, *, symbols: int = 4, dtype: DTypeLike = np.float32
) -> tuple[np.ndarray, np.ndarray]:
    """B sequences of T random symbols, and the first symbol of each: (x (T, B, symbols) one-hot, labels (B,)).

    ValueError: B, T or symbols < 1; dtype is not float32 or float64.
    """
    expect.generator("rng", rng)
    B, T, symbols = expect.whole("B", B), expect.whole("T", T), expect.whole("symbols", symbols)
    dtype = expect.dtype("dtype", dtype)
    expect.room("B, T and symbols", B, T, symbols)
    words = rng.integers(0, symbols, (T, B))
    return np.eye(symbols, dtype=dtype)[words], words[0]


def adding(rng: np.random.Generator, B: int, T: int, *, dtype: DTypeLike = np.float32) -> tuple[np.ndarray, np.ndarray]:
    """B sequences of T pairs, a number U(0, 1) and a mark, and the sum of the two marked numbers: (x (T, B, 2), target (B, 1)).

    Each half of a sequence has one mark, a 1 among 0s. Always predicting 1 gives a mean squared error of 1/6, the variance of
    the sum. Hochreiter and Schmidhuber 1997, in the form of Le, Jaitly and Hinton 2015. ValueError: B < 1; T < 2.
    """
    expect.generator("rng", rng)
    B, T, dtype = expect.whole("B", B), expect.whole("T", T, least=2), expect.dtype("dtype", dtype)
    expect.room("B and T", B, 2 * T)
    numbers, marks = rng.random((T, B), dtype=dtype), np.zeros((T, B), dtype)
    marks[rng.integers(0, T // 2, B), np.arange(B)] = 1
    marks[rng.integers(T // 2, T, B), np.arange(B)] = 1
    return np.stack([numbers, marks], -1), (numbers * marks).sum(0)[:, None]
