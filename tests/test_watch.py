"""A training run that is watched: lines of text in a terminal, a picture that moves in a notebook and stays in the file."""

import base64
import io
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from PIL import Image
from run_notebooks import executed, normalise

from lecturelib import live, plots, train

TRAINING = """\
from lecturelib import live, plots, pretrained, train
run = train.fit(lambda w, x: (x * w * w / 2, x * w), 5.0, [1.0] * 40, train.sgd(0.1), watch=live.watch(plots.training))
run"""


def test_in_a_terminal_each_tenth_prints_a_line(capsys):
    train.fit(lambda w, x: (w * w / 2, w), 1.0, [None] * 40, train.sgd(0.1), watch=live.watch(plots.training))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("Step 4 of 40: loss")
    assert lines[-1].endswith("finished.")


def test_where_the_end_is_not_known_each_hundredth_step_does(capsys):
    train.fit(lambda w, x: (1.0, w), 1.0, iter(range(250)), train.sgd(0.1), watch=live.watch(plots.training))
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["Step 100", "Step 200", "Step 250"]


def test_a_drawing_that_takes_no_run_is_refused():
    with pytest.raises(ValueError, match="wrong must take its axes first, then the run"):

        def wrong(run):
            """Takes no axes."""

        live.watch(wrong)


def some_run(**changed):
    return SimpleNamespace(**{"losses": [1.0, 0.1], "norms": [2.0, 3.0], "steps": 5, "ended": "", "text": "Step 2."} | changed)


@pytest.mark.parametrize(
    "run",
    [
        some_run(),
        some_run(losses=[], norms=[]),
        some_run(steps=None),
        some_run(losses=[1.0, np.nan], norms=[np.inf, np.nan], ended="stopped"),
        some_run(losses=[0.0, 1e300], norms=[0.0, 1e-300]),
    ],
    ids=["going on", "not begun", "without an end", "blown up", "off the scale"],
)
def test_any_run_can_be_drawn(run):
    figure = live.figure(lambda a, b, k: plots.training(a, b, run), k=live.slider(0, 1, at=0))
    assert figure.text == "Step 2."


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The path of a notebook with a watched training run, executed and stored as `make notebooks` does."""
    path = tmp_path_factory.mktemp("watched") / "watched.ipynb"
    cell = nbformat.v4.new_code_cell(TRAINING, id="training")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    nbformat.write(normalise(executed(path)), path)
    return path


def test_a_notebook_keeps_the_picture_of_the_finished_run_and_no_digit_of_its_loss(stored):
    """The digits of a trained loss are another processor's affair: the picture's words are the same on all of them."""
    picture, result = nbformat.read(stored, as_version=4).cells[0].outputs
    assert set(picture.data) == {"image/png", "text/plain"}
    assert picture.metadata["image/png"]["alt"] == picture.data["text/plain"] == "The run, step by step"
    assert "Step 40 of 40" in result.data["text/plain"]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.data["image/png"]))).convert("RGB")).astype(int)
    blue = (np.abs(pixels - [0x00, 0x72, 0xB2]).sum(axis=2) < 60).any(axis=0).nonzero()[0]
    width = pixels.shape[1] / 2
    assert blue.min() < 0.25 * width < 0.75 * width < blue.max()  # the curve goes on to the last step, not to the first


def test_nbval_finds_the_same_again(stored):
    command = [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "-q", str(stored)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=stored.parent)
    assert done.returncode == 0, done.stdout + done.stderr
