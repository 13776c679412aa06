"""Every live figure of the notebooks, in this process: it moves, says what it shows, and never breaks."""

import nbformat
from wording import long_numbers

from lecturelib import live

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


<<<<<<< HEAD
def test_a_figure_may_be_moved_anywhere(figure_at, figure, pytestconfig):
    """With --all, the random places are new ones each time. That a gradient is inf is what some figures show."""
    path, name = figure_at
    moves = 0 if (path.stem, name) in CUT_OFF else 15
    said = live.check_figure(figure, moves=moves, seed=None if pytestconfig.getoption("all") else 0, may_say=["inf"])
    assert not [sentence for sentence in said if long_numbers(sentence)]
=======
def test_every_control_moves_the_figure_and_back(figure):
    start = {name: control.at for name, control in figure.controls.items()}
    first = settle(figure)
    for name, control in figure.controls.items():
        shown = [settle(figure, **{name: stop}) for stop in control.stops]
        again = [settle(figure, **{name: stop}) for stop in reversed(control.stops)]
        assert shown == again[::-1], f"{name}: the same value, and another picture or sentence"
        assert len({picture for _, picture in shown}) > 1, f"{name} does not change the picture"
        assert len({said for said, _ in shown}) > 1, f"{name} does not change the sentence"
        assert settle(figure, **start) == first, f"{name}: not the same picture after coming back"


def test_all_corners_hold_and_nothing_is_cut_off(figure):
    """The first and the last stop of every control, in all combinations: names and numbers lie within the picture."""
    ends = [[{name: stop} for stop in (control.stops[0], control.stops[-1])] for name, control in figure.controls.items()]
    renderer = figure._renderer
    for corner in itertools.product(*ends):
        moves = {name: stop for move in corner for name, stop in move.items()}
        settle(figure, **moves)
        with styled():  # matplotlib keeps formulas that it has set once, in whatever style that was
            whole, agg = [*renderer.figure.bbox.size] * 2, renderer.canvas.get_renderer()
            boxes = [ax.get_tightbbox(agg).extents / whole for ax in renderer.axes]
        for left, bottom, right, top in boxes:
            assert min(left, bottom, 1 - right, 1 - top) > -0.002, f"{moves}: something leaves the picture"


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


def test_a_figure_may_be_moved_anywhere(figure, redrawn):
    """At random places, reached one after the other and then in the opposite order: no pixel depends on the way."""
    start = settle(figure)
    seen = []
    at_random = st.fixed_dictionaries({name: values(control) for name, control in figure.controls.items()})

    @settings(max_examples=15)
    @given(at_random)
    def anywhere(moves):
        shown = settle(figure, **moves)
        kept, full = redrawn(figure)
        assert (kept == full).all(), f"{moves}: {(kept != full).any(axis=-1).sum()} pixels are stale"
        seen.append((moves, shown))

    anywhere()
    for moves, shown in reversed(seen):
        assert settle(figure, **moves) == shown, moves
    assert settle(figure, **{name: control.at for name, control in figure.controls.items()}) == start
>>>>>>> narrow
