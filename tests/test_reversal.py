"""What the functions of notebook 05 promise beyond what the notebooks' tests see."""

import numpy as np
import pytest

from lecturelib import datasets, nets, translator
from lecturelib.lectures import reversal


def test_written_backwards_each_translation_is_turned_around_up_to_its_end():
    plain = datasets.translation(10**6)[1]
    turned = reversal.written_backwards(plain).target
    for a, b in zip(plain.target.T, turned.T, strict=True):
        n = np.count_nonzero(a > 0)
        assert a[:n].tolist() == b[:n][::-1].tolist()
        assert a[n:].tolist() == b[n:].tolist()


def read_by(order, english):
    """The words as numbers, in the order in which they are read: (T, 1)."""
    return datasets.encode_words(english if order == "forward" else english[::-1], datasets.ENGLISH)[:, None]


@pytest.mark.parametrize("order", translator.ORDERS)
def test_a_swap_costs_the_mean_fall_of_a_probability(order):
    """123,456,789 has 17 words, so nothing is padded. The word that is swapped is the *three* of twenty three million."""
    swapped, net = translator.swaps("123,456,789", order), translator.stored_net(order, 1500, "LSTM")
    target = datasets.encode_words(swapped.correct, datasets.FRENCH)[:, None]
    k = swapped.places.index(swapped.read.index("three"))
    others = []
    for word in "one two four five six seven eight nine".split():
        english = [word if place == swapped.places[k] else old for place, old in enumerate(swapped.read)]
        others.append(nets.probabilities(net, read_by(order, english), target)[:, 0])
    before = nets.probabilities(net, read_by(order, swapped.read), target)[:, 0]
    np.testing.assert_allclose(swapped.p, before, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(swapped.drops[k], before - np.mean(others, axis=0), rtol=1e-4, atol=1e-6)
    assert swapped.correct[swapped.own[k]] == "trois"


@pytest.mark.parametrize("order", translator.ORDERS)
def test_what_is_lost_is_the_mean_over_the_numbers(order):
    each = [translator.swaps(line, order) for line in translator.numbers()]
    k = 5
    own, later = ([], [])
    for one in each:
        own.append(one.drops[k, one.own[k]])
        later += list(one.drops[k, one.own[k] + 1 : -1])
    found = translator.lost(order)
    assert found["own"][k] == pytest.approx(np.mean(own))
    assert found["later"][k] == pytest.approx(np.mean(later))
    assert found["had"][k] == pytest.approx(np.mean([one.p[one.own[k]] for one in each]))


@pytest.mark.parametrize("order", translator.ORDERS)
def test_words_after_a_swap_lose_nothing_if_the_writer_is_given_the_swapped_words(order):
    """By hand the *three* of twenty three million: eleven French words follow on its own, whatever it is; and all of them."""
    net, rights = translator.stored_net(order, 1500, "LSTM"), []
    for digit in (3, 1, 2, 4, 5, 6, 7, 8, 9):
        english, french = translator.in_words(f"12{digit},456,789")
        target = datasets.encode_words(french, datasets.FRENCH)[:, None]
        rights.append(nets.probabilities(net, read_by(order, english), target)[-12:-1, 0])
    swapped = translator.swaps("123,456,789", order)
    k = swapped.places.index(swapped.read.index("three"))
    by_hand = rights[0] - np.mean(rights[1:], axis=0)
    assert translator.later_words_lose("123,456,789", order)[k] == pytest.approx(by_hand.mean(), rel=1e-3, abs=1e-5)
    lost = translator.lost(order)
    assert np.abs(lost["followed"]).max() < 0.05 < 0.2 < lost["later"].min()


@pytest.mark.parametrize("order", translator.ORDERS)
def test_the_gradient_stands_at_the_english_word_whose_it_is(order):
    """Of a net that was just drawn: it is longest at the word that is read last."""
    gradient = translator.reach(order, 0)
    assert gradient.argmax() == (16 if order == "forward" else 0)
    assert np.isclose(translator.reach("forward", 0).max(), translator.reach("reversed", 0).max(), rtol=0.5)
