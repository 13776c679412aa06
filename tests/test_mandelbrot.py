"""`mandelbrot` against the plain loop, and the area of the set."""

import math

import numpy as np
import pytest

from lecturelib import mandelbrot


def plain_loop(c, steps, radius=2.0):
    z, n = np.zeros_like(c), np.zeros(c.shape, int)
    for _ in range(steps):
        mask = np.abs(z) <= radius
        z[mask] = z[mask] ** 2 + c[mask]
        n += mask
    return n


@pytest.mark.parametrize(
    "center, width, steps, radius",
    [
        (-0.7, 3.0, 200, 2.0),
        (-0.75 + 0.1j, 0.1, 200, 2.0),  # seahorse valley
        (-0.125 + 0.74j, 0.15, 300, 2.0),  # the bulb of period 3: points found to be on a cycle
        (-1.76, 0.06, 500, 2.0),  # a small copy on the needle
        (0.2501, 1e-3, 400, 2.0),  # the cusp
        (-0.743643887037151 + 0.13182590420533j, 1e-6, 999, 2.0),
        (0, 8.0, 7, 2.0),  # mostly outside
        (-0.5, 3.0, 50, 100.0),
        (-0.5, 3.0, 50, 1e100),
        (0.1 + 0.6j, 0.5, 1, 2.0),
    ],
)
def test_escape_times_are_exactly_those_of_the_plain_loop(center, width, steps, radius):
    c = mandelbrot.plane(center, width, (120, 180))
    assert np.array_equal(mandelbrot.escape_time(c, steps, radius), plain_loop(c, steps, radius))


def test_escape_times_one_by_one():
    c = np.array([3, 2, 1, -2, 0.25, -0.75, 0, 1.2 + 1.6j, -2.0000001, 1e300j, 1.7e308 + 1.7e308j])
    assert mandelbrot.escape_time(c, 50).tolist() == [1, 2, 3, 50, 50, 50, 50, 2, 1, 1, 1]
    assert mandelbrot.escape_time(1.0, 50) == 3 and mandelbrot.escape_time(1.0, 2) == 2
    assert mandelbrot.escape_time(np.zeros((0, 3)), 5).shape == (0, 3)


def test_a_point_on_the_circle_is_counted_as_the_plain_loop_counts_it():
    x = np.arange(1, 2000) / 1000
    c = np.concatenate([x + 1j * np.sqrt(4 - x * x), -x - 1j * np.sqrt(4 - x * x)])
    assert ((np.abs(c) <= 2) != (c.real**2 + c.imag**2 <= 4)).any()  # rounding matters here
    assert np.array_equal(mandelbrot.escape_time(c, 9), plain_loop(c, 9))


def test_more_points_than_fit_the_pool_keep_their_places():
    c = np.linspace(-2.5, 1, 70_001) + 0.01j
    assert np.array_equal(mandelbrot.escape_time(c, 60), plain_loop(c, 60))


def test_the_area_of_the_mandelbrot_set():
    c = mandelbrot.plane(-0.75, 2.6, (1000, 1000))
    area = np.count_nonzero(mandelbrot.escape_time(c, 2000) == 2000) * (2.6 / 1000) ** 2
    assert area == pytest.approx(1.5065918, rel=0.01)


def test_the_plane():
    c = mandelbrot.plane(1 + 2j, 6.0, (2, 3))
    assert c.tolist() == [[-1 + 3j, 1 + 3j, 3 + 3j], [-1 + 1j, 1 + 1j, 3 + 1j]]


# -- bad input --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, names",
    [
        (lambda: mandelbrot.plane(math.nan, 1, (2, 2)), "center must be finite"),
        (lambda: mandelbrot.plane(0, 0, (2, 2)), "width must be a positive number, not 0"),
        (lambda: mandelbrot.plane(0, 1, 3), "shape must be .rows, cols."),
        (lambda: mandelbrot.plane(0, 1, (2, 2.5)), "each of shape must be a whole number"),
        (lambda: mandelbrot.escape_time([0, math.nan], 3), "c must be finite"),
        (lambda: mandelbrot.escape_time("c", 3), "c must be a number"),
        (lambda: mandelbrot.escape_time(0, 0), "steps must be a whole number >= 1"),
        (lambda: mandelbrot.escape_time(0, 5, radius=1.5), "radius must be a number from 2 to 1e.100, not 1.5"),
        (lambda: mandelbrot.escape_time(0, 5, radius=math.inf), "radius must be a number from 2 to"),
        (lambda: mandelbrot.escape_time(0, 5, radius=1e200), "radius must be a number from 2 to 1e.100, not 1e.200"),
    ],
)
def test_bad_input_is_refused_in_words(call, names):
    with pytest.raises(ValueError, match=names):
        call()
