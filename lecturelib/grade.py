"""Turn students' notebooks into a table of marks: `python -m lecturelib.grade folder > marks.csv`.

One line for each student, one column for each exercise: right, slip 2 (the number is that in answers.md of `make solutions`),
wrong, not attempted, error, too long; then how many are right, and notes. The student is the first part of a notebook's path in
the folder: `ada.ipynb`, `ada/01.ipynb`, or `ada/week1/01.ipynb`, as in nbgrader's `submitted`.

What a notebook stores is not read. Its code cells run again from top to bottom, in another process, with limits of time and
memory, an empty environment and a scratch folder, beside a copy of the library that holds no answer. That process sends back
numbers only; they are judged here. So it does not help to change outputs, to replace `check`, or to patch the library or NumPy.

It does not notice an answer that is copied, or one that only lists the right numbers for the inputs that are known to be tried.
And it is no prison: a cell can use the network and read what you can read, the lecturer's copy of this library too. Grade
notebooks of people whom you do not trust in a container, or as a user without rights. On Windows there is no limit of memory.
"""

import argparse
import compileall
import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import matplotlib
import matplotlib.font_manager  # builds the cache of fonts, which each run then gets a copy of

from lecturelib import check, edition, rerun

__all__ = ["Marks", "grade"]

CELL, NOTEBOOK = 60, 600  # seconds
MEMORY = 4 << 30  # bytes; address space, of which much is never used
LARGEST = 30 << 20  # bytes, of a notebook and of a report
RANKS = ("right", "slip", "wrong", "error", "too long", "not attempted")  # of several tries the best counts
ASKED = re.compile(r"""\banswer\(\s*(?:name\s*=\s*)?(["'])(.+?)\1""")


class Marks(NamedTuple):
    """What a student's notebooks are worth: a mark for each exercise that they name, and notes on what went wrong."""

    student: str
    marks: dict[str, str]
    notes: list[str]


def grade(folder: Path) -> Iterator[Marks]:
    """The Marks of each student with a notebook in the folder, in alphabetical order. ValueError: there is no notebook."""
    paths = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    if not paths:
        raise ValueError(f"{folder} has no notebooks in it")
    students: dict[str, list[Path]] = {}
    for path in paths:
        first = path.relative_to(folder).parts[0]
        students.setdefault(first.removesuffix(".ipynb"), []).append(path)
    with tempfile.TemporaryDirectory() as kit:
        _pack(Path(kit))
        for student, theirs in sorted(students.items()):
            marks: dict[str, str] = {}
            notes: list[str] = []
            for path in theirs:
                got, said = _graded(path, Path(kit))
                marks |= {name: min(mark, marks.get(name, mark), key=_rank) for name, mark in got.items()}
                notes += [f"{path.name}: {note}" for note in said]
            yield Marks(student, marks, notes)


def _rank(mark):
    return RANKS.index(mark.split(" ")[0] if mark.startswith("slip") else mark)


def _pack(kit):
    """What each run gets a copy of: the library without answers, `rerun`, and matplotlib's cache of fonts."""
    edition.write(kit)
    shutil.copy(rerun.__file__, kit)
    compileall.compile_dir(kit / "lecturelib", quiet=2)
    (kit / "fonts").mkdir()
    for cache in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(cache, kit / "fonts")


# -- one notebook ------------------------------------------------------------------------------------------------------------


def _graded(path, kit):
    """The marks of one notebook by exercise, and notes."""
    try:
        sources = _sources(path)
    except ValueError as error:
        return {}, [str(error)]
    asked = {k: [name for _, name in ASKED.findall(source) if name in check.EXERCISES] for k, source in enumerate(sources, 1)}
    last = max((k for k, names in asked.items() if names), default=0)
    cells = [(k, source) for k, source in enumerate(sources, 1) if k <= last]
    runs, end, notes = _Reports({}, {}, set()), monotonic() + NOTEBOOK, []
    while cells and (stuck := _run(kit, cells, runs, end)):
        number, why = stuck
        notes.append(f"cell {number} {why}" if number else why)
        if not number or monotonic() > end:
            runs.stuck.update(k for k, _ in cells if k not in runs.errors)
            break
        cells = [cell for cell in cells if cell[0] != number]
    marks: dict[str, str] = {}
    for k, names in asked.items():
        for name in names:
            mark = _mark(name, k, runs)
            marks[name] = min(mark, marks.get(name, mark), key=_rank)
    notes += [f"cell {k} raised {error}" for k, error in runs.errors.items() if error and asked[k]]
    return marks, notes


def _sources(path):
    """The sources of a notebook's code cells. ValueError, in words for the notes: it cannot be read."""
    if path.is_symlink() or not path.is_file():
        raise ValueError("a link, not a file: not read")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST >> 20} MB: not read")
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return [source if isinstance(source, str) else "".join(source) for source in code]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("not a notebook: it could not be read") from None


def _mark(name, k, runs):
    """The mark for an exercise that cell k names."""
    if (k, name) in runs.told:
        return min((_judged(name, told) for told in runs.told[k, name]), key=_rank)
    if k in runs.stuck:
        return "too long"
    return "error" if runs.errors.get(k) else "not attempted"  # without an error: what looks like a call is a comment


def _judged(name, told):
    """The mark for what was reported of an answer."""
    if isinstance(told.get("results"), list):
        results = iter(told["results"])
        given = lambda *arguments: _value(next(results))  # noqa: E731
    elif "value" in told:
        given = _value(told["value"])
    else:
        return "error"
    verdict = check.answer(name, given)
    if verdict.right is not False:
        return "right" if verdict.right else "not attempted"
    slips = {f"Not yet: {hint}": k for k, hint in enumerate(check.EXERCISES[name].hints, 1)}
    return f"slip {slips[verdict.text]}" if verdict.text in slips else "wrong"


