"""Exploding and vanishing gradients, made live.

- `lecturelib.live`: live figures, predictions and watched runs for notebooks of any course
- `lecturelib.check`, `lecturelib.probes`: exercises that name the mistake
- `lecturelib.sealed`, `lecturelib.edition`, `lecturelib.grade`, `lecturelib.rerun`: copies without answers, and marks
- `lecturelib.plots`: the roles and colours of the series, and its common pictures
- `lecturelib.maps`, `lecturelib.mandelbrot`: iterated functions of one number
- `lecturelib.phase_plane`: two tanh units, their basins and borders
- `lecturelib.cells`, `lecturelib.scan`, `lecturelib.jacobians`: RNN and LSTM with exact gradients; products of Jacobians
- `lecturelib.nets`, `lecturelib.train`: a cell with a readout and a loss; clipping, SGD, Adam
- `lecturelib.tasks`, `lecturelib.costs`, `lecturelib.datasets`: problems to learn, and costs in closed form
- `lecturelib.pretrained`, `lecturelib.adding`, `lecturelib.digit_reader`, `lecturelib.reading`, `lecturelib.translator`: stored
  nets, and what they do
- `lecturelib.lstm_block`: the memory block of an LSTM, drawn beside its code
- `lecturelib.expect`: input validation
"""

import logging

__version__ = "0.1.0"

# On a machine's first import matplotlib warns that it builds a font cache; in the middle of a lecture that reads like an error.
logging.getLogger("matplotlib.font_manager").addFilter(lambda record: "font cache" not in record.getMessage())
