"""Links that break: between an implementation and its registry, or between a client and a server.

FIN, RST and silence are three different cuts, and are tried on every link. What a link does to the bytes that pass
stands in `traffic`.
"""

from __future__ import annotations

from typing import Any

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.links import Direction, Proxy
from proctor.links.connection import End, How


class LinkFault(Fault):
    """A fault of one proxy; healing the proxy heals it, and whatever else was done to that proxy."""

    needs = "proxy"

    def __init__(self, proxy: Proxy[Any], history: History) -> None:
        super().__init__(history)
        self.proxy = proxy

    def heal(self) -> None:
        self.proxy.heal()


class CutLink(LinkFault):
    """Ends the connections that stand; new ones are welcome. Proof: the proxy counted what it cut."""

    def __init__(self, proxy: Proxy[Any], history: History, how: How = "fin") -> None:
        super().__init__(proxy, history)
        self._how = how
        self._count = 0

    def inject(self) -> None:
        self._count = self.proxy.cut(self._how)

    def proof(self) -> str | None:
        return f"{self._count} connections were cut by {self._how.upper()}" if self._count else None


class SeverLink(LinkFault):
    """Ends the connections that stand and refuses new ones until healed. Proof: none is open, and it refuses."""

    def __init__(self, proxy: Proxy[Any], history: History, how: How = "fin") -> None:
        super().__init__(proxy, history)
        self._how = how

    def inject(self) -> None:
        self.proxy.sever(self._how)

    def proof(self) -> str | None:
        stats = self.proxy.stats
        return f"severed by {self._how.upper()}: none open, refusing" if stats.refusing and not stats.open else None


class RejectLink(LinkFault):
    """Ends the connections that stand and resets every new one, each counted. Proof: one was rejected since."""

    def __init__(self, proxy: Proxy[Any], history: History) -> None:
        super().__init__(proxy, history)
        self._before = 0

    def inject(self) -> None:
        self._before = self.proxy.stats.rejected
        self.proxy.reject()
        self.proxy.cut("rst")

    def proof(self) -> str | None:
        count = self.proxy.stats.rejected - self._before
        return f"{count} connections were reset as they came" if count else None


class FreezeLink(LinkFault):
    """Silence, both ways unless told: nothing passes, not even a FIN. Proof: bytes that go these ways are held, or a
    connection to the server is.
    """

    def __init__(self, proxy: Proxy[Any], history: History, *directions: Direction) -> None:
        super().__init__(proxy, history)
        self._directions = directions or tuple(Direction)

    def inject(self) -> None:
        self.proxy.freeze(*self._directions)

    def proof(self) -> str | None:
        stats = self.proxy.stats
        traffic = {Direction.TO_SERVER: stats.to_server, Direction.TO_CLIENT: stats.to_client}
        held = sum(traffic[direction].held_bytes for direction in self._directions)
        return f"{held} bytes and {stats.waiting} new connections are held" if held or stats.waiting else None


class OneWayLink(FreezeLink):
    """Silence in one direction; the other carries, so that a request is executed and not answered, or never comes.

    Proof: bytes that go the silent way are held.
    """

    def __init__(self, proxy: Proxy[Any], history: History, silent: Direction) -> None:
        super().__init__(proxy, history, silent)


class HalfOpenLink(LinkFault):
    """One end of each connection that stands is gone, and the other is not told; new ones are welcome.

    Proof: the proxy keeps connections with one end. Healed as if a host had come back: whoever is left is reset.
    """

    def __init__(self, proxy: Proxy[Any], history: History, gone: End = "server") -> None:
        super().__init__(proxy, history)
        self._gone: End = gone

    def inject(self) -> None:
        self.proxy.lose(self._gone)

    def proof(self) -> str | None:
        count = self.proxy.stats.half_open
        return f"the {self._gone} of {count} connections is gone, and nobody says so" if count else None
