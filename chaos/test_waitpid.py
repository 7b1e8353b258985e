"""Waits for children that are interrupted or told wrong, and forks that fail or come late."""

from __future__ import annotations

import signal

import pytest

from proctor.api import (
    AtBirth,
    Burst,
    Inject,
    Kill,
    StartServer,
    Stop,
    clause,
    unchanged,
    until_gone,
    until_reaped,
    until_staffed,
)

WAITS = "wait4,waitid"
FORKS = "clone,clone3,fork,vfork"


@clause("supervision/interrupted-wait-goes-on")
@pytest.mark.parametrize("times", [1, 5])
def test_waits_that_are_interrupted_by_injection_are_done_again(start_server: StartServer, times: int) -> None:
    """EINTR, once and again and again, for a wait that had something to tell."""
    server = start_server(workers=3)
    dead = set(sorted(server.worker_pids())[:2])
    with Inject(server.pid, f"{WAITS}:error=EINTR:when=1..{times}", server.history) as fault:
        with Kill(dead, server.history) as kill:
            kill.took_effect()
        fault.took_effect()
        until_reaped(server, dead)
    until_staffed(server, without=dead)


@clause("supervision/no-child-is-no-error")
def test_a_wait_that_is_told_of_no_child_leaves_the_living_alone(start_server: StartServer) -> None:
    """ECHILD while there are children: who believes it forgets them."""
    server = start_server(workers=3)
    first, second, third = sorted(server.worker_pids())
    with Inject(server.pid, f"{WAITS}:error=ECHILD:when=1", server.history) as fault:
        with Kill([first], server.history) as kill:
            kill.took_effect()
        fault.took_effect()
    with Kill([second], server.history) as kill:
        kill.took_effect()
    until_reaped(server, [first, second])
    assert third in until_staffed(server, without=[first, second])


@clause("supervision/interrupted-wait-goes-on", "supervision/stop-signal-is-never-lost")
def test_real_signals_while_a_stopped_worker_blocks_the_wait(start_server: StartServer) -> None:
    """The parent waits for a worker that can't end: signals interrupt that wait, and it must go on, up to the KILL."""
    server = start_server()
    with Stop([min(server.worker_pids())], server.history) as stop:
        stop.took_effect()
        server.parent.send(signal.SIGTERM)
        for _ in range(5):
            server.parent.send(signal.SIGCHLD)
            server.parent.send(signal.SIGTERM)
        until_gone(server, within=server.promise("grace_s") + server.promise("stop_s"))


@clause("supervision/every-death-is-reaped", "supervision/stopped-is-not-dead")
def test_deaths_behind_a_stopped_worker_are_reaped(start_server: StartServer) -> None:
    """A wait for one child that blocks keeps all others waiting as zombies."""
    server = start_server(workers=4)
    stopped, *rest = sorted(server.worker_pids())
    with Stop([stopped], server.history) as stop:
        stop.took_effect()
        with Burst(server.parent, [signal.SIGCHLD] * 5, server.history) as burst:
            burst.took_effect()
            with Kill(rest, server.history) as kill:
                kill.took_effect()
        until_reaped(server, rest)
        assert stopped in until_staffed(server, without=rest)
    unchanged(server, server.worker_pids())


@clause("supervision/failed-fork-is-repeated")
def test_forks_that_fail_a_few_times_are_repeated(start_server: StartServer) -> None:
    """EAGAIN passes; a parent that gave up does not come back."""
    server = start_server(workers=3)
    dead, *others = sorted(server.worker_pids())
    with Inject(server.pid, f"{FORKS}:error=EAGAIN:when=1..3", server.history) as fault:
        with Kill([dead], server.history) as kill:
            kill.took_effect()
        fault.took_effect()
        assert set(others) <= server.worker_pids()
    assert set(others) < until_staffed(server, without=[dead])


@clause("supervision/newborn-death-is-noticed")
def test_a_fork_that_returns_after_the_child_s_death_is_no_worker(start_server: StartServer) -> None:
    """The child is dead before its parent knows that it was born."""
    server = start_server()
    dead = min(server.worker_pids())
    late = Inject(server.pid, f"{FORKS}:delay_exit=200000", server.history)
    with late as fault, AtBirth(server.worker_pids, server.history, most=1) as births:
        with Kill([dead], server.history) as kill:
            kill.took_effect()
        fault.took_effect()
        births.took_effect()
    until_staffed(server, without=[dead])
    until_reaped(server, births.pids)
