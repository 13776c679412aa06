"""Exploding and vanishing gradients, made live."""

import logging

__version__ = "0.1.0"

# On a machine's first import matplotlib warns that it builds a font cache; in the middle of a lecture that reads like an error.
logging.getLogger("matplotlib.font_manager").addFilter(lambda record: "font cache" not in record.getMessage())
