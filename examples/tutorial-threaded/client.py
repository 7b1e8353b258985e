"""The client of the threaded tutorial, with its faults: servers from ZooKeeper, one at random for each call.

Ids in comments (D2, C6) are entries of spec/failure-modes.md.
"""

from __future__ import annotations

import json
import random
import socket
import time
from typing import Any

from kazoo.client import KazooClient
from kazoo.protocol.states import EventType, WatchedEvent
from messages import receive, send
from services import InvalidOperation

PAUSE_S = 1.0


class DistributedChannel:
    """Connections to the servers that are registered."""

    def __init__(self, zookeeper: str, root: str) -> None:
        self.root = root
        self.servers: list[tuple[str, int]] = []
        self.zookeeper = KazooClient(zookeeper)
        self.zookeeper.start()  # R16: without a registry it raises after 15 s
        self.zookeeper.ensure_path(root)
        self.get_servers()

    def get_servers(self, event: WatchedEvent | None = None) -> None:
        """Read the list, and watch it by this same method.

        D5, D6, D11: whatever raises ends this reading, and nobody repeats it (D7). D2: with the connection kazoo drops
        the watches, too; it says so by another type of event. D13: two nodes of one address are two servers. Q3: any
        address will do.
        """
        if event is not None and event.type != EventType.CHILD:
            return
        servers = []
        for name in self.zookeeper.get_children(self.root, watch=self.get_servers):
            data, _stat = self.zookeeper.get(f"{self.root}/{name}")
            entry = json.loads(data)
            servers.append((entry["host"], entry["port"]))
        self.servers = servers

    def get_connection(self) -> socket.socket:
        """C9: for ever. C5: an empty list raises IndexError. C8: the next choice may be the same server."""
        while True:
            try:
                return socket.create_connection(random.choice(self.servers))
            except ConnectionRefusedError:
                time.sleep(PAUSE_S)

    def close(self) -> None:
        self.zookeeper.stop()


class ClientStub:
    """Calls, each on a connection of its own."""

    def __init__(self, channel: DistributedChannel) -> None:
        self.channel = channel

    def call(self, method: str, params: Any) -> tuple[str, Any]:
        """The reply's `out` and `result`. InvalidOperation if the server raised it, and it knows of no other error."""
        with self.channel.get_connection() as connection:
            send(connection, {"in": method, "params": params})
            reply = receive(connection)  # C9: no timeout
        if reply["out"] == "error":
            raise InvalidOperation(reply["result"]["message"])  # C11: whichever error it was
        return reply["out"], reply["result"]
