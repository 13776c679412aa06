"""Bad input, for every public function: a ValueError that names the argument, before anything is done or drawn.

TABLE has a row for each function: a good value for each argument, and the sort of value that it is, which says what is bad for
it. A new function needs a row, and a new argument a place in it: a test fails until they are there. To add a bad value, add it
to its sort. What cannot be told argument by argument stands in SPECIAL. What a function
of the caller raises passes through.
"""

import inspect
import signal
from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure

from lecturelib import (
    adding,
    cells,
    costs,
    datasets,
    digit_reader,
    expect,
    jacobians,
    lstm_block,
    mandelbrot,
    maps,
    nets,
    phase_plane,
    plots,
    pretrained,
    reading,
    tasks,
    train,
    translator,
)
from lecturelib.lectures import (
    attractors,
    clipping,
    gradient_flow,
    identity_rnn,
    iterated_functions,
    lstm,
    reversal,
    scalar_explosion,
)

# What notebooks call with the values of their controls; `adding` and `reading` belong to two of them, or to a part of one.
LECTURES = (
    scalar_explosion, iterated_functions, attractors, clipping, reversal, identity_rnn, lstm, lstm_block, gradient_flow, adding,
    reading,
)  # fmt: skip
MODELS = (
    maps,
    mandelbrot,
    phase_plane,
    cells,
    jacobians,
    nets,
    train,
    tasks,
    costs,
    datasets,
    pretrained,
)  # `scan` checks nothing
MODULES = (*MODELS, plots, *LECTURES)
RECORDS = {  # hold what they are given
    "cells": {"RNN", "LSTM", "Adjoint", "Gates", "Step", "Trace"},
    "nets": {"Net", "EncoderDecoder"},
    "train": {"Optimizer", "Run"},
    "phase_plane": {"Point", "Portrait"},
    "maps": {"FixedPoint", "Cycle", "checked_map"},  # the last is a check itself
    "datasets": {"Digits", "Sentences"},
    "pretrained": {"Trained"},
    "adding": {"Runs"},
    "costs": {"Descent"},
    "reversal": {"FirstWords"},
}
SECONDS = 60  # for all bad values of one argument: they are refused at once, or the test hangs
RAGGED = [[1.0], [1.0, 2.0]]
JUNK = (None, "x", b"x", "", {}, {"a": 1}, {1.0}, object(), [None], RAGGED, ..., len, np.array([None]), np.array("x"), np.ones)


