"""What a rule does to the frame that it matches: one small class each, pure data but for `strike`.

Cut              ends the connection instead of passing the frame: of a reply, the request was executed
Sever            the same for all connections, and refuses new ones until healed
Freeze           from this frame on nothing passes, both ways unless told
Slow             from this frame on: rate, latency
Delay            this frame, and all behind it, so many seconds late
Hold             this frame, and all behind it, until released or healed
Drop             a watch event that is never told
Repeat           a watch event that is told twice
FailWith         a reply that says an error instead of what it said; the request was executed
Refuse           a request that is not executed, and answered with an error in its turn
ServeStale       a read answered with what was answered before
GrantNewSession  a reconnect that silently gets another session (R18)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import msgspec

from proctor.links import Direction
from proctor.links.connection import How
from proctor.links.pipe import Gate
from proctor.zookeeper.codes import Error, OpCode
from proctor.zookeeper.protocol import ConnectRequest, ExistsRequest, ReplyHeader, RequestHeader
from proctor.zookeeper.proxy.operations import Kind
from proctor.zookeeper.proxy.passage import Passage

ANY_KIND = frozenset(Kind)
NO_PASSWORD = bytes(16)


class Action(Protocol):
    kinds: ClassVar[frozenset[Kind]]
    """The frames that it can be done to."""

    def strike(self, passage: Passage, gate: Gate) -> bool:
        """Do it, and say whether it took effect. `gate` is the rule's own."""
        ...


@dataclass(frozen=True)
class Cut:
    kinds: ClassVar = ANY_KIND
    how: How = "fin"

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        passage.payload = None
        passage.links.cut_one(passage.connection, self.how)
        return True


@dataclass(frozen=True)
class Sever:
    kinds: ClassVar = ANY_KIND
    how: How = "fin"

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        passage.payload = None
        passage.links.sever(self.how)
        return True


@dataclass(frozen=True)
class Freeze:
    kinds: ClassVar = ANY_KIND
    directions: tuple[Direction, ...] = tuple(Direction)

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        passage.links.change(self.directions, frozen=True)
        return True


@dataclass(frozen=True)
class Slow:
    kinds: ClassVar = ANY_KIND
    bytes_per_s: float | None = None
    latency_s: float = 0.0
    directions: tuple[Direction, ...] = tuple(Direction)

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        passage.links.change(self.directions, bytes_per_s=self.bytes_per_s, latency_s=self.latency_s)
        return True


@dataclass(frozen=True)
class Delay:
    kinds: ClassVar = ANY_KIND
    seconds: float

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        passage.delay_s += self.seconds
        return True


@dataclass(frozen=True)
class Hold:
    kinds: ClassVar = ANY_KIND

    def strike(self, passage: Passage, gate: Gate) -> bool:
        passage.gate = gate
        return gate.closed


@dataclass(frozen=True)
class Drop:
    kinds: ClassVar = frozenset({Kind.EVENT})

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        passage.payload = None
        return True


@dataclass(frozen=True)
class Repeat:
    kinds: ClassVar = frozenset({Kind.EVENT})

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        passage.times += 1
        return True


@dataclass(frozen=True)
class FailWith:
    kinds: ClassVar = frozenset({Kind.REPLY})
    error: Error

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        meaning = passage.meaning
        passage.payload = ReplyHeader(meaning.xid, meaning.zxid or 0, self.error).encode()
        return True


@dataclass(frozen=True)
class Refuse:
    """Takes effect on a client's own requests: neither on a handshake nor on a ping.

    In its place the registry is asked for what changes nothing: so the error comes when the answer would have come.
    """

    kinds: ClassVar = frozenset({Kind.REQUEST})
    error: Error

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        meaning = passage.meaning
        if meaning.op is OpCode.CREATE_SESSION or meaning.xid <= 0:
            return False
        harmless = ExistsRequest("/", watch=False)
        passage.payload = RequestHeader(meaning.xid, OpCode.EXISTS).encode() + harmless.encode()
        passage.refusal = self.error
        return True


@dataclass(frozen=True)
class ServeStale:
    """Takes effect where the proxy has seen another answer to this read before.

    ZooKeeper never shows a session what is older than it has seen; a client that reads for the first time, or after
    a reconnect to a server that lags behind, may meet it.
    """

    kinds: ClassVar = frozenset({Kind.REPLY})

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        if passage.stale is None:
            return False
        passage.payload = passage.stale
        return True


@dataclass(frozen=True)
class GrantNewSession:
    """Takes effect on a handshake that asks for a session it has; the old one is left to the registry."""

    kinds: ClassVar = frozenset({Kind.REQUEST})

    def strike(self, passage: Passage, _gate: Gate) -> bool:
        if passage.meaning.op is not OpCode.CREATE_SESSION or passage.payload is None:
            return False
        request, end = ConnectRequest.read(passage.payload)
        if not request.session_id:
            return False
        fresh = msgspec.structs.replace(request, session_id=0, password=NO_PASSWORD)
        passage.payload = fresh.encode() + passage.payload[end:]
        return True
