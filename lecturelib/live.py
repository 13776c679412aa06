"""Tie a drawing function to sliders, and say in words what it shows.

A live figure is a function from parameters to a picture and one sentence:

    def backward(ax, w, T):
        ax.plot(np.abs(w) ** np.arange(T))
        return f"w = {w:.2f}, T = {T}: the gradient is multiplied by {w ** (T - 1):.4g}"

    live.figure(backward, w=live.slider(-1.5, 1.5, at=1.1), T=live.slider(2, 200, at=50))

The sentence is the caption, the alt text, what a screen reader hears when a slider moves, and the text a notebook stores.

`draw` makes the whole picture, every time; `stage` renders only what changed. A frame is the PNG of an `ipywidgets.Image`.
"""

import asyncio
import html
import inspect
import re
import threading
import time
import uuid

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display

from lecturelib.controls import Choice, Slider, Text, Toggle, choice, slider, text, toggle
from lecturelib.stage import Stage, quick_png, small_png

__all__ = ["LiveFigure", "choice", "figure", "predict", "slider", "text", "toggle", "watch"]

SHARP = 2  # pixels per CSS pixel of a picture at rest; while a slider moves it is 1
REST = 0.15  # seconds without a move until the sharp picture is drawn
LEGIBLE = 520  # CSS pixels; on a narrower screen the picture scrolls sideways, for its letters must stay readable
# JupyterLab hands the moves of a slider to a thread, and Reset to another; matplotlib's settings belong to the whole process.
DRAWING = threading.RLock()
PLAY = 150  # milliseconds between the steps of a Play control
EVERY = 0.25  # seconds between the frames of a run that is watched: drawing takes a few per cent of its time


# The live figure -----------------------------------------------------------------------------------------------------

# ipywidgets has no alt text, no live regions and no names on slider handles. This runs once where the caption is shown:
# it announces the caption when it changes, copies it to the picture's alt text, and names the handles after their labels.
_HOOK = """<style onload="(me => {
  const caption = document.querySelectorAll('.CAPTION'), mine = '.PICTURE img, img.PICTURE';
  const speak = () => {
    const images = document.querySelectorAll(mine);
    if (!images.length) return setTimeout(speak, 100);
    images.forEach(i => i.alt = caption[0].textContent);
    document.querySelectorAll('.CONTROLS .widget-inline-hbox').forEach(row => row.querySelectorAll('.noUi-handle').forEach(
      h => { h.setAttribute('aria-label', row.querySelector('label').textContent);
             const r = row.querySelector('.widget-readout'); if (r) h.setAttribute('aria-valuetext', r.textContent); }));
  };
  caption.forEach(c => { c.setAttribute('role', 'status');
    new MutationObserver(speak).observe(c, {childList: true, subtree: true, characterData: true}); });
  speak();
})(this)">
.CAPTION { line-height: 1.4; min-height: 3.6em; max-width: WIDTHpx; font-size: 1.05em; }
.CAPTION .error { color: #b00020; font-weight: bold; }
.CONTROLS .noUi-handle:focus-visible { outline: 3px solid #0072B2; outline-offset: 2px; }
</style>"""


def _hook(mark, width):
    """The script above, for the parts whose classes begin with `mark`."""
    hook = _HOOK.replace("WIDTH", str(max(width, 640)))
    for part in ("caption", "picture", "controls"):
        hook = hook.replace(part.upper(), f"{mark}-{part}")
    return widgets.HTML(hook, layout=widgets.Layout(display="none"))


