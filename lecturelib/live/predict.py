"""Predictions: questions that the reader answers before seeing the figure."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import shake_256
from typing import Any

from lecturelib.live.reruns import CELLS
from lecturelib.live.stored import markdown


class Prediction:
    """A question with buttons for its choices. Made by `predict`. Without a browser, answer it with `choose`."""

    def __init__(self, question: str, choices: tuple[str, ...], right: str, reason: str, slips: Mapping[str, str]) -> None:
        self.question, self.choices, self.right, self.reason, self.slips = question, choices, right, reason, dict(slips)
        self.reply = ""
        self._view: Any = None  # its widgets, once it is shown in a notebook
        CELLS.keep(self)

    def close(self) -> None:
        """Free the buttons. This happens automatically when you run the cell again."""
        if self._view:
            self._view.close()

    def choose(self, text: str) -> str:
        """Answer with one of the choices. Shows the reply and returns it. Raises ValueError if `text` is not a choice."""
        if not isinstance(text, str) or text not in self.choices:
            raise ValueError(f"choose one of {', '.join(map(repr, self.choices))}, not {text!r}")
        answer = f"{self.slips[text]} The" if text in self.slips else "Not quite: the"
        self.reply = ("Right. " if text == self.right else f'{answer} answer is "{self.right}". ') + self.reason
        if self._view:
            self._view.show(self.right, text, self.reply)
        return self.reply

    def _repr_mimebundle_(self, **kwargs: Any) -> dict:
        from lecturelib.live.view import QuestionView  # here: nothing else needs ipywidgets

        CELLS.keep(self)
        if self._view is None:
            self._view = QuestionView(self.question, self.choices, self.choose)
        plain = "\n".join([f"Predict. {self.question}", *(f"  ( ) {text}" for text in self.choices)])
        shown = "\n".join([f"**Predict.** {markdown(self.question)}\n", *(f"- {markdown(text)}" for text in self.choices)])
        return {**self._view.box._repr_mimebundle_(), "text/markdown": shown, "text/plain": plain}


def predict(
    question: str, *choices: str, right: str = "", reason: str = "", slips: Mapping[str, str] | None = None, sealed: str = ""
) -> Prediction:
    """Ask a question before the figure shows the answer. Each of the `choices` is a button.

    The first click reveals which choice is `right`, and the `reason`. `slips` gives for wrong choices what the reader who makes
    them has overlooked. A copy for students says `sealed` in place of all three: what `sealed(question, right, reason, slips)`
    gives. Raises ValueError unless there are at least two different choices, `right` is one of them, each slip belongs to
    another, and all texts are non-empty strings.
    """
    if sealed:
        right, reason, slips = _unsealed(question, sealed)
    if not all(isinstance(text, str) and text.strip() for text in (question, reason)):
        raise ValueError(f"predict: question and reason must be non-empty strings; got {question!r}, {reason!r}")
    texts = all(isinstance(text, str) and text.strip() for text in choices)
    if not texts or not 2 <= len(choices) == len(set(choices)) or not isinstance(right, str) or right not in choices:
        raise ValueError(f"predict: needs two or more different choices, one of them right; got {choices!r}, {right!r}")
    slips = {} if slips is None else slips
    wrong = [text for text in choices if text != right]
    if not isinstance(slips, Mapping) or not all(k in wrong and isinstance(v, str) and v.strip() for k, v in slips.items()):
        raise ValueError(f"predict: slips must map some of the wrong choices {wrong} to non-empty strings; got {slips!r}")
    return Prediction(question, choices, right, reason, slips)


def sealed(question: str, right: str, reason: str, slips: Mapping[str, str]) -> str:
    """The texts in one that nobody reads by chance. It is no secret: the question is the key, and any click reveals them."""
    return b64encode(_folded(question, json.dumps([right, reason, dict(slips)], ensure_ascii=False).encode())).decode()


def _unsealed(question, text):
    try:
        right, reason, slips = json.loads(_folded(question, b64decode(text, validate=True)))
    except (TypeError, ValueError, AttributeError):
        raise ValueError(f"predict: sealed is not what belongs to the question {question!r}; got {text!r}") from None
    return right, reason, slips


def _folded(question, data):
    """The data, exclusive or a stream of bytes that the question gives; done twice, the data themselves."""
    return bytes(a ^ b for a, b in zip(data, shake_256(question.encode()).digest(len(data)), strict=True))
