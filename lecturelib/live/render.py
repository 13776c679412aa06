"""Render the frames of a figure quickly enough for a moving slider.

A drawing function draws the whole picture for every frame, on axes that are as good as new. Rendering ticks, labels and limits
takes most of a frame, and they rarely change. They are therefore rendered once and kept as pixels (blitting), and a frame renders
only what the function has just drawn over them. The pixels are identical to those of a full redraw.
"""

import contextlib
import enum
import io
import pathlib
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_params_from_file, rcParams
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.cbook import CallbackRegistry, Grouper
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.scale import ScaleBase
from matplotlib.spines import Spine
from matplotlib.ticker import Formatter, TickHelper
from matplotlib.transforms import TransformNode
from PIL import Image

from lecturelib.live.drawing import Layout, name_of

# Settings that remain the reader's, such as the window that a figure opens in. All others are ours while we draw.
READER_SETTINGS = ("backend", "interactive", "toolbar", "webagg", "tk.", "macosx", "docstring", "date.epoch", "savefig.directory")
STYLE = {
    name: value
    for name, value in rc_params_from_file(pathlib.Path(__file__).with_name("lecture.mplstyle")).items()
    if not name.startswith(READER_SETTINGS)
}
SETTINGS = [name for name in rcParams if name != "backend"]  # to be as before when we have drawn; asking for a backend loads one
# JupyterLab handles slider moves in one thread and Reset in another, and matplotlib's settings belong to the whole process.
DRAW_LOCK = threading.RLock()
MAX_TICKS = 60  # ticks of one kind on one axis that are reused from frame to frame
KEPT = 4  # decorations whose pixels are kept at each scale, for who moves back and forth


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Use matplotlib's defaults with the lecture's style, whatever the reader has set, and turn warnings into errors."""
    # Not rc_context, which checks and sorts hundreds of settings: with it, that took a tenth of a frame.
    before = {name: rcParams._get(name) for name in SETTINGS}
    try:
        for name, value in STYLE.items():
            rcParams._set(name, value.copy() if isinstance(value, list) else value)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # An old matplotlib with a new pyparsing warns of its own code.
            warnings.filterwarnings("ignore", "", DeprecationWarning, "matplotlib|pyparsing")
            yield
    finally:
        for name, value in before.items():
            rcParams._set(name, value)


class Renderer:
    """Calls a drawing function on clean axes for every frame, and renders the result over the decoration it has kept.

    The decoration is what surrounds the data: ticks, labels, titles and backgrounds. `function` is the drawing function;
    `figure`, `canvas` and `axes` are matplotlib's.
    """

    def __init__(self, function: Callable[..., str], names: Sequence[str], layout: Layout) -> None:
        self.function = function
        self._names, self._layout = names, layout
        self._positions = None  # of the axes, once the layout has been computed
        self._drawing = False
        self.drawn: Mapping[str, Any] | None = None  # the values of the current frame; None after a failure
        self.text = ""  # its sentence
        self._make_figure()
        self.dpi = self.figure.dpi

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in CSS pixels."""
        width, height = self.figure.get_size_inches() * self.dpi
        return int(width), int(height)

    def _make_figure(self):
        """Make a figure with empty axes."""
        with styled():
            # 4.6 inches of 100 pixels are 459.99999999999994 pixels: a little more, or a row of pixels is lost.
            self.figure = Figure(figsize=[inches + 1e-9 for inches in self._layout.inches], layout="constrained")
            self.canvas = FigureCanvasAgg(self.figure)
            mosaic = self.figure.subplot_mosaic(self._layout.rows, height_ratios=self._layout.heights)
            self.axes = [mosaic[name] for name in self._names]
        self._own_children = frozenset(self.figure.get_children())
        self._ticks_needed, self._spare_ticks = self._count_ticks(), []
        self._ticks_made = None  # how many ticks the clean axes have, once they are in their final positions
        self._take_snapshots()

    def _take_snapshots(self):
        self._clean, self._clean_geometry = Snapshot(self.figure), self._geometry()
        self._clean_ticks = Snapshot([ticks for _, _, ticks in self._spare_ticks], exclude=self._clean)
        self._backgrounds = {}  # scale -> [(decoration, its pixels), ...], the latest first

    def _fix_layout(self):
        """Put the clean axes in their final positions, and make as many ticks as a frame has needed: they are slow to make."""
        self._clean.restore()
        with styled():
            self.figure.set_layout_engine("none")
            for ax, position in zip(self.axes, self._positions, strict=True):
                ax.set_position(position)
            for axis, (major, minor) in zip(self._all_axis(), self._ticks_needed, strict=True):
                axis.get_major_ticks(major), axis.get_minor_ticks(minor)
        owners = [vars(axis) for axis in self._all_axis()]
        self._spare_ticks = [(owner, kind, owner.pop(kind)) for owner in owners for kind in ("majorTicks", "minorTicks")]
        self._ticks_made = self._ticks_needed
        self._take_snapshots()

    def _all_axis(self):
        return [axis for ax in self.axes for axis in (ax.xaxis, ax.yaxis)]

    def _count_ticks(self):
        lists = [(vars(axis).get("majorTicks", ()), vars(axis).get("minorTicks", ())) for axis in self._all_axis()]
        return [tuple(min(max(1, len(ticks)), MAX_TICKS) for ticks in pair) for pair in lists]

    def draw(self, values: Mapping[str, Any]) -> str:
        """Call the drawing function on clean axes and return its sentence. A warning is an error."""
        self.check_not_drawing()
        if self._positions and self._ticks_made != self._ticks_needed:
            self._fix_layout()
        self._drawing, self.drawn = True, None
        try:
            self._clean.restore()
            self._decoration: Any = None  # determined when pixels are requested
            with styled():
                sentence = self.function(*self.axes, **values)
            self._check_result(sentence)
        except BaseException:
            self._make_figure()  # discards whatever the failed call has left behind
            raise
        finally:
            self._drawing = False
        self.drawn, self.text = dict(values), " ".join(sentence.split())
        return self.text

    def check_not_drawing(self) -> None:
        """Raise ValueError while the drawing function runs."""
        if self._drawing:
            raise ValueError(f"{name_of(self.function)} must not move or show its own figure")

    def _check_result(self, sentence):
        """Raise ValueError if the function changed the layout, drew outside its axes, or did not return a sentence."""
        name, children = name_of(self.function), self.figure.get_children()
        if added := [type(artist).__name__ for artist in children if artist not in self._own_children]:
            raise ValueError(f"{name} must draw only inside its axes; it added to the figure: {', '.join(added)}")
        if not self._own_children <= set(children):
            raise ValueError(f"{name} must not remove its axes")
        if any(len(view.get_siblings(ax)) > 1 for ax in self.axes for view in (ax.get_shared_x_axes(), ax.get_shared_y_axes())):
            raise ValueError(f"{name} must not share limits between its axes: set them on each")
        if self._geometry() != self._clean_geometry:
            raise ValueError(f"{name} must not move its axes or resize the figure: the layout is fixed while a slider moves")
        if not isinstance(sentence, str) or not sentence.strip():
            raise ValueError(f"{name} must return one sentence that says what the picture shows; it returned {sentence!r}")

    def _geometry(self):
        positions = [(ax.get_position(original=True).bounds, ax.get_axes_locator()) for ax in self.axes]
        return positions, self.figure.get_layout_engine(), tuple(self.figure.get_size_inches()), self.figure.dpi

    def pixels(self, scale: int) -> np.ndarray:
        """The current frame as RGBA bytes of shape (height, width, 4), with `scale` pixels per CSS pixel.

        The array is the canvas's own buffer: copy it if you keep it.
        """
        self.check_not_drawing()
        with styled():
            self.figure.dpi = self.dpi * scale
            if self._positions:
                for ax in self.axes:
                    ax.apply_aspect()
            foreground = self._foreground()
            if self._decoration is None:
                # Limits first: if the function leaves them to matplotlib, asking for them computes them.
                limits, changes = [tuple(ax.viewLim.extents) for ax in self.axes], self._clean.changes()
                self._decoration = limits, changes, [axis in foreground for axis in self._all_axis()]
            kept = self._backgrounds.setdefault(scale, [])
            background = next((pixels for decoration, pixels in kept if decoration == self._decoration), None)
            if background is None:
                background = self._render_background(foreground)
                self._backgrounds[scale] = [(self._decoration, background), *kept[: KEPT - 1]]
            self.canvas.restore_region(background)
            renderer = self.canvas.get_renderer()
            for artist in sorted(foreground, key=lambda a: a.get_zorder()):
                artist.draw(renderer)
            return np.asarray(self.canvas.buffer_rgba())

    def _foreground(self):
        """The artists to render for each frame: everything the function made; the spines, which lie above an image and below a
        line; and an axis whose lines cross an image."""
        foreground = []
        for ax in self.axes:
            if ax.get_visible():
                background = {ax.patch, ax.title, ax._left_title, ax._right_title, ax.xaxis, ax.yaxis}
                framed = ax.axison and ax.get_frame_on()
                made = [a for a in ax.get_children() if a not in background and (framed or not isinstance(a, Spine))]
                lowest = min((a.get_zorder() for a in made), default=np.inf)
                above = [axis for axis in (ax.xaxis, ax.yaxis) if axis.get_zorder() > lowest and _has_inner_lines(axis)]
                foreground += made + (above if ax.axison else [])
        return foreground

    def _render_background(self, foreground):
        for artist in foreground:
            artist.set_animated(True)  # a full draw leaves out animated artists
        if self._positions is None:
            # The layout is computed for the first picture and then kept: moving axes would distract from what a slider changes.
            self.figure.draw_without_rendering()
            self.figure.set_layout_engine("none")
            self._positions = [ax.get_position(original=True).frozen() for ax in self.axes]
        self._reuse_ticks()
        images = [artist for artist in foreground if isinstance(artist, AxesImage) and artist.get_visible()]
        for image in images:
            image.set_visible(False)  # matplotlib 3.8, which Pyodide has, draws animated images too
        self.canvas.draw()
        for image in images:
            image.set_visible(True)
        self._ticks_needed = [tuple(map(max, *pairs)) for pairs in zip(self._ticks_needed, self._count_ticks(), strict=True)]
        return self.canvas.copy_from_bbox(self.figure.bbox)

    def _reuse_ticks(self):
        """Give the spare ticks to each axis whose ticks the function did not touch. If it did, matplotlib has made new ones."""
        if any(kind not in owner for owner, kind, _ in self._spare_ticks):
            self._clean_ticks.restore()
        for owner, kind, ticks in self._spare_ticks:
            owner.setdefault(kind, ticks)


