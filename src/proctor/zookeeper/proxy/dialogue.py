"""What the frames of one connection mean, without I/O: a reply is understood by the request that it answers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from proctor.zookeeper.codes import Error, EventType, OpCode, Xid
from proctor.zookeeper.jute import Malformed
from proctor.zookeeper.protocol import (
    REQUESTS,
    ConnectRequest,
    ConnectResponse,
    MultiRequest,
    PathRequest,
    ReplyHeader,
    RequestHeader,
    WatcherEvent,
)
from proctor.zookeeper.proxy.operations import Kind

PENDING_MAX = 10_000  # requests without a reply yet; a client with more has its oldest replies not understood
REQUEST_HEADER_BYTES = 8
REPLY_HEADER_BYTES = 16
CREATES = (OpCode.CREATE, OpCode.CREATE2, OpCode.CREATE_CONTAINER, OpCode.CREATE_TTL)
MULTIS = (OpCode.MULTI, OpCode.MULTI_READ)
WITH_PATH = frozenset(op for op, body in REQUESTS.items() if body.__struct_fields__[:1] == ("path",))
_EVENTS = frozenset(EventType)

Parts = tuple[tuple[OpCode, str], ...]


@dataclass(frozen=True)
class Meaning:
    """A frame understood, as far as it can be. The fields are those of Operation."""

    kind: Kind
    op: OpCode | EventType | None = None
    xid: int = 0
    path: str | None = None
    error: int | None = None
    zxid: int | None = None
    parts: Parts = ()


class Dialogue:
    """Fed with the frames of one connection in order, both ways. Of any bytes it makes a Meaning; it never raises."""

    def __init__(self) -> None:
        self.session_asked_for = self.session_granted = 0
        self._asked = False
        self._answered = False
        self._pending: deque[Meaning] = deque(maxlen=PENDING_MAX)
        self._refused: dict[int, Error] = {}

    @property
    def session_id(self) -> int:
        """Of the connection as far as is known: the session granted, until then the one asked for."""
        return self.session_granted if self._answered else self.session_asked_for

    @property
    def answered(self) -> bool:
        """Whether the handshake was answered, were it by a refusal."""
        return self._answered

    def request(self, payload: bytes) -> Meaning:
        if not self._asked:
            return self._handshake_request(payload)
        meaning = request_meaning(payload)
        self._pending.append(meaning)
        return meaning

    def reply(self, payload: bytes) -> Meaning:
        if not self._answered:
            return self._handshake_reply(payload)
        try:
            header = ReplyHeader.decode(payload)
        except Malformed:
            return Meaning(Kind.REPLY)
        if header.xid == Xid.NOTIFICATION:
            return event_meaning(payload)
        return self._answer(header, payload)

    def refuse(self, xid: int, error: Error) -> None:
        """The request of this xid is to be answered with an error, whatever the registry answers."""
        self._refused[xid] = error

    def answer(self, payload: bytes) -> bytes:
        """A reply, or the error that is to take its place; to be asked before `reply`."""
        if not self._answered or not self._refused:
            return payload
        try:
            header = ReplyHeader.decode(payload)
        except Malformed:
            return payload
        error = self._refused.pop(header.xid, None)
        return payload if error is None else ReplyHeader(header.xid, header.zxid, error).encode()

    def _handshake_request(self, payload: bytes) -> Meaning:
        self._asked = True
        try:
            self.session_asked_for = ConnectRequest.decode(payload).session_id
        except Malformed:
            return Meaning(Kind.REQUEST)
        return Meaning(Kind.REQUEST, OpCode.CREATE_SESSION)

    def _handshake_reply(self, payload: bytes) -> Meaning:
        self._answered = True
        try:
            self.session_granted = ConnectResponse.decode(payload).session_id
        except Malformed:
            return Meaning(Kind.REPLY)
        return Meaning(Kind.REPLY, OpCode.CREATE_SESSION)

    def _answer(self, header: ReplyHeader, payload: bytes) -> Meaning:
        asked = self._take(header.xid)
        path = asked.path
        if asked.op in CREATES and header.err == 0:
            path = _path(payload, REPLY_HEADER_BYTES) or path
        return Meaning(Kind.REPLY, asked.op, header.xid, path, header.err, header.zxid, asked.parts)

    def _take(self, xid: int) -> Meaning:
        """The oldest request with this xid: nearly always the first, since replies come in the order of requests."""
        for at, asked in enumerate(self._pending):
            if asked.xid == xid:
                del self._pending[at]
                return asked
        return Meaning(Kind.REQUEST)


def request_meaning(payload: bytes) -> Meaning:
    try:
        header = RequestHeader.decode(payload)
    except Malformed:
        return Meaning(Kind.REQUEST)
    if header.type not in REQUESTS:  # a handshake is no request among them
        return Meaning(Kind.REQUEST, xid=header.xid)
    op = OpCode(header.type)
    parts = _parts(payload) if op in MULTIS else ()
    path = _path(payload, REQUEST_HEADER_BYTES) if op in WITH_PATH else None
    return Meaning(Kind.REQUEST, op, header.xid, path, parts=parts)


def event_meaning(payload: bytes) -> Meaning:
    try:
        event = WatcherEvent.decode(payload, REPLY_HEADER_BYTES)
    except Malformed:
        return Meaning(Kind.EVENT, xid=Xid.NOTIFICATION)
    kind = EventType(event.type) if event.type in _EVENTS else None
    return Meaning(Kind.EVENT, kind, Xid.NOTIFICATION, event.path)


def _path(payload: bytes, at: int) -> str | None:
    try:
        return PathRequest.decode(payload, at).path
    except Malformed:
        return None


def _parts(payload: bytes) -> Parts:
    try:
        ops = MultiRequest.decode(payload, REQUEST_HEADER_BYTES).ops
    except Malformed:
        return ()
    return tuple((OpCode(op.type), op.body.path) for op in ops)
