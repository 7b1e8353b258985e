"""Servers that are none of the liars: sound, each in a way that the reference is not. Whoever blames one is wrong."""

from __future__ import annotations

import os
import select
from collections.abc import Mapping
from ctypes import PyDLL
from time import monotonic, sleep
from typing import Any

from reference.registration import Registration
from reference.supervisor import Supervisor
from reference.worker import Worker

HELD_UP_US = 1_400_000  # longer than a short session lasts
REPLACED_AFTER_S = 1.5
READY_IN_S = 0.3
STARTS_IN_S = 2.0
LEAVES_IN_S = 2.0  # at least; within a `stop_s` of 5


class IsHeldUpOnceItIsBack(Registration):
    """Its first moments in another session are the machine's busiest: all its threads stand still for a while."""

    keeps = "discovery/missing-node-is-made-again"
    held_up = False

    def create(self) -> None:
        super().create()
        if len(self.sessions) > 1 and not self.held_up:
            self.held_up = True
            PyDLL(None).usleep(HELD_UP_US)


class WithdrawsAtOnce(Supervisor):
    """Its node goes with the last worker that could serve, and another one comes with the next."""

    keeps = "discovery/one-node-per-server"

    def offer(self) -> None:
        if any(child.ready for child in [*self.workers(current=True), *self.workers(current=False)]):
            super().offer()
        else:
            self.reliable_at = None
            self.order(offered=False)

    def on_exit(self, pid: int, status: int | None) -> None:
        super().on_exit(pid, status)
        self.offer()

    class accomplice(Worker):  # noqa: N801  # this is how the catalogue asks for it
        """Takes its time until it is ready, as most do."""

        def start(self) -> None:
            sleep(READY_IN_S)
            super().start()


class StartsSlowly(Supervisor):
    """It takes longer until it is there than what it promises for coming back once it is."""

    keeps = "discovery/old-node-is-not-adopted"
    manifest: Mapping[str, Mapping[str, Any]] = {"limits": {"register_s": 1}}

    def __init__(self, *arguments: Any) -> None:
        sleep(STARTS_IN_S)
        super().__init__(*arguments)


class LeavesTheRestToItsRegistrar(Supervisor):
    """Where it takes long to leave the registry the parent goes first, and the registrar in time after it."""

    keeps = "discovery/stops-whatever-the-registry-does"

    def on_tick(self) -> None:
        super().on_tick()
        if self.stop_by is not None and self.registrar is not None:
            del self.children[self.registrar.pid]
            self.registrar = None

    class accomplice(Registration):  # noqa: N801  # this is how the catalogue asks for it
        """Takes long."""

        def run(self) -> int:
            status = super().run()
            sleep(LEAVES_IN_S)
            return status


class WaitsForEachByItsPid(Supervisor):
    """As Python's asyncio does: a pidfd tells of a child's end, and if the wait finds none somebody else had it."""

    keeps = "supervision/no-child-is-no-error"

    def reap_all(self) -> None:
        for pid in filter(has_ended, tuple(self.children)):
            try:
                self.on_exit(*os.waitpid(pid, 0))
            except ChildProcessError:
                self.on_exit(pid, None)


class AsksForEachByItsPid(Supervisor):
    """As Popen.poll of Python's subprocess: it asks for each, and takes for gone whom the wait doesn't find."""

    keeps = "supervision/no-child-is-no-error"

    def reap_all(self) -> None:
        for pid in reversed(tuple(self.children)):
            try:
                found, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                self.on_exit(pid, None)
            else:
                if found:
                    self.on_exit(found, status)


def has_ended(pid: int) -> bool:
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], 0)[0])
    finally:
        os.close(pidfd)


class KillsTheHungSoon(Supervisor):
    """It bears silence for less long than it takes to replace who has died, which it does in time."""

    keeps = "supervision/stopped-is-not-dead"
    arguments = ("--hang", "1")
    manifest: Mapping[str, Mapping[str, Any]] = {"limits": {"hang_s": 2}}
    fork_at = 0.0

    def on_exit(self, pid: int, status: int | None) -> None:
        self.fork_at = monotonic() + REPLACED_AFTER_S
        super().on_exit(pid, status)

    def may_fork(self) -> bool:
        return monotonic() >= self.fork_at and super().may_fork()
