"""The numbers that a notebook's text claims are printed by its cells.

Checked: each decimal number and each power in a text cell, and under "What we found" also each whole number from 10 up. A cell
of the same section must print it, or hold it as a setting; for the opening and the closing text, any cell. The text may round.
Not checked: that it is said of the right thing, numbers in words, other whole numbers, and the cell of sources.
"""

import re

import nbformat
import pytest
from run_notebooks import lines_of

WHOLE_NOTEBOOK = {"title", "about", "found", "care"}  # the opening and the closing text speak of all of it
UNCHECKED = {"sources"}

SLIDERS = "found by moving a slider"
PAPER = "from the paper that is named"
SUM = "arithmetic, done in the text"
SETTING = "a setting in the library or of a stored run"
ABOVE = "printed in another section"
FINER = "with more digits than any cell prints"

# (notebook, cell id): {number: why it stands in the text, though no cell of its section prints it}
EXCEPTIONS = {
    ("00-start-here", "why"): {"1.1": SLIDERS},
    ("00-start-here", "found"): {"19": "about the next notebook"},
    ("01-scalar-explosion", "ask-length"): {"10^{-6}": "the exercise"},
    ("01-scalar-explosion", "read-starts"): {"0.02": SLIDERS},
    ("01-scalar-explosion", "do-squash"): {"0.00001": SLIDERS},
    ("01-scalar-explosion", "numbers"): {"10^{38}": "the largest float32"},
    ("02-iterated-functions", "do-cobweb"): {"-0.81": SLIDERS},
    ("02-iterated-functions", "read-cobweb"): {"-0.816": "the mirror image of 0.816"},
    ("02-iterated-functions", "do-slope"): dict.fromkeys(["2.6", "3.4"], SLIDERS),
    ("02-iterated-functions", "read-slope"): {"0.03": "the cycle of section 2"},
    ("02-iterated-functions", "do-twins"): {"3.9": SLIDERS},
    ("02-iterated-functions", "read-twins"): {"3.9": SLIDERS},
    ("02-iterated-functions", "do-bridge"): {"3.57": SLIDERS},
    ("02-iterated-functions", "read-bridge"): {"3.57": SLIDERS},
    ("02-iterated-functions", "ask-signs"): {"10^{-3}": "the exercise"},
    ("02-iterated-functions", "do-mandelbrot"): {"-0.745": SLIDERS, "0.113": SLIDERS},
    ("03-attractors", "cliffs"): {"0.8": SETTING, "0.5^2": SETTING, "0.3": SETTING},
    ("03-attractors", "do-cliffs"): {"-0.48": SLIDERS, "-0.49": SLIDERS},
    ("03-attractors", "do-unit"): {"0.6": SLIDERS},
    ("03-attractors", "read-gain"): {"0.9": SLIDERS, "0.99": SLIDERS},
    ("03-attractors", "read-chaos"): dict.fromkeys(["1.05", "1.3", "1.8"], SLIDERS),
    ("03-attractors", "do-plane"): dict.fromkeys(["0.95", "0.9"], SLIDERS),
    ("03-attractors", "found"): {"0.5328": "the answer of an exercise"},
    ("04-clipping", "cliff"): {"0.7": SETTING},
    ("04-clipping", "training"): {"1.386": SUM},
    ("05-reversal", "read-reach"): dict.fromkeys(["0.00005", "0.7"], SLIDERS),
    ("05-reversal", "read-places"): dict.fromkeys(["0.90", "0.54", "0.56"], SLIDERS),
    ("05-reversal", "literature"): dict.fromkeys(["5.8", "4.7", "25.9", "30.6"], PAPER),
    ("06-identity-rnn", "do-pulse"): dict.fromkeys(["1.004", "1.008", "0.996", "0.992"], SLIDERS),
    ("06-identity-rnn", "read-flow"): {"0.71": SUM, "0.0038": SUM},
    ("06-identity-rnn", "read-mean"): {"0.40": SUM},
    ("06-identity-rnn", "read-long"): dict.fromkeys(["97.0", "82.0", "35.0"], PAPER),
    ("06-identity-rnn", "care"): dict.fromkeys(["98.9", "83.6"], PAPER),
    ("07-lstm", "do-timeline"): {"0.8": SETTING},
    ("07-lstm", "read-adjoint"): {"0.6": SLIDERS, "0.47": SLIDERS},
    ("07-lstm", "training"): dict.fromkeys(["0.002", "0.005"], SETTING),
    ("07-lstm", "characters"): {"1.3": SETTING},
    ("08-gradient-flow", "read-flow"): {"0.68": SLIDERS},
    ("08-gradient-flow", "read-spectrum"): {"1.6": SLIDERS},
    ("08-gradient-flow", "ask-remedies"): {"0.99": "the exercise"},
}

