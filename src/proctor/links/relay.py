"""What every proxy of the kit does to a link, whatever it understands of what passes.

Faults stay until `heal`, hold for the connections that stand and for new ones, and each is proven by `stats`:

    cut      `cut` counts the connections that were ended
    refuse   `refusing`, and a connect gets ECONNREFUSED; `reject` is refusal that can be counted: `rejected`
    freeze   `held_bytes` of what was sent, or a connection accepted and not `dialled`
    slow     `late_bytes`
    slice    `pieces`
    corrupt  `corrupted_bytes`

A relay also refuses by itself while its target does, once it has seen it listen on this machine: else a client that
finds a dead server would be told that it is there, and be blamed for what it makes of that.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self, TypeVar

from proctor.links.address import Address
from proctor.links.connection import RESET_ON_CLOSE, Connection, How
from proctor.links.lane import Direction, Lane, Traffic
from proctor.links.listener import Listener
from proctor.links.listening import listens
from proctor.loop import LoopThread

T = TypeVar("T")

BOTH = tuple(Direction)
TARGET_POLL_S = 0.02  # a lookup costs some 30 µs
CONNECTS_KEPT = 10_000
CLOSING_TURNS = 1000


@dataclass(frozen=True)
class LinkStats:
    """A link at one moment. Counts are since its start; times are seconds of time.monotonic()."""

    connections: int  # accepted
    open: int  # of these, now
    dialled: int  # of these, passed on to the target
    cut: int
    rejected: int
    unreachable: int  # accepted, then reset because the target did not accept
    refusing: bool
    connects: tuple[float, ...]  # when the last ones were accepted
    to_server: Traffic
    to_client: Traffic


class Relay:
    """A TCP proxy on a port of its own, in front of the first of `targets` that accepts.

    Methods are synchronous and safe from any thread but the loop's.
    """

    def __init__(self, loop: LoopThread, targets: tuple[Address, ...]) -> None:
        self._thread = loop
        self.targets = targets
        self.lanes = {direction: Lane() for direction in Direction}
        self.may_dial = asyncio.Event()
        self.may_dial.set()
        self._listener: Listener | None = None
        self._follow: asyncio.TimerHandle | None = None
        self._target_seen = False
        self._target_listens = True
        self._refuse = self._reject = False
        self._connections: set[Connection] = set()
        self._connects: deque[float] = deque(maxlen=CONNECTS_KEPT)
        self._accepted = self._dialled = self._cut = self._rejected = self._unreachable = 0

    # Life

    def start(self) -> Self:
        self._on_loop(self._start)
        return self

    def stop(self) -> None:
        """Close every socket. Connections that still stand end by FIN."""
        self._thread.call(self._stop())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> Address:
        """Where clients connect to; the same as long as the relay lives."""
        if self._listener is None:
            raise RuntimeError("the proxy has no address before it is started")
        return self._listener.address

    # Faults

    def cut(self, how: How = "fin") -> int:
        """End the connections that stand, both sides at once, and say how many; new ones are welcome."""
        return self._on_loop(lambda: self._cut_all(how))

    def refuse(self) -> None:
        """New connections get ECONNREFUSED; those that stand are left alone."""
        self._on_loop(lambda: self._shut(refuse=True))

    def reject(self) -> None:
        """New connections are accepted and reset at once. Each is counted, as no refused one can be."""
        self._on_loop(lambda: self._shut(reject=True))

    def sever(self, how: How = "fin") -> int:
        """Cut, and refuse until healed."""
        return self._on_loop(lambda: self._sever(how))

    def freeze(self, *directions: Direction) -> None:
        """Silence, both ways unless told: connections are accepted and nothing passes, not even a FIN.

        A link that is frozen to the server is not even connected to it until it heals.
        """
        self._on_loop(lambda: self._change(directions or BOTH, frozen=True))

    def slow(self, *directions: Direction, bytes_per_s: float | None = None, latency_s: float = 0.0) -> None:
        """Limit the rate of each connection, delay each byte, or both; both ways unless told."""
        if (bytes_per_s is not None and bytes_per_s <= 0) or latency_s < 0:
            raise ValueError(f"slow needs a rate over 0 and no negative latency, not {bytes_per_s=}, {latency_s=}")
        self._on_loop(lambda: self._change(directions or BOTH, bytes_per_s=bytes_per_s, latency_s=latency_s))

    def slice(self, piece_bytes: int, *directions: Direction, gap_s: float = 0.0) -> None:
        """Deliver in pieces of at most so many bytes, each a segment of its own; both ways unless told."""
        if piece_bytes < 1 or gap_s < 0:
            raise ValueError(f"slice needs pieces of at least 1 byte and no negative gap, not {piece_bytes}, {gap_s=}")
        self._on_loop(lambda: self._change(directions or BOTH, piece_bytes=piece_bytes, gap_s=gap_s))

    def corrupt(self, nth_byte: int, direction: Direction) -> None:
        """Turn over all bits of the n-th byte, the next one being the first, that passes in a direction."""
        if nth_byte < 1:
            raise ValueError(f"corrupt counts bytes from 1, not {nth_byte}")
        self._on_loop(lambda: self.lanes[direction].corrupt(nth_byte))

    def heal(self) -> None:
        """Back to a clean link: what is held goes on its way, new connections are accepted."""
        self._on_loop(self._heal)

    @property
    def stats(self) -> LinkStats:
        return self._on_loop(self._stats)

    # On the loop

    def dialled(self) -> None:
        self._dialled += 1

    def unreachable(self) -> None:
        self._unreachable += 1
        self._look_at_target()

    def server_left(self) -> None:
        """Looked at before the client is told, so that a client that then connects again finds what is true."""
        self._look_at_target()

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def _connection(self, number: int) -> Connection:
        return Connection(self._thread.loop, self, number)

    def _on_loop(self, work: Callable[[], T]) -> T:
        async def run() -> T:
            return work()

        return self._thread.call(run())

    def _start(self) -> None:
        self._listener = Listener(self._thread.loop, self._accept)
        self._watch_target()

    async def _stop(self) -> None:
        self._refuse = True
        if self._follow is not None:
            self._follow.cancel()
        if self._listener is not None:
            self._listener.release()
        self._cut_all("fin")
        for _ in range(CLOSING_TURNS):
            if not self._connections:
                return
            await asyncio.sleep(0)
        raise RuntimeError(f"{len(self._connections)} connections of the proxy at {self.endpoint} did not close")

    def _accept(self, accepted: socket.socket) -> None:
        self._accepted += 1
        self._connects.append(time.monotonic())
        if self._reject:
            self._rejected += 1
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            accepted.close()
            return
        connection = self._connection(self._accepted)
        self._connections.add(connection)
        connection.open(accepted)

    def _cut_all(self, how: How) -> int:
        count = len(self._connections)
        for connection in list(self._connections):
            connection.cut(how)
        self._cut += count
        return count

    def _shut(self, *, refuse: bool = False, reject: bool = False) -> None:
        self._refuse, self._reject = refuse, reject
        self._open_or_refuse()

    def _sever(self, how: How) -> int:
        self._shut(refuse=True)
        return self._cut_all(how)

    def _change(self, directions: tuple[Direction, ...], **conditions: Any) -> None:
        for direction in directions:
            lane = self.lanes[direction]
            lane.conditions = replace(lane.conditions, **conditions)
        if self.lanes[Direction.TO_SERVER].conditions.frozen:
            self.may_dial.clear()

    def _heal(self) -> None:
        self._shut()
        for lane in self.lanes.values():
            lane.heal()
        self.may_dial.set()
        for connection in list(self._connections):
            connection.hurry()

    def _open_or_refuse(self) -> None:
        assert self._listener is not None
        if self._refuse or not self._target_listens:
            self._listener.close()
        else:
            self._listener.open()

    def _watch_target(self) -> None:
        self._follow = self._thread.loop.call_later(TARGET_POLL_S, self._watch_target)
        self._look_at_target()

    def _look_at_target(self) -> None:
        try:
            found = any(listens(target) for target in self.targets)
        except OSError:  # no descriptor left to ask with; the next look will tell
            return
        self._target_seen = self._target_seen or found
        self._target_listens = found or not self._target_seen
        self._open_or_refuse()

    def _stats(self) -> LinkStats:
        assert self._listener is not None
        held = {
            direction: sum(connection.pipes[direction].held_bytes for connection in self._connections)
            for direction in Direction
        }
        return LinkStats(
            connections=self._accepted,
            open=len(self._connections),
            dialled=self._dialled,
            cut=self._cut,
            rejected=self._rejected,
            unreachable=self._unreachable,
            refusing=not self._listener.is_open,
            connects=tuple(self._connects),
            to_server=self.lanes[Direction.TO_SERVER].traffic(held[Direction.TO_SERVER]),
            to_client=self.lanes[Direction.TO_CLIENT].traffic(held[Direction.TO_CLIENT]),
        )
