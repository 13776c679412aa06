"""Write the solved notebooks, run, and all answers in one page: `make solutions`.

    .venv/bin/python tools/make_solutions.py [folder]

For the lecturer and the assistants. The solutions are those in solutions/. A cell that is not right stops the command.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from processors import ROOT
from run_notebooks import answers, environment, keep_pictures, output_text, paths_in, rewritten, text_of

from lecturelib import check


def solve(path: Path, out: Path) -> NotebookNode:
    """Write the notebook at `path` into the folder `out` with its exercises solved, run. ValueError: a solution is not right."""
    book, solved = nbformat.read(path, as_version=4), answers(path.stem)
    for cell in book.cells:
        cell.source = solved.get(cell.id, cell.source)
    target = out / path.name
    target.write_text(text_of(book), "utf-8", newline="\n")
    with environment(LECTURELIB_SLOW="stored"):
        done = rewritten(target)
    keep_pictures(done, book)
    for cell in done.cells:
        said = "".join(map(output_text, cell.get("outputs", ())))
        if cell.id in solved and not said.startswith("Right."):
            raise ValueError(f"{path.name}, cell {cell.id}: the solution is not right: {said}")
    target.write_text(text_of(done), "utf-8", newline="\n")
    return done


def page(path: Path) -> str:
    """The answers of one notebook: each exercise's solution, what is said of it, and its slips, numbered as the marks are."""
    parts = [f"## {path.stem}"]
    for source in answers(path.stem).values():
        name = next(name for name in check.EXERCISES if f'check.answer("{name}"' in source)
        exercise = check.EXERCISES[name]
        hints = [f"{k}. {hint}" for k, hint in enumerate(exercise.hints, 1)]
        parts += [f"### {name}", f"```python\n{source}\n```", f"Right. {exercise.praise}", "\n".join(["Slips:", "", *hints])]
    return "\n\n".join(parts) if len(parts) > 1 else ""


def build(out: Path) -> None:
    """Write all into the folder `out`, replacing what is there. ValueError: a solution is not right."""
    out.mkdir(parents=True, exist_ok=True)
    for path in paths_in([]):
        solve(path, out)
        print(f"{out / path.name}: solved")
    pages = ["# Answers", "Not for students. A slip's number is the one in the marks.", *filter(None, map(page, paths_in([])))]
    (out / "answers.md").write_text("\n\n".join(pages) + "\n", "utf-8", newline="\n")


def main(arguments: Sequence[str]) -> int | str:
    """Write the solved notebooks and the answers; a string says why not."""
    parser = argparse.ArgumentParser(description="Write the solved notebooks, run, and all answers in one page.")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist/solutions", help="dist/solutions by default")
    try:
        build(parser.parse_args(arguments).folder.resolve())
    except ValueError as error:
        return str(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
