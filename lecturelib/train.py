"""A gradient becomes a step: clipping, steps, and a run that records what happened.

Parameters and gradients are numbers, arrays or plain nests of them: tuples and lists, or NamedTuples as in `cells` and `nets`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from lecturelib import expect

__all__ = ["Optimizer", "Run", "adam", "clip_norm", "clip_value", "fit", "linear_decay", "norm", "sgd"]


def _map(f, nest, *others):
    """`f` of each array of a nest, and of the arrays in the same place of others; gives a nest of the same type."""
    if not isinstance(nest, tuple | list):
        return f(nest, *others)
    parts = [_map(f, *parts) for parts in zip(nest, *others, strict=True)]
    return type(nest)(*parts) if hasattr(nest, "_fields") else type(nest)(parts)


def _arrays(nest):
    """The arrays of a nest, as a flat list."""
    return [a for part in nest for a in _arrays(part)] if isinstance(nest, tuple | list) else [nest]


# -- clipping ---------------------------------------------------------------------------------------------------------------


def norm(gradient):
    """|g|, the Euclidean norm over all numbers of the nest, as if they stood in one vector. It may be inf or nan."""
    arrays = _arrays(_nest("gradient", gradient))
    with np.errstate(all="ignore"):
        squares = sum(float(np.sum(np.square(a, dtype=float))) for a in arrays)
        if 1e-290 < squares < np.inf:
            return squares**0.5
        # squares of such numbers leave the floats: scale them first
        largest = float(max(np.max(np.abs(a)) for a in arrays if np.size(a)))
        if not 0 < largest < np.inf:
            return largest
        return largest * sum(float(np.sum(np.square(np.divide(a, largest, dtype=float)))) for a in arrays) ** 0.5


def clip_norm(gradient, eta):
    """(g, |g|): a gradient longer than `eta` is made eta long, its direction kept; and the norm that it had.

    The rule of the slide "Keeping Things Stable": if |g| > eta, g <- eta g / |g| (Pascanu, Mikolov and Bengio 2013). A
    gradient whose norm is inf or nan has no direction left and stays as it is. ValueError: eta is not positive.
    """
    eta = expect.positive("eta", eta)
    size = norm(gradient)
    if not eta < size < np.inf:
        return gradient, size
    return _map(lambda g: g * (eta / size), gradient), size


def clip_value(gradient, limit):
    """Each number of the gradient, cut to [-limit, limit] by itself: this turns the gradient. ValueError: limit not positive."""
    limit = expect.positive("limit", limit)
    _nest("gradient", gradient)
    return _map(lambda g: np.clip(g, -limit, limit), gradient)


# -- steps ------------------------------------------------------------------------------------------------------------------


class Optimizer(NamedTuple):
    """How a gradient becomes a step. `start(params)` makes the rule's memory for one run; `step(k, params, gradient, memory)`
    gives the parameters after step k = 1, 2, ..."""

    start: Callable
    step: Callable


def sgd(rate):
    """Gradient descent: w <- w - rate g. `rate`: a positive number, or a function of the step, such as `linear_decay(...)`."""
    rate = _rate(rate)
    return Optimizer(lambda params: None, lambda k, params, g, _: _map(lambda w, g: w - rate(k) * g, params, g))


def adam(rate, *, each=None, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam (Kingma and Ba 2015, algorithm 1). `rate`: a positive number, or a function of the step, such as `linear_decay(...)`.

    `each`: a nest of positive numbers like the parameters; each array's rate is multiplied by its number.
    """
    rate = _rate(rate)
    beta1, beta2 = (expect.number(name, beta, least=0, below=1) for name, beta in (("beta1", beta1), ("beta2", beta2)))
    eps = expect.positive("eps", eps)
    for number in [] if each is None else _arrays(each):
        expect.positive("each number of each", number)

    def start(params):
        _nest("params", params, floats=True)
        wanted, given = (_shapes(_map(lambda a: 0.0, nest)) for nest in (params, params if each is None else each))
        if wanted != given:
            raise ValueError("each must be a nest like the parameters, with a number for each array")
        return tuple(_map(np.zeros_like, params) for _ in "mv")

    def step(k, params, gradient, memory):
        size, root = rate(k) / (1 - beta1**k), (1 - beta2**k) ** 0.5

        def move(w, g, m, v, times=1):
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g * g - v)
            return w - times * size * m / (np.sqrt(v) / root + eps)

        return _map(move, params, gradient, *memory, *([] if each is None else [each]))

    return Optimizer(start, step)


