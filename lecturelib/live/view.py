"""What a notebook shows: the widgets of figures, questions and runs. The page's side of a picture is figure.js.

Only this module needs ipywidgets, and nothing here is loaded before something is shown: figures are also drawn, and questions
answered, where there are no widgets.
"""

import html
import math
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

from lecturelib.live.controls import Choice, Control, Slider, Toggle, described

AHEAD = "LIVE_DRAW_AHEAD"  # the environment variable; 0 turns drawing ahead off
CLASS = "live-figure"  # of the widget that holds a figure and its controls, or a question; figure.js and figure.css look for it
PLAY_INTERVAL = 150  # milliseconds between the steps of a Play button


class Picture(anywidget.AnyWidget):
    """The widget of a picture and its sentence. `frame` is what the page shows first, and what the kernel shows unasked."""

    _esm = pathlib.Path(__file__).with_name("figure.js")
    _css = pathlib.Path(__file__).with_name("figure.css")
    controls: Any = traitlets.List().tag(sync=True, **widgets.widget_serialization)
    frame: Any = traitlets.Dict().tag(sync=True)
    ahead: Any = traitlets.Bool().tag(sync=True)

    def __init__(self, controls: Mapping[str, Control], shown: Mapping[str, Any], plays: Mapping[str, Any]) -> None:
        described = [self._described(name, control, shown[name], plays.get(name)) for name, control in controls.items()]
        super().__init__(controls=described, ahead=os.environ.get(AHEAD) != "0")

    @staticmethod
    def _described(name, control, widget, play):
        return {**described(name, control), "menu": isinstance(control, Choice), "model": widget, "play": play}


def widget(control: Control, label: str, at: Any) -> widgets.Widget:
    """A new widget for `control` that stands at the value `at`."""
    if isinstance(control, Slider):
        return _slider(control, label, at)
    style, layout = {"description_width": "initial"}, {"width": "auto", "max_width": "100%"}
    if isinstance(control, Choice):
        return widgets.Dropdown(options=control.options, value=at, description=label, style=style, layout=layout)
    if isinstance(control, Toggle):
        return widgets.Checkbox(at, description=label, indent=False, layout=layout)
    return widgets.Combobox(value=at, options=control.stops, description=label, style=style, layout=layout | {"width": "40em"})


def _slider(control, label, at):
    style, layout = {"description_width": "initial"}, {"width": "23em", "max_width": "100%"}
    lo, hi, common = control.lo, control.hi, {"step": control.step, "description": label, "style": style, "layout": layout}
    if control.whole:
        return widgets.IntSlider(at, min=lo, max=hi, **common)
    if control.log:
        digits = ".4" if hi >= 1000 else ".3"  # with three, 8192 would be shown as 8.19e+3
        return widgets.FloatLogSlider(at, min=math.log10(lo), max=math.log10(hi), readout_format=digits, **common)
    return widgets.FloatSlider(at, min=lo, max=hi, readout_format=f".{control.digits}f", **common)


