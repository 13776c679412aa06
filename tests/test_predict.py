"""Predictions: what they reveal, and when."""

import base64

import ipywidgets as widgets
import pytest
from small_figures import VIEW, inside

from lecturelib import live
from lecturelib.live.predict import sealed

TEXTS = {"right": "true", "reason": "Count & see."}


def ask(**changed):
    return live.predict(*("What is 1 < 2?", "true", "<false>", "maybe not"), **{**TEXTS, **changed})


def test_a_prediction_reveals_nothing_before_a_choice():
    question = ask()
    assert question.reply == ""
    data = question._repr_mimebundle_()
    assert data["text/plain"].split("\n") == ["Predict. What is 1 < 2?", "  ( ) true", "  ( ) <false>", "  ( ) maybe not"]
    assert not [kind for kind, text in data.items() if "Count" in str(text)]
    assert VIEW in data and "text/markdown" in data


def test_a_choice_is_judged_and_the_reason_given():
    question = ask()
    question._repr_mimebundle_()
    assert question.choose("true") == question.reply == "Right. Count & see."
    assert question.choose("<false>") == 'Not quite: the answer is "true". Count & see.'
    assert "Count &amp; see." in question._view.answer.value
    with pytest.raises(ValueError, match="'true', '<false>', 'maybe not', not 'maybe'"):
        question.choose("maybe")


def test_a_wrong_choice_gets_the_reply_to_its_own_slip():
    question = ask(slips={"<false>": "That is 2 < 1."})
    assert question.choose("<false>") == 'That is 2 < 1. The answer is "true". Count & see.'
    assert question.choose("maybe not") == 'Not quite: the answer is "true". Count & see.'


@pytest.mark.parametrize(
    "slips", [{"true": "It is right."}, {"no choice": "So."}, {"<false>": " "}, {"<false>": 2}, "<false>", 0]
)
def test_a_slip_that_belongs_to_no_wrong_choice_is_refused(slips):
    with pytest.raises(ValueError, match="predict: slips must map"):
        ask(slips=slips)


def test_the_buttons_choose():
    question = ask()
    question._repr_mimebundle_()
    buttons = {part.description: part for part in inside(question._view.box) if isinstance(part, widgets.Button)}
    assert list(buttons) == ["true", "<false>", "maybe not"]
    buttons["<false>"].click()
    assert question.reply.startswith('Not quite: the answer is "true".')
    assert (buttons["true"].icon, buttons["<false>"].icon) == ("check", "times")


@pytest.mark.parametrize("changed", [{"right": "maybe"}, {"reason": " "}])
def test_a_prediction_without_an_answer_is_refused(changed):
    with pytest.raises(ValueError, match="predict"):
        ask(**changed)


@pytest.mark.parametrize("choices", [(), ("one",), ("one", "one")])
def test_a_prediction_without_a_choice_is_refused(choices):
    with pytest.raises(ValueError, match="two or more different choices"):
        live.predict("Which?", *choices, right="one", reason="So it is.")


def test_a_sealed_prediction_is_the_same_but_for_its_source():
    slips = {"<false>": "That is 2 < 1."}
    text, plain = sealed("What is 1 < 2?", **TEXTS, slips=slips), ask(slips=slips)
    question = live.predict("What is 1 < 2?", "true", "<false>", "maybe not", sealed=text)
    assert "true" not in text and "Count" not in str(base64.b64decode(text))
    assert (question.right, question.reason) == ("true", "Count & see.")
    assert question._repr_mimebundle_()["text/plain"] == plain._repr_mimebundle_()["text/plain"]
    for choice in plain.choices:
        assert question.choose(choice) == plain.choose(choice)


@pytest.mark.parametrize(
    "text", ["true", "????", 5, sealed("Another question?", "true", "So it is.", {}), sealed("Which?", "no", "So.", {})]
)
def test_a_seal_that_does_not_fit_is_refused(text):
    with pytest.raises(ValueError, match="predict: "):
        live.predict("Which?", "true", "false", sealed=text)
