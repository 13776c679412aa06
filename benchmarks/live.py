"""From a control to new pixels, in real JupyterLab in real Chromium: `live.figure` against what other courses use.

    .venv/bin/python benchmarks/live.py [--only kept asked ahead walk memory] [--n 40] [--moves 2000]

    kept   frames that the browser keeps, with a network before JupyterLab
    asked  frames that the kernel is asked for, since nothing is drawn ahead
    ahead  from the focus on a slider to half of its stops kept
    walk   random moves of random controls: what is shown on the way and when they rest
    memory of the kernel and the browser in a longer walk

How it is fair: the ways that are compared stand in one notebook, on one kernel and one page, and take turns, so that a busy
machine slows all alike. A move lasts from the browser's key event to the first animation frame after a *decoded* picture with a
new strip (see ways.py) is in the page, whichever way it came there. Each row of the table has its demands in brackets.
"""

import argparse
import base64
import io
import json
import operator
import os
import random
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil  # it comes with ipykernel
import ways
from lab import Lab, Network, chromium
from PIL import Image

RATIOS = (1, 2)  # devicePixelRatio
TRIPS = {("lines", 1): (0.0, 0.08, 0.2)}  # seconds of a round trip to JupyterLab, for a figure and a ratio,
FEW_TRIPS = (0.0,)  # and for the others: where `interact` is fastest
WARM, ENOUGH, MOST = 2, 40, 50  # moves that do not count; for a demand on p50 or p95; before the slider's end
WALK, GROW = 2000, 2.5  # moves for the demands on a walk (over all ratios), and how many times as many on memory
FILL = 1000  # moves after which the page keeps as many frames as it may (200 for each figure)
SLIDERS = 5  # approached for the first time
HALF = 50  # stops of a slider of 100 steps, as `live.slider` makes them; the one here has twice as many, for the races
DRAG = 3.0  # seconds
SETTLE = 0.25  # seconds until nothing is under way after a move of ours, whose sharp picture comes later
PAUSE = 0.05  # the same for the other ways, and before each key
PAUSES = (0, 0, 0.03, 0.1)  # between the moves of a burst in a walk: some are faster than answers come
SLIDE = ("ArrowRight", "ArrowLeft", "PageUp", "PageDown", "Home", "End")
KEYS = (SLIDE, SLIDE, ("ArrowDown", "ArrowUp"), (" ",))  # of the controls in a walk
PATIENCE = 5.0  # seconds until a picture that is not right at rest is stale
KERNEL = "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel"


class Shown:
    """A notebook in JupyterLab behind `network`, all of its cells run, and its figures, named in `spots`, watched."""

    def __init__(self, bench, spots, ratio):
        self.network, self.spots = bench.network, spots
        title = f"{len(list(bench.lab.notebooks.iterdir()))}"
        self.log, path = bench.lab.folder / f"kernel-{title}.log", bench.lab.notebooks / f"{title}.ipynb"
        path.write_text(json.dumps(ways.notebook(spots, str(self.log))))
        self.page = page = bench.browser.new_page(viewport={"width": 1300, "height": 900}, device_scale_factor=ratio)
        page.set_default_timeout(60_000)
        page.goto(bench.lab.url(f"lab/workspaces/{title}/tree/{path.name}", self.network.port))
        page.wait_for_function(f"{KERNEL}?.status === 'idle' && document.querySelector('.jp-Notebook .jp-CodeCell')")
        strip = {"bits": ways.BITS, "square": ways.SQUARE, "width": ways.WIDTH, "height": ways.HEIGHT}
        page.evaluate(Path(__file__).with_name("watch.js").read_text(), strip)
        page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_function(f"bench.pictures() === {len(spots)}")
        page.wait_for_timeout(2000)  # ipympl settles its size in a few messages
        for index, spot in enumerate(spots):
            page.evaluate("([spot, index]) => bench.add(spot, index)", [spot, 1 + 2 * index])
            if self.ask(spot, "state")[1] != ways.code_of(*self.ask(spot, "values")):
                raise RuntimeError(f"the first picture of {spot} is not that of its values: {self.ask(spot, 'state')}")

    def ask(self, spot, task, *more):
        return self.page.evaluate("bench.ask", [spot, task, *more])

    def rest(self, seconds):
        self.page.wait_for_timeout(1e3 * (seconds + self.network.trip))

    def quiet(self):
        """Wait until no frame of ours has come for a while."""
        count = -1
        while count != (count := self.page.evaluate("bench.blobs.length")):
            self.rest(2 * SETTLE)

    def close(self):
        self.page.close()

    def kernel(self):
        """The kernel's process, and its log: pairs of when a message came and the milliseconds that it took."""
        process, *log = self.log.read_text().splitlines()
        return psutil.Process(int(process)), [tuple(map(float, line.split())) for line in log]


