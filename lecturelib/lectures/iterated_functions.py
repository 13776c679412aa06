"""Notebook 02, iterated functions: plateaus and walls, the bifurcation diagram, and the Mandelbrot set."""

from functools import cache, lru_cache, partial
from itertools import product

import numpy as np
from matplotlib.ticker import FixedLocator

from lecturelib import expect, mandelbrot, maps, plots
from lecturelib.plots import BACKWARD, DECADES, FORWARD, IDENTITY, INK, PAPER, decade_axis, fixed_ticks, log10, tangent
from lecturelib.probes import Called, Exercise, number, signs

PLACES = (1 - np.cos(np.linspace(0, np.pi, 2001))) / 2  # denser near 0 and 1, where the repeated logistic map has its walls
VIEWS = {"0 to 1.2": (0, 1.2), "-2 to 2": (-2, 2)}  # of the cobweb: the slide's, and a wide one
LATE = 16  # of the orbit beside a cobweb, the states that are marked on the phase line: enough to see a cycle of 8
LAST = 40  # the last step in the pictures of two orbits
WINDOWS = {3: 2, 10: 5, 30: 20, 100: 50, 300: 200}  # of enlarged cobwebs, in hairs to each side, and where the ticks are
STARTS = np.sqrt(np.linspace(0.1, 0.4, 100))  # roots, so that none lies on a source; rounded alike on all processors
ROUNDING = 2.0**-53  # of a number just below 1: a smaller gap is lost
TWIN = "#56B4E9"  # the second orbit: a paler blue, dotted
AVERAGE = {"color": INK, "linestyle": "-.", "linewidth": 1.2}  # the line of the exponent
HERE = {"color": INK, "linewidth": 1.4, "linestyle": "-."}  # the vertical line at the parameter that is chosen


@expect.arguments(ax=expect.axes, f=maps.checked_map, at=expect.number)
def composed(ax, f, at):
    """y = f(x) on [0, 1], the diagonal, and the tangent at `at` (slide 7)."""
    ax.set(xlim=(-0.02, 1.02), ylim=(0, 1), xlabel="$x$", ylabel="$y$")
    ax.plot([0, 1], [0, 1], **IDENTITY)
    ax.plot(PLACES, f(PLACES), linewidth=1.8, **FORWARD)
    tangent(ax, f, at, 0.12 / np.hypot(1, f.d(at)))


def walls(r: float, n: int) -> np.ndarray:
    """Places where the logistic map, repeated n times, may be steep: 0, 1, and all starts that come to 1 - 1/r in seven steps.

    Both 0 and, for r > 1, 1 - 1/r are its fixed points. For n up to 6 also the places where it is flat: what comes to 1/2. Of a
    larger n they would hide all else. ValueError: r is not from 0 to 4, n is not a whole number from 1.
    """
    steep = [1 - 1 / r] if expect.number("r", r, least=0, most=4) > 1 else []
    level = np.array(steep + [0.5] * (expect.whole("n", n) <= 6))
    found = [np.array([0.0, 1.0]), level]
    for _ in range(7):
        half = np.sqrt(1 / 4 - level[level <= r / 4] / r)  # f(1/2 - half) = f(1/2 + half) = level
        found.append(level := np.r_[1 / 2 - half, 1 / 2 + half])
    return np.concatenate(found)


@expect.arguments(ax=expect.axes, f=maps.checked_map, at=expect.number, also=expect.row)
def slopes(ax, f, at, also):
    """log10 of |f'(x)| on [0, 1], and its median over x as a line (slide 7: 'dy/dx large' between plateaus).

    Walls are thinner than any grid: the places `also`, and `at`, are drawn besides.
    """
    places = np.sort(np.r_[PLACES, also, at])
    logs = np.clip(log10(f.d(places)), -40, 40)
    median = np.clip(log10(np.median(np.abs(f.d(np.linspace(0, 1, 1001))))), -29, 29)
    decades = 6 if max(logs.max(), abs(median)) < 6 else 30
    decade_axis(ax, decades, r"$|dy/dx|$")
    ax.set(xlim=(-0.02, 1.02), xlabel="$x$")
    ax.axhline(0, **IDENTITY)
    ax.plot(places, logs, linewidth=1.2, color=BACKWARD["color"])
    ax.axhline(median, color=INK, linestyle=":", linewidth=2)
    ax.text(0.5, median + 0.04 * decades, "median", ha="center", color=INK, bbox=PAPER)
    ax.plot(at, np.clip(log10(f.d(at)), -decades, decades), marker="D", color=INK, zorder=4, clip_on=False)


