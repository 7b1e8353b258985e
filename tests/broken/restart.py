"""Servers that lie about their renewal."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from time import monotonic, sleep
from types import FrameType

from reference.children import Child
from reference.supervisor import Supervisor
from reference.worker import Worker
from tests.broken.catalogue import LONG_GRACE, LONG_GRACE_IS_PROMISED

PAIR = 2
WHILE_S = 0.5  # long enough to be seen, and shorter than a server without workers keeps its node


# --- Reload


class KeepsTheLastOfThree(Supervisor):
    """Of more than two old workers the last one stays among the new (U3)."""

    breaks = "restart/reload-renews-every-worker"
    also: Mapping[str, str] = {"restart/reload-is-never-lost": "one of its reloads is of three workers, too"}

    def retire(self, child: Child) -> None:
        if self.size <= PAIR or self.workers(current=False) != [child]:
            super().retire(child)


class LeavesAReloadToItsChild(Supervisor):
    """A child is forked that goes on with new workers, and the parent ends with the old ones (U11)."""

    breaks = "restart/reload-keeps-the-parent"
    also: Mapping[str, str] = dict.fromkeys(
        (
            "restart/reload-renews-every-worker",
            "restart/reload-is-never-lost",
            "restart/reload-can-be-repeated",
            "restart/stop-during-reload",
        ),
        "what is looked at is the process that was started, and there is none",
    )

    def on_sighup(self) -> None:
        if os.fork():
            os._exit(0)
        self.pid = os.getpid()
        self.children.clear()


class ForgetsAReloadMeanwhile(Supervisor):
    """A reload signal that comes while a reload is going on is forgotten (U4)."""

    breaks = "restart/reload-is-never-lost"

    def on_sighup(self) -> None:
        if not self.workers(current=False):
            super().on_sighup()


class TakesTheLatestForTheNew(Supervisor):
    """Once somebody has died a worker that becomes ready after a reload signal is taken for one of the new (U7)."""

    breaks = "restart/reload-is-never-lost"
    also: Mapping[str, str] = {"restart/reload-can-be-repeated": "the next signal comes while the last workers boot"}
    asked_at = inf
    bereaved = False

    def on_exit(self, pid: int, status: int | None) -> None:
        self.bereaved = True
        super().on_exit(pid, status)

    def on_sighup(self) -> None:
        super().on_sighup()
        if self.bereaved:
            self.asked_at = monotonic()

    def begin_generation(self) -> None:
        late = [child for child in self.workers(current=True) if child.ready_at and child.ready_at > self.asked_at]
        for child in late:
            child.generation += 1
        super().begin_generation()

    class accomplice(Worker):  # noqa: N801  # this is how the catalogue asks for it
        """Takes its time until it is ready, as most do."""

        def start(self) -> None:
            sleep(0.2)
            super().start()


class LeaksAPipeForEachReload(Supervisor):
    """A pipe is opened for each generation, and never closed (U10)."""

    breaks = "restart/reload-can-be-repeated"

    def begin_generation(self) -> None:
        os.pipe()
        super().begin_generation()


class StopsTheNewOnly(Supervisor):
    """Old workers that are still there when the stop signal comes are not told (S13)."""

    breaks = "restart/stop-during-reload"

    def workers(self, *, current: bool) -> list[Child]:
        return super().workers(current=current) if current or self.stop_by is None else []


# --- Graceful


class StopsTheOldFirst(Supervisor):
    """The old workers are told to leave, and the new ones are forked a while after (U1)."""

    breaks = "restart/new-before-old"
    also: Mapping[str, str] = {
        "restart/reload-signal-to-all": "there is a while without any worker, whoever gets the signal",
        "restart/failed-reload-keeps-serving": "who has left first is not there while the new ones die",
    }
    fork_at = 0.0

    def begin_generation(self) -> None:
        self.fork_at = monotonic() + WHILE_S
        super().begin_generation()

    def keep_workers(self) -> None:
        for child in self.workers(current=False):
            self.retire(child)
        if monotonic() >= self.fork_at:
            super().keep_workers()

    def offer(self) -> None:
        """Its node stays: on a busy machine the while is longer than a server without workers keeps one."""
        if not self.offered:
            super().offer()


class ListensAnew(Supervisor):
    """Nobody listens for a while when the old workers give way to the new (U1)."""

    breaks = "restart/reload-refuses-nobody"
    also: Mapping[str, str] = {
        "restart/new-before-old": "a worker is one that holds a listening socket",
        "restart/reload-loses-no-call": "a call on a new connection is one of those that are refused",
        "restart/reload-signal-to-all": "connections are to be accepted then too",
    }
    deaf_ticks = 0

    def retire(self, child: Child) -> None:
        if child.generation != self.generation and not self.deaf_ticks:
            self.deaf_ticks = 2  # the first may come at once
            self.listener.shutdown(socket.SHUT_RDWR)
        super().retire(child)

    def on_tick(self) -> None:
        super().on_tick()
        self.deaf_ticks = max(0, self.deaf_ticks - 1)
        if not self.deaf_ticks:
            with suppress(OSError):  # closed, while it leaves
                self.listener.listen(1024)


class KillsTheOld(Supervisor):
    """Old workers are killed, whatever they are doing (U2)."""

    breaks = "restart/reload-loses-no-call"
    arguments = LONG_GRACE
    manifest = LONG_GRACE_IS_PROMISED

    def retire(self, child: Child) -> None:
        super().retire(child)
        if child.generation != self.generation:
            child.send(signal.SIGKILL)


class WaitsForTheOld(Supervisor):
    """Old workers have all the time in the world (U3)."""

    breaks = "restart/old-workers-end"

    def retire(self, child: Child) -> None:
        super().retire(child)
        child.leave_by = inf


class DiesOfAReloadSignal(Worker):
    """A worker that gets the signal itself ends by it (U8)."""

    breaks = "restart/reload-signal-to-all"

    def start(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        super().start()

    class accomplice(Supervisor):  # noqa: N801  # this is how the catalogue asks for it
        """Forks nobody for a while after a death or a reload signal, as it may; so the gap is there to be seen."""

        fork_at = 0.0

        def on_sighup(self) -> None:
            self.fork_at = monotonic() + WHILE_S
            super().on_sighup()

        def on_exit(self, pid: int, status: int | None) -> None:
            self.fork_at = monotonic() + WHILE_S
            super().on_exit(pid, status)

        def may_fork(self) -> bool:
            return monotonic() >= self.fork_at and super().may_fork()


class TakesForkedForReady(Supervisor):
    """Old workers are told to leave when the new have been forked, whether they live or not (U5)."""

    breaks = "restart/failed-reload-keeps-serving"

    def begin_generation(self) -> None:
        super().begin_generation()
        for child in self.workers(current=False):
            self.retire(child)


class NeverGivesUpAReload(Supervisor):
    """For each of the new that dies one of the old leaves (U6)."""

    breaks = "restart/failed-reload-keeps-serving"

    def on_exit(self, pid: int, status: int | None) -> None:
        old = self.workers(current=False)
        if old and self.children.get(pid) in self.workers(current=True):
            self.retire(old[0])
        super().on_exit(pid, status)


class RegistersEachGeneration(Supervisor):
    """The node is taken back when a reload begins, and made again when it is over (R8)."""

    breaks = "restart/reload-keeps-the-node"

    def offer(self) -> None:
        if self.workers(current=False):
            self.order(offered=False)
        else:
            super().offer()


# --- Resize


class AddsTwo(Supervisor):
    """One signal brings two workers."""

    breaks = "restart/ttin-adds-a-worker"
    also: Mapping[str, str] = {
        "restart/ttou-removes-a-worker": "in the end one is added again",
        "restart/resized-number-is-kept": "the number that is to be kept is one more, at first",
    }

    def on_sigttin(self) -> None:
        super().on_sigttin()
        super().on_sigttin()


class NeverGrows(Supervisor):
    """A signal to grow is taken, and does nothing."""

    breaks = "restart/resized-number-is-kept"
    also: Mapping[str, str] = {
        "restart/ttin-adds-a-worker": "nobody comes",
        "restart/ttou-removes-a-worker": "in the end one is added again",
    }

    def on_sigttin(self) -> None:
        pass


class RemovesTheLast(Supervisor):
    """There is no floor under the number of workers (S24)."""

    breaks = "restart/ttou-removes-a-worker"

    def on_sigttou(self) -> None:
        self.size -= 1


class SpreadsItsClientsAnew(Supervisor):
    """All connections are ended, whatever is owed on them, so that they come back to those who stay (S25)."""

    breaks = "restart/ttou-loses-no-call"
    arguments = LONG_GRACE
    manifest = LONG_GRACE_IS_PROMISED

    def on_sigttou(self) -> None:
        super().on_sigttou()
        for child in self.workers(current=True):
            child.send(signal.SIGUSR1)

    class accomplice(Worker):  # noqa: N801  # this is how the catalogue asks for it
        """Ends them when it is told to."""

        def start(self) -> None:
            signal.signal(signal.SIGUSR1, self.end_connections)
            super().start()

        def end_connections(self, _signum: int, _frame: FrameType | None) -> None:
            for connection in tuple(self.connections):
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)


class ReturnsToTheNumberItWasStartedWith(Supervisor):
    """A death makes the parent count again, from its command line (S9)."""

    breaks = "restart/resized-number-is-kept"

    def on_exit(self, pid: int, status: int | None) -> None:
        if self.children.get(pid) in self.workers(current=True):
            self.size = self.settings.workers
        super().on_exit(pid, status)
