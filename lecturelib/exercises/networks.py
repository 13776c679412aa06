"""The exercises of the notebooks from 04 on: what tames the gradients of a network."""

import numpy as np

from lecturelib.exercises.probes import Called, Exercise, Unfit, Untouched, floats, number, shown, together

# Notebook 04 ---------------------------------------------------------------------------------------------------------


def _by_global_norm(gradient, eta):
    size = np.sqrt(sum(np.sum(np.square(g)) for g in gradient))
    return [g * (eta / size) for g in gradient] if size > eta else list(gradient)


def _gradients():
    """(gradient, eta): lists of one to four arrays, long and short ones, and some with an array of zeros."""
    rng = np.random.default_rng(3)
    cases = [([np.array([3.0, 0.0]), np.array([[4.0], [12.0]])], 1.3)]
    for shapes in ([(3,)], [(2,), (2, 2)], [(2, 1), (3,), (1,), (1, 2)]):
        for size in (2, 0.1):
            gradient = [np.round(rng.uniform(-size, size, shape), 3) for shape in shapes]
            cases.append((gradient, round(rng.uniform(0.7, 1.3), 2)))
    return (*cases, ([np.array([0.0, 0.0]), np.array([[0.0], [50.0]])], 5.0))


NORMS = (0.31, 0.42, 0.55, 0.38, 0.47, 0.61, 0.35, 14.0, 0.44, 0.52)  # of ten steps in notebook 04's exercise


def _choice_of_eta(given):
    """How many of NORMS are longer than eta: 1 is the cliff alone."""
    eta = number(0, 1e6)(given)
    return min(sum(norm > eta for norm in NORMS), 2)


_CLIPPING = {
    "clip": Exercise(
        Called(_gradients(), lambda gradient, eta: [g.shape for g in gradient]),
        _by_global_norm,
        (
            (
                lambda gradient, eta: [g * min(1, eta / max(np.linalg.norm(g), 1e-300)) for g in gradient],
                "you clipped each array by its own norm; that turns the gradient. One norm for all arrays together.",
            ),
            (
                lambda gradient, eta: [np.clip(g, -eta, eta) for g in gradient],
                "you clipped each number by itself; that turns the gradient. Scale all of it by eta / |g|.",
            ),
            (
                lambda gradient, eta: [g * eta / np.sqrt(sum(np.sum(h**2) for h in gradient)) for g in gradient],
                "you stretch short gradients to eta as well; only a gradient longer than eta is changed.",
            ),
            (
                lambda gradient, eta: [g / max(1, np.sqrt(sum(np.sum(h**2) for h in gradient))) for g in gradient],
                "you made long gradients 1 long; make them eta long.",
            ),
            (
                lambda gradient, eta: [g * min(1, eta / sum(np.sum(h**2) for h in gradient)) for g in gradient],
                "you divided by the squared norm: take the root.",
            ),
        ),
        "One norm over all arrays, as train.clip_norm does: the direction stays.",
    ),
    "turn": Exercise(
        lambda given: round(number(0, 360)(given)),
        45,
        (
            (
                90,
                "at 90 degrees no descent would be left, but cutting numbers keeps their signs. Try g = (1000, 1), limit 1.",
            ),
            (0, "0 is what clipping by norm does. Clipping each number turns: try g = (10, 1) with limit 1."),
            (39.3, "39.3 is the turn for g = (10, 1) with limit 1. Make the first number larger still."),
            (0.785, "that is in radians: the question is in degrees."),
            (180, "the signs stay, so it can never point backwards."),
        ),
        "From (large, 1) to (1, 1). In n dimensions the turn comes near arccos(1 / sqrt(n)): almost 90 degrees for large n.",
    ),
    "eta": Exercise(
        _choice_of_eta,
        1.8,
        (
            (0.4, "you clip ordinary steps too: safe, but slow. Only one norm of the ten is out of line."),
            (100, "no step would be clipped, not even the cliff of 14."),
        ),
        "It cuts the cliff alone. Half to ten times the mean norm, 0.9 to 18 here, is the rule of Pascanu et al. (2013).",
    ),
}

# Notebook 08 ---------------------------------------------------------------------------------------------------------


def _keeps_half(steps, bias):
    """A forget bias, to three digits; with those near `bias` a lone cell keeps half of its gradient, within 7 %, over `steps`."""

    def probe(given):
        b = float(f"{number(-20, 20)(given):.3g}")
        return bias if abs(1 - steps * np.log2(1 + np.exp(-b))) < 0.1 else b

    return probe


