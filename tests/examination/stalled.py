"""A stall meter that says what a test wants."""

from __future__ import annotations

from proctor.process.stalls import StallMeter


class Stalled(StallMeter):
    """Says that the host stalled from one moment to another."""

    def __init__(self, began: float, ended: float) -> None:
        super().__init__()
        self._began, self._ended = began, ended

    def between(self, started: float, ended: float) -> float:
        return max(0.0, min(ended, self._ended) - max(started, self._began))


QUIET = Stalled(0, 0)
