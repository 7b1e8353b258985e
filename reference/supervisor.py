"""The parent: keeps as many workers as it is told to, and one registrar; does nothing else, and has no threads.

Signals only wake its loop. In each round it reads what has arrived, then `manage` compares what is with what should be
and moves one step closer; so it doesn't matter in which order things happen, nor whether some happen at once.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from reference.children import Allowance, Child
from reference.log import Log
from reference.reports import READY, Reporter, Reports
from reference.settings import ServerSettings
from reference.signals import Signals, block

TICK_S = 0.25
SILENT_TICKS = 8  # a worker that has not been heard of for so long is not counted upon
UNABLE_S = 2.0  # no worker to count upon for so long: the node goes (R23)
DEREGISTER_S = 0.8  # what a registry that doesn't answer may take of the time to stop (R15)
RETIRE_S = 30.0  # from a reload or TTOU until a worker whose calls don't end is killed
LISTENER_VARIABLE = "REFERENCE_LISTENER"  # the listening socket's descriptor, over an exec

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
HANDLED = (*STOPS, signal.SIGHUP, signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU)
IGNORED = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE)

RunWorker = Callable[[socket.socket, int, Reporter, Log], int]
RunRegistrar = Callable[[int, Reporter, tuple[str, int], Log], int]


class Supervisor:
    def __init__(
        self,
        settings: ServerSettings,
        listener: socket.socket,
        run_worker: RunWorker,
        run_registrar: RunRegistrar,
        log: Log,
    ) -> None:
        self.settings = settings
        self.listener = listener
        self.run_worker = run_worker
        self.run_registrar = run_registrar
        self.log = log
        self.pid = os.getpid()
        self.signals = Signals(HANDLED, IGNORED)
        self.reports = Reports()
        self.children: dict[int, Child] = {}
        self.registrar: Child | None = None
        self.orders: int | None = None  # the registrar's: written to by us alone
        self.offered = False
        self.able_at = monotonic()
        self.size = settings.workers
        self.generation = 0
        self.reload_again = False
        self.planned = self.size  # forks that replace nobody
        self.allowance = Allowance(self.size)
        self.stop_by: float | None = None
        self.deregister_by = 0.0
        self.replace_image = False
        self.doubtful = False  # a wait said that there are no children, though some are on record
        self.ticked_at = monotonic()
        self.on = {
            signal.SIGCHLD: self.on_sigchld,
            signal.SIGHUP: self.on_reload,
            signal.SIGTTIN: self.on_more,
            signal.SIGTTOU: self.on_fewer,
            **dict.fromkeys(STOPS, self.on_stop),
        }

    def run(self) -> int:
        poll = select.poll()
        poll.register(self.signals.wake, select.POLLIN)
        poll.register(self.reports.fd, select.POLLIN)
        while not self.is_over():
            self.manage()
            poll.poll(TICK_S * 1000)
            for signum in self.signals.take():
                self.on[signal.Signals(signum)]()
            for pid, kind in self.reports.take():
                self.on_report(pid, kind)
            if monotonic() - self.ticked_at >= TICK_S:
                self.ticked_at = monotonic()
                self.on_tick()
        return 0

    def is_over(self) -> bool:
        return self.stop_by is not None and not self.children

    # what arrives

    def on_sigchld(self) -> None:
        self.reap_all()

    def on_stop(self) -> None:
        self.replace_image = False
        self.leave()

    def on_reload(self) -> None:
        if self.stop_by is not None:
            return
        if self.settings.reload == "exec":
            self.replace_image = True
            self.leave()
        elif self.is_complete():
            self.begin_generation()
        else:
            self.reload_again = True  # those that come while one is under way are one (U4)

    def on_more(self) -> None:
        self.size += 1
        self.planned += 1

    def on_fewer(self) -> None:
        self.size = max(1, self.size - 1)

    def on_report(self, pid: int, kind: bytes) -> None:
        child = self.children.get(pid)
        if child is None:
            return
        child.silent_ticks = 0
        if kind == READY and not child.ready:
            child.ready = True
            self.log(f"{child} is ready")

    def on_tick(self) -> None:
        """Silence is counted in ticks, not in time: while everything is stopped nothing ticks (S26)."""
        for child in self.children.values():
            child.silent_ticks += 1
            if child.silent_ticks * TICK_S >= self.settings.hang_s:
                self.log(f"{child} hangs: killed")
                child.silent_ticks = 0
                child.send(signal.SIGKILL)
        if self.doubtful:
            self.reap_all()

    # reaping

    def reap_all(self) -> None:
        """Signals of one kind coalesce, so one SIGCHLD may stand for many deaths, or for none (S1, S2)."""
        self.doubtful = False
        while (found := self.wait_one()) is not None:
            self.on_exit(*found)

    def wait_one(self) -> tuple[int, int] | None:
        """One child that has ended, and its status; None if there is none now."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except InterruptedError:
                continue
            except ChildProcessError:
                self.on_no_children()
                return None
            return (pid, status) if pid else None

    def on_exit(self, pid: int, status: int) -> None:
        child = self.children.pop(pid, None)
        if child is None:
            return  # adopted, as PID 1 or a subreaper: reaped, and nothing more (S7, S8)
        self.log(f"{child} {describe(status)}")
        if child is self.registrar:
            self.registrar = None
            self.close_orders()

    def on_no_children(self) -> None:
        """Those on record are gone, and somebody else has their status; unless the answer was wrong (S4)."""
        for child in tuple(self.children.values()):
            if exists(child.pid):
                self.doubtful = True
            else:
                self.on_exit(child.pid, 0)

    # what should be

    def manage(self) -> None:
        if self.stop_by is None:
            self.keep_registrar()
            self.keep_workers()
            self.retire_workers()
            self.offer()
        else:
            self.stop()
        self.kill_overdue()

    def workers(self) -> list[Child]:
        """Of the newest generation, and not told to leave."""
        return [
            child
            for child in self.children.values()
            if child is not self.registrar and child.generation == self.generation and child.leave_by is None
        ]

    def is_complete(self) -> bool:
        return sum(child.ready for child in self.workers()) >= self.size

    def keep_registrar(self) -> None:
        if self.registrar is None and (self.orders is None) and self.allowance.take():
            self.spawn_registrar()

    def keep_workers(self) -> None:
        """As many as there should be. A fork may fail; the next round tries again (X5)."""
        for _ in range(self.size - len(self.workers())):
            if self.planned > 0:
                self.planned -= 1
            elif not self.allowance.take():
                return
            if not self.spawn_worker():
                return

    def begin_generation(self) -> None:
        self.generation += 1
        self.planned = self.size
        self.log("reloading")

    def retire_workers(self) -> None:
        """The old leave when the new are ready, so that capacity never dips (U1)."""
        if not self.is_complete():
            return
        current = self.workers()
        for child in self.children.values():
            if child is not self.registrar and child.generation != self.generation:
                self.retire(child)
        for child in current[self.size :]:
            self.retire(child)
        if self.reload_again:
            self.reload_again = False
            self.begin_generation()
            self.keep_workers()

    def retire(self, child: Child) -> None:
        if child.leave_by is None:
            child.leave_by = monotonic() + RETIRE_S
            child.send(signal.SIGTERM)

    def offer(self) -> None:
        """The node stands from when the first worker is ready, and while one can be counted upon."""
        now = monotonic()
        if self.is_able():
            self.able_at = now
            self.order(True)
        elif now - self.able_at > UNABLE_S:
            self.order(False)

    def is_able(self) -> bool:
        return any(
            child.ready and child.silent_ticks < SILENT_TICKS
            for child in self.children.values()
            if child is not self.registrar
        )

    def order(self, offered: bool) -> None:
        if self.orders is not None and offered != self.offered:
            self.offered = offered
            with suppress(OSError):  # it has just died; the next one is told anew
                os.write(self.orders, b"+" if offered else b"-")

    # leaving

    def leave(self) -> None:
        if self.stop_by is not None:
            return
        now = monotonic()
        self.stop_by = now + self.settings.grace_s
        self.deregister_by = now + DEREGISTER_S
        if self.orders is not None:
            with suppress(OSError):
                os.write(self.orders, b"x")

    def stop(self) -> None:
        """The node goes first (R13), then the listener and the workers."""
        assert self.stop_by is not None
        if self.registrar is not None:
            if self.registrar.leave_by is None:
                self.registrar.leave_by = self.deregister_by
            return
        if not self.replace_image:
            self.listener.close()
        for child in self.children.values():
            if child.leave_by is None or child.leave_by > self.stop_by:
                child.leave_by = self.stop_by
                child.send(signal.SIGTERM)

    def kill_overdue(self) -> None:
        now = monotonic()
        for child in self.children.values():
            if child.leave_by is not None and now >= child.leave_by:
                self.log(f"{child} does not leave: killed")
                child.leave_by = now + 1.0
                child.send(signal.SIGKILL)

    # forking

    def spawn_worker(self) -> bool:
        def role() -> int:
            self.close_in_child()
            return self.run_worker(self.listener, self.pid, Reporter(self.reports.children_fd), self.log)

        child = self.fork("worker", role)
        return child is not None

    def spawn_registrar(self) -> None:
        orders, self.orders = os.pipe2(os.O_CLOEXEC)
        address = self.listener.getsockname()[:2]

        def role() -> int:
            self.close_in_child()
            self.listener.close()
            return self.run_registrar(orders, Reporter(self.reports.children_fd), address, self.log)

        self.offered = False
        self.registrar = self.fork("registrar", role)
        os.close(orders)
        if self.registrar is None:
            self.close_orders()

    def close_in_child(self) -> None:
        """What only the parent may hold: while somebody else has an end of a pipe, its other end never ends."""
        self.signals.close()
        os.close(self.reports.fd)
        self.close_orders()

    def close_orders(self) -> None:
        if self.orders is not None:
            os.close(self.orders)
            self.orders = None

    def fork(self, role: str, run: Callable[[], int]) -> Child | None:
        """Signals wait meanwhile: until it has handlers of its own a child would run its parent's (S11)."""
        mask = block()
        try:
            pid = os.fork()
        except OSError as error:
            self.log(f"fork: {error.strerror}")
            return None
        else:
            if pid == 0:
                self.become(run)
            child = self.children[pid] = Child(pid, role, self.generation)
            return child
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def become(self, run: Callable[[], int]) -> None:
        """The child's whole life. It never comes back into its parent's code."""
        status = 1
        try:
            status = run()
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.log(f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})")
        finally:
            os._exit(status)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def describe(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"was killed by signal {os.WTERMSIG(status)}"
    return f"exited with {os.waitstatus_to_exitcode(status)}"


def bind(settings: ServerSettings) -> socket.socket:
    """The listening socket. OSError if the address is taken or isn't ours."""
    listener = socket.socket(settings.bind.family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what it accepts inherits this
    listener.setblocking(False)
    listener.bind(settings.bind)
    listener.listen(1024)
    return listener


def reexec(listener: socket.socket) -> None:
    """The same command line in the same pid, with the socket as it is: no connection is refused meanwhile.

    Signals are held back until the new image has its handlers. OSError if it can't be had.
    """
    block()
    listener.set_inheritable(True)
    os.environ[LISTENER_VARIABLE] = str(listener.fileno())
    os.execv(sys.executable, sys.orig_argv)
