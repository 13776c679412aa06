"""`maps` against closed forms, finite differences and the plain loops. Values, never shapes alone."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecturelib import maps

PERIOD_3 = 1 + math.sqrt(8)
MAPS = [
    maps.linear(-1.3),
    maps.logistic(3.5),
    maps.quadratic(-0.75),
    maps.tanh_map(2.0, -0.3),
    maps.sigmoid_map(-4.0, 1.5),
    maps.relu_map(1.7, -0.2),
    maps.logistic(3.5) ** 6,
    maps.tanh_map(1.1) ** 50,
    maps.quadratic(0.1) @ maps.logistic(3.2) @ maps.sigmoid_map(2.0),
]


def test_the_values_of_each_map():
    x = np.array([-0.5, 0.0, 0.25, 2.0])
    assert maps.linear(-2)(x).tolist() == [1, 0, -0.5, -4]
    assert maps.logistic(4)(x).tolist() == [-3, 0, 0.75, -8]
    assert maps.quadratic(-1)(x).tolist() == [-0.75, -1, -0.9375, 3]
    assert maps.relu_map(2, 0.5)(x).tolist() == [0, 0.5, 1, 4.5]
    assert maps.tanh_map(2, 1)(x) == pytest.approx([math.tanh(2 * v + 1) for v in x], rel=1e-15)
    assert maps.sigmoid_map(2, 1)(x) == pytest.approx([1 / (1 + math.exp(-2 * v - 1)) for v in x], rel=1e-15)


@pytest.mark.parametrize(
    "f, name",
    [
        (maps.logistic(3.5), "3.5 x (1 - x)"),
        (maps.logistic([1.0, 2.0]), "r x (1 - x)"),
        (maps.quadratic(0), "x^2"),
        (maps.quadratic(-0.75), "x^2 - 0.75"),
        (maps.quadratic(0.1 - 0.2j), "x^2 + (0.1-0.2j)"),
        (maps.tanh_map(1.1), "tanh(1.1 x)"),
        (maps.tanh_map(2, -0.5), "tanh(2 x - 0.5)"),
        (maps.logistic(3.5) ** 6, "3.5 x (1 - x), 6 times"),
        (maps.tanh_map(2) @ maps.linear(3), "tanh(2 x) after 3 x"),
    ],
)
def test_names_are_plain_words(f, name):
    assert f.name == name


# -- slopes -----------------------------------------------------------------------------------------------------------------


def difference(f, x):
    """Richardson's central difference of f at x, right to about 1e-9 where f bends gently."""

    def central(step):
        return (f(x + step) - f(x - step)) / (2 * step)

    return (4 * central(5e-5) - central(1e-4)) / 3


def slope_is_right(f, x, scale=1.0):
    """Is `scale` f.d(x) the slope of f, to 1e-5 of it?"""
    return np.abs(scale * f.d(x) - difference(f, x)) <= 1e-5 * np.abs(difference(f, x)) + 1e-9


@pytest.mark.parametrize("f", MAPS, ids=lambda f: f.name)
def test_the_slope_is_the_finite_difference_and_one_off_by_a_thousandth_is_refused(f):
    x = np.array([-0.31, 0.07, 0.42, 0.77])
    live = np.abs(f.d(x)) > 1e-4  # a flat place says nothing about a factor
    assert live.any()
    assert slope_is_right(f, x).all()
    assert not slope_is_right(f, x[live], 1.001).any()
    assert not slope_is_right(f, x[live], 0.999).any()


@given(st.floats(-0.2, 1.2), st.integers(1, 12), st.floats(0.1, 4))
def test_a_power_is_the_composition_and_its_slope_the_product_along_the_orbit(x, n, r):
    f = maps.logistic(r)
    h = maps.orbit(f, x, n)
    assert (f**n)(x) == h[-1]
    with np.errstate(over="ignore"):
        assert (f**n).d(x) == pytest.approx(np.prod(f.d(h[:-1])), rel=1e-13)


def test_a_composition_runs_right_to_left():
    f = maps.quadratic(1) @ maps.linear(3)  # (3 x)^2 + 1
    assert f(2.0) == 37 and f.d(2.0) == 36


