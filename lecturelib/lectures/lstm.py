"""Notebook 07, the LSTM: its gates over time, its adjoint, and its forget bias."""

from functools import cache, partial
from typing import NamedTuple

import numpy as np
from matplotlib.patches import Rectangle

from lecturelib import cells, expect, jacobians, reading
from lecturelib.plots import BACKWARD, FORWARD, IDENTITY, INK, PAPER, SOURCE, name_lines, narrow
from lecturelib.probes import Called, Exercise, Named, Unfit, keeps_half

SYMBOLS = {"W": (1, 0), "A": (1, 1), "E": (0, 0), ".": (0, 1)}  # the gates (i, f)
OPERATIONS = {(1, 0): "overwrite", (1, 1): "add", (0, 0): "erase", (0, 1): "remember"}
PROGRAMS = "W...?.....", "W.........", "W...A.....", "W...E.....", "W...W.....", "W.A.A.E.W."


class Program(NamedTuple):
    """The gates and the new input g of a memory cell over T steps, each (T,)."""

    i: np.ndarray
    f: np.ndarray
    o: np.ndarray
    g: np.ndarray
    own: list[int]  # the steps, from 1, whose i and f are set by hand
    text: str  # its ten symbols, and what was added to or left out of those given


def program(steps: str, i: float, f: float, o: float, g: float) -> Program:
    """Ten of SYMBOLS as a Program; `?` stands for the given i and f. The first new input is 0.8, all others are g.

    Spaces do not count, a program that is not finished remembers from there on, and more than ten symbols are not read.
    ValueError: another symbol.
    """
    given = steps.replace(" ", "")
    for t, symbol in enumerate(given, 1):
        if symbol.upper() not in {*SYMBOLS, "?"}:
            raise ValueError(f"step {t}: {symbol!r} is no operation; write W overwrite, A add, E erase, . remember, ? your own")
    steps, text = given.upper().ljust(10, ".")[:10], ""
    if len(given) < 10:
        text = f" (steps {len(given) + 1} to 10 remember)" if len(given) < 9 else " (step 10 remembers)"
    elif len(given) > 10:
        text = f" (the first 10 of {len(given)})"
    opened = np.array([SYMBOLS.get(symbol, (i, f)) for symbol in steps], float)
    own = [t for t, symbol in enumerate(steps, 1) if symbol == "?"]
    return Program(opened[:, 0], opened[:, 1], np.full(10, o), np.r_[0.8, np.full(9, g)], own, steps + text)


def _program(name, value):
    """A check for `expect.arguments`: a Program whose parts fit each other."""
    T = len(expect.numbers(f"{name}.g", expect.instance(name, value, Program, "a Program").g, "T"))
    for part in "ifog":
        expect.numbers(f"{name}.{part}", getattr(value, part), "T", T=T)
    own = expect.instance(f"{name}.own", value.own, list, "a list of steps")
    return value._replace(own=[expect.whole(f"each of {name}.own", t, most=T) for t in own])


@expect.arguments(gates=expect.axes, cell=expect.axes, program=_program)
def gate_timeline(gates, cell, program, c, kept):
    """A memory cell over T steps: the operations, gates and new inputs of `program`; below, c, h and the gradient.

    `c` (T + 1,) starts at c(0); `kept` (T + 1,) is the derivative of the last c with respect to each.
    """
    T = len(program.g)
    c, kept = expect.numbers("c", c, "T", T=T + 1), expect.numbers("kept", kept, "T", T=T + 1)
    _gate_table(gates, program)
    high = max(2, np.ceil(np.abs(c).max() + 0.3))
    cell.set(xlim=(0.5, T + 1.3), ylim=(-high, high), xlabel="step t", ylabel="value", xticks=range(1, T + 1))
    cell.axhline(0, **IDENTITY)
    t = np.arange(1, T + 1)
    cell.plot(t, kept[1:], marker="s", markersize=5, **BACKWARD)
    cell.plot(t, program.o * np.tanh(c[1:]), marker="D", markersize=4, color=INK, linewidth=1, linestyle=":")
    cell.plot(t, c[1:], marker="o", **FORWARD)
    ends = {"$c_t$": c[-1], "$h_t$": program.o[-1] * np.tanh(c[-1]), rf"$\partial c_{{{T}}} / \partial c_t$": kept[-1]}
    colors = dict(zip(ends, (FORWARD["color"], INK, BACKWARD["color"]), strict=True))
    name_lines(cell, T + 0.25, ends, colors, 1.3 * high)