def linear_decay(rate, steps, *, to=0.1, warm=0):
    """A rate that falls in a straight line from `rate` to `to` times it at step `steps`, after `warm` steps of rising to it."""
    rate, to = expect.positive("rate", rate), expect.positive("to", to)
    steps, warm = expect.whole("steps", steps, least=1), expect.whole("warm", warm, least=0)
    if not warm < steps:
        raise ValueError(f"decay needs 0 <= warm < steps; got warm = {warm!r}, steps = {steps!r}")
    return lambda k: rate * min(k / warm if warm else 1, 1 - (1 - to) * min(max(k - warm, 0) / (steps - warm), 1))


# -- a run ------------------------------------------------------------------------------------------------------------------
BLOWN_UP = 100  # times the median of the norms before it


@dataclass
class Run:
    """What `fit` did. Lists hold one number a step, and step k stands at k - 1.

    `losses` and `norms` (of the gradient, before clipping); `params`, the last whose loss was a number; `marked`, the parameters
    after each marked step, 0 being the start; `steps`, how many were planned, or None; `ended`, why it ended, "" while it runs.
    """

    params: Any
    steps: int | None = None
    losses: list = field(default_factory=list)
    norms: list = field(default_factory=list)
    marked: dict = field(default_factory=dict)
    ended: str = ""

    @property
    def text(self):
        """One sentence with the numbers."""
        if not self.losses:
            return "No step yet." if not self.ended else f"No step was done: {self.ended}."
        done = f"Step {len(self.losses)}" + (f" of {self.steps}" if self.steps else "")
        numbers = f"loss {self.losses[-1]:.3g}, gradient norm {self.norms[-1]:.3g}"
        return f"{done}: {numbers}" + (f"; {self.ended}." if self.ended else ".")

    def __repr__(self):
        return self.text


def fit(loss_and_gradient, params, batches, rule, *, clip=None, steps=None, marks=(), watch=None):
    """Train: one step for each batch; gives a `Run`.

    `loss_and_gradient(params, batch)` returns a number and a nest like `params`. `rule` is `sgd(...)` or `adam(...)`. `clip`:
    the threshold eta of `clip_norm`, or None. `steps`: stop after so many batches. `marks`: the steps after which the
    parameters are kept. `watch(run)` is called after each step, and at the end: in a notebook `live.watch(...)`.
    A loss or norm that is inf or nan ends the run, and so does an interrupt (the stop button); neither is an error: `run.ended`
    tells. ValueError: no batch; a gradient unlike the parameters; a clip that is not positive.
    """
    expect.function("loss_and_gradient", loss_and_gradient, "a function of the parameters and a batch")
    expect.instance("rule", rule, Optimizer, "sgd(...) or adam(...)")
    if not isinstance(batches, Iterable) or (isinstance(batches, np.ndarray) and not batches.ndim):
        expect.refuse("batches", "batches, one after the other", batches)
    clip = clip if clip is None else expect.positive("clip", clip)
    watch = watch if watch is None else expect.function("watch", watch, "a function of the run")
    steps, marks, wanted = _steps(steps, batches), _marks(marks), _shapes(_nest("params", params))
    run, memory, good = Run(params, steps), rule.start(params), params
    if 0 in marks:
        run.marked[0] = params
    try:
        with np.errstate(all="ignore"):
            for k, batch in enumerate(islice(batches, steps), 1):
                loss, gradient = _checked(loss_and_gradient(run.params, batch), params, wanted)
                gradient, size = (gradient, norm(gradient)) if clip is None else clip_norm(gradient, clip)
                run.losses.append(loss)
                run.norms.append(size)
                if not (np.isfinite(run.losses[-1]) and np.isfinite(size)):
                    if not np.isfinite(run.losses[-1]):
                        run.params = good
                    run.ended = _blown_up(run)
                    break
                good, run.params = run.params, rule.step(k, run.params, gradient, memory)
                if k in marks:
                    run.marked[k] = run.params
                if watch:
                    watch(run)
            else:
                run.ended = "finished"
    except KeyboardInterrupt:
        run.ended = "interrupted"
        del run.losses[len(run.norms) :]
    if not run.losses and run.ended == "finished":
        raise ValueError("there is no batch to learn from")
    if watch:
        watch(run)
    return run


