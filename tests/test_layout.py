"""The layout of the package: which module may import which, how long modules and functions may be, and where pictures live."""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest

from lecturelib import plots

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lecturelib"
MODULES = sorted(PACKAGE.rglob("*.py"))
TOOLS = sorted((ROOT / "tools").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))
LECTURES = sorted(path for path in (PACKAGE / "lectures").glob("*.py") if path.stem != "__init__")
MODELS = {"expect", "maps", "mandelbrot", "phase_plane", "scan", "cells", "jacobians", "nets", "tasks", "costs", "train"}

# Each module or subpackage, and those that it may import. The models depend little on each other, so each can be read alone.
MAY_IMPORT = {
    "__init__": set(),
    **{model: {"expect"} for model in MODELS},
    "expect": set(),
    "scan": set(),
    "cells": {"scan", "expect"},
    "jacobians": {"cells", "scan", "expect"},
    "nets": {"cells", "expect"},
    "server": set(),
    "plots": {"maps", "expect"},
    "live": set(),
    "datasets": {"expect"},
    "pretrained": {"cells", "nets", "expect"},
    "probes": set(),
    "sealed": {"probes"},
    "adding": {"cells", "jacobians", "pretrained", "tasks", "plots", "expect"},
    "lstm_block": {"cells", "plots", "expect"},
    "reading": {"cells", "datasets", "nets", "pretrained", "plots", "probes", "expect"},
    "translator": {"cells", "datasets", "nets", "pretrained"},
    "digit_reader": {"cells", "datasets", "nets", "pretrained"},
    "lectures": {*MODELS, "adding", "digit_reader", "reading", "translator", "datasets", "pretrained", "plots", "probes"},
    "check": {"lectures", "probes"},
    "edition": {"check", "live", "probes", "sealed"},
    "rerun": {"check", "live"},
    "grade": {"check", "edition", "rerun"},
}


def name_of(path):
    root = PACKAGE if path.is_relative_to(PACKAGE) else ROOT
    return ".".join(path.relative_to(root).with_suffix("").parts)


def imported(path):
    """Full names of all that a module imports, anywhere in it: `from lecturelib import maps` is lecturelib.maps."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = ".".join(filter(None, ["lecturelib" if node.level else "", node.module]))
            names |= {f"{source}.{alias.name}" for alias in node.names}
    return names


def defined(path):
    """The module's own functions and classes, by name."""
    body = ast.parse(path.read_text("utf-8")).body
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}


each_module = pytest.mark.parametrize("path", MODULES, ids=name_of)
each_file = pytest.mark.parametrize("path", [*MODULES, *TOOLS], ids=name_of)


@each_module
def test_a_module_imports_only_what_it_may(path):
    module = name_of(path).split(".")[0]
    assert module in MAY_IMPORT, f"{module} has no entry in MAY_IMPORT"
    used = {name.split(".")[1] for name in imported(path) if name.startswith("lecturelib.")} - {module}
    assert used <= MAY_IMPORT[module]
    assert "lecturelib" not in imported(path), "name the module: from lecturelib import maps"


@pytest.mark.parametrize("module", sorted(MODELS))
def test_a_model_needs_only_numpy(module):
    for path in MODULES:
        if name_of(path).split(".")[0] == module:
            outside = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names)
            assert outside <= {"numpy", "lecturelib"}, f"{name_of(path)} imports {outside}"


def test_the_table_of_the_readme_has_every_module():
    table = "".join(line for line in (ROOT / "README.md").read_text("utf-8").splitlines(True) if line.startswith("| `"))
    top = {path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    assert not {name for name in top if f"`{name}`" not in table}


@each_module
def test_what_others_call_has_type_hints(path):
    """The pictures of one lecture are for its notebook only."""
    if path in LECTURES:
        return
    bodies = [node.body for name, node in defined(path).items() if isinstance(node, ast.ClassDef) and not name.startswith("_")]
    functions = [*defined(path).values(), *(node for body in bodies for node in body)]
    for node in functions:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            open_ones = [one.arg for one in arguments if one.annotation is None and one.arg not in ("self", "cls")]
            assert not open_ones and node.returns is not None, f"{node.name}: {', '.join(open_ones) or 'what it returns'}"


@each_module
def test_pyplot_and_its_global_state_stay_out(path):
    assert not {name for name in imported(path) if {"pyplot", "pylab"} & set(name.split("."))}


@each_module
def test_no_module_for_miscellany(path):
    assert not {"utils", "util", "helpers", "common", "misc"} & set(name_of(path).split("."))


@each_file
def test_a_file_has_at_most_400_lines(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400


@each_file
def test_a_function_has_at_most_40_lines(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            assert lines <= 40, f"{node.name} has {lines} lines"


@each_module
def test_what_is_public_has_a_docstring(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "the module needs a docstring"
    listed = [node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"]
    public = ast.literal_eval(listed[0]) if listed else [name for name in defined(path) if not name.startswith("_")]
    silent = [name for name, node in defined(path).items() if name in public and not ast.get_docstring(node)]
    assert not silent, f"without a docstring: {', '.join(silent)}"


@each_module
def test_what_is_listed_as_public_is_there(path):
    module = __import__("lecturelib" if name_of(path) == "__init__" else f"lecturelib.{name_of(path)}", fromlist=["*"])
    missing = [name for name in getattr(module, "__all__", ()) if not hasattr(module, name)]
    assert not missing, f"in __all__ but not there: {', '.join(missing)}"


# -- where pictures live ------------------------------------------------------------------------------------------------------


@cache
def attributes(text, name):
    """The attributes `name.X` that Python code uses."""
    nodes = ast.walk(ast.parse(text))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node.value) == name}


def code_of(notebook):
    cells = nbformat.read(notebook, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def notebook_of(lecture):
    """The notebook of a lecture module: of `lstm.py`, 07-lstm.ipynb."""
    (path,) = (ROOT / "notebooks").glob(f"[0-9][0-9]-{lecture.stem.replace('_', '-')}.ipynb")
    return path


@pytest.mark.parametrize("path", LECTURES, ids=name_of)
def test_a_lecture_holds_what_its_own_notebook_calls(path):
    called = attributes(code_of(notebook_of(path)), "lecture")
    tree = ast.parse(path.read_text("utf-8"))
    names = set(defined(path)) | {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    assert called <= names, f"{path.name} has no {', '.join(sorted(called - names))}"
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    unused = {name for name in defined(path) if not name.startswith("_")} - called - read
    assert not unused, f"neither {path.name} nor its notebook uses {', '.join(sorted(unused))}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_no_lecture_but_its_own(path):
    lectures = re.findall(r"from lecturelib\.lectures import (\w+)", code_of(path))
    assert all(notebook_of(PACKAGE / "lectures" / f"{lecture}.py") == path for lecture in lectures)


def test_a_picture_of_plots_is_used_by_several_lectures():
    pictures = set(plots.__all__) & set(defined(PACKAGE / "plots.py"))
    users = {path.stem[3:].replace("-", "_"): attributes(code_of(path), "plots") for path in NOTEBOOKS}
    for path in LECTURES:
        users[path.stem] |= {name.removeprefix("lecturelib.plots.") for name in imported(path)}
        users[path.stem] |= attributes(path.read_text("utf-8"), "plots")
    for name in sorted(pictures):
        assert sum(name in used for used in users.values()) >= 2, f"plots.{name} belongs in the one lecture that uses it"
