"""`check.answer` says a sentence about any answer, whatever it is and does, and changes nothing for the next one."""

import cProfile
import itertools
import sys
import threading
from dataclasses import FrozenInstanceError
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from lecturelib import check
from lecturelib.probes import Called, Exercise, Named, number, shown, signs, together

each_exercise = pytest.mark.parametrize("name", check.EXERCISES)


def raises(error):
    def given(*arguments):
        raise error

    return given


class Broken:
    """Every question that can be asked of an object is answered by an exception of this type."""

    def __init__(self, error):
        self.error = error

    def fail(self, *arguments, **more):
        raise object.__getattribute__(self, "error")("not my day")

    __repr__ = __str__ = __array__ = __eq__ = __lt__ = __le__ = __gt__ = __len__ = __iter__ = fail
    __getitem__ = __float__ = __bool__ = __call__ = __format__ = __hash__ = __getattr__ = __deepcopy__ = fail


class NoText(Exception):
    def __str__(self):
        raise SystemExit("no text")


class BadFloat(float):
    def __format__(self, how):
        raise RuntimeError("cannot be written")

    __repr__ = __float__ = __format__


class Liar(list):
    def __len__(self):
        return 10**12

    def __iter__(self):
        return itertools.repeat(1.0)


def knotted():
    knot = []
    knot.append(knot)
    return knot


def deep(*arguments):
    return deep(*arguments)


def emptying(*arguments):
    for a in arguments:
        while a:
            a.pop(0)
    return 1.0


def zeroing(*arguments):
    for a in arguments:
        for part in a if isinstance(a, list) else [a]:
            if isinstance(part, np.ndarray):
                part.fill(0)
    return arguments[0]


def reshaping(*arguments):
    for a in arguments:
        if isinstance(a, np.ndarray):
            a.shape = (*a.shape, 1)
            a.flags.writeable = False
    return 1.0


def generates(*arguments):
    yield 1.0


# What a hurried or a playful hand puts where the dots were: none of it may end in a traceback.
ODD = {
    "text": "w^(T-1)",
    "text of a number": "19",
    "nothing": None,
    "empty list": [],
    "nested": [[1, 2], [3]],
    "knotted list": knotted(),
    "nan": float("nan"),
    "infinite": float("inf"),
    "huge": 10**400,
    "too huge to write": 10**5000,
    "huge fraction": Fraction(10**400),
    "decimal nan": Decimal("nan"),
    "signalling nan": Decimal("snan"),
    "complex": 1j,
    "complex without an imaginary part": 19 + 0j,
    "true": True,
    "dictionary": {"w": 1.1},
    "set": {1, 2},
    "class": dict,
    "type": type,
    "module": np,
    "any object": object(),
    "array": np.ones((3, 3)),
    "one number in an array": np.array([19.0]),
    "array of objects": np.array([None, "x"], dtype=object),
    "array of texts": np.array(["19"] * 5),
    "dates": np.array(["2020-01-01"], "M8[D]"),
    "records": np.zeros(5, [("a", float)]),
    "endless array": np.broadcast_to(1.0, (10**9, 10**9)),
    "range": range(10**12),
    "generator": (x for x in [1]),
    "print": print,
    "liar": Liar(),
    "float that cannot be written": BadFloat(0.77),
    "broken": Broken(RuntimeError),
    "broken by an exit": Broken(SystemExit),
    "broken by a value": Broken(ValueError),
    "broken by a type": Broken(TypeError),
    "table of broken things": dict.fromkeys(("remember", "add", "erase", "overwrite"), Broken(RuntimeError)),
    "table of texts": dict.fromkeys(("remember", "add", "erase", "overwrite"), ("0", "1")),
    "table of nothing": dict.fromkeys(("remember", "add", "erase", "overwrite")),
    "function of nothing": lambda: 1.0,
    "function that returns nothing": lambda *arguments: None,
    "function that returns text": lambda *arguments: "1.0",
    "function that returns nan": lambda *arguments: float("nan"),
    "function that returns a complex number": lambda *arguments: 1j,
    "function that returns a lambda": lambda *arguments: deep,
    "function that returns a class": lambda *arguments: float,
    "function that returns huge numbers": lambda *arguments: 10**400,
    "function that returns an endless array": lambda *arguments: np.broadcast_to(1.0, (10**9, 10**9)),
    "function that returns a range": lambda *arguments: range(10**12),
    "function that returns ranges": lambda *arguments: (range(10**12), range(10**12)),
    "function that returns a huge list": lambda *arguments: [0.0] * 10**4,
    "function that returns a knot": lambda *arguments: knotted(),
    "function that returns something broken": lambda *arguments: Broken(RuntimeError),
    "function that returns something that exits": lambda *arguments: Broken(SystemExit),
    "function that returns its inputs": lambda *arguments: arguments,
    "function that divides by zero": lambda *arguments: 1 / 0,
    "function that overflows": lambda *arguments: 10.0 ** (10**6),
    "function that asks for too much": lambda *arguments: np.ones(10**15),
    "function of the wrong shape": lambda *arguments: np.ones((2, 3, 4)),
    "function that never returns from itself": deep,
    "function that empties its inputs": emptying,
    "function that zeroes its inputs": zeroing,
    "function that reshapes its inputs": reshaping,
    "function that makes numpy raise": lambda *arguments: np.seterr(all="raise") and 0.0,
    "generator function": generates,
    "raises": raises(RuntimeError("not my day")),
    "raises an error of values": raises(ValueError()),
    "raises what cannot be told": raises(NoText()),
    "raises a long text": raises(KeyError("x" * 10**5)),
    "raises StopIteration": raises(StopIteration()),
    "raises GeneratorExit": raises(GeneratorExit()),
    "raises an own BaseException": raises(type("Mine", (BaseException,), {})()),
    "exits": sys.exit,
    "exits with a word": raises(SystemExit("bye")),
    "is interrupted": raises(KeyboardInterrupt()),
}


