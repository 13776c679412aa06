"""A frame depends on its values alone: on nothing that `draw` did at the values before, and not on the reader's style.

Each entry of the tables is something that `draw` does at w = 2 only. Add a line to try another.
"""

import matplotlib
import matplotlib.style
import numpy as np
import pytest
from matplotlib.ticker import MultipleLocator
from small_figures import of_w, picture

from lecturelib import live
from lecturelib.live.testing import redrawn

FIGURE = {"w": live.slider(0, 3, at=1), "size": (3, 2)}


def at_two(body):
    """A live figure of two axes on which `body(ax, other)` acts at w = 2 alone."""

    def draw(ax, other, w):
        ax.set(xlim=(0, 3), ylim=(0.1, 3), title="title", xlabel="step t")
        ax.plot([0, 3], [0.1, w])
        other.imshow(np.eye(4) * w, vmin=0, vmax=3, aspect="auto")
        if w == 2:
            body(ax, other)
        return f"w = {w}."

    return live.figure(draw, **FIGURE)


@pytest.fixture(scope="module")
def plain():
    """The pictures at 1, 2 and 3 where nothing is done at 2."""
    figure = at_two(lambda ax, other: None)
    return {w: (figure.set(w=w), figure.png)[1] for w in (1, 2, 3)}


SET = {
    "grid": lambda ax, o: ax.grid(True),
    "grid over an image": lambda ax, o: o.grid(True),
    "ticks over an image": lambda ax, o: o.tick_params(direction="in", length=9),
    "grid over all": lambda ax, o: (o.set_axisbelow(False), o.grid(True)),
    "facecolor": lambda ax, o: ax.set_facecolor("yellow"),
    "figure's facecolor": lambda ax, o: ax.figure.set_facecolor("yellow"),
    "tick colour": lambda ax, o: ax.tick_params(colors="red"),
    "tick size": lambda ax, o: ax.tick_params(labelsize=6),
    "tick_right": lambda ax, o: ax.yaxis.tick_right(),
    "label on top": lambda ax, o: ax.xaxis.set_label_position("top"),
    "minor ticks": lambda ax, o: ax.minorticks_on(),
    "locator": lambda ax, o: ax.xaxis.set_major_locator(MultipleLocator(0.2)),
    "tick labels": lambda ax, o: ax.set_yticks([1, 2], ["one", "two"]),
    "rotated tick labels": lambda ax, o: [label.set_rotation(45) for label in ax.get_xticklabels()],
    "one tick label": lambda ax, o: ax.get_yticklabels()[1].set_color("red"),
    "no ticks": lambda ax, o: ax.set(xticks=[], yticks=[]),
    "scientific numbers": lambda ax, o: ax.ticklabel_format(style="sci", scilimits=(1, 1)),
    "spine colour": lambda ax, o: ax.spines["left"].set_color("red"),
    "hidden spine": lambda ax, o: ax.spines["left"].set_visible(False),
    "top spine": lambda ax, o: ax.spines["top"].set_visible(True),
    "spine at 1": lambda ax, o: ax.spines["bottom"].set_position(("data", 1)),
    "spine's bounds": lambda ax, o: ax.spines["left"].set_bounds(1, 2),
    "label colour": lambda ax, o: ax.xaxis.label.set_color("red"),
    "label pad": lambda ax, o: ax.set_xlabel("step t", labelpad=-9),
    "title colour": lambda ax, o: ax.set_title("title", color="red"),
    "title weight": lambda ax, o: ax._left_title.set(fontweight="bold", fontstyle="italic"),
    "title in the middle": lambda ax, o: ax.set_title("another", loc="center"),
    "aspect": lambda ax, o: ax.set_aspect("equal"),
    "aspect by the limits": lambda ax, o: ax.set_aspect("equal", adjustable="datalim"),
    "box aspect": lambda ax, o: ax.set_box_aspect(1),
    "margins": lambda ax, o: (ax.margins(0.4), ax.autoscale()),
    "log": lambda ax, o: ax.set_yscale("log"),
    "symlog": lambda ax, o: ax.set_yscale("symlog", linthresh=0.5),
    "inverted": lambda ax, o: ax.invert_yaxis(),
    "hidden axis": lambda ax, o: ax.xaxis.set_visible(False),
    "axis off": lambda ax, o: ax.set_axis_off(),
    "no frame": lambda ax, o: ax.set_frame_on(False),
    "hidden axes": lambda ax, o: ax.set_visible(False),
    "clear": lambda ax, o: ax.clear(),
    "clear and draw": lambda ax, o: (ax.clear(), ax.plot([1, 2]), ax.set_title("anew")),
    "removed line": lambda ax, o: ax.lines[0].remove(),
    "legend": lambda ax, o: ax.legend(["a line"]),
    "inset": lambda ax, o: ax.inset_axes([0.5, 0.5, 0.4, 0.4]).plot([1, 2]),
    "colours": lambda ax, o: (ax.set_prop_cycle(color=["red"]), ax.plot([1, 2])),
    "settings": lambda ax, o: (matplotlib.rcParams.update({"lines.linewidth": 9}), ax.plot([1, 2])),
    "thick spine": lambda ax, o: ax.spines["left"].set_linewidth(7),
    "clipped": lambda ax, o: ax.lines[0].set_clip_box(o.bbox),
}


