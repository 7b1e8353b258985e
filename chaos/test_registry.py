"""The registry itself: cut off, frozen, restarted, and come back empty."""

from __future__ import annotations

import pytest

from proctor.api import (
    SHORT_SESSION_MS,
    WATCHED_S,
    FreezeLink,
    RegistryFrozen,
    RegistryGone,
    RegistryWiped,
    Server,
    SeverLink,
    Stage,
    StartServer,
    calls_were_made,
    clause,
    eventually,
    every_call_succeeds,
    long_session,
    needs,
    new_connections,
    none_found,
    ordinary_session,
    replies_answer_their_own_request,
    short_session,
    throughout,
)

FLAPS = 10


@clause("discovery/one-node-after-expiry", "discovery/serves-without-registry")
@needs("profile wire")
@pytest.mark.parametrize("fault", [FreezeLink, SeverLink], ids=lambda fault: fault.__name__)
def test_an_outage_beyond_the_session_costs_no_call(
    start_server: StartServer, fault: type[FreezeLink | SeverLink]
) -> None:
    """A registry that fails takes nothing down but itself, and finds everybody again."""
    server = start_server(prepare=short_session)
    lost = server.node()
    since = server.history.record("load").at
    with new_connections(server) as load:
        with fault(server.proxy, server.history) as broken:
            broken.took_effect()
            eventually(lambda: lost.path not in paths(server), within=10, what="the session to expire")
            ordinary_session(server.proxy)
            made = load.made
            eventually(lambda: load.made >= made + 10, within=10, what="ten calls without a registry")
        eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="one node")
    no_call_was_lost(server, since)
    assert server.node().path != lost.path
    throughout(server.node, seconds=WATCHED_S)


@clause("discovery/short-disconnect-keeps-the-node", "supervision/dead-worker-is-replaced")
def test_a_flapping_registry_leaves_workers_and_node_alone(start_server: StartServer) -> None:
    """Each state change of a registry client is a chance for a fork with a lock held."""
    server = start_server()
    node = server.node()
    for _ in range(FLAPS):
        attached = server.proxy.sessions[-1].attached_at
        with SeverLink(server.proxy, server.history) as fault:
            fault.took_effect()
        reconnected(server, attached)
    assert len(server.workers()) == server.asked_workers
    eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="one node")
    assert server.node().data == node.data


@clause("discovery/short-disconnect-keeps-the-node")
def test_a_registry_that_restarts_finds_the_node_where_it_was(start_server: StartServer, own_stage: Stage) -> None:
    """Sessions outlive a restart of the registry; a server that begins anew has two nodes for a while."""
    server = start_server(stage=own_stage, prepare=long_session)
    node = server.node()
    with RegistryGone(own_stage.registry, server.history) as fault:
        fault.took_effect()
        assert server.accepts()
    eventually(lambda: connected(server), within=server.promise("register_s"), what="the server to reconnect")
    throughout(lambda: only(server, node.path), seconds=WATCHED_S)


@clause("discovery/serves-without-registry", "discovery/one-node-after-expiry")
def test_a_frozen_registry_is_waited_for(start_server: StartServer, own_stage: Stage) -> None:
    """It accepts connections and says nothing: the worst kind of death."""
    server = start_server(stage=own_stage, prepare=short_session)
    data = server.node().data
    with RegistryFrozen(own_stage.registry, server.history) as fault:
        fault.took_effect()
        throughout(lambda: serves(server), seconds=2 * SHORT_SESSION_MS / 1000)
        ordinary_session(server.proxy)
    eventually(lambda: [node.data for node in server.nodes()] == [data], within=server.promise("register_s"))
    throughout(server.node, seconds=WATCHED_S)


@clause("discovery/survives-a-wiped-registry")
@needs("profile wire")
def test_a_registry_that_comes_back_empty_costs_no_call(start_server: StartServer, own_stage: Stage) -> None:
    """Neither session nor root are known any more; clients of the server must not notice."""
    server = start_server(stage=own_stage)
    session = server.proxy.sessions[-1]
    since = server.history.record("load").at
    with new_connections(server) as load:
        eventually(lambda: load.made >= 10, within=10, what="ten calls")
        with RegistryWiped(own_stage.registry, session, server.history) as fault:
            fault.took_effect()
        eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="one node")
    no_call_was_lost(server, since)
    throughout(server.node, seconds=WATCHED_S)


def no_call_was_lost(server: Server, since: float) -> None:
    none_found(
        calls_were_made(server.history, 10, since),
        every_call_succeeds(server.history, since),
        replies_answer_their_own_request(server.history, since),
    )


def reconnected(server: Server, attached: float) -> None:
    """Its session is attached once more, after the moment `attached`."""
    within = server.promise("register_s")
    eventually(lambda: server.proxy.sessions[-1].attached_at > attached, within=within, what="the server to reconnect")


def connected(server: Server) -> bool:
    return server.proxy.stats.open > 0 and len(server.nodes()) > 0


def serves(server: Server) -> None:
    assert server.accepts()


def only(server: Server, path: str) -> None:
    assert server.node().path == path


def paths(server: Server) -> set[str]:
    return {node.path for node in server.nodes()}