def fixed_points_text(f: maps.Map) -> str:
    """The fixed points of `f` in [-2, 2], each by its kind and with its slope: "sink 0.184 (slope 0.37), ..."."""
    return ", ".join(f"{p.kind} {p.x:.3f} (slope {p.slope:.2f})" for p in maps.fixed_points(f, -2, 2)) or "no fixed point"


def orbit_text(x: np.ndarray) -> str:
    """In words where the orbit `x`, shape (steps + 1,), started and where it is now."""
    now = f"x = {x[-1]:.3f}" if abs(x[-1]) < 10 else "x has left the picture for infinity"
    return f"From {x[0]:.2f}, after {len(x) - 1} steps, {now}"


@expect.arguments(web=expect.axes, line=expect.axes, f=maps.checked_map, x=expect.row)
def web_and_line(web, line, f, x, lo, hi):
    """The orbit `x`, shape (steps + 1,), as a cobweb (slide 9), and over the phase line its last states, few on a cycle."""
    plots.cobweb(web, f, x, lo, hi)
    plots.phase_line(line, f, lo, hi, x[-1])
    late = x[-LATE:-1][(lo <= x[-LATE:-1]) & (x[-LATE:-1] <= hi)]
    line.plot(late, 0 * late + 0.45, linestyle="none", marker="v", markerfacecolor="none", color=INK)


@expect.arguments(
    orbits=expect.axes,
    gap=expect.axes,
    f=maps.checked_map,
    start=expect.number,
    hair=expect.positive,
    steps=partial(expect.whole, least=0),
    decades=DECADES,
    rate=lambda name, value: None if value is None else expect.result(name, value),
)
def twins(orbits, gap, f, start, hair, steps, decades, rate=None):
    """Two orbits of a map of [0, 1], `hair` apart at first: their cobwebs, and their gap beside the gradient.

    The gap is drawn in hairs, so at each step it is to be |dx_t/dx_0|. The gradient is drawn on its way back, |dx_T/dx_t| from
    the last step T to step 0. With `rate`, the exponent, it is drawn as |dx_t/dx_0|, the end of such a way for each t, beside
    the line of that rate; and the orbits over time in place of their cobwebs. Returns the gap and |dx_t/dx_0| at each step,
    both of shape (steps + 1,).
    """
    x, twin = maps.orbit(f, start, steps), maps.orbit(f, start + hair, steps)
    apart = np.abs(twin - x)
    gradient = np.abs(np.r_[1, np.cumprod(f.d(x[:-1]))])  # at each t what backprop passes back from step t to step 0
    lost = np.logical_or.accumulate(apart < 2 * ROUNDING)  # from there on the gap is rounding
    sizes = {"gap": np.where(lost, np.nan, apart) / hair, "gradient": gradient}
    if rate is None:
        _cobwebs(orbits, f, x, twin, hair)
        sizes["gradient"] = np.abs(maps.adjoint(f, x))
    else:
        _over_time(orbits, x, twin)
    _sizes_along_time(gap, sizes, decades, rate, {"width 1": 1 / hair, "rounding": ROUNDING / hair})
    return apart, gradient


