"""A sealed exercise says what the open one says, word for word, to any answer; and its text says nothing to a reader."""

from base64 import b64decode

import numpy as np
import pytest

from lecturelib import check
from lecturelib.probes import Exercise, floats, number, together
from lecturelib.sealed import Sealed, seal

SEALED = {name: Sealed(exercise.probe, seal(exercise)) for name, exercise in check.EXERCISES.items()}
each_exercise = pytest.mark.parametrize("name", check.EXERCISES)


def known(name):
    exercise = check.EXERCISES[name]
    return [exercise.known(k) for k in range(len(exercise.slips) + 1)]


def same(name, got):
    """The reply to these numbers, which both give."""
    open_one, sealed = check.EXERCISES[name], SEALED[name]
    assert sealed.reply(got) == open_one.reply(got)
    words = "" if hasattr(open_one.probe, "place") else "this"
    assert check._judged(sealed, got, words) == check._judged(open_one, got, words)
    return sealed.reply(got)


@each_exercise
def test_the_truth_and_each_slip_get_their_own_words(name):
    exercise, (truth, *slips) = check.EXERCISES[name], known(name)
    assert same(name, truth) == (True, exercise.praise)
    for got, (_, hint) in zip(slips, exercise.slips, strict=True):
        assert same(name, got) == (False, hint)


@each_exercise
def test_the_border_of_rounding_is_where_it_was(name):
    """All numbers, or one that counts, moved up or down by a little less and a little more than what passes for rounding."""
    for k, numbers in enumerate(known(name)):
        part = check.EXERCISES[name].part(k)
        one = np.arange(numbers.size) == (part.start + part.stop) // 2
        for moved in (np.ones(numbers.size), one):
            for way in (1, -1):
                near, far = (numbers + way * part * moved * (1e-12 + 1e-5 * abs(numbers)) for part in (0.999, 1.001))
                said = same(name, numbers)
                assert same(name, near) == said is not None
                assert same(name, far) != said  # in a dictionary another name may still hold a slip


@each_exercise
def test_wrong_numbers_get_the_same_words(name):
    rng, truth = np.random.default_rng(0), known(name)[0]
    for k in range(truth.size):  # wrong in one place, which a function is told
        got = truth.copy()
        got[k] += rng.choice([-1, 1]) * 10.0 ** rng.uniform(-4, 3) * (1 + abs(got[k]))
        same(name, got)
    for got in (rng.normal(0, 3, truth.size), rng.integers(-3, 4, truth.size).astype(float), truth[::-1], -truth, 0 * truth):
        same(name, got)


@each_exercise
def test_an_answer_a_thousandth_off_is_refused(name):
    truth = known(name)[0]
    assert SEALED[name].reply(1.001 * truth + 1e-9) is None


def test_through_check_both_say_the_same(monkeypatch):
    """Whole answers: right ones in other types, slips, wrong ones, none at all."""
    asked = {
        "exponent": [lambda w, T: np.float32(w ** (T - 1)), lambda w, T: w**T, lambda w, T: w + T, lambda w, T: w ** ..., 5],
        "fold": [0.53, -0.533, 0.6, ..., "0.5", 3],
        "signs": [(-1.0, -1, 1, 1, -1), [1, -1, 1, 1, -1], [0] * 5],
        "clip": [check.EXERCISES["clip"].truth, lambda gradient, eta: gradient, lambda gradient, eta: eta],
        "bit": [lambda t: (t == 1, 1), lambda t: (1, 1), lambda t: (0.5, 0.5)],
        "table": [dict.fromkeys(("remember", "add", "erase", "overwrite"), (np.nan, np.inf))],
    }
    said = [check.answer(name, given) for name, answers in asked.items() for given in answers]
    monkeypatch.setattr(check, "EXERCISES", SEALED)
    assert [check.answer(name, given) for name, answers in asked.items() for given in answers] == said


@each_exercise
def test_nothing_can_be_read_in_a_seal(name):
    exercise = check.EXERCISES[name]
    pieces = b"".join(map(b64decode, SEALED[name].text.split(".")))
    for text in (exercise.praise, *(hint for _, hint in exercise.slips)):
        for word in text.encode().split():
            assert len(word) < 5 or word not in pieces
    assert SEALED[name].text.isascii()


@pytest.mark.parametrize("truth", [0.0, 1e-300, 3e-13, -2e-12, 1e-7, -1.0, 1e300])
def test_numbers_of_any_size_keep_their_tolerance(truth):
    exercise = Exercise(lambda given: floats(given, (), "a number"), truth, (), "Yes.")
    sealed, unit = Sealed(exercise.probe, seal(exercise)), 1e-12 + 1e-5 * abs(truth)
    for part, reply in ((0, (True, "Yes.")), (0.999, (True, "Yes.")), (1.001, None), (3, None)):
        for way in (1, -1):
            got = np.array([truth + way * part * unit])
            assert sealed.reply(got) == exercise.reply(got) == reply


def test_other_texts_another_salt():
    one, other = (seal(Exercise(number(0, 1), 0.5, (), praise)).split(".") for praise in ("Yes.", "Yes!"))
    assert one[0] != other[0] and one[-1] != other[-1]
    assert one[2] == other[2], "the sketch says nothing of the text"


def test_sealed_exercises_are_put_together_as_open_ones_are():
    assert together({"fold": SEALED["fold"]}, {"basin": SEALED["basin"]}) == {name: SEALED[name] for name in ("fold", "basin")}


@pytest.mark.parametrize(("probe", "text"), [(5, ""), (number(0, 1), None)])
def test_what_is_no_seal_is_refused(probe, text):
    with pytest.raises(ValueError, match="its probe and a text"):
        Sealed(probe, text)
