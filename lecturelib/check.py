"""Compare a student's answer with the truth, and name the likely slip.

    check.answer("exponent", mine)

An exercise is a truth and a catalogue of slips. The answer, the truth and each slip go through the same probe, which turns them
into numbers: a function is called on seeded inputs, a number is taken as it is. What equals the truth is right; what equals a
slip gets that slip's hint.
"""

from dataclasses import dataclass

import numpy as np

from lecturelib.exercises import EXERCISES
from lecturelib.exercises.networks import NORMS

__all__ = ["EXERCISES", "NORMS", "Verdict", "answer"]


@dataclass(frozen=True)
class Verdict:
    """What to say to the student; `right` is None while nothing was attempted. A cell shows the text."""

    right: bool | None
    text: str

    def __repr__(self):
        return self.text


def answer(name, given):
    """Judge `given` as an answer to exercise `name`; `...` (the untouched skeleton) is 'not attempted yet'.

    Returns a Verdict. Raises ValueError for a name that is not in EXERCISES; a wrong answer never raises.
    """
    if name not in EXERCISES:
        raise ValueError(f"there is no exercise {name!r}; there are {', '.join(EXERCISES)}")
    exercise = EXERCISES[name]
    if given is ...:
        return Verdict(None, "not attempted yet")
    try:
        with np.errstate(all="ignore"):
            got = _numbers(exercise.probe(given))
    except NotImplementedError:
        return Verdict(None, "not attempted yet")
    except ValueError as error:
        return Verdict(False, f"Not yet: {error}")
    except Exception as error:
        if "ellipsis" in str(error):  # the three dots of the skeleton met an operator
            return Verdict(None, "not attempted yet")
        # the student's own code: whatever it raises is for the student to read
        return Verdict(False, f"Not yet: your code raised {type(error).__name__}: {error}")
    if _same(got, exercise.probe(exercise.truth)):
        return Verdict(True, f"Right. {exercise.praise}")
    for slip, hint in exercise.slips:
        if _same(got, exercise.probe(slip)):
            return Verdict(False, f"Not yet: {hint}")
    shown = ", ".join(f"{x:.4g}" for x in got[:3])
    return Verdict(
        False,
        f"Not yet: {shown}{' ...' if len(got) > 3 else ''} is not it, and no common slip gives it. Try a small case by hand.",
    )


def _numbers(values):
    flat = np.ravel(np.asarray(values, dtype=float))
    if not np.isfinite(flat).all():
        raise ValueError("your answer has a value that is not finite")
    return flat


def _same(got, expected):
    expected = np.ravel(np.asarray(expected, dtype=float))
    return got.shape == expected.shape and np.allclose(got, expected, rtol=1e-6, atol=1e-300)
