"""Ports to hand to implementations, which bind them themselves.

A port taken from the kernel's ephemeral range could be given to somebody's outgoing connection before the
implementation binds it; so ports come from below that range, and each is reserved, among all kits on this
machine, by an abstract Unix socket of its name: atomic, and gone with the process that holds it.
"""

from __future__ import annotations

import random
import socket
from contextlib import closing

LOWEST, HIGHEST = 10240, 30000  # below Linux's default ephemeral range, 32768 to 60999
TRIES = 200


class Ports:
    """Reserves free ports; `release` gives them back. Port numbers are no part of what a seed determines."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._held: dict[int, socket.socket] = {}
        self._random = random.SystemRandom()

    def reserve(self) -> int:
        for _ in range(TRIES):
            port = self._random.randrange(LOWEST, HIGHEST)
            if self._claim(port):
                return port
        raise RuntimeError(f"no free port between {LOWEST} and {HIGHEST} on {self._host} in {TRIES} tries")

    def release(self, port: int) -> None:
        self._held.pop(port).close()

    def close(self) -> None:
        for port in list(self._held):
            self.release(port)

    def _claim(self, port: int) -> bool:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0proctor-port-{port}")
        except OSError:
            claim.close()
            return False
        if not free(self._host, port):
            claim.close()
            return False
        self._held[port] = claim
        return True


def free(host: str, port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
