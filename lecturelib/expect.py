"""Input validation: every check of an argument, in one vocabulary.

A check takes the name and the value of an argument. It returns the value, ready for use, or raises a ValueError that names the
argument and says what is allowed. `arguments` attaches checks to a function. Where arguments depend on each other, or where
microseconds count, the function calls the checks itself.

Axes are written as a string: "T B D" allows any length of each, "2 N" begins with 2, "N N" is square, and "... K" allows any
axes before the last. Known lengths are keywords: array("x", x, "T B D", D=3).
"""

import functools
import inspect
import reprlib
from collections.abc import Callable, Collection, Sequence
from typing import Any, NoReturn, ParamSpec, TypeVar

import numpy as np
from numpy.typing import DTypeLike

LARGEST = float(np.finfo(float).max)
MANY = 10**7  # the largest count allowed, unless a function sets its own limit
ROOM = 10**8  # the largest array that is allocated, in numbers (800 MB in float64)
FLOATS = np.float32, np.float64
T = TypeVar("T")
P = ParamSpec("P")
Numbers = Any  # a number, an array or nested lists of numbers, before it is checked
Check = Callable[[str, Any], Any]  # check(name, value): the value, ready for use


def refuse(name: str, wanted: str, value: Any) -> NoReturn:
    """Raise the ValueError that all checks raise."""
    raise ValueError(f"{name} must be {wanted}, not {reprlib.repr(value)}")


# -- single values ----------------------------------------------------------------------------------------------------------


def number(name: str, value: Any, *, least: float = -LARGEST, most: float = LARGEST, below: float | None = None) -> float:
    """A finite number from `least` to `most`, or less than `below`; as a float."""
    top = most if below is None else below
    if is_number(value) and least <= (plain := _plain(value)) <= most and (below is None or plain < below):
        return float(plain)
    if below is None and most == LARGEST:
        refuse(name, "a finite number" + (f" >= {least:g}" if least > -LARGEST else ""), value)
    refuse(name, f"a number from {least:g} to {'less than ' if below is not None else ''}{top:g}", value)


def positive(name: str, value: Any) -> float:
    """A positive finite number; as a float."""
    if not is_number(value) or not 0 < _plain(value) <= LARGEST:
        refuse(name, "a positive number", value)
    return float(value)


def is_number(value: Any) -> bool:
    """Whether `value` is a single real number. True and False are not."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _plain(value):
    """`value` as a Python number: a float32 cannot be compared with the largest float64."""
    return value.item() if isinstance(value, np.generic) else value


def whole(name: str, value: Any, *, least: int = 1, most: int = MANY) -> int:
    """A whole number from `least` to `most`; as an int."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= int(value) <= most:
        huge = isinstance(value, int | np.integer) and int(value) > most
        refuse(name, f"a whole number from {least} to {most}" if huge else f"a whole number >= {least}", value)
    return int(value)


def one_of(name: str, value: Any, choices: Collection[T]) -> T:
    """One of a few words or numbers; as it is written in `choices`."""
    if isinstance(value, str) or is_number(value):
        for choice in choices:
            if value == choice:
                return choice
    refuse(name, f"one of {', '.join(map(repr, choices))}", value)


def axes(name: str, value: Any) -> Any:
    """Matplotlib axes. This module does not import matplotlib."""
    if not (hasattr(value, "plot") and hasattr(value, "set_xlim")):
        refuse(name, "matplotlib axes", value)
    return value


def text(name: str, value: Any) -> str:
    """A string."""
    return instance(name, value, str, "a string")


def function(name: str, value: Any, what: str = "a function") -> Callable:
    """A callable; `what` describes it in the error."""
    if not callable(value):
        refuse(name, what, value)
    return value


def generator(name: str, value: Any) -> np.random.Generator:
    """A NumPy random generator."""
    return instance(name, value, np.random.Generator, "a random generator, such as np.random.default_rng(0)")


def instance(name: str, value: Any, kinds: Any, what: str) -> Any:
    """An instance of a class, or of one of several (a tuple or a union); `what` describes it in the error."""
    if not isinstance(value, kinds):
        refuse(name, what, value)
    return value


