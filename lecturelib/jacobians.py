"""Jacobians along a sequence, and how their products grow and shrink: this determines the norm of a backpropagated gradient."""

from collections.abc import Callable

import numpy as np

from lecturelib import cells, expect, scan


def gradient_norms(p: cells.RNN | cells.LSTM, x: np.ndarray, end: np.ndarray, *, phi: str | None = None) -> np.ndarray:
    """The norm of the gradient at each step: |dL/dh_t| (LSTM: |dL/dc_t|), t = 0 ... T, shape (T + 1, B).

    `end` (B, H) is dL/dh_T, of a loss on the last hidden state. ValueError: as `unroll` and `backprop`.
    """
    trace = cells.unroll(p, x, phi=phi)
    back = cells.backprop(trace, expect.array("end", end, "B H", p.b.dtype, finite=False, B=x.shape[1], H=trace.h.shape[2]))
    adjoint = back.h_bar if back.c_bar is None else back.c_bar
    largest = np.abs(adjoint).max(axis=-1, keepdims=True)
    largest[largest == 0] = 1
    with np.errstate(all="ignore"):  # scaled, because the square of 1e-30 underflows in float32
        return largest[..., 0] * np.linalg.norm(adjoint / largest, axis=-1)


def gradient_flow(
    make: Callable[[np.random.Generator], cells.RNN | cells.LSTM], T: int, *, phi: str | None = None, seeds: int = 11
) -> np.ndarray:
    """How far a gradient reaches in cells drawn at random: |dL/dh_t| (of an LSTM |dL/dc_t|), t = 0 ... T, shape (seeds, T + 1).

    `make(rng)` draws the parameters of a cell with one input. It reads T numbers from 0 to 1, and the gradient of the loss with
    respect to h_T has length 1 and a random direction. ValueError: as `cells.unroll`.
    """
    expect.function("make", make, "a function of a random generator that makes an RNN or an LSTM")
    T, seeds = expect.whole("T", T), expect.whole("seeds", seeds, most=10**4)
    flows = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        p = make(rng)
        D, H = cells.sizes(p, "make(rng)")
        if D != 1:
            raise ValueError(f"make(rng) must have one input, not {D}")
        expect.room("T and H", T, H)
        x, end = rng.uniform(0, 1, (T, 1, 1)), rng.standard_normal((1, H))
        flows.append(gradient_norms(p, x, end / np.linalg.norm(end), phi=phi)[:, 0])
    return np.array(flows)


def along(trace: cells.Trace) -> np.ndarray:
    """The exact Jacobians of all steps: J[t] = ds_{t+1} / ds_t for t = 0 ... T - 1, shape (T, B, N, N).

    For an RNN the state s is h, N = H, and J[t] = diag(φ'(z_{t+1})) W_h. For an LSTM s is h followed by c, and N = 2H.
    ValueError: trace is not a Trace, or the Jacobians have more than 10^8 numbers.
    """
    p, (T, B, H) = cells.checked_trace(trace).p, trace.h[1:].shape
    expect.room("T, B and H of the trace", T, B, H * (H if isinstance(p, cells.RNN) else 4 * H))
    with np.errstate(all="ignore"):
        if isinstance(p, cells.RNN):
            return cells.PHI[trace.phi].slope(trace.h[1:])[..., None] * p.W_h
        _, state, odds, tanh_c, clamp = trace.tape
        W, slopes = scan.ordered(p.W_h, scan.OIFG).reshape(4, H, H), np.empty((T, 6, H, B), p.b.dtype)
        scan.slopes_of(state[:T], odds, tanh_c, clamp, slopes)
        o, a, i, f, g, c = slopes.transpose(1, 0, 3, 2)[..., None]
        J = np.zeros((T, B, 2, H, 2, H), p.b.dtype)
        J[:, :, 1, :, 0] = i * W[1] + f * W[2] + g * W[3]  # dc_{t+1} / dh_t: through the gates
        J[:, :, 0, :, 0] = a * J[:, :, 1, :, 0] + o * W[0]  # h = o tanh(c): through c, and through the output gate
        k = np.arange(H)
        J[:, :, 1, k, 1, k] = c[..., 0]  # dc_{t+1} / dc_t: the forget gate
        J[:, :, 0, k, 1, k] = (a * c)[..., 0]
        return J.reshape(T, B, 2 * H, 2 * H)


