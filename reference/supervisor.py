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
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from reference import listener
from reference.children import Allowance, Child
from reference.log import Log, where
from reference.reports import READY, Reporter, Reports
from reference.settings import ServerSettings
from reference.signals import Signals, block

TICK_S = 0.25
UNABLE_S = 2.0  # without a worker to count upon; then the node goes (R23)
LOADING_S = 10.0  # what a busy machine may take to load kazoo, before the registrar gives a first sign of life
DEREGISTER_S = 2.0  # what a registry that doesn't answer may take of the time to stop (R15)

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
HANDLED = (*STOPS, signal.SIGHUP, signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR2)
IGNORED = (signal.SIGUSR1, signal.SIGPIPE)

RunWorker = Callable[[int, Reporter], int]
RunRegistrar = Callable[[int, Reporter], int]


class Supervisor:
    def __init__(
        self,
        settings: ServerSettings,
        sock: socket.socket,
        run_worker: RunWorker,
        run_registrar: RunRegistrar,
        log: Log,
    ) -> None:
        self.settings = settings
        self.listener = sock
        self.run_worker = run_worker
        self.run_registrar = run_registrar
        self.log = log
        self.pid = os.getpid()
        self.signals = Signals(HANDLED, IGNORED)
        self.reports = Reports()
        self.ticked_at = monotonic()

        self.children: dict[int, Child] = {}
        self.registrar: Child | None = None
        self.registrar_allowance = Allowance(1)
        self.orders: int | None = None  # where the registrar is written to
        self.offered = False
        self.reliable_at: float | None = None
        self.doubtful = False  # a wait said that there are no children, though some are on record

        self.size = settings.workers
        self.generation = 0
        self.planned = self.size  # forks that replace nobody
        self.allowance = Allowance(self.size)
        self.reload_wanted = False
        self.stop_by: float | None = None
        self.exec_wanted = False
        self.first = listener.first_parent()
        self.second: int | None = None  # a second parent, started by this one; on its own from then on

        self.handlers: dict[int, Callable[[], None]] = {
            signal.SIGCHLD: self.on_sigchld,
            signal.SIGHUP: self.on_sighup,
            signal.SIGTTIN: self.on_sigttin,
            signal.SIGTTOU: self.on_sigttou,
            signal.SIGUSR2: self.on_sigusr2,
            **dict.fromkeys(STOPS, self.on_stop),
        }

    def run(self) -> int:
        """Until told to stop. May come back as another image of the same process, and never return."""
        while True:
            self.supervise()
            if not self.exec_wanted:
                return 0
            self.exec_image()

    def supervise(self) -> None:
        """Until every child has ended, after the order to leave."""
        poll = select.poll()
        poll.register(self.signals.wake, select.POLLIN)
        poll.register(self.reports.fd, select.POLLIN)
        while self.stop_by is None or self.children:
            self.manage()
            poll.poll(TICK_S * 1000)
            for signum in self.signals.take():
                self.on_signal(signum)
            for pid, kind in self.reports.take():
                self.on_report(pid, kind)
            if monotonic() - self.ticked_at >= TICK_S:
                self.ticked_at = monotonic()
                self.on_tick()

    # What arrives

    def on_signal(self, signum: int) -> None:
        self.handlers[signum]()

    def on_sigchld(self) -> None:
        self.reap_all()

    def on_stop(self) -> None:
        self.exec_wanted = False
        self.leave()

    def on_sighup(self) -> None:
        if self.settings.reload == "graceful":
            self.reload_wanted = True
        elif self.stop_by is None:
            self.exec_wanted = True
            self.leave()

    def on_sigttin(self) -> None:
        self.size = self.allowance.places = self.size + 1
        self.planned += 1

    def on_sigttou(self) -> None:
        self.size = self.allowance.places = max(1, self.size - 1)

    def on_sigusr2(self) -> None:
        """There are never more than two parents (U12)."""
        if self.second is None and self.first != os.getppid() and self.stop_by is None:
            self.spawn_second()

    def on_report(self, pid: int, kind: bytes) -> None:
        child = self.children.get(pid)
        if child is None:
            return
        child.silent_ticks = 0
        if kind == READY:
            child.ready_at = monotonic()
            self.log(f"{child} is ready")

    def on_tick(self) -> None:
        """Silence is counted in ticks, not in time: while everything is stopped nothing ticks (S26)."""
        for child in self.children.values():
            child.silent_ticks += 1
            if child.silent_ticks * TICK_S >= self.most_silence_s(child):
                self.log(f"{child} hangs: killed")
                child.silent_ticks = 0
                child.send(signal.SIGKILL)
        if self.doubtful:
            self.reap_all()

    def most_silence_s(self, child: Child) -> float:
        loading = child is self.registrar and not child.ready
        return max(self.settings.hang_s, LOADING_S) if loading else self.settings.hang_s

    # Reaping

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
                continue  # PEP 475 leaves this to be seen only where a handler raises; the law stands here all the same
            except ChildProcessError:
                self.on_no_children()
                return None
            return (pid, status) if pid else None

    def on_exit(self, pid: int, status: int | None) -> None:
        if pid == self.second:
            self.log(f"second parent {pid} {describe(status)}")
            self.second = None
        child = self.children.pop(pid, None)
        if child is None:
            return  # not ours, but left to us as PID 1 or over an exec: reaped, and nothing more (S7, S8)
        self.log(f"{child} {describe(status)}")
        if child is self.registrar:
            self.registrar = None
            self.close_orders()

    def on_no_children(self) -> None:
        """Who is on record and gone was reaped by somebody else; who is not gone is waited for again (S4)."""
        if self.second is not None and not exists(self.second):
            self.second = None
        for child in tuple(self.children.values()):
            if exists(child.pid):
                self.doubtful = True
            else:
                self.on_exit(child.pid, None)

    # What should be

    def manage(self) -> None:
        if self.stop_by is None:
            self.keep_registrar()
            self.keep_workers()
            self.retire_workers()
            self.offer()
        else:
            self.stop()
        self.kill_overdue()

    def workers(self, *, current: bool) -> list[Child]:
        """Those that were not told to leave, of the newest generation or of those before it."""
        return [
            child
            for child in self.children.values()
            if child is not self.registrar
            and child.leave_by is None
            and (child.generation == self.generation) is current
        ]

    def keep_registrar(self) -> None:
        if self.registrar is None and self.registrar_allowance.take():
            self.spawn_registrar()

    def keep_workers(self) -> None:
        """As many as there should be. A fork may fail; then a later round tries again (X5)."""
        for _ in range(self.size - len(self.workers(current=True))):
            if not self.may_fork() or not self.spawn_worker():
                return

    def may_fork(self) -> bool:
        """What is planned needs no allowance; what replaces the dead does."""
        if self.planned:
            self.planned -= 1
            return True
        return self.allowance.take()

    def retire_workers(self) -> None:
        """The old leave when the new have proven themselves, so that capacity never dips (U1, U6); those that are too
        many, when enough are ready. The next reload begins when the last is over, however often it was asked for (U4).
        """
        old, new = self.workers(current=False), self.workers(current=True)
        if sum(child.ready for child in new) < self.size:
            return
        for child in new[self.size :]:
            self.retire(child)
        if old and all(child.proven for child in new):
            for child in old:
                self.retire(child)
        elif not old and self.reload_wanted:
            self.begin_generation()

    def begin_generation(self) -> None:
        self.log("reloading")
        self.reload_wanted = False
        self.generation += 1
        self.planned = self.size
        self.keep_workers()

    def retire(self, child: Child) -> None:
        child.leave_by = monotonic() + self.settings.grace_s
        child.send(signal.SIGTERM)

    def offer(self) -> None:
        """The node stands from when the first worker is ready (R12), and while there is one to count upon (R23)."""
        workers = [*self.workers(current=True), *self.workers(current=False)]
        now = monotonic()
        if any(child.reliable for child in workers) or (self.reliable_at is None and any(c.ready for c in workers)):
            self.reliable_at = now
            self.order(offered=True)
        elif self.reliable_at is not None and now - self.reliable_at > UNABLE_S:
            self.order(offered=False)

    def order(self, *, offered: bool) -> None:
        if self.orders is not None and offered != self.offered:
            self.offered = offered
            self.tell_registrar(b"+" if offered else b"-")

    def tell_registrar(self, order: bytes) -> None:
        if self.orders is not None:
            with suppress(OSError):  # it has just died; the next one is told anew
                os.write(self.orders, order)

    # Leaving

    def leave(self) -> None:
        """Everything ends, in the order of `stop`. A second time changes nothing (S17)."""
        if self.stop_by is not None:
            return
        now = monotonic()
        self.stop_by = now + self.settings.grace_s
        self.tell_registrar(b"x")
        if self.registrar is not None:
            self.registrar.leave_by = now + DEREGISTER_S

    def stop(self) -> None:
        """The node goes first (R13), then the listener and the workers."""
        if self.registrar is not None:
            return
        if not self.exec_wanted:
            self.listener.close()
        for child in [*self.workers(current=True), *self.workers(current=False)]:
            child.leave_by = self.stop_by
            child.send(signal.SIGTERM)

    def kill_overdue(self) -> None:
        now = monotonic()
        for child in self.children.values():
            if child.leave_by is not None and now >= child.leave_by:
                self.log(f"{child} does not leave: killed")
                child.leave_by = now + 1.0
                child.send(signal.SIGKILL)

    def exec_image(self) -> None:
        """The same command line in the same pid. It takes the listening socket over, so that nobody is refused.

        Signals are held back until the new image has its handlers (U4). If it can't be had, the old one goes on (U5).
        """
        mask = block()
        listener.leave(self.listener, self.first)
        try:
            os.execv(sys.executable, sys.orig_argv)
        except OSError as error:
            self.log(f"exec {sys.executable}: {error.strerror}; going on as before")
        listener.take_back(self.listener)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self.exec_wanted = False
        self.stop_by = None
        self.planned = self.size

    # Forking

    def spawn_worker(self) -> bool:
        return self.fork("worker", self.run_worker_here) is not None

    def run_worker_here(self) -> int:
        self.close_in_child()
        return self.run_worker(self.pid, Reporter(self.reports.children_fd))

    def spawn_registrar(self) -> None:
        """In a process of its own, since kazoo has threads and whoever forks may have none (S23)."""
        orders, self.orders = os.pipe2(os.O_CLOEXEC)

        def run() -> int:
            self.close_in_child()
            self.listener.close()
            return self.run_registrar(orders, Reporter(self.reports.children_fd))

        self.offered = False
        self.registrar = self.fork("registrar", run)
        os.close(orders)
        if self.registrar is None:
            self.close_orders()

    def spawn_second(self) -> None:
        """The same command once more, on the same listening socket; it takes nothing else along (U14)."""
        child = self.fork("second parent", self.run_second_here)
        if child is not None:
            del self.children[child.pid]
            self.second = child.pid

    def run_second_here(self) -> int:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        listener.leave(self.listener, self.pid)
        os.execv(sys.executable, sys.orig_argv)

    def close_in_child(self) -> None:
        """What only the parent may hold: a pipe doesn't end while anybody has its other end."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
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
            self.log(f"{type(error).__name__}: {error} ({where(error)})")
        finally:
            os._exit(status)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def describe(status: int | None) -> str:
    if status is None:
        return "is gone"
    code = os.waitstatus_to_exitcode(status)
    return f"exited with {code}" if code >= 0 else f"was killed by signal {-code}"