# What is measured ----------------------------------------------------------------------------------------------------


def move(shown, spot):
    """One press of the right arrow. Milliseconds until the new picture is shown, and the kernel's part of it; frames of ours
    that came meanwhile."""
    shown.ask(spot, "reach")
    shown.ask(spot, "focus", 0)
    shown.ask(spot, "arm")
    shown.page.wait_for_timeout(1e3 * PAUSE)
    pressed = time.time()
    shown.page.keyboard.press("ArrowRight")
    took, code, came = shown.ask(spot, "next") or (0, None, 0)
    seen = time.time()
    if code != ways.code_of(*shown.ask(spot, "values")):
        raise RuntimeError(f"{spot} shows {code} at {shown.ask(spot, 'values')}")
    shown.rest(PAUSE if spot.startswith(("interact", "ipympl")) else SETTLE)
    return took, sum(took for began, took in shown.kernel()[1] if pressed < began < seen), came


def race(shown, spots, n):
    """Move in turns. Returns what was measured of each spot; it is compared with the last. The first is ours."""
    moves = np.array([[move(shown, spot) for spot in spots] for _ in range(n + WARM)][WARM:])
    (took, kernel, came), measured = np.moveaxis(moves, 2, 0), []
    for k in range(len(spots)):
        p50, p95 = np.percentile(took[:, k], (50, 95))
        faster = np.median(took[:, -1]) / p50
        measured.append({"p50 ms": p50, "p95 ms": p95, "times faster": faster, "kernel ms": np.median(kernel[:, k])})
    measured[0]["asked"] = (came[:, 0] > 0).sum()
    return measured


def drag(shown, spot):
    """Frames a second in a drag, how many came from the kernel, and how many animation frames there were."""
    shown.ask(spot, "reach")
    shown.rest(SETTLE)
    mouse, (x, y, width, height) = shown.page.mouse, shown.ask(spot, "handle")
    mouse.move(x + width / 2, y + height / 2)
    mouse.down()
    seen = shown.ask(spot, "drag", 1e3 * DRAG)
    mouse.up()
    mouse.move(0, 0)
    shown.rest(SETTLE)
    return seen


def walk(shown, moves, pauses, look=True):
    """Random moves of random controls. How many there were, and if we look, how often at rest the
    picture or the sentence was wrong, and on the way the layout jumped or the picture was blank."""
    seen, dice = Counter(), random.Random(1)
    while seen["moves"] < moves:
        spot = dice.choice(shown.spots)
        shown.ask(spot, "reach")
        if not look:
            seen["moves"] += burst(shown, spot, dice, pauses)
            shown.rest(SETTLE)
            continue
        shown.ask(spot, "begin")
        with Film(shown.page, shown.ask(spot, "picture")) as film:
            seen["moves"] += burst(shown, spot, dice, pauses)
            right = settled(shown, spot)
            shown.rest(SETTLE)
        right = right and settled(shown, spot, 0)
        seen.update(stale=not right, jumps=shown.ask(spot, "end"), rests=1, blank=film.blank, films=film.frames)
    return seen


def burst(shown, spot, dice, pauses):
    """Some moves, most of one control and all of one speed. How many there were: at a slider's end a key may be none."""
    hand, pause, values = dice.randrange(len(KEYS)), dice.choice(pauses), []
    for _ in range(dice.randrange(1, 40)):
        k = hand if dice.random() < 0.8 else dice.randrange(len(KEYS))
        values.append(shown.ask(spot, "focus", k))
        shown.page.keyboard.press(dice.choice(KEYS[k]))
        shown.page.wait_for_timeout(1e3 * pause)  # unlike sleep, it lets the film go on
    values.append(shown.ask(spot, "values"))
    return sum(before != after for before, after in pairwise(values))


def settled(shown, spot, patience=PATIENCE):
    """Whether the picture and the sentence are those of the controls' values, at the latest after `patience` seconds."""
    start = time.perf_counter()
    while True:
        values, code, text = shown.ask(spot, "state")
        if code == ways.code_of(*values) and text == ways.sentence(*values):
            return True
        if time.perf_counter() - start > patience:
            return False
        shown.page.wait_for_timeout(20)


