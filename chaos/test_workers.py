"""Workers and parents that die or stand still, while calls go on where the server speaks the wire."""

from __future__ import annotations

import pytest

from proctor.api import (
    Kill,
    Load,
    Server,
    StartServer,
    Stop,
    calls_were_made,
    clause,
    eventually,
    needs,
    new_connections,
    none_found,
    ping,
    pong,
    replies_answer_their_own_request,
    unchanged,
    until_gone,
    until_reaped,
    until_staffed,
)

ROUNDS = 3
WORKERS = 4
SOON_S = 0.5


@clause("supervision/dead-worker-is-replaced", "supervision/every-death-is-reaped")
@pytest.mark.parametrize("count", [1, 2, WORKERS])
def test_killed_workers_are_reaped_and_replaced_again_and_again(start_server: StartServer, count: int) -> None:
    """The first death is mended, the second finds the parent's books in disorder."""
    server = start_server(workers=WORKERS)
    for _ in range(ROUNDS):
        dead = set(sorted(server.worker_pids())[:count])
        with Kill(dead, server.history) as fault:
            fault.took_effect()
        until_reaped(server, dead)
        workers = until_staffed(server, without=dead)
    unchanged(server, workers)


@clause("supervision/dead-worker-is-replaced")
@needs("profile wire")
def test_calls_go_on_while_workers_are_killed(start_server: StartServer) -> None:
    """A death costs the calls that the dead one had, and never mixes up those of others."""
    server = start_server(workers=WORKERS)
    since = server.history.record("load").at
    with new_connections(server) as load:
        for _ in range(ROUNDS):
            dead = min(server.worker_pids())
            with Kill([dead], server.history) as fault:
                fault.took_effect()
            until_staffed(server, without=[dead])
            go_on(load)
    none_found(calls_were_made(server.history, 30, since), replies_answer_their_own_request(server.history, since))


@clause("supervision/dead-worker-is-replaced", "supervision/newborn-worker-serves")
def test_a_worker_that_is_killed_while_another_is_replaced_is_replaced_too(start_server: StartServer) -> None:
    """A parent that looks for one death at a time overlooks the second."""
    server = start_server(workers=3)
    first, second, _ = sorted(server.worker_pids())
    with Kill([first], server.history) as one, Kill([second], server.history) as other:
        one.took_effect()
        other.took_effect()
    until_reaped(server, [first, second])
    unchanged(server, until_staffed(server, without=[first, second]))


@clause("supervision/stopped-is-not-dead")
@needs("profile wire")
def test_calls_are_served_by_those_who_are_not_stopped(start_server: StartServer) -> None:
    """One worker that stands still must not become a server that does."""
    server = start_server(workers=3)
    stopped, *others = sorted(server.worker_pids())
    with Stop([stopped], server.history) as fault:
        fault.took_effect()
        eventually(lambda: answered_by_new_connection(server), within=10, what="a call to be answered")
        unchanged(server, {stopped, *others})
    until_staffed(server)


@clause("supervision/orphans-end")
def test_a_parent_that_is_killed_leaves_neither_worker_nor_port(start_server: StartServer) -> None:
    """The kernel's out-of-memory killer picks the parent; what stays holds the port."""
    server = start_server(workers=WORKERS)
    with Kill([server.pid], server.history) as fault:
        fault.took_effect()
        until_gone(server, within=server.promise("orphan_s"))
    assert not server.accepts()


@clause("supervision/orphans-end", "supervision/starts-again-after-a-kill")
def test_a_parent_that_is_killed_while_a_worker_is_stopped_can_be_followed(start_server: StartServer) -> None:
    """A stopped orphan can't notice; once it continues it must."""
    first = start_server()
    with Stop([min(first.worker_pids())], first.history) as stop:
        stop.took_effect()
        with Kill([first.pid], first.history) as kill:
            kill.took_effect()
    until_gone(first, within=first.promise("orphan_s"))
    second = start_server(port=first.port)
    until_staffed(second)


def go_on(load: Load) -> None:
    """Ten calls more than there were."""
    wanted = load.made + 10
    eventually(lambda: load.made >= wanted, within=20, what="calls to go on")


def answered_by_new_connection(server: Server) -> bool:
    """Whether a call on a new connection is answered, soon: it may have been given to the one that is stopped."""
    with server.connect() as wire:
        return wire.call(ping("others"), within=SOON_S) == pong("others")
