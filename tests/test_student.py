"""Copies for students: no answer is left in them, and they work as the lecturer's do. Solved copies: every answer is in them."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import make_solutions
import make_student
import nbformat
import pytest
from packaging.requirements import Requirement
from run_notebooks import ROOT, answers, environment, keep_pictures, output_text, paths_in, rewritten, text_of

from lecturelib import check, live
from lecturelib.edition import without_answer, without_answers
from lecturelib.probes import Exercise, number

LECTURES = [Path(lecture.__file__) for lecture in check.LECTURES]
TEXTS = [text for exercise in check.EXERCISES.values() for text in (exercise.praise, *exercise.hints)]


@pytest.fixture(scope="session")
def copies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copies") / "student"
    make_student.build(folder)
    return folder


def sources(path):
    """The sources of a notebook's code cells."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def strings(tree):
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def answers_of(call):
    """The truth and the slips of an exercise, as they are written."""
    written = [call.args[1]]
    if isinstance(call.args[2], ast.Tuple):
        written += [slip.elts[0] for slip in call.args[2].elts]
    return [ast.unparse(node) for node in written]


# -- nothing to read ---------------------------------------------------------------------------------------------------------


def test_no_file_holds_what_is_said_of_an_answer(copies):
    files = [
        path for path in copies.rglob("*") if path.suffix in {".py", ".ipynb", ".md", ".toml", ".txt", ".yml", ".json", ".js"}
    ]
    assert len(files) > 50
    for path in files:
        text = path.read_text("utf-8")
        told = strings(ast.parse(text)) if path.suffix == ".py" else {text}
        for said in TEXTS:
            assert not [part for part in told if said in part], f"{path.name}: {said}"
            assert json.dumps(said)[1:-1] not in text, f"{path.name}: {said}"


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_no_answer_is_left_in_a_lecture(copies, path):
    before, after = path.read_text("utf-8"), (copies / "lecturelib/lectures" / path.name).read_text("utf-8")
    calls = [n for n in ast.walk(ast.parse(before)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "Exercise"]
    assert calls
    code = ast.unparse(ast.parse(after))
    for answer in [answer for call in calls for answer in answers_of(call)]:
        assert len(answer) < 7 or answer not in code, answer
    numbers = {n.value for call in calls for n in ast.walk(call.args[1]) if isinstance(n, ast.Constant)} - {0, 1, 2, 5.66}
    left = after[after.index("EXERCISES = {") :]
    assert not [x for x in numbers if f" {x}" in left]
    assert "Exercise" not in after.replace("EXERCISES", "")


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_what_is_left_of_a_lecture_is_the_same_source(copies, path):
    """No line is new but those of the seals, and nothing is left that only an answer used."""
    before, after = path.read_text("utf-8"), (copies / "lecturelib/lectures" / path.name).read_text("utf-8")
    known = set(before.splitlines())
    new = [line for line in after.splitlines() if line not in known and not line.startswith('        "')]
    assert all("Sealed" in line or line.startswith(("from ", "import ")) for line in new), new
    tree = ast.parse(after)
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    private = {n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("_")}
    imported = {a.asname or a.name for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names}
    assert private | imported <= read


@pytest.mark.parametrize("path", paths_in([]), ids=lambda path: path.stem)
def test_no_prediction_holds_its_answer(copies, path):
    asked = 0
    for source, copy in zip(sources(path), sources(copies / "notebooks" / path.name), strict=True):
        if "live.predict(" not in source:
            assert copy == source
            continue
        asked += 1
        (call,), (sealed,) = (ast.parse(text).body for text in (source, copy))
        told = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.value.keywords}
        assert [keyword.arg for keyword in sealed.value.keywords] == ["sealed"]
        secrets = [told["reason"], *told.get("slips", {}).values()]
        assert not [word for word in ("right=", "reason=", "slips=", *secrets) if word in copy]
        assert [ast.literal_eval(a) for a in sealed.value.args] == [ast.literal_eval(a) for a in call.value.args]
        names = {"live": live}
        one, other = (eval(compile(ast.Expression(part.value), "cell", "eval"), names) for part in (call, sealed))
        for question in (one, other):
            assert {"right": question.right, "reason": question.reason, "slips": question.slips} == {"slips": {}, **told}
        assert max(map(len, copy.splitlines())) <= 88
    assert asked == sum("predict" in cell.metadata.get("tags", []) for cell in nbformat.read(path, as_version=4).cells)


@pytest.mark.parametrize("path", paths_in([]), ids=lambda path: path.stem)
def test_all_but_the_predictions_source_is_as_it_was(copies, path):
    book = nbformat.read(copies / "notebooks" / path.name, as_version=4)
    for cell, source in zip([c for c in book.cells if c.cell_type == "code"], sources(path), strict=True):
        cell.source = source
    assert text_of(book).encode() == path.read_bytes()


def test_solutions_and_the_lecturers_modules_are_not_handed_out(copies):
    names = {str(path.relative_to(copies)) for path in copies.rglob("*")}
    assert not {name for name in names if "solution" in name or "tests" in name or "tools" in name}
    assert not {name for name in names if Path(name).name in ("edition.py", "grade.py", "rerun.py", "__pycache__")}
    solved = "\n".join(path.read_text("utf-8") for path in copies.rglob("*.ipynb"))
    for path in paths_in([]):
        for source in answers(path.stem).values():
            assert json.dumps(source)[1:-1] not in solved


# -- it works on its own -----------------------------------------------------------------------------------------------------


