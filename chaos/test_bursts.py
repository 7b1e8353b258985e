"""Signals in numbers: to one process and to the group, before boot is done and while it stops."""

from __future__ import annotations

import signal

import pytest

from proctor.api import (
    Burst,
    GroupBurst,
    History,
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
FEW = 5
STOPS = [signal.SIGINT, signal.SIGTERM]


@clause("supervision/signal-burst-is-survived")
def test_many_sigchld_for_no_death_mean_nothing(start_server: StartServer, history: History) -> None:
    """A parent that believes each of them looks for the dead among workers that are well."""
    server = start_server()
    workers = until_staffed(server)
    with Burst(server.parent, [signal.SIGCHLD] * MANY, history) as burst:
        burst.took_effect()
    unchanged(server, workers)


@clause("supervision/signal-burst-is-survived", "supervision/every-death-is-reaped")
def test_many_sigchld_among_real_deaths_hide_none(start_server: StartServer, history: History) -> None:
    """What counts is who is dead, not how often it was said."""
    server = start_server(workers=4)
    workers = until_staffed(server)
    with Burst(server.parent, [signal.SIGCHLD] * MANY, history) as burst:
        with Kill(workers, history) as kill:
            server.parent.send(signal.SIGCHLD)
            kill.took_effect()
        burst.took_effect()
    until_reaped(server, workers)
    until_staffed(server, without=workers)


@clause("supervision/signal-burst-is-survived", "supervision/workers-are-as-asked")
def test_signals_before_boot_is_done_cost_no_worker(start_server: StartServer, history: History) -> None:
    """A parent that is still forking its first workers takes each SIGCHLD for one of theirs."""
    server = start_server(workers=4, ready=False)
    eventually(
        lambda: observe.heeds(server.pid, signal.SIGTERM),
        within=server.promise("boot_s"),
        what="the parent to listen to SIGTERM",
    )
    for _ in range(FEW):
        with Burst(server.parent, [signal.SIGCHLD] * MANY, history) as burst:
            burst.took_effect()
    server.wait_ready()
    unchanged(server, until_staffed(server))


@clause("supervision/stop-works-at-any-moment")
@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_stop_signals_to_the_group_before_boot_is_done_end_everything(
    start_server: StartServer, history: History, number: signal.Signals
) -> None:
    """Ctrl-C right after the start finds a parent with handlers, and workers without."""
    server = start_server(workers=4, ready=False)
    eventually(
        # An interpreter may have a handler of its own before the server has: so there must be a child, too.
        lambda: observe.heeds(server.pid, number) and observe.children(server.pid),
        within=server.promise("boot_s"),
        what=f"the parent to listen to {number.name} and to have forked",
    )
    with GroupBurst(server.parent, [number] * FEW, history) as burst:
        burst.took_effect()
    until_gone(server)


@clause("supervision/stop-may-be-sent-to-all-and-again")
def test_a_storm_of_stop_signals_to_the_group_stops_it_once(start_server: StartServer, history: History) -> None:
    """What is being torn down is torn down again, by parent and workers alike."""
    server = start_server(workers=4)
    until_staffed(server)
    with GroupBurst(server.parent, STOPS * FEW, history) as burst:
        burst.took_effect()
    until_gone(server)
