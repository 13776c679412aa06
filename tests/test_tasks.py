"""`tasks`: what is drawn is what is promised."""

import numpy as np
import pytest

from lecturelib import tasks


def test_latch_draws_a_sign_and_noise():
    x, target = tasks.latch(np.random.default_rng(0), 20_000, T=12, noise=0.5)
    assert x.shape == (12, 20_000)
    assert set(target) == {-0.8, 0.8}
    assert (np.sign(x[0]) == np.sign(target)).all()
    assert 0.3 <= np.abs(x[0]).min() < np.abs(x[0]).max() <= 1
    assert x[1:].std() == pytest.approx(0.5, rel=0.01)
    again = tasks.latch(np.random.default_rng(0), 20_000)[0]
    assert (x == again).all()


def test_recall_asks_for_the_first_symbol():
    x, labels = tasks.recall(np.random.default_rng(0), 5, 7)
    assert x.shape == (7, 5, 4)
    assert x.dtype == np.float32
    assert (x.sum(axis=2) == 1).all()
    assert (x[0].argmax(axis=1) == labels).all()


BAD = {
    "no rng": (lambda: tasks.latch(0, 5), "rng must be a random generator"),
    "N": (lambda: tasks.latch(np.random.default_rng(0), 0), "N must be a whole number >= 1, not 0"),
    "noise": (lambda: tasks.latch(np.random.default_rng(0), 5, noise=-1), "noise must be a finite number >= 0, not -1"),
    "symbols": (lambda: tasks.recall(np.random.default_rng(0), 5, 7, symbols=0), "symbols must be a whole number >= 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_words(name):
    call, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        call()


# -- the adding problem -------------------------------------------------------------------------------------------------------


def test_adding_marks_one_number_in_each_half_and_asks_for_their_sum():
    x, y = tasks.adding(np.random.default_rng(0), 5000, 11)
    assert x.shape == (11, 5000, 2)
    assert x.dtype == y.dtype == np.float32
    numbers, marks = x[..., 0], x[..., 1]
    assert set(np.unique(marks)) == {0, 1}
    assert (marks[:5].sum(0) == 1).all()
    assert (marks[5:].sum(0) == 1).all()
    np.testing.assert_allclose(y[:, 0], [numbers[:, b][marks[:, b] == 1].sum() for b in range(5000)], rtol=1e-6)
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.05)
    with pytest.raises(ValueError, match="T must be a whole number >= 2, not 1"):
        tasks.adding(np.random.default_rng(0), 5, 1)
