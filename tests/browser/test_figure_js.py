"""The front end of a live figure, alone in a page: figure.js with a source that answers when the test says so.

alone.js is the page's side. Time passes there when the test lets it, so nothing here waits. The colour of each picture codes the
values that it was drawn for.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lecturelib import live

LIVE = Path(live.__file__).parent
SERVED = {"figure.js": LIVE / "figure.js", "figure.css": LIVE / "figure.css", "alone.js": Path(__file__).with_name("alone.js")}
TYPES = {".js": "text/javascript", ".css": "text/css"}
BLANK = """<!doctype html><link rel="stylesheet" href="figure.css"><style>body { margin: 0 }</style>
<div id="place"></div><script type="module" src="alone.js"></script>"""
CLOCK = "import { setTimeout, clearTimeout, performance } from './alone.js';\n"  # figure.js is served with this as its time
REST, SPEAK, HUSH = 150, 500, 2000  # milliseconds, as in figure.js


def served(route):
    name = route.request.url.rpartition("/")[2]
    if name not in SERVED:
        return route.fulfill(body=BLANK, content_type="text/html")
    body = SERVED[name].read_text("utf-8")
    return route.fulfill(body=CLOCK + body if name == "figure.js" else body, content_type=TYPES[SERVED[name].suffix])


class Alone:
    """A figure of two sliders from 0 to 240 and a menu, all at their first stop."""

    def __init__(self, page):
        self.page = page

    def do(self, script, *values):
        return self.page.evaluate(f"([{', '.join(f'x{k}' for k in range(len(values)))}]) => {script}", values)

    def start(self, **options):
        self.do("alone.start(x0)", options)
        return self

    def move(self, value, control=0):
        """Move a control; gives the address of the picture that is then shown."""
        return self.do("alone.move(x0, x1)", value, control)

    def answer(self, error=None, milliseconds=1):
        """The source gives one answer; gives whether there was one to give."""
        return self.do("alone.source.answer(x0, x1)", error, milliseconds)

    def answer_all(self, milliseconds=1):
        self.do("alone.answerAll(x0)", milliseconds)

    def passes(self, milliseconds):
        self.do("alone.pass(x0)", milliseconds)

    def approach(self, control=0):
        self.do("alone.approach(x0)", control)

    def widen(self, width):
        self.do("alone.widen(x0)", width)

    def push(self, *values, scale=2):
        self.do("alone.push(alone.frame(x0, x1, false))", list(values), scale)

    @property
    def asked(self):
        """The values that were asked for, question by question."""
        return [question["values"] for question in self.do("alone.source.questions")]

    @property
    def ahead(self):
        """The lists of values that were to be drawn ahead, one by one."""
        return self.do("alone.source.ahead_")

    @property
    def look(self):
        return SimpleNamespace(**self.do("alone.look()"))

    def shows(self, *values, scale=None):
        """Whether picture, alt text and caption are those of these values."""
        look, sentence = self.look, f"This is {', '.join(map(str, values))}."
        sharp = scale in (None, look.picture["scale"])
        return sharp and look.picture["values"] == list(values) and look.alt == look.caption == sentence and not look.wrong


@pytest.fixture(scope="module")
def pages(browser, limit):
    """A page on a screen with so many pixels per CSS pixel, made when it is first asked for."""

    class Pages(dict):
        def __missing__(self, scale):
            page = self[scale] = browser.new_page(viewport={"width": 1000, "height": 600}, device_scale_factor=scale)
            page.set_default_timeout(1000 * limit)
            page.route("**/*", served)
            return page

    pages = Pages()
    yield pages
    for page in pages.values():
        page.close()


@pytest.fixture
def blank(pages):
    """blank(scale): a figure, not yet started, on a screen with `scale` pixels per CSS pixel."""
    failed, used = [], []

    def failing(error):
        failed.append(error)

    def open_page(scale=1):
        page = pages[scale]
        if page not in used:
            used.append(page)
            page.on("pageerror", failing)
        page.goto("http://figure.test/")
        page.wait_for_function("() => window.alone")
        return Alone(page)

    yield open_page
    for page in used:
        page.remove_listener("pageerror", failing)
    assert not failed


@pytest.fixture
def alone(blank):
    """A figure that has just been shown, on a screen with one pixel per CSS pixel."""
    return blank().start()


# -- which frame is shown -----------------------------------------------------------------------------------------------------


def test_the_first_frame_is_shown_without_a_question(alone):
    assert alone.shows(0, 0, "no", scale=2)
    assert alone.asked == []
    assert alone.look.said == []


def test_a_kept_frame_is_shown_at_once_and_without_a_question(alone):
    first = alone.look.src
    other = alone.move(7)
    assert other == first, "a frame that nobody has drawn cannot be shown"
    alone.answer()
    other = alone.look.src
    assert alone.shows(7, 0, "no")
    asked = alone.asked
    assert asked == [[7, 0, "no"]]
    assert alone.move(0) == first
    assert alone.shows(0, 0, "no")
    assert alone.move(7) == other
    assert alone.asked == asked


def test_values_that_differ_by_rounding_are_one_frame(alone):
    alone.move(0.30000000000000004)
    alone.answer()
    alone.move(0)
    alone.move(0.3)
    assert alone.asked == [[0.3, 0, "no"]]


def test_one_question_at_a_time_and_the_latest_wins(alone):
    for value in (1, 2, 3, 4):
        alone.move(value)
    alone.move(9, control=1)
    assert alone.asked == [[1, 0, "no"]]
    alone.answer()
    assert alone.shows(1, 0, "no"), "on the way, the latest frame there is"
    assert alone.asked == [[1, 0, "no"], [4, 9, "no"]]
    alone.answer()
    assert alone.shows(4, 9, "no")
    assert not alone.answer()


def test_a_late_answer_never_replaces_the_frame_of_the_present_values(alone):
    alone.move(5)
    alone.move(0)
    assert alone.shows(0, 0, "no")
    alone.answer()
    assert alone.shows(0, 0, "no")
    alone.move(5)
    assert alone.shows(5, 0, "no"), "it was kept"
    assert len(alone.asked) == 1


def test_a_kept_frame_stays_the_same_picture_when_the_answer_comes(alone):
    alone.move(5)
    alone.do("alone.source.waiting.push(alone.source.waiting[0])")  # the frame had been drawn ahead, and is on its way too
    alone.answer()
    before = alone.look
    assert alone.shows(5, 0, "no")
    assert alone.answer()
    after = alone.look
    assert (after.src, after.held) == (before.src, before.held)


def test_a_question_without_an_answer_is_asked_again(alone):
    alone.move(1)
    alone.do("alone.source.waiting = []")  # the kernel was restarted, say
    alone.move(2)
    assert len(alone.asked) == 1
    alone.passes(10001)
    alone.move(3)
    assert alone.asked[1:] == [[3, 0, "no"]]
    alone.answer()
    assert alone.shows(3, 0, "no")


def test_a_frame_that_the_source_shows_unasked_replaces_the_kept_one(alone):
    before = alone.look
    alone.push(0, 0, "no")
    after = alone.look
    assert alone.shows(0, 0, "no")
    assert after.src != before.src
    assert after.held == before.held == 1


# -- frames that are kept -----------------------------------------------------------------------------------------------------


def test_at_most_200_frames_are_kept_and_the_others_let_go(alone):
    for value in range(1, 241):
        alone.move(value)
        alone.answer()
        if value == 150:
            alone.move(0)  # it is needed, so it stays
    look = alone.look
    assert (look.held, look.holds) == (200, True)
    assert alone.do("alone.made.urls") == 241
    asked = len(alone.asked)
    for value in (0, 240, 43):
        alone.move(value)
        assert alone.shows(value, 0, "no")
    assert len(alone.asked) == asked
    alone.move(41)
    assert len(alone.asked) == asked + 1


def test_the_frame_on_show_is_never_let_go(blank):
    alone = blank().start(at=[120, 120, "no"])
    src = alone.look.src
    for control in (0, 1, 2):
        alone.approach(control)
        alone.answer_all()
    look = alone.look
    assert look.held == 200
    assert (look.src, look.holds) == (src, True)
    assert alone.shows(120, 120, "no")


def test_a_closed_figure_lets_go_of_everything(alone):
    for value in range(1, 20):
        alone.move(value)
        alone.answer()
    alone.do("alone.close()")
    look = alone.look
    assert (look.held, look.timers) == (0, 0)


def test_a_figure_that_was_shown_before_its_narrow_frame_came_lets_go_of_it(blank):
    narrow = blank().start(width=400)
    assert narrow.look.held == 1
    narrow.answer()
    assert narrow.look.picture["narrow"]
    narrow.do("alone.close()")
    assert narrow.look.held == 0


# -- frames that are drawn ahead ------------------------------------------------------------------------------------------------


def away(here, count, lo=0, hi=240):
    """The first `count` stops from `here` outward."""
    near = (value for step in range(1, hi - lo + 1) for value in (here + step, here - step))
    return [value for value in near if lo <= value <= hi][:count]


def test_approached_it_draws_outward_from_the_present_place_in_batches(blank):
    alone = blank().start(at=[3, 0, "no"])
    alone.approach()
    batches = alone.ahead
    assert [[values[0] for values in batch] for batch in batches] == [[4, 2, 5, 1, 6, 0, 7, 8], [9, 10, 11, 12, 13, 14, 15, 16]]
    assert {tuple(values[1:]) for batch in batches for values in batch} == {(0, "no")}
    for _ in range(7):
        alone.answer()
    assert len(alone.ahead) == 2
    alone.answer()
    assert len(alone.ahead) == 3, "half of them are drawn, so it is time for more"
    alone.answer_all()
    drawn = [values[0] for batch in alone.ahead for values in batch]
    assert drawn == away(3, 199), "with the present one, as many as are kept"
    assert alone.asked == []
    assert alone.shows(3, 0, "no")
    for value in (drawn[0], drawn[-1]):
        alone.move(value)
        assert alone.shows(value, 0, "no")
    assert alone.asked == []


def test_the_options_of_a_menu_are_drawn_ahead_too(alone):
    alone.approach(2)
    assert alone.ahead == [[[0, 0, "yes"]]]


def test_drawing_ahead_ends_with_its_budget_and_begins_anew_after_a_rest(alone):
    alone.approach()
    alone.answer_all(milliseconds=100)
    assert sum(map(len, alone.ahead)) == 24, "after 16 frames of 100 ms no more are asked for"
    alone.move(1)
    alone.passes(REST - 1)
    assert sum(map(len, alone.ahead)) == 24
    alone.passes(1)
    later = [values[0] for batch in alone.ahead[3:] for values in batch if batch]
    assert later == list(range(25, 41)), "what is kept already is left out"
    alone.passes(SPEAK)
    alone.approach()
    assert alone.ahead[-3:] == alone.ahead[-6:-3], "an approach asks anew for what has not come"
    assert alone.asked == []


def test_it_is_given_up_when_another_control_moves(alone):
    alone.approach(1)
    for _ in range(3):
        alone.answer()
    alone.approach(0)
    count = len(alone.ahead)
    waiting = alone.do("alone.source.queue.slice(0, 9)")
    alone.move(1, control=1)  # a kept frame: no question stops the source
    assert alone.shows(0, 1, "no")
    assert alone.ahead[count:] == [[]]
    alone.do("alone.source.queue = x0", waiting)  # those that were under way
    alone.answer_all()
    assert alone.ahead[count:] == [[]]
    assert alone.asked == []


def test_a_question_comes_before_what_is_drawn_ahead(alone):
    alone.approach()
    late = alone.do("alone.source.queue.slice(0, 8)")
    count = len(alone.ahead)
    alone.move(100)
    assert alone.do("alone.source.queue") == []
    alone.do("alone.source.waiting.unshift(...x0)", late)  # those that were under way come first, and ask for no more
    for _ in late:
        alone.answer()
    assert len(alone.ahead) == count
    assert alone.asked == [[100, 0, "no"]]
    alone.answer()
    assert alone.shows(100, 0, "no")


def test_while_a_slide_goes_on_nothing_new_is_drawn_ahead(alone):
    for value in range(1, 11):
        alone.move(value)
        alone.answer()
        alone.passes(REST - 1)
        alone.approach(1)
    assert alone.ahead == []
    alone.passes(1)
    assert [values[0] for values in alone.ahead[0]] == [11, 12, 13, 14, 15, 16, 17, 18]


def test_it_can_be_turned_off(blank):
    alone = blank().start(drawAhead=False)
    alone.approach()
    alone.move(1)
    alone.answer()
    alone.passes(10 * REST)
    assert alone.ahead == []


@pytest.mark.parametrize(
    "slider",
    [
        live.slider(-3.0, 3.0, at=1.0, step=0.1),
        live.slider(0, 16, at=6, step=3),
        live.slider(0, 16, at=16, step=3),
        live.slider(0.0, 1.0, at=0.28, step=0.07),
        live.slider(1e-4, 1.0, at=0.01, log=True),
        live.slider(2.0, 70.0, at=2.0, step=0.3, log=True),
    ],
    ids=str,
)
def test_it_knows_the_stops_of_each_slider(alone, slider):
    """All of them, once each, the near ones first: those that the slider's own widget stands on."""
    stops = alone.do("[...alone.stopsFrom(x0, x1)]", slider.range, slider.at)
    widget = slider.widget("")
    places = [*np.arange(widget.min, widget.max - 1e-9, widget.step).tolist(), widget.max]
    values = [10**place if slider.log else place for place in places]
    assert sorted([*stops, slider.at]) == pytest.approx(values, rel=1e-9)
    assert len(set(stops)) == len(stops)
    assert abs(stops[0] - slider.at) < abs(stops[-1] - slider.at)


