"""An exercise without its answers: what it replies is locked, and the right numbers are the key.

`make student` puts these in place of the exercises. Of the truth and of each slip a `Sealed` keeps a sketch, a few bytes to
recognise the key, and its text, encrypted. Only who makes a slip can read its hint, and only who is right the praise.

It is a seal against reading. It is no safe: `check.answer` says whether an answer is right, offline too, so whoever tries out
many answers finds a right one, if there are few to try.

Numbers are equal but for rounding, and a hash knows only equal or not. So they are measured with a ruler whose unit is what
passes for rounding, and the ruler is cut into cells of two units. The sketch says how far to shift it, to have the true number
in the middle of a cell: every number that passes for it then lies in the same cell. The numbers of these cells are the key.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import shake_256
from typing import Any

import numpy as np

from lecturelib.probes import ATOL, RTOL, Called, Exercise, Named, shown

__all__ = ["Sealed", "seal"]

MARK, PART = 8, 4  # bytes that tell whether a key fits: the whole answer, the result of one call
STEPS = 2**15  # of the sketch in a unit of the ruler


@dataclass(frozen=True)
class Sealed:
    """An exercise as `check.answer` needs it, made of its probe and the text that `seal` gives."""

    probe: Callable[[Any], Any]
    text: str

    def __post_init__(self):
        if not callable(self.probe) or not isinstance(self.text, str):
            raise ValueError(f"a sealed exercise is its probe and a text, not {shown(self.probe)} and {shown(self.text)}")

    def _pieces(self) -> list[bytes]:
        return [b64decode(piece) for piece in self.text.split(".")]

    def reply(self, got: np.ndarray) -> tuple[bool, str] | None:
        salt, _, *replies = self._pieces()
        for k, ((start, *_), sketch, locked) in enumerate(zip(replies[::3], replies[1::3], replies[2::3], strict=True)):
            part = got[start : start + len(sketch) // 2]
            if 2 * part.size == len(sketch) and (part.size == got.size or isinstance(self.probe, Named)):
                stream = shake_256(salt + _cells(part, sketch)).digest(len(locked))
                if stream[:MARK] == locked[:MARK]:
                    return k == 0, bytes(a ^ b for a, b in zip(stream[MARK:], locked[MARK:], strict=True)).decode()
        return None

    def first_wrong(self, got: np.ndarray) -> int:
        salt, marks, _, sketch, *_ = self._pieces()
        for k, part in enumerate(_parts(self.probe, got.size)):
            if _part_mark(salt, k, got[part], sketch[2 * part.start : 2 * part.stop]) != marks[k * PART : (k + 1) * PART]:
                return part.start
        return 0


def seal(exercise: Exercise) -> str:
    """The text that `Sealed` needs beside the probe; the same exercise gives the same text."""
    texts = [exercise.praise, *(hint for _, hint in exercise.slips)]
    salt = shake_256("\n".join(texts).encode()).digest(MARK)
    truth = exercise.known(0)
    sketch = _sketch(truth)
    parts = enumerate(_parts(exercise.probe, truth.size))
    pieces = [salt, b"".join(_part_mark(salt, k, truth[part], sketch[2 * part.start : 2 * part.stop]) for k, part in parts)]
    for k, text in enumerate(texts):
        part = exercise.part(k)
        known = exercise.known(k)[part]
        plain = bytes(MARK) + text.encode()
        stream = shake_256(salt + _cells(known, _sketch(known))).digest(len(plain))
        pieces += [bytes([part.start]), _sketch(known), bytes(a ^ b for a, b in zip(stream, plain, strict=True))]
    return ".".join(b64encode(piece).decode() for piece in pieces)


def _ruler(x):
    """Numbers as places on a line on which |x| RTOL + ATOL, what passes for rounding at x, is one unit long everywhere."""
    return np.sign(x) * np.log1p(np.abs(x) * (RTOL / ATOL)) / RTOL


def _sketch(numbers):
    """For each number, how far its cell, one unit to each side, is shifted against the even places: two bytes."""
    return (np.round((_ruler(numbers) - 1) % 2 * STEPS) % (2 * STEPS)).astype("<u2").tobytes()


def _cells(numbers, sketch):
    """The cell of each number, as bytes."""
    shift = np.frombuffer(sketch, "<u2") / STEPS
    return (np.floor((_ruler(numbers) - shift) / 2) + 0.0).astype("<f8").tobytes()  # + 0.0: no negative zero


def _parts(probe: Callable, size: int) -> Iterator[slice]:
    """Which of the numbers are the result of one call each; none if the answer is not a function."""
    end = 0
    while isinstance(probe, Called | Named) and end < size:
        part, _ = probe.place(end)
        yield part
        end = part.stop


def _part_mark(salt, k, numbers, sketch):
    return shake_256(salt + b"part %d" % k + _cells(numbers, sketch)).digest(PART)