def dtype(name: str, value: Any) -> np.dtype:
    """The dtype float32 or float64."""
    for kind in FLOATS:
        if value is kind or (isinstance(value, str | np.dtype) and value == kind.__name__):
            return np.dtype(kind)
    refuse(name, "float32 or float64", value)


def room(what: str, *sizes: int) -> None:
    """Refuse an array of these sizes if it has more than ROOM numbers; `what` names the arguments that set the sizes."""
    count = functools.reduce(lambda a, b: a * int(b), sizes, 1)
    if count > ROOM:
        raise ValueError(f"{what} must ask for at most {ROOM:.0e} numbers, not {count:.1e}")


# -- arrays -----------------------------------------------------------------------------------------------------------------


def array(
    name: str, value: Any, axes: str, dtype: DTypeLike | None = None, *, finite: bool = True, empty: bool = False, **sizes: int
) -> np.ndarray:
    """An array of `dtype` (default float32 or float64) with these axes; unchanged. `finite=False` allows inf and nan."""
    if type(value) is not np.ndarray:
        refuse(name, f"an array ({_shown(axes, sizes)})", value)
    if value.dtype not in FLOATS:
        raise ValueError(f"{name} must be float32 or float64, not {value.dtype}")
    _shaped(name, value, axes, sizes, empty)
    if dtype is not None and value.dtype != dtype:
        raise ValueError(f'{name} is {value.dtype}; the parameters are {dtype}: {name}.astype("{dtype}")')
    if finite and not np.isfinite(value).all():
        at = tuple(int(k) for k in np.argwhere(~np.isfinite(value))[0])
        raise ValueError(f"{name} must be finite; {name}[{', '.join(map(str, at))}] is {value[at]}")
    return value


def numbers(
    name: str,
    value: Any,
    axes: str = "...",
    *,
    kinds: str = "iuf",
    finite: bool = True,
    nan: bool = False,
    empty: bool = False,
    **sizes: int,
) -> np.ndarray:
    """A number, an array or nested lists with these axes; as an array of floats. float32 stays, integers become float64.

    `kinds` are NumPy's kinds of dtype: "iufc" allows complex numbers too. `finite=False` allows inf, `nan=True` allows nan.
    """
    a = _as_array(value)
    if a.dtype.kind not in kinds:
        sort = "number" if "c" in kinds else "real number"
        refuse(name, f"a {sort} or an array of them" if axes == "..." else f"{sort}s of shape ({_shown(axes, sizes)})", value)
    if axes != "...":
        _shaped(name, a, axes, sizes, empty)
    if not nan and (np.isnan(a).any() or (finite and np.isinf(a).any())):
        refuse(name, "finite" if finite else "a number", value)
    return a if a.dtype in FLOATS else a.astype(complex if a.dtype.kind == "c" else float)


def floats(name: str, value: Any, kinds: str = "iuf", finite: bool = True, axes: str = "...") -> Any:
    """A float64 copy of `numbers` (complex128 if they are complex); a NumPy scalar if it is a single number."""
    a = numbers(name, value, axes, kinds=kinds, finite=finite)
    return a.astype(complex if a.dtype.kind == "c" else float)[()]


def one_number(name: str, value: Any, kinds: str = "iuf") -> Any:
    """A single finite number as a float64, or as a complex128 if it is complex and `kinds` contains "c"."""
    a = floats(name, value, kinds)
    if a.ndim:
        raise ValueError(f"{name} must be one number, not an array of shape {a.shape}")
    return a


def _as_array(value):
    """The value as an array; of dtype object if it cannot be one, or is a subclass with its own arithmetic (masked arrays)."""
    if isinstance(value, np.ndarray):
        return value if type(value) is np.ndarray else np.asarray(None)
    try:
        return np.asarray(value)
    except Exception:  # a ragged list, or an object whose __array__ fails
        return np.asarray(None)


def words(name: str, value: Any, size: int, axes: str, *, least: int = -1, **sizes: int) -> np.ndarray:
    """Whole numbers from `least` to size - 1, with these axes; as an array. They index a vocabulary; -1 is padding."""
    a = _as_array(value)
    if a.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers, not {a.dtype if a.dtype.kind != 'O' else reprlib.repr(value)}")
    _shaped(name, a, axes, sizes, False)
    if a.min() < least or a.max() >= size:
        raise ValueError(f"{name} must lie in {least} ... {size - 1}; there is {a.max() if a.max() >= size else a.min()}")
    return a


