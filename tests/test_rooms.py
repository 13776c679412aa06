"""The plan of the house: who may import whom, and that every room can be read in one sitting."""

import ast
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "lecturelib"
MODULES = sorted(HOUSE.rglob("*.py"))
MODELS = {"expect", "maps", "mandelbrot", "phase_plane", "scan", "cells", "jacobians", "nets", "tasks", "costs", "train"}

# Each room, and the rooms it may import. The models know little of each other, so that each can be read alone.
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
    "lectures": {*MODELS, "datasets", "pretrained", "plots", "probes"},
    "check": {"lectures", "probes"},
}


def name_of(path):
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts)


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


@each_module
def test_a_room_imports_only_rooms_below_it(path):
    room = name_of(path).split(".")[0]
    assert room in MAY_IMPORT, f"{room} has no place in the plan: add it to MAY_IMPORT, and to the map in __init__"
    used = {name.split(".")[1] for name in imported(path) if name.startswith("lecturelib.")} - {room}
    assert used <= MAY_IMPORT[room]
    assert "lecturelib" not in imported(path), "say which room: from lecturelib import maps"


@pytest.mark.parametrize("room", sorted(MODELS))
def test_a_model_needs_only_numpy(room):
    for path in MODULES:
        if name_of(path).split(".")[0] == room:
            outside = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names)
            assert outside <= {"numpy", "lecturelib"}, f"{name_of(path)} imports {outside}"


@each_module
def test_pyplot_and_its_global_state_stay_out(path):
    assert not {name for name in imported(path) if {"pyplot", "pylab"} & set(name.split("."))}


@each_module
def test_no_drawer_for_odds_and_ends(path):
    assert not {"utils", "util", "helpers", "common", "misc"} & set(name_of(path).split("."))


@each_module
def test_a_module_is_read_in_one_sitting(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= 500  # most have 100 to 400; `maps`, half of it docstrings and validation of input, has the most


@each_module
def test_a_function_fits_on_a_screen(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            assert lines <= 60, f"{node.name} has {lines} lines"


@each_module
def test_what_is_public_says_what_it_does(path):
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
