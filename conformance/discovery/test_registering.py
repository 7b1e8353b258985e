"""The section "Registering" of spec/discovery.md."""

from __future__ import annotations

from contextlib import ExitStack

from proctor.api import (
    SHORT_SESSION_MS,
    WATCHED_S,
    Hold,
    Kill,
    Kind,
    Node,
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
    first = start_server(prepare=short_session)
    old = first.node()
    kill_all_at_once(first)
    likeness = first.view.create(f"{first.root}/rpc", old.data, ephemeral=True, sequence=True)  # of a longer session
    second = start_server(root=first.root, port=first.port)
    within = second.promise("boot_s")  # the old node made it seem ready
    eventually(lambda: owned(second), within=within, what="a node of its own beside the old one")
    expires = SHORT_SESSION_MS / 1000 + REGISTRY_TAKES_S
    eventually(lambda: old.path not in paths(second), within=expires, what="the old node to go with its session")
    second.view.delete(likeness)
    assert second.nodes() == owned(second)
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


def kill_all_at_once(server: Server) -> None:
    """So that none of its processes takes the node back when it sees another one go."""
    everyone = {server.pid, *(process.pid for process in server.program.tree())}
    with Stop(everyone, server.history) as stop:
        stop.took_effect()
        with Kill(everyone, server.history) as kill:
            kill.took_effect()
    server.program.end()


def owned(server: Server) -> list[Node]:
    """The nodes that belong to a session of this server."""
    sessions = {session.id for session in server.proxy.sessions}
    return [node for node in server.nodes() if node.owner in sessions]


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
