"""Children that a server did not fork."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.outcome import Inconclusive
from proctor.process import observe
from proctor.process.foster import CUE, ENDS
from proctor.process.process import Process

FOSTER = Path(observe.__file__).with_name("foster.py")
FOSTERED: Sequence[str] = (sys.executable, "-I", "-S", str(FOSTER))
"""Words before a server's command: the server then comes into the world with children."""


class ForeignChildrenEnd(Fault):
    """The children that came with a server end: by status 0, by status 3, and by SIGKILL. Proof: each pidfd fired."""

    def __init__(self, pid: int, history: History) -> None:
        super().__init__(history)
        self._processes = [Process(child) for child in foreign_children(pid)]
        if len(self._processes) != len(ENDS):
            raise Inconclusive(f"process {pid} has {len(self._processes)} children that came with it, not {len(ENDS)}")

    @property
    def pids(self) -> set[int]:
        return {process.pid for process in self._processes}

    def inject(self) -> None:
        for process in self._processes:
            process.demand_life()
        for process in self._processes:
            process.send(CUE)

    def proof(self) -> str | None:
        gone = all(process.ended() for process in self._processes)
        return f"{len(ENDS)} pidfds fired; the children ended as told: {list(ENDS)}" if gone else None

    def heal(self) -> None:
        for process in self._processes:
            process.close()


def foreign_children(pid: int) -> list[int]:
    """Those of a process's children that are still what `foster.py` has forked."""
    return [child.pid for child in observe.family(pid) if child.parent == pid and str(FOSTER) in arguments(child.pid)]


def arguments(pid: int) -> list[str]:
    return observe.read(observe.PROC / str(pid) / "cmdline").split("\0")
