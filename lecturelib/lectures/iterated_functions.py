"""Notebook 02, iterated functions: plateaus and walls, the bifurcation diagram, and the Mandelbrot set."""

from functools import cache, partial

import numpy as np

from lecturelib import expect, mandelbrot, maps
from lecturelib.plots import BACKWARD, DASHED, FORWARD, IDENTITY, INK, PAPER, decade_axis, fixed_ticks, log10, tangent
from lecturelib.probes import Exercise, number, signs

PLACES = (1 - np.cos(np.linspace(0, np.pi, 2001))) / 2  # denser near 0 and 1, where the repeated logistic map has its walls
VIEWS = {"0 to 1.2": (0, 1.2), "-1.6 to 1.6": (-1.6, 1.6)}  # of the cobweb: the slide's, and a wide one
R = np.linspace(2.6, 4, 211)  # the r axis of the bifurcation diagram
HERE = {"color": INK, "linewidth": 1.4, "linestyle": "-."}  # the vertical line at the parameter that is chosen


@expect.arguments(ax=expect.axes, f=maps.checked_map, at=expect.number)
def composed(ax, f, at):
    """y = f(x) on [0, 1], the diagonal, and the tangent at `at` (slide 7)."""
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="$x$", ylabel="$y$")
    ax.plot([0, 1], [0, 1], **IDENTITY)
    ax.plot(PLACES, f(PLACES), linewidth=1.8, **FORWARD)
    tangent(ax, f, at, 0.12 / np.hypot(1, f.d(at)))


@expect.arguments(ax=expect.axes, f=maps.checked_map, at=expect.number)
def slopes(ax, f, at):
    """log10 of |f'(x)| on [0, 1], and its median over x as a line (slide 7: 'dy/dx large' between plateaus)."""
    decade_axis(ax, 6, r"$|dy/dx|$")
    ax.set(xlim=(0, 1), xlabel="$x$")
    ax.axhline(0, **IDENTITY)
    ax.plot(PLACES, np.clip(log10(f.d(PLACES)), -30, 30), linewidth=1.2, color=BACKWARD["color"])
    median = log10(np.median(np.abs(f.d(np.linspace(0, 1, 1001)))))
    ax.axhline(np.clip(median, -6, 6), color=INK, linestyle=":", linewidth=2)
    ax.text(0.5, np.clip(median, -6, 5) + 0.25, "median", ha="center", color=INK, bbox=PAPER)
    ax.plot(at, np.clip(log10(f.d(at)), -6, 6), marker="D", color=INK, zorder=4, clip_on=False)


def fixed_points_text(f: maps.Map) -> str:
    """The fixed points of `f` in [-2, 2], each by its kind and with its slope: "sink 0.184 (slope 0.37), ..."."""
    return ", ".join(f"{p.kind} {p.x:.3f} (slope {p.slope:.2f})" for p in maps.fixed_points(f, -2, 2)) or "no fixed point"


def orbit_text(x: np.ndarray) -> str:
    """In words where the orbit `x`, shape (steps + 1,), started and where it is now."""
    now = f"x = {x[-1]:.3f}" if abs(x[-1]) < 10 else "x has left the picture for infinity"
    return f"From {x[0]:.2f}, after {len(x) - 1} steps, {now}"


@cache
def _settled():
    """An image (120, 211): how often the settled orbit visits each of 120 bins of [0, 1], a column for each r in R, at most 1."""
    visits = [np.histogram(row, bins=120, range=(0, 1))[0] for row in maps.bifurcation(maps.logistic, R)]
    counts = np.stack(visits, axis=1)
    return np.sqrt(counts / np.maximum(counts.max(axis=0), 1))  # the root shows rarely visited bins too


@cache
def _exponents():
    """The Lyapunov exponent of the logistic map for each r in R, shape (211,)."""
    return maps.lyapunov(maps.logistic(R), np.full(R.shape, 0.3))