def _gate_table(ax, program):
    """The operation of each step and under it the numbers i, f, o and g, the gates on a ground that is darker where open."""
    T, small = len(program.g), 9 if narrow(ax) else None
    ax.imshow(program[:3], cmap="Greys", vmin=0, vmax=3, extent=(0.5, T + 0.5, 3.5, 0.5), aspect="auto")
    for row, name in enumerate("ifog", 1):
        ax.text(0.4, row, name, ha="right", va="center", weight="bold", color=INK)
        for t, value in enumerate(getattr(program, name), 1):
            number = f"{value:.2g}".replace("0.", ".") if narrow(ax) else f"{value:.2g}"
            ax.text(t, row, number, ha="center", va="center", color=INK, fontsize=small)
    symbols, before = {"overwrite": "W", "add": "A", "erase": "E", "remember": ".", "your own": "?"}, ""
    for t, gates in enumerate(zip(program.i, program.f, strict=True), 1):
        name = "your own" if t in program.own else OPERATIONS.get(gates, "")
        says = symbols[name] if narrow(ax) else name if name != before else "″"  # the words would run into each other
        ax.text(t, 0, says, ha="center", va="center", color=INK, fontsize=small or 8)
        before = name
    for t in program.own:
        ax.add_patch(Rectangle((t - 0.5, -0.5), 1, 5, fill=False, edgecolor=SOURCE["color"], linewidth=2.5, clip_on=False))
    ax.set(xlim=(0.5, T + 1.3), ylim=(4.5, -0.5), yticks=[], xticks=[])
    ax.spines[:].set_visible(False)


class AtStep(NamedTuple):
    """The two terms of the adjoint of c at step t, `along` the memory and `through_h`; their sum, and the adjoint at t + 1."""

    along: float
    through_h: float
    c_bar: float
    c_bar_next: float


def two_steps(f_next: float, i_next: float, o: float, o_next: float) -> AtStep:
    """Backprop through two steps of one cell, t and t + 1, with these gates; the loss depends on h at both."""
    p = cells.init_lstm(np.random.default_rng(3), 1, 1, gain=2.0)
    p = p._replace(b=np.array([0.0, 0.0, 0.0, 1.5]))  # a large new input g, so that i has something to let in
    trace = cells.unroll(p, np.ones((2, 1, 1)), clamp={"f": {2: f_next}, "i": {2: i_next}, "o": {1: o, 2: o_next}})
    back = cells.backprop(trace, np.array([[[0.8]], [[1.0]]]))
    c_bar, c_bar_next = back.c_bar[1:, 0, 0]
    through_h = o * (1 - np.tanh(trace.c[1, 0, 0]) ** 2) * back.h_bar[1, 0, 0]
    return AtStep(f_next * c_bar_next, through_h, c_bar, c_bar_next)


@expect.arguments(ax=expect.axes, at=partial(expect.instance, kinds=AtStep, what="an AtStep, as `two_steps` gives it"))
def adjoint_terms(ax, at):
    """The two terms of the adjoint of c as bars, and the adjoints at t and t + 1."""
    names = ["along the memory", "through h", r"$\bar c_t$: their sum", r"$\bar c_{t+1}$"]
    ax.set(xlim=(-0.1, 2), ylim=(len(names) - 0.4, -0.6), xlabel="adjoint", yticks=range(len(names)), yticklabels=names)
    ax.axvline(0, **IDENTITY)
    for row, value in enumerate(at):
        color, alpha = (INK, 0.45) if row < 2 else (BACKWARD["color"], 0.9)
        ax.barh(row, value, height=0.55, color=color, alpha=alpha)
        ax.text(min(value, 1.7) + 0.06, row, f"{value:.3g}", va="center", color=INK, bbox=PAPER)


