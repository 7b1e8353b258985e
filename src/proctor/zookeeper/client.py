"""A bare client, one request at a time, on a blocking socket: for probing a registry and for tests.

It hides nothing: replies come with their headers, events in the order in which they came. Nothing reconnects,
nothing pings by itself. (Implementations and the kit's view of the tree use kazoo.)
"""

from __future__ import annotations

import socket
import time
from collections import deque
from typing import NamedTuple, Self

from proctor.zookeeper.codes import Error, KeeperError, OpCode, Xid
from proctor.zookeeper.frames import FrameBuffer, frame
from proctor.zookeeper.jute import Record
from proctor.zookeeper.protocol import (
    REPLIES,
    ConnectRequest,
    ConnectResponse,
    Empty,
    ReplyHeader,
    RequestHeader,
    WatcherEvent,
)

LONGEST_REPLY = 64 << 20  # a list of children may be far longer than any request


class Reply(NamedTuple):
    """`body` is Empty where there is an error, or nothing to say."""

    header: ReplyHeader
    body: Record

    @property
    def err(self) -> Error:
        return Error(self.header.err)


class Client:
    """A connection to one server. `within_s` bounds connecting and each reply; TimeoutError tells what was awaited."""

    def __init__(self, host: str, port: int, within_s: float = 10.0) -> None:
        self.within_s = within_s
        self.socket = socket.create_connection((host, port), within_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.events: list[WatcherEvent] = []
        self.session: ConnectResponse | None = None
        self.last_zxid = 0
        self._frames = FrameBuffer(LONGEST_REPLY)
        self._ready: deque[bytes] = deque()
        self._xid = 0

    def connect(
        self, timeout_ms: int = 2000, session_id: int = 0, password: bytes | None = bytes(16), last_zxid: int = 0
    ) -> ConnectResponse:
        """Open a session, or take one over. The answer's session id is 0 when that one is gone."""
        self.send_frame(ConnectRequest(0, last_zxid, timeout_ms, session_id, password, read_only=False).encode())
        self.session = ConnectResponse.decode(self.receive_frame("the answer to a connect request"))
        return self.session

    def ask(self, op: OpCode, body: Record | None = None, xid: int | None = None) -> Reply:
        """Send a request and wait for its reply; events that come before it are put on `events`.

        Raises TimeoutError, ConnectionError (also at end of stream).
        """
        self.send(op, body, xid)
        return self.receive(op)

    def call(self, op: OpCode, body: Record | None = None) -> Record:
        """The body of the reply. Raises KeeperError too."""
        reply = self.ask(op, body)
        if reply.header.err:
            raise KeeperError(reply.err)
        return reply.body

    def send(self, op: int, body: Record | None = None, xid: int | None = None) -> None:
        if xid is None:
            self._xid += 1
            xid = Xid.PING if op == OpCode.PING else self._xid
        self.send_frame(RequestHeader(xid, op).encode() + (body.encode() if body is not None else b""))

    def receive(self, op: int) -> Reply:
        """The next reply, taken for one to `op`."""
        while True:
            payload = self.receive_frame(f"the reply to {OpCode(op).name}")
            header, at = ReplyHeader.read(payload)
            if header.xid == Xid.NOTIFICATION:
                self.events.append(WatcherEvent.decode(payload, at))
                continue
            self.last_zxid = max(self.last_zxid, header.zxid)
            return Reply(header, Empty() if header.err else REPLIES[op].decode(payload, at))

    def take_events(self) -> list[WatcherEvent]:
        """The events told so far: those on their way come before the reply to a ping."""
        self.ask(OpCode.PING)
        taken, self.events = self.events, []
        return taken

    def send_frame(self, payload: bytes) -> None:
        self.socket.sendall(frame(payload))

    def receive_frame(self, what: str) -> bytes:
        deadline = time.monotonic() + self.within_s
        while not self._ready:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                raise TimeoutError(f"no {what} within {self.within_s:g} s") from None
            if not data:
                raise ConnectionError(f"the server closed the connection before {what}")
            self._ready.extend(self._frames.feed(data))
        return self._ready.popleft()

    def close(self) -> None:
        """Drop the connection. A session is left to expire, or to be taken over."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ask_word(host: str, port: int, word: str, within_s: float = 5.0) -> str:
    """What a server answers to a four-letter word. Raises OSError (TimeoutError among them)."""
    with socket.create_connection((host, port), within_s) as asking:
        asking.sendall(word.encode())
        said = b""
        while data := asking.recv(65536):
            said += data
    return said.decode("utf-8", "replace")