@expect.arguments(above=expect.axes, below=expect.axes, r=expect.number, rate=expect.result)
def diagram(above, below, r, rate):
    """For each r, where the orbit of the logistic map settles, and below it the Lyapunov exponent; marked at `r`, `rate`.

    Where the exponent is negative the gradient vanishes; where it is positive it explodes.
    """
    above.imshow(_settled(), origin="lower", aspect="auto", extent=(R[0], R[-1], 0, 1), cmap="Greys", vmax=0.7)
    above.set(xlim=(R[0], R[-1]), ylim=(0, 1), ylabel="where $x_t$ settles")
    above.axvline(r, **HERE)
    below.set(xlim=(R[0], R[-1]), ylim=(-2, 1), xlabel="$r$", ylabel=r"exponent $\lambda$")
    below.axhline(0, **IDENTITY)
    shown = np.clip(_exponents(), -3, 1)
    below.fill_between(R, shown, 0, where=shown > 0, color=BACKWARD["color"], alpha=0.35, linewidth=0)
    below.plot(R, shown, color=BACKWARD["color"], linewidth=1)
    below.axvline(r, **HERE)
    below.plot(r, np.clip(rate, -2, 1), marker="D", color=INK, clip_on=False)


@expect.arguments(above=expect.axes, below=expect.axes, x=partial(expect.row, least=2), slopes=expect.row, rate=expect.result)
def orbit_and_gradient(above, below, x, slopes, rate):
    """The orbit `x`, shape (steps + 1,), of a map of [0, 1], and below it log10 of the gradient |dx_t/dx_0|.

    The gradient is the product of `slopes`, shape (steps,). The dotted line is what the Lyapunov exponent `rate` predicts.
    """
    expect.numbers("slopes", slopes, "N", finite=False, N=len(x) - 1)
    t = np.arange(len(x))
    above.set(xlim=(0, t[-1]), ylim=(0, 1), xlabel="step t", ylabel="$x_t$")
    above.plot(t, x, marker="o", markersize=3, linewidth=1, **FORWARD)
    decade_axis(below, 12, r"$|dx_t/dx_0|$")
    below.set(xlim=(0, t[-1]), xlabel="step t")
    below.axhline(0, **IDENTITY)
    line = rate * np.maximum(t, 1e-300) / np.log(10)  # even an infinite rate starts at 0
    below.plot(t, np.clip(line, -40, 40), color=INK, linestyle=":", linewidth=2)
    below.plot(t, np.clip(np.r_[0, np.cumsum(log10(slopes))], -40, 40), color=BACKWARD["color"], linestyle=DASHED)


@expect.arguments(
    ax=expect.axes, c=partial(expect.one_number, kinds="iufc"), zoom=partial(expect.number, least=1), iterations=expect.whole
)
def mandelbrot_set(ax, c, zoom, iterations):
    """Escape times on the complex plane, the whole set at `zoom` 1 and closing in on `c`; what stays is darkest.

    360 points each way. `c` is marked by a cross.
    """
    plane = mandelbrot.plane(c + (-0.6 - c) / zoom, 2.9 / zoom, (360, 360))
    counts = mandelbrot.escape_time(plane, iterations)
    re, im = plane.real[0], plane.imag[:, 0]
    ax.imshow(np.log1p(counts), extent=(re[0], re[-1], im[-1], im[0]), cmap="cividis_r", vmin=0, vmax=np.log1p(iterations))
    ax.set(xlabel="Re c", ylabel="Im c")
    fixed_ticks(ax.xaxis, re[-1] - re[0], most=4)  # when enlarged, the tick labels grow long
    fixed_ticks(ax.yaxis, re[-1] - re[0], most=8, width=7)
    ax.plot(c.real, c.imag, marker="P", markersize=11, color="white", markeredgecolor=INK)


