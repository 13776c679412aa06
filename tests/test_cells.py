"""`cells`: every gradient against finite differences, the loop of steps, and closed forms."""

import math

import numpy as np
import pytest
from gradcheck import arrays, assert_gradient, near, random_layer
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lecturelib import cells, jacobians, maps, scan

ACTIVATIONS = tuple(cells.PHI)
sizes = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))  # T, B, D, H
seeds = st.integers(0, 10_000)


def loop(p, x, h0, c0=None, phi="tanh", clamp=None):
    """The states by the readable steps: (h (T + 1, B, H), c or None, what each step returned)."""
    h, c, steps = [h0], [c0], []
    for t in range(len(x)):
        if isinstance(p, cells.RNN):
            h.append(cells.rnn_step(p, h[-1], x[t], phi))
        else:
            steps.append(cells.lstm_step(p, h[-1], c[-1], x[t], (clamp or {}).get(t + 1, {})))
            h.append(steps[-1][0])
            c.append(steps[-1][1])
    return np.array(h), None if c0 is None else np.array(c), steps


def loop_back(p, x, h, c, steps, h_bar, last_c_bar=0.0, phi="tanh", clamp=None):
    """The adjoints by the readable steps: (p_bar, h_bar (T + 1, B, H), c_bar, x_bar), all derivatives total."""
    total = [np.zeros_like(a) for a in p]
    h_bars, c_bars, x_bars = [h_bar[-1]], [], []
    c_bar = last_c_bar
    for t in reversed(range(len(x))):
        if isinstance(p, cells.RNN):
            p_bar, back, x_bar = cells.rnn_step_back(p, h[t], x[t], h[t + 1], h_bars[0], phi)
        else:
            o, tanh_c = steps[t][2].o, np.tanh(c[t + 1])
            c_bars.insert(0, c_bar + o * (1 - tanh_c**2) * h_bars[0])
            p_bar, back, c_bar, x_bar = cells.lstm_step_back(
                p, h[t], c[t], x[t], steps[t], h_bars[0], c_bar, (clamp or {}).get(t + 1, {})
            )
        total = [a + b for a, b in zip(total, p_bar, strict=True)]
        x_bars.insert(0, x_bar)
        h_bars.insert(0, back + (h_bar[t - 1] if t else 0))
    return total, np.array(h_bars), np.array([c_bar, *c_bars]), np.array(x_bars)


# -- against finite differences ---------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(seeds, sizes, st.sampled_from(ACTIVATIONS), st.booleans())
def test_rnn_gradients_are_the_finite_differences(seed, sizes, phi, only_last):
    p, x, start, h_bar = random_layer(seed, sizes)
    trace = cells.unroll(p, x, phi=phi, **start)
    if phi == "relu":  # at its corner it has no derivative
        z = np.einsum("tbd,hd->tbh", x, p.W_x) + trace.h[:-1] @ p.W_h.T + p.b
        assume(np.abs(z).min() > 1e-3)
    direct = h_bar[-1] if only_last else h_bar
    back = cells.backprop(trace, direct, inputs=True)

    def loss():
        h = cells.unroll(p, x, phi=phi, **start).h[1:]
        return np.sum(direct * (h[-1] if only_last else h))

    assert_gradient(loss, (p, start["h0"], x), (back.p, back.h_bar[0], back.x_bar))
    assert type(back.p) is cells.RNN


@settings(max_examples=40)
@given(seeds, sizes, st.booleans())
def test_lstm_gradients_are_the_finite_differences(seed, sizes, only_last):
    p, x, start, h_bar = random_layer(seed, sizes, "lstm")
    direct, c_last = (h_bar[-1] if only_last else h_bar), np.random.default_rng(seed + 1).standard_normal(h_bar[0].shape)
    back = cells.backprop(cells.unroll(p, x, **start), direct, c_bar=c_last, inputs=True)

    def loss():
        trace = cells.unroll(p, x, **start)
        return np.sum(direct * (trace.h[-1] if only_last else trace.h[1:])) + np.sum(c_last * trace.c[-1])

    nest = (p, start["h0"], start["c0"], x)
    assert_gradient(loss, nest, (back.p, back.h_bar[0], back.c_bar[0], back.x_bar))
    assert type(back.p) is cells.LSTM