class Broken:
    """An array that cannot be read."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array")


# -- the sorts of values, as lists of what is bad for them --------------------------------------------------------------------


def count(least=1):
    return [*JUNK, [], 1j, True, 1.5, 2.0, np.nan, np.inf, least - 1, -(10**9), 10**30, np.array([2]), np.float32(2)]


def number(*bad):
    return [*JUNK, [], 1j, True, np.nan, np.inf, -np.inf, 10**400, np.array([1.0, 2.0]), np.ma.array(1.0, mask=True), *bad]


def positive():
    return number(0, 0.0, -1.0)


def array(good, *, finite=True, axes=True):
    """An array of float32 or float64, for instance `good`; with `axes`, any other number of them is bad."""
    bad = [*JUNK, [], 2.0, 1j, True, good.tolist(), Broken(), np.ma.array(good), good[:0], np.full(good.shape, None)]
    bad += [good.astype(kind) for kind in (int, bool, complex, np.float16, np.longdouble, str)]
    bad += [np.array(2.0), good[None], good[..., None], good.ravel()[0]] if axes else [np.array(2.0)]
    return bad + [np.where(np.arange(good.size).reshape(good.shape) == 0, lost, good) for lost in (np.nan, np.inf) if finite]


def like(good, *, nan=True, inf=True, kinds="real", axes=True, empty=False):
    """A number, an array or lists, that are read as floats, for instance `good`."""
    good = np.asarray(good)
    bad = [*JUNK, Broken(), True, np.ma.array(good), np.full(good.shape, None), good.astype(bool), good.astype(str), 10**400]
    bad += [] if kinds == "complex" else [good + 1j]
    bad += [np.full(good.shape, np.nan)] * nan + [np.full(good.shape, np.inf), np.full(good.shape, -np.inf)] * inf
    bad += [good[None], good[..., None]] if axes else []
    return bad + ([] if empty or not good.ndim else [good[:0], []])


def words(good, *, padding=True, size=None):
    """Whole numbers from 0, or from -1 where -1 is padding, below `size`."""
    good = np.asarray(good)
    bad = [
        *JUNK,
        [],
        Broken(),
        True,
        1.5,
        good.astype(float),
        good.astype(bool),
        good.astype(complex),
        good.astype(str),
        good[:0],
    ]
    bad += [good[None], good[..., None], np.ma.array(good), np.full(good.shape, -2), np.full(good.shape, None)]
    return bad + ([] if padding else [np.full(good.shape, -1)]) + ([] if size is None else [np.full(good.shape, size)])


def choice(*bad):
    return [*JUNK, [], 1j, True, np.nan, "nonsense", 17, -1, np.ones(3), *bad]


def thing(*bad):
    """An instance of some class."""
    return [value for value in JUNK if value != {}] + [[], 3, 1j, True, np.nan, np.ones(3), *bad]


def function():
    return [None, "x", 3, [], {}, np.ones(3), ...]


def text():
    return [value for value in JUNK if not isinstance(value, str)] + [[], 3, 1j, True, np.nan, ["x"], np.ones(3)]


def nest(*bad):
    strange = [None, "x", b"x", {}, {"a": np.ones(2)}, 1j, True, object(), len, [], (), [[], ()], 10**400, np.array([None])]
    return [*strange, np.ones(2) + 1j, np.ones(2, bool), np.ma.ones(2), [np.ones(2), None], [1.0, ["x"]], np.ones(0), *bad]


def named(*bad):
    """A dict of things by name."""
    return [*[value for value in JUNK if value != {"a": 1}], [], 3, np.ones(3), {"nonsense": None}, {3: np.ones(3)}, *bad]


FLAG = ()  # any value is true or false
AX = object()  # stands for axes on which nothing was drawn
AXES = AX, [*JUNK, [], 3, np.ones(3)]


# -- good values --------------------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
RNN, LSTM = cells.init_rnn(RNG, 2, 3), cells.init_lstm(RNG, 2, 3)
X, H, B = RNG.standard_normal((5, 4, 2)), RNG.standard_normal((4, 3)), RNG.standard_normal((4, 2))
TRACE, MEMORY = cells.unroll(RNN, X), cells.unroll(LSTM, X)
AFTER = cells.lstm_step(LSTM, H, H, B)
J = jacobians.along(TRACE)
NET, READER = nets.init_net(RNG, RNN, 3), nets.init_net(RNG, cells.init_lstm(RNG, 6, 3), 6)
PAIR = nets.init_encoder_decoder(RNG, 6, 5, 4)
SOURCE, TARGET = np.array([[1, 2], [3, 4], [0, 5]]), np.array([[1, 2], [0, 0]])
SPOILT = [RNN._replace(b=None), RNN._replace(W_h=np.ones((3, 2))), LSTM._replace(W_x=np.ones((3, 2))), tuple(RNN)]
WRONG_NETS = [NET._replace(cell=None), NET._replace(W=np.ones((3, 4))), NET._replace(b=np.ones(2)), RNN, PAIR]
WRONG_PAIRS = [PAIR._replace(encoder=()), PAIR._replace(decoder=PAIR.decoder[:1]), PAIR._replace(W=None), NET]
W, b = np.array([[1.8, 0.4], [-0.4, 1.8]]), np.zeros(2)
STARTS = phase_plane.grid(4)
ENDS = phase_plane.attractors(W, b)
F = maps.logistic(3.5)
ROW = np.array([0.5, 0.25, 0.125, 0.1])
HALF = pretrained.Trained(pretrained.halved(NET), {"seed": 0}, {"loss": 1.0})
PROGRAM = lstm.program("W..?......", 1, 0.5, 0, 0.3)
SPOILT_PROGRAMS = [PROGRAM._replace(g=ROW), PROGRAM._replace(i=None), PROGRAM._replace(own=[0]), PROGRAM._replace(own=(1,))]
HELD = identity_rnn.Held(np.ones(3), np.ones(785), np.full((784, 3), True), 1.0, np.ones(49))
DIGIT = digit_reader.DigitRun(np.zeros((2, 2)), 3, np.arange(4), np.ones((5, 3)), np.full((5, 10), 0.1), np.ones(4))
WORK = adding.work("after", 0, 0)
SPOILT_WORK = [WORK._replace(x=None), WORK._replace(c=ROW), WORK._replace(f=ROW), WORK._replace(cell=-1), tuple(WORK)]
ADDING = adding.Runs([ROW], [0.1])
SWAPPED = translator.Swaps(list("abc"), list("de"), [0], np.array([1]), np.ones(2), np.ones((1, 2)), np.ones((1, 2)))


def bowl(w, _):
    return w * w, 2 * w


def rng():
    return np.random.default_rng(0), [*JUNK, [], 0, np.random.RandomState(0), np.random.default_rng]


def p(good, *bad):
    return good, thing(*SPOILT, *bad)


def floats(good, **how):
    return good, array(good, **how)


def real(good, **how):
    return good, like(good, **how)


def row(good=ROW, **how):
    return good, like(good, inf=False, **how)


def whole(good, least=1):
    return good, count(least)


RISING = (ROW[::-1], [*like(ROW), ROW, np.ones(4), ROW[:1]])
PHI = ("tanh", choice())
PLANE = {"W": real(W), "b": real(b)}
MAP, LO, HI = (F, thing(np.tanh)), (0.0, number(2.0)), (1.0, number(-1.0))
NETWORK, TRANSLATOR = (NET, thing(*WRONG_NETS)), (PAIR, thing(*WRONG_PAIRS))
WRITTEN = {"source": (SOURCE, words(SOURCE, size=6)), "target": (TARGET, words(TARGET, size=5))}
ONE = {"source": (SOURCE[:, 0], words(SOURCE[:, 0], size=6))}
SQUARE = attractors.SIDE**2
PORTRAIT = (attractors.portrait(W), thing(tuple(attractors.portrait(W))))
DESCENT = (
    costs.Descent(np.ones((5, 2, 2, 51)), np.ones((5, 2, 51))),
    thing(costs.Descent(np.ones((5, 2)), np.ones(5)), costs.Descent(np.ones((5, 2, 2, 51)), np.ones((4, 2, 51)))),
)
SHARES = {"solved": real(np.ones((10, 13))), "row": (3, [*count(0), 10])}
RUNS = (attractors.TwoRuns(ROW, ROW, np.ones((4, 2))), thing((ROW, ROW)))
DTYPE = (np.float64, choice(int, np.int64, complex, np.float16, "f2", "object"))
FORCE = (
    {"f": 1.0},
    ["f", 3, [1], {"q": 1}, {"f": 1.1}, {"f": None}, {"f": "x"}, {"f": np.ones(4)}, {"f": 1j}, {"g": np.nan}, {1: 1.0}],
)
IN_STEPS = (
    {"f": {2: 1.0}},
    [*FORCE[1], {"f": {1.0: 0.5}}, {"f": {0: 1.0}}, {"f": {True: 1.0}}, {"f": {"x": 1.0}}, {"f": {2: RAGGED}}, ()],
)
STATE = {"h": floats(H, finite=False), "x": floats(B, finite=False)}
BACK = {"h_next_bar": floats(H, finite=False)}
UNKNOWN_NAME = {"nonsense": np.ones((2, 3))}

TABLE = {
    # cells
    cells.init_rnn: {
        "rng": rng(),
        "D": whole(2),
        "H": whole(3),
        "recurrent": ("identity", choice()),
        "gain": (1.0, number()),
        "noise": (0.1, number(-1.0)),
        "inputs": (0.1, number(-1.0)),
        "dtype": DTYPE,
    },
    cells.init_lstm: {
        "rng": rng(),
        "D": whole(2),
        "H": whole(3),
        "forget_bias": (1.0, number()),
        "gain": (1.0, number()),
        "dtype": DTYPE,
    },
    cells.rnn_step: {"p": p(RNN, LSTM), **STATE, "phi": PHI},
    cells.rnn_step_back: {"p": p(RNN, LSTM), **STATE, "h_next": floats(H, finite=False), **BACK, "phi": PHI},
    cells.lstm_step: {"p": p(LSTM, RNN), **STATE, "c": floats(H, finite=False), "clamp": FORCE},
    cells.lstm_step_back: {
        "p": p(LSTM, RNN),
        **STATE,
        "c": floats(H, finite=False),
        "after": (AFTER, thing(AFTER[:2], (1, 2, 3))),
        **BACK,
        "c_next_bar": floats(H, finite=False),
        "clamp": FORCE,
    },
    cells.unroll: {
        "p": p(RNN),
        "x": floats(X),
        "h0": floats(H),
        "c0": (None, [H, *JUNK]),
        "phi": PHI,
        "clamp": (None, [{"f": 1.0}]),
    },
    cells.backprop: {
        "trace": (MEMORY, thing(RNN)),
        "h_bar": floats(H, finite=False, axes=False),
        "c_bar": floats(H, finite=False),
        "inputs": FLAG,
    },
    jacobians.along: {"trace": (TRACE, thing(RNN))},
    jacobians.products: {"J": floats(J, finite=False)},
    jacobians.growth: {
        "J": (J[:, 0], [*array(J[:, 0], finite=False), np.nan * J[:, 0]]),
        "nudge": (np.ones(3), [*like(np.ones(3)), np.zeros(3)]),
    },
    jacobians.singular_values: {"P": (J, [*array(J, finite=False, axes=False), np.ones((2, 3)), np.ones(3)])},
    jacobians.gradient_norms: {"p": p(RNN), "x": floats(X), "end": floats(H, finite=False), "phi": PHI},
    jacobians.gradient_flow: {
        "make": (lambda rng: cells.init_rnn(rng, 1, 2), [*function(), lambda rng: NET, lambda rng: RNN]),
        "T": whole(3),
        "phi": PHI,
        "seeds": whole(2),
    },
    # nets
    nets.one_hot: {"words": (SOURCE, words(SOURCE, size=6)), "D": whole(6), "dtype": DTYPE},
    nets.squared_error: {"y": floats(H, finite=False), "target": real(H)},
    nets.cross_entropy: {
        "y": (H, [*array(H, finite=False, axes=False)]),
        "labels": (np.array([0, 1, 2, -1]), words(np.array([0, 1, 2, 1]), size=3)),
    },
    nets.softmax: {"y": (H, [*array(H, finite=False, axes=False)])},
    nets.init_net: {"rng": rng(), "cell": p(RNN), "K": whole(3), "gain": (0.1, number(-1.0))},
    nets.output: {"net": NETWORK, "x": floats(X), "phi": PHI},
    nets.loss: {"net": NETWORK, "x": floats(X), "target": real(H), "error": (nets.squared_error, function()), "phi": PHI},
    nets.next_loss: {
        "net": (READER, thing(*WRONG_NETS, NET)),
        "words": (SOURCE, words(SOURCE, size=6)),
        "phi": (None, ["tanh"]),
        "state": ((None, None), [None, "x", 3, (None,), [], {}, (None, None, None)]),
    },
    nets.sample: {
        "net": (READER, thing(*WRONG_NETS, NET)),
        "rng": rng(),
        "words": (SOURCE[:, 0], words(SOURCE[:, 0], size=6)),
        "length": whole(2, least=0),
        "temperature": (1.0, positive()),
    },
    nets.init_encoder_decoder: {
        "rng": rng(),
        "words_in": whole(6),
        "words_out": whole(5),
        "H": whole(4),
        "layers": whole(1),
        "cell": (cells.init_rnn, function()),
        "dtype": DTYPE,
    },
    nets.translation_loss: {"net": TRANSLATOR, **WRITTEN, "phi": (None, ["tanh"])},
    nets.predictions: {"net": TRANSLATOR, **WRITTEN, "phi": (None, ["tanh"])},
    nets.input_gradients: {
        "net": TRANSLATOR,
        **ONE,
        "target": (TARGET[:, 0], words(TARGET[:, 0], padding=False, size=5)),
        "phi": (None, ["tanh"]),
    },
    nets.probabilities: {"net": TRANSLATOR, **WRITTEN, "phi": (None, ["tanh"])},
    nets.translate: {"net": TRANSLATOR, "source": (SOURCE, words(SOURCE, size=6)), "steps": whole(2), "phi": (None, ["tanh"])},
    # train
    train.norm: {"gradient": (ROW, nest())},
    train.clip_norm: {"gradient": (ROW, nest()), "eta": (1.0, positive())},
    train.clip_value: {"gradient": (ROW, nest()), "limit": (1.0, positive())},
    train.sgd: {"rate": (0.1, [bad for bad in positive() if not callable(bad)])},
    train.adam: {
        "rate": (0.1, [bad for bad in positive() if not callable(bad)]),
        "each": (None, ["x", 0, -1, np.ones(3), {}, 1j, (1.0, 0)]),
        "beta1": (0.9, number(1, 1.0, -0.1)),
        "beta2": (0.9, number(1, 1.0, -1)),
        "eps": (1e-8, positive()),
    },
    train.linear_decay: {"rate": (0.1, positive()), "steps": whole(10), "to": (0.1, positive()), "warm": whole(2, least=0)},
    train.fit: {
        "loss_and_gradient": (bowl, function()),
        "params": (1.0, nest()),
        "batches": ([1, 2], [None, 3, 1.5, object(), len, np.array(2.0)]),
        "optimizer": (train.sgd(0.1), [*JUNK, train.sgd, train.adam, 0.1, (1, 2)]),
        "clip": (1.0, positive()),
        "steps": whole(2),
        "marks": ((0,), [None, 3, "x", {}, [None], (0.5,), (-1,), (True,)]),
        "watch": (None, ["x", 3, [], {}]),
    },
    # planes
    phase_plane.grid: {"size": whole(3), "edge": (1.0, positive())},
    phase_plane.run: {**PLANE, "h": floats(STARTS, finite=False), "steps": whole(3, least=0)},
    phase_plane.orbit: {**PLANE, "h0": real(np.ones(2)), "steps": whole(3, least=0)},
    phase_plane.attractors: {**PLANE, "seed": whole(0, least=0)},
    phase_plane.basins: {
        **PLANE,
        "ends": (ENDS, [*like(ENDS, empty=True), ENDS.T[:3]]),
        "size": whole(9),
        "steps": whole(5, least=0),
    },
    phase_plane.growth_along: {"W": PLANE["W"], "h": (np.zeros((3, 2)), like(np.zeros((3, 2))))},
    phase_plane.log_growth: {**PLANE, "h": floats(STARTS, finite=False), "steps": whole(3, least=0)},
    phase_plane.boundary: {
        **PLANE,
        "p": real(np.array([-1.0, 1.0])),
        "q": real(np.array([0.0, 1.0])),
        "steps": whole(50, least=0),
        "ends": (ENDS, [*like(ENDS, empty=True), ENDS.T[:3], ENDS[:, :1], ENDS[:, :0]]),
    },
    phase_plane.fixed_points: {**PLANE, "size": whole(5)},
    phase_plane.portrait: {**PLANE, "size": whole(5)},
    # maps
    maps.Map: {"f": (np.tanh, function()), "d": (np.cos, function()), "name": ("sine", text())},
    maps.linear: {"w": real(1.0, axes=False)},
    maps.logistic: {"r": real(3.5, axes=False)},
    maps.quadratic: {"c": real(0.1, axes=False, kinds="complex")},
    maps.tanh_map: {"w": real(2.0, axes=False), "b": real(0.1, axes=False)},
    maps.sigmoid_map: {"w": real(2.0, axes=False), "b": real(0.1, axes=False)},
    maps.relu_map: {"w": real(2.0, axes=False), "b": real(0.1, axes=False)},
    maps.orbit: {"f": MAP, "x0": real(0.5, axes=False, kinds="complex"), "steps": whole(3, least=0)},
    maps.adjoint: {"f": MAP, "h": (ROW, [*like(ROW, inf=False, axes=False), 0.5])},
    maps.lyapunov: {"f": MAP, "x0": real(0.5, axes=False, kinds="complex"), "steps": whole(9), "transient": whole(3, least=0)},
    maps.bifurcation: {
        "family": (maps.logistic, [*function(), F, len]),
        "params": real(ROW),
        "x0": real(0.5),
        "transient": whole(5, least=0),
        "keep": whole(3),
    },
    maps.fixed_points: {"f": MAP, "lo": (0.0, [*number(1.0, 2.0, -1e300)]), "hi": (1.0, [*number(0.0, -1.0, 1e300)])},
    maps.cycles: {"f": MAP, "n": (2, [*count(), 10**6]), "lo": (0.0, number(1.0)), "hi": (1.0, number(0.0))},
    mandelbrot.plane: {
        "center": real(0.5, kinds="complex"),
        "width": (2.0, positive()),
        "shape": ((2, 3), [*JUNK, [], 3, (2,), (0, 3), (2.0, 3), (10**6, 10**6)]),
    },
    mandelbrot.escape_time: {
        "c": real(ROW, axes=False, empty=True, kinds="complex"),
        "steps": whole(9),
        "radius": (2.0, number(1.0, -2.0, 1e200)),
    },
    jacobians.log_norms: {"W": (W, [*like(W), np.ones((2, 3)), np.eye(500)]), "T": whole(3, least=0)},
    # tasks
    tasks.latch: {"rng": rng(), "N": whole(3), "T": whole(4), "noise": (0.5, number(-1))},
    costs.latch_loss: {"x": real(np.ones((4, 3))), "target": real(np.ones(3)), "w": real(2.5), "b": (0.1, like(0.1, axes=False))},
    costs.logistic_cost: {"w": real(5.0, axes=False), "b": real(-2.0, axes=False), "T": whole(3)},
    costs.logistic_valley: {"w": (5.0, [*like(5.0, axes=False), 1.9, np.array([5.0, 8.1])])},
    costs.wall: {"w": (5.0, [*number(), 1.9, 8.1])},
    tasks.recall: {"rng": rng(), "B": whole(2), "T": whole(3), "symbols": whole(4), "dtype": DTYPE},
    tasks.adding: {"rng": rng(), "B": whole(2), "T": whole(4, least=2), "dtype": DTYPE},
    datasets.digits: {"side": (7, choice(20, 7.5, 28j))},
    datasets.downsampled: {"images": real(np.ones((2, 28, 28))), "side": (7, choice(20))},
    datasets.pixel_sequences: {
        "images": floats(np.ones((3, 2, 2))),
        "order": (np.arange(4), [*words(np.arange(4), padding=False, size=4), [0, 0, 1, 2]]),
    },
    datasets.pixel_permutation: {"side": whole(7)},
    datasets.code: {},
    datasets.translation: {"below": (1000, choice(50, 1e10)), "reverse": FLAG},
    datasets.reversed_sentences: {"source": (SOURCE, words(SOURCE))},
    datasets.encode_text: {"text": ("x = 1", text())},
    datasets.structure: {"text": ("x = 1", text())},
    # numerals and stored
    datasets.number_words: {"number": whole(7, least=0)},
    datasets.number_swaps: {"number": whole(7, least=0)},
    datasets.parse_number: {"line": ("7", text())},
    datasets.encode_words: {
        "words": (["one"], [*JUNK, 3, ["nonsense"], [1]]),
        "vocabulary": (datasets.ENGLISH, [*JUNK, 3, ["nonsense"]]),
    },
    pretrained.load: {"name": ("adding", [*text(), "digits", "nonsense", "", "../data/adding"])},
    pretrained.save: {
        "path": (None, [None, 3, [], {}, object()]),
        "runs": (
            {"a": HALF},
            [
                *JUNK,
                3,
                {1: HALF},
                {"a": HALF._replace(net=NET)},
                {"a": HALF._replace(net=None)},
                {"a": HALF._replace(made={"rng": object()})},
            ],
        ),
    },
    pretrained.slow: {"name": ("a test", text()), "make": (lambda: 1, function())},
    # plots
    scalar_explosion.forward: {"ax": AXES, "h": row(), "steps": whole(4), "limit": (1.2, positive())},
    plots.decay: {"ax": AXES, "size": row(), "steps": whole(4), "decades": (12, positive()), "forward": None},
    scalar_explosion.thin_line: {"ax": AXES, "w": (1.1, positive()), "T": whole(5, least=2)},
    scalar_explosion.pulse: {
        "units": AXES,
        "time": AXES,
        "passed": (np.ones((4, 3)), like(np.ones((4, 3)), inf=False)),
        "k": (2, [*count(0), 4]),
    },
    scalar_explosion.ellipse: {
        "ax": AXES,
        "P": (np.eye(2), [*like(np.eye(2)), np.eye(3)]),
        "radius": (0.9, positive()),
        "sigma": (1.1, positive()),
    },
    scalar_explosion.norm_bounds: {
        "ax": AXES,
        "logs": row(),
        "radius": (0.9, positive()),
        "sigma": (1.1, positive()),
        "k": (2, [*count(0), len(ROW)]),
    },
    scalar_explosion.float_range: {"ax": AXES, "logs": row(), "held": row()},
    plots.gradient_flow: {
        "ax": AXES,
        "flows": ({"LSTM": np.ones((2, 5))}, named(UNKNOWN_NAME, {"LSTM": ROW}, {"LSTM": np.nan * np.ones((2, 5))})),
        "lags": whole(5),
        "decades": (20, positive()),
    },
    gradient_flow.spectrum: {
        "ax": AXES,
        "values": row(np.ones((4, 2))),
        "left": row(),
        "lags": whole(4),
        "decades": (20, positive()),
    },
    gradient_flow.factor_by_factor: {
        **dict.fromkeys(("factors", "product"), AXES),
        "size": row(),
        "before": row(),
        "words": ([1, 3], [*JUNK, 1, (1, 3), [0], [4], [1.5]]),
        "names": (("a", "b"), [*JUNK, [], 3, [1, 2], ["a"], list("abc")]),
        "beside": ({"c": ROW}, [*(bad for bad in JUNK if bad != {}), {"c": ROW[:-1]}]),
    },
    plots.training: {"loss": AXES, "norm": AXES, "run": (train.fit(bowl, 1.0, [1] * 3, train.sgd(0.1)), thing())},
    scalar_explosion.unrolled: {"ax": AXES, "size": row(), "words": (list("abcd"), [*JUNK, [], 3, [1, 2, 3, 4]])},
    plots.cobweb: {"ax": AXES, "f": MAP, "x": row(), "lo": LO, "hi": HI},
    plots.phase_line: {"ax": AXES, "f": MAP, "lo": LO, "hi": HI, "x": (0.5, like(0.5, inf=False))},
    iterated_functions.composed: {"ax": AXES, "f": MAP, "at": (0.5, number())},
    iterated_functions.walls: {"r": (3.5, [*number(), -1, 4.5]), "n": whole(6)},
    iterated_functions.slopes: {"ax": AXES, "f": MAP, "at": (0.5, number()), "also": row()},
    iterated_functions.web_and_line: {"web": AXES, "line": AXES, "f": MAP, "x": row(), "lo": LO, "hi": HI},
    iterated_functions.twins: {
        "orbits": AXES,
        "gap": AXES,
        "f": MAP,
        "start": (0.5, number()),
        "hair": (0.01, positive()),
        "steps": whole(4, least=0),
        "decades": (13, positive()),
        "rate": (None, like(0.5, inf=False)[1:]),
    },
    iterated_functions.diagram: {
        "above": AXES,
        "below": AXES,
        "r": (3.5, number()),
        "zoom": (1.0, number(0.5)),
        "rate": (0.5, like(0.5, inf=False)),
    },
    iterated_functions.one_orbit: {
        "orbit": AXES,
        "gradient": AXES,
        "r": (3.5, number()),
        "rate": (0.5, like(0.5, inf=False)),
    },
    iterated_functions.mandelbrot_set: {
        "ax": AXES,
        "c": real(0.5, kinds="complex"),
        "zoom": (1.0, number(0.5)),
        "iterations": whole(9),
    },
    iterated_functions.complex_orbit: {"ax": AXES, "z": (ROW + 0j, [*like(ROW, inf=False, kinds="complex"), np.full(3, np.inf)])},
    # fields
    attractors.basins: {"ax": AXES, "portrait": PORTRAIT},
    attractors.basins_and_gradient: {"ax": AXES, "gradient": AXES, "portrait": PORTRAIT, "logs": row(np.zeros(SQUARE))},
    attractors.two_orbits: {"ax": AXES, "time": AXES, "one": real(np.ones((4, 2))), "other": real(2 * np.ones((4, 2)))},
    attractors.unit_curve: {"ax": AXES, "f": MAP, "lo": LO, "hi": HI, "at": (0.5, number()), "diagonal": FLAG},
    attractors.twins: {"ax": AXES, "unit": AXES, "runs": RUNS},
    attractors.states_over_time: {
        "ax": AXES,
        "h": real(np.ones((4, 2))),
        "example": whole(0, least=0),
        "unit": MAP,
    },
    attractors.unit_orbit: {"web": AXES, "line": AXES, "f": MAP, "h": row()},
    attractors.leaving: {
        **{"ax": AXES, "time": AXES, "h": real(np.ones((4, 2)))},
        **{"border": row(), "beside": row(), "leaves": whole(2)},
    },
    attractors.losses_and_mean: {
        **{"loss": AXES, "cost": AXES, "at": (0.0, number())},
        **{"values": real(np.ones((2, 241))), "mean": real(np.ones(241))},
    },
    attractors.estimates: {"batches": AXES, "mean": AXES, "slopes": row(), "true": (2.0, number())},
    clipping.arrows: {
        "whole": AXES,
        "zoom": AXES,
        **{name: real(np.ones(2)) for name in ("gradient", "by_norm", "by_value")},
        "eta": (1.0, positive()),
    },
    clipping.cut: {"cost": AXES, "gradient": AXES, "wall": (costs.wall(4.5), thing((ROW, ROW, ROW)))},
    clipping.paths: {"ax": AXES, "runs": DESCENT, "w": (4.7, number())},
    clipping.longest_steps: {"ax": AXES, "runs": DESCENT, "w": (4.7, number()), "most": (0.2, positive())},
    clipping.solved_map: {"ax": AXES, **SHARES},
    clipping.solved_rows: {"ax": AXES, **SHARES},
    clipping.training: {"loss": AXES, "norm": AXES, "run": (train.fit(bowl, 1.0, [1] * 3, train.sgd(0.1)), thing())},
    clipping.seeds: {"ax": AXES, "eta": ("5", [*choice(), "50"][4:])},
    clipping.reached: {"ax": AXES, "steps": row(), "factor": (0.5, positive())},
    clipping.gradient_sizes: {"ax": AXES, "gradients": row(), "eta": (1.0, positive())},
    clipping.walks: {"ax": AXES, "ways": (np.ones((2, 4)), like(np.ones((2, 4))))},
    # traces
    identity_rnn.pulse: {"ax": AXES, "h": row(), "decades": (4, positive())},
    identity_rnn.draws: {"ax": AXES, "norms": (np.ones((2, 4)), like(np.ones((2, 4)), inf=False)), "by_step": None},
    identity_rnn.independent: {
        "signals": AXES,
        "length": AXES,
        "radii": AXES,
        "held": (HELD, thing(())),
    },
    identity_rnn.needle: {"ax": AXES, "scale": (1.0, number(0.98, 1.02))},
    adding.draw_answers: {"read": AXES, "said": AXES, "sequence": whole(3, 0)},
    adding.draw_corrections: {"ax": AXES, "sequence": whole(3, 0)},
    identity_rnn.accuracies: {"ax": AXES, "rate": ("best", [*choice(), "worst"][4:])},
    adding.learning_curves: {
        "ax": AXES,
        "runs": (
            {"LSTM": ADDING},
            named({"nonsense": ADDING}, {"LSTM": [ROW]}, *({"LSTM": ADDING._replace(curves=bad)} for bad in ([], [[]], ROW))),
        ),
        "steps": whole(4),
        "baseline": (0.1, positive()),
    },
    identity_rnn.units_on: {"ax": AXES, "inputs": ("from 0 to 1", [*choice(), "blanks"][4:]), "count": whole(3)},
    identity_rnn.reading: {
        **dict.fromkeys(("page", "memory", "odds", "gradient"), AXES),
        "run": (DIGIT, thing(tuple(DIGIT))),
        "read": whole(2, least=0),
    },
    adding.draw_share: {"ax": AXES, "part": row()},
    adding.draw_work: {**dict.fromkeys(("cell", "gates", "gradient"), AXES), "work": (WORK, thing(*SPOILT_WORK))},
    adding.draw_jumps: {"ax": AXES, "work": (WORK, thing(*SPOILT_WORK)), "numbers": row(), "jumps": row()},
    lstm.gate_timeline: {
        "gates": AXES,
        "cell": AXES,
        "program": (PROGRAM, thing(*SPOILT_PROGRAMS)),
        "c": real(np.ones(11)),
        "kept": real(np.ones(11)),
    },
    lstm_block.one_step: {"x": (1.0, number()), "h": (0.5, number()), "c": (-0.5, number())},
    lstm_block.memory_block: {
        "drawing": AXES,
        "code": AXES,
        "chosen": ("output h", [*choice(), "output", ""][4:]),
        "values": (dict.fromkeys(lstm_block.PARTS, 0.5), thing({}, {**dict.fromkeys(lstm_block.PARTS, 0.5), "output h": "x"})),
        "before": (0.5, number()),
    },
    lstm.adjoint_terms: {"ax": AXES, "at": (lstm.two_steps(0.2, 0.5, 0.2, 1.0), thing(lstm.AtStep))},
    reading.draw_gate: {"gate": AXES, "gradient": AXES, "f": row(), "width": whole(40)},
    reading.coloured_text: {
        "ax": AXES,
        "text": ("abcd", text()),
        "values": real(ROW),
        "width": whole(9),
        "rows": whole(2),
        "title": ("x", text()),
    },
    reversal.arcs: {
        "ax": AXES,
        "places": real(ROW),
        "gaps": (ROW, [*like(ROW), -ROW]),
        "w": (0.9, positive()),
        "longest": whole(9),
    },
    reversal.word_row: {
        "ax": AXES,
        "english": (list("abc"), [*JUNK, [], [1, 2, 3], ["a"] * 18]),
        "french": (list("ab"), [*JUNK, [], [1, 2], ["a"] * 22]),
        "order": ("forward", [*choice(), "both reversed"][4:]),
    },
    reversal.by_position: {"ax": AXES, "forward": real(ROW), "backward": real(ROW[:3]), "alone": real(ROW), "first": whole(2)},
    reversal.first_written: {"ax": AXES, "rights": ({"forward": 0.1}, named({}, {"forward": "x"})), "order": ("forward", text())},
    reversal.outcomes: {"ax": AXES, "right": ("first word", [*choice(), "word"][4:])},
    reversal.first_words: {"ax": AXES, "run": (reversal.FirstWords(len, "ab", "ab"), thing())},
    reversal.reached: {"ax": AXES, "forward": real(ROW), "backward": real(ROW)},
    reversal.drop_bars: {"ax": AXES, "swapped": (SWAPPED, thing(tuple(SWAPPED))), "word": whole(1), "title": ("x", text())},
}


# -- the tests ----------------------------------------------------------------------------------------------------------------


def name_of(function):
    return f"{function.__module__.split('.')[-1]}.{function.__name__}"


def prepared(function, tmp_path):
    """The good arguments by name, with fresh axes; and these axes."""
    drawn = []

    def fresh(value):
        if value is AX:
            drawn.append(Figure().subplots())
            return drawn[-1]
        return [fresh(one) for one in value] if isinstance(value, list) and value and value[0] is AX else value

    good = {name: fresh(sort[0]) if sort else False for name, sort in TABLE[function].items()}
    if function is pretrained.save:
        good["path"] = tmp_path / "runs.npz"
    return good, drawn


def raise_in_time(*_):
    raise AssertionError("it hangs")


@pytest.fixture
def patience():
    """Ends what hangs."""
    if hasattr(signal, "SIGALRM"):
        before = signal.signal(signal.SIGALRM, raise_in_time)
        signal.alarm(SECONDS)
        yield
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    else:
        yield


def only_computes(thing):
    """Whether a lecture's function draws nothing: a figure then calls it with the values of its controls, which are checked."""
    return not any(draws in inspect.getsource(thing) for draws in (".plot(", ".imshow(", ".text(", ".set(", "expect.axes"))


