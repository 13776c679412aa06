"""Problems to learn, with a known answer and a known lag. What is random comes from the rng that is passed in.

`latch` remembers a sign, one unit against noise (slide "Cliffs"); `logistic_cost` is a real cliff in two parameters (slide
"Keeping Things Stable"); `recall` asks for the first of many symbols.
"""

import reprlib

import numpy as np


def latch(rng, N, *, T=12, noise=0.5):
    """N examples for one tanh unit: (x (T, N), target (N,)).

    The first input is s U(0.3, 1) with a random sign s, the others are noise N(0, noise^2); the target is 0.8 s after T steps.
    """
    _generator(rng)
    _whole("N", N), _whole("T", T)
    if not isinstance(noise, int | float) or not 0 <= noise < np.inf:
        raise ValueError(f"noise must be a number >= 0, not {reprlib.repr(noise)}")
    sign = rng.choice([-1.0, 1.0], N)
    x = noise * rng.standard_normal((T, N))
    x[0] = sign * rng.uniform(0.3, 1, N)
    return x, 0.8 * sign


def latch_loss(x, target, w, b):
    """(loss, slope by b) of each example for h_t = tanh(w h_{t-1} + x_t + b), h_0 = 0, and loss (h_T - target)^2.

    `x` (T, N) and `target` (N,) are those of `latch`; `b` is a number, or an array (M, 1) for results (M, N). The slope is
    carried forward with the state, exact: ds_t = (1 - h_t^2) (w ds_{t-1} + 1). ValueError: numbers that are not finite.
    """
    x, target, w, b = (_finite(name, a) for name, a in (("x", x), ("target", target), ("w", w), ("b", b)))
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
    w, b = _finite("w", w), _finite("b", b)
    shape, dtype = np.broadcast_shapes(w.shape, b.shape), np.result_type(w, b)
    # With u = x / 2 and y = tanh(u), σ(x) = (1 + y) / 2: a step is u <- w y / 4 + (w / 4 + b / 2), its slope w (1 - y^2) / 4.
    # Arrays are small here, so calls count: y w / 4 serves both, and 4 du/dw and 2 du/db move together.
    quarter, rest, one = np.broadcast_to(w / 4, shape).astype(dtype), (w / 4 + b / 2).astype(dtype), np.ones((), dtype)
    u, y, slope = np.full(shape, 0.25, dtype), np.empty(shape, dtype), np.empty(shape, dtype)
    by, new = np.zeros((2, *shape), dtype), np.ones((2, *shape), dtype)
    new_w = new[0, ...]
    with np.errstate(under="ignore"):
        for _ in range(_whole("T", T)):
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
    _generator(rng)
    words = rng.integers(0, _whole("symbols", symbols), (_whole("T", T), _whole("B", B)))
    return np.eye(symbols, dtype=dtype)[words], words[0]


def _generator(rng):
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a random generator, such as np.random.default_rng(0), not {reprlib.repr(rng)}")


def _whole(name, value):
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} must be a whole number >= 1, not {reprlib.repr(value)}")
    return int(value)


def _finite(name, value):
    a = np.asarray(value)
    if a.dtype.kind not in "iuf" or not np.isfinite(a).all():
        raise ValueError(f"{name} must be finite numbers, not {reprlib.repr(value)}")
    return a if a.dtype.kind == "f" else a.astype(float)