def _cobwebs(ax, f, x, twin, hair):
    """The cobweb of `x`, and that of its `twin`, pale and dotted: in the smallest of WINDOWS that holds both, or whole."""
    reach = np.abs(twin - x[0]).max() / hair
    width = next((hairs for hairs in WINDOWS if reach <= hairs and hairs * hair <= 0.3), 0)
    at, sides = WINDOWS.get(width, 0), np.array([-1, 0, 1])
    low, high = (x[0] - width * hair, x[0] + width * hair) if width else (0, 1)
    plots.cobweb(ax, f, x, low, high)
    ax.set_title(f"enlarged: {width} hairs to each side" if width else "not enlarged", fontsize=10)
    ticks = x[0] + sides * at * hair if width else (sides + 1) / 2
    ax.set(xticks=ticks, xticklabels=[f"−{at}", "$x^*$", f"+{at}"] if width else list("0½1"))
    ax.set(yticks=ticks, yticklabels=["−", "$x^*$", "+"] if width else list("0½1"))
    ax.plot(np.repeat(twin, 2)[:-1], np.r_[low, np.repeat(twin[1:], 2)], color=TWIN, linewidth=2.2, linestyle=":", zorder=2.6)
    ax.plot(twin[-1], twin[-1], marker="s", markersize=6, color=TWIN, markeredgecolor="white", zorder=5)


def _over_time(ax, x, twin):
    """Both orbits step by step; they hide each other until they part."""
    _steps(ax)
    ax.set(ylim=(-0.03, 1.2), yticks=(0, 0.5, 1), ylabel="$x_t$")
    ax.plot(x, marker="o", markersize=4, **FORWARD | {"linewidth": 1.6})
    ax.plot(twin, color=TWIN, linestyle=":", linewidth=1.6, marker="s", markersize=4)
    ax.text(0.01, 0.92, "solid: one    dotted: the other", transform=ax.transAxes, color=INK, bbox=PAPER)


def _steps(ax):
    """The axis of the steps, with room for names at its end."""
    ax.set(xlim=(0, 1.4 * LAST), xlabel="step t", xticks=range(0, LAST + 1, 10))


ROLES = {"gap": FORWARD | {"linewidth": 1.6, "marker": "o", "markersize": 3}, "gradient": BACKWARD | {"linewidth": 2.4}}


def _sizes_along_time(ax, sizes, decades, rate, bounds):
    """log10 of the `sizes` over the steps, by name; the line of the exponent `rate`; and the `bounds` of a gap, dotted."""
    t, limit = np.arange(len(sizes["gap"])), 2 * decades
    logs = {name: np.clip(log10(size), -limit, limit) for name, size in sizes.items()}
    decade_axis(ax, decades, "times the first gap")
    _steps(ax)
    ax.axhline(0, **IDENTITY)
    if rate is not None:
        logs["average"] = np.clip(_average(rate, t), -limit, limit)
        ax.plot(t, logs["average"], **AVERAGE)
    for name, role in ROLES.items():
        ax.plot(t, logs[name], **role)
    ends = {name: line[np.isfinite(line)][-1] for name, line in logs.items()}
    if rate is None:
        _way_back(ax, t[-1], logs["gradient"][0], decades)
        del ends["gradient"]
    for name, size in bounds.items():
        if abs(log10(size)) < decades:
            ax.axhline(ends.setdefault(name, log10(size)), color=IDENTITY["color"], linewidth=1, linestyle=":", zorder=0.9)
    colors = {name: ROLES[name]["color"] if name in ROLES else INK for name in ends}
    plots.name_lines(ax, t[-1] + 0.02 * LAST, ends, colors, decades)


def _way_back(ax, last, log, decades):
    """The ends of a backward pass from step `last` to step 0, where its size is 10^log, and that height all along."""
    color, height = BACKWARD["color"], np.clip(log, -decades, decades)
    ax.plot(last, 0, marker="s", color=color, clip_on=False)
    ax.plot(0, height, marker="<", markersize=11, color=color, clip_on=False, zorder=4)
    ax.plot([0, last], [log, log], **IDENTITY)
    says = "gradient" + (" ↑" if log > decades else " ↓" if log < -decades else "")
    up = 0.1 * decades * (1 if 0 <= log < 0.8 * decades or log < -0.8 * decades else -1)  # off the dashes, on the axis
    ax.text(0.02 * LAST, height + up, says, color=color, va="center", fontweight="bold", bbox=PAPER)


