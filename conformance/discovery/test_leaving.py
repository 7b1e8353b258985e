"""The section "Leaving" of spec/discovery.md."""

from __future__ import annotations

import signal
import time
from contextlib import suppress

import pytest

from proctor.api import (
    SHORT_SESSION_MS,
    ExpireSession,
    FreezeLink,
    Hold,
    Kill,
    KillOnSight,
    Kind,
    OpCode,
    Rule,
    Server,
    SeverLink,
    StartServer,
    Strike,
    TimedOut,
    clause,
    eventually,
    needs,
    short_session,
    takes_long,
    throughout,
    until_gone,
)

STOPS = [signal.SIGINT, signal.SIGTERM]
HELD_S = 0.5  # a registry may take so long
REGISTRY_TICK_S = 1.0  # what spec/discovery.md leaves to the registry until it notices


@clause("discovery/leaves-the-list-first")
@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_a_server_that_stops_takes_its_node_back_before_it_refuses(start_server: StartServer, number: int) -> None:
    """Clients would be sent to a server that refuses them, for as long as the session lasts."""
    server = start_server()
    server.parent.send(number)
    eventually(lambda: not server.accepts(), within=server.promise("stop_s"), what="connections to be refused")
    assert server.nodes() == [], "connections are refused, and the node still stands"


@clause("discovery/leaves-the-list-first")
def test_a_server_that_stops_accepts_until_the_registry_has_heard_it(start_server: StartServer) -> None:
    """A server that doesn't wait for the registry's word is in the list, and refuses, for as long as that takes."""
    server = start_server()
    word = Rule(Kind.REQUEST, Hold(), (OpCode.CLOSE_SESSION, OpCode.DELETE))
    held_s = min(HELD_S, server.manifest.promise("stop_s") / 4)
    with Strike(server.proxy, word, server.history) as held:
        until = time.monotonic() + held_s
        server.parent.send(signal.SIGTERM)
        throughout(lambda: accepts(server, until), held_s)
        held.took_effect()
    eventually(lambda: not server.accepts(), within=server.promise("stop_s"), what="connections to be refused")
    assert server.nodes() == [], "connections are refused, and the node still stands"


@clause("discovery/session-is-closed")
@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_a_server_that_stops_says_so_to_the_registry(start_server: StartServer, number: int) -> None:
    """A session that is left to its timeout keeps the node of a server that is no more."""
    server = start_server()
    node = server.node()
    server.stop(number)
    assert left_by_its_own_word(server, node.owner, node.path), "the node was left to the session's timeout"
    assert server.nodes() == [], "the server has ended, and the node still stands"


@clause("discovery/leaves-the-list-first")
@needs("profile wire")
def test_the_node_goes_while_a_call_is_in_flight(start_server: StartServer) -> None:
    """A server that waits for its calls before it leaves the list is sent new ones all the while."""
    server = start_server()
    request = server.lasting(1.5)
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be taken")
        server.parent.send(signal.SIGTERM)
        eventually(lambda: server.nodes() == [], within=server.promise("stop_s"), what="the node to go")
        assert not wire.answered(), "the node went only after the call in flight was answered"
        wire.reply()


@clause("discovery/stops-whatever-the-registry-does")
@pytest.mark.parametrize("fault", [FreezeLink, SeverLink], ids=lambda fault: fault.__name__)
def test_a_server_stops_in_time_without_its_registry(
    start_server: StartServer, fault: type[FreezeLink | SeverLink]
) -> None:
    """A close that waits for the registry's word waits as long as there is no registry."""
    server = start_server(prepare=short_session)
    with fault(server.proxy, server.history) as broken:
        broken.took_effect()
        server.parent.send(signal.SIGTERM)
        until_gone(server)


@clause("discovery/stops-whatever-the-registry-does")
def test_a_server_stops_in_time_after_its_session_was_lost(start_server: StartServer) -> None:
    """A handler of the loss that blocks takes the thread with which to stop."""
    server = start_server()
    with ExpireSession(server.proxy, server.history) as expiry:
        expiry.took_effect()
        server.parent.send(signal.SIGTERM)
        until_gone(server)


@clause("discovery/stops-whatever-the-registry-does")
def test_a_server_that_has_met_the_loss_of_its_session_stops_in_time(start_server: StartServer) -> None:
    """A handler of the loss that waits for itself waits for ever, and what is to stop it waits with it."""
    server = start_server()
    lost = server.node()
    with ExpireSession(server.proxy, server.history) as expiry:
        expiry.took_effect()
    with suppress(TimedOut):  # whether it registers again is for another clause to judge
        eventually(lambda: server.node().owner != lost.owner, within=server.promise("register_s"), what="a new node")
    server.parent.send(signal.SIGTERM)
    until_gone(server)


@clause("discovery/killed-server-vanishes")
def test_a_killed_parent_s_node_goes_with_its_session(start_server: StartServer) -> None:
    """A process that is left over and holds the session keeps a dead server in the list for ever."""
    server = start_server(prepare=short_session)
    node = server.node()
    with Kill([server.pid], server.history) as fault:
        fault.took_effect()
        bound = SHORT_SESSION_MS / 1000 + server.promise("orphan_s") + REGISTRY_TICK_S
        eventually(lambda: server.nodes() == [], within=bound, what=f"{node.path} to go")


@clause("discovery/dead-service-is-withdrawn")
@takes_long("a server that waits before it takes its node away, and back")
def test_a_server_without_workers_is_not_in_the_list(start_server: StartServer) -> None:
    """Clients are sent to a port where nobody accepts."""
    server = start_server()
    with KillOnSight(server.worker_pids, server.history) as fault:
        fault.took_effect()
        bound = server.promise("respawn_s") + server.promise("register_s")
        eventually(lambda: server.nodes() == [], within=bound, what="the node of a server without workers to go")
    back = server.promise("respawn_s") + server.promise("register_s")
    eventually(lambda: len(server.nodes()) == 1, within=back, what="the node of a server with workers to return")


def accepts(server: Server, until: float) -> None:
    """What is seen later shows nothing: it may wait for the registry no longer."""
    assert server.accepts() or time.monotonic() > until, "a connection was refused, and the node stood"


def left_by_its_own_word(server: Server, session: int, path: str) -> bool:
    """Whether the session's closing, or the node's deletion, passed on the way to the registry."""
    return any(
        operation.session_id == session and (operation.op is OpCode.CLOSE_SESSION or operation.path == path)
        for operation in server.proxy.operations
        if operation.op in (OpCode.CLOSE_SESSION, OpCode.DELETE)
    )
