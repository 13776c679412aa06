"""New cells get their ids, tags and slide types, and named ones keep theirs."""

import uuid

import nbformat
import pytest
import run_notebooks
from name_cells import is_named, name_cells

NEW = [  # as JupyterLab leaves them: kind, source, and what they are to become
    ("markdown", "# Gradients grow", "title", None, "slide"),
    ("code", "import numpy as np\nfrom lecturelib import live", "imports", None, "skip"),
    ("markdown", "Some words first.", "read-start", None, "subslide"),
    ("markdown", "## 1. One unit, linear", "one-unit-linear", None, "slide"),
    (
        "code",
        'live.predict("Grows?", "y", "n", right="y", reason="w > 1.")',
        "predict-one-unit-linear",
        "predict",
        "subslide",
    ),
    ("markdown", "At w = 1 nothing changes. **Do:** move w.", "do-one-unit-linear", None, "subslide"),
    ("code", "def back(ax, w): ...\n\nlive.figure(back, w=live.slider(0, 2))", "live-back", "live", "-"),
    ("code", "print(1.1**49)", "claim-one-unit-linear", "claim", "-"),
    ("code", "np.testing.assert_allclose(1, 1)", "claim-one-unit-linear-2", "claim", "-"),
    ("code", "half = 0.5", "define-one-unit-linear", None, "skip"),
    ("markdown", "**Exercise: the length.** How long?", "ask-the-length", None, "subslide"),
    ("code", 'T = ...\n\ncheck.answer("length", T)', "exercise-length", "exercise", "-"),
    ("markdown", "So it goes.", "read-one-unit-linear", None, "subslide"),
]


def cell(kind, source, **about):
    make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
    return make(source, **({"id": str(uuid.uuid4())} | about))


def tags(cell):
    return cell.metadata.get("tags", [])


def test_a_notebook_of_new_cells_passes_the_rules_for_cells():
    nb = nbformat.v4.new_notebook(cells=[cell(kind, source) for kind, source, *_ in NEW])
    assert name_cells(nb) == [name for *_, name, _, _ in NEW]
    for made, (*_, name, tag, slide) in zip(nb.cells, NEW, strict=True):
        assert (made.id, tags(made), made.metadata["slideshow"]["slide_type"]) == (name, [tag] if tag else [], slide)
        assert made.metadata.get("jupyter") == ({"source_hidden": True} if tag in ("predict", "live") else None), name
        assert is_named(made)
    assert name_cells(nb) == []


def test_the_notebooks_of_the_series_have_nothing_to_name(notebook):
    nb = nbformat.read(notebook, as_version=4)
    assert name_cells(nb) == []
    assert run_notebooks.text_of(nb) == notebook.read_text("utf-8")


def test_what_is_named_stays_and_is_not_named_again():
    old = cell("code", "print(1)", id="claim-one", metadata={"tags": ["solution"], "slideshow": {"slide_type": "notes"}})
    nb = nbformat.v4.new_notebook(cells=[cell("markdown", "## One"), old, cell("code", "print(2)")])
    assert name_cells(nb) == ["one", "claim-one-2"]
    assert (old.id, tags(old), old.metadata["slideshow"]["slide_type"]) == ("claim-one", ["solution"], "notes")


def test_code_that_cannot_be_read_is_named_by_its_number():
    nb = nbformat.v4.new_notebook(cells=[cell("code", "a = 1"), cell("code", "a =")])
    with pytest.raises(ValueError, match="cell 2: invalid syntax, line 1"):
        name_cells(nb)


def test_make_cell_ids_writes_the_names_and_runs_nothing(tmp_path, capsys):
    path = tmp_path / "mine.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell("code", "raise SystemExit")]), path)
    assert run_notebooks.main(["--only-names", str(path)]) == 0
    assert capsys.readouterr().out == "mine.ipynb: new cells define-start\n"
    (stored,) = nbformat.read(path, as_version=4).cells
    assert stored.id == "define-start" and stored.execution_count is None
    assert run_notebooks.main(["--only-names", str(path)]) == 0
    assert capsys.readouterr().out == ""
