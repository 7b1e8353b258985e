"""What /proc says: listeners, handlers, descriptors."""

from __future__ import annotations

import os
import signal
import socket

from proctor.process import observe
from proctor.process.ports import HIGHEST, LOWEST, Ports


def test_a_listener_is_known_by_its_port_and_its_holder_by_the_inode() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert observe.listening_inodes(port) == set()
        listener.listen()
        assert observe.holders(observe.listening_inodes(port), [os.getpid(), 1]) == [os.getpid()]


def test_a_handler_shows_in_the_signals_that_a_process_catches() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        assert observe.catches(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not observe.catches(os.getpid(), signal.SIGUSR1)


def test_a_process_that_is_not_there_is_none_and_empty() -> None:
    nobody = 2**22 + 1  # above the largest pid that Linux hands out
    assert observe.stat(nobody) is None
    assert observe.status(nobody) == {}
    assert observe.sockets(nobody) == set()
    assert observe.descriptors(nobody) == 0


def test_a_command_name_may_hold_anything() -> None:
    found = observe.stat(os.getpid())
    assert found is not None
    assert found.pid == os.getpid()
    assert found.parent == os.getppid()


def test_a_reserved_port_is_free_and_nobody_else_gets_it() -> None:
    mine, other = Ports(), Ports()
    try:
        port = mine.reserve()
        assert LOWEST <= port < HIGHEST
        assert not other._claim(port)  # noqa: SLF001  # the one port that matters can't be asked for by the public way
        mine.release(port)
        assert other._claim(port)  # noqa: SLF001
    finally:
        mine.close()
        other.close()
