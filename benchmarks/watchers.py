"""Clients that do nothing but watch a list, all of them in this one process.

    python -m benchmarks.watchers ROOT PORT...

One for each port, which is that of a proxy of the kit's. They speak ZooKeeper with the kit's bare client, one request
at a time, so that 200 of them are no great load beside what is measured. Prints, each time that all of them have come
to know another number of nodes, that number and the moment in seconds of time.monotonic(); until it is killed.
"""

from __future__ import annotations

import select
import sys
import time

from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import OpCode
from proctor.zookeeper.protocol import GetChildrenRequest, GetChildrenResponse, GetDataRequest

WITHIN_S = 60.0
SESSION_MS = 20_000
PING_EVERY_S = 5.0


class Watcher:
    def __init__(self, root: str, port: int) -> None:
        self._root = root
        self.known: set[str] = set()
        self.asked_at = time.monotonic()
        self._pings = 0
        self._client = Client("127.0.0.1", port, WITHIN_S)
        self._client.connect(SESSION_MS)
        self._read()

    def fileno(self) -> int:
        return self._client.socket.fileno()

    def ping(self) -> None:
        """Keeps the session, without waiting for the answer."""
        self.asked_at = time.monotonic()
        self._client.send(OpCode.PING)
        self._pings += 1

    def look(self) -> None:
        """Take what has come, and read the list again if a watch has fired."""
        for _ in range(self._pings):
            self._client.receive(OpCode.PING)
        answered, self._pings = self._pings > 0, 0
        if self._client.events or not answered:
            self._client.take_events()
            self._read()

    def _read(self) -> None:
        """The list, with a watch; and of the nodes that are new the last."""
        reply = self._client.call(OpCode.GET_CHILDREN, GetChildrenRequest(self._root, watch=True))
        assert isinstance(reply, GetChildrenResponse)
        names = set(reply.children)
        for name in sorted(names - self.known)[-1:]:
            self._client.call(OpCode.GET_DATA, GetDataRequest(f"{self._root}/{name}", watch=False))
        self.known = names


def main() -> None:
    root, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]
    watchers: list[Watcher] = []
    for port in ports:
        watchers.append(Watcher(root, port))
        keep_up(watchers)
    told = 0
    while True:
        seen = {len(watcher.known) for watcher in watchers}
        if len(seen) == 1 and seen != {told}:
            (told,) = seen
            print(told, time.monotonic(), flush=True)
        readable, _, _ = select.select(watchers, [], [], PING_EVERY_S)
        for watcher in readable:
            watcher.look()
            keep_up(watchers)
        keep_up(watchers)


def keep_up(watchers: list[Watcher]) -> None:
    now = time.monotonic()
    for watcher in watchers:
        if now - watcher.asked_at > PING_EVERY_S:
            watcher.ping()


if __name__ == "__main__":
    main()
