"""From a slider to new pixels, in real JupyterLab in real Chromium: `live.figure` against what other courses use.

Two figures (lines; an image field with lines), each made in three ways that draw the identical picture:

    ours      lecturelib.live.figure
    interact  ipywidgets.interact and plt.show, as nearly every course does it
    ipympl    ipympl with kept artists and set_data, as a careful user does it

How it is fair: all ways stand in one notebook, on one kernel and one page, and take turns, so that a busy machine slows all
alike. Every picture carries the slider's position as a strip of black and white squares in its lower left corner. A move lasts
from the browser's key event to the first animation frame after a *decoded* picture with a new strip is in the page, whichever
way it came there. Nothing of a way's own bookkeeping is believed, and a picture that shows the wrong value cannot pass.

This file is imported at both ends: by the notebook's kernel (`show`) and by the program that drives the browser (`main`).
"""

import argparse
import base64
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WAYS = ("ours", "interact", "ipympl")
RATIOS = (1, 2)  # devicePixelRatio
WIDTH, HEIGHT = 800, 360  # CSS pixels of each picture
LO, HI, STEP, START = 0.0, 2.0, 0.01, 0.8  # the slider that is moved; START is where it stands at first
BITS, SQUARE = 9, 6  # squares in the strip, and the side of one in CSS pixels; the last is always black
WARM = 2  # moves that do not count
DRAG, FILM = 3.0, 1.0  # seconds
SETTLE, PAUSE = 0.35, 0.1  # seconds until nothing is under way: after a move of ours, whose sharp picture comes later; else


# The figures, each drawn afresh (`draw`) and by changing kept artists (`update`) -------------------------------------


def strip(ax, w):
    """The slider's position in binary, as squares in the picture's lower left corner."""
    from matplotlib.collections import PolyCollection

    x, y = SQUARE / WIDTH, SQUARE / HEIGHT
    squares = [[(i * x, 0), (i * x + x, 0), (i * x + x, y), (i * x, y)] for i in range(BITS)]
    return ax.add_collection(
        PolyCollection(
            squares, facecolors=squares_of(w), lw=0, transform=ax.figure.transFigure, clip_on=False, in_layout=False, zorder=9
        ),
        autolim=False,
    )


def code_of(w):
    return round((w - LO) / STEP)


def squares_of(w):
    return ["black" if bit == BITS - 1 or code_of(w) >> bit & 1 else "white" for bit in range(BITS)]


def orbit(w, T, h=0.3):
    """h(t) of one tanh unit, and the gradient's size t steps back from the end."""
    path = [h]
    for _ in range(T - 1):
        path.append(np.tanh(w * path[-1]))
    h = np.array(path)
    slopes = w * (1 - h[1:] ** 2)
    return h, np.append(np.cumprod(np.abs(slopes[::-1]) + 1e-12)[::-1], 1.0)


def field(w, steps=8):
    """Where two coupled tanh units stand after `steps`, from each start of a 300 x 200 grid."""
    x, y = np.meshgrid(np.linspace(-2, 2, 300, dtype=np.float32), np.linspace(-1.5, 1.5, 200, dtype=np.float32))
    for _ in range(steps):
        x, y = np.tanh(w * x + 0.4 * y), np.tanh(w * y - 0.4 * x)
    return x


def decorate_lines(forward, backward, T):
    forward.set(xlim=(0, T - 1), ylim=(-0.05, 1.05), xlabel="step t", ylabel="state h", title="forward")
    backward.set(xlim=(0, T - 1), ylim=(1e-12, 1e4), yscale="log", xlabel="step t", ylabel="|gradient|", title="backward")


def draw_lines(forward, backward, w, T):
    h, size = orbit(w, T)
    decorate_lines(forward, backward, T)
    artists = [forward.plot(h)[0], backward.plot(size, "--", color="C1")[0], strip(forward, w)]
    artists.append(backward.axhline(1, color="C4", lw=1))
    draw_lines.artists = artists
    return f"w = {w:.2f}, T = {T}: the gradient is multiplied by {size[0]:.4g}"


def update_lines(axes, artists, w, T):
    h, size = orbit(w, T)
    for artist, y in zip(artists, (h, size), strict=False):
        artist.set_data(np.arange(T), y)
    for ax in axes:
        ax.set_xlim(0, T - 1)
    artists[2].set_facecolor(squares_of(w))


