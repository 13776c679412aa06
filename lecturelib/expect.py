"""What may come in: every check of an argument, in one vocabulary.

A check takes the name and the value of an argument. It returns the value, ready for use, or raises a ValueError that names the
argument and says what is allowed. `arguments` attaches checks to a function; where arguments depend on each other, or where
microseconds count, the function calls them itself.

Axes are written as a string: "T B D" is any length of each, "2 N" begins with 2, "N N" is square, "... K" may have any axes
before its last. Lengths that are known are keywords: array("x", x, "T B D", D=3).
"""

import functools
import inspect
import reprlib

import numpy as np

LARGEST = float(np.finfo(float).max)
MANY = 10**7  # the most that a count may be, unless its function says otherwise
ROOM = 10**8  # numbers: the largest array that is made (800 MB in float64)
FLOATS = np.float32, np.float64


def refuse(name, wanted, value):
    """Raise the ValueError that all checks raise."""
    raise ValueError(f"{name} must be {wanted}, not {reprlib.repr(value)}")


# -- one thing --------------------------------------------------------------------------------------------------------------


def number(name, value, *, least=-LARGEST, most=LARGEST, below=None):
    """A finite number from `least` to `most`, or less than `below`; as a float."""
    top = most if below is None else below
    if is_number(value) and least <= (plain := _plain(value)) <= most and (below is None or plain < below):
        return float(plain)
    if below is None and most == LARGEST:
        refuse(name, "a finite number" + (f" >= {least:g}" if least > -LARGEST else ""), value)
    refuse(name, f"a number from {least:g} to {'less than ' if below is not None else ''}{top:g}", value)


def positive(name, value):
    """A positive number that is not infinite; as a float."""
    if not is_number(value) or not 0 < _plain(value) <= LARGEST:
        refuse(name, "a positive number", value)
    return float(value)


def is_number(value):
    """Whether it is one real number; True and False are none."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _plain(value):
    """As a number of Python: a float32 cannot be compared with the largest float64."""
    return value.item() if isinstance(value, np.generic) else value


def whole(name, value, *, least=1, most=MANY):
    """A whole number from `least` to `most`; as an int."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= int(value) <= most:
        huge = isinstance(value, int | np.integer) and int(value) > most
        refuse(name, f"a whole number from {least} to {most}" if huge else f"a whole number >= {least}", value)
    return int(value)


def one_of(name, value, choices):
    """One of a few words or numbers; as it stands in `choices`."""
    if isinstance(value, str) or is_number(value):
        for choice in choices:
            if value == choice:
                return choice
    refuse(name, f"one of {', '.join(map(repr, choices))}", value)


def axes(name, value):
    """Axes of matplotlib, which this module does not import."""
    if not (hasattr(value, "plot") and hasattr(value, "set_xlim")):
        refuse(name, "axes of matplotlib", value)
    return value


def text(name, value):
    """A string."""
    return instance(name, value, str, "a string")


def function(name, value, what="a function"):
    """Something that can be called."""
    if not callable(value):
        refuse(name, what, value)
    return value


def generator(name, value):
    """A random generator of NumPy."""
    return instance(name, value, np.random.Generator, "a random generator, such as np.random.default_rng(0)")


def instance(name, value, kinds, what):
    """An instance of a class, or of one of several; `what` says so in words."""
    if not isinstance(value, kinds):
        refuse(name, what, value)
    return value


def dtype(name, value):
    """float32 or float64."""
    for kind in FLOATS:
        if value is kind or (isinstance(value, str | np.dtype) and value == kind.__name__):
            return np.dtype(kind)
    refuse(name, "float32 or float64", value)


def room(what, *sizes):
    """That an array of these sizes fits into a common memory; `what` names the arguments."""
    count = functools.reduce(lambda a, b: a * int(b), sizes, 1)
    if count > ROOM:
        raise ValueError(f"{what} must ask for at most {ROOM:.0e} numbers, not {count:.1e}")


# -- arrays -----------------------------------------------------------------------------------------------------------------


def array(name, value, axes, dtype=None, *, finite=True, empty=False, **sizes):
    """An array of `dtype`, or of float32 or float64, with these axes; as it is. Not `finite`: inf and nan are results too."""
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


