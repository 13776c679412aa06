"""Check a live figure as its readers will use it, in a test of your own course: `check_figure`."""

import contextlib
import dis
import functools
import inspect
import itertools
import re
import zlib
from collections.abc import Callable, Collection, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from matplotlib.axis import Axis
from matplotlib.text import Text as Words

from lecturelib.live.controls import Control, Slider
from lecturelib.live.drawing import name_of
from lecturelib.live.figure import LiveFigure
from lecturelib.live.render import styled
from lecturelib.live.view import SHARP

KEEPERS = list, dict, set, np.random.Generator, np.random.RandomState  # what a function can keep something in
NO_NUMBER = r"\b(?:nan|inf)\b"  # as Python writes them


def check_figure(fig: LiveFigure, *, moves: int = 15, seed: int | None = 0, may_say: Collection[str] = ()) -> list[str]:
    """Move every control of a live figure as a reader would, and check each frame. Returns the sentences that it has said.

    Each control goes to all its stops and back, then all go to the ends together, in all combinations, then to `moves` random
    places drawn from `seed` (None: others each time). Everywhere, `draw` raises no error and no warning, its sentence does not
    say 'nan' or 'inf' (unless it `may_say` so, in a lesson on overflow), no name or number is cut off, and the same values give
    the same picture and sentence. Every control changes both. `draw` reads only its arguments, functions, modules and ALL-CAPS
    constants. Afterwards the figure is back at its start.

    Raises AssertionError that says at which values, what is wrong and what to do. Raises ValueError if `fig` is not a live
    figure, or closed, if `moves` is not a whole number from 0, or if `may_say` is a single string.
    """
    if not isinstance(fig, LiveFigure):
        raise ValueError(f"check_figure: needs a live figure, made by live.figure, not {fig!r}")
    if isinstance(moves, bool) or not isinstance(moves, int | np.integer) or moves < 0:
        raise ValueError(f"check_figure: moves must be a whole number from 0, not {moves!r}")
    if isinstance(may_say, str):
        raise ValueError(f"check_figure: may_say must be a list of words, not {may_say!r}")
    fig._check_usable()
    hand = _Hand(fig, may_say)
    try:
        hand.check_reads()
        hand.check_again()
        for name in fig.controls:
            hand.check_control(name)
        hand.check_corners()
        hand.check_anywhere(moves, np.random.default_rng(seed))
    finally:
        with contextlib.suppress(Exception):  # what was wrong before says more
            fig.set(**hand.start)
    return list(dict.fromkeys(sentence for sentence, _ in hand.frames.values()))


class _Hand:
    """Moves the controls of a figure, looks at each frame, and remembers those that it has seen, by their values."""

    def __init__(self, fig, may_say):
        self.fig, self.draw, self.may_say = fig, fig._renderer.function, may_say
        self.start = {name: control.at for name, control in fig.controls.items()}
        self.frames, self.at = {}, self.start
        self.functions = _followed(self.draw)

    def fail(self, problem, cause=None):
        values = ", ".join(f"{name} = {value}" for name, value in self.at.items())
        raise AssertionError(f"{name_of(self.draw)} at {values}: {problem}") from cause

    def check_reads(self):
        for function in self.functions:
            for name, value in _read_by(function).items():
                if not (callable(value) or isinstance(value, ModuleType) or name.isupper()):
                    advice = "make it a parameter or an ALL-CAPS constant"
                    raise AssertionError(f"{name_of(function)} reads {name!r}, which can change later: {advice}")

    def check_again(self):
        """At the start twice in a row: what is random differs at once."""
        self.move(**self.start)
        self.move(**self.start)

    def check_control(self, name):
        """To all stops and back, while the others are at their start."""
        stops = self.fig.controls[name].stops
        seen = [self.move(**{**self.start, name: stop}) for stop in [*stops, *reversed(stops)]]
        for part, kind, advice in ((1, "picture", "draw"), (0, "sentence", "say")):
            if len({frame[part] for frame in seen}) == 1:
                tried = f"at {', '.join(map(str, stops))}, with the other controls at their start, it is the same"
                problem = f"{name} does not change the {kind}: {tried}. Either {advice} what {name} does, or leave {name} out"
                raise AssertionError(f"{name_of(self.draw)}: {problem}")
        self.move(**self.start)

    def check_corners(self):
        ends = [[(name, control.stops[0]), (name, control.stops[-1])] for name, control in self.fig.controls.items()]
        for corner in itertools.product(*ends):
            self.move(**dict(corner))

    def check_anywhere(self, moves, random):
        """At random places and back: no pixel depends on the way."""
        places = [{name: _anywhere(control, random) for name, control in self.fig.controls.items()} for _ in range(moves)]
        for place in places:
            self.move(**place)
            kept, full = redrawn(self.fig)
            if stale := (kept != full).any(axis=-1).sum():
                self.fail(f"{stale} pixels differ from those of a full redraw: please report this with the code of the figure")
        for place in [*reversed(places), self.start]:
            self.move(**place)

    def move(self, **values):
        """The sentence and a checksum of the picture at these values."""
        self.at = {**self.fig.values, **values}  # the figure itself does not move if the frame cannot be drawn
        try:
            sentence = self.fig.set(**values)
            frame = sentence, zlib.crc32(self.fig.pixels(SHARP))
        except Exception as error:
            self.fail(f"{type(error).__name__}: {error}. Catch this case in draw, or do not let the controls reach it", error)
        place = tuple(self.fig.values.values())
        if place not in self.frames:
            self.check_frame(sentence)
        before = self.frames.setdefault(place, frame)
        for part, kind in ((0, "sentence"), (1, "picture")):
            if frame[part] != before[part]:
                self.fail(self._other(kind))
        return frame

    def check_frame(self, sentence):
        for word in set(re.findall(NO_NUMBER, sentence)) - set(self.may_say):
            self.fail(f"the sentence says {word!r}: {sentence!r}. Write in words what happens there")
        if found := next(_cut_off(self.fig), None):
            self.fail(f"{found} of the picture. Set the limits, shorten or move what is cut off, or change the figure's size")

    def _other(self, kind):
        """What to say of values that give another picture or sentence than before, with a guess at where it comes from."""
        read = [pair for function in self.functions for pair in (*_read_by(function).items(), *_defaults(function).items())]
        keepers = ", ".join(sorted({name for name, value in read if isinstance(value, KEEPERS)}))
        guess = f"something is kept between frames in {keepers}" if keepers else "it is random, or depends on the time"
        return f"the same values, but another {kind} than before: perhaps {guess}. A frame must depend on its values alone"