GIVEN = '(("steps", 19), ("steps", 20), ("fold", 0.53), ("exponent", lambda w, T: w + T), ("exponent", lambda w, T: ...))'
ASK = f"""
import lecturelib
from lecturelib import check
print(lecturelib.__file__)
print(*{{type(exercise).__name__ for exercise in check.EXERCISES.values()}})
for name, given in {GIVEN}:
    print(check.answer(name, given))
"""


def test_with_that_folder_alone_answers_are_judged_as_ever(copies, tmp_path):
    env = os.environ | {"PYTHONPATH": str(copies)}
    run = subprocess.run([sys.executable, "-c", ASK], env=env, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    where, kinds, *said = run.stdout.splitlines()
    assert Path(where).is_relative_to(copies)
    assert kinds == "Sealed"
    assert said == [check.answer(name, given).text for name, given in eval(GIVEN)]
    assert said[0].startswith("Right. ") and said[1].startswith("Not yet: 20 is ")


def test_a_notebook_of_it_stores_the_same_outputs(copies):
    path = copies / "notebooks/00-start-here.ipynb"
    stored = nbformat.read(path, as_version=4)
    with environment(PYTHONPATH=copies):
        again = rewritten(path)
    keep_pictures(again, stored)
    assert text_of(again) == text_of(stored)


def test_its_requirements_are_those_of_the_library_and_the_lab(copies):
    lines = [line for line in (copies / "requirements.txt").read_text("utf-8").splitlines() if line and line[0] not in "#-"]
    project = tomllib.loads((copies / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {Requirement(line).name for line in (*project["dependencies"], *project["optional-dependencies"]["lab"])}
    assert asked <= {Requirement(line).name for line in lines}
    assert not {"pytest", "ruff", "playwright"} & {Requirement(line).name for line in lines}
    assert (copies / "requirements.txt").read_text("utf-8").endswith("\n-e .\n")
    for name in (project["readme"], *project["license-files"], "environment.yml", "jupyter_lab_config.py"):
        assert (copies / name).is_file()


def test_a_folder_with_other_things_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("precious")
    assert "choose another folder" in make_student.main([str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


# -- the rewriting -----------------------------------------------------------------------------------------------------------

LECTURE = '''"""A lecture."""

from functools import cache, partial

from lecturelib.probes import Exercise, number

KEPT = "σ"
_LOW, _HIGH = 0, 1


# the answer lies in the middle
@cache
def _middle():
    """Half."""
    return _half(_LOW)


def _half(low):
    return low + 0.5


EXERCISES = {
    "σ": Exercise(number(_LOW, _HIGH), _middle(), ((0.25, "too low."),), "Right in the middle."), "other": Exercise(
        number(0, 2), 1, (), "One.")
}
'''


def test_only_the_probe_and_what_it_uses_stay():
    exercises = {
        "σ": Exercise(number(0, 1), 0.5, ((0.25, "too low."),), "Right in the middle."),
        "other": Exercise(number(0, 2), 1, (), "One."),
    }
    source = without_answers(LECTURE, exercises)
    names = {}
    exec(source, names)
    assert names["EXERCISES"]["σ"].reply(exercises["σ"].known(0)) == (True, "Right in the middle.")
    assert names["EXERCISES"]["other"].reply(exercises["other"].known(0)) == (True, "One.")
    head = source[: source.index("EXERCISES")]
    assert head == (
        '"""A lecture."""\n\n\nfrom lecturelib.probes import number\nfrom lecturelib.sealed import Sealed\n\n'
        'KEPT = "σ"\n_LOW, _HIGH = 0, 1\n\n\n'
    )


@pytest.mark.parametrize("source", ["", "EXERCISES = dict(a=1)", "EXERCISES = {}", 'EXERCISES = {"a": make()}'])
def test_exercises_that_are_not_written_out_are_refused(source):
    with pytest.raises(ValueError, match="found none"):
        without_answers(source, {"a": check.EXERCISES["steps"]})


@pytest.mark.parametrize("source", ["x = 1", "live.figure(draw)", "print('live.predict(')"])
def test_a_cell_without_a_prediction_stays(source):
    assert without_answer(source) == source


# -- solved copies -----------------------------------------------------------------------------------------------------------


def test_a_solved_notebook_says_right_and_else_what_it_said(tmp_path):
    path = ROOT / "notebooks/00-start-here.ipynb"
    make_solutions.solve(path, tmp_path)
    before, after = (nbformat.read(p, as_version=4).cells for p in (path, tmp_path / path.name))
    solved = answers(path.stem)
    for one, other in zip(before, after, strict=True):
        if one.id in solved:
            assert other.source == solved[one.id]
            assert "".join(map(output_text, other.outputs)).startswith("Right. ")
        else:
            assert one == other


def test_a_solution_that_is_not_right_is_told(tmp_path, monkeypatch):
    path = ROOT / "notebooks/00-start-here.ipynb"
    monkeypatch.setattr(make_solutions, "answers", lambda stem: {"exercise-steps": 'check.answer("steps", 20)'})
    with pytest.raises(ValueError, match="exercise-steps: the solution is not right: Not yet: 20 is"):
        make_solutions.solve(path, tmp_path)


def test_the_page_of_answers_has_every_solution_praise_and_hint():
    pages = "\n\n".join(map(make_solutions.page, paths_in([])))
    assert [line[4:] for line in pages.splitlines() if line.startswith("### ")] == asked_in_order()
    assert all(text in pages for text in TEXTS)
    for path in paths_in([]):
        assert all(source in pages for source in answers(path.stem).values())


def asked_in_order():
    sources = [source for path in paths_in([]) for source in answers(path.stem).values()]
    return [next(name for name in check.EXERCISES if f'check.answer("{name}"' in source) for source in sources]
