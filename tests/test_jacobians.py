"""`jacobians` against finite differences, backprop and closed forms."""

import math

import numpy as np
import pytest
from gradcheck import near, random_layer

from lecturelib import cells, jacobians

# -- along a sequence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "clamp"), [("rnn", None), ("lstm", None), ("lstm", {"f": {3: 0.9}, "o": {5: 0.0}})])
@pytest.mark.parametrize("B", [1, 2])
def test_the_product_of_jacobians_is_what_backprop_gives_end_to_end(kind, clamp, B):
    p, x, start, h_bar = random_layer(6, (6, B, 2, 3), kind)
    trace = cells.unroll(p, x, clamp=clamp, **start)
    P = jacobians.products(jacobians.along(trace))
    c_end = np.random.default_rng(1).standard_normal((B, 3)) if kind == "lstm" else None
    back = cells.backprop(trace, h_bar[-1], c_bar=c_end)
    end = h_bar[-1] if c_end is None else np.hstack([h_bar[-1], c_end])
    for t in range(6):
        state_bar = np.einsum("bi,bij->bj", end, P[t])
        near(back.h_bar[t], state_bar[:, :3])
        if kind == "lstm":  # c_bar is total: it counts the way over h_t = o tanh(c_t) too, which the state (h, c) has apart
            o, c = trace.gates.o[t - 1], trace.c[t]
            near(back.c_bar[t], state_bar[:, 3:] + (state_bar[:, :3] * o * (1 - np.tanh(c) ** 2) if t else 0))


def test_jacobians_are_those_of_one_step():
    p, x, start, _ = random_layer(8, (3, 2, 2, 3))
    trace = cells.unroll(p, x, **start)
    J = jacobians.along(trace)
    assert J.shape == (3, 2, 3, 3)
    for t in range(3):
        for b in range(2):
            for j in range(3):
                up, down = trace.h[t].copy(), trace.h[t].copy()
                up[b, j] += 1e-6
                down[b, j] -= 1e-6
                step = (cells.rnn_step(p, up, x[t]) - cells.rnn_step(p, down, x[t]))[b] / 2e-6
                np.testing.assert_allclose(J[t, b, :, j], step, rtol=1e-6, atol=1e-9)


def test_singular_values_are_those_of_the_products():
    p, x, start, _ = random_layer(9, (5, 1, 2, 4))
    P = jacobians.products(jacobians.along(cells.unroll(p, x, **start)))
    values = jacobians.singular_values(P)
    assert values.shape == (6, 1, 4)
    np.testing.assert_allclose(values[-1], 1)
    np.testing.assert_allclose(values[0, 0, 0], np.linalg.norm(P[0, 0], 2), rtol=1e-12)
    # of three steps at most: the smallest singular value of five is near the rounding error of the largest
    np.testing.assert_allclose(values[2:].prod(-1), np.abs(np.linalg.det(P[2:])), rtol=1e-8)


# -- a nudge carried forward ----------------------------------------------------------------------------------------------------


def test_the_growth_of_a_nudge_is_that_of_the_product():
    p, x, start, _ = random_layer(10, (7, 1, 2, 4))
    J, v = jacobians.along(cells.unroll(p, x, **start))[:, 0], np.array([1.0, -2.0, 0.5, 3.0])
    logs = jacobians.growth(J, v)
    assert logs.shape == (8,)
    for t in range(8):
        size = np.linalg.norm(np.linalg.multi_dot([*J[:t][::-1], np.eye(4), v])) / np.linalg.norm(v)
        assert logs[t] == pytest.approx(np.log10(size))


def test_a_nudge_grows_beyond_every_float_and_dies_for_good():
    logs = jacobians.growth(np.full((1000, 1, 1), 100.0), np.ones(1))
    assert logs[-1] == pytest.approx(2000)
    gone = jacobians.growth(np.array([[[2.0]], [[0.0]], [[3.0]]]), np.ones(1))
    assert gone.tolist() == [0, np.log10(2), -np.inf, -np.inf]


@pytest.mark.parametrize("size", [5e-324, 1e-200, 1e-3, 1e200, 1e308])
def test_the_growth_of_a_nudge_does_not_hang_on_its_length(size):
    J = np.array([[[2.0, 1.0], [0.0, 3.0]], [[0.5, 0.0], [1.0, 1.0]]])
    truth = [0, np.log10(np.hypot(1, 3)), np.log10(np.hypot(0.5, 4))]
    np.testing.assert_allclose(jacobians.growth(J, np.array([0.0, size])), truth, rtol=1e-14)


