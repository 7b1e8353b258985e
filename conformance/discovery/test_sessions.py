"""The section "Sessions" of spec/discovery.md."""

from __future__ import annotations

from contextlib import ExitStack, suppress

import pytest

from proctor.api import (
    SHORT_SESSION_MS,
    WATCHED_S,
    CutLink,
    ExpireSession,
    FreezeLink,
    GrantNewSession,
    Inconclusive,
    Kind,
    Node,
    OpCode,
    RegistryProxy,
    Request,
    Rule,
    Server,
    SeverLink,
    StartServer,
    Stop,
    Strike,
    TimedOut,
    clause,
    eventually,
    kept,
    ordinary_session,
    short_session,
    takes_long,
    throughout,
)

KEPT_SESSION_MS = 1300
CUTS = 5
REGISTRY_TICK_S = 1.0
MOST_CALLS = 16
CALL_SHOWS_S, SURELY_SHOWS_S = 0.25, 2.0
BUSIER = 4  # how much more the machine may have to do while it is found out how long a call computes
BUSY_TICKS = 3  # of 10 ms each, as proc(5) counts them


def kept_session(proxy: RegistryProxy) -> None:
    """For one that must be kept: a client library may want a second of slack between its heartbeats."""
    proxy.clamp_session_timeout(KEPT_SESSION_MS)


@clause("discovery/short-disconnect-keeps-the-node")
@pytest.mark.parametrize("how", ["fin", "rst"])
def test_short_cuts_cost_nothing(start_server: StartServer, how: str) -> None:
    """A server that registers after each reconnect has a node more each time."""
    server = start_server()
    node = server.node()
    session = server.proxy.sessions[-1]
    for _ in range(CUTS):
        before = attached_at(server)
        with CutLink(server.proxy, server.history, how) as fault:  # type: ignore[arg-type]  # one of the two literals
            fault.took_effect()
        within = min(server.promise("register_s"), session.timeout_ms / 1000)
        taken_up_again(server, before, within)
    assert [seen.id for seen in server.proxy.sessions] == [session.id], "the session was not kept"
    throughout(lambda: same_node(server, node), seconds=WATCHED_S)


@clause("discovery/one-node-after-expiry")
def test_an_expired_session_is_replaced_by_one_node(start_server: StartServer) -> None:
    """A server that only reconnects stays up, and nobody finds it any more."""
    server = start_server()
    lost = server.node()
    with ExpireSession(server.proxy, server.history) as fault:
        fault.took_effect()
    replaced(server, lost)


@clause("discovery/one-node-after-expiry")
def test_a_cut_longer_than_the_session_is_followed_by_one_node(start_server: StartServer) -> None:
    """The registry has forgotten the session when the server comes back with it."""
    server = start_server(prepare=short_session)
    lost = server.node()
    with SeverLink(server.proxy, server.history) as fault:
        fault.took_effect()
        node_goes(server, lost)
    replaced(server, lost)


@clause("discovery/one-node-after-expiry")
def test_a_silence_longer_than_the_session_is_followed_by_one_node(start_server: StartServer) -> None:
    """Nothing ends the connection: a server that waits for that waits for ever."""
    server = start_server(prepare=short_session)
    lost = server.node()
    with FreezeLink(server.proxy, server.history) as fault:
        fault.took_effect()
        node_goes(server, lost)
    replaced(server, lost)


@clause("discovery/one-node-after-expiry")
def test_a_server_that_was_stopped_for_too_long_registers_again(start_server: StartServer) -> None:
    """A laptop that slept, a virtual machine that was moved: the server doesn't know that time has passed."""
    server = start_server(prepare=short_session)
    lost = server.node()
    everyone = [server.pid, *(process.pid for process in server.program.tree())]
    with Stop(everyone, server.history) as fault:
        fault.took_effect()
        node_goes(server, lost)
    replaced(server, lost)


@clause("discovery/missing-node-is-made-again")
def test_a_node_that_somebody_deleted_is_made_again(start_server: StartServer) -> None:
    """The server is up, connected, and in nobody's list."""
    server = start_server()
    lost = server.node()
    server.view.delete(lost.path)
    server.history.record("znodes", what="deleted", path=lost.path)
    made_again(server, lost)


@clause("discovery/missing-node-is-made-again")
def test_a_node_that_was_deleted_during_a_short_cut_is_made_again(start_server: StartServer) -> None:
    """A watch does not tell what happened while nobody was connected; who does not look doesn't see."""
    server = start_server()
    lost = server.node()
    with SeverLink(server.proxy, server.history) as fault:
        fault.took_effect()
        server.view.delete(lost.path)
    made_again(server, lost)


