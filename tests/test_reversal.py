"""What the functions of notebook 05 promise beyond what the notebooks' tests see."""

import numpy as np

from lecturelib import datasets
from lecturelib.lectures import reversal


def test_written_backwards_each_translation_is_turned_around_up_to_its_end():
    plain = datasets.translation(10**6)[1]
    turned = reversal.written_backwards(plain).target
    for a, b in zip(plain.target.T, turned.T, strict=True):
        n = np.count_nonzero(a > 0)
        assert a[:n].tolist() == b[:n][::-1].tolist()
        assert a[n:].tolist() == b[n:].tolist()
