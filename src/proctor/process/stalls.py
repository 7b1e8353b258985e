"""How late the host itself is: an implementation is not blamed for what the machine did to both of us.

A thread asks to be woken every TICK_S and notes how much later it was woken. On an idle machine that is well
under a millisecond; a stopped virtual machine, heavy swapping, or a kit that holds its own interpreter shows.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass

TICK_S = 0.05
NOTED_S = 0.1  # less is ordinary scheduling, which deadlines allow for
KEPT = 10_000
FORGIVEN_SHARE = 0.25  # of what a wait allows for: beyond it, it says more about the host than about who is late


@dataclass(frozen=True)
class Stall:
    """From `started` on (time.monotonic()), the kit was not run for `seconds` more than it asked."""

    started: float
    seconds: float


class StallMeter:
    """Measures from `start` to `stop`; may be started again."""

    def __init__(self) -> None:
        self._stalls: deque[Stall] = deque(maxlen=KEPT)
        self._due = math.inf  # when the thread is to be woken next
        self._lock = threading.Lock()
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

    def since(self, moment: float) -> list[Stall]:
        """The stalls that began later."""
        with self._lock:
            return [stall for stall in self._stalls if stall.started >= moment]

    def between(self, started: float, ended: float) -> float:
        """Seconds of stall that fall between two moments of time.monotonic(); of one that lasts still, those so far."""
        with self._lock:
            stalls = [*self._stalls, *self._noted(time.monotonic())]
        overlaps = (min(ended, stall.started + stall.seconds) - max(started, stall.started) for stall in stalls)
        return sum(overlap for overlap in overlaps if overlap > 0)

    def spoiled(self, started: float, ended: float, allowance_s: float | None = None) -> bool:
        """Whether the host stalled for so much of what a wait allows for that its deadline proves nothing.

        `allowance_s`: as of `TimedOut`; all of the wait unless told.
        """
        allowed = ended - started if allowance_s is None else allowance_s
        return self.between(started, ended) > FORGIVEN_SHARE * allowed

    def _measure(self) -> None:
        self._due, stopped = time.monotonic() + TICK_S, False
        while not stopped:
            stopped = self._stopped.wait(TICK_S)
            with self._lock:
                now = time.monotonic()
                self._stalls.extend(self._noted(now))
                self._due = math.inf if stopped else now + TICK_S

    def _noted(self, now: float) -> list[Stall]:
        """The stall, if it is one, since the thread was to be woken. Whoever asks may have been woken before it."""
        late = now - self._due
        return [Stall(self._due, late)] if late > NOTED_S else []
