"""Watch a training run: a progress bar and a picture that follow it."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lecturelib.live.drawing import Layout, checked_size, name_of, parameters_of
from lecturelib.live.render import DRAW_LOCK, SHARP, Renderer
from lecturelib.live.reruns import CELLS, get_ipython
from lecturelib.live.stored import bundle

INTERVAL = 0.25  # seconds between frames: drawing then takes a few per cent of the run's time
STORED_TEXT = "The run, step by step"  # the text and alt text that a notebook stores


class Run(Protocol):
    """What a run tells: its losses so far, its number of steps if known, why it ended ("" while it goes on), and a sentence."""

    losses: Sequence[float]
    steps: int | None
    ended: str
    text: str


class Watch:
    """Shows a run while it goes on. Made by `watch`. Call it with the run as often as you like."""

    def __init__(self, draw: Callable[..., str], axes: list[str], layout: Layout) -> None:
        self._draw, self._axes, self._layout = draw, axes, layout
        self._renderer: Any = None  # while the run is shown
        self._last_drawn, self._tenths = 0.0, 0

    def __call__(self, run: Run) -> None:
        """Show the state of `run`. Raises ValueError if `run` lacks one of the attributes of a run."""
        if missing := [name for name in ("losses", "steps", "ended", "text") if not hasattr(run, name)]:
            raise ValueError(f"watch: a run needs losses, steps, ended and text; {run!r} lacks {', '.join(missing)}")
        done = len(run.losses)
        tenths = 10 * done // run.steps if run.steps else done // 100
        report, self._tenths = bool(run.ended) or tenths != self._tenths, tenths
        if not hasattr(get_ipython(), "kernel"):
            if report:
                print(run.text, flush=True)
            return
        if self._renderer is None:
            self._open(run)
        if report:  # a screen reader announces ten sentences, not a hundred
            self._text = run.text
        if report or time.monotonic() - self._last_drawn > INTERVAL:
            self._show(run)
        if run.ended:
            data, metadata = bundle(self._renderer, self._view.box, STORED_TEXT)
            self._handle.update(data, metadata=metadata, raw=True)
            self._renderer = None

    def _open(self, run):
        from IPython.display import display

        from lecturelib.live.view import RunView  # here: nothing else needs ipywidgets

        with DRAW_LOCK:
            self._renderer = Renderer(self._draw, self._axes, self._layout)
        self._view, self._text = RunView(run.steps or 1), run.text
        self._show(run)
        CELLS.keep(self._view)
        # The stored text never changes. nbval sees the first text and the file keeps the last, and the digits of a loss differ
        # between processors. The caption gives them while the run goes on.
        data, metadata = bundle(self._renderer, self._view.box, STORED_TEXT)
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)

    def _show(self, run):
        with DRAW_LOCK:
            self._renderer.draw({"run": run})
            frame = {**self._renderer.frame(SHARP), "values": [], "text": self._text}
        self._view.show(frame, len(run.losses))
        self._last_drawn = time.monotonic()


def watch(draw: Callable[..., str], *, size: tuple[float, float] = (8, 2.8)) -> Watch:
    """Watch a run: `train.fit(..., watch=live.watch(plots.training))`.

    In a notebook, a progress bar and the picture `draw(*axes, run)` follow the run. Elsewhere, a line is printed after each tenth
    of it. A run has `losses`, `steps`, `ended` and `text`. `size` is in inches, each of 100 CSS pixels. Raises ValueError unless
    `draw` takes at least one axes and the run.
    """
    axes = list(parameters_of(draw, "watch"))[:-1]
    if not axes:
        raise ValueError(f"{name_of(draw)} must take its axes first, then the run")
    return Watch(draw, axes, Layout([axes], checked_size(size, "watch")))