def test_every_public_function_and_each_of_its_arguments_has_a_place_in_the_table():
    for module in MODULES:
        short = module.__name__.split(".")[-1]
        listed = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
        for name in listed:
            thing = getattr(module, name)
            own = callable(thing) and getattr(thing, "__module__", None) == module.__name__
            if own and name not in RECORDS.get(short, ()) and not (module in LECTURES and only_computes(thing)):
                assert thing in TABLE, f"{short}.{name} has no row in TABLE"
                assert set(TABLE[thing]) == set(inspect.signature(thing).parameters), f"{short}.{name}: arguments without a sort"


@pytest.mark.parametrize("function", TABLE, ids=name_of)
def test_the_good_values_are_good(function, tmp_path):
    good, drawn = prepared(function, tmp_path)
    function(**good)
    assert all(ax.has_data() or ax.texts for ax in drawn)


def refused(call, name, bad):
    """What is wrong with how `call` refuses a bad value for the argument `name`, or None."""
    said = repr(bad)[:60].replace("\n", " ") if not isinstance(bad, Broken) else "Broken()"
    try:
        call()
    except ValueError as error:
        text = str(error)
        if type(error) is not ValueError or name not in text.replace("=", " ").replace("'", " "):
            return f"{said}: does not name it: {type(error).__name__}: {text[:150]}"
        return None
    except Exception as error:
        return f"{said}: raw {type(error).__name__}: {str(error)[:150]}"
    return f"{said}: accepted"


