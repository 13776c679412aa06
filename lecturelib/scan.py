"""The fast loops over time behind `cells.unroll` and `cells.backprop`, which validate the input. Nothing is checked here.

For reading there are the steps in `cells`; tests compare these loops with them. Three things make them fast: no array is
allocated inside a loop (the views of all steps are made beforehand, since slicing costs as much as a small product), independent
products are combined into one, and an LSTM is laid out so that one call serves several gates. `p` is an RNN or an LSTM of
`cells`; axes are T steps, B sequences, D inputs, H units.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np


def _rows(a, batch=-1):
    """The views a[0], a[1], ... as a list. The batch axis is dropped if its length is 1."""
    return list(a.squeeze(batch) if a.shape[batch] == 1 else a)


# -- RNN: arrays (T, B, H) --------------------------------------------------------------------------------------------------


def rnn(p: Any, x: np.ndarray, h0: np.ndarray, f: Callable) -> np.ndarray:
    """The hidden states h (T + 1, B, H) of an RNN with the activation f(z, out)."""
    (T, B, D), H = x.shape, len(p.b)
    h = np.empty((T + 1, B, H), h0.dtype)
    h[0] = h0
    np.dot(x.reshape(T * B, D), p.W_x.T, out=h[1:].reshape(T * B, H))  # W_x x_t + b of all steps in one product,
    h[1:] += p.b  # stored in h_t's slot
    rows, (z,), W_h = _rows(h, 1), _rows(np.empty((1, B, H), h.dtype), 1), p.W_h.T.copy()
    for before, now in pairwise(rows):
        np.dot(before, W_h, z)
        np.add(z, now, z)
        f(z, now)
    return h


def rnn_back(p: Any, x: np.ndarray, h: np.ndarray, slopes: np.ndarray, direct: np.ndarray, inputs: bool) -> tuple:
    """(p_bar, h_bar, x_bar or None), from slopes = φ'(z_t) (T, B, H), which are overwritten, and the direct h_bar."""
    (T, B, D), H = x.shape, len(p.b)
    h_bar = np.zeros_like(h)
    h_bar[1 if direct.ndim == 3 else T :] = direct
    z_bar = slopes  # overwritten step by step with φ'(z_t) h_bar_t
    rows, (back,) = _rows(h_bar, 1), _rows(np.empty((1, B, H), h.dtype), 1)
    for z, now, before in zip(_rows(z_bar, 1)[::-1], rows[:0:-1], rows[-2::-1], strict=True):
        np.multiply(z, now, z)
        np.dot(z, p.W_h, back)
        np.add(before, back, before)
    flat = z_bar.reshape(T * B, H)
    p_bar = type(p)(flat.T @ x.reshape(T * B, D), flat.T @ h[:-1].reshape(T * B, H), flat.sum(0))
    return p_bar, h_bar, (flat @ p.W_x).reshape(x.shape) if inputs else None


# -- LSTM: by features, (T, rows, B) ----------------------------------------------------------------------------------------
# Each gate of a step is then one contiguous block. The blocks are in the order o, i, f, g, c, so that [i f] * [g c] is one call,
# and so is the product of c_bar with all its slopes.

OIFG = [2, 0, 1, 3]  # from the slide's order i, f, o, g to o, i, f, g
IFOG = [1, 2, 0, 3]  # and back
CACHE = 24_000  # H * B * steps: how many steps' slopes are computed at a time, so that they stay in the cache


