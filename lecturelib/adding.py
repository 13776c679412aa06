"""The nets that learnt the adding problem: how they learnt, how far their gradient reaches, and one memory cell at work."""

from functools import cache, partial
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from lecturelib import cells, expect, jacobians, pretrained, tasks
from lecturelib.plots import (
    BACKWARD,
    CELL,
    DASHED,
    FORWARD,
    IDENTITY,
    INK,
    PAPER,
    POWER,
    SOURCE,
    decade_axis,
    log10,
    name_lines,
    narrow,
)

__all__ = [
    "NETS", "Runs", "Work", "answers", "draw_answers", "draw_corrections", "draw_jumps", "draw_share", "draw_work", "flows",
    "jumps", "learning_curves", "marked", "marks", "net", "runs_over", "share", "work",
]  # fmt: skip

NETS = {"tanh RNN": ("tanh", "tanh"), "identity RNN": ("IRNN", "relu"), "LSTM": ("LSTM", None)}  # the stored name, φ
SEQUENCES = 16


class Work(NamedTuple):
    """One cell of an LSTM along one sequence of T steps."""

    cell: int
    x: np.ndarray  # (T, 2): a number, and a mark at the two that are to be added
    c: np.ndarray  # (T + 1,)
    i: np.ndarray  # (T,)
    f: np.ndarray  # (T,)
    c_bar: np.ndarray  # (T + 1,): the derivative of the answer with respect to c, the whole gradient at h_T having length 1


def net(name: str, when: str, seed: int) -> pretrained.Trained:
    """A net of NETS "before" or "after" it learns the adding problem over 100 steps; three seeds are stored."""
    return pretrained.load("adding")[f"{NETS[name][0]} 100 seed {seed}" + (" before" if when == "before" else "")]


@cache
def _inputs():
    return tasks.adding(np.random.default_rng(1), SEQUENCES, 100)[0]


def _end(name, when, seed):
    """The gradient of the answer with respect to h_T, scaled to length 1, for each sequence."""
    W = net(name, when, seed).net.W
    return np.repeat(W / np.linalg.norm(W), SEQUENCES, axis=0)


@cache
def flows(when: str, seed: int) -> dict[str, np.ndarray]:
    """For each of NETS the norms of the gradient of its answer: (16 sequences, steps 0 to 100)."""
    trained = {name: net(name, when, seed).net.cell for name in NETS}
    return {
        name: jacobians.gradient_norms(trained[name], _inputs(), _end(name, when, seed), phi=phi).T
        for name, (_, phi) in NETS.items()
    }


@cache
def answers(name: str, seed: int) -> np.ndarray:
    """What a trained net of NETS would answer after each step of 16 sequences: (101, 16); at step 0 it has read nothing."""
    trained = net(name, "after", seed).net
    h = cells.unroll(trained.cell, _inputs(), phi=NETS[name][1]).h
    return (h @ trained.W.T + trained.b)[..., 0]


def marks(sequence: int) -> tuple[np.ndarray, np.ndarray]:
    """The two marked steps of a sequence, counted from 1, and their numbers."""
    return _marks(_inputs()[:, sequence])


def _marks(x):
    """As `marks`, of one sequence x (T, 2)."""
    t = np.flatnonzero(x[:, 1])
    return t + 1, x[t, 0]