CASES = [(function, name) for function, row in TABLE.items() for name, sort in row.items() if sort]


@pytest.mark.parametrize(("function", "name"), CASES, ids=lambda v: v if isinstance(v, str) else name_of(v))
@pytest.mark.usefixtures("patience")
def test_what_is_bad_is_refused_by_name_and_nothing_is_drawn(function, name, tmp_path):
    good, drawn = prepared(function, tmp_path)
    optional = inspect.signature(function).parameters[name].default is None
    wrong = []
    for bad in TABLE[function][name][1]:
        if bad is None and optional:
            continue
        wrong.append(refused(partial(function, **{**good, name: bad}), name, bad))
    wrong = [what for what in wrong if what]
    assert not wrong, "\n".join(wrong)
    assert not any(ax.has_data() or ax.texts for ax in drawn), "something was drawn"
    assert not list(tmp_path.iterdir()), "something was written"


@pytest.mark.parametrize("bad", IN_STEPS[1], ids=lambda bad: repr(bad)[:40])
def test_a_bad_clamp_along_a_sequence_is_refused(bad):
    cells.unroll(LSTM, X, clamp=IN_STEPS[0])
    wrong = refused(partial(cells.unroll, LSTM, X, clamp=bad), "clamp", bad)
    assert not wrong, wrong