@expect.arguments(ax=expect.axes, z=partial(expect.numbers, axes="N", kinds="iufc", finite=False))
def complex_orbit(ax, z):
    """The orbit `z`, complex, shape (steps + 1,), as far as |z| < 1e6; the circle is |z| = 2, the diamond its last point."""
    if not abs(z[0]) < 1e6:
        raise ValueError(f"z must start within 1e6 of 0, not at {z[0]:g}")
    ax.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), xlabel="Re z", ylabel="Im z", aspect="equal")
    turn = np.linspace(0, 2 * np.pi, 181)
    ax.plot(2 * np.cos(turn), 2 * np.sin(turn), **IDENTITY)
    z = z[np.abs(z) < 1e6]
    ax.plot(z.real, z.imag, linewidth=0.9, marker="o", markersize=3.5, **FORWARD)
    ax.plot(z[-1].real, z[-1].imag, marker="D", color=INK)


def escape_text(c: complex, iterations: int) -> str:
    """In words when the orbit of 0 under z^2 + c passes |z| = 2, if it does within `iterations` steps."""
    n = mandelbrot.escape_time(np.array([c]), iterations)[0]
    return f"|z| passes 2 at n = {n}: outside" if n < iterations else f"|z| does not pass 2 in {iterations} steps"


# -- exercises ----------------------------------------------------------------------------------------------------------------


def _attractor_period(given):
    """The period of the cycle that the logistic map settles on at r = `given`; 0 if it has no cycle of period up to 12."""
    r = number(0, 4)(given)
    settled = maps.bifurcation(maps.logistic, np.array([r]), x0=0.3, transient=20_000, keep=13)[0]
    repeats = np.flatnonzero(np.abs(settled[1:] - settled[0]) < 1e-6)
    return int(repeats[0]) + 1 if len(repeats) else 0


EXERCISES = {
    "sink-gone": Exercise(
        number(-2, 2),
        0.25,
        (
            (-0.75, "at c = -3/4 the slope passes -1: the fixed point stops being a sink, but it is still there, as a source."),
            (0.5, "0.5 is the place x where sink and source meet. The question is at which c they do."),
            (-0.25, "check the sign: put x = 1/2 into x^2 + c = x."),
            (0, "at c = 0 the sink is at 0 and the source at 1: still two fixed points."),
        ),
        "At c = 1/4 the curve just touches the diagonal; sink and source meet at x = 1/2, with slope 1.",
    ),
    "window": Exercise(
        _attractor_period,
        3.83,
        (
            (3.5, "at this r the orbit settles on 4 points. Look for three thick dots, one above the other, in the diagram."),
            (3.2, "at this r the orbit settles on 2 points."),
            (2.9, "at this r the orbit settles on one point, the fixed point."),
            (3.7, "at this r the orbit does not settle on a short cycle. Look for the widest white gap above 3.8."),
            (3.845, "at this r the orbit settles on 6 points. Near 3.845 a 3-cycle has just doubled: go down a little."),
            (3.74, "this is a window, but one of period 5. The widest one has period 3."),
        ),
        "The window opens at r = 1 + sqrt(8) = 3.8284; inside it the exponent is negative again.",
    ),
    "signs": Exercise(
        signs(5),
        [-1, -1, 1, -1, 1],
        (
            ([-1, 1, 1, 1, 1], "r = 3.5 and r = 3.83 look busy, but both orbits settle on a cycle: a nudge dies out there."),
            ([-1, -1, 1, 1, 1], "r = 3.83 lies inside the period-3 window: past the onset of chaos, and yet the orbit settles."),
            ([-1, 1, 1, -1, 1], "at r = 3.5 the orbit settles on 4 points; settling means that a nudge dies out."),
            ([1, 1, -1, 1, -1], "all signs are reversed: settling shrinks a nudge, and the log of a factor below 1 is negative."),
        ),
        "An orbit that settles on a cycle has a negative exponent, however large r is.",
    ),
}
