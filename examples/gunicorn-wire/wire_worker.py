"""A worker class for gunicorn that speaks frames of JSON (spec/wire.md) where gunicorn's own speak HTTP.

The application that gunicorn loads is an async callable: method and params in, the reply's name and result out.
Forking, listening, watching and signals are gunicorn's. A worker's part of that: a sign of life every second
(`notify`), a look for its parent, an orderly end after SIGTERM (`alive`), within `graceful_timeout`.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress

from gunicorn.workers.base import Worker  # type: ignore[import-untyped]
from messages import FRAME_BYTES_MAX, HEADER, Refused, error_frame, frame, request_of

BEAT_S = 1.0
DRAIN_LOOK_S = 0.05
ACCEPT_PAUSE_S = 0.1  # after a failed accept: while descriptors are short, trying again at once would spin
QUIET_S = 0.1  # what an idle client may still have on its way when the worker is told to stop


class WireWorker(Worker):  # type: ignore[misc]  # gunicorn ships no types
    alive: bool

    def run(self) -> None:
        asyncio.run(self.serve())

    async def serve(self) -> None:
        self.woken = asyncio.Event()
        self.idle: set[asyncio.Timeout] = set()
        self.conversations: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(self.PIPE[0], self.on_signal)
        listeners: list[socket.socket] = [listener.sock for listener in self.sockets]
        accepting = [asyncio.create_task(self.accept(listener)) for listener in listeners]
        while self.alive and os.getppid() == self.ppid:
            self.notify()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), BEAT_S)
        self.alive = False
        for task in accepting:
            task.cancel()
        for listener in listeners:
            self.accept_queued(listener)
            listener.close()
        await self.drain()

    def on_signal(self) -> None:
        """gunicorn has Python write each signal's number into this pipe; its handlers have run by now."""
        os.read(self.PIPE[0], 4096)
        if not self.alive:
            self.woken.set()

    # Accepting

    async def accept(self, listener: socket.socket) -> None:
        """Whatever the error, it is one connection's or this moment's, and not the listener's."""
        listener.setblocking(False)
        while True:
            try:
                connection, _peer = await asyncio.get_running_loop().sock_accept(listener)
            except OSError as error:
                self.log.warning("accept: %s", error)
                await asyncio.sleep(ACCEPT_PAUSE_S)
            else:
                self.adopt(connection)

    def accept_queued(self, listener: socket.socket) -> None:
        """Whom the kernel has accepted for us was promised to be served."""
        with suppress(OSError):
            while True:
                self.adopt(listener.accept()[0])

    def adopt(self, connection: socket.socket) -> None:
        conversation = asyncio.create_task(self.converse(connection))
        self.conversations.add(conversation)
        conversation.add_done_callback(self.conversations.discard)

    async def drain(self) -> None:
        """Ends with the last conversation. Those that are idle end now, others with what they have asked for."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self.cfg.graceful_timeout
        for patience in self.idle:
            patience.reschedule(loop.time() + QUIET_S)
        while self.conversations and loop.time() < ends:
            self.notify()
            await asyncio.wait(self.conversations, timeout=DRAIN_LOOK_S)

    # One connection

    async def converse(self, connection: socket.socket) -> None:
        """One request after the other, so that replies keep their order and a slow reader holds up himself alone."""
        reader, writer = await asyncio.open_connection(sock=connection)
        quiet_s = QUIET_S
        with suppress(OSError, EOFError):  # reset, quiet for too long, or ended
            try:
                while True:
                    body = await self.next_body(reader, quiet_s)
                    quiet_s = 0.0  # who has had an answer and asks on shall ask another worker
                    writer.write(await self.answer(body))
                    await writer.drain()
            except Refused as refusal:
                writer.write(error_frame(refusal.code, str(refusal)))
            finally:
                writer.close()
                await writer.wait_closed()

    async def next_body(self, reader: asyncio.StreamReader, quiet_s: float) -> bytes:
        """Once the worker is told to stop, TimeoutError if there is none in `quiet_s` seconds.

        Refused if it is too large: then what follows it can't be told from it.
        """
        async with asyncio.timeout(None if self.alive else quiet_s) as patience:
            self.idle.add(patience)
            try:
                header = await reader.readexactly(HEADER.size)
            finally:
                self.idle.discard(patience)
        (length,) = HEADER.unpack(header)
        if length > FRAME_BYTES_MAX:
            raise Refused("too_large", f"a frame of {length} bytes; the limit is {FRAME_BYTES_MAX}")
        return await reader.readexactly(length)

    async def answer(self, body: bytes) -> bytes:
        """The reply's frame. Whatever goes wrong is an answer too."""
        try:
            method, params = request_of(body)
            return frame(*await self.wsgi(method, params))
        except Refused as refusal:
            return error_frame(refusal.code, str(refusal))
        except Exception:
            self.log.exception("the application failed")
            return error_frame("internal", "the method failed")