@cache
def forgetting(bias: float, T: int) -> np.ndarray:
    """Gradient norms (11 seeds, T + 1) of untrained LSTMs of 64 cells with this forget bias."""
    return jacobians.gradient_flow(partial(cells.init_lstm, D=1, H=64, forget_bias=bias), T)


@cache
def along_the_cells(bias: float, T: int) -> np.ndarray:
    """As `forgetting`, if a gradient could go along the cells only, and no other way: (T + 1,), the median over the 11 seeds."""
    norms = []
    for seed in range(11):
        rng = np.random.default_rng(seed)
        p = cells.init_lstm(rng, 1, 64, forget_bias=bias)
        trace, end = cells.unroll(p, rng.uniform(0, 1, (T, 1, 1))), rng.standard_normal(64)
        last = end / np.linalg.norm(end) * trace.gates.o[-1, 0] * (1 - np.tanh(trace.c[-1, 0]) ** 2)
        norms.append(np.linalg.norm(np.cumprod([last, *trace.gates.f[::-1, 0]], axis=0)[::-1], axis=1))
    return np.median(norms, axis=0)


# -- exercises ----------------------------------------------------------------------------------------------------------------

_OPERATIONS = ("remember", "add", "erase", "overwrite")
_sigma = cells.PHI["logistic"].f


def _pairs(*pairs):
    return dict(zip(_OPERATIONS, pairs, strict=True))


def _held(given):
    """What a cell with gates `given(t)` = (i, f) holds after 50 steps, for the bits 1 and -1, and whether the bit was written."""
    gates = Called(tuple((t,) for t in range(1, 51)), lambda t: (2,))(given).reshape(50, 2)
    if gates.min() < 0 or gates.max() > 1:
        raise Unfit("a gate lies between 0, shut, and 1, open")
    held = []
    for bit in (1, -1):
        g, c = np.random.default_rng(0).uniform(-1, 1, 50), 0.0
        g[0] = bit
        for (i, f), g_t in zip(gates, g, strict=True):
            c = f * c + i * g_t
        held.append(round(c, 6))
    return [*held, gates[0, 0] > 0]


def _step(update, squash=(_sigma, _sigma, _sigma, np.tanh)):
    """An `lstm_step` that squashes the four products and ends in `update(i, f, o, g, c) -> (h, c)`."""

    def step(W, h, c, x):
        z = np.split(W @ np.concatenate([x, h]), 4)
        return update(*(phi(part) for phi, part in zip(squash, z, strict=True)), c)

    return step


def _right_step(i, f, o, g, c):
    c = f * c + i * g
    return o * np.tanh(c), c


def _steps():
    """(W, h, c, x) for layers of several sizes."""
    rng = np.random.default_rng(18)
    sizes = ((3, 2), (1, 1), (2, 4), (4, 1))
    return tuple(tuple(np.round(rng.uniform(-1.5, 1.5, n), 2) for n in ((4 * H, D + H), H, H, D)) for H, D in sizes)


def _lone_cells():
    """(f, c_bar, o, c, h_bar) of one cell: gates within (0, 1), the others of both signs."""
    rng = np.random.default_rng(6)
    return tuple(tuple(np.round(rng.uniform((0.1, -2, 0.1, -2, -2), (0.9, 2, 0.9, 2, 2)), 2).tolist()) for _ in range(8))


def _adjoint_by(slope):
    """The adjoint of a cell if `slope(o, c)` were the derivative of h with respect to c."""
    return lambda f, c_bar, o, c, h_bar: f * c_bar + slope(o, c) * h_bar


_adjoint = _adjoint_by(lambda o, c: o * (1 - np.tanh(c) ** 2))
_ROWS = "the rows of W are i, f, o, g."

