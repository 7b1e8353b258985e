"""The kernel's queues say how much one end wrote and the other has not read."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from proctor.waiting import eventually
from proctor.wire.queues import Queue, Queues


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as listener,
        closing(socket.create_connection(listener.getsockname())) as one,
        closing(listener.accept()[0]) as other,
    ):
        yield one, other


def port(sock: socket.socket) -> int:
    number: int = sock.getsockname()[1]
    return number


def fill(writer: socket.socket) -> int:
    """Write until the kernel takes no more; how many bytes it took."""
    writer.setblocking(False)
    written = 0
    with suppress(BlockingIOError):
        while True:
            written += writer.send(b"x" * 65536)
    return written


def test_what_is_not_read_is_on_the_way(ends: tuple[socket.socket, socket.socket]) -> None:
    writer, reader = ends
    assert Queues().on_the_way(port(writer), port(reader)) == 0
    writer.sendall(b"12345")
    eventually(lambda: Queues().unread(port(reader), port(writer)) == 5, within=10)
    assert Queues().on_the_way(port(writer), port(reader)) == 5
    assert Queues().on_the_way(port(reader), port(writer)) == 0
    reader.recv(2)
    assert Queues().unread(port(reader), port(writer)) == 3


def test_what_the_reader_has_no_room_for_waits_at_the_writer(ends: tuple[socket.socket, socket.socket]) -> None:
    writer, reader = ends
    written = fill(writer)
    eventually(lambda: Queues().on_the_way(port(writer), port(reader)) == written, within=10)
    assert Queues().end(port(writer), port(reader)).unsent > 0


def test_a_connection_that_is_gone_holds_nothing(ends: tuple[socket.socket, socket.socket]) -> None:
    writer, reader = ends
    writer.sendall(b"12345")
    ports = port(reader), port(writer)
    reader.close()
    writer.close()
    assert Queues().end(*ports) == Queue(0, 0)
