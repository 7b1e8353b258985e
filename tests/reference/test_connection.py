"""One connection of a worker, over a real socket, in a loop of the test's own."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic
from typing import Any

import pytest

from reference.codec import Codec
from reference.connection import LINGER_S, QUIET_S, READ_BYTES, UNSENT_BYTES_MAX, Answer, Connection
from reference.log import Log
from reference.methods import Dispatcher, Methods
from reference.timers import Timers
from reference.wire import Dialect, FrameReader

WITHIN_S = 10.0
LIMIT = 1024 * 1024


class Loop:
    """What a worker is to its connections."""

    def __init__(self) -> None:
        self.timers = Timers()
        self.draining = False
        self.answer: Answer = Dispatcher(Codec(Dialect()), Methods(), Log()).answer
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}

    def adopt(self, sock: socket.socket) -> Connection:
        connection = Connection(sock, self, FrameReader(Dialect(frame_bytes_max=LIMIT)))
        self.connections[sock.fileno()] = connection
        self.epoll.register(sock, select.EPOLLIN)
        return connection

    def watch(self, connection: Connection, events: int) -> None:
        self.epoll.modify(connection.sock, events)

    def forget(self, connection: Connection) -> None:
        self.epoll.unregister(connection.sock)
        del self.connections[connection.sock.fileno()]

    def turn(self) -> None:
        for fd, events in self.epoll.poll(0.01):
            if fd in self.connections:
                self.connections[fd].on_event(events)
        self.timers.run_due()

    def until(self, look: Callable[[], Any], what: str) -> None:
        ends = monotonic() + WITHIN_S
        while not look():
            assert monotonic() < ends, f"waited {WITHIN_S} s for {what}"
            self.turn()


class Caller:
    """The other end."""

    def __init__(self, sock: socket.socket, loop: Loop) -> None:
        self.sock = sock
        self.loop = loop
        self.reader = FrameReader(Dialect())
        self.replies: list[Any] = []
        self.ended = False
        sock.setblocking(False)

    def ask(self, method: str, params: Any = None) -> None:
        self.send(framed(json.dumps({"in": method, "params": params}).encode()))

    def send(self, data: bytes) -> None:
        while data:
            with suppress(BlockingIOError):
                data = data[self.sock.send(data) :]
            self.loop.turn()

    def look(self) -> None:
        """Takes what is there."""
        while not self.ended:
            try:
                data = self.sock.recv(READ_BYTES)
            except BlockingIOError:
                return
            self.ended = not data
            for frame in self.reader.feed(data) if data else []:
                assert isinstance(frame, bytes)
                reply = json.loads(frame)
                self.replies.append((reply["out"], reply["result"]))

    def replies_are(self, count: int) -> list[Any]:
        def look() -> bool:
            self.look()
            return len(self.replies) >= count

        self.loop.until(look, f"{count} replies")
        return self.replies

    def end(self) -> None:
        def look() -> bool:
            self.look()
            return self.ended

        self.loop.until(look, "the end of the connection")


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "little") + body


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def served(loop: Loop) -> Iterator[Connection]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    connection = loop.adopt(ours)
    loop.caller = Caller(theirs, loop)  # type: ignore[attr-defined]  # the fixture `caller` takes it from here
    yield connection
    connection.close()
    theirs.close()
    loop.epoll.close()


@pytest.fixture
def caller(served: Connection, loop: Loop) -> Caller:  # noqa: ARG001  # its other end
    found: Caller = loop.caller  # type: ignore[attr-defined]
    return found


def test_replies_keep_the_order_of_requests_across_a_call_that_takes_time(caller: Caller) -> None:
    for method, params in [("ping", 1), ("sleep", 0.05), ("pi", 50_000), ("ping", 2), ("nope", 0), ("ping", 3)]:
        caller.ask(method, params)
    outs = [out for out, _ in caller.replies_are(6)]
    assert outs == ["pong", "sleep_r", "pi_r", "pong", "error", "pong"]


def test_a_reader_that_does_not_read_holds_up_only_itself(caller: Caller, served: Connection, loop: Loop) -> None:
    """Replies that nobody reads pile up to a bound, and then no further call is begun (X2)."""
    text = "x" * 100_000
    asked = 0
    caller.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    request = framed(json.dumps({"in": "ping", "params": text}).encode())
    rest = b""
    while not served.waiting or served.events & select.EPOLLIN:  # until it reads no more
        rest = rest or request
        asked += len(rest) == len(request)
        with suppress(BlockingIOError):
            rest = rest[caller.sock.send(rest) :]
        loop.turn()
        assert len(served.unsent) <= UNSENT_BYTES_MAX + len(request) + 100
    while rest:
        caller.look()
        with suppress(BlockingIOError):
            rest = rest[caller.sock.send(rest) :]
        loop.turn()
    assert caller.replies_are(asked) == [("pong", text)] * asked


def test_what_was_asked_before_a_half_close_is_answered(caller: Caller) -> None:
    for i in range(3):
        caller.ask("sleep", 0.01 * i)
    caller.sock.shutdown(socket.SHUT_WR)
    caller.end()
    assert [out for out, _ in caller.replies] == ["sleep_r"] * 3


def test_why_it_is_refused_can_be_read_while_the_rest_is_still_being_sent(caller: Caller) -> None:
    """A close with bytes unread is a reset, which can destroy the reply on its way."""
    caller.ask("ping", 1)
    caller.send((LIMIT + 1).to_bytes(4, "little") + b"x" * (LIMIT // 2))
    caller.end()
    assert [out for out, _ in caller.replies] == ["pong", "error"]
    assert caller.replies[1][1]["code"] == "too_large"


def test_who_goes_on_sending_after_a_refusal_is_closed(caller: Caller, served: Connection, loop: Loop) -> None:
    caller.send(b"\xff" * 100)
    caller.end()
    loop.until(lambda: served.closed, f"the close, {LINGER_S} s after the refusal")


def test_the_last_reply_of_a_draining_worker_brings_the_end_with_it(caller: Caller, loop: Loop) -> None:
    """Otherwise a client that calls again at once would find out only after it has sent its request (U2)."""
    caller.ask("sleep", 0.05)
    loop.until(lambda: next(iter(loop.connections.values())).running, "the call")
    loop.draining = True
    caller.replies_are(1)
    assert caller.sock.recv(1) == b""  # there already: it would raise BlockingIOError otherwise


def test_a_draining_worker_answers_what_has_come_before_it_ends(caller: Caller, served: Connection, loop: Loop) -> None:
    for i in range(5):
        caller.sock.send(framed(json.dumps({"in": "ping", "params": i}).encode()))
    loop.draining = True
    served.drain()
    caller.end()
    assert caller.replies == [("pong", i) for i in range(5)]


def test_a_draining_worker_waits_a_moment_for_who_has_just_connected(
    caller: Caller, served: Connection, loop: Loop
) -> None:
    loop.draining = True
    served.drain()
    caller.sock.send(framed(b'{"in":"ping",'[:5])[:2])
    loop.turn()
    assert not served.closed
    loop.until(lambda: served.closed, f"the close, {QUIET_S} s after the last byte")


def test_a_reset_ends_the_call_that_is_under_way(caller: Caller, served: Connection, loop: Loop) -> None:
    caller.ask("sleep", 100)
    loop.until(lambda: served.running, "the call")
    steps = served.running
    caller.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    caller.sock.close()
    loop.until(lambda: served.closed, "the close")
    assert steps is not None
    with pytest.raises(StopIteration):
        next(steps)


def test_two_bytes_and_the_end_are_the_end(caller: Caller, served: Connection, loop: Loop) -> None:
    caller.sock.send(b"\x05\0")
    caller.sock.shutdown(socket.SHUT_WR)
    caller.end()
    loop.until(lambda: served.closed, "the close")