@pytest.mark.parametrize("body", SET.values(), ids=SET.keys())
def test_what_is_set_at_one_value_is_gone_at_the_next(body, plain):
    figure = at_two(body)
    figure.set(w=3)  # the layout is worked out, the ticks are made
    figure.set(w=2)
    assert figure.png != plain[2], "the entry does nothing that can be seen"
    there = figure.png
    blitted, full = redrawn(figure)
    assert (blitted == full).all()
    for w in (3, 1):
        figure.set(w=w)
        assert figure.png == plain[w]
        blitted, full = redrawn(figure)
        assert (blitted == full).all()
    figure.set(w=2)
    assert figure.png == there


ADDED, GONE = "must draw only inside its axes; it added to the figure", "must not remove its axes"
MOVED, SHARED = "must not move its axes or resize the figure", "must not share limits between its axes"
REFUSED = {
    "colour bar": (lambda ax, o: ax.figure.colorbar(o.images[0], ax=[ax, o]), ADDED),
    "twin": (lambda ax, o: ax.twinx().plot([1, 9], [1, 900]), ADDED),
    "figure's title": (lambda ax, o: ax.figure.suptitle("title"), ADDED),
    "figure's text": (lambda ax, o: ax.figure.text(0.5, 0.5, "text"), ADDED),
    "axes of its own": (lambda ax, o: ax.figure.add_subplot(), ADDED),
    "clear the figure": (lambda ax, o: ax.figure.clear(), GONE),
    "remove": (lambda ax, o: ax.remove(), GONE),
    "tie": (lambda ax, o: ax.sharex(o), SHARED),
    "position": (lambda ax, o: ax.set_position([0, 0, 0.5, 0.5]), MOVED),
    "size": (lambda ax, o: ax.figure.set_size_inches(2, 2), MOVED),
    "resolution": (lambda ax, o: ax.figure.set_dpi(50), MOVED),
    "tight layout": (lambda ax, o: ax.figure.tight_layout(), MOVED),
    "adjusted": (lambda ax, o: ax.figure.subplots_adjust(left=0.5), "incompatible with subplots_adjust"),
}


