"""Checks of what a figure is made from: the drawing function, the layout of its axes, and its size."""

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

MAX_INCHES = 40  # width or height of a picture
NARROW, TALLEST = 3.4, 3.2  # inches: the width of a picture on a narrow screen, and the most that a panel in it is high


class Layout(NamedTuple):
    """Where the axes are: rows of their names, the width and height of the picture in inches, and the rows' relative heights."""

    rows: list[list[str]]
    inches: tuple[float, float]
    heights: list[float] | None = None

    def stacked(self, names: Sequence[str]) -> "Layout":
        """The axes for a narrow screen: one below the other, in the order of `names`, with letters of the same size."""
        height = self.inches[1] / len(self.rows)
        heights = [min(TALLEST, height * sum(name in row for row in self.rows)) for name in names]
        return Layout([[name] for name in names], (min(NARROW, self.inches[0]), sum(heights)), heights)


def name_of(draw: Callable) -> str:
    """The name of `draw` for messages. A `functools.partial` and a callable object have no name of their own."""
    if isinstance(draw, functools.partial):
        return name_of(draw.func)
    return getattr(draw, "__name__", type(draw).__name__)


def parameters_of(draw: Any, caller: str) -> Mapping[str, inspect.Parameter]:
    """The parameters of `draw` by name. Raises ValueError unless `draw` is a plain function that names each parameter."""
    try:
        parameters = inspect.signature(draw).parameters
    except (TypeError, ValueError):
        raise ValueError(f"{caller}: draw must be a function of axes and values, not {draw!r}") from None
    if inspect.iscoroutinefunction(draw) or inspect.isgeneratorfunction(draw) or inspect.isclass(draw):
        raise ValueError(f"{caller}: {name_of(draw)} must be a plain function that returns a sentence")
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters.values()):
        raise ValueError(f"{caller}: {name_of(draw)} must name each of its parameters; it cannot take * or **")
    return parameters


def checked_rows(layout: Any, axes: Sequence[str]) -> list[list[str]]:
    """The layout as rows of equal length. Raises ValueError unless it gives each of `axes` one rectangle."""
    if layout is None:
        return [list(axes)]
    rows = layout if isinstance(layout, list | tuple) else []
    if not rows or not all(isinstance(row, list | tuple) and all(isinstance(name, str) for name in row) for row in rows):
        raise ValueError(f"layout must be a list of rows, each a list of names of axes; got {layout!r}")
    if {name for row in rows for name in row} != set(axes):
        raise ValueError(f"layout must contain exactly the axes {', '.join(axes)}; got {layout!r}")
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"the rows of layout must have the same length; got {layout!r}")
    for name in axes:
        cells = [(y, x) for y, row in enumerate(rows) for x, other in enumerate(row) if other == name]
        height, width = (max(indices) - min(indices) + 1 for indices in zip(*cells, strict=True))
        if height * width != len(cells):
            raise ValueError(f"layout must give {name} a single rectangle; got {layout!r}")
    return [list(row) for row in rows]


def checked_size(size: Any, caller: str) -> tuple[float, float]:
    """`size` as a tuple. Raises ValueError unless it is a width and a height in inches, neither too small nor too large."""
    pair = tuple(size) if isinstance(size, list | tuple) and len(size) == 2 else (None,)
    for inches in pair:
        real = isinstance(inches, int | float | np.integer | np.floating) and not isinstance(inches, bool)
        if not real or not math.isfinite(inches) or not 1 <= inches <= MAX_INCHES:
            raise ValueError(f"{caller}: size must be a width and a height in inches, from 1 to {MAX_INCHES}, not {size!r}")
    return pair
