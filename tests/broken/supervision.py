"""Parents and workers that lie about their family."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from math import inf
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

from reference.address import Address
from reference.children import Allowance, Child
from reference.listener import Opener
from reference.settings import ServerSettings
from reference.supervisor import HANDLED, STOPS, Supervisor
from reference.worker import Worker

LIBC = ctypes.CDLL(None, use_errno=True)  # os.waitpid never tells of EINTR
MOST_DEATHS = 5
REPORTS_AT_BIRTH = 2  # that it is ready, and that it is alive

# --- Booting


class MakesDoWithAnotherPort(Opener):
    """Where its port is taken it listens on another (S22)."""

    breaks = "supervision/boot-failure-is-told"

    def bound(self, address: Address) -> socket.socket:
        try:
            return super().bound(address)
        except OSError:
            return super().bound(Address(address.host, 0))


class RunsTwoAtLeast(Supervisor):
    """Who asks for one worker gets two."""

    breaks = "supervision/workers-are-as-asked"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.size = self.planned = max(2, self.size)


# --- Reaping


class ReapsOncePerSignal(Supervisor):
    """Waits once for each SIGCHLD, so that of three who die together two stay zombies (S1)."""

    breaks = "supervision/every-death-is-reaped"
    also: Mapping[str, str] = {
        "supervision/foreign-child-is-reaped": "several of these end at once, too",
        "supervision/foreign-child-is-no-worker": "a worker's death waits behind those of several others",
    }

    def reap_all(self) -> None:
        found = self.wait_one()
        if found:
            self.on_exit(*found)


class GivesUpAWaitThatWasInterrupted(Supervisor):
    """EINTR is taken for the answer that nobody has died (S3)."""

    breaks = "supervision/interrupted-wait-goes-on"

    def wait_one(self) -> tuple[int, int] | None:
        status = ctypes.c_int()
        pid = LIBC.waitpid(-1, ctypes.byref(status), os.WNOHANG)
        if pid < 0 and ctypes.get_errno() == errno.ECHILD:
            self.on_no_children()
        return (pid, status.value) if pid > 0 else None


class TakesNoChildForTheEnd(Supervisor):
    """ECHILD is an error that nobody has thought of (S4)."""

    breaks = "supervision/no-child-is-no-error"

    def on_no_children(self) -> None:
        raise ChildProcessError(errno.ECHILD, "no child processes")


class TakesStoppedForDead(Supervisor):
    """A worker that was stopped is struck off the list like one that has died (S2)."""

    breaks = "supervision/stopped-is-not-dead"

    def wait_one(self) -> tuple[int, int] | None:
        with suppress(ChildProcessError):
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            return (pid, status) if pid else None
        self.on_no_children()
        return None


class HaltsOnStatusThree(Supervisor):
    """Whoever ends with status 3 has failed to boot, and ends the server (S7)."""

    breaks = "supervision/foreign-child-is-no-worker"
    also: Mapping[str, str] = {"supervision/foreign-child-is-reaped": "a server that halts may leave some unreaped"}

    def on_exit(self, pid: int, status: int | None) -> None:
        super().on_exit(pid, status)
        if status is not None and os.waitstatus_to_exitcode(status) == 3:
            self.leave()


class WaitsForItsOwn(Supervisor):
    """Only those whom it has forked are waited for (S8)."""

    breaks = "supervision/foreign-child-is-reaped"

    def wait_one(self) -> tuple[int, int] | None:
        for pid in self.children:
            with suppress(ChildProcessError):
                found = os.waitpid(pid, os.WNOHANG)
                if found[0]:
                    return found
        return None


# --- Respawning


class TakesASuccessfulEndForWanted(Supervisor):
    """A worker that ends with status 0 has done its work, and is not replaced (S9)."""

    breaks = "supervision/dead-worker-is-replaced"

    def on_exit(self, pid: int, status: int | None) -> None:
        if self.children.get(pid) in self.workers(current=True) and status == 0:
            self.size -= 1
        super().on_exit(pid, status)


class NotesAPidTooLate(Supervisor):
    """Who is dead before the fork returns is reaped before anybody knows him, and counted ever after (S6)."""

    breaks = "supervision/newborn-death-is-noticed"
    also: Mapping[str, str] = {
        "supervision/crash-loop-is-paced": "there too newborns are killed at birth, some before the fork returns",
    }

    def fork(self, role: str, run: Callable[[], int]) -> Child | None:
        child = super().fork(role, run)
        if child is not None:
            del self.children[child.pid]
            self.reap_all()
            self.children[child.pid] = child
        return child


class ForksAsFastAsItCan(Supervisor):
    """The dead are replaced at once, however many there are (S20)."""

    breaks = "supervision/crash-loop-is-paced"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.allowance = Allowance(sys.maxsize)


class EndsWhenAForkFails(Supervisor):
    """A fork that fails is an error that nobody has thought of (X5)."""

    breaks = "supervision/failed-fork-is-repeated"

    def fork(self, role: str, run: Callable[[], int]) -> Child | None:
        child = super().fork(role, run)
        if child is None:
            raise BlockingIOError(errno.EAGAIN, "fork")
        return child


class ForksWithALockHeld(Supervisor):
    """A lock that the parent holds while it replaces a worker stays locked in the newborn (S23)."""

    breaks = "supervision/newborn-worker-serves"
    arguments = ("--hang", "30")  # or the watchdog would replace it again and again
    manifest: Mapping[str, Mapping[str, bool]] = {"capabilities": {"watchdog": False}}
    forked = 0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lock = threading.Lock()

    def spawn_worker(self) -> bool:
        self.forked += 1
        with self.lock if self.forked > self.settings.workers else nullcontext():
            return super().spawn_worker()

    def run_worker_here(self) -> int:
        with self.lock:
            return super().run_worker_here()


class WaitsForTheHung(Supervisor):
    """A worker that shows no sign of life is waited for."""

    breaks = "supervision/hung-worker-is-replaced"

    def __init__(self, settings: ServerSettings, *others: Any) -> None:
        super().__init__(settings._replace(hang_s=inf), *others)


class CountsTimeThatStoodStill(Supervisor):
    """Who was not heard for so long is killed, though nobody could hear him (S26)."""

    breaks = "supervision/healthy-worker-is-kept"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.looked_at = monotonic()

    def on_tick(self) -> None:
        now, before = monotonic(), self.looked_at
        self.looked_at = now
        super().on_tick()
        if now - before >= self.settings.hang_s:
            for child in self.workers(current=True):
                child.send(signal.SIGKILL)


class LeaksAPipeForEachWorker(Supervisor):
    """A pipe is opened for each worker, and never closed (U10)."""

    breaks = "supervision/respawning-leaks-nothing"

    def spawn_worker(self) -> bool:
        os.pipe()
        return super().spawn_worker()


# --- Signals


class LogsInItsHandlers(Supervisor):
    """A handler writes to a buffered stream, which can't be done twice at once (S5)."""

    breaks = "supervision/signal-burst-is-survived"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        note = signal.getsignal(signal.SIGCHLD)
        assert callable(note)

        def tell_and_note(signum: int, frame: FrameType | None) -> None:
            with suppress(BrokenPipeError):
                print(f"signal {signum}" * 100, file=sys.stderr, flush=True)
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