@each_exercise
@pytest.mark.parametrize("what", ODD)
def test_any_answer_gets_a_sentence_and_changes_nothing(name, what):
    given = ODD[what]  # not a parameter: pytest looks at its parameters, and some of these do not like to be looked at
    before = sys.gettrace(), sys.getprofile(), np.geterr()
    verdict = check.answer(name, given)
    assert verdict.right is False
    assert verdict.text.startswith("Not yet: ")
    assert 4 <= len(verdict.text.split()) and len(verdict.text) < 700
    assert " at 0x" not in verdict.text and "\n" not in verdict.text
    assert (sys.gettrace(), sys.getprofile(), np.geterr()) == before
    assert not callable(given) or check.answer(name, check.EXERCISES[name].truth).right is True


@each_exercise
def test_untouched_is_not_an_answer(name):
    verdict = check.answer(name, ...)
    assert verdict.right is None
    assert verdict.text == repr(verdict) == "not attempted yet"


def test_a_function_that_is_announced_only_is_not_attempted():
    assert check.answer("exponent", raises(NotImplementedError())).right is None


def test_a_verdict_cannot_be_turned():
    with pytest.raises(FrozenInstanceError):
        check.answer("steps", 20).right = True


@each_exercise
def test_a_wrong_answer_that_no_one_foresaw_is_not_right(name):
    number, signs = 0.723456, [1, 1, 1, 1, 1]
    for given in (number, signs, lambda *arguments: np.full(np.shape(arguments[-1]), number)):
        assert check.answer(name, given).right is False


# -- inputs are the student's to spoil ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, exercise in check.EXERCISES.items() if isinstance(exercise.probe, Called)])
def test_each_call_gets_inputs_of_its_own(name):
    probe, kept = check.EXERCISES[name].probe, []

    def given(*arguments):
        kept.append(arguments)
        return check.EXERCISES[name].truth(*arguments)

    for _ in range(2):
        check.answer(name, given)
    arrays = [a for case in [*kept, *probe.cases] for b in case for a in (b if isinstance(b, list) else [b])]
    arrays = [a for a in arrays if isinstance(a, np.ndarray)]
    assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(arrays, 2))
    lists = [b for case in [*kept, *probe.cases] for b in case if isinstance(b, list)]
    assert len({id(b) for b in lists}) == len(lists)
    assert len(kept) == 2 * len(probe.cases)
    assert [repr(case) for case in kept] == [repr(case) for case in probe.cases] * 2


def test_zeroed_inputs_do_not_make_constants_right():
    def given(W, h, c, x):
        for a in (W, h, c, x):
            a[:] = 0
        return np.zeros_like(h), np.zeros_like(c)

    assert check.answer("lstm-step", given).right is False
    assert check.answer("lstm-step", lambda W, h, c, x: (0 * h, 0 * c)).right is False
    assert check.answer("lstm-step", check.EXERCISES["lstm-step"].truth).right is True


def test_a_result_that_is_used_again_is_copied():
    """One array for all results: what a later call writes into it must not change what an earlier one gave."""
    room = np.zeros(2)

    def given(W, b, h):
        room[:] = check.EXERCISES["basin"].truth(W, b, h)
        return room

    assert check.answer("basin", given).right is True