# -- errors -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 2])
def test_an_error_stands_in_place_of_the_sentence_until_the_next_good_frame(blank, scale):
    alone = blank(scale).start()
    good = alone.look
    alone.move(5)
    alone.answer(error="a = 5: ValueError: too large")
    bad = alone.look
    assert (bad.caption, bad.wrong) == ("a = 5: ValueError: too large", True)
    assert (bad.src, bad.alt, bad.box) == (good.src, good.alt, good.box)
    alone.passes(SPEAK)
    assert alone.look.said == ["a = 5: ValueError: too large"]
    assert alone.ahead == [], "there is no place to draw ahead from"
    assert alone.asked == [[5, 0, "no"]], "nor a picture to sharpen"
    alone.move(6)
    assert alone.look.wrong
    alone.answer()
    assert alone.shows(6, 0, "no")
    alone.move(5)
    alone.answer(error="again")
    alone.move(6)
    assert alone.shows(6, 0, "no"), "back to the picture that is still there"


def test_an_error_that_comes_late_is_not_shown(alone):
    alone.move(5)
    alone.move(6)
    alone.answer(error="late")
    assert alone.shows(0, 0, "no")
    assert alone.asked[-1] == [6, 0, "no"]
    alone.answer()
    assert alone.shows(6, 0, "no")


