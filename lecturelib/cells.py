"""One recurrent step, its adjoint, and both along a sequence: the lecture's RNNs and its LSTM, with exact gradients.

The readable form of a cell is its `*_step`, one line per equation of the slides; its `*_step_back` mirrors it line by line.
`unroll` and `backprop` compute the same along T steps, fast; tests compare them with a loop of steps, with finite differences
and with PyTorch. Steps count from 1 to T, as in the lecture: step t reads the input `x[t - 1]` and computes `h[t]` from
`h[t - 1]`. An adjoint, the derivative of the loss L with respect to a variable, ends in `_bar`. Axes are T steps, B sequences
(a batch), D inputs, H units. Overflow gives inf or nan and underflow gives 0, without a warning.
"""

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from lecturelib import expect, scan

__all__ = [
    "LSTM", "RNN", "Adjoint", "Gates", "Step", "Trace", "backprop", "init_lstm", "init_rnn", "lstm_step",
    "lstm_step_back", "rnn_step", "rnn_step_back", "unroll",
]  # fmt: skip

Clamp = Mapping[str, Any] | tuple  # values by gate: numbers or arrays (H,); () for none


# -- parameters -------------------------------------------------------------------------------------------------------------


class RNN(NamedTuple):
    """The parameters of h_t = φ(W_x x_t + W_h h_{t-1} + b); a gradient with respect to them has the same type."""

    W_x: np.ndarray  # (H, D), input weights
    W_h: np.ndarray  # (H, H), recurrent weights
    b: np.ndarray  # (H,)


class LSTM(NamedTuple):
    """The parameters of an LSTM layer: the slide's W is [W_x W_h]; its rows are H each for i, f, o and g."""

    W_x: np.ndarray  # (4H, D)
    W_h: np.ndarray  # (4H, H)
    b: np.ndarray  # (4H,), omitted on the slide


class Gates(NamedTuple):
    """Input, forget and output gate, and the candidate g: values or adjoints, of one step (B, H) or all steps (T, B, H)."""

    i: np.ndarray
    f: np.ndarray
    o: np.ndarray
    g: np.ndarray


class Step(NamedTuple):
    """What one step of an LSTM gives: the next h and c, and the gates, each (B, H)."""

    h: np.ndarray
    c: np.ndarray
    gates: Gates


class Activation(NamedTuple):
    """A function φ(z) and its derivative, computed from its value: φ'(z) = slope(φ(z)).

    The slope of a logistic unit is therefore exactly 0 once σ(z) rounds to 1 (z > 17 in float32, 37 in float64). The gates
    of an LSTM compute 1 - σ(z) from z instead.
    """

    f: Callable  # f(z, out)
    slope: Callable


def _logistic(z, out=None):
    """σ(z) = 1 / (1 + exp(-z)): accurate for every z, unlike (1 + tanh(z / 2)) / 2, which cancels to 0 in a shut gate."""
    odds = np.exp(np.negative(z, out), out)  # where it overflows, σ(z) is 0
    return np.reciprocal(np.add(odds, 1, out), out)


PHI = {
    "tanh": Activation(np.tanh, lambda h: 1 - h * h),
    "relu": Activation(lambda z, out=None: np.maximum(z, 0, out=out), lambda h: (h > 0).astype(h.dtype)),
    "logistic": Activation(_logistic, lambda h: h * (1 - h)),
    "linear": Activation(np.positive, np.ones_like),
}


