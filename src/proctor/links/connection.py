"""One client's connection through a link: its socket, ours to the server, and a pipe each way.

FIN, RST and silence are passed on as what they are. A reset that comes after the same side's FIN is noticed with the
next byte that is sent to it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from typing import Literal, Protocol

from proctor.links.address import Address
from proctor.links.lane import Direction, Lane
from proctor.links.pipe import Pipe

DIAL_WITHIN_S = 5.0
DRAIN_READS = 256
DRAIN_BYTES = 65536

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER, for 0 seconds

How = Literal["fin", "rst"]
End = Literal["client", "server"]


class Link(Protocol):
    """What a connection needs of the link that it belongs to."""

    lanes: dict[Direction, Lane]
    targets: tuple[Address, ...]
    may_dial: asyncio.Event

    def dialled(self) -> None: ...

    def unreachable(self) -> None: ...

    def server_left(self) -> None: ...

    def closed(self, connection: Connection) -> None: ...


class Side(asyncio.Protocol):
    """One of a connection's two sockets; `direction` is the way of the bytes that it reads."""

    def __init__(self, connection: Connection, direction: Direction) -> None:
        self._connection = connection
        self.direction = direction
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        # One write at a time, so that a piece is never joined to the next one in user space.
        transport.set_write_buffer_limits(0)
        self.transport = transport
        self._connection.made(self)

    def data_received(self, data: bytes) -> None:
        self._connection.received(self.direction, data)

    def eof_received(self) -> bool:
        self._connection.ended(self.direction)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self._connection.lost(self, by_peer=error is not None)

    def pause_writing(self) -> None:
        self._connection.writable(self, now=False)

    def resume_writing(self) -> None:
        self._connection.writable(self, now=True)

    def write_eof(self) -> None:
        if self.transport is not None:
            with suppress(OSError):  # the peer has reset it meanwhile, and connection_lost will say so
                self.transport.write_eof()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def cut(self, how: How) -> None:
        if self.transport is not None:
            reset(self.transport) if how == "rst" else finish(self.transport)


class Connection:
    """Subclasses may look at what passes: they override `received`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, link: Link, number: int) -> None:
        self.number = number
        self.loop = loop
        self.link = link
        self.client = Side(self, Direction.TO_SERVER)
        self.server = Side(self, Direction.TO_CLIENT)
        self.pipes = {direction: Pipe(loop, link.lanes[direction]) for direction in Direction}
        self.over = False  # ended by us: nothing that is still read passes
        self.waiting = False  # for leave to be passed on to the target
        self.half_open = False  # one end is gone, and the other was not told
        self._fins: set[Direction] = set()
        self._opening: asyncio.Task[None] | None = None

    def open(self, accepted: socket.socket) -> None:
        self._opening = self.loop.create_task(self._open(accepted))
        self._opening.add_done_callback(lambda _: self._opened(accepted))

    def cut(self, how: How) -> None:
        """End both sides at once, by FIN or RST; what is held is lost."""
        if self._opening is not None:
            self._opening.cancel()
        self._end(how)

    def lose(self, end: End) -> bool:
        """End one side by RST and tell the other nothing: it isn't even read any more. False unless both were there.

        What a vanished peer leaves is as quiet but for the kernel, which answers the other side's keepalive probes.
        """
        gone, left = (self.client, self.server) if end == "client" else (self.server, self.client)
        if gone.transport is None or left.transport is None or self.half_open:
            return False
        self.half_open = True
        for pipe in self.pipes.values():
            pipe.close()
        left.transport.pause_reading()
        gone.cut("rst")
        return True

    def flush(self) -> None:
        for pipe in self.pipes.values():
            pipe.flush()

    def hurry(self) -> None:
        for pipe in self.pipes.values():
            pipe.hurry()

    def made(self, side: Side) -> None:
        self.pipes[side.direction].source = side.transport
        inward = self.pipes[side.direction.opposite]
        inward.sink = side.transport
        inward.flush()

    def received(self, direction: Direction, data: bytes) -> None:
        self.pipes[direction].feed(data)

    def ended(self, direction: Direction) -> None:
        if direction is Direction.TO_CLIENT:
            self.link.server_left()
        self.pipes[direction].feed_end(lambda: self._pass_fin(direction))

    def lost(self, side: Side, *, by_peer: bool) -> None:
        """A socket is closed. A reset by its peer goes to the other side, behind what came before it."""
        self.pipes[side.direction.opposite].close()
        if by_peer:
            if side is self.server:
                self.link.server_left()
            self.pipes[side.direction].feed_end(lambda: self._end("rst"))
        self._forget_if_over()

    def writable(self, side: Side, *, now: bool) -> None:
        pipe = self.pipes[side.direction.opposite]
        pipe.writable = now
        if now:  # not at once: asyncio says so in the middle of a write, and takes no failure of another one there
            self.loop.call_soon(pipe.flush)

    async def _open(self, accepted: socket.socket) -> None:
        try:
            await self.loop.connect_accepted_socket(lambda: self.client, accepted)
            self.waiting = True
            await self.link.may_dial.wait()
            self.waiting = False
            await self._dial()
            self.link.dialled()
        except OSError:
            self.link.unreachable()
            self._end("rst")

    async def _dial(self) -> None:
        """Connect to the first target that accepts. OSError if none does."""
        for target in self.link.targets[:-1]:
            with suppress(OSError):
                return await self._dial_one(target)
        return await self._dial_one(self.link.targets[-1])

    async def _dial_one(self, target: Address) -> None:
        async with asyncio.timeout(DIAL_WITHIN_S):  # its TimeoutError is an OSError
            await self.loop.create_connection(lambda: self.server, *target)

    def _pass_fin(self, direction: Direction) -> None:
        self._fins.add(direction)
        receiver = self.server if direction is Direction.TO_SERVER else self.client
        receiver.write_eof()
        if len(self._fins) == len(Direction):
            self.client.close()
            self.server.close()

    def _opened(self, accepted: socket.socket) -> None:
        self._opening = None
        if self.client.transport is None:
            accepted.close()  # cut before it had a transport
        self._forget_if_over()

    def _end(self, how: How) -> None:
        self.over = True
        for pipe in self.pipes.values():
            pipe.close()
        for side in (self.client, self.server):
            side.cut(how)

    def _forget_if_over(self) -> None:
        if self._opening is None and self.client.transport is None and self.server.transport is None:
            self.link.closed(self)


def reset(transport: asyncio.Transport) -> None:
    """Close by RST."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()


def finish(transport: asyncio.Transport) -> None:
    """Close by FIN, at once. Unread bytes are read first: closing over them would send an RST instead."""
    sock = transport.get_extra_info("socket")
    with suppress(OSError):  # nobody is there any more
        sock.shutdown(socket.SHUT_WR)
        for _ in range(DRAIN_READS):
            if not os.read(sock.fileno(), DRAIN_BYTES):
                break
    transport.abort()
