"""Proxies that break links, as tests hold them: synchronous, and safe from any thread but the loop's.

Faults stay until `heal`, hold for the connections that stand and for new ones, and each is proven by `stats`:

    cut      `cut` counts the connections that were ended
    refuse   `refusing`, and a connect gets ECONNREFUSED; `reject` is refusal that can be counted: `rejected`
    lose     `half_open`
    freeze   `held_bytes` of what was sent, or a connection accepted and `waiting`
    slow     `late_bytes`
    slice    `pieces`
    corrupt  `corrupted_bytes`
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from proctor.links.address import Address
from proctor.links.connection import End, How
from proctor.links.lane import Direction
from proctor.links.relay import LinkStats, Relay
from proctor.loop import LoopThread

T = TypeVar("T")
R = TypeVar("R", bound=Relay)


class Proxy(ABC, Generic[R]):
    """The faults of every link, whatever its relay understands of what passes. A context manager, too."""

    def __init__(self, loop: LoopThread) -> None:
        self.thread = loop
        self._relay: R | None = None

    @abstractmethod
    def make_relay(self) -> R:
        """Called on the loop."""

    def start(self) -> Self:
        def begin() -> None:
            self._relay = self.make_relay()

        self.on_loop(begin)
        return self

    def stop(self) -> None:
        """Close every socket. Connections that still stand end by FIN."""
        self.thread.call(self.relay.stop())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def relay(self) -> R:
        if self._relay is None:
            raise RuntimeError("the proxy must be started first: before that it has no address and no links")
        return self._relay

    @property
    def endpoint(self) -> Address:
        """Where clients connect to; the same as long as the proxy lives."""
        return self.relay.address

    @property
    def stats(self) -> LinkStats:
        return self.on_loop(self.relay.stats)

    def cut(self, how: How = "fin") -> int:
        """End the connections that stand, both sides at once, and say how many; new ones are welcome."""
        return self.on_loop(lambda: self.relay.cut(how))

    def refuse(self) -> None:
        """New connections get ECONNREFUSED; those that stand are left alone."""
        self.on_loop(lambda: self.relay.shut(refuse=True))

    def reject(self) -> None:
        """New connections are accepted and reset at once. Each is counted, as no refused one can be."""
        self.on_loop(lambda: self.relay.shut(reject=True))

    def sever(self, how: How = "fin") -> int:
        """Cut, and refuse until healed."""
        return self.on_loop(lambda: self.relay.sever(how))

    def lose(self, end: End) -> int:
        """One end of each connection that stands is gone, by RST, and the other isn't told; how many lost it.

        The end that is left is reset on healing, as by a host that has come back and knows nothing of it.
        """
        return self.on_loop(lambda: self.relay.lose(end))

    def freeze(self, *directions: Direction) -> None:
        """Silence, both ways unless told: connections are accepted and nothing passes, not even a FIN.

        A link that is frozen to the server is not even connected to it until it heals.
        """
        self.on_loop(lambda: self.relay.change(directions, frozen=True))

    def slow(self, *directions: Direction, bytes_per_s: float | None = None, latency_s: float = 0.0) -> None:
        """Limit the rate of each connection, delay each byte, or both; both ways unless told."""
        if (bytes_per_s is not None and bytes_per_s <= 0) or latency_s < 0:
            raise ValueError(f"slow needs a rate over 0 and no negative latency, not {bytes_per_s=}, {latency_s=}")
        self.on_loop(lambda: self.relay.change(directions, bytes_per_s=bytes_per_s, latency_s=latency_s))

    def slice(self, piece_bytes: int, *directions: Direction, gap_s: float = 0.0) -> None:
        """Deliver in pieces of at most so many bytes, each a segment of its own; both ways unless told."""
        if piece_bytes < 1 or gap_s < 0:
            raise ValueError(f"slice needs pieces of at least 1 byte and no negative gap, not {piece_bytes}, {gap_s=}")
        self.on_loop(lambda: self.relay.change(directions, piece_bytes=piece_bytes, gap_s=gap_s))

    def corrupt(self, nth_byte: int, direction: Direction) -> None:
        """Turn over all bits of the n-th byte, the next one being the first, that passes in a direction."""
        if nth_byte < 1:
            raise ValueError(f"corrupt counts bytes from 1, not {nth_byte}")
        self.on_loop(lambda: self.relay.lanes[direction].corrupt(nth_byte))

    def stop_after(self, count: int, direction: Direction) -> int:
        """Hold what comes behind the next so many bytes of a direction; how many have passed before them.

        Not even an end of a connection passes then, until `go_on` or `heal`.
        """
        if count < 1:
            raise ValueError(f"stop_after counts bytes from 1, not {count}")

        def stop() -> int:
            lane = self.relay.lanes[direction]
            lane.stop_after(count)
            return lane.passed_bytes

        return self.on_loop(stop)

    def go_on(self, direction: Direction) -> None:
        """Let go what `stop_after` holds. Other faults stay."""
        self.on_loop(lambda: self.relay.go_on(direction))

    def heal(self) -> None:
        """Back to a clean link: what is held goes on its way, new connections are accepted."""
        self.on_loop(self.relay.heal)

    def on_loop(self, work: Callable[[], T]) -> T:
        async def run() -> T:
            return work()

        return self.thread.call(run())


class LinkProxy(Proxy[Relay]):
    """Stands at `address` in place of the server at `target`: bytes pass as they are."""

    def __init__(self, loop: LoopThread, target: tuple[str, int]) -> None:
        super().__init__(loop)
        self._target = Address(*target)

    @property
    def address(self) -> Address:
        return self.endpoint

    def make_relay(self) -> Relay:
        return Relay(self.thread.loop, (self._target,))