def test_a_saturated_slope_is_tiny_but_not_zero():
    assert maps.tanh_map(1).d(30.0) == pytest.approx(4 * math.exp(-60), rel=1e-12)  # 1 - tanh^2 would give 0
    assert maps.sigmoid_map(1).d(60.0) == pytest.approx(math.exp(-60), rel=1e-12)
    assert maps.tanh_map(1).d(1e300) == 0 and maps.sigmoid_map(1).d(-1e300) == 0


def test_a_slope_of_zero_wipes_out_an_infinite_one():
    far = maps.quadratic(1) ** 12  # from the critical point 0 to infinity
    assert far(0.0) == np.inf and far.d(0.0) == 0
    assert (maps.linear(0) @ maps.quadratic(1)).d(1e300) == 0


# -- orbits and adjoints ----------------------------------------------------------------------------------------------------


def test_an_orbit_is_the_loop():
    assert maps.orbit(maps.quadratic(1), 0, 4).tolist() == [0, 1, 2, 5, 26]
    h = maps.orbit(maps.logistic(3.5), np.array([[0.1, 0.2]]), 3)
    x = np.array([[0.1, 0.2]])
    for t in range(4):
        assert np.array_equal(h[t], x)
        x = 3.5 * x * (1 - x)
    assert np.array_equal(maps.orbit(maps.logistic([2.0, 3.0]), 0.1, 2)[:, 1], maps.orbit(maps.logistic(3.0), 0.1, 2))
    assert maps.orbit(maps.quadratic(1j), 0, 3).tolist() == [0, 1j, -1 + 1j, -1j]


@pytest.mark.parametrize(
    "f, x0, end",
    [
        (maps.quadratic(0.3), 3.0, np.inf),
        (maps.logistic(3.5), -0.1, -np.inf),
        (maps.linear(-3.0), 1.0, -np.inf),  # 3^646 is still a number, 3^647 is not
        (maps.Map(lambda x: x**4 - x**3, lambda x: 4 * x**3 - 3 * x**2, "inf - inf"), 5.0, np.inf),
        (maps.quadratic(0.5 + 0.5j), 0.0, complex(np.inf, 0)),
    ],
    ids=lambda v: getattr(v, "name", None),
)
def test_an_escaped_orbit_is_infinite_and_stays_so(f, x0, end):
    h = maps.orbit(f, x0, 2000)
    assert not np.isnan(h).any()
    first = np.flatnonzero(~np.isfinite(h))[0]
    assert first > 1 and (h[first:] == h[first]).all() and h[first] == end
    assert (f**2000)(x0) == end


def test_what_has_escaped_does_not_come_back():
    f = maps.tanh_map(1) @ maps.quadratic(0)
    assert f(1e200) == 1  # overflow within one step is no escape
    back = maps.Map(lambda x: np.where(np.isinf(x), 0.5, x * x), lambda x: 2 * x, "x^2, but back from infinity")
    assert maps.orbit(back, 1e200, 3).tolist() == [1e200, np.inf, np.inf, np.inf]
    assert maps.orbit(back, [1e200, 0.5], 2)[:, 1].tolist() == [0.5, 0.25, 0.0625]


@pytest.mark.parametrize("f", MAPS[:6], ids=lambda f: f.name)
@pytest.mark.parametrize("x0", [-0.31, 0.42])
def test_the_adjoint_is_the_finite_difference_of_the_last_state(f, x0):
    h = maps.orbit(f, x0, 4)
    h_bar = maps.adjoint(f, h)
    for t in range(5):
        last = difference(lambda x, t=t: maps.orbit(f, x, 4 - t)[-1], h[t])
        assert h_bar[t] == pytest.approx(last, rel=1e-5, abs=1e-9)
    both = maps.orbit(f, np.array([x0, 0.1]), 4)
    assert np.array_equal(maps.adjoint(f, both)[:, 0], h_bar)


def test_the_lectures_linear_unit():
    for w, size in ((1.1, 106.719), (0.9, 0.00572642)):
        h_bar = maps.adjoint(maps.linear(w), maps.orbit(maps.linear(w), 0.3, 49))
        assert h_bar[0] == pytest.approx(w**49, rel=1e-13)
        assert h_bar[0] == pytest.approx(size, rel=1e-5)


