"""What the notebooks of live.py show: two figures (lines; an image field with lines), made in several ways.

    ours      lecturelib.live.figure
    asked     the same with nothing drawn ahead, so that the page must ask for every frame
    mixed     ours with a menu and a check box besides the sliders
    interact  ipywidgets.interact and plt.show, as nearly every course does it
    ipympl    ipympl with kept artists and set_data, as a careful user does it

All draw the identical picture. It carries the controls' values as a strip of black and white squares in its lower left corner, so
that nobody's bookkeeping is believed: a picture that shows the wrong values cannot pass. Imported by the notebooks' kernel and by
live.py.
"""

import os
import time
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 800, 360  # CSS pixels of each picture
LO, HI, STEP, START = 0.0, 2.0, 0.01, 0.3  # the slider of w; START is where it stands at first
STEPS = round((HI - LO) / STEP)
T_START, T_MOST = 50, 200
KINDS = ("tanh", "sine")
BITS, SQUARE = 19, 6  # squares in the strip, and the side of one in CSS pixels; the last is always black


# The figures, each drawn afresh (`draw`) and by changing kept artists (`update`) -------------------------------------


def code_of(w, T, kind=KINDS[0], dashed=True):
    """The controls' values in one number."""
    return round((w - LO) / STEP) | T << 8 | KINDS.index(kind) << 16 | dashed << 17


def squares_of(*values):
    return ["black" if bit == BITS - 1 or code_of(*values) >> bit & 1 else "white" for bit in range(BITS)]


def strip(ax, *values):
    from matplotlib.collections import PolyCollection

    x, y = SQUARE / WIDTH, SQUARE / HEIGHT
    squares = [[(i * x, 0), (i * x + x, 0), (i * x + x, y), (i * x, y)] for i in range(BITS)]
    style = {"facecolors": squares_of(*values), "lw": 0, "transform": ax.figure.transFigure, "clip_on": False}
    return ax.add_collection(PolyCollection(squares, **style, in_layout=False, zorder=9), autolim=False)


def orbit(w, T, kind=KINDS[0], h=0.3):
    """h(t) of one unit, and the gradient's size t steps back from the end."""
    path, squash = [h], np.tanh if kind == "tanh" else np.sin
    for _ in range(T - 1):
        path.append(squash(w * path[-1]))
    h = np.array(path)
    slopes = w * (1 - h[1:] ** 2 if kind == "tanh" else np.cos(w * h[:-1]))
    return h, np.append(np.cumprod(np.abs(slopes[::-1]) + 1e-12)[::-1], 1.0)


def sentence(w, T, kind=KINDS[0], dashed=True):
    _, size = orbit(w, T, kind)
    return f"w = {w:.2f}, T = {T}, {kind}, {'dashed' if dashed else 'solid'}: the gradient is multiplied by {size[0]:.4g}"


def field(w, steps=8):
    """Where two coupled tanh units stand after `steps`, from each start of a 300 x 200 grid."""
    x, y = np.meshgrid(np.linspace(-2, 2, 300, dtype=np.float32), np.linspace(-1.5, 1.5, 200, dtype=np.float32))
    for _ in range(steps):
        x, y = np.tanh(w * x + 0.4 * y), np.tanh(w * y - 0.4 * x)
    return x


def draw_lines(forward, backward, w, T, kind=KINDS[0], dashed=True):
    h, size = orbit(w, T, kind)
    forward.set(xlim=(0, T - 1), ylim=(-0.05, 1.05), xlabel="step t", ylabel="state h", title="forward")
    backward.set(xlim=(0, T - 1), ylim=(1e-12, 1e4), yscale="log", xlabel="step t", ylabel="|gradient|", title="backward")
    drawn = forward.plot(h)[0], backward.plot(size, "--" if dashed else "-", color="C1")[0]
    draw_lines.artists = [*drawn, strip(forward, w, T, kind, dashed)]
    backward.axhline(1, color="C4", lw=1)
    return sentence(w, T, kind, dashed)


def update_lines(axes, artists, w, T):
    for artist, y in zip(artists, orbit(w, T), strict=False):
        artist.set_data(np.arange(T), y)
    for ax in axes:
        ax.set_xlim(0, T - 1)
    artists[2].set_facecolor(squares_of(w, T))


