"""Section "Limits" of spec/wire.md: what just fits is served, what doesn't is refused before it costs anything.

Long frames are sent in parts, so that the examiner needs no more memory than one part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from proctor.api import (
    PROMPTLY_S,
    Connection,
    Ended,
    Server,
    StartServer,
    clause,
    frame,
    header,
    observe,
    ping,
    pong,
    serving,
)

AT_ONCE = 4
MANY = 64
PART_BYTES = 1024 * 1024
ANSWERED_WITHIN_S = 30.0  # a long frame takes its time to be read and parsed
MOST_VIRTUAL_KIB = 2 * 1024 * 1024
MOST_RESIDENT_KIB = 256 * 1024

# What a body of any length begins and ends with, around what fills it.
FILLED = {
    "white-space": (b'{"in":"ping","params":1', b" ", b"}"),
    "ignored-member": (b'{"in":"ping","params":1,"more":"', b"x", b'"}'),
}

OVERSIZED: dict[str, Callable[[int, Connection], bytes]] = {
    "limit-plus-1": lambda limit, wire: header(limit + 1, wire.order),
    "7fffffff": lambda _, wire: header(0x7FFFFFFF, wire.order),
    "80000000": lambda _, wire: header(0x80000000, wire.order),
    "ffffffff": lambda _, wire: header(0xFFFFFFFF, wire.order),
    "http": lambda _limit, _wire: b"GET / HTTP/1.0\r\n\r\n",
}


def limit_of(server: Server) -> int:
    return int(server.promise("max_frame_bytes"))


def parts(length: int, before: bytes, filler: bytes, after: bytes) -> Iterator[bytes]:
    """A body of so many bytes, in parts: what it begins with, what fills it, what it ends with."""
    left = length - len(before) - len(after)
    part = filler * PART_BYTES
    yield before
    while left > 0:
        yield part[:left]
        left -= PART_BYTES
    yield after


@clause("wire/frame-at-the-limit")
@pytest.mark.parametrize("filled", FILLED.values(), ids=FILLED)
def test_a_frame_at_the_limit_is_served(server: Server, filled: tuple[bytes, bytes, bytes]) -> None:
    """A server whose limit is one less, or that counts the length's own bytes, refuses what it promised to take."""
    limit = limit_of(server)
    with server.connect() as wire:
        assert wire.call(ping("short")) == pong("short")
        wire.send(header(limit, wire.order))
        for part in parts(limit, *filled):
            wire.send(part)
        assert wire.reply(within=ANSWERED_WITHIN_S) == pong(1)
        assert wire.call(ping("after")) == pong("after")


@clause("wire/frame-at-the-limit")
def test_several_frames_at_the_limit_are_served_at_once(server: Server) -> None:
    """A server that shares one budget of bytes among connections waits for what it doesn't read, and never gets on."""
    limit = limit_of(server)
    with ExitStack() as opened:
        wires = [opened.enter_context(server.connect()) for _ in range(AT_ONCE)]
        for wire in wires:
            wire.send(header(limit, wire.order))
        for part in parts(limit, *FILLED["ignored-member"]):
            for wire in wires:
                wire.send(part)
        for wire in wires:
            assert wire.reply(within=ANSWERED_WITHIN_S) == pong(1)


@clause("wire/frame-over-the-limit")
@pytest.mark.parametrize("oversized", OVERSIZED.values(), ids=OVERSIZED)
def test_a_length_over_the_limit_is_refused_on_sight(
    server: Server, oversized: Callable[[int, Connection], bytes]
) -> None:
    """A server that believes it waits for ever; one that takes it for negative reads what it likes."""
    with server.connect() as other, server.connect() as wire:
        assert other.call(ping("before")) == pong("before")
        assert wire.call(ping("before")) == pong("before")
        wire.send(oversized(limit_of(server), wire))
        wire.end_after("too_large", within=PROMPTLY_S)
        assert other.call(ping("after")) == pong("after")
    with server.connect() as newcomer:
        assert newcomer.call(ping("newcomer")) == pong("newcomer")


@clause("wire/announced-is-not-allocated")
def test_what_is_announced_takes_no_memory(start_server: StartServer) -> None:
    """A server that allocates what it is told to expect is brought down by sixty-four times four bytes."""
    server = start_server(workers=1)
    with many_connections(server) as wires:
        for wire in wires:
            assert wire.call(ping("served")) == pong("served")
        before = {pid: peaks(pid) for pid in serving(server, *wires)}
    with many_connections(server) as wires:
        for wire in wires:
            wire.send(header(0xFFFFFFFF, wire.order))
        for wire in wires:
            wire.end_after("too_large", within=PROMPTLY_S)
    for pid, (virtual, resident) in before.items():
        virtual_after, resident_after = peaks(pid)
        assert virtual_after - virtual < MOST_VIRTUAL_KIB, f"process {pid}: VmPeak rose to {virtual_after} KiB"
        assert resident_after - resident < MOST_RESIDENT_KIB, f"process {pid}: VmHWM rose to {resident_after} KiB"


@contextmanager
def many_connections(server: Server) -> Iterator[list[Connection]]:
    with ExitStack() as opened:
        yield [opened.enter_context(server.connect()) for _ in range(MANY)]


def peaks(pid: int) -> tuple[int, int]:
    """The most virtual and the most resident memory that a process has had, in KiB."""
    status = observe.status(pid)
    assert "VmPeak" in status, f"process {pid} is gone"
    return int(status["VmPeak"].split()[0]), int(status["VmHWM"].split()[0])


@clause("wire/nothing-after-an-oversized-frame")
@pytest.mark.parametrize("body", ["not-sent", "sent"])
def test_nothing_that_follows_an_oversized_length_is_a_frame(server: Server, body: str) -> None:
    """A server that goes on after the refusal takes bytes of a body, which anyone may have chosen, for requests."""
    length = limit_of(server) + 1
    with server.connect() as wire:
        assert wire.call(ping("before")) == pong("before")
        smuggled = frame(ping("smuggled").body(), wire.order)
        with suppress(Ended):  # while it is sent: then what has come is still read
            wire.send(header(length, wire.order), smuggled)
            if body == "sent":
                for part in parts(length - len(smuggled), b"", b" ", b""):
                    wire.send(part)
                wire.send(smuggled)
        wire.end_after("too_large", within=PROMPTLY_S)


@clause("wire/reply-over-the-limit")
def test_a_reply_over_the_limit_is_an_error(server: Server) -> None:
    """A server that holds only others to the limit sends what no client has to accept."""
    limit = limit_of(server)
    with server.connect() as wire:
        wire.send(header(limit, wire.order))
        for part in parts(limit, b'{"in":"ping","params":"', b"x", b'"}'):
            wire.send(part)
        assert wire.reply(within=ANSWERED_WITHIN_S).code == "too_large"
        assert wire.call(ping("after")) == pong("after")


@clause("wire/reply-over-the-limit")
def test_an_error_stays_within_the_limit(server: Server) -> None:
    """A server that repeats in its message what it was sent makes an error that is too large itself."""
    limit = limit_of(server)
    with server.connect() as wire:
        wire.send(header(limit, wire.order))
        for part in parts(limit, b'{"params":1,"in":"', b"x", b'"}'):
            wire.send(part)
        body = wire.reply_body(within=ANSWERED_WITHIN_S)
        assert len(body) <= limit
        assert wire.decoded(body).code in ("unknown_method", "too_large")
        assert wire.call(ping("after")) == pong("after")
