"""How late the host itself is: an implementation is not blamed for what the machine did to both of us.

A thread asks to be woken every TICK_S and notes how much later it was woken. On an idle machine that is well
under a millisecond; a stopped virtual machine, heavy swapping, or a kit that holds its own interpreter shows.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

TICK_S = 0.05
NOTED_S = 0.1  # less is ordinary scheduling, which deadlines allow for
KEPT = 10_000
FORGIVEN_SHARE = 0.25  # of a wait: beyond it, the wait says more about the host than about the implementation


@dataclass(frozen=True)
class Stall:
    """From `started` on (time.monotonic()), the kit was not run for `seconds` more than it asked."""

    started: float
    seconds: float


class StallMeter:
    """Measures from `start` to `stop`; may be started again."""

    def __init__(self) -> None:
        self._stalls: deque[Stall] = deque(maxlen=KEPT)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopped.clear()
        self._thread = threading.Thread(target=self._measure, name="proctor-stalls", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def between(self, started: float, ended: float) -> float:
        """Seconds of stall that fall between two moments of time.monotonic()."""
        overlaps = (
            min(ended, stall.started + stall.seconds) - max(started, stall.started) for stall in list(self._stalls)
        )
        return sum(overlap for overlap in overlaps if overlap > 0)

    def spoiled(self, started: float, ended: float) -> bool:
        """Whether the host stalled for so much of a wait that its deadline proves nothing."""
        return self.between(started, ended) > FORGIVEN_SHARE * (ended - started)

    def _measure(self) -> None:
        asked = time.monotonic()
        while not self._stopped.wait(TICK_S):
            now = time.monotonic()
            late = now - asked - TICK_S
            if late > NOTED_S:
                self._stalls.append(Stall(asked + TICK_S, late))
            asked = now