@clause("discovery/missing-node-is-made-again")
def test_a_new_session_that_nobody_asked_for_gets_a_node(start_server: StartServer) -> None:
    """Some registries answer a reconnect with a new session and no word about the old one."""
    server = start_server(prepare=short_session)
    lost = server.node()
    ordinary_session(server.proxy)  # the old one is to be lost, and not the one that is granted now
    renewal = Rule(Kind.REQUEST, GrantNewSession(), [OpCode.CREATE_SESSION])
    with Strike(server.proxy, renewal, server.history) as fault:
        server.proxy.cut()
        fault.took_effect()
        node_goes(server, lost)
        replaced(server, lost)


@clause("discovery/busy-workers-keep-the-session")
@takes_long("calls that compute for two sessions each")
def test_a_session_is_kept_while_every_worker_computes(start_server: StartServer) -> None:
    """Heartbeats that share a thread, or an interpreter, with the work stop when it is hard."""
    server = start_server(workers=1, prepare=kept_session)
    node = server.node()
    watched_s = 2 * KEPT_SESSION_MS / 1000
    calls = server.computing(BUSIER * (MOST_CALLS * CALL_SHOWS_S + watched_s + SURELY_SHOWS_S))  # replies: for nobody
    with ExitStack() as connections:
        occupy_every_worker(server, calls, connections)
        kept(lambda: same_node(server, node), watched_s, KEPT_SESSION_MS / 1000)
        if not all_compute(server, cpu_ticks(server), SURELY_SHOWS_S):
            raise Inconclusive(f"the calls were over before {watched_s:g} s")


def occupy_every_worker(server: Server, calls: list[Request], connections: ExitStack) -> None:
    """Open connections with these calls each, as many as it takes until every worker's processor time grows."""
    began = cpu_ticks(server)
    for _ in range(MOST_CALLS):
        connections.enter_context(server.connect()).send(*calls)
        if all_compute(server, began, CALL_SHOWS_S):
            return
    raise Inconclusive(f"{MOST_CALLS} calls at once did not make every worker compute")


def cpu_ticks(server: Server) -> dict[int, int]:
    return {worker.pid: worker.cpu_ticks for worker in server.workers()}


def all_compute(server: Server, began: dict[int, int], within: float) -> bool:
    """Whether the processor time of all workers grows."""
    with suppress(TimedOut):
        return eventually(lambda: all_grew(server, began), within=within)
    return False


def all_grew(server: Server, began: dict[int, int]) -> bool:
    return all(worker.cpu_ticks >= began.get(worker.pid, 0) + BUSY_TICKS for worker in server.workers())


def attached_at(server: Server) -> float:
    return server.proxy.sessions[-1].attached_at


def taken_up_again(server: Server, before: float, within: float) -> None:
    eventually(lambda: attached_at(server) > before, within=within, what="the session to be taken up")


def node_goes(server: Server, lost: Node) -> None:
    """The registry itself has dropped the node: the proof that the session is gone."""
    within = SHORT_SESSION_MS / 1000 + REGISTRY_TICK_S + 5
    try:
        eventually(lambda: lost.path not in {node.path for node in server.nodes()}, within=within)
    except TimedOut as late:
        raise Inconclusive(f"the session did not expire: {late}") from None
    ordinary_session(server.proxy)
    server.history.record("fault", name="Expiry", phase="effective", needs="proxy", proof=f"{lost.path} is gone")


def replaced(server: Server, lost: Node) -> None:
    """One new node with the same data within `register_s`, and no other when quiet."""
    found = eventually(
        lambda: next((node for node in server.nodes() if node.path != lost.path), None),
        within=server.promise("register_s"),
        what=f"a node in place of {lost.path}",
    )
    assert found is not None
    assert found.owner != lost.owner, "the new node belongs to the lost session"
    assert found.data == lost.data
    throughout(lambda: same_node(server, found), seconds=WATCHED_S)


def made_again(server: Server, lost: Node) -> None:
    """One node with the address of the one that was deleted."""

    def look() -> bool:
        assert server.node().address == lost.address, f"{server.node()}"
        return True

    eventually(look, within=server.promise("register_s"), what=f"a node in place of {lost.path}, which was deleted")


def same_node(server: Server, node: Node) -> None:
    """Still there, and still the only one."""
    assert server.node() == node