def _anywhere(control: Control, random: np.random.Generator) -> Any:
    """A value that a reader can reach: a random step of a slider."""
    if not isinstance(control, Slider):
        return control.stops[random.integers(len(control.stops))]
    span = np.log10(control.hi / control.lo) if control.log else control.hi - control.lo
    step = int(random.integers(int(span / control.step + 1e-9) + 1)) * control.step
    return min(float(control.lo * 10**step), control.hi) if control.log else control.lo + step


# What the picture shows -------------------------------------------------------------------------------------------------


def redrawn(fig: LiveFigure) -> tuple[np.ndarray, np.ndarray]:
    """The frame on show as pixels, first over kept pixels as readers get it, then with everything drawn anew."""
    kept, renderer = fig.pixels(SHARP), fig._renderer
    artists = [artist for ax in renderer.axes for artist in ax.get_children()]
    animated = [artist.get_animated() for artist in artists]
    with styled():
        for artist in artists:
            artist.set_animated(False)
        renderer.canvas.draw()
    full = np.asarray(renderer.canvas.buffer_rgba()).copy()
    for artist, was in zip(artists, animated, strict=True):
        artist.set_animated(was)
    return kept, full


def _cut_off(fig: LiveFigure) -> Iterator[str]:
    """What reaches over the edge of the picture by more than one CSS pixel, and by how many."""
    renderer = fig._renderer
    width, height = renderer.figure.bbox.size
    with styled():  # matplotlib keeps formulas that it has set once, in whatever style that was
        agg = renderer.canvas.get_renderer()
        for artist in (artist for ax in renderer.axes if ax.get_visible() for artist in _outer(ax)):
            box = artist.get_tightbbox(agg)
            if box is None or not (0 < box.width < np.inf and 0 < box.height < np.inf):
                continue
            beyond = {"left": -box.x0, "lower": -box.y0, "right": box.x1 - width, "upper": box.y1 - height}
            edge = max(beyond, key=beyond.__getitem__)
            if (pixels := beyond[edge] * renderer.dpi / renderer.figure.dpi) > 1:
                yield f"{_described(artist)} reaches {pixels:.0f} pixels over the {edge} edge"


def _outer(ax):
    """The artists of the axes that can reach beyond it."""
    both = [ax.xaxis, ax.yaxis] if ax.axison else []
    return [*both, ax.title, ax._left_title, ax._right_title, *ax.get_default_bbox_extra_artists()]


def _described(artist):
    if isinstance(artist, Words):
        return f"the text {artist.get_text()!r}"
    return f"the {artist.axis_name} axis with its numbers" if isinstance(artist, Axis) else f"a {type(artist).__name__}"


# What the functions read ------------------------------------------------------------------------------------------------


def _followed(draw: Callable) -> list[FunctionType]:
    """The functions that draw a figure: `draw` and all of its own module that it calls."""
    todo: list[Any] = [draw]
    found: list[FunctionType] = []
    while todo:
        function = _function_of(todo.pop())
        if function and function not in found and (not found or function.__globals__ is found[0].__globals__):
            found.append(function)
            todo += [value for value in _read_by(function).values() if callable(value)]
    return found


def _function_of(thing):
    """The Python function behind something that can be called. None: it is written in another language, or is a class."""
    while isinstance(thing, functools.partial):
        thing = thing.func
    thing = inspect.unwrap(getattr(thing, "__func__", thing))  # a cached function is read as the function it is
    function = thing if isinstance(thing, FunctionType) else type(thing).__call__
    return function if isinstance(function, FunctionType) else None


def _read_by(function):
    """What a function reads besides its arguments, by name: globals, and variables of a function around it."""
    around = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    names = _globals_in(function.__code__) & set(function.__globals__)
    return {name: function.__globals__[name] for name in sorted(names)} | {name: cell.cell_contents for name, cell in around}


def _globals_in(code):
    """Global names that code reads, also in functions within it."""
    inner = [_globals_in(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set().union(*inner, {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"})


def _defaults(function):
    return {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}
