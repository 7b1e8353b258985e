"""Signals as faults: kill, stop, bursts. All through pidfds, so none reaches a stranger."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Sequence

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.process import observe
from proctor.process.process import Gone, Process


class Kill(Fault):
    """Ends processes by a signal, SIGKILL unless told otherwise. Proof: every pidfd fired. Nothing to heal."""

    def __init__(self, pids: Iterable[int], history: History, number: int = signal.SIGKILL) -> None:
        super().__init__(history)
        self.pids = sorted(pids)
        self._number = number
        self._processes: list[Process] = []

    def inject(self) -> None:
        self._processes = [Process(pid) for pid in self.pids]
        for process in self._processes:
            process.send(self._number)

    def proof(self) -> str | None:
        gone = all(process.ended() for process in self._processes)
        name = signal.Signals(self._number).name
        return f"{len(self._processes)} pidfds fired after {name}: {self.pids}" if self._processes and gone else None

    def heal(self) -> None:
        for process in self._processes:
            process.close()


class Stop(Fault):
    """SIGSTOP on processes. Proof: their state in /proc is T. Healed by SIGCONT."""

    def __init__(self, pids: Iterable[int], history: History) -> None:
        super().__init__(history)
        self.pids = sorted(pids)
        self._processes: list[Process] = []

    def inject(self) -> None:
        self._processes = [Process(pid) for pid in self.pids]
        for process in self._processes:
            process.send(signal.SIGSTOP)

    def proof(self) -> str | None:
        stopped = all(process.state() == "T" for process in self._processes)
        return f"state T: {self.pids}" if self._processes and stopped else None

    def heal(self) -> None:
        for process in self._processes:
            process.send(signal.SIGCONT)
            process.close()


class Burst(Fault):
    """Many signals to one process, back to back. Signals of one kind coalesce: never expect n effects of n.

    Proof: the process catches or has pending each of them, or has ended; a signal it ignores proves nothing.
    """

    def __init__(self, process: Process, numbers: Sequence[int], history: History) -> None:
        super().__init__(history)
        self._process = process
        self._numbers = numbers
        self._deliverable: set[int] = set()

    def inject(self) -> None:
        self._deliverable = {number for number in set(self._numbers) if deliverable(self._process.pid, number)}
        for number in self._numbers:
            self._process.send(number)

    def proof(self) -> str | None:
        if self._deliverable != set(self._numbers):
            return None
        names = ", ".join(sorted(signal.Signals(number).name for number in self._deliverable))
        return f"{len(self._numbers)} signals ({names}) sent to process {self._process.pid}, which does not ignore them"

    def heal(self) -> None:
        """Signals that were delivered can't be taken back."""


def deliverable(pid: int, number: int) -> bool:
    """Whether a signal would do something to a process: it isn't ignored (SigIgn of proc(5))."""
    ignored = int(observe.status(pid).get("SigIgn", "0"), 16)
    return not ignored >> (number - 1) & 1


def alive(pids: Iterable[int]) -> list[int]:
    """Those of `pids` that still run: neither gone nor zombies."""
    found = []
    for pid in pids:
        try:
            process = Process(pid)
        except Gone:
            continue
        if not process.ended():
            found.append(pid)
        process.close()
    return found
