"""The listening socket: bound before anything is forked, or taken over from the image before this one."""

from __future__ import annotations

import os
import socket

from reference.address import Address

BACKLOG = 1024


def listen(address: Address, variable: str) -> socket.socket:
    """Listens on `address`, with the socket whose descriptor stands in the environment, if so. OSError if it can't."""
    inherited = os.environ.pop(variable, None)
    listener = socket.socket(fileno=int(inherited)) if inherited else bound(address)
    listener.set_inheritable(False)
    return listener


def bound(address: Address) -> socket.socket:
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
