"""One direction of one connection: what goes in comes out in the same order, when the conditions let it.

A FIN or RST travels in the same queue as the bytes, so it never overtakes them and a freeze holds it too. Whatever
the faults, the order stays: a TCP link that reordered would be no TCP link.
"""

from __future__ import annotations

import asyncio
import fcntl
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from proctor.links.lane import Lane

HELD_BYTES_MAX = 1 << 20  # then the source is no longer read: back-pressure, and the bound of our memory
BURST = 64  # writes in one go; then the other connections have their turn
RATE_TICK_S = 0.01  # how finely a limited rate is spread
UNSENT_POLL_S = 0.001
SIOCOUTQNSD = 0x894B  # linux/sockios.h: bytes in the send queue that were not sent yet


class Gate:
    """Closed, it holds what stands before it, and all behind that, until somebody opens it."""

    def __init__(self) -> None:
        self.closed = True

    def open(self) -> None:
        self.closed = False


@dataclass(slots=True)
class Parcel:
    """Bytes on their way and, once they have passed, what is to be done."""

    data: memoryview
    due: float
    gate: Gate | None
    then: Callable[[], None] | None
    late: bool


class Pipe:
    """From `source` to `sink`, which may come later: until then everything is held."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lane: Lane) -> None:
        self._loop = loop
        self._lane = lane
        self._queue: deque[Parcel] = deque()
        self._free_at = 0.0
        self._again: asyncio.Handle | None = None
        self._closed = False
        self.source: asyncio.Transport | None = None
        self.sink: asyncio.Transport | None = None
        self.writable = True
        self.held_bytes = 0

    def feed(self, data: bytes, delay_s: float = 0.0, gate: Gate | None = None) -> None:
        """Take bytes in. `delay_s` comes on top of the link's latency; `gate` holds them while it is closed."""
        self._append(data, self._loop.time() + self._lane.conditions.latency_s + delay_s, gate, None)

    def feed_end(self, then: Callable[[], None]) -> None:
        """Do `then` once everything before it has passed."""
        self._append(b"", self._loop.time() + self._lane.conditions.latency_s, None, then)

    def flush(self) -> None:
        """Pass on what may go now, and see to it that the rest follows."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        for _ in range(BURST):
            if self.sink is None or self.sink.is_closing() or not self.writable:
                return
            if not self._queue or not self._may_pass(self._queue[0], self.sink):
                return
            self._pass_on(self._queue[0], self.sink)
        self._again = self._loop.call_soon(self.flush)

    def hurry(self) -> None:
        """Everything that is held may go now: the link has healed."""
        self._free_at = 0.0
        for parcel in self._queue:
            parcel.due = 0.0
            parcel.gate = None
        self.flush()

    def close(self) -> None:
        """Nothing can leave any more: what is held and what still comes is thrown away."""
        self._closed = True
        self._queue.clear()
        self.held_bytes = 0
        if self._again is not None:
            self._again.cancel()

    def _append(self, data: bytes, due: float, gate: Gate | None, then: Callable[[], None] | None) -> None:
        if self._closed:
            return
        late = bool(self._queue) and self._queue[0].late
        self._queue.append(Parcel(memoryview(data), due, gate, then, late))
        self.held_bytes += len(data)
        self.flush()
        if self.held_bytes > HELD_BYTES_MAX and self.source is not None:
            self.source.pause_reading()

    def _may_pass(self, parcel: Parcel, sink: asyncio.Transport) -> bool:
        if self._lane.passes and not (parcel.gate is not None and parcel.gate.closed):
            wait_s = max(parcel.due, self._free_at) - self._loop.time()
            if wait_s <= 0 and self._lane.conditions.piece_bytes is not None and unsent_bytes(sink):
                wait_s = UNSENT_POLL_S
            if wait_s <= 0:
                return True
            self._again = self._loop.call_later(wait_s, self.flush)
        parcel.late = True
        return False

    def _pass_on(self, parcel: Parcel, sink: asyncio.Transport) -> None:
        piece = parcel.data[: self._piece_bytes(len(parcel.data))]
        parcel.data = parcel.data[len(piece) :]
        if not parcel.data:
            self._queue.popleft()
        if piece:
            self._write(piece, sink, late=parcel.late)
        if not parcel.data and parcel.then is not None:
            parcel.then()

    def _piece_bytes(self, there: int) -> int:
        conditions = self._lane.conditions
        size = there
        if conditions.piece_bytes is not None and conditions.piece_bytes < there:
            size = conditions.piece_bytes
            self._lane.pieces += 1
        if conditions.bytes_per_s is not None:
            size = min(size, max(1, int(conditions.bytes_per_s * RATE_TICK_S)))
        return size if self._lane.room_bytes is None else min(size, self._lane.room_bytes)

    def _write(self, piece: memoryview, sink: asyncio.Transport, *, late: bool) -> None:
        lane, size = self._lane, len(piece)
        sink.write(lane.corrupted(piece))
        lane.passed_bytes += size
        lane.late_bytes += size if late else 0
        if lane.conditions.gap_s or lane.conditions.bytes_per_s:
            rate = lane.conditions.bytes_per_s
            self._free_at = self._loop.time() + max(lane.conditions.gap_s, size / rate if rate else 0.0)
        self.held_bytes -= size
        if self.held_bytes <= HELD_BYTES_MAX // 2 and self.source is not None:
            self.source.resume_reading()


def unsent_bytes(sink: asyncio.Transport) -> int:
    """What the kernel still keeps back. It joins small writes, even with TCP_NODELAY, while earlier ones are under way
    (tcp_autocorking, a closed window): a piece that is to be a segment of its own waits until there is nothing to join.
    """
    kept: int = struct.unpack("i", fcntl.ioctl(sink.get_extra_info("socket").fileno(), SIOCOUTQNSD, bytes(4)))[0]
    return kept
