"""What the pictures of notebook 08 promise beyond what the notebooks' tests see."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from lecturelib import cells
from lecturelib.lectures import gradient_flow
from lecturelib.plots import BACKWARD


def drawn(size, words):
    """The axes of the factors."""
    factors, product = Figure().subplots(2)
    gradient_flow.factor_by_factor(factors, product, size, size, words, ("without", "with"), {})
    return factors


def test_the_factors_that_are_drawn_multiply_to_the_gradient():
    size = np.array([0.5, 0.4, 0.6, 0.6, 0.3])
    lines = drawn(size, []).collections[0]
    factors = np.array([2 ** (top - bottom) for (_, bottom), (_, top) in lines.get_segments()])
    np.testing.assert_allclose(factors, size[1:] / size[:-1])
    np.testing.assert_allclose(size[0] * factors.prod(), size[-1])
    assert (lines.get_colors() == to_rgba(BACKWARD["color"])).all(), "each is in colour"


@pytest.mark.parametrize("net", ["without", "with"])
def test_each_word_has_a_dot_for_each_of_its_factors(net):
    words = gradient_flow.WORDS[net]
    assert len(words) == 10 and sum(words) == 100  # reversal keeps the mean way
    rows = [line for line in drawn(0.9 ** np.arange(30), words).lines if line.get_marker() == "s"]
    assert [len(row.get_xdata()) for row in rows] == words
    assert rows[0].get_color() not in {row.get_color() for row in rows[1:]}


def test_the_length_of_the_whole_gradient_after_one_step():
    """Then it is that of W_x and b alone, for h starts at 0."""
    lengths = []
    for seed in range(11):
        rng = np.random.default_rng(seed)
        p, x, end = cells.init_rnn(rng, 1, 64, gain=2.5), rng.uniform(), rng.standard_normal(64)
        through = end / np.linalg.norm(end) * (1 - np.tanh(p.W_x[:, 0] * x) ** 2)
        lengths.append(np.linalg.norm(through) * np.hypot(1, x))
    np.testing.assert_allclose(gradient_flow.length(2.5, 1), np.median(lengths))
