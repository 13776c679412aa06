"""Free the figures and questions that a cell has shown when that cell is run again. A figure takes about 13 MB."""

import sys
from typing import Any, Protocol

from lecturelib.live.render import DRAW_LOCK


class Closable(Protocol):
    """Anything that can be closed."""

    def close(self) -> None:
        """Free its widgets and its memory."""


class Cells:
    """Records what each cell has made or shown, and closes it when a new run of the cell replaces it.

    ipywidgets keeps every widget until it is closed, and IPython keeps every result. A cell is recognized by the id that the
    front end sends. If it sends none, or if no IPython is running, nothing is closed.
    """

    def __init__(self) -> None:
        self._current: list[Closable] = []  # made or shown by the cell that is running
        self._by_cell: dict[str, list[Closable]] = {}  # made or shown by the last run of each cell
        self._shell: Any = None  # the IPython shell, which tells us when a cell starts and when it has finished
        self.running = False  # whether a cell runs

    def keep(self, thing: Closable) -> None:
        """Record that the cell that is running makes or shows `thing`."""
        shell = get_ipython()
        if shell is None:
            return
        if shell is not self._shell:
            shell.events.register("pre_run_cell", self._started)
            shell.events.register("post_run_cell", self._finished)
            self._shell, self.running = shell, True
        if not any(thing is other for other in self._current):
            self._current.append(thing)

    def _started(self, info):
        self.running = True

    def _finished(self, result):
        self.running = False
        with DRAW_LOCK:
            current, self._current = self._current, []
            cell = self._id(result)
            if cell is None:
                return
            previous, self._by_cell[cell] = self._by_cell.get(cell, []), current
            in_use = {id(thing) for things in self._by_cell.values() for thing in things}
            for thing in previous:
                if id(thing) not in in_use:
                    thing.close()

    def _id(self, result):
        if found := getattr(result.info, "cell_id", None):
            return found
        parent = self._shell.kernel.get_parent() if hasattr(self._shell, "kernel") else None  # in Pyodide
        return (parent or {}).get("metadata", {}).get("cellId")


CELLS = Cells()


def get_ipython() -> Any:
    """The IPython shell that runs the cells, or None. If there is one, IPython has been loaded."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
