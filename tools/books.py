"""Run every notebook and store what a reader should find in it: `make notebooks`.

    .venv/bin/python tools/books.py [notebook or folder ...]

The same run gives the same file: no widget views, no timings, no paths, counts from 1 to n. So a diff shows what changed.
"""

import ast
import copy
import os
import re
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from widgets_out import without_widgets

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SLOW = NOTEBOOKS.parent / "lecturelib/data/slow.json"  # what slow cells gave, for where Python runs in a browser
PATIENCE = 120  # seconds for one cell
READABLE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MADE_UP = re.compile(r"(?=[a-f]*[0-9])[0-9a-f]{8}(-|$)")  # as the editors' own: 1b2c3d4e, or a whole UUID


def paths_in(arguments):
    """The notebooks that the command line names: files, and all that lie in folders; with none named, all of the series."""
    named = [Path(a) for a in arguments] or [NOTEBOOKS]
    return [path for n in named for path in (sorted(n.glob("*.ipynb")) if n.is_dir() else [n])]


def executed(path):
    """The notebook at `path`, run from top to bottom in its own folder. A cell that raises is a ValueError that names it."""
    import matplotlib.font_manager  # noqa: F401  made inside a notebook, the font cache's message could be stored there

    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[threads] = "1"
    nb = nbformat.read(path, as_version=4)
    at = []
    client = NotebookClient(
        nb,
        timeout=PATIENCE,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # a kernel on this machine, for this run only, needs no encryption
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=lambda cell, cell_index: at.append(cell["id"]),
    )
    try:
        return client.execute()
    except CellExecutionError as error:
        raise ValueError(f"cell {at[-1]}: {error.ename}: {error.evalue}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise ValueError(f"cell {at[-1]}: {error}") from None


@cache
def run_here(path):
    """Run the notebook's code cells in this process: what each shows, by cell id, and all names as they are at the end."""
    names, shown = {"__name__": "__main__"}, {}
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                shown[cell.id] = _run_cell(cell.source, f"{path.name}:{cell.id}", names)
    finally:
        os.chdir(before)
    return SimpleNamespace(shown=shown, names=names)


def _run_cell(source, filename, names):
    """Execute as a notebook does: the value of a last expression is what the cell shows."""
    tree = ast.parse(source, filename)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, filename, "exec"), names)
    return eval(compile(ast.Expression(last.value), filename, "eval"), names) if last else None


def normalise(nb):
    """A copy of the executed notebook `nb` without all that depends on the machine, the editor or the moment.

    Raises ValueError for a cell without a readable id: it names the cell in links, in tests and in a diff.
    """
    nb = without_widgets(copy.deepcopy(nb))
    nb.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nb.nbformat, nb.nbformat_minor = 4, 5
    _check_ids([cell.get("id", "") for cell in nb.cells])
    count = 0
    for cell in nb.cells:
        cell.metadata = _kept(cell.metadata)
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = _merged(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            if "metadata" in output:  # what is said about a picture stays, what is said about a dropped view goes
                output.metadata = {kind: about for kind, about in output.metadata.items() if kind in output.data and about}
    return nb


def _check_ids(ids):
    for number, name in enumerate(ids, 1):
        if not READABLE.fullmatch(name) or MADE_UP.match(name):
            raise ValueError(f"cell {number} needs a readable id, such as live-linear, not {name!r}")
        if ids.count(name) > 1:
            raise ValueError(f"cell {number}: the id {name!r} stands twice")


def _kept(metadata):
    """Tags, the slide type, and that the source is folded away: the code of a prediction holds its answer."""
    kept = {}
    if metadata.get("tags"):
        kept["tags"] = metadata["tags"]
    if "slide_type" in metadata.get("slideshow", {}):
        kept["slideshow"] = {"slide_type": metadata["slideshow"]["slide_type"]}
    if metadata.get("jupyter", {}).get("source_hidden"):
        kept["jupyter"] = {"source_hidden": True}
    return nbformat.from_dict(kept)


def _merged(outputs):
    """One text for each stretch of a stream: how it was cut into messages is chance."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def rewritten(path):
    """What the file at `path` should hold: the notebook there, executed and normalised."""
    try:
        return normalise(executed(path))
    except ValueError as error:
        raise ValueError(f"{path.name}, {error}") from None


def text_of(nb):
    """The notebook as the text of its file: keys sorted, one line a line of source, a newline at the end."""
    return nbformat.writes(nb).rstrip("\n") + "\n"


def main(arguments):
    """Execute, normalise and write each notebook; 1 if one fails, and that one's file stays as it was."""
    os.environ["LECTURELIB_SLOW"] = str(SLOW)
    failed = 0
    for path in paths_in(arguments):
        try:
            nb = rewritten(path)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            failed = 1
            continue
        path.write_text(text_of(nb), encoding="utf-8", newline="\n")
        print(path.name)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