def init_rnn(
    rng: np.random.Generator,
    D: int,
    H: int,
    *,
    recurrent: str = "gaussian",
    gain: float = 1.0,
    noise: float = 0.0,
    inputs: float | None = None,
    dtype: DTypeLike = np.float64,
) -> RNN:
    """An RNN with D inputs and H units, drawn from `rng`; biases 0.

    `recurrent`: "gaussian" (entries N(0, gain^2 / H): spectral radius about gain), "orthogonal" (gain times a random orthogonal
    matrix) or "identity" (gain times the identity: slide "Identity RNNs"; Le, Jaitly and Hinton 2015, with φ = "relu").
    `noise`: standard deviation of noise added to the recurrent weights. `inputs`: that of the input weights (default
    1 / sqrt(D)). ValueError: another `recurrent`; D or H < 1; a negative standard deviation.
    """
    D, H, dtype = _checked_init(rng, D, H, dtype)
    gain, noise = expect.number("gain", gain), expect.number("noise", noise, least=0)
    inputs = D**-0.5 if inputs is None else expect.number("inputs", inputs, least=0)
    expect.one_of("recurrent", recurrent, ("gaussian", "orthogonal", "identity"))
    W_x = inputs * rng.standard_normal((H, D))
    W_h = np.eye(H)
    if recurrent != "identity":
        W_h = rng.standard_normal((H, H)) / np.sqrt(H) if recurrent == "gaussian" else _orthogonal(rng, H)
    W_h = gain * W_h + (noise * rng.standard_normal((H, H)) if noise else 0)
    return RNN(W_x.astype(dtype), W_h.astype(dtype), np.zeros(H, dtype))


def _orthogonal(rng, H):
    """A random orthogonal matrix, uniformly distributed (Mezzadri 2007: QR, with the signs of R's diagonal made positive)."""
    Q, R = np.linalg.qr(rng.standard_normal((H, H)))
    return Q * np.sign(np.diag(R))


def init_lstm(
    rng: np.random.Generator, D: int, H: int, *, forget_bias: float = 1.0, gain: float = 1.0, dtype: DTypeLike = np.float64
) -> LSTM:
    """An LSTM with D inputs and H cells, drawn from `rng`: weights uniform within gain / sqrt(H), the default of PyTorch.

    Biases are 0, except for `forget_bias` of the forget gates: Jozefowicz, Zaremba and Sutskever (2015) recommend 1, because
    with 0 a cell loses half of its content in each step. ValueError: D or H < 1; gain or forget_bias is not finite.
    """
    D, H, dtype = _checked_init(rng, D, H, dtype)
    gain, forget_bias = expect.number("gain", gain), expect.number("forget_bias", forget_bias)
    W = gain / np.sqrt(H) * rng.uniform(-1, 1, (4 * H, D + H))
    b = np.repeat([0.0, forget_bias, 0.0, 0.0], H)
    return LSTM(W[:, :D].astype(dtype), W[:, D:].astype(dtype), b.astype(dtype))


# -- one step, in readable form ---------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def rnn_step(p: RNN, h: np.ndarray, x: np.ndarray, phi: str = "tanh") -> np.ndarray:
    """One step of an RNN: the next h (B, H), from h (B, H) and the input x (B, D). Slide "backprop through time".

    ValueError: an array of another shape or dtype; an unknown phi.
    """
    _checked_step(p, RNN, h=h, x=x)
    z = x @ p.W_x.T + h @ p.W_h.T + p.b
    return PHI[_phi(phi)].f(z)


@np.errstate(all="ignore")
def rnn_step_back(
    p: RNN, h: np.ndarray, x: np.ndarray, h_next: np.ndarray, h_next_bar: np.ndarray, phi: str = "tanh"
) -> tuple[RNN, np.ndarray, np.ndarray]:
    """The adjoint of `rnn_step`: (p_bar, h_bar (B, H), x_bar (B, D)), given its result h_next and the adjoint of that (B, H).

    ValueError: as `rnn_step`.
    """
    _checked_step(p, RNN, h=h, x=x, h_next=h_next, h_next_bar=h_next_bar)
    z_bar = h_next_bar * PHI[_phi(phi)].slope(h_next)
    p_bar = RNN(W_x=z_bar.T @ x, W_h=z_bar.T @ h, b=z_bar.sum(0))
    return p_bar, z_bar @ p.W_h, z_bar @ p.W_x


