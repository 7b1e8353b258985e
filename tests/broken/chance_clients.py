"""Clients whose lies show only where two things coincide: see `tests.broken.chance_servers`."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from math import inf
from time import monotonic
from typing import Any

from kazoo.protocol.states import KazooState

from reference.address import Address
from reference.client import CallFailed, Client, Deadline, NotSent, Reply
from reference.directory import Directory
from reference.registry import Registry, Watch

LATELY_S = 3.0
PATIENCE_S = 0.2
PIPES = 6  # of two descriptors each: more than a client may hold besides what it held
TWICE = 2

CLIENTS = "test_clients_outlive_whatever_is_drawn"


class NotesItsLosses(Directory):
    """Lies about nothing; has the client know of each change of the connection to the registry."""

    changed_at = -inf

    def on_state(self) -> None:
        if self.loaded.is_set():
            self.changed_at = monotonic()
        super().on_state()


def in_an_outage(client: Client) -> bool:
    assert isinstance(client.directory, NotesItsLosses)
    return monotonic() - client.directory.changed_at < LATELY_S


class AsksAnotherInAnOutage(Client):
    """Soon after the connection to the registry was lost a slow server is given up, and another one asked (C4)."""

    breaks = "client/executes-at-most-once"
    also: Mapping[str, str] = {
        "client/keeps-the-list-without-registry": "on a slow host none may answer in time, and the call fails"
    }
    found_by = CLIENTS
    accomplice = NotesItsLosses

    def call_server(self, address: Address, request: bytes, deadline: Deadline, servers_left: int) -> Reply:
        if not in_an_outage(self):
            return super().call_server(address, request, deadline, servers_left)
        soon = min(deadline, Deadline(PATIENCE_S), key=lambda one: one.at)
        try:
            return super().call_server(address, request, soon, servers_left)
        except CallFailed as failure:
            if failure.kind == "timeout":
                raise NotSent(failure.message) from None
            raise


class LeaksWhenACallFailsInAnOutage(Client):
    """A call that fails soon after the connection to the registry was lost opens pipes that nobody closes (C13)."""

    breaks = "client/failed-connects-leak-nothing"
    found_by = CLIENTS
    accomplice = NotesItsLosses

    def __init__(self, *arguments: Any) -> None:
        self.leaked: list[tuple[int, int]] = []
        super().__init__(*arguments)

    def call(self, method: str, params: Any, timeout_s: float) -> Reply:
        try:
            return super().call(method, params, timeout_s)
        except CallFailed:
            if in_an_outage(self) and not self.leaked:
                self.leaked = [os.pipe() for _ in range(PIPES)]
            raise


class IsDeafAfterACutAndAnExpiry(Registry):
    """A session that expires soon before or after another loss of the connection leaves the list unwatched (D2)."""

    breaks = "client/rereads-after-every-reconnect"
    found_by = CLIENTS

    def __init__(self, *arguments: Any) -> None:
        self.cuts: deque[float] = deque([-inf] * TWICE, TWICE)
        self.expired_at = -inf
        self.deaf = False
        super().__init__(*arguments)

    def state_changed(self, state: str) -> None:
        now = monotonic()
        if state == KazooState.SUSPENDED:
            self.cuts.append(now)
        elif state == KazooState.LOST:
            self.expired_at = now
        self.deaf |= now - min(self.expired_at, *self.cuts) < LATELY_S
        super().state_changed(state)

    def children(self, watch: Watch | None = None) -> list[str] | None:
        return super().children(None if self.deaf else watch)
