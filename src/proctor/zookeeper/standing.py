"""A registry that stands already, given by its address. It is not ours: nothing is done to it but to use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from proctor.zookeeper.backend import Registry, RegistryUnavailable
from proctor.zookeeper.client import Client, ask_word
from proctor.zookeeper.codes import CreateMode, Error, OpCode
from proctor.zookeeper.frames import FrameError
from proctor.zookeeper.jute import Malformed
from proctor.zookeeper.protocol import OPEN_ACL, CreateRequest

REACHED_WITHIN_S = 5.0  # for each of its servers
SESSION_MS = 10_000


class StandingRegistry(Registry):
    """`spec` is HOST:PORT,...[/chroot]. The chroot is made if it is missing, and left there."""

    def __init__(self, spec: str) -> None:
        self._address, self.chroot = parse(spec)

    @property
    def address(self) -> str:
        return self._address

    @property
    def name(self) -> str:
        return f"ZooKeeper {self.version} at {self.address}"

    def _start(self) -> None:
        problems = []
        for host, port in self.servers:
            try:
                self._use(host, port)
            except (OSError, FrameError, Malformed) as error:
                problems.append(f"{host}:{port}: {error}")
            else:
                return
        raise RegistryUnavailable(
            f"no ZooKeeper answers at {self.address}: {'; '.join(problems)}. Is it running, and is the address right?"
        )

    def stop(self) -> None:
        return

    def _use(self, host: str, port: int) -> None:
        with Client(host, port, REACHED_WITHIN_S) as client:
            client.connect(SESSION_MS)
            for path in _levels(self.chroot):
                made = client.ask(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, CreateMode.PERSISTENT))
                if made.err not in (Error.OK, Error.NODE_EXISTS):
                    raise RegistryUnavailable(f"cannot create {path} in the registry at {host}:{port}: {made.err.name}")
            client.ask(OpCode.CLOSE_SESSION)
        with suppress(OSError):  # it need not know the word, nor let us ask it
            found = re.search(r"version: (\d+\.\d+\.\d+)", ask_word(host, port, "srvr", REACHED_WITHIN_S))
            self.version = found[1] if found else self.version


def parse(spec: str) -> tuple[str, str]:
    """Address and chroot ("" if none) of HOST:PORT,...[/chroot]. Raises RegistryUnavailable."""
    address, slash, chroot = spec.partition("/")
    for server in address.split(","):
        host, _, port = server.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise RegistryUnavailable(
                f"registry {spec!r}: {server!r} is no HOST:PORT. "
                "Say embedded, zookeeper, ensemble, container[:IMAGE] or HOST:PORT,...[/chroot]"
            )
    return address, (slash + chroot).rstrip("/")


def _levels(path: str) -> Iterator[str]:
    """/a, /a/b, /a/b/c of /a/b/c."""
    at = path.find("/", 1)
    while at > 0:
        yield path[:at]
        at = path.find("/", at + 1)
    if path:
        yield path
