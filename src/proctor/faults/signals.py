"""Signals as faults: kill, stop, bursts. All through pidfds, so none reaches a stranger."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress

from proctor.faults.fault import Fault, LastingFault
from proctor.history import History
from proctor.outcome import Inconclusive, TimedOut
from proctor.process import observe
from proctor.process.process import Gone, Process, living
from proctor.waiting import eventually

SIGHT_S = 0.005  # between two looks for something to kill
VOLLEY_S = 3.0


class Kill(Fault):
    """Ends processes by a signal, SIGKILL unless told otherwise. Proof: every pidfd fired, none before the signal.

    Those that end by themselves before it are left out; somebody must be left to be killed. Nothing to heal.
    """

    def __init__(self, pids: Iterable[int], history: History, number: int = signal.SIGKILL) -> None:
        super().__init__(history)
        self.pids = sorted(pids)
        self._number = number
        self._processes: list[Process] = []

    def inject(self) -> None:
        for pid in self.pids:
            with suppress(Gone):
                self._processes += living([pid])
        if not self._processes:
            raise Gone(f"of {self.pids} none is alive to be killed")
        for process in self._processes:
            process.send(self._number)

    def proof(self) -> str | None:
        running = [process.pid for process in self._processes if not process.ended()]
        assert not running, f"{running} run on"
        struck = [process.pid for process in self._processes]
        return f"{len(struck)} pidfds fired after {signal.Signals(self._number).name}: {struck}"

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
        self._processes = living(self.pids)
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

    Proof: none was ignored and none is pending any more, or the process has ended by them. So of a process that is
    stopped there is none until it goes on. A signal that is left at its default and so discarded, as SIGCHLD, counts.
    """

    def __init__(self, process: Process, numbers: Sequence[int], history: History) -> None:
        super().__init__(history)
        self._process = process
        self._numbers = numbers
        self._sent = 0
        self._ignored: list[str] = []

    def inject(self) -> None:
        self._process.demand_life()
        self._ignored = names_in(observe.status(self._process.pid).get("SigIgn", "0"), self._numbers)
        self._send_all()

    def _send_all(self) -> None:
        for number in self._numbers:
            self._send(number)
            self._sent += 1

    def _send(self, number: int) -> None:
        self._process.send(number)

    def proof(self) -> str | None:
        assert not self._ignored, f"process {self._process.pid} ignores {', '.join(self._ignored)}"
        pending = self._pending()
        assert not pending, f"process {self._process.pid} has not taken {', '.join(pending)} yet (is it stopped?)"
        names = ", ".join(sorted({signal.Signals(number).name for number in self._numbers}))
        return f"{self._sent} signals ({names}) taken by process {self._process.pid}"

    def _pending(self) -> list[str]:
        """Of the process as a whole; what is sent to one of its threads alone is not ours."""
        if self._process.ended():
            return []
        return names_in(observe.status(self._process.pid).get("ShdPnd", "0"), self._numbers)

    def heal(self) -> None:
        """Signals that were delivered can't be taken back."""


class GroupBurst(Burst):
    """The same, to each process of the group that a program's parent leads: so a terminal sends Ctrl-C.

    Proof: the parent's.
    """

    def inject(self) -> None:
        found = observe.stat(self._process.pid)
        if found is not None and found.group != self._process.pid:
            raise Inconclusive(f"process {self._process.pid} leads no group: it is in group {found.group}")
        super().inject()

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):  # the signals before this one have ended them all
            os.killpg(self._process.pid, number)


class Volley(Burst):
    """Many signals one by one: each is sent when the one before it was taken, so none coalesces with another. As many
    as are taken within VOLLEY_S. Proof: as of a burst; it says how many they were.
    """

    def _send_all(self) -> None:
        ends = time.monotonic() + VOLLEY_S
        with suppress(TimedOut):
            for number in self._numbers:
                eventually(lambda: not self._pending(), within=ends - time.monotonic())
                self._send(number)
                self._sent += 1


def names_in(mask: str, numbers: Iterable[int]) -> list[str]:
    """The names of those signals that are in a mask of /proc/PID/status."""
    return [signal.Signals(number).name for number in sorted(set(numbers)) if int(mask, 16) >> (number - 1) & 1]


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


class KillOnSight(LastingFault):
    """Kills whatever `find` gives, again and again, until healed. Proof: several were killed, none dead before."""

    ENOUGH = 3

    def __init__(self, find: Callable[[], Iterable[int]], history: History) -> None:
        super().__init__(history)
        self._find = find
        self._killed: set[int] = set()

    def proof(self) -> str | None:
        count = len(self._killed)
        return f"{count} processes were killed as soon as they were seen" if count >= self.ENOUGH else None

    def keep_up(self) -> None:
        while not self.healed.wait(SIGHT_S):
            for pid in self._find():
                with suppress(Gone), closing(Process(pid)) as process:
                    process.demand_life()
                    process.send(signal.SIGKILL)
                    self._killed.add(pid)