def _blown_up(run):
    """Why the run cannot go on, and the first step whose gradient was far longer than those before it."""
    what = "loss" if not np.isfinite(run.losses[-1]) else "gradient's norm"
    why = f"stopped, for the {what} is {run.losses[-1] if what == 'loss' else run.norms[-1]}"
    for k in range(1, len(run.norms)):
        usual = np.median(run.norms[:k])
        if not run.norms[k] <= BLOWN_UP * usual:
            size = run.norms[k]
            times = f", {size / usual:.2g} times the median before" if np.isfinite(size) and usual else ""
            return f"{why}; the gradient's norm blew up at step {k + 1}: {size:.3g}{times}"
    return why if len(run.norms) > 1 else f"{why} in the first step"


# -- what may come in -------------------------------------------------------------------------------------------------------


def _nest(name, nest, *, floats=False):
    """A nest of real numbers and arrays of them, at least one number; as it is. `floats`: none may be a whole number."""
    arrays = _arrays(nest)
    for a in arrays:
        if not (type(a) is np.ndarray or expect.is_number(a)) or np.asarray(a).dtype.kind not in ("f" if floats else "iuf"):
            sort = "floats or arrays of them" if floats else "real numbers or arrays of them"
            expect.refuse(name, f"a nest (tuples, lists) of {sort}", a)
    if not any(np.size(a) for a in arrays):
        raise ValueError(f"{name} must hold at least one number")
    return nest


def _shapes(nest):
    """The nest with the shape of each array in its place, all as tuples."""
    return tuple(map(_shapes, nest)) if isinstance(nest, tuple | list) else {"shape": np.shape(nest)}


def _checked(result, params, wanted):
    """The loss as a float, and the gradient; refused if it has not the parameters' arrays, in shape and in place."""
    if not isinstance(result, tuple) or len(result) != 2:
        expect.refuse("what loss_and_gradient returns", "(loss, gradient)", result)
    loss, gradient = result
    if np.ndim(loss) or np.asarray(loss).dtype.kind not in "iuf":
        expect.refuse("the loss that loss_and_gradient returns", "one real number", loss)
    if _shapes(_nest("the gradient", gradient)) != wanted:
        here, there = ([np.shape(a) for a in _arrays(nest)] for nest in (params, gradient))
        also = ", in another order of tuples and lists" if here == there else ""
        raise ValueError(f"the gradient needs arrays like the parameters', of shapes {here}; it has {there}{also}")
    return float(loss), gradient


def _steps(steps, batches):
    """How many steps are planned, or None."""
    if steps is not None:
        return expect.whole("steps", steps, least=1)
    return len(batches) if hasattr(batches, "__len__") else None


def _marks(marks):
    if not isinstance(marks, tuple | list | set | frozenset | range | np.ndarray):
        expect.refuse("marks", "a tuple of steps", marks)
    return {expect.whole("each of marks", k, least=0) for k in marks}


def _rate(rate):
    """The rate as a function of the step; a plain float, so that float32 stays float32."""
    if callable(rate):
        return lambda k: expect.number("rate(k)", rate(k), least=0)
    rate = expect.positive("rate", rate)
    return lambda k: rate
