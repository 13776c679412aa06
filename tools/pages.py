"""The notebooks as pages that need no Python. `make site` writes them, each beside its live twin.

A page has the stored outputs. Its live figures slide too: along their main controls frames are drawn now, and swapped later by a
few lines of JavaScript, with their sentences as captions and alt texts.
"""

import hashlib
import html
import itertools
import json
import os
import platform
import re
import shutil
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib
import nbformat
import numpy as np
import PIL
from books import NOTEBOOKS, run_here
from latex2mathml.converter import convert
from nbconvert.filters import highlight, markdown_mistune
from PIL import Image
from pygments.formatters import HtmlFormatter

from lecturelib import live

ROOT = Path(__file__).parents[1]
PARTS = ROOT / "site/pages"  # the style, the scripts
KEPT = ROOT / "build/figures"  # what earlier builds drew
FRAMES = 26  # of a slider; both ends and the start are among them
LARGEST = 700_000  # bytes of all frames of a figure
SETTINGS = (52, 75), (26, 75), (26, 45)  # pictures of a figure at most, and their quality; the first that fits LARGEST is taken
MATHS = re.compile(r"\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$\n]+?)\$", re.S)


def build(out, paths=None):
    """A page for each notebook, in the folder `out`; the first is the index."""
    paths = sorted(NOTEBOOKS.glob("*.ipynb")) if paths is None else paths
    for part in ("pages.css", "sliding.js", "present.js", "stix-two-math.woff2", "stix-two-math.OFL.txt"):
        shutil.copy(PARTS / part, out)
    light, dark = (HtmlFormatter(style=style).get_style_defs(".code") for style in ("friendly", "github-dark"))
    (out / "code.css").write_text(f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n", "utf-8")
    with ProcessPoolExecutor() as pool:
        each = pool.map if len(paths) > 1 else map  # one alone is drawn in this process, where the notebook may have run
        for path, text in zip(paths, each(page, paths, itertools.repeat(out)), strict=True):
            (out / name_of(path)).write_text(text, "utf-8")


def name_of(path):
    return "index.html" if path.stem.startswith("00") else f"{path.stem}.html"


def page(path, out):
    """The page of one notebook, as HTML; its frames are written below `out`."""
    book = nbformat.read(path, as_version=4)
    drawn = drawn_cells(path, book)
    if (drawn / "frames").is_dir():
        shutil.copytree(drawn / "frames", out / "figures" / path.stem, dirs_exist_ok=True)
    ready = json.loads((drawn / "cells.json").read_text("utf-8"))
    cells = slides(book.cells, [ready.get(cell.id) or cell_html(cell) for cell in book.cells])
    title = re.search(r"^# (.+)$", book.cells[0].source, re.M)[1]
    text = (PARTS / "page.html").read_text("utf-8")
    parts = {"TITLE": html.escape(title), "LIVE": f"lab/index.html?path={path.name}", "BODY": "\n".join(cells)}
    for name, value in parts.items():
        text = text.replace(f"<!--{name}-->", value)
    return text


# -- what the notebook must run for, kept from build to build ---------------------------------------------------------------


def drawn_cells(path, book):
    """A folder with the HTML of the notebook's figures and questions by cell id, cells.json, and all frames, frames/.

    It takes minutes to draw, so it is kept until something changes on which it depends.
    """
    folder = KEPT / f"{path.stem}-{depends_on(book)}"
    if not folder.is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=KEPT, prefix="drawing-") as fresh:
            draw_cells(path, book, Path(fresh))
            try:
                os.rename(fresh, folder)
            except OSError:  # another process, drawing the same, was first; on Windows TemporaryDirectory then has work to do
                if not folder.is_dir():
                    raise
            else:
                os.mkdir(fresh)  # for TemporaryDirectory to remove
        for other in KEPT.glob(f"{path.stem}-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def depends_on(book):
    """A digest of all that figures depend on: the cells' code, the library with its data, these tools, the versions."""
    digest = hashlib.sha256()
    for cell in book.cells:
        digest.update(f"{cell.id}\n{cell.source}\n".encode() if cell.cell_type == "code" else b"")
    for file in sorted([*(ROOT / "lecturelib").rglob("*.*"), *(ROOT / "tools").glob("*.py")]):
        if "__pycache__" not in file.parts:
            digest.update(file.name.encode() + file.read_bytes())
    digest.update(repr([platform.python_version(), np.__version__, matplotlib.__version__, PIL.__version__]).encode())
    return digest.hexdigest()[:16]


def draw_cells(path, book, folder):
    """Run the notebook; write cells.json and frames/ into `folder`."""
    shown, ready = run_here(path).shown, {}
    for cell in book.cells:
        value = shown.get(cell.id)
        if isinstance(value, live.LiveFigure):
            ready[cell.id] = figure_html(cell, value, folder / "frames" / cell.id, f"figures/{path.stem}/{cell.id}")
        elif isinstance(value, live.Prediction):
            ready[cell.id] = prediction_html(cell, value)
    (folder / "cells.json").write_text(json.dumps(ready), "utf-8")


# -- cells ------------------------------------------------------------------------------------------------------------------


def slides(cells, texts):
    """The cells' HTML, in one <div> for each slide. What the notebook skips is read, and not shown."""
    lines = []
    for cell, text in zip(cells, texts, strict=True):
        mark = cell.metadata.slideshow.slide_type
        if mark in ("slide", "subslide"):
            lines.append(f'{"</div>" if lines else ""}<div class="slide">')
        lines.append(f'<div class="skip">{text}</div>' if mark == "skip" else text)
    return [*lines, "</div>"]


def cell_html(cell):
    """A cell that is neither figure nor question: text, or code with what it printed."""
    if cell.cell_type == "markdown":
        return f'<section id="{cell.id}">{text_html(cell.source)}</section>'
    tags = cell.metadata.get("tags", [])
    outputs = "" if "exercise" in tags else "".join(map(output_html, cell.outputs))  # an exercise that nobody has done yet
    return f'<section id="{cell.id}">{code_html(cell, "claim" not in tags)}{outputs}</section>'


def code_html(cell, closed):
    return folded("code", f'<div class="code">{highlight.Highlight2HTML()(cell.source)}</div>', closed)


def folded(name, inside, closed):
    return f"<details{'' if closed else ' open'}><summary>{name}</summary>{inside}</details>"


def text_html(source):
    """Markdown as HTML; formulas as MathML, which every browser sets by itself; links to notebooks as links to pages."""
    formulas = []

    def keep(found):
        block = found["block"]
        formulas.append(convert(block or found["inline"], display="block" if block else "inline"))
        return f"FORMULA{len(formulas) - 1}X"

    text = markdown_mistune.markdown2html_mistune(MATHS.sub(keep, source))
    text = re.sub(r'<a class="anchor-link".*?</a>', "", text)
    text = text.replace('href="00-start-here.ipynb"', 'href="index.html"')
    text = re.sub(r'href="([\w-]+)\.ipynb"', r'href="\1.html"', text)
    return re.sub(r"FORMULA(\d+)X", lambda found: formulas[int(found[1])], text)


def output_html(output):
    """What a cell printed, or a picture with its alt text."""
    data = output.get("data", {})
    if "image/png" in data:
        said = output.metadata["image/png"]
        size = f'width="{said["width"]}" height="{said["height"]}"'
        return f'<figure><img src="data:image/png;base64,{data["image/png"]}" {size} alt="{html.escape(said["alt"])}"></figure>'
    text = output.get("text") or data.get("text/plain", "")
    return f"<pre>{html.escape(text)}</pre>" if text else ""


def prediction_html(cell, question):
    choices = "".join(f"<li>{html.escape(choice)}</li>" for choice in question.choices)
    reply = html.escape(f"{question.right}. {question.reason}")
    answer = folded("Decide first, then look", f"<p>{reply}</p>", True)
    asked = f"<p><b>Predict.</b> {html.escape(question.question)}</p><ul>{choices}</ul>"
    return f'<section id="{cell.id}" class="predict">{asked}{answer}</section>'


# -- figures that slide -----------------------------------------------------------------------------------------------------


def figure_html(cell, figure, folder, where):
    """A picture, its sentence, and inputs for its main controls. Frames are loaded from `where` when the figure is in sight."""
    values, sentences = frames(figure, folder)
    start = {name: control.at for name, control in figure.controls.items()}
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


def main_values(controls, most):
    """The values to draw, at most `most` pictures: of the first slider and the first menu, or of two menus."""
    sliders = [name for name, control in controls.items() if isinstance(control, live.Slider)]
    menus = [name for name in controls if name not in sliders]
    slider = sliders[0] if sliders else None
    chosen = [name for name in (menus[:1] if slider else menus[:2]) if len(controls[name].stops) <= 4 or not slider]
    values = {name: list(dict.fromkeys(controls[name].stops)) for name in chosen}
    if slider:
        each = min(FRAMES, most // max(1, len(values[chosen[0]]) if chosen else 1))
        values[slider] = controls[slider].spread(each)
    return values


def frames(figure, folder):
    """Draw each combination of the main controls' values into `folder`; gives the values and the sentences, as many as fit."""
    start = {name: control.at for name, control in figure.controls.items()}
    for most, quality in SETTINGS[likely(figure, start) :]:
        values = main_values(figure.controls, most)
        moves = [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]
        drawn = [drawn_frame(figure, start | move, quality) for move in moves]
        if sum(len(picture) for _, picture in drawn) <= LARGEST:
            folder.mkdir(parents=True)
            for k, (_, picture) in enumerate(drawn):
                (folder / f"{k:02}.webp").write_bytes(picture)
            return values, [sentence for sentence, _ in drawn]
    raise ValueError(f"{folder.name}: its frames take more than {LARGEST} bytes")


def likely(figure, start):
    """The first of SETTINGS that fits if every frame is as large as that of the start: so most figures are drawn only once."""
    for k, (most, quality) in enumerate(SETTINGS):
        count = np.prod([len(allowed) for allowed in main_values(figure.controls, most).values()])
        if count * len(drawn_frame(figure, start, quality)[1]) < LARGEST:
            return k
    return len(SETTINGS) - 1


def drawn_frame(figure, values, quality):
    """The sentence at these values of all controls, and the picture as the bytes of a WebP file."""
    sentence, file = figure.set(**values), BytesIO()
    Image.fromarray(figure.pixels(1)[..., :3].copy()).save(file, "webp", quality=quality, method=2)
    return sentence, file.getvalue()


def input_html(name, control, allowed, at):
    """A native range for numbers, a menu for words."""
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
