"""What befalls workers at their birth."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Collection

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.process import observe
from proctor.process.process import Gone, Process, living

LOOK_EVERY_S = 0.001


class AtBirth(Fault):
    """A signal to each newborn worker as soon as it is seen: SIGKILL ends it, SIGSTOP holds it up.

    Who comes of a vfork is let be until it has executed its program: its parent takes no signal until then.

    `find` gives the pids of the workers that there are; those that there are at the injection are spared, and so is who
    comes after the first `most`. Proof: a newborn got it, and no other signal is certain to affect who gets it. Healed:
    none gets it any more, and who was stopped goes on.
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
        self._struck: list[Process] = []
        self.latest_s = 0.0  # the age of the oldest when it got the signal
        self._healed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="proctor-at-birth", daemon=True)

    @property
    def pids(self) -> list[int]:
        """The newborns that got the signal so far, in the order of their births."""
        return [process.pid for process in self._struck]

    def inject(self) -> None:
        self._known = set(self._find())
        self._thread.start()

    def proof(self) -> str | None:
        name = signal.Signals(self._number).name
        return f"{name} to {len(self._struck)} newborns: {self.pids}" if self._struck else None

    def heal(self) -> None:
        self._healed.set()
        if self._thread.ident is not None:
            self._thread.join()
        for process in self._struck:
            process.send(signal.SIGCONT)
            process.close()

    def _watch(self) -> None:
        while not self._healed.wait(LOOK_EVERY_S) and len(self._struck) != self._most:
            for pid in sorted(set(self._find()) - self._known):
                if is_borrowing(pid):
                    continue
                self._known.add(pid)
                if len(self._struck) != self._most:
                    self._strike(pid)

    def _strike(self, pid: int) -> None:
        try:
            (newborn,) = living([pid])
        except Gone:
            return
        born = observe.stat(pid)
        newborn.send(self._number)
        self.latest_s = max(self.latest_s, born.age_s if born else 0.0)
        self._struck.append(newborn)


def is_borrowing(pid: int) -> bool:
    """Whether it lives on the memory of its parent, which waits for it inside vfork, or is about to."""
    found = observe.stat(pid)
    return found is not None and observe.borrows_memory(pid, found.parent)
