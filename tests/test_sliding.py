"""A live figure while its controls are moved in the browser: what the kernel draws, answers, and draws ahead; threads."""

import asyncio
import io
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event, Thread

import ipywidgets as widgets
import matplotlib
import numpy as np
import pytest
from PIL import Image
from small_figures import Page, in_a_loop, inside, line, make, move, of_w, picture

from lecturelib import live
from lecturelib.live.ahead import Ahead
from lecturelib.live.reruns import CELLS


def test_a_move_is_quick_at_first_and_sharp_when_asked():
    figure = make()
    page = Page(figure)
    quick = page.ask(w=2.0)
    assert (quick["values"], quick["text"], quick["size"]) == ([2.0, 5], "w = 2.00, T = 5.", [800, 360])
    assert picture(quick["png"]).shape == (360, 800, 3)
    assert figure.text == quick["text"] and figure.values == {"w": 2.0, "T": 5}
    sharp = page.ask(scale=2)
    assert picture(sharp["png"]).shape == (720, 1600, 3)
    assert sharp["png"] == figure.png


def test_a_frame_is_the_same_whether_asked_for_drawn_ahead_or_set():
    page, ahead, figure = Page(make()), Page(make()), make()
    asked = page.ask(w=2.0)
    (drawn,) = ahead.ahead([2.0, 5])
    assert drawn.pop("milliseconds") > 0
    assert drawn == asked
    figure.set(w=2.0)
    assert (picture(asked["png"]) == figure.pixels(1)[..., :3]).all() and figure.text == asked["text"]
    assert page.ask(scale=2)["png"] == figure.png


# -- drawing ahead ---------------------------------------------------------------------------------------------------------------


def test_frames_drawn_ahead_come_in_order_and_leave_the_figure_where_it_is():
    figure = make()
    page, before = Page(figure), (figure.text, figure.png, figure.values)
    got = page.ahead(*([w, 5] for w in (1.1, 0.9, 1.2)))
    assert [frame["text"] for frame in got] == ["w = 1.10, T = 5.", "w = 0.90, T = 5.", "w = 1.20, T = 5."]
    assert (figure.text, figure.png, figure.values) == before


def test_a_move_and_an_empty_list_end_drawing_ahead():
    for end in (dict(draw=[2.0, 5], scale=1, narrow=False), dict(ahead=[], narrow=False)):
        page = Page(make())

        async def hand(page=page, end=end):
            page.tell(ahead=[[w / 10, 5] for w in range(20)], narrow=False)
            while not page.got:
                await asyncio.sleep(0.001)
            page.tell(**end)
            here = len(page.got)
            await asyncio.sleep(0.05)
            assert len(page.got) == here < 20

        in_a_loop(hand())


def test_nothing_is_drawn_ahead_while_a_cell_runs_or_where_no_loop_does(monkeypatch):
    page = Page(make())
    monkeypatch.setattr(CELLS, "running", True)
    assert page.ahead([2.0, 5], [2.1, 5]) == []
    monkeypatch.setattr(CELLS, "running", False)
    with ThreadPoolExecutor(1) as thread:  # this one may have a loop, left by a browser test, that would never come to it
        thread.submit(page.tell, ahead=[[2.0, 5]], narrow=False).result()
    assert page.got == [] and len(page.ahead([2.1, 5])) == 1


def test_where_frames_are_slow_the_others_are_left_alone(monkeypatch):
    page = Page(make())
    assert len(page.ahead(*([w, 5] for w in (1.1, 0.9, 1.2)))) == 3
    monkeypatch.setattr(sys.modules[Ahead.__module__], "SLOW", -1.0)
    assert len(page.ahead(*([w, 5] for w in (1.3, 0.8, 1.4)))) == 2  # the first may be: it makes what the others use


def test_a_frame_that_cannot_be_drawn_is_left_out_of_those_ahead():
    got = Page(make(touchy)).ahead([1.9, 5], [2.1, 5], [1.8, 5])
    assert [frame["values"][0] for frame in got] == [1.9, 1.8]


def test_drawing_ahead_can_be_turned_off(monkeypatch):
    assert make()._widgets().picture.ahead is True
    monkeypatch.setenv("LIVE_DRAW_AHEAD", "0")
    assert make()._widgets().picture.ahead is False


