"""What the parent knows of its children, and how often it may replace them."""

from __future__ import annotations

import os
from contextlib import suppress
from time import monotonic

PROVEN_S = 0.5  # how long a worker has been ready when it is believed to stay
SILENT_TICKS = 8  # without a sign of life; then it is not counted upon
REPLACEMENTS_A_SECOND = 2.0  # in one child's place


class Child:
    """A process that was forked and has not been reaped, so that its pid can't be anybody else's (Q4)."""

    def __init__(self, pid: int, role: str, generation: int) -> None:
        self.pid = pid
        self.role = role
        self.generation = generation
        self.ready_at: float | None = None
        self.silent_ticks = 0
        self.leave_by: float | None = None  # it was told to leave, and is killed then

    def __str__(self) -> str:
        return f"{self.role} {self.pid}"

    @property
    def ready(self) -> bool:
        return self.ready_at is not None

    @property
    def proven(self) -> bool:
        """Not one that dies as soon as it is born (U6, R23)."""
        return self.ready_at is not None and monotonic() - self.ready_at >= PROVEN_S

    @property
    def reliable(self) -> bool:
        return self.proven and self.silent_ticks < SILENT_TICKS

    def send(self, signum: int) -> None:
        with suppress(ProcessLookupError):  # reaped by somebody else, as happens where SIGCHLD is ignored
            os.kill(self.pid, signum)


class Allowance:
    """Replacements for the dead: for each of `places` one at once, but no more than so many a second, if those die too
    (S20)."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.left = float(places)
        self.counted_at = monotonic()

    def take(self) -> bool:
        now = monotonic()
        earned = (now - self.counted_at) * REPLACEMENTS_A_SECOND * self.places
        self.left = min(self.places, self.left + earned)
        self.counted_at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True
