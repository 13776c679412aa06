"""Turn the guides in docs/ into pages of the site: the lecturer's guide, and how to take the series to a class.

The lecturer's guide refers to cells. A link to a notebook says which notebook is spoken of, to the end of the line; one in a
heading, to the next heading. A cell is named by its id in backticks, with what to set in its figure: `live-linear: w=1.1, T=50`.
"""

import html
import itertools
import re
from collections.abc import Callable
from pathlib import Path

import site_pages
from processors import ROOT

GUIDES = "lecturer", "classroom"  # in docs/
MARK = re.compile(
    r"\]\(\.\./notebooks/(?P<notebook>[\w-]+)\.ipynb(?P<place>#[\w-]+)?\)"
    r"|`(?P<cell>(?:live|claim|run|train|predict|exercise)-[\w-]+)(?:: (?P<settings>[^`]+))?`"
    r'|"(?P<said>[^"]+)"'
)
BLOCK = re.compile(r"(?ms)^```\w*\n(.*?)^```\n")  # code that is shown as it stands


def build(out: Path) -> None:
    """Write the page of each guide into the folder `out`, which holds the pages of the notebooks."""
    for name in GUIDES:
        (out / f"{name}.html").write_text(page(name), "utf-8")


def page(name: str) -> str:
    """The page of the guide `name`, as HTML."""
    source = linked((ROOT / f"docs/{name}.md").read_text("utf-8"))
    texts, blocks = BLOCK.split(source)[::2], [f'<pre tabindex="0">{html.escape(code)}</pre>' for code in BLOCK.findall(source)]
    body = "".join(text_html(text) + block for text, block in zip(texts, [*blocks, ""], strict=True))
    title = re.findall(r"^# (.+)$", source, re.M)[0]
    headings = re.findall(r'<h([23]) id="(.+?)">(.+?)</h', body)
    entries = "".join(f'<li class="level-{level}"><a href="#{place}">{text}</a></li>' for level, place, text in headings)
    contents = f'<nav class="contents" aria-label="On this page"><ol>{entries}</ol></nav>'
    nothing = {"name": name, "figures": {}, "cells": [], "packages": []}
    return site_pages.filled(title, "", contents, f'<div class="guide">{body}</div>', nothing)


def text_html(source: str) -> str:
    """Markdown as HTML: without links to files that are no pages, with the ids of GitHub in its larger headings, and with the
    name of its column in each cell of a table, which a narrow page shows."""
    text = site_pages.text_html(source)
    text = re.sub(r'<a href="(?!https?:|#|[\w-]+\.html)[^"]*">(.*?)</a>', r"\1", text)
    text = re.sub(r"<h4[^>]*>", "<h4>", text)  # several say the same
    text = re.sub(r'(?<=<h[123] id=")[^"]+', lambda found: re.sub(r"[^\w-]", "", found[0]).lower(), text)
    return re.sub(r"(?s)<table>.*?</table>", lambda found: labelled(found[0]), text)


def labelled(table: str) -> str:
    """The HTML of a table with the name of its column in each cell."""
    names = itertools.cycle(re.findall(r"<th>(.*?)</th>", table))
    return re.sub(r"<td>", lambda _: f'<td data-column="{next(names)}">', table)


def linked(text: str) -> str:
    """The text with each cell that it names as a link, and with links to pages."""
    targets = {f"]({name}.md)": f"]({name}.html)" for name in GUIDES}

    def write(mark: re.Match[str], notebook: str) -> str:
        if mark["cell"] and notebook:
            return f"[{mark[0]}]({notebook}.html#{mark['cell']})"
        return f"]({notebook}.html{mark['place'] or ''})" if mark["notebook"] else mark[0]

    text = rewritten(text, write)
    for before, after in targets.items():
        text = text.replace(before, after)
    return text


def rewritten(text: str, write: Callable[[re.Match[str], str], str]) -> str:
    """The text with each MARK as `write` gives it, called with the mark and the stem of the notebook that is spoken of."""
    section, notebook, lines = "", "", []

    def one(mark: re.Match[str]) -> str:
        nonlocal notebook
        notebook = mark["notebook"] or notebook
        return write(mark, notebook)

    for line in text.split("\n"):
        notebook = section
        lines.append(MARK.sub(one, line))
        if line.startswith("#"):
            section = notebook
    return "\n".join(lines)
