"""Two costs with exact derivatives: the loss of one unit on `tasks.latch`, and a cliff in two parameters with its valley."""

from functools import cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lecturelib import expect

__all__ = ["Descent", "latch_loss", "logistic_cost", "logistic_valley", "wall"]


class Descent(NamedTuple):
    """Runs of gradient descent: `path` (steps + 1, 2, ...), the points (w, b), and `cost` (steps + 1, ...), the cost at each."""

    path: np.ndarray
    cost: np.ndarray

    @property
    def longest_step(self) -> np.ndarray:
        """The length of the longest step of each run."""
        moves = np.diff(self.path, axis=0)
        return np.hypot(moves[:, 0], moves[:, 1]).max(axis=0)


def latch_loss(x: np.ndarray, target: np.ndarray, w: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """(loss, derivative with respect to b) of each example for h_t = tanh(w h_{t-1} + x_t + b), h_0 = 0, loss (h_T - target)^2.

    `x` (T, N) and `target` (N,) come from `tasks.latch`; `b` is a number, or an array (M, 1) for results (M, N). The derivative
    is exact, computed in forward mode: dh_t/db = (1 - h_t^2) (w dh_{t-1}/db + 1). ValueError: the shapes do not fit, or a number
    is not finite.
    """
    x = expect.numbers("x", x, "T N")
    target = expect.numbers("target", target, "N", N=x.shape[1])
    w, b = expect.numbers("w", w, ""), expect.numbers("b", b)
    b = b if not b.ndim else expect.numbers("b", b, "M 1")
    h = slope = np.zeros(np.broadcast_shapes(b.shape, x.shape[1:]), x.dtype)
    for x_t in x:
        h = np.tanh(w * h + x_t + b)
        slope = (1 - h * h) * (w * slope + 1)
    error = h - target
    return error * error, 2 * error * slope


def logistic_cost(w: ArrayLike, b: ArrayLike, T: int = 50) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(cost, d cost / dw, d cost / db) for x_t = w σ(x_{t-1}) + b, x_0 = 0.5, cost (σ(x_T) - 0.7)^2, elementwise in w and b.

    Pascanu, Mikolov and Bengio 2013, figure 6. The derivatives are exact, computed in forward mode.
    ValueError: the shapes do not fit, a number is not finite, or T is not a whole number from 1 to 10^6.
    """
    w, b, T = expect.numbers("w", w), expect.numbers("b", b), expect.whole("T", T, most=10**6)
    shape, dtype = expect.broadcast("w and b", w, b), np.result_type(w, b)
    # With u = x / 2 and y = tanh(u), σ(x) = (1 + y) / 2: a step is u <- w y / 4 + (w / 4 + b / 2), its slope w (1 - y^2) / 4.
    # The arrays are small, so the number of calls matters: y w / 4 is used twice, and 4 du/dw and 2 du/db share one array.
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


def logistic_valley(w: ArrayLike) -> np.ndarray:
    """For each w the b in (-6, 0) at which `logistic_cost` is 0, by bisection: the floor of its valley.

    ValueError: w is not finite, or less than 2 or more than 8: the valley may leave that range of b.
    """
    w = expect.numbers("w", w)
    if not ((w >= 2) & (w <= 8)).all():
        expect.refuse("w", "from 2 to 8", w)
    low, high = np.full(w.shape, -6.0), np.zeros(w.shape)
    for _ in range(50):
        b = (low + high) / 2
        above = logistic_cost(w, b)[2] > 0  # the cost grows with b
        low, high = np.where(above, low, b), np.where(above, b, high)
    return (low + high) / 2


class Wall(NamedTuple):
    """A cut through the valley at one w: the cost, and the length of its gradient, at b = floor + `apart`; each (1601,)."""

    apart: np.ndarray
    cost: np.ndarray
    gradient: np.ndarray

    @property
    def steep(self) -> tuple[float, float]:
        """From where to where the gradient is more than half as long as at its longest."""
        steep = self.apart[self.gradient > self.gradient.max() / 2]
        return steep[0], steep[-1]

    @property
    def width(self) -> float:
        """How much of b is steep."""
        return self.steep[1] - self.steep[0]

    @property
    def tip(self) -> tuple[float, float]:
        """Where the gradient is longest, and its length there."""
        k = self.gradient.argmax()
        return self.apart[k], self.gradient[k]


@expect.arguments(w=partial(expect.number, least=2, most=8))
@cache
def wall(w: float) -> Wall:
    """The cut at w, from 2 to 8: 1601 points, most of them close to the wall, from 0.2 below to 0.2 above the valley's floor."""
    apart = 0.2 * np.linspace(-1, 1, 1601) ** 5
    cost, g_w, g_b = logistic_cost(w, logistic_valley(w) + apart)
    return Wall(apart, cost, np.hypot(g_w, g_b))
