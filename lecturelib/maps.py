"""Iterated maps of one variable: orbits, the derivative along an orbit, and the attractors.

Slides "Why Gradients Explode or Vanish" and "Iterated Functions". A `Map` is a function with its derivative. Composing maps
multiplies their slopes, which is all that backpropagation through time does to a gradient. States are numbers or arrays of
numbers (many initial states or parameters at once). A state that overflows has *escaped*: it is +-inf and stays so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lecturelib import expect
from lecturelib.expect import Numbers

EPS = np.finfo(float).eps
NEUTRAL = 1e-8  # a fixed point whose slope is within this of +-1 is neither a sink nor a source
FAR = 1e12  # nan (inf - inf) at an |x| beyond this is an escape; nearer, it is an error in the map


# -- maps -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Map:
    """A function `f` of one number, its derivative `d`, and its `name`, a formula; f and d act elementwise on arrays.

    `f(x)` and `f.d(x)` never warn: overflow gives +-inf. `f ** n` is f∘...∘f (n times) and `f @ g` is f(g(x)); their `.d` is the
    product of the slopes along the way (the chain rule: the Jacobian on the lecture's univariate slide).
    ValueError: x is not a number; f or d is nan at some |x| <= 1e12; n is not a whole number from 1 to 10,000.
    """

    f: Callable
    d: Callable
    name: str

    def __post_init__(self):
        if not (callable(self.f) and callable(self.d) and isinstance(self.name, str)):
            raise ValueError("a Map needs f and d, functions of one number, and a name, a string")
        object.__setattr__(self, "d", partial(_value, self.d, f"the slope of {self.name}"))

    def __call__(self, x: Numbers) -> Any:
        return _value(self.f, self.name, x)

    def __pow__(self, n: int) -> "Map":
        if expect.whole("n, in f ** n,", n, most=10_000) == 1:
            return self
        return Map(lambda x: _orbit(self, x, n)[-1], lambda x: adjoint(self, _orbit(self, x, n))[0], f"{self.name}, {n} times")

    def __matmul__(self, g: "Map") -> "Map":
        checked_map("g", g)

        def d(x):
            y = g(x)
            slopes = np.stack(np.broadcast_arrays(g.d(x), self.d(y)))
            return np.where((slopes == 0).any(axis=0), 0.0, slopes.prod(axis=0))  # 0 times inf is 0, as in `adjoint`

        return Map(lambda x: self(g(x)), d, f"{self.name} after {g.name}")


def _value(function, what, x):
    """`function(x)`, elementwise, without warnings, broadcast to at least x's shape; `what` names it in errors."""
    x = expect.floats("x", x, "iufc", finite=False)
    with np.errstate(all="ignore"):
        try:
            y = np.asarray(function(x))
            y = np.broadcast_to(y, np.broadcast_shapes(x.shape, y.shape))
        except ValueError as error:
            if "broadcast" not in str(error):
                raise
            raise ValueError(f"x of shape {x.shape} does not fit the parameters of {what}") from error
        if y.dtype.kind not in "iufc":
            expect.refuse(what, "a number", y[()])
        return (_escaped(y, x, what) if not np.isfinite(y).all() else y.astype(np.result_type(y, float)))[()]


def _escaped(y, x, what):
    """`y`, computed from `x`, with nan (inf - inf) from a large x replaced by inf; a complex inf is replaced by real inf."""
    lost = np.isnan(y)
    fault = lost & (np.abs(x) <= FAR)
    if fault.any():
        raise ValueError(f"{what} is not a number at x = {np.broadcast_to(x, y.shape)[fault][0]:g}")
    return np.where(np.isfinite(y) if np.iscomplexobj(y) else ~lost, y, np.inf)


def _parameter(symbol, value, kinds="iuf"):
    """A checked copy of a parameter, and how it appears in a name: its value, or its symbol if it is an array."""
    a = expect.floats(symbol, value, kinds)
    return a, symbol if np.ndim(a) else f"({a:g})" if np.iscomplexobj(a) else f"{a:g}"


def _plus(text):
    return "" if text in ("0", "-0") else f" - {text[1:]}" if text[0] == "-" else f" + {text}"


def linear(w: Numbers) -> Map:
    """The Map w x, the lecture's linear unit. `w`: number or array. ValueError: w is not finite and real."""
    w, name = _parameter("w", w)
    return Map(lambda x: w * x, lambda x: w, f"{name} x")


def logistic(r: Numbers) -> Map:
    """The Map r x (1 - x) (slide "Iterated functions are complicated": r = 3.5). ValueError: r is not finite and real."""
    r, name = _parameter("r", r)
    return Map(lambda x: r * x * (1 - x), lambda x: r * (1 - 2 * x), f"{name} x (1 - x)")


def quadratic(c: Numbers) -> Map:
    """The Map x^2 + c (the lecture's cobweb: c = 0.15; complex c: its Mandelbrot set). ValueError: c is not finite."""
    c, name = _parameter("c", c, "iufc")
    return Map(lambda x: x * x + c, lambda x: 2 * x, f"x^2{_plus(name)}")


def _unit(function, slope, shown, w, b):
    (w, w_name), (b, b_name) = _parameter("w", w), _parameter("b", b)
    return Map(lambda x: function(w * x + b), lambda x: w * slope(w * x + b), f"{shown}{w_name} x{_plus(b_name)})")


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def tanh_map(w: Numbers, b: Numbers = 0.0) -> Map:
    """The Map tanh(w x + b), a tanh unit. ValueError: w or b is not finite and real."""
    # 1 / cosh^2 is 1 - tanh^2 without the cancellation: the slope of a saturated unit is tiny, not 0
    return _unit(np.tanh, lambda z: 1 / np.cosh(z) ** 2, "tanh(", w, b)


def sigmoid_map(w: Numbers, b: Numbers = 0.0) -> Map:
    """The Map 1 / (1 + exp(-(w x + b))), a logistic unit. ValueError: w or b is not finite and real."""
    return _unit(_sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z), "sigmoid(", w, b)