# -- the words ---------------------------------------------------------------------------------------------------------------

GENERIC = ", and no common slip gives it."
WRONG_NUMBERS = "; this is not right, and no common slip gives it."
CASE = " Work this case out by hand."


def swallows(*arguments):
    while True:
        try:
            sum(range(3))
        except Exception:
            pass


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("half", 0.999, "with w = 0.999 there is 0.456 of the pulse left after 784 steps; it should be 0.5."),
        ("turn", np.float64(44.5), "44.5 is not right" + GENERIC),
        ("turn", np.array(44.5), "44.5 is not right" + GENERIC),
        ("half", Fraction(1, 3), "with w = 0.333333 there is 0 of the pulse left after 784 steps; it should be 0.5."),
        ("steps", 7, "7 is not right" + GENERIC),
        ("turn", np.int64(44), "44 is not right" + GENERIC),
        ("eta", 0.5, "by the rule this is too small: half the mean is 0.9. (And it would cut usual norms, too.)"),
        ("exponent", lambda w, T: w + T, "your function gives 51.1 for (1.1, 50)" + WRONG_NUMBERS + CASE),
        (
            "exponent",
            lambda w, T: w ** (T - 1) if T < 50 else 7,
            "your function gives 7 for (1.1, 50)" + WRONG_NUMBERS + CASE,
        ),
        ("target", lambda k, T: 15 - 2 * k, "your function gives 13 for (1, 4)" + WRONG_NUMBERS + CASE),
        ("gaps", lambda T: (1, T, T), "your function gives 1, 2, 2 for 2" + WRONG_NUMBERS + CASE),
        ("basin", lambda W, b, h: -h, "your function gives -0.3, 0.8" + WRONG_NUMBERS),
        ("bit", lambda t: (0.5, 0.5), "what your function gives is not right" + GENERIC),
        ("exponent", lambda w, T: None, "your function returned nothing: is there a `return`?"),
        ("gaps", lambda T: print(end=""), "your function returned nothing: is there a `return`?"),
        ("bit", lambda t: None, "your function returned nothing: is there a `return`?"),
        ("clip", lambda gradient, eta: None, "your function returned nothing: is there a `return`?"),
        ("exponent", lambda w, T: np.nan, "your function returned a value that is not finite for (1.1, 50)"),
        ("exponent", lambda w, T: "1.1", "your function must return one number, not '1.1'"),
        ("exponent", lambda w, T: [1, 2], "your function must return one number, not [1, 2]"),
        ("exponent", lambda w, T: 1j, "your function must return one number, not 1j"),
        ("gaps", lambda T: (1, T), "your function must return 3 numbers, not (1, 2)"),
        ("clip", lambda gradient, eta: eta, "your function must return a list of 2 arrays, not 1.3"),
        ("clip", lambda g, eta: [1, 2], "your function must return a list of arrays of the same shapes as it was given, not 1"),
        ("exponent", 5, "the answer is a function, not 5"),
        ("exponent", lambda w: w, "your code raised TypeError: "),
        ("exponent", lambda w, T: np.zeros(2) @ np.zeros(3), "your code raised ValueError: matmul: "),
        ("exponent", lambda w, T: undefined, "your code raised NameError: name 'undefined' is not defined"),  # noqa: F821
        ("exponent", raises(SystemExit("bye")), "your code raised SystemExit: bye"),
        ("exponent", raises(KeyboardInterrupt()), "your code was interrupted before it had answered."),
        ("exponent", raises(NoText()), "your code raised NoText"),
        ("steps", deep, "the answer is a number from 0 to 1000, not a function"),
        ("steps", object(), "the answer is a number from 0 to 1000, not a value of type object"),
        ("steps", True, "the answer is a number from 0 to 1000, not True"),
        ("steps", 2000, "the answer is a number from 0 to 1000, not 2000"),
        ("steep-start", (2, 0), "both numbers of an initial state lie from -1 to 1; yours is (2, 0)"),
        ("steep-start", 0.5, "the answer is an initial state (h1, h2), not 0.5"),
        ("signs", [1, 0, 1, 1, 1], "the answer is a list of 5 signs, each -1 or 1, not [1, 0, 1, 1, 1]"),
        ("bit", lambda t: (2, 0), "a gate lies between 0, shut, and 1, open"),
    ],
)
def test_what_is_said(name, given, said):
    verdict = check.answer(name, given)
    assert verdict.right is False
    assert verdict.text.startswith(f"Not yet: {said}")
    assert verdict.text == f"Not yet: {said}" or said.endswith(": ")