# -- what a table of single arguments cannot say ----------------------------------------------------------------------------


def changing(w, k):
    return 0.0, np.ones(2 if k < 3 else 3)


UNTOLD = "it must not be called"
SPECIAL = {
    "a clamp for steps that are no numbers": (
        lambda: cells.unroll(LSTM, X, clamp={"f": {1.0: 0.5}}),
        "each step in clamp of f must be a whole number",
    ),
    "a clamp that is a word": (lambda: cells.unroll(LSTM, X, clamp="f"), "clamp must be a dict of gates"),
    "a gradient that changes its shape": (
        lambda: train.fit(changing, np.ones(2), range(9), train.sgd(0.1)),
        r"\[\(2,\)\]; it has \[\(3,\)\]",
    ),
    "a gradient in another order": (
        lambda: train.fit(lambda w, _: (0.0, (1.0, (1.0,), 1.0)), (1.0, 1.0, (1.0,)), [1], train.sgd(0.1)),
        "in another order of tuples and lists",
    ),
    "a loss without a gradient": (
        lambda: train.fit(lambda w, _: 1.0, 1.0, [1], train.sgd(0.1)),
        r"returns must be \(loss, gradient\)",
    ),
    "a loss that is an array": (
        lambda: train.fit(lambda w, _: (np.ones(3), 1.0), 1.0, [1], train.sgd(0.1)),
        "returns must be one real number",
    ),
    "a complex loss": (lambda: train.fit(lambda w, _: (1j, 1.0), 1.0, [1], train.sgd(0.1)), "returns must be one real number"),
    "whole parameters with adam": (lambda: train.fit(bowl, np.ones(2, int), [1], train.adam(0.1)), r"params must be .* floats"),
    "a rate that turns negative": (
        lambda: train.fit(bowl, 1.0, [1], train.sgd(lambda k: -1.0)),
        r"rate\(k\) must be a finite number >= 0",
    ),
    "rates for other parameters": (
        lambda: train.adam(0.1, each=(1, 1)).init(np.ones(2)),
        "each must be a nest like the parameters",
    ),
    "a rate that is warm too long": (lambda: train.linear_decay(0.1, 5, warm=5), "0 <= warm < steps"),
    "powers beyond measure": (lambda: F ** (10**9), "n, in f .. n, must be a whole number from 1 to 10000"),
    "orbits beyond the memory": (lambda: maps.orbit(F, np.ones(10**6) / 2, 10**6), "steps must ask for at most 1e.08 numbers"),
    "a picture beyond the memory": (lambda: mandelbrot.plane(0, 1, (10**7, 10**7)), "shape must ask for at most"),
    "a net beyond the memory": (lambda: cells.init_rnn(np.random.default_rng(0), 10**6, 10**6), "D and H must ask for at most"),
    "sequences beyond the memory": (
        lambda: tasks.recall(np.random.default_rng(0), 10**6, 10**6),
        "B, T and symbols must ask for at most",
    ),
    "parameters that do not fit": (lambda: costs.logistic_cost(np.ones(2), np.ones(3)), "w and b must have compatible shapes"),
    "a translator of two sizes": (
        lambda: nets.translate(PAIR._replace(decoder=nets.init_encoder_decoder(RNG, 6, 5, 7).decoder), SOURCE, 2),
        "net needs the same numbers of units in encoder and decoder",
    ),
    "an error that gives no adjoint": (
        lambda: nets.loss(NET, X, H, error=lambda y, t: (0.0, None)),
        "y_bar of error must be an array",
    ),
}


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.usefixtures("patience")
def test_what_does_not_fit_together_is_refused_in_words(name):
    call, says = SPECIAL[name]
    with pytest.raises(ValueError, match=says):
        call()


