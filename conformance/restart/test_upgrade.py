"""The section "Upgrade" of spec/restart.md.

The second parent is a process below the first one, with the same arguments and with workers of its own. It may hold the
listening socket as its workers do, and is none of them.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import ExitStack

from proctor.api import (
    PROVEN_S,
    WATCHED_S,
    AtBirth,
    Burst,
    History,
    Server,
    StartServer,
    alive,
    clause,
    eventually,
    every_call_succeeds,
    knocks,
    none_found,
    observe,
    throughout,
    until_reaped,
)

TWICE = 2


@clause("restart/usr2-starts-a-second-parent")
def test_a_second_parent_comes_up_beside_the_first(start_server: StartServer) -> None:
    """A program can't be replaced without an outage, or its successor can't bind what it holds."""
    server = start_server()
    first = until_one_team(server)
    second = until_two_teams(server, asked=True)
    assert teams(server)[server.pid] == first, "the first parent's workers are not the same"
    if server.manifest.claims()["port"]:
        inodes = [observe.sockets(pid) & observe.listening_inodes(server.port) for pid in (*first, *second)]
        assert set.intersection(*inodes), "they do not hold the same listening socket"


@clause("restart/second-usr2-is-ignored")
def test_there_are_never_three_parents(start_server: StartServer, history: History) -> None:
    """Impatience with the first signal makes a family that nobody can stop."""
    server = start_server()
    until_one_team(server)
    with Burst(server.parent, [signal.SIGUSR2] * TWICE, history) as burst:
        burst.took_effect()
    until_two_teams(server, asked=False)
    server.parent.send(signal.SIGUSR2)
    throughout(lambda: two_teams(server), WATCHED_S)


@clause("restart/old-parent-may-leave")
def test_the_second_parent_serves_on_when_the_first_leaves(start_server: StartServer, history: History) -> None:
    """What the first one tidied up was the second's: the socket, the file with its pid."""
    server = start_server()
    first = until_one_team(server)
    second = until_two_teams(server, asked=True)
    since = history.record("load").at
    with ExitStack() as load:
        if server.manifest.claims()["port"]:
            load.enter_context(knocks(server))
        server.parent.send(signal.SIGTERM)
        assert server.program.end_status(server.promise("stop_s")) == 0
        assert not alive(first), "its workers outlived it"
        throughout(lambda: all_alive(second), WATCHED_S)
    none_found(every_call_succeeds(history, since))


@clause("restart/failed-upgrade-is-undone")
def test_a_second_parent_that_dies_costs_nothing_and_can_be_asked_for_again(
    start_server: StartServer, history: History
) -> None:
    """The first stops serving for a successor that never came, or ignores the next signal."""
    server = start_server()
    first = until_one_team(server)
    with AtBirth(lambda: {process.pid for process in observe.family(server.pid)}, history, most=1) as births:
        server.parent.send(signal.SIGUSR2)
        births.took_effect()
        until_reaped(server, births.pids)
    assert teams(server) == {server.pid: first}, "the first parent's workers are not the same"
    until_two_teams(server, asked=True)


@clause("restart/upgrade-ends-with-one-node")
def test_an_upgrade_ends_with_one_node(start_server: StartServer) -> None:
    """Two nodes for one address for ever, or none since the first parent took its own back."""
    server = start_server()
    until_one_team(server)
    server.parent.send(signal.SIGUSR2)
    throughout(lambda: one_or_two_nodes(server), WATCHED_S)
    until_two_teams(server, asked=False)
    server.parent.send(signal.SIGTERM)
    server.program.end_status(server.promise("stop_s"))
    eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="one node")
    throughout(lambda: the_second_has_one_node(server), WATCHED_S)


def the_second_has_one_node(server: Server) -> None:
    assert len(server.nodes()) == 1, f"nodes {server.nodes()}"


def teams(server: Server) -> dict[int, set[int]]:
    """The workers of each parent, by its pid. Not those just born: a helper, too, holds the listening socket from its
    fork until it lets go of it.
    """
    family = [process for process in observe.family(server.pid) if process.state not in "ZX"]
    below = [process for process in family if process.age_s >= PROVEN_S]
    if server.manifest.server is not None and server.manifest.server.workers == "listeners":
        holders = observe.holders(observe.listening_inodes(server.port), [process.pid for process in below])
        below = [process for process in below if process.pid in holders]
    parents = {process.parent for process in below if arguments(process.parent) == arguments(server.pid)}
    return {
        parent: {process.pid for process in below if process.parent == parent and process.pid not in parents}
        for parent in parents
    }


def arguments(pid: int) -> str:
    return observe.read(observe.PROC / str(pid) / "cmdline")


def shown(found: Mapping[int, set[int]]) -> str:
    return "; ".join(f"parent {parent} with workers {sorted(found[parent])}" for parent in sorted(found)) or "nobody"


def until_one_team(server: Server) -> set[int]:
    """The first parent's workers, as many as were asked for."""

    def look() -> set[int]:
        found = teams(server)
        assert list(found) == [server.pid], shown(found)
        assert len(found[server.pid]) == server.asked_workers, shown(found)
        return found[server.pid]

    return eventually(look, within=server.promise("boot_s") + PROVEN_S, what="the first parent's workers")


def until_two_teams(server: Server, *, asked: bool) -> set[int]:
    """Ask for a second parent, if it is to be `asked`, and wait for its workers: their pids."""
    if asked:
        server.parent.send(signal.SIGUSR2)
    within = server.promise("boot_s") + PROVEN_S
    found = eventually(lambda: two_teams(server), within=within, what="two parents with workers")
    return next(found[parent] for parent in found if parent != server.pid)


def two_teams(server: Server) -> dict[int, set[int]]:
    """Failure unless there are two parents, each with as many workers as were asked for."""
    found = teams(server)
    assert len(found) == TWICE, shown(found)
    assert all(len(workers) == server.asked_workers for workers in found.values()), shown(found)
    return found


def all_alive(workers: set[int]) -> None:
    assert set(alive(workers)) == workers, "the second parent's workers are not the same"


def one_or_two_nodes(server: Server) -> None:
    assert 1 <= len(server.nodes()) <= TWICE, f"nodes: {server.nodes()}"
