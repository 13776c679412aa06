"""Run every notebook and store its outputs: `make notebooks`.

    .venv/bin/python tools/run_notebooks.py [--pictures | --only-names] [notebook or folder ...]

The same run writes the same file: no widget views, no timings, no paths, execution counts from 1 to n. So a diff shows only
what really changed.
The tests compare with the stored outputs, so none of them changes silently: each sentence or number that comes out differently
is printed, old beside new. A picture is kept if its cell still says the same, since processors and fonts differ in pixels;
with `--pictures` it is stored anew. Use that after changing how something is drawn.
"""

import argparse
import base64
import copy
import difflib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
from name_cells import is_named, name_cells
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from PIL import Image
from processors import ROOT, THREADS

from lecturelib.live.page import run_cell
from lecturelib.server import VIEW

NOTEBOOKS = ROOT / "notebooks"
SOLUTIONS = ROOT / "solutions"
SLOW = ROOT / "lecturelib/data/slow.json"  # the results of slow cells, for when Python runs in a browser
SLACK = 0.05  # how much another processor may change a slow cell's number
TIMEOUT = 120  # seconds for one cell


def paths_in(named: Iterable[str | os.PathLike]) -> list[Path]:
    """The notebooks that are named: files, and all those in folders. If nothing is named, the whole series."""
    places = [Path(name) for name in named] or [NOTEBOOKS]
    return [path for place in places for path in (sorted(place.glob("*.ipynb")) if place.is_dir() else [place])]


def executed(path: Path) -> NotebookNode:
    """The notebook at `path`, run from top to bottom in its own folder. ValueError, naming the cell: a cell fails."""
    import matplotlib.font_manager  # noqa: F401  builds the font cache now, so that no cell prints a message about it

    nb = nbformat.read(path, as_version=4)
    started: list[str] = []
    client = NotebookClient(
        nb,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # hides a warning that the connection, on this machine only, is not encrypted
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=lambda cell, cell_index: started.append(cell["id"]),
    )
    try:
        with environment(**dict.fromkeys(THREADS, "1")):
            return client.execute()
    except CellExecutionError as error:
        raise ValueError(f"cell {started[-1]}: {error.ename}: {error.evalue}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise ValueError(f"cell {started[-1]}: {error}") from None


@contextmanager
def environment(**variables: object) -> Iterator[None]:
    """Set these environment variables for the block; afterwards the environment is as it was."""
    before = dict(os.environ)
    os.environ.update({name: str(value) for name, value in variables.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@cache
def run_here(path: Path) -> SimpleNamespace:
    """Run the code cells in this process: what each has `shown` and `printed`, by cell id. Slow cells use stored results.

    `names_at` holds, for each exercise, the names that its cell finds: an answer can be tried on a copy, with no second run.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    shown, printed, names_at = {}, {}, {}
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with environment(LECTURELIB_SLOW="stored"):
            for cell in nbformat.read(path, as_version=4).cells:
                if cell.cell_type == "code":
                    if "exercise" in cell.metadata.get("tags", []):
                        names_at[cell.id] = dict(names)
                    with redirect_stdout(io.StringIO()) as out:
                        shown[cell.id] = run_cell(cell.source, f"{path.name}:{cell.id}", names)
                    printed[cell.id] = out.getvalue()
    finally:
        os.chdir(before)
    return SimpleNamespace(shown=shown, printed=printed, names_at=names_at)


def answers(stem: str) -> dict[str, str]:
    """The solved exercise cells of the notebook `stem`, by cell id, from its file in solutions/; empty if there is no file."""
    path = SOLUTIONS / f"{stem}.py"
    if not path.is_file():
        return {}
    _, *parts = re.split(r"(?m)^# %% (.+)\n", path.read_text("utf-8"))
    return {name: source.strip("\n") for name, source in zip(parts[::2], parts[1::2], strict=True)}


def normalise(nb: NotebookNode) -> NotebookNode:
    """A copy of the executed notebook `nb` without anything that depends on the machine, the editor or the time.

    ValueError: a cell has no readable id. Links, tests and diffs refer to cells by their ids.
    """
    nb = copy.deepcopy(nb)
    nb.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nb.nbformat, nb.nbformat_minor = 4, 5
    _check_ids(nb.cells)
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
            if "metadata" in output:  # keep what describes a picture, drop what described a view
                output.metadata = {kind: about for kind, about in output.metadata.items() if kind in output.data and about}
    return nb


def _check_ids(cells):
    ids = [cell.get("id", "") for cell in cells]
    for number, (cell, name) in enumerate(zip(cells, ids, strict=True), 1):
        if not is_named(cell):
            raise ValueError(f"cell {number} needs a readable id, such as live-linear, not {name!r}: run `make cell-ids`")
        if ids.count(name) > 1:
            raise ValueError(f"cell {number}: another cell has the id {name!r} too")


def _kept(metadata):
    """The tags, the slide type, and whether the source is hidden (the code of a prediction contains its answer)."""
    kept = {}
    if metadata.get("tags"):
        kept["tags"] = metadata["tags"]
    if "slide_type" in metadata.get("slideshow", {}):
        kept["slideshow"] = {"slide_type": metadata["slideshow"]["slide_type"]}
    if metadata.get("jupyter", {}).get("source_hidden"):
        kept["jupyter"] = {"source_hidden": True}
    return nbformat.from_dict(kept)


def _merged(outputs):
    """The outputs with adjacent pieces of a stream joined: how it was split into messages is random."""
    # Not nbclient's coalesce_streams: it also joins what was printed before and after a picture, and so moves text past it.
    merged = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def rewritten(path: Path) -> NotebookNode:
    """What the file at `path` should contain: its notebook, executed and normalised."""
    try:
        return normalise(executed(path))
    except ValueError as error:
        raise ValueError(f"{path.name}, {error}") from None


def text_of(nb: NotebookNode) -> str:
    """The text of the notebook's file: sorted keys, one line for each line of source, a newline at the end."""
    return nbformat.writes(nb).rstrip("\n") + "\n"


# -- what has changed -------------------------------------------------------------------------------------------------------


def output_text(output: Mapping[str, Any]) -> str:
    """The text of one output, which a reader sees and nbval compares: what was printed, or the plain-text form of a value."""
    return "".join(output.get("text") or output.get("data", {}).get("text/plain", ""))


def without_pixels(cell: Mapping[str, Any]) -> dict[str, Any]:
    """The cell as plain data, with the size of each picture in place of its pixels, which depend on processor and fonts."""
    plain = json.loads(json.dumps(cell))
    for output in plain.get("outputs", []):
        if "image/png" in output.get("data", {}):
            with Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))) as image:
                output["data"]["image/png"] = list(image.size)
    return plain


