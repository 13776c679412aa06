"""`phase_plane`: orbits, basins, boundaries and fixed points, against one-start loops, finite differences and SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, root

from lecturelib import phase_plane

PRESETS = {
    "four memories": [[1.8, 0.4], [-0.4, 1.8]],
    "twelve colours": [[-2.5, -3.26], [2.57, -1.78]],
    "fractal border": [[-2.4, -2.0], [6.03, 3.18]],
    "striped": [[1.78, 0.62], [-4.57, 0.46]],
}
FOUR, B = np.array(PRESETS["four memories"]), np.zeros(2)
numbers = st.floats(-3, 3)
matrices = st.tuples(st.tuples(numbers, numbers), st.tuples(numbers, numbers)).map(np.array)
places = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(np.array)
each_preset = pytest.mark.parametrize("W", [np.array(W) for W in PRESETS.values()], ids=PRESETS)


@given(matrices, places, places, st.integers(0, 8))
def test_many_starts_run_like_one(W, b, h, steps):
    states = phase_plane.orbit(W, b, h, steps)
    assert states.shape == (steps + 1, 2)
    x, y = h
    for state in states:  # by hand, in scalars
        np.testing.assert_allclose(state, (x, y), atol=1e-12)
        x, y = np.tanh(W[0, 0] * x + W[0, 1] * y + b[0]), np.tanh(W[1, 0] * x + W[1, 1] * y + b[1])
    many = phase_plane.run(W, b, np.stack([h, -h], axis=1), steps)
    np.testing.assert_allclose(many[:, 0], states[-1], atol=1e-12)


@given(matrices, places, places, st.integers(1, 4))
def test_the_growth_of_a_nudge_is_the_finite_difference(W, b, h, steps):
    e = 1e-6
    columns = [
        (phase_plane.orbit(W, b, h + d, steps)[-1] - phase_plane.orbit(W, b, h - d, steps)[-1]) / (2 * e) for d in e * np.eye(2)
    ]
    truth = np.linalg.norm(np.array(columns).T, 2)
    mine = 10 ** phase_plane.log_growth(W, b, h[:, None], steps)[0]
    assert mine == pytest.approx(truth, rel=1e-5, abs=1e-7)


def test_growth_far_below_what_a_square_can_hold():
    """Three hundred steps at a sink: each multiplies by the slope there, and the logs add up."""
    (sink,) = [point for point in phase_plane.fixed_points(0.5 * np.eye(2), B) if point.kind == "sink"]
    assert phase_plane.log_growth(0.5 * np.eye(2), B, sink.h[:, None], 300)[0] == pytest.approx(300 * np.log10(0.5))


def test_the_four_memories_and_what_is_between_them():
    ends = phase_plane.attractors(FOUR, B)
    known = sorted([(-0.7265, 0.9661), (0.7265, -0.9661), (0.9661, 0.7265), (-0.9661, -0.7265)])
    np.testing.assert_allclose(ends.T, known, atol=1e-4)
    found = phase_plane.fixed_points(FOUR, B)
    assert [point.kind for point in found] == ["sink"] * 4 + ["saddle"] * 4 + ["source"]
    saddle = found[4]
    assert sorted(np.abs(saddle.h)) == pytest.approx([0.5912, 0.9617], abs=1e-4)
    assert max(np.abs(saddle.eigenvalues)) == pytest.approx(1.163, abs=1e-3)


@each_preset
def test_fixed_points_are_those_that_scipy_finds(W):
    found = [point for point in phase_plane.fixed_points(W, B) if point.kind != "slow"]
    rng = np.random.default_rng(0)
    for _ in range(100):
        solution = root(lambda h: np.tanh(W @ h) - h, rng.uniform(-1, 1, 2), tol=1e-12)
        if solution.success:
            assert min(np.abs(point.h - solution.x).max() for point in found) < 1e-6
    for point in found:
        np.testing.assert_allclose(np.tanh(W @ point.h), point.h, atol=1e-9)
        J = (1 - point.h**2)[:, None] * W
        np.testing.assert_allclose(sorted(np.abs(point.eigenvalues)), sorted(np.abs(np.linalg.eigvals(J))), rtol=1e-6)


def test_slow_points_are_where_q_is_least_but_not_zero():
    slow = [point for point in phase_plane.fixed_points(np.array(PRESETS["striped"]), B) if point.kind == "slow"]
    assert len(slow) == 2
    for point in slow:
        around = [point.h + 1e-3 * np.array([np.cos(a), np.sin(a)]) for a in np.linspace(0, 6.2, 12)]
        q = [np.sum((np.tanh(np.array(PRESETS["striped"]) @ h) - h) ** 2) / 2 for h in around]
        assert min(q) > point.q > 1e-4


@pytest.mark.parametrize(("W", "count"), [(W, n) for W, n in zip(PRESETS.values(), (4, 12, 4, 12), strict=True)], ids=PRESETS)
def test_end_points_are_counted(W, count):
    ends = phase_plane.attractors(np.array(W), B)
    assert ends.shape == (2, count)
    after = phase_plane.run(np.array(W), B, ends, 12)  # twelve steps bring every cycle of 1, 2, 3 or 4 phases home
    assert all(np.abs(ends.T - point).max(axis=1).min() < 2e-3 for point in after.T)


@pytest.mark.parametrize("gain", [1.2, 1.8])
def test_a_rotation_ends_nowhere(gain):
    rotation = gain * np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    assert phase_plane.attractors(rotation, B).shape == (2, 0)
    assert (phase_plane.basins(rotation, B, np.empty((2, 0)), 20) == 0).all()


@each_preset
def test_growth_along_an_orbit_is_the_growth_after_each_number_of_steps(W):
    h = phase_plane.orbit(np.array(W), B, [0.3, -0.8], 40)
    each = [phase_plane.log_growth(np.array(W), B, h[0][:, None], steps)[0] for steps in range(41)]
    np.testing.assert_allclose(phase_plane.growth_along(np.array(W), h), each, atol=1e-9)


@each_preset
@pytest.mark.parametrize("size", [7, 60, 301])
def test_basins_coarse_to_fine_are_those_of_the_full_grid(W, size):
    ends = phase_plane.attractors(W, B)
    labels = phase_plane.basins(W, B, ends, size)
    final = phase_plane.run(W, B, phase_plane.grid(size), 100)
    distances = ((final[:, :, None] - ends[:, None, :].astype(np.float32)) ** 2).sum(axis=0)
    assert (labels.ravel() == distances.argmin(axis=1)).all()


def test_a_basin_is_where_a_start_ends():
    ends, rng = phase_plane.attractors(FOUR, B), np.random.default_rng(0)
    labels = phase_plane.basins(FOUR, B, ends, 201)
    for row, column in rng.integers(0, 201, (40, 2)):
        start = np.array([-1 + column / 100, 1 - row / 100])  # rows from the top
        end = phase_plane.orbit(FOUR, B, start, 2000)[-1]
        assert np.abs(ends[:, labels[row, column]] - end).max() < 1e-3


def test_the_boundary_parts_two_starts_and_its_gradient_is_the_saddles():
    ends = phase_plane.attractors(FOUR, B)
    boundary = phase_plane.boundary(FOUR, B, [-1, 1], [0, 1], ends)
    np.testing.assert_allclose(boundary, (-0.60086997, 1), atol=1e-8)
    one, other = (phase_plane.orbit(FOUR, B, boundary + np.array([side * 1e-10, 0]), 400)[-1] for side in (-1, 1))
    assert np.abs(one - other).max() > 1
    growth = [phase_plane.log_growth(FOUR, B, boundary[:, None], T)[0] for T in (30, 60)]
    assert 10 ** ((growth[1] - growth[0]) / 30) == pytest.approx(1.163, abs=2e-3)
    # at a distance it grows for a while, and then vanishes
    near = [phase_plane.log_growth(FOUR, B, boundary[:, None] + [[1e-4], [0]], T)[0] for T in (20, 50, 100)]
    assert near[0] < near[1] > 4 > 0 > near[2]


@pytest.mark.parametrize(("dtype", "steps"), [(np.float32, 130), (np.float32, 3000), (np.float64, 1100), (np.float64, 9000)])
@pytest.mark.parametrize("w", [2.0, 0.5, 1e-9, 1e9, 1e-37])
def test_the_growth_of_a_nudge_goes_beyond_the_floats(w, dtype, steps):
    """At the fixed point 0 of W = w I each step multiplies by w."""
    mine = phase_plane.log_growth(w * np.eye(2), B, np.zeros((2, 1), dtype), steps)
    assert mine.dtype == dtype
    assert mine[0] == pytest.approx(steps * np.log10(w), rel=1e-6)


def test_the_smallest_floats_grow_and_shrink_too():
    W, h = np.array([[0, 1], [2.2e-311, 0]]), np.zeros((2, 1))  # two steps multiply by 2.2e-311
    assert [phase_plane.log_growth(W, B, h, steps)[0] for steps in (1, 3, 9)] == pytest.approx(
        [0, -310.65757, 4 * -310.65757], rel=1e-6
    )
    with pytest.raises(ValueError, match=r"W and b must fit into float32, the dtype of h; there is 1e\+200"):
        phase_plane.log_growth(1e200 * np.eye(2), B, np.zeros((2, 1), np.float32), 3)


def test_the_growth_of_a_saturated_start_is_that_of_its_first_steps():
    """From (1, 1) both units of 9 I saturate: each step multiplies by 9 / cosh^2(9 h)."""
    W, h, truth = 9 * np.eye(2), np.ones((2, 1)), 0.0
    for steps in range(1, 40):
        truth += np.log10(9) + np.log10(1 - np.tanh(9 * h[0, 0]) ** 2)
        h = np.tanh(W @ h)
        assert phase_plane.log_growth(W, B, np.ones((2, 1)), steps)[0] == pytest.approx(truth, rel=1e-9)
    assert phase_plane.log_growth(40 * np.eye(2), B, np.ones((2, 1), np.float32), 5)[0] == -np.inf  # 1 - tanh^2 is exactly 0


def dense(W, b):
    """The fixed points (N, 2) by another way: h_2 from the first equation, h_1 = tanh(u), and 40,000 values of u."""

    def second(u):
        return (u - W[0, 0] * np.tanh(u) - b[0]) / W[0, 1]

    def gap(u):
        return np.tanh(W[1, 0] * np.tanh(u) + W[1, 1] * second(u) + b[1]) - second(u)

    reach = np.abs(W[0]).sum() + abs(b[0]) + 0.01
    u = np.linspace(-reach, reach, 40_000)
    above = gap(u) > 0
    roots = [brentq(gap, u[k], u[k + 1], xtol=1e-14) for k in np.flatnonzero(above[1:] != above[:-1])]
    return np.array([(np.tanh(r), second(r)) for r in roots])


@pytest.mark.parametrize("size", [2, 15, 30, 100])
def test_no_fixed_point_is_missed_and_none_is_made_up(size):
    """Steep sources too: without the search by exclusion 5 % of the matrices with entries around 100 lack one."""
    rng = np.random.default_rng(size)
    for k in range(80):
        W, b = rng.normal(0, size, (2, 2)), rng.normal(0, size / 5 * (k % 2), 2)
        truth = dense(W, b)
        mine = np.array([point.h for point in phase_plane.fixed_points(W, b) if point.kind != "slow"])
        apart = np.abs(truth[:, None] - mine).max(axis=2)
        assert apart.min(axis=1).max() < 2e-3, f"missed at W = {W.tolist()}, b = {b.tolist()}"
        assert apart.min(axis=0).max() < 2e-3, f"made up at W = {W.tolist()}, b = {b.tolist()}"


BAD = {
    "W": (lambda: phase_plane.orbit([[1, 2]], B, B, 3), r"W has shape \(1, 2\); it needs \(2, 2\)"),
    "b": (lambda: phase_plane.orbit(FOUR, [0, np.nan], B, 3), r"b must be finite, not \[0, nan\]"),
    "start": (lambda: phase_plane.orbit(FOUR, B, "here", 3), r"h0 must be real numbers of shape \(2,\), not 'here'"),
    "steps": (lambda: phase_plane.orbit(FOUR, B, B, -1), "steps must be a whole number >= 0, not -1"),
    "starts": (lambda: phase_plane.run(FOUR, B, np.ones((3, 2)), 1), r"h has shape \(3, 2\); it needs \(2, N\)"),
    "one basin": (
        lambda: phase_plane.boundary(FOUR, B, [0.9, 0.9], [0.91, 0.9], phase_plane.attractors(FOUR, B)),
        "p and q lie in the same basin",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_words(name):
    call, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        call()
