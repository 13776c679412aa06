"""Notebook 08, gradient flow: what is left of a gradient after many steps, in every direction."""

from functools import cache, partial

import numpy as np

from lecturelib import cells, expect, jacobians
from lecturelib.plots import BACKWARD, DECADES, IDENTITY, INK, lag_axis, log10, name_lines
from lecturelib.probes import Called, Exercise


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


def _pass_back(step):
    """A `pass_back` that applies `step(W_h, h_bar, before, after)` once for each pair of states, the last pair first."""

    def pass_back(W_h, h, end):
        h_bar = np.zeros_like(h)
        h_bar[-1] = end
        for t in reversed(range(len(h) - 1)):
            h_bar[t] = step(W_h, h_bar[t + 1], h[t], h[t + 1])
        return h_bar

    return pass_back


def _chains():
    """(W_h, h, end) for several numbers of units and states."""
    rng, chains = np.random.default_rng(8), []
    for N, T in ((2, 2), (3, 3), (1, 4), (4, 6)):
        W_h, h = np.round(rng.uniform(-1.5, 1.5, (N, N)), 2), np.round(rng.uniform(-0.9, 0.9, (T, N)), 2)
        chains.append((W_h, h, np.round(rng.uniform(0.5, 2, N), 2)))
    return tuple(chains)


EXERCISES = {
    "jacobians": Exercise(
        Called(_chains(), lambda W_h, h, end: h.shape),
        _pass_back(lambda W, h_bar, before, after: h_bar * (1 - after**2) @ W),
        (
            (
                _pass_back(lambda W, h_bar, before, after: W @ (h_bar * (1 - after**2))),
                "a gradient is a row: it stands left of W_h.",
            ),
            (
                _pass_back(lambda W, h_bar, before, after: (h_bar @ W) * (1 - after**2)),
                "from behind, the slopes come first, then W_h.",
            ),
            (
                _pass_back(lambda W, h_bar, before, after: h_bar * (1 - before**2) @ W),
                "the slope of tanh is taken at h[t + 1], not h[t].",
            ),
            (_pass_back(lambda W, h_bar, before, after: h_bar @ W), "the slopes of tanh are missing: 1 - h[t + 1]^2."),
            (_pass_back(lambda W, h_bar, before, after: h_bar * (1 - after**2)), "the weights are missing: times W_h."),
            (
                _pass_back(lambda W, h_bar, before, after: h_bar * (1 - after) @ W),
                "the slope of tanh is 1 - h^2; the square is missing.",
            ),
            (
                _pass_back(lambda W, h_bar, before, after: h_bar * (1 - np.tanh(after) ** 2) @ W),
                "h is a tanh already: its slope is 1 - h^2, with no other tanh.",
            ),
            (
                _pass_back(lambda W, h_bar, before, after: (1 - after**2) @ W),
                "the gradient from the step behind is lost: multiply h_bar itself.",
            ),
        ),
        "One matrix a step: slopes, then weights. Exploding and vanishing gradients are what becomes of this loop.",
    )
}
