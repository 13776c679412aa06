"""What an exercise is, how it replies to numbers, and the probes that turn an answer into numbers.

The answer, the truth and each slip go through the same probe. A student's function may do anything with what it is given, so
each call gets inputs of its own, and what it returns is copied at once.
"""

import re
import reprlib
from collections.abc import Callable, Sized
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from types import CodeType
from typing import Any, Protocol, runtime_checkable

import numpy as np

RTOL, ATOL = 1e-5, 1e-12  # what passes for rounding


class Unfit(ValueError):
    """The answer is of the wrong kind. The message tells the student what is asked for."""


class Untouched(Exception):
    """The three dots of the skeleton are still there."""


@runtime_checkable
class Asked(Protocol):
    """What `check.answer` needs of an exercise, open or sealed.

    `probe` maps an answer to numbers. It raises Unfit for an answer of the wrong kind, Untouched for a bare skeleton.
    `reply(got)` is (True, praise) if these numbers (n,) are right, (False, hint) if they are those of a slip, else None.
    `first_wrong(got)` is an index into the numbers of the first wrong result.
    """

    @property
    def probe(self) -> Callable[[Any], Any]: ...
    def reply(self, got: np.ndarray) -> tuple[bool, str] | None: ...
    def first_wrong(self, got: np.ndarray) -> int: ...


@dataclass(frozen=True)
class Exercise:
    """An exercise with its answers in plain sight.

    `slips` are pairs (wrong answer, hint). `praise` is said of a right answer: one thing to take along. `known(k)` gives the
    numbers (n,) of the truth, k = 0, or of slip k = 1, 2, ... `hints` are the different hints in their order.
    """

    probe: Callable[[Any], Any]
    truth: Any
    slips: tuple
    praise: str
    _numbers: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self):
        if not callable(self.probe):
            raise ValueError(f"an exercise's probe is a function of the answer, not {shown(self.probe)}")
        pairs = isinstance(self.slips, tuple) and all(isinstance(slip, tuple) and len(slip) == 2 for slip in self.slips)
        if not pairs or not all(isinstance(hint, str) and hint.strip() for _, hint in self.slips):
            raise ValueError("an exercise's slips are a tuple of pairs (wrong answer, hint), the hint being text")
        if not isinstance(self.praise, str):
            raise ValueError(f"an exercise's praise is text, not {shown(self.praise)}")

    @property
    def hints(self) -> list[str]:
        return list(dict.fromkeys(hint for _, hint in self.slips))

    def known(self, k: int) -> np.ndarray:
        if k not in self._numbers:
            answer = self.slips[k - 1][0] if k else self.truth
            self._numbers[k] = np.ravel(np.asarray(self.probe(answer), dtype=float))
        return self._numbers[k]

    def part(self, k: int) -> slice:
        """Which of the numbers give slip k away: those under the one name that it gets wrong in a dictionary, else all."""
        whole = slice(0, self.known(k).size)
        if not k or not isinstance(self.probe, Named):
            return whole
        wrong = np.flatnonzero(~_close(self.known(k), self.known(0)))
        first, last = (self.probe.place(int(wrong[end]))[0] for end in (0, -1))
        return first if first == last else whole

    def reply(self, got: np.ndarray) -> tuple[bool, str] | None:
        for k, text in enumerate((self.praise, *(hint for _, hint in self.slips))):
            known, part = self.known(k), self.part(k)
            if got.shape == known.shape and _close(got[part], known[part]).all():
                return k == 0, text
        return None

    def first_wrong(self, got: np.ndarray) -> int:
        return int(np.argmin(_close(got, self.known(0))))


def _close(got, expected):
    """Equal but for rounding, number by number: an answer in float32, or added up in another order, is as right as ours."""
    return np.isclose(got, expected, rtol=RTOL, atol=ATOL)


def together(*parts: dict[str, Any]) -> dict[str, Any]:
    """The exercises of all `parts`, by name. ValueError: two have the same name, or a part is not a dict of exercises."""
    for part in parts:
        if not isinstance(part, dict) or not all(isinstance(k, str) and isinstance(e, Asked) for k, e in part.items()):
            raise ValueError(f"each part is a dict from names to exercises, not {shown(part)}")
    names = [name for part in parts for name in part]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"each exercise needs a name of its own; used twice: {', '.join(twice)}")
    return {name: exercise for part in parts for name, exercise in part.items()}


