"""The live figure: a drawing function, its controls, and what the page shows of them."""

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np
from IPython.display import display

from lecturelib.live.ahead import Ahead
from lecturelib.live.caption import markdown
from lecturelib.live.controls import Choice, Control, Slider, Text, Toggle
from lecturelib.live.drawing import Layout, checked_rows, checked_size, name_of, parameters_of
from lecturelib.live.render import DRAW_LOCK, Renderer, quick_png
from lecturelib.live.reruns import CELLS, close_widgets
from lecturelib.live.view import CLASS, SHARP, Picture, bundle, frame

PLAY_INTERVAL = 150  # milliseconds between the steps of a Play button
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
        self._in_page = False
        with DRAW_LOCK:
            self._renderer: Any = Renderer(draw, axes, layout)  # None once the figure is closed
            self._narrow: Any = None  # the renderer for narrow pages, once there is one
            self._text = self._renderer.draw(self._start)
            self._renderer.pixels(SHARP)  # the layout is that of this frame, and what cannot be rendered raises here
            self._good = self._tried = self._start  # the values of the last frame that could be drawn, and of the last of all
            self._build()
        CELLS.keep(self)

    def _build(self):
        self._widgets = {name: control.widget(control.label or name) for name, control in self.controls.items()}
        self._plays, self._links, row = {}, [], []
        for k, (name, widget) in enumerate(self._widgets.items()):
            widget.add_class(f"live-control-{k}")
            row.append(widget)
            if self.controls[name].play:
                row.append(self._play(name, k))
        reset = widgets.Button(description="Reset", layout=widgets.Layout(width="auto"))
        reset.on_click(lambda _: self._reset())
        controls = widgets.HBox([*row, reset], layout=widgets.Layout(flex_flow="row wrap", align_items="center"))
        self._picture = Picture(self.controls, self._widgets, self._plays)
        self._picture.on_msg(self._asked)
        self._ahead = Ahead(self._draw_ahead)
        self._view = widgets.VBox([controls, self._picture])
        self._view.add_class(CLASS)
        # The sentence is stored as an output of its own, which shows nothing in the page: the picture's widget has it there.
        self._nothing = widgets.Box(layout=widgets.Layout(display="none"))

    def _play(self, name, k):
        control = self.controls[name]
        options = {"min": control.lo, "max": control.hi, "step": control.step, "value": control.at}
        play = widgets.Play(**options, interval=PLAY_INTERVAL, show_repeat=False)
        play.add_class(f"live-play-{k}")
        # Linked in the browser: Play then waits for the picture, as a slider does, and its steps never queue up in the kernel.
        self._links.append(widgets.jslink((play, "value"), (self._widgets[name], "value")))
        self._plays[name] = play
        return play

    def _reset(self):
        for play in self._plays.values():
            play.playing = False
        self.set(**self._start)
        self._picture.send({"reset": True}, [])  # a move that is still on its way would undo it: the page moves its controls too

    def close(self) -> None:
        """Free the picture and the widgets. This happens automatically when you run the cell again."""
        with DRAW_LOCK:
            if self._renderer is None:
                return
            self._good = self._tried = self.values
            self._ahead.drop()
            for link in self._links:
                link.close()
            close_widgets(self._view, self._nothing)
            self._renderer = self._narrow = None
            self._picture = self._ahead = self._view = self._nothing = None
            self._widgets = self._plays = self._links = None

    def _check_usable(self):
        """Raise ValueError if the figure is closed or is being drawn."""
        if self._renderer is None:
            raise ValueError("this figure is closed: its cell has been run again; use the new figure of that cell")
        for renderer in filter(None, (self._renderer, self._narrow)):
            renderer.check_not_drawing()

    # -- frames --

    def _drawn(self, values, narrow=False):
        """The renderer of this layout, after it has drawn the frame for `values`."""
        if narrow and self._narrow is None:
            self._narrow = Renderer(self._draw, self._axes, self._layout.stacked())
            self._narrow.draw(self._start)
            self._narrow.pixels(1)
        renderer = self._narrow if narrow else self._renderer
        if renderer.drawn != values:
            renderer.draw(values)
        return renderer

    def _current(self):
        """The renderer with the frame for the present values; if that cannot be drawn, with the last good frame."""
        self._check_usable()
        if self._tried != self.values:
            self._tried = self.values
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
        if self._renderer is None:
            return self._good
        return {name: self.controls[name].check(widget.value) for name, widget in self._widgets.items()}

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

    def pixels(self, scale: int = 1) -> np.ndarray:
        """A copy of the current frame as RGBA bytes of shape (height, width, 4), with `scale` pixels per CSS pixel.

        Raises ValueError unless `scale` is a whole number from 1 to 4.
        """
        self._check_usable()
        if isinstance(scale, bool) or not isinstance(scale, int | np.integer) or not 1 <= scale <= MAX_SCALE:
            raise ValueError(f"pixels: scale must be a whole number from 1 to {MAX_SCALE}, not {scale!r}")
        with DRAW_LOCK:
            return self._current().pixels(int(scale)).copy()

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
            self._show(self.values | values)
            # The frame is in the page before the controls move there, so that it need not ask for it.
            for name, value in values.items():
                self._widgets[name].value = value
            return self._text

    def _show(self, values):
        """Draw the frame for `values` and send it to the page."""
        text = self._renderer.draw(values)
        self._renderer.pixels(SHARP)
        self._text, self._good, self._tried = text, values, values
        if self._in_page:
            self._picture.frame = frame(self._renderer, SHARP)

    # -- what the page asks for --

    def _asked(self, picture, content, buffers):
        """Answer a message of figure.js."""
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
            self._send(content["draw"], answer)

    def _draw_ahead(self, wanted):
        """Draw a frame before the page needs it; return the seconds that it took. One that cannot be drawn is left out."""
        start = WORK()
        try:
            answer = self._frame(wanted[0], 1, wanted[1])
        except Exception:  # it is shown when the reader comes to it
            return 0.0
        seconds = WORK() - start
        self._send(wanted[0], {**answer, "milliseconds": 1000 * seconds})
        return seconds

    def _frame(self, values, scale, narrow):
        checked = {name: control.check(value) for (name, control), value in zip(self.controls.items(), values, strict=True)}
        return frame(self._drawn(checked, narrow), scale, narrow)

    def _send(self, values, answer):
        png = answer.pop("png", b"")
        self._picture.send({**answer, "values": values}, [png])

    # -- what is shown and stored --

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        with DRAW_LOCK:
            renderer = self._current()
            self._in_page, self._picture.frame = True, frame(renderer, SHARP)
            CELLS.keep(self)
            return bundle(renderer, self._view, self._text)

    def _ipython_display_(self):
        """Show the figure. The picture and the sentence are stored too, as two outputs, for readers without a kernel."""
        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        stored = {"text/markdown": markdown(self._text), "text/plain": self._text}
        display({**self._nothing._repr_mimebundle_(), **stored}, raw=True)


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
