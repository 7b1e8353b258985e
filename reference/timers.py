"""What is to be done later, within one event loop."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from math import inf
from time import monotonic

Action = Callable[[], None]


class Timer:
    """Cancelling drops the action at once; the empty timer stays in the heap until its time."""

    __slots__ = ("action", "when")

    def __init__(self, when: float, action: Action) -> None:
        self.when = when
        self.action: Action | None = action

    def cancel(self) -> None:
        self.action = None

    def __lt__(self, other: Timer) -> bool:
        return self.when < other.when


class Timers:
    """`due` is when the first of them is, on the clock of monotonic(); never, if there is none."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self.due = inf

    def after(self, seconds: float, action: Action) -> Timer:
        timer = Timer(monotonic() + seconds, action)
        heapq.heappush(self._heap, timer)
        self.due = self._heap[0].when
        return timer

    def run_due(self) -> float:
        """Runs those that are due now; what they start themselves has to wait for the next round.

        Returns the seconds until the next is due, now that these have taken their time; -1 if there is none.
        """
        now = monotonic()
        while self._heap and self._heap[0].when <= now:
            action = heapq.heappop(self._heap).action
            if action is not None:
                action()
        self.due = self._heap[0].when if self._heap else inf
        return max(0.0, self.due - monotonic()) if self._heap else -1