def products(J: np.ndarray) -> np.ndarray:
    """P[t] = ds_T / ds_t = J[T-1] ... J[t] for t = 0 ... T, shape (T + 1, B, N, N), of Jacobians J (T, B, N, N). P[T] = I.

    ValueError: J has another shape or dtype.
    """
    expect.array("J", J, "T B N N", finite=False)
    T, B, N, _ = J.shape
    P = np.empty((T + 1, B, N, N), J.dtype)
    P[T] = np.eye(N)
    with np.errstate(all="ignore"):
        for t in reversed(range(T)):
            np.matmul(P[t + 1], J[t], out=P[t])
    return P


def growth(J: np.ndarray, nudge: np.ndarray) -> np.ndarray:
    """log10(|J[t-1] ... J[0] v| / |v|) for t = 0 ... T, shape (T + 1,): the growth of a small nudge v (N,), with J (T, N, N).

    Times ln 10 / t, it tends to the largest Lyapunov exponent. The vector is rescaled in each step to avoid overflow; -inf once
    it is 0. ValueError: the shapes do not fit, the nudge is 0, or J contains nan.
    """
    expect.array("J", J, "T N N", finite=False)
    nudge = expect.numbers("nudge", nudge, "N", N=J.shape[1])
    if np.isnan(J).any():
        raise ValueError("J must not contain nan")
    if not nudge.any():
        raise ValueError("nudge must not be 0: it has no direction")
    logs, v = np.zeros(len(J) + 1), _unit(nudge)[0]
    with np.errstate(all="ignore"):
        for t, step in enumerate(J, 1):
            v, size = _unit(step @ v)
            if not 0 < size < np.inf:
                logs[t:] = np.inf if size else -np.inf
                break
            logs[t] = logs[t - 1] + np.log10(size)
    return logs


def _unit(v):
    """v / |v|, and |v|: v is scaled first, because the square of 1e-200 underflows."""
    largest = np.abs(v).max()
    scaled = v / largest if largest else v
    size = np.linalg.norm(scaled)
    return (scaled / size if largest else v), largest * size


def singular_values(P: np.ndarray) -> np.ndarray:
    """The singular values of matrices P (..., N, N), in descending order, shape (..., N); inf where a matrix has overflowed.

    Values below 1e-7 (float32) or 1e-16 (float64) times the largest are rounding errors.
    ValueError: P has another shape or dtype.
    """
    expect.array("P", P, "... N N", finite=False)
    finite = np.isfinite(P).all((-1, -2))
    values = np.full(P.shape[:-1], np.inf, P.dtype)
    values[finite] = np.linalg.svd(P[finite], compute_uv=False)
    return values


def log_norms(W: expect.Numbers, T: int) -> np.ndarray:
    """log10 of the spectral norm of W^t for t = 0 ... T, shape (T + 1,); -inf where the power is 0.

    The norm of a product of equal Jacobians (slide "the Jacobians multiply"). Each entry of the power has its own exponent, so
    none overflows or underflows. ValueError: W is not a square matrix (N, N) of finite real numbers with N <= 200; T < 0.
    """
    W, T = expect.floats("W", W, axes="N N"), expect.whole("T", T, least=0, most=10**6)
    if len(W) > 200:
        raise ValueError(f"W must have at most 200 rows, not {len(W)}")
    (W, by), logs = _scaled(W, np.zeros(W.shape, int)), [0.0]
    power, exponent = _scaled(np.eye(len(W)), np.zeros(W.shape, int))
    for _ in range(T):
        each = exponent[:, :, None] + by  # of the terms that add up to an entry of the next power
        largest = each.max(axis=1)
        terms = np.ldexp(power[:, :, None] * W, np.maximum(each - largest[:, None], -2000))
        power, exponent = _scaled(terms.sum(axis=1), largest)
        top = exponent.max()
        size = np.linalg.norm(np.ldexp(power, np.maximum(exponent - top, -2000)), 2)
        logs.append(np.log10(size) + top * np.log10(2) if size else -np.inf)
    return np.array(logs)


def _scaled(a, exponent):
    """a * 2^exponent as mantissas from 0.5 to 1 and exponents: each entry has its own, so that none underflows."""
    a, more = np.frexp(a)
    return a, np.where(a == 0, -(10**9), exponent + more)
