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
import math
import re
import time
import uuid

import ipywidgets as widgets
import numpy as np
from IPython import get_ipython
from IPython.display import display

from lecturelib.controls import Choice, Slider, Text, Toggle, choice, slider, text, toggle
from lecturelib.reruns import CELLS, close_widgets
from lecturelib.stage import DRAWING, Stage, name_of, quick_png, small_png

__all__ = ["LiveFigure", "choice", "figure", "predict", "slider", "text", "toggle", "watch"]

SHARP = 2  # pixels per CSS pixel of a picture at rest; while a slider moves it is 1
REST = 0.15  # seconds without a move until the sharp picture is drawn
LEGIBLE = 520  # CSS pixels; on a narrower screen the picture scrolls sideways, for its letters must stay readable
PLAY = 150  # milliseconds between the steps of a Play control
LARGEST = 40  # inches of a picture
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

    def __init__(self, draw, axes, controls, layout, size):
        self.controls = controls
        with DRAWING:
            self._stage = Stage(draw, axes, layout, size)
        self._start = {name: control.at for name, control in controls.items()}
        self._good = self._asked = self._start  # the values last drawn, and those last tried
        self._rest = None
        self._held = False
        with DRAWING:
            self.text = self._stage.play(self._start)
            self._build(size)
        CELLS.keep(self)

    def _build(self, size):
        mark = "live-" + uuid.uuid4().hex[:8]
        width = round(size[0] * self._stage.dpi)
        self._sliders = {name: control.widget(control.label or name) for name, control in self.controls.items()}
        for widget in self._sliders.values():
            widget.observe(self._moved, "value")
        reset = widgets.Button(description="Reset", layout=widgets.Layout(width="auto"))
        reset.on_click(lambda _: self._reset())
        self._plays, self._links = [], []
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
        self._links.append(widgets.jslink((play, "value"), (slider, "value")))
        self._plays.append(play)
        return [slider, play]

    def _reset(self):
        for play in self._plays:
            play.playing = False
        self.set(**self._start)

    def close(self):
        """Free the picture and the widgets. So it happens by itself when the cell that shows the figure is run again."""
        with DRAWING:
            if self._stage is None:
                return
            self._good = self.values
            if self._rest:
                self._rest.cancel()
            for widget in self._sliders.values():
                widget.unobserve_all()
            for link in self._links:
                link.close()
            close_widgets(self._view, self._words)
            self._stage = self._image = self._caption = self._sliders = self._plays = self._links = self._view = self._words = (
                None
            )

    def _open(self):
        """Raise ValueError unless the figure can be moved and shown."""
        if self._stage is None:
            raise ValueError("this figure is closed: its cell has been run again; use the figure that the cell made then")
        self._stage.refuse_while_playing()

    @property
    def values(self):
        if self._stage is None:
            return self._good
        return {name: self.controls[name].check(w.value) for name, w in self._sliders.items()}

    @property
    def png(self):
        self._open()
        return self._image.value

    def set(self, **values):
        """Move controls by name, as a reader would; draw once; return the sentence.

        Raises ValueError for a control that does not exist or a value it does not allow, before anything moves, and whatever
        `draw` raises.
        """
        self._open()
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
            if self._stage is None or self._held or self.values == self._asked:
                return
            if self._rest:
                self._rest.cancel()
            try:
                loop = _running_loop()
                self._show(1 if loop else SHARP)
                self._rest = loop and loop.call_later(REST, self._sharpen)
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
            if self._stage is None:
                return
            self._image.value = quick_png(self._stage.pixels(SHARP))

    def _repr_mimebundle_(self, **kwargs):
        self._open()
        CELLS.keep(self)
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


