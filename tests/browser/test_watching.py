"""A training run in the page: the picture moves while it goes on, and the stop button keeps what was learnt."""

import nbformat

TRAINING = """\
from itertools import repeat
from lecturelib import live, plots, train
run = train.fit(lambda w, x: (w * w / 2, w), 5.0, repeat(1.0), train.sgd(1e-4), watch=live.watch(plots.training))
run"""


def test_it_moves_and_the_stop_button_ends_it(visit, lab):
    path = lab.series / "notebooks" / "watched.ipynb"
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cell = nbformat.v4.new_code_cell(TRAINING, id="training")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=metadata), path)
    reader = visit(path)
    reader.page.evaluate("() => void jupyterapp.commands.execute('notebook:run-all-cells')")
    shown = reader.figure("training")
    reader.page.wait_for_function("() => document.querySelector('[data-cell=training] .live-caption')")
    seen = set()
    while len(seen) < 3:  # three different pictures, while it runs
        reader.page.wait_for_timeout(50)
        if frame := shown.shown():
            seen.add(frame["picture"])
    reader.command("notebook:interrupt-kernel")
    reader.page.wait_for_function("() => /interrupted/.test(document.querySelector('[data-cell=training]').innerText)")
    sentence = shown.cell.locator(".live-caption").inner_text()
    assert sentence.startswith("Step ") and sentence.endswith("; interrupted.")
    assert sentence in shown.cell.locator(".jp-OutputArea-executeResult").inner_text()  # what the cell gives is the run
    assert not reader.complaints
    reader.close()