NOT_WITHIN = r"(?<![\w.,])"
SIGN = r"(?:(?<![\w)}\]])-)?"
POWER = re.compile(rf"(?:({SIGN}\d+(?:\.\d+)?) *(?:\\cdot|·|×) *)?{NOT_WITHIN}(\d+(?:\.\d+)?)\^\{{?(-?\d+(?:\.\d+)?)\}}?")
DECIMAL = re.compile(rf"{SIGN}{NOT_WITHIN}\d+\.\d+(?![\w.]*\d)")
WHOLE = re.compile(rf"{SIGN}{NOT_WITHIN}\d[\d,]*\d(?![\w.,]*\d)")
PRINTED = re.compile(rf"{SIGN}(?<![\w.])(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def half_step(written):
    """Half of one unit of the last digit: what rounding may have changed."""
    return 0.5 * 10.0 ** -len(written.partition(".")[2])


def claims(text, whole=False):
    """Each number in the text, with the interval in which what it was rounded from must lie; whole numbers only if `whole`."""
    text = re.sub(r"(?m)`[^`]*`|\]\([^)]*\)|^\d+\. |^#+ \d+\.", " ", text.replace("−", "-"))
    for match in POWER.finditer(text):
        factor, base, exponent = match.groups()
        size = float(base) ** float(exponent)
        if factor:
            yield match[0], (float(factor) - half_step(factor)) * size, (float(factor) + half_step(factor)) * size
        elif base == "10":
            room = 10 ** half_step(exponent)
            yield match[0], size / room, size * room
        else:
            yield match[0], size * 0.99, size * 1.01  # printed with two digits or more
    text = POWER.sub(" ", text)
    for match in DECIMAL.finditer(text):
        value = float(match[0])
        yield match[0], value - half_step(match[0]), value + half_step(match[0])
    for match in WHOLE.finditer(DECIMAL.sub(" ", text)) if whole else ():
        value = float(match[0].replace(",", ""))
        yield match[0], value, value


def numbers(text):
    """All numbers in what a cell prints, or in its code; 10^-20 is one too."""
    text = text.replace("−", "-")
    powers = [float(factor or 1) * float(base) ** float(exponent) for factor, base, exponent in POWER.findall(text)]
    return [float(re.sub("[_,]", "", number)) for number in PRINTED.findall(POWER.sub(" ", text))] + powers


def printed(cell):
    """All text that a code cell shows."""
    return "\n".join(lines_of(cell))


def unprinted(book):
    """The numbers that the text claims and no cell prints: (cell id, number)."""
    sections, here = [], []
    for cell in book.cells:
        if cell.cell_type == "markdown" and re.search(r"(?m)^## ", cell.source):
            here = []
        here.append(cell)
        sections.append(here)
    for cell, section in zip(book.cells, sections, strict=True):
        if cell.cell_type != "markdown" or cell.id in UNCHECKED:
            continue
        code = [c for c in (book.cells if cell.id in WHOLE_NOTEBOOK else section) if c.cell_type == "code"]
        shown = [number for c in code for number in numbers(printed(c))]
        settings = [number for c in code for number in numbers(c.source)]
        for written, low, high in claims(cell.source, whole=cell.id == "found"):
            exactly = (low + high) / 2
            if not any(low <= n <= high for n in shown) and not any(abs(n - exactly) <= 1e-12 * abs(exactly) for n in settings):
                yield cell.id, written


def test_every_number_in_the_text_is_printed_by_a_cell(notebook, book):
    allowed = {(name, number) for (stem, name), why in EXCEPTIONS.items() if stem == notebook.stem for number in why}
    missing = set(unprinted(book))
    assert not missing - allowed, "no cell prints these: let one print them, or name the reason among EXCEPTIONS"
    assert not allowed - missing, "no exceptions any more: take them out of EXCEPTIONS"


# --- the rule itself ------------------------------------------------------------------------------------------------------------


def opening(text, code="", said=""):
    """A notebook with a text cell, and a code cell that says something."""
    new = nbformat.v4
    shown = [new.new_output("stream", text=said)] if said else []
    cells = [new.new_markdown_cell(text, id="read-it"), new.new_code_cell(code, id="claim", outputs=shown)]
    return new.new_notebook(cells=cells)


@pytest.mark.parametrize(
    "text, said",
    [
        ("It is 106.7.", "106.7"),
        ("It is about 107.", ""),  # whole numbers are counts
        ("It is 0.68.", "0.6812"),
        ("It is −1.5.", "-1.5"),
        ("$10^{-20}$ is left", "9.1e-21"),
        ("$10^{-6.8}$ is left", "10^-6.82"),
        ("$6 \\cdot 10^{-15}$", "5.7e-15"),
        ("$1.1^{49} = 106.7$", "106.7"),
        ("w = 0.9 [link](0.5) `2.5` section 1.", "0.9"),
    ],
)
def test_a_number_is_printed_where_a_reader_would_say_so(text, said):
    assert list(unprinted(opening(text, said=said))) == []


@pytest.mark.parametrize(
    "text, said, number",
    [
        ("It is 106.7.", "106.8", "106.7"),
        ("It is 0.68.", "0.6749 and 10.68", "0.68"),
        ("It is −1.5.", "1.5", "-1.5"),
        ("$10^{-20}$ is left", "9.1e-22", "10^{-20}"),
        ("$6 \\cdot 10^{-15}$", "5.4e-15", "6 \\cdot 10^{-15}"),
        ("$1.1^{49}$", "117.4", "1.1^{49}"),
    ],
)
def test_a_number_that_differs_is_found(text, said, number):
    assert list(unprinted(opening(text, said=said))) == [("read-it", number)]


def test_a_setting_counts_exactly_and_only_in_its_section():
    assert list(unprinted(opening("Rate 0.3.", code="RATE = 0.3"))) == []
    assert list(unprinted(opening("Rate 0.3.", code="RATE = 0.33"))) == [("read-it", "0.3")]
    apart = opening("Rate 0.3.", code="RATE = 0.3")
    apart.cells.insert(1, nbformat.v4.new_markdown_cell("## 2. Another", id="another"))
    assert list(unprinted(apart)) == [("read-it", "0.3")]
    apart.cells[0].id = "found"
    assert list(unprinted(apart)) == []
    apart.cells[0].source = "Ten of 12 nets."
    assert list(unprinted(apart)) == [("found", "12")]
