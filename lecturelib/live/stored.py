"""What a notebook stores of a figure: a picture with its alt text, and the sentence as Markdown."""

import re
from typing import Any

from lecturelib.live.render import SHARP, Renderer, small_png

# MathJax searches the finished page for formulas, but only within one text node. A dollar sign, or a backslash that could begin a
# formula, therefore gets an element of its own.
_REPLACEMENTS = {"$": "<span>&#36;</span>", "\\": "<span>&#92;</span>", "&": "&amp;", "@": "&#64;", "/": "&#47;", ".": "&#46;"}
_MATH = r"\$|\\(?=[()\[\]]|begin|end)"
_LINKS = r"@|(?<=:)/(?=/)|(?<=www)\."
_ENTITIES = r"&(?=#?\w+;)"
_MARKUP = r"[\\`*_{}\[\]<>#|~^]"


def markdown(text: str) -> str:
    """Markdown that is displayed as `text`, character by character. None of it becomes a formula, list, link, tag or entity."""
    special = rf"({_MATH}|{_LINKS}|{_ENTITIES})|({_MARKUP})"
    text = re.sub(special, lambda m: _REPLACEMENTS[m[1]] if m[1] else "\\" + m[2], " ".join(text.split()))
    return re.sub(r"^(\d{1,9}(?=[.)](?: |$))|(?=[-+](?:[ -]|$)))", r"\1\\", text)  # the start of a list or a horizontal rule


def bundle(renderer: Renderer, box: Any, text: str) -> tuple[dict, dict]:
    """MIME data and metadata: the widget `box` where a kernel runs, elsewhere the current frame with `text` as its alt text."""
    pixels = renderer.pixels(SHARP)
    data = {**box._repr_mimebundle_(), "image/png": small_png(pixels), "text/plain": text}
    height, width = pixels.shape[:2]
    return data, {"image/png": {"alt": text, "width": width // SHARP, "height": height // SHARP}}
