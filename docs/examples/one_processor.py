"""A fault: a process has one processor. Source: sched_setaffinity(2)."""

from __future__ import annotations

import os
from contextlib import suppress

from proctor.api import Fault, History


class OneProcessor(Fault):
    """Confines the main thread of a process to one processor. Proof: the kernel's own word. Healed by allowing it all
    that it was allowed before. What it forks meanwhile is confined too, and stays so.
    """

    needs = "sched_setaffinity"

    def __init__(self, pid: int, history: History) -> None:
        super().__init__(history)
        self._pid = pid
        self._before: set[int] = set()

    def unavailable(self) -> str | None:
        return "this machine has one processor anyway" if len(os.sched_getaffinity(0)) == 1 else None

    def inject(self) -> None:
        self._before = os.sched_getaffinity(self._pid)
        os.sched_setaffinity(self._pid, {min(self._before)})

    def proof(self) -> str | None:
        (first, *others) = sorted(os.sched_getaffinity(self._pid))
        return None if others else f"process {self._pid} runs on processor {first} alone"

    def heal(self) -> None:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(self._pid, self._before)