def relu_map(w: Numbers, b: Numbers = 0.0) -> Map:
    """The Map max(0, w x + b), with slope 0 at the kink. ValueError: w or b is not finite and real."""
    return _unit(lambda z: np.maximum(0, z), lambda z: z > 0, "max(0, ", w, b)


def checked_map(name: str, f: Any) -> Map:
    """`f`, which must be a Map. ValueError: it is not."""
    return expect.instance(name, f, Map, "a Map, such as maps.logistic(3.5)")


# -- along an orbit ---------------------------------------------------------------------------------------------------------


def orbit(f: Map, x0: Numbers, steps: int) -> np.ndarray:
    """x0, f(x0), f(f(x0)), ...: shape (steps + 1, *shape), where shape is x0's, broadcast with array parameters of f.

    An orbit that overflows has escaped: from there on it is +inf or -inf (complex: inf). ValueError: f is not a Map; x0 is not
    finite; steps is not a whole number >= 0; f is nan on the way.
    """
    return _orbit(checked_map("f", f), expect.floats("x0", x0, "iufc"), expect.whole("steps", steps, least=0))


def _orbit(f, x, steps):
    y = f(x)
    expect.room("steps", steps + 1, np.size(y))
    with np.errstate(all="ignore"):
        h = np.empty((steps + 1, *np.shape(y)), np.result_type(x, y))
        h[0] = x
        for t in range(steps):
            h[t + 1] = f.f(h[t])
        gone = ~np.isfinite(h)
        if not gone.any():
            return h
        # an escaped orbit does not come back, even though tanh(inf) = 1
        first = gone.argmax(axis=0)[None]
        there, before = (np.take_along_axis(h, at, 0)[0] for at in (first, np.maximum(first - 1, 0)))
        return np.where(np.logical_or.accumulate(gone), _escaped(there, before, f.name), h)


def adjoint(f: Map, h: Numbers) -> np.ndarray:
    """h_bar[t] = d h[T-1] / d h[t] along the orbit `h`, shape (T, ...); h_bar has the same shape and h_bar[-1] = 1.

    The lecture's backprop updates for a chain of one unit: h_bar[t] = h_bar[t+1] f'(h[t]), from the last step to the first. It
    underflows to 0 and overflows to +-inf; 0 times inf is 0. ValueError: f is not a Map; h is not an array of real numbers
    (inf for escaped) with at least one state.
    """
    h = expect.floats("h", h, finite=False)
    if not h.ndim or not len(h):
        raise ValueError(f"h must be an orbit of at least one state, shape (T, ...), not shape {h.shape}")
    slopes = checked_map("f", f).d(h[:-1])
    with np.errstate(all="ignore"):
        h_bar = np.multiply.accumulate(np.concatenate([np.ones((1, *slopes.shape[1:])), slopes[::-1]]))[::-1]
    return np.where(np.isnan(h_bar), 0.0, h_bar)  # nan can only be 0 times inf


