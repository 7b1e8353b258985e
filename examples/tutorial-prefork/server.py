"""The prefork server of the tutorial, with its faults: one socket, the same loop in every process, a registered parent.

Ids in comments (S1, R1) are entries of spec/failure-modes.md.
"""

from __future__ import annotations

import argparse
import asyncore
import errno
import json
import math
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from kazoo.client import KazooClient

LENGTH = struct.Struct("I")  # native byte order: right on little-endian machines alone
READ_BYTES = 1024


def ping(params: Any) -> tuple[str, Any]:
    return "pong", params


def pi(n: Any) -> tuple[str, float]:  # F14: a wrong type raises, a negative number is 0
    return "pi_r", math.sqrt(8 * sum(1 / (2 * i + 1) ** 2 for i in range(n + 1)))


METHODS: dict[str, Callable[[Any], tuple[str, Any]]] = {"ping": ping, "pi": pi}


class Conversation(asyncore.dispatcher_with_send):
    """One connection. Whatever raises here closes it, by asyncore's `handle_error`: no error is ever answered."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.received = bytearray()

    def handle_read(self) -> None:
        """Until a short read, or until nothing is left: see "Mended" in README.md."""
        with suppress(BlockingIOError):
            while self.receive() == READ_BYTES:
                pass
        self.answer_frames()

    def receive(self) -> int:
        piece = self.recv(READ_BYTES)
        self.received += piece
        return len(piece)

    def answer_frames(self) -> None:
        """Answer the whole frames, and keep the rest."""
        while len(self.received) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self.received)  # F8, F12, F23: no limit, either way
            end = LENGTH.size + length
            if len(self.received) < end:
                return
            body = bytes(self.received[LENGTH.size : end])
            del self.received[:end]
            self.answer(json.loads(body))  # F13, F15 to F19: what Python's parser raises at, or takes

    def answer(self, request: Any) -> None:
        out, result = METHODS[request["in"]](request["params"])  # F14: KeyError, TypeError
        body = json.dumps({"out": out, "result": result}).encode()
        self.send(LENGTH.pack(len(body)))
        self.send(body)

    # F20: `handle_close` is asyncore's, which closes at the client's end and drops what is still to be sent.


class Listener(asyncore.dispatcher):
    """The socket that every process accepts from, the parent too, which has ZooKeeper's threads besides."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self.create_socket(socket.AF_INET, socket.SOCK_STREAM)
        self.set_reuse_addr()
        self.bind((host, port))
        self.listen(1)  # a burst of connections is dropped, and dialled again by the kernel a second later

    def handle_accepted(self, sock: socket.socket, _address: Any) -> None:
        Conversation(sock)

    def handle_error(self) -> None:
        """An accept that failed. See "Mended" in README.md."""
        self.log_info(repr(sys.exc_info()[1]), "error")


def fork(count: int) -> list[int]:
    """The children's pids; in a child, none."""
    pids: list[int] = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            return []
        pids.append(pid)
    return pids


class Parent:
    """Registers, and takes its children along when it is told to stop. S9: it replaces none."""

    def __init__(self, children: list[int], zookeeper: KazooClient) -> None:
        self.children = children
        self.zookeeper = zookeeper

    def connect(self) -> None:
        """R16: without a registry it raises after 15 s. S13: until then a signal ends the parent alone.

        S14: either way the children stay behind.
        """
        self.zookeeper.start()

    def handle_signals(self) -> None:
        """S5: all the work is done in the handlers."""
        signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGCHLD, self.reap)

    def register(self, root: str, host: str, port: int) -> None:
        """Once. R1: not again when the session is lost. R3: an answer that is lost raises, and ends the parent."""
        self.zookeeper.ensure_path(root)
        data = json.dumps({"host": host, "port": port}).encode()
        self.zookeeper.create(f"{root}/rpc", data, ephemeral=True, sequence=True)

    def reap(self, *_: object) -> None:
        """S1: once for each SIGCHLD, and of several deaths there may be one SIGCHLD."""
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid in self.children:
            self.children.remove(pid)

    def stop(self, *_: object) -> None:
        """S17, S28: whoever is being served, or waits to be, is cut off."""
        self.zookeeper.stop()
        asyncore.close_all()
        for pid in tuple(self.children):
            self.interrupt(pid)
        for pid in tuple(self.children):
            self.wait_for(pid)

    def interrupt(self, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGINT)
        except OSError as error:
            if error.errno != errno.ECHILD:  # S17: of a child that is gone `kill` says ESRCH, so this raises
                raise

    def wait_for(self, pid: int) -> None:
        """S18: for ever, if it doesn't end. EINTR is Python's affair (PEP 475)."""
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:
            return


def stop_child(*_: object) -> None:
    """Ends the loop. S15: nothing else does; a child whose parent was killed serves on."""
    asyncore.close_all()


def main() -> None:
    parser = argparse.ArgumentParser(description="The prefork server of the tutorial.")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("workers", type=int)
    parser.add_argument("zookeeper", help="host:port,...[/chroot]")
    parser.add_argument("root")
    arguments = parser.parse_args()

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's KeyboardInterrupt is lost when it is raised amid a fork
    Listener(arguments.host, arguments.port)
    children = fork(arguments.workers)
    if children:
        parent = Parent(children, KazooClient(arguments.zookeeper))
        parent.connect()
        parent.handle_signals()
        parent.register(arguments.root, arguments.host, arguments.port)
    else:
        signal.signal(signal.SIGINT, stop_child)
        signal.signal(signal.SIGTERM, stop_child)
    # Select is begun anew after a signal (PEP 475), and raises at what the handler has closed. See README.md, "Mended".
    asyncore.loop(timeout=1, use_poll=True)


if __name__ == "__main__":
    main()
