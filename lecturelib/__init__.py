"""Exploding and vanishing gradients, made live."""

__version__ = "0.1.0"