def lyapunov(f: Map, x0: Numbers, steps: int = 1000, transient: int = 100) -> Any:
    """The Lyapunov exponent, in nats per step: the mean of ln |f'(x_t)| over `steps` steps after the first `transient`.

    Shape of x0, broadcast with array parameters of f. A slope of exactly 0 gives -inf, even on an escaped orbit (never nan). An
    escaped orbit has the slope at infinity: +inf for r x (1 - x) and x^2 + c, but ln |w| for w x.
    ValueError: as `orbit`; steps < 1 or transient < 0.
    """
    x, steps = expect.floats("x0", x0, "iufc"), expect.whole("steps", steps)
    transient = expect.whole("transient", transient, least=0)
    slopes = checked_map("f", f).d(_orbit(f, x, transient + steps)[transient:-1])
    with np.errstate(all="ignore"):
        mean = np.log(np.abs(slopes)).mean(axis=0)
    return np.where(np.isnan(mean), -np.inf, mean)[()]  # nan can only be -inf + inf


def bifurcation(
    family: Callable[[np.ndarray], Map], params: Numbers, x0: Numbers = 0.5, transient: int = 500, keep: int = 400
) -> np.ndarray:
    """A bifurcation diagram, shape (n, keep): row i holds `keep` states of family(params[i]), after `transient` steps from x0.

    `family`: such as `logistic`, called once with the whole array. `params`: shape (n,). x0: one number or shape (n,).
    The states are +-inf where the orbit has escaped. ValueError: family does not return a Map of n states; params is not a
    non-empty row of finite numbers; x0 of another shape; keep < 1; transient < 0.
    """
    params, x = expect.floats("params", params, axes="N"), expect.floats("x0", x0)
    transient, keep = expect.whole("transient", transient, least=0), expect.whole("keep", keep)
    if x.shape not in ((), params.shape):
        raise ValueError(f"x0 must be one number or as many as params ({params.size}), not an array of shape {x.shape}")
    f = family(params) if callable(family) else None
    if not isinstance(f, Map) or np.shape(f(x)) != params.shape:
        raise ValueError("family must return a Map with one state for each of params, such as maps.logistic")
    return _orbit(f, x, transient + keep - 1)[transient:].T


# -- attractors -------------------------------------------------------------------------------------------------------------


class FixedPoint(NamedTuple):
    """A point with f(x) = x, the slope f'(x), and its kind: "sink" (|slope| < 1), "source" (> 1) or "neutral" (1 to 1e-8)."""

    x: float
    slope: float
    kind: str


class Cycle(NamedTuple):
    """A cycle: its `points` (n,) in order, from the smallest; the product of their slopes; and its kind, as of a fixed point."""

    points: np.ndarray
    multiplier: float
    kind: str


def _kind(slope):
    return "neutral" if abs(abs(slope) - 1) <= NEUTRAL else "sink" if abs(slope) < 1 else "source"


