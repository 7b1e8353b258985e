"""Servers that lie to the registry, or to those who read there, about when and how their node goes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from time import monotonic

from kazoo.protocol.states import KazooState

from reference.children import Child
from reference.registration import Registration
from reference.registry import Registry, Unsettled
from reference.supervisor import Supervisor

SOON_S = 0.1


class WaitsForItsCallsFirst(Supervisor):
    """The node goes when the last worker has gone (R13)."""

    breaks = "discovery/leaves-the-list-first"

    def on_stop(self) -> None:
        self.size = 0

    def on_exit(self, pid: int, status: int | None) -> None:
        super().on_exit(pid, status)
        if self.size == 0 and set(self.children.values()) <= {self.registrar}:
            super().on_stop()


class TrustsTheRegistryToBeQuick(Supervisor):
    """The listener is closed soon after the registrar was told to leave, whether it has left or not (R13)."""

    breaks = "discovery/leaves-the-list-first"
    trusts_until = inf

    def leave(self) -> None:
        super().leave()
        self.trusts_until = min(self.trusts_until, monotonic() + SOON_S)

    def stop(self) -> None:
        registrar = self.registrar
        if monotonic() >= self.trusts_until:
            self.registrar = None
        super().stop()
        self.registrar = registrar

    def workers(self, *, current: bool) -> list[Child]:
        return [child for child in super().workers(current=current) if child.role == "worker"]


class LeavesWithoutAWord(Registration):
    """The session is left to its timeout (R14)."""

    breaks = "discovery/session-is-closed"
    also: Mapping[str, str] = {
        "discovery/leaves-the-list-first": "a node that is left to its timeout stands while the server refuses"
    }

    def obey(self, orders: bytes) -> None:
        if b"x" in orders:
            os._exit(0)
        super().obey(orders)


class WaitsForTheRegistry(Supervisor):
    """Without the registry's word that the node has gone nothing ends (R15)."""

    breaks = "discovery/stops-whatever-the-registry-does"

    def leave(self) -> None:
        super().leave()
        if self.registrar is not None:
            self.registrar.leave_by = inf

    class accomplice(Registration):  # noqa: N801  # this is how the catalogue asks for it
        """Asks until it is told."""

        def obey(self, orders: bytes) -> None:
            while b"x" in orders and self.path is not None:
                with suppress(Unsettled):
                    self.withdraw()
            super().obey(orders)


class AsksWhereItIsTold(Registration):
    """When a lost session is replaced kazoo's own thread asks for the list, and waits for itself (R2)."""

    breaks = "discovery/stops-whatever-the-registry-does"
    arguments = ("--hang", "30")  # or who waits for itself is killed for it
    lost = False

    def connect(self) -> Registry:
        registry = super().connect()
        registry.client.add_listener(self.on_state)
        return registry

    def on_state(self, state: str) -> None:
        if self.lost and state == KazooState.CONNECTED:
            self.registry.client.get_children(self.registry.root)
        self.lost = state == KazooState.LOST

    def obey(self, orders: bytes) -> None:
        if b"x" in orders:
            self.registry.stop_client()
        super().obey(orders)

    class accomplice(Supervisor):  # noqa: N801  # this is how the catalogue asks for it
        """Waits for its registrar."""

        def leave(self) -> None:
            super().leave()
            if self.registrar is not None:
                self.registrar.leave_by = inf


class OutlivesItsParent(Registration):
    """The session is kept though the parent is gone (R9, R11)."""

    breaks = "discovery/killed-server-vanishes"

    def obey(self, orders: bytes) -> None:
        if orders:
            super().obey(orders)
        else:
            self.poll.unregister(self.orders)


class StandsForNobody(Supervisor):
    """The node stays while there are no workers (R23)."""

    breaks = "discovery/dead-service-is-withdrawn"

    def order(self, *, offered: bool) -> None:
        if offered:
            super().order(offered=True)
