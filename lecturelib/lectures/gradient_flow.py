"""Notebook 08, gradient flow: what is left of a gradient after many steps, in every direction."""

from functools import cache, partial

import numpy as np

from lecturelib import cells, expect, jacobians
from lecturelib.plots import BACKWARD, DECADES, FORWARD, IDENTITY, INK, PAPER, fan, lag_axis, log10, name_lines, narrow
from lecturelib.probes import Called, Exercise, Named

REMEDIES = "clip", "reverse", "identity", "gates"
WORDS = {"without": [10] * 10, "with": list(range(1, 20, 2))}  # steps from each of ten words to its translation, reversed or not


@cache
def product(weights: str, gain: float, T: int) -> tuple[np.ndarray, np.ndarray]:
    """The products dh_T / dh_t of a tanh RNN's Jacobians, t = 0 ... T, at random inputs: (singular values, one gradient).

    `weights`: "gaussian" or "orthogonal". Singular values (T + 1, 64), and the norms (T + 1,) of one random gradient, from 1.
    """
    rng = np.random.default_rng(0)
    trace = cells.unroll(cells.init_rnn(rng, 1, 64, recurrent=weights, gain=gain), rng.uniform(0, 1, (T, 1, 1)))
    P = jacobians.products(jacobians.along(trace))[:, 0]
    end = rng.standard_normal(64)
    return jacobians.singular_values(P), np.linalg.norm(end @ P, axis=1) / np.linalg.norm(end)


@expect.arguments(ax=expect.axes, values=expect.field, left=partial(expect.row, least=2), lags=expect.whole, decades=DECADES)
def spectrum(ax, values, left, lags, decades=20):
    """Singular values (T + 1, N) of dh_T / dh_t, t = 0 ... T, over the lag, and what is `left` (T + 1,) of a gradient.

    A float64 holds 16 digits: singular values below 10^-16 of the largest are rounding errors. A line ends where it comes near
    that limit, which is dotted. All that grow are drawn, in colour, and every third of the others.
    """
    expect.numbers("values", values, "T N", finite=False, T=len(left))
    lag_axis(ax, lags, decades, "factor over k steps")
    logs, left = (np.clip(log10(v)[:0:-1], -2 * decades, 2 * decades) for v in (values, left))
    k, strongest, limit = np.arange(len(left)), logs[:, 0], logs[:, 0] - 16
    seen = np.where(logs > limit[:, None] + 1, logs, np.nan)
    reached = np.isnan(seen).any(axis=1)
    grow = logs[-1] > 0
    fan(ax, k, seen[:, ~grow][:, ::3].T, color=IDENTITY["color"], linewidth=0.8)
    fan(ax, k, seen[:, grow].T, color=FORWARD["color"], linewidth=1)
    ax.plot(k, np.where(reached, limit, np.nan), color=INK, linestyle=":", linewidth=2)
    ax.plot(k, strongest, color=INK, linewidth=1)
    ax.plot(k, left, **BACKWARD)
    ends = {"strongest": strongest[-1], "this gradient": left[-1]}
    lost = np.flatnonzero(reached & (limit > -decades))
    if len(lost) and lost[-1] == k[-1]:
        ends["16 digits end"] = limit[-1]
    elif len(lost):
        ax.text(k[lost[-1]] + 1, 0.9 - decades, "16 digits end", color=INK, weight="bold", fontsize=9, bbox=PAPER)
    name_lines(ax, k[-1] + 0.02 * lags, ends, {**dict.fromkeys(ends, INK), "this gradient": BACKWARD["color"]}, decades)


@cache
def length(gain: float, T: int) -> float:
    """The length of the whole gradient, with respect to all weights, of the tanh RNNs of notebook 08: the median of 11 seeds."""
    lengths = []
    for seed in range(11):
        rng = np.random.default_rng(seed)
        p = cells.init_rnn(rng, 1, 64, gain=gain)
        x, end = rng.uniform(0, 1, (T, 1, 1)), rng.standard_normal((1, 64))
        parts = cells.backprop(cells.unroll(p, x), end / np.linalg.norm(end)).p
        lengths.append(np.linalg.norm(np.concatenate([part.ravel() for part in parts])))
    return float(np.median(lengths))


ROW = partial(expect.row, least=2)


