"""A figure that is drawn in immediate mode and rendered in retained mode.

`draw` makes the whole picture every time, on axes that are as good as new. Rendering ticks, labels and limits takes most of a
frame, and they rarely change: they are rendered once and kept as pixels, and a frame renders only what `draw` has just made over
them. The pixels are the same, to the bit, as those of a full redraw.
"""

import contextlib
import enum
import functools
import io
import pathlib
import struct
import threading
import warnings
import zlib

import numpy as np
from matplotlib import rc_context, rc_params_from_file, rcParams
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.cbook import CallbackRegistry, Grouper
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.scale import ScaleBase
from matplotlib.spines import Spine
from matplotlib.ticker import Formatter, TickHelper
from matplotlib.transforms import TransformNode
from PIL import Image

# The window that a figure opens in is the reader's business; all other settings of matplotlib are ours while we draw.
WINDOWS = ("backend", "interactive", "toolbar", "webagg", "tk.", "macosx", "docstring", "date.epoch", "savefig.directory")
STYLE = {
    name: value
    for name, value in rc_params_from_file(pathlib.Path(__file__).with_name("lecture.mplstyle")).items()
    if not name.startswith(WINDOWS)
}
# JupyterLab hands the moves of a slider to a thread, and Reset to another; matplotlib's settings belong to the whole process.
DRAWING = threading.RLock()
MOST_TICKS = 60  # ticks of one kind on one axis that are kept from frame to frame


@contextlib.contextmanager
def styled():
    """Within it matplotlib has its own defaults and the lecture's style, whatever the reader has set; a warning is an error."""
    with rc_context({name: value for name, value in STYLE.items() if rcParams[name] != value}), warnings.catch_warnings():
        warnings.simplefilter("error")
        # An old matplotlib meets a new pyparsing, and warns of what its own code does.
        warnings.filterwarnings("ignore", "", DeprecationWarning, "matplotlib|pyparsing")
        yield


def name_of(draw):
    """What a message calls `draw`: a `functools.partial` and a callable object have no name of their own."""
    if isinstance(draw, functools.partial):
        return name_of(draw.func)
    return getattr(draw, "__name__", type(draw).__name__)