def draw_field(plane, path, w, T):
    h, size = orbit(w, T)
    plane.set(xlabel="start $h_1$", ylabel="start $h_2$", title="after 8 steps")
    path.set(xlim=(0, T - 1), ylim=(1e-12, 1e4), yscale="log", xlabel="step t", title="from one start")
    image = plane.imshow(field(w), vmin=-1, vmax=1, cmap="cividis", origin="lower", extent=(-2, 2, -1.5, 1.5), aspect="auto")
    draw_field.artists = [image, path.plot(h + 1e-12)[0], path.plot(size, "--", color="C1")[0], strip(path, w)]
    return f"w = {w:.2f}, T = {T}: the gradient is multiplied by {size[0]:.4g}"


def update_field(axes, artists, w, T):
    h, size = orbit(w, T)
    artists[0].set_data(field(w))
    for artist, y in zip(artists[1:], (h + 1e-12, size), strict=False):
        artist.set_data(np.arange(T), y)
    axes[1].set_xlim(0, T - 1)
    artists[3].set_facecolor(squares_of(w))


FIGURES = {"lines": (draw_lines, update_lines), "field": (draw_field, update_field)}


# The ways: what the notebook's cells run -----------------------------------------------------------------------------


def start(log):
    """Once in the kernel: the same style and picture size for all, and a log of the time spent on each widget message."""
    import ipympl.backend_nbagg  # noqa: F401  (it makes itself the backend of pyplot, so it comes before "inline")
    import ipywidgets
    import matplotlib.pyplot as plt
    from IPython import get_ipython

    plt.style.use(ROOT / "lecturelib" / "live" / "lecture.mplstyle")
    get_ipython().run_line_magic("matplotlib", "inline")
    handle, file = ipywidgets.Widget._handle_msg, Path(log).open("a")

    def timed(self, message):
        before = time.perf_counter()
        try:
            handle(self, message)
        finally:
            print(1e3 * (time.perf_counter() - before), file=file, flush=True)

    ipywidgets.Widget._handle_msg = timed


def show(way, name):
    {"ours": ours, "interact": interact, "ipympl": ipympl}[way](*FIGURES[name])


def ours(draw, update):
    from IPython.display import display

    from lecturelib import live

    display(live.figure(draw, w=live.slider(LO, HI, at=START, step=STEP), T=live.slider(2, 200, at=50)))


def sliders():
    import ipywidgets

    w = ipywidgets.FloatSlider(START, min=LO, max=HI, step=STEP, description="w")
    return w, ipywidgets.IntSlider(50, min=2, max=200, description="T")


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
    draw(*axes, START, 50)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # a careful user lays out once
    artists, (w, T) = draw.artists, sliders()

    def moved(_):
        update(axes, artists, w.value, T.value)
        canvas.draw_idle()

    w.observe(moved, "value")
    T.observe(moved, "value")
    display(ipywidgets.VBox([w, T, canvas]))


