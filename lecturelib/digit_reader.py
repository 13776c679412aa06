"""The identity RNN that reads a digit pixel by pixel: its states, answers and gradient, and what scaling its weights does."""

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from lecturelib import cells, datasets, nets, pretrained

READERS = {"row by row": "IRNN 784 seed 0", "shuffled": "IRNN 784 shuffled"}  # the stored nets, by the order they read in
STORED_AS = {"tanh RNN": "tanh", "identity RNN": "IRNN"}  # in the names of the stored runs


class DigitRun(NamedTuple):
    """A net reads one digit of side x side pixels, one pixel per step: T steps."""

    image: np.ndarray  # (side, side), 1 is black
    label: int
    order: np.ndarray  # (T,), the pixel that is read at each step
    h: np.ndarray  # (T + 1, H), hidden states, the units in the order of `_unit_order`
    p: np.ndarray  # (T + 1, 10), the probability of each digit if the reading ended there
    x_bar: np.ndarray  # (T,), the gradient of the winner's score with respect to each pixel, in the order of reading

    def answers(self, pixel: int) -> str:
        """What the net would answer after `pixel` pixels, with its probability."""
        return f"After pixel {pixel} the net says {self.p[pixel].argmax()} ({self.p[pixel].max():.2f})"

    def tilt(self) -> float:
        """The gradient's mean size over the first half of the pixels read, as a multiple of that over the second half."""
        first, second = np.split(np.abs(self.x_bar), 2)
        return float(first.mean() / second.mean())


def held_out(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first held-out digits: pixels x (784, count, 1), row by row, and labels (count,)."""
    digits = datasets.digits()[1]
    return datasets.pixel_sequences(digits.images[:count]), digits.labels[:count]


def reader(order: str, scale: float) -> nets.Net:
    """The stored net that reads in this order, a name in READERS, its recurrent weights multiplied by `scale`."""
    net = pretrained.load("pixels")[READERS[order]].net
    return net._replace(cell=net.cell._replace(W_h=np.float32(scale) * net.cell.W_h))


def _pixels(order):
    """The pixels (784,) in this order."""
    return datasets.pixel_permutation(28) if order == "shuffled" else np.arange(28 * 28)


@cache
def read_digit(order: str, scale: float, digit: int) -> DigitRun:
    """`reader(order, scale)` reads the held-out digit number `digit`."""
    digits, net = datasets.digits()[1], reader(order, scale)
    image, label = digits.images[digit], int(digits.labels[digit])
    pixels = _pixels(order)
    trace = cells.unroll(net.cell, datasets.pixel_sequences(image[None], pixels), phi="relu")
    y = trace.h[:, 0] @ net.W.T + net.b
    winner = y[-1].argmax()
    x_bar = cells.backprop(trace, net.W[[winner]], inputs=True).x_bar[:, 0, 0]
    return DigitRun(image, label, pixels, trace.h[:, 0, _unit_order(order)], nets.softmax(y), x_bar)


@cache
def _unit_order(order):
    """The units (H,) of the net that reads in this order, the ones that are large early first, on average over 50 digits.

    One order for all digits and scales: sorted anew for each digit, any noise would show a diagonal.
    """
    h = cells.unroll(reader(order, 1.0).cell, held_out(50)[0][_pixels(order)], phi="relu").h[1:].mean(1)
    when = np.arange(len(h)) @ h / np.maximum(h.sum(0), 1e-30)
    return np.where(h.any(0), when, np.inf).argsort(kind="stable")  # those that are never on come last


@cache
def shares_by_scale() -> tuple[np.ndarray, np.ndarray]:
    """21 scales of the recurrent weights, from 0.99 to 1.01, and the share of 100 digits that are then named right: (21,)."""
    x, labels = held_out(100)
    scales = np.linspace(0.99, 1.01, 21)
    answers = [nets.output(reader("row by row", scale), x, phi="relu").argmax(1) for scale in scales]
    return scales, (np.array(answers) == labels).mean(axis=1)


def sweep(pixels: int) -> dict[str, dict[float, np.ndarray]]:
    """Accuracies (3,) of the stored runs over so many pixels, three seeds each, by net and by learning rate."""
    stored = pretrained.load("pixels")
    found: dict[str, dict] = {net: {} for net in STORED_AS}
    for net, rate in product(found, (3e-4, 1e-3, 3e-3)):
        names = [f"{STORED_AS[net]} {pixels} rate {rate:g} seed {seed}" for seed in range(3)]
        if names[0] in stored:
            found[net][rate] = np.array([stored[name].measured["accuracy"] for name in names])
    return found
