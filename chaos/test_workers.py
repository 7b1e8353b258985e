"""Workers that are killed and stopped, one, several and all of them; and those whose parent is killed."""

from __future__ import annotations

import signal

import pytest

from proctor.api import (
    History,
    Kill,
    Load,
    StartServer,
    Stop,
    clause,
    eventually,
    needs,
    new_connections,
    none_found,
    replies_answer_their_own_request,
    still,
    unchanged,
    until_gone,
    until_reaped,
    until_staffed,
)

WORKERS = 4
ROUNDS = 3
CALLS = 20


@clause("supervision/dead-worker-is-replaced", "supervision/every-death-is-reaped")
@pytest.mark.parametrize("count", [1, 3, WORKERS])
def test_workers_that_are_killed_again_and_again_are_reaped_and_replaced(
    start_server: StartServer, history: History, count: int
) -> None:
    """The first death is mended, and the second finds the parent's books in disorder."""
    server = start_server(workers=WORKERS)
    workers = until_staffed(server)
    for _ in range(ROUNDS):
        victims = set(sorted(workers)[:count])
        with Kill(victims, history) as kill:
            kill.took_effect()
        until_reaped(server, victims)
        others = workers - victims
        workers = until_staffed(server, without=victims)
        assert others <= workers, "workers that lived are not there any more"


@clause("supervision/dead-worker-is-replaced")
@needs("profile wire")
def test_calls_go_on_while_workers_are_killed(start_server: StartServer, history: History) -> None:
    """A death costs the calls that the dead one had; it mixes up nobody else's, and the next ones are served."""
    server = start_server(workers=WORKERS)
    since = history.record("load").at
    with new_connections(server) as load:
        for _ in range(ROUNDS):
            with Kill([min(until_staffed(server))], history) as kill:
                kill.took_effect()
            more(load)
    none_found(replies_answer_their_own_request(history, since))
    until_staffed(server)


@clause("supervision/stopped-is-not-dead")
def test_workers_that_all_stop_are_waited_for(start_server: StartServer, history: History) -> None:
    """As many SIGCHLDs as there are workers, and nobody has died."""
    server = start_server(workers=WORKERS)
    workers = until_staffed(server)
    with Stop(workers, history) as stop:
        stop.took_effect()
        still(server, workers)
    unchanged(server, workers)


@clause("supervision/stopped-is-not-dead", "supervision/dead-worker-is-replaced")
def test_a_worker_that_is_killed_while_it_is_stopped_is_replaced(start_server: StartServer, history: History) -> None:
    """Who has noted that it is stopped may wait for it to go on."""
    server = start_server(workers=WORKERS)
    workers = until_staffed(server)
    stopped, killed = sorted(workers)[:2]
    with Stop([stopped, killed], history) as stop:
        stop.took_effect()
        with Kill([killed], history) as kill:
            kill.took_effect()
        until_reaped(server, [killed])
        assert workers - {killed} < until_staffed(server, without=[killed]), "other workers are not there any more"


@clause("supervision/orphans-end")
def test_workers_that_are_stopped_when_their_parent_is_killed_end(start_server: StartServer, history: History) -> None:
    """A sign that comes while nobody looks must still be there afterwards."""
    server = start_server(workers=WORKERS)
    with Stop(until_staffed(server), history) as stop:
        stop.took_effect()
        with Kill([server.pid], history) as kill:
            kill.took_effect()
    until_gone(server, within=server.promise("orphan_s"))


@clause("supervision/stop-ends-everything")
def test_a_stop_signal_that_finds_all_workers_dead_ends_the_parent(start_server: StartServer, history: History) -> None:
    """Nobody is left to be waited for, and all are to be reaped: a parent that was stopped learns both at once."""
    server = start_server(workers=WORKERS)
    workers = until_staffed(server)
    with Stop([server.pid], history) as stop:
        stop.took_effect()
        with Kill(workers, history) as kill:
            kill.took_effect()
        server.parent.send(signal.SIGTERM)
    until_gone(server)


def more(load: Load) -> None:
    """Wait until a good number of calls more were made."""
    wanted = load.made + CALLS
    eventually(lambda: load.made >= wanted, within=20, what="calls to go on")
