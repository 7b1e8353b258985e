"""Which of a server's processes serve is seen from who holds the sockets."""

from __future__ import annotations

from proctor.subject.serving import serving
from proctor.waiting import eventually
from tests.subject.miniatures import WITHIN_S, Miniatures

# Each connection goes to a child of its own.
FORKS = """
    import os, socket, sys
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            while connection.recv(100):
                pass
            os._exit(0)
        connection.close()
"""
# One process has them all.
KEEPS = """
    import socket, sys
    listener, kept = socket.create_server(("127.0.0.1", int(sys.argv[1]))), []
    while True:
        kept.append(listener.accept())
"""


def test_each_connection_leads_to_who_holds_it(miniatures: Miniatures) -> None:
    server = miniatures.server(FORKS).start()
    with server.connect() as one, server.connect() as other:
        eventually(lambda: len(serving(server, one, other) - {server.pid}) == 2, within=WITHIN_S)
        eventually(lambda: serving(server, one).isdisjoint(serving(server, other)), within=WITHIN_S)


def test_a_server_of_one_process_serves_itself(miniatures: Miniatures) -> None:
    server = miniatures.server(KEEPS).start()
    with server.connect() as one, server.connect() as other:
        eventually(lambda: one.inode() and other.inode(), within=WITHIN_S)
        assert serving(server, one, other) == {server.pid}


def test_a_connection_that_is_gone_leads_to_nobody(miniatures: Miniatures) -> None:
    server = miniatures.server(FORKS).start()
    with server.connect() as wire:
        eventually(lambda: serving(server, wire), within=WITHIN_S)
    eventually(lambda: serving(server, wire) == set(), within=WITHIN_S)
