"""Workers that are killed and stopped, one, several and all of them; and those whose parent is killed."""

from __future__ import annotations

import signal

import pytest

from proctor.api import (
    AtBirth,
    History,
    Kill,
    Server,
    StartServer,
    Stop,
    calls_were_made,
    clause,
    eventually,
    needs,
    new_connections,
    none_found,
    observe,
    replies_answer_their_own_request,
    still,
    unchanged,
    until_gone,
    until_reaped,
    until_staffed,
)

WORKERS = 4
SHOTS = {"one": 1, "several": 3, "all": 4}
ROUNDS = 4
NEWBORNS = 3
CALLS = 20


@clause("supervision/dead-worker-is-replaced", "supervision/every-death-is-reaped")
@pytest.mark.parametrize("count", SHOTS.values(), ids=SHOTS.keys())
def test_workers_that_are_killed_are_reaped_and_replaced(
    start_server: StartServer, history: History, count: int
) -> None:
    """Whoever forgets one of them is smaller for ever, and whoever takes the living for dead loses their calls."""
    server = start_server(workers=WORKERS)
    workers = until_staffed(server)
    victims = set(sorted(workers)[:count])
    with Kill(victims, history) as kill:
        kill.took_effect()
    until_reaped(server, victims)
    assert workers - victims <= until_staffed(server, without=victims), "workers that lived are not there any more"


@clause("supervision/dead-worker-is-replaced", "supervision/every-death-is-reaped")
def test_workers_that_are_killed_again_and_again_are_replaced_each_time(
    start_server: StartServer, history: History
) -> None:
    """A parent that counts wrongly by one is wrong by as many as there were rounds."""
    server = start_server(workers=WORKERS)
    dead: set[int] = set()
    for _ in range(ROUNDS):
        victims = until_staffed(server, without=dead)
        with Kill(victims, history) as kill:
            kill.took_effect()
        dead |= victims
    workers = until_staffed(server, without=dead)
    until_reaped(server, dead)
    unchanged(server, workers)


@clause("supervision/dead-worker-is-replaced")
@needs("profile wire")
def test_a_server_whose_workers_are_killed_under_load_goes_on_serving(
    start_server: StartServer, history: History
) -> None:
    """Calls of those who were killed are lost; no later one is, and no answer is given to anybody else."""
    server = start_server(workers=WORKERS)
    since = history.record("load").at
    with new_connections(server) as load:
        for _ in range(ROUNDS):
            with Kill([min(until_staffed(server))], history) as kill:
                kill.took_effect()
            made = load.made
            eventually(lambda before=made: load.made >= before + CALLS, within=10, what="calls to go on")  # type: ignore[misc]
    none_found(calls_were_made(history, ROUNDS * CALLS, since), replies_answer_their_own_request(history, since))
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


@clause("supervision/newborn-death-is-noticed", "supervision/dead-worker-is-replaced")
def test_a_worker_whose_successors_are_killed_at_birth_is_replaced_in_the_end(
    start_server: StartServer, history: History
) -> None:
    """The death of who has not yet said that he is ready is a death like any other."""
    server = start_server(workers=2)
    workers = until_staffed(server)
    victim = min(workers)
    with AtBirth(server.worker_pids, history, most=NEWBORNS) as births:
        with Kill([victim], history) as kill:
            kill.took_effect()
        eventually(
            lambda: len(births.pids) == NEWBORNS,
            within=NEWBORNS * server.promise("respawn_s"),
            what=f"{NEWBORNS} newborns",
        )
        births.took_effect()
        until_reaped(server, births.pids)
        assert workers - {victim} < until_staffed(server, without=[victim, *births.pids]), "the other worker is gone"


@clause("supervision/orphans-end")
def test_workers_that_were_stopped_when_their_parent_was_killed_end(
    start_server: StartServer, history: History
) -> None:
    """A sign that comes while nobody looks must still be there afterwards."""
    server = start_server(workers=WORKERS)
    with Stop(until_staffed(server), history) as stop:
        stop.took_effect()
        with Kill([server.pid], history) as kill:
            kill.took_effect()
    until_gone(server, within=server.promise("orphan_s"))


@clause("supervision/orphans-end")
def test_a_newborn_whose_parent_is_killed_before_it_could_look_ends(
    start_server: StartServer, history: History
) -> None:
    """A signal at the parent's death is never sent if the parent is dead when it is asked for."""
    server = start_server(workers=2)
    victim = min(until_staffed(server))
    with AtBirth(server.worker_pids, history, signal.SIGSTOP, most=1) as births:
        with Kill([victim], history) as kill:
            kill.took_effect()
        births.took_effect()
        with Kill([server.pid], history) as end:
            end.took_effect()
    until_gone(server, within=server.promise("orphan_s"))


@clause("supervision/stop-ends-everything")
def test_a_stop_that_finds_all_workers_dead_ends_the_parent(start_server: StartServer, history: History) -> None:
    """There is nobody left to wait for, and somebody to be reaped: both are news to who was stopped meanwhile."""
    server = start_server(workers=WORKERS)
    workers = until_staffed(server)
    with Stop([server.pid], history) as stop:
        stop.took_effect()
        with Kill(workers, history) as kill:
            kill.took_effect()
        server.parent.send(signal.SIGTERM)
        eventually(lambda: pending(server, signal.SIGTERM), within=10, what="the signal to be pending")
    until_gone(server)


def pending(server: Server, number: int) -> bool:
    """Whether a signal waits for the parent (ShdPnd of proc(5))."""
    mask = int(observe.status(server.pid).get("ShdPnd", "0"), 16)
    return bool(mask >> (number - 1) & 1)
