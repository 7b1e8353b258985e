"""The kernel's queues say how much one end wrote and the other has not read."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from proctor.process.tcp import Address
from proctor.waiting import eventually
from proctor.wire.queues import GONE, held, on_the_way, tabled, unread

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture(params=["127.0.0.1", "::"])
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with (
        closing(
            socket.create_server((request.param, 0), family=family, dualstack_ipv6=":" in request.param)
        ) as listener,
        closing(socket.create_connection(("127.0.0.1", listener.getsockname()[1]))) as one,
        closing(listener.accept()[0]) as other,
    ):
        yield one, other


def addresses(ends: Ends) -> tuple[Address, Address]:
    one, _ = ends
    return one.getsockname(), one.getpeername()


def fill(writer: socket.socket) -> int:
    """Write until the kernel takes no more; how many bytes it took."""
    writer.setblocking(False)
    written = 0
    with suppress(BlockingIOError):
        while True:
            written += writer.send(b"x" * 65536)
    return written


def test_what_is_not_read_is_on_the_way(ends: Ends) -> None:
    (one, other), (writer, reader) = ends, addresses(ends)
    assert on_the_way(writer, reader) == 0
    one.sendall(b"12345")
    eventually(lambda: on_the_way(writer, reader) == unread(reader, writer) == 5, within=10)
    assert on_the_way(reader, writer) == 0
    other.recv(2)
    assert unread(reader, writer) == 3


def test_what_the_reader_has_no_room_for_waits_at_the_writer(ends: Ends) -> None:
    writer, reader = addresses(ends)
    written = fill(ends[0])
    eventually(lambda: on_the_way(writer, reader) == written, within=10)
    assert held(writer, reader).unsent > 0
    # The kernel may move what is under way between the two looks.
    eventually(lambda: held(writer, reader) == tabled(writer, reader), within=10)
    eventually(lambda: held(reader, writer) == tabled(reader, writer), within=10)


def test_a_connection_that_is_gone_holds_nothing(ends: Ends) -> None:
    (one, other), (writer, reader) = ends, addresses(ends)
    one.sendall(b"12345")
    other.close()
    one.close()
    assert held(reader, writer) == tabled(reader, writer) == GONE
