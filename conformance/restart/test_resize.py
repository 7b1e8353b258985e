"""The section "Resize" of spec/restart.md."""

from __future__ import annotations

import signal
from contextlib import ExitStack

from proctor.api import Kill, StartServer, clause, eventually, unchanged, until_staffed

MOST_CALLS = 16


@clause("restart/ttin-adds-a-worker")
def test_one_more_worker_is_one_more_worker(start_server: StartServer) -> None:
    """None, or two, or all of them new."""
    server = start_server()
    before = server.worker_pids()
    server.parent.send(signal.SIGTTIN)
    assert before < until_staffed(server, len(before) + 1)


@clause("restart/ttou-removes-a-worker")
def test_one_less_worker_is_one_less_down_to_one(start_server: StartServer) -> None:
    """A server without workers, or one that owes several signals before it grows again."""
    server = start_server(workers=3)
    for expected in (2, 1, 1, 1):
        server.parent.send(signal.SIGTTOU)
        workers = until_staffed(server, expected)
        if expected == 1:
            unchanged(server, workers)
    server.parent.send(signal.SIGTTIN)
    until_staffed(server, 2)


@clause("restart/ttou-loses-no-call")
def test_the_worker_that_leaves_finishes_its_calls(start_server: StartServer) -> None:
    """Whom the server can do without is not whom its clients can do without."""
    server = start_server()
    request = server.lasting(1.0)
    with ExitStack() as connections:
        wires = [connections.enter_context(server.connect()) for _ in range(MOST_CALLS)]
        for wire in wires:
            wire.send(request)
            eventually(wire.taken, within=30, what="the request to be taken")
        server.parent.send(signal.SIGTTOU)
        for wire in wires:
            assert wire.reply(within=60).name in ("pi_r", "sleep_r")
    until_staffed(server, server.asked_workers - 1)


@clause("restart/resized-number-is-kept")
def test_the_new_number_is_kept_when_workers_die(start_server: StartServer) -> None:
    """The next death undoes what was asked for."""
    server = start_server()
    for number, expected in ((signal.SIGTTIN, 3), (signal.SIGTTOU, 2)):
        server.parent.send(number)
        dead = min(until_staffed(server, expected))
        with Kill([dead], server.history) as fault:
            fault.took_effect()
        unchanged(server, until_staffed(server, expected, without=[dead]))