def _average(rate, t):
    """log10 of what the exponent `rate` makes of a gap in `t` steps; an infinite rate becomes one that leaves every axis."""
    return np.clip(rate, -50, 50) * t / np.log(10)


def settled(r: float) -> float:
    """A state of the logistic map at `r` after 500 steps: by then its orbit has settled."""
    return float(maps.orbit(maps.logistic(r), 0.3, 500)[-1])


@cache
def exponent(r: float) -> float:
    """The Lyapunov exponent of the logistic map at `r`: the mean over 100 starts and 400 steps of each."""
    return float(maps.lyapunov(maps.logistic(r), STARTS, steps=400, transient=600).mean())


@lru_cache(maxsize=4)
def _long_run(lo, hi, low, high):
    """420 values of r; an image (240, 420) of how often the settled orbit visits each height from `low` to `high`, at most 1; and
    the exponents.
    """
    r = np.linspace(lo, hi, 420)
    x = maps.bifurcation(maps.logistic, r, x0=0.3, transient=600, keep=300)
    height = np.floor((x - low) / (high - low) * 240).astype(int) + 1  # the first row and the last are outside
    place = np.clip(height, 0, 241) * len(r) + np.arange(len(r))[:, None]
    counts = np.bincount(place.ravel(), minlength=242 * len(r)).reshape(242, len(r))[1:-1]
    rates = log10(maps.logistic(r[:, None]).d(x)).mean(axis=1) * np.log(10)
    share = np.sqrt(counts / np.maximum(counts.max(axis=0), 1))  # the root shows rarely visited heights too
    return r, np.ceil(3 * share) / 3, rates  # three greys: more are not seen, and a picture of noise is large


@expect.arguments(above=expect.axes, below=expect.axes, r=expect.number, zoom=partial(expect.number, least=1), rate=expect.result)
def diagram(above, below, r, zoom, rate):
    """For each r, where the orbit of the logistic map settles, and below it the Lyapunov exponent; marked at `r`, `rate`.

    Where the exponent is negative the gradient vanishes; where it is positive it explodes. At `zoom` 1 r runs from 2.6 to 4. The
    heights are enlarged around 1/2, less than r, as the forks themselves shrink: by 2.5 where r shrinks by 4.7 (Feigenbaum).
    """
    width = 1.4 / zoom
    lo = min(max(r - width / 2, 2.6), 4 - width)
    low, high = 0.5 - 0.5 / zoom**0.595, 0.5 + 0.5 / zoom**0.595
    rs, visits, rates = _long_run(lo, lo + width, low, high)
    edge = rs[-1] + (0.08 if plots.narrow(above) else 0.03) * width  # room for half of the last number
    above.imshow(visits, origin="lower", aspect="auto", extent=(rs[0], rs[-1], low, high), cmap="Greys", vmax=0.6)
    above.set(xlim=(rs[0], edge), ylim=(low, high), ylabel="late $x_t$")
    fixed_ticks(above.yaxis, high - low, most=5, width=5)
    below.set(xlim=(rs[0], edge), ylim=(-2, 1.5), xlabel="$r$", ylabel=r"exponent $\lambda$")
    below.axhline(0, **IDENTITY)
    shown = np.clip(rates, -3, 1)
    for side, color, says in ((1, BACKWARD["color"], "gradient explodes"), (-1, FORWARD["color"], "gradient vanishes")):
        below.fill_between(rs, shown, 0, where=side * shown > 0, color=color, alpha=0.3, linewidth=0)
        below.text(0.01, 0.5 + 0.42 * side, says, transform=below.transAxes, va="center", color=color, bbox=PAPER)
    below.plot(rs, shown, color=INK, linewidth=1)
    mark = "D" if -2 <= rate <= 1 else "v"  # the second where the exponent is below the axis
    below.plot(r, np.clip(rate, -2, 1), marker=mark, markersize=9, color=BACKWARD["color"], clip_on=False, zorder=5)
    for ax in (above, below):
        fixed_ticks(ax.xaxis, width, most=4)
        ticks = ax.xaxis.get_major_locator().tick_values(rs[0], rs[-1])
        ax.xaxis.set_major_locator(FixedLocator(ticks[(ticks >= rs[0]) & (ticks <= rs[-1] + 1e-9)]))
        ax.axvline(r, **HERE)


