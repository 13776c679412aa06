"""The live figure: a drawing function, its controls, and what the page shows of them."""

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lecturelib.live.ahead import Ahead
from lecturelib.live.controls import Choice, Control, Slider, Text, Toggle
from lecturelib.live.drawing import Layout, checked_rows, checked_size, name_of, parameters_of
from lecturelib.live.render import DRAW_LOCK, SHARP, Renderer, quick_png
from lecturelib.live.reruns import CELLS
from lecturelib.live.stored import bundle, markdown

WORK = getattr(time, "thread_time", time.perf_counter)  # seconds of this thread's own work; not in Pyodide
MAX_SCALE = 4  # image pixels per CSS pixel that `pixels` gives


class LiveFigure:
    """A picture with controls and a caption. Made by `figure`. The last expression of a cell shows it.

    `controls` are the controls by name.
    """

    def __init__(self, draw: Callable[..., str], axes: Sequence[str], controls: Mapping[str, Control], layout: Layout) -> None:
        self.controls = controls
        self._start = {name: control.at for name, control in controls.items()}
        self._draw, self._axes, self._layout = draw, axes, layout
        self._values = self._start
        self._view: Any = None  # its widgets, once it is shown in a notebook
        self._send: Any = None  # takes an answer to the page to it, once a page is connected
        self._ahead = Ahead(self._draw_ahead)
        with DRAW_LOCK:
            self._renderer: Any = Renderer(draw, axes, layout)  # None once the figure is closed
            self._narrow: Any = None  # the renderer for narrow pages, once there is one
            self._text = self._renderer.draw(self._start)
            self._renderer.pixels(SHARP)  # the layout is that of this frame, and what cannot be rendered raises here
            self._good = self._tried = self._start  # the values of the last frame that could be drawn, and of the last of all
        CELLS.keep(self)

    def close(self) -> None:
        """Free the picture and the widgets. This happens automatically when you run the cell again."""
        with DRAW_LOCK:
            if self._renderer is None:
                return
            self._ahead.drop()
            if self._view:
                self._view.close()
            self._renderer = self._narrow = self._view = self._send = None

    def _check_usable(self):
        """Raise ValueError if the figure is closed, or if its own drawing function calls."""
        with DRAW_LOCK:  # another thread that draws it, such as one that draws ahead, comes to its end first
            if self._renderer is None:
                raise ValueError("this figure is closed: its cell has been run again; use the new figure of that cell")
            for renderer in filter(None, (self._renderer, self._narrow)):
                renderer.check_not_drawing()

    # -- frames --

    def _drawn(self, values, narrow=False):
        """The renderer of this layout, after it has drawn the frame for `values`."""
        if narrow and self._narrow is None:
            self._narrow = Renderer(self._draw, self._axes, self._layout.stacked(self._axes))
            self._narrow.draw(self._start)
            self._narrow.pixels(1)
        renderer = self._narrow if narrow else self._renderer
        if renderer.drawn != values:
            renderer.draw(values)
        return renderer

    def _current(self):
        """The renderer with the frame for the present values; if that cannot be drawn, with the last good frame."""
        self._check_usable()
        if self._tried != self._values:
            self._tried = self._values
            try:
                renderer = self._drawn(self._tried)
                renderer.pixels(SHARP)
                self._text, self._good = renderer.text, self._tried
            except Exception:  # the page, which asked for this frame, shows the error
                pass
        return self._drawn(self._good)

    @property
    def values(self) -> dict[str, Any]:
        """The current values of the controls, by name."""
        return dict(self._values)

    @property
    def text(self) -> str:
        """The sentence of the current frame."""
        with DRAW_LOCK:
            return self._text if self._renderer is None else self._current().text

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in CSS pixels; `figure` takes it in inches, each of 100 CSS pixels."""
        self._check_usable()
        return self._renderer.size

    @property
    def png(self) -> bytes:
        """The current frame as a PNG file, with two pixels per CSS pixel."""
        with DRAW_LOCK:
            return quick_png(self._current().pixels(SHARP))

    def pixels(self, scale: int = 1, narrow: bool = False) -> np.ndarray:
        """A copy of the current frame as RGBA bytes of shape (height, width, 4), with `scale` pixels per CSS pixel.

        `narrow` is the layout for a phone, with the panels one below the other.

        Raises ValueError unless `scale` is a whole number from 1 to 4.
        """
        self._check_usable()
        if isinstance(scale, bool) or not isinstance(scale, int | np.integer) or not 1 <= scale <= MAX_SCALE:
            raise ValueError(f"pixels: scale must be a whole number from 1 to {MAX_SCALE}, not {scale!r}")
        with DRAW_LOCK:
            self._current()
            return self._drawn(self._good, narrow).pixels(int(scale)).copy()

    def set(self, **values: Any) -> str:
        """Move controls by name, as a reader would, draw once, and return the sentence.

        Raises ValueError for a control that does not exist or a value that it does not allow, and whatever the drawing function
        raises; nothing has moved then.
        """
        self._check_usable()
        for name, value in values.items():
            if name not in self.controls:
                raise ValueError(f"there is no control {name!r}; the controls are {', '.join(self.controls)}")
            try:
                values[name] = self.controls[name].check(value)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
        with DRAW_LOCK:
            moved = self._values | values
            text = self._renderer.draw(moved)
            self._renderer.pixels(SHARP)
            self._values = self._good = self._tried = moved
            self._text = text
            if self._view:
                self._view.show(self._renderer.frame(SHARP), moved)
            return text

    # -- what the page asks for --

    def connect(self, send: Callable[[dict[str, Any]], None]) -> None:
        """Answer the messages of figure.js with `send`, from now on."""
        self._send = send

    def asked(self, content: Mapping[str, Any]) -> None:
        """Answer a message of figure.js, `{draw: values, scale, narrow}` or `{ahead: [values, ...], narrow}`."""
        with DRAW_LOCK:
            if self._renderer is None:
                return
            if not content.get("ahead"):  # a move, or a plan that is given up
                self._ahead.drop()
            if "ahead" in content:
                self._ahead.add([(values, content["narrow"]) for values in content["ahead"]])
                return
            try:
                answer = self._frame(content["draw"], content["scale"], content["narrow"])
            except Exception as error:  # the reader must see any error, and the last good picture stays
                named = ", ".join(f"{name} = {value}" for name, value in zip(self.controls, content["draw"], strict=True))
                answer = {"error": f"{named}: {type(error).__name__}: {error}", "narrow": content["narrow"]}
            self._send({**answer, "values": content["draw"]})

    def _draw_ahead(self, wanted):
        """Draw a frame before the page needs it; return the seconds that it took. One that cannot be drawn is left out."""
        start = WORK()
        try:
            answer = self._frame(wanted[0], 1, wanted[1])
        except Exception:  # it is shown when the reader comes to it
            return 0.0
        seconds = WORK() - start
        self._send({**answer, "values": wanted[0], "milliseconds": 1000 * seconds})
        return seconds

    def _frame(self, values, scale, narrow):
        checked = {name: control.check(value) for (name, control), value in zip(self.controls.items(), values, strict=True)}
        return self._drawn(checked, narrow).frame(scale, narrow)

    # -- what is shown and stored --

    def _moved(self, name, value):
        """The page has moved a control."""
        self._values = {**self._values, name: self.controls[name].check(value)}

    def _widgets(self):
        """The widgets, which show the current frame."""
        from lecturelib.live.view import FigureView  # here: nothing else needs ipywidgets

        with DRAW_LOCK:
            renderer = self._current()
            if self._view is None:
                reset = lambda: self.set(**self._start)  # noqa: E731
                self._view = FigureView(self.controls, self._values, self._moved, self.asked, reset)
                self.connect(self._view.send)
            self._view.show(renderer.frame(SHARP), {})
            return self._view

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        with DRAW_LOCK:
            CELLS.keep(self)
            return bundle(self._current(), self._widgets().box, self._text)

    def _ipython_display_(self):
        """Show the figure. The picture and the sentence are stored too, as two outputs, for readers without a kernel."""
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        stored = {"text/markdown": markdown(self._text), "text/plain": self._text}
        display({**self._view.nothing._repr_mimebundle_(), **stored}, raw=True)


def figure(
    draw: Callable[..., str],
    *,
    layout: Sequence[Sequence[str]] | None = None,
    size: tuple[float, float] = (8, 3.6),
    **controls: Control,
) -> LiveFigure:
    """Make a live figure from a drawing function and one control for each of its values.

    `draw(*axes, **values)` draws on its axes and returns one sentence with the numbers. Its first parameters are the axes. The
    others are named in `controls`, made by `slider`, `choice`, `toggle` or `text`, or have a default. The axes are side by side,
    or as `layout` places their names (a list of rows, as for matplotlib's `subplot_mosaic`). `size` is in inches, each of 100 CSS
    pixels. Raises ValueError if the parameters and the controls do not match, or if `draw` does not return a sentence. A warning
    raised in `draw` is an error.
    """
    parameters = parameters_of(draw, "figure")
    names = [name for name, parameter in parameters.items() if name in controls or parameter.default is parameter.empty]
    for name, control in controls.items():
        if name not in parameters:
            raise ValueError(f"{name_of(draw)} has no parameter {name!r}; its parameters are {', '.join(parameters)}")
        if not isinstance(control, Slider | Choice | Toggle | Text):
            raise ValueError(f"{name} must be made by live.slider, live.choice, live.toggle or live.text, not {control!r}")
    axes = names[: len(names) - len(controls)]
    by_name = all(parameters[name].kind is not inspect.Parameter.POSITIONAL_ONLY for name in controls)
    by_position = all(parameters[name].kind is not inspect.Parameter.KEYWORD_ONLY for name in axes)
    if not axes or not controls or any(name in controls for name in axes) or not by_name or not by_position:
        raise ValueError(
            f"{name_of(draw)}({', '.join(names)}): the axes must come first, then one parameter for each control "
            f"({', '.join(controls) or 'none given'})"
        )
    return LiveFigure(draw, axes, controls, Layout(checked_rows(layout, axes), checked_size(size, "figure")))
