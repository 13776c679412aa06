"""Notebook 02, iterated functions: plateaus and walls, the bifurcation diagram, and the Mandelbrot set."""

from functools import partial

import numpy as np

from lecturelib import expect, maps
from lecturelib.plots import BACKWARD, DASHED, FORWARD, IDENTITY, INK, PAPER, decade_axis, fixed_ticks, log10, tangent
from lecturelib.probes import Exercise, number, signs

PLACES = (1 - np.cos(np.linspace(0, np.pi, 2001))) / 2  # denser near 0 and 1, where the repeated logistic map has its walls


@expect.arguments(ax=expect.axes, f=maps.checked_map, at=expect.number)
def composed(ax, f, at):
    """y = f(x) on [0, 1], the diagonal, and the tangent at `at` (slide 7)."""
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="$x$", ylabel="$y$")
    ax.plot([0, 1], [0, 1], **IDENTITY)
    ax.plot(PLACES, f(PLACES), linewidth=1.8, **FORWARD)
    tangent(ax, f, at, 0.12 / np.hypot(1, f.d(at)))


@expect.arguments(ax=expect.axes, f=maps.checked_map, at=expect.number)
def slopes(ax, f, at):
    """log10 of |f'(x)| on [0, 1], with the median over x as a line (slide 7: 'dy/dx large' between plateaus)."""
    decade_axis(ax, 6, r"$|dy/dx|$")
    ax.set(xlim=(0, 1), xlabel="$x$")
    ax.axhline(0, **IDENTITY)
    ax.plot(PLACES, np.clip(log10(f.d(PLACES)), -30, 30), linewidth=1.2, color=BACKWARD["color"])
    median = log10(np.median(np.abs(f.d(np.linspace(0, 1, 1001)))))
    ax.axhline(np.clip(median, -6, 6), color=INK, linestyle=":", linewidth=2)
    ax.text(0.5, np.clip(median, -6, 5) + 0.25, "median", ha="center", color=INK, bbox=PAPER)
    ax.plot(at, np.clip(log10(f.d(at)), -6, 6), marker="D", color=INK, zorder=4, clip_on=False)


@expect.arguments(settled=expect.field, bins=partial(expect.whole, most=10_000))
def density(settled, bins=120):
    """An image (bins, parameters) of where orbits settle in [0, 1], from `maps.bifurcation`: shape (parameters, keep)."""
    counts = np.stack([np.histogram(row, bins=bins, range=(0, 1))[0] for row in settled], axis=1)
    return np.sqrt(counts / np.maximum(counts.max(axis=0), 1))


@expect.arguments(ax=expect.axes, params=expect.rising, image=expect.field, at=expect.number)
def bifurcation(ax, params, image, at):
    """Where orbits settle, for each parameter: `image` from `density`; a line at the parameter `at`."""
    ax.imshow(image, origin="lower", aspect="auto", extent=(params[0], params[-1], 0, 1), cmap="Greys", vmax=0.7)
    ax.set(xlim=(params[0], params[-1]), ylim=(0, 1), ylabel="where $x_t$ settles")
    ax.axvline(at, color=INK, linewidth=1.4, linestyle="-.")


@expect.arguments(ax=expect.axes, params=expect.rising, values=expect.row, at=expect.number, here=expect.result)
def exponents(ax, params, values, at, here):
    """The Lyapunov exponent over the parameter: below 0 the gradient vanishes, above 0 it explodes."""
    expect.numbers("values", values, "N", finite=False, N=len(params))
    ax.set(xlim=(params[0], params[-1]), ylim=(-2, 1), xlabel="$r$", ylabel=r"exponent $\lambda$")
    ax.axhline(0, **IDENTITY)
    shown = np.clip(values, -3, 1)
    ax.fill_between(params, shown, 0, where=shown > 0, color=BACKWARD["color"], alpha=0.35, linewidth=0)
    ax.plot(params, shown, color=BACKWARD["color"], linewidth=1)
    ax.axvline(at, color=INK, linewidth=1.4, linestyle="-.")
    ax.plot(at, np.clip(here, -2, 1), marker="D", color=INK, clip_on=False)


