"""What the pictures of `lectures` promise beyond what the tests of the notebooks see."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from lecturelib.lectures import lstm


def contrast(color):
    """The contrast of black letters on a ground of this colour, as WCAG defines it."""
    rgb = np.asarray(color[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return (linear @ [0.2126, 0.7152, 0.0722] + 0.05) / 0.05


@pytest.mark.parametrize("value", [-30.0, -1.5, -1.1, 0.0, 1.1, 1.5, 30.0])
def test_letters_are_legible_on_every_ground(value):
    ax = Figure().subplots()
    lstm.coloured_text(ax, "x", [value], width=1, rows=1)
    (image,) = ax.images
    assert contrast(image.cmap(image.norm(image.get_array()))[0, 0]) >= 4.5