CLAMPS = ({"f": 1.0}, {"f": {2: 1.0}, "o": {1: 0.0, 3: 0.4}}, {"i": {1: 0.3}, "g": {2: -0.5}}, {"g": 0.2, "i": 0.0})


@pytest.mark.parametrize("clamp", CLAMPS, ids=str)
@pytest.mark.parametrize("B", [1, 2])
def test_the_adjoint_is_right_under_a_clamp(clamp, B):
    p, x, start, h_bar = random_layer(7, (4, B, 2, 3), "lstm")
    trace = cells.unroll(p, x, clamp=clamp, **start)
    for gate, plan in clamp.items():
        for t, value in (plan if isinstance(plan, dict) else dict.fromkeys(range(1, 5), plan)).items():
            assert (getattr(trace.gates, gate)[t - 1] == value).all()
    back = cells.backprop(trace, h_bar, inputs=True)

    def loss():
        return np.sum(h_bar * cells.unroll(p, x, clamp=clamp, **start).h[1:])

    assert_gradient(loss, (p, start["h0"], start["c0"], x), (back.p, back.h_bar[0], back.c_bar[0], back.x_bar))


def test_a_clamp_may_differ_from_cell_to_cell():
    p, x, start, _ = random_layer(7, (3, 2, 2, 3), "lstm")
    trace = cells.unroll(p, x, clamp={"f": {2: np.array([0.0, 0.5, 1.0])}}, **start)
    assert (trace.gates.f[1] == [0.0, 0.5, 1.0]).all()


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_a_gradient_off_by_a_thousandth_is_refused(kind):
    p, x, start, h_bar = random_layer(3, (4, 2, 2, 3), kind)
    back = cells.backprop(cells.unroll(p, x, **start), h_bar)

    def loss():
        return np.sum(h_bar * cells.unroll(p, x, **start).h[1:])

    assert_gradient(loss, p, back.p)
    for k in range(3):
        wrong = back.p._replace(**{p._fields[k]: 1.001 * back.p[k]})
        with pytest.raises(AssertionError, match=f"array {k}: off by"):
            assert_gradient(loss, p, wrong)
    one = back.p.W_h.copy()
    at = np.unravel_index(np.abs(one).argmax(), one.shape)
    one[at] *= 1.001
    with pytest.raises(AssertionError, match="array 1: off by"):
        assert_gradient(loss, p, back.p._replace(W_h=one))


# -- against the readable steps ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cache", [1, 30, scan.CACHE])
@pytest.mark.parametrize("B", [1, 5])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "clamped"])
def test_the_fast_loops_equal_the_loop_of_steps(kind, B, cache, monkeypatch):
    monkeypatch.setattr(scan, "CACHE", cache)  # blocks of one step, of a few, and of all
    clamp = {2: {"f": 1.0, "o": 0.25}, 9: {"g": -0.5, "i": 0.0}} if kind == "clamped" else None
    p, x, start, h_bar = random_layer(1, (23, B, 3, 6), "rnn" if kind == "rnn" else "lstm")
    c_bar = None if kind == "rnn" else np.random.default_rng(2).standard_normal((B, 6))
    h, c, steps = loop(p, x, **start, clamp=clamp)
    by_gate = {g: {t: plan[g] for t, plan in clamp.items() if g in plan} for g in "ifog"} if clamp else None
    trace = cells.unroll(p, x, clamp=by_gate, **start)
    back = cells.backprop(trace, h_bar, c_bar=c_bar, inputs=True)
    near(trace.h, h)
    p_bar, h_bars, c_bars, x_bar = loop_back(p, x, h, c, steps, h_bar, 0.0 if c_bar is None else c_bar, clamp=clamp)
    for mine, truth in zip((*back.p, back.h_bar, back.x_bar), (*p_bar, h_bars, x_bar), strict=True):
        near(mine, truth)
    if kind != "rnn":
        near(trace.c, c)
        near(back.c_bar, c_bars)
        for mine, truth in zip(trace.gates, zip(*(step[2] for step in steps), strict=True), strict=True):
            near(mine, np.array(truth))


