"""`make notebooks`: what it keeps of a notebook, what it drops, and what it says when a cell fails."""

import base64
import json
import re

import books
import nbformat
import pytest


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
