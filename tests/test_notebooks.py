"""The rules for notebooks, and that every live figure in them moves, says what it shows, and never breaks."""

import ast
import base64
import dis
import inspect
import io
import itertools
import json
import re
import warnings
from functools import cache
from types import CodeType, FunctionType, ModuleType

import books
import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lecturelib import check, live

TAGS = {"predict", "live", "claim", "exercise", "solution"}
SLIDES = {"slide", "subslide", "fragment", "skip", "notes", "-"}

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


def printed(output):
    """The text that a reader, and nbval, compares."""
    return output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")


def lines(source):
    """Lines of code: not blank, not only a comment."""
    return [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def links(text):
    return re.findall(r"\[([^\]]*)\]\(([^)\s]+)\)", text)


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


def test_the_words_and_numbers_are_counted_as_a_reader_would():
    assert len(words("# One, *two*\n\n$$x = y$$ three $w_2$ [a link](b.ipynb) 4 `code`\n| a | b |")) == 3
    assert long_numbers("0.005726 106.7 1.1e-07 -0.8725 12345 1024 in 2026, h(50)") == []
    assert long_numbers("3.14159 -0.87252 12.345 1.2345e-7 12345e3") == ["3.14159", "0.87252", "12.345", "1.2345e-7", "12345e3"]
    assert nonsense("it is NaN.") and not nonsense("a banana, inf")


def test_there_are_notebooks(pytestconfig):
    assert list(pytestconfig.getoption("notebooks").glob("*.ipynb"))


# --- as it is stored ------------------------------------------------------------------------------------------------------------


def test_it_is_small(notebook, book):
    assert notebook.stat().st_size <= 700_000
    large = {cell.id: len(data) for cell, data, _ in pictures(book) if len(data) > 60_000}
    assert not large


def test_ids_tags_and_slides(book):
    for cell in book.cells:
        assert books.READABLE.fullmatch(cell.id) and not books.MADE_UP.match(cell.id), cell.id
        assert set(cell.metadata.get("tags", [])) <= TAGS, cell.id
        assert cell.metadata.get("slideshow", {}).get("slide_type") in SLIDES, f"{cell.id} needs a slide_type"


def test_a_tag_says_what_the_cell_holds(book):
    for cell in code(book):
        for tag, call in {"live": "live.figure(", "predict": "live.predict(", "exercise": "check.answer("}.items():
            assert (tag in cell.metadata.get("tags", [])) == (call in cell.source), f"{cell.id}: tag {tag!r} and {call})"


def test_a_code_cell_is_short(book):
    long = {cell.id: len(lines(cell.source)) for cell in code(book)}
    assert not {name: n for name, n in long.items() if n > 12}


def test_a_live_cell_is_short_and_ends_in_its_figure(book):
    for cell in code(book):
        if "live.figure(" in cell.source:
            assert len(lines(cell.source)) <= 8, f"{cell.id} has {len(lines(cell.source))} lines"
            last = ast.parse(cell.source).body[-1]
            assert isinstance(last, ast.Expr) and ast.unparse(last).startswith("live.figure("), cell.id


def test_an_exercise_asks_for_few_lines(book):
    for cell in code(book):
        if "check.answer(" in cell.source:
            skeleton = [line for line in lines(cell.source) if "check.answer(" not in line]
            assert len(skeleton) <= 6, f"{cell.id} has {len(skeleton)} lines"


def test_text_is_brief(book):
    wordy = {cell.id: len(words(cell.source)) for cell in prose(book)}
    assert not {name: n for name, n in wordy.items() if n > 90}


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


def test_next_and_previous_make_one_chain(pytestconfig):
    chain = sorted(pytestconfig.getoption("notebooks").glob("*.ipynb"))
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
        text = printed(output)
        assert not re.search(r"0x[0-9a-f]{6}|/(home|tmp|root|usr|work)/|site-packages|\bobject at\b", text), f"{cell.id}: {text}"
        if (notebook.stem, cell.id) not in LONG_NUMBERS:
            assert not long_numbers(text), f"{cell.id}: {long_numbers(text)}"


def test_a_picture_says_what_it_shows(book):
    for cell, data, about in pictures(book):
        assert about.get("alt", "").strip(), f"{cell.id}: a picture without alt text"
        image = Image.open(io.BytesIO(data))
        image.load()
        assert image.size == (2 * about["width"], 2 * about["height"]), f"{cell.id}: stored at two pixels for each shown"


def test_a_live_figure_is_stored_as_picture_and_sentence(book):
    for cell in code(book):
        if "live.figure(" in cell.source:
            picture, sentence = cell.outputs
            said = picture.metadata["image/png"]["alt"]
            assert picture.data["text/plain"] == sentence.data["text/plain"] == said
            assert "text/markdown" in sentence.data, f"{cell.id}: the sentence must be seen where no kernel runs"


def test_an_untouched_exercise_says_so(book):
    for cell in code(book):
        if "check.answer(" in cell.source:
            assert [printed(output) for output in cell.outputs] == ["not attempted yet"], cell.id


def test_exercises_exist(book):
    for cell in code(book):
        for name in re.findall(r"""check\.answer\(\s*["']([^"']*)""", cell.source):
            assert name in check.EXERCISES, cell.id


def test_each_exercise_is_asked_in_one_notebook(pytestconfig):
    if pytestconfig.getoption("notebooks") == books.NOTEBOOKS:
        asked = [path.read_text("utf-8") for path in books.paths_in([])]
        for name in check.EXERCISES:
            assert sum(f'check.answer(\\"{name}\\"' in text for text in asked) == 1, f"{name}: asked in one notebook, no more"


def test_a_browser_gets_the_numbers_that_slow_cells_give(notebook, book, here, slow_cells):
    names = re.findall(r"""stored\.slow\(\s*"([^"]+)""", "".join(cell.source for cell in code(book)))
    given = json.loads(slow_cells.read_text("utf-8")) if names else {}
    kept = json.loads(books.SLOW.read_text("utf-8"))
    for name in names:
        assert np.shape(given[name]) == np.shape(kept[name])
        assert np.abs(np.subtract(given[name], kept[name])).max() <= 0.05, f"{name}: run `make notebooks`"


def test_a_browser_gets_no_number_that_no_cell_gives(pytestconfig):
    if pytestconfig.getoption("notebooks") == books.NOTEBOOKS:
        asked = "".join(path.read_text("utf-8") for path in books.paths_in([]))
        assert [name for name in json.loads(books.SLOW.read_text("utf-8")) if f'stored.slow(\\"{name}\\"' not in asked] == []


# --- as `make notebooks` would store it -----------------------------------------------------------------------------------------


@cache
def rewritten(path):
    return books.rewritten(path)


def without_pixels(nb):
    """The notebook as plain data, each picture replaced by its size: other fonts and versions give other pixels."""
    nb = json.loads(json.dumps(nb))
    for cell in nb["cells"]:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                image = Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"])))
                image.load()
                output["data"]["image/png"] = list(image.size)
    return nb


def test_it_is_what_make_notebooks_writes(notebook, book):
    fresh, stored = without_pixels(rewritten(notebook)), without_pixels(book)
    for new, old in zip(fresh["cells"], stored["cells"], strict=True):
        assert new == old, f"cell {old.get('id')}: run `make notebooks`"
    assert fresh == stored


def test_its_file_is_formatted_as_make_notebooks_writes(notebook, book):
    assert notebook.read_bytes() == books.text_of(book).encode()


# --- `make notebooks` itself ----------------------------------------------------------------------------------------------------


def tiny(*sources, **more):
    new = nbformat.v4
    nb = new.new_notebook(cells=[new.new_code_cell(source, id=f"cell-{'abc'[i]}") for i, source in enumerate(sources)])
    nb.update(more)
    return nb


def stored(nb, folder):
    path = folder / "tiny.ipynb"
    path.write_text(books.text_of(nb), "utf-8")
    return path


def test_normalising_keeps_what_a_reader_needs_and_drops_the_rest():
    png = base64.b64encode(b"not looked at").decode()
    view = "application/vnd.jupyter.widget-view+json"
    data = {"image/png": png, "text/plain": "said", "text/markdown": "said", view: {"model_id": "x"}}
    about = {"image/png": {"alt": "said", "width": 8, "height": 4}, view: {"any": 1}}
    nb = tiny("1", "2")
    nb.metadata = nbformat.from_dict({"widgets": {"state": 1}, "kernelspec": {"name": "mine"}, "toc": 1})
    folded = {"tags": ["live"], "slideshow": {"slide_type": "slide", "x": 1}, "jupyter": {"source_hidden": True}}
    nb.cells[0].metadata = nbformat.from_dict({**folded, "execution": {"iopub.status.busy": "now"}, "collapsed": False})
    nb.cells[0].execution_count = 17
    out = nbformat.v4.new_output
    streams = [out("stream", name="stdout", text=t) for t in ("a", "b")] + [out("stream", name="stderr", text="c")]
    nb.cells[0].outputs = [out("display_data", data, metadata=about), *streams, out("execute_result", data, execution_count=17)]
    before = json.dumps(nb)

    tidy = books.normalise(nb)
    assert json.dumps(nb) == before, "the notebook that was given is left as it is"
    assert set(tidy.metadata) == {"kernelspec", "language_info"} and tidy.metadata.kernelspec.name == "python3"
    assert [cell.execution_count for cell in tidy.cells] == [1, 2]
    first = tidy.cells[0]
    assert first.metadata == {"tags": ["live"], "slideshow": {"slide_type": "slide"}, "jupyter": {"source_hidden": True}}
    shown, said, warned, result = first.outputs
    kept = {"image/png": png, "text/plain": "said", "text/markdown": "said"}
    assert (shown.data, shown.metadata) == (kept, {"image/png": about["image/png"]})
    assert (said.text, warned.text) == ("ab", "c")
    assert (result.data, result.execution_count) == (kept, 1)
    assert books.text_of(books.normalise(tidy)) == books.text_of(tidy)


UNREADABLE = ["", "Live", "a_b", "a-", "3d-view", "1b2c3d4e", "e5f0a1b2", "a1b2c3d4-0000-4000-8000-000000000000", "two"]


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_id_is_refused(name):
    nb = tiny("1", "2", "3")
    nb.cells[0].id, nb.cells[2].id = "two", name
    with pytest.raises(ValueError, match=re.escape(f"{name!r}")):
        books.normalise(nb)


def test_readable_ids_are_kept():
    nb = tiny("1", "2")
    nb.cells[0].id, nb.cells[1].id = "decade", "live-4-cycle"
    assert [cell.id for cell in books.normalise(nb).cells] == ["decade", "live-4-cycle"]


def test_running_twice_writes_the_same_file(tmp_path):
    path = stored(tiny("print(1)\nprint(2, flush=True)\nprint(3)", "from lecturelib import live", "1 + 1"), tmp_path)
    assert books.main([str(path)]) == 0
    once = path.read_bytes()
    assert b"1\\n" in once and once.endswith(b"}\n")
    assert books.main([str(tmp_path)]) == 0
    assert path.read_bytes() == once


def test_a_cell_that_raises_is_named_and_the_file_stays(tmp_path, capsys):
    path = stored(tiny("x = 1", "x / 0"), tmp_path)
    before = path.read_bytes()
    assert books.main([str(path)]) == 1
    assert path.read_bytes() == before
    said = capsys.readouterr().err
    assert "tiny.ipynb" in said and "cell-b" in said and "ZeroDivisionError" in said


# --- every live figure ----------------------------------------------------------------------------------------------------------


def values(control):
    """What a reader can set this control to."""
    if isinstance(control, live.Slider):
        if control.log:
            decades = np.log10(control.hi / control.lo)
            places = st.integers(0, int(decades / control.step))
            return places.map(lambda k: min(float(control.lo * 10 ** (k * control.step)), control.hi))
        steps = int((control.hi - control.lo) / control.step + 1e-9)
        return st.integers(0, steps).map(lambda k: control.lo + k * control.step)
    return st.sampled_from(control.stops)


def settle(figure, **moves):
    """Move as a test does, with every warning an error, and look at the sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = figure.set(**moves)
    assert said.strip() and not nonsense(said), f"{figure.values}: {said!r}"
    assert not long_numbers(said), f"{figure.values}: {long_numbers(said)} in {said!r}"
    assert said == figure.text
    return said, figure.png


def test_a_figure_is_shown(figure_at, figure):
    assert isinstance(figure, live.LiveFigure)


def test_a_figure_reads_only_its_arguments_rooms_and_constants(figure):
    """Whatever else a `draw` reads, a later cell could change under the reader's hands."""
    todo, seen = [figure._stage._draw], set()
    while todo:
        function = todo.pop()
        seen.add(function)
        assert not function.__closure__
        for name in names_read(function.__code__) & set(function.__globals__):
            value = inspect.unwrap(function.__globals__[name])  # a cached function is read as the function it is
            if isinstance(value, FunctionType) and value.__globals__ is function.__globals__:
                todo += [value] if value not in seen else []
            elif not isinstance(value, ModuleType | FunctionType | type):
                assert name.isupper(), f"{function.__name__} reads {name!r}: make it a parameter or an ALL-CAPS constant"


def names_read(code):
    """Global names that a function's code reads, also in functions within it."""
    inner = [names_read(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set().union(*inner, {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"})


def test_later_cells_do_not_change_a_figure(figure_at, figure):
    """At its start, after the whole notebook has run, a figure says what is stored under it."""
    path, name = figure_at
    (cell,) = [cell for cell in nbformat.read(path, as_version=4).cells if cell.id == name]
    assert cell.outputs, "run `make notebooks`"
    assert figure.text == cell.outputs[0].data["text/plain"]


def test_every_control_moves_the_figure_and_back(figure):
    start = {name: control.at for name, control in figure.controls.items()}
    first = settle(figure)
    for name, control in figure.controls.items():
        shown = [settle(figure, **{name: stop}) for stop in control.stops]
        again = [settle(figure, **{name: stop}) for stop in reversed(control.stops)]
        assert shown == again[::-1], f"{name}: the same value, and another picture or sentence"
        assert len({png for _, png in shown}) > 1, f"{name} does not change the picture"
        assert len({said for said, _ in shown}) > 1, f"{name} does not change the sentence"
        assert settle(figure, **start) == first, f"{name}: not the same picture after coming back"


def test_all_corners_hold_and_nothing_is_cut_off(figure):
    """The first and the last stop of every control, in all combinations: names and numbers lie within the picture."""
    ends = [[{name: stop} for stop in (control.stops[0], control.stops[-1])] for name, control in figure.controls.items()]
    stage = figure._stage
    for corner in itertools.product(*ends):
        moves = {name: stop for move in corner for name, stop in move.items()}
        settle(figure, **moves)
        for ax in stage.axes:
            left, bottom, right, top = ax.get_tightbbox(stage.canvas.get_renderer()).extents / ([*stage.figure.bbox.size] * 2)
            assert min(left, bottom, 1 - right, 1 - top) > -0.002, f"{moves}: something leaves the picture"


def test_a_figure_may_be_moved_anywhere(figure, redrawn):
    start = settle(figure)
    at_random = st.fixed_dictionaries({name: values(control) for name, control in figure.controls.items()})

    @settings(max_examples=15, deadline=None, derandomize=True, database=None)
    @given(at_random)
    def anywhere(moves):
        shown = settle(figure, **moves)
        blitted, full = redrawn(figure)
        assert (blitted == full).all(), f"{moves}: {(blitted != full).any(axis=-1).sum()} pixels are stale"
        assert settle(figure, **{name: control.at for name, control in figure.controls.items()}) == start, moves
        assert settle(figure, **moves) == shown, moves

    anywhere()


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
