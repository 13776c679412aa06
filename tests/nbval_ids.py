"""A plugin for pytest, `-p tests.nbval_ids`: nbval then calls a cell by its id, as links and diffs do, not by its number."""


def pytest_collection_modifyitems(items):
    """Name each cell of a notebook by its id, in the lists of pytest and at the head of a failure."""
    for item in items:
        if type(item).__module__ == "nbval.plugin":
            item.name = item.cell.get("id", item.name)
            item._nodeid = f"{item.parent.nodeid}::{item.name}"
