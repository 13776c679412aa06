"""A figure that is drawn in immediate mode and rendered in retained mode.

`draw` makes the whole picture every time. Rendering ticks, labels and limits takes most of a frame, and they rarely change: they
are rendered once and kept as pixels, and a frame renders only what `draw` has just made over them. The pixels are the
same, to the bit, as those of a full redraw.
"""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from matplotlib import RcParams, rc_context, rc_params_from_file
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.spines import Spine
from matplotlib.ticker import TickHelper
from PIL import Image

STYLE: RcParams = rc_params_from_file(Path(__file__).with_name("lecture.mplstyle"), use_default_template=False)


class Stage:
    """The figure that `draw` plays on: keeps the rendered decoration, renders afresh what `draw` makes."""

    def __init__(self, draw, names, layout, size):
        self._draw = draw
        with rc_context(STYLE):
            # 4.6 inches at 100 pixels are 459.99999999999994: a little more, or a row of pixels is lost
            self.figure = Figure(figsize=[inches + 1e-9 for inches in size], layout="constrained")
            self.canvas = FigureCanvasAgg(self.figure)
            mosaic = self.figure.subplot_mosaic(layout)
        self.axes = [mosaic[name] for name in names]
        self._fixed = [frozenset(ax.get_children()) for ax in self.axes]
        self._beside = frozenset(self.figure.get_children())
        self._ticks = {axis: _ticking(axis) for ax in self.axes for axis in (ax.xaxis, ax.yaxis)}
        self.dpi = self.figure.dpi
        self._kept = {}  # scale -> (decoration, its pixels)

    def play(self, values):
        """Call `draw` on axes that hold nothing of the last frame. Returns its sentence; a warning is an error."""
        for ax in self.axes:
            self._clear(ax)
        with rc_context(STYLE), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "", DeprecationWarning, "matplotlib|pyparsing")  # an old and a new one
            sentence = self._draw(*self.axes, **values)
        name = self._draw.__name__
        if beside := [a for a in self.figure.get_children() if a not in self._beside]:
            for artist in beside:
                artist.remove()
            raise ValueError(f"{name} must draw on its axes only, not beside them: {', '.join(type(a).__name__ for a in beside)}")
        if not isinstance(sentence, str) or not sentence.strip():
            raise ValueError(f"{name} must return one sentence that says what the picture shows; it returned {sentence!r}")
        return " ".join(sentence.split())

    def _clear(self, ax):
        """Take away what the last frame made and set, so that a picture depends on its values alone. `ax.clear` is slow."""
        for artist in [a for a in ax.get_children() if a not in self._fixed[self.axes.index(ax)]]:
            artist.remove()
        ax.set(xlabel="", ylabel="", xscale="linear", yscale="linear", xlim=(0, 1), ylim=(0, 1), autoscale_on=True)
        for loc in ("left", "center", "right"):
            ax.set_title("", loc=loc)
        for axis in (ax.xaxis, ax.yaxis):
            _set_ticking(axis, self._ticks[axis])
        ax.set_axis_on()
        ax.set_prop_cycle(None)
        ax.ignore_existing_data_limits = True  # for autoscaling, where draw sets no limits

    def pixels(self, scale):
        """The frame that was last played, as RGBA bytes of shape (height, width, 4), `scale` pixels per CSS pixel."""
        with rc_context(STYLE), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "", DeprecationWarning, "matplotlib|pyparsing")  # an old and a new one
            self.figure.dpi = self.dpi * scale
            afresh = self._afresh()
            kept, background = self._kept.get(scale, ((), None))
            before = [_decoration(ax) for ax in self.axes]
            if before not in kept:
                background = self._render_decoration(afresh)
                # Rendering changes tickers: one made afresh compares with what was there before it, one that stays with after it.
                self._kept[scale] = (before, [_decoration(ax) for ax in self.axes]), background
            self.canvas.restore_region(background)
            renderer = self.canvas.get_renderer()
            for artist in sorted(afresh, key=lambda a: a.get_zorder()):
                artist.draw(renderer)
            return np.asarray(self.canvas.buffer_rgba())

    def _afresh(self):
        """What is rendered for each frame: all that `draw` made, and the spines, which lie over an image and under a line."""
        pairs = zip(self.axes, self._fixed, strict=True)
        return [a for ax, fixed in pairs for a in ax.get_children() if a not in fixed or (isinstance(a, Spine) and ax.axison)]

    def _render_decoration(self, afresh):
        for artist in afresh:
            artist.set_animated(True)  # an animated artist is left out of a full draw
        if self.figure.get_layout_engine() is not None:
            # The layout is worked out on the first picture and then kept: axes that move while you slide hide the change.
            self.figure.draw_without_rendering()
            self.figure.set_layout_engine("none")
        self.canvas.draw()
        return self.canvas.copy_from_bbox(self.figure.bbox)


def _ticking(axis):
    return axis.get_major_locator(), axis.get_major_formatter(), axis.get_minor_locator(), axis.get_minor_formatter()


def _set_ticking(axis, ticking):
    major, formatter, minor, minor_formatter = ticking
    axis.set_major_locator(major)
    axis.set_major_formatter(formatter)
    axis.set_minor_locator(minor)
    axis.set_minor_formatter(minor_formatter)


def _decoration(ax):
    """All that the kept pixels of an axes depend on and that `draw` may change."""
    words = [ax.title, ax._left_title, ax._right_title, ax.xaxis.label, ax.yaxis.label]
    text = [(t.get_text(), t.get_color(), t.get_fontsize(), t.get_rotation(), t.get_visible()) for t in words]
    sides = [
        (
            (axis.get_visible(), axis.get_scale(), tuple(axis.get_view_interval())),
            _frozen([_ticking(axis), axis.get_tick_params("major"), axis.get_tick_params("minor")]),
        )
        for axis in (ax.xaxis, ax.yaxis)
    ]
    return text, sides, ax.axison, ax.get_aspect(), ax.get_facecolor(), ax.get_position(original=True).bounds


def _frozen(thing):
    """`thing` in a form that compares by content: two tickers made afresh for two frames are equal if they do the same."""
    if isinstance(thing, np.ndarray):
        return thing.shape, thing.tobytes()
    if isinstance(thing, dict):
        return tuple((key, _frozen(value)) for key, value in thing.items() if key != "axis")
    if isinstance(thing, list | tuple):
        return tuple(_frozen(part) for part in thing)
    if isinstance(thing, TickHelper):
        return type(thing), _frozen(vars(thing))
    return thing


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