class Stage:
    """The figure that `draw` plays on: keeps the rendered decoration, renders afresh what `draw` makes."""

    def __init__(self, draw, names, layout, size):
        self._draw, self._names, self._layout, self._size = draw, names, layout, size
        self._places = None  # of the axes, once the layout is worked out
        self._playing = False
        self._set_up()
        self.dpi = self.figure.dpi

    def _set_up(self):
        """Make a figure on which nothing is drawn."""
        with styled():
            # 4.6 inches at 100 pixels are 459.99999999999994: a little more, or a row of pixels is lost
            self.figure = Figure(figsize=[inches + 1e-9 for inches in self._size], layout="constrained")
            self.canvas = FigureCanvasAgg(self.figure)
            mosaic = self.figure.subplot_mosaic(self._layout)
            self.axes = [mosaic[name] for name in self._names]
        self._standing = frozenset(self.figure.get_children())
        self._needed, self._spare = self._tick_counts(), []
        self._settled = None  # with how many ticks the pristine axes stand in their places
        self._remember()

    def _remember(self):
        self._pristine, self._still = Pristine(self.figure), self._shape()
        self._pristine_ticks = Pristine([ticks for _, _, ticks in self._spare], self._pristine)
        self._kept = {}  # scale -> (decoration, its pixels)

    def _settle(self):
        """Put the pristine axes in their places, and lay aside as many ticks as a frame has needed: they are slow to make."""
        self._pristine.restore()
        with styled():
            self.figure.set_layout_engine("none")
            for ax, place in zip(self.axes, self._places, strict=True):
                ax.set_position(place)
            for axis, (major, minor) in zip(self._every_axis(), self._needed, strict=True):
                axis.get_major_ticks(major), axis.get_minor_ticks(minor)
        owners = [vars(axis) for axis in self._every_axis()]
        self._spare = [(owner, kind, owner.pop(kind)) for owner in owners for kind in ("majorTicks", "minorTicks")]
        self._settled = self._needed
        self._remember()

    def _every_axis(self):
        return [axis for ax in self.axes for axis in (ax.xaxis, ax.yaxis)]

    def _tick_counts(self):
        lists = [(vars(axis).get("majorTicks", ()), vars(axis).get("minorTicks", ())) for axis in self._every_axis()]
        return [tuple(min(max(1, len(ticks)), MOST_TICKS) for ticks in pair) for pair in lists]

    def play(self, values):
        """Call `draw` on axes that hold nothing of the last frame. Returns its sentence; a warning is an error."""
        self.refuse_while_playing()
        if self._places and self._settled != self._needed:
            self._settle()
        self._playing = True
        try:
            self._pristine.restore()
            self._decoration = None  # worked out when pixels are asked for
            with styled():
                sentence = self._draw(*self.axes, **values)
            self._refuse(sentence)
        except BaseException:
            self._set_up()  # what a draw that failed has left behind goes with its figure
            raise
        finally:
            self._playing = False
        return " ".join(sentence.split())

    def refuse_while_playing(self):
        if self._playing:
            raise ValueError(f"{name_of(self._draw)} must not move or show its own figure")

    def _refuse(self, sentence):
        """Raise ValueError if `draw` did what it may not, or did not say what it drew."""
        name, children = name_of(self._draw), self.figure.get_children()
        if beside := [type(a).__name__ for a in children if a not in self._standing]:
            raise ValueError(f"{name} must draw on its axes only, not beside them: {', '.join(beside)}")
        if not self._standing <= set(children):
            raise ValueError(f"{name} must not remove its axes")
        if any(len(view.get_siblings(ax)) > 1 for ax in self.axes for view in (ax.get_shared_x_axes(), ax.get_shared_y_axes())):
            raise ValueError(f"{name} must not tie axes together: give each its own limits")
        if self._shape() != self._still:
            raise ValueError(f"{name} must not move its axes or resize the figure: the layout stays while a slider moves")
        if not isinstance(sentence, str) or not sentence.strip():
            raise ValueError(f"{name} must return one sentence that says what the picture shows; it returned {sentence!r}")

    def _shape(self):
        places = [(ax.get_position(original=True).bounds, ax.get_axes_locator()) for ax in self.axes]
        return places, self.figure.get_layout_engine(), tuple(self.figure.get_size_inches()), self.figure.dpi

    def pixels(self, scale):
        """The frame that was last played, as RGBA bytes of shape (height, width, 4), `scale` pixels per CSS pixel."""
        self.refuse_while_playing()
        with styled():
            self.figure.dpi = self.dpi * scale
            if self._places:
                for ax in self.axes:
                    ax.apply_aspect()
            if self._decoration is None:
                # To ask for the limits is to work them out, where draw leaves that to matplotlib: they come first.
                self._decoration = [tuple(ax.viewLim.extents) for ax in self.axes], self._pristine.changes()
            afresh = self._afresh()
            kept, background = self._kept.get(scale, (None, None))
            if kept != self._decoration:
                background = self._render_decoration(afresh)
                self._kept[scale] = self._decoration, background
            self.canvas.restore_region(background)
            renderer = self.canvas.get_renderer()
            for artist in sorted(afresh, key=lambda a: a.get_zorder()):
                artist.draw(renderer)
            return np.asarray(self.canvas.buffer_rgba())

    def _afresh(self):
        """What is rendered for each frame: all that `draw` made, the spines, which lie over an image and under a line, and an
        axis whose lines cross an image."""
        afresh = []
        for ax in self.axes:
            if ax.get_visible():
                standing = {ax.patch, ax.title, ax._left_title, ax._right_title, ax.xaxis, ax.yaxis}
                framed = ax.axison and ax.get_frame_on()
                made = [a for a in ax.get_children() if a not in standing and (framed or not isinstance(a, Spine))]
                lowest = min((a.get_zorder() for a in made), default=np.inf)
                over = [axis for axis in (ax.xaxis, ax.yaxis) if axis.get_zorder() > lowest and _reaches_in(axis)]
                afresh += made + (over if ax.axison else [])
        return afresh

    def _render_decoration(self, afresh):
        for artist in afresh:
            artist.set_animated(True)  # an animated artist is left out of a full draw
        if self._places is None:
            # The layout is worked out on the first picture and then kept: axes that move while you slide hide the change.
            self.figure.draw_without_rendering()
            self.figure.set_layout_engine("none")
            self._places = [ax.get_position(original=True).frozen() for ax in self.axes]
        self._bring_ticks()
        self.canvas.draw()
        self._needed = [tuple(map(max, *pairs)) for pairs in zip(self._needed, self._tick_counts(), strict=True)]
        return self.canvas.copy_from_bbox(self.figure.bbox)

    def _bring_ticks(self):
        """Give the ticks laid aside to each axis whose ticks `draw` did not touch: touched, matplotlib made new ones."""
        if any(kind not in owner for owner, kind, _ in self._spare):
            self._pristine_ticks.restore()
        for owner, kind, ticks in self._spare:
            owner.setdefault(kind, ticks)


def _reaches_in(axis):
    """Whether the axis has lines within its axes: a grid, or ticks that do not point outwards."""
    styles = [axis.get_tick_params(which) for which in ("major", "minor")]
    return any(style.get("gridOn") or style.get("direction", "out") != "out" for style in styles)


