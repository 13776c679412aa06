"""Train the nets that the lectures load from `lecturelib/data`, because training takes too long in class.

    .venv/bin/python tools/pretrain.py [pixels | adding | translation | clipping | characters ...]

It needs the data sets of `make_data.py`, which are stored too, and nothing beyond the library. Each run has its own seed.
A run that is stored already is not repeated: to start over, delete the file. All of them take about two hours on two cores.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np

from lecturelib import cells, datasets, nets, pretrained, tasks, train
from lecturelib.pretrained import DATA, Trained, halved

Runs = Sequence[Trained]  # one run's nets: after training, and then before it or at marked steps
H = 100  # units of the nets that read pixels


# -- digits, one pixel at a time --------------------------------------------------------------------------------------------


def irnn(rng: np.random.Generator, D: int, K: int, *, noise: float = 0.01, inputs: float = 0.2, H: int = H) -> nets.Net:
    """The identity RNN of Le, Jaitly and Hinton (2015), with a little noise added to the identity."""
    cell = cells.init_rnn(rng, D, H, recurrent="identity", noise=noise, inputs=inputs, dtype=np.float32)
    return nets.init_net(rng, cell, K)


def tanh(rng: np.random.Generator, D: int, K: int, *, H: int = H, recurrent: str = "orthogonal") -> nets.Net:
    """A plain RNN, by default with an orthogonal recurrent matrix."""
    return nets.init_net(rng, cells.init_rnn(rng, D, H, recurrent=recurrent, dtype=np.float32), K)


def lstm(rng: np.random.Generator, D: int, K: int, *, H: int = 64) -> nets.Net:
    """An LSTM with forget bias 1."""
    return nets.init_net(rng, cells.init_lstm(rng, D, H, dtype=np.float32), K)


def patient(rng: np.random.Generator, D: int, K: int, *, H: int = 64) -> nets.Net:
    """An LSTM that starts out holding a value for about exp(5) = 148 steps: biases 5 and -5 (Tallec and Ollivier 2018)."""
    cell = cells.init_lstm(rng, D, H, forget_bias=5.0, dtype=np.float32)
    cell.b[:H] = -5.0  # the input gates' rows come first
    return nets.init_net(rng, cell, K)


# The learning rate of each array relative to the others: near the identity, a recurrent matrix needs smaller steps.
SLOW = nets.Net(cells.RNN(1, 0.1, 1), 1, 1)  # type: ignore[arg-type]


def read_pixels(
    make: Callable[..., nets.Net],
    *,
    seed: int,
    steps: int,
    rate: float,
    side: int = 28,
    H: int = H,
    shuffled: bool = False,
    phi: str | None = None,
    each: nets.Net | None = None,
) -> Runs:
    """Train on digits read pixel by pixel, each shifted by up to a pixel, and measure on the 1000 held out."""
    rng = np.random.default_rng(seed)
    learn, held_out = datasets.digits()
    order = datasets.pixel_permutation(side) if shuffled else None

    def batches():
        while True:
            k, moved = rng.integers(0, len(learn.labels), 32), rng.integers(-1, 2, (32, 2))
            images = np.stack([np.roll(learn.images[i], by, (0, 1)) for i, by in zip(k, moved, strict=True)])
            yield datasets.pixel_sequences(datasets.downsampled(images, side), order), learn.labels[k]

    loss = partial(nets.loss, error=nets.cross_entropy, phi=phi)
    rule = train.adam(train.linear_decay(rate, steps, to=0.02, warm=100), each=each)
    run = train.fit(lambda p, batch: loss(p, *batch), make(rng, 1, 10, H=H), batches(), rule, clip=1.0, steps=steps)
    net = halved(run.params)
    right = accuracy(net, datasets.pixel_sequences(datasets.digits(side)[1].images, order), held_out.labels, phi)
    made = {"seed": seed, "steps": steps, "rate": rate, "side": side, "shuffled": shuffled, "phi": phi, "ended": run.ended}
    return (Trained(net, made, {"accuracy": right}),)


def accuracy(net: nets.Net, x: np.ndarray, labels: np.ndarray, phi: str | None) -> float:
    """The share of the sequences x (T, B, 1) that are classified correctly."""
    parts = [nets.output(net, x[:, k : k + 100], phi=phi).argmax(1) for k in range(0, x.shape[1], 100)]
    return float(np.mean(np.concatenate(parts) == labels))


# -- the adding problem -----------------------------------------------------------------------------------------------------


def add(make: Callable[..., nets.Net], *, T: int, seed: int, steps: int, rate: float, phi: str | None = None) -> Runs:
    """Train on the adding problem, and measure the mean squared error on 200 new batches, before training too if T is 100."""
    rng = np.random.default_rng(seed)
    net = make(rng, 2, 1)
    loss = partial(nets.loss, error=nets.squared_error, phi=phi)
    rule = train.adam(train.linear_decay(rate, steps, to=0.1))
    batches = (tasks.adding(rng, 32, T) for _ in cycle([0]))
    run = train.fit(lambda p, batch: loss(p, *batch), net, batches, rule, clip=1.0, steps=steps)
    made = {"T": T, "seed": seed, "steps": steps, "rate": rate, "phi": phi, "ended": run.ended}
    curve = [float(f"{np.mean(run.losses[k : k + 50]):.4g}") for k in range(0, steps, 50)]
    after, before = (Trained(halved(p), made, {"error": adding_error(halved(p), T, phi)}) for p in (run.params, net))
    after.measured["curve"] = curve  # the loss, averaged over 50 steps
    return (after, before) if T == 100 else (after,)


def adding_error(net: nets.Net, T: int, phi: str | None) -> float:
    """The mean squared error over 200 new batches of 32."""
    rng = np.random.default_rng(1000)
    errors = [nets.squared_error(nets.output(net, x, phi=phi), y)[0] for x, y in (tasks.adding(rng, 32, T) for _ in range(200))]
    return float(np.mean(errors))


# -- Python source, a character at a time -----------------------------------------------------------------------------------


def read_code(seed: int, *, H: int, steps: int, rate: float = 5e-3, B: int = 32, T: int = 64) -> Runs:
    """Train an LSTM to predict the next character, with its state kept from batch to batch; measure bits on held-out text."""
    rng = np.random.default_rng(seed)
    learn, _ = datasets.code()
    rows = datasets.encode_text(learn)[: len(learn) // B * B].reshape(B, -1).T
    state: list[Any] = [(None, None)]

    def batches():
        for at in cycle(range(0, len(rows) - T, T)):
            if not at:
                state[0] = (None, None)
            yield rows[at : at + T + 1]

    def loss(net, words):
        value, gradient, state[0] = nets.next_loss(net, words, state=state[0])
        return value, gradient

    net = lstm(rng, len(datasets.CHARACTERS), len(datasets.CHARACTERS), H=H)
    run = train.fit(loss, net, batches(), train.adam(train.linear_decay(rate, steps, to=0.02, warm=100)), clip=1.0, steps=steps)
    made = {"seed": seed, "steps": steps, "rate": rate, "ended": run.ended}
    after = halved(run.params)
    return (Trained(after, made, {"bits": bits_per_character(after)}),)


def bits_per_character(net: nets.Net, length: int = 50_000) -> float:
    """The mean cross entropy of the next character in held-out text, in bits."""
    words = datasets.encode_text(datasets.code()[1][: length + 1])
    return float(nets.next_loss(net, words[:, None])[0] / np.log(2))


# -- translation ------------------------------------------------------------------------------------------------------------

MARKS = (50, 150, 300, 600)  # steps of one run after which the net is stored too


def translator(seed: int, cell: Callable[..., Any], H: int = 64) -> nets.EncoderDecoder:
    """An untrained encoder-decoder from English to French number words, with one layer each."""
    rng = np.random.default_rng(seed)
    return nets.init_encoder_decoder(rng, len(datasets.ENGLISH), len(datasets.FRENCH), H, layers=1, cell=cell, dtype=np.float32)


def learn_to_translate(
    cell: Callable[..., Any], *, below: int, reverse: bool, seed: int, steps: int, rate: float, marks: Sequence[int] = ()
) -> Runs:
    """Train on seeded batches of 64, the same whether the source is reversed or not; the nets at the marked steps come after."""
    learn, held_out = datasets.translation(below, reverse=reverse)
    rng = np.random.default_rng(seed + 100)
    some = (rng.integers(0, len(learn.numbers), 64) for _ in range(steps))
    batches = ((learn.source[:, k], learn.target[:, k]) for k in some)
    rule = train.adam(train.linear_decay(rate, steps, warm=50))
    run = train.fit(
        lambda net, batch: nets.translation_loss(net, *batch),
        translator(seed, cell),
        batches,
        rule,
        clip=1.0,
        steps=steps,
        marks=marks,
    )
    made = {"seed": seed, "steps": steps, "rate": rate, "below": below, "reverse": reverse, "ended": run.ended}
    found = [halved(net) for net in (run.params, *run.marked.values())]
    return [Trained(net, made, translated(net, held_out)) for net in found]


def translated(net: nets.EncoderDecoder, held_out: Any) -> dict[str, float]:
    """The shares of held-out sentences with all words right, and with the first word right, each word fed back in."""
    right = nets.translate(net, held_out.source, len(held_out.target)) == held_out.target
    return {"exact": float(right.all(0).mean()), "first": float(right[0].mean())}


# -- clipping ---------------------------------------------------------------------------------------------------------------


def recall(rate: float, eta: float | None) -> Runs:
    """Nine of the runs that notebook 04 makes with `learn`, seeds 1 to 9: log10 of each loss at the end. No net is kept."""
    found, loss = [], partial(nets.loss, error=nets.cross_entropy)
    for seed in range(1, 10):
        rng = np.random.default_rng(seed)
        readout = (0.1 * rng.standard_normal((4, 32))).astype(np.float32)
        net = nets.Net(cells.init_rnn(rng, 4, 32, gain=1.5, dtype=np.float32), readout, np.zeros(4, np.float32))
        batches = (tasks.recall(rng, 32, 20) for _ in range(1500))
        run = train.fit(lambda p, batch: loss(p, *batch), net, batches, train.sgd(rate), clip=eta, steps=1500)
        found.append(round(float(np.log10(np.median(run.losses[-200:]))), 1))
    made = {"seeds": list(range(1, 10)), "steps": 1500, "rate": rate, "eta": eta, "ended": run.ended}
    return (Trained((), made, {"log losses": found}),)


# -- the command ------------------------------------------------------------------------------------------------------------

READERS = {
    "IRNN": partial(read_pixels, irnn, phi="relu", each=SLOW),
    "tanh": partial(read_pixels, tanh),
    "LSTM": partial(read_pixels, lstm, H=64),
}
ADDERS = {
    "IRNN": partial(add, partial(irnn, noise=0.0, inputs=0.1, H=64), phi="relu", rate=2e-3),
    "tanh": partial(add, partial(tanh, recurrent="gaussian", H=64), rate=2e-3),
    "LSTM": partial(add, lstm, rate=5e-3),
}
PARTS: dict[str, dict[str, Callable[[], Runs]]] = {
    "pixels": {
        **{f"IRNN 784 seed {k}": partial(READERS["IRNN"], seed=k, steps=30_000, rate=1.5e-3) for k in range(2)},
        "IRNN 784 shuffled": partial(READERS["IRNN"], seed=0, steps=10_000, rate=1.5e-3, shuffled=True),
        **{f"IRNN 196 seed {k}": partial(READERS["IRNN"], seed=k, steps=20_000, rate=2e-3, side=14) for k in range(2)},
        "LSTM 784 seed 0": partial(READERS["LSTM"], seed=0, steps=6_000, rate=5e-3),
        "LSTM 784 patient": partial(read_pixels, patient, H=64, seed=0, steps=6_000, rate=5e-3),
        "LSTM 196 seed 0": partial(READERS["LSTM"], seed=0, steps=4_000, rate=5e-3, side=14),
        **{f"{name} {side * side} rate {rate:g} seed {k}": partial(READERS[name], seed=k, steps=steps, rate=rate, side=side,
                                                                       H=50 if side == 7 else H)
           for side, steps in ((28, 1_500), (14, 4_000), (7, 4_000)) for name in ("tanh", "IRNN")
           for rate in (3e-4, 1e-3, 3e-3) if name == "tanh" or rate == 1e-3 or side == 7 for k in range(3)},
    },
    "adding": {
        f"{name} {T} seed {seed}": partial(ADDERS[name], T=T, seed=seed, steps=steps)
        for name, T, steps in (("IRNN", 100, 2_000), ("tanh", 100, 2_000), ("LSTM", 100, 4_000),
            ("IRNN", 150, 4_000), ("tanh", 150, 4_000), ("IRNN", 200, 6_000), ("tanh", 200, 6_000))
        for seed in range(3)
    },
    "translation": {
        f"{name} 1e{len(str(below)) - 1} {steps} {'reversed' if reverse else 'forward'} seed {seed}": partial(
            learn_to_translate, cell, below=below, reverse=reverse, seed=seed, steps=steps, rate=rate,
            marks=MARKS if name == "tanh" and below == 10**9 and not seed else ())
        for name, cell, below, steps, rate, seeds in (
            ("tanh", cells.init_rnn, 10**9, 1500, 3e-3, 5), ("LSTM", cells.init_lstm, 10**9, 1500, 5e-3, 5),
            ("LSTM", cells.init_lstm, 10**6, 450, 5e-3, 1), ("LSTM", cells.init_lstm, 10**6, 1500, 5e-3, 1),
            ("tanh", cells.init_rnn, 10**3, 900, 3e-3, 5))
        for seed in range(seeds) for reverse in (False, True)
    },
    "clipping": {f"rate {rate:g} η {eta or 'none'}": partial(recall, rate, eta)
                 for rate in (0.03, 0.1, 0.3, 1.0) for eta in (None, 5, 0.5)},
    "characters": {f"seed {seed}": partial(read_code, seed, H=64, steps=9_000) for seed in range(3)},
}  # fmt: skip


def make(part: str) -> None:
    """Make the runs of a part that its file does not contain yet, one on each core at a time."""
    path = DATA / f"{part}.npz"
    runs = dict(pretrained.load(part)) if path.is_file() else {}
    missing = [key for key in PARTS[part] if key not in runs]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for future in as_completed(futures := {pool.submit(PARTS[part][key]): key for key in missing}):
            made, key = future.result(), futures[future]
            names = [key, *([f"{key} step {mark}" for mark in MARKS] if part == "translation" else [f"{key} before"])]
            runs |= zip(names, made, strict=False)
            numbers = ", ".join(f"{k} {v:.4f}" for k, v in runs[key].measured.items() if isinstance(v, float))
            print(f"{part}, {key}: {numbers}; {runs[key].made['ended']}", flush=True)
            pretrained.save(path, {name: runs[name] for name in sorted(runs)})


def main(arguments: Sequence[str]) -> None:
    """Make the named parts, or all."""
    parser = argparse.ArgumentParser(description="Train the nets that the lectures load.")
    parser.add_argument("parts", nargs="*", choices=PARTS, metavar="part", help=f"{', '.join(PARTS)}; all by default")
    for part in parser.parse_args(arguments).parts or PARTS:
        make(part)


if __name__ == "__main__":
    main(sys.argv[1:])