@pytest.mark.parametrize("phi", ACTIVATIONS)
def test_each_activation_in_the_fast_loop_and_in_the_step(phi):
    p, x, start, h_bar = random_layer(4, (6, 2, 3, 4))
    h, _, _ = loop(p, x, **start, phi=phi)
    trace = cells.unroll(p, x, phi=phi, **start)
    near(trace.h, h)
    near(cells.backprop(trace, h_bar).p.W_h, loop_back(p, x, h, None, None, h_bar, phi=phi)[0][1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_calls_of_changing_sizes_leave_each_other_alone(dtype):
    rng = np.random.default_rng(0)
    menu = [(T, B, 3, H) for T in (1, 4, 17) for B in (1, 2, 9) for H in (1, 5)]
    kept = []
    for _ in range(60):
        sizes, kind = menu[rng.integers(len(menu))], ("rnn", "lstm")[rng.integers(2)]
        p, x, start, h_bar = random_layer(5, sizes, kind, dtype)
        trace = cells.unroll(p, x, **start)
        kept.append((sizes, kind, trace, cells.backprop(trace, h_bar, inputs=True)))
    for sizes, kind, trace, back in kept:
        p, x, start, h_bar = random_layer(5, sizes, kind, dtype)
        fresh = cells.unroll(p, x, **start)
        again = cells.backprop(fresh, h_bar, inputs=True)
        for mine, truth in zip(arrays((trace.h, *back)), arrays((fresh.h, *again)), strict=True):
            assert (mine is None and truth is None) or np.array_equal(mine, truth)
    for _, _, trace, back in kept:  # and no two hold the same memory
        others = [o for _, _, t, b in kept for o in (t.h, b.h_bar, *b.p) if t is not trace]
        assert not any(np.may_share_memory(mine, other) for mine in (trace.h, back.h_bar, *back.p) for other in others)


# -- gates that are almost shut, or almost open ---------------------------------------------------------------------------------


def gated(gate, z, dtype):
    """An LSTM of one cell without weights whose gates are half open, but for `gate` with the logit z; its g is tanh(1)."""
    b = np.zeros(4, dtype)
    b["ifog".index(gate)], b[3] = z, 1
    return cells.LSTM(np.zeros((4, 1), dtype), np.zeros((4, 1), dtype), b)


def sigma(z):
    """σ(z) and σ(-z) in Python's floats, which lose no digits on either side."""
    small = math.exp(-abs(z))
    return (1 / (1 + small), small / (1 + small)) if z >= 0 else (small / (1 + small), 1 / (1 + small))


LOGITS = [(np.float32, z) for z in (-86, -40, -20, -15, -3, 0, 2, 12, 16, 18, 30, 80)]
LOGITS += [(np.float64, z) for z in (-700, -100, -40, -37, -20, -3, 0, 2, 20, 36, 38, 100, 700)]


@pytest.mark.parametrize(("dtype", "z"), LOGITS, ids=lambda v: str(v) if isinstance(v, int) else v.__name__)
def test_the_logistic_is_right_to_a_few_roundings_from_end_to_end(dtype, z):
    eps = float(np.finfo(dtype).eps)
    assert cells.PHI["logistic"].f(np.array([z], dtype))[0] == pytest.approx(sigma(z)[0], rel=6 * eps, abs=0)
    if dtype is np.float64:
        assert maps.sigmoid_map(1.0)(z) == pytest.approx(sigma(z)[0], rel=6 * eps, abs=0)
    p = cells.RNN(np.zeros((1, 1), dtype), np.zeros((1, 1), dtype), np.array([z], dtype))
    trace = cells.unroll(p, np.zeros((1, 1, 1), dtype), phi="logistic")
    assert trace.h[1, 0, 0] == pytest.approx(sigma(z)[0], rel=6 * eps, abs=0)


@pytest.mark.parametrize(("dtype", "z"), LOGITS, ids=lambda v: str(v) if isinstance(v, int) else v.__name__)
@pytest.mark.parametrize("B", [1, 3])
@pytest.mark.parametrize("gate", "ifo")
def test_a_gates_value_and_gradient_are_right_in_both_tails(gate, B, dtype, z):
    """One step from c = 2: h = o tanh(c'), c' = f c + i g; dh by the gate's bias in closed form, B times."""
    p, x = gated(gate, z, dtype), np.zeros((1, B, 1), dtype)
    start = {"h0": np.zeros((B, 1), dtype), "c0": np.full((B, 1), 2, dtype)}
    opened, shut = sigma(z)
    value = {"i": 0.5, "f": 0.5, "o": 0.5, gate: opened}
    c = value["f"] * 2 + value["i"] * math.tanh(1)
    by_c = value["o"] / math.cosh(c) ** 2
    truth = B * opened * shut * {"i": by_c * math.tanh(1), "f": by_c * 2, "o": math.tanh(c)}[gate]
    trace = cells.unroll(p, x, **start)
    after = cells.lstm_step(p, start["h0"], start["c0"], x[0])
    ones = np.ones((B, 1), dtype)
    step = cells.lstm_step_back(p, start["h0"], start["c0"], x[0], after, ones, 0 * ones)[0]
    at, close = "ifog".index(gate), {"rel": 40 * float(np.finfo(dtype).eps), "abs": 0}
    for gates, p_bar in ((trace.gates, cells.backprop(trace, ones).p), (after[2], step)):
        assert getattr(gates, gate).ravel()[0] == pytest.approx(opened, **close)
        assert p_bar.b[at] == pytest.approx(truth, **close)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e3, 1e30, np.inf])