@expect.arguments(
    factors=expect.axes,
    product=expect.axes,
    size=ROW,
    before=ROW,
    names=expect.texts,
    beside=partial(expect.instance, kinds=dict, what="a dictionary of gradients"),
)
def factor_by_factor(factors, product, size, before, words, names, beside):
    """Each factor of a gradient's way back, as a line from 1, and below it the gradient; returns a sentence on both.

    `size` (T,) is the gradient at lag 0 ... T - 1, and `before` (T,) the same without a remedy, in grey. `words`, a list, holds
    the lags of the words of a sentence: then each word has a row of dots, one for each of its factors. It may be empty. `names`
    are two texts, for `before` and for `size`. `beside` maps names to gradients (T,) that are drawn with them, dotted.
    """
    size = expect.numbers("size", size, "T", finite=False, T=len(before))
    if len(names) != 2:
        expect.refuse("names", "two texts", names)
    words = expect.instance("words", words, list, "a list of lags")
    words = [expect.whole("each of words", lag, most=len(size) - 1) for lag in words]
    beside = {name: expect.numbers(f"beside[{name!r}]", other, "T", finite=False, T=len(size)) for name, other in beside.items()}
    lags, decades = (20, 3) if words else (len(size), 30 if beside else 14)
    logs, before = (np.clip(log10(line), -99, 99) for line in (size, before))
    each = np.diff(logs)
    _ways(factors, words, lags) if words else _factors(factors, each, lags)
    lag_axis(product, lags, decades, "the gradient")
    product.set(ylim=(-decades, decades if max(logs.max(), before.max()) > 1 else 0.3 * decades))
    product.plot(before, color=IDENTITY["color"], linewidth=2.5, visible=(before != logs).any())
    product.plot(logs, linewidth=2.5, **BACKWARD)
    if words:
        product.set_xlabel("steps from reading to writing")
        _name_words(product, words, logs)
        first, last = (f"{lag} factor{'s' if lag > 1 else ''} ({size[lag]:.2g} is left)" for lag in (words[0], words[-1]))
        return f"the first word's way has {first}, the last word's {last}."
    ends = dict(zip(names, (before[-1], logs[-1]), strict=True)) if (before != logs).any() else {"product": logs[-1]}
    for name, other in beside.items():
        line = np.clip(log10(other), -99, 99)
        product.plot(line, color=INK, linestyle=":", linewidth=1.6)
        ends[name] = line[-1]
    name_lines(
        product, 1.01 * lags, ends, dict.fromkeys(ends, INK) | dict.fromkeys([names[1], "product"], BACKWARD["color"]), decades
    )
    mean = f"{lags - 1} factors, geometric mean {10 ** each.mean():.2f}"
    return f"{mean}, take the gradient from {size[0]:.2g} at step {lags} to {size[-1]:.2g} at step 1."


def _factors(ax, each, lags):
    """A line from 1 to each factor, `each` (T - 1,) as log10."""
    k, tips, wide = np.arange(1, len(each) + 1), np.clip(each / np.log10(2), -1.3, 1.3), 1.5 if narrow(ax) else 3.5
    lag_axis(ax, lags, 2, "each factor")
    ax.set(ylim=(-1.3, 1.3), yticks=(-1, 0, 1), yticklabels=("0.5", "1", "2"), xlabel="")
    ax.vlines(k, 0, tips, colors=BACKWARD["color"], linewidth=wide)
    ax.scatter(k, tips, s=wide**2, c=BACKWARD["color"], marker="s", linewidth=0, zorder=3)  # a factor of 1 is seen too


def _ways(ax, words, lags):
    """A row of dots for each word, one for each factor on its way; those of the first word are large and in colour."""
    lag_axis(ax, lags, 2, "word")
    ax.set(ylim=(len(words) + 0.7, 0.3), yticks=(1, len(words)), yticklabels=("first", "last"), xlabel="")
    for row, lag in enumerate(words, 1):
        color, size = (BACKWARD["color"], 6) if row == 1 else (IDENTITY["color"], 4)
        ax.plot(np.arange(1, lag + 1), np.full(lag, row), "s", color=color, markersize=size / (2 if narrow(ax) else 1))


def _name_words(ax, words, logs):
    """A dot for each word; the first and the last have their names."""
    ax.plot(words, logs[words], "o", color=INK, markersize=6)
    named = {"first word": words[0], "last word": words[-1]} if words[0] != words[-1] else {"all ten words": words[0]}
    for name, lag in named.items():
        ax.text(lag + 0.4, logs[lag] + 0.35, name, color=INK, weight="bold", fontsize=9 if narrow(ax) else None, bbox=PAPER)


# -- exercises ----------------------------------------------------------------------------------------------------------------


def _pass_back(step):
    """A `pass_back` that applies `step(W_h, h_bar, before, after)` once for each pair of states, the last pair first."""

    def pass_back(W_h, h, end):
        h_bar = np.zeros_like(h)
        h_bar[-1] = end
        for t in reversed(range(len(h) - 1)):
            h_bar[t] = step(W_h, h_bar[t + 1], h[t], h[t + 1])
        return h_bar

    return pass_back


def _chains():
    """(W_h, h, end) for several numbers of units and states."""
    rng, chains = np.random.default_rng(8), []
    for N, T in ((2, 2), (3, 3), (1, 4), (4, 6)):
        W_h, h = np.round(rng.uniform(-1.5, 1.5, (N, N)), 2), np.round(rng.uniform(-0.9, 0.9, (T, N)), 2)
        chains.append((W_h, h, np.round(rng.uniform(0.5, 2, N), 2)))
    return tuple(chains)


