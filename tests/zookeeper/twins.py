"""The same steps on two servers, told in terms that can be compared.

Steps are pure data. What differs by nature is made alike: zxids are counted from the example's own first one, session
ids become the order in which sessions were opened, times are left out, and what a Java hash orders is sorted (the
children of a znode, the entries of an expanded ACL, which of several ephemeral znodes of a closed session goes first).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, Error, OpCode, Xid
from proctor.zookeeper.jute import Record
from proctor.zookeeper.protocol import (
    OPEN_ACL,
    REPLIES,
    CreateRequest,
    Empty,
    Op,
    ReplyHeader,
    RequestHeader,
    SetWatches,
    SetWatches2,
    WatcherEvent,
)
from proctor.zookeeper.registry import Registry

CLIENTS = 3
SESSION_MS = 100_000_000
ASKED_XID = 7
PATHS = frozenset({"path", "prefix_path"})
PATH_LISTS = frozenset(
    {"data_watches", "exist_watches", "child_watches", "persistent_watches", "persistent_recursive_watches"}
)
UNORDERED = frozenset({"children", "acl", "ephemerals", "client_info"})
ZXIDS = frozenset({"zxid", "czxid", "mzxid", "pzxid"})
CLOSING = frozenset({OpCode.CLOSE_SESSION})
CLOSING_ERRORS = frozenset({Error.UNIMPLEMENTED, Error.AUTH_FAILED})
TIMES = frozenset({"ctime", "mtime"})


@dataclass(frozen=True)
class Ask:
    """One client's request. Its paths are below the example's own root, but those that begin with "!", taken as is."""

    who: int
    op: OpCode
    body: Record


@dataclass(frozen=True)
class Cut:
    """The same, but its body ends after `length` bytes."""

    who: int
    op: OpCode
    body: Record
    length: int


@dataclass(frozen=True)
class Unknown:
    """A request of an opcode that there is none of."""

    who: int
    op: int


@dataclass(frozen=True)
class Reconnect:
    """The connection is lost and the session resumed by a new one; or another takes the session from it."""

    who: int
    taken: bool


Step = Ask | Cut | Unknown | Reconnect


class Twin:
    """One of the two servers, with an example's clients on it."""

    def __init__(self, registry: Registry, number: int) -> None:
        self._server = registry.servers[0]
        self._root = f"/d{number}"
        self._base = 0
        self._sessions = {0: 0}
        self._clients = [self._connected() for _ in range(CLIENTS)]
        made = self._clients[0].ask(OpCode.CREATE, CreateRequest(self._root, b"", OPEN_ACL, CreateMode.PERSISTENT))
        self._base = made.header.zxid

    def close(self) -> None:
        for client in self._clients:
            client.ask(OpCode.CLOSE_SESSION)
            client.close()

    def take(self, step: Step) -> list[list[Any]]:
        """What a step makes each client see, the asking one first: events, the reply, the end of its connection."""
        seen = [[self._reconnect(step.who, taken=step.taken)] if isinstance(step, Reconnect) else self._ask(step)]
        seen += [self._seen_since(who) for who in range(CLIENTS)]
        ends_a_session = isinstance(step, Ask) and step.op == OpCode.CLOSE_SESSION
        return [sorted(own, key=repr) for own in seen] if ends_a_session else seen

    def _ask(self, step: Ask | Cut | Unknown) -> list[Any]:
        client = self._clients[step.who]
        client.send_frame(RequestHeader(ASKED_XID, step.op).encode() + self._body(step))
        return self._seen(step.who, step.op)

    def _seen_since(self, who: int) -> list[Any]:
        """What a client saw meanwhile: what the server had to tell comes before the answer to a ping."""
        self._clients[who].send(OpCode.PING)
        return self._seen(who, OpCode.PING)

    def _seen(self, who: int, op: int) -> list[Any]:
        """What a client sees until its request is answered; until its connection is closed, if it will be."""
        client = self._clients[who]
        seen: list[Any] = []
        expected = Xid.PING if op == OpCode.PING else ASKED_XID
        try:
            while True:
                header, at = ReplyHeader.read(payload := client.receive_frame(f"the answer to {op}"))
                seen += self._told(op, header, payload, at)
                if header.xid == expected and not (op in CLOSING or header.err in CLOSING_ERRORS):
                    return seen
        except ConnectionError:
            return [*seen, "closed", self._reconnect(who, taken=False)]

    def _told(self, op: int, header: ReplyHeader, payload: bytes, at: int) -> list[Any]:
        if header.xid == Xid.PING:
            return []
        client_sees = self._alike(header)
        if header.err:
            return [client_sees]
        kind = WatcherEvent if header.xid == Xid.NOTIFICATION else REPLIES.get(op, Empty)
        return [client_sees, self._alike(kind.decode(payload, at))]

    def _body(self, step: Ask | Cut | Unknown) -> bytes:
        if isinstance(step, Unknown):
            return b""
        raw = self._rooted(step.body).encode()
        return raw[: step.length] if isinstance(step, Cut) else raw

    def _connected(self) -> Client:
        client = Client(*self._server)
        session = client.connect(SESSION_MS)
        self._sessions[session.session_id] = len(self._sessions)
        return client

    def _reconnect(self, who: int, *, taken: bool) -> str:
        """Resume the session after a loss, or take it from a connection that stands; open a new one if it ended."""
        old = self._clients[who]
        assert old.session is not None
        if not taken:
            old.close()
        new = Client(*self._server)
        answer = new.connect(SESSION_MS, old.session.session_id, old.session.password, old.last_zxid)
        if taken:
            told = old.socket.recv(65536)
            assert not told, f"the connection that lost its session was told {told!r}"
            old.close()
        self._clients[who] = new if answer.session_id else self._connected()
        return f"resumed session {self._sessions[answer.session_id]}, timeout {answer.timeout}"

    def _rooted(self, record: Record) -> Record:
        """A drawn request with its paths below this example's root and its zxid counted from this example's first."""
        if isinstance(record, SetWatches | SetWatches2):
            record = msgspec.structs.replace(record, relative_zxid=record.relative_zxid + self._base)
        return with_paths(record, self._below)

    def _below(self, path: str) -> str:
        return path[1:] if path.startswith("!") else self._root + path

    def _alike(self, value: Any, name: str = "") -> Any:
        """A record of a reply, as both servers should tell it."""
        if isinstance(value, Record):
            return msgspec.structs.replace(
                value, **{field: self._alike(getattr(value, field), field) for field in value.__struct_fields__}
            )
        if isinstance(value, tuple):
            items = [self._alike(item, "path" if name == "ephemerals" else name) for item in value]
            return tuple(sorted(items, key=repr)) if name in UNORDERED else tuple(items)
        if name in ZXIDS and value > 0:
            return value - self._base
        if name in TIMES:
            return 0
        if name == "ephemeral_owner":
            return self._sessions[value]
        if name in PATHS:
            return value.removeprefix(self._root)
        return value


def with_paths(record: Record, change: Callable[[str], str]) -> Record:
    """A request with each of its paths changed."""
    changed: dict[str, Any] = {}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if name in PATHS:
            changed[name] = change(value)
        elif name in PATH_LISTS:
            changed[name] = tuple(map(change, value))
        elif name == "ops":
            changed[name] = tuple(Op(op.type, with_paths(op.body, change)) for op in value)
    return msgspec.structs.replace(record, **changed)
