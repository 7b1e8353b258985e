"""A listening port of ours that can refuse, and that nobody else can get while it does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from proctor.links.address import Address

ANYWHERE = Address("127.0.0.1", 0)
BACKLOG = 1024
OUT_OF_DESCRIPTORS_PAUSE_S = 0.1  # without it the loop would spin: the connection that can't be accepted stays ready


class Listener:
    """A port of ours, a free one unless told: closed it refuses (ECONNREFUSED), open it hands over what it accepts.

    A bound socket that never listens reserves the port all the while: without it the kernel could give the port of
    a refusing link to a stranger, and a client under test would talk to that.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, accepted: Callable[[socket.socket], None], at: Address = ANYWHERE
    ) -> None:
        self._loop = loop
        self._accepted = accepted
        self._reservation = _bound(*at)
        self._socket: socket.socket | None = None
        self.address = Address(*self._reservation.getsockname())

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def open(self) -> None:
        if self._socket is None:
            self._socket = _bound(*self.address)
            self._socket.setblocking(False)
            self._socket.listen(BACKLOG)
            self._loop.add_reader(self._socket, self._accept, self._socket)

    def close(self) -> None:
        """Refuse from now on. Connections that were not accepted yet are reset by the kernel."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def release(self) -> None:
        """Close, and give the port back."""
        self.close()
        self._reservation.close()

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(BACKLOG):
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:
                self._pause(listening)
                return
            accepted.setblocking(False)
            self._accepted(accepted)
            if listening is not self._socket:
                return

    def _pause(self, listening: socket.socket) -> None:
        self._loop.remove_reader(listening)
        self._loop.call_later(OUT_OF_DESCRIPTORS_PAUSE_S, self._resume, listening)

    def _resume(self, listening: socket.socket) -> None:
        if listening is self._socket:
            self._loop.add_reader(listening, self._accept, listening)


def _bound(host: str, port: int) -> socket.socket:
    """Two sockets may be bound to one port if both say SO_REUSEADDR and at most one of them listens (Linux)."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # What is accepted inherits it. asyncio does this only for sockets that say IPPROTO_TCP, which plain ones don't.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
