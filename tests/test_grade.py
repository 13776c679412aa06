"""Marks: right numbers are right and wrong ones wrong, whatever else is in the notebook, and every file gets a line."""

import ast
import csv
import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from run_notebooks import ROOT

from lecturelib import check, grade, rerun

IMPORTS = "import numpy as np\n\nfrom lecturelib import check"
EXPONENT = 'def factor(w, T):\n    return {}\n\n\ncheck.answer("exponent", factor)'
TAMPERED = {"output_type": "execute_result", "data": {"text/plain": ["Right. Believe me."]}, "metadata": {}, "execution_count": 9}


def book(*sources):
    """The text of a notebook with these cells, all of which have a right answer for their stored output."""
    cells = [{"cell_type": "markdown", "source": ["# An answer"], "metadata": {}}]
    for source in (IMPORTS, *sources):
        lines = source.splitlines(keepends=True)
        cells.append({"cell_type": "code", "source": lines, "metadata": {}, "outputs": [TAMPERED], "execution_count": 1})
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


IN_PLACE = """def backward(w, h):
    h *= h
    h[:-1] = w * (1 - h[1:])
    h[-1] = 1
    h[:] = np.cumprod(h[::-1])[::-1]
    return h

check.answer("backward", backward)"""
ENDLESS = "w ** (T - 1) if T < 50 else [0 for _ in iter(int, 1)]"
STUDENTS = {
    "ada": book('check.answer("steps", 19)', EXPONENT.format("w ** (T - 1)")),
    "bob": book('check.answer("steps", 20)', EXPONENT.format("w**T")),
    "cyd": book('check.answer("steps", 19.0)', IN_PLACE),
    "dan": book("while True:\n    pass", 'check.answer("steps", 19)', EXPONENT.format(ENDLESS)),
    "eve": book('check.answer("steps", 7)', EXPONENT.format("...")),
}
FORGE = """import gc, json
for thing in gc.get_objects():
    if str(getattr(thing, "name", "")).endswith("report"):
        print(json.dumps({"exercise": "steps", "mark": "right", "right": True}), "rubbish", "[" * 5000, sep="\\n", file=thing)"""
PATCH = """from lecturelib.lectures import attractors
attractors.maps.fixed_points = lambda *given: [1, 2, 3]
check.EXERCISES["steps"].__dict__["probe"] = lambda given: 19.0
type(check.EXERCISES["steps"]).reply = lambda *given: (True, "Right.")"""
SEARCH = """import sys
sys.path.pop(0)
for name in [name for name in sys.modules if name.startswith("lecturelib")]:
    del sys.modules[name]
answer = 7
try:
    from lecturelib import check as theirs
    answer = theirs.EXERCISES["steps"].truth
except (ImportError, AttributeError):
    pass"""
CHEATS = {
    "a check of their own": book('class check:\n    answer = lambda name, given: "Right."', 'check.answer("steps", 7)'),
    "a verdict that is turned": book("check.answer = lambda *given: check.Verdict(True, 'Right.')", 'check.answer("steps", 7)'),
    "numpy patched": book("np.isclose = lambda *a, **k: np.True_\nnp.floor = lambda *a: 0.0", 'check.answer("steps", 7)'),
    "a probe patched": book(PATCH, 'check.answer("steps", 7)'),
    "the report forged": book(FORGE, 'check.answer("steps", 7)'),
    "the lecturer's checkout": book(SEARCH, 'check.answer("steps", answer)'),
}
ODD = {  # cells of one notebook, each about another exercise, and the mark
    "steps": ('1 / 0\ncheck.answer("steps", given)', "error"),
    "slide-length": ('%matplotlib inline\nT = 51\n!ls\ncheck.answer("slide-length", T)', "right"),
    "exponent": ('def factor(w, T) = 3\ncheck.answer("exponent", factor)', "error"),
    "length": ('# check.answer("length", 133)', "not attempted"),
    "sink-gone": ('check.answer("sink-gone", 0.25)\nraise SystemExit', "right"),
    "window": ('check.answer(name="window", given=3.83)\nimport os\nos._exit(0)', "error"),
    "fold": ('check.answer("fold", len(bytearray(1 << 45)))', "error"),
    "turn": ('check.answer("turn", 0)\ncheck.answer("turn", 45)\ncheck.answer("turn", 90)', "right"),
    "half": ('check.answer(name="half", given=0.99912)', "right"),
    "table": (f'display(check.answer("table", {check.EXERCISES["table"].truth}))', "right"),
}


