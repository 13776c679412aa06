"""Two tanh units on their own: h <- tanh(W h + b), a map of the plane. Its attractors, their basins, and the gradient on them.

The lecture's picture of "various attractors": a point of the plane is an initial state h(0), its colour the attractor that the
orbit ends at. States are arrays of shape (2, ...), so that W @ h is defined. Everything else about RNNs is in `cells`.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lecturelib import expect

EDGE = 1.0  # the states of tanh units lie within -1 ... 1
SAME = 1e-3  # attractors closer than this count as one
MOST = 10**6  # the largest number of steps
SIDE = 4000  # the largest number of initial states along the side of a picture
PHASES = 16  # more distinct end points than this mean a closed curve or chaos


class Point(NamedTuple):
    """A fixed or slow point `h` (2,), the eigenvalues of the Jacobian there, and its kind.

    "sink" (all |eigenvalues| < 1), "source" (all > 1), "saddle" (one of each), or "slow": not fixed, but a local minimum of
    q = |F(h) - h|^2 / 2, so that orbits linger there (Sussillo and Barak 2013).
    """

    h: np.ndarray
    eigenvalues: np.ndarray
    kind: str
    q: float


def grid(size: int, edge: float = EDGE) -> np.ndarray:
    """The initial states of a picture, (2, size * size) float32: row by row from the top, columns from the left.

    ValueError: size is not a whole number from 1 to 4000; edge is not positive.
    """
    size, edge = expect.whole("size", size, most=SIDE), expect.positive("edge", edge)
    x = np.linspace(-edge, edge, size, dtype=np.float32)
    return np.stack([np.tile(x, size), np.repeat(x[::-1], size)])


def run(W: np.ndarray, b: np.ndarray, h: np.ndarray, steps: int) -> np.ndarray:
    """The states (2, N) after `steps` steps from the initial states h (2, N); float32 stays float32. ValueError: as `orbit`."""
    W, b, h = _map(W, b, h)
    z = h.copy()
    for _ in range(_count(steps)):
        z = np.dot(W, z)
        z += b
        np.tanh(z, out=z)
    return z


def orbit(W: np.ndarray, b: np.ndarray, h0: np.ndarray, steps: int) -> np.ndarray:
    """The states h(0) ... h(steps), shape (steps + 1, 2), from one initial state h0 (2,).

    ValueError: W is not (2, 2), b or h0 not (2,), or not finite; steps is not a whole number >= 0.
    """
    W, b = _weights(W, b)
    states = [np.asarray(expect.numbers("h0", h0, "2"), float)]
    for _ in range(_count(steps)):
        states.append(np.tanh(W @ states[-1] + b))
    return np.array(states)


def attractors(W: np.ndarray, b: np.ndarray, seed: int = 0) -> np.ndarray:
    """The end points of orbits, shape (2, K), K <= 16, in ascending order: sinks, and each phase of attracting cycles.

    Found with 2,000 steps from 200 random initial states. Empty (K = 0) if there are more than 16 end points: a closed curve, or
    chaos. ValueError: W is not (2, 2), b not (2,), or not finite; seed < 0.
    """
    initial = np.random.default_rng(expect.whole("seed", seed, least=0)).uniform(-EDGE, EDGE, (2, 200))
    ends = run(W, b, initial, 2000)
    found: list[np.ndarray] = []
    for end in ends.T:
        if all(np.abs(end - other).max() > SAME for other in found):
            found.append(end)
            if len(found) > PHASES:
                return np.empty((2, 0))
    return np.array(sorted(found, key=tuple)).T


def basins(W: np.ndarray, b: np.ndarray, ends: np.ndarray, size: int, steps: int = 100) -> np.ndarray:
    """The basin of each point of `grid(size)`, shape (size, size): the index of the nearest of `ends` (2, K) after `steps` steps.

    A cycle has an end for each phase. Every sixth point is run first; the pixels between are run only near places where four
    neighbours disagree, so thinner parts of a basin can be missed. ValueError: as `orbit`; ends is not (2, K); size < 1.
    """
    (W, b), ends, steps, size = _weights(W, b), _ends(ends), _count(steps), expect.whole("size", size, most=SIDE)
    if ends.shape[1] < 2:
        return np.zeros((size, size), int)
    initial = grid(size).reshape(2, size, size)
    coarse = _label(W, b, initial[:, ::6, ::6].reshape(2, -1), ends, steps).reshape(initial[0, ::6, ::6].shape)
    labels = np.repeat(np.repeat(coarse, 6, axis=0), 6, axis=1)[:size, :size]
    mixed = np.zeros(labels.shape, bool)
    corners = np.stack([coarse[:-1, :-1], coarse[1:, :-1], coarse[:-1, 1:], coarse[1:, 1:]])
    rough = np.pad((corners != corners[0]).any(axis=0), ((0, 1), (0, 1)), constant_values=True)  # beyond the last point: run
    rough = _grown(rough)
    mixed = np.repeat(np.repeat(rough, 6, axis=0), 6, axis=1)[:size, :size]
    labels[mixed] = _label(W, b, initial[:, mixed], ends, steps)
    return labels


def _grown(cells):
    """The cells and their eight neighbours: a thin arm of a basin may lie in a cell whose corners agree."""
    wide = np.pad(cells, 1)
    n, m = cells.shape
    return np.logical_or.reduce([wide[i : i + n, k : k + m] for i in range(3) for k in range(3)])


def _label(W, b, initial, ends, steps):
    h = run(W, b, np.ascontiguousarray(initial, dtype=np.float32), steps)
    ends = ends.astype(np.float32)
    nearest, label = np.full(h.shape[1], np.inf, np.float32), np.zeros(h.shape[1], int)
    for k in range(ends.shape[1]):
        distance = (h[0] - ends[0, k]) ** 2 + (h[1] - ends[1, k]) ** 2
        closer = distance < nearest
        label[closer], nearest[closer] = k, distance[closer]
    return label


def log_growth(W: np.ndarray, b: np.ndarray, h: np.ndarray, steps: int) -> np.ndarray:
    """log10 of the largest singular value of dh(steps) / dh(0) at each initial state h (2, N), shape (N,); -inf for 0.

    This is the largest growth of a small nudge. The Jacobian is rescaled along the way, so that it neither overflows nor
    underflows. ValueError: as `orbit`.
    """
    W, b, h = _map(W, b, h)
    steps = _count(steps)
    largest = np.abs(W).max() or 1
    W_1 = W / largest  # its entries are at most 1, and 1 - h^2 is 0 or at least 6e-8: a few steps stay in range
    every = 3 if np.abs(W_1[W_1 != 0]).min(initial=1) > 1e-5 else 1
    J = [np.full(h.shape[1], i == j, h.dtype) for i in (0, 1) for j in (0, 1)]  # a, b; c, d
    exponent = np.zeros(h.shape[1], int)
    for t in range(steps):
        h = np.tanh(W @ h + b)
        s = 1 - h * h
        J = [s[i] * (W_1[i, 0] * J[k] + W_1[i, 1] * J[2 + k]) for i in (0, 1) for k in (0, 1)]
        if t % every == 0:
            shift = np.maximum(np.frexp(sum(map(np.abs, J)))[1], 2 - np.finfo(h.dtype).maxexp)
            by = np.ldexp(h.dtype.type(1), -shift)
            J = [part * by for part in J]
            exponent += shift
    a, b, c, d = J
    with np.errstate(divide="ignore"):
        # the largest singular value of a 2 x 2 matrix, without a square that could underflow alone
        logs = np.log10((np.hypot(a + d, b - c) + np.hypot(a - d, b + c)) / 2)
    return logs + (exponent * np.log10(2) + steps * np.log10(largest, dtype=float)).astype(h.dtype)


def growth_along(W: np.ndarray, h: np.ndarray) -> np.ndarray:
    """log10 of the largest singular value of dh(t) / dh(0) for each step of an orbit h (T + 1, 2), shape (T + 1,).

    Unlike `log_growth` it does not rescale: it is for some hundred steps. ValueError: W is not (2, 2), or h not (T + 1, 2).
    """
    W, h = expect.numbers("W", W, "2 2"), expect.numbers("h", h, "N 2")
    J = [np.eye(2)]
    for state in h[1:]:
        J.append((1 - state**2)[:, None] * (W @ J[-1]))
    with np.errstate(divide="ignore"):  # a product that underflows is 0
        return np.log10(np.linalg.norm(J, 2, axis=(1, 2)))


def boundary(W: np.ndarray, b: np.ndarray, p: np.ndarray, q: np.ndarray, ends: np.ndarray, steps: int = 200) -> np.ndarray:
    """A point (2,) between the initial states p and q (2,), on the basin boundary to the precision of a float64, by bisection.

    ValueError: as `orbit`; `ends` (2, K) are fewer than two; p and q end at the same one.
    """
    (W, b), ends, steps = _weights(W, b), _ends(ends), _count(steps)
    p, q = (np.asarray(expect.numbers(name, a, "2"), float) for name, a in (("p", p), ("q", q)))
    if ends.shape[1] < 2:
        raise ValueError("ends must be at least two: otherwise there is no basin boundary")

    def label(h):
        end = orbit(W, b, h, steps)[-1]
        return int(np.argmin(((ends.T - end) ** 2).sum(axis=1)))

    mine = label(p)
    if label(q) == mine:
        raise ValueError("p and q lie in the same basin: there may be no boundary between them")
    for _ in range(200):
        middle = (p + q) / 2
        if (middle == p).all() or (middle == q).all():
            break
        p, q = (middle, q) if label(middle) == mine else (p, middle)
    return p


def fixed_points(W: np.ndarray, b: np.ndarray, size: int = 15) -> list[Point]:
    """All fixed points and slow points: sinks first, then saddles, sources and slow points, each kind from left to right.

    q is minimized by damped Gauss-Newton steps from size x size initial states and from every place that may contain a fixed
    point (`_candidates`); points with q < 1e-20 are fixed. ValueError: as `attractors`; size is not from 1 to 100.
    """
    W, b, h = _map(W, b, grid(expect.whole("size", size, most=100)).astype(float))
    h = np.hstack([h, _candidates(W, b)])
    damp = np.full(h.shape[1], 1e-2)
    for _ in range(120):
        r, J = _residual(W, b, h)
        g = np.einsum("ijn,in->jn", J, r)
        A = np.einsum("ijn,ikn->njk", J, J) + damp[:, None, None] * np.eye(2)
        trial = np.clip(h - np.linalg.solve(A, g.T[..., None])[..., 0].T, -EDGE, EDGE)
        better = (_residual(W, b, trial)[0] ** 2).sum(axis=0) <= (r**2).sum(axis=0)
        h = np.where(better, trial, h)
        damp = np.clip(np.where(better, damp / 4, damp * 4), 1e-14, 1e6)
    r, J = _residual(W, b, h)
    q, slope = (r**2).sum(axis=0) / 2, np.abs(np.einsum("ijn,in->jn", J, r)).max(axis=0)
    found: list[Point] = []
    for k in np.argsort(q):
        if (q[k] < 1e-20 or slope[k] < 1e-6) and all(np.abs(h[:, k] - other.h).max() > SAME for other in found):
            eigenvalues = np.linalg.eigvals(J[:, :, k] + np.eye(2))
            moduli = np.abs(eigenvalues)
            kind = "sink" if (moduli < 1).all() else "source" if (moduli > 1).all() else "saddle"
            found.append(Point(h[:, k].copy(), eigenvalues, kind if q[k] < 1e-20 else "slow", float(q[k])))
    order = ("sink", "saddle", "source", "slow")
    return sorted(found, key=lambda point: (order.index(point.kind), *point.h.round(3)))


def _candidates(W, b, most=2000):
    """The centres (2, N) of small boxes that may contain a fixed point; all others are ruled out, because tanh is monotone.

    A box that is disjoint from its image contains none; a box that may contain one is split into four. This finds steep sources,
    which nearby initial states may not lead to.
    """
    centre, half = np.zeros((2, 1)), EDGE
    for _ in range(16):
        half /= 2
        quarters = half * np.array([[-1, -1, 1, 1], [-1, 1, -1, 1]])
        split = (centre[:, :, None] + quarters[:, None]).reshape(2, -1)
        z, reach = W @ split + b, half * np.abs(W).sum(axis=1, keepdims=True)
        outside = (np.tanh(z - reach) > split + half) | (np.tanh(z + reach) < split - half)
        split = split[:, ~outside.any(axis=0)]
        if split.shape[1] > most:  # a whole curve is almost fixed, not just a few points
            break
        centre = split
    return centre


def _residual(W, b, h):
    """F(h) - h (2, N), and its Jacobian (2, 2, N)."""
    f = np.tanh(W @ h + b)
    return f - h, (1 - f * f)[:, None] * W[..., None] - np.eye(2)[..., None]


# -- input validation -------------------------------------------------------------------------------------------------------


class Portrait(NamedTuple):
    """The phase portrait of h <- tanh(W h + b): its attractors, their basins, and its fixed points.

    `ends` (2, K) are the attracting points, a cycle having one for each phase, and none for a curve or chaos. `after` (K,) says
    to which of them a step leads from each. `labels`
    (size, size) says for each point of `grid(size)` at which of them it ends, by its number among `names` (K): without a bias
    0, 1, ..., and with one the number of the point nearest to it without. `points`: fixed and slow points. `late` (2, N) are
    states of some orbits after many steps, where there are no `ends`; none otherwise.
    """

    ends: np.ndarray
    after: list[int]
    names: list[int]
    labels: np.ndarray
    points: list[Point]
    late: np.ndarray

    @property
    def text(self) -> str:
        """How many attracting points there are, in words."""
        count = self.ends.shape[1]
        if not count:
            return "orbits settle at no point, the dots show where they move for ever"
        return f"{count} end point{'s' * (count != 1)}"


def portrait(W: np.ndarray, b: np.ndarray, size: int) -> Portrait:
    """The phase portrait. Recent ones are kept. ValueError: as `orbit`; size is not a whole number from 1 to 4000."""
    W, b = _weights(W, b)
    return _portrait(tuple(W.ravel()), tuple(b), expect.whole("size", size, most=SIDE))


@lru_cache(maxsize=64)
def _portrait(entries, bias, size):
    W, b = np.reshape(entries, (2, 2)), np.array(bias)
    ends = attractors(W, b)
    if not ends.size:
        return Portrait(ends, [], [], np.zeros((size, size), int), fixed_points(W, b), _late(W, b))
    first = attractors(W, 0 * b) if b.any() else ends
    names = _label(W, b, ends, first, 0) if first.size else np.arange(ends.shape[1])
    if len(set(names)) < len(names):
        names = np.arange(len(names))
    labels, after = names[basins(W, b, ends, size)], _label(W, b, ends, ends, 1)
    return Portrait(ends, after.tolist(), names.tolist(), labels, fixed_points(W, b), np.empty((2, 0)))


def _late(W, b, steps=400):
    """The states (2, 4 steps) of four orbits after 1,000 steps."""
    h = run(W, b, np.array([[0.5, -0.5, 0.1, -0.9], [0.1, 0.9, -0.7, -0.3]]), 1000)
    return np.hstack([h := np.tanh(W @ h + b[:, None]) for _ in range(steps)])


def _map(W, b, h):
    """W, b as a column, and h, all of the dtype of h."""
    W, b = _weights(W, b)
    expect.array("h", h, "2 N", finite=False)
    largest = max(np.abs(W).max(), np.abs(b).max())
    if largest > np.finfo(h.dtype).max:
        raise ValueError(f"W and b must fit into {h.dtype}, the dtype of h; there is {largest:g}")
    return W.astype(h.dtype), b.astype(h.dtype)[:, None], h


def _weights(W, b):
    return np.asarray(expect.numbers("W", W, "2 2"), float), np.asarray(expect.numbers("b", b, "2"), float)


def _count(steps):
    return expect.whole("steps", steps, least=0, most=MOST)


def _ends(ends):
    """The ends (2, K) as float64; K may be 0."""
    return np.asarray(expect.numbers("ends", ends, "2 K", empty=True), float)
