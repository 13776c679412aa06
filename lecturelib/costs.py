"""Two costs in closed form, with exact slopes: the loss of `tasks.latch`, and a cliff in two parameters."""

import numpy as np

from lecturelib import expect


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


def _broadcast(*shapes):
    """Whether arrays of these shapes can be combined."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True
