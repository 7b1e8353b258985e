"""Addresses at which nobody answers, each in its own way. Each is a context; entering it gives the address."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager

HOST = "127.0.0.1"
BACKLOG = 128
ANSWERED_WITHIN_S = 0.05  # a connect on the loopback interface is answered before it returns

DeadEnd = Callable[[], AbstractContextManager[tuple[str, int]]]


@contextmanager
def refusing() -> Iterator[tuple[str, int]]:
    """Connects get ECONNREFUSED. The port is bound, so that neither a stranger nor the connect itself takes it."""
    with closing(socket.socket()) as bound:
        bound.bind((HOST, 0))
        yield bound.getsockname()


@contextmanager
def deaf() -> Iterator[tuple[str, int]]:
    """The kernel accepts connections and some bytes, and no process ever reads: a stopped server."""
    with closing(socket.create_server((HOST, 0), backlog=BACKLOG)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # as few bytes as the kernel allows
        yield listening.getsockname()


@contextmanager
def full() -> Iterator[tuple[str, int]]:
    """The backlog is full: a connect is neither accepted nor refused."""
    with closing(socket.create_server((HOST, 0), backlog=0)) as listening, ExitStack() as filling:
        address = listening.getsockname()
        while fill(address, filling):
            continue
        yield address


def fill(address: tuple[str, int], filling: ExitStack) -> bool:
    """Connect once more, and say whether that was accepted."""
    probe = filling.enter_context(closing(socket.socket()))
    probe.setblocking(False)
    probe.connect_ex(address)
    return bool(select.select([], [probe], [], ANSWERED_WITHIN_S)[1])
