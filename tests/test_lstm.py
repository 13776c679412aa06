"""What the pictures of notebook 07 promise beyond what the notebooks' tests see."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from lecturelib import adding, cells, lstm_block, reading
from lecturelib.lectures import lstm


def contrast(color):
    """The contrast of black letters on a ground of this colour, as WCAG defines it."""
    rgb = np.asarray(color[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return (linear @ [0.2126, 0.7152, 0.0722] + 0.05) / 0.05


@pytest.mark.parametrize("value", [-30.0, -1.5, -1.1, 0.0, 1.1, 1.5, 30.0])
def test_letters_are_legible_on_every_ground(value):
    ax = Figure().subplots()
    reading.coloured_text(ax, "x", [value], width=1, rows=1)
    (image,) = ax.images
    assert contrast(image.cmap(image.norm(image.get_array()))[0, 0]) >= 4.5


def test_a_bracket_has_opened_to_the_end_of_its_line():
    text = "a = f(b) + '('\nc = '[' + d[1]"
    found = "".join(str(int(mark)) for mark in reading.opened(text))
    assert found == "00000" + "1" * 9 + "0" * 12 + "111"


@pytest.mark.parametrize("seed", range(3))
def test_one_cell_carries_the_gradient_after_training_and_none_before(seed):
    before, after = (adding.share(when, seed) for when in ("before", "after"))
    np.testing.assert_allclose([before.sum(), after.sum()], 1)
    assert before.max() < 0.3 and after.max() > 0.8
    work = adding.work("after", seed, 3)
    t, numbers, jumps = adding.marked(work)
    assert work.x[:, 1].sum() == 2 and (work.x[t - 1, 1] == 1).all() and (numbers == work.x[t - 1, 0]).all()
    assert np.abs(jumps).min() > 0 and work.cell == after.argmax()
    every = adding.jumps("after", seed)
    assert every[0].shape == (32,)
    np.testing.assert_array_equal([part[6:8] for part in every], [numbers, jumps])


def test_a_program_may_be_typed_step_by_step():
    short, whole, long = (lstm.program(steps, 1, 0.5, 0, 0.3) for steps in ("w. a", "W.A.......", "W.A.......WW"))
    for gates in ("i", "f"):
        np.testing.assert_array_equal(getattr(short, gates), getattr(whole, gates))
        np.testing.assert_array_equal(getattr(long, gates), getattr(whole, gates))
    said = [program.text for program in (short, whole, long)]
    assert said == ["W.A....... (steps 4 to 10 remember)", "W.A.......", "W.A....... (the first 10 of 12)"]
    assert lstm.program("W........", 1, 0.5, 0, 0.3).text == "W......... (step 10 remembers)"


def test_what_is_no_operation_is_named_with_its_step():
    with pytest.raises(ValueError, match="step 3: 'x' is no operation; write W overwrite, A add, E erase"):
        lstm.program("W.x", 1, 0.5, 0, 0.3)


def test_a_strange_letter_in_a_line_is_counted_from_its_start():
    with pytest.raises(ValueError, match="'é' at character 2"):
        reading.line_shades("trained", (0, 1.0), "xé", reference="x")


def test_x_sets_the_gates_of_the_block():
    """At 1 it overwrites, at -1 it remembers; what it shows is o tanh(c)."""
    for x, i, f in ((1.0, 0.982, 0.018), (0.0, 0.5, 0.5), (-1.0, 0.018, 0.982)):
        at = lstm_block.one_step(x, 0.5, -0.5)
        assert (round(at["input gate i"], 3), round(at["forget gate f"], 3)) == (i, f)
        assert at["memory cell c"] == pytest.approx(f * -0.5 + i * np.tanh(2 * x), abs=1e-3)
        assert at["output h"] == pytest.approx(at["output gate o"] * np.tanh(at["memory cell c"]))


def test_the_two_terms_are_the_adjoint():
    for gates in ((0.2, 0.5, 0.2, 1.0), (1.0, 0.3, 0.0, 0.7), (0.6, 1.0, 0.47, 0.0)):
        at = lstm.two_steps(*gates)
        assert at.c_bar == pytest.approx(at.along + at.through_h, rel=1e-12)


def test_the_lines_beside_the_block_are_an_lstm_step():
    """Executed from top to bottom, as they stand there, they give what `cells.lstm_step` gives."""
    rng = np.random.default_rng(0)
    p, x = cells.init_lstm(rng, 3, 4), rng.standard_normal(3)
    h, c = rng.standard_normal((2, 4))
    h_next, c_next, gates = cells.lstm_step(p, h[None], c[None], x[None])
    names = {**p._asdict(), "x": x, "h": h, "c": c, "σ": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh}
    for line in lstm_block.CODE.values():
        exec(line, names)
        names.update(zip(("z_i", "z_f", "z_o", "z_g"), np.split(names["z"], 4), strict=True))
    for name, value in {"h": h_next, "c": c_next, **gates._asdict()}.items():
        np.testing.assert_allclose(names[name], value[0], err_msg=name)


def test_along_the_cells_is_the_whole_gradient_where_there_is_no_other_way(monkeypatch):
    """Without recurrent weights a gradient can go along the cells only. With them, it goes other ways, too."""
    drawn = cells.init_lstm
    bias, T = 0.77, 12  # asked for nowhere else: both are kept
    assert not np.allclose(np.median(lstm.forgetting(bias + 1, T), axis=0), lstm.along_the_cells(bias + 1, T), rtol=0.01)

    def without(*args, **options):
        p = drawn(*args, **options)
        return p._replace(W_h=0 * p.W_h)

    monkeypatch.setattr(cells, "init_lstm", without)
    np.testing.assert_allclose(np.median(lstm.forgetting(bias, T), axis=0), lstm.along_the_cells(bias, T))