def _shaped(name, a, axes, sizes, empty):
    """Refuse any shape other than `axes`; the same letter stands for the same length."""
    wanted, shape, seen = axes.split(), a.shape, dict(sizes)
    if wanted[:1] == ["..."]:
        wanted = wanted[1:]
        shape = shape[len(shape) - len(wanted) :] if len(shape) >= len(wanted) else None
    fits = shape is not None and len(shape) == len(wanted)
    for axis, length in zip(wanted, shape if fits else (), strict=False):
        fits = fits and length == (int(axis) if axis.isdigit() else seen.setdefault(axis, length))
    if not fits or (not a.size and not empty):
        raise ValueError(f"{name} has shape {a.shape}; it needs ({_shown(axes, sizes)}){'' if empty else ', none of them 0'}")


def _shown(axes, sizes):
    names = [f"{axis} = {sizes[axis]}" if sizes.get(axis) is not None else axis for axis in axes.split()]
    return ", ".join(names) + ("," if names == axes.split() and len(names) == 1 else "")


def broadcast(names: str, *arrays: np.ndarray) -> tuple[int, ...]:
    """The shape of these arrays combined elementwise; `names` is what the error calls them."""
    try:
        return np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        raise ValueError(f"{names} must have compatible shapes, not {' and '.join(str(a.shape) for a in arrays)}") from None


def row(name: str, value: Any, *, least: int = 1) -> np.ndarray:
    """An array (N,) with N >= `least`; inf is allowed."""
    a = numbers(name, value, "N", finite=False)
    if len(a) < least:
        raise ValueError(f"{name} must hold at least {least} numbers, not {len(a)}")
    return a


def rising(name: str, value: Any) -> np.ndarray:
    """An array (N,), N >= 2, of strictly increasing finite numbers: the coordinates along an axis."""
    a = numbers(name, value, "N")
    if len(a) < 2 or not (np.diff(a) > 0).all():
        refuse(name, "at least two numbers in increasing order", value)
    return a


def field(name: str, value: Any) -> np.ndarray:
    """An array (N, M); inf is allowed."""
    return numbers(name, value, "N M", finite=False)


def result(name: str, value: Any) -> float:
    """A single number; inf is allowed."""
    return float(numbers(name, value, "", finite=False))


def named(name: str, value: Any, check: Check, choices: Collection[str] | None = None) -> dict[str, Any]:
    """A dict with at least one entry, each of them checked; its keys are strings, or among `choices`."""
    if not isinstance(value, dict) or not value:
        refuse(name, "a dict with at least one name", value)
    for key in value:
        one_of(f"each name of {name}", key, choices) if choices else text(f"each name of {name}", key)
    return {key: check(f"{name}[{key!r}]", one) for key, one in value.items()}


def texts(name: str, value: Any) -> Sequence[str]:
    """A list or tuple of at least one string."""
    if not isinstance(value, list | tuple) or not value or not all(isinstance(one, str) for one in value):
        refuse(name, "a list of at least one string", value)
    return value


def interval(lo: Any, hi: Any, names: tuple[str, str] = ("lo", "hi")) -> tuple[float, float]:
    """Two finite numbers, the lower one first."""
    lo, hi = (number(name, value) for name, value in zip(names, (lo, hi), strict=True))
    if not lo < hi:
        raise ValueError(f"{names[0]} must be less than {names[1]}, not {lo:g} and {hi:g}")
    return lo, hi


# -- as a decorator ---------------------------------------------------------------------------------------------------------


def arguments(**checks: Check) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A decorator: the check given under an argument's name is applied to that argument. A default of None stays None."""

    def around(f: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(f)
        optional = {name for name, parameter in signature.parameters.items() if parameter.default is None}

        @functools.wraps(f)
        def checked(*args: P.args, **kwargs: P.kwargs) -> T:
            bound = signature.bind(*args, **kwargs)
            for name, check in checks.items():
                value = bound.arguments.get(name, signature.empty)
                if value is not signature.empty and not (value is None and name in optional):
                    bound.arguments[name] = check(name, value)
            return f(*bound.args, **bound.kwargs)

        return checked

    return around
