"""The listening socket: bound before anything is forked, or taken over from the image before this one."""

from __future__ import annotations

import os
import socket

from reference.address import Address

BACKLOG = 1024
VARIABLE = "REFERENCE_LISTENER"  # in the environment: the socket's descriptor, over an exec
FIRST = "REFERENCE_FIRST"  # besides: the parent whose second this one is


class Opener:
    """Opens the listening socket."""

    def listen(self, address: Address) -> socket.socket:
        """Listens on `address`, or on what the image before this one has left. OSError if it can't be had."""
        inherited = os.environ.pop(VARIABLE, None)
        listener = socket.socket(fileno=int(inherited)) if inherited else self.bound(address)
        listener.set_inheritable(False)
        return listener

    def bound(self, address: Address) -> socket.socket:
        listener = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what it accepts inherits this
            listener.setblocking(False)  # readable is no promise: another worker may be quicker (X7)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        return listener


def first_parent() -> int | None:
    """The parent that started this one as its second, if any did."""
    first = os.environ.pop(FIRST, None)
    return int(first) if first else None


def leave(listener: socket.socket, first: int | None) -> None:
    """Leaves it to the next image, in `exec`; `first`: whose second that is, if it is one."""
    listener.set_inheritable(True)
    os.environ[VARIABLE] = str(listener.fileno())
    if first:
        os.environ[FIRST] = str(first)


def take_back(listener: socket.socket) -> None:
    """When there was no next image."""
    listener.set_inheritable(False)
    del os.environ[VARIABLE]
    os.environ.pop(FIRST, None)