@pytest.mark.parametrize(
    "h1, factor, digit", [(1e-6, 106.719, 1e-3), (0.01, 8.17, 5e-3), (0.1, 0.0096, 5e-5), (0.5, 6.8e-5, 5e-7)]
)
def test_a_tanh_unit_explodes_only_near_zero(h1, factor, digit):
    f = maps.tanh_map(1.1)
    assert maps.adjoint(f, maps.orbit(f, h1, 49))[0] == pytest.approx(factor, abs=digit)


def test_the_adjoint_over_and_underflows_quietly():
    tiny, huge = (maps.adjoint(maps.linear(w), maps.orbit(maps.linear(w), 1, 2000)) for w in (0.5, 2.0))
    assert tiny[0] == 0 and huge[0] == np.inf and huge[-2] == 2
    escaped = maps.adjoint(maps.quadratic(1), maps.orbit(maps.quadratic(1), 0, 14))
    assert escaped[0] == 0 and escaped[1] == np.inf


# -- Lyapunov exponents and the bifurcation diagram -------------------------------------------------------------------------


@pytest.mark.parametrize("x0", [0.1, 0.3, 0.7123])
def test_the_exponent_at_r_4_is_ln_2_up_to_the_ends_of_the_orbit(x0):
    # On the tent map every slope is 2; the change of variable y = asin(sqrt x) leaves only a term at each end:
    # sum of ln |f'(x_t)| = n ln 2 + phi(x_n) - phi(x_0), where phi(x) = ln(x (1 - x)) / 2. No statistics are needed.
    n = 10_000
    h = maps.orbit(maps.logistic(4), x0, n)
    phi = np.log(h * (1 - h)) / 2
    exponent = maps.lyapunov(maps.logistic(4), x0, steps=n, transient=0)
    assert n * exponent == pytest.approx(n * math.log(2) + phi[-1] - phi[0], abs=1e-4)
    assert exponent == pytest.approx(math.log(2), abs=2e-3)


def test_the_exponent_of_a_cycle_is_the_log_of_its_multiplier_per_step():
    f = maps.logistic(3.5)
    (cycle,) = maps.cycles(f, 4, 0, 1)
    exponent = maps.lyapunov(f, 0.3, steps=1000, transient=1000)
    assert exponent == pytest.approx(math.log(abs(cycle.multiplier)) / 4, rel=1e-9)
    assert exponent == pytest.approx(-0.8725, abs=5e-5)


def test_the_exponent_is_the_log_of_the_gradient_per_step():
    f = maps.logistic(3.9)
    h = maps.orbit(f, 0.3, 300)
    growth = abs(maps.adjoint(f, h[100:])[0])
    assert maps.lyapunov(f, 0.3, steps=200, transient=100) == pytest.approx(math.log(growth) / 200, rel=1e-12)


def test_exponents_of_arrays_are_those_of_their_elements():
    r = np.array([2.7, 3.2, 3.5, 3.9])
    one_by_one = [maps.lyapunov(maps.logistic(v), 0.4) for v in r]
    assert maps.lyapunov(maps.logistic(r), 0.4) == pytest.approx(one_by_one, rel=1e-12)
    starts = np.array([0.2, 0.6])
    assert maps.lyapunov(maps.logistic(3.9), starts)[1] == pytest.approx(maps.lyapunov(maps.logistic(3.9), 0.6), rel=1e-12)


def test_exponents_that_are_not_finite_are_never_nan():
    assert maps.lyapunov(maps.logistic(2), 0.5) == -np.inf  # superstable
    assert maps.lyapunov(maps.quadratic(1), 0.5) == np.inf  # escaped
    assert maps.lyapunov(maps.quadratic(1), 0.0, transient=0) == -np.inf  # through the critical point, then escaped
    assert maps.lyapunov(maps.linear(2), 1.0) == pytest.approx(math.log(2), rel=1e-14)  # escaped, and the slope is still 2


