"""What a ZooKeeper server does, without its sockets: frames of peers in, frames to the peers concerned out.

Frames of one peer are answered in their order. What a write changes is told to the watchers before the write is
answered: nobody sees a reply before the event that belongs to it. Every write takes a zxid, also one that fails;
opening and closing a session are writes. Source for each rule that can be seen from outside: Apache ZooKeeper 3.8.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from proctor.zookeeper import acl
from proctor.zookeeper.codes import Error, EventType, KeeperError, KeeperState, OpCode, Perms, Xid
from proctor.zookeeper.database import READS, WRITES, Database
from proctor.zookeeper.frames import frame
from proctor.zookeeper.jute import Malformed, Record
from proctor.zookeeper.peer import Peer
from proctor.zookeeper.protocol import (
    REQUESTS,
    AuthPacket,
    ConnectRequest,
    ConnectResponse,
    ReplyHeader,
    RequestHeader,
    SASLRequest,
    WatcherEvent,
)
from proctor.zookeeper.sessions import Session, Sessions, longest_ms, password
from proctor.zookeeper.tree import Change, Transaction

NO_PASSWORD = bytes(16)


@dataclass(frozen=True)
class Settings:
    """Session timeouts are at least 2 ticks, as everywhere; a short tick makes quick tests."""

    tick_ms: int = 100

    def clamp(self, timeout_ms: int) -> int:
        return max(self.min_timeout_ms, min(self.max_timeout_ms, timeout_ms))

    @property
    def min_timeout_ms(self) -> int:
        return 2 * self.tick_ms

    @property
    def max_timeout_ms(self) -> int:
        return longest_ms(self.tick_ms)


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Keeper:
    """`clock` gives seconds of a monotonic clock, by which sessions expire; `wall` milliseconds since 1970."""

    def __init__(
        self,
        settings: Settings,
        first_session_id: int,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = wall_ms,
    ) -> None:
        self.settings = settings
        self.zxid = 0
        self.sessions: Sessions[Peer] = Sessions(clock, first_session_id)
        self.database = Database(self._notify)
        self.peers: dict[Peer, None] = {}
        self.received = self.sent = 0  # frames, since the start
        self._wall = wall

    def join(self, peer: Peer) -> None:
        """A connection was made."""
        self.peers[peer] = None

    def leave(self, peer: Peer) -> None:
        """A connection is gone. Its session lives on until it expires."""
        self.peers.pop(peer, None)
        self.database.watches.forget(peer)
        if peer.session is not None and peer.session.peer is peer:
            peer.session.peer = None
        peer.session = None

    def receive(self, peer: Peer, payload: bytes) -> None:
        """One frame of a peer. Raises Malformed when nothing more of it can be understood: close it then."""
        peer.received += 1
        self.received += 1
        if peer.session is None:
            self._connect(peer, ConnectRequest.decode(payload))
            return
        header, at = RequestHeader.read(payload)
        if header.type == OpCode.AUTH:
            self._authenticate(peer, header, AuthPacket.decode(payload, at))
        elif header.type == OpCode.SASL:
            SASLRequest.decode(payload, at)
            self._reply(peer, header.xid, 0, Error.OK, SASLRequest(None))
        else:
            self.sessions.touch(peer.session)
            self._request(peer, peer.session, header, payload, at)

    def expire(self) -> None:
        """End the sessions that are due. To be called again at `sessions.next_look()`."""
        for session in self.sessions.expired():
            holder = session.peer
            self._end(session)
            if holder is not None:
                self._drop(holder)

    def collect(self) -> None:
        """Remove emptied containers and znodes whose time to live has passed. To be called every tick."""
        for path in self.database.tree.passed(self._wall()):
            txn = self._begin()
            self.database.tree.remove_passed(txn, path)
            self._tell(txn.changes)

    def restart(self) -> None:
        """As a server that read its state back from disk: no connections, no watches, sessions' timeouts afresh."""
        for peer in list(self.peers):
            self.leave(peer)
        self.sessions.restart()

    def _connect(self, peer: Peer, asked: ConnectRequest) -> None:
        if asked.last_zxid_seen > self.zxid:  # it knows a later state than ours: let it try elsewhere
            self._drop(peer)
            return
        timeout_ms = self.settings.clamp(asked.timeout)
        session = self._open(timeout_ms) if asked.session_id == 0 else self._resume(asked, timeout_ms)
        read_only = None if asked.read_only is None else False  # only who sent the byte can read it
        if session is None:
            self._send(peer, ConnectResponse(0, 0, 0, NO_PASSWORD, read_only).encode())
            self._drop(peer)
            return
        session.peer, peer.session = peer, session
        answer = ConnectResponse(0, timeout_ms, session.id, password(session.id), read_only)
        self._send(peer, answer.encode())

    def _open(self, timeout_ms: int) -> Session[Peer]:
        self._begin()
        return self.sessions.open(timeout_ms)

    def _resume(self, asked: ConnectRequest, timeout_ms: int) -> Session[Peer] | None:
        """The session taken over by a new connection. The old one is closed even if the password is wrong."""
        session = self.sessions.get(asked.session_id)
        if session is None:
            return None
        if session.peer is not None:
            self._drop(session.peer)
        if asked.password != password(session.id):
            return None
        self.sessions.renew(session, timeout_ms)
        return session

    def _authenticate(self, peer: Peer, header: RequestHeader, packet: AuthPacket) -> None:
        proven = acl.proven(packet.scheme, packet.auth, peer.address)
        if proven is None:
            self._reply(peer, header.xid, 0, Error.AUTH_FAILED)
            self._drop(peer)
            return
        peer.ids = tuple(dict.fromkeys((*peer.ids, proven)))
        self._reply(peer, header.xid, 0, Error.OK)

    def _request(self, peer: Peer, session: Session[Peer], header: RequestHeader, payload: bytes, at: int) -> None:
        if header.type == OpCode.CLOSE_SESSION:
            self._end(session)
            self._reply(peer, header.xid, self.zxid, Error.OK)
            self._drop(peer)
        elif header.type not in READS and header.type not in WRITES:
            self._reply(peer, header.xid, -1, Error.UNIMPLEMENTED)
            self._drop(peer)
        else:
            xid = Xid.PING if header.type == OpCode.PING else header.xid
            err, reply = self._answer(peer, session, header.type, payload, at)
            if header.type == OpCode.CHECK and not err:  # Apache ZooKeeper fails to write this reply, and sends none
                return
            self._reply(peer, xid, self.zxid, err, reply)

    def _answer(
        self, peer: Peer, session: Session[Peer], op: int, payload: bytes, at: int
    ) -> tuple[Error, Record | None]:
        txn = self._begin(session, peer) if op in WRITES else None
        try:
            body = REQUESTS[op].decode(payload, at)
            if txn is None:
                return Error.OK, READS[op](self.database, peer, body)
            reply = WRITES[op](self.database, txn, body)
            self._tell(txn.changes)
        except KeeperError as error:
            return error.code, None
        except Malformed:
            return Error.MARSHALLING_ERROR, None
        return Error.OK, reply

    def _begin(self, session: Session[Peer] | None = None, peer: Peer | None = None) -> Transaction:
        self.zxid += 1
        return Transaction(self.zxid, self._wall(), session.id if session else 0, peer.ids if peer else ())

    def _end(self, session: Session[Peer]) -> None:
        self.sessions.remove(session)
        txn = self._begin()
        self.database.tree.end_session(txn, session.id)
        self._tell(txn.changes)

    def _drop(self, peer: Peer) -> None:
        self.leave(peer)
        peer.close()

    def _tell(self, changes: Iterable[Change]) -> None:
        for change in changes:
            for watcher, event, path, entries in self.database.watches.fire(change):
                if acl.permits(entries, Perms.READ, watcher.ids):
                    self._notify(watcher, event, path)

    def _notify(self, peer: Peer, event: EventType, path: str) -> None:
        notice = WatcherEvent(event, KeeperState.SYNC_CONNECTED, path)
        self._reply(peer, Xid.NOTIFICATION, -1, Error.OK, notice)

    def _reply(self, peer: Peer, xid: int, zxid: int, err: Error, body: Record | None = None) -> None:
        out = bytearray()
        ReplyHeader(xid, zxid, err).write(out)
        if body is not None:
            body.write(out)
        self._send(peer, out)

    def _send(self, peer: Peer, payload: bytes | bytearray) -> None:
        peer.sent += 1
        self.sent += 1
        peer.send(frame(payload))