@pytest.mark.parametrize(
    "name, given, advice",
    [
        ("exponent", lambda w, T: w ^ (T - 1), ". In Python a power is written **."),
        (
            "clip",
            lambda gradient, eta: np.linalg.norm(np.array(gradient)),
            ". These arrays differ in shape: take them one by one.",
        ),
        ("lstm-step", lambda W, h, c, x: sigma(W), "Write it yourself: 1 / (1 + np.exp(-z))."),  # noqa: F821
    ],
)
def test_a_message_that_does_not_name_the_slip_is_followed_by_advice(name, given, advice):
    said = check.answer(name, given).text
    assert said.startswith("Not yet: your code raised ") and advice in said


@pytest.mark.parametrize(
    ("name", "near", "slip"),
    [
        ("bias-200", 0.5 ** (1 / 199), 0.9965),
        ("reader-length", 21.85, np.log(0.1) / np.log(0.9)),
    ],
)
def test_a_slip_may_be_rounded(name, near, slip):
    said = check.answer(name, near)
    assert said.right is False
    assert said.text == check.answer(name, slip).text
    assert "no common slip" not in said.text


# -- loops that never end ----------------------------------------------------------------------------------------------------


def on_one_line(*arguments):
    while True: pass  # fmt: skip # noqa: E701


def in_a_generator(*arguments):
    return sum(1 for _ in itertools.count())


def in_callbacks(*arguments):
    return sum(iter(lambda: 0, 1))


def in_numpy(*arguments):
    return np.fromiter((0 for _ in itertools.count()), float)


def within_another_answer(*arguments):
    check.answer("exponent", on_one_line)
    return on_one_line()


def caught_at_the_end(*arguments):
    try:
        on_one_line()
    except BaseException:
        return arguments[0] ** (arguments[1] - 1)


def caught_again_and_again(*arguments):
    for _ in range(1000):
        caught_at_the_end(*arguments)
    return on_one_line()


class Slow:
    """The loop is in what the answer is, not in what it does when it is called."""

    __repr__ = __array__ = on_one_line


ENDLESS = [
    on_one_line,
    swallows,
    in_a_generator,
    in_callbacks,
    in_numpy,
    within_another_answer,
    caught_at_the_end,
    caught_again_and_again,
    Slow(),
    lambda *_: Slow(),
]


@pytest.fixture
def events(monkeypatch):
    """Time that passes only when the clock is read, so that the limit is a number of looks at it, and no test hangs on speed."""
    monkeypatch.setattr(check, "monotonic", itertools.count().__next__)
    monkeypatch.setattr(check, "SECONDS", 2000)


STOPPED = "Not yet: your code was stopped after 2000 seconds. Is there a loop that never ends?"


@pytest.mark.parametrize("given", ENDLESS, ids=lambda given: getattr(given, "__name__", type(given).__name__))
def test_an_endless_loop_is_ended(events, given):
    assert check.answer("exponent", given) == check.Verdict(False, STOPPED)