def test_the_bifurcation_diagram_is_the_loop_over_parameters():
    params = np.array([2.8, 3.3, 3.5, 3.9, 4.2])
    settled = maps.bifurcation(maps.logistic, params, transient=50, keep=7)
    assert settled.shape == (5, 7)
    for row, r in zip(settled[:4], params[:4], strict=True):
        assert np.array_equal(row, maps.orbit(maps.logistic(r), 0.5, 56)[50:])
    assert (settled[4] == -np.inf).all()
    starts = np.linspace(0.1, 0.9, 5)
    assert maps.bifurcation(maps.logistic, params, starts, transient=0, keep=1)[:, 0].tolist() == starts.tolist()
    four = maps.bifurcation(maps.logistic, [3.5])[0]
    assert np.unique(four.round(9)) == pytest.approx([0.38282, 0.50088, 0.82694, 0.875], abs=1e-5)


# -- fixed points -----------------------------------------------------------------------------------------------------------


def check(found, expected):
    """`found` is the list of `expected` (x, slope), as accurate as a root can be where its slope nears 1; and its kinds."""
    assert len(found) == len(expected)
    for p, (x, slope) in zip(found, expected, strict=True):
        accuracy = 1e-12 + 1e-15 * max(1, abs(x)) / max(abs(slope - 1), 1e-9)
        assert p.x == pytest.approx(x, abs=accuracy)
        assert p.slope == pytest.approx(slope, abs=10 * accuracy)
        if abs(abs(slope) - 1) > 1e-6:
            assert p.kind == ("sink" if abs(slope) < 1 else "source")


@given(st.floats(-6, 1))
def test_fixed_points_of_the_quadratic_map(c):
    root = math.sqrt(max(0, 1 - 4 * c))
    if 0 < abs(1 - 4 * c) < 1e-12:
        return  # two points within rounding of one
    expected = [] if c > 0.25 else [(0.5, 1.0)] if c == 0.25 else [((1 + s * root) / 2, 1 + s * root) for s in (-1, 1)]
    check(maps.fixed_points(maps.quadratic(c), -4, 4), expected)


@given(st.floats(0.01, 6))
def test_fixed_points_of_the_logistic_map(r):
    if 0 < abs(r - 1) < 1e-7:
        return
    expected = [(0.0, r)] + ([] if r == 1 else [(1 - 1 / r, 2 - r)])
    check(maps.fixed_points(maps.logistic(r), -120, 2), sorted(expected))


@pytest.mark.parametrize("interval", [(-2, 2), (0, 0.5), (0.5, 3), (-math.pi, 0.9)])
def test_a_point_where_the_curve_only_touches_the_diagonal(interval):
    (p,) = maps.fixed_points(maps.quadratic(0.25), *interval)
    assert p == pytest.approx((0.5, 1.0, 0), abs=1e-12) or (p.x, p.kind) == (pytest.approx(0.5, abs=1e-9), "neutral")
    assert maps.fixed_points(maps.quadratic(0.25 + 1e-9), *interval) == []
    near = maps.fixed_points(maps.quadratic(0.25 - 1e-9), -2, 2)
    assert [p.x for p in near] == pytest.approx([0.5 - math.sqrt(1e-9), 0.5 + math.sqrt(1e-9)], abs=1e-10)
    assert [p.kind for p in near] == ["sink", "source"]


def test_the_ends_of_the_interval_belong_to_it():
    a, b = (1 - math.sqrt(0.4)) / 2, (1 + math.sqrt(0.4)) / 2
    assert [p.x for p in maps.fixed_points(maps.quadratic(0.15), a, b)] == pytest.approx([a, b], abs=1e-14)
    assert maps.fixed_points(maps.quadratic(0.15), a + 1e-9, b - 1e-9) == []


def test_the_lectures_sink_and_source():
    sink, source = maps.fixed_points(maps.quadratic(0.15), 0, 1)
    assert (sink.kind, source.kind) == ("sink", "source")
    assert (*sink[:2], *source[:2]) == pytest.approx((0.183772, 0.367544, 0.816228, 1.632456), abs=1e-6)
    own = maps.fixed_points(maps.logistic(3.5), 0.1, 1)[0]  # slope -1.5 < 1, and yet a source
    assert own[:2] == pytest.approx((5 / 7, -1.5), rel=1e-13) and own.kind == "source"


