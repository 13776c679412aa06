"""Run a student's cells in a process of their own and report what they give to `check.answer`: `lecturelib.grade` starts this.

It runs beside the edition for students and knows no answer. What it reports are the values that a cell gives, or the results of
its function on the cases of the exercise, as plain numbers, each as a line of JSON. `lecturelib.grade` judges them. So a
student's code can do here what it likes, with `check`, NumPy or this module, and a wrong number stays wrong.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from numbers import Integral, Real
from pathlib import Path
from typing import Any

MOST = 100_000  # numbers in one answer
DEEP = 6  # lists within lists


def main(task: Mapping[str, Any]) -> None:
    """Run the "cells" (number, source) of the task, with "paths" to import from, limits "memory" (bytes) and "cpu" (seconds).

    What they give is written to the file "report".
    """
    _limit(task["memory"], task["cpu"])
    sys.path[:0] = task["paths"]
    from lecturelib import check
    from lecturelib.live.page import run_cell

    exercises, names = dict(check.EXERCISES), {"__name__": "__main__", "display": lambda *shown, **more: None}
    with open(task["report"], "a", encoding="utf-8", buffering=1) as report:
        for number, source in task["cells"]:
            print(json.dumps({"cell": number}), file=report)
            error = ""
            try:
                run_cell(_without_magic(source), f"cell {number}", names)
            except BaseException as raised:  # whatever it is, SystemExit too, the next cell is still run
                error = _described(raised)
            for name, expression in _asked(source):
                if name in exercises:
                    print(json.dumps({"exercise": name, **_given(exercises[name], expression, names, error)}), file=report)
            print(json.dumps({"done": number, "error": error}), file=report)


def _limit(memory, cpu):
    """Limits of memory (bytes), of processor time (seconds) and of the size of a file; Windows knows none of them."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, cpu), (resource.RLIMIT_FSIZE, 100 << 20)):
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):  # macOS has the first by name only
            pass


def _without_magic(source):
    """The source as Python reads it: lines that only Jupyter understands are left out."""
    try:
        ast.parse(source)
        return source
    except (SyntaxError, ValueError):
        return re.sub(r"(?m)^(\s*)[%!?].*$", r"\1pass", source)


def _asked(source) -> Iterator[tuple[str, ast.expr]]:
    """The exercises that a cell answers: (name, expression of the answer) of each `check.answer(name, expression)`."""
    try:
        tree = ast.parse(_without_magic(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) == "answer":
            parts = [*call.args, *(keyword.value for keyword in call.keywords)]
            if len(parts) == 2 and isinstance(parts[0], ast.Constant):
                yield str(parts[0].value), parts[1]


def _given(exercise, expression, names, error):
    """What to report of one answer: its value, or its results if it is a function, or the error of its cell or its own."""
    recorder = None
    try:
        value = eval(compile(ast.Expression(expression), "answer", "eval"), names)
        if not callable(value):
            return {"value": plain(value)}
        recorder = _Recorder(value)
        exercise.probe(recorder)
    except BaseException as raised:
        kind = type(raised).__name__  # by name: a cell may have loaded the library anew
        if kind in ("Untouched", "NotImplementedError"):
            return {"value": plain(...)}
        if recorder is None or kind != "Unfit":
            return {"error": error or _described(raised)}
    return {"results": recorder.results}


class _Recorder:
    """A function that keeps what another returns, at once: a later call may change it."""

    def __init__(self, function):
        self.function, self.results = function, []
        self.__code__ = getattr(function, "__code__", None)  # by which a probe knows a skeleton

    def __call__(self, *arguments):
        result = self.function(*arguments)
        self.results.append(plain(result))
        return result


def plain(value: Any, depth: int = DEEP) -> Any:
    """The value as JSON can write it: numbers, lists, {"dict": {...}}, {"text": ...}, {"dots": 1}, else {"other": its type}."""
    import numpy as np

    other = {"other": type(value).__name__}
    try:
        if value is None or isinstance(value, bool | np.bool_):
            return None if value is None else bool(value)
        if value is ...:
            return {"dots": 1}
        if isinstance(value, str) and len(value) <= MOST:
            return {"text": str(value)}
        if isinstance(value, Real | Decimal):
            return int(value) if isinstance(value, Integral) and abs(float(value)) < 2**53 else float(value)
        if not isinstance(value, list | tuple | dict) and hasattr(value, "__array__"):
            array = np.asarray(value)
            value = array.tolist() if array.size <= MOST and array.dtype.kind in "biufO" else other
            return value if isinstance(value, dict) else plain(value, depth)
        if isinstance(value, dict | list | tuple) and depth and len(value) <= MOST:
            if isinstance(value, dict):
                return {"dict": {str(key): plain(part, depth - 1) for key, part in value.items()}}
            return [plain(part, depth - 1) for part in value]
    except Exception:  # a type of the student's own may raise at anything
        pass
    return other


def _described(error):
    try:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".removesuffix(": ")
    except BaseException:
        return type(error).__name__


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
