"""What a reader may move: sliders, menus, check boxes and lines to type, each with the values it allows and its widget.

They are made, and documented, as `live.slider`, `live.choice`, `live.toggle` and `live.text`.
"""

import math
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np

MOST = 1e15  # larger numbers have no place on a slider, and no exact value in a browser


@dataclass(frozen=True)
class Slider:
    """A number from `lo` to `hi`. All four numbers are ints, or all are floats; `log` spaces it by ratio."""

    lo: float
    hi: float
    at: float
    step: float
    log: bool
    play: bool
    label: str | None

    @property
    def whole(self):
        return isinstance(self.step, int)

    @property
    def allows(self):
        return f"{'a whole number' if self.whole else 'a number'} from {self.lo:g} to {self.hi:g}"

    @property
    def stops(self):
        """The values a test should try: both ends, and a few between."""
        if self.log:
            return [float(f"{v:.3g}") for v in np.geomspace(self.lo, self.hi, 5)]
        steps = round((self.hi - self.lo) / self.step)
        between = [self.lo + round(steps * part) * self.step for part in (0, 0.25, 0.5, 0.75)]
        return [self.check(v) for v in [*between, self.hi]]

    def spread(self, count):
        """About `count` of the slider's own steps, evenly: both ends and the start among them."""
        if self.log:
            steps = round(math.log10(self.hi / self.lo) / self.step)
            own = [self.lo * 10 ** (k * self.step) for k in range(steps + 1)]
        else:
            steps = round((self.hi - self.lo) / self.step)
            own = [self.lo + k * self.step for k in range(steps + 1)]
        own = [*(self.check(min(value, self.hi)) for value in own[:-1]), self.hi]
        start = min(range(len(own)), key=lambda k: abs(own[k] - self.at))
        own[start] = self.at
        chosen = {start, *(round(k * steps / (count - 1)) for k in range(count))}
        return [own[k] for k in sorted(chosen)]

    def check(self, value):
        kind = (int, np.integer) if self.whole else (int, float, np.integer, np.floating)
        if isinstance(value, bool) or not isinstance(value, kind):
            raise ValueError(f"takes {self.allows}, not {value!r}")
        if abs(value) <= 2 * max(abs(self.lo), abs(self.hi)):  # not nan, and no int too large for a float
            # A browser counts steps in binary fractions: 1.0000000000000002 must be the 1 that the reader sees.
            clean = int(value) if self.whole else float(f"{value:.12g}")
            if self.lo <= clean <= self.hi:
                return clean
        raise ValueError(f"takes {self.allows}, not {value!r}")

    def widget(self, label):
        common = {
            "description": label,
            "style": {"description_width": "initial"},
            "layout": {"width": "23em", "max_width": "100%"},
        }
        if self.whole:
            return widgets.IntSlider(self.at, min=self.lo, max=self.hi, step=self.step, **common)
        if self.log:
            lo, hi = math.log10(self.lo), math.log10(self.hi)
            return widgets.FloatLogSlider(self.at, min=lo, max=hi, step=self.step, readout_format=".3", **common)
        digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
        return widgets.FloatSlider(self.at, min=self.lo, max=self.hi, step=self.step, readout_format=f".{digits}f", **common)


@dataclass(frozen=True)
class Choice:
    """One of `options`, a tuple of strings."""

    options: tuple
    at: str
    label: str | None
    play = False

    @property
    def allows(self):
        return "one of " + ", ".join(map(repr, self.options))

    @property
    def stops(self):
        return list(self.options)

    def check(self, value):
        if not isinstance(value, str) or value not in self.options:
            raise ValueError(f"takes {self.allows}, not {value!r}")
        return value

    def widget(self, label):
        return widgets.Dropdown(
            options=self.options,
            value=self.at,
            description=label,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto", max_width="100%"),
        )


@dataclass(frozen=True)
class Toggle:
    """On or off."""

    at: bool
    label: str | None
    allows = "True or False"
    stops = (False, True)
    play = False

    def check(self, value):
        if not isinstance(value, bool | np.bool_):
            raise ValueError(f"takes True or False, not {value!r}")
        return bool(value)

    def widget(self, label):
        return widgets.Checkbox(self.at, description=label, indent=False, layout=widgets.Layout(width="auto"))


