"""Every exercise knows its right answers, names each slip, and refuses what is nearly right or reads only a part of its input.

A new exercise needs a line in RIGHT and in MUTANTS; what can be derived from its cases (constants, frozen, cut off, swapped
and shifted inputs, wrong sign) is tried on all.
"""

import ast
import inspect
import itertools
import math
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

from lecturelib import check, maps
from lecturelib.lectures import attractors, clipping, gradient_flow, lstm, scalar_explosion
from lecturelib.probes import Called

each_exercise = pytest.mark.parametrize("name", check.EXERCISES)
CALLED = [name for name, exercise in check.EXERCISES.items() if isinstance(exercise.probe, Called)]
each_function = pytest.mark.parametrize("name", CALLED)


def pairs(table):
    return pytest.mark.parametrize(
        ("name", "given"),
        [pytest.param(name, given, id=f"{name}: {what}") for name, row in table.items() for what, given in row.items()],
    )


# -- right answers, as students may write them -------------------------------------------------------------------------------


class Pair(NamedTuple):
    h: np.ndarray
    c: np.ndarray


def product(w, T):
    grown = 1.0
    for _ in range(T - 1):
        grown *= w
    return grown


def product_in_float32(w, T):
    grown = np.float32(1)
    for _ in range(T - 1):
        grown = grown * np.float32(w)
    return grown


def backward(w, h):
    h_bar = np.ones(len(h))
    for t in reversed(range(len(h) - 1)):
        h_bar[t] = h_bar[t + 1] * w * (1 - h[t + 1] ** 2)
    return h_bar


def backward_in_place(w, h):
    h *= h
    h[:-1] = w * (1 - h[1:])
    h[-1] = 1
    h[:] = np.cumprod(h[::-1])[::-1]
    return h


def backward_in_float32(w, h):
    h, w = np.asarray(h, np.float32), np.float32(w)
    return np.cumprod(np.append(w * (1 - h[1:] ** 2), np.float32(1))[::-1])[::-1]


def hairs_apart(r, x0, hair, T):
    both = [x0, x0 + hair]
    for _ in range(T):
        both = [r * x - r * x**2 for x in both]
    return (both[1] - both[0]) / hair


def hairs_by_map(r, x0, hair, T):
    return np.diff((maps.logistic(r) ** T)(np.array([x0, x0 + hair])))[0] / hair


def scale_in_place(W, gamma):
    W *= gamma
    return 1 / np.linalg.norm(W, 2)


def settles_in_place(W, b, h):
    for _ in range(1000):
        h[:] = np.tanh(W @ h + b)
    return h


def settles_in_float32(W, b, h):
    W, b, h = (np.asarray(a, np.float32) for a in (W, b, h))
    for _ in range(1000):
        h = np.tanh(W @ h + b)
    return h


def clip_in_place(gradient, eta):
    size = math.sqrt(sum((g**2).sum() for g in gradient))
    for g in gradient:
        g *= min(1, eta / size)
    return gradient


def clip_in_float32(gradient, eta):
    gradient = [np.asarray(g, np.float32) for g in gradient]
    size = np.linalg.norm(np.concatenate([g.ravel() for g in gradient]))
    return tuple(g * np.float32(eta) / size if size > eta else g for g in gradient)


def never_off(x):
    h = 0.0
    while x:
        h += x.pop(0)
        if h <= 0:
            return 0
    return True