# -- what a student gave ----------------------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """`value` in a few characters; only its type where Python would write an address, or cannot write it at all."""
    kind = type(value).__name__
    if kind == "function":
        return "a function"
    try:
        plain = isinstance(value, float | np.number) or (isinstance(value, np.ndarray) and value.shape == ())
        text = f"{value.item() if hasattr(value, 'item') else value:.6g}" if plain else _SHORT.repr(value)
    except Exception:
        text = ""
    text = re.sub(r"np\.\w+\(([^()]*)\)", r"\1", " ".join(text.split()))  # np.float64(0.5) is 0.5 to a student
    return text if text and " at 0x" not in text else f"a value of type {kind}"


_SHORT = reprlib.Repr()
_SHORT.maxother = 60


def floats(value: Any, shape: tuple[int, ...], wanted: str) -> np.ndarray:
    """`value` as a new array of floats of this shape: real numbers of any type, in lists, tuples or arrays.

    Unfit, with `wanted` for its message: it has another shape, or something in it is not a real number (text, complex, None).
    Untouched: there are three dots in it.
    """
    if _has_dots(value):
        raise Untouched
    if not _fits(value, shape):
        raise Unfit(f"{wanted}, not {shown(value)}")
    try:
        array = np.asarray(value)
    except ValueError:  # lists of unequal lengths
        raise Unfit(f"{wanted}, not {shown(value)}") from None
    if array.dtype.kind not in "biufO" or array.shape != shape:
        raise Unfit(f"{wanted}, not {shown(value)}")
    if array.dtype.kind == "O" and not all(isinstance(x, Real | Decimal) for x in array.flat):
        raise Unfit(f"{wanted}, not {shown(value)}")
    try:
        return array.astype(float)
    except OverflowError:
        raise Unfit(f"{wanted}, not {shown(value)}") from None


def _fits(value, shape):
    """Whether lists and tuples have the lengths of `shape`; arrays come later. Call it before numpy copies a long range."""
    if hasattr(value, "__array__") or not isinstance(value, Sized):
        return True
    if not shape or len(value) != shape[0]:
        return False
    return all(_fits(part, shape[1:]) for part in value) if isinstance(value, list | tuple) else True


def _has_dots(value, depth=3):
    if value is ...:
        return True
    parts = value.values() if type(value) is dict else value if type(value) in (list, tuple) else ()
    return depth > 0 and any(_has_dots(part, depth - 1) for part in parts)


def _is_skeleton(function):
    """Whether three dots occur as a value in the function's code."""
    code = getattr(function, "__code__", None)
    return isinstance(code, CodeType) and any(constant is ... for constant in code.co_consts)


# -- probes -----------------------------------------------------------------------------------------------------------------


def number(lo: float, hi: float) -> Callable[[Any], float]:
    """A probe for a number from `lo` to `hi`. ValueError: a bound is not a number, or lo > hi."""
    if not isinstance(lo, Real) or not isinstance(hi, Real):
        raise ValueError(f"the bounds are numbers, not {shown(lo)} and {shown(hi)}")
    if not lo <= hi:
        raise ValueError(f"there is no number from {lo!r} to {hi!r}")
    wanted = f"the answer is a number from {lo:g} to {hi:g}"

    def probe(given):
        value = float(floats(given, (), wanted))
        if isinstance(given, bool | np.bool_) or not lo <= value <= hi:
            raise Unfit(f"{wanted}, not {shown(given)}")
        return value

    return probe


