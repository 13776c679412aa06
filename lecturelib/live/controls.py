"""The controls of a figure: sliders, menus, check boxes and text fields, each with the values it allows.

They are made by `live.slider`, `live.choice`, `live.toggle` and `live.text`.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

MAX_SIZE = 1e15  # of the numbers of a slider; a browser cannot represent larger ones exactly

WHOLE = int, np.integer
REAL = int, float, np.integer, np.floating


SIGNS = {"+": " plus ", "-": " minus ", "−": " minus ", "*": " times ", "×": " times ", "/": " over ", "=": " equals ", "|": ""}


def spoken(label: str) -> str:
    """The label in words: "rho" for ρ, "h of 1" for h(1), "x sub 0" for x₀."""
    label = re.sub(r"(\w)\(([^()]*)\)", r"\1 of \2", label)
    words = []
    for sign in label:
        name = unicodedata.name(sign, "").lower().split()
        if name[:1] == ["greek"]:
            words.append(f" {name[-1]} ")  # greek small letter rho
        elif name[:1] in (["subscript"], ["superscript"]):
            words.append(f" {'sub' if name[0] == 'subscript' else 'to the'} {unicodedata.normalize('NFKC', sign)} ")
        else:
            words.append(SIGNS.get(sign, sign))
    return " ".join("".join(words).split())


@dataclass(frozen=True)
class Slider:
    """A number from `lo` to `hi`. All four numbers are ints, or all are floats. `log` makes its steps equal ratios."""

    lo: float
    hi: float
    at: float
    step: float
    log: bool
    play: bool
    label: str | None

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return isinstance(self.step, int)

    @property
    def digits(self) -> int:
        """Decimal places in which two steps differ; those of a log slider are of another kind."""
        return 0 if self.whole or self.log else max(0, -math.floor(math.log10(self.step) + 1e-9))

    @property
    def allows(self) -> str:
        """The allowed values in words."""
        return f"{'a whole number' if self.whole else 'a number'} from {self.lo:g} to {self.hi:g}"

    @property
    def range(self) -> dict[str, Any]:
        """All its stops, as the page counts them."""
        return {"lo": self.lo, "hi": self.hi, "step": self.step, "log": self.log}

    @property
    def stops(self) -> list:
        """The values that a test should try: both ends, and a few between."""
        if self.log:
            return [float(f"{v:.3g}") for v in np.geomspace(self.lo, self.hi, 5)]
        steps = round((self.hi - self.lo) / self.step)
        between = [self.lo + round(steps * part) * self.step for part in (0, 0.25, 0.5, 0.75)]
        return [self.check(v) for v in [*between, self.hi]]

    def spread(self, count: int) -> list:
        """About `count` evenly spaced steps of the slider, with both ends and the start among them."""
        own = self.steps()
        chosen = {own.index(self.at), *(round(k * (len(own) - 1) / (count - 1)) for k in range(count))}
        return [own[k] for k in sorted(chosen)]

    def steps(self) -> list:
        """All values that it can stand on."""
        if self.log:
            steps = round(math.log10(self.hi / self.lo) / self.step)
            own = [self.lo * 10 ** (k * self.step) for k in range(steps + 1)]
        else:
            steps = round((self.hi - self.lo) / self.step)
            own = [self.lo + k * self.step for k in range(steps + 1)]
        return [*(self.check(min(value, self.hi)) for value in own[:-1]), self.hi]

    def check(self, value: Any) -> float:
        """`value`, cleaned. Raises ValueError if it is not allowed."""
        kinds: Any = WHOLE if self.whole else REAL
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise ValueError(f"must be {self.allows}, not {value!r}")
        if abs(value) <= 2 * max(abs(self.lo), abs(self.hi)):  # not nan, and no int too large for a float
            clean = _clean(int(value) if self.whole else float(value))
            if self.lo <= clean <= self.hi:
                return clean
        raise ValueError(f"must be {self.allows}, not {value!r}")


@dataclass(frozen=True)
class Choice:
    """One of `options`, a tuple of strings."""

    options: tuple[str, ...]
    at: str
    label: str | None
    play: ClassVar[bool] = False

    @property
    def allows(self) -> str:
        """The allowed values in words."""
        return "one of " + ", ".join(map(repr, self.options))

    @property
    def stops(self) -> list[str]:
        """The values that a test should try: all of them."""
        return list(self.options)

    def check(self, value: Any) -> str:
        """`value` itself. Raises ValueError if it is not allowed."""
        if not isinstance(value, str) or value not in self.options:
            raise ValueError(f"must be {self.allows}, not {value!r}")
        return value


@dataclass(frozen=True)
class Toggle:
    """On or off."""

    at: bool
    label: str | None
    allows: ClassVar[str] = "True or False"
    stops: ClassVar[tuple[bool, bool]] = (False, True)
    play: ClassVar[bool] = False

    def check(self, value: Any) -> bool:
        """`value`, cleaned. Raises ValueError if it is not allowed."""
        if not isinstance(value, bool | np.bool_):
            raise ValueError(f"must be True or False, not {value!r}")
        return bool(value)


@dataclass(frozen=True)
class Text:
    """A text field for one line. It offers the `suggestions`."""

    at: str
    suggestions: tuple[str, ...]
    label: str | None
    allows: ClassVar[str] = "a line of text"
    play: ClassVar[bool] = False

    @property
    def stops(self) -> list[str]:
        """The values that a test should try."""
        return [self.at, *self.suggestions]

    def check(self, value: Any) -> str:
        """`value` itself. Raises ValueError if it is not allowed."""
        if not isinstance(value, str):
            raise ValueError(f"must be {self.allows}, not {value!r}")
        return value


Control = Slider | Choice | Toggle | Text


def described(name: str, control: Control) -> dict[str, Any]:
    """What a page must know of the control of this name."""
    stops = control.range if isinstance(control, Slider) else list(control.stops)
    return {"name": name, "spoken": spoken(control.label or name), "stops": stops, "at": control.at}


def slider(
    lo: float,
    hi: float,
    *,
    at: float,
    step: float | None = None,
    log: bool = False,
    play: bool = False,
    label: str | None = None,
) -> Slider:
    """A slider from `lo` to `hi` that starts at `at`.

    If all numbers are whole, so are the slider's values; a float among them, or `log=True`, makes them floats. `step` defaults to
    1 for whole numbers, otherwise to a power of ten that gives 100 to 1000 steps. `log=True` makes the steps equal ratios; `step`
    is then in decades (default 0.05). `play=True` adds a Play button, for a parameter that is a time (whole numbers only).
    `label` defaults to the parameter's name. Raises ValueError for an empty range, an `at` outside it or between two steps, and
    an impossible step.
    """
    _check_options("slider", label, log=log, play=play)
    numbers = {"lo": lo, "hi": hi, "at": at} | ({} if step is None else {"step": step})
    lo, hi, at, *given = (_number(name, value) for name, value in numbers.items())
    if not lo < hi or not lo <= at <= hi:
        raise ValueError(f"slider: needs lo < hi and lo <= at <= hi; got lo = {lo}, hi = {hi}, at = {at}")
    if log and lo <= 0:
        raise ValueError(f"slider: a log slider needs lo > 0, not {lo}")
    whole = not log and all(isinstance(value, int) for value in (lo, hi, at, *given))
    if play and not whole:
        raise ValueError("slider: play=True needs whole numbers")
    if not whole:
        lo, hi, at, *given = map(float, (lo, hi, at, *given))
    step = _checked_step(given[0] if given else None, lo, hi, log, whole)
    return Slider(lo, hi, _start(at, lo, hi, step, log), step, log, play, label)


def _clean(value: float) -> float:
    """`value` with 12 digits: a browser adds up steps in floating point, and 1.0000000000000002 must become the reader's 1."""
    return value if isinstance(value, int) else float(f"{value:.12g}") + 0.0  # no negative zero