# -- narrow pages ----------------------------------------------------------------------------------------------------------------


def test_on_a_narrow_page_the_panels_stand_one_below_the_other_and_the_letters_keep_their_size():
    def draw(left, right, w):
        left.set_title("left")
        right.plot([w, 0])
        return f"w = {w}."

    figure = live.figure(draw, w=live.slider(0, 3, at=1))
    page, wide = Page(figure), figure.png
    narrow = page.ask(narrow=True)
    width, height = narrow["size"]
    assert width <= 360 and height > 500 and narrow["narrow"] is True
    above, below = figure._narrow.axes
    assert above.get_position().y0 > below.get_position().y1 and above.get_position().x0 < 0.2
    assert above._left_title.get_fontsize() == figure._renderer.axes[0]._left_title.get_fontsize()
    assert figure._narrow.dpi == figure._renderer.dpi
    assert page.ask(narrow=False)["size"] == [800, 360]
    assert figure.png == wide and figure.size == (800, 360)


# -- errors ----------------------------------------------------------------------------------------------------------------------


def touchy(ax, w, T):
    ax.set(xlim=(0, 10), ylim=(-3, 3))
    ax.plot([0, w])
    if w > 2:
        raise ArithmeticError("w <is> too large")
    return f"w = {w:.2f}, T = {T}."


def test_an_error_while_sliding_is_said_with_its_values_and_the_figure_stays_at_the_last_good_frame():
    figure = make(touchy)
    figure.set(w=1.5)
    good, page = figure.png, Page(figure)
    assert page.ask(w=2.5) == {
        "error": "w = 2.5, T = 5: ArithmeticError: w <is> too large",
        "narrow": False,
        "values": [2.5, 5],
    }
    assert (figure.png, figure.text) == (good, "w = 1.50, T = 5.")
    assert page.ask(w=1.6)["text"] == figure.text == "w = 1.60, T = 5."


def test_after_an_error_the_stored_picture_fits_the_stored_sentence():
    figure = make(touchy)
    good, about = figure._repr_mimebundle_()
    move(figure, w=2.5)
    data, metadata = figure._repr_mimebundle_()
    assert (data["text/plain"], metadata) == (good["text/plain"], about)
    assert data["image/png"] == good["image/png"]


def test_reset_goes_back_to_the_start():
    def draw(ax, w, T, unit):
        ax.plot([0, w], [0, T])
        return f"{unit}, w = {w}, T = {T}."

    figure = make(draw, unit=live.choice("tanh", "relu"))
    first, said = figure.png, figure.text
    figure.set(w=2.0, T=9, unit="relu")
    assert figure.text != said
    buttons = [part for part in inside(figure._widgets().box) if isinstance(part, widgets.Button)]
    (reset,) = [button for button in buttons if button.description == "Reset"]
    reset.click()
    assert (figure.png, figure.text) == (first, said)
    assert figure.values == {"w": 1.0, "T": 5, "unit": "tanh"}


def test_the_page_answering_in_other_last_digits_draws_nothing():
    figure = make(w=live.slider(0.03, 3.0, at=0.3, log=True))
    figure.set(w=3.0)
    figure.set(w=0.3)
    sharp, calls = figure.png, figure._renderer.draw
    figure._renderer.draw = None  # drawing would fail
    assert move(figure, w=0.29999999999999993)["text"] == figure.text
    figure._renderer.draw = calls
    assert figure.png == sharp
    assert move(figure, w=0.33658)["text"] == "w = 0.34, T = 5."


def test_reset_recovers_from_an_error():
    figure = make(touchy)
    first = figure.png
    move(figure, w=2.5)
    (reset,) = [part for part in inside(figure._widgets().box) if isinstance(part, widgets.Button)]
    reset.click()
    assert (figure.png, figure.text) == (first, "w = 1.00, T = 5.")


@pytest.mark.parametrize("height", [3, 3.3, 3.6, 4.2, 4.6, 5.1])
def test_sharp_and_quick_pictures_are_whole(height):
    """An inch of 100 pixels gives 459.99999999999994 of them for 4.6: no row may be lost on the way to and fro."""
    figure = of_w(lambda ax, w: ax.set_xlabel("t"), size=(4, height))
    page = Page(figure)
    for w in (2, 3):
        quick = np.asarray(Image.open(io.BytesIO(page.ask(w=w)["png"])))
        assert quick.shape[:2] == (round(100 * height), 400) and (quick[..., 3:] == 255).all()
        sharp = np.asarray(Image.open(io.BytesIO(page.ask(scale=2)["png"])))
        assert sharp.shape[:2] == (round(200 * height), 800) and (sharp[..., 3:] == 255).all()


