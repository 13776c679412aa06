"""Write copies for students, without the answers: `make student`.

    .venv/bin/python tools/make_student.py [folder]

The folder is all that a student needs, or a hub, or a site of a course that gives marks: the notebooks, the package, and the
files that install it. Exercises and predictions are sealed (see lecturelib/sealed.py); the rest is as it is here.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from processors import ROOT
from run_notebooks import paths_in, text_of

from lecturelib import edition

COPIED = ("LICENSE", "environment.yml", "jupyter_lab_config.py", "pyproject.toml")
SECTIONS = ("# the library", "# the lab", "# not ours to import")  # of requirements.txt
README = """# lecturelib

Interactive lecture notebooks on exploding and vanishing gradients: live figures, predictions and exercises.

With Python 3.11 or newer, in this folder:

```
python -m venv .venv
.venv\\Scripts\\activate          # elsewhere: source .venv/bin/activate
pip install -r requirements.txt
jupyter lab
```

or `conda env create -f environment.yml`, `conda activate lecturelib`, `jupyter lab`.

Begin with notebook 00. Fill in the three dots of an exercise and run its cell: your answer is checked at once, and a wrong one
often gets the reason why.

BSD-3-Clause, see [LICENSE](LICENSE).
"""


def build(out: Path) -> None:
    """Write the copies into the folder `out`, which is emptied first. ValueError: it has other things in it."""
    if out.exists() and any(out.iterdir()) and not (out / "lecturelib/sealed.py").is_file():
        raise ValueError(f"{out} is not empty, and holds no copies for students: choose another folder")
    shutil.rmtree(out, ignore_errors=True)
    (out / "notebooks").mkdir(parents=True)
    edition.write(out)
    for path in paths_in([]):
        book = nbformat.read(path, as_version=4)
        for cell in book.cells:
            if cell.cell_type == "code":
                cell.source = edition.without_answer(cell.source)
        (out / "notebooks" / path.name).write_text(text_of(book), "utf-8", newline="\n")
    for name in COPIED:
        shutil.copyfile(ROOT / name, out / name)
    (out / "requirements.txt").write_text(requirements((ROOT / "requirements.txt").read_text("utf-8")), "utf-8", newline="\n")
    (out / "README.md").write_text(README, "utf-8", newline="\n")


def requirements(text: str) -> str:
    """Of the requirements, in sections with a blank line between them, what is needed to read the series and to install it."""
    kept = [section for section in text.strip().split("\n\n") if section.startswith((*SECTIONS, "-e ."))]
    return "\n\n".join(["# What the notebooks need, in the versions that were tested.", *kept]) + "\n"


def main(arguments: Sequence[str]) -> int | str:
    """Write the copies and say where; a string says why they were not written."""
    parser = argparse.ArgumentParser(description="Write copies for students, without the answers.")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist/student", help="dist/student by default")
    target = parser.parse_args(arguments).folder.resolve()
    try:
        build(target)
    except ValueError as error:
        return str(error)
    print(f"{target}: {len(list((target / 'notebooks').iterdir()))} notebooks without answers")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
