"""The sentence of a figure as Markdown: it reads as it is."""

import pytest
from small_figures import rendered

from lecturelib.live.stored import markdown


@pytest.mark.parametrize(
    "sentence",
    [
        "costs $5 before, and $6 after", "$$x$$", r"\(x\) \[y\] \$z\$ \begin{a}b\end{a} \n", "1. first", "23) second",
        "- a", "+ b", "* c", "-", "---", "***", "> quoted", "# title", "~~~", "a | b", "| a | b |", "[ ] done",
        "`code` _so_ *it* ~~is~~",
        "<b>x</b> <br> <!-- x -->", "[link](url) ![image](url) [^1]", "see https://a.b/c, www.x.org, <http://d.e> or me@x.org",
        "&amp; &lt; &#36; & x", "x^2_1", "@@0@@", "-1.5 times", "12.5 times", "w = 1.10, T = 50: a factor of 1e+02.",
    ],
)  # fmt: skip
def test_a_sentence_reads_in_markdown_as_it_is(sentence):
    assert rendered(markdown(sentence)) == sentence


def test_an_ordinary_sentence_is_written_as_it_is():
    for sentence in ("w = 1.10, T = 50: the gradient is multiplied by 106.7.", "-1.5 is below 1.", "20 words & more: e^(-87)?"):
        assert markdown(sentence) == sentence.replace("^", r"\^")
