"""`costs` against an RNN of one unit, backprop and finite differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecturelib import cells, costs, tasks


@given(st.floats(0.5, 3), st.floats(-1, 1))
def test_the_latchs_loss_is_that_of_an_rnn_of_one_unit(w, b):
    x, target = tasks.latch(np.random.default_rng(1), 30)
    loss, slope = costs.latch_loss(x, target, w, b)
    p = cells.RNN(np.ones((1, 1)), np.array([[w]]), np.array([b]))
    trace = cells.unroll(p, x[..., None])
    error = trace.h[-1, :, 0] - target
    np.testing.assert_allclose(loss, error**2, rtol=1e-9, atol=1e-14)
    each = [  # backprop, one example at a time
        cells.backprop(cells.unroll(p, x[:, k : k + 1, None]), 2 * error[k, None, None]).p.b[0] for k in range(30)
    ]
    np.testing.assert_allclose(slope, each, rtol=1e-7, atol=1e-12)


def test_the_latch_takes_a_column_of_biases():
    x, target = tasks.latch(np.random.default_rng(1), 30)
    b = np.linspace(-1, 1, 7)
    together = costs.latch_loss(x, target, 2.5, b[:, None])
    for k in range(7):
        for many, one in zip(together, costs.latch_loss(x, target, 2.5, b[k]), strict=True):
            np.testing.assert_allclose(many[k], one)


def test_cliffs_make_the_slope_of_a_batch_a_lottery():
    """Notebook 03's table: the slope of the average loss at b = -0.4, and how few batches of 32 come near it."""
    x, target = tasks.latch(np.random.default_rng(0), 200_000)
    up, down = (costs.latch_loss(x, target, 2.5, -0.4 + side * 0.02)[0].mean() for side in (1, -1))
    true, slopes = (up - down) / 0.04, costs.latch_loss(x, target, 2.5, -0.4)[1]
    assert true == pytest.approx(-3.44, abs=0.1)
    assert abs(slopes.mean() - true) < 3 * slopes.std() / np.sqrt(len(slopes))
    assert np.median(np.abs(slopes)) == pytest.approx(0.014, rel=0.05)
    assert np.abs(slopes).max() > 10_000
    batches = slopes.reshape(-1, 32).mean(axis=1)
    assert (np.abs(batches / true - 1) < 0.5).mean() < 0.05


def by_hand(w, b, T):
    x = 0.5
    for _ in range(T):
        x = w / (1 + np.exp(-x)) + b
    return (1 / (1 + np.exp(-x)) - 0.7) ** 2


@given(st.floats(3, 8), st.floats(-5, -1), st.integers(1, 12))
def test_the_logistic_cost_and_its_slopes(w, b, T):
    cost, by_w, by_b = costs.logistic_cost(w, b, T)
    assert cost == pytest.approx(by_hand(w, b, T), rel=1e-9, abs=1e-15)
    e = 1e-6
    assert by_w == pytest.approx((by_hand(w + e, b, T) - by_hand(w - e, b, T)) / (2 * e), rel=1e-5, abs=1e-8)
    assert by_b == pytest.approx((by_hand(w, b + e, T) - by_hand(w, b - e, T)) / (2 * e), rel=1e-5, abs=1e-8)


def test_the_cost_takes_a_plane_of_parameters_and_keeps_float32():
    w, b = np.linspace(4, 6, 5, dtype=np.float32)[None], np.linspace(-4, -2, 3, dtype=np.float32)[:, None]
    plane = costs.logistic_cost(w, b)
    assert [a.shape for a in plane] == [(3, 5)] * 3
    assert plane[0].dtype == np.float32
    one = costs.logistic_cost(float(w[0, 3]), float(b[1, 0]))
    assert plane[0][1, 3] == pytest.approx(one[0], rel=1e-3)


def test_on_the_floor_of_the_valley_the_cost_is_0_and_beside_it_it_grows():
    w = np.array([[2.0, 3.0, 4.0], [4.5, 4.75, 5.0]])
    b = costs.logistic_valley(w)
    assert b.shape == w.shape
    assert costs.logistic_cost(w, b)[0] == pytest.approx(0, abs=1e-8)
    for beside in (-0.01, 0.01):
        assert (costs.logistic_cost(w, b + beside)[0] > 1e-6).all()
    assert costs.logistic_valley(4.5) == pytest.approx(b[1, 0])


def test_unclipped_descent_is_thrown_off_the_cliff_and_clipped_is_not():
    ends = {}
    for eta in (np.inf, 1.0):
        at, longest = np.array([4.64, -2.66]), 0.0
        for _ in range(60):
            _, *g = costs.logistic_cost(*at)
            step = 0.1 * np.array(g) * min(1, eta / np.hypot(*g))
            at, longest = at - step, max(longest, np.hypot(*step))
        ends[eta] = longest, costs.logistic_cost(*at)[0]
    assert ends[np.inf][0] > 5
    assert ends[np.inf][1] == pytest.approx(0.09, abs=0.001)
    assert ends[1.0][0] <= 0.1 + 1e-12
    assert ends[1.0][1] < 0.01


BAD = {
    "nan": (lambda: costs.latch_loss(np.ones((2, 3)), np.ones(3), np.nan, 0.0), "w must be finite, not nan"),
    "T": (lambda: costs.logistic_cost(5.0, -2.0, 0), "T must be a whole number >= 1, not 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_words(name):
    call, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        call()