@dataclass(frozen=True)
class Text:
    """A line that the reader types; `suggestions` are offered."""

    at: str
    suggestions: tuple
    label: str | None
    allows = "a line of text"
    play = False

    @property
    def stops(self):
        return [self.at, *self.suggestions]

    def check(self, value):
        if not isinstance(value, str):
            raise ValueError(f"takes {self.allows}, not {value!r}")
        return value

    def widget(self, label):
        return widgets.Combobox(
            value=self.at,
            options=self.stops,
            description=label,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="40em", max_width="100%"),
        )


def slider(lo, hi, *, at, step=None, log=False, play=False, label=None):
    """A slider from `lo` to `hi`, starting `at`.

    Whole numbers all through make a whole-number slider; a float among them, or `log=True`, makes a slider of floats. `step`
    defaults to 1 for whole numbers, else to a power of ten that gives 100 to 1000 steps. `log=True` spaces a positive range by
    ratio; its `step` is in decades (default 0.05). `play=True` adds a Play button, for a parameter that is a time (whole numbers
    only). `label` defaults to the parameter's name.
    Raises ValueError for an empty range, a start outside it or between two steps, and a step that cannot be.
    """
    _check_options("slider", label, log=log, play=play)
    numbers = {"lo": lo, "hi": hi, "at": at} | ({} if step is None else {"step": step})
    lo, hi, at, *given = (_number(name, value) for name, value in numbers.items())
    if not lo < hi or not lo <= at <= hi:
        raise ValueError(f"slider: needs lo < hi with at between them; got lo = {lo}, hi = {hi}, at = {at}")
    if log and lo <= 0:
        raise ValueError(f"slider: a log slider needs lo > 0, not {lo}")
    whole = not log and all(isinstance(value, int) for value in (lo, hi, at, *given))
    if not whole:
        lo, hi, at, *given = map(float, (lo, hi, at, *given))
    span = math.log10(hi / lo) if log else hi - lo
    step = given[0] if given else 0.05 if log else 1 if whole else 10.0 ** math.floor(math.log10(max(span / 100, 1e-300)))
    if not 0 < step <= span or span / step > 2**50:
        unit = f"the {span:.3g} decades from {lo:g} to {hi:g}" if log else f"{lo} to {hi}"
        raise ValueError(f"slider: step must be positive and fit into {unit}; got {step}")
    if play and not whole:
        raise ValueError("slider: play=True needs whole numbers")
    steps = math.log10(at / lo) / step if log else (at - lo) / step
    if abs(steps - round(steps)) > 1e-6 and at != hi:  # the page would move it by itself
        near = lo * 10 ** (round(steps) * step) if log else lo + round(steps) * step
        by = f"{step} decades" if log else f"{step}"
        raise ValueError(f"slider: the start must stand on a step of {by} from {lo}; the nearest to {at} is {min(near, hi):.6g}")
    return Slider(lo, hi, at, step, log, play, label)


def _number(name, value):
    """A Python int or float of moderate size from `value`. Raises ValueError for anything else."""
    if isinstance(value, np.integer | np.floating):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MOST:
        raise ValueError(f"slider: {name} must be a finite number, at most {MOST:.0e} in size, not {value!r}")
    return value


def _check_options(kind, label, **flags):
    if label is not None and not (isinstance(label, str) and label.strip()):
        raise ValueError(f"{kind}: label must be a text, not {label!r}")
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise ValueError(f"{kind}: {name} must be True or False, not {flag!r}")


def choice(*options, at=None, label=None):
    """A menu of two or more strings; starts at the first, or at `at`. Raises ValueError for anything else."""
    _check_options("choice", label)
    if not all(isinstance(o, str) and o.strip() for o in options) or not 2 <= len(options) == len(set(options)):
        raise ValueError(f"choice: needs at least two strings, all different and not empty, not {options!r}")
    if at is not None and not (isinstance(at, str) and at in options):
        raise ValueError(f"choice: at must be one of {options!r}, not {at!r}")
    return Choice(options, options[0] if at is None else at, label)


def toggle(at=False, *, label=None):
    """A check box, off unless `at=True`."""
    _check_options("toggle", label, at=at)
    return Toggle(at, label)


def text(at, *suggestions, label=None):
    """A line to type, starting as `at`; the `suggestions`, one at least, are offered with it. What it may say is for `draw` to
    judge: a ValueError raised there is shown in place of the sentence. Raises ValueError for texts that are empty or repeated.
    """
    _check_options("text", label)
    texts = (at, *suggestions)
    if not all(isinstance(t, str) and t.strip() for t in texts) or not 2 <= len(texts) == len(set(texts)):
        raise ValueError(f"text: needs a start and one suggestion or more, all different and not empty, not {texts!r}")
    return Text(at, suggestions, label)