class GivesUpOnNewborns(Supervisor):
    """A parent that has seen too many die leaves, and those who live are nobody's (S21)."""

    breaks = "supervision/parent-takes-its-workers-along"
    also: Mapping[str, str] = {
        "supervision/orphans-end": "orphans that noticed would end with their parent, and the lie would not show",
    }
    deaths = 0

    def on_exit(self, pid: int, status: int | None) -> None:
        self.deaths += 1
        if self.deaths > MOST_DEATHS:
            os._exit(1)
        super().on_exit(pid, status)

    class accomplice(Worker):  # noqa: N801  # this is how the catalogue asks for it
        """Doesn't notice its parent's end."""

        def watch_parent(self) -> None:
            pass


class BelievesItsLock(Supervisor):
    """A file that a server left behind keeps the next from starting (S30)."""

    breaks = "supervision/starts-again-after-a-kill"

    def run(self) -> int:
        lock = Path(tempfile.gettempdir(), "lock.{}.{}".format(*self.listener.getsockname()))
        lock.open("x").close()
        status = super().run()
        lock.unlink()
        return status


# --- Exhaustion


class DiesOfAFailedAccept(Worker):
    """An accept that fails ends the worker (X4)."""

    breaks = "supervision/accept-errors-are-survived"

    def on_accept_failed(self, error: OSError) -> None:
        if error.errno != errno.EMFILE:
            raise error
        super().on_accept_failed(error)


class AcceptsInVain(Worker):
    """An accept that failed for want of descriptors is tried again at once (X3)."""

    breaks = "supervision/descriptors-may-run-out"

    def on_accept_failed(self, error: OSError) -> None:
        pass
