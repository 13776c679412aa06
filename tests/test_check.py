"""Every exercise knows its right answer, names each catalogued slip, and never breaks on what a student may type."""

import numpy as np
import pytest

from lecturelib import check
from lecturelib.exercises.probes import together

each_exercise = pytest.mark.parametrize("name", check.EXERCISES)
SLIPS = [(name, number) for name, exercise in check.EXERCISES.items() for number in range(len(exercise.slips))]


def broken(*arguments):
    raise RuntimeError("not my day")


# What a hurried hand puts where the dots were: none of it may end in a traceback.
ODD = {
    "text": "w^(T-1)",
    "nothing": None,
    "empty list": [],
    "nested": [[1, 2], [3]],
    "nan": float("nan"),
    "infinite": float("inf"),
    "huge": 10**400,
    "complex": 1j,
    "true": True,
    "dictionary": {"w": 1.1},
    "class": dict,
    "any object": object(),
    "array": np.ones((3, 3)),
    "array of objects": np.array([None, "x"], dtype=object),
    "function that raises": broken,
    "function of nothing": lambda: 1.0,
    "function that returns nothing": lambda *arguments: None,
    "function that returns text": lambda *arguments: "big",
    "function that returns nan": lambda *arguments: float("nan"),
    "function that divides by zero": lambda *arguments: 1 / 0,
    "function that overflows": lambda *arguments: 10.0 ** (10**6),
    "function of the wrong shape": lambda *arguments: np.ones((2, 3, 4)),
}


@each_exercise
def test_the_truth_is_right(name):
    verdict = check.answer(name, check.EXERCISES[name].truth)
    assert verdict.right is True
    assert verdict.text.startswith("Right")


@each_exercise
def test_there_are_slips_and_their_hints_differ(name):
    hints = [hint for _, hint in check.EXERCISES[name].slips]
    assert len(hints) >= 2
    assert len(set(hints)) == len(hints)
    assert all(hint.strip() for hint in hints)


@pytest.mark.parametrize(("name", "number"), SLIPS, ids=[f"{name}-{number}" for name, number in SLIPS])
def test_a_slip_gets_its_own_hint(name, number):
    wrong, hint = check.EXERCISES[name].slips[number]
    verdict = check.answer(name, wrong)
    assert verdict.right is False
    assert hint in verdict.text
    others = [other for _, other in check.EXERCISES[name].slips if other != hint]
    assert not [other for other in others if other in verdict.text]


@each_exercise
def test_untouched_is_not_an_answer(name):
    verdict = check.answer(name, ...)
    assert not verdict.right
    assert verdict.text == repr(verdict) == "not attempted yet"


@each_exercise
@pytest.mark.parametrize("given", ODD.values(), ids=ODD.keys())
def test_an_answer_of_the_wrong_kind_gets_a_sentence(name, given):
    verdict = check.answer(name, given)
    assert verdict.right is False
    assert len(verdict.text.split()) >= 4


@each_exercise
def test_a_wrong_answer_that_no_one_foresaw_is_not_right(name):
    number, signs = 0.123456, [1, 1, 1, 1, 1]
    for given in (number, signs, lambda *arguments: np.full(np.shape(arguments[-1]), number)):
        assert check.answer(name, given).right is False


@pytest.mark.parametrize(
    ("name", "near", "slip"),
    [
        ("forget-bias", 0.5 ** (1 / 99), 0.993),
        ("forget-bias", -4.96, -4.958),
        ("bias-200", 0.5 ** (1 / 199), 0.9965),
        ("reader-length", 21.85, np.log(0.1) / np.log(0.9)),
    ],
)
def test_a_slip_may_be_rounded(name, near, slip):
    said = check.answer(name, near)
    assert said.right is False
    assert said.text == check.answer(name, slip).text
    assert "no common slip" not in said.text


def test_two_exercises_cannot_share_a_name():
    one = {"length": check.EXERCISES["length"]}
    assert together(one, {}) == one
    with pytest.raises(ValueError, match="used twice: length"):
        together(one, {"gaps": check.EXERCISES["gaps"]}, one)


def test_an_unknown_exercise_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="exponnent") as caught:
        check.answer("exponnent", 1)
    assert all(name in str(caught.value) for name in check.EXERCISES)