@expect.arguments(orbit=expect.axes, gradient=expect.axes, r=expect.number, rate=expect.result)
def one_orbit(orbit, gradient, r, rate):
    """The settled orbit of the logistic map at `r` step by step, and its gradient |dx_t/dx_0|.

    Beside it stands the line of the exponent `rate`, the average of many orbits. Gives the last gradient in words.
    """
    f, t = maps.logistic(r), np.arange(101)
    x = maps.orbit(f, settled(r), t[-1])
    orbit.plot(t[:25], x[:25], **FORWARD | {"linewidth": 0.8, "marker": "o", "markersize": 3})
    orbit.set(xlim=(0, 24), ylim=(0, 1), xlabel="step t", ylabel="$x_t$", title=f"one orbit at r = {r:.3f}")
    decade_axis(gradient, 40, "$|dx_t/dx_0|$")
    gradient.set(xlim=(0, 100), xlabel="step t")
    gradient.yaxis.set_major_locator(FixedLocator([-40, -20, 0, 20, 40]))
    gradient.axhline(0, **IDENTITY)
    gradient.plot(t, _average(rate, t), **AVERAGE)
    logs = np.cumsum(np.r_[0, log10(f.d(x[:-1]))])
    gradient.plot(t, np.clip(logs, -80, 80), **BACKWARD | {"linewidth": 2})
    return f"10^{logs[-1]:z.0f} (average 10^{_average(rate, t[-1]):z.0f})" if np.isfinite(logs[-1]) else "0"


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
    least, most = np.log1p([counts.min(), iterations])
    ax.imshow(np.log1p(counts), extent=(re[0], re[-1], im[-1], im[0]), cmap="cividis_r", vmin=least, vmax=most)
    ax.set(xlabel="Re c", ylabel="Im c")
    fixed_ticks(ax.xaxis, re[-1] - re[0], most=2 if plots.narrow(ax) else 4)  # when enlarged, the tick labels grow long
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


def _where_they_meet(given):
    """How many fixed points there are just below and just above c; and c itself, or 9 where it has no hint of its own."""
    c = number(-2, 2)(given)
    counts = [len(maps.fixed_points(maps.quadratic(c + nudge), -3, 3)) for nudge in (-2.5e-6, 2.5e-6)]
    return [*counts, c if np.isclose(c, [-0.75, 0.5, -0.25, 0], rtol=1e-5, atol=1e-9).any() else 9]


def _attractor_period(given):
    """The period of the cycle that the logistic map settles on at r = `given`: 1 to 6, 7 for any up to 12, 0 if it has none."""
    r = number(0, 4)(given)
    if r <= 3:  # the fixed point; at 3 exactly it attracts, but too slowly to be seen below
        return 1
    settled = maps.bifurcation(maps.logistic, np.array([r]), x0=0.3, transient=20_000, keep=13)[0]
    repeats = np.flatnonzero(np.abs(settled[1:] - settled[0]) < 1e-6)
    return min(int(repeats[0]) + 1, 7) if len(repeats) else 0


_SIGNS, _BY_SUMS = (-1, -1, 1, 1, -1), (-1, 1, -1, 1, -1)
_AT_ORBIT = (
    "beside the first orbit a nudge changes sides at each step, but it also shrinks, to 0.9 of its size.",
    "3 is one factor of two: a turn of the second orbit multiplies a nudge by 3 times -0.2.",
    "a turn of the third orbit multiplies a nudge by -2. The sign does not matter, the size does.",
    "beside the fourth orbit the gap has grown, however small it still is.",
    "the fifth r lies past the onset of chaos, and yet the orbit settles: a nudge dies out.",
)


