"""The words of the series: each is first used in the cell that the glossary of 00 names, after the picture that shows it."""

import re

import nbformat
import pytest
from run_notebooks import output_text, paths_in

ROW = re.compile(r"^\| (?P<word>[^|]+) \| (?P<meaning>[^|]+) \| \[\d\d\]\((?P<file>[\w-]+\.ipynb)#(?P<cell>[\w-]+)\) \|$", re.M)
FORMS = {  # of a word that is more than itself with a plural s
    "batch": "batch(es)?",
    "bifurcation": r"bifurcat\w+",
    "chaos": "chaos|chaotic",
    "Lyapunov exponent": "Lyapunov",
    "normal matrix": r"normal matri\w+|is normal",
    "spectral radius": "spectral radi(us|i)",
}
PAGES = ("title", "about", "care", "sources")  # cells that look ahead, or to other lectures


def glossary():
    (cell,) = [cell for cell in nbformat.read(paths_in([])[0], as_version=4).cells if cell.id == "glossary"]
    return {row["word"]: (row["meaning"], row["file"], row["cell"]) for row in ROW.finditer(cell.source)}


def told(cell):
    """What a reader reads in a cell, without emphasis: its text, or the question that it asks and what it prints."""
    if cell.cell_type == "markdown":
        return cell.source.replace("*", "")
    figure = "live.figure" in cell.source  # its labels and its sentence are the picture, which comes before the word
    return "" if figure else "\n".join(output_text(output) for output in cell.outputs)


def first_use(word):
    form = re.compile(rf"(?<![\w-])({FORMS.get(word, f'{word}s?')})(?![\w-])", re.I)
    for path in paths_in([])[1:]:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.id not in PAGES and form.search(told(cell)):
                return path.name, cell.id
    return None


def test_the_glossary_has_the_words_of_the_series():
    assert {"orbit", "sink", "attractor", "chaos", "Jacobian", "norm", "spectral radius", "saddle", "adjoint"} <= set(glossary())
    assert len(glossary()) >= 24
    assert all(len(meaning.split()) <= 20 for meaning, *_ in glossary().values())


@pytest.mark.parametrize("word", glossary())
def test_a_word_is_first_used_where_the_glossary_says(word):
    assert first_use(word) == glossary()[word][1:]


def test_a_word_that_is_used_too_early_is_found(monkeypatch):
    monkeypatch.setitem(FORMS, "fold", "cobweb")
    assert first_use("fold") != glossary()["fold"][1:]
