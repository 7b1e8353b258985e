"""What befalls workers at their birth."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Collection

from proctor.faults.fault import LastingFault
from proctor.history import History
from proctor.process import observe
from proctor.process.process import Gone, Process, living

LOOK_EVERY_S = 0.001
LOOKS = 2  # at the workers, when somebody was born: a child has its pid a moment before it can be found
FIND_EVERY_S = 0.005  # though nobody was born: whoever executes a program first becomes a worker later


class AtBirth(LastingFault):
    """A signal to each newborn worker as soon as it is seen: SIGKILL ends it, SIGSTOP holds it up.

    Who comes of a vfork is let be until it has executed its program: its parent takes no signal until then.

    `find` gives the pids of the workers that there are; those that there are at the injection are spared, and so is who
    comes after the first `most`. Proof: who got it was seen dead, or stopped; on a busy machine that comes well after
    the signal. Healed: none gets it any more, and who was stopped goes on.
    """

    def __init__(
        self,
        find: Callable[[], Collection[int]],
        history: History,
        number: int = signal.SIGKILL,
        most: int | None = None,
    ) -> None:
        super().__init__(history)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            raise ValueError(f"newborns are struck by SIGKILL or SIGSTOP, not by {signal.Signals(number).name}")
        self._find = find
        self._number = number
        self._most = most
        self._known: set[int] = set()
        self._signalled: dict[Process, float] = {}  # who was not yet seen dead or stopped, and when he was born
        self._struck: list[Process] = []
        self.latest_s = 0.0  # the age of the oldest when he was seen dead or stopped

    @property
    def pids(self) -> list[int]:
        """The newborns that were seen dead or stopped so far, in that order."""
        return [process.pid for process in self._struck]

    def inject(self) -> None:
        self._known = set(self._find())
        super().inject()

    def proof(self) -> str | None:
        name = signal.Signals(self._number).name
        if not self._struck or self._signalled:
            return None
        return f"{name} to {len(self._struck)} newborns: {self.pids}"

    def heal(self) -> None:
        super().heal()
        for process in [*self._signalled, *self._struck]:
            process.send(signal.SIGCONT)
            process.close()

    def keep_up(self) -> None:
        latest, looks, due = 0, 0, 0.0
        while not self.healed.wait(LOOK_EVERY_S) and len(self._struck) != self._most:
            before, latest = latest, observe.latest_pid()
            looks = LOOKS if latest != before else looks - 1
            if looks > 0 or time.monotonic() >= due:
                self._strike()
                due = time.monotonic() + FIND_EVERY_S
            self._look_for_effects()

    def _strike(self) -> None:
        for pid in sorted(set(self._find()) - self._known):
            if is_borrowing(pid):
                continue
            self._known.add(pid)
            if len(self._signalled) + len(self._struck) != self._most:
                self._signal(pid)

    def _signal(self, pid: int) -> None:
        try:
            (newborn,) = living([pid])
        except Gone:
            return
        if (found := observe.stat(pid)) is not None:
            self._signalled[newborn] = time.monotonic() - found.age_s
            newborn.send(self._number)

    def _look_for_effects(self) -> None:
        for newborn, born in list(self._signalled.items()):
            if newborn.ended() or (self._number == signal.SIGSTOP and newborn.state() == "T"):
                self.latest_s = max(self.latest_s, time.monotonic() - born)
                self._struck.append(newborn)
                del self._signalled[newborn]


def is_borrowing(pid: int) -> bool:
    """Whether it lives on the memory of its parent, which waits for it inside vfork, or is about to."""
    found = observe.stat(pid)
    return found is not None and observe.borrows_memory(pid, found.parent)
