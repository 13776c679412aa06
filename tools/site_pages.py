"""Turn the notebooks into web pages; `make site` does this as one of its steps.

A page shows the stored outputs of its notebook. Its figures can be moved at once: frames are drawn in advance for the values of
one control each. All else that a reader can do needs Python, which the page starts in the browser when it is asked for.
"""

import hashlib
import html
import io
import itertools
import json
import math
import os
import platform
import re
import shutil
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
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
from run_notebooks import answers, output_text, paths_in, run_here

from lecturelib import live
from lecturelib.live.controls import described
from lecturelib.live.render import SHARP

LIVE = ROOT / "lecturelib/live"
PARTS = ROOT / "site/pages"  # the template, the style sheet, the scripts
KEPT = ROOT / "build/figures"  # figures drawn by earlier builds
FRAMES = 11  # of a slider, and those that the text names
QUALITY = 16  # of the stored frames, which have two pixels for each CSS pixel
GUTTER = 30  # blank columns of pixels between two panels of a stored picture
NUMBERS = re.compile(r"(?<![\w.^])[-\N{MINUS SIGN}]?\d+(?:\.\d+)?(?![\w^])")
MATHS = re.compile(r"\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$\n]+?)\$", re.S)


def build(out: Path, paths: Sequence[Path] = ()) -> None:
    """Write a page for each notebook, by default for the whole series, into the folder `out`."""
    paths = paths or paths_in([])
    for part in ("pages.css", "python.js", "present.js", "stix-two-math.woff2", "stix-two-math.OFL.txt"):
        shutil.copy(PARTS / part, out)
    shutil.copy(LIVE / "figure.css", out)
    styles = "xcode", "github-dark"  # in these every colour has enough contrast to be read
    light, dark = (HtmlFormatter(style=style).get_style_defs(".code") for style in styles)
    (out / "code.css").write_text(f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n", "utf-8")
    with ProcessPoolExecutor() as pool:
        each = pool.map if len(paths) > 1 else map  # a single one is drawn here: this process may have run the notebook
        for path, text in zip(paths, each(page, paths, itertools.repeat(out)), strict=True):
            (out / name_of(path)).write_text(text, "utf-8")


def name_of(path: Path) -> str:
    """The file name of a notebook's page."""
    return f"{path.stem}.html"


def page(path: Path, out: Path) -> str:
    """The page of one notebook, as HTML; its frames are written to the folder `figures` in `out`."""
    book = nbformat.read(path, as_version=4)
    drawn = drawn_cells(path, book)
    if (drawn / "frames").is_dir():
        shutil.copytree(drawn / "frames", out / "figures" / path.stem, dirs_exist_ok=True)
    ready = json.loads((drawn / "cells.json").read_text("utf-8"))
    solved = answers(path.stem)
    cells = slides(book.cells, [ready["html"].get(cell.id) or cell_html(cell, solved) for cell in book.cells])
    title = re.findall(r"^# (.+)$", book.cells[0].source, re.M)[0]
    links = f'<a href="#slide-1">Slides</a> <a href="lab/index.html?path={path.name}">JupyterLab</a>'
    return filled(title, links, contents(book), "\n".join(cells), facts(path, book, ready["figures"]))


def filled(title: str, links: str, contents: str, body: str, facts: Mapping[str, Any]) -> str:
    """The template with these parts, as HTML, and with the scripts."""
    known = json.dumps(facts, ensure_ascii=False).replace("</", "<\\/")
    script = (LIVE / "figure.js").read_text("utf-8") + (PARTS / "page.js").read_text("utf-8")
    parts = {"TITLE": html.escape(title), "LINKS": links, "CONTENTS": contents, "BODY": body, "FACTS": known, "SCRIPT": script}
    return re.sub(r"<!--([A-Z]+)-->", lambda found: parts[found[1]], (PARTS / "page.html").read_text("utf-8"))


def contents(book: NotebookNode) -> str:
    """The table of contents: a link to each section."""
    sections = [cell for cell in book.cells if cell.cell_type == "markdown" and cell.source.startswith("## ")]
    headings = [(cell.id, re.findall(r"<h2.*?>(.+?)</h2>", text_html(cell.source))[0]) for cell in sections]
    links = "".join(f'<li><a href="#{name}">{heading}</a></li>' for name, heading in headings)
    return f'<nav class="contents" aria-label="On this page"><ol>{links}</ol></nav>'


def facts(path: Path, book: NotebookNode, figures: Mapping[str, Any]) -> dict[str, Any]:
    """What page.js must know: the notebook's name, its figures, its code and what Python must load to run it."""
    code = [cell for cell in book.cells if cell.cell_type == "code" and "predict" not in cell.metadata.get("tags", [])]
    cells = [{"cell": cell.id, "source": cell.source} for cell in code]
    return {"name": path.stem, "figures": figures, "cells": cells, "packages": packages(book)}


def packages(book: NotebookNode) -> list[str]:
    """What Python in the page must load: the library, and its data if the notebook or a module that it imports reads some."""
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    names = re.findall(r"\w+", " ".join(re.findall(r"^from lecturelib(?:\.lectures)? import (.+)$", code, re.M)))
    files = [path for name in names for path in (ROOT / "lecturelib").glob(f"**/{name}.py")]
    reads = re.compile(r"^from lecturelib import .*\b(datasets|pretrained)\b", re.M)
    data = any(reads.search(text) for text in (code, *(path.read_text("utf-8") for path in files)))
    return ["lecturelib", *(["lecturelib-data"] if data else [])]


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
    """A hash of everything that figures depend on: code, text and tags, the library and its data, these tools, the versions.

    The text counts because the values that it names are drawn, and the tags say which controls are.
    """
    digest = hashlib.sha256()
    for cell in book.cells:
        digest.update(f"{cell.id}\n{cell.source}\n{cell.metadata.get('tags')}\n".encode())
    for file in sorted([*(ROOT / "lecturelib").rglob("*.*"), *(ROOT / "tools").glob("*.py")]):
        if "__pycache__" not in file.parts:
            digest.update(file.name.encode() + file.read_bytes())
    digest.update(repr([platform.python_version(), np.__version__, matplotlib.__version__, PIL.__version__]).encode())
    return digest.hexdigest()[:16]


def draw_cells(path: Path, book: NotebookNode, folder: Path) -> None:
    """Run the notebook and write cells.json and frames/ into `folder`."""
    shown, texts, figures, before = run_here(path).shown, {}, {}, ""
    for cell in book.cells:
        value = shown.get(cell.id)
        if isinstance(value, live.LiveFigure):
            where = f"figures/{path.stem}/{cell.id}"
            figures[cell.id] = figure_facts(cell, before, value, folder / "frames" / cell.id, where)
            texts[cell.id] = figure_html(cell, value, figures[cell.id]["stored"])
        elif isinstance(value, live.Prediction):
            texts[cell.id] = prediction_html(cell, value)
        before = cell.source if cell.cell_type == "markdown" else before
    (folder / "cells.json").write_text(json.dumps({"html": texts, "figures": figures}), "utf-8")


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


def cell_html(cell: NotebookNode, solved: Mapping[str, str]) -> str:
    """The HTML of a cell that is neither figure nor question: text, or code with its outputs."""
    if cell.cell_type == "markdown":
        return f'<section id="{cell.id}">{text_html(cell.source)}</section>'
    tags = cell.metadata.get("tags", [])
    if "exercise" in tags:  # its output only says that it was not attempted
        if cell.id not in solved:
            raise ValueError(f"{cell.id} has no solution: add one under its id to the notebook's file in solutions/")
        answer = f'<div class="answer" hidden>{highlighted(solved[cell.id])}</div>'
        return f'<section id="{cell.id}" class="exercise">{code_html(cell, False)}{answer}</section>'
    outputs, kind = "".join(map(output_html, cell.outputs)), ' class="claim"' if "claim" in tags else ""
    return f'<section id="{cell.id}"{kind}>{code_html(cell, True)}{outputs}</section>'


def highlighted(source: str) -> str:
    """Code in colours."""
    return f'<div class="code">{highlight.Highlight2HTML()(source)}</div>'


def code_html(cell: NotebookNode, closed: bool) -> str:
    """The highlighted code of a cell, folded away or open."""
    return folded("code", highlighted(cell.source), closed)


def folded(name: str, inside: str, closed: bool) -> str:
    """HTML that a reader can fold away and open by its name."""
    return f"<details{'' if closed else ' open'}><summary>{name}</summary>{inside}</details>"


def text_html(source: str) -> str:
    """Markdown as HTML, with formulas in MathML, which browsers render by themselves, and links to pages, not to notebooks."""
    formulas: list[str] = []

    def keep(found):
        block = found["block"]
        formula = convert(block or found["inline"], display="block" if block else "inline")
        formulas.append(formula.replace("<mo>&#x02016;", '<mo stretchy="false">&#x02016;'))  # norms are as high as in TeX
        return f"FORMULA{len(formulas) - 1}X"

    text = markdown_mistune.markdown2html_mistune(MATHS.sub(keep, source))
    text = re.sub(r'<a class="anchor-link".*?</a>', "", text)
    text = re.sub(r'href="([\w-]+)\.ipynb(#[\w-]+)?"', r'href="\1.html\2"', text)
    return re.sub(r"FORMULA(\d+)X", lambda found: formulas[int(found[1])], text)


def output_html(output: NotebookNode) -> str:
    """The HTML of an output: printed text, or a picture with its alt text."""
    data = output.get("data", {})
    if "image/png" in data:
        said, picture = output.metadata["image/png"], Image.open(io.BytesIO(b64decode(data["image/png"])))
        scale, parts = picture.width / said["width"], panels(picture)
        alts = [said["alt"] + (f": panel {k} of {len(parts)}" if len(parts) > 1 else "") for k in range(1, len(parts) + 1)]
        return f'<figure class="panels">{"".join(map(image_html, parts, alts, itertools.repeat(scale)))}</figure>'
    text = output_text(output)
    return f'<pre tabindex="0">{html.escape(text)}</pre>' if text else ""  # keys can scroll it


def panels(picture: Image.Image) -> list[Image.Image]:
    """The picture, cut into its panels where a column between two of them is blank: a narrow page puts one below the other."""
    pixels = np.asarray(picture.convert("RGB"))
    blank = (pixels == pixels[0, 0]).all(axis=(0, 2))
    inside = np.flatnonzero(~blank)
    gaps = [(a, b) for a, b in itertools.pairwise(inside) if b - a > GUTTER]
    edges = [0, *(int(a + b) // 2 for a, b in gaps), picture.width]
    return [picture.crop((left, 0, right, picture.height)) for left, right in itertools.pairwise(edges)]


def image_html(picture: Image.Image, alt: str, scale: float) -> str:
    """The HTML of a picture that the page contains, `scale` of its pixels to a CSS pixel."""
    file = io.BytesIO()
    picture.save(file, "png", optimize=True)
    size = f'width="{picture.width / scale:.0f}" height="{picture.height / scale:.0f}"'
    return f'<img src="data:image/png;base64,{b64encode(file.getvalue()).decode()}" {size} alt="{html.escape(alt)}">'


def prediction_html(cell: NotebookNode, question: live.Prediction) -> str:
    """The HTML of a question: a button for each choice, with the reply to it, and the answer, folded, where no script runs."""
    buttons = ""
    for choice in question.choices:
        right, reply = " data-right" if choice == question.right else "", html.escape(question.choose(choice))
        buttons += f'<button type="button" data-reply="{reply}"{right}>{html.escape(choice)}</button>'
    answer = folded("Decide first, then look", f"<p>{html.escape(f'{question.right}. {question.reason}')}</p>", True)
    asked = f"<p><b>Predict.</b> {html.escape(question.question)}</p><div>{buttons}</div><noscript>{answer}</noscript>"
    return f'<section id="{cell.id}" class="predict">{asked}<p role="status"></p></section>'


# -- figures with controls -----------------------------------------------------------------------------------------------------


def figure_html(cell: NotebookNode, figure: live.LiveFigure, stored: Mapping[str, Any]) -> str:
    """A picture and its sentence, which page.js makes live."""
    (width, height), caption = figure.size, html.escape(figure.text)
    picture = f'<img src="{first_of(figure, stored)}" width="{width}" height="{height}" alt="{caption}">'
    view = f'<div class="view">{picture}<p class="live-caption">{caption}</p></div>'
    return f'<figure id="{cell.id}" class="live-figure">{code_html(cell, True)}<div class="controls"></div>{view}</figure>'


def first_of(figure: live.LiveFigure, stored: Mapping[str, Any]) -> str:
    """The address of the stored frame at the start."""
    number = 0
    for name, allowed in stored["values"].items():
        number = number * len(allowed) + allowed.index(figure.controls[name].at)
    return f"{stored['where']}/{number:02}.webp"


def figure_facts(cell: NotebookNode, before: str, figure: live.LiveFigure, folder: Path, where: str) -> dict[str, Any]:
    """What page.js must know of a figure, whose stored frames are drawn into `folder`."""
    values = stored_values(cell, before, figure)
    stored = {"values": values, "sentences": frames(figure, values, folder), "where": where}
    height, width, _ = figure.pixels(narrow=True).shape
    controls = [control_facts(name, control) for name, control in figure.controls.items()]
    return {"controls": controls, "stored": stored, "size": figure.size, "narrow": (width, height)}


def control_facts(name: str, control: Any) -> dict[str, Any]:
    """What page.js must know of a control."""
    digits = {"digits": control.digits, "log": control.log} if isinstance(control, live.Slider) else {}
    kind = type(control).__name__.lower()
    return {**described(name, control), "kind": kind, "label": control.label or name, "play": control.play, **digits}


def stored_values(cell: NotebookNode, before: str, figure: live.LiveFigure) -> dict[str, list]:
    """The values to draw in advance: of the first control, or of those that the cell's tags name, as in `stored:w`.

    A slider has both ends, evenly spaced steps between, and all its steps that the text `before` the figure names.
    """
    tagged = [tag.partition(":")[2] for tag in cell.metadata.get("tags", []) if tag.startswith("stored:")]
    values = {}
    for name in tagged or list(figure.controls)[:1]:
        control = figure.controls[name]
        values[name] = list(dict.fromkeys(control.stops))
        if isinstance(control, live.Slider):
            said = [float(number.replace("\N{MINUS SIGN}", "-")) for number in NUMBERS.findall(before)]
            named = [step for step in control.steps() if any(math.isclose(step, number, abs_tol=1e-12) for number in said)]
            values[name] = sorted({*control.spread(FRAMES), *named})
    return values


def frames(figure: live.LiveFigure, values: Mapping[str, Sequence], folder: Path) -> list[str]:
    """Draw a wide and a narrow frame for each combination of `values` into `folder`; return the sentences."""
    folder.mkdir(parents=True)
    sentences, start = [], {name: control.at for name, control in figure.controls.items()}
    for k, combination in enumerate(itertools.product(*values.values())):
        sentences.append(figure.set(**start | dict(zip(values, combination, strict=True))))
        for mark, narrow in (("", False), ("n", True)):
            picture = Image.fromarray(figure.pixels(SHARP, narrow)[..., :3].copy())
            picture.save(folder / f"{k:02}{mark}.webp", quality=QUALITY, method=6)
    figure.set(**start)
    return sentences
