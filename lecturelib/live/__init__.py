"""Interactive figures for notebooks: a drawing function tied to controls, with a sentence that says what it shows.

A live figure is a function from parameters to a picture and one sentence:

    def backward(ax, w, T):
        ax.plot(np.abs(w) ** np.arange(T))
        return f"w = {w:.2f}, T = {T}: the gradient is multiplied by {w ** (T - 1):.4g}"

    live.figure(backward, w=live.slider(-1.5, 1.5, at=1.1), T=live.slider(2, 200, at=50))

The sentence is the caption, the alt text, what a screen reader says when a slider moves, and the text that a notebook stores.

- `figure`: the live figure and its controls in the page
- `controls`: sliders, menus, check boxes and text fields, with the values that they allow
- `predict`: questions that the reader answers before seeing the figure
- `watch`: a view of a training run while it goes on
- `testing`: moves every control of a figure and checks each frame, for the tests of a course
- `drawing`: checks of the drawing function, the layout and the size
- `render`: fast rendering on clean axes
- `view`, figure.js: the picture and the sentence in the page, frames that are kept there, and what a notebook stores
- `ahead`: draws frames ahead of the reader, in idle time
- `caption`: the sentence as Markdown
- `reruns`: frees what a cell has shown when it is run again

The package is independent of the lecture: it imports no other module of lecturelib.
"""

from lecturelib.live.controls import Choice, Slider, Text, Toggle, choice, slider, text, toggle
from lecturelib.live.figure import LiveFigure, figure
from lecturelib.live.predict import Prediction, predict
from lecturelib.live.testing import check_figure
from lecturelib.live.watch import Watch, watch

# `figure`, `predict` and `watch` are functions here, although modules of the package have the same names.
__all__ = [
    "Choice",
    "LiveFigure",
    "Prediction",
    "Slider",
    "Text",
    "Toggle",
    "Watch",
    "check_figure",
    "choice",
    "figure",
    "predict",
    "slider",
    "text",
    "toggle",
    "watch",
]
