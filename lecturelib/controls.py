"""What a reader may move: sliders, menus, check boxes and lines to type, each with the values it allows and its widget.

They are made, and documented, as `live.slider`, `live.choice`, `live.toggle` and `live.text`.
"""

import math
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np


@dataclass(frozen=True)
class Slider:
    """A number from `lo` to `hi`. Whole numbers if `step` is one, else floats; `log` spaces it by ratio."""

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
        # A browser counts steps in binary fractions: 1.0000000000000002 must be the 1 that the reader sees.
        clean = int(value) if self.whole else float(f"{value:.12g}")
        if not self.lo <= clean <= self.hi:
            raise ValueError(f"takes {self.allows}, not {value!r}")
        return clean

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

    Whole numbers all through make a whole-number slider. `step` defaults to 1 there, else to a power of ten that gives 100 to
    1000 steps. `log=True` spaces a positive range by ratio; its `step` is in decades (default 0.05). `play=True` adds a Play
    button, for a parameter that is a time (whole numbers only). `label` defaults to the parameter's name.
    Raises ValueError for an empty range, a start outside it, a step that cannot be, or a log slider's start between two steps.
    """
    for name, value in {"lo": lo, "hi": hi, "at": at, "step": 1 if step is None else step}.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"slider: {name} must be a finite number, not {value!r}")
    if not lo < hi or not lo <= at <= hi:
        raise ValueError(f"slider: needs lo < hi with at between them; got lo = {lo}, hi = {hi}, at = {at}")
    if log and lo <= 0:
        raise ValueError(f"slider: a log slider needs lo > 0, not {lo}")
    whole = not log and all(isinstance(v, int) for v in (lo, hi, at, 1 if step is None else step))
    if step is None:
        step = 0.05 if log else 1 if whole else 10.0 ** math.floor(math.log10((hi - lo) / 100))
    if step <= 0 or (not log and step > hi - lo):
        raise ValueError(f"slider: step must be positive and fit into {lo} to {hi}; got {step}")
    if log and abs((steps := math.log10(at / lo) / step) - round(steps)) > 1e-6:
        at, here = lo * 10 ** (round(steps) * step), at  # the page would move it there by itself
        raise ValueError(f"slider: the start must stand on a step of {step} decades from {lo}; the nearest to {here} is {at:.6g}")
    if play and not whole:
        raise ValueError("slider: play=True needs whole numbers")
    return Slider(lo, hi, at, step, log, play, label)


def choice(*options, at=None, label=None):
    """A menu of two or more strings; starts at the first, or at `at`. Raises ValueError for anything else."""
    if len(set(options)) < 2 or not all(isinstance(o, str) and o for o in options):
        raise ValueError(f"choice: needs at least two different, non-empty strings, not {options!r}")
    if at is not None and at not in options:
        raise ValueError(f"choice: at must be one of {options!r}, not {at!r}")
    return Choice(options, options[0] if at is None else at, label)


def toggle(at=False, *, label=None):
    """A check box, off unless `at=True`."""
    if not isinstance(at, bool):
        raise ValueError(f"toggle: at must be True or False, not {at!r}")
    return Toggle(at, label)


def text(at, *suggestions, label=None):
    """A line to type, starting as `at`; the `suggestions`, one at least, are offered with it. What it may say is for `draw` to
    judge: a ValueError raised there is shown in place of the sentence. Raises ValueError for texts that are none or repeated.
    """
    texts = (at, *suggestions)
    if len(set(texts)) < max(2, len(texts)) or not all(isinstance(t, str) and t for t in texts):
        raise ValueError(f"text: needs a start and one suggestion or more, all different and not empty, not {texts!r}")
    return Text(at, suggestions, label)