def test_a_bound_may_be_written_as_a_float():
    assert datasets.translation(1e3) is datasets.translation(1000)


def test_a_target_of_whole_numbers_is_read_as_floats():
    y = np.array([[0.5], [2.5]])
    assert nets.squared_error(y, [[1], [2]])[0] == 0.25


def test_a_callback_is_not_called_when_something_else_is_bad():
    called = []
    with pytest.raises(ValueError, match="clip must be a positive number"):
        train.fit(lambda w, k: called.append(k), 1.0, iter([1]), train.sgd(0.1), clip=-1)
    with pytest.raises(ValueError, match="name must be a string"):
        pretrained.slow(3, lambda: called.append(1))
    assert not called


# -- the vocabulary itself ------------------------------------------------------------------------------------------------------

FITS = [("T B D", (5, 4, 2)), ("2 N", (2, 7)), ("N N", (3, 3)), ("... K", (4,)), ("... N N", (5, 4, 3, 3)), ("D", (2,)), ("", ())]
FITS_NOT = [
    ("T B D", (5, 4)),
    ("T B D", (5, 4, 3)),
    ("2 N", (3, 7)),
    ("N N", (3, 2)),
    ("... N N", (3,)),
    ("T D", (5, 0)),
    ("", (1,)),
]


@pytest.mark.parametrize(("axes", "shape"), FITS)
def test_axes_that_fit(axes, shape):
    a = np.ones(shape)
    assert expect.numbers("a", a, axes, D=2) is a
    assert expect.array("a", a, axes, D=2) is a