def _has_inner_lines(axis):
    """Whether the axis has lines inside its axes: a grid, or ticks that do not point outwards."""
    styles = [axis.get_tick_params(which) for which in ("major", "minor")]
    return any(style.get("gridOn") or style.get("direction", "out") != "out" for style in styles)


class Snapshot:
    """A copy of a figure's complete state, down to the last dictionary.

    All that matplotlib knows of a figure is in objects that can be reached from it. `restore` writes the contents of each back,
    whatever was set or removed; that takes a tenth of the time of `ax.clear()`. `changes` lists what was set.
    """

    def __init__(self, root: Any, exclude: "Snapshot | None" = None) -> None:
        self._known = _reachable(root, opaque=())
        if exclude:
            self._known = {key: thing for key, thing in self._known.items() if key not in exclude._known}
        contents = [(thing, thing.copy()) for thing in self._known.values()]
        self._dicts = [pair for pair in contents if isinstance(pair[0], dict)]
        self._sets = [pair for pair in contents if isinstance(pair[0], set)]
        self._arrays = [pair for pair in contents if isinstance(pair[0], list | np.ndarray)]
        decoration = {id(thing) for thing in _reachable(root, opaque=(TransformNode, CallbackRegistry, Grouper)).values()}
        self._decoration = [(now, then) for now, then in contents if id(now) in decoration]

    def restore(self) -> None:
        """Put every object back into its state at the time of the snapshot."""
        for now, then in self._dicts + self._sets:
            now.clear()
            now.update(then)
        for now, then in self._arrays:
            now[:] = then

    def changes(self) -> list[tuple[int, Any]]:
        """The changes to the decoration since the snapshot, in a form that compares by content."""
        found = []
        for now, then in self._decoration:
            try:
                if now == then:
                    continue
            except (ValueError, DeprecationWarning):  # arrays do not compare to a single truth value
                pass
            change: Any
            if isinstance(now, dict):
                names = [n for n in {**then, **now} if now.get(n) is not then.get(n) and n not in NOT_DECORATION]
                pairs = [(name, self._frozen(now.get(name)), self._frozen(then.get(name))) for name in names]
                change = [(name, new) for name, new, old in pairs if new != old]
            elif isinstance(now, np.ndarray):
                change = None if now.tobytes() == then.tobytes() else now.tobytes()
            else:
                change = self._frozen(list(now))
            if change:
                found.append((id(now), change))
        return found

    def _frozen(self, thing):
        """`thing` in a form that compares by content: tickers made anew for two frames are equal if their settings are."""
        if id(thing) in self._known:
            return id(thing)  # its own changes are listed separately
        if isinstance(thing, np.ndarray):
            return thing.shape, thing.tobytes()
        if isinstance(thing, list | tuple):
            return tuple(map(self._frozen, thing))
        if isinstance(thing, dict):
            kept = [item for item in thing.items() if item[0] not in NOT_DECORATION]
            return tuple((key, value if type(value) in PLAIN else self._frozen(value)) for key, value in kept)
        if isinstance(thing, TickHelper | ScaleBase | TransformNode | Artist | FontProperties | MarkerStyle | Path):
            skip = ("locs",) if isinstance(thing, Formatter) else ()  # rendering sets them
            return type(thing), self._frozen({key: value for key, value in vars(thing).items() if key not in skip})
        return thing