def notebook(log):
    """The notebook's JSON: a code cell for each way and figure, and below each a marker that must not move."""

    def cell(kind, source, **more):
        return {"cell_type": kind, "id": f"c{abs(hash(source)) % 10**8}", "metadata": {}, "source": source, **more}

    def code(source):
        return cell("code", source, outputs=[], execution_count=None)

    cells = [code(f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import live as bench; bench.start({log!r})")]
    for name in FIGURES:
        for way in WAYS:
            cells += [code(f"bench.show({way!r}, {name!r})"), cell("markdown", f"below {way} {name}")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}


# In the page ---------------------------------------------------------------------------------------------------------

WATCH = """(() => {
  const [BITS, SQUARE, WIDTH, HEIGHT] = %s, spots = {};
  let input = 0;
  for (const kind of ['keydown', 'mousemove']) addEventListener(kind, e => { input = e.timeStamp; }, true);

  const small = new OffscreenCanvas(BITS * SQUARE, SQUARE).getContext('2d', {willReadFrequently: true});
  const read = picture => {  // the number in the strip, or -1
    const width = picture.naturalWidth || picture.width, height = picture.naturalHeight || picture.height;
    const scale = Math.round(width / WIDTH), w = BITS * SQUARE, h = SQUARE;
    const x = (width / scale - WIDTH) / 2, y = (height / scale - HEIGHT) / 2;  // the inline backend adds a narrow margin
    small.drawImage(picture, x * scale, height - (h + y) * scale, w * scale, h * scale, 0, 0, w, h);
    const pixels = small.getImageData(0, h / 2, w, 1).data;
    let code = 0;
    for (let bit = 0; bit < BITS; bit++) if (pixels[4 * Math.floor((bit + 0.5) * SQUARE)] < 128) code |= 1 << bit;
    return code >> (BITS - 1) ? code & ((1 << BITS - 1) - 1) : -1;
  };

  // Every way ends here, with a picture in the page that is decoded. It is shown by the next animation frame; the strip is read
  // after the clock, and counts only if it differs from the last (a sharper picture of the same value is no new frame).
  const arrived = (spot, picture) => requestAnimationFrame(() => {
    const now = performance.now(), code = read(picture);
    if (code === spot.code || code < 0) return;
    spot.code = code;
    spot.frames.push([now, code]);
    if (spot.wake) spot.wake(now);
  });
  const image = (spot, img) => img.decode().then(() => arrived(spot, img), () => {});  // refused when a newer picture replaced it
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...args) {
    draw.apply(this, args);
    for (const spot of Object.values(spots)) if (spot.cell.contains(this.canvas)) arrived(spot, this.canvas);
  };

  const cells = () => [...document.querySelectorAll('.jp-Notebook .jp-Cell')];
  const picture = spot => spot.cell.querySelector('.jp-OutputArea-output canvas, .jp-OutputArea-output img');
  const add = (name, index) => {
    const spot = spots[name] = {cell: cells()[index], below: cells()[index + 1], frames: [], code: null};
    new MutationObserver(changes => {
      for (const change of changes) {
        if (change.type === 'attributes') { image(spot, change.target); continue; }
        for (const node of change.addedNodes) if (node.querySelectorAll) {
          const inside = node.matches('img') ? [node] : node.querySelectorAll('img');
          inside.forEach(img => image(spot, img));
        }
      }
    }).observe(spot.cell, {childList: true, subtree: true, attributes: true, attributeFilter: ['src']});
    spot.code = read(picture(spot));
    return spot.code;
  };

  // A move: `arm`, then the key, then `next` gives the milliseconds and the value shown.
  const arm = name => { const spot = spots[name]; spot.shown = new Promise(done => { spot.wake = done; }); };
  const next = async name => { const t = await spots[name].shown; return [t - input, spots[name].code]; };

  // A drag: at each animation frame, whether there is a picture, and whether it or what stands below it has moved.
  const sample = spot => {
    const shown = picture(spot), seat = shown && shown.getBoundingClientRect(), top = spot.cell.getBoundingClientRect().top;
    if (!seat || seat.width < 2 || seat.height < 2) spot.blank++;
    const edges = [seat ? seat.top : 0, seat ? seat.bottom : 0, spot.below.getBoundingClientRect().top];
    const place = edges.map(edge => Math.round(edge - top)).join();
    if (spot.place && spot.place !== place) spot.jumps++;
    spot.place = place;
    if (spot.sampling) requestAnimationFrame(() => sample(spot));
  };
  const begin = name => sample(Object.assign(spots[name], {frames: [], blank: 0, jumps: 0, place: '', sampling: true}));
  const end = name => {
    const {frames, blank, jumps} = Object.assign(spots[name], {sampling: false});
    return {frames, blank, jumps, last: input};
  };

  const box = element => { const b = element.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; };
  const handle = name => spots[name].cell.querySelector('.noUi-handle');
  window.bench = {
    add, arm, next, begin, end,
    focus: name => handle(name).focus({preventScroll: true}),
    track: name => box(handle(name).closest('.noUi-base')),
    handle: name => box(handle(name)),
    picture: name => box(picture(spots[name])),
    pictures: () => cells().filter(cell => picture({cell})).length,
    shows: name => spots[name].code,
    reach: name => spots[name].cell.scrollIntoView({block: 'center', behavior: 'instant'}),
    readout: name => Number(spots[name].cell.querySelector('.widget-readout').textContent),
  };
})()"""


# The program that drives it ------------------------------------------------------------------------------------------

OWN = ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
OWN += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def chromium():
    """The system's Chromium; None, if there is none, stands for the one that Playwright installs."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Lab:
    """A real `jupyter lab` on 127.0.0.1 with its token, in a folder of its own, as if on a fresh account."""

    def __init__(self, folder):
        self.folder, self.notebooks = folder, folder / "notebooks"
        self.notebooks.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.token = os.urandom(16).hex()
        own = {name: folder / name.lower() for name in OWN}
        for path in own.values():
            path.mkdir()
        news = own["JUPYTER_CONFIG_DIR"] / "labconfig" / "page_config.json"  # no question about news
        news.parent.mkdir()
        news.write_text('{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}')
        path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))
        environment = os.environ | {name: str(path) for name, path in own.items()} | dict.fromkeys(THREADS, "1")
        environment |= {"PYTHONPATH": path, "JUPYTER_TOKEN": self.token}
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True"]
        command += [f"--port={self.port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"]
        command += [f"--ServerApp.root_dir={self.notebooks}"]
        self.out = (folder / "lab.log").open("w")
        self.process = subprocess.Popen(command, env=environment, cwd=folder, stdout=self.out, stderr=subprocess.STDOUT)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}?token={self.token}"

    def __enter__(self):
        for _ in range(300):
            try:
                urllib.request.urlopen(self.url("api/status"), timeout=5).close()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        self.__exit__()
        raise RuntimeError("jupyter lab did not start:\n" + Path(self.out.name).read_text()[-2000:])

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.out.close()


def open_page(browser, lab, path, ratio):
    """Open the notebook on a page with this devicePixelRatio, run all its cells, and watch each figure."""
    page = browser.new_page(viewport={"width": 1300, "height": 900}, device_scale_factor=ratio)
    page.goto(lab.url(f"lab/workspaces/at-{ratio}/tree/{path}"))
    kernel = "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel"
    page.wait_for_function(f"{kernel}?.status === 'idle' && document.querySelector('.jp-Notebook .jp-CodeCell')", timeout=60_000)
    page.evaluate(WATCH % json.dumps([BITS, SQUARE, WIDTH, HEIGHT]))
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(f"bench.pictures() === {len(FIGURES) * len(WAYS)}", timeout=60_000)
    page.wait_for_timeout(2000)  # ipympl settles its size in a few messages
    for index, (name, way) in enumerate((name, way) for name in FIGURES for way in WAYS):
        spot = f"{way} {name}"
        code = page.evaluate("([spot, index]) => bench.add(spot, index)", [spot, 1 + 2 * index])
        if code != code_of(START):
            raise RuntimeError(f"the first picture of {spot} shows {code}, not {code_of(START)}")
    return page


def move(page, spot, log):
    """One press of the right arrow: milliseconds until the new picture is shown, and the kernel's part of it."""
    page.evaluate("spot => { bench.reach(spot); bench.focus(spot); bench.arm(spot); }", spot)
    page.wait_for_timeout(1e3 * PAUSE)
    known = log.stat().st_size
    wanted = page.evaluate("bench.readout", spot) + STEP
    page.keyboard.press("ArrowRight")
    shown, code = page.evaluate("bench.next", spot)
    if code != code_of(wanted):
        raise RuntimeError(f"{spot} shows {code}, not {code_of(wanted)}")
    page.wait_for_timeout(1e3 * (SETTLE if spot.startswith("ours") else PAUSE))
    kernel = sum(map(float, log.read_text()[known:].split()))
    return shown, kernel


def drag(page, spot, seconds):
    """Drag the handle back and forth, 60 mouse moves a second. Returns frames a second, the lag, blanks and jumps."""
    page.evaluate("bench.reach", spot)
    page.wait_for_timeout(1e3 * SETTLE)
    x, y, width, height = page.evaluate("bench.handle", spot)
    x, y, reach = x + width / 2, y + height / 2, 0.3 * page.evaluate("bench.track", spot)[2]
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("bench.begin", spot)
    start, count = time.perf_counter(), round(60 * seconds)
    for i in range(1, count + 1):
        swing = 4 * i / count + 0.03  # two times right, left and back, and ends a little off the start
        page.mouse.move(x + reach * (abs((swing + 3) % 4 - 2) - 1), y)
        time.sleep(max(0, start + i / 60 - time.perf_counter()))
    took = time.perf_counter() - start
    wanted = code_of(page.evaluate("bench.readout", spot))
    page.wait_for_function("([spot, code]) => bench.shows(spot) === code", arg=[spot, wanted], timeout=10_000)
    page.wait_for_timeout(1e3 * SETTLE)
    page.mouse.up()
    seen = page.evaluate("bench.end", spot)
    right, _ = seen["frames"][-1]  # a picture of the same value is not listed again, so this is the first one that is right
    lag = max(0, right - seen["last"])
    return {"fps": len(seen["frames"]) / took, "lag": lag, "blank": seen["blank"], "jumps": seen["jumps"]}


def film(page, spot):
    """Blank pictures among the frames that Chromium really composed in another, short drag."""
    page.evaluate("bench.reach", spot)
    x, y, width, height = page.evaluate("bench.picture", spot)
    frames, session = [], page.context.new_cdp_session(page)

    def keep(frame):
        frames.append(frame)
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", keep)
    session.send("Page.startScreencast", {"format": "jpeg", "quality": 60, "everyNthFrame": 1})
    drag(page, spot, FILM)
    session.remove_listener("Page.screencastFrame", keep)
    session.send("Page.stopScreencast")
    return sum(blank(frame, (x + 4, y + 4, x + width - 4, y + height - 4)) for frame in frames), len(frames)


def blank(frame, box):
    """Whether the picture's place is all of one colour."""
    image = Image.open(io.BytesIO(base64.b64decode(frame["data"]))).convert("L")
    scale = image.width / frame["metadata"]["deviceWidth"]
    return np.ptp(np.asarray(image.crop([round(scale * edge) for edge in box]))) < 40


def measure(page, log, name, n):
    """All ways of one figure on one page, taking turns. Returns a row of numbers for each way."""
    moves = {way: [] for way in WAYS}
    for _ in range(n + WARM):
        for way in WAYS:
            moves[way].append(move(page, f"{way} {name}", log))
    rows = {}
    for way in WAYS:
        shown, kernel = np.transpose(moves[way][WARM:])
        row = drag(page, f"{way} {name}", DRAG)
        blanks, filmed = film(page, f"{way} {name}")
        row |= {"p50": np.median(shown), "p95": np.percentile(shown, 95), "kernel": np.median(kernel)}
        row |= {"blank": row["blank"] + blanks, "filmed": filmed}
        rows[way] = row
    for way in WAYS:
        rows[way]["faster"] = rows["interact"]["p50"] / rows[way]["p50"]
    return rows


def measure_all(n):
    """Returns {(figure, devicePixelRatio): {way: row}}."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder)) as lab, sync_playwright() as play:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = play.chromium.launch(executable_path=chromium(), args=arguments)
        results = {}
        for ratio in RATIOS:
            log = lab.folder / f"kernel-{ratio}.log"
            path = lab.notebooks / f"bench-{ratio}.ipynb"
            path.write_text(json.dumps(notebook(str(log))))
            page = open_page(browser, lab, path.name, ratio)
            for name in FIGURES:
                results[name, ratio] = measure(page, log, name, n)
            page.close()
        browser.close()
    return results


# The report ----------------------------------------------------------------------------------------------------------

COLUMNS = {  # heading: how a row's number is written
    "p50 ms": "{p50:.0f}",
    "p95 ms": "{p95:.0f}",
    "faster": "{faster:.1f}x",
    "kernel ms": "{kernel:.1f}",
    "frames/s": "{fps:.1f}",
    "lag ms": "{lag:.0f}",
    "blank": "{blank}",
    "jumps": "{jumps}",
}


def table(results, markdown):
    lines = [["figure", "dpr", "way", *COLUMNS]]
    for (name, ratio), rows in results.items():
        lines += [[name, str(ratio), way, *(text.format(**row) for text in COLUMNS.values())] for way, row in rows.items()]
    if markdown:
        lines.insert(1, ["---"] * 3 + ["---:"] * len(COLUMNS))
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    pads = [str.ljust] * 3 + [str.rjust] * len(COLUMNS)
    return "\n".join("  ".join(pad(t, w) for pad, t, w in zip(pads, line, widths, strict=True)) for line in lines)


def demands(results):
    """(whether it holds, what is demanded) for each demand on each figure."""
    for (name, ratio), rows in results.items():
        ours, ipympl = rows["ours"], rows["ipympl"]
        where = f"{name}, devicePixelRatio {ratio}"
        yield ours["faster"] >= 6, f"{where}: at least 6x faster than interact at p50: {ours['faster']:.2f}x"
        yield ours["p95"] < ipympl["p95"], f"{where}: p95 under that of ipympl: {ours['p95']:.0f} < {ipympl['p95']:.0f} ms"
        yield ours["blank"] == 0, f"{where}: no blank frame: {ours['blank']} ({ours['filmed']} composed frames looked at)"
        yield ours["jumps"] == 0, f"{where}: no jump of the layout: {ours['jumps']}"


def main(arguments=None):
    """Measure, print the table and the demands. Returns whether all demands hold."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--n", type=int, default=20, help="moves of each way, figure and devicePixelRatio (default 20)")
    options.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = options.parse_args(arguments)
    results = measure_all(options.n)
    print(table(results, options.markdown), end="\n\n")
    held = list(demands(results))
    for holds, text in held:
        print("PASS" if holds else "FAIL", text)
    return all(holds for holds, _ in held)


if __name__ == "__main__":
    sys.exit(not main())