def _of_signs(given):
    """The hint for five signs that are not right: two answers have their own; otherwise the first wrong sign says it."""
    if given == _BY_SUMS:
        return "multiply the slopes along a cycle, do not add them: only the size of the product counts."
    wrong = [k for k in range(5) if given[k] != _SIGNS[k]]
    return "all signs are reversed: the log of a factor below 1 is negative." if len(wrong) == 5 else _AT_ORBIT[wrong[0]]


_HAIRS = ((3.5, 0.3, 0.001, 1), (3.5, 0.2, 0.001, 6), (2.8, 0.5, 0.01, 4), (3.1, 0.9, 0.01, 3), (4.0, 0.3, 1e-6, 10))


def _growth(r, x0, hair, T):
    """How often the gap of two orbits of the logistic map, a `hair` apart at first, holds it after T steps, with its sign."""
    x, twin = maps.orbit(maps.logistic(r), [x0, x0 + hair], T)[-1]
    return (twin - x) / hair


EXERCISES = {
    "sink-gone": Exercise(
        _where_they_meet,
        0.25,
        (
            (-0.75, "at c = -3/4 the slope passes -1: the fixed point stops being a sink, but it is still there, as a source."),
            (0.5, "0.5 is the place x where sink and source meet. The question is at which c they do."),
            (-0.25, "check the sign: put x = 1/2 into x^2 + c = x."),
            (0, "at c = 0 the sink is at 0 and the source at 1: still two fixed points."),
            (0.24, "at this c the curve still crosses the diagonal twice. They have not met: raise c."),
            (0.26, "at this c the curve no longer reaches the diagonal: no fixed point is left. They met earlier: lower c."),
        ),
        "At c = 1/4 the curve just touches the diagonal; sink and source meet at x = 1/2, with slope 1.",
    ),
    "hair": Exercise(
        Called(_HAIRS, lambda r, x0, hair, T: ()),
        _growth,
        (
            (lambda *case: _growth(*case) * case[2], "that is the gap itself: divide it by the first gap, the hair."),
            (lambda *case: abs(_growth(*case)), "the sign is lost: the two may have changed sides."),
            (lambda *case: -_growth(*case), "the gap is twin - x, as it was hair at the start."),
            (lambda r, x0, hair, T: _growth(r, x0, hair, 1), "that is one step: put the new states back into x and twin."),
            (lambda r, x0, hair, T: _growth(r, x0, hair, T - 1), "that is one step too few: T steps, from x0 on."),
            (lambda r, x0, _, T: (maps.logistic(r) ** T).d(x0), "that is for an infinitely small hair. This one has a width."),
        ),
        "A gradient from two runs forward: so the tests of this series check each of theirs. Backprop gives all in one run back.",
    ),
    "window": Exercise(
        _attractor_period,
        3.83,
        (
            (3.5, "at this r the orbit settles on 4 points. Look for three dark lines, one above the other, in the diagram."),
            (3.2, "at this r the orbit settles on 2 points. Three come much further right."),
            (2.9, "at this r the orbit settles on one point, a fixed point: so it does for every r from 0 to 3."),
            (3.7, "at this r the orbit does not settle on a short cycle. Look well inside the widest white gap above 3.8."),
            (3.845, "at this r the orbit settles on 6 points. The widest white gap begins above 3.8, with three lines."),
            (3.74, "this is a window, but one of period 5. The widest one has period 3."),
            (3.55, "at this r the orbit settles on a cycle, but of more than 6 points. The widest white gap has three."),
        ),
        "The window opens at r = 1 + sqrt(8) = 3.8284; inside it the exponent is negative again.",
    ),
    "signs": Exercise(
        signs(5),
        _SIGNS,
        tuple((given, _of_signs(given)) for given in product((-1, 1), repeat=5) if given != _SIGNS),
        "The exponent is the log of the size of a product of slopes. What settles on a cycle has a negative one.",
    ),
}
