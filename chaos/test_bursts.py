"""Signals in numbers: to one process and to the group, before boot is done and while workers die."""

from __future__ import annotations

import signal

import pytest

from proctor.api import (
    Burst,
    GroupBurst,
    Kill,
    StartServer,
    clause,
    eventually,
    observe,
    unchanged,
    until_gone,
    until_reaped,
    until_staffed,
)

MANY = 50


@clause("supervision/signal-burst-is-survived")
def test_many_sigchld_for_no_death_mean_nothing(start_server: StartServer) -> None:
    """A parent that believes in each of them looks for workers that are well."""
    server = start_server()
    workers = server.worker_pids()
    with Burst(server.parent, [signal.SIGCHLD] * MANY, server.history) as fault:
        fault.took_effect()
    unchanged(server, workers)


@clause("supervision/signal-burst-is-survived", "supervision/every-death-is-reaped")
def test_many_sigchld_among_real_deaths_hide_none(start_server: StartServer) -> None:
    """Signals of one kind coalesce: what counts is who is dead, not how often it was said."""
    server = start_server(workers=4)
    dead = server.worker_pids()
    with Burst(server.parent, [signal.SIGCHLD] * MANY, server.history) as fault:
        with Kill(dead, server.history) as kill:
            kill.took_effect()
        fault.took_effect()
    until_reaped(server, dead)
    until_staffed(server, without=dead)


@clause("supervision/stop-works-at-any-moment")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_stop_signals_to_the_group_before_boot_is_done_end_it(start_server: StartServer, number: int) -> None:
    """Ctrl-C right after the start finds a parent with handlers and workers without."""
    server = start_server(workers=4, ready=False)
    eventually(lambda: observe.catches(server.pid, number), within=server.promise("boot_s"), what="a handler")
    with GroupBurst(server.parent, [number] * 3, server.history) as fault:
        fault.took_effect()
    until_gone(server)


@clause("supervision/stop-may-be-sent-to-all-and-again")
def test_a_storm_of_stop_signals_to_the_group_stops_it_once(start_server: StartServer) -> None:
    """Tearing down what is being torn down."""
    server = start_server(workers=4)
    with GroupBurst(server.parent, [signal.SIGINT, signal.SIGTERM] * 5, server.history) as fault:
        fault.took_effect()
    until_gone(server)
