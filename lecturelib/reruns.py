"""A cell that is run again frees what it showed before: each figure holds some 13 MB."""

import ipywidgets as widgets
from IPython import get_ipython

from lecturelib.stage import DRAWING


class Cells:
    """What each cell has made and shows, so that a cell that is run again frees what it replaces.

    ipywidgets keeps every widget until it is closed, and IPython keeps every result. Cells are told apart by the id that the
    front end sends; where it sends none, or no IPython runs, nothing is freed.
    """

    def __init__(self):
        self._now = []  # made or shown in the run that goes on
        self._of = {}  # the same for the last run of each cell, by the cell's id
        self._shell = None  # IPython, which says when a run has ended

    def keep(self, thing):
        """The run that goes on makes or shows `thing`, which has a method `close`."""
        shell = get_ipython()
        if shell is None:
            return
        if shell is not self._shell:
            shell.events.register("post_run_cell", self._ran)
            self._shell = shell
        if not any(thing is other for other in self._now):
            self._now.append(thing)

    def _ran(self, result):
        with DRAWING:
            now, self._now = self._now, []
            cell = self._id(result)
            if cell is None:
                return
            before, self._of[cell] = self._of.get(cell, []), now
            kept = {id(thing) for things in self._of.values() for thing in things}
            for thing in before:
                if id(thing) not in kept:
                    thing.close()

    def _id(self, result):
        if found := getattr(result.info, "cell_id", None):
            return found
        parent = self._shell.kernel.get_parent() if hasattr(self._shell, "kernel") else None  # in Pyodide
        return (parent or {}).get("metadata", {}).get("cellId")


CELLS = Cells()


def close_widgets(*views):
    """Close widgets with all that they hold: only then does ipywidgets let go of them."""
    for view in views:
        close_widgets(*getattr(view, "children", ()))
        for part in (view.layout, getattr(view, "style", None), view):
            if isinstance(part, widgets.Widget):
                part.close()
