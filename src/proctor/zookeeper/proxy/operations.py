"""What passed between an implementation and its registry, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proctor.links import Direction
from proctor.zookeeper.codes import EventType, OpCode


class Kind(StrEnum):
    """What a frame is. A handshake is a request and a reply of CREATE_SESSION."""

    REQUEST = "request"
    REPLY = "reply"
    EVENT = "event"

    @property
    def direction(self) -> Direction:
        return Direction.TO_SERVER if self is Kind.REQUEST else Direction.TO_CLIENT


@dataclass(frozen=True)
class Operation:
    """One frame. `number` counts all of a proxy's frames from 1; `at` is in seconds of time.monotonic().

    `op` is None where the proxy doesn't know the number that it saw; of an event it is the event's type. A reply has
    its request's `op` and `path`, but a created node's own path; `error` is 0 for success, None where there is none
    to speak of. `parts` are the operations of a multi. `touched` names what was done to the frame.
    """

    number: int
    at: float
    connection: int
    session_id: int
    kind: Kind
    op: OpCode | EventType | None
    xid: int
    path: str | None = None
    error: int | None = None
    zxid: int | None = None
    parts: tuple[tuple[OpCode, str], ...] = ()
    touched: tuple[str, ...] = ()

    @property
    def direction(self) -> Direction:
        return self.kind.direction

    def __str__(self) -> str:
        name = "unknown" if self.op is None else self.op.name.lower()
        words = [f"#{self.number}", f"0x{self.session_id:x}", self.kind, name, self.path or ""]
        if self.error:
            words.append(f"error {self.error}")
        return " ".join([*filter(None, words), *self.touched])
