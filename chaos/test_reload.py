"""Reloads and resizes under load, in storms, and while workers die."""

from __future__ import annotations

import signal

from proctor.api import (
    Kill,
    Load,
    Server,
    StartServer,
    calls_were_made,
    clause,
    eventually,
    every_call_succeeds,
    new_connections,
    none_found,
    replies_answer_their_own_request,
    unchanged,
    until_renewed,
    until_staffed,
)

STORMS, EACH = 3, 5


@clause("restart/reload-loses-no-call")
def test_storms_of_reloads_cost_no_call(start_server: StartServer) -> None:
    """A reload that meets a reload drops what the first had promised to finish."""
    server = start_server()
    since = server.history.record("load").at
    with new_connections(server, threads=4) as load:
        for _ in range(STORMS):
            old = server.worker_pids()
            for _ in range(EACH):
                server.parent.send(signal.SIGHUP)
            until_renewed(server, old)
            go_on(load)
    no_call_was_lost(server, since)


@clause("restart/ttou-loses-no-call")
def test_resizing_up_and_down_costs_no_call(start_server: StartServer) -> None:
    """The worker that is one too many is the one that somebody talks to."""
    server = start_server()
    since = server.history.record("load").at
    with new_connections(server, threads=4) as load:
        for number, expected in ((signal.SIGTTIN, 3), (signal.SIGTTOU, 2), (signal.SIGTTOU, 1), (signal.SIGTTIN, 2)):
            server.parent.send(number)
            until_staffed(server, expected)
            go_on(load)
    no_call_was_lost(server, since)


@clause("restart/reload-is-never-lost")
def test_a_reload_while_workers_are_killed_ends_in_one_generation(start_server: StartServer) -> None:
    """Successors of the dead that belong to the old generation, and stay with it."""
    server = start_server(workers=3)
    old = server.worker_pids()
    with Kill([min(old)], server.history) as before:
        server.parent.send(signal.SIGHUP)
        before.took_effect()
    with Kill([max(old)], server.history) as during:
        during.took_effect()
    unchanged(server, until_renewed(server, old))


def go_on(load: Load) -> None:
    """Ten calls more than there were."""
    wanted = load.made + 10
    eventually(lambda: load.made >= wanted, within=20, what="calls to go on")


def no_call_was_lost(server: Server, since: float) -> None:
    none_found(
        calls_were_made(server.history, 30, since),
        every_call_succeeds(server.history, since),
        replies_answer_their_own_request(server.history, since),
    )