@pytest.mark.parametrize("again", [lambda f: f.set(w=0), lambda f: f._repr_mimebundle_()], ids=["set", "show"])
def test_a_draw_that_moves_or_shows_its_own_figure_is_refused(again):
    made = []

    def draw(ax, w):
        ax.plot([0, w])
        if w == 2:
            again(made[0])
        return f"w = {w}."

    made.append(live.figure(draw, w=live.slider(0, 3, at=1)))
    first = made[0].png
    with pytest.raises(ValueError, match="draw must not move or show its own figure"):
        made[0].set(w=2)
    assert made[0].png == first and made[0].text == "w = 1."
    assert made[0].set(w=3) == "w = 3."


def test_a_partial_and_a_callable_object_may_draw():
    class Drawing:
        def __call__(self, ax, w):
            ax.plot([0, w])
            return f"w = {w}." if w else ""

    for draw in (partial(line, T=5), partial(line, T=3), Drawing(), Drawing().__call__):
        figure = live.figure(draw, w=live.slider(0, 3, at=1))
        assert figure.set(w=2).startswith("w = 2")
    with pytest.raises(ValueError, match="Drawing must return one sentence"):
        live.figure(Drawing(), w=live.slider(0, 3, at=1)).set(w=0)
    with pytest.raises(ValueError, match="line has no parameter 'W'"):
        live.figure(partial(line, T=5), W=live.slider(0, 3, at=1))


def test_hands_in_two_threads_do_not_spoil_the_picture():
    """JupyterLab hands widget messages to a thread of their own (a subshell) as well as to the kernel's main thread."""
    figure = make()
    figure.set(w=2.9, T=9)
    wanted, page = figure.png, Page(figure)

    def hand(name, values):
        async def slide():
            for value in values:
                page.ask(**{name: value})
                page.tell(ahead=[[value, 5] if name == "w" else [1.0, value]], narrow=False)
                await asyncio.sleep(0)

        in_a_loop(slide())

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads take turns often: a race shows at once
    try:
        hands = [Thread(target=hand, args=("w", [*np.linspace(-2.9, 2.9, 40).tolist(), 2.9]))]
        hands += [Thread(target=hand, args=("T", [*([3, 7, 5, 10] * 10), 9]))]
        for thread in hands:
            thread.start()
        for thread in hands:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not [answer for answer in page.got if "error" in answer]
    assert figure.text == "w = 2.90, T = 9."
    assert figure.png == wanted


def test_reset_waits_for_a_frame_that_another_thread_draws():
    """JupyterLab's messages come to two threads. Reset was refused as if the drawing function itself had called it."""
    drawing, go_on = Event(), Event()

    def slow(ax, w):
        if w == 2:
            drawing.set()
            go_on.wait()
        return f"w = {w}."

    figure = live.figure(slow, w=live.slider(0, 3, at=1))
    page = Page(figure)
    thread = Thread(target=lambda: page.ask(w=2))
    thread.start()
    drawing.wait()
    moved = Thread(target=lambda: figure.set(w=3))
    moved.start()
    moved.join(0.2)  # it waits, or has been refused
    go_on.set()
    thread.join()
    moved.join()
    assert figure.text == "w = 3."


def test_a_figure_may_be_made_while_another_is_moved():
    """So it is when a reader slides before Run All has come to its end."""
    wanted, moved = make().png, make()
    settings, filters, done = dict(matplotlib.rcParams), list(warnings.filters), Event()

    def hand():
        async def slide():
            page = Page(moved)
            while not done.is_set():
                page.ask(w=-moved.values["w"])

        in_a_loop(slide())

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread = Thread(target=hand)
    thread.start()
    try:
        made = [make() for _ in range(10)]
        stored = {figure._repr_mimebundle_()[0]["image/png"] for figure in made}
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(before)
    assert {figure.png for figure in made} == {wanted} and len(stored) == 1
    assert dict(matplotlib.rcParams) == settings
    assert list(warnings.filters) == filters
