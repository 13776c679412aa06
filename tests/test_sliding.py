"""A live figure while its controls are moved in the browser: quick and sharp pictures, errors, Reset, and threads."""

import asyncio
import io
import sys
import warnings
from functools import partial
from threading import Event, Thread

import ipywidgets as widgets
import matplotlib
import numpy as np
import pytest
from PIL import Image
from small_figures import caption, in_a_loop, inside, line, make, move, of_w, picture

from lecturelib import live
from lecturelib.live.figure import REST


def test_a_move_is_quick_at_first_and_sharp_at_rest():
    figure = make()
    move(figure, w=2.0)
    assert picture(figure.png).shape == (360, 800, 3)
    assert caption(figure) == figure.text == "w = 2.00, T = 5."
    move(figure, pause=3 * REST, w=1.5)
    assert picture(figure.png).shape == (720, 1600, 3)
    sharp = figure.png
    figure.set(w=1.5)
    assert figure.png == sharp


def test_a_drag_ends_on_the_last_value():
    figure = make()

    async def drag():
        for w in np.linspace(1, 3, 40):
            figure._widgets["w"].value = float(w)
        await asyncio.sleep(3 * REST)

    in_a_loop(drag())
    dragged = figure.png
    assert figure.text == "w = 3.00, T = 5."
    figure.set(w=1.0)
    figure.set(w=3.0)
    assert figure.png == dragged


def touchy(ax, w, T):
    ax.set(xlim=(0, 10), ylim=(-3, 3))
    ax.plot([0, w])
    if w > 2:
        raise ArithmeticError("w <is> too large")
    return f"w = {w:.2f}, T = {T}."


def test_an_error_while_sliding_is_said_with_its_values_and_the_last_good_picture_stays():
    figure = make(touchy)
    figure.set(w=1.5)
    good = figure.png
    move(figure, pause=3 * REST, w=2.5)
    assert "ArithmeticError: w &lt;is&gt; too large" in caption(figure)
    assert "w = 2.5" in caption(figure) and "T = 5" in caption(figure)
    assert figure.png == good
    assert figure.text == "w = 1.50, T = 5."

    move(figure, pause=3 * REST, w=1.5)
    assert caption(figure) == figure.text == "w = 1.50, T = 5."
    assert figure.png == good


def test_after_an_error_the_stored_picture_fits_the_stored_sentence():
    figure = make(touchy)
    good, about = figure._repr_mimebundle_()
    move(figure, w=2.5)
    data, metadata = figure._repr_mimebundle_()
    assert (data["text/plain"], metadata) == (good["text/plain"], about)
    assert data["image/png"] == good["image/png"]


def test_an_error_right_after_a_good_move_keeps_the_good_picture_sharp():
    figure = make(touchy)
    figure.set(w=1.5)
    good = picture(figure.png)
    figure.set(w=1.0)

    async def hand():
        figure._widgets["w"].value = 1.5
        figure._widgets["w"].value = 2.5
        await asyncio.sleep(3 * REST)

    in_a_loop(hand())
    shown = picture(figure.png)
    assert (shown == (good if shown.shape == good.shape else good_at_one(figure))).all()


def good_at_one(figure):
    """The picture of w = 1.5 at one pixel per CSS pixel."""
    figure.set(w=1.5)
    return figure.pixels(1)[..., :3]


def test_reset_goes_back_to_the_start():
    def draw(ax, w, T, unit):
        ax.plot([0, w], [0, T])
        return f"{unit}, w = {w}, T = {T}."

    figure = make(draw, unit=live.choice("tanh", "relu"))
    first, said = figure.png, figure.text
    figure.set(w=2.0, T=9, unit="relu")
    assert figure.text != said
    (reset,) = [part for part in inside(figure._view) if isinstance(part, widgets.Button) and part.description == "Reset"]
    reset.click()
    assert (figure.png, figure.text) == (first, said)
    assert figure.values == {"w": 1.0, "T": 5, "unit": "tanh"}


def test_the_page_answering_in_other_last_digits_draws_nothing():
    figure = make(w=live.slider(0.03, 3.0, at=0.3, log=True))
    figure.set(w=3.0)
    figure.set(w=0.3)
    sharp = figure.png
    move(figure, w=0.29999999999999993)
    assert figure.png is sharp
    move(figure, w=0.33658)
    assert figure.png != sharp


def test_reset_recovers_from_an_error():
    figure = make(touchy)
    first = figure.png
    move(figure, w=2.5)
    (reset,) = [part for part in inside(figure._view) if isinstance(part, widgets.Button)]
    reset.click()
    assert (figure.png, caption(figure)) == (first, "w = 1.00, T = 5.")


@pytest.mark.parametrize("height", [3, 3.3, 3.6, 4.2, 4.6, 5.1])
def test_sharp_and_quick_pictures_are_whole(height):
    """An inch of 100 pixels gives 459.99999999999994 of them for 4.6: no row may be lost on the way to and fro."""
    figure = of_w(lambda ax, w: ax.set_xlabel("t"), size=(4, height))
    for w in (2, 3):
        move(figure, w=w)
        quick = np.asarray(Image.open(io.BytesIO(figure.png)))
        assert quick.shape == (round(100 * height), 400, 4) and (quick[..., 3] == 255).all()
        move(figure, pause=3 * REST, w=1)
        sharp = np.asarray(Image.open(io.BytesIO(figure.png)))
        assert sharp.shape == (round(200 * height), 800, 4) and (sharp[..., 3] == 255).all()
        moved = figure.png
        figure.set(w=1)
        assert figure.png == moved


def test_a_plain_thread_may_move_a_slider():
    """It has no event loop in which the sharp picture could be drawn later: it is drawn at once."""
    figure, moved = make(), make()
    figure.set(w=2.0)

    def hand():
        moved._widgets["w"].value = 2.0

    thread = Thread(target=hand)
    thread.start()
    thread.join()
    assert (caption(moved), moved.png) == ("w = 2.00, T = 5.", figure.png)


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
    wanted = figure.png
    failed = []

    def hand(name, values):
        async def slide():
            for value in values:
                figure._widgets[name].value = value
                if "error" in caption(figure):
                    failed.append(caption(figure))
            await asyncio.sleep(3 * REST)

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
    assert not failed
    assert figure.text == "w = 2.90, T = 9."
    assert figure.png == wanted


def test_a_figure_may_be_made_while_another_is_moved():
    """So it is when a reader slides before Run All has come to its end."""
    wanted, moved = make().png, make()
    settings, filters, done = dict(matplotlib.rcParams), list(warnings.filters), Event()

    def hand():
        async def slide():
            while not done.is_set():
                moved._widgets["w"].value = -moved._widgets["w"].value

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