@expect.arguments(ax=expect.axes, x=partial(expect.row, least=2))
def orbit(ax, x):
    """The orbit `x`, shape (steps + 1,), of a map of [0, 1] over the steps."""
    ax.set(xlim=(0, len(x) - 1), ylim=(0, 1), xlabel="step t", ylabel="$x_t$")
    ax.plot(np.arange(len(x)), x, marker="o", markersize=3, linewidth=1, **FORWARD)


@expect.arguments(ax=expect.axes, slopes=expect.row, rate=expect.result)
def nudge_growth(ax, slopes, rate):
    """log10 of |dx_t/dx_0|, the product of `slopes` along an orbit, and the straight line that the exponent `rate` predicts."""
    decade_axis(ax, 12, r"$|dx_t/dx_0|$")
    t = np.arange(len(slopes) + 1)
    ax.set(xlim=(0, t[-1]), xlabel="step t")
    ax.axhline(0, **IDENTITY)
    line = rate * np.maximum(t, 1e-300) / np.log(10)  # an infinite rate leaves t = 0 at once
    ax.plot(t, np.clip(line, -40, 40), color=INK, linestyle=":", linewidth=2)
    ax.plot(t, np.clip(np.r_[0, np.cumsum(log10(slopes))], -40, 40), color=BACKWARD["color"], linestyle=DASHED)


@expect.arguments(
    ax=expect.axes,
    plane=partial(expect.numbers, axes="N M", kinds="iufc"),
    counts=expect.field,
    steps=expect.whole,
    at=partial(expect.numbers, axes="", kinds="iufc"),
)
def mandelbrot_set(ax, plane, counts, steps, at):
    """Escape times `counts` on the complex `plane`, both of one shape; what stays for all `steps` is darkest."""
    if min(plane.shape) < 2:
        raise ValueError(f"plane must have at least two rows and columns, not {plane.shape}")
    expect.numbers("plane", plane, "N M", kinds="c"), expect.numbers("counts", counts, "N M", N=len(plane), M=plane.shape[1])
    re, im = plane.real[0], plane.imag[:, 0]
    ax.imshow(np.log1p(counts), extent=(re[0], re[-1], im[-1], im[0]), cmap="cividis_r", vmin=0, vmax=np.log1p(steps))
    ax.set(xlabel="Re c", ylabel="Im c")
    fixed_ticks(ax.xaxis, re[-1] - re[0], most=4)  # enlarged, the numbers grow long
    fixed_ticks(ax.yaxis, re[-1] - re[0], most=8, width=7)
    ax.plot(at.real, at.imag, marker="P", markersize=11, color="white", markeredgecolor=INK)


@expect.arguments(ax=expect.axes, z=partial(expect.numbers, axes="N", kinds="iufc", finite=False))
def complex_orbit(ax, z):
    """The orbit `z`, complex, shape (steps+1,), from its start to where it goes; the circle is |z| = 2."""
    if not abs(z[0]) < 1e6:
        raise ValueError(f"z must start near 0, within 1e6, not at {z[0]:g}")
    ax.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), xlabel="Re z", ylabel="Im z", aspect="equal")
    turn = np.linspace(0, 2 * np.pi, 181)
    ax.plot(2 * np.cos(turn), 2 * np.sin(turn), **IDENTITY)
    z = z[np.abs(z) < 1e6]
    ax.plot(z.real, z.imag, linewidth=0.9, marker="o", markersize=3.5, **FORWARD)
    ax.plot(z[-1].real, z[-1].imag, marker="D", color=INK)


# -- exercises ----------------------------------------------------------------------------------------------------------------


def _attractor_period(given):
    """The period of the cycle that the logistic map settles on at r = given; 0 if it settles on none up to 12."""
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
            (3.5, "at this r the orbit settles on 4 points. Three thick dots stacked in the diagram are what you look for."),
            (3.2, "at this r the orbit settles on 2 points."),
            (2.9, "at this r the orbit settles on one point, the fixed point."),
            (3.7, "at this r the orbit settles on no short cycle. Look for the widest white gap above 3.8."),
            (3.845, "at this r the orbit settles on 6 points. Near 3.845 a 3-cycle has just doubled: go down a little."),
            (3.74, "a window, but of period 5. The widest one has period 3."),
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
            ([1, 1, -1, 1, -1], "the signs are turned around: settling shrinks a nudge, and its log is negative."),
        ),
        "Settling on any cycle is a negative exponent; it does not matter how late on the r axis it is.",
    ),
}