EXERCISES = {
    "table": Exercise(
        Named(_OPERATIONS, (2,), "a pair (i, f) of 0s and 1s"),
        _pairs((0, 1), (1, 1), (0, 0), (1, 0)),
        (
            (_pairs((1, 0), (1, 1), (0, 0), (0, 1)), "i and f are swapped: the pair is (i, f), and f keeps the old value."),
            (_pairs((0, 0), (1, 0), (0, 1), (1, 1)), "f = 1 does not mean 'forget': it keeps the old value."),
            (_pairs((0, 1), (1, 0), (0, 0), (1, 1)), "add and overwrite are swapped: to add, keep the old value."),
            (_pairs((0, 1), (1, 1), (0, 0), (1, 1)), "(1, 1) is no overwriting: it adds g to the old value."),
            (_pairs((0, 1), (1, 1), (0, 1), (1, 0)), "(0, 1) does not erase: with f = 1 the old value stays."),
            (_pairs((0, 1), (1, 1), (1, 0), (0, 0)), "erase and overwrite are swapped: to erase, let nothing new in."),
        ),
        "The forget gate keeps the old value, the input gate lets the new one in: two switches, four operations.",
    ),
    "bit": Exercise(
        _held,
        lambda t: (float(t == 1), 1.0),
        (
            (lambda t: (1.0, 1.0), "the bit is kept, but 49 steps of noise are added to it: shut the input gate after step 1."),
            (lambda t: (0.0, 1.0), "for t = 1 to 50 the input gate is never open, so the bit never gets in. It comes at t = 1."),
            (lambda t: (float(t > 1), float(t == 1)), "i and f are swapped: i lets the new value in, f keeps the old one."),
            (lambda t: (1.0, 0.0), "each step overwrites the one before: in the end the cell holds the last noise."),
            (lambda t: (float(t == 1), 0.0), "the forget gate is shut: one step later the bit is gone."),
            (lambda t: (float(t == 1), 0.9), "0.9 in each of 49 steps leaves 0.006 of the bit. Open the gate fully."),
            (lambda t: (float(t == 1), 0.99), "0.99 in each of 49 steps leaves 0.61 of the bit. Open the gate fully."),
        ),
        "Write once, then keep: i = 1 at step 1 only, f = 1 from step 2 on. At step 1 there is nothing to forget.",
    ),
    "c-bar": Exercise(
        Called(_lone_cells(), lambda *_: ()),
        _adjoint,
        (
            (_adjoint_by(lambda o, c: o * (1 - c**2)), "the slope of tanh at c is 1 - tanh^2 c, not 1 - c^2."),
            (_adjoint_by(lambda o, c: o * (1 - np.tanh(c)) ** 2), "the slope of tanh is 1 - tanh^2 c, not (1 - tanh c)^2."),
            (_adjoint_by(lambda o, c: 1 - np.tanh(c) ** 2), "h = o tanh(c): the output gate is missing."),
            (_adjoint_by(lambda o, c: o), "h = o tanh(c): the slope of tanh is missing."),
            (_adjoint_by(lambda o, c: o * np.tanh(c)), "you used tanh(c) itself; backprop needs its slope."),
            (lambda *at: _adjoint(*at[:-1], 1), "the way through h brings the derivative by h_t: multiply by h_bar."),
            (_adjoint_by(lambda o, c: 0), "c also affects h of the same step: a second path to the loss."),
            (lambda f, c_bar, *others: _adjoint(0, c_bar, *others), "c_t also goes on into c_{t+1}: the path along the memory."),
            (lambda f, c_bar, *others: _adjoint(f, 1, *others), "f multiplies the adjoint of step t + 1: the factor c_bar_next."),
            (lambda f, *others: _adjoint(1, *others), "on its way from step t + 1 the adjoint passes through f."),
        ),
        "Two paths lead from c_t to the loss: through f to the next cell, and through o and tanh to h_t.",
    ),
    "lstm-step": Exercise(
        Called(_steps(), lambda W, h, c, x: (2, len(h))),
        _step(_right_step),
        (
            (_step(lambda i, f, o, g, c: _right_step(f, i, o, g, c)), f"i and f are swapped: {_ROWS}"),
            (_step(lambda i, f, o, g, c: (o * (f * c + i * g), f * c + i * g)), "h = o tanh(c): the tanh is missing."),
            (_step(lambda i, f, o, g, c: (np.tanh(o * (f * c + i * g)), f * c + i * g)), "h = o tanh(c): o is outside the tanh."),
            (_step(_right_step, (lambda z: z,) * 4), "squash all four first: i, f and o by the logistic σ, g by tanh."),
            (_step(_right_step, (*[_sigma] * 3, lambda z: z)), "g is not squashed: it needs a tanh."),
            (_step(lambda i, f, o, g, c: _right_step(i, f, o, g, c)[::-1]), "return h first, then c."),
            (_step(_right_step, (_sigma,) * 4), "g is a tanh, not a gate: it may be negative."),
            (_step(lambda i, f, o, g, c: (o * np.tanh(c), f * c + i * g)), "h shows the new c; you used the old one."),
            (_step(lambda i, f, o, g, c: _right_step(1, f, o, g, c)), "the input gate is missing: i * g."),
            (
                _step(lambda i, f, o, g, c: _right_step(i, 1, o, g, c)),
                "the forget gate is missing: f * c. (So it was in 1997. The gate came in 2000.)",
            ),
            (
                _step(lambda i, f, o, g, c: _right_step(i, 1 + f, o, g, c)),
                "with += all of the old value stays as well: c = f * c + i * g.",
            ),
            (_step(lambda i, f, o, g, c: _right_step(i, f, g, o, c)), f"o and g are swapped: {_ROWS}"),
        ),
        "One matrix, four squashings, one sum, two lines for c and h: the rest of an LSTM is to repeat it.",
    ),
    "fool": Exercise(
        reading.quote_and_cell,
        "x = \"'a' + b",
        (
            (
                "x = 'a",
                "a string is open, and the cell says so too. Try a quote of the other kind inside it, or what looks like code.",
            ),
            (
                "x = 'a' + b",
                "no string is open at the end of your line, and the cell says so too. Open one with a quote, and leave it open.",
            ),
            (
                "x = 'abc'the",
                "that fools it the other way round: no string is open, and it is high. Now let one be open, and the cell low.",
            ),
        ),
        "It has learnt what is usual: a second quote, or what looks like code, is outside. A correlation of 0.90 is no rule.",
    ),
    "bias-200": Exercise(
        keeps_half(199),
        5.66,
        (
            (5, "bias 5 keeps 0.26 of the gradient over 199 steps. A little more."),
            (4, "bias 4 keeps 0.027 of the gradient over 199 steps: the gate is 0.982, not near enough to 1."),
            (-0.00348, "that is the log of the gate, -log(2)/199; the bias is what σ turns into that gate."),
            (6, "bias 6 keeps 0.61 of the gradient over 199 steps. A little less."),
            (5.29, "that is log(199): with it the cell keeps 1/e = 0.37, not a half."),
            (4.958, "that is the bias for 99 steps; 199 steps need a gate still nearer to 1."),
            (0.00348, "that is log(2)/199, how far the gate may stay below 1; the bias is what σ turns into that gate."),
            (1, "with bias 1 the gate is 0.73, and 0.73^199 = 1e-27."),
            (2.3, "that is the bias of a whole net, where a gradient has other ways too. A lone cell keeps 0.909^199 = 6e-9."),
            (0.9965, "0.9965 is what the gate must be; the bias is what the logistic σ turns into it."),
            (-5.66, "the sign is turned around: a negative bias shuts the gate."),
        ),
        "σ(5.66) = 0.9965 = 2^(-1/199). Twice the steps, and the gate may differ from 1 by half as much.",
    ),
}
