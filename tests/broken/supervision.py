"""Parents and workers that lie about their family."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from math import inf
from time import monotonic
from typing import Any

from reference.address import Address
from reference.children import Allowance, Child
from reference.listener import Opener
from reference.settings import ServerSettings
from reference.supervisor import Supervisor
from reference.worker import Worker
from tests.broken.catalogue import LONG_GRACE, LONG_GRACE_IS_PROMISED

LIBC = ctypes.CDLL(None, use_errno=True)  # os.waitpid never tells of EINTR

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


# --- Exhaustion


class DiesOfAFailedAccept(Worker):
    """An accept that fails ends the worker (X4)."""

    breaks = "supervision/accept-errors-are-survived"

    def on_accept_failed(self, error: OSError) -> None:
        if error.errno != errno.EMFILE:
            raise error
        super().on_accept_failed(error)


class BlocksInAccept(Worker):
    """All are woken for one connection, and an accept that finds none waits for the next (X7)."""

    breaks = "supervision/accept-errors-are-survived"
    arguments = (*LONG_GRACE, "--hang", "30")  # or it would be killed when it hangs, and all would be well
    manifest: Mapping[str, Mapping[str, Any]] = {**LONG_GRACE_IS_PROMISED, "capabilities": {"watchdog": False}}

    def accept_again(self) -> None:
        if not self.draining:
            self.listener.setblocking(True)
            self.handle(self.listener.fileno(), self.on_acceptable)

    def accept_all(self) -> None:
        while select.select([self.listener], [], [], 0)[0]:
            self.on_acceptable()


class AcceptsInVain(Worker):
    """An accept that failed for want of descriptors is tried again at once (X3)."""

    breaks = "supervision/descriptors-may-run-out"

    def on_accept_failed(self, error: OSError) -> None:
        pass


class NeverRests(Supervisor):
    """Once a child has died, each round of the parent's loop wakes the next (S4)."""

    breaks = "supervision/idle-server-rests"
    bereaved = False

    def on_sigchld(self) -> None:
        super().on_sigchld()
        self.bereaved = True

    def manage(self) -> None:
        super().manage()
        if self.bereaved:
            os.kill(os.getpid(), signal.SIGCHLD)