def fixed_points(f: Map, lo: float, hi: float) -> list[FixedPoint]:
    """All x in [lo, hi] with f(x) = x in ascending order, including those where f only touches the diagonal.

    By grid refinement and bisection; accurate to 1e-12 where the slope is not 1, to about 1e-5 where three points meet (a period
    doubling seen through f ** 2). Points of slope 1 closer than 1e-4 of the interval count as one. ValueError: not
    -1e12 <= lo < hi <= 1e12; f has array parameters, is complex, is the identity on an interval (every point is fixed), or
    oscillates too fast (2^16 cells).
    """
    checked_map("f", f)
    lo, hi = expect.one_number("lo", lo), expect.one_number("hi", hi)
    if not -FAR <= lo < hi <= FAR:
        raise ValueError(f"lo must be less than hi, both within +-{FAR:g}, not {lo:g} and {hi:g}")
    if np.shape(f(lo)) or np.iscomplexobj(f(lo)):
        raise ValueError(f"f must have one real number for each parameter, not an array or a complex number: {f.name}")
    with np.errstate(all="ignore"):
        x = _roots(f, *_resolved(f, lo, hi))
        slope = f.d(x)
        # rounding can split a point of slope 1 where three meet: of such neighbours only the middle one counts
        flat = np.abs(slope - 1) <= NEUTRAL
        new = ~(flat[1:] & flat[:-1] & (np.diff(x) <= 1e-4 * (hi - lo)))
    edges = np.flatnonzero(np.concatenate([[True], new, [True]])) if x.size else np.empty(0, int)
    middle = [(a + b - 1) // 2 for a, b in pairwise(edges)]
    return [FixedPoint(float(x[i]), float(slope[i]), _kind(slope[i])) for i in middle]


def _resolved(f, lo, hi):
    """A sorted grid on [lo, hi] with at most one turning point of f(x) - x in each cell; and the slope of f(x) - x on it."""

    def look(x):  # arctan keeps the roots and turning points, and is flat where f escapes: no cells are wasted there
        g = (f(x) - x) / (hi - lo)
        s = (f.d(x) - 1) / (1 + g * g) / (hi - lo)
        return np.stack([x, np.arctan(g), np.where(np.isnan(s), 0.0, s)])

    grid = look(np.linspace(lo, hi, 513))
    x = grid[0]
    same = np.abs(f(x) - x) <= 8 * EPS * np.abs(x)
    if (same[:-2] & same[1:-1] & same[2:]).any():
        raise ValueError(f"{f.name} is the identity near x = {x[same][1]:g}: every point there is fixed")
    seen, left, right = [grid], grid[:, :-1], grid[:, 1:]
    for _ in range(28):
        if not left.size:
            break
        middle = look((left[0] + right[0]) / 2)
        seen.append(middle)
        (a, ga, sa), (_, _, sm), (b, gb, sb) = left, middle, right
        bend, size = np.abs(sm - (sa + sb) / 2), np.abs([sa, sm, sb])
        rise, simpson = (b - a) * size.max(axis=0), (b - a) * (sa + 4 * sm + sb) / 6
        simple = (8 * bend <= np.abs(sb - sa)) | (4 * bend <= size.min(axis=0))  # at most one turning point, or none
        rough = ~simple | (rise > 0.5) | (np.abs(gb - ga - simpson) > 0.02 * rise + 1e-13)  # or only seems simple
        left = np.concatenate([left[:, rough], middle[:, rough]], axis=1)
        right = np.concatenate([middle[:, rough], right[:, rough]], axis=1)
        if left.shape[1] > 2**16:
            raise ValueError(f"{f.name} oscillates too fast from {lo:g} to {hi:g}: take fewer steps or a shorter interval")
    x, _, s = np.concatenate(seen, axis=1)
    order = np.argsort(x)
    return x[order], s[order]


def _roots(f, x, s):
    """The zeros of f(x) - x, with slope `s` on the grid `x`: where it touches 0 (at a turning point or an end) or crosses it."""

    def gap(x):
        return f(x) - x

    cell = np.flatnonzero(np.sign(s[:-1]) * np.sign(s[1:]) < 0)
    turns = _bisect(lambda x: f.d(x) - 1, x[cell], x[cell + 1])
    may_touch = np.concatenate([turns, x[[0, -1]]])
    neighbours = np.clip(may_touch * (1 + EPS * np.arange(-8, 9)[:, None]), x[0], x[-1])
    noise = np.ptp(gap(neighbours), axis=0)  # the rounding error
    noise[noise > 1e-3 * (x[-1] - x[0])] = 0  # where f is so steep, its values say nothing about touching
    touch = may_touch[np.abs(gap(may_touch)) <= 4 * noise + 4 * EPS * np.abs(may_touch)]
    grid = np.union1d(x, turns)
    sign = np.where(np.isin(grid, touch), 0.0, np.sign(gap(grid)))
    cell = np.flatnonzero(sign[:-1] * sign[1:] < 0)
    cross = _bisect(gap, grid[cell], grid[cell + 1])
    cross = cross[np.abs(gap(cross)) < 1e-3 * (x[-1] - x[0])]  # a jump over the diagonal is not a fixed point
    return np.sort(np.concatenate([grid[sign == 0], cross]))


def _bisect(g, a, b):
    """The point between a and b where g changes sign, elementwise, to the last bit or two."""
    rising = g(b) > 0
    for _ in range(64):
        middle = (a + b) / 2
        above = (g(middle) > 0) == rising
        a, b = np.where(above, a, middle), np.where(above, middle, b)
    return (a + b) / 2


def cycles(f: Map, n: int, lo: float, hi: float) -> list[Cycle]:
    """The cycles of exact period n within [lo, hi], in the order of their least points.

    They consist of the fixed points of f ** n that belong to no shorter cycle. After a period doubling, a cycle is found once its
    multiplier differs from 1 by 1e-8. ValueError: n is not a whole number from 1 to 100; f, lo, hi as in `fixed_points`.
    """
    checked_map("f", f), expect.whole("n", n, most=100)
    shorter = [x for d in range(1, n) if n % d == 0 for cycle in cycles(f, d, lo, hi) for x in cycle.points]
    points, found = np.array([p.x for p in fixed_points(f**n, lo, hi)]), []

    def nearest(x):
        i = np.abs(points - x).argmin() if points.size else 0
        return i if points.size and abs(points[i] - x) < 1e-4 * (hi - lo) else None

    for x in shorter:  # each is one of the fixed points of f ** n
        if (i := nearest(x)) is not None:
            points = np.delete(points, i)
    while points.size:
        visited: list[float] = []
        at: int | None = 0
        while at is not None and len(visited) < n:
            visited.append(points[at])
            points = np.delete(points, at)
            at = nearest(f(visited[-1]))
        if len(visited) == n:
            multiplier = float(np.prod(f.d(np.array(visited))))
            found.append(Cycle(np.array(visited), multiplier, _kind(multiplier)))
    return found
