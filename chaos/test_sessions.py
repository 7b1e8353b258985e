"""Sessions that end: once, again and again, and in the middle of a registration."""

from __future__ import annotations

from contextlib import ExitStack

from proctor.api import (
    WATCHED_S,
    CutLink,
    ExpireSession,
    Hold,
    Kind,
    Node,
    OpCode,
    Rule,
    Server,
    Stage,
    StartServer,
    Strike,
    calls_were_made,
    clause,
    eventually,
    every_call_succeeds,
    needs,
    new_connections,
    none_found,
    replies_answer_their_own_request,
    throughout,
)

CREATES = (OpCode.CREATE, OpCode.CREATE2)
THRICE = 3


@clause("discovery/one-node-after-expiry")
def test_a_session_that_expires_three_times_leaves_one_node(start_server: StartServer) -> None:
    """A server that gives up after a loss, or keeps what it registered for each, is caught by the second."""
    server = start_server()
    for _ in range(THRICE):
        lost = server.node()
        with ExpireSession(server.proxy, server.history) as fault:
            fault.took_effect()
            one_other_node(server, lost)
    assert len({session.id for session in server.proxy.sessions}) >= THRICE + 1
    stays_one(server)


@clause("discovery/one-node-after-expiry")
def test_a_session_that_expires_while_its_successor_registers_leaves_one_node(
    start_server: StartServer, stage: Stage
) -> None:
    """The creation is on its way when the session that asks for it ends."""
    server = start_server()
    lost = server.node()
    creation = Rule(Kind.REQUEST, Hold(), CREATES, f"{server.root}/rpc")
    with Strike(server.proxy, creation, stage.history) as holding:
        with ExpireSession(server.proxy, server.history) as first:
            first.took_effect()
        holding.took_effect(within=server.promise("register_s"))
        with ExpireSession(server.proxy, server.history) as second:
            second.took_effect()
    one_other_node(server, lost)
    stays_one(server)


@clause("discovery/one-node-after-expiry", "discovery/lost-create-leaves-one-node")
def test_a_first_registration_whose_session_expires_is_made_again(start_server: StartServer, stage: Stage) -> None:
    """A boot that is interrupted at the worst moment."""
    root = stage.new_root()
    creation = Rule(Kind.REQUEST, Hold(), CREATES, f"{root}/rpc")
    faults: list[Strike] = []
    with ExitStack() as healing:
        server = start_server(
            root=root,
            ready=False,
            prepare=lambda proxy: faults.append(healing.enter_context(Strike(proxy, creation, stage.history))),
        )
        faults[0].took_effect(within=server.promise("boot_s"))
        with ExpireSession(server.proxy, server.history) as expiry:
            expiry.took_effect()
    eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="one node")
    stays_one(server)


@clause("discovery/one-node-after-expiry")
def test_a_link_that_is_cut_right_after_an_expiry_leaves_one_node(start_server: StartServer) -> None:
    """The new session is attached, and lost from sight before it has registered."""
    server = start_server()
    lost = server.node()
    with ExpireSession(server.proxy, server.history) as expiry:
        expiry.took_effect()
        known = len(server.proxy.sessions)
        eventually(lambda: len(server.proxy.sessions) > known, within=server.promise("register_s"), what="a session")
        with CutLink(server.proxy, server.history, "rst") as cut:
            cut.took_effect()
    one_other_node(server, lost)
    stays_one(server)


@clause("discovery/serves-without-registry", "discovery/one-node-after-expiry")
@needs("profile wire")
def test_an_expiry_costs_no_call(start_server: StartServer) -> None:
    """What happens between a server and its registry is no business of its clients."""
    server = start_server()
    lost = server.node()
    since = server.history.record("load").at
    with new_connections(server) as load:
        eventually(lambda: load.made >= 10, within=10, what="ten calls")
        with ExpireSession(server.proxy, server.history) as fault:
            fault.took_effect()
            one_other_node(server, lost)
        made = load.made
        eventually(lambda: load.made >= made + 10, within=10, what="ten more calls")
    none_found(
        calls_were_made(server.history, 20, since),
        every_call_succeeds(server.history, since),
        replies_answer_their_own_request(server.history, since),
    )


def one_other_node(server: Server, lost: Node) -> Node:
    """The one node, another than the one that was lost, with the same data."""
    found = eventually(
        lambda: next((node for node in server.nodes() if node.path != lost.path), None),
        within=server.promise("register_s"),
        what=f"a node in place of {lost.path}",
    )
    assert found is not None
    assert found.data == lost.data
    return found


def stays_one(server: Server) -> None:
    throughout(server.node, seconds=WATCHED_S)
