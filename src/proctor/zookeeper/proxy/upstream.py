"""Connect strings, as ZooKeeper's clients write them: `host:port,host:port/chroot`."""

from __future__ import annotations

from proctor.links import Address

DEFAULT_PORT = 2181


def parse_upstream(text: str) -> tuple[Address, ...]:
    """The servers of a connect string; its chroot is left to the client, which puts it before its paths.

    A server without a port has ZooKeeper's own. IPv6 hosts stand in brackets. Raises ValueError.
    """
    servers = text.partition("/")[0].split(",")
    return tuple(_server(server.strip(), text) for server in servers)


def _server(server: str, text: str) -> Address:
    host, colon, port = server.rpartition(":")
    if not colon or server.endswith("]"):
        host, port = server, str(DEFAULT_PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdecimal()) or not 0 < int(port) < 65536:
        raise ValueError(f"{server!r} in the registry's address {text!r} is no server: write host:port")
    return Address(host, int(port))
