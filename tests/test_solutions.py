"""Every exercise has a solution, which fills in the notebook's own skeleton and is right at that place in the notebook."""

import itertools

import pytest
from run_notebooks import SOLUTIONS, answers, run_cell


@pytest.fixture(scope="session")
def solved(notebook):
    return answers(notebook.stem)


@pytest.fixture(scope="session")
def skeletons(book):
    """The source of each exercise cell, by its id."""
    return {cell.id: cell.source for cell in book.cells if "exercise" in cell.metadata.get("tags", [])}


def test_exactly_the_exercises_are_solved_in_their_order(notebook, solved, skeletons):
    assert list(solved) == list(skeletons)
    if solved:
        text = (SOLUTIONS / f"{notebook.stem}.py").read_text("utf-8")
        assert text.count("# %% ") == len(solved), "two cells have the same id"
        assert text.startswith("# ") and not text.startswith("# %%"), "its first line says what it is"


def test_a_solution_is_right(notebook, here, solved):
    """With the names that the cells above it give, as the notebook stores them: none of its other exercises is solved."""
    for name, source in solved.items():
        verdict = run_cell(source, f"{notebook.stem}:{name}", dict(here.names_at[name]))
        assert verdict.right is True, f"{name}: {verdict}"
        assert verdict.text.startswith("Right."), name


def test_a_solution_is_its_skeleton_with_the_dots_filled_in(solved, skeletons):
    """The lines above the first dots and below the last ones are kept: names, arguments, and the check at the end."""
    for name, source in solved.items():
        lines = skeletons[name].splitlines()
        dotted = [k for k, line in enumerate(lines) if "..." in line.split("#")[0]]
        above, below = lines[: dotted[0]], lines[dotted[-1] + 1 :]
        got = source.splitlines()
        assert got[: len(above)] == above, name
        assert got[-len(below) :] == below, name
        assert below[-1].startswith("check.answer("), name
        assert "..." not in "\n".join(line.split("#")[0] for line in got), f"{name}: dots are left"


def test_a_solution_is_short(solved):
    for name, source in solved.items():
        lines = source.splitlines()
        assert len(lines) <= 12, name
        assert all(len(line) <= 88 for line in lines), name
        comments = [line.strip().startswith("#") for line in lines]
        assert not any(one and other for one, other in itertools.pairwise(comments)), f"{name}: a comment has one line"


def test_every_file_belongs_to_a_notebook():
    notebooks = SOLUTIONS.parent / "notebooks"
    assert {path.stem for path in SOLUTIONS.glob("*.py")} <= {path.stem for path in notebooks.glob("*.ipynb")}
