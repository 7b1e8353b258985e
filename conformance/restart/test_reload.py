"""The section "Reload" of spec/restart.md."""

from __future__ import annotations

import signal

import pytest

from proctor.api import (
    Burst,
    Kill,
    Server,
    StartServer,
    clause,
    eventually,
    observe,
    throughout,
    unchanged,
    until_gone,
    until_renewed,
    until_staffed,
)

RELOADS, SETTLED_AFTER, MORE_DESCRIPTORS = 10, 3, 2
STORM, STORM_PACE_S = 20, 0.01
MOMENTS_S = [0.0, 0.02, 0.1, 0.3]


@clause("restart/reload-renews-every-worker", "restart/reload-keeps-the-parent")
def test_after_a_reload_every_worker_is_new_and_the_parent_is_the_same(start_server: StartServer) -> None:
    """An old worker that stays serves the old code for ever; a parent that leaves is mourned by its supervisor."""
    server = start_server(workers=3)
    old = server.worker_pids()
    server.parent.send(signal.SIGHUP)
    new = until_renewed(server, old)
    unchanged(server, new)
    assert server.pid in {process.parent for process in server.workers()}, "the new workers have another parent"


@clause("restart/reload-is-never-lost")
def test_a_reload_signal_during_boot_counts_or_does_no_harm(start_server: StartServer) -> None:
    """The default disposition of SIGHUP is death: a handler that comes late comes too late."""
    server = start_server(ready=False)
    eventually(lambda: observe.catches(server.pid, signal.SIGHUP), within=server.promise("boot_s"))
    sent = observe.ticks_now()
    server.parent.send(signal.SIGHUP)
    server.wait_ready()
    one_generation_since(server, sent)


@clause("restart/reload-is-never-lost")
def test_a_storm_of_reloads_ends_in_one_generation(start_server: StartServer) -> None:
    """Generations that are mixed, a last signal that was lost, or a parent that dies of one too many."""
    server = start_server()
    for _ in range(STORM):
        sent = observe.ticks_now()
        with Burst(server.parent, [signal.SIGHUP], server.history) as fault:
            fault.took_effect()
        throughout(lambda: None, seconds=STORM_PACE_S)
    one_generation_since(server, sent)


@clause("restart/reload-is-never-lost")
def test_a_reload_signal_right_after_a_death_counts(start_server: StartServer) -> None:
    """The successor that is being forked belongs to neither generation, and stays."""
    server = start_server()
    with Kill([min(server.worker_pids())], server.history) as fault:
        fault.took_effect()
        sent = observe.ticks_now()
        server.parent.send(signal.SIGHUP)
    one_generation_since(server, sent)


@clause("restart/reload-can-be-repeated")
def test_reloads_leave_nothing_behind(start_server: StartServer) -> None:
    """A descriptor, or a worker, more with each; one day there is none left."""
    server = start_server()
    settled = 0
    for reload in range(RELOADS):
        old = server.worker_pids()
        server.parent.send(signal.SIGHUP)
        until_renewed(server, old)
        if reload + 1 == SETTLED_AFTER:
            settled = observe.descriptors(server.pid)
    until_staffed(server)
    eventually(
        lambda: observe.descriptors(server.pid) <= settled + MORE_DESCRIPTORS,
        within=server.promise("reload_s"),
        what=f"the parent to have no more than {settled} + {MORE_DESCRIPTORS} descriptors",
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
    server.parent.send(signal.SIGHUP)
    throughout(lambda: None, seconds=moment_s)
    server.parent.send(signal.SIGTERM)
    status = until_gone(server)
    assert status == 0, f"exit status {status}"


def one_generation_since(server: Server, sent: int) -> None:
    """In twice the time of a reload N workers, none of which was forked before the clock tick `sent`."""
    within = 2 * server.promise("reload_s")
    if server.manifest.capabilities.reload == "exec":
        within += 2 * server.promise("boot_s")

    def look() -> bool:
        workers = server.workers()
        assert len(workers) == server.asked_workers, f"{len(workers)} workers"
        old = [worker for worker in workers if worker.started < sent]
        assert not old, f"forked before the signal: {', '.join(map(str, old))}"
        return True

    eventually(look, within=within, what="one generation, all of it new")
    assert server.program.exit_status() is None, "the parent ended"