def test_an_endless_loop_is_ended_in_any_thread(events):
    said = []
    threads = [threading.Thread(target=lambda: said.append(check.answer("steps", Slow())), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [check.Verdict(False, STOPPED)] * 2


@pytest.mark.parametrize(
    "given", [on_one_line, caught_again_and_again, lambda w, T: 0.0, raises(SystemExit()), lambda w, T: sys.settrace(None)]
)
def test_who_traced_before_traces_again(events, given):
    def mine(frame, event, argument):
        return None

    before = sys.gettrace(), sys.getprofile()
    sys.settrace(mine)
    sys.setprofile(mine)
    try:
        check.answer("exponent", given)
        after = sys.gettrace(), sys.getprofile()
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
    assert after == (mine, mine)


@each_exercise
def test_a_right_answer_needs_a_small_part_of_the_time(monkeypatch, name):
    """Of looks at the clock: an answer that needs 20,000 lines takes a twentieth of a second on any machine."""
    looks = itertools.count()
    monkeypatch.setattr(check, "monotonic", lambda: next(looks) * 0)
    assert check.answer(name, check.EXERCISES[name].truth).right is True
    assert next(looks) < 300_000


# -- what a teacher may get wrong --------------------------------------------------------------------------------------------


def test_an_unknown_exercise_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="exponnent") as caught:
        check.answer("exponnent", 1)
    assert all(name in str(caught.value) for name in check.EXERCISES)


@pytest.mark.parametrize("name", [None, 5, [], ["exponent"], {}, deep, b"exponent", ..., np.ones(3), "broken"])
def test_a_name_is_text(name):
    name = ODD["broken"] if isinstance(name, str) else name
    with pytest.raises(ValueError, match="the name of the exercise in quotes"):
        check.answer(name, 1)


def test_two_exercises_cannot_share_a_name():
    one = {"length": check.EXERCISES["length"]}
    assert together(one, {}) == one
    with pytest.raises(ValueError, match="used twice: length"):
        together(one, {"gaps": check.EXERCISES["gaps"]}, one)


HALF = number(0, 1)


def test_of_a_dictionary_the_first_wrong_name_is_told():
    """Two slips at once, in another order than the skeleton's, get the first one's hint; what is no slip, its name."""
    left = {"gates": 0.99, "identity": 1, "reverse": 1, "clip": 0.5**10}
    assert check.answer("remedies", left).text == "Not yet: one factor is left on the first word's way, not none."
    assert check.answer("remedies", left | {"reverse": 7, "gates": 7}).text.startswith("Not yet: what you have for 'reverse' is")
    assert "There are ten of them" in check.answer("remedies", left | {"reverse": 0.5}).text
    assert check.answer("remedies", left | {"reverse": 0.5, "gates": 0.904}).right
    assert check.answer("remedies", left | {"clip": ...}).right is None
    assert "for each of clip, reverse, identity, gates, not" in check.answer("remedies", {"clip": 1}).text
    assert "each answer is a number" in check.answer("remedies", left | {"clip": "small"}).text


WRONG = {
    "a list of exercises": (lambda: together([check.EXERCISES["gaps"]]), "a dict from names to exercises"),
    "no exercise": (lambda: together({"gaps": 5}), "a dict from names to exercises"),
    "a name that is no text": (lambda: together({5: check.EXERCISES["gaps"]}), "a dict from names to exercises"),
    "nothing": (lambda: together(None), "a dict from names to exercises, not None"),
    "a probe that is none": (lambda: Exercise(5, 0.5, (), ""), "probe is a function of the answer, not 5"),
    "slips as a list": (lambda: Exercise(HALF, 0.5, [(1, "no")], ""), "tuple of pairs"),
    "a slip that is no pair": (lambda: Exercise(HALF, 0.5, (1, "no"), ""), "tuple of pairs"),
    "a slip without a hint": (lambda: Exercise(HALF, 0.5, ((1, " "),), ""), "tuple of pairs"),
    "praise that is no text": (lambda: Exercise(HALF, 0.5, (), None), "praise is text, not None"),
    "no cases": (lambda: Called((), len), "tuple of tuples of arguments"),
    "cases that are no tuples": (lambda: Called((1, 2), len), "tuple of tuples of arguments"),
    "no shape": (lambda: Called(((1,),), 5), "like must be a function"),
    "no names": (lambda: Named((), (), "a number"), "tuple of texts"),
    "names as a list": (lambda: Named(["a"], (), "a number"), "tuple of texts"),
    "no interval": (lambda: number(1, 0), "no number from 1 to 0"),
    "an interval to nan": (lambda: number(0, np.nan), "no number from 0 to nan"),
    "bounds that are no numbers": (lambda: number("a", None), "bounds are numbers"),
    "no signs": (lambda: signs(0), "whole number >= 1, not 0"),
    "half a sign": (lambda: signs(2.5), "whole number >= 1, not 2.5"),
    "a place that is not there": (lambda: Called(((1,),), lambda x: ()).place(1), "there is no number 1"),
}


@pytest.mark.parametrize(("wrong", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_exercise_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (np.float32(0.1), "0.1"),
        (np.array(2), "2"),
        (5, "5"),
        ((np.float64(0.25), 1), "(0.25, 1)"),
        (np.ones(2), "array([1., 1.])"),
        (len, "<built-in function len>"),
        (deep, "a function"),
        (object(), "a value of type object"),
        ("x" * 50, "'xxxxxxxxxxxx...xxxxxxxxxxxxx'"),
    ],
)
def test_a_value_is_shown_briefly(value, text):
    assert shown(value) == text


def test_what_cannot_be_written_is_shown_by_its_type():
    assert shown(ODD["broken"]) == "a value of type Broken"
    assert shown([ODD["broken"]]) == "a value of type list"


def test_an_answer_may_be_profiled():
    name, truth = "backward", check.EXERCISES["backward"].truth
    with cProfile.Profile():
        assert check.answer(name, truth).right is True
        assert sys.getprofile() is not None