_LEFT = {"clip": 0.5**10, "reverse": 0.5, "identity": 1, "gates": 0.99**10}

EXERCISES = {
    "jacobians": Exercise(
        Called(_chains(), lambda W_h, h, end: h.shape),
        _pass_back(lambda W, h_bar, before, after: h_bar * (1 - after**2) @ W),
        (
            (
                _pass_back(lambda W, h_bar, before, after: W @ (h_bar * (1 - after**2))),
                "a gradient is a row: it stands left of W_h.",
            ),
            (
                _pass_back(lambda W, h_bar, before, after: (h_bar @ W) * (1 - after**2)),
                "from behind, the slopes come first, then W_h.",
            ),
            (
                _pass_back(lambda W, h_bar, before, after: h_bar * (1 - before**2) @ W),
                "the slope of tanh is taken at h[t + 1], not h[t].",
            ),
            (
                _pass_back(lambda W, h_bar, before, after: (1 - after**2) * (W @ h_bar)),
                "that is the Jacobian times a column. The gradient is a row, and stands on its left.",
            ),
            (_pass_back(lambda W, h_bar, before, after: h_bar @ W), "the slopes of tanh are missing: 1 - h[t + 1]^2."),
            (
                _pass_back(lambda W, h_bar, before, after: h_bar * (1 - after) ** 2 @ W),
                "the slope of tanh is 1 - h^2, not (1 - h)^2.",
            ),
            (_pass_back(lambda W, h_bar, before, after: h_bar * (1 - after**2)), "the weights are missing: times W_h."),
            (
                _pass_back(lambda W, h_bar, before, after: h_bar * (1 - after) @ W),
                "the slope of tanh is 1 - h^2; the square is missing.",
            ),
            (
                _pass_back(lambda W, h_bar, before, after: h_bar * (1 - np.tanh(after) ** 2) @ W),
                "h is a tanh already: its slope is 1 - h^2, with no other tanh.",
            ),
            (
                _pass_back(lambda W, h_bar, before, after: (1 - after**2) @ W),
                "the gradient from the step behind is lost: multiply h_bar itself.",
            ),
        ),
        "One matrix a step: slopes, then weights. Exploding and vanishing gradients are what becomes of this loop.",
    ),
    "remedies": Exercise(
        Named(REMEDIES, (), "a number such as 0.5**3", digits=3),
        _LEFT,
        (
            (_LEFT | {"clip": 1}, "clipping shortens a gradient that is too long. This one is short, and stays so: 0.5^10."),
            (_LEFT | {"clip": 0}, "clipping shortens a gradient that is too long; a short one it leaves alone: 0.5^10."),
            (_LEFT | {"clip": 0.00098}, "0.00098 is rounded too far. Write the power itself, as in the comment."),
            (_LEFT | {"clip": 0.001}, "0.001 is rounded too far. Write the power itself, as in the comment."),
            (
                _LEFT | {"reverse": 0.5**9},
                "that is one word's way shortened by one factor. The first word is now next to the loss.",
            ),
            (_LEFT | {"reverse": 0.5**10}, "reversed, the first word is read last: one factor is left on its way, not ten."),
            (_LEFT | {"reverse": 0.5**19}, "that is the last word's way, 19 factors. The first word has one."),
            (_LEFT | {"reverse": 1}, "one factor is left on the first word's way, not none."),
            (_LEFT | {"identity": 0.5}, "the identity changes every factor to 1, not only some of them."),
            (_LEFT | {"identity": 0.68}, "0.68 is for units of which half are silent. Here each of the ten factors is simply 1."),
            (_LEFT | {"identity": 0.5**10}, "the identity changes the factors: each is 1."),
            (_LEFT | {"gates": 0.01**10}, "a forget gate of 0.99 keeps 0.99 of the value. It does not forget 0.99 of it."),
            (_LEFT | {"gates": 0.9}, "that takes 0.01 off ten times. It is multiplied: 0.99^10."),
            (_LEFT | {"gates": 0.99}, "0.99 is one factor. There are ten of them."),
            (_LEFT | {"gates": 0.99**9}, "that is nine factors of 0.99. There are ten of them."),
            (_LEFT | {"gates": 0.5**10}, "the gates set factors of their own: 0.99 each, not 0.5."),
            (_LEFT | {"gates": 0.5**10 * 0.99**10}, "the gates replace the factors of 0.5: what is left is 0.99^10."),
            (_LEFT | {"gates": 1}, "a gate of 0.99 is not quite 1: ten of them leave 0.99^10."),
        ),
        "One product, four remedies: shorten the sum, change the number of factors, start them at 1, learn them.",
    ),
}
