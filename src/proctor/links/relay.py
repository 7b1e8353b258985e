"""A link's proxy as it runs on the loop: it accepts, connects to the target, and holds the faults.

Nothing here is for other threads: `proctor.links.proxy` is.

A relay also refuses by itself while its target does, once it has seen it listen on this machine: else a client that
finds a dead server would be told that it is there, and be blamed for what it makes of that.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from proctor.links.address import Address
from proctor.links.connection import RESET_ON_CLOSE, Connection, End, How
from proctor.links.lane import Direction, Lane, Traffic
from proctor.links.listener import ANYWHERE, Listener
from proctor.links.listening import listens

TARGET_POLL_S = 0.05  # a lookup costs some 30 µs
CONNECTS_KEPT = 10_000
CLOSING_TURNS = 1000  # turns of the loop; closing a socket takes two


@dataclass(frozen=True)
class LinkStats:
    """A link at one moment. Counts are since its start; times are seconds of time.monotonic()."""

    connections: int  # accepted
    open: int  # of these, now
    dialled: int  # of these, passed on to the target
    waiting: int  # of the open ones, those that a freeze keeps from being passed on
    half_open: int  # of the open ones, those that have lost one end
    cut: int
    rejected: int
    unreachable: int  # accepted, then reset because the target did not accept
    refusing: bool
    connects: tuple[float, ...]  # when the last ones were accepted
    to_server: Traffic
    to_client: Traffic


class Relay:
    """Stands on a port of its own, in front of the first of `targets` that accepts.

    `here`: they are known to be on this machine, though nobody may listen there yet.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        targets: tuple[Address, ...],
        at: Address = ANYWHERE,
        *,
        here: bool = False,
    ) -> None:
        self.loop = loop
        self.targets = targets
        self.lanes = {direction: Lane() for direction in Direction}
        self.may_dial = asyncio.Event()
        self.may_dial.set()
        self.connections: set[Connection] = set()
        self._listener = Listener(loop, self._accept, at)
        self.address = self._listener.address
        self._target_seen = here
        self._target_listens = True
        self._refuse = self._reject = self._hold_dialling = self._stopped = False
        self._connects: deque[float] = deque(maxlen=CONNECTS_KEPT)
        self._accepted = self._dialled = self._cut = self._rejected = self._unreachable = 0
        self._watch_target()

    async def stop(self) -> None:
        """Close every socket. Connections that still stand end by FIN."""
        self._stopped = True  # whoever heals a fault after this opens nothing again
        self._follow.cancel()
        self._listener.release()
        self.cut("fin")
        for _ in range(CLOSING_TURNS):
            if not self.connections:
                return
            await asyncio.sleep(0)
        raise RuntimeError(f"{len(self.connections)} connections of the proxy at {self.address} did not close")

    # Faults

    def cut(self, how: How) -> int:
        count = len(self.connections)
        for connection in list(self.connections):
            connection.cut(how)
        self._cut += count
        return count

    def cut_one(self, connection: Connection, how: How) -> None:
        connection.cut(how)
        self._cut += 1

    def lose(self, end: End) -> int:
        return sum(connection.lose(end) for connection in list(self.connections))

    def shut(self, *, refuse: bool = False, reject: bool = False) -> None:
        self._refuse, self._reject = refuse, reject
        self._open_or_refuse()

    def sever(self, how: How) -> int:
        self.shut(refuse=True)
        return self.cut(how)

    def change(self, directions: Iterable[Direction], **conditions: Any) -> None:
        """Replace fields of the `Conditions` of these directions, or of both if none is named."""
        for direction in tuple(directions) or Direction:
            lane = self.lanes[direction]
            lane.conditions = replace(lane.conditions, **conditions)
        self._dial_or_wait()

    def go_on(self, direction: Direction) -> None:
        self.lanes[direction].go_on()
        for connection in list(self.connections):
            connection.flush()

    def hold_dialling(self, *, hold: bool) -> None:
        """Let accepted connections wait before they are passed on to the target; healing doesn't end it."""
        self._hold_dialling = hold
        self._dial_or_wait()

    def heal(self) -> None:
        self.shut()
        for lane in self.lanes.values():
            lane.heal()
        self._dial_or_wait()
        for connection in list(self.connections):
            if connection.half_open:
                connection.cut("rst")
            else:
                connection.hurry()

    def stats(self) -> LinkStats:
        return LinkStats(
            connections=self._accepted,
            open=len(self.connections),
            dialled=self._dialled,
            waiting=sum(connection.waiting for connection in self.connections),
            half_open=sum(connection.half_open for connection in self.connections),
            cut=self._cut,
            rejected=self._rejected,
            unreachable=self._unreachable,
            refusing=not self._listener.is_open,
            connects=tuple(self._connects),
            to_server=self._traffic(Direction.TO_SERVER),
            to_client=self._traffic(Direction.TO_CLIENT),
        )

    # What connections tell their link

    def dialled(self) -> None:
        self._dialled += 1

    def unreachable(self) -> None:
        self._unreachable += 1
        self._look_at_target()

    def server_left(self) -> None:
        """Looked at before the client is told, so that a client that then connects again finds what is true."""
        self._look_at_target()

    def closed(self, connection: Connection) -> None:
        self.connections.discard(connection)

    def connection(self, number: int) -> Connection:
        """What stands between a client and the target: a subclass makes one of its own."""
        return Connection(self.loop, self, number)

    def _accept(self, accepted: socket.socket) -> None:
        self._accepted += 1
        self._connects.append(time.monotonic())
        if self._reject:
            self._rejected += 1
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            accepted.close()
            return
        connection = self.connection(self._accepted)
        self.connections.add(connection)
        connection.open(accepted)

    def _open_or_refuse(self) -> None:
        if self._stopped or self._refuse or not self._target_listens:
            self._listener.close()
        else:
            self._listener.open()

    def _dial_or_wait(self) -> None:
        if self._hold_dialling or self.lanes[Direction.TO_SERVER].conditions.frozen:
            self.may_dial.clear()
        else:
            self.may_dial.set()

    def _watch_target(self) -> None:
        self._follow = self.loop.call_later(TARGET_POLL_S, self._watch_target)
        self._look_at_target()

    def _look_at_target(self) -> None:
        try:
            found = any(listens(target) for target in self.targets)
        except OSError:  # no descriptor left to ask with; the next look will tell
            return
        self._target_seen = self._target_seen or found
        self._target_listens = found or not self._target_seen
        self._open_or_refuse()

    def _traffic(self, direction: Direction) -> Traffic:
        held = sum(connection.pipes[direction].held_bytes for connection in self.connections)
        return self.lanes[direction].traffic(held)
