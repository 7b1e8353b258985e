"""The client of the prefork tutorial, with its faults: the list from ZooKeeper, a server at random for each call.

Ids in comments (D2, C9) are entries of spec/failure-modes.md.
"""

from __future__ import annotations

import json
import random
import socket
import struct
from typing import Any

from kazoo.client import KazooClient
from kazoo.protocol.states import EventType, WatchedEvent

LENGTH = struct.Struct("I")


class NoServer(LookupError):
    """The list is empty."""


class Server:
    """A server of the list, with a connection that is made when it is first used."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._connection: socket.socket | None = None

    def call(self, method: str, params: Any) -> tuple[str, Any]:
        """The reply's `out` and `result`. Any error closes the connection, so that the next call dials again.

        C9: nothing here has a timeout. C2: a connection that ended while it was idle costs a call.
        """
        try:
            return self._exchange(method, params)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, method: str, params: Any) -> tuple[str, Any]:
        connection = self._dial()
        body = json.dumps({"in": method, "params": params}).encode()
        connection.send(LENGTH.pack(len(body)))  # F5: may send less
        connection.sendall(body)
        (length,) = LENGTH.unpack(connection.recv(LENGTH.size))  # F1: may receive less
        reply = json.loads(connection.recv(length))  # F2: may receive less; C10: allocates whatever is announced
        return reply["out"], reply["result"]  # C11: an error is a reply like any other

    def _dial(self) -> socket.socket:
        if self._connection is None:
            host, port = self.address.split(":")
            self._connection = socket.create_connection((host, int(port)))
        return self._connection


class Client:
    """The list, and calls to those who stand in it. `servers` is changed by ZooKeeper's thread amid calls (C15)."""

    def __init__(self, zookeeper: str, root: str) -> None:
        self.root = root
        self.servers: list[Server] = []
        self.zookeeper = KazooClient(zookeeper)
        self.zookeeper.start()  # R16: without a registry it raises after 15 s
        self.zookeeper.ensure_path(root)
        self.reload()

    def watch(self, event: WatchedEvent) -> None:
        """D2: with the connection kazoo drops the watches, too; it says so by another type of event."""
        if event.type == EventType.CHILD:
            self.reload()

    def reload(self) -> None:
        """Read the list, watch it, and apply the difference.

        D5, D6, D11: whatever raises ends this reading, and nobody repeats it (D7).
        """
        addresses = set()
        for name in self.zookeeper.get_children(self.root, watch=self.watch):
            data, _stat = self.zookeeper.get(f"{self.root}/{name}")
            entry = json.loads(data)
            addresses.add(f"{entry['host']}:{entry['port']}")  # Q3: any host, any port
        known = {server.address for server in self.servers}
        for server in tuple(self.servers):
            if server.address not in addresses:
                self.servers.remove(server)
        self.servers.extend(Server(address) for address in addresses - known)

    def call(self, method: str, params: Any) -> tuple[str, Any]:
        """By one server, whichever it is. C8: when it refuses, no other one is tried."""
        if not self.servers:
            raise NoServer("no server in the list")
        return random.choice(self.servers).call(method, params)

    def close(self) -> None:
        self.zookeeper.stop()
        for server in self.servers:
            server.close()
