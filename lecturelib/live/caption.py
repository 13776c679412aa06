"""The sentence of a figure as Markdown, for the stored notebook."""

import re

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
