"""What an exercise is, and the probes that turn answers into numbers: the answer, the truth and each slip go through the same."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Exercise:
    """`probe` maps an answer to numbers, raising ValueError with a hint for an answer of the wrong kind.

    `slips` are pairs (wrong answer, hint). `praise` is what to say when the answer is right: one thing to take along.
    """

    probe: Callable[[Any], Any]
    truth: Any
    slips: tuple
    praise: str


def together(*parts):
    """The exercises of all `parts`, by name. ValueError: two of them have the same name."""
    names = [name for part in parts for name in part]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"each exercise needs a name of its own; used twice: {', '.join(twice)}")
    return {name: exercise for part in parts for name, exercise in part.items()}


def number(lo, hi):
    """A number from `lo` to `hi`."""

    def probe(given):
        if isinstance(given, bool) or not isinstance(given, Real) or not lo <= given <= hi:
            raise ValueError(f"the answer is a number from {lo:g} to {hi:g}, not {given!r}")
        return float(given)

    return probe


def called(cases, like):
    """A function: call it on each of `cases`; each result must be numbers of the shape `like(*case)` has."""

    def probe(given):
        if not callable(given):
            raise ValueError(f"the answer is a function, not {given!r}")
        results = []
        for case in cases:
            result = given(*case)
            if any(part is ... for part in (result if isinstance(result, tuple) else (result,))):
                raise NotImplementedError
            try:
                result = np.asarray(result, dtype=float)
            except (TypeError, ValueError):
                raise ValueError(f"your function must return numbers; it returned {result!r}") from None
            if result.shape != like(*case):
                raise ValueError(f"your function returned shape {result.shape}; it needs {like(*case)}")
            results.append(result.ravel())
        return np.concatenate(results)

    return probe


def signs(count):
    """A list of `count` signs, each -1 or 1."""

    def probe(given):
        if not isinstance(given, list | tuple) or len(given) != count or not all(g in (-1, 1) for g in given):
            raise ValueError(f"the answer is a list of {count} signs, each -1 or 1, not {given!r}")
        return list(given)

    return probe
