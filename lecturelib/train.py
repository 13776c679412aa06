"""From gradient to step: clipping, optimizers, and a training run that records what happened.

Parameters and gradients are numbers, arrays or plain nests of them: tuples and lists, or NamedTuples as in `cells` and `nets`.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from lecturelib import expect

__all__ = ["Optimizer", "Run", "adam", "clip_norm", "clip_value", "fit", "linear_decay", "norm", "sgd"]

Nest = Any  # a number, an array, or a tuple or list of nests
Rate = float | Callable[[int], float]  # constant, or a function of the step k = 1, 2, ...


def _map(f, nest, *others):
    """Apply `f` to each array of a nest and the corresponding arrays of `others`; returns a nest of the same type."""
    if not isinstance(nest, tuple | list):
        return f(nest, *others)
    parts = [_map(f, *parts) for parts in zip(nest, *others, strict=True)]
    return type(nest)(*parts) if hasattr(nest, "_fields") else type(nest)(parts)


def _arrays(nest):
    """The arrays of a nest, as a flat list."""
    return [a for part in nest for a in _arrays(part)] if isinstance(nest, tuple | list) else [nest]


# -- clipping ---------------------------------------------------------------------------------------------------------------


def norm(gradient: Nest) -> float:
    """|g|, the Euclidean norm of all numbers of the nest, taken as one vector. It may be inf or nan.

    ValueError: gradient is not a nest of real numbers.
    """
    arrays = _arrays(_nest("gradient", gradient))
    with np.errstate(all="ignore"):
        squares = sum(float(np.sum(np.square(a, dtype=float))) for a in arrays)
        if 1e-290 < squares < np.inf:
            return squares**0.5
        # the squares overflow or underflow: scale first
        largest = float(max(np.max(np.abs(a)) for a in arrays if np.size(a)))
        if not 0 < largest < np.inf:
            return largest
        return largest * sum(float(np.sum(np.square(np.divide(a, largest, dtype=float)))) for a in arrays) ** 0.5


def clip_norm(gradient: Nest, eta: float) -> tuple[Nest, float]:
    """Scale a gradient longer than `eta` down to length eta; returns (clipped gradient, norm before clipping).

    Slide "Keeping Things Stable": if |g| > eta, g <- eta g / |g| (Pascanu, Mikolov and Bengio 2013). A gradient whose norm is
    inf or nan has no direction and is returned unchanged. ValueError: eta is not positive.
    """
    eta = expect.positive("eta", eta)
    size = norm(gradient)
    if not eta < size < np.inf:
        return gradient, size
    return _map(lambda g: g * (eta / size), gradient), size


def clip_value(gradient: Nest, limit: float) -> Nest:
    """Clip each component of the gradient to [-limit, limit]; this changes its direction. ValueError: limit is not positive."""
    limit = expect.positive("limit", limit)
    _nest("gradient", gradient)
    return _map(lambda g: np.clip(g, -limit, limit), gradient)


# -- optimizers -------------------------------------------------------------------------------------------------------------


class Optimizer(NamedTuple):
    """How a gradient becomes a step: a pair of pure functions, but for the state, which `update` may change in place.

    `init(params)` returns the optimizer's state for one run. `update(k, params, gradient, state)` returns the parameters after
    step k = 1, 2, ...
    """

    init: Callable[[Nest], Any]
    update: Callable[[int, Nest, Nest, Any], Nest]


def sgd(rate: Rate) -> Optimizer:
    """Gradient descent: w <- w - rate g. `rate`: a positive number, or a function of the step, such as `linear_decay(...)`.

    ValueError: rate is not positive; during training, rate(k) is negative.
    """
    rate_at = _rate(rate)
    return Optimizer(lambda params: None, lambda k, params, g, _: _map(lambda w, g: w - rate_at(k) * g, params, g))


def adam(rate: Rate, *, each: Nest = None, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """Adam (Kingma and Ba 2015, algorithm 1). `rate`: a positive number, or a function of the step, such as `linear_decay(...)`.

    `each`: a nest of positive numbers, one for each array of the parameters; it multiplies the rate of that array.
    ValueError: rate, eps or a number of `each` is not positive; a beta is not in [0, 1); at `init`, `each` does not match.
    """
    rate_at = _rate(rate)
    beta1, beta2 = (expect.number(name, beta, least=0, below=1) for name, beta in (("beta1", beta1), ("beta2", beta2)))
    eps = expect.positive("eps", eps)
    for number in [] if each is None else _arrays(each):
        expect.positive("each number of each", number)

    def init(params):
        _nest("params", params, floats=True)
        wanted, given = (_shapes(_map(lambda a: 0.0, nest)) for nest in (params, params if each is None else each))
        if wanted != given:
            raise ValueError("each must be a nest like the parameters, with a number for each array")
        return tuple(_map(np.zeros_like, params) for _ in "mv")

    def update(k, params, gradient, state):
        size, root = rate_at(k) / (1 - beta1**k), (1 - beta2**k) ** 0.5

        def move(w, g, m, v, times=1):
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g * g - v)
            return w - times * size * m / (np.sqrt(v) / root + eps)

        return _map(move, params, gradient, *state, *([] if each is None else [each]))

    return Optimizer(init, update)


def linear_decay(rate: float, steps: int, *, to: float = 0.1, warm: int = 0) -> Callable[[int], float]:
    """A learning rate schedule: up linearly from 0 to `rate` at step `warm`, down linearly to `to` * `rate` at step `steps`.

    Constant after that. ValueError: rate or to is not positive; not 0 <= warm < steps.
    """
    rate, to = expect.positive("rate", rate), expect.positive("to", to)
    steps, warm = expect.whole("steps", steps, least=1), expect.whole("warm", warm, least=0)
    if not warm < steps:
        raise ValueError(f"linear_decay needs 0 <= warm < steps; got warm = {warm!r}, steps = {steps!r}")
    return lambda k: rate * min(k / warm if warm else 1, 1 - (1 - to) * min(max(k - warm, 0) / (steps - warm), 1))


# -- a run ------------------------------------------------------------------------------------------------------------------
BLOWN_UP = 100  # times the median of the earlier norms


@dataclass
class Run:
    """The record of a training run. The lists hold one number per step; step k is at index k - 1.

    `losses`; `norms`, of the gradient before clipping; `params`, the last with a finite loss; `marked`, the parameters after each
    marked step, step 0 being the initial ones; `steps`, the number planned, or None; `ended`, why it ended, "" while it runs.
    """

    params: Nest
    steps: int | None = None
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    marked: dict[int, Nest] = field(default_factory=dict)
    ended: str = ""

    @property
    def text(self) -> str:
        """A one-sentence summary."""
        if not self.losses:
            return "No step yet." if not self.ended else f"No step was taken: {self.ended}."
        done = f"Step {len(self.losses)}" + (f" of {self.steps}" if self.steps else "")
        numbers = f"loss {self.losses[-1]:.3g}, gradient norm {self.norms[-1]:.3g}"
        return f"{done}: {numbers}" + (f"; {self.ended}." if self.ended else ".")

    def __repr__(self):
        return self.text


def fit(
    loss_and_gradient: Callable[[Nest, Any], tuple[Any, Nest]],
    params: Nest,
    batches: Iterable,
    optimizer: Optimizer,
    *,
    clip: float | None = None,
    steps: int | None = None,
    marks: Collection[int] = (),
    watch: Callable[[Run], Any] | None = None,
) -> Run:
    """Train with `sgd(...)` or `adam(...)`, one step per batch. `loss_and_gradient(params, batch)` returns a number and a nest.

    `clip`: the threshold eta of `clip_norm`, or None. `steps`: the largest number of batches to use. `marks`: the steps after
    which the parameters are stored. `watch(run)` is called after each step and at the end: in a notebook `live.watch(...)`.
    An infinite or nan loss or norm ends the run, and so does an interrupt (the stop button); `run.ended` tells why.
    ValueError: no batch; a gradient whose arrays differ from the parameters'; clip is not positive.
    """
    expect.function("loss_and_gradient", loss_and_gradient, "a function of the parameters and a batch")
    expect.instance("optimizer", optimizer, Optimizer, "sgd(...) or adam(...)")
    if not isinstance(batches, Iterable) or (isinstance(batches, np.ndarray) and not batches.ndim):
        expect.refuse("batches", "an iterable of batches", batches)
    clip = clip if clip is None else expect.positive("clip", clip)
    watch = watch if watch is None else expect.function("watch", watch, "a function of the run")
    steps, marked = _steps(steps, batches), _marks(marks)
    run = Run(_nest("params", params), steps, marked={0: params} if 0 in marked else {})
    try:
        with np.errstate(all="ignore"):
            _descend(run, loss_and_gradient, islice(batches, steps), optimizer, clip, marked, watch)
    except KeyboardInterrupt:
        run.ended = "interrupted"
        del run.losses[len(run.norms) :]
    if not run.losses and run.ended == "finished":
        raise ValueError("batches is empty: there is no batch to learn from")
    if watch:
        watch(run)
    return run


def _descend(run, loss_and_gradient, batches, optimizer, clip, marks, watch):
    """The steps of `fit`: extends the lists of `run` and replaces its parameters, until the batches end or a number is lost."""
    good, wanted, state = run.params, _shapes(run.params), optimizer.init(run.params)
    for k, batch in enumerate(batches, 1):
        loss, gradient = _checked(loss_and_gradient(run.params, batch), run.params, wanted)
        gradient, size = (gradient, norm(gradient)) if clip is None else clip_norm(gradient, clip)
        run.losses.append(loss)
        run.norms.append(size)
        if not np.isfinite(loss):
            run.params = good
        if not (np.isfinite(loss) and np.isfinite(size)):
            run.ended = _blown_up(run)
            return
        good, run.params = run.params, optimizer.update(k, run.params, gradient, state)
        if k in marks:
            run.marked[k] = run.params
        if watch:
            watch(run)
    run.ended = "finished"


def _blown_up(run):
    """Why the run had to stop, and the first step whose gradient was far longer than all before it."""
    what, value = ("loss", run.losses[-1]) if not np.isfinite(run.losses[-1]) else ("gradient norm", run.norms[-1])
    why = f"stopped: {what} is {value}"
    for k in range(1, len(run.norms)):
        usual = np.median(run.norms[:k])
        if not run.norms[k] <= BLOWN_UP * usual:
            size = run.norms[k]
            times = f", {size / usual:.2g} times the earlier median" if np.isfinite(size) and usual else ""
            return f"{why}; the gradient norm blew up at step {k + 1}: {size:.3g}{times}"
    return why if len(run.norms) > 1 else f"{why} in the first step"


# -- input validation -------------------------------------------------------------------------------------------------------


def _nest(name, nest, *, floats=False):
    """A nest of real numbers and arrays, with at least one number; unchanged. `floats`: integers are refused."""
    arrays = _arrays(nest)
    for a in arrays:
        if not (type(a) is np.ndarray or expect.is_number(a)) or np.asarray(a).dtype.kind not in ("f" if floats else "iuf"):
            sort = "floats or arrays of them" if floats else "real numbers or arrays of them"
            expect.refuse(name, f"a nest (tuples, lists) of {sort}", a)
    if not any(np.size(a) for a in arrays):
        raise ValueError(f"{name} must hold at least one number")
    return nest


def _shapes(nest):
    """The nest with each array replaced by its shape, and each list by a tuple."""
    return tuple(map(_shapes, nest)) if isinstance(nest, tuple | list) else {"shape": np.shape(nest)}


def _checked(result, params, wanted):
    """The loss as a float, and the gradient; refused if its nest or a shape in it differs from the parameters'."""
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
    """The number of steps planned, or None."""
    if steps is not None:
        return expect.whole("steps", steps, least=1)
    return len(batches) if hasattr(batches, "__len__") else None


def _marks(marks):
    if not isinstance(marks, tuple | list | set | frozenset | range | np.ndarray):
        expect.refuse("marks", "a tuple of steps", marks)
    return {expect.whole("each of marks", k, least=0) for k in marks}


def _rate(rate):
    """The rate as a function of the step; it returns a Python float, so that float32 parameters stay float32."""
    if callable(rate):
        return lambda k: expect.number("rate(k)", rate(k), least=0)
    rate = expect.positive("rate", rate)
    return lambda k: rate