def test_a_nudge_survives_steps_whose_squares_are_no_floats():
    J = np.array([[[1e200]], [[1e-300]], [[1e300]], [[np.inf]], [[1.0]]])
    assert jacobians.growth(J, np.array([1e-160])).tolist() == pytest.approx([0, 200, -100, 200, np.inf, np.inf])


@pytest.mark.parametrize(("gain", "lowest", "highest"), [(0.9, -8, -4), (3.0, 9, 13)])
def test_order_forgets_a_nudge_and_chaos_feeds_it(gain, lowest, highest):
    """Notebook 03: 64 units without input; at gain 3 a nudge grows by 11 decades in 100 steps."""
    logs = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        p, h0 = cells.init_rnn(rng, 1, 64, gain=gain), rng.uniform(-1, 1, (1, 64))
        trace = cells.unroll(p, np.zeros((100, 1, 1)), h0=h0)
        logs.append(jacobians.growth(jacobians.along(trace)[:, 0], rng.standard_normal(64))[-1])
    assert lowest < np.mean(logs) < highest


# -- powers of a matrix -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rho, k", [(0.9, 5.0), (1.1, 0.3), (-0.5, 1.0), (1e-200, 1.0), (1.0, 1e150)])
def test_log_norms_of_a_jordan_block_in_closed_form(rho, k):
    T = 5000
    logs = jacobians.log_norms([[rho, k], [0, rho]], T)
    assert logs[0] == 0 and logs.shape == (T + 1,)
    # W^t = rho^(t-1) [[rho, t k], [0, rho]]; the largest singular value s of [[p, q], [0, p]]: s - p^2 / s = |q|
    t = np.arange(1, T + 1)
    q = t * k
    largest = (np.abs(q) + np.hypot(q, 2 * rho)) / 2
    assert logs[1:] == pytest.approx((t - 1) * math.log10(abs(rho)) + np.log10(largest), rel=1e-11, abs=1e-11)


def test_log_norms_of_zero_and_of_numbers_at_the_end_of_the_range():
    assert jacobians.log_norms([[0, 2], [0, 0]], 3) == pytest.approx([0, math.log10(2), -np.inf, -np.inf])
    assert jacobians.log_norms([[1e308, 1e308], [1e308, 1e308]], 2) == pytest.approx(
        [0, math.log10(2) + 308, 2 * math.log10(2) + 616]
    )
    assert jacobians.log_norms([[1e-300]], 3) == pytest.approx([0, -300, -600, -900])
    W = np.random.default_rng(0).normal(size=(6, 6))
    powers = [np.linalg.norm(np.linalg.matrix_power(W, t), 2) for t in range(20)]
    assert jacobians.log_norms(W, 19) == pytest.approx(np.log10(powers), abs=1e-12)


def test_log_norms_of_entries_that_are_far_apart():
    logs = jacobians.log_norms(
        [[1e-200, 1e200], [0, 1e-200]], 6
    )  # W^t = [[1e-200 t, t 1e(400 - 200 t)], [0, 1e-200 t]], as powers
    assert logs == pytest.approx([0, 200] + [math.log10(t) + 400 - 200 * t for t in range(2, 7)], rel=1e-13)
    logs = jacobians.log_norms([[0, 1e300, 0], [0, 0, 1e300], [0, 0, 1e-300]], 4)  # what is large dies in the second step
    assert logs == pytest.approx([0, 300, 600, 300, 0], abs=1e-9)
    assert jacobians.log_norms(np.diag([1e300, 1e-300]), 3) == pytest.approx([0, 300, 600, 900])


# -- bad input --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, names",
    [
        (lambda: jacobians.products(np.ones((3, 2, 2))), r"J has shape \(3, 2, 2\); it needs \(T, B, N, N\)"),
        (lambda: jacobians.growth(np.ones((3, 2, 2)), np.ones(3)), r"nudge has shape \(3,\); it needs \(N = 2\)"),
        (lambda: jacobians.log_norms([[1, 2]], 3), r"W has shape \(1, 2\); it needs \(N, N\)"),
        (lambda: jacobians.log_norms([[math.inf]], 3), "W must be finite"),
        (lambda: jacobians.log_norms(2.0, 3), r"W has shape \(\); it needs \(N, N\)"),
        (lambda: jacobians.log_norms([[1j]], 3), "W must be real numbers of shape"),
        (lambda: jacobians.log_norms([[1.0]], -1), "T must be a whole number >= 0"),
    ],
)
def test_bad_input_is_refused_in_words(call, names):
    with pytest.raises(ValueError, match=names):
        call()