def test_neutral_points():
    assert maps.fixed_points(maps.logistic(3), 0.1, 1)[0] == (pytest.approx(2 / 3, abs=1e-15), pytest.approx(-1), "neutral")
    assert maps.fixed_points(maps.quadratic(-0.75), -2, 0)[0] == (pytest.approx(-0.5, abs=1e-15), pytest.approx(-1), "neutral")
    assert maps.fixed_points(maps.logistic(1), 0, 1) == [(0, 1, "neutral")]
    # three points in one: the pitchfork of tanh, and the period doubling seen through f ** 2
    assert maps.fixed_points(maps.tanh_map(1), -2, 3) == [(pytest.approx(0, abs=1e-5), pytest.approx(1), "neutral")]
    assert maps.fixed_points(maps.logistic(3) ** 2, 0.1, 1) == [(pytest.approx(2 / 3, abs=2e-5), pytest.approx(1), "neutral")]


@pytest.mark.parametrize("after", [1e-1, 1e-3, 1e-5, 1e-7])
def test_the_three_points_of_a_period_doubling_are_told_apart(after):
    r = 3 + after
    root = math.sqrt((r - 3) * (r + 1))
    found = maps.fixed_points(maps.logistic(r) ** 2, 0.1, 1)
    assert [p.x for p in found] == pytest.approx([(r + 1 - root) / (2 * r), 1 - 1 / r, (r + 1 + root) / (2 * r)], abs=1e-8)
    assert [p.kind for p in found] == ["sink", "source", "sink"]


def test_fixed_points_of_a_tanh_unit():
    # three below the fold at |b| = 0.5328, one above it
    assert [p.x for p in maps.fixed_points(maps.tanh_map(2), -2, 2)] == pytest.approx([-0.957504, 0, 0.957504], abs=1e-6)
    fold = math.sqrt(2) - math.atanh(math.sqrt(0.5))
    for b, count in ((fold - 1e-6, 3), (fold + 1e-6, 1)):
        assert len(maps.fixed_points(maps.tanh_map(2, b), -2, 2)) == count