def _value(told, depth=rerun.DEEP):
    """The value that `rerun.plain` wrote; what it cannot have written becomes an object that is no answer."""
    if isinstance(told, list) and depth:
        return [_value(part, depth - 1) for part in told]
    if isinstance(told, dict) and isinstance(told.get("dict"), dict) and depth:
        return {key: _value(part, depth - 1) for key, part in told["dict"].items()}
    if isinstance(told, dict) and isinstance(told.get("text"), str):
        return told["text"]
    if isinstance(told, list | dict):
        return ... if "dots" in told else object()
    return told


# -- a run in another process ------------------------------------------------------------------------------------------------


class _Reports(NamedTuple):
    """What runs have reported: of (cell, exercise) what was given, of each cell its error or "", and the cells without an end."""

    told: dict[tuple[int, str], list[dict[str, Any]]]
    errors: dict[int, str]
    stuck: set[int]


def _run(kit, cells, runs, end):
    """Run the cells, collecting what they report in `runs`. None if all went through, else the cell that did not, and why."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        scratch = Path(folder, "kit")
        shutil.copytree(kit, scratch)
        (scratch / "work").mkdir()
        task, report = scratch / "task.json", scratch / "report"
        report.touch()
        limits = {"memory": MEMORY, "cpu": NOTEBOOK, "paths": [str(scratch), *_libraries()]}
        task.write_text(json.dumps({"cells": cells, "report": str(report), **limits}), "utf-8")
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-X", "utf8", str(scratch / "rerun.py"), str(task)],
            cwd=scratch / "work",
            env=_environment(scratch),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return _watched(process, report, runs, end)
        finally:
            _kill(process)


def _watched(process, report, runs, end):
    """Collect what is reported until the process ends, or is to be ended. None if it went through all cells, else as `_run`."""
    cell, since, size, rest, over = 0, monotonic(), 0, b"", False
    with report.open("rb") as file:
        while True:
            ended = process.poll() is not None  # asked before reading: what was written last is read too
            data = file.read(LARGEST)
            size, (*lines, rest) = size + len(data), (rest + data).split(b"\n")
            for line in lines:
                cell, over = _noted(line, cell, runs)
                since = monotonic()
            if ended and process.returncode == 0 and over:
                return None
            if ended:
                runs.errors[cell] = "an end of the process"
                return cell, "ended the process" if cell else "could not be run: Python did not start"
            if monotonic() > min(end, since + CELL if cell else end) or size > LARGEST:
                runs.stuck.add(cell)
                return cell, "took too long" if size <= LARGEST else "reported too much"
            sleep(0.05)


def _noted(line, cell, runs):
    """Note a line of the report, written while `cell` ran: (the cell that runs now, whether it is done)."""
    try:
        told = json.loads(line)
        if "cell" in told:
            return int(told["cell"]), False
        if "done" in told:
            runs.errors[cell] = str(told["error"])
            return cell, True
        runs.told.setdefault((cell, str(told["exercise"])), []).append(told)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass  # not ours
    return cell, False


def _kill(process):
    """End the process and those that it started."""
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS says the second of a group that has ended
            pass
    process.wait()


def _libraries():
    """The folders to import other libraries from: no checkout of this one, with its answers, and not the present folder."""
    folders = [folder for folder in sys.path if Path(folder).is_dir() and Path(folder).resolve() != Path.cwd()]
    return [folder for folder in folders if "-packages" in folder or not Path(folder, "lecturelib").is_dir()]


def _environment(scratch):
    """The whole environment of a run: its folders, and what keeps it to one thread and to stored results of slow cells."""
    env = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), str(scratch / "work"))
    env |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    env |= {"MPLCONFIGDIR": str(scratch / "fonts"), "MPLBACKEND": "agg", "LECTURELIB_SLOW": "stored"}
    return env | {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}  # Windows starts nothing without it


# -- the command -------------------------------------------------------------------------------------------------------------


def table(rows: Sequence[Marks]) -> Iterator[list[str]]:
    """The lines of the table, the heads first. No text in it can be taken for a formula."""
    columns = [name for name in check.EXERCISES if any(name in row.marks for row in rows)]
    yield ["student", *columns, "right", "notes"]
    for row in rows:
        marks = [row.marks.get(name, "not attempted") for name in columns]
        yield [_as_text(row.student), *marks, str(marks.count("right")), _as_text("; ".join(row.notes))]


def _as_text(text):
    """On one line, not too long, and with an apostrophe before what a spreadsheet would compute."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return ("'" if line[:1] in tuple("=+-@") else "") + (line if len(line) <= 500 else line[:500] + " ...")


def main(arguments: Sequence[str]) -> int | str:
    """Print the table as CSV, and each student's name, when it is their turn, on stderr; a string says why there is none."""
    parser = argparse.ArgumentParser(prog="python -m lecturelib.grade", description="Turn students' notebooks into marks.")
    parser.add_argument("folder", type=Path, help="with a folder or a notebook for each student")
    folder, rows = parser.parse_args(arguments).folder, []
    try:
        for row in grade(folder):
            print(f"{row.student}: {sum(mark == 'right' for mark in row.marks.values())} right", file=sys.stderr)
            rows.append(row)
    except ValueError as error:
        return str(error)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    csv.writer(sys.stdout, lineterminator="\n").writerows(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
