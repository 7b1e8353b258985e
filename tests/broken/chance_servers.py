"""Servers whose lies show only where two things coincide: chance finds them, and no case of one fault does.

None of them is in the kill matrix: `make chances` has each one found by schedules that are drawn.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from math import inf
from mmap import mmap
from time import monotonic
from typing import Any

from reference.registration import Registration
from reference.supervisor import Supervisor

LATELY_S = 3.0
PIPES = 6  # of two descriptors each: more than a process may hold besides what it held
RESIZED_BY = 2

SERVERS = "test_servers_outlive_whatever_is_drawn"
RELOADS = "test_servers_that_reload_outlive_whatever_is_drawn"
RESIZES = "test_servers_that_are_resized_outlive_whatever_is_drawn"


class Moment:
    """When something happened last, in memory that all processes of a server share; their monotonic clock is one."""

    FORM = struct.Struct("=d")

    def __init__(self) -> None:
        self._memory = mmap(-1, self.FORM.size)
        self._memory[:] = self.FORM.pack(-inf)

    def note(self) -> None:
        self._memory[:] = self.FORM.pack(monotonic())

    @property
    def lately(self) -> bool:
        return bool(monotonic() - self.FORM.unpack(self._memory[:])[0] < LATELY_S)


LOST = Moment()  # the connection to the registry
DIED = Moment()  # a worker that was not told to leave


class NotesItsLosses(Registration):
    """Lies about nothing; has the others know of each change of the connection."""

    def wake(self, event: object = None) -> None:
        if event is None and self.path is not None:
            LOST.note()
        super().wake(event)


class Bereaved(Supervisor):
    """Lies about nothing; knows of the deaths that it didn't order."""

    def on_exit(self, pid: int, status: int | None) -> None:
        child = self.children.get(pid)
        if child and child is not self.registrar and child.leave_by is None:
            self.on_death()
        super().on_exit(pid, status)

    def on_death(self) -> None:
        DIED.note()


# --- A server


class LeavesAGapAfterAnOutage(Bereaved):
    """A worker that dies soon after the connection to the registry was lost is not replaced (S9, R6)."""

    breaks = "supervision/dead-worker-is-replaced"
    found_by = SERVERS
    accomplice = NotesItsLosses

    def on_death(self) -> None:
        if LOST.lately:
            self.size = self.allowance.places = max(1, self.size - 1)


class RegistersTheBereavedAgain(Registration):
    """A connection that comes back soon after a worker's death brings a second node (R5)."""

    breaks = "discovery/one-node-per-server"
    also: Mapping[str, str] = {"discovery/one-node-after-expiry": "so it is called where a session expired besides"}
    found_by = SERVERS
    accomplice = Bereaved
    again = False

    def wake(self, event: object = None) -> None:
        if event is None and self.path is not None and not self.registry.connected:
            self.again = DIED.lately
        super().wake(event)

    def reconcile(self) -> None:
        if self.again and self.registry.session()[0] in self.sessions:
            self.path = None
        self.again = False
        super().reconcile()


class LeaksForEachSignalInAnOutage(Supervisor):
    """A SIGCHLD soon after the connection to the registry was lost opens pipes that nobody closes (S4, U10)."""

    breaks = "supervision/respawning-leaks-nothing"
    found_by = SERVERS
    accomplice = NotesItsLosses

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.leaked: list[tuple[int, int]] = []

    def on_sigchld(self) -> None:
        if LOST.lately and not self.leaked:
            self.leaked = [os.pipe() for _ in range(PIPES)]
        super().on_sigchld()


class StopsForASignalInAnOutage(Supervisor):
    """A SIGCHLD soon after the connection to the registry was lost ends the parent (S4)."""

    breaks = "supervision/signal-burst-is-survived"
    also: Mapping[str, str] = {
        "discovery/serves-without-registry": "nobody is left to be called, after a loss of the connection",
        "discovery/one-node-per-server": "and the node goes with the rest",
        "discovery/one-node-after-expiry": "so it is called where a session expired besides",
    }
    found_by = SERVERS
    accomplice = NotesItsLosses

    def on_sigchld(self) -> None:
        super().on_sigchld()
        if LOST.lately and self.stop_by is None:
            self.leave()


# --- A reload


class StopsWhenItReloadsInAnOutage(Supervisor):
    """A reload signal soon after the connection to the registry was lost is taken for an order to leave (U11)."""

    breaks = "restart/reload-keeps-the-parent"
    also: Mapping[str, str] = {
        "restart/reload-loses-no-call": "nobody is left to be called",
        "discovery/one-node-per-server": "and the node goes with the rest",
        "discovery/one-node-after-expiry": "so it is called where a session expired besides",
    }
    found_by = RELOADS
    accomplice = NotesItsLosses

    def on_sighup(self) -> None:
        if LOST.lately:
            self.leave()
        else:
            super().on_sighup()


class LeaksWhenItReloadsInMourning(Bereaved):
    """A reload that begins soon after a worker's death opens pipes that nobody closes (U10)."""

    breaks = "supervision/respawning-leaks-nothing"
    found_by = RELOADS

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.leaked: list[tuple[int, int]] = []

    def begin_generation(self) -> None:
        if DIED.lately:
            self.leaked += [os.pipe() for _ in range(PIPES)]
        super().begin_generation()


# --- A resize


class CountsTwiceInAnOutage(Supervisor):
    """A signal to resize soon after the connection to the registry was lost changes the number by two (S24)."""

    breaks = "restart/resized-number-is-kept"
    found_by = RESIZES
    accomplice = NotesItsLosses

    def on_sigttin(self) -> None:
        for _ in range(RESIZED_BY if LOST.lately else 1):
            super().on_sigttin()

    def on_sigttou(self) -> None:
        for _ in range(RESIZED_BY if LOST.lately else 1):
            super().on_sigttou()
