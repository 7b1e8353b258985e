"""One client's connection, as the server's core sees it; what carries its bytes subclasses it."""

from __future__ import annotations

from proctor.zookeeper.protocol import Id
from proctor.zookeeper.sessions import Session


class Peer:
    """`address` is where it comes from; `ids` who it has proven to be; `session` what it holds, once connected."""

    def __init__(self, address: str, port: int) -> None:
        self.address = address
        self.port = port
        self.ids: tuple[Id, ...] = (Id("ip", address),)
        self.session: Session[Peer] | None = None
        self.received = 0
        self.sent = 0

    def send(self, framed: bytes) -> None:
        """Queue one frame, its length included."""
        raise NotImplementedError

    def close(self) -> None:
        """End the connection once what was sent is out; nothing more is received."""
        raise NotImplementedError