_FLOW = {
    "forget-bias": Exercise(
        _keeps_half(99, 4.958),
        4.958,
        (
            (0, "with bias 0 the gate is 1/2: the cell keeps half in each single step, and 0.5^99 = 1.6e-30 of it all."),
            (-4.958, "the sign is turned around: a negative bias shuts the forget gate."),
            (0.993, "0.993 is what the gate must be, for 0.993^99 is a half. The bias b is what the logistic σ turns into it."),
            (1, "with bias 1 the gate is 0.73, and 0.73^99 = 3.4e-14."),
            (2, "with bias 2 the gate is 0.88, and 0.88^99 = 3.5e-06."),
            (5.66, "that is the bias for 199 steps; 99 steps need a little less."),
        ),
        "The gate must be 2^(-1/99) = 0.993, and σ(b) = 0.993 at b = 4.96. Close to 1 means within about 1/T of it.",
    )
}

# Notebook 06 ---------------------------------------------------------------------------------------------------------


def _kept_open(on):
    """A pass of the unit h = max(0, h + x) along x that keeps the gradient while `on(z, h, x)` is true."""

    def left(x):
        h, kept = 0.0, 1.0
        for x_t in x:
            z = h + x_t
            h = max(0.0, z)
            kept *= bool(on(z, h, x_t))
        return kept

    return left


def _inputs():
    """Inputs (x,) of one to six steps: for each length the unit is never off, or off at one step alone, each in turn.

    There are negative inputs that leave the unit on; the state after a step is never near 0, where rounding would decide.
    """
    rng = np.random.default_rng(4)
    cases = []
    for length in range(1, 7):
        for off in (None, *range(length)):
            x, h = [], 0.0
            for t in range(length):
                z = -rng.uniform(0.05, 1) if t == off else rng.uniform(0.1, 2)
                x.append(round(z - h, 2))
                h = max(0.0, h + x[-1])
            cases.append((x,))
    return tuple(cases)


_IDENTITY = {
    "half": Exercise(
        lambda given: round(784 * np.log2(number(1e-9, 2)(given)), 1),
        0.5 ** (1 / 784),
        (
            (0.5, "w = 0.5 halves the pulse in each single step."),
            (1.0, "w = 1 keeps all of it, for ever."),
            (1 - 0.5 / 784, "each step takes its share of what is left, not of the first pulse: (1 - 0.5/784)^784 = 0.61."),
            (2 ** (1 / 784), "that w doubles it: the answer lies below 1."),
            (0.5 ** (1 / 28), "that is for 28 steps, one row; the digit has 28 x 28 pixels."),
        ),
        "0.5^(1/784) = 0.99912: it may differ from 1 by 0.0009, about 0.7/T.",
    ),
    "drive": Exercise(
        Called(_inputs(), lambda x: ()),
        _kept_open(lambda z, h, x: z > 0),
        (
            (
                _kept_open(lambda z, h, x: x > 0),
                "a negative input alone does not switch the unit off: only if h + x falls below 0.",
            ),
            (
                lambda x: float(sum(x) > 0),
                "the sum at the end may be positive although the unit was off on the way. Look at each step.",
            ),
            (
                lambda x: float(x[0] > 0),
                "you looked at the first step only; the gradient must pass all of them.",
            ),
            (lambda x: 1.0, "the unit is the identity only while it is on; a step at which it is off passes nothing."),
        ),
        "All or nothing: 1 while the unit was always on, 0 if it was ever off. Inputs that are never negative keep it on.",
    ),
}

# Notebook 07 ---------------------------------------------------------------------------------------------------------

_OPERATIONS = ("remember", "add", "erase", "overwrite")


def _table(given):
    """(i, f) of each operation, eight numbers."""
    if not isinstance(given, dict) or set(given) != set(_OPERATIONS):
        raise Unfit(f"the answer is a dictionary with a pair (i, f) for each of {', '.join(_OPERATIONS)}, not {shown(given)}")
    if any(given[name] is ... for name in _OPERATIONS):
        raise Untouched
    asked = "each operation needs a pair (i, f) of 0s and 1s, such as (1, 0)"
    return np.concatenate([floats(given[name], (2,), asked) for name in _OPERATIONS])


_GATES = Called(tuple((t,) for t in range(1, 51)), lambda t: (2,))


def _held(given):
    """What a cell with gates `given(t)` = (i, f) holds after 50 steps of noise, for the bits 1 and -1; and if it was written."""
    gates = _GATES(given).reshape(50, 2)
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


def _sigma(z):
    return 1 / (1 + np.exp(-z))


def _step(update):
    """An `lstm_step` whose last lines are `update(i, f, o, g, c) -> (h, c)`, the rest being right."""

    def step(W, h, c, x):
        i, f, o, g = np.split(W @ np.concatenate([x, h]), 4)
        return update(_sigma(i), _sigma(f), _sigma(o), np.tanh(g), c)

    return step


def _right_step(i, f, o, g, c):
    c = f * c + i * g
    return o * np.tanh(c), c


def _unsquashed(W, h, c, x):
    i, f, o, g = np.split(W @ np.concatenate([x, h]), 4)
    return _right_step(i, f, o, g, c)


