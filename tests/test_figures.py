"""Every live figure of the notebooks, in this process: it moves, says what it shows, and never breaks."""

import nbformat
from wording import long_numbers

from lecturelib import live
from lecturelib.live.render import styled

# Figures of which something is cut off between the ends and stops of their controls, so they are not moved to random places.
CUT_OFF = {
    ("02-iterated-functions", "live-cobweb"): "near c = -0.5 the name 'source' goes over the right edge",
}


def test_a_figure_is_shown(figure_at, figure):
    assert isinstance(figure, live.LiveFigure)


def test_later_cells_do_not_change_a_figure(figure_at, figure):
    """At its start, after the whole notebook has run, a figure says what is stored under it."""
    path, name = figure_at
    (cell,) = [cell for cell in nbformat.read(path, as_version=4).cells if cell.id == name]
    assert cell.outputs, "run `make notebooks`"
    assert figure.text == cell.outputs[0].data["text/plain"]


def test_a_figure_may_be_moved_anywhere(figure_at, figure, pytestconfig):
    """With --all, the random places are new ones each time. That a gradient is inf is what some figures show."""
    path, name = figure_at
    moves = 0 if (path.stem, name) in CUT_OFF else 15
    said = live.check_figure(figure, moves=moves, seed=None if pytestconfig.getoption("all") else 0, may_say=["inf"])
    assert not [sentence for sentence in said if long_numbers(sentence)]


def test_nothing_is_cut_off_on_a_narrow_page(figure):
    """At the start and at both ends of every control, with the panels one below the other."""
    start = figure.values
    ends = [{name: stop} for name, control in figure.controls.items() for stop in (control.stops[0], control.stops[-1])]
    for move in [{}, *ends]:
        renderer = figure._drawn(start | move, narrow=True)
        renderer.pixels(1)  # puts the axes in their places
        with styled():
            whole, agg = [*renderer.figure.bbox.size] * 2, renderer.canvas.get_renderer()
            boxes = [ax.get_tightbbox(agg).extents / whole for ax in renderer.axes]
        for left, bottom, right, top in boxes:
            assert min(left, bottom, 1 - right, 1 - top) > -0.002, f"{move}: something leaves the picture"
