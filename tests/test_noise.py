"""What a reader reads holds on every machine: the notebooks say the same while all products are shaken (see `shaken.py`).

`make test` shakes each notebook with one seed, and takes what the slow cells gave from their stored numbers. With `--all`, as in
`make test-all` and `make processors`, there are five seeds, and the slow cells run.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat

SHAKEN = Path(__file__).parent / "shaken.py"

# Every function of the library that multiplies, each result with all its digits; one line for each.
FUNCTIONS = """\
import numpy as np
from functools import partial
from lecturelib import cells, costs, jacobians, nets, phase_plane, tasks, train

def show(name, *results):
    arrays = [np.ravel(a) for a in train._arrays(results)]
    print(name.replace(" ", "_"), arrays[-1].dtype, *np.concatenate(arrays)[:500].tolist())

W, B = np.array([[1.8, 0.4], [-0.4, 1.8]]), np.zeros(2)
for dtype in (np.float32, np.float64):
    rng = np.random.default_rng(0)
    x, end = rng.uniform(0.2, 1, (5, 3, 2)).astype(dtype), rng.standard_normal((3, 4)).astype(dtype)
    for kind in (cells.init_rnn, cells.init_lstm):
        p = kind(rng, 2, 4, dtype=dtype)
        trace = cells.unroll(p, x)
        back = cells.backprop(trace, end, inputs=True)
        show(f"{kind.__name__} unroll", trace.h[1:])
        show(f"{kind.__name__} backprop", back.p, back.h_bar[:-1], back.x_bar)
        show(f"{kind.__name__} jacobians", jacobians.products(jacobians.along(trace))[0])
        net = nets.init_net(rng, p, 2)
        show(f"{kind.__name__} answer", nets.output(net, x))
        y = np.array([[1.0, 2], [3, 4], [5, 6]])
        for error, target in ((nets.squared_error, y), (nets.cross_entropy, np.array([0, 1, 1]))):
            show(f"{kind.__name__} loss", nets.loss(net, x, target, error=error))
        pair = nets.init_encoder_decoder(rng, 3, 4, 5, layers=1, cell=kind, dtype=dtype)
        source, target = np.array([[1, 2], [2, 0]]), np.array([[1, 3], [0, 0]])
        show(f"{kind.__name__} translation_loss", nets.translation_loss(pair, source, target))
        show(f"{kind.__name__} reach", nets.input_gradients(pair, source[:, 0], target[:, 0]))
    starts = rng.uniform(0.1, 0.9, (2, 5)).astype(dtype)
    show("planes run", phase_plane.run(W, B, starts, 3), phase_plane.log_growth(W, B, starts, 3))
    show("tasks latch", *costs.latch_loss(*(a.astype(dtype) for a in tasks.latch(rng, 50)), dtype(2.5), dtype(-0.4)))
    show("tasks cost", *costs.logistic_cost(dtype(4.64), dtype(-2.66)))
J = jacobians.along(cells.unroll(cells.init_rnn(rng, 1, 4), rng.uniform(0, 1, (5, 1, 1))))[:, 0]
show("growth", jacobians.growth(J, rng.standard_normal(4))[1:])
show("singular values", jacobians.singular_values(J))
show("orbit", phase_plane.orbit(W, B, [0.3, 0.4], 3)[1:])
show("points", [point.eigenvalues for point in phase_plane.fixed_points(W, B) if point.kind == "saddle"])
"""


def shaken(path, seed, **env):
    """What each code cell of the notebook says with the noise of this seed: {id: [printed, the figure's sentence]}."""
    command = [sys.executable, str(SHAKEN), str(path), str(seed)]
    run = subprocess.run(command, env=os.environ | env, capture_output=True, text=True)
    assert run.returncode == 0, f"{path.name}, noise {seed}: {run.stderr[-2000:]}"
    return json.loads(run.stdout)


def kept(path):
    """The same, as the notebook stores it."""
    said = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            printed = "".join(output.text for output in cell.outputs if output.output_type == "stream")
            said[cell.id] = [printed, cell.outputs[0].data["text/plain"] if "live.figure(" in cell.source else None]
    return said


def test_every_sentence_is_the_same_when_all_products_are_shaken(notebook, shake, pytestconfig):
    slow = "" if pytestconfig.getoption("all") else "stored"
    now, before = shaken(notebook, shake, LECTURELIB_SLOW=slow), kept(notebook)
    different = {name: (before[name], now[name]) for name in before if now[name] != before[name]}
    assert not different, f"noise {shake}: what these cells say depends on the last digits: {different}"


def test_the_noise_reaches_every_function_that_multiplies(tmp_path):
    path = tmp_path / "functions.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(FUNCTIONS, id="functions")]), path)
    still, one, again = ([line.split() for line in shaken(path, seed)["functions"][0].splitlines()] for seed in (0, 1, 1))
    assert one == again, "the same seed, the same noise"
    assert len(still) == 42
    for before, after in zip(still, one, strict=True):
        what, numbers = before[:2], list(zip(map(float, before[2:]), map(float, after[2:]), strict=True))
        assert after[:2] == what
        far = max(abs(a - b) / max(abs(a), 1e-3) for a, b in numbers)
        assert 0 < far < (3e-4 if what[1] == "float32" else 3e-12), f"{' '.join(what)}: off by {far:.1g}"
