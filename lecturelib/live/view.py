"""A picture and its sentence in the page, and what a notebook stores of them. The page's side is figure.js."""

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

from lecturelib.live.controls import Control, Slider, spoken
from lecturelib.live.render import DRAW_LOCK, Renderer, quick_png, small_png

SHARP = 2  # image pixels per CSS pixel of a picture at rest; while a slider moves it is 1
AHEAD = "LIVE_DRAW_AHEAD"  # the environment variable; 0 turns drawing ahead off
CLASS = "live-figure"  # of the widget that holds a figure and its controls, or a question; figure.js and figure.css look for it


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
        stops = control.range if isinstance(control, Slider) else list(control.stops)
        menu = isinstance(widget, widgets.Dropdown)
        about = {"spoken": spoken(control.label or name), "stops": stops, "menu": menu, "at": control.at}
        return {**about, "model": widget, "play": play}


def frame(renderer: Renderer, scale: int, narrow: bool = False) -> dict[str, Any]:
    """The current frame of `renderer` as the page gets it, with `scale` image pixels per CSS pixel."""
    picture = {"png": quick_png(renderer.pixels(scale)), "size": list(renderer.size), "scale": scale}
    return {"values": list((renderer.drawn or {}).values()), "text": renderer.text, "narrow": narrow, **picture}


def bundle(renderer: Renderer, view: widgets.Widget, text: str) -> tuple[dict, dict]:
    """MIME data and metadata: `view` where a kernel runs, elsewhere the current frame with `text` as its alt text."""
    with DRAW_LOCK:
        pixels = renderer.pixels(SHARP).copy()
    data = {**view._repr_mimebundle_(), "image/png": small_png(pixels), "text/plain": text}
    height, width = pixels.shape[:2]
    return data, {"image/png": {"alt": text, "width": width // SHARP, "height": height // SHARP}}