def sigma(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(W, h, c, x):
    i, f, o, g = np.split(W @ np.concatenate([x, h]), 4)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    return sigma(o) * np.tanh(c), c


def lstm_step_in_place(W, h, c, x):
    i, f, o, g = np.split(W @ np.concatenate([x, h]), 4)
    c *= sigma(f)
    c += sigma(i) * np.tanh(g)
    h[:] = sigma(o) * np.tanh(c)
    return h, c


def lstm_step_in_float32(W, h, c, x):
    return lstm_step(*(np.asarray(a, np.float32) for a in (W, h, c, x)))


def through(W_h, h, end, jacobian=lambda slope, W_h: slope[:, None] * W_h):
    rows = [end]
    for after in h[:0:-1]:
        rows.append(rows[-1] @ jacobian(1 - after**2, W_h))
    return np.array(rows[::-1])


def pass_back_in_place(W_h, h, end):
    h *= h
    for t in reversed(range(len(h) - 1)):
        slopes, h[t + 1] = 1 - h[t + 1], end
        end = end * slopes @ W_h
    h[0] = end
    return h


RIGHT = {
    "steps": {"numpy int": np.int64(19), "float": 19.0, "0-d array": np.array(19), "fraction": Fraction(19)},
    "slide-length": {"float": 51.0, "numpy": np.float64(1 + math.log(1.1**50, 1.1)), "fraction": Fraction(51)},
    "exponent": {
        "product": product,
        "float32": product_in_float32,
        "numpy": lambda w, T: np.prod(np.full(T - 1, w)),
        "0-d array": lambda w, T: np.array(w ** (T - 1)),
        "fraction": lambda w, T: Fraction(w) ** (T - 1),
        "decimal": lambda w, T: Decimal(w) ** (T - 1),
    },
    "length": {"float": 133.0, "ceil": math.ceil(math.log(1e-6, 0.9)) + 1, "0-d array": np.array(133), "decimal": Decimal(133)},
    "backward": {
        "textbook": backward,
        "in place": backward_in_place,
        "float32": backward_in_float32,
        "list": lambda w, h: backward(w, h).tolist(),
    },
    "scale": {
        "svd": lambda W, gamma: 1 / gamma / np.linalg.svd(W, compute_uv=False)[0],
        "eigenvalues": lambda W, gamma: 1 / (gamma * np.linalg.eigvalsh(W.T @ W)[-1] ** 0.5),
        "float32": lambda W, gamma: 1 / np.float32(gamma) / np.linalg.norm(W.astype(np.float32), 2),
        "in place": scale_in_place,
    },
    "sink-gone": {"fraction": Fraction(1, 4), "float32": np.float32(0.25), "decimal": Decimal("0.25")},
    "hair": {"loop": hairs_apart, "by the map": hairs_by_map, "float32 result": lambda *case: np.float32(hairs_apart(*case))},
    "window": {"edge": 3.8285, "numpy": np.float64(3.84), "fraction": Fraction(383, 100)},
    "signs": {
        "array": np.array([-1, -1, 1, 1, -1]),
        "tuple": (-1, -1, 1, 1, -1),
        "floats": [-1.0, -1.0, 1.0, 1.0, -1.0],
        "sign": np.sign([-0.1, -0.5, 0.7, 0.5, -0.4]),
        "numpy numbers": [np.int8(-1), np.float32(-1), 1, Fraction(1), -1],
    },
    "fold": {"rounded": 0.53, "exact": math.sqrt(2) - math.atanh(1 / math.sqrt(2)), "0-d array": np.array(0.533)},
    "steep-start": {"list": [1.0, 0.603139], "array": np.array([1.0, 0.603139]), "rounded": (1, 0.6031)},
    "basin": {
        "in place": settles_in_place,
        "float32": settles_in_float32,
        "tuple": lambda W, b, h: tuple(settles_in_place(W, b, h)),
    },
    "clip": {
        "in place": clip_in_place,
        "float32": clip_in_float32,
        "lists": lambda g, eta: [a.tolist() for a in clip_in_place(g, eta)],
    },
    "turn": {"float": 45.0, "numpy": np.degrees(np.arctan(1.0)), "fraction": Fraction(45)},
    "eta": {"one": 1, "numpy": np.mean(clipping.NORMS), "fraction": Fraction(3, 2), "the least": 0.91, "the most": 13.9},
    "rate": {
        "third of a half": Fraction(1, 6),
        "rounded": 0.167,
        "two digits": 0.17,
        "less": 0.1,
        "numpy": np.float32(0.05),
        "the least": 0.005,
    },
    "gaps": {
        "list": lambda T: [1, T, 2 * T - 1],
        "array": lambda T: np.array([1, T, 2 * T - 1]),
        "fractions": lambda T: (1, Fraction(T), 2 * T - 1),
    },
    "target": {"counted": lambda k, T: len(range(k, 2 * T - k + 1)), "float": lambda k, T: 2.0 * T - 2.0 * k + 1},
    "swap-loss": {
        "loop": lambda p, q: [p[k] - sum(row[k] for row in q) / len(q) for k in range(len(p))],
        "mean of differences": lambda p, q: np.mean(p - q, axis=0),
    },
    "reader-length": {"float": 22.0, "ceil": np.ceil(np.log(0.1) / np.log(0.9))},
    "half": {"rounded": 0.99912, "float32": np.float32(0.5) ** np.float32(1 / 784), "exp": math.exp(-math.log(2) / 784)},
    "noise": {"rounded": 0.000128, "two digits": 0.00013, "sqrt": 1 / (784 * math.sqrt(100)), "log": math.log(1 + 1 / 784) / 10},
    "drive": {
        "empties the list": never_off,
        "numpy bool": lambda x: np.bool_(never_off(x)),
        "0-d array": lambda x: np.array(never_off(x), float),
    },
    "table": {
        "lists": {"remember": [0, 1], "add": [1, 1], "erase": [0, 0], "overwrite": [1, 0]},
        "arrays": {"overwrite": np.array([1.0, 0.0]), "remember": np.array([0, 1]), "add": np.ones(2), "erase": np.zeros(2)},
        "booleans": {"remember": (False, True), "add": (True, True), "erase": (False, False), "overwrite": (True, False)},
    },
    "bit": {
        "overwrites first": lambda t: (1, 0) if t == 1 else (0, 1),
        "booleans": lambda t: [t == 1, t > 1],
        "array": lambda t: np.array([t == 1, 1]),
    },
    "c-bar": {
        "cosh": lambda f, c_bar, o, c, h_bar: o * h_bar / math.cosh(c) ** 2 + c_bar * f,
        "float32": lambda *a: check.EXERCISES["c-bar"].truth(*map(np.float32, a)),
    },
    "fool": {
        "a call in it": """s = "f('a', b)""",
        "no letters": """x = "'' + y""",
    },
    "lstm-step": {
        "textbook": lstm_step,
        "in place": lstm_step_in_place,
        "float32": lstm_step_in_float32,
        "list": lambda *a: list(lstm_step(*a)),
        "array": lambda *a: np.array(lstm_step(*a)),
        "named": lambda *a: Pair(*lstm_step(*a)),
    },
    "bias-200": {"rounded": 5.66, "exact": -math.log(2 ** (1 / 199) - 1), "two digits": 5.7, "float32": np.float32(5.66)},
    "jacobians": {
        "diagonal": lambda W, h, end: through(W, h, end, lambda slope, W: np.diag(slope) @ W),
        "float32": lambda W, h, end: through(*(np.asarray(a, np.float32) for a in (W, h, end))),
        "in place": pass_back_in_place,
        "list": lambda W, h, end: through(W, h, end).tolist(),
    },
    "remedies": {
        "rounded": {"clip": 0.000977, "reverse": 0.5, "identity": 1.0, "gates": 0.904},
        "other types": {"gates": np.float32(0.99) ** 10, "identity": True, "reverse": Fraction(1, 2), "clip": 2.0**-10},
    },
}


def test_every_exercise_is_in_both_tables():
    assert set(RIGHT) == set(MUTANTS) == set(check.EXERCISES)
    assert min(map(len, MUTANTS.values())) >= 4


@each_exercise
def test_the_truth_is_right(name):
    verdict = check.answer(name, check.EXERCISES[name].truth)
    assert verdict.right is True
    assert verdict.text == f"Right. {check.EXERCISES[name].praise}"


@pairs(RIGHT)
def test_a_right_answer_is_right_each_time_and_leaves_nothing_behind(name, given):
    probe = check.EXERCISES[name].probe
    before = deepcopy(probe.cases) if isinstance(probe, Called) else ()
    for _ in range(2):
        assert check.answer(name, given).right is True, check.answer(name, given)
    assert check.answer(name, check.EXERCISES[name].truth).right is True
    assert repr(before) == repr(probe.cases if isinstance(probe, Called) else ())


# -- slips -------------------------------------------------------------------------------------------------------------------

SLIPS = [(name, number) for name, exercise in check.EXERCISES.items() for number in range(len(exercise.slips))]


@each_exercise
def test_there_are_slips_and_their_hints_differ(name):
    hints = [hint for _, hint in check.EXERCISES[name].slips]
    assert len(set(hints)) >= 2
    assert len(set(hints)) == len(hints) or name == "signs"  # of 31 wrong answers, most get the hint for their first wrong sign


@pytest.mark.parametrize(("name", "number"), SLIPS, ids=[f"{name}-{number}" for name, number in SLIPS])
def test_a_slip_gets_its_own_hint(name, number):
    wrong, hint = check.EXERCISES[name].slips[number]
    assert check.answer(name, wrong) == check.Verdict(False, f"Not yet: {hint}")


@pytest.mark.parametrize(
    ("given", "hint"),
    [(131.13, "speaks of factors"), (131.1, "speaks of factors"), (132.13, "whole number: round up"), (132.1, "round up")],
)
def test_a_length_that_is_not_whole_gets_the_hint_of_its_neighbours(given, hint):
    assert hint in check.answer("length", given).text


@each_function
def test_rounding_cannot_mix_up_two_slips(name):
    """Any two of the truth and the slips differ by far more than what passes for rounding."""
    known = [check.EXERCISES[name].known(k) for k in range(len(check.EXERCISES[name].slips) + 1)]
    for one, other in itertools.combinations(known, 2):
        assert not np.allclose(one, other, rtol=1e-3, atol=1e-9)


# -- mutants: nearly right, or right in some cases only ----------------------------------------------------------------------


def off_anywhere(steps):
    """A `drive` that looks only at the steps `steps(len(x))`."""

    def left(x):
        h, kept = 0.0, 1.0
        for t, x_t in enumerate(x):
            z = h + x_t
            h = max(0.0, z)
            kept *= z > 0 or t not in steps(len(x))
        return kept

    return left


def norm_of(part, power=2):
    """A `clip` whose norm is taken over `part(gradient)` only."""

    def clip(gradient, eta):
        size = sum(np.sum(np.abs(g) ** power) for g in part(gradient)) ** (1 / power)
        return [g * eta / size if size > eta else g for g in gradient]

    return clip


def backward_with(factor):
    return scalar_explosion._pass_back(factor)


def shifted(update):
    """An `lstm_step` with `update(i, f, o, g, c) -> (h, c)`."""
    return lstm._step(update)


def settled_after(steps):
    return lambda W, b, h: attractors._end(W, b, h, steps)


MUTANTS = {
    "steps": {"one more": 20, "one less": 18, "negative": -19, "near": 19.01, "zero": 0},
    "slide-length": {"twice": 102, "negative": -51, "near": 51.1, "the number": 117.4, "a factor": 1.1},
    "exponent": {
        "absolute": lambda w, T: abs(w) ** (T - 1),
        "T - 2": lambda w, T: w ** (T - 2),
        "even": lambda w, T: w ** (2 * (T // 2)),
        "the lecture's two numbers": lambda w, T: {1.1: 106.7189572, 0.9: 0.005726168}.get(w, 0),
        "one digit off": lambda w, T: w ** (T - 1) * 1.0001,
        "exponential": lambda w, T: math.exp((w - 1) * (T - 1)),
        "at most 50": lambda w, T: w**49,
    },
    "length": {"one more": 134, "one less": 132, "near": 133.01, "negative": -133, "twice": 266},
    "backward": {
        "last step missing": backward_with(lambda w, h, t: w * (1 - h[t + 1] ** 2) if t < len(h) - 2 else 1),
        "first step missing": backward_with(lambda w, h, t: w * (1 - h[t + 1] ** 2) if t else 1),
        "absolute weight": backward_with(lambda w, h, t: abs(w) * (1 - h[t + 1] ** 2)),
        "wrong sign of the slope": backward_with(lambda w, h, t: w * (1 + h[t + 1] ** 2)),
        "slope not squared": backward_with(lambda w, h, t: w * (1 - h[t + 1])),
        "0.1 % off": backward_with(lambda w, h, t: w * (1 - h[t + 1] ** 2) * 1.001),
        "only for positive states": backward_with(lambda w, h, t: w * (1 - h[t + 1] * abs(h[t + 1]))),
        "no chain": lambda w, h: np.append(w * (1 - np.square(h[1:])), 1),
        "slope of the last step everywhere": backward_with(lambda w, h, t: w * (1 - h[-1] ** 2)),
    },
    "scale": {
        "largest column": lambda W, gamma: 1 / (gamma * np.linalg.norm(W, axis=0).max()),
        "largest row sum": lambda W, gamma: 1 / (gamma * np.linalg.norm(W, np.inf)),
        "largest entry": lambda W, gamma: 1 / (gamma * np.abs(W).max()),
        "second singular value": lambda W, gamma: 1 / (gamma * np.linalg.svd(W, compute_uv=False)[1]),
        "symmetric part": lambda W, gamma: 1 / (gamma * np.linalg.norm((W + W.T) / 2, 2)),
        "yes or no": lambda W, gamma: np.linalg.norm(W, 2) < 1 / gamma,
    },
    "sink-gone": {"negative": -0.25, "near": 0.2501, "zero": 0, "twice": 0.5, "half": 0.125},
    "hair": {
        "twice the steps": lambda r, x0, hair, T: hairs_apart(r, x0, hair, 2 * T),
        "half the hair": lambda r, x0, hair, T: hairs_apart(r, x0, hair / 2, T),
        "the slope at the start": lambda r, x0, hair, T: (r * (1 - 2 * x0)) ** T,
        "both the same": lambda r, x0, hair, T: 0.0,
    },
    "window": {"before it": 3.8284, "after it": 3.86, "chaos": 4, "fixed point": 1, "negative": -3.83, "zero": 0},
    "signs": {f"sign {k + 1} turned": [s * (-1 if j == k else 1) for j, s in enumerate([-1, -1, 1, 1, -1])] for k in range(5)},
    "fold": {"negative": -0.5328, "near": 0.54, "zero": 0, "one": 1, "twice": 1.0656},
    "steep-start": {"swapped": (0.603139, 1.0), "other sign": (1.0, -0.603139), "source": (0.01, 0.0), "near": (1.0, 0.6)},
    "basin": {
        "ten steps": settled_after(10),
        "a hundred steps": settled_after(100),
        "no steps": settled_after(0),
        "only signs": lambda W, b, h: np.sign(attractors._end(W, b, h)),
        "other sign of b": lambda W, b, h: attractors._end(W, -b, h),
        "bias outside": lambda W, b, h: attractors._end(W, 0 * b, h) + b,
        "first memory": lambda W, b, h: attractors._end(W, b, np.ones(2)),
        "four memories only": lambda W, b, h: attractors._end(attractors._FOUR, b, h),
    },
    "clip": {
        "last array missing": norm_of(lambda gradient: gradient[:-1] if len(gradient) > 1 else gradient),
        "first array missing": norm_of(lambda gradient: gradient[1:] if len(gradient) > 1 else gradient),
        "two arrays": norm_of(lambda gradient: gradient[:2]),
        "last number missing": norm_of(lambda gradient: [*gradient[:-1], gradient[-1].ravel()[:-1]]),
        "first number missing": norm_of(lambda gradient: [gradient[0].ravel()[1:], *gradient[1:]]),
        "sum of sizes": norm_of(lambda gradient: gradient, power=1),
        "largest number": norm_of(lambda gradient: gradient, power=200),
        "not clipped": lambda gradient, eta: gradient,
        "only shortened when above 1": lambda gradient, eta: clip_in_place(gradient, max(1, eta)),
        "0.1 % off": lambda gradient, eta: [1.001 * g for g in clip_in_place(gradient, eta)],
        "a copy of the first": lambda gradient, eta: [
            np.full(g.shape, gradient[0].flat[0]) for g in clip_in_place(gradient, eta)
        ],
    },
    "turn": {"one more": 46, "one less": 44, "negative": -45, "twice": 90, "half": 22.5},
    "eta": {
        "the least": 0.31,
        "at the largest of the others": 0.6,
        "too low": 0.65,
        "at the cliff": 14,
        "above": 15,
        "zero": 0,
        "negative": -1.8,
    },
    "rate": {"the rule's": 3, "a little more": 0.19, "that of rate 1": 0.5, "upside down": 6, "zero": 0, "negative": -0.1},
    "gaps": {
        "largest one more": lambda T: (1, T, 2 * T),
        "largest one less": lambda T: (1, T, 2 * T - 2),
        "mean one more": lambda T: (1, T + 1, 2 * T - 1),
        "smallest two": lambda T: (2, T, 2 * T - 1),
        "right for 20": lambda T: (1, T, 39),
        "right up to 8": lambda T: (1, T, min(2 * T - 1, 15)),
        "right from 2 on": lambda T: (1, max(T, 2), 2 * T - 1),
    },
    "target": {
        "T is 7": lambda k, T: 15 - 2 * k,
        "T is k + something": lambda k, T: 2 * (7 - k) + 1,
        "k is 1": lambda k, T: 2 * T - 1,
        "one more": lambda k, T: 2 * (T - k) + 2,
        "wrong sign": lambda k, T: 2 * (k - T) + 1,
        "half": lambda k, T: T - k + 0.5,
        "at most 7 words": lambda k, T: 2 * (min(T, 7) - k) + 1,
    },
    "swap-loss": {
        "the last swap": lambda p, q: p - q[-1],
        "median": lambda p, q: p - np.median(q, axis=0),
        "one less": lambda p, q: p - q.sum(axis=0) / (len(q) - 1),
        "mean of all": lambda p, q: p - q.mean(),
    },
    "reader-length": {"one more": 23, "one less": 21, "near": 22.1, "negative": -22, "twice": 44},
    "noise": {
        "near": 0.00015,
        "half": 0.5 / 7840,
        "twice": 2 / 7840,
        "negative": -1 / 7840,
        "within the band": math.log(2) / 7840,
    },
    "half": {
        "near": 0.9992,
        "below": 0.999,
        "twice the distance": 1 - 2 / 784,
        "first order": 1 - 0.5 / 784,
        "for 700 steps": 0.5 ** (1 / 700),
        "negative": -0.9991,
    },
    "drive": {
        "last step missing": off_anywhere(lambda n: range(n - 1)),
        "first step missing": off_anywhere(lambda n: range(1, n)),
        "last step only": off_anywhere(lambda n: [n - 1]),
        "three steps": off_anywhere(lambda n: range(3)),
        "five steps": off_anywhere(lambda n: range(5)),
        "counts to the length": lambda x: range(len(x) - 1),
        "two inputs": lambda x: float(x[0] + (x[1] if len(x) > 1 else 0) > 0),
        "off only far below 0": lambda x: float(all(np.cumsum(x) > -0.3)),
        "at least one step on": lambda x: float(any(np.cumsum(x) > 0)),
        "the other way round": lambda x: 1 - never_off(x),
        "the state": lambda x: max(0.0, sum(x)),
    },
    "table": {
        f"{name}, {'if'[k]} turned": {
            n: tuple(1 - v if (n, j) == (name, k) else v for j, v in enumerate(pair))
            for n, pair in lstm.EXERCISES["table"].truth.items()
        }
        for name, k in itertools.product(lstm._OPERATIONS, (0, 1))
    },
    "bit": {
        "one step late": lambda t: (float(t == 2), 1.0),
        "the last step": lambda t: (float(t == 50), 1.0),
        "two steps": lambda t: (float(t <= 2), 1.0),
        "half written": lambda t: (0.5 * (t == 1), 1.0),
        "shut at step 2": lambda t: (float(t == 1), float(t != 2)),
        "shut at the end": lambda t: (float(t == 1), float(t != 50)),
        "last step opened": lambda t: (float(t in (1, 50)), 1.0),
        "gates swapped": lambda t: (1.0, float(t == 1)),
        "0.1 % lost": lambda t: (float(t == 1), 0.999),
        "negative": lambda t: (-float(t == 1), 1.0),
    },
    "c-bar": {
        "wrong sign": lambda f, c_bar, o, c, h_bar: f * c_bar - o * (1 - np.tanh(c) ** 2) * h_bar,
        "1 + tanh^2": lambda f, c_bar, o, c, h_bar: f * c_bar + o * (1 + np.tanh(c) ** 2) * h_bar,
        "tanh not squared": lambda f, c_bar, o, c, h_bar: f * c_bar + o * (1 - np.tanh(c)) * h_bar,
        "0.1 % off": lambda *a: 1.001 * lstm._adjoint(*a),
        "forget gate twice": lambda f, c_bar, o, c, h_bar: f * f * c_bar + o * (1 - np.tanh(c) ** 2) * h_bar,
    },
    "fool": {
        "never closed": "s = 'hello",
        "no string": "x = 5",
        "an apostrophe": """x = "don't stop""",
        "closed again": """s = "f('a', b)" """,
        "the other quote": """s = 'say "hi" to her""",
    },
    "lstm-step": {
        "zeros": lambda W, h, c, x: (np.zeros_like(h), np.zeros_like(c)),
        "zeroed inputs": lambda W, h, c, x: [a.fill(0) or a for a in (W, h, c, x)][1:3],
        "h above x": lambda W, h, c, x: lstm_step(np.roll(W, len(h), axis=1), h, c, x),
        "old state added": shifted(lambda i, f, o, g, c: lstm._right_step(i, f, o, g, c)[:1] * 2),
        "f and o swapped": shifted(lambda i, f, o, g, c: lstm._right_step(i, o, f, g, c)),
        "minus": shifted(lambda i, f, o, g, c: (o * np.tanh(f * c - i * g), f * c - i * g)),
        "coupled": shifted(lambda i, f, o, g, c: lstm._right_step(1 - f, f, o, g, c)),
        "only the first unit": lambda W, h, c, x: [np.full_like(h, a[0]) for a in lstm_step(W, h, c, x)],
        "0.1 % off": shifted(lambda i, f, o, g, c: lstm._right_step(i, f * 1.001, o, g, c)),
    },
    "bias-200": {"one more": 6.66, "one less": 4.66, "near": 5.9, "negative": -5.66, "zero": 0},
    "jacobians": {
        "wrong sign": lambda W, h, end: through(W, h, end, lambda slope, W: (2 - slope)[:, None] * W),
        "first step missing": lambda W, h, end: np.vstack([0 * h[:1], through(W, h, end)[1:]]),
        "one step late": lambda W, h, end: np.roll(through(W, h, end), 1, axis=0),
        "turned around": lambda W, h, end: through(W, h[::-1], end),
        "slope not squared": lambda W, h, end: through(W, np.sqrt(np.abs(h)), end),
        "0.1 % off": lambda W, h, end: 1.001 * through(W, h, end),
    },
    "remedies": {
        f"{name} off by {by}": gradient_flow.EXERCISES["remedies"].truth | {name: by * gradient_flow._LEFT[name]}
        for name, by in itertools.product(gradient_flow.REMEDIES, (0.98, 2, -1))
    },
}


@pairs(MUTANTS)
def test_a_mutant_is_refused(name, given):
    assert check.answer(name, given).right is False


# -- mutants that the cases themselves give ----------------------------------------------------------------------------------


def flat(value):
    """The numbers of an argument, as one list of cells (container, index) that can be set."""
    if isinstance(value, np.ndarray):
        return [(value, index) for index in np.ndindex(value.shape)]
    if isinstance(value, list):
        return [cell for k, part in enumerate(value) for cell in (flat(part) if isinstance(part, np.ndarray) else [(value, k)])]
    return []


def changed(truth, j, change):
    """The truth, of inputs whose argument j has gone through `change`."""
    return lambda *case: truth(*(change(deepcopy(a)) if i == j else a for i, a in enumerate(case)))


def zeroed(chosen):
    """Sets the numbers k of an argument to 0 for which `chosen(k)`."""

    def change(value):
        for k, (container, index) in enumerate(flat(value)):
            if chosen(k):
                container[index] = 0.0
        return value

    return change


def partial_readers(name):
    """(what, answer): the truth computed from a part of its input, the rest frozen, zeroed, cut off, swapped or shifted."""
    exercise = check.EXERCISES[name]
    cases, truth = exercise.probe.cases, TEXTBOOK.get(name, exercise.truth)
    for j in range(len(cases[0])):
        for k in range(len(cases)):
            yield f"argument {j} as in case {k}", changed(truth, j, lambda a, j=j, k=k: deepcopy(cases[k][j]))
        size = max(len(flat(case[j])) for case in cases)
        for k in range(size):
            yield f"argument {j} without number {k}", changed(truth, j, zeroed(lambda i, k=k: i == k))
            yield f"first {k} numbers of argument {j}", changed(truth, j, zeroed(lambda i, k=k: i >= k))
        for k in range(1, size):
            yield f"argument {j} without its first {k} numbers", changed(truth, j, zeroed(lambda i, k=k: i < k))
        if isinstance(cases[0][j], int | float):
            for step in (1, -1):
                yield f"argument {j} plus {step}", changed(truth, j, lambda a, step=step: a + step)
            yield f"minus argument {j}", changed(truth, j, lambda a: -a)
        else:
            yield f"argument {j} without its last entry", changed(truth, j, lambda a: a[:-1])
            yield f"argument {j} without its first entry", changed(truth, j, lambda a: a[1:])
            yield f"argument {j} reversed", changed(truth, j, lambda a: a[::-1])
    for i, j in itertools.combinations(range(len(cases[0])), 2):
        order = list(range(len(cases[0])))
        order[i], order[j] = j, i
        yield f"arguments {i} and {j} swapped", lambda *case, order=order: truth(*(case[k] for k in order))


TEXTBOOK = {"backward": backward}  # the truth, nudged and run forward, does not read h(T); this does not read h(1)

# What a right answer need not notice.
SAME = {
    ("backward", "argument 1 without number 0"),
    ("backward", "argument 1 without its first 1 numbers"),
    ("scale", "argument 0 reversed"),  # rows in another order: the same singular values
    ("swap-loss", "argument 1 reversed"),  # swaps in another order: the same mean
    ("jacobians", "argument 1 without number 0"),
    ("jacobians", "argument 1 without its first 1 numbers"),
    ("c-bar", "arguments 0 and 1 swapped"),  # the sum of products f c_bar + o h_bar (1 - tanh^2 c)
    ("c-bar", "arguments 2 and 4 swapped"),
    ("c-bar", "minus argument 3"),
}


@each_function
def test_an_answer_that_reads_only_a_part_of_its_input_is_refused(name):
    passed = {what for what, reader in partial_readers(name) if check.answer(name, reader).right}
    assert passed == {what for exercise, what in SAME if exercise == name}


def mapped(f, result):
    return (
        [f(np.asarray(part, dtype=float)) for part in result] if isinstance(result, list) else f(np.asarray(result, dtype=float))
    )


@each_function
def test_constants_and_shifted_results_are_refused(name):
    exercise = check.EXERCISES[name]
    cases, truth = exercise.probe.cases, exercise.truth
    results = [truth(*deepcopy(case)) for case in cases]
    constants = {0.0, 1.0, -1.0, 0.5, *np.round(exercise.known(0)[:50], 12).tolist()}
    for value in constants:
        given = lambda *case, value=value: mapped(lambda a: np.full(a.shape, value), truth(*case))  # noqa: E731
        assert check.answer(name, given).right is False, f"always {value}"
    for k, result in enumerate(results):
        assert check.answer(name, lambda *case, result=result: result).right is False, f"always the result of case {k}"
    for what, f in {
        "+ 1": lambda a: a + 1,
        "- 1": lambda a: a - 1,
        "negative": lambda a: -a,
        "reversed": lambda a: a[::-1] if a.ndim else -a,
        "0.1 % more": lambda a: 1.001 * a,
        "absolute + 1e-3": lambda a: abs(a) + 1e-3,
    }.items():
        assert check.answer(name, lambda *case, f=f: mapped(f, truth(*case))).right is False, what


@each_function
def test_the_right_answer_is_needed_in_the_last_case_too(name):
    """Wrong in a single case is wrong: each case is looked at, and each is a case of its own."""
    exercise = check.EXERCISES[name]
    for k in range(len(exercise.probe.cases)):
        calls = itertools.count()
        given = lambda *case, k=k, calls=calls: mapped(lambda a: a + (next(calls) == k), exercise.truth(*case))  # noqa: E731
        assert check.answer(name, given).right is False, f"wrong in case {k}"
    assert len({repr(case) for case in exercise.probe.cases}) == len(exercise.probe.cases)


@each_function
def test_inputs_have_several_lengths(name):
    cases = check.EXERCISES[name].probe.cases
    sizes = {tuple(len(flat(argument)) for argument in case) for case in cases}
    fixed = {"exponent", "hair", "gaps", "target", "c-bar", "basin"}  # numbers only; and points of the plane
    assert len(sizes) == 1 if name in fixed else len(sizes) >= 3


def test_the_unit_is_off_at_each_step_of_each_length_and_never_near_the_edge():
    seen = set()
    for (x,) in check.EXERCISES["drive"].probe.cases:
        h, off = 0.0, []
        for t, x_t in enumerate(x):
            z = h + x_t
            assert abs(z) > 0.04
            off += [t] if z < 0 else []
            h = max(0.0, z)
        seen.add((len(x), *off))
    assert seen == {(n, *off) for n in range(1, 7) for off in [(), *((t,) for t in range(n))]}


# -- skeletons ---------------------------------------------------------------------------------------------------------------


def test_the_skeleton_in_a_notebook_is_not_an_answer(book):
    for cell in book.cells:
        if cell.cell_type == "code" and "check.answer(" in cell.source:
            *before, last = ast.parse(cell.source).body
            names = {"np": np, "check": check}
            exec(compile(ast.Module(before, []), cell.id, "exec"), names)
            assert repr(eval(compile(ast.Expression(last.value), cell.id, "eval"), names)) == "not attempted yet", cell.id


HALF_DONE = {
    "dots in arithmetic": ("exponent", lambda w, T: w ** ...),
    "dots among the numbers": ("gaps", lambda T: (1, T, ...)),
    "dots in a list": ("signs", [-1, -1, ..., 1, -1]),
    "dots as an array": ("clip", lambda gradient, eta: [...]),
    "dots in the table": ("table", {"remember": (0, ...), "add": (1, 1), "erase": (0, 0), "overwrite": (1, 0)}),
    "dots in a start": ("steep-start", (0.5, ...)),
    "dots for a remedy": ("remedies", {"clip": 0.5**10, "reverse": 0.5, "identity": 1, "gates": ...}),
}


@pytest.mark.parametrize(("name", "given"), HALF_DONE.values(), ids=HALF_DONE)
def test_dots_that_are_left_are_no_answer(name, given):
    assert check.answer(name, given) == check.Verdict(None, "not attempted yet")


def test_a_mistake_is_told_though_it_speaks_of_an_ellipsis():
    def given(w, T):
        raise TypeError("float() argument must be a string or a real number, not 'ellipsis'")

    assert "TypeError" in check.answer("exponent", given).text
    assert check.answer("exponent", given).right is False


def test_no_truth_takes_an_argument_that_the_skeleton_does_not_give(book):
    """The truth's arguments are those of the skeleton, in its order."""
    for cell in book.cells:
        for name in CALLED:
            if cell.cell_type == "code" and f'check.answer("{name}"' in cell.source:
                skeleton = ast.parse(cell.source).body[0]
                given = [arg.arg[0] for arg in skeleton.args.args]
                taken = inspect.signature(check.EXERCISES[name].truth).parameters.values()
                assert given == [p.name[0] for p in taken if p.default is p.empty], name