@np.errstate(all="ignore")
def lstm_step(p: LSTM, h: np.ndarray, c: np.ndarray, x: np.ndarray, clamp: Clamp = ()) -> Step:
    """One step of an LSTM: h and c (B, H) and the input x (B, D) -> a `Step`.

    `clamp` fixes gates, for example {"f": 1.0}. The last three assignments are the slide's equations; its y_t is our x.
    ValueError: an array of another shape or dtype; an unknown gate; a value that a gate cannot take.
    """
    clamp = _checked_step(p, LSTM, clamp, h=h, c=c, x=x)
    i, f, o, g = _gate_values(np.split(x @ p.W_x.T + h @ p.W_h.T + p.b, 4, axis=1), clamp)
    c = f * c + i * g
    h = o * np.tanh(c)
    return Step(h, c, Gates(i, f, o, g))


def _gate_values(z, clamp):
    """The gates (σ, σ, σ, tanh)(z), or the values that they are clamped to."""
    phi = Gates(_logistic, _logistic, _logistic, np.tanh)
    return [np.full_like(z, clamp[gate]) if gate in clamp else f(z) for gate, f, z in zip(Gates._fields, phi, z, strict=True)]


@np.errstate(all="ignore")
def lstm_step_back(
    p: LSTM,
    h: np.ndarray,
    c: np.ndarray,
    x: np.ndarray,
    after: tuple[np.ndarray, np.ndarray, Gates],
    h_next_bar: np.ndarray,
    c_next_bar: np.ndarray,
    clamp: Clamp = (),
) -> tuple[LSTM, np.ndarray, np.ndarray, np.ndarray]:
    """The adjoint of `lstm_step`: (p_bar, h_bar (B, H), c_bar (B, H), x_bar (B, D)); `after` is what `lstm_step` returned.

    `c_next_bar` (B, H) is the adjoint of the next c by all paths except through the next h. A clamped gate passes no gradient.
    ValueError: as `lstm_step`.
    """
    if not (isinstance(after, tuple) and len(after) == 3 and isinstance(after[2], Gates)):
        expect.refuse("after", "the result of lstm_step", after)
    _, c_next, (i, f, o, g) = after
    back = {"h_next_bar": h_next_bar, "c_next_bar": c_next_bar}
    clamp = _checked_step(p, LSTM, clamp, h=h, c=c, x=x, c_next=c_next, **back, i=i, f=f, o=o, g=g)
    tanh_c = np.tanh(c_next)
    o_bar = h_next_bar * tanh_c
    c_next_bar = c_next_bar + h_next_bar * o * (1 - tanh_c**2)
    f_bar, i_bar, g_bar, c_bar = c_next_bar * c, c_next_bar * g, c_next_bar * i, c_next_bar * f
    shut = [_logistic(-z) for z in np.split(x @ p.W_x.T + h @ p.W_h.T + p.b, 4, axis=1)]  # 1 - σ(z), where it rounds to 0 too
    gate_bars = Gates(i_bar * i * shut[0], f_bar * f * shut[1], o_bar * o * shut[2], g_bar * (1 - g**2))
    z_bar = np.hstack([0 * bar if gate in clamp else bar for gate, bar in zip(Gates._fields, gate_bars, strict=True)])
    p_bar = LSTM(W_x=z_bar.T @ x, W_h=z_bar.T @ h, b=z_bar.sum(0))
    return p_bar, z_bar @ p.W_h, c_bar, z_bar @ p.W_x


# -- along a sequence -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Trace:
    """The record of a forward pass, for `backprop` and `jacobians`. It keeps references to p and x; do not modify them before.

    `h` (T + 1, B, H): h[0] is the initial state, h[t] the state after step t. An LSTM's trace also has `c`, likewise for the cell
    state, and `gates`, each (T, B, H), where gates.f[t - 1] is f_t.
    """

    p: RNN | LSTM
    x: np.ndarray
    h: np.ndarray
    phi: str = ""  # an RNN's activation
    c: Any = None  # these two of an LSTM only
    gates: Any = None
    tape: tuple = ()  # the buffers of `scan.lstm`


class Adjoint(NamedTuple):
    """The derivatives of the loss L with respect to everything in a Trace.

    `p`: the gradient with respect to the parameters, of the same type. `h_bar`, `c_bar` (T + 1, B, H): the total derivatives
    dL/dh_t and dL/dc_t, along all paths to the loss; index 0 is the initial state. `x_bar` (T, B, D), if asked for.
    """

    p: RNN | LSTM
    h_bar: np.ndarray
    c_bar: Any  # None for an RNN
    x_bar: Any  # None unless asked for


