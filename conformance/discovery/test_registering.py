"""The section "Registering" of spec/discovery.md."""

from __future__ import annotations

from contextlib import ExitStack

from proctor.api import (
    SHORT_SESSION_MS,
    WATCHED_S,
    Hold,
    Kill,
    Kind,
    OpCode,
    Rule,
    Server,
    SeverLink,
    Stage,
    StartServer,
    Strike,
    clause,
    eventually,
    lost_create,
    observe,
    short_session,
    throughout,
)

REGISTRY_TAKES_S = 10.0  # until it notices; no affair of the server's
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
    server = start_server(ready=False, prepare=lambda proxy: proxy.refuse())
    with SeverLink(server.proxy, server.history) as fault:
        fault.took_effect()
        eventually(server.accepts, within=server.promise("boot_s"), what="connections to be accepted")
        assert server.nodes() == []
    eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="the node")
    one_node_when_quiet(server)


@clause("discovery/old-node-is-not-adopted")
def test_a_server_that_was_killed_comes_back_with_a_node_of_its_own(start_server: StartServer) -> None:
    """A server that takes its predecessor's node for its own vanishes with its predecessor's session."""
    first = start_server(prepare=short_session)
    old = first.node()
    with Kill([first.pid], first.history) as fault:
        fault.took_effect()
    first.program.end()
    second = start_server(root=first.root, port=first.port)
    eventually(
        lambda: [node.owner for node in second.nodes()] not in ([], [old.owner]),
        within=second.promise("register_s"),
        what="a node of another session",
    )
    expires = SHORT_SESSION_MS / 1000 + REGISTRY_TAKES_S
    eventually(lambda: old.path not in paths(second), within=expires, what="the old node to go with its session")
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


def paths(server: Server) -> set[str]:
    return {node.path for node in server.nodes()}


def registry_port(server: Server) -> int:
    return int(server.proxy.address.rpartition(":")[2])
