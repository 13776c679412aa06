"""The front page of the site: what the series claims, one figure to move, the lectures as cards, and how to use them."""

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path

import nbformat
import site_pages
from nbformat import NotebookNode
from processors import ROOT

HERO = "live-figure"  # the figure of the first notebook that stands here
LEAD = "A gradient that goes back through time is a product, with one factor for each step. Move w: what does a factor near 1 do?"


def front(paths: Sequence[Path]) -> str:
    """The front page, as HTML, for the notebooks `paths`; the first of them has the figure that stands on top."""
    books = [nbformat.read(path, as_version=4) for path in paths]
    first = json.loads((site_pages.drawn_cells(paths[0], books[0]) / "cells.json").read_text("utf-8"))
    facts = site_pages.facts(paths[0], books[0], {HERO: first["figures"][HERO]})
    cards = "\n".join(card(path, book) for path, book in zip(paths[1:], books[1:], strict=True))
    body = (ROOT / "site/pages/front.html").read_text("utf-8")
    parts = {"LEAD": LEAD, "HERO": first["html"][HERO], "CARDS": cards, "START": site_pages.name_of(paths[0])}
    body = re.sub(r"<!--([A-Z]+)-->", lambda found: parts[found[1]], body)
    title = "Gradients are products, so they explode or vanish"
    return site_pages.filled(title, f'<a href="lab/index.html?path={paths[0].name}">JupyterLab</a>', "", body, facts)


def card(path: Path, book: NotebookNode) -> str:
    """The HTML of a lecture's card: its picture, its claim, its question, and what it takes."""
    title, about = book.cells[0].source, book.cells[1].source
    claim, question = re.search(r"^# (.+)$", title, re.M), re.search(r"\*\*Question\.\*\* (.+)", title)
    facts = re.search(r"Lecture: (?P<slides>.+?)\.(?: The closing .+?\.)? (?P<minutes>\d+) minutes", about)
    if not (claim and question and facts):
        raise ValueError(f"{path.name}: its first two cells must give a title, a question, the slides and the minutes")
    figures = json.loads((site_pages.drawn_cells(path, book) / "cells.json").read_text("utf-8"))["html"]
    picture = next(found[1] for text in figures.values() if (found := re.search(r"<img( [^>]+>)", text)))
    exercises = [cell.id for cell in book.cells if "exercise" in cell.metadata.get("tags", [])]
    counted = html.escape(json.dumps([path.stem, exercises]))
    takes = f"<dt>Minutes</dt><dd>{facts['minutes']}</dd><dt>Slides</dt><dd>{html.escape(facts['slides'])}</dd>"
    text = f"<h3>{int(path.stem[:2])}. {html.escape(claim[1])}</h3><p>{html.escape(question[1])}</p><dl>{takes}</dl>"
    text += f'<p class="progress">{len(exercises)} exercises</p>'
    link = f'<a class="card" href="{site_pages.name_of(path)}" data-exercises="{counted}">'
    return f'<li>{link}<img loading="lazy"{picture}{text}</a></li>'
