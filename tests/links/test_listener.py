"""A listening port of ours and what it hands over."""

from __future__ import annotations

import asyncio
import socket
import threading

from proctor.links.listener import Listener
from proctor.loop import LoopThread

WITHIN_S = 10.0


def test_what_is_accepted_delays_no_small_writes(loop: LoopThread) -> None:
    """With Nagle's algorithm pieces are joined, and a small one waits 40 ms for the last to be acknowledged."""
    options: list[int] = []
    arrived = threading.Event()

    def take(accepted: socket.socket) -> None:
        options.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        accepted.close()
        arrived.set()

    async def listen() -> Listener:
        listener = Listener(asyncio.get_running_loop(), take)
        listener.open()
        return listener

    async def release(listener: Listener) -> None:
        listener.release()

    listener = loop.call(listen())
    with socket.create_connection(listener.address):
        assert arrived.wait(WITHIN_S)
    loop.call(release(listener))
    assert options == [1]
