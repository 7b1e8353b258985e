"""The section "Booting" of spec/supervision.md."""

from __future__ import annotations

import socket

from proctor.api import (
    WATCHED_S,
    StartServer,
    clause,
    still,
    throughout,
    until_gone,
    until_staffed,
)


@clause("supervision/workers-are-as-asked")
def test_as_many_workers_stand_as_were_asked_for(start_server: StartServer) -> None:
    """A server that goes by the number of cores, or counts its parent, carries another load than it was told to."""
    servers = [start_server(workers, ready=False) for workers in (1, 3)]
    teams = []
    for server in servers:
        server.wait_ready()
        teams.append((server, until_staffed(server, within=server.promise("boot_s"))))

    def as_they_were() -> None:
        for server, workers in teams:
            still(server, workers)

    throughout(as_they_were, WATCHED_S)


@clause("supervision/boot-failure-is-told")
def test_a_port_that_is_taken_ends_the_server_by_a_failure(start_server: StartServer) -> None:
    """A server that stays without its port, or ends with status 0, is believed to serve by whoever started it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = start_server(ready=False, port=taken.getsockname()[1])
        assert until_gone(server, within=server.promise("boot_s")) != 0, "it ended with status 0"
