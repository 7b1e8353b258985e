"""Waits for children that are interrupted or told wrong, and forks that fail or come late."""

from __future__ import annotations

import signal

from proctor.api import (
    FORKS,
    WAITS,
    AtBirth,
    Burst,
    ForkFails,
    History,
    Inject,
    Kill,
    StartServer,
    Stop,
    alive,
    clause,
    eventually,
    finds_no_child,
    still,
    throughout,
    until_gone,
    until_reaped,
    until_staffed,
)

INTERRUPTED_S = 0.3
SIGNALS = 5


@clause("supervision/interrupted-wait-goes-on")
def test_waits_that_are_interrupted_without_end_go_on_once_they_are_not(
    start_server: StartServer, history: History
) -> None:
    """Who gives up after so many times, or ends for the number of them, leaves the dead lying."""
    server = start_server(workers=3)
    workers = until_staffed(server)
    victims = set(sorted(workers)[:2])
    with Inject(server.pid, f"{WAITS}:error=EINTR", history) as interrupted:
        with Kill(victims, history) as kill:
            kill.took_effect()
        interrupted.took_effect()
        server.program.wait(INTERRUPTED_S)
    until_reaped(server, victims)
    assert workers - victims < until_staffed(server, without=victims), "the other worker is not there any more"


@clause("supervision/stop-ends-everything")
def test_a_stop_whose_wait_finds_no_child_ends_everything(start_server: StartServer, history: History) -> None:
    """Somebody else has reaped the workers that are waited for: an error of the wait is no reason to stay."""
    server = start_server()
    with finds_no_child(server.pid, until_staffed(server), history) as none:
        server.parent.send(signal.SIGTERM)
        server.parent.send(signal.SIGCONT)
        none.took_effect()
        until_gone(server)


@clause("supervision/interrupted-wait-goes-on", "supervision/stop-ends-everything")
def test_real_signals_while_a_stopped_worker_blocks_the_wait(start_server: StartServer, history: History) -> None:
    """A parent that waits for its last worker is interrupted by each signal, and must not take one for his end."""
    server = start_server(workers=3)
    stopped, *others = sorted(until_staffed(server))
    with Stop([stopped], history) as stop:
        stop.took_effect()
        server.parent.send(signal.SIGTERM)
        eventually(lambda: not alive(others), within=server.promise("stop_s"), what="the other workers to end")
        for number in [*server.signals(), signal.SIGTERM] * SIGNALS:
            if alive([stopped]):  # else it was killed, since `grace_s` is over or since the signal came again
                assert server.program.exit_status() is None, "the parent ended before its worker"
                with Burst(server.parent, [number], history) as interruption:
                    interruption.took_effect()
    until_gone(server)


@clause("supervision/every-death-is-reaped", "supervision/stopped-is-not-dead")
def test_deaths_behind_a_stopped_worker_are_reaped(start_server: StartServer, history: History) -> None:
    """A wait for one child, which doesn't end, lets all others lie as zombies."""
    server = start_server(workers=4)
    stopped, *others = sorted(until_staffed(server))
    with Stop([stopped], history) as stop:
        stop.took_effect()
        for victim in others:
            with Kill([victim], history) as kill:
                kill.took_effect()
            until_reaped(server, [victim])
        assert stopped in until_staffed(server, without=others), "the stopped worker was replaced"


@clause("supervision/failed-fork-is-repeated")
def test_forks_that_fail_when_all_workers_are_dead_are_repeated(start_server: StartServer, history: History) -> None:
    """A parent without a single child has nothing to wait for, and nobody to serve until it has one."""
    server = start_server(workers=3)
    workers = until_staffed(server)
    with ForkFails(server.pid, history) as failing:
        with Kill(workers, history) as kill:
            kill.took_effect()
        failing.took_effect()
        throughout(lambda: still(server, set()), INTERRUPTED_S)
    until_staffed(server, without=workers)


@clause("supervision/newborn-death-is-noticed")
def test_newborns_that_are_dead_when_their_forks_return_are_replaced(
    start_server: StartServer, history: History
) -> None:
    """Each is dead before its parent knows that it was born."""
    server = start_server(workers=2)
    workers = until_staffed(server)
    with (
        Inject(server.pid, f"{FORKS}:delay_exit=200000:when=1..2", history) as late,
        AtBirth(server.worker_pids, history, most=2) as births,
    ):
        with Kill(workers, history) as kill:
            kill.took_effect()
        eventually(lambda: len(births.pids) == 2, within=2 * server.promise("respawn_s"), what="two newborns")
        births.took_effect()
        late.took_effect()
    until_reaped(server, births.pids)
    until_staffed(server, without=[*workers, *births.pids])
