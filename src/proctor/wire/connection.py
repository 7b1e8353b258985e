"""A client's connection to the server under test: it sends what it is told, and says exactly what came back.

A reply, a clean end (FIN), a reset (RST) and silence are four different things, and each failure says which it was.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from proctor.history import History
from proctor.outcome import Failure, TimedOut
from proctor.process.text import brief, shorten
from proctor.wire.messages import HEADER_BYTES, Body, NotAMessage, Order, Reply, Request, decode_reply, frame, length_of
from proctor.wire.queues import held, on_the_way, unread

REPLY_WITHIN_S = 10.0  # generous: it costs time only where a reply never comes
READ_POLL_S = 0.001
SHOWN_BYTES = 64
RECORDED_BYTES = 4096
MOST_REPLY_BYTES = 20 * 1024 * 1024  # nothing that the suite asks for is larger
# The segments that every host takes (RFC 1122, 4.2.2.6). By those of the loopback interface, 64 KiB each, the kernel
# reckons a sender's buffer at megabytes, and nobody would notice a slow reader before he owes those.
SLOW_SEGMENT_BYTES = 536

End = Literal["fin", "rst"]
Sendable = Request | Body | bytes


class NoReply(TimedOut):
    """Silence: the connection stands and nothing whole came."""


class Ended(Failure):
    """The connection ended where a reply was due; `how` says by FIN or RST, `begun` whether some of the reply came.

    `before`: it had ended before the last of what was sent arrived, so the server can't have read that.
    """

    def __init__(self, message: str, how: End, begun: bool = False, before: bool = False) -> None:
        super().__init__(message)
        self.how = how
        self.begun = begun
        self.before = before


class NotAReply(Failure):
    """Something came that the contract doesn't know as a reply."""


class Refused(Failure):
    """The connection was not accepted."""


@dataclass(frozen=True)
class Wait:
    """For all of a reply, however many reads it takes. Seconds of time.monotonic()."""

    started: float
    deadline: float