def _steps():
    """(W, h, c, x) for layers of several sizes."""
    rng = np.random.default_rng(18)
    sizes = ((3, 2), (1, 1), (2, 4), (4, 1))
    return tuple(tuple(np.round(rng.uniform(-1.5, 1.5, n), 2) for n in ((4 * H, D + H), H, H, D)) for H, D in sizes)


def _lone_cells():
    """(f, c_bar, o, c, h_bar) of one cell: gates within (0, 1), the others of both signs."""
    rng = np.random.default_rng(6)
    return tuple(tuple(np.round(rng.uniform((0.1, -2, 0.1, -2, -2), (0.9, 2, 0.9, 2, 2)), 2).tolist()) for _ in range(8))


def _adjoint(f, c_bar, o, c, h_bar):
    return f * c_bar + o * (1 - np.tanh(c) ** 2) * h_bar


_LSTM = {
    "table": Exercise(
        _table,
        {"remember": (0, 1), "add": (1, 1), "erase": (0, 0), "overwrite": (1, 0)},
        (
            (
                {"remember": (1, 0), "add": (1, 1), "erase": (0, 0), "overwrite": (0, 1)},
                "i and f are the wrong way round: the pair is (i, f), and f lets the old value through.",
            ),
            (
                {"remember": (0, 0), "add": (1, 0), "erase": (0, 1), "overwrite": (1, 1)},
                "you let f = 1 mean 'forget'. It is the other way round: f = 1 keeps the old value.",
            ),
            (
                {"remember": (0, 1), "add": (1, 0), "erase": (0, 0), "overwrite": (1, 1)},
                "add and overwrite are the wrong way round: to add, the old value must stay.",
            ),
            (
                {"remember": (0, 1), "add": (1, 1), "erase": (1, 0), "overwrite": (0, 0)},
                "erase and overwrite are the wrong way round: to erase, nothing new must get in.",
            ),
        ),
        "The forget gate keeps the old value, the input gate lets the new one in: two switches, four operations.",
    ),
    "bit": Exercise(
        _held,
        lambda t: (float(t == 1), 1.0),
        (
            (
                lambda t: (1.0, 1.0),
                "the bit is written and kept, but 49 steps of noise are added to it: shut the input gate after step 1.",
            ),
            (lambda t: (0.0, 1.0), "the input gate is always shut, so the bit never gets in."),
            (lambda t: (1.0, 0.0), "each step overwrites the one before: in the end the cell holds the last noise."),
            (lambda t: (float(t == 1), 0.0), "the forget gate is shut: one step later the bit is gone."),
            (lambda t: (float(t == 1), 0.99), "0.99 in each of 49 steps leaves 0.61 of the bit. Open the gate fully."),
        ),
        "Write once, then keep: i = 1 at step 1 only, f = 1 from step 2 on. At step 1 there is nothing to forget.",
    ),
    "c-bar": Exercise(
        Called(_lone_cells(), lambda *_: ()),
        _adjoint,
        (
            (
                lambda f, c_bar, o, c, h_bar: f * c_bar + o * (1 - c**2) * h_bar,
                "the slope of tanh at c is 1 - tanh^2 c, not 1 - c^2.",
            ),
            (
                lambda f, c_bar, o, c, h_bar: f * c_bar + (1 - np.tanh(c) ** 2) * h_bar,
                "h = o tanh(c): the output gate is missing.",
            ),
            (lambda f, c_bar, o, c, h_bar: f * c_bar + o * h_bar, "h = o tanh(c): the slope of tanh is missing."),
            (
                lambda f, c_bar, o, c, h_bar: f * c_bar + o * np.tanh(c) * h_bar,
                "you used tanh(c) itself; backprop needs its slope.",
            ),
            (lambda f, c_bar, o, c, h_bar: f * c_bar, "c also moves h of the same step: a second way to the loss."),
            (
                lambda f, c_bar, o, c, h_bar: c_bar + o * (1 - np.tanh(c) ** 2) * h_bar,
                "on its way from step t + 1 the adjoint passes f.",
            ),
        ),
        "Two ways lead from c_t to the loss: through f to the next cell, and through o and tanh to h_t.",
    ),
    "lstm-step": Exercise(
        Called(_steps(), lambda W, h, c, x: (2, len(h))),
        _step(_right_step),
        (
            (
                _step(lambda i, f, o, g, c: _right_step(f, i, o, g, c)),
                "i and f are the wrong way round: the rows of W are i, f, o, g.",
            ),
            (_step(lambda i, f, o, g, c: (o * (f * c + i * g), f * c + i * g)), "h = o tanh(c): the tanh is missing."),
            (_unsquashed, "squash all four first: i, f and o by the logistic σ, g by tanh."),
            (_step(lambda i, f, o, g, c: _right_step(i, f, o, np.arctanh(g), c)), "g is not squashed: it needs a tanh."),
            (_step(lambda i, f, o, g, c: _right_step(i, f, o, g, c)[::-1]), "return h first, then c."),
            (
                _step(lambda i, f, o, g, c: _right_step(i, f, o, _sigma(np.arctanh(g)), c)),
                "g is a tanh, not a gate: it may be negative.",
            ),
            (_step(lambda i, f, o, g, c: (o * np.tanh(c), f * c + i * g)), "h shows the new c; you used the old one."),
            (
                _step(lambda i, f, o, g, c: _right_step(i, f, g, o, c)),
                "o and g are the wrong way round: the rows of W are i, f, o, g.",
            ),
        ),
        "Seven lines, z counted. The rest of an LSTM is to repeat them.",
    ),
    "bias-200": Exercise(
        _keeps_half(199, 5.66),
        5.66,
        (
            (5, "bias 5 keeps 0.26 of the gradient over 199 steps. A little more."),
            (4.958, "that is the bias for 99 steps; 199 steps need a gate still nearer to 1."),
            (1, "with bias 1 the gate is 0.73, and 0.73^199 = 1e-27."),
            (0.9965, "0.9965 is what the gate must be; the bias is what the logistic σ turns into it."),
            (-5.66, "the sign is turned around: a negative bias shuts the gate."),
        ),
        "σ(5.66) = 0.9965 = 2^(-1/199). Twice the steps, and the gate may differ from 1 by half as much.",
    ),
}