class LiveFigure:
    """A picture with controls. Made by `figure`; the last expression of a cell shows it.

    `text` is the sentence, `png` the picture as bytes, `values` the controls' values by name, `controls` their ranges.
    """

    def __init__(self, draw, controls, layout, size):
        self.controls = controls
        axes = [name for name in inspect.signature(draw).parameters if name not in controls]
        with DRAWING:
            self._stage = Stage(draw, axes, layout or [axes], size)
        self._start = {name: control.at for name, control in controls.items()}
        self._good = self._asked = self._start  # the values last drawn, and those last tried
        self._rest = None
        self._held = False
        with DRAWING:
            self.text = self._stage.play(self._start)
            self._build(size)

    def _build(self, size):
        mark = "live-" + uuid.uuid4().hex[:8]
        width = round(size[0] * self._stage.dpi)
        self._sliders = {name: control.widget(control.label or name) for name, control in self.controls.items()}
        for widget in self._sliders.values():
            widget.observe(self._moved, "value")
        reset = widgets.Button(description="Reset", layout=widgets.Layout(width="auto"))
        reset.on_click(lambda _: self._reset())
        self._plays = []
        row = [part for name in self.controls for part in self._with_play(name)]
        controls = widgets.HBox([*row, reset], layout=widgets.Layout(flex_flow="row wrap", align_items="center"))
        controls.add_class(mark + "-controls")
        self._image = _image(width)
        self._image.add_class(mark + "-picture")
        self._image.value = quick_png(self._stage.pixels(SHARP))
        self._view = widgets.VBox([controls, _scrolling(self._image)])
        self._caption = widgets.HTML(html.escape(self.text), layout=widgets.Layout(height="auto"))
        self._caption.add_class(mark + "-caption")
        self._words = widgets.VBox([_hook(mark, width), self._caption])

    def _with_play(self, name):
        slider, control = self._sliders[name], self.controls[name]
        if not control.play:
            return [slider]
        play = widgets.Play(min=control.lo, max=control.hi, step=control.step, value=control.at, interval=PLAY, show_repeat=False)
        # Linked in the browser: Play then waits for the picture as a hand does, and steps never queue up in the kernel.
        widgets.jslink((play, "value"), (slider, "value"))
        self._plays.append(play)
        return [slider, play]

    def _reset(self):
        for play in self._plays:
            play.playing = False
        self.set(**self._start)

    @property
    def values(self):
        return {name: self.controls[name].check(w.value) for name, w in self._sliders.items()}

    @property
    def png(self):
        return self._image.value

    def set(self, **values):
        """Move controls by name, as a reader would; draw once; return the sentence.

        Raises ValueError for a control that does not exist or a value it does not allow, before anything moves, and whatever
        `draw` raises.
        """
        for name, value in values.items():
            if name not in self.controls:
                raise ValueError(f"there is no control {name!r}; the controls are {', '.join(self.controls)}")
            try:
                values[name] = self.controls[name].check(value)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
        with DRAWING:
            self._held = True
            try:
                for name, value in values.items():
                    self._sliders[name].value = value
            finally:
                self._held = False
            self._show(SHARP)
            return self.text

    def _moved(self, change):
        """A control moved in the browser. It sends the next move only when this returns, and then the latest one."""
        with DRAWING:
            # A log slider answers what Reset tells it, in other last digits: no picture is due for that.
            if self._held or self.values == self._asked:
                return
            if self._rest:
                self._rest.cancel()
            try:
                self._show(1)
                self._rest = asyncio.get_running_loop().call_later(REST, self._sharpen)
            except Exception as error:  # whatever draw raises: a reader who slides must see it, and the last good picture stays
                at = ", ".join(f"{name} = {value}" for name, value in self.values.items())
                self._caption.value = f'<span class="error">{html.escape(f"{at}: {type(error).__name__}: {error}")}</span>'

    def _show(self, scale):
        self._asked = values = self.values
        try:
            text = self._stage.play(values)
            self._image.value = quick_png(self._stage.pixels(scale))
        except Exception:
            self._stage.play(self._good)
            raise
        self.text, self._good = text, values
        self._caption.value = html.escape(text)

    def _sharpen(self):
        with DRAWING:
            self._image.value = quick_png(self._stage.pixels(SHARP))

    def _repr_mimebundle_(self, **kwargs):
        with DRAWING:
            pixels = self._stage.pixels(SHARP).copy()
        data = {**self._view._repr_mimebundle_(), "image/png": small_png(pixels), "text/plain": self.text}
        height, width = pixels.shape[:2]
        return data, {"image/png": {"alt": self.text, "width": width // SHARP, "height": height // SHARP}}

    def _ipython_display_(self):
        """Show the picture, then the sentence: where no kernel runs, a reader still gets both."""
        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        words = {"text/markdown": _markdown(self.text), "text/plain": self.text}
        display({**self._words._repr_mimebundle_(), **words}, raw=True)


def figure(draw, *, layout=None, size=(8, 3.6), **controls):
    """Show `draw` with a control for each parameter that has one here; returns a `LiveFigure`.

    `draw(*axes, **values)` draws on its axes and returns one sentence with the numbers. Its leading parameters are axes, side by
    side, or as `layout` places their names (a list of rows, as for matplotlib's `subplot_mosaic`); the others are named in
    `controls`, made by `slider`, `choice`, `toggle` or `text`. `size` is in inches; an inch is 100 CSS pixels.
    Raises ValueError when the parameters and controls do not fit, and when `draw` returns no sentence; a warning raised in
    `draw` is an error.
    """
    names = list(inspect.signature(draw).parameters)
    for name, control in controls.items():
        if name not in names:
            raise ValueError(f"{draw.__name__} has no parameter {name!r}; its parameters are {', '.join(names)}")
        if not isinstance(control, Slider | Choice | Toggle | Text):
            raise ValueError(f"{name} must be made by live.slider, live.choice, live.toggle or live.text, not {control!r}")
    axes = names[: len(names) - len(controls)]
    if not axes or not controls or any(name in controls for name in axes):
        raise ValueError(
            f"{draw.__name__}({', '.join(names)}): the axes come first, then one parameter for each control "
            f"({', '.join(controls) or 'none given'})"
        )
    if layout is not None and {name for row in layout for name in row} != set(axes):
        raise ValueError(f"layout must place exactly the axes {', '.join(axes)}; got {layout!r}")
    return LiveFigure(draw, controls, layout, size)


def _image(width):
    return widgets.Image(
        format="png",
        layout=widgets.Layout(width=f"{width}px", max_width="100%", min_width=f"{min(width, LEGIBLE)}px", height="auto"),
    )


def _scrolling(image):
    return widgets.Box([image], layout=widgets.Layout(overflow="auto hidden"))


def _markdown(text):
    return re.sub(r"([\\`*_{}\[\]<>#|~$^])", r"\\\1", text)


# A run that is watched -----------------------------------------------------------------------------------------------


class Watch:
    """Shows something that goes on, such as a training run. Made by `watch`; call it with the run as often as you like."""

    def __init__(self, draw, size):
        self._draw, self._size = draw, size
        self._axes = list(inspect.signature(draw).parameters)[:-1]
        self._stage, self._drawn, self._tenth = None, 0.0, 0

    def __call__(self, run):
        done = len(run.losses)
        tenth = 10 * done // run.steps if run.steps else done // 100
        news, self._tenth = bool(run.ended) or tenth != self._tenth, tenth
        if not hasattr(get_ipython(), "kernel"):
            if news:
                print(run.text, flush=True)
            return
        if self._stage is None:
            self._open(run)
        if news:  # a screen reader hears ten sentences, not a hundred
            self._caption.value = html.escape(run.text)
        if run.ended or time.monotonic() - self._drawn > EVERY:
            self._show(run)
        if run.ended:
            data, metadata = self._bundle(run)
            self._handle.update(data, metadata=metadata, raw=True)
            self._stage = None

    def _open(self, run):
        with DRAWING:
            self._stage = Stage(self._draw, self._axes, [self._axes], self._size)
        mark, width = "watch-" + uuid.uuid4().hex[:8], round(self._size[0] * self._stage.dpi)
        self._image = _image(width)
        self._image.add_class(mark + "-picture")
        self._bar = widgets.IntProgress(0, max=run.steps or 1, layout=widgets.Layout(width="23em", max_width="100%"))
        self._caption = widgets.HTML(html.escape(run.text), layout=widgets.Layout(height="auto"))
        self._caption.add_class(mark + "-caption")
        self._view = widgets.VBox([self._bar, _scrolling(self._image), _hook(mark, width), self._caption])
        self._show(run)
        data, metadata = self._bundle(run)
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)

    def _show(self, run):
        with DRAWING:
            self._stage.play({"run": run})
            self._image.value = quick_png(self._stage.pixels(SHARP))
        self._bar.value, self._drawn = min(len(run.losses), self._bar.max), time.monotonic()

    def _bundle(self, run):
        """The view, and the picture that a notebook keeps. Its text never changes: nbval sees the first, the file the last."""
        with DRAWING:
            pixels = self._stage.pixels(SHARP).copy()
        data = {**self._view._repr_mimebundle_(), "image/png": small_png(pixels), "text/plain": "The run, step by step"}
        height, width = pixels.shape[:2]
        return data, {"image/png": {"alt": run.text, "width": width // SHARP, "height": height // SHARP}}


def watch(draw, *, size=(8, 2.8)):
    """Watch a run: `train.fit(..., watch=live.watch(plots.training))`.

    In a notebook a progress bar and the picture `draw(*axes, run)` go along with the run; elsewhere each tenth of it prints a
    line. `run` has `losses`, `steps`, `ended` and `text`. Raises ValueError if `draw` has not an axes and a run to take.
    """
    if len(inspect.signature(draw).parameters) < 2:
        raise ValueError(f"{draw.__name__} must take its axes first, then the run")
    return Watch(draw, size)


# Predictions ---------------------------------------------------------------------------------------------------------


class Prediction:
    """A question that the reader answers before seeing. Made by `predict`; `choose` answers it without a browser."""

    def __init__(self, question, choices, right, reason):
        self.question, self.choices, self.right, self.reason = question, choices, right, reason
        self.reply = ""
        layout = widgets.Layout(width="auto", max_width="100%", height="auto")
        self._buttons = [widgets.Button(description=text, layout=layout) for text in choices]
        for button in self._buttons:
            button.on_click(lambda b: self.choose(b.description))
        self._answer = widgets.HTML(layout=widgets.Layout(height="auto"))
        ask = widgets.HTML(f"<b>Predict.</b> {html.escape(question)}", layout=widgets.Layout(height="auto"))
        row = widgets.HBox(self._buttons, layout=widgets.Layout(flex_flow="row wrap"))
        self._view = widgets.VBox([ask, row, self._answer])

    def choose(self, text):
        """Commit to one of the choices; the reply is shown, and returned. Raises ValueError for another text."""
        if text not in self.choices:
            raise ValueError(f"choose one of {', '.join(map(repr, self.choices))}, not {text!r}")
        for button in self._buttons:
            button.icon = "check" if button.description == self.right else "times" if button.description == text else ""
        self.reply = ("Right. " if text == self.right else f'Not quite: the answer is "{self.right}". ') + self.reason
        self._answer.value = f'<div role="status" style="max-width:800px;line-height:1.4">{html.escape(self.reply)}</div>'
        return self.reply

    def _repr_mimebundle_(self, **kwargs):
        plain = "\n".join([f"Predict. {self.question}", *(f"  ( ) {text}" for text in self.choices)])
        shown = "\n".join([f"**Predict.** {_markdown(self.question)}\n", *(f"- {_markdown(text)}" for text in self.choices)])
        return {**self._view._repr_mimebundle_(), "text/markdown": shown, "text/plain": plain}


def predict(question, *choices, right, reason):
    """Ask before you show: `choices` are buttons; the first click reveals which one is `right`, and the `reason`.

    Raises ValueError unless there are two or more different choices with the right one among them, and a question and a reason.
    """
    if len(set(choices)) < 2 or len(set(choices)) < len(choices) or right not in choices:
        raise ValueError(f"predict: needs two or more different choices one of them right; got {choices!r}, {right!r}")
    if not question.strip() or not reason.strip():
        raise ValueError("predict: needs a question and a reason")
    return Prediction(question, choices, right, reason)