def keep_pictures(new: NotebookNode, old: NotebookNode) -> list[str]:
    """Put the old pictures back into cells of `new` that differ from those of `old` only in pixels; return these cells' ids."""
    stored, kept = {cell.id: cell for cell in old.cells}, []
    for cell in new.cells:
        was = stored.get(cell.id, cell)
        if cell != was and without_pixels(cell) == without_pixels(was):
            cell.outputs = was.outputs
            kept.append(cell.id)
    return kept


def changes(new: NotebookNode, old: NotebookNode) -> dict[str, list[str]]:
    """What the cells of `new` say differently from those of `old`, by cell id: lines that start with `-` (old) or `+` (new)."""
    stored, changed = {cell.id: cell for cell in old.cells}, {}
    for cell in new.cells:
        was = stored.get(cell.id)
        if cell != was:
            diff = difflib.ndiff(lines_of(was) if was else [], lines_of(cell))
            lines = [line.rstrip() for line in diff if line[0] in "-+"]
            changed[cell.id] = lines or ["(its text is the same; something else changed)"]
    return changed


def lines_of(cell: Mapping[str, Any]) -> list[str]:
    """Every line of text in the cell's outputs, alt texts included; repeated texts only once."""
    texts = []
    for output in cell.get("outputs", []):
        texts += [output_text(output), output.get("metadata", {}).get("image/png", {}).get("alt")]
    return [line for text in dict.fromkeys(filter(None, texts)) for line in text.splitlines()]


def same_numbers(one: Any, other: Any) -> bool:
    """Whether two results of a slow cell, numbers or lists of numbers, agree up to what another processor may change."""
    return np.shape(one) == np.shape(other) and bool(np.all(np.abs(np.subtract(one, other)) <= SLACK))


def slow_numbers(known: Mapping[str, Any], given: Mapping[str, Any], changed: bool) -> dict[str, Any]:
    """The results in `given`, from this run, that should replace those in `known`, or be added to them.

    If the notebook says something new (`changed`), every result that differs at all; otherwise only one that differs by more
    than SLACK. So the numbers that a browser gets are those in the stored notebook.
    """
    return {
        name: value
        for name, value in given.items()
        if name not in known or (value != known[name] if changed else not same_numbers(value, known[name]))
    }


# -- the command ------------------------------------------------------------------------------------------------------------


def name(path: Path) -> None:
    """Name the new cells of the notebook at `path`, and print their ids. ValueError: a cell's code cannot be read."""
    nb = nbformat.read(path, as_version=4)
    try:
        new = name_cells(nb)
    except ValueError as error:
        raise ValueError(f"{path.name}, {error}") from None
    if (text := text_of(nb).encode()) != path.read_bytes():
        path.write_bytes(text)
        print(f"{path.name}: new cells {', '.join(new)}" if new else f"{path.name}: tags and slide types are completed")


def store(path: Path, pictures: bool) -> None:
    """Run the notebook at `path`, store what is new and print it, old beside new. ValueError: a cell fails; nothing is stored."""
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
    note = f"; only pixels differ, store them with --pictures: {', '.join(kept)}" if kept else ""
    print(f"{path.name}: {'unchanged' if same else 'stored'}{note}")
    for name, lines in changed.items():
        print("\n".join([f"  {name}", *(f"    {line}" for line in lines)]))
    store_slow(given, bool(changed))


def store_slow(given: Mapping[str, Any], changed: bool) -> None:
    """Store those results of slow cells that `slow_numbers` selects, and print them, old beside new."""
    known = json.loads(SLOW.read_text("utf-8"))
    renewed = slow_numbers(known, given, changed)
    for name, value in renewed.items():
        print(f"  {SLOW.name}, {name!r}\n    - {known.get(name, '(not stored)')}\n    + {value}")
    if renewed:
        SLOW.write_text(json.dumps(known | renewed, indent=1, sort_keys=True) + "\n", encoding="utf-8", newline="\n")


def main(arguments: Sequence[str]) -> int:
    """Name each notebook's new cells, run it and store what changed; 1 if one fails, and then its outputs are left alone."""
    parser = argparse.ArgumentParser(description="Run every notebook and store its outputs.")
    parser.add_argument("--pictures", action="store_true", help="also store pictures that differ only in pixels")
    parser.add_argument("--only-names", action="store_true", help="give new cells an id, a tag and a slide type, and run nothing")
    parser.add_argument("notebooks", nargs="*", help="notebooks, or folders of notebooks; the whole series by default")
    asked = parser.parse_args(arguments)
    failed = 0
    for path in paths_in(asked.notebooks):
        try:
            name(path)
            if not asked.only_names:
                store(path, asked.pictures)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