def _running_loop():
    """The event loop of this thread; None in a plain thread, where nothing can be put off until later."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def figure(draw, *, layout=None, size=(8, 3.6), **controls):
    """Show `draw` with a control for each parameter that has one here; returns a `LiveFigure`.

    `draw(*axes, **values)` draws on its axes and returns one sentence with the numbers. Its leading parameters are axes, side by
    side, or as `layout` places their names (a list of rows, as for matplotlib's `subplot_mosaic`); the others are named in
    `controls`, made by `slider`, `choice`, `toggle` or `text`, or have a default. `size` is in inches; an inch is 100 CSS pixels.
    Raises ValueError when the parameters and controls do not fit, and when `draw` returns no sentence; a warning raised in
    `draw` is an error.
    """
    given = _parameters("figure", draw)
    names = [name for name, parameter in given.items() if name in controls or parameter.default is parameter.empty]
    for name, control in controls.items():
        if name not in given:
            raise ValueError(f"{name_of(draw)} has no parameter {name!r}; its parameters are {', '.join(given)}")
        if not isinstance(control, Slider | Choice | Toggle | Text):
            raise ValueError(f"{name} must be made by live.slider, live.choice, live.toggle or live.text, not {control!r}")
    axes = names[: len(names) - len(controls)]
    by_name = all(given[name].kind is not inspect.Parameter.POSITIONAL_ONLY for name in controls)
    by_place = all(given[name].kind is not inspect.Parameter.KEYWORD_ONLY for name in axes)
    if not axes or not controls or any(name in controls for name in axes) or not by_name or not by_place:
        raise ValueError(
            f"{name_of(draw)}({', '.join(names)}): the axes come first, then one parameter for each control "
            f"({', '.join(controls) or 'none given'})"
        )
    return LiveFigure(draw, axes, controls, _checked_layout(layout, axes), _checked_size("figure", size))


def _parameters(kind, draw):
    """The parameters of `draw` by name. Raises ValueError unless it is a function that can be called with them."""
    try:
        found = inspect.signature(draw).parameters
    except (TypeError, ValueError):
        raise ValueError(f"{kind}: draw must be a function of axes and values, not {draw!r}") from None
    if inspect.iscoroutinefunction(draw) or inspect.isgeneratorfunction(draw) or inspect.isclass(draw):
        raise ValueError(f"{kind}: {name_of(draw)} must be a plain function that returns its sentence")
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in found.values()):
        raise ValueError(f"{kind}: {name_of(draw)} must name its axes and values one by one, without * or **")
    return found


def _checked_layout(layout, axes):
    """Rows of names, all of one length. Raises ValueError unless each name of `axes` has its place."""
    if layout is None:
        return [axes]
    rows = layout if isinstance(layout, list | tuple) else []
    if not rows or not all(isinstance(row, list | tuple) and all(isinstance(name, str) for name in row) for row in rows):
        raise ValueError(f"layout must be a list of rows, each a list of names of axes; got {layout!r}")
    if {name for row in rows for name in row} != set(axes):
        raise ValueError(f"layout must place exactly the axes {', '.join(axes)}; got {layout!r}")
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"layout must have rows of one length; got {layout!r}")
    for name in axes:
        places = [(y, x) for y, row in enumerate(rows) for x, other in enumerate(row) if other == name]
        height, width = (max(place) - min(place) + 1 for place in zip(*places, strict=True))
        if height * width != len(places):
            raise ValueError(f"layout must give {name} one rectangle; got {layout!r}")
    return [list(row) for row in rows]


def _checked_size(kind, size):
    """Width and height in inches. Raises ValueError unless there is room for a picture."""
    pair = tuple(size) if isinstance(size, list | tuple) and len(size) == 2 else (None,)
    for inches in pair:
        real = isinstance(inches, int | float | np.integer | np.floating) and not isinstance(inches, bool)
        if not real or not math.isfinite(inches) or not 1 <= inches <= LARGEST:
            raise ValueError(f"{kind}: size must be two numbers of inches, width and height, from 1 to {LARGEST}, not {size!r}")
    return pair


def _image(width):
    return widgets.Image(
        format="png",
        layout=widgets.Layout(width=f"{width}px", max_width="100%", min_width=f"{min(width, LEGIBLE)}px", height="auto"),
    )


def _scrolling(image):
    return widgets.Box([image], layout=widgets.Layout(overflow="auto hidden"))


# A dollar, or a backslash that could begin a formula, stands alone in a tag: MathJax searches the finished page for formulas, but
# only within one piece of text.
_WRITTEN = {"$": "<span>&#36;</span>", "\\": "<span>&#92;</span>", "&": "&amp;", "@": "&#64;", "/": "&#47;", ".": "&#46;"}
_MATHS = r"\$|\\(?=[()\[\]]|begin|end)"
_LINKS = r"@|(?<=:)/(?=/)|(?<=www)\."


def _markdown(text):
    """Markdown that reads as `text`, sign by sign: no formula, list, link, tag or entity is made of it."""
    marks = rf"({_MATHS}|{_LINKS}|&(?=#?\w+;))|([\\`*_{{}}\[\]<>#|~^])"
    text = re.sub(marks, lambda m: _WRITTEN[m[1]] if m[1] else "\\" + m[2], " ".join(text.split()))
    return re.sub(r"^(\d{1,9}(?=[.)](?: |$))|(?=[-+](?:[ -]|$)))", r"\1\\", text)  # what begins a list or a rule


# A run that is watched -----------------------------------------------------------------------------------------------


WATCHED = "The run, step by step"  # what a notebook keeps in words


class _Closing:
    """Closes `views` when the cell that shows them is run again."""

    def __init__(self, *views):
        self._views = views

    def close(self):
        close_widgets(*self._views)
        self._views = ()


class Watch:
    """Shows something that goes on, such as a training run. Made by `watch`; call it with the run as often as you like."""

    def __init__(self, draw, axes, size):
        self._draw, self._axes, self._size = draw, axes, size
        self._stage, self._drawn, self._tenth = None, 0.0, 0

    def __call__(self, run):
        if missing := [name for name in ("losses", "steps", "ended", "text") if not hasattr(run, name)]:
            raise ValueError(f"watch: a run has losses, steps, ended and text; {run!r} lacks {', '.join(missing)}")
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
            data, metadata = self._bundle()
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
        CELLS.keep(_Closing(self._view))
        data, metadata = self._bundle()
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)

    def _show(self, run):
        with DRAWING:
            self._stage.play({"run": run})
            self._image.value = quick_png(self._stage.pixels(SHARP))
        self._bar.value, self._drawn = min(len(run.losses), self._bar.max), time.monotonic()

    def _bundle(self):
        """The view, and the picture that a notebook keeps. What it says never changes: nbval sees the first text, the file keeps
        the last, and the digits of a loss are not the same on every processor. The caption says them, while the run goes on.
        """
        with DRAWING:
            pixels = self._stage.pixels(SHARP).copy()
        data = {**self._view._repr_mimebundle_(), "image/png": small_png(pixels), "text/plain": WATCHED}
        height, width = pixels.shape[:2]
        return data, {"image/png": {"alt": WATCHED, "width": width // SHARP, "height": height // SHARP}}


def watch(draw, *, size=(8, 2.8)):
    """Watch a run: `train.fit(..., watch=live.watch(plots.training))`.

    In a notebook a progress bar and the picture `draw(*axes, run)` go along with the run; elsewhere each tenth of it prints a
    line. `run` has `losses`, `steps`, `ended` and `text`. Raises ValueError if `draw` has not an axes and a run to take.
    """
    axes = list(_parameters("watch", draw))[:-1]
    if not axes:
        raise ValueError(f"{name_of(draw)} must take its axes first, then the run")
    return Watch(draw, axes, _checked_size("watch", size))


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
        CELLS.keep(self)

    def close(self):
        """Free the buttons. So it happens by itself when the cell that asks is run again."""
        close_widgets(self._view)

    def choose(self, text):
        """Commit to one of the choices; the reply is shown, and returned. Raises ValueError for another text."""
        if not isinstance(text, str) or text not in self.choices:
            raise ValueError(f"choose one of {', '.join(map(repr, self.choices))}, not {text!r}")
        for button in self._buttons:
            button.icon = "check" if button.description == self.right else "times" if button.description == text else ""
        self.reply = ("Right. " if text == self.right else f'Not quite: the answer is "{self.right}". ') + self.reason
        self._answer.value = f'<div role="status" style="max-width:800px;line-height:1.4">{html.escape(self.reply)}</div>'
        return self.reply

    def _repr_mimebundle_(self, **kwargs):
        CELLS.keep(self)
        plain = "\n".join([f"Predict. {self.question}", *(f"  ( ) {text}" for text in self.choices)])
        shown = "\n".join([f"**Predict.** {_markdown(self.question)}\n", *(f"- {_markdown(text)}" for text in self.choices)])
        return {**self._view._repr_mimebundle_(), "text/markdown": shown, "text/plain": plain}


def predict(question, *choices, right, reason):
    """Ask before you show: `choices` are buttons; the first click reveals which one is `right`, and the `reason`.

    Raises ValueError unless there are two or more different choices with the right one among them, and a question and a reason.
    """
    if not all(isinstance(text, str) and text.strip() for text in (question, reason)):
        raise ValueError(f"predict: needs a question and a reason, both texts that are not empty; got {question!r}, {reason!r}")
    texts = all(isinstance(text, str) and text.strip() for text in choices)
    if not texts or not 2 <= len(choices) == len(set(choices)) or not isinstance(right, str) or right not in choices:
        raise ValueError(f"predict: needs two or more different choices, one of them right: got {choices!r}, {right!r}")
    return Prediction(question, choices, right, reason)
