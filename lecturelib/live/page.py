"""A notebook without Jupyter, for Python in a web page: its cells run one by one, and its figures answer the page."""

import ast
import io
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from lecturelib.live.figure import LiveFigure
from lecturelib.live.predict import Prediction


class Notebook:
    """Runs cells in one namespace. `send(cell, answer)` takes the answer of the figure in `cell` to the page."""

    def __init__(self, send: Callable[[str, dict[str, Any]], None]) -> None:
        self._send = send
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self._figures: dict[str, LiveFigure] = {}

    def run(self, cell: str, source: str) -> dict[str, str]:
        """Run a cell: {"text": what it prints and shows, "error": "" or one line}. Whatever it raises becomes that line."""
        said = io.StringIO()
        try:
            with redirect_stdout(said), redirect_stderr(said):
                shown = run_cell(source, cell, self._names)
                if isinstance(shown, LiveFigure):
                    self._keep(cell, shown)
                elif shown is not None and not isinstance(shown, Prediction):
                    print(repr(shown))
        except BaseException as error:  # SystemExit too is the student's to read
            return {"text": said.getvalue(), "error": _described(error, cell)}
        return {"text": said.getvalue(), "error": ""}

    def _keep(self, cell, figure):
        if before := self._figures.get(cell):
            before.close()
        figure.connect(lambda answer: self._send(cell, answer))
        self._figures[cell] = figure

    def asked(self, cell: str, content: dict[str, Any]) -> None:
        """Answer a message of figure.js to the figure of `cell`, which has been run."""
        self._figures[cell].asked(content)


def run_cell(source: str, name: str, names: dict[str, Any]) -> Any:
    """Execute a cell as Jupyter does, and return the value of its last expression: what the cell shows."""
    tree = ast.parse(source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), names)
    return eval(compile(ast.Expression(last.value), name, "eval"), names) if isinstance(last, ast.Expr) else None


def _described(error, cell):
    """The error in one line, with the line of the cell where it happened."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == cell]
    if isinstance(error, SyntaxError) and error.filename == cell:
        lines, error = [error.lineno], SyntaxError(error.msg)
    where = f"line {lines[-1]}: " if lines else ""
    return f"{where}{type(error).__name__}: {error}".removesuffix(": ")