def test_a_logit_beyond_every_exponential_is_a_gate_shut_or_open(dtype, size):
    for z, opened in ((-size, 0.0), (size, 1.0)):
        p, x, one = gated("f", 0, dtype), np.ones((2, 1, 1), dtype), np.ones((1, 1), dtype)
        p.b[1] = z
        trace = cells.unroll(p, x)
        assert (trace.gates.f == opened).all()
        back = cells.backprop(trace, one)
        assert all(np.isfinite(a).all() for a in (*back.p, back.h_bar, back.c_bar))
        assert back.p.b[1] == 0
        assert cells.lstm_step(p, one, one, x[0])[2].f == opened
        assert np.isfinite(jacobians.along(trace)).all()


# -- closed forms -----------------------------------------------------------------------------------------------------------


@given(st.floats(-1.5, 1.5), st.integers(2, 60))
def test_the_linear_rnn_gives_w_to_the_power_of_T_minus_1(w, T):
    p = cells.RNN(np.ones((1, 1)), np.array([[w]]), np.zeros(1))
    back = cells.backprop(cells.unroll(p, np.ones((T, 1, 1)), phi="linear"), np.ones((1, 1)))
    np.testing.assert_allclose(back.h_bar[1], w ** (T - 1), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_overflow_and_underflow_are_results(dtype):
    for w, end in ((3.0, np.inf), (0.3, 0.0)):
        p = cells.RNN(np.ones((1, 1), dtype), np.array([[w]], dtype), np.zeros(1, dtype))
        trace = cells.unroll(p, np.zeros((2000, 1, 1), dtype), phi="linear")
        back = cells.backprop(trace, np.ones((1, 1), dtype))
        assert back.h_bar[0, 0, 0] == end
        assert jacobians.products(jacobians.along(trace))[0, 0, 0, 0] == end
        assert jacobians.singular_values(jacobians.products(jacobians.along(trace)))[0, 0, 0] == end


def test_the_flow_of_a_float32_net_reaches_below_the_root_of_the_smallest_float():
    p = cells.RNN(np.ones((2, 1), np.float32), 0.1 * np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
    norms = jacobians.gradient_norms(p, np.zeros((31, 1, 1), np.float32), np.array([[3, 4]], np.float32), phi="linear")
    np.testing.assert_allclose(norms[:, 0], 5 * 0.1 ** np.arange(31, -1, -1.0), rtol=1e-5)


def test_states_stay_where_the_identity_puts_them():
    p = cells.init_rnn(np.random.default_rng(0), 1, 5, recurrent="identity", inputs=0.1)
    h0 = np.abs(np.random.default_rng(1).standard_normal((2, 5)))
    trace = cells.unroll(p, np.zeros((100, 2, 1)), h0=h0, phi="relu")
    assert (trace.h == h0).all()
    back = cells.backprop(trace, np.ones((2, 5)))
    assert (back.h_bar == 1).all()


# -- the lecture's exercise: when does c_bar_t = c_bar_{t+1}? -----------------------------------------------------------------


def exercise(clamp=None, b=None, t=3):
    """max |c_bar_t - c_bar_{t+1}| in an LSTM of 4 cells over 7 steps with a loss on every h."""
    p, x, start, h_bar = random_layer(11, (7, 3, 2, 4), "lstm")
    if b is not None:
        p = p._replace(W_x=0 * p.W_x, W_h=0 * p.W_h, b=b)
    back = cells.backprop(cells.unroll(p, x, clamp=clamp, **start), h_bar)
    return np.abs(back.c_bar[t] - back.c_bar[t + 1]).max()


def test_a_cell_that_remembers_and_hides_passes_its_gradient_on_unchanged():
    assert exercise({"f": {4: 1.0}, "o": {3: 0.0}}) == 0
    assert exercise({"f": {4: 1.0}, "o": {3: 0.0}, "i": {4: 0.0}}) == 0


@pytest.mark.parametrize("i", [0.0, 0.5, 1.0])
def test_the_input_gate_does_not_matter(i):
    assert exercise({"f": {4: 1.0}, "o": {3: 0.0}, "i": {4: i}}) == 0


def test_an_open_output_gate_lets_another_gradient_in():
    assert exercise({"f": {4: 1.0}, "o": {3: 0.6}, "i": {4: 0.0}}) > 0.1
    assert exercise({"f": {4: 1.0}, "o": {3: 0.6, 4: 0.0}, "i": {4: 0.0}}) > 0.1  # the output gate of t, not that of t + 1
    assert exercise({"f": {4: 0.6}, "o": {3: 0.0}, "i": {4: 0.0}}) > 0.1


def test_sigmoid_gates_come_near_but_not_there():
    """A gate is never 0 or 1: with logits of +-12 the gradients differ by about 1.5e-5 of themselves."""
    gap = {}
    for logit in (3.0, 5.0, 8.0, 12.0):
        gap[logit] = exercise(b=np.repeat([-logit, logit, -logit, 0.0], 4))
    assert gap[12.0] < 1.5e-5 < gap[8.0] < gap[5.0] < gap[3.0]


# -- gradient flow: the numbers of the series ---------------------------------------------------------------------------------


def decades(make, phi=None, T=100, seeds=10):
    """log10 |dL/dh_1| of 64 units, the loss gradient a random unit vector at T, inputs U(0, 1): one number a seed."""
    logs = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        p, x, end = make(rng), rng.uniform(0, 1, (T, 1, 1)), rng.standard_normal((1, 64))
        logs.append(np.log10(jacobians.gradient_norms(p, x, end / np.linalg.norm(end), phi=phi)[1, 0]))
    return np.median(logs)


@pytest.mark.parametrize(
    ("make", "phi", "lowest", "highest"),
    [
        (lambda rng: cells.init_rnn(rng, 1, 64, gain=0.9), None, -16, -13),
        (lambda rng: cells.init_rnn(rng, 1, 64, gain=1.5), None, -3, -0.5),
        (lambda rng: cells.init_rnn(rng, 1, 64, gain=3.0), None, 10, 13),
        (lambda rng: cells.init_rnn(rng, 1, 64, recurrent="identity", gain=0.95), "relu", -2.5, -2.2),
        (lambda rng: cells.init_rnn(rng, 1, 64, recurrent="identity"), "relu", -0.3, -0.05),
        (lambda rng: cells.init_rnn(rng, 1, 64, recurrent="identity", gain=1.05), "relu", 1.8, 2.1),
        (lambda rng: cells.init_lstm(rng, 1, 64, forget_bias=0.0), None, -21, -16),
        (lambda rng: cells.init_lstm(rng, 1, 64, forget_bias=1.0), None, -8, -5.5),
        (lambda rng: cells.init_lstm(rng, 1, 64, forget_bias=2.0), None, -3.2, -0.5),
    ],
    ids=["tanh 0.9", "tanh 1.5", "tanh 3", "identity 0.95", "identity 1", "identity 1.05", "LSTM 0", "LSTM 1", "LSTM 2"],
)
def test_the_gradient_flow_of_each_cell(make, phi, lowest, highest):
    assert lowest < decades(make, phi) < highest


# -- initialisers -------------------------------------------------------------------------------------------------------------


def test_initialisers_draw_what_they_say():
    rng = np.random.default_rng(0)
    gaussian = cells.init_rnn(rng, 4, 400, gain=1.5)
    assert gaussian.W_h.std() == pytest.approx(1.5 / 20, rel=0.02)
    assert gaussian.W_x.std() == pytest.approx(0.5, rel=0.1)
    assert np.abs(np.linalg.eigvals(gaussian.W_h)).max() == pytest.approx(1.5, rel=0.1)
    orthogonal = cells.init_rnn(rng, 4, 50, recurrent="orthogonal", gain=2.0).W_h
    np.testing.assert_allclose(orthogonal @ orthogonal.T, 4 * np.eye(50), atol=1e-12)
    assert (cells.init_rnn(rng, 4, 9, recurrent="identity", gain=0.5).W_h == 0.5 * np.eye(9)).all()
    noisy = cells.init_rnn(rng, 4, 200, recurrent="identity", noise=0.02).W_h - np.eye(200)
    assert noisy.std() == pytest.approx(0.02, rel=0.05)
    lstm = cells.init_lstm(rng, 3, 100, forget_bias=2.5, dtype=np.float32)
    assert lstm.W_h.dtype == np.float32
    assert np.abs(lstm.W_h).max() == pytest.approx(0.1, rel=0.01)
    assert (lstm.b == np.repeat([0, 2.5, 0, 0], 100)).all()


def test_random_rotations_have_no_preferred_sign():
    """QR alone does not draw them evenly: the sign of a corner would be the same each time."""
    rng = np.random.default_rng(0)
    corners = [cells.init_rnn(rng, 1, 3, recurrent="orthogonal").W_h[0, 0] for _ in range(400)]
    assert 0.4 < np.mean(np.array(corners) > 0) < 0.6


def test_the_same_seed_draws_the_same_net():
    one, two = (cells.init_lstm(np.random.default_rng(3), 2, 5) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


# -- bad input ----------------------------------------------------------------------------------------------------------------

RNN = cells.init_rnn(np.random.default_rng(0), 2, 3)
LSTM = cells.init_lstm(np.random.default_rng(0), 2, 3)
X = np.ones((5, 4, 2))


def broken(at, value):
    x = X.copy()
    x[at] = value
    return x


BAD = {
    "not parameters": (lambda: cells.unroll("net", X), "p must be an RNN or an LSTM"),
    "mixed dtypes": (
        lambda: cells.unroll(RNN._replace(b=RNN.b.astype("f4")), X),
        "p.W_x is float64; the parameters must all be float32",
    ),
    "whole numbers": (lambda: cells.unroll(cells.RNN(*(a.astype(int) for a in RNN)), X), "p.W_x is int64; the parameters must"),
    "not square": (lambda: cells.unroll(RNN._replace(W_h=np.ones((3, 2))), X), r"p.W_h has shape \(3, 2\); it needs \(H, H\)"),
    "LSTM rows": (lambda: cells.unroll(LSTM._replace(W_h=np.ones((9, 3))), X), r"p.W_h has shape \(9, 3\); it needs \(4H, H\)"),
    "W_x rows": (lambda: cells.unroll(RNN._replace(W_x=np.ones((2, 2))), X), r"p.W_x has shape \(2, 2\); it needs \(3, D\)"),
    "b": (lambda: cells.unroll(LSTM._replace(b=np.ones(3)), X), r"p.b has shape \(3,\); it needs \(12,\)"),
    "x too flat": (lambda: cells.unroll(RNN, X[0]), r"x has shape \(4, 2\); it needs \(T, B, D = 2\)"),
    "x of another D": (lambda: cells.unroll(RNN, np.ones((5, 4, 3))), r"x has shape \(5, 4, 3\); it needs \(T, B, D = 2\)"),
    "no step": (lambda: cells.unroll(RNN, X[:0]), r"x has shape \(0, 4, 2\); .* none of them 0"),
    "x a list": (lambda: cells.unroll(RNN, [[[1.0, 2.0]]]), "x must be an array"),
    "x float32": (lambda: cells.unroll(RNN, X.astype("f4")), r'x is float32; the parameters are float64: x.astype\("float64"\)'),
    "x nan": (lambda: cells.unroll(LSTM, broken((2, 1, 0), np.nan)), r"x must be finite; x\[2, 1, 0\] is nan"),
    "x inf": (lambda: cells.unroll(RNN, broken((0, 3, 1), np.inf)), r"x must be finite; x\[0, 3, 1\] is inf"),
    "h0 of another batch": (
        lambda: cells.unroll(RNN, X, h0=np.ones((5, 3))),
        r"h0 has shape \(5, 3\); it needs \(B = 4, H = 3\)",
    ),
    "c0 of another batch": (
        lambda: cells.unroll(LSTM, X, c0=np.ones((5, 3))),
        r"c0 has shape \(5, 3\); it needs \(B = 4, H = 3\)",
    ),
    "h0 nan": (lambda: cells.unroll(RNN, X, h0=np.full((4, 3), np.nan)), "h0 must be finite"),
    "c0 for an RNN": (lambda: cells.unroll(RNN, X, c0=np.ones((4, 3))), "c0 and clamp belong to an LSTM"),
    "clamp for an RNN": (lambda: cells.unroll(RNN, X, clamp={"f": 1.0}), "c0 and clamp belong to an LSTM"),
    "phi for an LSTM": (lambda: cells.unroll(LSTM, X, phi="relu"), "phi belongs to an RNN"),
    "unknown phi": (
        lambda: cells.unroll(RNN, X, phi="sin"),
        "phi must be one of 'tanh', 'relu', 'logistic', 'linear', not 'sin'",
    ),
    "unknown gate": (
        lambda: cells.unroll(LSTM, X, clamp={"r": 1.0}),
        "each gate in clamp must be one of 'i', 'f', 'o', 'g', not 'r'",
    ),
    "clamp too large": (lambda: cells.unroll(LSTM, X, clamp={"f": 1.1}), "clamp of f takes a number from 0 to 1"),
    "clamp nan": (lambda: cells.unroll(LSTM, X, clamp={"g": np.nan}), "clamp of g takes a number from -1 to 1"),
    "clamp in step 0": (
        lambda: cells.unroll(LSTM, X, clamp={"f": {0: 1.0}}),
        "each step in clamp of f must be a whole number >= 1, not 0",
    ),
    "h_bar of another T": (
        lambda: cells.backprop(cells.unroll(RNN, X), np.ones((4, 4, 3))),
        r"h_bar has shape \(4, 4, 3\); it needs \(T = 5, B = 4, H = 3\)",
    ),
    "h_bar of another batch": (lambda: cells.backprop(cells.unroll(RNN, X), np.ones((2, 3))), r"it needs \(B = 4, H = 3\)"),
    "c_bar for an RNN": (
        lambda: cells.backprop(cells.unroll(RNN, X), np.ones((4, 3)), c_bar=np.ones((4, 3))),
        "c_bar belongs to an LSTM",
    ),
    "no rng": (lambda: cells.init_rnn(0, 2, 3), "rng must be a random generator, such as"),
    "H": (lambda: cells.init_lstm(np.random.default_rng(0), 2, 0), "H must be a whole number >= 1, not 0"),
    "recurrent": (
        lambda: cells.init_rnn(np.random.default_rng(0), 2, 3, recurrent="eye"),
        "recurrent must be one of 'gaussian', 'orth.*not 'eye'",
    ),
    "gain": (lambda: cells.init_rnn(np.random.default_rng(0), 2, 3, gain=np.nan), "gain must be a finite number"),
    "noise": (lambda: cells.init_rnn(np.random.default_rng(0), 2, 3, noise=-1), "noise must be a finite number >= 0"),
    "dtype": (lambda: cells.init_rnn(np.random.default_rng(0), 2, 3, dtype=int), "dtype must be float32 or float64"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_words(name):
    call, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        call()
