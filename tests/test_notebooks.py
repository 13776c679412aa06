"""The rules for notebooks as they are stored, and what their cells give when they run."""

import ast
import base64
import io
import itertools
import json
import re

import nbformat
import run_notebooks
from name_cells import is_named
from PIL import Image
from wording import long_numbers, nonsense, words

from lecturelib import check, live
from lecturelib.live.stored import markdown

TAGS = {"predict", "live", "claim", "exercise", "solution"}
SLIDES = {"slide", "subslide", "fragment", "skip", "notes", "-"}

LINES, SKELETON, WIDTH, WORDS = 12, 6, 88, 90  # of a code cell, of an exercise's, of a line, of a text

# Exceptions, as (notebook, cell id): reason. All empty is the aim.
UNCOMPARED = {}  # cells that nbval skips, or whose output it ignores
LONG_NUMBERS = {}  # cells that print more than four significant digits


def code(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def prose(book):
    return [cell for cell in book.cells if cell.cell_type == "markdown"]


def outputs(book):
    return [(cell, output) for cell in code(book) for output in cell.outputs]


def pictures(book):
    """Each stored picture: its cell, its bytes and what is said about it."""
    shown = [(cell, output) for cell, output in outputs(book) if "image/png" in output.get("data", {})]
    return [(cell, base64.b64decode(o.data["image/png"]), o.metadata.get("image/png", {})) for cell, o in shown]


def lines(source):
    """Lines of code: not blank, not only a comment."""
    return [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def links(text):
    return re.findall(r"\[([^\]]*)\]\(([^)\s]+)\)", text)


def test_the_words_and_numbers_are_counted_as_a_reader_would():
    assert len(words("# One, *two*\n\n$$x = y$$ three $w_2$ [a link](b.ipynb) 4 `code`\n| a | b |")) == 3
    assert long_numbers("0.005726 106.7 1.1e-07 -0.8725 12345 1024 in 2026, h(50)") == []
    assert long_numbers("3.14159 -0.87252 12.345 1.2345e-7 12345e3") == ["3.14159", "0.87252", "12.345", "1.2345e-7", "12345e3"]
    assert nonsense("it is NaN.") and not nonsense("a banana, inf")


def test_the_limits_are_those_that_contributors_are_told():
    told = (run_notebooks.ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert f"| {LINES} lines, without" in told and f"; {WIDTH} characters a line |" in told
    assert f"| {SKELETON} lines, without `check.answer` |" in told and f"| {WORDS} words, without" in told


def test_there_are_notebooks(notebooks):
    assert notebooks


# --- as it is stored ------------------------------------------------------------------------------------------------------------


def test_it_is_small(notebook, book):
    assert notebook.stat().st_size <= 700_000
    large = {cell.id: len(data) for cell, data, _ in pictures(book) if len(data) > 60_000}
    assert not large


def test_ids_tags_and_slides(book):
    for cell in book.cells:
        assert is_named(cell), f"{cell.id}: run `make cell-ids`"
        tags = {tag for tag in cell.metadata.get("tags", []) if not re.fullmatch(r"stored:\w+", tag)}
        assert tags <= TAGS, cell.id
        assert cell.metadata.get("slideshow", {}).get("slide_type") in SLIDES, f"{cell.id} needs a slide_type"


def test_a_tag_says_what_the_cell_holds(book):
    for cell in code(book):
        for tag, call in {"live": "live.figure(", "predict": "live.predict(", "exercise": "check.answer("}.items():
            assert (tag in cell.metadata.get("tags", [])) == (call in cell.source), f"{cell.id}: tag {tag!r} and {call})"


def test_the_answer_to_a_prediction_and_the_code_of_a_figure_are_folded_away(book):
    for cell in code(book):
        if "live.predict(" in cell.source or "live.figure(" in cell.source:
            assert cell.metadata.get("jupyter", {}).get("source_hidden"), f"{cell.id}: run `make cell-ids`"


def test_a_tag_names_the_controls_that_a_page_stores(book):
    """Without one, it is the first control."""
    for cell in code(book):
        names = [tag.removeprefix("stored:") for tag in cell.metadata.get("tags", []) if tag.startswith("stored:")]
        assert all(re.search(rf"\b{name}=live\.", cell.source) for name in names), cell.id


def test_a_code_cell_is_short(book):
    long = {cell.id: len(lines(cell.source)) for cell in code(book)}
    assert not {name: n for name, n in long.items() if n > LINES}


def test_a_line_of_code_fits_on_a_projected_page(book):
    wide = {cell.id: max(map(len, cell.source.splitlines())) for cell in code(book)}
    assert not {name: n for name, n in wide.items() if n > WIDTH}


def test_what_a_call_gets_is_written_in_the_call(book):
    """A reader sees each control beside its name: no dictionary is unpacked into a call."""
    for cell in code(book):
        calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
        assert not [ast.unparse(call.func) for call in calls if any(keyword.arg is None for keyword in call.keywords)], cell.id


def test_between_a_do_and_its_figure_stands_nothing(book):
    for before, cell in itertools.pairwise(book.cells):
        if cell.cell_type == "code" and "live.figure(" in cell.source:
            assert before.cell_type == "markdown" and "**Do" in before.source, f"{cell.id} stands below {before.id}"


def test_few_cells_only_prepare(book):
    """A definition that only feeds a figure belongs to the lecture's module; what stays is for the student to read or change."""
    prepare = [cell.id for cell in code(book)[1:] if not cell.metadata.get("tags") and not cell.outputs]
    assert len(prepare) <= 2, prepare


def test_a_live_cell_ends_in_its_figure(book):
    for cell in code(book):
        if "live.figure(" in cell.source:
            last = ast.parse(cell.source).body[-1]
            assert isinstance(last, ast.Expr) and ast.unparse(last).startswith("live.figure("), cell.id


def test_an_exercise_asks_for_few_lines(book):
    for cell in code(book):
        if "check.answer(" in cell.source:
            skeleton = [line for line in lines(cell.source) if "check.answer(" not in line]
            assert len(skeleton) <= SKELETON, f"{cell.id} has {len(skeleton)} lines"


def test_text_is_brief(book):
    wordy = {cell.id: len(words(cell.source)) for cell in prose(book)}
    assert not {name: n for name, n in wordy.items() if n > WORDS}


def test_it_prints_numbers_and_no_bare_verdicts(book):
    """A number shows how far a claim holds; True says only that somebody has set a bound."""
    printed = {cell.id: "".join(output.get("text", "") for output in cell.outputs) for cell in code(book)}
    assert not {name: text for name, text in printed.items() if re.search(r"\b(True|False)\b", text)}


def test_the_title_is_a_claim(book):
    first = book.cells[0]
    assert first.cell_type == "markdown"
    title = first.source.splitlines()[0]
    assert title.startswith("# ") and not title.endswith(("?", ":"))
    assert len(words(title)) >= 4, f"{title!r} names a topic; a claim is a sentence"
    assert not [cell.id for cell in book.cells[1:] if re.search(r"(?m)^# ", cell.source) and cell.cell_type == "markdown"]


def test_the_opening_says_how_long_and_leads_on(notebook, book):
    opening = "\n".join(cell.source for cell in book.cells[: book.cells.index(code(book)[0])])
    assert re.search(r"\b\d+ minutes\b", opening)
    ways = {label.split(":")[0]: target for label, target in links(opening)}
    assert ({"next"} if notebook.name.startswith("00") else {"previous", "next"}) <= set(ways)
    assert all((notebook.parent / target).exists() for way, target in ways.items() if way in ("previous", "next"))


def test_next_and_previous_make_one_chain(notebooks):
    chain = notebooks
    for one, other in itertools.pairwise(chain):
        for here, label, target in ((one, "next", other), (other, "previous", one)):
            text = "\n".join(cell["source"] for cell in prose(nbformat.read(here, as_version=4)))
            targets = {to for says, to in links(text) if says.startswith(label)}
            assert targets == {target.name}, f"{here.name}, {label}"


def test_every_link_leads_somewhere(notebook, book):
    text = "\n".join(cell.source for cell in prose(book))
    headings = {re.sub(r"^#+ ", "", line).replace(" ", "-") for line in text.splitlines() if line.startswith("#")}
    for _, target in links(text):
        file, _, heading = target.partition("#")
        if not re.match(r"[a-z]+:", target):
            assert not file or (notebook.parent / file).exists(), target
            assert file or heading in headings, target


def test_it_opens_with_one_import_cell(book):
    importing = [cell for cell in code(book) if re.search(r"(?m)^\s*(import|from)\s", cell.source)]
    assert [cell.id for cell in importing] == [code(book)[0].id]
    assert {type(node) for node in ast.parse(importing[0].source).body} <= {ast.Import, ast.ImportFrom}


def test_it_needs_nothing_but_its_imports(book):
    """Plain Python: no magics, no installs, nothing fetched."""
    for cell in code(book):
        ast.parse(cell.source)
        assert not re.search(r"https?://|\bpip\b|\burllib\b|\brequests\b|\bget_ipython\b|\bsubprocess\b", cell.source), cell.id


def test_every_output_is_compared(notebook, book):
    for cell in code(book):
        ways_out = re.search(r"nbval|PYTEST_VALIDATE|raises-exception", cell.source + str(cell.metadata), re.IGNORECASE)
        assert not ways_out or (notebook.stem, cell.id) in UNCOMPARED, cell.id


def test_it_was_run_from_top_to_bottom(book):
    assert [cell.execution_count for cell in code(book)] == list(range(1, len(code(book)) + 1))
    results = [(cell, output) for cell, output in outputs(book) if output.output_type == "execute_result"]
    assert all(output.execution_count == cell.execution_count for cell, output in results)
    assert all(cell.source.strip() for cell in code(book))


def test_nothing_went_wrong(book):
    for cell, output in outputs(book):
        assert output.output_type != "error", f"{cell.id}: {output.get('evalue')}"
        assert output.get("name") != "stderr", f"{cell.id}: {output.get('text')}"


def test_what_is_printed_is_short_and_the_same_everywhere(notebook, book):
    for cell, output in outputs(book):
        text = run_notebooks.output_text(output)
        assert not re.search(r"0x[0-9a-f]{6}|/(home|tmp|root|usr|work)/|site-packages|\bobject at\b", text), f"{cell.id}: {text}"
        if (notebook.stem, cell.id) not in LONG_NUMBERS:
            assert not long_numbers(text), f"{cell.id}: {long_numbers(text)}"


def test_a_picture_says_what_it_shows(book):
    for cell, data, about in pictures(book):
        assert about.get("alt", "").strip(), f"{cell.id}: a picture without alt text"
        image = Image.open(io.BytesIO(data))
        image.load()
        assert image.size == (2 * about["width"], 2 * about["height"]), f"{cell.id}: stored at two pixels for each shown"


def test_a_live_figure_is_stored_as_picture_and_sentence(book, here):
    """What `make notebooks` would store: nbval compares the sentence as text, this the alt text, the Markdown and the size."""
    for cell in code(book):
        if "live.figure(" in cell.source:
            picture, sentence = cell.outputs
            figure = here.shown[cell.id]
            start = {name: control.at for name, control in figure.controls.items()}
            said = figure.set(**start)
            about = picture.metadata["image/png"]
            assert picture.data["text/plain"] == sentence.data["text/plain"] == about["alt"] == said, cell.id
            assert sentence.data["text/markdown"] == markdown(said), f"{cell.id}: seen where no kernel runs"
            assert (about["width"], about["height"]) == figure.size, cell.id
            assert set(picture.data) == {"image/png", "text/plain"} and set(sentence.data) == {"text/markdown", "text/plain"}


def test_an_untouched_exercise_says_so(book):
    for cell in code(book):
        if "check.answer(" in cell.source:
            assert [run_notebooks.output_text(output) for output in cell.outputs] == ["not attempted yet"], cell.id


def test_exercises_exist(book):
    for cell in code(book):
        for name in re.findall(r"""check\.answer\(\s*["']([^"']*)""", cell.source):
            assert name in check.EXERCISES, cell.id


def test_each_exercise_is_asked_in_one_notebook(notebooks):
    if notebooks == run_notebooks.paths_in([]):
        asked = [path.read_text("utf-8") for path in run_notebooks.paths_in([])]
        for name in check.EXERCISES:
            assert sum(f'check.answer(\\"{name}\\"' in text for text in asked) == 1, f"{name}: asked in one notebook, no more"


def test_stored_numbers_of_slow_cells_print_what_is_stored(book, here):
    """So a browser, which takes them, says what nbval finds by running the cells: here each cell's print, with these numbers."""
    for cell in code(book):
        kept = "".join(output.text for output in cell.outputs if output.output_type == "stream")
        assert "live.watch" in cell.source or here.printed[cell.id] == kept, cell.id


def test_a_browser_gets_no_number_that_no_cell_gives(notebooks):
    if notebooks == run_notebooks.paths_in([]):
        asked = "".join(path.read_text("utf-8") for path in run_notebooks.paths_in([]))
        given = json.loads(run_notebooks.SLOW.read_text("utf-8"))
        assert [name for name in given if f'pretrained.slow(\\"{name}\\"' not in asked] == []


# --- every prediction -----------------------------------------------------------------------------------------------------------


def test_every_choice_of_a_prediction_is_judged(book, here):
    for cell in code(book):
        if "live.predict(" in cell.source:
            question = here.shown[cell.id]
            assert isinstance(question, live.Prediction), f"{cell.id}: the prediction must be the cell's last expression"
            for choice in question.choices:
                said = question.choose(choice)
                assert said.endswith(question.reason)
                assert said.startswith("Right.") == (choice == question.right)
                assert choice == question.right or question.right in said


def test_its_file_is_what_make_notebooks_writes(notebook, book):
    """The normal form; that the outputs come out again is what nbval checks."""
    assert notebook.read_bytes() == run_notebooks.text_of(run_notebooks.normalise(book)).encode(), "run `make notebooks`"
