"""The Mandelbrot set and the bifurcation diagram against the loops found in tutorials: `python benchmarks/maps.py`.

Ratios from one interleaved run: each repeat times ours and then every peer, and the medians are compared. One thread.
"""

import os
import statistics
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402  (the threads are counted when NumPy is loaded)

from lecturelib import mandelbrot, maps  # noqa: E402

REPEATS = 9
STEPS = 200
LINE = "{:50} {:8.1f} {:8.1f} {:6.1f}x   {}"
VIEWS = {  # left, right, bottom, top
    "whole set": (-2.0, 0.6, -1.2, 1.2),
    "seahorse valley": (-0.80, -0.70, 0.05, 0.15),
    "bulb of period 3": (-0.20, -0.05, 0.68, 0.80),
    "needle": (-1.80, -1.70, -0.03, 0.03),
}


def view(left, right, bottom, top, shape=(400, 600)):
    """The complex grid of a view, shape (rows, cols)."""
    return np.linspace(left, right, shape[1]) + 1j * np.linspace(top, bottom, shape[0])[:, None]


def masked_loop(c, steps):
    """The peer for `escape_time`: the plain masked NumPy loop."""
    z = np.zeros_like(c)
    n = np.zeros(c.shape, int)
    for _ in range(steps):
        mask = np.abs(z) <= 2
        z[mask] = z[mask] ** 2 + c[mask]
        n += mask
    return n


def double_loop(params, transient, keep):
    """The peer for `bifurcation`: a Python loop over parameters and steps."""
    settled = []
    for r in params.tolist():
        x, kept = 0.5, []
        for _ in range(transient):
            x = r * x * (1 - x)
        for _ in range(keep):
            kept.append(x)
            x = r * x * (1 - x)
        settled.append(kept)
    return np.array(settled)


def array_loop(params, transient, keep):
    """The better peer for `bifurcation`: a Python loop over steps, all parameters at once."""
    x, kept = np.full(len(params), 0.5), []
    for _ in range(transient):
        x = params * x * (1 - x)
    for _ in range(keep):
        kept.append(x)
        x = params * x * (1 - x)
    return np.array(kept).T


def compare(ours, *peers):
    """Median milliseconds of ours and of each peer, interleaved. They must agree, or the ratio means nothing."""
    ways = (ours, *peers)
    for peer in peers:
        assert np.array_equal(ours(), peer()), "the peer computes something else"
    times = [[] for _ in ways]
    for _ in range(REPEATS):
        for way, seconds in zip(ways, times, strict=True):
            start = time.perf_counter()
            way()
            seconds.append(time.perf_counter() - start)
    return [1e3 * statistics.median(seconds) for seconds in times]


def main():
    """Print the table."""
    print(f"{'what':50} {'ours ms':>8} {'peer ms':>8} {'faster':>7}   peer")
    for name, edges in VIEWS.items():
        c = view(*edges)
        ours, peer = compare(lambda c=c: mandelbrot.escape_time(c, STEPS), lambda c=c: masked_loop(c, STEPS))
        print(LINE.format(f"escape_time 600x400, {STEPS} steps, {name}", ours, peer, peer / ours, "masked NumPy loop"))
    params = np.linspace(2.5, 4, 800)
    ours, *times = compare(
        lambda: maps.bifurcation(maps.logistic, params, transient=500, keep=400),
        lambda: double_loop(params, 500, 400),
        lambda: array_loop(params, 500, 400),
    )
    for peer, name in zip(times, ("Python double loop", "NumPy loop over steps"), strict=True):
        print(LINE.format("bifurcation 800 columns x 400 after 500", ours, peer, peer / ours, name))


if __name__ == "__main__":
    main()
