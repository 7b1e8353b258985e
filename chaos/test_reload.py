"""Reloads and resizes under load, in storms, with late forks, and while workers die."""

from __future__ import annotations

import signal
from collections.abc import Callable

from proctor.api import (
    FORKS,
    Census,
    History,
    Inject,
    Kill,
    Load,
    Request,
    Server,
    StartServer,
    Stop,
    clause,
    eventually,
    every_call_succeeds,
    never_fewer_than,
    new_connections,
    none_found,
    ping,
    reload_s,
    replies_answer_their_own_request,
    sleep,
    unchanged,
    until_gone,
    until_renewed,
    until_staffed,
)

STORMS, SIGNALS, EVERY_S = 2, 10, 0.01
LENGTHS_S = (0.0, 0.05, 0.2, 0.4)
CALLS = 20


@clause("restart/reload-loses-no-call")
def test_storms_of_reloads_cost_no_call(start_server: StartServer, history: History) -> None:
    """A reload that meets a reload drops what the first had promised to finish."""
    server = start_server()
    since = history.record("load").at
    with new_connections(server, calls_of(server), threads=4) as load:
        for _ in range(STORMS):
            old = until_staffed(server)
            for _ in range(SIGNALS):
                server.parent.send(signal.SIGHUP)
                server.program.wait(EVERY_S)
            until_renewed(server, old, within=2 * reload_s(server))
            more(load)
    none_found(every_call_succeeds(history, since), replies_answer_their_own_request(history, since))


@clause("restart/ttou-loses-no-call")
def test_resizing_up_and_down_costs_no_call(start_server: StartServer, history: History) -> None:
    """The worker that is one too many is the one that somebody talks to."""
    server = start_server()
    until_staffed(server)
    since = history.record("load").at
    with new_connections(server, calls_of(server), threads=4) as load:
        for number, expected in ((signal.SIGTTIN, 3), (signal.SIGTTOU, 2), (signal.SIGTTOU, 1), (signal.SIGTTIN, 2)):
            server.parent.send(number)
            until_staffed(server, expected)
            more(load)
    none_found(every_call_succeeds(history, since), replies_answer_their_own_request(history, since))


@clause("restart/new-before-old")
def test_no_worker_leaves_while_forks_come_late(start_server: StartServer, history: History) -> None:
    """Between telling the old to go and forking the new there is time: on a quick machine nobody notices."""
    server = start_server()
    old = until_staffed(server)
    with Census(server) as census, Inject(server.pid, f"{FORKS}:delay_enter=300000", history) as late:
        server.parent.send(signal.SIGHUP)
        late.took_effect()
        until_renewed(server, old)
    none_found(never_fewer_than(server.asked_workers, census.counts))


@clause("restart/reload-renews-every-worker")
def test_workers_that_are_killed_during_a_reload_change_nothing_about_its_end(
    start_server: StartServer, history: History
) -> None:
    """Successors of the dead that belong to the generation of the dead, and stay with it."""
    server = start_server(workers=3)
    old = until_staffed(server)
    with Stop([min(old)], history) as stop:  # so that it is still there to be killed
        stop.took_effect()
        server.parent.send(signal.SIGHUP)
        with Kill([min(old)], history) as one:
            one.took_effect()
    new = eventually(lambda: server.worker_pids() - old, within=reload_s(server), what="a new worker")
    with Kill([max(new)], history) as another:
        another.took_effect()
    unchanged(server, until_renewed(server, [*old, max(new)], within=2 * reload_s(server)))


@clause("restart/reload-is-never-lost")
def test_a_reload_signal_behind_the_deaths_of_all_workers_counts(start_server: StartServer, history: History) -> None:
    """A parent that stood still has two reasons to fork when it goes on: it must end with as many as one makes."""
    server = start_server(workers=3)
    old = until_staffed(server)
    with Stop([server.pid], history) as stop:
        stop.took_effect()
        with Kill(old, history) as kill:
            kill.took_effect()
        server.parent.send(signal.SIGHUP)
    until_renewed(server, old, within=2 * reload_s(server))


@clause("restart/stop-during-reload")
def test_a_stop_signal_in_a_storm_of_reloads_and_resizes_ends_everything(start_server: StartServer) -> None:
    """Three generations at once, and each of them has to be told."""
    server = start_server()
    until_staffed(server)
    for number in server.signals() * SIGNALS:
        server.parent.send(number)
        server.program.wait(EVERY_S)
    server.parent.send(signal.SIGTERM)
    until_gone(server)


def calls_of(server: Server) -> Callable[[int], Request]:
    """By its number, each call of another length, where that can be had."""
    if "sleep" not in server.manifest.capabilities.methods:
        return ping
    longest = server.manifest.promise("grace_s") / 2
    return lambda number: sleep(min(LENGTHS_S[number % len(LENGTHS_S)], longest))


def more(load: Load) -> None:
    """Wait until a good number of calls more were made."""
    wanted = load.made + CALLS
    eventually(lambda: load.made >= wanted, within=20, what="calls to go on")