@pytest.mark.filterwarnings("ignore:The figure layout has changed to tight")
@pytest.mark.parametrize(("body", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_spoils_the_layout_is_refused_and_leaves_nothing_behind(body, says, plain):
    figure = at_two(body)
    with pytest.raises((ValueError, UserWarning), match=says):
        figure.set(w=2)
    assert figure.png == plain[1]
    for w in (3, 1):
        figure.set(w=w)
        assert figure.png == plain[w]


def test_a_draw_that_fails_half_way_leaves_nothing_behind(plain):
    def fail(ax, other):
        ax.grid(True)
        ax.twinx().plot([1, 9], [1, 900])
        ax.sharex(other)
        raise ArithmeticError("half way")

    figure = at_two(fail)
    with pytest.raises(ArithmeticError):
        figure.set(w=2)
    for w in (3, 1):
        figure.set(w=w)
        assert figure.png == plain[w]


STYLES = ["dark_background", "ggplot", "Solarize_Light2", "grayscale"]
SETTINGS = {
    "axes.grid": True,
    "font.size": 20,
    "lines.linewidth": 9,
    "axes.xmargin": 0.4,
    "xtick.direction": "in",
    "savefig.dpi": 30,
}


@pytest.mark.parametrize("style", [*STYLES, SETTINGS], ids=[*STYLES, "settings"])
def test_the_readers_style_does_not_leak_in(style, plain):
    with matplotlib.style.context(style):
        before = dict(matplotlib.rcParams)
        figure = at_two(lambda ax, other: None)
        assert figure.png == plain[1]
        figure.set(w=3)
        assert figure.png == plain[3]
        assert dict(matplotlib.rcParams) == before
    figure.set(w=2)
    assert figure.png == plain[2]


def test_lines_have_the_lectures_colours(plain):
    figure = at_two(lambda ax, other: None)
    for w in (2, 3):
        figure.set(w=w)
        assert figure._renderer.axes[0].lines[0].get_color() == "#0072B2"


def test_the_decoration_is_rendered_once_while_only_the_curve_moves():
    def draw(ax, w):
        ax.set(xlim=(0, 3), ylim=(0, 3), yticks=[0, 1, 2], xlabel="step t")
        ax.spines["left"].set_visible(False)
        ax.tick_params(labelsize=8)
        ax.plot([0, w])
        return f"w = {w}."

    figure = live.figure(draw, w=live.slider(0, 9, at=1))
    rendered, render = [], figure._renderer._render_background
    figure._renderer._render_background = lambda afresh: (rendered.append(figure.values), render(afresh))[1]
    for w in (2, 3, 4, 5, 6):
        figure.set(w=w)
    assert len(rendered) <= 1  # the first move finds the axes in their places for good


def test_the_decoration_is_not_rendered_again_when_the_reader_goes_back_and_forth():
    figure = live.figure(lambda ax, w: (ax.set_xlim(0, w), ax.plot([0, w]), f"w = {w}.")[2], w=live.slider(1, 9, at=1))
    for w in (2, 3, 2, 3):
        figure.set(w=w)
    rendered, render = [], figure._renderer._render_background
    figure._renderer._render_background = lambda afresh: (rendered.append(figure.values), render(afresh))[1]
    for w in (2, 3, 2, 3):
        figure.set(w=w)
    assert not rendered


def test_the_last_frame_is_gone():
    figure = of_w(lambda ax, w: (ax.text(1, 1, "here"), ax.plot([0, 1], label="a"), ax.legend(), ax.inset_axes([0, 0, 0.2, 0.2])))
    first, artists = figure.png, len(figure._renderer.axes[0].get_children())
    for w in (2, 0, 3, 1):
        figure.set(w=w)
        assert len(figure._renderer.axes[0].get_children()) == artists
    assert figure.png == first


def test_colours_start_afresh_in_each_frame():
    figure = of_w(lambda ax, w: None)
    colours = set()
    for w in (2, 0, 3):
        figure.set(w=w)
        colours.add(figure._renderer.axes[0].lines[0].get_color())
    assert len(colours) == 1


DECORATIONS = {
    "nothing": lambda ax, w: None,
    "limits": lambda ax, w: ax.set(xlim=(0, w + 1), ylim=(-w, 3)),
    "margins": lambda ax, w: (ax.autoscale(), ax.margins(w / 10)),
    "inverted": lambda ax, w: ax.set_ylim((3, 0) if w > 1 else (0, 3)),
    "scale": lambda ax, w: ax.set_yscale("log" if w > 1 else "linear"),
    "title": lambda ax, w: ax.set_title(f"w = {w}"),
    "title in a colour": lambda ax, w: ax.set_title("one", color="C1" if w > 1 else "C0"),
    "axis label": lambda ax, w: ax.set(xlabel=f"{w} steps", ylabel="much" * w),
    "axis label in a colour": lambda ax, w: ax.set_xlabel("t", color="C1" if w > 1 else "C0"),
    "ticks": lambda ax, w: ax.set_yticks([0, 1, w + 0.5]),
    "tick labels": lambda ax, w: ax.set_yticks([0, 1, 2], ["none", "one", str(w)]),
    "tick formatter": lambda ax, w: ax.yaxis.set_major_formatter(lambda v, _: f"{v * (w + 1):.1f}"),
    "tick locator": lambda ax, w: ax.yaxis.set_major_locator(MultipleLocator(1 if w > 1 else 0.5)),
    "tick size": lambda ax, w: ax.tick_params(labelsize=8 + w),
    "minor ticks": lambda ax, w: ax.minorticks_on() if w > 1 else ax.minorticks_off(),
    "grid": lambda ax, w: ax.grid(w > 1),
    "background": lambda ax, w: ax.set_facecolor("#eeeeee" if w > 1 else "white"),
    "spines": lambda ax, w: ax.spines["left"].set_visible(w > 1),
    "no axis": lambda ax, w: ax.set_axis_off() if w > 1 else ax.set_axis_on(),
    "aspect": lambda ax, w: ax.set_aspect("equal" if w > 1 else "auto"),
    "image": lambda ax, w: ax.imshow(np.eye(3) * w, extent=(0, 3, 0, 3), vmin=0, vmax=3),
    "image that goes": lambda ax, w: ax.imshow(np.eye(3), extent=(0, 3, 0, 3), aspect="auto") if w < 2 else None,
    "grid over an image that goes": lambda ax, w: (
        ax.imshow(np.eye(3), extent=(0, 3, 0, 3)) if w < 2 else None,
        ax.set(xlim=(-0.5, 3.5), ylim=(-0.5, 3.5), aspect="auto"),
        ax.grid(w != 1),
    ),
    "over the edge": lambda ax, w: ax.text(1.02, 0.5, f"{w}", transform=ax.transAxes),
}


@pytest.mark.parametrize("body", DECORATIONS.values(), ids=DECORATIONS.keys())
def test_a_frame_over_kept_pixels_equals_a_full_redraw(body):
    figure = of_w(body)
    first = figure.png
    for w in (1, 2, 3, 2, 0, 1):
        figure.set(w=w)
        blitted, full = redrawn(figure)
        different = (blitted != full).any(axis=-1).sum()
        assert different == 0, f"at w = {w}, {different} pixels differ"
    assert figure.png == first


@pytest.mark.parametrize(
    "body",
    [
        lambda ax, w: ax.set_title("beyond one") if w > 1 else None,
        lambda ax, w: ax.set_yticks([0, 1, 2], ["a", "b", "c"]) if w > 1 else None,
        lambda ax, w: ax.set_ylim(0, 9) if w > 1 else None,
    ],
    ids=["title", "ticks", "limits"],
)
def test_a_picture_depends_on_its_values_and_not_on_the_way_there(body):
    figure = of_w(body)
    first = figure.png
    figure.set(w=3)
    assert figure.png != first
    figure.set(w=1)
    assert figure.png == first


@pytest.mark.parametrize(
    "body",
    [
        lambda ax, w: ax.twinx().plot([0, 1], [0, w]),
        lambda ax, w: ax.figure.colorbar(ax.imshow(np.eye(3) * w), ax=ax),
        lambda ax, w: ax.figure.suptitle(f"w = {w}"),
        lambda ax, w: ax.figure.text(0.5, 0.5, f"w = {w}"),
    ],
    ids=["twin axes", "colour bar", "figure title", "figure text"],
)
def test_what_draw_adds_beside_its_axes_is_gone_or_refused(body):
    try:
        figure = of_w(body)
    except ValueError:
        return
    first = figure.png
    for w in (3, 1):
        figure.set(w=w)
        blitted, full = redrawn(figure)
        assert (blitted == full).all()
    assert figure.png == first


def test_the_layout_stays_while_sliding():
    figure = of_w(lambda ax, w: ax.set(ylabel="a\nb\nc" if w > 1 else "a", title="high\nhigh" if w > 1 else ""))
    place, size = figure._renderer.axes[0].get_position().bounds, picture(figure.png).shape
    figure.set(w=3)
    assert figure._renderer.axes[0].get_position().bounds == place
    assert picture(figure.png).shape == size
