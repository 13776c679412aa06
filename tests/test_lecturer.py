"""What docs/lecturer.md says is so: its links lead somewhere, its moves say what it quotes, its minutes add up."""

import json
import math
import re
from collections import Counter, namedtuple
from functools import cache
from pathlib import Path

import pytest
import site_docs
from run_notebooks import lines_of

from lecturelib import check, live

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/lecturer.md").read_text("utf-8")
LINK = r"\[[^\]]*\]\([^)]*\)"

Named = namedtuple("Named", "cell settings said")  # a cell that the guide names, what to set, and what is quoted behind it


def quoting(line):
    """The line without the quotation marks around what a lecturer or a class says."""
    if line.startswith("|"):
        minutes, where, do, *others = line.strip("|").split("|")
        return "|".join([minutes, where, do, *(cell.replace('"', "") for cell in others)])
    return line if re.match(r"- \*\*(Show|Slip)\.", line) else line.replace('"', "")


@cache
def named():
    """By notebook: the cells that the guide names, in order."""
    found = {}

    def note(mark, notebook):
        here = found.setdefault(notebook, [])
        if mark["cell"]:
            here.append(Named(mark["cell"], mark["settings"] or "", []))
        elif mark["said"]:
            here[-1].said.append(mark["said"])
        return ""

    for text in re.split(r"(?m)^(?=#)", TEXT):
        site_docs.rewritten("\n".join(map(quoting, text.split("\n"))), note)
    return found


def values(figure, settings):
    """What to give to `set`: the figure's start, and `settings` by the labels of its controls, each a step of its slider."""
    wanted = {name: control.at for name, control in figure.controls.items()}
    by_label = {control.label or name: name for name, control in figure.controls.items()}
    for setting in re.split(r", (?=[^=,]+=)", settings) if settings else ():
        label, _, value = setting.partition("=")
        control = figure.controls[by_label[label]]
        if isinstance(control, live.Slider):
            value = int(value) if control.whole else float(value)
            assert any(math.isclose(value, step, rel_tol=1e-6, abs_tol=1e-12) for step in control.steps()), setting
        elif isinstance(control, live.Toggle):
            assert value in ("on", "off"), setting
            value = value == "on"
        wanted[by_label[label]] = value
    return wanted


def spoken(cell, settings, here):
    """All that this cell of the notebook says, with these settings."""
    if cell.id.startswith("live-"):
        figure = here.shown[cell.id]
        return [figure.set(**values(figure, settings))]
    assert not settings, f"{cell.id} has nothing to set"
    if cell.id.startswith("exercise-"):
        (name,) = re.findall(r'check\.answer\("([\w-]+)"', cell.source)
        return [hint for _, hint in check.EXERCISES[name].slips]
    return ["\n".join(lines_of(cell))]


def test_every_move_can_be_made_and_says_what_is_quoted(notebook, book, here):
    cells = {cell.id: cell for cell in book.cells}
    for name, settings, said in named().get(notebook.stem, []):
        assert name in cells, f"{notebook.stem} has no cell {name}"
        heard = spoken(cells[name], settings, here)
        for words in said:
            assert any(words in line for line in heard), f"{notebook.stem} {name}: {settings}: not {words!r}, but {heard}"


def test_nothing_is_named_before_its_notebook():
    assert set(named()) <= {"", *(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))}
    assert named().get("", []) == []


def test_every_section_and_every_exercise_is_covered(notebook, book):
    """A section has one heading of the guide, in the notebook's order, and the guide names a slip where there is an exercise."""
    own = [cell.id for cell in book.cells if cell.cell_type == "markdown" and cell.source.startswith("## ")]
    headings = "\n".join(re.findall(r"(?m)^#### .+", TEXT))
    assert re.findall(rf"notebooks/{notebook.stem}\.ipynb#([\w-]+)", headings) == own
    exercises = {cell.id for cell in book.cells if "exercise" in cell.metadata.get("tags", [])}
    assert exercises <= {name.cell for name in named()[notebook.stem]}
    within = ""
    for cell in book.cells:
        within = cell.id if cell.id in own else within
        if cell.id in exercises:
            assert "- **Slip.** `exercise-" in block(notebook, within), f"{cell.id} has no slip under {within}"