def numbers(name, value, axes="...", *, kinds="iuf", finite=True, nan=False, empty=False, **sizes):
    """A number or array of numbers, or nested lists of them, with these axes; as floats: float32 stays, ints become float64.

    `kinds`: "iufc" allows complex numbers too. Not `finite`: inf is a result too; `nan`: and so is nan.
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


def floats(name, value, kinds="iuf", finite=True, axes="..."):
    """A float64 copy of `numbers` (complex128 where there are complex ones); a scalar where it is one number."""
    a = numbers(name, value, axes, kinds=kinds, finite=finite)
    return a.astype(complex if a.dtype.kind == "c" else float)[()]


def one_number(name, value, kinds="iuf"):
    """One finite number as a float64, or as a complex128 where `kinds` has "c"."""
    a = floats(name, value, kinds)
    if a.ndim:
        raise ValueError(f"{name} must be one number, not an array of shape {a.shape}")
    return a


def _as_array(value):
    """The value as an array; of dtype object where it is none, or a subclass that computes in a way of its own (masked)."""
    if isinstance(value, np.ndarray):
        return value if type(value) is np.ndarray else np.asarray(None)
    try:
        return np.asarray(value)
    except Exception:  # a ragged list, or an object whose __array__ fails
        return np.asarray(None)


def words(name, value, size, axes, *, least=-1, **sizes):
    """Whole numbers from `least` to size - 1, with these axes; as an array. -1 is padding."""
    a = _as_array(value)
    if a.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers, not {a.dtype if a.dtype.kind != 'O' else reprlib.repr(value)}")
    _shaped(name, a, axes, sizes, False)
    if a.min() < least or a.max() >= size:
        raise ValueError(f"{name} must lie in {least} ... {size - 1}; there is {a.max() if a.max() >= size else a.min()}")
    return a


def _shaped(name, a, axes, sizes, empty):
    """Refuse another shape than `axes`; one letter is one length."""
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


def row(name, value, *, least=1):
    """Results in a row, of which some may be inf: an array (N,) of at least so many."""
    a = numbers(name, value, "N", finite=False)
    if len(a) < least:
        raise ValueError(f"{name} must hold at least {least} numbers, not {len(a)}")
    return a


def rising(name, value):
    """Finite numbers in a row, each larger than the one before: the places of an axis."""
    a = numbers(name, value, "N")
    if len(a) < 2 or not (np.diff(a) > 0).all():
        refuse(name, "at least two numbers that rise", value)
    return a


def field(name, value):
    """Results on a grid, of which some may be inf: an array (N, M)."""
    return numbers(name, value, "N M", finite=False)


def result(name, value):
    """One number, which may be inf."""
    return float(numbers(name, value, "", finite=False))


def named(name, value, check, choices=None):
    """A dict of at least one thing by name, each checked; the names are among `choices`."""
    if not isinstance(value, dict) or not value:
        refuse(name, "a dict with at least one name", value)
    for key in value:
        one_of(f"each name of {name}", key, choices) if choices else text(f"each name of {name}", key)
    return {key: check(f"{name}[{key!r}]", one) for key, one in value.items()}


def texts(name, value):
    """At least one string, in a list or tuple."""
    if not isinstance(value, list | tuple) or not value or not all(isinstance(one, str) for one in value):
        refuse(name, "a list of words, at least one", value)
    return value


def interval(lo, hi, names=("lo", "hi")):
    """Two finite numbers, the lower one first."""
    lo, hi = (number(name, value) for name, value in zip(names, (lo, hi), strict=True))
    if not lo < hi:
        raise ValueError(f"{names[0]} must be less than {names[1]}, not {lo:g} and {hi:g}")
    return lo, hi


# -- on a function ----------------------------------------------------------------------------------------------------------


def arguments(**checks):
    """A decorator: each argument goes through the check of its name. A default of None stays None."""

    def around(f):
        signature = inspect.signature(f)
        optional = {name for name, parameter in signature.parameters.items() if parameter.default is None}

        @functools.wraps(f)
        def checked(*args, **kwargs):
            bound = signature.bind(*args, **kwargs)
            for name, check in checks.items():
                value = bound.arguments.get(name, signature.empty)
                if value is not signature.empty and not (value is None and name in optional):
                    bound.arguments[name] = check(name, value)
            return f(*bound.args, **bound.kwargs)

        return checked

    return around