@pytest.mark.parametrize("n", [1, 2, 5, 8, 12])
def test_all_fixed_points_of_the_powers_at_r_4(n):
    # f^n(x) = sin^2(2^n a) with x = sin^2 a, so the fixed points are at a = k pi / (2^n - 1) and k pi / (2^n + 1)
    up, down = 2**n - 1, 2**n + 1
    angles = [k * math.pi / up for k in range((up + 1) // 2)] + [k * math.pi / down for k in range(1, down // 2 + 1)]
    found = maps.fixed_points(maps.logistic(4) ** n, 0, 1)
    assert len(found) == 2**n
    assert [p.x for p in found] == pytest.approx(sorted(math.sin(a) ** 2 for a in angles), abs=1e-12)
    assert [abs(p.slope) for p in found[1:]] == pytest.approx([2**n] * (2**n - 1), rel=1e-5)
    assert found[0].slope == 4**n


@given(st.lists(st.integers(-99, 99), min_size=1, max_size=7, unique=True))
def test_points_planted_by_a_polynomial_are_all_found(hundredths):
    planted = np.sort(hundredths) / 100
    slope = np.polynomial.Polynomial.fromroots(planted).deriv()

    def p(x):
        return np.prod(np.expand_dims(x, -1) - planted, axis=-1)

    found = maps.fixed_points(maps.Map(lambda x: x + p(x), lambda x: 1 + slope(x), "x + p(x)"), -1, 1)
    steep = [math.prod(abs(x - other) for other in planted if other != x) for x in planted]
    # f(x) - x is rounded in its 16th digit, and so a flat crossing has no sharper place than this
    reach = [1e-12 + 4 * np.finfo(float).eps / slope for slope in steep]
    assert len(found) == len(planted)
    assert all(abs(q.x - x) <= r for q, x, r in zip(found, planted, reach, strict=True))


def test_a_jump_over_the_diagonal_is_no_fixed_point():
    step = maps.Map(lambda x: np.where(x < 0.5, 0.9, 0.1), lambda x: 0 * x, "a step")
    assert maps.fixed_points(step, 0.2, 0.8) == []


# -- cycles -----------------------------------------------------------------------------------------------------------------


def test_the_lectures_4_cycle():
    f = maps.logistic(3.5)
    (cycle,) = maps.cycles(f, 4, 0, 1)
    assert cycle.points == pytest.approx([0.38282, 0.82694, 0.50088, 0.87500], abs=5e-6)
    assert cycle.multiplier == pytest.approx(-0.0305, abs=5e-6) and cycle.kind == "sink"
    assert (f**4)(cycle.points) == pytest.approx(cycle.points, abs=1e-12)
    assert f(cycle.points) == pytest.approx(np.roll(cycle.points, -1), abs=1e-12)


@given(st.floats(3.0001, 4))
def test_the_2_cycle_in_closed_form(r):
    (cycle,) = maps.cycles(maps.logistic(r), 2, 0, 1)
    root = math.sqrt((r - 3) * (r + 1))
    assert cycle.points == pytest.approx([(r + 1 - root) / (2 * r), (r + 1 + root) / (2 * r)], abs=1e-10)
    assert cycle.multiplier == pytest.approx(4 + 2 * r - r * r, abs=1e-8)


def test_the_number_of_cycles_of_each_period_at_r_4():
    f = maps.logistic(4)
    for n, count in {1: 2, 2: 1, 3: 2, 4: 3, 5: 6, 6: 9, 7: 18, 8: 30, 12: 335}.items():  # Lyndon words of two letters
        found = maps.cycles(f, n, 0, 1)
        assert len(found) == count
        for cycle in found:
            assert f(cycle.points) == pytest.approx(np.roll(cycle.points, -1), abs=1e-11)
            assert abs(cycle.multiplier) == pytest.approx(4 if cycle.points[0] == 0 else 2**n, rel=1e-5)
    assert len(maps.cycles(maps.quadratic(-2), 6, -2, 2)) == 9


def test_a_cycle_at_its_birth_by_period_doubling_is_not_there_yet():
    assert maps.cycles(maps.logistic(3), 2, 0, 1) == []
    assert maps.cycles(maps.quadratic(-0.75), 2, -2, 2) == []
    assert maps.cycles(maps.quadratic(-1.25), 4, -2, 2) == []
    (born,) = maps.cycles(maps.quadratic(-1.25), 2, -2, 2)
    assert born.multiplier == pytest.approx(-1, abs=1e-12) and born.kind == "neutral"


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9])
def test_the_window_of_period_3_opens_at_1_plus_root_8(distance):
    assert maps.cycles(maps.logistic(PERIOD_3 - distance), 3, 0, 1) == []
    sink, source = sorted(maps.cycles(maps.logistic(PERIOD_3 + distance), 3, 0, 1), key=lambda cycle: cycle.multiplier)
    assert (sink.kind, source.kind) == ("sink", "source")
    for cycle in (sink, source):  # both go to 1 as the root of the distance
        assert abs(cycle.multiplier - 1) == pytest.approx(16.65 * math.sqrt(distance), rel=0.05)


def test_the_cycle_on_the_edge_of_the_window_is_neutral():
    (cycle,) = maps.cycles(maps.logistic(PERIOD_3), 3, 0, 1)
    assert cycle.multiplier == pytest.approx(1, abs=1e-9) and cycle.kind == "neutral"


def test_a_cycle_which_leaves_the_interval_is_not_in_it():
    (cycle,) = maps.cycles(maps.logistic(3.2), 2, 0, 1)
    assert maps.cycles(maps.logistic(3.2), 2, 0, cycle.points.mean()) == []


def test_the_end_of_the_interval_is_no_fixed_point_because_the_map_is_steep_there():
    """f(1) = 0 for every power of the logistic map, however steeply it falls."""
    for n in (1, 10, 25, 40):
        f = maps.logistic(3.5) ** n
        found = maps.fixed_points(f, 0, 1)
        assert found[0].x == 0
        assert found[-1].x < 0.9
        assert max(abs(f(p.x) - p.x) for p in found if abs(p.slope) < 1e6) < 1e-8