def draw_field(plane, path, w, T, kind=KINDS[0], dashed=True):
    h, size = orbit(w, T, kind)
    plane.set(xlabel="start $h_1$", ylabel="start $h_2$", title="after 8 steps")
    path.set(xlim=(0, T - 1), ylim=(1e-12, 1e4), yscale="log", xlabel="step t", title="from one start")
    image = plane.imshow(field(w), vmin=-1, vmax=1, cmap="cividis", origin="lower", extent=(-2, 2, -1.5, 1.5), aspect="auto")
    drawn = path.plot(h + 1e-12)[0], path.plot(size, "--" if dashed else "-", color="C1")[0]
    draw_field.artists = [*drawn, strip(path, w, T, kind, dashed), image]
    return sentence(w, T, kind, dashed)


def update_field(axes, artists, w, T):
    h, size = orbit(w, T)
    for artist, y in zip(artists, (h + 1e-12, size), strict=False):
        artist.set_data(np.arange(T), y)
    axes[1].set_xlim(0, T - 1)
    artists[2].set_facecolor(squares_of(w, T))
    artists[3].set_data(field(w))


FIGURES = {"lines": (draw_lines, update_lines), "field": (draw_field, update_field)}


# The ways: what the notebooks' cells run -----------------------------------------------------------------------------


def start(log):
    """Once in the kernel: the same style for all, and a log of its process, and of when each widget message came and took how
    many milliseconds."""
    import ipympl.backend_nbagg  # noqa: F401  (it makes itself the backend of pyplot, so it comes before "inline")
    import ipywidgets
    import matplotlib.pyplot as plt
    from IPython import get_ipython

    plt.style.use(ROOT / "lecturelib" / "live" / "lecture.mplstyle")
    get_ipython().run_line_magic("matplotlib", "inline")
    handle, file = ipywidgets.Widget._handle_msg, Path(log).open("w")
    print(os.getpid(), file=file, flush=True)

    def timed(self, message):
        came, before = time.time(), time.perf_counter()
        try:
            handle(self, message)
        finally:
            print(came, 1e3 * (time.perf_counter() - before), file=file, flush=True)

    ipywidgets.Widget._handle_msg = timed


def ours(draw, update, ahead=True, mixed=False):
    from IPython.display import display

    from lecturelib import live

    os.environ["LIVE_DRAW_AHEAD"] = str(int(ahead))  # a figure reads it when it is made
    more = {"kind": live.choice(*KINDS), "dashed": live.toggle(True)} if mixed else {}
    w, T = live.slider(LO, HI, at=START, step=STEP), live.slider(2, T_MOST, at=T_START)
    display(live.figure(draw, w=w, T=T, **more))


def sliders():
    import ipywidgets

    w = ipywidgets.FloatSlider(START, min=LO, max=HI, step=STEP, description="w")
    return w, ipywidgets.IntSlider(T_START, min=2, max=T_MOST, description="T")


def interact(draw, update):
    import ipywidgets
    import matplotlib.pyplot as plt

    def picture(w, T):
        _, axes = plt.subplots(1, 2, figsize=(WIDTH / 100, HEIGHT / 100), layout="constrained")
        draw(*axes, w, T)
        plt.show()

    w, T = sliders()
    ipywidgets.interact(picture, w=w, T=T)


def ipympl(draw, update):
    import ipywidgets
    from ipympl.backend_nbagg import Canvas, FigureManager
    from IPython.display import display
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), layout="constrained")
    canvas = Canvas(figure)  # made without pyplot, whose current figures would show up in the cells of `interact`
    FigureManager(canvas, 0)
    canvas.header_visible = canvas.footer_visible = canvas.toolbar_visible = canvas.resizable = False
    axes = figure.subplots(1, 2)
    draw(*axes, START, T_START)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # a careful user lays out once
    artists, (w, T) = draw.artists, sliders()

    def moved(_):
        update(axes, artists, w.value, T.value)
        canvas.draw_idle()

    w.observe(moved, "value")
    T.observe(moved, "value")
    display(ipywidgets.VBox([w, T, canvas]))


WAYS = {"ours": ours, "asked": partial(ours, ahead=False), "mixed": partial(ours, mixed=True)}
WAYS |= {"interact": interact, "ipympl": ipympl}


def show(spot):
    """A spot is named for its way and its figure; more words tell it from others of the same kind."""
    way, name, *_ = spot.split()
    WAYS[way](*FIGURES[name])


def notebook(spots, log):
    """The notebook's JSON: a code cell for each spot, and below each a marker that must not move."""

    def cell(kind, source, **more):
        return {"cell_type": kind, "id": f"c{len(cells)}", "metadata": {}, "source": source, **more}

    code = partial(cell, "code", outputs=[], execution_count=None)
    cells = []
    cells.append(code(f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import ways; ways.start({log!r})"))
    for spot in spots:
        cells.append(code(f"ways.show({spot!r})"))
        cells.append(cell("markdown", f"below {spot}"))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