def unroll(
    p: RNN | LSTM,
    x: np.ndarray,
    *,
    h0: np.ndarray | None = None,
    c0: np.ndarray | None = None,
    phi: str | None = None,
    clamp: Mapping[str, Any] | None = None,
) -> Trace:
    """Run an RNN or LSTM along the inputs x (T, B, D). All arrays have the dtype of the parameters, float32 or float64.

    `h0`, `c0` (B, H): initial states, default 0. `phi`, for an RNN: "tanh" (default), "relu", "logistic" or "linear". `clamp`,
    for an LSTM, fixes gates: {"f": 1.0} in all steps, {"f": {3: 1.0}} in step 3; a value is a number or an array (H,), from 0
    to 1 for i, f and o, from -1 to 1 for g.
    ValueError: an array of another shape or dtype; T = 0; inf or nan in x, h0 or c0; an argument of the other kind of layer.
    """
    D, H = sizes(p)
    dtype = p.b.dtype
    x = expect.array("x", x, "T B D", dtype, D=D)
    T, B, _ = x.shape
    h0 = np.zeros((B, H), dtype) if h0 is None else expect.array("h0", h0, "B H", dtype, B=B, H=H)
    with np.errstate(all="ignore"):
        if isinstance(p, RNN):
            if c0 is not None or clamp is not None:
                raise ValueError("c0 and clamp belong to an LSTM; p is an RNN")
            phi = _phi("tanh" if phi is None else phi)
            return Trace(p, x, scan.rnn(p, x, h0, PHI[phi].f), phi)
        if phi is not None:
            raise ValueError(f"phi belongs to an RNN; p is an LSTM, not to be run with phi = {reprlib.repr(phi)}")
        c0 = np.zeros((B, H), dtype) if c0 is None else expect.array("c0", c0, "B H", dtype, B=B, H=H)
        h, c, gates, tape = scan.lstm(p, x, h0, c0, _clamps(clamp, T, H, dtype))
        return Trace(p, x, h, "", c, Gates(*gates), tape)


def backprop(trace: Trace, h_bar: np.ndarray, *, c_bar: np.ndarray | None = None, inputs: bool = False) -> Adjoint:
    """Backpropagate through time.

    `h_bar` holds the loss's direct derivatives: (T, B, H) for a loss on every hidden state, (B, H) for a loss on the last one;
    `c_bar` (B, H), default 0, those with respect to an LSTM's last cell state. `inputs=True` asks for x_bar too.
    ValueError: an array of another shape or dtype; c_bar for an RNN.
    """
    T, (B, H) = len(checked_trace(trace).x), trace.h.shape[1:]
    dtype = trace.h.dtype
    axes = "B H" if getattr(h_bar, "ndim", 3) == 2 else "T B H"
    direct = expect.array("h_bar", h_bar, axes, dtype, finite=False, T=T, B=B, H=H)
    with np.errstate(all="ignore"):
        if isinstance(trace.p, LSTM):
            if c_bar is None:
                c_bar = np.zeros((B, H), dtype)
            expect.array("c_bar", c_bar, "B H", dtype, finite=False, B=B, H=H)
            return Adjoint(*scan.lstm_back(trace.p, trace.tape, direct, c_bar, inputs))
        if c_bar is not None:
            raise ValueError("c_bar belongs to an LSTM; the trace is of an RNN")
        slopes = PHI[trace.phi].slope(trace.h[1:])
        p_bar, h_bar, x_bar = scan.rnn_back(trace.p, trace.x, trace.h, slopes, direct, inputs)
        return Adjoint(p_bar, h_bar, None, x_bar)


# -- gradient flow ----------------------------------------------------------------------------------------------------------


# -- input validation -------------------------------------------------------------------------------------------------------