# -- sharp pictures, narrow pages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 1.5, 2])
def test_at_rest_the_picture_is_sharpened_where_the_screen_is(blank, scale):
    alone = blank(scale).start()
    alone.move(5)
    alone.answer()
    assert alone.shows(5, 0, "no", scale=1)
    alone.passes(REST)
    scales = [question["scale"] for question in alone.do("alone.source.questions")]
    if scale == 1:
        assert scales == [1]
        return
    assert scales == [1, 2]
    box = alone.look.box
    alone.answer()
    assert alone.shows(5, 0, "no", scale=2)
    assert alone.look.box == box
    alone.answer_all()
    alone.passes(10 * REST)
    alone.move(0)
    alone.move(5)
    assert alone.shows(5, 0, "no", scale=2), "the sharp one is kept"
    alone.passes(REST)
    assert len(alone.asked) == 2


def test_a_narrow_page_gets_frames_of_its_own(alone):
    alone.move(5)
    alone.answer()
    alone.move(6)
    alone.widen(559)
    assert alone.look.held == 0, "the frames of the other layout are forgotten"
    assert alone.shows(5, 0, "no"), "but the picture stays until the narrow one comes"
    narrow = [question["narrow"] for question in alone.do("alone.source.questions")]
    assert narrow == [False, False, True]
    alone.answer()
    assert alone.look.held == 0, "it was drawn for the wide page"
    alone.answer()
    assert alone.shows(6, 0, "no")
    assert alone.look.picture["narrow"]

    alone.move(7)
    alone.widen(560)
    alone.answer()
    assert alone.shows(6, 0, "no")
    assert alone.look.picture["narrow"]
    alone.answer()
    assert alone.shows(7, 0, "no")
    assert not alone.look.picture["narrow"]
    asked = len(alone.asked)
    for width in (700, 0, 900):  # 0: out of sight
        alone.widen(width)
    assert len(alone.asked) == asked


