"""What a link does to the bytes that pass: late, in pieces, changed."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from proctor.faults.links import LinkFault
from proctor.history import History
from proctor.links import Direction, Proxy, Traffic


class TrafficFault(LinkFault):
    """A fault of the bytes that go these ways, both unless told; each is counted as it is struck."""

    def __init__(self, proxy: Proxy[Any], history: History, *directions: Direction) -> None:
        super().__init__(proxy, history)
        self.directions = directions or tuple(Direction)
        self._before = 0

    def inject(self) -> None:
        self._before = self._struck()
        self.spoil()

    @abstractmethod
    def spoil(self) -> None: ...

    @abstractmethod
    def count(self, traffic: Traffic) -> int:
        """Of one direction, what the fault has struck since the proxy was started."""

    def struck(self) -> int:
        """The same of all directions, since it was injected."""
        return self._struck() - self._before

    def _struck(self) -> int:
        stats = self.proxy.stats
        traffic = {Direction.TO_SERVER: stats.to_server, Direction.TO_CLIENT: stats.to_client}
        return sum(self.count(traffic[direction]) for direction in self.directions)


class SlowLink(TrafficFault):
    """Each byte `latency_s` later, each connection at no more than `bytes_per_s`. Proof: bytes that passed late."""

    def __init__(
        self,
        proxy: Proxy[Any],
        history: History,
        *directions: Direction,
        bytes_per_s: float | None = None,
        latency_s: float = 0.0,
    ) -> None:
        super().__init__(proxy, history, *directions)
        self._bytes_per_s = bytes_per_s
        self._latency_s = latency_s

    def spoil(self) -> None:
        self.proxy.slow(*self.directions, bytes_per_s=self._bytes_per_s, latency_s=self._latency_s)

    def count(self, traffic: Traffic) -> int:
        return traffic.late_bytes

    def proof(self) -> str | None:
        return f"{self.struck()} bytes passed late" if self.struck() else None


class SliceLink(TrafficFault):
    """Bytes come in pieces of `piece_bytes`, `gap_s` apart, each a segment of its own. Proof: pieces that were cut."""

    def __init__(
        self, proxy: Proxy[Any], history: History, *directions: Direction, piece_bytes: int = 1, gap_s: float = 0.0
    ) -> None:
        super().__init__(proxy, history, *directions)
        self._piece_bytes = piece_bytes
        self._gap_s = gap_s

    def spoil(self) -> None:
        self.proxy.slice(self._piece_bytes, *self.directions, gap_s=self._gap_s)

    def count(self, traffic: Traffic) -> int:
        return traffic.pieces

    def proof(self) -> str | None:
        return f"{self.struck()} pieces of {self._piece_bytes} bytes were cut off" if self.struck() else None


class CorruptLink(TrafficFault):
    """All bits of the n-th byte from now on, in one direction, are turned over. Proof: it has passed so."""

    def __init__(self, proxy: Proxy[Any], history: History, nth_byte: int, direction: Direction) -> None:
        super().__init__(proxy, history, direction)
        self._nth_byte = nth_byte

    def spoil(self) -> None:
        self.proxy.corrupt(self._nth_byte, *self.directions)

    def count(self, traffic: Traffic) -> int:
        return traffic.corrupted_bytes

    def proof(self) -> str | None:
        return f"byte {self._nth_byte} {self.directions[0]} was corrupted" if self.struck() else None