def sizes(p: RNN | LSTM, name: str = "p") -> tuple[int, int]:
    """(D, H) of the parameters, after checking that they fit together. ValueError: they do not."""
    if not isinstance(p, RNN | LSTM):
        expect.refuse(name, "an RNN or an LSTM, as from init_rnn or init_lstm", p)
    dtype = getattr(p.b, "dtype", None)
    for field, a in p._asdict().items():
        if type(a) is not np.ndarray or a.dtype not in expect.FLOATS or a.dtype != dtype:
            sort = getattr(a, "dtype", type(a).__name__)
            raise ValueError(f"{name}.{field} is {sort}; the parameters must all be float32 or all float64 arrays")
    rows, H = (*p.W_h.shape, 0, 0)[:2]
    gates, wanted = (4, "(4H, H)") if isinstance(p, LSTM) else (1, "(H, H)")
    if p.W_h.ndim != 2 or rows != gates * H or H == 0:
        raise ValueError(f"{name}.W_h has shape {p.W_h.shape}; it needs {wanted}")
    if p.W_x.ndim != 2 or len(p.W_x) != rows or p.W_x.size == 0:
        raise ValueError(f"{name}.W_x has shape {p.W_x.shape}; it needs ({rows}, D), as many rows as {name}.W_h")
    if p.b.shape != (rows,):
        raise ValueError(f"{name}.b has shape {p.b.shape}; it needs ({rows},), one for each row of {name}.W_h")
    return p.W_x.shape[1], H


def _phi(phi):
    return expect.one_of("phi", phi, tuple(PHI))


def _checked_step(p, kind, clamp=(), **arrays):
    """Check the arguments of a step; returns `clamp` with its values as arrays."""
    if not isinstance(p, kind):
        expect.refuse("p", f"an {kind.__name__}", p)
    D, H = sizes(p)
    B = None
    for name, a in arrays.items():
        a = expect.array(name, a, "B D" if name == "x" else "B H", p.b.dtype, finite=False, D=D, H=H, **({"B": B} if B else {}))
        B = len(a)
    return _clamped_gates(clamp, H)


def checked_trace(trace: Trace) -> Trace:
    """`trace`, which must be a Trace. ValueError: it is not."""
    return expect.instance("trace", trace, Trace, "a Trace, as from `unroll`")


def _clamped_gates(clamp, H):
    """The gates that are clamped in one step, and their values, each checked."""
    expect.instance("clamp", clamp, dict | tuple, 'a dict of gates, such as {"f": 1.0}')
    return {
        expect.one_of("each gate in clamp", gate, Gates._fields): _clamp_value(gate, value, H)
        for gate, value in dict(clamp).items()
    }


def _clamp_value(gate, value, H):
    """The value of a clamped gate: a number or an array (H,)."""
    v, least = expect.numbers(f"clamp of {gate}", value, nan=True), -1 if gate == "g" else 0
    if v.shape not in ((), (H,)) or not ((v >= least) & (v <= 1)).all():
        raise ValueError(
            f"clamp of {gate} takes a number from {least} to 1, or an array of H = {H} of them, not {reprlib.repr(value)}"
        )
    return v


def _clamps(clamp, T, H, dtype):
    """For each step, the clamped gates as pairs (block among o, i, f, g; values (H,))."""
    steps = [[] for _ in range(T)]
    plans = expect.instance("clamp", {} if clamp is None else clamp, dict, 'a dict of gates, such as {"f": 1.0}')
    for gate, plan in plans.items():
        expect.one_of("each gate in clamp", gate, Gates._fields)
        for t, value in (plan if isinstance(plan, dict) else dict.fromkeys(range(1, T + 1), plan)).items():
            k = expect.whole(f"each step in clamp of {gate}", t, most=T) - 1
            steps[k].append(("oifg".index(gate), np.full(H, _clamp_value(gate, value, H), dtype)))
    return steps


def _checked_init(rng, D, H, dtype):
    """Check the arguments that all initialisers share."""
    expect.generator("rng", rng)
    D, H = expect.whole("D", D), expect.whole("H", H)
    expect.room("D and H", 4 * H, D + H)
    return D, H, expect.dtype("dtype", dtype)