def signs(count: int) -> Callable[[Any], np.ndarray]:
    """A probe for a list, tuple or array of `count` signs, each -1 or 1. ValueError: `count` is not a whole number >= 1."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"count must be a whole number >= 1, not {shown(count)}")
    wanted = f"the answer is a list of {count} signs, each -1 or 1"

    def probe(given):
        values = floats(given, (count,), wanted)
        if not np.isin(values, (-1, 1)).all():
            raise Unfit(f"{wanted}, not {shown(given)}")
        return values

    return probe


@dataclass(frozen=True, eq=False)
class Called:
    """A probe for a function, which is called with the arguments of each case.

    Each result is to be numbers of the shape `like(*case)`, or a list of arrays if `like` gives a list of shapes.
    ValueError: there are no cases, or one of them is not a tuple.
    """

    cases: tuple
    like: Callable

    def __post_init__(self):
        if not isinstance(self.cases, tuple) or not self.cases or not all(isinstance(case, tuple) for case in self.cases):
            raise ValueError(f"the cases of a function are a tuple of tuples of arguments, not {shown(self.cases)}")
        if not callable(self.like):
            raise ValueError(f"like must be a function of the arguments that gives a shape, not {shown(self.like)}")

    def __call__(self, given: Any) -> np.ndarray:
        if not callable(given):
            raise Unfit(f"the answer is a function, not {shown(given)}")
        return np.concatenate([self._result(given, case) for case in self.cases])

    def _result(self, given, case):
        try:
            result = given(*_fresh(case))
        except TypeError:
            if _is_skeleton(given):  # it computed with the three dots, such as `h[t] = ...`
                raise Untouched from None
            raise
        if result is None:
            raise Unfit("your function returned nothing: is there a `return`?")
        shape = self.like(*case)
        if not isinstance(shape, list):
            values = floats(result, shape, f"your function must return {_many(shape)}").ravel()
        elif isinstance(result, list | tuple | np.ndarray) and len(result) == len(shape):
            wanted = "your function must return a list of arrays of the same shapes as it was given"
            values = np.concatenate([floats(part, s, wanted).ravel() for part, s in zip(result, shape, strict=True)])
        elif _has_dots(result):
            raise Untouched
        else:
            raise Unfit(f"your function must return a list of {len(shape)} arrays, not {shown(result)}")
        if not np.isfinite(values).all():
            raise Unfit(f"your function returned a value that is not finite{_for(case)}")
        return values

    def place(self, k: int) -> tuple[slice, str]:
        """Where number `k` of all results is: (the slice of its call's result, " for " and the arguments of that call).

        The second is "" where the arguments are too long to read.
        """
        start = 0
        for case in self.cases:
            shapes = self.like(*case)
            end = start + sum(int(np.prod(shape)) for shape in (shapes if isinstance(shapes, list) else [shapes]))
            if k < end:
                return slice(start, end), _for(case)
            start = end
        raise ValueError(f"the results have {start} numbers; there is no number {k}")


def _fresh(part):
    """A deep copy of numbers, arrays, and lists and tuples of them."""
    if isinstance(part, np.ndarray):
        return part.copy()
    return type(part)(_fresh(p) for p in part) if isinstance(part, list | tuple) else part


def _many(shape):
    return "one number" if shape == () else f"{shape[0]} numbers" if len(shape) == 1 else f"numbers of shape {shape}"


def _for(case):
    """The arguments of a call, as in " for (1.1, 50)"; nothing if there are arrays among them."""
    text = repr(case if len(case) > 1 else case[0])
    return f" for {text}" if "array" not in text else ""


@dataclass(frozen=True, eq=False)
class Named:
    """A probe for a dictionary that has numbers of one shape under each of `names`; `asked` says what each of them is.

    Numbers are rounded to `digits`. ValueError: there are no names.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]
    asked: str
    digits: int = 12

    def __post_init__(self):
        if not isinstance(self.names, tuple) or not self.names:
            raise ValueError(f"the names of a dictionary are a tuple of texts, not {shown(self.names)}")

    def __call__(self, given: Any) -> np.ndarray:
        if not isinstance(given, dict) or set(given) != set(self.names):
            raise Unfit(f"the answer is a dictionary with {self.asked} for each of {', '.join(self.names)}, not {shown(given)}")
        if any(part is ... for part in given.values()):
            raise Untouched
        numbers = np.ravel([floats(given[name], self.shape, f"each answer is {self.asked}") for name in self.names])
        return np.array([float(f"{number:.{self.digits}g}") for number in numbers])

    def place(self, k: int) -> tuple[slice, str]:
        """Where number `k` of all is: (the slice of the numbers under its name, that name)."""
        size = int(np.prod(self.shape))
        return slice(start := k // size * size, start + size), self.names[k // size]


def keeps_half(steps: int) -> Callable[[Any], list[float]]:
    """A probe for a forget bias: [1, 0] if a lone cell keeps half of its gradient over `steps`, else [0, it to three digits].

    Half is meant within 7 %.
    """

    def probe(given):
        b = float(f"{number(-20, 20)(given):.3g}")
        return [1.0, 0.0] if abs(1 - steps * np.log2(1 + np.exp(-b))) < 0.1 else [0.0, b]

    return probe
