"""Servers of our own, as a client's socket sees them."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from proctor.loop import LoopThread
from proctor.waiting import eventually, throughout
from proctor.wire.messages import frame, ping
from proctor.wire.scripted import Asked, Behaviour, Dialogue, ScriptedServer

FIRST, SECOND = b"first", b"second"


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    thread = LoopThread().start()
    yield thread
    thread.stop()


def in_two(patience_s: float) -> Behaviour:
    """The second piece goes when the first was read, or when patience is at its end."""

    async def behaviour(dialogue: Dialogue, _asked: Asked) -> None:
        await dialogue.send(FIRST)
        await dialogue.be_read(time.monotonic() + patience_s)
        await dialogue.send(SECOND)

    return behaviour


@contextmanager
def asking(loop: LoopThread, behaviour: Behaviour) -> Iterator[socket.socket]:
    """A client that has sent its request and has read nothing yet."""
    with ScriptedServer(loop, behaviour) as server, socket.create_connection(server.address, timeout=30) as client:
        client.sendall(frame(ping("x").body(), "little"))
        yield client


def arrived(client: socket.socket) -> bytes:
    return client.recv(100, socket.MSG_PEEK)


def test_what_follows_waits_until_the_client_has_read(loop: LoopThread) -> None:
    with asking(loop, in_two(patience_s=math.inf)) as client:

        def only_the_first() -> None:
            assert arrived(client) == FIRST

        throughout(only_the_first, 0.2)
        assert client.recv(100) == FIRST
        assert client.recv(100) == SECOND


def test_nobody_waits_for_ever_for_a_client_that_wants_more_before_it_reads(loop: LoopThread) -> None:
    with asking(loop, in_two(patience_s=0.1)) as client:
        eventually(lambda: arrived(client) == FIRST + SECOND, within=10)


def test_a_client_that_has_gone_is_not_waited_for(loop: LoopThread) -> None:
    with ScriptedServer(loop, in_two(patience_s=math.inf)) as server:
        with socket.create_connection(server.address, timeout=30) as client:
            client.sendall(frame(ping("x").body(), "little"))
            assert arrived(client) == FIRST
            assert server.connected() == 1
        eventually(lambda: server.connected() == 0, within=10)
