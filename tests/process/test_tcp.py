"""The kernel's answers about TCP sockets."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from proctor.process import observe, tcp


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield made


def test_a_bound_socket_is_a_listener_once_it_listens(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert tcp.listeners(port) == []
    listener.listen()
    assert tcp.listeners(port) == [tcp.Listener(port, os.fstat(listener.fileno()).st_ino, 0)]
    assert set(observe.tabled_listeners(port)) == observe.listening_inodes(port)


def test_a_listener_on_ipv6_is_found_too() -> None:
    with socket.socket(socket.AF_INET6) as made:
        made.bind(("::1", 0))
        made.listen()
        found = {listener.inode for listener in tcp.listeners(made.getsockname()[1])}
        assert os.fstat(made.fileno()).st_ino in found  # a stranger may listen on that port of IPv4


def test_connections_that_nobody_has_accepted_are_counted(listener: socket.socket) -> None:
    listener.listen()
    with socket.create_connection(listener.getsockname()), socket.create_connection(listener.getsockname()):
        assert [found.waiting for found in tcp.listeners(listener.getsockname()[1])] == [2]


def test_a_question_that_the_kernel_refuses_is_an_error() -> None:
    with pytest.raises(OSError, match="sock_diag"):
        list(tcp.listening(255, 1))


def test_an_end_of_a_connection_says_what_it_has_not_read(listener: socket.socket) -> None:
    listener.listen()
    with socket.create_connection(listener.getsockname()) as one:
        one.sendall(b"12345")
        assert tcp.end(one.getpeername(), one.getsockname()) == tcp.End(unsent=0, unread=5, inode=0)
        with listener.accept()[0] as accepted:
            accepted.recv(2)
            inode = os.fstat(accepted.fileno()).st_ino
            assert tcp.end(one.getpeername(), one.getsockname()) == tcp.End(unsent=0, unread=3, inode=inode)
        assert tcp.end(listener.getsockname(), ("127.0.0.1", 1)) is None  # where the kernel offers the listener
