"""The section "Reload" of spec/restart.md."""

from __future__ import annotations

import signal

import pytest

from proctor.api import (
    AtBirth,
    Burst,
    History,
    Kill,
    Server,
    StartServer,
    clause,
    eventually,
    observe,
    reload_s,
    takes_long,
    unchanged,
    until_gone,
    until_renewed,
    until_staffed,
)

STORM, STORM_EVERY_S = 20, 0.01
RELOADS, SETTLED_AFTER, MORE_DESCRIPTORS = 6, 2, 2
MOMENTS_S = [0.0, 0.02, 0.1, 0.3]


@clause("restart/reload-renews-every-worker")
def test_after_a_reload_every_worker_is_new(start_server: StartServer) -> None:
    """An old worker that stays serves old code, unseen among the new."""
    server = start_server(workers=3)
    old = until_staffed(server)
    server.parent.send(signal.SIGHUP)
    unchanged(server, until_renewed(server, old))


@clause("restart/reload-keeps-the-parent")
def test_new_workers_come_below_the_process_that_was_started(start_server: StartServer) -> None:
    """Whoever supervises a parent that leaves takes the server for dead, and starts another."""
    server = start_server()
    old = until_staffed(server)
    server.parent.send(signal.SIGHUP)

    def look() -> set[int]:
        server.demand_parent()
        return server.proven_pids() - old  # who is just born may be the parent's successor, and no worker

    eventually(look, within=reload_s(server), what="a new worker below the parent")
    server.demand_parent()


@clause("restart/reload-is-never-lost")
def test_a_reload_signal_during_boot_counts(start_server: StartServer) -> None:
    """Workers that were forked before the signal stay what they are, though somebody has asked for others."""
    server = start_server(ready=False)
    eventually(
        lambda: observe.heeds(server.pid, signal.SIGHUP),
        within=server.promise("boot_s"),
        what="the parent to listen to SIGHUP",
    )
    sent = observe.ticks_now()
    server.parent.send(signal.SIGHUP)
    until_all_are_younger(server, sent, within=server.promise("boot_s") + 2 * reload_s(server))


@clause("restart/reload-is-never-lost")
def test_the_last_signal_of_a_storm_counts(start_server: StartServer) -> None:
    """A generation that was begun before it, a mixture of several, or a parent that ends of one too many."""
    server = start_server()
    until_staffed(server)
    for _ in range(STORM):
        server.program.wait(STORM_EVERY_S)
        sent = observe.ticks_now()
        server.parent.send(signal.SIGHUP)
    until_all_are_younger(server, sent, within=2 * reload_s(server))


@clause("restart/reload-is-never-lost")
def test_a_reload_signal_right_after_a_death_counts(start_server: StartServer, history: History) -> None:
    """The successor that is being forked belongs to the old generation, and is overlooked with it."""
    server = start_server(workers=3)
    with Kill([min(until_staffed(server))], history) as kill:
        kill.took_effect()
        sent = observe.ticks_now()
        with Burst(server.parent, [signal.SIGHUP], history) as reload:
            reload.took_effect()
    until_all_are_younger(server, sent, within=2 * reload_s(server))


@clause("restart/reload-is-never-lost")
def test_a_worker_that_boots_when_the_reload_signal_comes_is_renewed(
    start_server: StartServer, history: History
) -> None:
    """He was forked before the signal, and so with what was to be renewed, however late he is ready."""
    server = start_server()
    old = until_staffed(server)
    with AtBirth(server.worker_pids, history, signal.SIGSTOP, most=1) as births:
        with Kill([min(old)], history) as kill:
            kill.took_effect()
        births.took_effect(within=server.promise("respawn_s"))
        with Burst(server.parent, [signal.SIGHUP], history) as reload:
            reload.took_effect()
    until_renewed(server, [*old, *births.pids])


@clause("restart/reload-can-be-repeated")
@takes_long("6 reloads")
def test_reloads_leave_nothing_behind(start_server: StartServer) -> None:
    """One descriptor or one worker more each time, until one day there is none left."""
    server = start_server()
    workers = until_staffed(server)
    settled = 0
    for turn in range(1, RELOADS + 1):
        server.parent.send(signal.SIGHUP)
        workers = until_renewed(server, workers)
        settled = observe.descriptors(server.pid) if turn == SETTLED_AFTER else settled
    eventually(
        lambda: observe.descriptors(server.pid) <= settled + MORE_DESCRIPTORS,
        within=server.promise("reap_s"),
        what=f"the parent to have at most {settled} + {MORE_DESCRIPTORS} descriptors",
    )
    server.parent.send(signal.SIGTERM)
    until_gone(server)


@clause("restart/stop-during-reload")
@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_a_stop_signal_in_the_middle_of_a_reload_ends_both_generations(
    start_server: StartServer, moment_s: float
) -> None:
    """The generation that nobody remembers outlives its parent."""
    server = start_server()
    until_staffed(server)
    server.parent.send(signal.SIGHUP)
    server.program.wait(moment_s)
    server.parent.send(signal.SIGTERM)
    assert until_gone(server) == 0


def until_all_are_younger(server: Server, sent: int, within: float) -> None:
    """In time there are N workers, none of which was forked before the clock tick `sent`."""

    def look() -> bool:
        workers = server.workers()
        assert len(workers) == server.asked_workers, f"{len(workers)} workers"
        old = [str(worker) for worker in workers if worker.started < sent]
        assert not old, f"forked before the signal: {', '.join(old)}"
        return True

    eventually(look, within=within, what=f"{server.asked_workers} workers that are all new")
    assert server.program.exit_status() is None, "the parent ended"