@pytest.mark.parametrize(("axes", "shape"), FITS_NOT)
@pytest.mark.parametrize("check", [expect.numbers, expect.array])
def test_axes_that_do_not_fit(check, axes, shape):
    shown = {"T B D": r"T, B, D = 2", "T D": "T, D = 2", "2 N": "2, N", "N N": "N, N", "... N N": r"\.\.\., N, N", "": ""}[axes]
    with pytest.raises(ValueError, match=rf"a has shape .*; it needs \({shown}\), none of them 0"):
        check("a", np.ones(shape), axes, D=2)


def test_numbers_keep_float32_and_turn_whole_numbers_into_floats():
    assert expect.numbers("a", np.ones(3, np.float32)).dtype == np.float32
    assert expect.numbers("a", [1, 2]).dtype == np.float64
    assert expect.numbers("a", 1j, kinds="iufc") == 1j


def test_checks_return_plain_numbers():
    assert type(expect.whole("n", np.int32(3))) is int
    for check in (expect.number, expect.positive):
        for kind in (np.float16, np.float32, np.float64, np.longdouble, np.int8, int):
            assert check("x", kind(2)) == 2
            assert type(check("x", kind(2))) is float
    for lost in (np.float32(np.inf), np.float16(np.nan), np.float32(-np.inf)):
        with pytest.raises(ValueError, match="x must be a"):
            expect.number("x", lost)
    assert expect.one_of("n", 7.0, (7, 14)) == 7 and type(expect.one_of("n", 7.0, (7, 14))) is int
