"""One frame on its way through the proxy, and all that a rule may do to it.

ZooKeeper promises its clients that replies come in the order of requests, and a watch event before any reply that
shows what it tells. So a frame that is held holds all behind it, and a reply that is lost takes the connection
with it: a proxy that reordered or skipped would blame sound clients.
"""

from __future__ import annotations

from typing import Any, Protocol

from proctor.links import Direction
from proctor.links.connection import Connection, How
from proctor.links.pipe import Gate
from proctor.zookeeper.codes import Error
from proctor.zookeeper.proxy.dialogue import Meaning


class Links(Protocol):
    """The link faults that a rule may set off: those of the proxy's relay."""

    def cut_one(self, connection: Connection, how: How) -> None: ...

    def sever(self, how: How) -> int: ...

    def change(self, directions: tuple[Direction, ...], **conditions: Any) -> None: ...


class Passage:
    """`payload` is what will be passed on, None for nothing, so many `times`.

    `stale`: of a read's reply, an older answer to it. `refusal`: of a request, the error that answers it.
    """

    def __init__(self, connection: Connection, links: Links, meaning: Meaning, payload: bytes) -> None:
        self.connection = connection
        self.links = links
        self.meaning = meaning
        self.payload: bytes | None = payload
        self.times = 1
        self.stale: bytes | None = None
        self.refusal: Error | None = None
        self.delay_s = 0.0
        self.gate: Gate | None = None
        self.touched: list[str] = []