def superstable(period, lo, hi):
    """The c in (lo, hi) at which 0 is on a cycle of this period of x^2 + c: bisection on f^period(0)."""
    sign = np.sign((maps.quadratic(hi) ** period)(0.0))
    assert sign != np.sign((maps.quadratic(lo) ** period)(0.0))
    for _ in range(60):
        c = (lo + hi) / 2
        lo, hi = (lo, c) if np.sign((maps.quadratic(c) ** period)(0.0)) == sign else (c, hi)
    return (lo + hi) / 2


def test_feigenbaums_constant_from_superstable_cycles():
    c = [0.0, -1.0]
    for k in range(2, 9):
        step = c[-2] - c[-1]
        c.append(superstable(2**k, c[-1] - step / 2, c[-1] - step / 8))
    assert c[2:4] == pytest.approx([-1.3107026, -1.3815475], abs=1e-7)
    assert (maps.quadratic(c[5]) ** 32).d(0.0) == 0
    ratios = [(a - b) / (b - d) for (a, b), (_, d) in pairwise(pairwise(c))]
    assert ratios[-1] == pytest.approx(4.669, abs=5e-4)


# -- bad input --------------------------------------------------------------------------------------------------------------

F = maps.logistic(3.5)
LOG = maps.Map(np.log, lambda x: 1 / x, "log x")