class Film:
    """The frames that Chromium composes, and those in which the picture's place is all of one colour."""

    def __init__(self, page, box):
        x, y, width, height = box
        self.box, self.frames, self.blank = (x + 4, y + 4, x + width - 4, y + height - 4), 0, 0
        self.session = page.context.new_cdp_session(page)
        self.session.on("Page.screencastFrame", self.keep)

    def __enter__(self):
        self.session.send("Page.startScreencast", {"format": "jpeg", "quality": 50, "maxWidth": 650, "maxHeight": 450})
        return self

    def __exit__(self, *_):
        self.session.send("Page.stopScreencast")
        self.session.detach()

    def keep(self, frame):
        self.session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})
        image = Image.open(io.BytesIO(base64.b64decode(frame["data"]))).convert("L")
        scale = image.width / frame["metadata"]["deviceWidth"]
        self.frames += 1
        self.blank += np.ptp(np.asarray(image.crop([round(scale * edge) for edge in self.box]))) < 40


# The parts: each gives rows, of what was measured, how often, how often it must be, the measures, and the demands ----


def kept(bench, options):
    for name, ratio in product(ways.FIGURES, RATIOS):
        spots = [f"{way} {name}" for way in ("ours", "interact")]
        shown = bench.shown(spots, ratio)
        keep_all(shown, spots[0])
        trips, races = TRIPS.get((name, ratio), FEW_TRIPS), []
        for shown.network.trip in trips:  # all races before a drag, since they go on to the right from where the last ended
            races.append(race(shown, spots, options.n))
        for shown.network.trip, (ours, interact) in zip(trips, races, strict=True):
            fps, asked = drag(shown, spots[0])
            ours |= {"frames/s": fps, "asked": ours["asked"] + asked}
            where = f"{name}, {ratio}x, {1e3 * shown.network.trip:.0f} ms away"
            yield Row(f"kept: {where}", options.n, ENOUGH, ours, KEPT)
            yield Row(f"interact: {where}", options.n, ENOUGH, interact, {})
        shown.close()


def keep_all(shown, spot):
    """Move back and forth until all stops of the slider are kept: until a rest brings no frames but the sharp one."""
    shown.ask(spot, "reach")
    shown.ask(spot, "focus", 0)
    came = ways.STEPS
    while came > 2:
        before = shown.page.evaluate("bench.blobs.length")
        for key in ("ArrowRight", "ArrowLeft"):
            shown.page.keyboard.press(key)
            shown.quiet()
        came = shown.page.evaluate("bench.blobs.length") - before


def asked(bench, options):
    for name, ratio in product(ways.FIGURES, RATIOS):
        spots = [f"{way} {name}" for way in ("asked", "ipympl", "interact")]
        shown = bench.shown(spots, ratio)
        measured = race(shown, spots, options.n)
        demands = {"times faster": ">= 6", "kernel ms": KERNEL_MOST[name], "p95 ms": f"< {measured[1]['p95 ms']:.1f}"}
        demands["asked"] = f">= {options.n}"  # else it was not the kernel that was measured
        for spot, row in zip(spots, measured, strict=True):
            yield Row(f"{spot}, {ratio}x", options.n, ENOUGH, row, demands if spot.startswith("asked") else {})
        shown.close()


def ahead(bench, options):
    """A figure is approached for the first time only once, so there are several of them."""
    for ratio in RATIOS:
        shown, took = bench.shown([f"ours lines {k}" for k in range(SLIDERS)], ratio), []
        for spot in shown.spots:
            shown.ask(spot, "reach")
            shown.quiet()
            before, start = shown.page.evaluate("bench.blobs.length"), shown.ask(spot, "approach")
            shown.rest(2)  # the demand is far shorter
            shown.quiet()
            came = shown.page.evaluate("bench.blobs")[before:]
            took.append((came[HALF - 1] - start if len(came) >= HALF else np.inf, len(came)))
        slowest, fewest = max(took)[0], min(count for _, count in took)
        measures = {"slowest ms": slowest, "fewest frames": fewest}
        yield Row(f"ahead: half of the stops, lines, {ratio}x", SLIDERS, SLIDERS, measures, {"slowest ms": "<= 700"})
        shown.close()


def walks(bench, options):
    seen = Counter()
    for ratio in RATIOS:
        shown = bench.shown([f"mixed {name}" for name in ways.FIGURES], ratio)
        seen += walk(shown, options.moves / len(RATIOS), PAUSES)
        shown.close()
    measures = {name: seen[name] for name in ("stale", "blank", "jumps", "rests", "films")}
    yield Row("walk", seen["moves"], WALK, measures, dict.fromkeys(("stale", "blank", "jumps"), "<= 0"))


