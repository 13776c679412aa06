"""Notebook 08, gradient flow: what is left of a gradient after many steps, in every direction."""

from functools import cache, partial

import numpy as np

from lecturelib import cells, expect, jacobians
from lecturelib.plots import BACKWARD, DECADES, IDENTITY, INK, lag_axis, log10, name_lines
from lecturelib.probes import Exercise, keeps_half


@cache
def product(weights: str, gain: float, T: int) -> tuple[np.ndarray, np.ndarray]:
    """The products dh_T / dh_t of a tanh RNN's Jacobians, t = 0 ... T, at random inputs: (singular values, one gradient).

    `weights`: "gaussian" or "orthogonal". Singular values (T + 1, 64), and the norms (T + 1,) of one random gradient, from 1.
    """
    rng = np.random.default_rng(0)
    trace = cells.unroll(cells.init_rnn(rng, 1, 64, recurrent=weights, gain=gain), rng.uniform(0, 1, (T, 1, 1)))
    P = jacobians.products(jacobians.along(trace))[:, 0]
    end = rng.standard_normal(64)
    return jacobians.singular_values(P), np.linalg.norm(end @ P, axis=1) / np.linalg.norm(end)


@expect.arguments(ax=expect.axes, values=expect.field, left=partial(expect.row, least=2), lags=expect.whole, decades=DECADES)
def spectrum(ax, values, left, lags, decades=20):
    """Singular values (T + 1, N) of dh_T / dh_t, t = 0 ... T, as a band over the lag, and what is `left` (T + 1,) of a gradient.

    A float64 holds 16 digits: singular values below 10^-16 of the largest are rounding errors. The band ends there, at a dotted
    line.
    """
    expect.numbers("values", values, "T N", finite=False, T=len(left))
    lag_axis(ax, lags, decades, "factor over k steps")
    strongest, weakest, left = (np.clip(log10(v)[:0:-1], -2 * decades, 2 * decades) for v in (values[:, 0], values[:, -1], left))
    k, limit = np.arange(len(left)), strongest - 16
    ax.fill_between(k, np.maximum(weakest, limit), strongest, color=IDENTITY["color"], alpha=0.3, linewidth=0)
    ax.plot(k, np.where(weakest < limit + 1, limit, np.nan), color=INK, linestyle=":", linewidth=2)
    ax.plot(k, strongest, color=INK, linewidth=1)
    ax.plot(k, left, **BACKWARD)
    ends = {"strongest": strongest[-1], "this gradient": left[-1]}
    if weakest[-1] < limit[-1] + 1 and limit[-1] > -decades:
        ends["16 digits end"] = limit[-1]
    name_lines(ax, k[-1] + 0.02 * lags, ends, {**dict.fromkeys(ends, INK), "this gradient": BACKWARD["color"]}, decades)


# -- exercises ----------------------------------------------------------------------------------------------------------------


EXERCISES = {
    "forget-bias": Exercise(
        keeps_half(99, 4.958),
        4.958,
        (
            (0, "with bias 0 the gate is 1/2: the cell keeps half in each step, and 0.5^99 = 1.6e-30 in all."),
            (-4.958, "the sign is turned around: a negative bias shuts the forget gate."),
            (0.993, "0.993 is the value of the gate, for 0.993^99 is a half. The bias b is what the logistic σ maps to it."),
            (1, "with bias 1 the gate is 0.73, and 0.73^99 = 3.4e-14."),
            (2, "with bias 2 the gate is 0.88, and 0.88^99 = 3.5e-06."),
            (5.66, "that is the bias for 199 steps; 99 steps need a little less."),
        ),
        "The gate must be 2^(-1/99) = 0.993, and σ(b) = 0.993 at b = 4.96. Close to 1 means within about 1/T of it.",
    )
}
