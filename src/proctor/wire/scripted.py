"""Servers of our own that behave as a test says, to examine clients; each keeps a ledger of what it was asked."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from proctor.loop import LoopThread
from proctor.wire.connection import READ_POLL_S, End
from proctor.wire.messages import HEADER_BYTES, Order, Reply, frame, length_of
from proctor.wire.queues import on_the_way

MOST_REQUEST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Asked:
    """A line of the ledger: a request that was read whole. `at` is in seconds of time.monotonic()."""

    at: float
    connection: int
    method: str
    params: Any


class Dialogue:
    """One client's connection, as a behaviour sees it."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, order: Order) -> None:
        self.number = number
        self.order = order
        self._reader = reader
        self._writer = writer

    async def reply(self, reply: Reply) -> None:
        await self.send(frame(reply.body(), self.order))

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def be_read(self, deadline: float) -> None:
        """Wait until the client has read all that was sent, but not longer than until that moment of time.monotonic():
        it may wait for more before it reads, or be gone.
        """
        ours, client = (self._writer.get_extra_info(name) for name in ("sockname", "peername"))
        while time.monotonic() < deadline and on_the_way(ours, client):  # noqa: ASYNC110  # the kernel tells no event
            await asyncio.sleep(READ_POLL_S)

    async def close(self) -> None:
        """End by FIN."""
        end(self._writer, "fin")

    async def reset(self) -> None:
        """End by RST."""
        end(self._writer, "rst")

    async def request(self) -> dict[str, Any] | None:
        """The next request; None at the connection's end."""
        try:
            length = length_of(await self._reader.readexactly(HEADER_BYTES), self.order)
            if length > MOST_REQUEST_BYTES:
                return None
            body = json.loads(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ValueError, OSError):
            return None
        return body if isinstance(body, dict) else None


Behaviour = Callable[[Dialogue, Asked], Awaitable[None]]


class ScriptedServer:
    """Listens on a port of its own. `behave` changes what it does with each request from then on.

    The port stays its own while it doesn't listen: connects are refused. As a context manager it is closed at the
    end, its connections too.
    """

    def __init__(self, loop: LoopThread, behaviour: Behaviour, order: Order = "little") -> None:
        self._loop = loop
        self._behaviour = behaviour
        self._order: Order = order
        self._ledger: list[Asked] = []
        self._connected: list[float] = []
        self._open: dict[int, asyncio.StreamWriter] = {}
        self._lock = threading.Lock()
        self._server: asyncio.Server | None = None
        # Bound and never listening, beside the one that does (Linux lets both be, by SO_REUSEADDR).
        self._reservation = socket.socket()
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reservation.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._reservation.getsockname()
        self.listen()

    def behave(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    def ledger(self, method: str | None = None) -> list[Asked]:
        """Every request that was read whole, in order."""
        with self._lock:
            return [asked for asked in self._ledger if method in (None, asked.method)]

    def connects(self) -> list[float]:
        """When each connection was accepted, in seconds of time.monotonic()."""
        with self._lock:
            return list(self._connected)

    def connected(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    def listen(self) -> None:
        """Accept connections, again if it had hung up."""
        self._loop.call(self._listen())

    def hang_up(self) -> None:
        """Stop listening and close every connection by FIN: a server that went."""
        self._loop.call(self._hang_up())

    def drop(self, how: End = "fin") -> None:
        """End every connection and go on listening."""
        self._loop.call(self._drop(how))

    def close(self) -> None:
        self.hang_up()
        self._reservation.close()

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, *self.address, limit=1 << 20)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._drop("fin")

    async def _drop(self, how: End) -> None:
        for writer in list(self._open.values()):
            end(writer, how)
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._lock:
            self._connected.append(time.monotonic())
            number = len(self._connected)
        self._open[number] = writer
        dialogue = Dialogue(number, reader, writer, self._order)
        try:
            while (request := await dialogue.request()) is not None:
                await self._answer(dialogue, request)
        except OSError:
            return  # the client went; that is its affair
        finally:
            self._open.pop(number, None)
            writer.close()

    async def _answer(self, dialogue: Dialogue, request: dict[str, Any]) -> None:
        asked = Asked(time.monotonic(), dialogue.number, str(request.get("in")), request.get("params"))
        with self._lock:
            self._ledger.append(asked)
        await self._behaviour(dialogue, asked)


def end(writer: asyncio.StreamWriter, how: End) -> None:
    if how == "fin":
        writer.close()
        return
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def answers(dialogue: Dialogue, asked: Asked) -> None:
    """What the contract says."""
    await dialogue.reply(await lawful_reply(asked))


async def lawful_reply(asked: Asked) -> Reply:
    params = asked.params
    if asked.method == "ping":
        return Reply("pong", params)
    if asked.method == "pi":
        return Reply("pi_r", math.sqrt(8 * sum(1 / (2 * i + 1) ** 2 for i in range(params + 1))))
    if asked.method == "sleep":
        await asyncio.sleep(params)
        return Reply("sleep_r", params)
    return Reply("error", {"code": "unknown_method", "message": f"no method {asked.method!r}"})


async def stays_silent(_dialogue: Dialogue, _asked: Asked) -> None:
    """Reads the request and never answers."""


async def closes(dialogue: Dialogue, _asked: Asked) -> None:
    """Executes (the ledger has it), then ends by FIN without a reply."""
    await dialogue.close()


async def resets(dialogue: Dialogue, _asked: Asked) -> None:
    """Executes, then ends by RST without a reply."""
    await dialogue.reset()


def answers_after(seconds: float) -> Behaviour:
    """Lawful, but late."""

    async def behaviour(dialogue: Dialogue, asked: Asked) -> None:
        reply = await lawful_reply(asked)
        await asyncio.sleep(seconds)
        with suppress(OSError):  # the client may have given up by then
            await dialogue.reply(reply)

    return behaviour


def sends(data: bytes, then_close: bool = False) -> Behaviour:
    """Answers every request with these bytes."""

    async def behaviour(dialogue: Dialogue, _asked: Asked) -> None:
        await dialogue.send(data)
        if then_close:
            await dialogue.close()

    return behaviour


def fails(code: str, message: str = "as scripted") -> Behaviour:
    """Answers every request with an error of the contract."""

    async def behaviour(dialogue: Dialogue, _asked: Asked) -> None:
        await dialogue.reply(Reply("error", {"code": code, "message": message}))

    return behaviour


def once(first: Behaviour, then: Behaviour) -> Behaviour:
    """`first` for the first request, `then` for all others."""
    behaviours: Iterator[Behaviour] = iter([first])

    async def behaviour(dialogue: Dialogue, asked: Asked) -> None:
        await next(behaviours, then)(dialogue, asked)

    return behaviour
