"""Links between the servers of an ensemble."""

from __future__ import annotations

import asyncio
import struct

from proctor.links import Address, Direction, LinkProxy, Relay
from proctor.links.connection import Connection
from proctor.loop import LoopThread

# Who calls, before anything else: version, number, and length of the address where it listens itself.
# Source: QuorumCnxManager.InitialMessage of Apache ZooKeeper 3.8.
INTRODUCTION = struct.Struct("!qqi")


class PeerLink(LinkProxy):
    """From one server to a port of another, on `at`: it refuses whenever that port does."""

    def __init__(self, loop: LoopThread, target: Address, at: Address) -> None:
        super().__init__(loop, target)
        self._at = at

    def make_relay(self) -> Relay:
        return Relay(self.thread.loop, (self._target,), self._at, here=True)


class ElectionLink(PeerLink):
    """The one for elections, in which a server with a greater number hangs up on who calls it, and calls back.

    It calls the address that it was told, which is that of the caller itself: we tell it that of the link back.
    """

    def __init__(self, loop: LoopThread, target: Address, at: Address, caller: Address, back: Address) -> None:
        super().__init__(loop, target, at)
        self._caller, self._back = str(caller).encode(), str(back).encode()

    def make_relay(self) -> Relay:
        return ElectionRelay(self.thread.loop, (self._target,), self._at, self._caller, self._back)


class ElectionRelay(Relay):
    def __init__(
        self, loop: asyncio.AbstractEventLoop, targets: tuple[Address, ...], at: Address, caller: bytes, back: bytes
    ) -> None:
        self.caller, self.back = caller, back
        super().__init__(loop, targets, at, here=True)

    def connection(self, number: int) -> Connection:
        return ElectionConnection(self.loop, self, number)


class ElectionConnection(Connection):
    def __init__(self, loop: asyncio.AbstractEventLoop, relay: ElectionRelay, number: int) -> None:
        super().__init__(loop, relay, number)
        self._relay = relay
        self._introduction: bytes | None = b""  # what came of it; None once it has passed

    def received(self, direction: Direction, data: bytes) -> None:
        if direction is Direction.TO_SERVER and self._introduction is not None:
            self._introduction += data
            data = self._introduced()
        super().received(direction, data)

    def _introduced(self) -> bytes:
        """What has come, once the introduction is complete; nothing before."""
        came = self._introduction or b""
        if len(came) < INTRODUCTION.size:
            return b""
        version, number, length = INTRODUCTION.unpack_from(came)
        address, rest = came[INTRODUCTION.size :][:length], came[INTRODUCTION.size + length :]
        if len(address) < length:
            return b""
        self._introduction = None
        told = address.replace(self._relay.caller, self._relay.back)
        return INTRODUCTION.pack(version, number, len(told)) + told + rest
