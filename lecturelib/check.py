"""Compare a student's answer with the truth, and name the likely slip.

    check.answer("exponent", mine)

An exercise is a truth and a catalogue of slips. The answer, the truth and each slip go through the same probe, which turns them
into numbers: a function is called on seeded inputs, a number is taken as it is. What equals the truth is right; what equals a
slip gets that slip's hint.
"""

import sys
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np

from lecturelib.lectures import (
    attractors,
    clipping,
    gradient_flow,
    identity_rnn,
    iterated_functions,
    lstm,
    reversal,
    scalar_explosion,
    start_here,
)
from lecturelib.probes import Called, Named, Unfit, Untouched, shown, together

__all__ = ["EXERCISES", "Verdict", "answer"]

LECTURES = (
    start_here, scalar_explosion, iterated_functions, attractors, clipping, reversal, identity_rnn, lstm, gradient_flow,
)  # fmt: skip
EXERCISES = together(*(lecture.EXERCISES for lecture in LECTURES))
SECONDS = 5  # for one answer; a right one needs a few hundredths of a second


@dataclass(frozen=True)
class Verdict:
    """What to say to the student; `right` is None while nothing was attempted. A cell shows the text."""

    right: bool | None
    text: str

    def __repr__(self):
        return self.text


def answer(name: str, given: Any) -> Verdict:
    """Judge `given` as an answer to exercise `name`; `...` (the untouched skeleton) is 'not attempted yet'.

    Returns a Verdict, whatever `given` is and does: what it raises becomes a sentence, and so do an endless loop and the stop
    button. ValueError: `name` is not one of EXERCISES.
    """
    if not isinstance(name, str):
        raise ValueError(f'the first argument is the name of the exercise in quotes, such as "exponent", not {shown(name)}')
    if name not in EXERCISES:
        raise ValueError(f"there is no exercise {shown(name)}; there are {', '.join(EXERCISES)}")
    with np.errstate(all="ignore"):
        try:
            tried = _in_time(SECONDS, _tried, EXERCISES[name], given)
        except TooLong:
            return Verdict(False, f"Not yet: your code was stopped after {SECONDS:g} seconds. Is there a loop that never ends?")
        return tried if isinstance(tried, Verdict) else _judged(EXERCISES[name], *tried)


ADVICE = {  # where a common slip ends in a message that does not name it
    " for ^:": "In Python a power is written **.",
    "inhomogeneous shape": "These arrays differ in shape: take them one by one.",
    "could not broadcast input array from shape": "What you assign has another shape than the place it goes to.",
    "'sigma' is not defined": "Write it yourself: 1 / (1 + np.exp(-z)).",
}


def _tried(exercise, given):
    """(numbers, words) for an answer that the probe can take, else the Verdict. All that touches `given` happens here."""
    try:
        if given is ...:
            raise Untouched
        return np.ravel(exercise.probe(given)), "" if callable(given) else shown(given)
    except (Untouched, NotImplementedError):
        return Verdict(None, "not attempted yet")
    except Unfit as error:
        return Verdict(False, f"Not yet: {error}")
    except TooLong:
        raise
    except KeyboardInterrupt:  # the stop button
        return Verdict(False, "Not yet: your code was interrupted before it had answered.")
    except BaseException as error:  # whatever the student's own code raises, SystemExit too, is for the student to read
        said = _described(error)
        advice = "".join(f". {text}" for message, text in ADVICE.items() if message in said)
        return Verdict(False, f"Not yet: your code raised {said}{advice}")


def _judged(exercise, got, words):
    """The Verdict on the numbers that the probe got, `words` being the answer itself if it is not a function."""
    if reply := exercise.reply(got):
        right, text = reply
        return Verdict(right, f"{'Right.' if right else 'Not yet:'} {text}")
    return Verdict(False, f"Not yet: {_wrong(exercise, got, words)}")


def _wrong(exercise, got, words):
    """What is wrong: of a dictionary the first name, of a function the first result with its arguments, else the answer."""
    if isinstance(exercise.probe, Named):
        _, name = exercise.probe.place(exercise.first_wrong(got))
        return f"what you have for {name!r} is not right. (Of the others nothing is said yet.)"
    if words or not isinstance(exercise.probe, Called):
        return f"{words or 'what your function gives'} is not right, and no common slip gives it."
    part, arguments = exercise.probe.place(exercise.first_wrong(got))
    numbers = ", ".join(f"{x:.4g}" for x in got[part][:6]) + (", ..." if len(got[part]) > 6 else "")
    advice = " Work this case out by hand." if arguments else ""
    return f"your function gives {numbers}{arguments}; this is not right, and no common slip gives it.{advice}"


def _described(error):
    """The type and the message of an exception, the message cut to a line or two."""
    try:
        text = " ".join(str(error).split())
    except TooLong:
        raise
    except BaseException:
        text = ""
    kind = type(error).__name__
    return f"{kind}: {text[:200]}" if text else kind


# -- an end to endless loops ------------------------------------------------------------------------------------------------


class TooLong(BaseException):
    """The time is up. Not an Exception, so that an answer's `except Exception` does not catch it."""


def _in_time(seconds, work, *arguments):
    """work(*arguments). TooLong: its Python code ran longer than this.

    A trace function looks at the clock at each line: that works in every thread, on every system, and in Pyodide, where signals
    do not. It cannot end a single long call of C code, or a loop with a bare `except:` in it. In numpy's and our own
    functions it looks only when they call something, or they would be ten times slower.
    """
    traced, profiled, end, late = sys.gettrace(), sys.getprofile(), monotonic() + seconds, False

    def watch(frame, event, argument):
        nonlocal late
        if monotonic() > end:
            late = True
            # An answer may catch TooLong and go on. Of these two, one is left when the other has raised, and sets it again.
            sys.setprofile(watch)
            sys.settrace(watch)
            raise TooLong
        if frame.f_globals.get("__name__", "").startswith(("lecturelib.", "numpy.")):
            return None
        if sys.version_info < (3, 12):  # there `while True: pass` on one line is a single line event
            frame.f_trace_opcodes = True
        return watch

    sys.settrace(watch)
    try:
        result = work(*arguments)
    finally:
        end = np.inf  # the calls below are watched too
        sys.settrace(traced)
        if sys.getprofile() is not profiled:  # what cProfile sets cannot be set again from here
            sys.setprofile(profiled if callable(profiled) else None)
    if late:  # it was caught on the way
        raise TooLong
    return result
