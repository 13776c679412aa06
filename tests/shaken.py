"""Run a notebook while its numerics are shaken, and print what it says: `python tests/shaken.py NOTEBOOK SEED [TIMES]`.

Another processor sums in another order, and its tanh ends in another digit. Here every product (`@` too), every exp, tanh and
log, and every call of `np.linalg` first gets a relative noise of 1e-7 (float32) or 1e-15 (float64), TIMES so much, on each number
of one argument: in the library and in the notebook's own cells. Seed 0 is no noise. The output is JSON: for each code cell what
it printed, and the sentence of its figure. This changes NumPy itself, so it runs in a process of its own.
"""

import ast
import builtins
import importlib.machinery
import io
import json
import operator
import os
import sys
from contextlib import redirect_stdout
from functools import wraps
from pathlib import Path

import numpy as np

RELATIVE = {np.dtype(np.float32): 1e-7, np.dtype(np.float64): 1e-15}
SHAKEN = {np: ("dot", "matmul", "einsum", "exp", "tanh", "log", "log10"), np.linalg: ("norm", "svd", "qr", "solve", "eigvals")}


class Noise:
    """Noise from one seed. It is drawn once and read round and round, for drawing anew would take most of the time."""

    def __init__(self, seed, times):
        draws = np.random.default_rng(seed).standard_normal(1_000_003) * times
        self.factors = {dtype: (1 + size * draws).astype(dtype) for dtype, size in RELATIVE.items()}
        self.at = 0

    def on(self, a):
        """`a`, each of its numbers a little off; 0, inf and nan stay what they are."""
        factors, n = self.factors[a.dtype], a.size
        if self.at + n > len(factors):
            self.at = 0
        noise = factors[self.at : self.at + n] if n <= len(factors) else np.resize(factors, n)
        self.at += n
        with np.errstate(all="ignore"):
            shaken = a * noise.reshape(a.shape)
        return a if a.ndim == 0 and np.isinf(shaken) else shaken  # the largest number stays a number

    def before(self, function):
        """`function`, with noise on the first of its arguments that holds floating-point numbers."""

        @wraps(function)
        def shaken(*args, **kwargs):
            for k, a in enumerate(args):
                if isinstance(a, float | np.ndarray | np.floating) and np.asarray(a).dtype in RELATIVE:
                    return function(*args[:k], self.on(np.asarray(a)), *args[k + 1 :], **kwargs)
            return function(*args, **kwargs)

        return shaken


class Products(ast.NodeTransformer):
    """`a @ b` becomes a call of `__product__`."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if not isinstance(node.op, ast.MatMult):
            return node
        name = ast.copy_location(ast.Name("__product__", ast.Load()), node)
        return ast.copy_location(ast.Call(name, [node.left, node.right], []), node)


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module with its products replaced, always from its source."""

    def get_code(self, name):
        return compile(Products().visit(ast.parse(self.get_source(name))), self.path, "exec")


class Finder(importlib.machinery.PathFinder):
    """Finds the modules of lecturelib, for `Loader`."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        spec = super().find_spec(name, path, target) if name.startswith("lecturelib") else None
        if spec and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(name, spec.origin)
        return spec


def shake(seed, times=1.0):
    """From here on NumPy is shaken. To be called before the library is imported."""
    noise, product = Noise(seed, times if seed else 0.0), operator.matmul
    for module, names in SHAKEN.items():
        for name in names:
            setattr(module, name, noise.before(getattr(module, name)))
    builtins.__product__ = noise.before(product)
    sys.meta_path.insert(0, Finder)


def said(path):
    """What each code cell of the notebook at `path` prints, and the sentence of its figure, if it shows one."""
    import nbformat
    from run_notebooks import run_cell

    from lecturelib import live

    live.watch = lambda draw, **size: None  # its digits are live only
    os.chdir(path.parent)
    names, cells = {"__name__": "__main__"}, {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            printed, tree = io.StringIO(), Products().visit(ast.parse(cell.source))
            with redirect_stdout(printed):
                shown = run_cell(ast.unparse(tree), f"{path.name}:{cell.id}", names)
            cells[cell.id] = [printed.getvalue(), shown.text if isinstance(shown, live.LiveFigure) else None]
    return cells


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1] / "tools")]
    shake(int(sys.argv[2]), float((*sys.argv, 1)[3]))
    print(json.dumps(said(Path(sys.argv[1]).absolute())))
