"""The Mandelbrot set: how long z <- z^2 + c stays near 0, for each c of the complex plane (an aside of the lecture)."""

from typing import Any

import numpy as np

from lecturelib import expect


def plane(center: complex, width: float, shape: tuple[int, int]) -> np.ndarray:
    """The complex numbers at the centres of square pixels: shape (rows, cols), the top row first, `width` from side to side.

    ValueError: center is not a finite (complex) number; width is not positive; shape is not two whole numbers >= 1.
    """
    center, width = expect.one_number("center", center, "iufc"), expect.positive("width", width)
    if not isinstance(shape, tuple) or len(shape) != 2:
        expect.refuse("shape", "(rows, cols)", shape)
    rows, cols = (expect.whole("each of shape", n) for n in shape)
    expect.room("shape", rows, cols)
    across, down = np.arange(cols) - (cols - 1) / 2, np.arange(rows) - (rows - 1) / 2
    return center + (across - 1j * down[:, None]) * (width / cols)


def escape_time(c: expect.Numbers, steps: int, radius: float = 2.0) -> Any:
    """The number of iterations z <- z^2 + c from z = 0 until |z| > radius, at most `steps`.

    `c`: complex, any shape; returns integers of that shape, exactly those of a plain loop with z**2 + c and np.abs(z).
    ValueError: c is not finite; steps < 1; radius is not in 2 ... 1e100 (orbits return from outside a smaller circle).
    """
    c, steps = expect.floats("c", c, "iufc"), expect.whole("steps", steps, most=10**6)
    radius = expect.number("radius", radius, least=2, most=1e100)
    flat, counts, start = c.ravel().astype(complex, copy=False), np.full(c.size, steps), 0
    # A pool of points that fits into the cache: index in `flat`, steps taken, c and z. They advance in bursts of 12 steps:
    # a point that returns to exactly the same value is on a cycle (of length 1, 2, 3, 4, 6 or 12) and never escapes.
    size, burst = 20_000, 12
    pool = tuple(np.empty(0, kind) for kind in (int, int, complex, complex))
    with np.errstate(all="ignore"):  # a burst can end far beyond the radius, even at nan
        while start < flat.size or pool[0].size:
            if start < flat.size and pool[0].size <= size // 2:
                i = start + np.flatnonzero(_undecided(flat[start : start + size]))
                new = i, np.ones(i.size, int), flat[i], flat[i]
                pool, start = tuple(np.append(a, b) for a, b in zip(pool, new, strict=True)), start + size
            where, taken, own, z = pool
            before = z.copy()
            _advance(z, own, burst)
            keep = _inside(z, radius)
            if not keep.all():
                out = np.flatnonzero(~keep)
                counts[where[out]] = np.minimum(taken[out] + _steps_inside(before[out], own[out], burst, radius), steps)
            taken += burst
            keep &= (taken < steps) & (z != before)
            if not keep.all():
                pool = tuple(a[keep] for a in pool)
    return counts.reshape(c.shape)[()]


def _undecided(c):
    """False where c is in the main cardioid or the disc of period 2, which never escape (closed forms)."""
    x, y2 = c.real.copy(), np.square(c.imag)
    q = np.square(x - 0.25) + y2
    return (q * (q + x - 0.25) > 0.25 * y2) & (np.square(x + 1) + y2 > 0.0625) | (q > 9)  # far out both sides may be inf


def _advance(z, c, steps):
    for _ in range(steps):
        np.square(z, out=z)
        np.add(z, c, out=z)


def _inside(z, radius):
    """np.abs(z) <= radius in a third of the time: the root is computed only where rounding could matter."""
    parts = np.square(z.view(float))
    size = parts[::2] + parts[1::2]
    inside, rim = size <= radius**2 * (1 - 1e-9), size <= radius**2 * (1 + 1e-9)
    rim ^= inside
    if rim.any():
        inside[rim] = np.abs(z[rim]) <= radius
    return inside


def _steps_inside(z, c, steps, radius):
    """How many of z and its next steps - 1 images have |z| <= radius, by bisection: an escaped point stays outside."""
    if steps == 1:
        return _inside(z, radius)
    ahead, half = z.copy(), steps // 2
    _advance(ahead, c, half)
    there = _inside(ahead, radius)
    return half * there + _steps_inside(np.where(there, ahead, z), c, steps - half, radius)