class Pristine:
    """How a figure was before anything was drawn, down to the last dictionary.

    All that matplotlib keeps of a figure lies in objects that can be reached from it. `restore` writes the contents of each back,
    whatever `draw` set or removed; that takes a tenth of the time of `ax.clear()`. `changes` tells what `draw` has set.
    """

    def __init__(self, root, besides=None):
        self._known = _reached(root, opaque=())
        if besides:
            self._known = {key: thing for key, thing in self._known.items() if key not in besides._known}
        contents = [(thing, thing.copy()) for thing in self._known.values()]
        self._dicts = [pair for pair in contents if isinstance(pair[0], dict)]
        self._sets = [pair for pair in contents if isinstance(pair[0], set)]
        self._rows = [pair for pair in contents if isinstance(pair[0], list | np.ndarray)]
        decoration = _reached(root, opaque=(TransformNode, CallbackRegistry, Grouper))
        self._decoration = [(now, then) for now, then in contents if id(now) in {id(thing) for thing in decoration.values()}]

    def restore(self):
        for now, then in self._dicts + self._sets:
            now.clear()
            now.update(then)
        for now, then in self._rows:
            now[:] = then

    def changes(self):
        """What in the decoration is not as it was, in a form that compares by content."""
        found = []
        for now, then in self._decoration:
            try:
                if now == then:
                    continue
            except (ValueError, DeprecationWarning):  # an array among the values has no one answer, an empty one none
                pass
            if isinstance(now, dict):
                names = [n for n in {**then, **now} if now.get(n) is not then.get(n) and n not in PASSING]
                pairs = [(name, self._frozen(now.get(name)), self._frozen(then.get(name))) for name in names]
                change = [(name, new) for name, new, old in pairs if new != old]
            elif isinstance(now, np.ndarray):
                change = b"" if now.tobytes() == then.tobytes() else now.tobytes()
            else:
                change = self._frozen(list(now))
            if change:
                found.append((id(now), change))
        return found

    def _frozen(self, thing):
        """`thing` in a form that compares by content: two tickers made afresh for two frames are equal if they do the same."""
        if id(thing) in self._known:
            return id(thing)  # its own changes are told where it stands
        if isinstance(thing, np.ndarray):
            return thing.shape, thing.tobytes()
        if isinstance(thing, list | tuple):
            return tuple(map(self._frozen, thing))
        if isinstance(thing, dict):
            return tuple((key, self._frozen(value)) for key, value in thing.items() if key not in PASSING)
        if isinstance(thing, TickHelper | ScaleBase | TransformNode | Artist | FontProperties | MarkerStyle | Path):
            skip = ("locs",) if isinstance(thing, Formatter) else ()  # rendering sets them
            return type(thing), self._frozen({key: value for key, value in vars(thing).items() if key not in skip})
        return thing


# What a frame changes without changing the decoration: its artists, which are rendered afresh, and matplotlib's own bookkeeping.
PASSING = {"_stale", "_children", "child_axes", "legend_", "_mouseover_set", "_get_lines", "_get_patches_for_fill", "_dpi"}
PASSING |= {"_stale_viewlims", "ignore_existing_data_limits", "axis", "_parents", "_invalid", "_callbacks", "_marker_function"}


def _reached(root, opaque):
    """The contents of all mutable objects that make up `root`, by the object's id."""
    todo, found = [root], {}
    while todo:
        thing = todo.pop()
        if isinstance(thing, tuple):
            todo += thing
        elif id(thing) not in found and not isinstance(thing, opaque) and (contents := _contents(thing)) is not None:
            found[id(thing)] = contents
            if isinstance(contents, dict):
                todo += [value for name, value in contents.items() if not (opaque and name in PASSING)]
            elif not isinstance(contents, np.ndarray):
                todo += contents
    return found


def _contents(thing):
    """Where an object keeps what can change of it: a container itself, an object of matplotlib in its attributes. Else None."""
    if isinstance(thing, dict | list | set):
        return thing
    if isinstance(thing, np.ndarray):
        return thing if thing.flags.writeable else None
    if isinstance(thing, type | enum.Enum | FigureCanvasAgg | RendererAgg) or (isinstance(thing, Path) and thing.readonly):
        return None
    return getattr(thing, "__dict__", None) if type(thing).__module__.startswith(("matplotlib", "mpl_toolkits")) else None


def quick_png(pixels):
    """PNG for one frame: zlib at its quickest, no filtering. On a machine's own loop, size matters less than time."""
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + 4 * width), np.uint8)  # each row starts with filter type 0, none
    rows[:, 1:] = pixels.reshape(height, -1)
    parts = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(d, zlib.crc32(k))) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def small_png(pixels):
    """PNG for storing: at most 64 colours, best compression."""
    image = Image.fromarray(pixels).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, "png", optimize=True)
    return file.getvalue()
