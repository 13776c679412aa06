"""The exercises of notebooks 00 to 03: functions applied again and again."""

import numpy as np

from lecturelib import maps, planes
from lecturelib.exercises.probes import Called, Exercise, Unfit, floats, number, shown, signs, together


def _attractor_period(given):
    """The period of the cycle that the logistic map settles on at r = given; 0 if it settles on none up to 12."""
    r = number(0, 4)(given)
    settled = maps.bifurcation(maps.logistic, np.array([r]), x0=0.3, transient=20_000, keep=13)[0]
    repeats = np.flatnonzero(np.abs(settled[1:] - settled[0]) < 1e-6)
    return int(repeats[0]) + 1 if len(repeats) else 0


# Notebook 00 ---------------------------------------------------------------------------------------------------------

_START = {
    "steps": Exercise(
        number(0, 1000),
        19,
        (
            (20, "you counted the places. Between 20 places there are fewer gaps: try with 2 places and 1 step."),
            (21, "you counted both ends and one more. From step 1 to step 2 leads one step; now go on to 20."),
            (18, "18 places lie strictly between 1 and 20; count the steps that lead over them."),
        ),
        "T - 1 steps lead from step 1 to step T. You will meet this T - 1 again.",
    )
}

# Notebook 01 ---------------------------------------------------------------------------------------------------------


def _pass_back(factor):
    """A backward pass of the scalar tanh RNN that multiplies by `factor(w, h, t)` from step t+1 to step t (t counted from 0)."""

    def backward(w, h):
        h_bar = np.ones(len(h))
        for t in reversed(range(len(h) - 1)):
            h_bar[t] = h_bar[t + 1] * factor(w, h, t)
        return h_bar

    return backward


def by_differences(w, h, step=1e-6):
    """dh(T)/dh(t) for every t, by nudging h(t) and running the scalar tanh RNN forward: no derivative is used."""

    def last(start, steps):
        return maps.orbit(maps.tanh_map(w), start, steps)[-1]

    steps = range(len(h) - 1, -1, -1)
    return np.array([(last(x + step, n) - last(x - step, n)) / (2 * step) for x, n in zip(h, steps, strict=True)])


def _factors():
    """(w, T) for the linear unit: the lecture's first, then others of both signs, one step alone among them."""
    rng = np.random.default_rng(1)
    drawn = zip(np.round(rng.uniform(0.4, 1.6, 6), 2).tolist(), rng.integers(2, 13, 6).tolist(), strict=True)
    return ((1.1, 50), (0.9, 50), (1.3, 1), *drawn, (-0.8, 4), (-1.2, 5))


def _runs():
    """(w, h) for the tanh unit: orbits of several lengths."""
    rng = np.random.default_rng(2)
    runs = []
    for steps in (5, 1, 2, 8, 3, 0):
        w, start = np.round(rng.uniform((0.6, 0.2), (1.6, 0.9)), 2) * rng.choice([-1, 1], 2)
        runs.append((float(w), maps.orbit(maps.tanh_map(w), start, steps)))
    return tuple(runs)


_SCALAR = {
    "exponent": Exercise(
        Called(_factors(), lambda w, T: ()),
        lambda w, T: w ** (T - 1),
        (
            (lambda w, T: w**T, "you used w^T; from step 1 to step T there are T - 1 factors, one for each step between them."),
            (lambda w, T: w * (T - 1), "you added the factors up; a chain of steps multiplies them."),
            (lambda w, T: w ** (T + 1), "you have T + 1 factors; from step 1 to step T there are T - 1."),
            (lambda w, T: w ** (1 - T), "the sign of the exponent is turned around: w > 1 must explode."),
        ),
        "With T = 50 it gives 106.7 and 0.005726. The slide's 117.4 and 0.00515 are w^50: one factor too many.",
    ),
    "length": Exercise(
        number(1, 1e6),
        133,
        (
            (132, "132 is the number of factors. From step 1 to step T there are T - 1, so T is one more."),
            (131, "0.9^130 is still above 1e-6. You need T - 1 > ln(1e-6) / ln(0.9) = 131.1, so round up, then add 1."),
            (132.13, "T is a whole number of steps: round up."),
            (58, "you mixed two logarithms: log10(1e-6) = -6 goes with log10(0.9), not with ln(0.9)."),
        ),
        "0.9^132 is the first power below 1e-6.",
    ),
    "backward": Exercise(
        Called(_runs(), lambda w, h: (len(h),)),
        by_differences,
        (
            (_pass_back(lambda w, h, t: w), "you have the weight, but not the slope of tanh at z(t+1)."),
            (
                _pass_back(lambda w, h, t: w * (1 - h[t] ** 2)),
                "you took the slope at step t. The step from t to t + 1 has its slope at z(t+1), so use h(t+1).",
            ),
            (_pass_back(lambda w, h, t: 1 - h[t + 1] ** 2), "you have the slope of tanh, but not the weight w."),
            (
                _pass_back(lambda w, h, t: w * (1 - np.tanh(h[t + 1]) ** 2)),
                "h(t+1) is tanh(z(t+1)) already: the slope is 1 - h(t+1)^2, with no second tanh.",
            ),
            (
                lambda w, h: _pass_back(lambda w, h, t: w * (1 - h[t + 1] ** 2))(w, h)[::-1],
                "the numbers are right but in reverse: h_bar[0] belongs to step 1, and the last entry is 1.",
            ),
        ),
        "It agrees with nudging each h(t) and running the network forward.",
    ),
}

