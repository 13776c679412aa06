"""`nets`: losses, readouts and the encoder-decoder, against closed forms and finite differences."""

from functools import partial

import numpy as np
import pytest
from gradcheck import assert_gradient

from lecturelib import cells, nets, train

CELLS = {"tanh": cells.init_rnn, "lstm": cells.init_lstm}


def some_net(kind, K, seed=0):
    rng = np.random.default_rng(seed)
    return nets.Net(CELLS[kind](rng, 2, 4), rng.standard_normal((K, 4)), rng.standard_normal(K)), rng


# -- losses ---------------------------------------------------------------------------------------------------------------


def test_the_loss_of_an_undecided_net_is_log_of_the_number_of_answers():
    loss, y_bar = nets.cross_entropy(np.zeros((5, 8)), np.arange(5))
    assert loss == pytest.approx(np.log(8))
    np.testing.assert_allclose(y_bar, (1 / 8 - np.eye(8)[:5]) / 5)


def test_softmax_gives_the_probabilities_that_cross_entropy_compares():
    y, labels = np.random.default_rng(0).standard_normal((2, 3, 5)), np.array([[0, 1, 2], [3, 4, 0]])
    p = nets.softmax(y)
    np.testing.assert_allclose(p, np.exp(y) / np.exp(y).sum(-1, keepdims=True))
    loss, y_bar = nets.cross_entropy(y, labels)
    np.testing.assert_allclose(loss, -np.log(np.take_along_axis(p, labels[..., None], -1)).mean())
    np.testing.assert_allclose(y_bar, (p - np.eye(5)[labels]) / 6)
    np.testing.assert_array_equal(nets.softmax(np.array([1e300, -1e300, 1e300])), [0.5, 0, 0.5])


def test_cross_entropy_survives_scores_that_overflow():
    loss, y_bar = nets.cross_entropy(np.array([[1e5, -1e5, 0.0]]), np.array([0]))
    assert loss == 0
    assert (y_bar == 0).all()
    loss, y_bar = nets.cross_entropy(np.array([[1e5, -1e5, 0.0]], np.float32), np.array([1]))
    assert loss == pytest.approx(2e5)
    assert y_bar.tolist() == [[1, -1, 0]]
    assert y_bar.dtype == np.float32


def test_padding_counts_neither_in_the_loss_nor_in_the_gradient():
    y = np.random.default_rng(0).standard_normal((3, 2, 4))
    labels = np.array([[1, -1], [2, 0], [-1, -1]])
    loss, y_bar = nets.cross_entropy(y, labels)
    three = [nets.cross_entropy(y[t, b][None], labels[t, b][None])[0] for t, b in ((0, 0), (1, 0), (1, 1))]
    assert loss == pytest.approx(np.mean(three))
    assert (y_bar[labels == -1] == 0).all()
    assert_gradient(lambda: nets.cross_entropy(y, labels)[0], (y,), (y_bar,))


def test_squared_error_and_its_gradient():
    y, target = np.random.default_rng(0).standard_normal((2, 5, 3))
    loss, y_bar = nets.squared_error(y, target)
    assert loss == pytest.approx(((y - target) ** 2).sum() / 15)
    assert_gradient(lambda: nets.squared_error(y, target)[0], (y,), (y_bar,))


# -- many to one ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CELLS)
def test_the_gradient_of_a_net_is_the_finite_difference(kind):
    net, rng = some_net(kind, 3)
    x, labels = rng.standard_normal((6, 5, 2)), rng.integers(0, 3, 5)
    loss = partial(nets.loss, net, x, labels, error=nets.cross_entropy)
    assert_gradient(lambda: loss()[0], net, loss()[1])
    assert loss()[0] == nets.cross_entropy(nets.output(net, x), labels)[0]


def test_a_gradient_off_by_a_thousandth_is_refused():
    net, rng = some_net("lstm", 1)
    x, target = rng.standard_normal((6, 5, 2)), rng.standard_normal((5, 1))
    loss = partial(nets.loss, net, x, target, error=nets.squared_error)
    gradient = loss()[1]
    assert_gradient(lambda: loss()[0], net, gradient)
    with pytest.raises(AssertionError, match="off by"):
        assert_gradient(lambda: loss()[0], net, gradient._replace(W=1.001 * gradient.W))


def test_the_activation_is_the_callers():
    net, rng = some_net("tanh", 1)
    x = rng.standard_normal((6, 5, 2))
    assert not np.allclose(nets.output(net, x), nets.output(net, x, phi="relu"))


# -- encoder and decoder ------------------------------------------------------------------------------------------------------

