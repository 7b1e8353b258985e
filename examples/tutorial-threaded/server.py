"""The threaded server of the tutorial, with its faults: a thread for each connection, registered once.

Ids in comments (R1, X3) are entries of spec/failure-modes.md.
"""

from __future__ import annotations

import argparse
import json
import socket
import threading
from typing import Any

from kazoo.client import KazooClient
from messages import receive, send
from services import SERVICES, InvalidOperation


class Server:
    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.listener = socket.create_server((host, port), backlog=128)

    def register(self, zookeeper: str, root: str) -> None:
        """Once. R1: not again when the session is lost. R3: an answer that is lost raises, and ends the server."""
        registry = KazooClient(zookeeper)
        registry.start()  # R16: without a registry it raises after 15 s
        registry.ensure_path(root)
        data = json.dumps({"host": self.host, "port": self.port}).encode()
        registry.create(f"{root}/server", data, ephemeral=True, sequence=True)

    def serve(self) -> None:
        """For ever. R13, R14, S17: SIGTERM ends it amid calls, and its node stays until the session is over."""
        while True:
            connection, _address = self.listener.accept()  # X3, X4: an error ends the loop, and not the threads
            threading.Thread(target=converse, args=(connection,)).start()


def converse(connection: socket.socket) -> None:
    """F13, F14: what raises, an unknown method or a wrong type, ends the thread and the connection, without a word."""
    with connection:
        try:
            while True:
                send(connection, answer(receive(connection)))
        except EOFError:
            return


def answer(request: Any) -> dict[str, Any]:
    name, service = SERVICES[request["in"]]
    try:
        return {"out": name, "result": service(request["params"])}
    except InvalidOperation as error:
        return {"out": "error", "result": {"code": "invalid_operation", "message": str(error)}}


def main() -> None:
    parser = argparse.ArgumentParser(description="The threaded server of the tutorial.")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("zookeeper", help="host:port,...[/chroot]")
    parser.add_argument("root")
    arguments = parser.parse_args()

    server = Server(arguments.host, arguments.port)
    server.register(arguments.zookeeper, arguments.root)
    server.serve()


if __name__ == "__main__":
    main()