# Notebook 02 ---------------------------------------------------------------------------------------------------------

_ITERATED = {
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

# Notebook 03 ---------------------------------------------------------------------------------------------------------

_FOUR = np.array([[1.8, 0.4], [-0.4, 1.8]])  # notebook 03's "four memories"


def _steepness(given):
    """0, 1, 2: the gradient over 50 steps is below 1, below 1000, above; 3: the start is near the source."""
    h = floats(given, (2,), "the answer is a start (h1, h2)")
    if not np.abs(h).max() <= 1:
        raise Unfit(f"both numbers of a start lie from -1 to 1; yours is {shown(given)}")
    if np.abs(h).max() < 0.2:
        return 3
    size = planes.log_growth(_FOUR, np.zeros(2), h[:, None], 50)[0]
    return 0 if size < 0 else 1 if size < 3 else 2


def _near_fold(given):
    """A bias to two digits; those near enough to the fold are the fold."""
    b = number(-2, 2)(given)
    return 0.5328 if abs(b - 0.5328) < 0.005 else round(b, 2)


def _end(W, b, h, steps=1000):
    for _ in range(steps):
        h = np.tanh(W @ h + b)
    return h


_TWO = [[1.2, -0.6], [-0.3, 1.4]]
_SLOW = [[1.02, 0.02], [0.1, 0.5]]  # here 100 steps are too few
_STARTS = tuple(
    (np.array(W), np.array(b, dtype=float), np.array(h))
    for W, b, h in (
        (_FOUR, (0, 0), (0.3, -0.8)),
        (_FOUR, (0.1, 0.05), (-0.9, -0.2)),
        (_FOUR, (0, 0), (0.5, 0.9)),
        (_TWO, (-0.2, 0.3), (0.3, -0.8)),
        (_TWO, (0.1, 0.05), (-0.9, -0.2)),
        (_SLOW, (0, 0), (0.3, -0.8)),
    )
)

_ATTRACTORS = {
    "fold": Exercise(
        _near_fold,
        0.5328,
        (
            (-0.533, "at b = -0.533 the right memory vanishes; the question is the left one, at b > 0."),
            (0.9575, "0.9575 is the memory itself at b = 0, a value of h. The question is the bias."),
            (0.707, "0.707 is the size of h at the fold: there 2 (1 - h^2) = 1. Now put it into tanh(2h + b) = h."),
            (-0.707, "-0.707 is h at the fold: there 2 (1 - h^2) = 1. Now put it into tanh(2h + b) = h."),
            (1, "at b = 1 the left memory is long gone. Raise b slowly from 0 and watch for one sink."),
        ),
        "With w = 2: slope 1 needs h = -1/sqrt(2), and then b = arctanh(h) - 2h = 0.5328. Doya (1993) calls it a bifurcation.",
    ),
    "steep-start": Exercise(
        _steepness,
        (-0.60086997, 1.0),
        (
            ((0.0, 0.0), "all borders meet in the source, so near it all is steep. Find a border away from the middle."),
            ((0.7265, -0.9661), "that start lies deep in a basin: its gradient vanishes. Look for the light lines."),
            ((-0.601, 1.0), "near a border, but not near enough: bisect, or ask planes.boundary for a point on it."),
        ),
        "Beside a border the orbit stays near the saddle for many steps, and each multiplies the gradient by about 1.163.",
    ),
    "basin": Exercise(
        Called(_STARTS, lambda W, b, h: (2,)),
        _end,
        (
            (lambda W, b, h: _end(W, b, h, 1), "you did one step; a basin is about where the start ends, after many."),
            (lambda W, b, h: _end(W.T, b, h), "your product is h W instead of W h: the matrix is transposed."),
            (lambda W, b, h: _end(W, 0 * b, h), "you left out the bias b."),
            (lambda W, b, h: np.sign(W @ h + b), "you have the quadrant after one step; run the map until it settles."),
        ),
        "Four memories, two bits: the signs of h1 and h2 at the end.",
    ),
}

EXERCISES = together(_START, _SCALAR, _ITERATED, _ATTRACTORS)
