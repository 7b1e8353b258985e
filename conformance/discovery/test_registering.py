"""The section "Registering" of spec/discovery.md."""

from __future__ import annotations

from contextlib import ExitStack

from proctor.api import (
    WATCHED_S,
    ExpireSession,
    Hold,
    Kill,
    Kind,
    OpCode,
    RejectLink,
    Rule,
    Server,
    Stage,
    StartServer,
    Stop,
    Strike,
    clause,
    eventually,
    lost_create,
    observe,
    throughout,
)

CREATES = (OpCode.CREATE, OpCode.CREATE2)
QUIET_S = WATCHED_S


@clause("discovery/registers-once-it-accepts")
def test_a_connection_made_at_the_node_s_creation_is_accepted(start_server: StartServer, stage: Stage) -> None:
    """Clients that are told of a server before it listens are refused, and take it for dead."""
    root = stage.new_root()
    creation = Rule(Kind.REQUEST, Hold(), CREATES, f"{root}/rpc")
    server = start_server(root=root, ready=False, prepare=lambda proxy: proxy.arm(creation))
    eventually(lambda: asked_to_create(server), within=server.promise("boot_s"), what="the creation to be asked for")
    accepted = server.accepts()
    server.proxy.heal()
    server.wait_ready()
    assert accepted, "the node was to be made before connections were accepted"


@clause("discovery/lost-create-leaves-one-node")
def test_a_creation_whose_answer_is_lost_leaves_one_node(start_server: StartServer, stage: Stage) -> None:
    """A server that simply tries again has two nodes, of which it knows one."""
    root = stage.new_root()
    loss = lost_create(f"{root}/rpc")
    faults: list[Strike] = []
    with ExitStack() as healing:
        server = start_server(
            root=root,
            ready=False,
            prepare=lambda proxy: faults.append(healing.enter_context(Strike(proxy, loss, stage.history))),
        )
        faults[0].took_effect(within=server.promise("boot_s"))
        one_node_when_quiet(server)


@clause("discovery/registry-down-at-boot")
def test_a_server_that_finds_no_registry_serves_and_registers_later(start_server: StartServer) -> None:
    """Where everything starts at once after a power cut, the registry is seldom the first."""
    server = start_server(ready=False, prepare=lambda proxy: proxy.reject())
    with RejectLink(server.proxy, server.history) as fault:
        fault.took_effect()  # it has tried, so it knows
        server.proxy.refuse()
        eventually(server.accepts, within=server.promise("boot_s"), what="connections to be accepted")
        assert server.nodes() == []
    eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="the node")
    one_node_when_quiet(server)


@clause("discovery/old-node-is-not-adopted")
def test_a_server_that_was_killed_comes_back_with_a_node_of_its_own(start_server: StartServer) -> None:
    """A server that takes its predecessor's node for its own vanishes with its predecessor's session."""
    first = start_server()
    old = first.node()
    everyone = {first.pid, *(process.pid for process in first.program.tree())}
    with Stop(everyone, first.history) as stop:
        stop.took_effect()  # so that none takes the node back when it sees another go
        with Kill(everyone, first.history) as kill:
            kill.took_effect()
    first.program.end()
    second = start_server(root=first.root, port=first.port)
    eventually(
        lambda: [node.owner for node in second.nodes()] not in ([], [old.owner]),
        within=second.promise("register_s"),
        what="a node of another session, beside the old one",
    )
    with ExpireSession(first.proxy, first.history) as expiry:  # so that nobody has to wait for it
        expiry.took_effect()
    assert second.node().owner in {session.id for session in second.proxy.sessions}
    one_node_when_quiet(second)


@clause("discovery/workers-hold-no-session")
def test_the_session_s_socket_is_open_in_one_process(server: Server) -> None:
    """A worker that has it too can break the session by a byte, and keeps it alive after its parent's death."""
    port = registry_port(server)
    everyone = [server.pid, *(process.pid for process in server.program.tree())]
    holders = {inode: observe.holders({inode}, everyone) for inode in observe.connected_to(port)}
    assert holders, "no process of the server is connected to the registry"
    shared = {inode: pids for inode, pids in holders.items() if len(pids) > 1}
    assert not shared, f"processes that share a connection to the registry: {sorted(shared.values())}"


def asked_to_create(server: Server) -> bool:
    asked = (operation for operation in server.proxy.operations if operation.kind is Kind.REQUEST)
    below = f"{server.root}/"
    return any(operation.op in CREATES and (operation.path or "").startswith(below) for operation in asked)


def one_node_when_quiet(server: Server) -> None:
    """One node within `register_s`, and no other for as long as the spec calls quiet."""
    eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="one node")
    throughout(lambda: exactly_one(server), seconds=QUIET_S)


def exactly_one(server: Server) -> None:
    server.node()


def registry_port(server: Server) -> int:
    return int(server.proxy.address.rpartition(":")[2])