# What changes in a frame without changing the decoration: the artists in the foreground, and matplotlib's own bookkeeping.
NOT_DECORATION = {"_stale", "_children", "child_axes", "legend_", "_mouseover_set", "_get_lines", "_get_patches_for_fill", "_dpi"}
NOT_DECORATION |= {"_stale_viewlims", "ignore_existing_data_limits", "axis", "_parents", "_invalid", "_callbacks"}
NOT_DECORATION |= {"_marker_function"}
PLAIN = {str, int, float, bool, type(None)}  # most attributes of an artist: they compare by content as they are


def _reachable(root, opaque):
    """The contents of all mutable objects that can be reached from `root`, by the object's id. It does not look into objects of
    the types `opaque`."""
    todo, found = [root], {}
    while todo:
        thing = todo.pop()
        if isinstance(thing, tuple):
            todo += thing
        elif id(thing) not in found and not isinstance(thing, opaque) and (contents := _contents(thing)) is not None:
            found[id(thing)] = contents
            if isinstance(contents, dict):
                todo += [value for name, value in contents.items() if not (opaque and name in NOT_DECORATION)]
            elif not isinstance(contents, np.ndarray):
                todo += contents
    return found


def _contents(thing):
    """The mutable contents of an object: a container itself, the attributes of a matplotlib object, and None for all others."""
    if isinstance(thing, dict | list | set):
        return thing
    if isinstance(thing, np.ndarray):
        return thing if thing.flags.writeable else None
    if isinstance(thing, type | enum.Enum | FigureCanvasAgg | RendererAgg) or (isinstance(thing, Path) and thing.readonly):
        return None
    return getattr(thing, "__dict__", None) if type(thing).__module__.startswith(("matplotlib", "mpl_toolkits")) else None


def quick_png(pixels: np.ndarray) -> bytes:
    """RGBA pixels as a PNG that is quick to make: fastest compression, no filtering. A frame rarely travels far."""
    height, width = pixels.shape[:2]
    channels = 3 if pixels[..., 3].min() == 255 else 4  # compression takes the longer, the more bytes there are
    rows = np.zeros((height, 1 + channels * width), np.uint8)  # each row starts with filter type 0, none
    picture = rows[:, 1:].reshape(height, width, channels)
    for channel in range(channels):  # NumPy copies three bytes of each four faster one by one
        picture[..., channel] = pixels[..., channel]
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 6, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows.data, 1)), (b"IEND", b"")
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(d, zlib.crc32(k))) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def small_png(pixels: np.ndarray) -> bytes:
    """RGBA pixels as a small PNG to be stored: at most 64 colours, best compression."""
    image = Image.fromarray(pixels).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, "png", optimize=True)
    return file.getvalue()