SOURCE = np.array([[-1, 3], [2, 1], [4, 0]])
TARGET = np.array([[1, 5], [0, 2], [-1, 0]])


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", CELLS)
def test_the_gradient_of_the_encoder_decoder_is_the_finite_difference(kind, layers):
    net = nets.init_encoder_decoder(np.random.default_rng(0), 5, 6, 3, layers=layers, cell=CELLS[kind])
    gradient = nets.translation_loss(net, SOURCE, TARGET)[1]
    assert_gradient(lambda: nets.translation_loss(net, SOURCE, TARGET)[0], net, gradient)
    with pytest.raises(AssertionError, match="off by"):
        wrong = gradient.encoder[0]._replace(W_h=1.001 * gradient.encoder[0].W_h)
        assert_gradient(
            lambda: nets.translation_loss(net, SOURCE, TARGET)[0], net, gradient._replace(encoder=(wrong, *gradient.encoder[1:]))
        )


def test_padding_in_front_of_the_source_is_a_step_without_a_word():
    net = nets.init_encoder_decoder(np.random.default_rng(0), 5, 6, 3, layers=1, cell=cells.init_rnn)
    plain = nets.translation_loss(net, SOURCE[1:, :1], TARGET[:, :1])[0]
    assert nets.translation_loss(net, SOURCE[:, :1], TARGET[:, :1])[0] == pytest.approx(plain)  # biases are 0: nothing happens


def test_a_trained_net_writes_what_it_was_taught():
    """Six sentences by heart, and then written without being told: each word, then END, then nothing."""
    rng = np.random.default_rng(0)
    source = rng.integers(1, 7, (4, 6))
    target = np.vstack([source[::-1], np.zeros((1, 6), int)])
    target[3:, 0] = 0, -1  # one sentence is shorter
    net = nets.init_encoder_decoder(rng, 7, 7, 24, layers=2, dtype=np.float32)
    batches = [(source, target)] * 250
    run = train.fit(lambda p, batch: nets.translation_loss(p, *batch), net, batches, train.adam(0.02), clip=1.0)
    assert run.losses[-1] < 0.02
    assert (nets.translate(run.params, source, 6) == np.vstack([target, np.full((1, 6), -1)])).all()


# -- bad input ----------------------------------------------------------------------------------------------------------------

