"""Sessions: ids, passwords, timeouts, expiry. No sockets, and time only by the clock that is handed in."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

SECRET = 0xB3415C00
"""What Apache ZooKeeper mixes into a session's id to make its password. It is public: passwords stop accidents only."""

LONGEST_MS = 20_000

P = TypeVar("P")


def longest_ms(tick_ms: int) -> int:
    """The longest session that a registry of ours grants.

    Twenty ticks are Apache ZooKeeper's default, 2 s where ticks are short: too little for heartbeats on a busy machine,
    or for a JVM that boots there. Who is to lose a session soon is given a short one by the proxy before it.
    """
    return max(LONGEST_MS, 20 * tick_ms)


def password(session_id: int) -> bytes:
    """The 16 bytes that prove a session, as Apache ZooKeeper derives them: java.util.Random, seeded with the id."""
    mask = (1 << 48) - 1
    state = ((session_id ^ SECRET) ^ 0x5DEECE66D) & mask
    words = []
    for _ in range(4):
        state = (state * 0x5DEECE66D + 0xB) & mask
        words.append((state >> 16).to_bytes(4, "little"))
    return b"".join(words)


class Session(Generic[P]):
    """One session. `peer` is the connection that holds it now, `granted_ms` the timeout of its first one."""

    __slots__ = ("due", "granted_ms", "id", "looked_at", "peer", "timeout_ms")

    def __init__(self, session_id: int, timeout_ms: int) -> None:
        self.id = session_id
        self.timeout_ms = self.granted_ms = timeout_ms
        self.due = 0.0
        self.looked_at = math.inf
        self.peer: P | None = None


class Sessions(Generic[P]):
    """The sessions that live. `clock` gives seconds of a monotonic clock."""

    def __init__(self, clock: Callable[[], float], first_id: int) -> None:
        self._clock = clock
        self._next_id = first_id
        self._by_id: dict[int, Session[P]] = {}
        self._queue: list[tuple[float, int]] = []  # when to look at which session; only `looked_at` counts

    def open(self, timeout_ms: int) -> Session[P]:
        session: Session[P] = Session(self._next_id, timeout_ms)
        self._next_id += 1
        self._by_id[session.id] = session
        self.renew(session, timeout_ms)
        return session

    def get(self, session_id: int) -> Session[P] | None:
        return self._by_id.get(session_id)

    def __iter__(self) -> Iterator[Session[P]]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def touch(self, session: Session[P]) -> None:
        """It was heard of: it is due a whole timeout from now. Its place in the queue is put right when it comes up."""
        session.due = self._clock() + session.timeout_ms / 1000

    def renew(self, session: Session[P], timeout_ms: int) -> None:
        """Touch it with a timeout negotiated anew, which may be shorter."""
        session.timeout_ms = timeout_ms
        self.touch(session)
        if session.due < session.looked_at:
            self._look_at(session, session.due)

    def remove(self, session: Session[P]) -> None:
        del self._by_id[session.id]

    def expired(self) -> list[Session[P]]:
        """Those that are due, in the order in which they became so. They live until `remove`."""
        now, found = self._clock(), []
        while self._queue and self._queue[0][0] <= now:
            when, session_id = heapq.heappop(self._queue)
            session = self._by_id.get(session_id)
            if session is None or session.looked_at != when:
                continue
            if session.due <= now:
                found.append(session)
            else:
                self._look_at(session, session.due)
        return sorted(found, key=lambda session: session.due)

    def next_look(self) -> float | None:
        """When to call `expired` again, on the clock; None while there is no session."""
        return self._queue[0][0] if self._queue else None

    def restart(self) -> None:
        """As after a restart of the server: nobody is connected, and each has the timeout that it was granted first."""
        for session in self:
            session.peer = None
            self.renew(session, session.granted_ms)

    def _look_at(self, session: Session[P], when: float) -> None:
        session.looked_at = when
        heapq.heappush(self._queue, (when, session.id))