def test_turned_back_in_the_midst_of_it_the_first_layout_is_shown_again(alone):
    alone.widen(400)
    alone.widen(800)
    assert alone.shows(0, 0, "no")
    alone.answer()
    assert alone.shows(0, 0, "no")
    assert not alone.look.picture["narrow"]
    alone.passes(10 * SPEAK)
    alone.move(1)
    assert alone.asked[-1] == [1, 0, "no"]
    alone.answer()
    assert alone.shows(1, 0, "no")


def test_a_run_is_watched_on_a_narrow_page_too(blank):
    """Nobody answers its questions: it shows what it is given, and has no other layout."""
    for width in (400, 800):
        run = blank().start(width=width, none=True)
        for step in (1, 2):
            run.do(
                "alone.push({...alone.frame([x0, 0, 'no'], 2, false), values: [], text: `Step ${x0}.`})",
                step,
            )
            look = run.look
            assert (look.picture["values"][0], look.alt, look.caption) == (step, f"Step {step}.", f"Step {step}.")
        run.widen(1200 - width)
        run.do("alone.push({...alone.frame([3, 0, 'no'], 2, false), values: [], text: 'Step 3.'})")
        assert run.look.caption == "Step 3."
        assert run.look.said == ["Step 1.", "Step 2.", "Step 3."]
        assert run.asked == []
        assert run.look.held == 1


