"""`make notebooks`: the normal form, what it leaves alone and what it prints; and what other commands say that fail."""

import base64
import copy
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import run_notebooks
from name_cells import name_cells
from PIL import Image

ROOT = Path(__file__).parents[1]


def picture(grey, size=(8, 4)):
    file = io.BytesIO()
    Image.new("L", size, grey).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def figure(name, grey, sentence, size=(8, 4)):
    """A cell that shows a picture and says a sentence."""
    data = {"image/png": picture(grey, size), "text/plain": sentence}
    shown = nbformat.v4.new_output("display_data", data, metadata={"image/png": {"alt": sentence, "width": 4, "height": 2}})
    return nbformat.v4.new_code_cell("figure", id=name, execution_count=1, outputs=[shown])


def claim(name, *lines):
    """A cell that prints lines."""
    said = nbformat.v4.new_output("stream", text="\n".join(lines) + "\n")
    return nbformat.v4.new_code_cell("claim", id=name, execution_count=2, outputs=[said])


def notebook(*cells):
    nb = run_notebooks.normalise(nbformat.v4.new_notebook(cells=list(cells)))
    name_cells(nb)
    return nb


STORED = notebook(figure("live-norm", 10, "w = 1"), claim("claim-adding", "tanh: 0.17", "IRNN below 0.01: True"))


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The stored notebook, and numbers of slow cells, as files."""
    path = tmp_path / "tiny.ipynb"
    path.write_bytes(run_notebooks.text_of(STORED).encode())
    monkeypatch.setattr(run_notebooks, "SLOW", tmp_path / "slow.json")
    run_notebooks.SLOW.write_text(json.dumps({"error": [0.11, 0.26], "seeds": 7}, indent=1, sort_keys=True) + "\n")
    monkeypatch.setenv("LECTURELIB_SLOW", "")
    return path


def run(monkeypatch, path, result, *options, slow=None):
    """Run `make notebooks` where a run gives `result` and the slow numbers `slow`."""

    def executed(_):
        if slow:
            Path(os.environ["LECTURELIB_SLOW"]).write_text(json.dumps(slow))
        return copy.deepcopy(result)

    monkeypatch.setattr(run_notebooks, "executed", executed)
    assert run_notebooks.main([*options, str(path)]) == 0


def test_the_same_outputs_change_no_byte(path, monkeypatch, capsys):
    before = path.read_bytes()
    path.touch()
    run(monkeypatch, path, STORED)
    assert path.read_bytes() == before
    assert capsys.readouterr().out == "tiny.ipynb: unchanged\n"


def test_other_pixels_are_named_and_not_stored(path, monkeypatch, capsys):
    before = path.read_bytes()
    other = notebook(figure("live-norm", 11, "w = 1"), STORED.cells[1])
    run(monkeypatch, path, other)
    assert path.read_bytes() == before
    assert capsys.readouterr().out == "tiny.ipynb: unchanged; only pixels differ, store them with --pictures: live-norm\n"
    run(monkeypatch, path, other, "--pictures")
    assert nbformat.read(path, 4).cells[0].outputs[0].data["image/png"].strip() == picture(11)


def test_a_picture_of_another_size_is_stored(path, monkeypatch):
    run(monkeypatch, path, notebook(figure("live-norm", 10, "w = 1", size=(8, 6)), STORED.cells[1]))
    assert nbformat.read(path, 4).cells[0].outputs[0].data["image/png"].strip() == picture(10, (8, 6))


def test_what_a_cell_says_anew_is_printed_old_beside_new(path, monkeypatch, capsys):
    new = notebook(figure("live-norm", 11, "w = 1"), claim("claim-adding", "tanh: 0.17", "IRNN below 0.01: False"))
    run(monkeypatch, path, new)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("tiny.ipynb: stored; only pixels differ")
    assert said[1:] == ["  claim-adding", "    - IRNN below 0.01: True", "    + IRNN below 0.01: False"]
    after = nbformat.read(path, 4)
    assert after.cells[1].outputs[0].text.endswith("False\n")
    assert after.cells[0] == STORED.cells[0], "a cell that says the same keeps its picture"


def test_an_alt_text_that_differs_is_printed(path, monkeypatch, capsys):
    new = copy.deepcopy(STORED)
    new.cells[0].outputs[0].metadata["image/png"]["alt"] = "loss 1.07"
    run(monkeypatch, path, new)
    assert "  live-norm\n    + loss 1.07\n" in capsys.readouterr().out


def test_slow_numbers_stay_where_the_notebook_says_the_same(path, monkeypatch, capsys):
    before = run_notebooks.SLOW.read_bytes()
    run(monkeypatch, path, STORED, slow={"error": [0.12, 0.25]})
    assert run_notebooks.SLOW.read_bytes() == before
    assert capsys.readouterr().out == "tiny.ipynb: unchanged\n"


@pytest.mark.parametrize(
    "result, slow",
    [
        (STORED, {"error": [0.21, 0.26]}),  # more than a processor changes
        (STORED, {"error": [0.11, 0.26, 0.3]}),
        (notebook(*STORED.cells[:1], claim("claim-adding", "tanh: 0.18")), {"error": [0.12, 0.26]}),
    ],
)
def test_slow_numbers_that_differ_are_printed_old_beside_new(result, slow, path, monkeypatch, capsys):
    run(monkeypatch, path, result, slow=slow)
    assert f"  slow.json, 'error'\n    - [0.11, 0.26]\n    + {slow['error']}\n" in capsys.readouterr().out
    assert json.loads(run_notebooks.SLOW.read_text()) == {"error": slow["error"], "seeds": 7}


def test_new_slow_numbers_are_stored(path, monkeypatch, capsys):
    run(monkeypatch, path, STORED, slow={"rate": 0.3})
    assert "  slow.json, 'rate'\n    - (not stored)\n    + 0.3\n" in capsys.readouterr().out
    assert json.loads(run_notebooks.SLOW.read_text())["rate"] == 0.3


# -- the normal form --------------------------------------------------------------------------------------------------------


def tiny(*sources, **more):
    new = nbformat.v4
    nb = new.new_notebook(cells=[new.new_code_cell(source, id=f"cell-{'abc'[i]}") for i, source in enumerate(sources)])
    nb.update(more)
    return nb


def stored(nb, folder):
    path = folder / "tiny.ipynb"
    path.write_text(run_notebooks.text_of(nb), "utf-8")
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

    tidy = run_notebooks.normalise(nb)
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
    assert run_notebooks.text_of(run_notebooks.normalise(tidy)) == run_notebooks.text_of(tidy)


UNREADABLE = ["", "Live", "a_b", "a-", "3d-view", "1b2c3d4e", "e5f0a1b2", "a1b2c3d4-0000-4000-8000-000000000000", "two"]


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_id_is_refused(name):
    nb = tiny("1", "2", "3")
    nb.cells[0].id, nb.cells[2].id = "two", name
    with pytest.raises(ValueError, match=re.escape(f"{name!r}")):
        run_notebooks.normalise(nb)


def test_readable_ids_are_kept():
    nb = tiny("1", "2")
    nb.cells[0].id, nb.cells[1].id = "decade", "live-4-cycle"
    assert [cell.id for cell in run_notebooks.normalise(nb).cells] == ["decade", "live-4-cycle"]


def test_running_twice_writes_the_same_file(tmp_path):
    path = stored(tiny("print(1)\nprint(2, flush=True)\nprint(3)", "from lecturelib import live", "1 + 1"), tmp_path)
    assert run_notebooks.main([str(path)]) == 0
    once = path.read_bytes()
    assert b"1\\n" in once and once.endswith(b"}\n")
    assert run_notebooks.main([str(tmp_path)]) == 0
    assert path.read_bytes() == once


def test_a_cell_that_raises_is_named_and_the_file_stays(tmp_path, capsys):
    path = stored(tiny("x = 1", "x / 0"), tmp_path)
    run_notebooks.name(path)
    before = path.read_bytes()
    assert run_notebooks.main([str(path)]) == 1
    assert path.read_bytes() == before
    said = capsys.readouterr().err
    assert "tiny.ipynb" in said and "cell-b" in said and "ZeroDivisionError" in said


# -- what other commands say ------------------------------------------------------------------------------------------------


def test_nbval_names_a_cell_by_its_id(tmp_path):
    nb = nbformat.v4.new_notebook(cells=[claim("claim-adding", "1")])
    nb.cells[0].source = "print(2)"
    nb.metadata = STORED.metadata
    path = tmp_path / "tiny.ipynb"
    path.write_text(run_notebooks.text_of(nb))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.nbval_ids", "--nbval", path]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    failed = [line for line in said.splitlines() if line.startswith("FAILED ")]  # with CI=true more lines follow
    assert len(failed) == 1 and "tiny.ipynb::claim-adding" in failed[0] and "1 failed" in said.splitlines()[-1]


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_a_site_without_pyodide_is_refused_in_one_line_and_nothing_is_touched(folder, tmp_path):
    """Without a network, which a proxy that is not there stands in for, or with a folder that is not there."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("the last one")
    nobody = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    env = os.environ | nobody | {"no_proxy": "", "NO_PROXY": "", "JUPYTERLITE_PYODIDE_URL": folder and str(tmp_path / folder)}
    command = [sys.executable, ROOT / "tools/build_site.py", tmp_path / "site"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and "JUPYTERLITE_PYODIDE_URL" in done.stderr
    assert (tmp_path / "site/index.html").read_text() == "the last one"
