"""Results that take too long to compute in a lecture: nets trained by `tools/pretrain.py`, and numbers from slow cells.

A file of `data/` holds training runs by name. Weights are stored in half precision, and were rounded before they were evaluated:
the stored nets are those that were measured.
"""

import json
import math
import os
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lecturelib import cells, expect, nets

__all__ = ["Trained", "load", "save", "slow"]

DATA = Path(__file__).parent / "data"
TYPES = {kind.__name__: kind for kind in (nets.Net, nets.EncoderDecoder, cells.RNN, cells.LSTM)}


class Trained(NamedTuple):
    """A trained net, its settings `made` (seed, rate, steps ...), and its measured results (plain numbers and lists of them)."""

    net: Any
    made: dict
    measured: dict


def halved(net: Any) -> Any:
    """The net with each weight rounded to half precision, as float32: what `load` returns after `save`."""
    if not isinstance(net, tuple):
        return np.asarray(net, np.float16).astype(np.float32)
    return type(net)(*map(halved, net)) if hasattr(net, "_fields") else tuple(map(halved, net))


def save(path: str | os.PathLike, runs: dict[str, Trained]) -> None:
    """Write a dict of `Trained` by name; the same runs give the same bytes.

    ValueError: a net is not `halved`; `made` or `measured` cannot be written as JSON.
    """
    expect.instance("path", path, str | os.PathLike, "a path")
    for name, run in expect.named("runs", runs, partial(expect.instance, kinds=Trained, what="a Trained")).items():
        if not _is_halved(run.net):
            raise ValueError(f"runs[{name!r}].net must be halved: weights of 16 bits, as float32")
    arrays = [np.zeros(0, np.float16)]

    def tree(net):
        if isinstance(net, tuple):
            return [type(net).__name__, *map(tree, net)]
        start = sum(a.size for a in arrays)
        arrays.append(np.asarray(net, np.float16).ravel())
        return [start, *net.shape]

    index = {name: [tree(run.net), run.made, run.measured] for name, run in runs.items()}
    try:
        described = json.dumps(index).encode()
    except TypeError as error:
        raise ValueError(f"runs must be described by plain numbers, words and lists of them: {error}") from error
    halves = np.concatenate(arrays).view(np.uint8).reshape(-1, 2).T  # high bytes next to high bytes compress better, by a tenth
    np.savez_compressed(path, halves=halves, index=np.frombuffer(described, np.uint8))


def _is_halved(net):
    if isinstance(net, tuple):
        return all(map(_is_halved, net))
    with np.errstate(over="ignore"):
        return type(net) is np.ndarray and net.dtype == np.float32 and np.array_equal(net, np.float16(net), equal_nan=True)


def load(name: str) -> dict[str, Trained]:
    """The runs of `data/<name>.npz`: a dict of `Trained` by name. ValueError: there is no such file."""
    return _load(DATA, expect.text("name", name))


def _holds_runs(path):
    """Whether the file holds trained nets. Other files hold training data."""
    with np.load(path) as stored:
        return "index" in stored


@cache
def _load(folder, name):
    runs = [path.stem for path in sorted(folder.glob("*.npz")) if _holds_runs(path)]
    if name not in runs:
        raise ValueError(f"name: no stored runs are called {name!r}; there are {', '.join(runs)}")
    with np.load(folder / f"{name}.npz") as stored:
        index = json.loads(bytes(stored["index"]))
        weights = np.ascontiguousarray(stored["halves"].T).view(np.float16).ravel().astype(np.float32)

    def net(tree):
        head, *rest = tree
        if isinstance(head, int):
            return weights[head : head + math.prod(rest)].reshape(rest).copy()
        return TYPES[head](*map(net, rest)) if head in TYPES else tuple(map(net, rest))

    return {name: Trained(net(tree), made, measured) for name, (tree, made, measured) in index.items()}


def slow(name: str, make: Callable[[], Any]) -> Any:
    """The result of `make()`, numbers or lists of them; in a browser, where it would take minutes, the stored result.

    `make notebooks` stores the results by name in `data/slow.json`. The environment variable LECTURELIB_SLOW names a file to
    write them to; the value "stored" uses the stored results outside a browser too. ValueError: nothing is stored under `name`.
    """
    expect.text("name", name), expect.function("make", make, "a function without arguments")
    browser = sys.platform == "emscripten"
    path = os.environ.get("LECTURELIB_SLOW", "stored" if browser else "")
    if path == "stored":
        known = _read(DATA / "slow.json")
        if name not in known:
            raise ValueError(f"{name!r} was never stored: run `make notebooks`; there are {', '.join(known)}")
        if browser:
            print("(In a browser this cell would take minutes. These are the numbers of a stored run.)")
        return known[name]
    value = make()
    if path:
        known = _read(Path(path)) | {name: value}
        Path(path).write_text(json.dumps(known, indent=1, sort_keys=True, default=lambda number: number.item()) + "\n", "utf-8")
    return value


def _read(path):
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}
