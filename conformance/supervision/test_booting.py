"""The section "Booting" of spec/supervision.md."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from proctor.api import StartServer, clause, eventually, unchanged, until_staffed


@clause("supervision/workers-are-as-asked")
@pytest.mark.parametrize("workers", [1, 4])
def test_there_are_as_many_workers_as_were_asked_for(start_server: StartServer, workers: int) -> None:
    """One too few is capacity lost, one too many is memory lost."""
    server = start_server(workers=workers)
    unchanged(server, until_staffed(server, within=server.promise("boot_s")))


@clause("supervision/boot-failure-is-told")
def test_a_server_whose_port_is_taken_ends_and_says_so(start_server: StartServer) -> None:
    """Whoever supervises it takes it for up, and it serves nobody."""
    with closing(socket.socket()) as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        server = start_server(port=squatter.getsockname()[1], ready=False)
        status = server.program.wait(server.promise("boot_s"))
        assert status is not None, "it still runs, though somebody else has its port"
        assert status != 0, "it ended with exit status 0, as if all were well"
        eventually(lambda: not server.program.remains(), within=server.promise("stop_s"), what="its processes to end")