# -- what is announced --------------------------------------------------------------------------------------------------------


def test_a_sentence_is_announced_once_when_the_slide_rests_and_is_gone_later(alone):
    for value in range(1, 30):
        alone.move(value)
        alone.answer()
        alone.passes(SPEAK - 1)
    assert alone.look.said == []
    alone.passes(1)
    assert (alone.look.spoken, alone.look.said) == ("This is 29, 0, no.", ["This is 29, 0, no."])
    alone.passes(HUSH - 1)
    assert alone.look.spoken
    alone.passes(1)
    assert alone.look.spoken == ""
    alone.passes(100 * HUSH)
    alone.move(30)
    alone.answer()
    alone.move(29)
    alone.passes(SPEAK)
    assert len(alone.look.said) == 1, "the same sentence is not said again"


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("error", [None, "no such place"])
def test_a_sentence_that_comes_late_is_announced_when_it_comes(blank, scale, error):
    """A slow figure: its answers take longer than the rest after which a sentence is said, those for a sharp picture too."""
    alone = blank(scale).start(drawAhead=False)
    alone.move(5)
    alone.passes(3 * SPEAK)
    assert alone.look.said == [], "not the sentence of the frame before"
    alone.answer(error)
    for _ in range(3):
        alone.passes(2 * SPEAK)
        alone.answer()
    assert alone.look.said == [error or "This is 5, 0, no."]


def test_what_the_source_shows_unasked_is_announced(alone):
    alone.do("alone.push(alone.frame(x0, 2, false))", [9, 0, "no"])  # before the control moves
    alone.move(9)
    assert alone.shows(9, 0, "no")
    alone.passes(SPEAK)
    assert alone.look.said == ["This is 9, 0, no."]
    assert alone.asked == []


# -- all of it ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 2])
def test_after_2000_random_moves_every_rest_shows_the_values_of_the_controls(blank, scale):
    alone = blank(scale).start()
    seen = alone.do("alone.wander(2000, 7, x0)", scale)
    assert seen["found"] == []
    assert seen["seen"] > 100
    assert seen["errors"] > 0
