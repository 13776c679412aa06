"""Predictions: questions that the reader answers before seeing the figure."""

import html
from typing import Any

import ipywidgets as widgets

from lecturelib.live.caption import markdown
from lecturelib.live.reruns import CELLS, close_widgets
from lecturelib.live.view import CLASS


class Prediction:
    """A question with buttons for its choices. Made by `predict`. Without a browser, answer it with `choose`."""

    def __init__(self, question: str, choices: tuple[str, ...], right: str, reason: str) -> None:
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
        self._view.add_class(CLASS)
        CELLS.keep(self)

    def close(self) -> None:
        """Free the buttons. This happens automatically when you run the cell again."""
        close_widgets(self._view)

    def choose(self, text: str) -> str:
        """Answer with one of the choices. Shows the reply and returns it. Raises ValueError if `text` is not a choice."""
        if not isinstance(text, str) or text not in self.choices:
            raise ValueError(f"choose one of {', '.join(map(repr, self.choices))}, not {text!r}")
        for button in self._buttons:
            button.icon = "check" if button.description == self.right else "times" if button.description == text else ""
        self.reply = ("Right. " if text == self.right else f'Not quite: the answer is "{self.right}". ') + self.reason
        self._answer.value = f'<div role="status" style="max-width:800px;line-height:1.4">{html.escape(self.reply)}</div>'
        return self.reply

    def _repr_mimebundle_(self, **kwargs: Any) -> dict:
        CELLS.keep(self)
        plain = "\n".join([f"Predict. {self.question}", *(f"  ( ) {text}" for text in self.choices)])
        shown = "\n".join([f"**Predict.** {markdown(self.question)}\n", *(f"- {markdown(text)}" for text in self.choices)])
        return {**self._view._repr_mimebundle_(), "text/markdown": shown, "text/plain": plain}


def predict(question: str, *choices: str, right: str, reason: str) -> Prediction:
    """Ask a question before the figure shows the answer. Each of the `choices` is a button.

    The first click reveals which choice is `right`, and the `reason`. Raises ValueError unless there are at least two different
    choices, `right` is one of them, and `question` and `reason` are non-empty strings.
    """
    if not all(isinstance(text, str) and text.strip() for text in (question, reason)):
        raise ValueError(f"predict: question and reason must be non-empty strings; got {question!r}, {reason!r}")
    texts = all(isinstance(text, str) and text.strip() for text in choices)
    if not texts or not 2 <= len(choices) == len(set(choices)) or not isinstance(right, str) or right not in choices:
        raise ValueError(f"predict: needs two or more different choices, one of them right; got {choices!r}, {right!r}")
    return Prediction(question, choices, right, reason)