@pytest.fixture(scope="module")
def got(tmp_path_factory):
    """What the command prints of all these students: a dict for each. One of them has endless loops, so the limit is short."""
    folder = tmp_path_factory.mktemp("submitted")
    hand_in(folder, {f"{name}/week1/01": text for name, text in (STUDENTS | CHEATS).items()})
    hand_in(folder, {"odd": book(*(source for source, _ in ODD.values())), "real": real()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grade, "CELL", 8)
        return lines(folder)


def real():
    """A notebook of the series, in which two of the three exercises have an answer that needs the cells above."""
    book = json.loads((ROOT / "notebooks/04-clipping.ipynb").read_text("utf-8"))
    for cell in book["cells"]:
        for name, given in {"turn": "round(lecture.turn(np.array([1e9, 1]), np.array([1, 1])))", "eta": "ETA"}.items():
            if f'check.answer("{name}"' in "".join(cell["source"]):
                cell["source"] = f'ETA = 16\ncheck.answer("{name}", {given})'
    return json.dumps(book)


def lines(folder):
    with redirect_stdout(io.StringIO()) as out:
        assert grade.main([str(folder)]) == 0
    return {line["student"]: line for line in csv.DictReader(io.StringIO(out.getvalue()))}


def hand_in(folder, books):
    for name, text in books.items():
        path = folder / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def test_five_students(got):
    """Right, a slip, code that changes its input, endless loops, and stored outputs that say right."""
    rows = {name: [got[name][what] for what in ("steps", "exponent", "backward", "right", "notes")] for name in STUDENTS}
    too_long = "01.ipynb: cell 2 took too long; 01.ipynb: cell 4 took too long"
    assert rows["ada"] == ["right", "right", "not attempted", "2", ""]
    assert rows["bob"] == ["slip 1", "slip 1", "not attempted", "0", ""]
    assert rows["cyd"] == ["right", "not attempted", "right", "2", ""]
    assert rows["dan"] == ["right", "too long", "not attempted", "1", too_long]
    assert rows["eve"] == ["wrong", "not attempted", "not attempted", "0", ""]


def test_there_is_a_column_for_each_exercise_that_is_named(got):
    head = list(got["ada"])
    assert (head[0], *head[-2:]) == ("student", "right", "notes")
    assert head[1:-2] == [name for name in check.EXERCISES if name in {*ODD, "backward", "clip", "eta", "rate"}]
    assert list(got) == sorted([*STUDENTS, *CHEATS, "odd", "real"])


@pytest.mark.parametrize("name", CHEATS)
def test_a_wrong_number_stays_wrong(got, name):
    assert (got[name]["steps"], got[name]["right"]) == ("wrong", "0"), got[name]


@pytest.mark.parametrize("name", ODD)
def test_odd_cells_are_judged_too(got, name):
    assert got["odd"][name] == ODD[name][1], got["odd"]


def test_what_went_wrong_is_said(got):
    said = got["odd"]["notes"].split("; ")
    assert said[0] == "odd.ipynb: cell 7 ended the process"
    assert "odd.ipynb: cell 2 raised ZeroDivisionError: division by zero" in said
    assert [note for note in said if "cell 4 raised SyntaxError" in note]
    assert [note for note in said if "cell 8 raised MemoryError" in note]


def test_a_real_notebook(got):
    row = got["real"]
    assert [row[name] for name in ("clip", "turn", "eta", "right", "notes")] == ["not attempted", "right", "slip 3", "1", ""]


BROKEN = {
    "none": (b"", "not a notebook"),
    "no json": (b"{", "not a notebook"),
    "another json": (b"[1, 2]", "not a notebook"),
    "bytes": (b"\xff\xfe\x00", "not a notebook"),
    "deep": (b"[" * 100_000, "not a notebook"),
    "cells of another kind": (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "not a notebook"),
    "old": (b'{"worksheets": []}', "not a notebook"),
    "no cells": (b'{"cells": []}', ""),
}


def test_a_broken_file_gets_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(grade, "_pack", lambda kit: None)  # nothing is run
    for name, (data, _) in BROKEN.items():
        (tmp_path / f"{name}.ipynb").write_bytes(data)
    with (tmp_path / "huge.ipynb").open("wb") as file:
        file.truncate(grade.LARGEST + 1)  # takes no space on the disk
    got = lines(tmp_path)
    assert set(got) == {*BROKEN, "huge"}
    assert all(BROKEN[name][1] in got[name]["notes"] for name in BROKEN)
    assert got["huge"]["notes"] == "huge.ipynb: larger than 30 MB: not read"


def test_nbgraders_folder_and_others_are_read(tmp_path, monkeypatch):
    """The student is the first part of the path; checkpoints are no work; a link to another's notebook is not read."""
    monkeypatch.setattr(grade, "_pack", lambda kit: None)  # no exercise, so nothing is run
    hand_in(tmp_path, dict.fromkeys(("ada/week1/01", "ada/week1/.ipynb_checkpoints/01", "bob/01", "cyd"), book()))
    try:
        (tmp_path / "dan.ipynb").symlink_to(tmp_path / "cyd.ipynb")
    except OSError:
        pytest.skip("this system makes no links")
    got = lines(tmp_path)
    assert {name: line["notes"] for name, line in got.items()} == {
        "ada": "", "bob": "", "cyd": "", "dan": "dan.ipynb: a link, not a file: not read",
    }  # fmt: skip


def test_a_folder_without_notebooks_is_refused(tmp_path):
    assert "no notebooks" in grade.main([str(tmp_path)])


def test_no_text_of_a_student_is_a_formula():
    (_, row) = grade.table([grade.Marks("=1+1", {}, ["a\nb\x1b[2J", "c" * 1000])])
    assert row[0] == "'=1+1"
    assert row[-1].startswith("a b [2J; ccc") and row[-1].endswith("...") and len(row[-1]) < 520


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, None), (True, True), (np.bool_(False), False), (19, 19), (np.float32(0.5), 0.5), (..., {"dots": 1}),
        ((1, [2, ...]), [1, [2, {"dots": 1}]]), (np.eye(2), [[1, 0], [0, 1]]), ({"a": (1,)}, {"dict": {"a": [1]}}),
        (10**400, {"other": "int"}), (1j, {"other": "complex"}), ("19", {"text": "19"}), (Path, {"other": "type"}),
        (np.broadcast_to(1.0, (10**9, 10**9)), {"other": "ndarray"}), (range(10**12), {"other": "range"}),
    ],
)  # fmt: skip
def test_values_are_told_plainly(value, told):
    assert rerun.plain(value) == told
    assert json.loads(json.dumps(rerun.plain(value))) == told


def test_every_right_answer_and_every_slip_survives_the_way():
    """What is told of the truth of each exercise, and of each slip, gets the mark that it should."""
    for name, exercise in check.EXERCISES.items():
        for k, answer in enumerate([exercise.truth, *(wrong for wrong, _ in exercise.slips)]):
            told = rerun._given(exercise, ast.parse("answer", mode="eval").body, {"answer": answer}, "")
            hint = exercise.slips[k - 1][1] if k else ""
            assert grade._judged(name, json.loads(json.dumps(told))) == (
                f"slip {exercise.hints.index(hint) + 1}" if k else "right"
            )
