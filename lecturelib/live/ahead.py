"""Draws frames ahead of the reader, in idle time: the other stops of the control in hand."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from lecturelib.live.render import DRAW_LOCK
from lecturelib.live.reruns import CELLS

PAUSE = 0.002  # seconds between two frames, in which the kernel can begin with any message that has come
SLOW = 0.06  # seconds; where frames take longer, drawing ahead would make the kernel wait


class Ahead:
    """A queue of frames to draw. `draw` draws one, shows it to the page, and returns the seconds that it took."""

    def __init__(self, draw: Callable[[Any], float]) -> None:
        self._draw = draw
        self._queue: list[Any] = []
        self._task: asyncio.Task | None = None
        self._slow = False  # whether the last frame was: the first of a figure always is, since its axes are drawn too

    def add(self, frames: Sequence[Any]) -> None:
        """Draw these too. Nothing is drawn in a thread that has no event loop, since it has no idle time."""
        self._queue += frames
        if self._task is None or self._task.done():
            try:
                self._task = asyncio.get_running_loop().create_task(self._work())
            except RuntimeError:
                self.drop()

    def drop(self) -> None:
        """Draw none of those that wait."""
        self._queue.clear()

    async def _work(self):
        while self._queue:
            await asyncio.sleep(PAUSE)
            with DRAW_LOCK:
                if CELLS.running:
                    self.drop()
                elif self._queue:
                    before, self._slow = self._slow, self._draw(self._queue.pop(0)) > SLOW
                    if before and self._slow:
                        self.drop()