def ordered(a: np.ndarray, order: list[int]) -> np.ndarray:
    """`a` (4H, ...) with its four blocks of H rows in another order."""
    return a.reshape(4, len(a) // 4, -1)[order].reshape(a.shape)


def lstm(p: Any, x: np.ndarray, h0: np.ndarray, c0: np.ndarray, clamp: list) -> tuple:
    """(h, c (T + 1, B, H), gates i f o g (T, B, H) each, tape) of an LSTM; `clamp[t]` lists the clamped (block, values)."""
    (T, B, D), H = x.shape, h0.shape[1]
    W = ordered(np.hstack([p.W_x, p.b[:, None], p.W_h]), OIFG)
    W[: 3 * H] *= -1  # the products are then -z, and σ(z) = 1 / (1 + exp(-z)) is accurate in both tails
    read = np.empty((T + 1, D + 1 + H, B), x.dtype)  # the input of a step: x_t, 1, h_{t-1}
    read[:T, :D], read[:, D], read[0, D + 1 :] = x.transpose(0, 2, 1), 1, h0.T
    state = np.empty((T + 1, 5 * H, B), x.dtype)  # o, i, f, g of step t, and c_{t-1}
    state[0, 4 * H :] = c0.T
    odds = np.empty((T, 3 * H, B), x.dtype)  # exp(-z) of o, i, f: backprop needs it for 1 - σ(z), which may round to 0
    tanh_c, (ig_fc,) = np.empty((T, H, B), x.dtype), _rows(np.empty((1, 2 * H, B), x.dtype))
    if B == 1:
        W = W.T.copy()  # a vector times a matrix is faster than a matrix times a vector
    one, ig, fc = np.asarray(1, x.dtype), ig_fc[:H], ig_fc[H:]
    spans = (0, 4), (0, 3), (0, 1), (1, 3), (3, 4), (3, 5)
    steps = zip(
        _rows(read[:T]), _rows(odds), _rows(tanh_c), *(_rows(state[:T, a * H : b * H]) for a, b in spans),
        _rows(read[1:, D + 1 :]), _rows(state[1:, 4 * H :]), clamp, strict=True,
    )  # fmt: skip
    for x_1_h, odd, tanh, oifg, oif, o, i_f, g, g_c, h_next, c_next, clamped in steps:
        np.dot(x_1_h, W, oifg) if B == 1 else np.dot(W, x_1_h, oifg)
        np.exp(oif, odd)
        np.add(odd, one, oif)
        np.divide(one, oif, oif)
        np.tanh(g, g)
        for row, value in clamped:
            oifg[row * H : (row + 1) * H] = value if B == 1 else value[:, None]
        np.multiply(i_f, g_c, ig_fc)
        np.add(ig, fc, c_next)
        np.tanh(c_next, tanh)
        np.multiply(o, tanh, h_next)
    o, i, f, g = state[:T, : 4 * H].reshape(T, 4, H, B).transpose(1, 0, 3, 2)
    h, c = read[:, D + 1 :].transpose(0, 2, 1), state[:, 4 * H :].transpose(0, 2, 1)
    return h, c, (i, f, o, g), (read, state, odds, tanh_c, clamp)


def lstm_back(p: Any, tape: tuple, direct: np.ndarray, last_c_bar: np.ndarray, inputs: bool) -> tuple:
    """(p_bar, h_bar, c_bar, x_bar or None) from the tape and the direct h_bar, and c_bar of the last step."""
    read, state, odds, tanh_c, clamp = tape
    (T, H, B), D, dtype = tanh_c.shape, p.W_x.shape[1], tanh_c.dtype
    W_x, W_h = ordered(p.W_x, OIFG).T, ordered(p.W_h, OIFG)
    if B > 1:
        W_h = W_h.T.copy()  # for one sequence the vector comes first, as in `lstm`
    W_bar, x_bar = np.zeros((4 * H, D + 1 + H), dtype), np.empty((T, B, D), dtype) if inputs else None
    h_bar, c_bar = np.zeros((T + 1, H, B), dtype), np.empty((T + 1, H, B), dtype)
    h_bar[1 if direct.ndim == 3 else T :] = np.swapaxes(direct, -1, -2)
    n = min(T, max(1, CACHE // (H * B)))
    slopes, z_bar = np.empty((n, 6, H, B), dtype), np.empty((n, 5, H, B), dtype)  # z_bar: of o, i, f, g; then c_bar_{t-1}
    shared = [_rows(part) for part in (
        slopes[:, 0], slopes[:, 1], slopes[:, 2:], z_bar[:, 0], z_bar[:, 1:], z_bar[:, :4].reshape(n, 4 * H, B), z_bar[:, 4]
    )]  # fmt: skip
    now_h, now_c, (back, carry) = _rows(h_bar), _rows(c_bar), _rows(np.empty((2, H, B), dtype))
    carry[:] = last_c_bar[0] if B == 1 else last_c_bar.T
    for end in range(T, 0, -n):
        start = max(0, end - n)
        part = slice(start, end)
        slopes_of(state[part], odds[part], tanh_c[part], clamp[part], slopes[: end - start])
        steps = zip(now_h[start:end], now_h[start + 1 : end + 1], now_c[start + 1 : end + 1], *shared, strict=False)
        for h_before, h, c, slope_o, slope_a, slope_ifgc, z_o, z_ifgc, z_oifg, c_before in reversed(list(steps)):
            np.multiply(slope_o, h, z_o)
            np.multiply(slope_a, h, c)
            np.add(c, carry, c)
            np.multiply(slope_ifgc, c, z_ifgc)
            np.dot(z_oifg, W_h, back) if B == 1 else np.dot(W_h, z_oifg, back)
            np.add(h_before, back, h_before)
            carry = c_before
        flat = z_bar[: end - start, :4].reshape(-1, 4 * H, B).transpose(1, 0, 2).reshape(4 * H, -1)
        W_bar += flat @ read[start:end].transpose(1, 0, 2).reshape(read.shape[1], -1).T
        if x_bar is not None:
            x_bar[start:end] = (W_x @ flat).reshape(-1, end - start, B).transpose(1, 2, 0)
    now_c[0][:] = carry
    W_bar = ordered(W_bar, IFOG)
    p_bar = type(p)(W_bar[:, :D].copy(), W_bar[:, D + 1 :].copy(), W_bar[:, D].copy())
    return p_bar, h_bar.transpose(0, 2, 1), c_bar.transpose(0, 2, 1), x_bar


def slopes_of(state: np.ndarray, odds: np.ndarray, tanh_c: np.ndarray, clamp: list, out: np.ndarray) -> None:
    """The derivatives within each step, into `out` (T, 6, H, B): of h w.r.t. z_o and c; of c w.r.t. z_i, z_f, z_g and c_{t-1}."""
    T, H, B = tanh_c.shape
    gates = state.reshape(T, 5, H, B)
    oif, g_c, g = gates[:, :3], gates[:, 3:], gates[:, 3]
    by_o, by_a, by_i_f, by_g, by_c = out[:, 0], out[:, 1], out[:, 2:4], out[:, 4], out[:, 5]
    np.multiply(tanh_c, tanh_c, by_a)
    np.subtract(1, by_a, by_a)
    np.multiply(by_a, gates[:, 0], by_a)  # o (1 - tanh^2 c)
    np.multiply(g, g, by_g)
    np.subtract(1, by_g, by_g)
    np.multiply(by_g, gates[:, 1], by_g)  # i (1 - g^2)
    inner = np.minimum(odds, np.finfo(odds.dtype).max).reshape(oif.shape)  # because inf * 0 is nan
    np.multiply(inner, oif, inner)  # 1 - σ(z) = exp(-z) σ(z)
    np.multiply(inner, oif, inner)
    np.multiply(inner[:, 0], tanh_c, by_o)
    np.multiply(inner[:, 1:], g_c, by_i_f)
    by_c[:] = gates[:, 2]
    for slopes, clamped in zip(out, clamp, strict=True):
        for row, _ in clamped:
            slopes[0 if row == 0 else row + 1] = 0  # a clamped gate passes no gradient