def _checked_step(step, lo, hi, log, whole):
    """The step, or its default if None. Raises ValueError unless it fits into the range."""
    span = math.log10(hi / lo) if log else hi - lo
    if step is None:
        step = 0.05 if log else 1 if whole else 10.0 ** math.floor(math.log10(max(span / 100, 1e-300)))
    if not 0 < step <= span or span / step > 2**50:
        allowed = f"the {span:.3g} decades from {lo:g} to {hi:g}" if log else f"the range from {lo} to {hi}"
        raise ValueError(f"slider: step must be positive and fit into {allowed}; got {step}")
    return step


def _start(at, lo, hi, step, log):
    """The step that `at` names. Raises ValueError if it lies between two: the browser would move it to one of them."""
    if at in (lo, hi):
        return at
    place = (math.log10(at / lo) if log else at - lo) / step
    nearest = min(lo * 10 ** (round(place) * step) if log else lo + round(place) * step, hi)
    if abs(place - round(place)) > 1e-6:
        size = f"{step} decades" if log else f"{step}"
        raise ValueError(f"slider: at must be a whole number of steps of {size} from {lo}; the nearest to {at} is {nearest:.6g}")
    return _clean(nearest)


def _number(name, value):
    """`value` as a Python int or float. Raises ValueError unless it is a finite number of moderate size."""
    if isinstance(value, np.integer | np.floating):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_SIZE:
        raise ValueError(f"slider: {name} must be a finite number, at most {MAX_SIZE:.0e} in size, not {value!r}")
    return value


def _check_options(kind, label, **flags):
    if label is not None and not (isinstance(label, str) and label.strip()):
        raise ValueError(f"{kind}: label must be a non-empty string, not {label!r}")
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise ValueError(f"{kind}: {name} must be True or False, not {flag!r}")


def choice(*options: str, at: str | None = None, label: str | None = None) -> Choice:
    """A menu of two or more strings that starts at the first, or at `at`. Raises ValueError if one of them is invalid."""
    _check_options("choice", label)
    if not all(isinstance(o, str) and o.strip() for o in options) or not 2 <= len(options) == len(set(options)):
        raise ValueError(f"choice: needs at least two strings, all different and non-empty, not {options!r}")
    if at is not None and not (isinstance(at, str) and at in options):
        raise ValueError(f"choice: at must be one of {options!r}, not {at!r}")
    return Choice(options, options[0] if at is None else at, label)


def toggle(at: bool = False, *, label: str | None = None) -> Toggle:
    """A check box, off unless `at=True`. Raises ValueError if `at` is not a bool."""
    _check_options("toggle", label, at=at)
    return Toggle(at, label)


def text(at: str, *suggestions: str, label: str | None = None) -> Text:
    """A text field that starts as `at` and offers the `suggestions`, of which there must be at least one.

    The drawing function decides what the text may be: a ValueError that it raises is shown in place of the sentence. Raises
    ValueError if the texts are empty or repeated.
    """
    _check_options("text", label)
    texts = (at, *suggestions)
    if not all(isinstance(t, str) and t.strip() for t in texts) or not 2 <= len(texts) == len(set(texts)):
        raise ValueError(f"text: needs a start and at least one suggestion, all different and non-empty, not {texts!r}")
    return Text(at, suggestions, label)