class FigureView:
    """The widgets of a figure: its controls, which stand at `values`, Reset, and the picture.

    `moved(name, value)` is called when the page has moved a control, `asked(message)` when it wants a frame, and `reset()` when
    Reset has been pressed.
    """

    def __init__(
        self,
        controls: Mapping[str, Control],
        values: Mapping[str, Any],
        moved: Callable[[str, Any], None],
        asked: Callable[[Mapping[str, Any]], None],
        reset: Callable[[], None],
    ) -> None:
        self.widgets: dict[str, Any] = {}
        self._plays: dict[str, Any] = {}
        self._links: list[Any] = []
        row = []
        for k, (name, control) in enumerate(controls.items()):
            self.widgets[name] = widget(control, control.label or name, values[name])
            self.widgets[name].add_class(f"live-control-{k}")
            self.widgets[name].observe(lambda change, name=name: moved(name, change.new), "value")
            row.append(self.widgets[name])
            if control.play:
                row.append(self._play(name, control, k))
        button = widgets.Button(description="Reset", layout=widgets.Layout(width="auto"))
        button.on_click(lambda _: self._reset(reset))
        row = widgets.HBox([*row, button], layout=widgets.Layout(flex_flow="row wrap", align_items="center"))
        self.picture = Picture(controls, self.widgets, self._plays)
        self.picture.on_msg(lambda picture, content, buffers: asked(content))
        self.box = widgets.VBox([row, self.picture])
        self.box.add_class(CLASS)
        # The sentence is stored as an output of its own, which shows nothing in the page: the picture's widget has it there.
        self.nothing = widgets.Box(layout=widgets.Layout(display="none"))

    def _play(self, name, control, k):
        options = {"min": control.lo, "max": control.hi, "step": control.step, "value": self.widgets[name].value}
        play = widgets.Play(**options, interval=PLAY_INTERVAL, show_repeat=False)
        play.add_class(f"live-play-{k}")
        # Linked in the browser: Play then waits for the picture, as a slider does, and its steps never queue up in the kernel.
        self._links.append(widgets.jslink((play, "value"), (self.widgets[name], "value")))
        self._plays[name] = play
        return play

    def _reset(self, reset):
        for play in self._plays.values():
            play.playing = False
        reset()
        self.picture.send({"reset": True}, [])  # a move that is still on its way would undo it: the page moves its controls too

    def send(self, answer: Mapping[str, Any]) -> None:
        """Send the page a frame or an error that it has asked for."""
        self.picture.send({name: value for name, value in answer.items() if name != "png"}, [answer.get("png", b"")])

    def show(self, frame: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Show a frame that the page has not asked for, and move the controls to its values.

        The frame is in the page before the controls move there, so that it need not ask for it.
        """
        self.picture.frame = frame
        for name, value in values.items():
            self.widgets[name].value = value

    def close(self) -> None:
        """Free the widgets."""
        for link in self._links:
            link.close()
        close(self.box, self.nothing)


class QuestionView:
    """The widgets of a question: a button for each choice, which calls `choose` with it, and the reply."""

    def __init__(self, question: str, choices: tuple[str, ...], choose: Callable[[str], Any]) -> None:
        layout = widgets.Layout(width="auto", max_width="100%", height="auto")
        self.buttons = [widgets.Button(description=text, layout=layout) for text in choices]
        for button in self.buttons:
            button.on_click(lambda b: choose(b.description))
        self.answer = widgets.HTML(layout=widgets.Layout(height="auto"))
        ask = widgets.HTML(f"<b>Predict.</b> {html.escape(question)}", layout=widgets.Layout(height="auto"))
        row = widgets.HBox(self.buttons, layout=widgets.Layout(flex_flow="row wrap"))
        self.box = widgets.VBox([ask, row, self.answer])
        self.box.add_class(CLASS)

    def show(self, right: str, chosen: str, reply: str) -> None:
        """Show the reply to the choice `chosen`."""
        for button in self.buttons:
            button.icon = "check" if button.description == right else "times" if button.description == chosen else ""
        self.answer.value = f'<div role="status" style="max-width:800px;line-height:1.4">{html.escape(reply)}</div>'

    def close(self) -> None:
        """Free the widgets."""
        close(self.box)


class RunView:
    """The widgets of a run that is watched: a progress bar of `steps` steps, and the picture."""

    def __init__(self, steps: int) -> None:
        self.bar = widgets.IntProgress(0, max=steps, layout=widgets.Layout(width="23em", max_width="100%"))
        self.picture = Picture({}, {}, {})
        self.box = widgets.VBox([self.bar, self.picture])
        self.box.add_class(CLASS)

    def show(self, frame: Mapping[str, Any], done: int) -> None:
        """Show a frame, after `done` steps."""
        self.picture.frame = frame
        self.bar.value = min(done, self.bar.max)

    def close(self) -> None:
        """Free the widgets."""
        close(self.box)


def close(*boxes: widgets.Widget) -> None:
    """Close widgets and everything in them. ipywidgets holds on to them until then."""
    for box in boxes:
        close(*getattr(box, "children", ()))
        for part in (box.layout, getattr(box, "style", None), box):
            if isinstance(part, widgets.Widget):
                part.close()
