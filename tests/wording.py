"""What counts as a word of prose, as a number with too many digits, and as a number that is none."""

import re


def words(text):
    """Words that are read as prose: no formulas, code, tables, links or headings' marks."""
    for apart in (r"\$\$.*?\$\$", r"\$[^$\n]+\$", r"`[^`]*`", r"(?m)^\|.*$", r"!?\[[^\]]*\]\([^)]*\)"):
        text = re.sub(apart, " ", text, flags=re.DOTALL)
    return re.findall(r"[^\W\d_][\w’'-]*", text)


def long_numbers(text):
    """Numbers written with more than four significant digits; a whole number is a count."""
    found = re.findall(r"(?<![\w.])(\d+\.\d+|\d+(?=[eE][-+]?\d))((?:[eE][-+]?\d+)?)(?![\w.]*\.\d)", text)
    return [digits + power for digits, power in found if len(digits.replace(".", "").lstrip("0")) > 4]


def nonsense(text):
    return re.search(r"\bnan\b", text, re.IGNORECASE)
