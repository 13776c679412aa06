"""Every live figure of the notebooks, in this process: it moves, says what it shows, and never breaks."""

import dis
import inspect
import itertools
import warnings
import zlib
from types import CodeType, FunctionType, ModuleType

import nbformat
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from wording import long_numbers, nonsense

from lecturelib import live
from lecturelib.live.render import styled


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
    return said, zlib.crc32(figure.pixels(2))


def test_a_figure_is_shown(figure_at, figure):
    assert isinstance(figure, live.LiveFigure)


def test_a_figure_reads_only_its_arguments_rooms_and_constants(figure):
    """Whatever else a `draw` reads, a later cell could change under the reader's hands."""
    todo, seen = [figure._renderer.function], set()
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
