"""The edition for students: the package with its exercises and predictions sealed, and without the lecturer's modules.

What is written is the same source, comments and all, but for what would give an answer away: each `Exercise` becomes a `Sealed`,
and what only the answers used is left out.
"""

import ast
import re
import shutil
import textwrap
from collections.abc import Mapping
from pathlib import Path

from lecturelib import check
from lecturelib.live.predict import sealed
from lecturelib.probes import Exercise
from lecturelib.sealed import seal

__all__ = ["without_answer", "without_answers", "write"]

PACKAGE = Path(__file__).parent
LECTURERS = ("edition.py", "grade.py", "rerun.py")  # they need the answers, or serve only those who have them
WIDTH = 130  # of a line


def write(folder: Path) -> None:
    """Write the package, as `lecturelib/`, into `folder`, which has none yet."""
    shutil.copytree(PACKAGE, folder / "lecturelib", ignore=shutil.ignore_patterns("__pycache__", *LECTURERS))
    for lecture in check.LECTURES:
        file = Path(*lecture.__name__.split(".")[1:]).with_suffix(".py")
        source = without_answers((PACKAGE / file).read_text("utf-8"), lecture.EXERCISES)
        (folder / "lecturelib" / file).write_text(source, "utf-8", newline="\n")


def without_answers(source: str, exercises: Mapping[str, Exercise]) -> str:
    """The source of a lecture with these exercises sealed. ValueError: its dict EXERCISES does not write them out."""
    calls, edits = _exercise_calls(source), []
    if set(calls) != set(exercises):
        raise ValueError(f"EXERCISES must be a dict that writes out each Exercise(...); found {', '.join(calls) or 'none'}")
    for name, call in calls.items():
        probe, text = ast.get_source_segment(source, call.args[0]), "\n".join(_in_pieces(seal(exercises[name]), 8, WIDTH))
        edits.append((call, call, f"Sealed(\n        {probe},\n{text},\n    )"))
    source = _edited(source, edits)
    while (shorter := _without_unused(source)) != source:
        source = shorter
    return re.sub(r"(?m)^from lecturelib\.probes import .+\n", r"\g<0>from lecturelib.sealed import Sealed\n", source, count=1)


def without_answer(source: str) -> str:
    """The source of a notebook's cell; of its prediction, if it is one, the answer is sealed."""
    for call in ast.walk(ast.parse(source)) if "live.predict(" in source else ():
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "live.predict":
            told = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
            text = sealed(ast.literal_eval(call.args[0]), told["right"], told["reason"], told.get("slips", {}))
            pieces = "\n".join(_in_pieces(text, 4, 81)).lstrip()
            source = _edited(source, [(call.keywords[0], call.keywords[-1], f"sealed={pieces}")])
    return source


def _exercise_calls(source):
    """The call of Exercise for each name in the dict EXERCISES of a lecture."""
    values = [n.value for n in ast.parse(source).body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "EXERCISES"]
    if not values or not isinstance(values[0], ast.Dict):
        return {}
    pairs = zip(values[0].keys, values[0].values, strict=True)
    return {key.value: call for key, call in pairs if isinstance(call, ast.Call) and ast.unparse(call.func) == "Exercise"}


def _in_pieces(text, indent, width):
    """Lines of source that spell a text without blanks."""
    return [f'{" " * indent}"{piece}"' for piece in textwrap.wrap(text, width - indent - 3)]


def _without_unused(source):
    """The source without the imports and the private definitions that nothing in it reads."""
    edits, body = [], ast.parse(source).body
    for node in body:
        read = {n.id for other in body if other is not node for n in ast.walk(other) if isinstance(n, ast.Name)}
        if isinstance(node, ast.Import | ast.ImportFrom):
            unused = [alias for alias in node.names if (alias.asname or alias.name).partition(".")[0] not in read]
            if unused:
                node.names = [alias for alias in node.names if alias not in unused]
                edits.append((node, node, ast.unparse(node) if node.names else None))
        elif (names := _defined(node)) and all(name.startswith("_") and name not in read for name in names):
            edits.append((node, node, None))
    return _edited(source, edits)


def _defined(node):
    """The names that a statement of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]


def _edited(source, edits):
    """The source with new text in place of what is from one node to another; None: without their lines and the comment above."""
    lines = source.encode().splitlines(keepends=True)  # ast counts bytes
    for first, last, text in sorted(edits, key=lambda edit: (edit[0].lineno, edit[0].col_offset), reverse=True):
        start, end = min(n.lineno for n in (first, *getattr(first, "decorator_list", ()))) - 1, last.end_lineno
        if text is None:
            while lines[start - 1].startswith(b"#"):
                start -= 1
            lines[start:end] = []
        else:
            before, after = lines[start][: first.col_offset], lines[end - 1][last.end_col_offset :]
            lines[start:end] = [before + text.encode() + after]
    return re.sub(r"\n{4,}", "\n\n\n", b"".join(lines).decode())
