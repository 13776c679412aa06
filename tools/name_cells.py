"""Give new cells what a stored notebook needs: a readable id, a tag and a slide type.

JupyterLab gives a new cell a random id and nothing else. A cell that has a readable id keeps it, and a slide type that is set
stays: change either by hand where you want another.
"""

import ast
import re
from collections.abc import Mapping

from nbformat import NotebookNode

READABLE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MADE_UP = re.compile(r"(?=[a-f]*[0-9])[0-9a-f]{8}(-|$)")  # an id that an editor generates: 1b2c3d4e, or a whole UUID
CALLS = {"live.figure": "live", "live.predict": "predict", "check.answer": "exercise"}  # which call gives a cell which tag
SLIDES = {
    **dict.fromkeys(("title", "section"), "slide"),
    **dict.fromkeys(("live", "claim", "exercise"), "-"),  # on the slide of the text above
    **dict.fromkeys(("imports", "define"), "skip"),
}  # all others begin a subslide


def name_cells(nb: NotebookNode) -> list[str]:
    """Complete the cells of `nb` in place; the ids that are new, in their order. ValueError: a cell's code cannot be read."""
    taken = {cell.id for cell in nb.cells if is_named(cell)}
    section, new = "start", []
    for number, cell in enumerate(nb.cells, 1):
        kind, subject = _described(cell, section, number)
        if is_new := not is_named(cell):
            cell.id = _free({"title": kind, "imports": kind, "section": subject}.get(kind, f"{kind}-{subject}"), taken)
            taken.add(cell.id)
            new.append(cell.id)
        section = cell.id if kind == "section" else section
        if (kind in CALLS.values() or (is_new and kind == "claim")) and kind not in cell.metadata.get("tags", []):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), kind]
        if kind in ("predict", "live"):  # a prediction's source holds the answer; a figure's stands between it and its Do
            cell.metadata["jupyter"] = {"source_hidden": True}
        cell.metadata.setdefault("slideshow", {}).setdefault("slide_type", SLIDES.get(kind, "subslide"))
    return new


def is_named(cell: Mapping) -> bool:
    """Whether the cell has an id that somebody gave it."""
    name = cell.get("id", "")
    return bool(READABLE.fullmatch(name)) and not MADE_UP.match(name)


def _described(cell, section, number):
    """(kind, subject): a figure is named for its function, an exercise as `check` knows it, the rest for its section."""
    if cell.cell_type == "code":
        try:
            return _code(ast.parse(cell.source), section)
        except SyntaxError as error:
            raise ValueError(f"cell {number}: {error.msg}, line {error.lineno}") from None
    if heading := re.match(r"(#+)\s+(?:\d+\.\s*)?(.+)", cell.source):
        return "title" if heading[1] == "#" else "section", _slug(heading[2])
    if asked := re.match(r"\*\*Exercise\b:?([^*]*)", cell.source):
        return "ask", _slug(asked[1]) or section
    return "do" if "**Do" in cell.source else "read", section


def _code(tree, section):
    """What is called decides; a cell that prints or asserts is a claim."""
    calls = {ast.unparse(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for call, tag in CALLS.items():
        if call in calls:
            first = calls[call].args[0] if calls[call].args and tag != "predict" else None
            name = first.value if isinstance(first, ast.Constant) else first.id if isinstance(first, ast.Name) else ""
            return tag, _slug(str(name)) or section
    if tree.body and all(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body):
        return "imports", section
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(tree))
    claims = asserts or any(call == "print" or ".testing." in call for call in calls)
    return "claim" if claims else "define", section


def _slug(text):
    """The first three words of a text, as an id has them."""
    return "-".join([word for word in re.findall(r"[a-z0-9]+", text.lower())][:3]).lstrip("0123456789-")


def _free(name, taken):
    """`name`, or `name` with the first number from 2 on that makes it new."""
    return next(one for one in [name, *(f"{name}-{k}" for k in range(2, len(taken) + 3))] if one not in taken)