def block(notebook, section):
    """The guide's text for a section."""
    return next(part for part in re.split(r"(?m)^(?=#)", TEXT) if re.match(rf"#### .*{notebook.stem}\.ipynb#{section}\)", part))


def test_a_section_has_its_four_lines():
    for part in re.split(r"(?m)^(?=#)", TEXT):
        if part.startswith("#### ") and "#found)" not in part:
            begin = re.findall(r"(?m)^- \*\*([\w ]+)\.\*\*", part)
            assert begin in (["Ask", "They say", "Show", "Slip"], ["Ask", "They say", "Show", "Care"]), part


def test_every_decimal_number_stands_in_its_notebook(notebook, book):
    """Also those that are not quoted from one cell."""
    stands = "\n".join(["\n".join([cell.source, *(lines_of(cell) if cell.cell_type == "code" else [])]) for cell in book.cells])
    for part in re.split(r"(?m)^(?=#)", TEXT):
        if re.match(rf"#### .*{notebook.stem}\.ipynb", part):
            own = re.sub(rf'{LINK}|`[^`]*`|"[^"]*"', " ", part)
            missing = [number for number in re.findall(r"\d+\.\d+", own) if number not in stands]
            assert not missing, part


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXT):
        file, _, place = target.partition("#")
        assert (ROOT / "docs" / file).is_file(), target
        assert not place or f'"id": "{place}"' in (ROOT / "docs" / file).read_text("utf-8"), target


@pytest.mark.parametrize("name", site_docs.GUIDES)
def test_a_page_of_the_site_leads_to_pages_and_cells_that_are_there(name):
    text = site_docs.page(name)
    places = {path.stem: set(cell_ids(path)) for path in (ROOT / "notebooks").glob("*.ipynb")}
    places |= {guide: set(re.findall(r'id="([^"]+)"', site_docs.page(guide))) for guide in site_docs.GUIDES}
    body = text[text.index('<nav class="contents"') : text.index("<footer>")]
    links = [link for link in re.findall(r'href="([^"]*)"', body) if not link.startswith("http")]
    for link in links:
        page, _, place = link.partition("#")
        assert not page or page.endswith(".html"), link
        assert not place or place in places[page.removesuffix(".html") or name], link
    assert len(links) > 5 and "$" not in re.sub(r"(?s)<pre.*?</pre>|<math.*?</math>", "", body)


def test_on_the_page_each_cell_that_is_named_is_a_link():
    links = re.findall(r'<a href="([\w-]+)\.html#([\w-]+)"><code>\2[:<]', site_docs.page("lecturer"))
    assert Counter(links) == Counter((notebook, name.cell) for notebook, names in named().items() for name in names)


def cell_ids(path):
    return [cell["id"] for cell in json.loads(path.read_text("utf-8"))["cells"]]


ROUTES = [
    (int(length) * (60 if unit == "hours" else 1), route)
    for length, unit, route in re.findall(r"(?ms)^### (\d+) (minutes|hours)\n(.*?)(?=^#)", TEXT)
]


@pytest.mark.parametrize(("length", "route"), ROUTES, ids=[f"{length} minutes" for length, _ in ROUTES])
def test_the_minutes_of_a_route_add_up(length, route):
    rows = re.findall(r"(?m)^\| (\d+) \| (.+)$", route)
    assert len(rows) > 5 and sum(int(minutes) for minutes, _ in rows) == length
    for minutes, row in rows:
        parts = [int(part) for part in re.findall(r"§\d (\d+)", row)]
        assert not parts or sum(parts) == int(minutes), row


def test_the_longest_route_takes_the_minutes_that_the_notebooks_state(notebook, book):
    (stated,) = re.findall(r"(\d+) minutes\.", book.cells[1].source)
    (row,) = re.findall(rf"(?m)^\| (\d+) \| .*{notebook.stem}\.ipynb#title", ROUTES[-1][1]) or [None]
    assert row == stated or notebook.stem.startswith("00")