class Connection:
    """One TCP connection. What passes is recorded in the history, decoded and as bytes."""

    def __init__(
        self,
        address: tuple[str, int],
        history: History,
        order: Order = "little",
        patience: float = 1.0,
        receive_buffer: int | None = None,
    ) -> None:
        """With a `receive_buffer` of so many bytes, little of what the server sends leaves it until it is read."""
        self.order: Order = order
        self._history = history
        self._patience = patience
        self._buffer = bytearray()
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SLOW_SEGMENT_BYTES)
        self._socket.settimeout(REPLY_WITHIN_S * patience)
        self._connect(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server = address
        self.client: tuple[str, int] = self._socket.getsockname()

    def send(self, *requests: Sendable, pieces: Iterable[int] | None = None, apart_s: float = 0.0) -> None:
        """Send requests as one run of bytes, or cut into `pieces` of these many bytes, each a segment of its own.

        A Request or Body is framed; bytes go as they are. What `pieces` leave goes last. The next piece goes when the
        server has read the one before. That is waited for, but not longer than `apart_s` for all of them together: a
        server may wait for more before it reads.
        """
        data = b"".join(
            request if isinstance(request, bytes) else frame(request.body(), self.order) for request in requests
        )
        whole = list(cut(data, pieces))
        self._record("sent", data, ", ".join(describe(request) for request in requests), [len(part) for part in whole])
        deadline = time.monotonic() + apart_s
        for piece in whole:
            self._send_piece(piece)
            self._let_it_be_read(deadline)

    def call(self, request: Request | Body, within: float = REPLY_WITHIN_S) -> Reply:
        self.send(request)
        return self.reply(within)

    def reply(self, within: float = REPLY_WITHIN_S) -> Reply:
        """The next reply. Raises NoReply, Ended or NotAReply."""
        return self.decoded(self.reply_body(within))

    def decoded(self, body: bytes) -> Reply:
        """The reply in a frame's body. Raises NotAReply."""
        try:
            reply = decode_reply(body)
        except NotAMessage as error:
            raise NotAReply(f"was answered with something that is no reply: {error}: {show(body)}") from None
        self._record("received", body, describe_reply(reply))
        return reply

    def reply_body(self, within: float = REPLY_WITHIN_S) -> bytes:
        """The next frame's body, as it came."""
        wait = self._wait(within)
        length = length_of(self._take(HEADER_BYTES, wait, "a reply's length"), self.order)
        if not 0 < length <= MOST_REPLY_BYTES:
            raise NotAReply(f"a reply announces {length} bytes; the first that follow: {show(self._buffer)}")
        try:
            return self._take(length, wait, f"a reply of {length} bytes")
        except Ended as ended:
            ended.begun = True
            raise

    def replies(self, count: int, within: float = REPLY_WITHIN_S) -> list[Reply]:
        return [self.reply(within) for _ in range(count)]

    def end(self, within: float = REPLY_WITHIN_S) -> End:
        """Wait for the connection's end and say how it came. Failure if a reply comes first, NoReply on silence."""
        try:
            self._receive_until(1, self._wait(within), "the end of the connection")
        except Ended as ended:
            return ended.how
        raise Failure(f"the connection should end; instead there came {show(self._buffer)}")

    def end_after(self, code: str, within: float = REPLY_WITHIN_S) -> End:
        """The same, but one error of this code may come first. Failure on any other reply, NoReply on silence."""
        try:
            reply = self.reply(within)
        except Ended as ended:
            return ended.how
        if reply.code != code:
            raise Failure(f"the connection should end, after an error {code} at most; came {describe_reply(reply)}")
        return self.end(within)

    def on_the_way(self) -> int:
        """How many bytes of replies the server has written that are not taken by `reply` yet."""
        return on_the_way(self.server, self.client) + len(self._buffer)

    def taken(self) -> bool:
        """Whether the server has read all that was sent."""
        return unread(self.server, self.client) == 0

    def inode(self) -> int:
        """Of the server's socket; 0 while the connection is not accepted, or once it is gone."""
        return held(self.server, self.client).inode

    def answered(self) -> bool:
        """Whether something has come that is not read yet: a reply, or its beginning."""
        return self.on_the_way() > 0

    def half_close(self) -> None:
        """SHUT_WR: nothing more will be sent; replies are still read. Ended if the server has reset the connection."""
        self._record("sent", b"", "FIN")
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise Ended(f"the connection was gone while closing: {error.strerror}", "rst") from None

    def reset(self) -> None:
        """Close by RST: SO_LINGER of 0 seconds."""
        self._record("sent", b"", "RST")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, address: tuple[str, int]) -> None:
        started = time.monotonic()
        try:
            self._socket.connect(address)
        except TimeoutError:
            self._socket.close()
            raise NoReply(f"connecting to {show_address(address)} took too long", started, time.monotonic()) from None
        except OSError as error:
            self._socket.close()
            raise Refused(f"connecting to {show_address(address)}: {error.strerror}") from None

    def _send_piece(self, piece: bytes) -> None:
        wait = self._wait(REPLY_WITHIN_S)
        self._socket.settimeout(wait.deadline - wait.started)  # not what the last read has left of its own
        try:
            self._socket.sendall(piece)
        except TimeoutError:
            raise NoReply("the server does not read what is sent to it", wait.started, time.monotonic()) from None
        except OSError as error:
            message = f"the connection was gone while sending: {error.strerror}"
            raise Ended(message, how_of(error), before=error.errno == errno.EPIPE) from None

    def _let_it_be_read(self, deadline: float) -> None:
        while time.monotonic() < deadline and not self.taken():
            time.sleep(READ_POLL_S)  # between two looks at an event

    def _wait(self, within: float) -> Wait:
        now = time.monotonic()
        return Wait(now, now + within * self._patience)

    def _take(self, count: int, wait: Wait, what: str) -> bytes:
        self._receive_until(count, wait, what)
        with memoryview(self._buffer) as held:
            taken = bytes(held[:count])
        del self._buffer[:count]
        return taken

    def _receive_until(self, count: int, wait: Wait, what: str) -> None:
        """Read until `count` bytes are buffered."""
        while len(self._buffer) < count:
            self._socket.settimeout(max(0.001, wait.deadline - time.monotonic()))
            piece = self._receive(what, wait.started)
            if not piece:
                message = f"the connection was closed (FIN) instead of {what}{self._rest()}"
                raise Ended(message, "fin", begun=bool(self._buffer), before=self._refused())
            self._buffer += piece

    def _receive(self, what: str, started: float) -> bytes:
        try:
            return self._socket.recv(1 << 18)
        except TimeoutError:
            now = time.monotonic()
            raise NoReply(
                f"no answer in {now - started:.2f} s: waited for {what}{self._rest()}", started, now
            ) from None
        except OSError as error:
            message = f"the connection was reset ({error.strerror}) instead of {what}{self._rest()}"
            raise Ended(message, "rst", begun=bool(self._buffer)) from None

    def _refused(self) -> bool:
        """Whether a server that had closed already was sent something: its kernel resets the connection then, and
        ours notes that as EPIPE once the FIN has come. Source: tcp_reset() in Linux, net/ipv4/tcp_input.c."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.EPIPE

    def _rest(self) -> str:
        return f", after {show(self._buffer)}" if self._buffer else ""

    def _record(self, kind: str, data: bytes, meaning: str, pieces: list[int] | None = None) -> None:
        """`pieces`: the lengths of the segments, if there were several."""
        cuts = {"pieces": pieces} if pieces and len(pieces) > 1 else {}
        self._history.record(
            kind, port=self.client[1], bytes=data[:RECORDED_BYTES].hex(), length=len(data), meaning=meaning, **cuts
        )


def cut(data: bytes, pieces: Iterable[int] | None) -> Iterable[bytes]:
    if pieces is None:
        yield data
        return
    at = 0
    for size in pieces:
        if at < len(data):
            yield data[at : at + size]
            at += size
    if at < len(data):
        yield data[at:]


def how_of(error: OSError) -> End:
    return "rst" if error.errno in (errno.ECONNRESET, errno.EPIPE) else "fin"


def show(data: bytes | bytearray) -> str:
    """Bytes for people: their number, the first of them in hex and as text."""
    dots = "..." if len(data) > SHOWN_BYTES else ""
    head = bytes(data[:SHOWN_BYTES])
    return f"{len(data)} bytes {head.hex(' ')}{dots} {head!r}{dots}"


def show_address(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"


def describe(request: Sendable) -> str:
    if isinstance(request, Request):
        return f"{request.method} {brief(request.params)}"
    return show(request.content if isinstance(request, Body) else request)


def describe_reply(reply: Reply) -> str:
    return f"{shorten(reply.name)} {brief(reply.result)}"
