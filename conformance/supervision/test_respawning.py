"""The section "Respawning" of spec/supervision.md."""

from __future__ import annotations

import signal
from contextlib import ExitStack

import pytest

from proctor.api import (
    AtBirth,
    Inject,
    Kill,
    Server,
    SeverLink,
    StartServer,
    Stop,
    clause,
    eventually,
    observe,
    ping,
    pong,
    still,
    throughout,
    unchanged,
    until_reaped,
    until_staffed,
)

CRASHING_S = 5.0
NEWBORNS_A_SECOND = 5
FORKS_A_SECOND = 10
FORKS_FAIL_S = 2.0
REPLACEMENTS, SETTLED_AFTER, MORE_DESCRIPTORS = 20, 5, 2
KILLS = 20
SOON_S = 0.5
DEATHS = [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM]


@clause("supervision/dead-worker-is-replaced")
@pytest.mark.parametrize("number", DEATHS, ids=lambda number: number.name)
@pytest.mark.parametrize("which", ["all", "one"])
def test_a_worker_that_ends_is_replaced_however_it_ended(start_server: StartServer, number: int, which: str) -> None:
    """A server that shrinks with every crash, or thinks that a worker that was told to end was not needed."""
    server = start_server(workers=3)
    dead = server.worker_pids() if which == "all" else {min(server.worker_pids())}
    with Kill(dead, server.history, number) as fault:
        fault.took_effect()
    until_reaped(server, dead)
    unchanged(server, until_staffed(server, without=dead))


@clause("supervision/newborn-death-is-noticed")
def test_a_worker_that_dies_before_its_pid_is_noted_is_replaced(start_server: StartServer) -> None:
    """A pid that is noted after its death is waited for in vain: one worker less, for ever."""
    server = start_server()
    before = server.worker_pids()
    delay = "clone,clone3,fork,vfork:delay_exit=300000"
    with (
        Inject(server.pid, delay, server.history) as held,
        AtBirth(server.worker_pids, server.history, most=2) as births,
    ):
        with Kill([min(before)], server.history) as kill:
            kill.took_effect()
        held.took_effect()
        births.took_effect()
    until_staffed(server, without=[min(before)])
    until_reaped(server, births.pids)


@clause("supervision/crash-loop-is-paced")
def test_workers_that_keep_dying_are_forked_at_a_pace(start_server: StartServer) -> None:
    """A worker that can't start is started thousands of times, and its log fills the disk."""
    server = start_server()
    with AtBirth(server.worker_pids, server.history) as births:
        with Kill(server.worker_pids(), server.history) as kill:
            kill.took_effect()
        births.took_effect()
        first = len(births.pids)
        throughout(lambda: None, seconds=CRASHING_S)
        newborns = len(births.pids) - first
    pace = newborns / CRASHING_S
    assert pace <= NEWBORNS_A_SECOND * server.asked_workers, f"{newborns} newborns in {CRASHING_S:.0f} s"
    if server.program.exit_status() is None:
        until_staffed(server)
    else:
        assert server.program.exit_status() != 0, "it gave up with exit status 0, as if all were well"
        assert server.program.remains() == []


@clause("supervision/failed-fork-is-repeated")
def test_a_fork_that_fails_is_tried_again_at_a_pace(start_server: StartServer) -> None:
    """A parent that dies of EAGAIN orphans whom it has; one that tries at once takes the rest of the machine."""
    server = start_server()
    dead = min(server.worker_pids())
    others = server.worker_pids() - {dead}
    with Inject(server.pid, "clone,clone3,fork,vfork:error=EAGAIN", server.history) as fault:
        with Kill([dead], server.history) as kill:
            kill.took_effect()
        fault.took_effect()
        first = fault.count()
        throughout(lambda: still(server, others), seconds=FORKS_FAIL_S)
        attempts = fault.count() - first
    assert attempts <= FORKS_A_SECOND * FORKS_FAIL_S, f"{attempts} attempts to fork in {FORKS_FAIL_S:.0f} s"
    assert others < until_staffed(server, without=[dead])


@clause("supervision/newborn-worker-serves")
def test_workers_that_were_forked_in_a_hurry_serve(start_server: StartServer) -> None:
    """A lock that another thread held at the fork stays locked in the newborn, who lives and never answers."""
    server = start_server()
    for turn in range(KILLS):
        with ExitStack() as flap:
            if server.registers and turn % 2:
                flap.enter_context(SeverLink(server.proxy, server.history)).took_effect()
            dead = max(server.worker_pids())
            with Kill([dead], server.history) as kill:
                kill.took_effect()
            until_staffed(server, without=[dead])
    for worker in sorted(until_staffed(server)):
        answers_alone(server, worker)


@clause("supervision/hung-worker-is-replaced")
def test_a_worker_that_shows_no_sign_of_life_is_replaced(start_server: StartServer) -> None:
    """It takes its share of the connections with it."""
    server = start_server()
    hung = min(server.worker_pids())
    with Stop([hung], server.history) as fault:
        fault.took_effect()
        bound = server.promise("hang_s") + server.promise("reap_s") + server.promise("respawn_s")
        until_staffed(server, without=[hung], within=bound)


@clause("supervision/healthy-worker-is-kept")
@pytest.mark.parametrize("who", ["everybody", "parent"])
def test_a_worker_is_not_taken_for_hung_because_time_went_by(start_server: StartServer, who: str) -> None:
    """A laptop that slept wakes up with every worker killed."""
    server = start_server()
    workers = server.worker_pids()
    pids = [server.pid, *(process.pid for process in server.program.tree())] if who == "everybody" else [server.pid]
    with Stop(pids, server.history) as fault:
        fault.took_effect()
        throughout(lambda: None, seconds=2 * server.promise("hang_s"))
    unchanged(server, workers)


@clause("supervision/respawning-leaks-nothing")
def test_replacing_workers_leaves_no_descriptor_behind(start_server: StartServer) -> None:
    """After enough deaths the parent can't open what it needs for the next worker."""
    server = start_server()
    settled = 0
    for death in range(REPLACEMENTS):
        dead = max(server.worker_pids())
        with Kill([dead], server.history) as fault:
            fault.took_effect()
        until_staffed(server, without=[dead], within=server.promise("respawn_s"))
        if death + 1 == SETTLED_AFTER:
            settled = observe.descriptors(server.pid)
    eventually(
        lambda: observe.descriptors(server.pid) <= settled + MORE_DESCRIPTORS,
        within=server.promise("reap_s"),
        what=f"the parent to have no more than {settled} + {MORE_DESCRIPTORS} descriptors",
    )


def answers_alone(server: Server, worker: int) -> None:
    """With all other workers stopped, a new connection is answered."""
    with Stop(server.worker_pids() - {worker}, server.history) as fault:
        fault.took_effect()
        eventually(lambda: answered(server), within=server.promise("respawn_s"), what=f"worker {worker} to answer")


def answered(server: Server) -> bool:
    """Whether a call on a new connection is answered, soon: it may have gone to a worker that is stopped."""
    with server.connect() as wire:
        return wire.call(ping("alone"), within=SOON_S) == pong("alone")
