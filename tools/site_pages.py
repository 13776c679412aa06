"""Turn the notebooks into web pages that need no Python; `make site` does this as one of its steps.

A page shows the stored outputs of its notebook, and its figures can still be moved: for the values of their main controls, frames
are drawn in advance, and a few lines of JavaScript swap them. Each frame's sentence is its caption and alt text.
"""

import hashlib
import html
import itertools
import json
import os
import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib
import nbformat
import numpy as np
import PIL
from latex2mathml.converter import convert
from nbconvert.filters import highlight, markdown_mistune
from nbformat import NotebookNode
from PIL import Image
from processors import ROOT
from pygments.formatters import HtmlFormatter
from run_notebooks import output_text, paths_in, run_here

from lecturelib import live

PARTS = ROOT / "site/pages"  # the template, the style sheet, the scripts
KEPT = ROOT / "build/figures"  # figures drawn by earlier builds
FRAMES = 26  # of a slider at most, both ends and the start among them
LARGEST = 700_000  # bytes of all frames of a figure
SETTINGS = (52, 75), (26, 75), (26, 45)  # the most frames of a figure, and their quality; the first pair within LARGEST is used
MATHS = re.compile(r"\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$\n]+?)\$", re.S)


def build(out: Path, paths: Sequence[Path] = ()) -> None:
    """Write a page for each notebook, by default for the whole series, into the folder `out`; the first is the index."""
    paths = paths or paths_in([])
    for part in ("pages.css", "sliding.js", "present.js", "stix-two-math.woff2", "stix-two-math.OFL.txt"):
        shutil.copy(PARTS / part, out)
    styles = "xcode", "github-dark"  # in these every colour has enough contrast to be read
    light, dark = (HtmlFormatter(style=style).get_style_defs(".code") for style in styles)
    (out / "code.css").write_text(f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n", "utf-8")
    with ProcessPoolExecutor() as pool:
        each = pool.map if len(paths) > 1 else map  # a single one is drawn here: this process may have run the notebook
        for path, text in zip(paths, each(page, paths, itertools.repeat(out)), strict=True):
            (out / name_of(path)).write_text(text, "utf-8")


def name_of(path: Path) -> str:
    """The file name of a notebook's page."""
    return "index.html" if path.stem.startswith("00") else f"{path.stem}.html"


def page(path: Path, out: Path) -> str:
    """The page of one notebook, as HTML; its frames are written to the folder `figures` in `out`."""
    book = nbformat.read(path, as_version=4)
    drawn = drawn_cells(path, book)
    if (drawn / "frames").is_dir():
        shutil.copytree(drawn / "frames", out / "figures" / path.stem, dirs_exist_ok=True)
    ready = json.loads((drawn / "cells.json").read_text("utf-8"))
    cells = slides(book.cells, [ready.get(cell.id) or cell_html(cell) for cell in book.cells])
    title = re.findall(r"^# (.+)$", book.cells[0].source, re.M)[0]
    text = (PARTS / "page.html").read_text("utf-8")
    parts = {"TITLE": html.escape(title), "LIVE": f"lab/index.html?path={path.name}", "BODY": "\n".join(cells)}
    for name, value in parts.items():
        text = text.replace(f"<!--{name}-->", value)
    return text


# -- figures and questions, for which the notebook must run: kept from build to build ----------------------------------------


def drawn_cells(path: Path, book: NotebookNode) -> Path:
    """A folder with cells.json, the HTML of the notebook's figures and questions by cell id, and frames/, all its frames.

    Drawing takes minutes, so the folder is kept until something that it depends on changes.
    """
    folder = KEPT / f"{path.stem}-{depends_on(book)}"
    if not folder.is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=KEPT, prefix="drawing-") as fresh:
            draw_cells(path, book, Path(fresh))
            try:
                os.rename(fresh, folder)
            except OSError:  # another process has drawn the same and was first
                if not folder.is_dir():
                    raise
            else:
                os.mkdir(fresh)  # TemporaryDirectory wants to remove it
        for other in KEPT.glob(f"{path.stem}-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def depends_on(book: NotebookNode) -> str:
    """A hash of everything that figures depend on: the cells' code, the library and its data, these tools, the versions."""
    digest = hashlib.sha256()
    for cell in book.cells:
        digest.update(f"{cell.id}\n{cell.source}\n".encode() if cell.cell_type == "code" else b"")
    for file in sorted([*(ROOT / "lecturelib").rglob("*.*"), *(ROOT / "tools").glob("*.py")]):
        if "__pycache__" not in file.parts:
            digest.update(file.name.encode() + file.read_bytes())
    digest.update(repr([platform.python_version(), np.__version__, matplotlib.__version__, PIL.__version__]).encode())
    return digest.hexdigest()[:16]


def draw_cells(path: Path, book: NotebookNode, folder: Path) -> None:
    """Run the notebook and write cells.json and frames/ into `folder`."""
    shown, ready = run_here(path).shown, {}
    for cell in book.cells:
        value = shown.get(cell.id)
        if isinstance(value, live.LiveFigure):
            ready[cell.id] = figure_html(cell, value, folder / "frames" / cell.id, f"figures/{path.stem}/{cell.id}")
        elif isinstance(value, live.Prediction):
            ready[cell.id] = prediction_html(cell, value)
    (folder / "cells.json").write_text(json.dumps(ready), "utf-8")


# -- cells ------------------------------------------------------------------------------------------------------------------


def slides(cells: Sequence[NotebookNode], texts: Sequence[str]) -> list[str]:
    """The cells' HTML, with a <div> around each slide. Cells of the slide type `skip` are on the page but on no slide."""
    lines: list[str] = []
    for cell, text in zip(cells, texts, strict=True):
        mark = cell.metadata.slideshow.slide_type
        if mark in ("slide", "subslide"):
            lines.append(f'{"</div>" if lines else ""}<div class="slide">')
        lines.append(f'<div class="skip">{text}</div>' if mark == "skip" else text)
    return [*lines, "</div>"]


def cell_html(cell: NotebookNode) -> str:
    """The HTML of a cell that is neither figure nor question: text, or code with its outputs."""
    if cell.cell_type == "markdown":
        return f'<section id="{cell.id}">{text_html(cell.source)}</section>'
    tags = cell.metadata.get("tags", [])
    outputs = "" if "exercise" in tags else "".join(map(output_html, cell.outputs))  # they only say that it was not attempted
    return f'<section id="{cell.id}">{code_html(cell, "claim" not in tags)}{outputs}</section>'


def code_html(cell: NotebookNode, closed: bool) -> str:
    """The highlighted code of a cell, folded away or open."""
    return folded("code", f'<div class="code">{highlight.Highlight2HTML()(cell.source)}</div>', closed)


def folded(name: str, inside: str, closed: bool) -> str:
    """HTML that a reader can fold away and open by its name."""
    return f"<details{'' if closed else ' open'}><summary>{name}</summary>{inside}</details>"


def text_html(source: str) -> str:
    """Markdown as HTML, with formulas in MathML, which browsers render by themselves, and links to pages, not to notebooks."""
    formulas: list[str] = []

    def keep(found):
        block = found["block"]
        formulas.append(convert(block or found["inline"], display="block" if block else "inline"))
        return f"FORMULA{len(formulas) - 1}X"

    text = markdown_mistune.markdown2html_mistune(MATHS.sub(keep, source))
    text = re.sub(r'<a class="anchor-link".*?</a>', "", text)
    text = text.replace('href="00-start-here.ipynb"', 'href="index.html"')
    text = re.sub(r'href="([\w-]+)\.ipynb"', r'href="\1.html"', text)
    return re.sub(r"FORMULA(\d+)X", lambda found: formulas[int(found[1])], text)


def output_html(output: NotebookNode) -> str:
    """The HTML of an output: printed text, or a picture with its alt text."""
    data = output.get("data", {})
    if "image/png" in data:
        said = output.metadata["image/png"]
        size = f'width="{said["width"]}" height="{said["height"]}"'
        return f'<figure><img src="data:image/png;base64,{data["image/png"]}" {size} alt="{html.escape(said["alt"])}"></figure>'
    text = output_text(output)
    return f'<pre tabindex="0">{html.escape(text)}</pre>' if text else ""  # keys can scroll it


def prediction_html(cell: NotebookNode, question: live.Prediction) -> str:
    """The HTML of a question: its choices, and the answer folded away."""
    choices = "".join(f"<li>{html.escape(choice)}</li>" for choice in question.choices)
    reply = html.escape(f"{question.right}. {question.reason}")
    answer = folded("Decide first, then look", f"<p>{reply}</p>", True)
    asked = f"<p><b>Predict.</b> {html.escape(question.question)}</p><ul>{choices}</ul>"
    return f'<section id="{cell.id}" class="predict">{asked}{answer}</section>'


# -- figures with controls -----------------------------------------------------------------------------------------------------


def figure_html(cell: NotebookNode, figure: live.LiveFigure, folder: Path, where: str) -> str:
    """A picture, its sentence, and inputs for its main controls. The browser loads the frames from `where`."""
    values, sentences = frames(figure, folder)
    start = starts(figure)
    first = 0
    for name, allowed in values.items():
        first = first * len(allowed) + allowed.index(start[name])
    inputs = "".join(input_html(name, figure.controls[name], allowed, start[name]) for name, allowed in values.items())
    others = ", ".join(html.escape(control.label or name) for name, control in figure.controls.items() if name not in values)
    inputs += f'<span class="note">live only: {others}</span>' if others else ""
    width, height = figure.size
    caption = html.escape(sentences[first])
    picture = f'<img src="{where}/{first:02}.webp" width="{width}" height="{height}" alt="{caption}">'
    listed = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return (
        f'<figure id="{cell.id}" class="sliding" data-frames="{where}">{code_html(cell, True)}'
        f'<div class="controls">{inputs}</div>{picture}'
        f'<figcaption aria-live="polite">{caption}</figcaption><template><ol>{listed}</ol></template></figure>'
    )


def starts(figure: live.LiveFigure) -> dict[str, Any]:
    """The starting values of all controls."""
    return {name: control.at for name, control in figure.controls.items()}


def main_values(controls: Mapping[str, Any], most: int) -> dict[str, list]:
    """The values to draw, in at most `most` combinations: those of the first slider and the first menu, or of two menus."""
    sliders = [name for name, control in controls.items() if isinstance(control, live.Slider)]
    menus = [name for name in controls if name not in sliders]
    slider = sliders[0] if sliders else None
    chosen = [name for name in (menus[:1] if slider else menus[:2]) if len(controls[name].stops) <= 4 or not slider]
    values = {name: list(dict.fromkeys(controls[name].stops)) for name in chosen}
    if slider:
        each = min(FRAMES, most // max(1, len(values[chosen[0]]) if chosen else 1))
        values[slider] = controls[slider].spread(each)
    return values


def frames(figure: live.LiveFigure, folder: Path) -> tuple[dict[str, list], list[str]]:
    """Draw a frame for each combination of the main controls' values into `folder`; return the values and the sentences."""
    start = starts(figure)
    for most, quality in SETTINGS[likely(figure, start) :]:
        values = main_values(figure.controls, most)
        moves = [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]
        drawn = [drawn_frame(figure, start | move, quality) for move in moves]
        if sum(len(picture) for _, picture in drawn) <= LARGEST:
            folder.mkdir(parents=True)
            for k, (_, picture) in enumerate(drawn):
                (folder / f"{k:02}.webp").write_bytes(picture)
            return values, [sentence for sentence, _ in drawn]
    raise ValueError(f"{folder.name}: its frames take more than {LARGEST:,} bytes")


def likely(figure: live.LiveFigure, start: Mapping[str, Any]) -> int:
    """The first of SETTINGS that fits if all frames are as large as the first: a guess, so that most are drawn only once."""
    for k, (most, quality) in enumerate(SETTINGS):
        count = np.prod([len(allowed) for allowed in main_values(figure.controls, most).values()])
        if count * len(drawn_frame(figure, start, quality)[1]) < LARGEST:
            return k
    return len(SETTINGS) - 1


def drawn_frame(figure: live.LiveFigure, values: Mapping[str, Any], quality: int) -> tuple[str, bytes]:
    """The sentence at these values of all controls, and the picture as the bytes of a WebP file."""
    sentence, file = figure.set(**values), BytesIO()
    Image.fromarray(figure.pixels(1)[..., :3].copy()).save(file, "webp", quality=quality, method=2)
    return sentence, file.getvalue()


def input_html(name: str, control: Any, allowed: Sequence, at: Any) -> str:
    """An HTML input for a control: a range for numbers, a menu for words."""
    label = html.escape(control.label or name)
    texts = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in allowed]
    if isinstance(control, live.Slider):
        shown = html.escape(" ".join(texts))
        place = allowed.index(at)
        return (
            f'<label>{label} <input type="range" min="0" max="{len(allowed) - 1}" value="{place}" data-texts="{shown}" '
            f'aria-valuetext="{texts[place]}"> <output>{texts[place]}</output></label>'
        )
    options = "".join(
        f"<option{' selected' if value == at else ''}>{html.escape(text)}</option>"
        for value, text in zip(allowed, texts, strict=True)
    )
    return f"<label>{label} <select>{options}</select></label>"