def memory(bench, options):
    """At 2x, where pictures are larger, without a look at them, for which the browser would keep their pixels, and without
    pauses, for time's sake. In one figure: JupyterLab keeps some 250 nodes each time another cell becomes the active one, whoever
    made the figures."""
    shown = bench.shown(["mixed lines"], max(RATIOS))
    walk(shown, FILL, (0,), look=False)  # what is loaded on first use, and kept until there are enough, is no growth
    before = bench.memory(shown)
    seen = walk(shown, GROW * options.moves, (0,), look=False)
    after = bench.memory(shown)
    growth = {name: after[name] - before[name] for name in before}
    yield Row("memory", seen["moves"], GROW * WALK, growth, {"kernel MB": "<= 5", "browser MB": "<= 60"})
    shown.close()


PARTS = {"kept": kept, "asked": asked, "ahead": ahead, "walk": walks, "memory": memory}
KEPT = {"p50 ms": "<= 20", "p95 ms": "<= 34", "times faster": ">= 12", "frames/s": ">= 50", "asked": "<= 0"}
KERNEL_MOST = {"lines": "<= 10", "field": "<= 16"}


# The table -----------------------------------------------------------------------------------------------------------

HOLDS = {"<": operator.lt, "<=": operator.le, ">=": operator.ge}


class Row(NamedTuple):
    what: str
    n: int
    enough: int
    measures: dict
    demands: dict

    def failed(self):
        """The names of the demands that are not met."""
        bounds = {name: demand.split() for name, demand in self.demands.items()}
        return [name for name, (sign, bound) in bounds.items() if not HOLDS[sign](self.measures[name], float(bound))]

    def verdict(self):
        if self.failed():
            return "FAILS: " + ", ".join(self.failed())
        return "" if not self.demands else "OK" if self.n >= self.enough else f"not measured: n < {self.enough}"

    def __str__(self):
        demands = {name: f" ({demand})" for name, demand in self.demands.items()}
        cells = ", ".join(f"{name} {value:.4g}{demands.get(name, '')}" for name, value in self.measures.items())
        return f"{self.what:32} n = {self.n:<4}  {cells}  {self.verdict()}"


class Bench:
    """JupyterLab behind a network, and a browser."""

    def __init__(self, lab, browser):
        self.lab, self.network, self.browser = lab, Network(lab.port), browser

    def shown(self, spots, ratio):
        self.network.trip = 0.0
        return Shown(self, spots, ratio)

    def memory(self, shown):
        """MB of the kernel (resident) and of all processes of the browser (a page that k of them share counts 1/k for each).

        Chromium keeps pictures as long as there is room. It is told first that memory is short, so that these do not count.
        """
        shown.rest(1)
        session, page = self.browser.new_browser_cdp_session(), shown.page.context.new_cdp_session(shown.page)
        page.send("HeapProfiler.collectGarbage")
        page.send("Memory.simulatePressureNotification", {"level": "critical"})
        shown.rest(3)
        ids = [process["id"] for process in session.send("SystemInfo.getProcessInfo")["processInfo"]]
        session.detach()
        browser = sum(psutil.Process(process).memory_full_info().pss for process in ids)
        return {"kernel MB": shown.kernel()[0].memory_info().rss / 1e6, "browser MB": browser / 1e6}


def main(arguments=None):
    """Measure and print the table. Returns whether all demands are met."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="the parts to run")
    counts = {"choices": range(1, MOST + 1), "metavar": "N", "help": f"moves in a race, 1 to {MOST}"}
    parser.add_argument("--n", type=int, default=ENOUGH, **counts)
    parser.add_argument("--moves", type=int, default=WALK, help="moves in a walk")
    options = parser.parse_args(arguments)
    print("load:", *os.getloadavg(), flush=True)
    rows, flags = [], ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder)) as lab, sync_playwright() as play:
        bench = Bench(lab, play.chromium.launch(executable_path=chromium(), args=flags))
        for part in options.only:
            for row in PARTS[part](bench, options):
                rows.append(row)
                print(row, flush=True)
        bench.browser.close()
    print("load:", *os.getloadavg(), flush=True)
    return all(row.verdict() in ("", "OK") for row in rows)


if __name__ == "__main__":
    sys.exit(not main())
