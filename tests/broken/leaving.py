"""Parents and workers that lie about leaving."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import sleep
from types import FrameType
from typing import Any

from reference.children import Child
from reference.supervisor import HANDLED, STOPS, Supervisor
from reference.worker import Worker
from tests.broken.catalogue import LONG_GRACE, LONG_GRACE_IS_PROMISED

MOST_DEATHS = 5
WHILE_S = 0.3
REPORTS_AT_BIRTH = 2  # that it is ready, and that it is alive

# --- Signals


class LogsInItsHandlers(Supervisor):
    """A handler writes to a buffered stream, which can't be done twice at once (S5)."""

    breaks = "supervision/signal-burst-is-survived"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        note = signal.getsignal(signal.SIGCHLD)
        assert callable(note)
        log = open(sys.stderr.fileno(), "w", closefd=False)  # noqa: SIM115  # PYTHONUNBUFFERED leaves stderr no buffer

        def tell_and_note(signum: int, frame: FrameType | None) -> None:
            with suppress(BrokenPipeError):
                print(f"signal {signum}", file=log, flush=True)
            note(signum, frame)

        for signum in HANDLED:
            signal.signal(signum, tell_and_note)


class ForgetsAStopBehindOthers(Supervisor):
    """A stop signal is forgotten when another one comes behind it (S10)."""

    breaks = "supervision/stop-signal-is-never-lost"
    also: Mapping[str, str] = {
        "supervision/stop-may-be-sent-to-all-and-again": "the SIGCHLD of who leaves at once comes behind it",
    }

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.take_all = self.signals.take
        self.signals.take = self.take  # type: ignore[method-assign]  # that is the lie

    def take(self) -> list[int]:
        arrived = self.take_all()
        return [signum for signum in arrived if signum not in STOPS or signum == arrived[-1]]


class TakesIntForNow(Worker):
    """A worker that is interrupted leaves its calls where they are (S17)."""

    breaks = "supervision/stop-may-be-sent-to-all-and-again"

    def on_signals(self, _events: int) -> None:
        arrived = self.signals.take()
        if arrived:
            self.drain()
        if signal.SIGINT in arrived:
            self.finish()


class DiesWhenNobodyListens(Supervisor):
    """A line that can't be written to the log ends the parent (S27)."""

    breaks = "supervision/log-reader-may-leave"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.log = lambda message: print(message, file=sys.stderr, flush=True)  # type: ignore[assignment]


# --- Stopping


class LeavesItsWorkersToThemselves(Supervisor):
    """The parent ends first, and its workers when they notice (S14)."""

    breaks = "supervision/stop-ends-everything"
    also: Mapping[str, str] = {"supervision/stuck-worker-is-killed": "a parent that has left kills nobody"}

    def on_stop(self) -> None:
        super().on_stop()
        self.children.clear()


class WaitsForTraffic(Worker):
    """A worker looks whether it was told to leave when somebody has connected (S12)."""

    breaks = "supervision/stop-ends-everything"
    also: Mapping[str, str] = dict.fromkeys(
        (
            "supervision/stop-exits-with-0",
            "supervision/stop-works-at-any-moment",
            "supervision/call-in-flight-finishes",
        ),
        "nobody connects there any more",
    )
    arguments = ("--grace", "7")  # or it would be killed in time
    manifest: Mapping[str, Mapping[str, Any]] = {"limits": {"grace_s": 7}}
    told = False

    def on_signals(self, _events: int) -> None:
        self.told = bool(self.signals.take())

    def adopt(self, sock: socket.socket) -> None:
        super().adopt(sock)
        if self.told:
            self.drain()


class ExitsWithTheSignal(Supervisor):
    """A stop that was asked for is reported as an error."""

    breaks = "supervision/stop-exits-with-0"

    def run(self) -> int:
        return super().run() or 128 + signal.SIGTERM


class StopsOnlyWhenComplete(Supervisor):
    """A stop signal is forgotten while a worker is missing, or its successor has just been born (S13)."""

    breaks = "supervision/stop-works-at-any-moment"
    heard: Counter[int] | None = None  # how often each was heard of since the last death

    def on_exit(self, pid: int, status: int | None) -> None:
        self.heard = Counter()
        super().on_exit(pid, status)

    def on_report(self, pid: int, kind: bytes) -> None:
        if self.heard is not None:
            self.heard[pid] += 1
        super().on_report(pid, kind)

    def seasoned(self, child: Child) -> bool:
        return child.ready and (self.heard is None or self.heard[child.pid] > REPORTS_AT_BIRTH)

    def on_stop(self) -> None:
        if sum(map(self.seasoned, self.workers(current=True))) == self.size:
            super().on_stop()


class ForksWithItsHandlers(Supervisor):
    """Who takes a dead worker's place has the parent's handlers for a while, which take note for nobody (S11)."""

    breaks = "supervision/stop-works-at-any-moment"
    arguments = LONG_GRACE
    manifest = LONG_GRACE_IS_PROMISED
    forked = 0

    def spawn_worker(self) -> bool:
        self.forked += 1
        return super().spawn_worker()

    def run_worker_here(self) -> int:
        if self.forked > self.settings.workers:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            sleep(WHILE_S)
        return super().run_worker_here()


class DropsItsCalls(Worker):
    """A worker that is told to leave leaves (S17)."""

    breaks = "supervision/call-in-flight-finishes"
    also: Mapping[str, str] = {
        "supervision/queued-connections-are-served": "a call in flight is one of those",
    }

    def drain(self) -> None:
        super().drain()
        self.finish()


class DropsItsBacklog(Worker):
    """Who has connected and was not accepted is reset (S28)."""

    breaks = "supervision/queued-connections-are-served"

    def accept_all(self) -> None:
        pass


class KeepsItsDoorOpen(Supervisor):
    """The parent holds the listening socket until it ends (S29)."""

    breaks = "supervision/stopping-server-refuses"

    def on_stop(self) -> None:
        self.door = self.listener.dup()
        super().on_stop()


class NeverKills(Supervisor):
    """Who doesn't leave is waited for (S18)."""

    breaks = "supervision/stuck-worker-is-killed"

    def kill_overdue(self) -> None:
        pass


# --- Orphans


class TakesOneForTheOnlyStepfather(Worker):
    """A worker asks whether its parent is process 1, and not whether it is another (S16)."""

    breaks = "supervision/orphans-end"

    def watch_parent(self) -> None:
        if os.getppid() == 1:
            self.drain()
        self.timers.after(0.1, self.watch_parent)


class NeverLooksUp(Worker):
    """A worker doesn't ask whether its parent is still there (S15)."""

    breaks = "supervision/orphans-end"

    def watch_parent(self) -> None:
        pass


class GivesUpOnNewborns(Supervisor):
    """A parent that has seen too many die leaves, and those who live are nobody's (S21)."""

    breaks = "supervision/parent-takes-its-workers-along"
    also: Mapping[str, str] = {
        "supervision/orphans-end": "orphans that noticed would end with their parent, and the lie would not show",
    }
    accomplice = NeverLooksUp
    deaths = 0

    def on_exit(self, pid: int, status: int | None) -> None:
        self.deaths += 1
        if self.deaths > MOST_DEATHS:
            os._exit(1)
        super().on_exit(pid, status)


class BelievesItsLock(Supervisor):
    """A file that a server left behind keeps the next from starting (S30)."""

    breaks = "supervision/starts-again-after-a-kill"

    def run(self) -> int:
        lock = Path(tempfile.gettempdir(), "lock.{}.{}".format(*self.listener.getsockname()))
        lock.open("x").close()
        status = super().run()
        lock.unlink()
        return status
