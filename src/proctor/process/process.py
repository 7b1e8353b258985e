"""One process of the implementation, held by a pidfd: a signal never reaches a reused pid. Source: pidfd_open(2)."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable

from proctor.outcome import Inconclusive
from proctor.process import observe


class Gone(Inconclusive):
    """The process had ended before anything could be done to it."""


class Process:
    """A process that is not necessarily our child. `close` gives the pidfd back."""

    def __init__(self, pid: int) -> None:
        self.fd = -1
        try:
            self.fd = os.pidfd_open(pid)
        except ProcessLookupError:
            raise Gone(f"process {pid} is gone") from None
        self.pid = pid

    def send(self, number: int) -> None:
        """Send a signal; to a process that ended it does nothing."""
        try:
            signal.pidfd_send_signal(self.fd, number)
        except ProcessLookupError:
            return

    def state(self) -> str:
        """The letter of proc(5): R, S, D, T, Z, ...; X once it is reaped."""
        found = observe.stat(self.pid)
        return found.state if found and not (self.ended() and found.state != "Z") else "X"

    def ended(self) -> bool:
        """Whether it has exited; reaped or not."""
        return self.wait_ended(0)

    def wait_ended(self, within_s: float) -> bool:
        """Wait for its exit (the pidfd becomes readable); whether it came within the time."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return bool(poll.poll(max(0.0, within_s) * 1000))

    def demand_life(self) -> None:
        """Gone if it has ended, reaped or not."""
        if self.ended():
            raise Gone(f"process {self.pid} has ended already")

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __repr__(self) -> str:
        return f"process {self.pid}"

    def __del__(self) -> None:
        self.close()


def living(pids: Iterable[int]) -> list[Process]:
    """Each of these, alive. Gone if one has ended, reaped or not: of a dead process no signal proves anything."""
    opened = [Process(pid) for pid in pids]
    for process in opened:
        process.demand_life()
    return opened