ED = nets.init_encoder_decoder(np.random.default_rng(0), 5, 6, 3)
NET, _ = some_net("tanh", 3)
X = np.ones((4, 2, 2))
BAD = {
    "target shape": (
        lambda: nets.loss(NET, X, np.ones(2), error=nets.squared_error),
        r"target has shape \(2,\); it needs \(B = 2, K = 3\)",
    ),
    "label shape": (
        lambda: nets.loss(NET, X, np.ones(3, int), error=nets.cross_entropy),
        r"labels has shape \(3,\); it needs \(2,\)",
    ),
    "labels not whole": (
        lambda: nets.cross_entropy(np.ones((2, 3)), np.array([0.5, 1])),
        "labels must be whole numbers, not float64",
    ),
    "label too large": (
        lambda: nets.cross_entropy(np.ones((2, 3)), np.array([0, 3])),
        r"labels must lie in -1 ... 2; there is 3",
    ),
    "label too small": (
        lambda: nets.cross_entropy(np.ones((2, 3)), np.array([0, -2])),
        r"labels must lie in -1 ... 2; there is -2",
    ),
    "only padding": (lambda: nets.cross_entropy(np.ones((2, 3)), np.array([-1, -1])), "nothing to learn from"),
    "source word": (lambda: nets.translation_loss(ED, SOURCE + 1, TARGET), "source must lie in -1 ... 4; there is 5"),
    "source flat": (lambda: nets.translate(ED, SOURCE[0], 3), r"source has shape \(2,\); it needs \(T, B\)"),
    "no source": (lambda: nets.translate(ED, SOURCE[:0], 3), r"source has shape \(0, 2\); it needs \(T, B\)"),
    "other sentences": (
        lambda: nets.translation_loss(ED, SOURCE, TARGET[:, :1]),
        r"target has shape \(3, 1\); it needs \(T, B = 2\)",
    ),
    "no layers": (
        lambda: nets.init_encoder_decoder(np.random.default_rng(0), 5, 6, 3, layers=0),
        "layers must be a whole number >= 1",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_words(name):
    call, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        call()


# -- the next word ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CELLS)
def test_the_gradient_of_naming_each_next_word_is_the_finite_difference(kind):
    rng = np.random.default_rng(0)
    net = nets.init_net(rng, CELLS[kind](rng, 5, 4), 5, gain=1.0)
    words = rng.integers(0, 5, (7, 3))
    state = (rng.standard_normal((3, 4)), rng.standard_normal((3, 4)) if kind == "lstm" else None)
    loss, gradient, _ = nets.next_loss(net, words, state=state)
    assert loss > 0
    assert_gradient(lambda: nets.next_loss(net, words, state=state)[0], net, gradient)


@pytest.mark.parametrize("kind", CELLS)
def test_a_text_in_two_parts_costs_what_it_costs_in_one(kind):
    rng = np.random.default_rng(1)
    net = nets.init_net(rng, CELLS[kind](rng, 5, 4), 5, gain=1.0)
    words = rng.integers(0, 5, (9, 2))
    whole = nets.next_loss(net, words)
    first, _, state = nets.next_loss(net, words[:5])
    second, _, end = nets.next_loss(net, words[4:], state=state)
    assert whole[0] == pytest.approx((first + second) / 2, rel=1e-12)
    np.testing.assert_allclose(end[0], whole[2][0], rtol=1e-12)


def test_a_cold_net_writes_what_it_holds_likeliest_and_a_hot_one_anything():
    rng = np.random.default_rng(2)
    net = nets.init_net(rng, cells.init_lstm(rng, 4, 6), 4, gain=3.0)
    start = np.array([1, 2])
    cold = nets.sample(net, np.random.default_rng(0), start, 20, temperature=1e-3)
    text = list(start)
    for word in cold:
        h = cells.unroll(net.cell, np.eye(4)[np.array(text)][:, None]).h[-1, 0]
        assert word == np.argmax(h @ net.W.T + net.b)
        text.append(word)
    hot = nets.sample(net, np.random.default_rng(0), start, 4000, temperature=1e6)
    np.testing.assert_allclose(np.bincount(hot) / 4000, 0.25, atol=0.03)
    again = nets.sample(net, np.random.default_rng(0), start, 4000, temperature=1e6)
    assert (hot == again).all()


def test_what_cannot_be_continued_is_refused():
    rng = np.random.default_rng(0)
    net = nets.init_net(rng, cells.init_lstm(rng, 4, 6), 4)
    with pytest.raises(ValueError, match="temperature must be a positive number, not 0"):
        nets.sample(net, rng, [1], 3, temperature=0)
    with pytest.raises(ValueError, match=r"words must lie in -1 \.\.\. 3; there is 9"):
        nets.sample(net, rng, [9], 3)
    with pytest.raises(ValueError, match="at least two steps"):
        nets.next_loss(net, np.zeros((1, 2), int))
    with pytest.raises(ValueError, match="K must be a whole number >= 1, not 0"):
        nets.init_net(rng, net.cell, 0)


# -- what an encoder-decoder is seen to do ------------------------------------------------------------------------------------


def a_translator(layers=1, cell=cells.init_lstm):
    rng = np.random.default_rng(3)
    return nets.init_encoder_decoder(rng, 6, 5, 4, layers=layers, cell=cell), rng.integers(0, 6, 7), np.array([3, 1, 4, 0])


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_reach_is_the_finite_difference_of_a_score_by_a_word(layers, cell):
    net, source, target = a_translator(layers, cell)
    told = np.eye(5)[[nets.END, *target[:-1]]][:, None]

    def score(x, j):
        states = []
        for p in net.encoder:
            trace = cells.unroll(p, x)
            x = trace.h[1:]
            states.append({"h0": trace.h[-1]} if trace.c is None else {"h0": trace.h[-1], "c0": trace.c[-1]})
        y = told
        for p, state in zip(net.decoder, states, strict=True):
            y = cells.unroll(p, y, **state).h[1:]
        return (y[j, 0] @ net.W.T + net.b)[target[j]]

    found = nets.input_gradients(net, source, target)
    assert found.shape == (4, 7)
    x = np.eye(6)[source][:, None]
    for j, i in ((0, 0), (0, 6), (2, 3), (3, 0)):
        slopes = []
        for d in range(6):
            ends = []
            for step in (1e-5, -1e-5):
                moved = x.copy()
                moved[i, 0, d] += step
                ends.append(score(moved, j))
            slopes.append((ends[0] - ends[1]) / 2e-5)
        assert found[j, i] == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def test_guesses_and_probabilities_are_what_the_loss_is_about():
    net, source, target = a_translator()
    guessed = nets.predictions(net, source[:, None], target[:, None])
    assert guessed.shape == (4, 1)
    padded = np.append(target, nets.PAD)[:, None]
    p = nets.probabilities(net, source[:, None], padded)
    assert p[4, 0] == 0
    assert -np.log(p[:4]).mean() == pytest.approx(nets.translation_loss(net, source[:, None], padded)[0], rel=1e-12)