@pytest.mark.parametrize(
    "call, names",
    [
        (lambda: maps.linear("2"), "w must be a real number"),
        (lambda: maps.logistic(math.nan), "r must be finite"),
        (lambda: maps.logistic([1, math.inf]), "r must be finite"),
        (lambda: maps.logistic(1j), "r must be a real number"),
        (lambda: maps.logistic([[1], [1, 2]]), "r must be a real number"),
        (lambda: maps.quadratic(None), "c must be a number"),
        (lambda: maps.quadratic(True), "c must be a number"),
        (lambda: maps.tanh_map(1, math.inf), "b must be finite"),
        (lambda: maps.sigmoid_map({}), "w must be a real number"),
        (lambda: maps.relu_map(10**400), "w must be a real number"),
        (lambda: maps.Map(1, 2, "no"), "a Map needs f and d"),
        (lambda: maps.Map(abs, abs, 3), "a Map needs f and d, .* name"),
        (lambda: maps.Map(lambda x: None, abs, "nothing")(1), "nothing must be a number, not None"),
        (lambda: F("x"), "x must be a number"),
        (lambda: F(math.nan), "x must be a number, not nan"),
        (lambda: F.d([math.nan]), "x must be a number, not"),
        (lambda: LOG(-1), "log x is not a number at x = -1"),
        (lambda: maps.logistic([1, 2])([1, 2, 3]), r"x of shape \(3,\) does not fit the parameters of r x"),
        (lambda: maps.tanh_map([1, 2], [1, 2, 3])(0), r"does not fit the parameters of tanh\(w x \+ b\)"),
        (lambda: F**0, "n, in f .. n, must be a whole number >= 1, not 0"),
        (lambda: F**2.0, "n, in f .. n, must be a whole number >= 1, not 2.0"),
        (lambda: F**True, "n, in f .. n"),
        (lambda: F @ 3, "g must be a Map"),
        (lambda: maps.orbit(np.tanh, 0, 3), "f must be a Map"),
        (lambda: maps.orbit(F, math.inf, 3), "x0 must be finite"),
        (lambda: maps.orbit(F, "a", 3), "x0 must be a number"),
        (lambda: maps.orbit(F, 0, -1), "steps must be a whole number >= 0, not -1"),
        (lambda: maps.orbit(F, 0, 1.5), "steps must be a whole number"),
        (lambda: maps.orbit(LOG, 0.5, 3), "log x is not a number at x = -0.693147"),
        (lambda: maps.orbit(maps.logistic([1, 2]), [0.1, 0.2, 0.3], 3), "x of shape"),
        (lambda: maps.adjoint(3, [1.0]), "f must be a Map"),
        (lambda: maps.adjoint(F, 3.0), "h must be an orbit of at least one state"),
        (lambda: maps.adjoint(F, []), "h must be an orbit of at least one state"),
        (lambda: maps.adjoint(F, [math.nan]), "h must be a number, not"),
        (lambda: maps.lyapunov(3, 0.5), "f must be a Map"),
        (lambda: maps.lyapunov(F, math.nan), "x0 must be finite"),
        (lambda: maps.lyapunov(F, 0.5, steps=0), "steps must be a whole number >= 1"),
        (lambda: maps.lyapunov(F, 0.5, transient=-1), "transient must be a whole number >= 0"),
        (lambda: maps.bifurcation(F, [1, 2]), "family must return a Map"),
        (lambda: maps.bifurcation(3, [1, 2]), "family must return a Map"),
        (lambda: maps.bifurcation(lambda r: F, [1, 2]), "family must return a Map with one state for each"),
        (lambda: maps.bifurcation(maps.logistic, []), r"params has shape \(0,\); it needs \(N,\)"),
        (lambda: maps.bifurcation(maps.logistic, 3.5), r"params has shape \(\); it needs \(N,\)"),
        (lambda: maps.bifurcation(maps.logistic, [math.nan]), "params must be finite"),
        (lambda: maps.bifurcation(maps.logistic, [1, 2], x0=[1, 2, 3]), "x0 must be one number or as many as params"),
        (lambda: maps.bifurcation(maps.logistic, [1, 2], keep=0), "keep must be a whole number >= 1"),
        (lambda: maps.bifurcation(maps.logistic, [1, 2], transient=-1), "transient must be"),
        (lambda: maps.fixed_points(3, 0, 1), "f must be a Map"),
        (lambda: maps.fixed_points(F, 1, 0), "lo must be less than hi"),
        (lambda: maps.fixed_points(F, 0, 1e300), "lo must be less than hi, both within"),
        (lambda: maps.fixed_points(F, [0], 1), "lo must be one number"),
        (lambda: maps.fixed_points(F, 0, math.inf), "hi must be finite"),
        (lambda: maps.fixed_points(maps.logistic([1, 2]), 0, 1), "f must have one real number for each parameter"),
        (lambda: maps.fixed_points(maps.quadratic(1j), 0, 1), "f must have one real number for each parameter"),
        (lambda: maps.fixed_points(maps.linear(1), -1, 1), "1 x is the identity near x = .*every point there is fixed"),
        (lambda: maps.fixed_points(maps.relu_map(1), -1, 1), "identity near x = 0.0"),
        (lambda: maps.cycles(maps.linear(-1), 2, -1, 1), "-1 x, 2 times is the identity"),
        (lambda: maps.fixed_points(maps.logistic(4) ** 25, 0, 1), "oscillates too fast"),
        (lambda: maps.cycles(F, 0, 0, 1), "n must be a whole number >= 1"),
        (lambda: maps.cycles(np.tanh, 2, 0, 1), "f must be a Map"),
    ],
)
def test_bad_input_is_refused_in_words(call, names):
    with pytest.raises(ValueError, match=names):
        call()


# --- the lecture's tanh network (notebook 03) ----------------------------------------------------------------------------------


def test_a_memory_is_lost_at_the_fold():
    """At w = 2: slope 1 at h = -1/sqrt(2), so b = arctanh(h) - 2 h; there the left sink and the source meet."""
    h = -np.sqrt(0.5)
    fold = np.arctanh(h) - 2 * h
    assert fold == pytest.approx(0.5328, abs=1e-4)
    kinds = {b: [point.kind for point in maps.fixed_points(maps.tanh_map(2, b), -1.2, 1.2)] for b in (fold - 1e-4, fold + 1e-4)}
    assert list(kinds.values()) == [["sink", "source", "sink"], ["sink"]]


def test_five_layers_make_a_step():
    y = maps.tanh_map(2) ** 4 @ maps.tanh_map(1)
    assert y.d(0.0) == 16
    assert y.d(1.0) == pytest.approx(0.00084, rel=0.01)
    e = 1e-6
    assert y.d(0.3) == pytest.approx((y(0.3 + e) - y(0.3 - e)) / (2 * e), rel=1e-6)
