"""A page of the site with its own Python: how long until a figure is live, and from a move to new pixels.

    .venv/bin/python benchmarks/pages.py [moves]

`make site` must have built dist/site. The moves are raced against JupyterLab on this machine, one Chromium, in turns; nothing is
drawn ahead in either, so each frame is asked for. A move lasts until the animation frame after the decoded picture.
"""

import os
import shutil
import sys

import numpy as np
from edition import editions, move, opened, watched
from lab import ROOT

BOOK, CELL, STARTS = "01-scalar-explosion", "live-linear", 3
READY, MOST, RATIO = 5.0, 20.0, 0.5  # seconds to the first live frame; milliseconds of a move, and its part of JupyterLab's
TOUCH = """async cell => {
  const figure = document.getElementById(cell), sliders = figure.querySelectorAll('input[type=range]');
  const caption = figure.querySelector('.live-caption'), before = caption.textContent, start = performance.now();
  sliders[1].value = +sliders[1].value + 1;
  sliders[1].dispatchEvent(new Event('input'));
  while (caption.textContent === before) await new Promise(requestAnimationFrame);
  return (performance.now() - start) / 1000;
}"""
MOVE = """async ([cell, k]) => {  // to a place where it has not been; the next move comes before it counts as resting
  const figure = document.getElementById(cell), slider = figure.querySelectorAll('input[type=range]')[1];
  const picture = figure.querySelector('.live-picture'), before = picture.src, start = performance.now();
  slider.value = 2 + k;
  slider.dispatchEvent(new Event('input'));
  while (picture.src === before) await new Promise(requestAnimationFrame);
  await picture.decode();
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""


def starts(browser, address):
    """Seconds from the first touch to the first live frame, each in a browser that has cached nothing."""
    took = []
    for _ in range(STARTS):
        context = browser.new_context()
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(address)
        page.wait_for_timeout(1500)
        took.append(page.evaluate(TOUCH, CELL))
        context.close()
    return took


def race(browser, address, lab, moves):
    """Milliseconds of the moves in the page and in JupyterLab, taken in turns."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_default_timeout(120_000)
    page.goto(address)
    page.get_by_role("button", name="Make this page live").click()
    page.locator("body.is-live").wait_for()
    twin = watched(opened(browser, lab.url(f"lab/tree/{BOOK}.ipynb")), CELL)
    took = {"page": [], "JupyterLab": []}
    page.evaluate(MOVE, [CELL, 0])
    move(twin, "Home")
    for k in range(1, moves + 1):
        took["JupyterLab"].append(move(twin, "ArrowRight"))  # always on, since a frame where it has been is kept
        page.bring_to_front()
        page.evaluate(MOVE, [CELL, 150 + k % 2])  # so that its picture is another one
        took["page"].append(page.evaluate(MOVE, [CELL, k]))
    return {where: np.quantile(times, (0.5, 0.95)) for where, times in took.items()}


def main(moves=40):
    """Print what was measured; gives whether the demands hold."""
    os.environ["LIVE_DRAW_AHEAD"] = "0"
    with editions() as (browser, lab, site):
        shutil.copy(ROOT / "notebooks" / f"{BOOK}.ipynb", lab.notebooks)
        ready = sorted(starts(browser, f"{site}/{BOOK}.html"))
        took = race(browser, f"{site}/{BOOK}.html", lab, moves)
    part = took["page"][0] / took["JupyterLab"][0]
    print(f"from the first touch to the first live frame: {', '.join(f'{s:.1f}' for s in ready)} s; at most {READY:g}")
    for where, (p50, p95) in took.items():
        print(f"a move in {where:10}: {p50:.1f} ms, p95 {p95:.1f}, n = {moves}")
    print(f"the page's is at most {MOST:g} ms, and {RATIO:g} of JupyterLab's: {part:.2f}")
    return ready[len(ready) // 2] <= READY and took["page"][0] <= MOST and part <= RATIO


if __name__ == "__main__":
    sys.exit(not main(*map(int, sys.argv[1:])))
