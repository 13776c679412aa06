"""Compare a gradient with finite differences, for nests of float64 arrays; and random layers to compare them on."""

import numpy as np

from lecturelib import cells

STEP = 1e-5


def arrays(nest):
    """The arrays of a nest, as a flat list."""
    return [a for part in nest for a in arrays(part)] if isinstance(nest, tuple) else [nest]


def differences(f, nest):
    """df/da for each array a of the nest, changed in place number by number: central differences of fourth order."""
    gradient = []
    for a in arrays(nest):
        assert a.dtype == np.float64, "finite differences need float64"
        slope = np.empty_like(a)
        for at in np.ndindex(a.shape):
            kept, values = a[at], []
            for k in (-2, -1, 1, 2):
                a[at] = kept + k * STEP
                values.append(f())
            a[at] = kept
            slope[at] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * STEP)
        gradient.append(slope)
    return gradient


def assert_gradient(f, nest, gradient, rtol=1e-6):
    """`gradient`, a nest like `nest`, is the derivative of f() by its arrays: to `rtol` of the largest number of each array."""
    truth, given = differences(f, nest), arrays(gradient)
    assert [a.shape for a in given] == [a.shape for a in truth]
    noise = 4 * np.finfo(float).eps * (1 + abs(f())) / STEP  # the rounding error of the differences themselves
    for number, (true, mine) in enumerate(zip(truth, given, strict=True)):
        tolerance = rtol * np.abs(true).max() + noise
        error = np.abs(mine - true).max()
        assert error <= tolerance, f"array {number}: off by {error:.2e}, which is more than {tolerance:.2e}"


def random_layer(seed, sizes, kind="rnn", dtype=np.float64):
    """Parameters, inputs, initial states and the direct adjoints of all hidden states: random numbers."""
    (T, B, D, H), rng = sizes, np.random.default_rng(seed)
    blocks, make = (1, cells.RNN) if kind == "rnn" else (4, cells.LSTM)
    p = make(*(rng.standard_normal(shape).astype(dtype) for shape in ((blocks * H, D), (blocks * H, H), (blocks * H,))))
    x, h0, c0, h_bar = (rng.standard_normal(shape).astype(dtype) for shape in ((T, B, D), (B, H), (B, H), (T, B, H)))
    return p, x, {"h0": h0, "c0": c0} if kind == "lstm" else {"h0": h0}, h_bar


def near(mine, truth, rtol=1e-11):
    np.testing.assert_allclose(mine, truth, rtol=rtol, atol=rtol * np.abs(truth).max())