# Notebook 05 ---------------------------------------------------------------------------------------------------------

_REVERSAL = {
    "gaps": Exercise(
        Called(tuple((T,) for T in (2, 5, 20, 1, 8)), lambda T: (3,)),
        lambda T: (1, T, 2 * T - 1),
        (
            (lambda T: (2 * T - 1, T, 1), "the order is smallest, mean, largest."),
            (lambda T: (T, T, T), "that is the sentence read forwards: there every gap is T."),
            (lambda T: (1, (T + 1) / 2, T), "you measured within the English sentence; the gap runs on to the French word."),
            (lambda T: (0, T - 1, 2 * T - 2), "one too few: reading a word and writing the next thing is already one step."),
            (
                lambda T: (1, T / 2, 2 * T - 1),
                "the smallest and the largest are right. The mean of 1, 3, 5, ..., 2T - 1 is not T/2.",
            ),
            (lambda T: (0, T, 2 * T), "the first English word is read last, one step before the first French one: its gap is 1."),
            (
                lambda T: (1, T, 2 * T),
                "the last English word is read first, at step 1, and its French one is written at step 2T.",
            ),
        ),
        "The mean stays T: reversal takes from the last words what it gives to the first.",
    ),
    "target": Exercise(
        Called(tuple((k, T) for T in (7, 4, 2, 1, 12) for k in range(1, T + 1)), lambda k, T: ()),
        lambda k, T: 2 * (T - k) + 1,
        (
            (lambda k, T: 2 * k - 1, "that is the source reversed. Here word 1 is read first and written last."),
            (lambda k, T: T, "that is nothing reversed: every gap is T."),
            (lambda k, T: 2 * (T - k) - 1, "two too few: word T is read at step T and written at step T + 1, so its gap is 1."),
            (lambda k, T: 2 * (T - k), "one too few: word T is read at step T and written at step T + 1."),
            (lambda k, T: T - k, "that is how long the source goes on. Word k is read at step k, written at 2T - k + 1."),
            (lambda k, T: T - k + 1, "that is when it is written, counted from the source's end. It was read at step k."),
            (lambda k, T: 2 * T - k, "word k is read at step k and written at 2T - k + 1: subtract the one from the other."),
        ),
        "The same gaps, for the opposite words: now the last words are near, and they are written first.",
    ),
    "reader-length": Exercise(
        lambda given: round(number(0, 1000)(given), 2),
        22,
        (
            (np.log(0.1) / np.log(0.9), "there 0.9^T crosses a tenth, but words come whole: from which whole number on?"),
            (21, "0.9^21 = 0.109: that is still more than a tenth."),
            (10, "after 10 steps 0.9^10 = 0.35 is left."),
            (23, "that counts the T - 1 steps within the English sentence; on to the French word there are T."),
            (9, "each step takes a tenth of what is *left*, so it is 0.9^T, not 1 - 0.1 T."),
            (7, "that is for a factor of 0.7 a step."),
            (44, "44 is for a hundredth: 0.9^44 = 0.0097."),
        ),
        "0.9^22 = 0.098. Below 22 words the forward reader manages; above, the reversed one still has its gap of 1.",
    ),
}

EXERCISES = together(_REVERSAL, _LSTM, _IDENTITY, _CLIPPING, _FLOW)
