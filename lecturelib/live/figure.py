"""The live figure: a drawing function, its controls, and what the page shows of them."""

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np
from IPython.display import display

from lecturelib.live.caption import caption_widget, markdown, show_error, show_text
from lecturelib.live.controls import Choice, Control, Slider, Text, Toggle
from lecturelib.live.drawing import checked_layout, checked_size, name_of, parameters_of
from lecturelib.live.render import DRAW_LOCK, Renderer
from lecturelib.live.reruns import CELLS, close_widgets
from lecturelib.live.view import SHARP, Picture, accessibility_widget, new_mark

REST = 0.15  # seconds without a move until the sharp picture is rendered
PLAY_INTERVAL = 150  # milliseconds between the steps of a Play button
MAX_SCALE = 4  # image pixels per CSS pixel that `pixels` gives


class LiveFigure:
    """A picture with controls and a caption. Made by `figure`. The last expression of a cell shows it.

    `text` is the sentence, and `controls` are the controls by name.
    """

    def __init__(
        self,
        draw: Callable[..., str],
        axes: Sequence[str],
        controls: Mapping[str, Control],
        layout: list[list[str]],
        size: tuple[float, float],
    ) -> None:
        self.controls = controls
        self._start = {name: control.at for name, control in controls.items()}
        self._last_good = self._last_tried = self._start  # values
        self._sharpening = None  # the timer
        self._setting = False
        with DRAW_LOCK:
            self._renderer: Any = Renderer(draw, axes, layout, size)  # None once the figure is closed
            self.text = self._renderer.draw(self._start)
            self._build()
        CELLS.keep(self)

    def _build(self):
        mark, width = new_mark("live"), self._renderer.size[0]
        self._widgets = {name: control.widget(control.label or name) for name, control in self.controls.items()}
        for widget in self._widgets.values():
            widget.observe(self._moved, "value")
        reset = widgets.Button(description="Reset", layout=widgets.Layout(width="auto"))
        reset.on_click(lambda _: self._reset())
        self._plays, self._links = [], []
        row = [part for name in self.controls for part in self._with_play(name)]
        controls = widgets.HBox([*row, reset], layout=widgets.Layout(flex_flow="row wrap", align_items="center"))
        controls.add_class(f"{mark}-controls")
        self._picture = Picture(self._renderer, mark)
        self._picture.show(SHARP)
        self._caption = caption_widget(self.text, mark)
        self._view = widgets.VBox([controls, self._picture.widget])
        self._caption_view = widgets.VBox([accessibility_widget(mark, width), self._caption])

    def _with_play(self, name):
        widget, control = self._widgets[name], self.controls[name]
        if not control.play:
            return [widget]
        options = {"min": control.lo, "max": control.hi, "step": control.step, "value": control.at}
        play = widgets.Play(**options, interval=PLAY_INTERVAL, show_repeat=False)
        # Linked in the browser: Play then waits for the picture, as a slider does, and its steps never queue up in the kernel.
        self._links.append(widgets.jslink((play, "value"), (widget, "value")))
        self._plays.append(play)
        return [widget, play]

    def _reset(self):
        for play in self._plays:
            play.playing = False
        self.set(**self._start)

    def close(self) -> None:
        """Free the picture and the widgets. This happens automatically when you run the cell again."""
        with DRAW_LOCK:
            if self._renderer is None:
                return
            self._last_good = self.values
            if self._sharpening:
                self._sharpening.cancel()
            for widget in self._widgets.values():
                widget.unobserve_all()
            for link in self._links:
                link.close()
            close_widgets(self._view, self._caption_view)
            self._renderer = self._picture = self._caption = self._view = self._caption_view = None
            self._widgets = self._plays = self._links = None

    def _check_usable(self):
        """Raise ValueError if the figure is closed or is being drawn."""
        if self._renderer is None:
            raise ValueError("this figure is closed: its cell has been run again; use the new figure of that cell")
        self._renderer.check_not_drawing()

    @property
    def values(self) -> dict[str, Any]:
        """The current values of the controls, by name."""
        if self._renderer is None:
            return self._last_good
        return {name: self.controls[name].check(widget.value) for name, widget in self._widgets.items()}

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in CSS pixels; `figure` takes it in inches, each of 100 CSS pixels."""
        self._check_usable()
        return self._renderer.size

    @property
    def png(self) -> bytes:
        """The image that the page shows now, as a PNG file."""
        self._check_usable()
        return self._picture.png

    def pixels(self, scale: int = 1) -> np.ndarray:
        """A copy of the current frame as RGBA bytes of shape (height, width, 4), with `scale` pixels per CSS pixel.

        Raises ValueError unless `scale` is a whole number from 1 to 4.
        """
        self._check_usable()
        if isinstance(scale, bool) or not isinstance(scale, int | np.integer) or not 1 <= scale <= MAX_SCALE:
            raise ValueError(f"pixels: scale must be a whole number from 1 to {MAX_SCALE}, not {scale!r}")
        with DRAW_LOCK:
            return self._renderer.pixels(int(scale)).copy()

    def set(self, **values: Any) -> str:
        """Move controls by name, as a reader would, draw once, and return the sentence.

        Raises ValueError, before anything moves, for a control that does not exist or a value that it does not allow. Also raises
        whatever the drawing function raises.
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
            self._setting = True
            try:
                for name, value in values.items():
                    self._widgets[name].value = value
            finally:
                self._setting = False
            self._update(SHARP)
            return self.text

    def _moved(self, change):
        """Respond to a control moved in the browser, which sends only the latest move once this returns."""
        with DRAW_LOCK:
            # After Reset, the page sends the value of a log slider back with different last digits. That needs no new frame.
            if self._renderer is None or self._setting or self.values == self._last_tried:
                return
            if self._sharpening:
                self._sharpening.cancel()
            try:
                loop = _running_loop()
                self._update(1 if loop else SHARP)
                self._sharpening = loop and loop.call_later(REST, self._sharpen)
            except Exception as error:  # the reader must see any error, and the last good picture stays
                values = ", ".join(f"{name} = {value}" for name, value in self.values.items())
                show_error(self._caption, f"{values}: {type(error).__name__}: {error}")

    def _update(self, scale):
        """Draw and show the frame for the current values. If that fails, go back to the last good frame."""
        self._last_tried = values = self.values
        try:
            text = self._renderer.draw(values)
            self._picture.show(scale)
        except Exception:
            self._renderer.draw(self._last_good)
            raise
        self.text, self._last_good = text, values
        show_text(self._caption, text)

    def _sharpen(self):
        with DRAW_LOCK:
            if self._renderer is not None:
                self._picture.show(SHARP)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        self._check_usable()
        CELLS.keep(self)
        return self._picture.bundle(self._view, self.text)

    def _ipython_display_(self):
        """Show the picture, then the sentence. Both are stored too, for readers without a kernel."""
        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        stored = {"text/markdown": markdown(self.text), "text/plain": self.text}
        display({**self._caption_view._repr_mimebundle_(), **stored}, raw=True)


def _running_loop():
    """The event loop of this thread. None in a thread without one, where nothing can be scheduled for later."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


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
    return LiveFigure(draw, axes, controls, checked_layout(layout, axes), checked_size(size, "figure"))
