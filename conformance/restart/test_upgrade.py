"""The section "Upgrade" of spec/restart.md."""

from __future__ import annotations

import signal

from proctor.api import (
    Burst,
    Kill,
    Server,
    StartServer,
    alive,
    clause,
    eventually,
    every_call_succeeds,
    knocks,
    none_found,
    throughout,
    unchanged,
)

WATCHED_S = 1.0


@clause("restart/usr2-starts-a-second-parent")
def test_a_second_parent_comes_up_beside_the_first(start_server: StartServer) -> None:
    """A binary can't be replaced without an outage; or the second can't bind what the first holds."""
    server = start_server()
    first = server.worker_pids()
    second = upgraded(server)
    workers = server.worker_pids()
    assert first < workers, "the first parent's workers are not the same"
    assert len(workers) == 2 * server.asked_workers
    assert second != server.pid


@clause("restart/second-usr2-is-ignored")
def test_there_are_never_three_parents(start_server: StartServer) -> None:
    """Impatience with the first signal makes a family that nobody can stop."""
    server = start_server()
    with Burst(server.parent, [signal.SIGUSR2, signal.SIGUSR2], server.history) as fault:
        fault.took_effect()
    upgraded(server, sent=True)
    server.parent.send(signal.SIGUSR2)
    throughout(lambda: two_parents(server), seconds=WATCHED_S)


@clause("restart/old-parent-may-leave")
def test_the_second_parent_serves_on_when_the_first_leaves(start_server: StartServer) -> None:
    """What the first tidies up was the second's: the socket, the pid file."""
    server = start_server()
    first = server.worker_pids()
    upgraded(server)
    second = server.worker_pids() - first
    since = server.history.record("load").at
    with knocks(server):
        server.parent.send(signal.SIGTERM)
        assert server.program.end_status(server.promise("stop_s")) == 0
        eventually(lambda: not alive(first), within=server.promise("stop_s"), what="the first parent's workers to end")
        throughout(lambda: all_live(second), seconds=WATCHED_S)
    none_found(every_call_succeeds(server.history, since))


@clause("restart/failed-upgrade-is-undone")
def test_a_second_parent_that_dies_costs_nothing_and_may_be_tried_again(start_server: StartServer) -> None:
    """The first stops serving for a successor that never came, or ignores the next signal."""
    server = start_server()
    first = server.worker_pids()
    with Kill([upgraded(server)], server.history) as fault:
        fault.took_effect()
    within = server.promise("orphan_s")
    eventually(lambda: server.worker_pids() == first, within=within, what="the first parent's workers alone")
    unchanged(server, first)
    eventually(lambda: not server.zombies(), within=server.promise("reap_s"), what="no zombie")
    upgraded(server)


@clause("restart/upgrade-ends-with-one-node")
def test_an_upgrade_ends_with_one_node(start_server: StartServer) -> None:
    """Two nodes for one address for ever, or none since the first took its own back."""
    server = start_server()
    upgraded(server)
    throughout(lambda: one_or_two(server), seconds=WATCHED_S)
    server.parent.send(signal.SIGTERM)
    assert server.program.end_status(server.promise("stop_s")) == 0
    eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="one node")
    throughout(server.node, seconds=WATCHED_S)


def upgraded(server: Server, *, sent: bool = False) -> int:
    """Ask for a second parent, unless that was done, and wait for it and its workers: its pid."""
    if not sent:
        server.parent.send(signal.SIGUSR2)

    def look() -> int:
        (second,) = other_parents(server)
        assert len(server.worker_pids()) == 2 * server.asked_workers
        return second

    return eventually(look, within=server.promise("boot_s"), what="a second parent with workers of its own")


def other_parents(server: Server) -> list[int]:
    """The processes below which there are workers, but for the first parent."""
    parents = {worker.parent for worker in server.workers()} - {server.pid}
    assert len(parents) == 1, f"other parents: {sorted(parents)}"
    return sorted(parents)


def two_parents(server: Server) -> None:
    other_parents(server)


def all_live(workers: set[int]) -> None:
    """Below a parent that is no child of the first any more, and so not among what `server` counts."""
    assert set(alive(workers)) == workers, "the second parent's workers are not the same"


def one_or_two(server: Server) -> None:
    assert 1 <= len(server.nodes()) <= 2
