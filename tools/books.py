"""Run every notebook and store what a reader should find in it: `make notebooks`.

    .venv/bin/python tools/books.py [--pictures] [notebook or folder ...]

The same run gives the same file: no widget views, no timings, no paths, counts from 1 to n. So a diff shows what changed.
What is stored is what the tests compare with, so nothing of it changes unseen: each sentence and number that comes out
differently is printed, old beside new. A picture whose cell says the same as before stays as it is, for processors and fonts
differ in pixels; `--pictures` stores it anew, when the drawing itself was changed.
"""

import ast
import base64
import copy
import difflib
import io
import json
import os
import re
import sys
import tempfile
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from PIL import Image

from lecturelib.server import VIEW

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SLOW = NOTEBOOKS.parent / "lecturelib/data/slow.json"  # what slow cells gave, for where Python runs in a browser
SLACK = 0.05  # of a slow cell's number: what another processor may change
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


@contextmanager
def environment(**variables):
    """Within it the environment has these variables; afterwards it is as it was."""
    before = dict(os.environ)
    os.environ.update({name: str(value) for name, value in variables.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@cache
def run_here(path):
    """Run the notebook's code cells in this process: what each shows and prints, by cell id. Slow cells give what is stored."""
    names, shown, printed = {"__name__": "__main__"}, {}, {}
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with environment(LECTURELIB_SLOW="stored"):
            for cell in nbformat.read(path, as_version=4).cells:
                if cell.cell_type == "code":
                    with redirect_stdout(io.StringIO()) as out:
                        shown[cell.id] = _run_cell(cell.source, f"{path.name}:{cell.id}", names)
                    printed[cell.id] = out.getvalue()
    finally:
        os.chdir(before)
    return SimpleNamespace(shown=shown, printed=printed)


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
    nb = copy.deepcopy(nb)
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
            output.get("data", {}).pop(VIEW, None)
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
    """One text for each stretch of a stream: how it was cut into messages is chance.

    nbclient's `coalesce_streams` also joins what was printed before and after a picture, and so moves it.
    """
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


# -- what has changed -------------------------------------------------------------------------------------------------------


def without_pixels(cell):
    """The cell as plain data, each picture replaced by its size: other processors and fonts give other pixels."""
    cell = json.loads(json.dumps(cell))
    for output in cell.get("outputs", []):
        if "image/png" in output.get("data", {}):
            with Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))) as image:
                output["data"]["image/png"] = list(image.size)
    return cell


def keep_pictures(new, old):
    """Put the stored pictures back into the cells of `new` that differ from those of `old` in pixels only; gives their ids."""
    stored, kept = {cell.id: cell for cell in old.cells}, []
    for cell in new.cells:
        was = stored.get(cell.id, cell)
        if cell != was and without_pixels(cell) == without_pixels(was):
            cell.outputs = was.outputs
            kept.append(cell.id)
    return kept


def changes(new, old):
    """What the cells of `new` say differently from those of `old`: a dict from cell id to lines, `-` old and `+` new."""
    stored, changed = {cell.id: cell for cell in old.cells}, {}
    for cell in new.cells:
        was = stored.get(cell.id)
        if cell != was:
            lines = difflib.ndiff(_said(was) if was else [], _said(cell))
            lines = [line.rstrip() for line in lines if line[0] in "-+"]
            changed[cell.id] = lines or ["(the same text; something else in its output)"]
    return changed


def _said(cell):
    """Every line of text that a code cell shows, and the alt text of its pictures; what is said twice in a row, once."""
    texts = []
    for output in cell.get("outputs", []):
        alt = output.get("metadata", {}).get("image/png", {}).get("alt")
        texts += [output.get("text"), output.get("data", {}).get("text/plain"), alt]
    return [line for text in dict.fromkeys(filter(None, texts)) for line in text.splitlines()]


def same_numbers(one, other):
    """Whether two results of a slow cell, numbers or lists of them, are the same but for what a processor changes."""
    return np.shape(one) == np.shape(other) and bool(np.all(np.abs(np.subtract(one, other)) <= SLACK))


def slow_numbers(known, given, changed):
    """The numbers of slow cells that should be stored anew, from name to value: of those `given` in this run, the ones that
    are not `known`, and those that differ: at all, where the notebook says something else than before (`changed`), otherwise
    by more than SLACK. So what a browser says stays what is stored in the notebook.
    """
    return {
        name: value
        for name, value in given.items()
        if name not in known or (value != known[name] if changed else not same_numbers(value, known[name]))
    }


# -- the command ------------------------------------------------------------------------------------------------------------


def store(path, pictures):
    """Run the notebook at `path`, store what is new, and print it, old beside new. ValueError, and no change: a cell raises."""
    with tempfile.TemporaryDirectory() as folder, environment(LECTURELIB_SLOW=(slow := Path(folder, "slow.json"))):
        new = rewritten(path)
        given = json.loads(slow.read_text("utf-8")) if slow.is_file() else {}
    old = normalise(nbformat.read(path, as_version=4))
    kept = [] if pictures else keep_pictures(new, old)
    changed = changes(new, old)
    text = text_of(new).encode()
    same = path.read_bytes() == text
    if not same:
        path.write_bytes(text)
    note = f"; other pixels, not stored without --pictures: {', '.join(kept)}" if kept else ""
    print(f"{path.name}: {'unchanged' if same else 'stored'}{note}")
    for name, lines in changed.items():
        print("\n".join([f"  {name}", *(f"    {line}" for line in lines)]))
    store_slow(given, bool(changed))


def store_slow(given, changed):
    known = json.loads(SLOW.read_text("utf-8"))
    renewed = slow_numbers(known, given, changed)
    for name, value in renewed.items():
        print(f"  {SLOW.name}, {name!r}\n    - {known.get(name, '(not stored)')}\n    + {value}")
    if renewed:
        SLOW.write_text(json.dumps(known | renewed, indent=1, sort_keys=True) + "\n", encoding="utf-8", newline="\n")


def main(arguments):
    """Run each notebook and store what changed; 1 if one fails, and that one's file stays as it was."""
    pictures = "--pictures" in arguments
    failed = 0
    for path in paths_in([argument for argument in arguments if argument != "--pictures"]):
        try:
            store(path, pictures)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
