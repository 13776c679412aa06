"""A plugin for pytest, `-p tests.nbval_ids`: nbval then calls a cell by its id, as links and diffs do, not by its number."""

from nbval.plugin import IPyNbCell

numbered = IPyNbCell.from_parent.__func__


def named(cls, parent, *, name, cell, **more):
    """Make the test of a cell, under the cell's id."""
    return numbered(cls, parent, name=cell.get("id", name), cell=cell, **more)


IPyNbCell.from_parent = classmethod(named)