@expect.arguments(read=expect.axes, said=expect.axes, sequence=partial(expect.whole, least=0, most=SEQUENCES - 1))
def draw_answers(read: Axes, said: Axes, sequence: int) -> None:
    """The numbers of a sequence, the marked ones large; below, what the trained RNNs of seed 0 would answer after each step."""
    x, (t, numbers) = _inputs()[:, sequence, 0], marks(sequence)
    T = len(x)
    for ax in (read, said):
        ax.set(xlim=(0, (1.4 if narrow(ax) else 1.25) * T), xticks=range(0, T + 1, T // 4))
        _mark_steps(ax, t)
    read.set(ylim=(0, 1.15), yticks=(0, 0.5, 1), ylabel="number")
    read.plot(np.arange(1, T + 1), x, "o", color="#999999", markersize=3)
    read.plot(t, numbers, "s", color=SOURCE["color"], markersize=9, markeredgecolor=INK)
    said.set(ylim=(-0.3, 2.1), yticks=(0, 1, 2), ylabel="answer", xlabel="step t")
    said.axhline(1, **IDENTITY)
    ends = {name: float(answers(name, 0)[-1, sequence]) for name in ("tanh RNN", "identity RNN")}
    for name in ends:
        said.plot(answers(name, 0)[:, sequence], **CELL[name] | {"marker": ""})
    said.plot(T, numbers.sum(), "D", color=INK, markersize=8, clip_on=False, zorder=5)
    height = -0.3
    for name, end in sorted((ends | {"the sum": float(numbers.sum())}).items(), key=lambda pair: pair[1]):
        height = max(end, height + 0.25)  # keeps the names legible
        color = CELL[name]["color"] if name in CELL else INK
        said.text(1.03 * T, height, name, va="center", color=color, weight="bold", bbox=PAPER)


@expect.arguments(ax=expect.axes, sequence=partial(expect.whole, least=0, most=SEQUENCES - 1))
def draw_corrections(ax: Axes, sequence: int) -> None:
    """By how much each of the 32 marked numbers moves the trained RNNs' answers, seed 0; those of `sequence` are large."""
    ax.set(xlim=(0, 1), ylim=(-0.75, 0.75), xticks=(0, 0.5, 1), yticks=(-0.5, 0, 0.5), xlabel="marked number n")
    ax.set_ylabel("moves the answer by")
    ax.axhline(0, **IDENTITY)
    ax.plot([0, 1], [-0.5, 0.5], color=INK, linewidth=1, linestyle=":")
    ax.text(0.72, 0.25, "n − ½", ha="right", va="bottom", color=INK)
    t, n = (np.array(part) for part in zip(*map(marks, range(SEQUENCES)), strict=True))
    for name in ("tanh RNN", "identity RNN"):
        y, k = answers(name, 0), np.arange(SEQUENCES)[:, None]
        moves, style = y[t, k] - y[t - 1, k], CELL[name] | {"linestyle": "none", "markeredgewidth": 0}
        ax.plot(n.ravel(), moves.ravel(), **style | {"markersize": 5, "alpha": 0.5})
        ax.plot(n[sequence], moves[sequence], **style | {"markersize": 10, "markeredgewidth": 1, "markeredgecolor": INK})


@cache
def _lstm(when, seed):
    """The LSTM's forward and backward pass along all sequences."""
    trace = cells.unroll(net("LSTM", when, seed).net.cell, _inputs())
    return trace, cells.backprop(trace, _end("LSTM", when, seed)).c_bar


@cache
def share(when: str, seed: int) -> np.ndarray:
    """Which part of the squared gradient at step 1 each of the 64 cells holds, over the 16 sequences: (64,), of sum 1."""
    squares = (_lstm(when, seed)[1][1].astype(float) ** 2).sum(0)
    return squares / squares.sum()


@expect.arguments(ax=expect.axes, part=expect.row)
def draw_share(ax: Axes, part: np.ndarray) -> None:
    """A bar for each cell's `part` of the squared gradient (H,); the largest is named."""
    ax.set(xlim=(-1, len(part)), ylim=(0, 1.1), xlabel="cell", ylabel="part of the squared gradient")
    ax.vlines(np.arange(len(part)), 0, part, color=BACKWARD["color"], linewidth=250 / len(part) / (2 if narrow(ax) else 1))
    most = int(part.argmax())
    ax.text(most, part[most] + 0.02, f"cell {most}", ha="center", color=INK)


def work(when: str, seed: int, sequence: int) -> Work:
    """The cell that holds most of the gradient at step 1 after training; "before" training, the same cell."""
    cell = int(share("after", seed).argmax())
    trace, c_bar = _lstm(when, seed)
    c, i, f, c_bar = (a[:, sequence, cell] for a in (trace.c, trace.gates.i, trace.gates.f, c_bar))
    return Work(cell, _inputs()[:, sequence], c, i, f, c_bar)


def marked(work: Work) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two marked steps, counted from 1, their numbers, and by how much c jumps there."""
    t, numbers = _marks(work.x)
    return t, numbers, work.c[t] - work.c[t - 1]


@cache
def jumps(when: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The two marked numbers of each of the 16 sequences, and by how much that cell jumps at each: (32,) and (32,)."""
    _, numbers, jumps = np.hstack([marked(work(when, seed, sequence)) for sequence in range(SEQUENCES)])
    return numbers, jumps


def _work(name, given):
    """A check for `expect.arguments`: a Work whose parts fit each other."""
    T = len(expect.numbers(f"{name}.x", expect.instance(name, given, Work, "a Work").x, "T 2"))
    for part, length in {"c": T + 1, "i": T, "f": T, "c_bar": T + 1}.items():
        expect.numbers(f"{name}.{part}", getattr(given, part), "T", T=length)
    expect.whole(f"{name}.cell", given.cell, least=0)
    return given


def _mark_steps(ax, steps):
    """The marked steps as broad lines."""
    for t in steps:
        ax.axvline(t, color=SOURCE["color"], linewidth=6, alpha=0.35, zorder=0)


def _name_marks(ax, work):
    """The number to add, at each of the two marked steps."""
    low, high = ax.get_ylim()
    for t, number in zip(*_marks(work.x), strict=True):
        side, gap = ("left", 1.5) if t < 0.8 * len(work.x) else ("right", -1.5)
        says = f"{number:.2f}" if narrow(ax) else f"add {number:.2f}"
        ax.text(t + gap, high - 0.12 * (high - low), says, ha=side, color=INK, bbox=PAPER)


@expect.arguments(cell=expect.axes, gates=expect.axes, gradient=expect.axes, work=_work)
def draw_work(cell: Axes, gates: Axes, gradient: Axes, work: Work) -> None:
    """A memory cell at work: its value, under it its gates f and i, under them the gradient that it carries."""
    T = len(work.x)
    for ax in (cell, gates, gradient):
        ax.set(xlim=(0, 1.09 * T), xticks=range(0, T + 1, max(1, T // 4)))
        ax.tick_params(labelbottom=ax is gradient or narrow(ax))
    cell.set(ylim=(-0.7, 0.9), ylabel="cell c")
    cell.axhline(0, **IDENTITY)
    cell.plot(work.c, linewidth=2.4, **FORWARD)
    gates.set(ylim=(-0.05, 1.1), yticks=(0, 0.5, 1), ylabel="gates")
    t = np.arange(1, T + 1)
    gates.plot(t, work.f, color=INK, linewidth=2)
    gates.plot(t, work.i, color=INK, linewidth=1.2, linestyle=":")
    decade_axis(gradient, 12, "gradient" if narrow(gradient) else r"gradient $|\bar c|$")
    gradient.set(ylim=(-14, 2), xlabel="step t")
    gradient.axhline(0, **IDENTITY)
    shown = np.clip(log10(work.c_bar), -20, 20)
    gradient.plot(t, shown[1:], linewidth=2.4, color=BACKWARD["color"], linestyle=DASHED)
    names = {
        "f": (gates, work.f[-1], INK),
        "i": (gates, work.i[-1], INK),
        r"$\bar c_t$": (gradient, shown[-1] - 3, BACKWARD["color"]),
    }
    for name, (ax, height, color) in {"$c_t$": (cell, work.c[-1], FORWARD["color"]), **names}.items():
        ax.text(1.02 * T, np.clip(height, *ax.get_ylim()), name, va="center", color=color, weight="bold")
    for ax in (cell, gates, gradient):
        _mark_steps(ax, _marks(work.x)[0])
    _name_marks(cell, work)


@expect.arguments(ax=expect.axes, work=_work, numbers=expect.row)
def draw_jumps(ax: Axes, work: Work, numbers: np.ndarray, jumps: np.ndarray) -> None:
    """By how much a cell jumps at each of the marked `numbers` (N,): `jumps` (N,). Those of `work` are large."""
    jumps = expect.numbers("jumps", jumps, "N", finite=False, N=len(numbers))
    ax.set(xlim=(0, 1), ylim=(-0.7, 0.5), xlabel="number to add", ylabel="jump of c", xticks=(0, 0.5, 1))
    ax.axhline(0, **IDENTITY)
    ax.plot(numbers, jumps, "o", color=FORWARD["color"], alpha=0.35, markersize=5, markeredgewidth=0)
    ax.plot(*marked(work)[1:], "o", color=SOURCE["color"], markersize=9, markeredgecolor=INK)


CURVE_EVERY = 50  # training steps between two points of a stored curve


class Runs(NamedTuple):
    """The stored runs of one cell on the adding problem, one for each seed."""

    curves: list  # of losses, one for each CURVE_EVERY steps
    errors: list  # the mean squared error on fresh sequences


def runs_over(T: int | str) -> dict[str, Runs]:
    """The stored runs over T steps (100, 150 or 200), three seeds of each cell; the LSTM was trained at T = 100 only."""
    stored, found = pretrained.load("adding"), {}
    for name in ("identity RNN", "tanh RNN", "LSTM"):
        keys = [f"{NETS[name][0]} {T} seed {seed}" for seed in range(3)]
        measured = [stored[key].measured for key in keys if key in stored]
        if measured:
            found[name] = Runs([m["curve"] for m in measured], [m["error"] for m in measured])
    return found


def _curves(name, value):
    """Runs, their losses as arrays."""
    runs = expect.instance(name, value, Runs, "Runs, from `runs_over`")
    if not isinstance(runs.curves, list) or not runs.curves:
        expect.refuse(f"{name}.curves", "a list of curves", runs.curves)
    return runs._replace(curves=[expect.row(f"each of {name}.curves", curve) for curve in runs.curves])


@expect.arguments(
    ax=expect.axes,
    runs=partial(expect.named, check=_curves, choices=CELL),
    steps=expect.whole,
    baseline=expect.positive,
)
def learning_curves(ax: Axes, runs: dict[str, Runs], steps: int, baseline: float) -> None:
    """Losses of training runs, as powers of ten, up to `steps` training steps: `runs` maps names in CELL to Runs.

    `baseline` is the loss of the constant answer 1, for which nothing need be learned.
    """
    small, ends = narrow(ax), {}
    right = 1.5 if small else 1.2  # the place where the axes end, in `steps`
    ax.set(xlim=(0, right * steps), ylim=(-4.5, 0.5), xlabel="training step", ylabel="mean squared error")
    ax.yaxis.set_major_locator(FixedLocator(range(-4, 1)))
    ax.yaxis.set_major_formatter(POWER)
    ax.axhline(np.log10(baseline), **IDENTITY)
    ax.text((right - 0.01) * steps, np.log10(baseline) + 0.17, "always 1", ha="right", color=INK)
    for name, (curves, _) in runs.items():
        for curve in curves:
            k = CURVE_EVERY * (np.arange(len(curve)) + 1)
            ax.plot(k, np.clip(log10(curve), -4, 0.5), markevery=max(1, len(curve) // 5), markersize=5, **CELL[name])
        ends[name] = max(-3.85, np.mean(log10([curve[-1] for curve in curves])))
        if not small:
            ax.text(k[-1] + 0.01 * steps, ends[name] - 0.33, name, va="center", color=CELL[name]["color"], bbox=PAPER)
    if small:  # beside one line there is no room between the others
        name_lines(ax, 1.02 * steps, ends, {name: CELL[name]["color"] for name in ends}, 4)
