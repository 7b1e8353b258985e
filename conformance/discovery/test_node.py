"""The section "Node" of spec/discovery.md."""

from __future__ import annotations

import json
import re

import pytest

from proctor.api import (
    WATCHED_S,
    Kill,
    Node,
    Server,
    Stage,
    StartServer,
    clause,
    eventually,
    observe,
    throughout,
)

NAME = re.compile(r"rpc\d{10}")


@clause("discovery/one-node-per-server")
def test_workers_that_come_and_go_change_nothing_about_the_node(start_server: StartServer) -> None:
    """A server that registers in its workers has as many nodes as it ever had workers."""
    server = start_server(workers=3)
    before = server.node()
    with Kill(server.worker_pids(), server.history) as fault:
        fault.took_effect()
    eventually(lambda: len(server.workers()) == 3, within=server.promise("respawn_s"), what="three workers again")
    throughout(lambda: one_node_at_most(server), seconds=WATCHED_S)  # a newborn takes its time to register
    after = eventually(server.node, within=server.promise("register_s"), what="one node")
    assert after.address == before.address  # the node may be another: a server without workers may take its own back


@clause("discovery/node-is-ephemeral")
def test_the_node_belongs_to_the_session_of_the_server(server: Server) -> None:
    """A persistent node outlives its server; one of another session goes and stays when it shouldn't."""
    node = server.node()
    assert node.owner != 0, "the node is persistent"
    assert node.owner in {session.id for session in server.proxy.sessions}


@clause("discovery/node-name-is-sequential")
def test_two_servers_of_one_root_have_a_node_each(server: Server, start_server: StartServer, stage: Stage) -> None:
    """A fixed name is refused to the second server, or taken from the first."""
    assert NAME.fullmatch(server.node().path.rpartition("/")[2])
    root = stage.new_root()
    first, _ = start_server(root=root), start_server(root=root)
    within = first.promise("boot_s")  # the first one's node made the second seem ready
    nodes = eventually(lambda: nodes if len(nodes := first.nodes()) == 2 else None, within=within)
    assert nodes is not None
    assert all(NAME.fullmatch(node.path.rpartition("/")[2]) for node in nodes)


@clause("discovery/node-holds-the-address")
def test_the_node_s_data_is_the_address_in_json(server: Server) -> None:
    """Whoever can't read the address doesn't find the server."""
    data = json.loads(server.node().data.decode())
    assert isinstance(data, dict)
    assert isinstance(data.get("host"), str)
    assert type(data.get("port")) is int
    assert 1 <= data["port"] <= 65535


@clause("discovery/node-can-be-dialled")
def test_the_node_s_address_leads_to_the_server(server: Server) -> None:
    """A wildcard is where a server listens, not where it can be reached."""
    address = server.node().address
    assert address is not None
    assert address.host not in ("0.0.0.0", "::", "")
    assert address.port == server.port
    assert server.accepts()
    ours = {server.pid} | {process.pid for process in server.program.tree()}
    assert observe.holders(observe.listening_inodes(address.port), ours), "somebody else listens there"


@clause("discovery/root-is-made")
@pytest.mark.parametrize("depth", [1, 3])
def test_a_missing_root_is_made_with_all_that_is_above_it(start_server: StartServer, stage: Stage, depth: int) -> None:
    """The first server of a new service must not need an administrator."""
    root = stage.new_root() + "/deep" * (depth - 1)
    server = start_server(root=root)
    assert len(server.nodes()) == 1
    found = server.view.get(root)
    assert found is not None
    assert found[1].ephemeralOwner == 0, "the root is ephemeral"


@clause("discovery/root-is-made")
def test_two_servers_that_make_the_root_at_once_are_both_registered(start_server: StartServer, stage: Stage) -> None:
    """One of them is told that the root is there already, and must take that for good news."""
    root = stage.new_root() + "/made/by/both"
    both = [start_server(root=root, ready=False) for _ in range(2)]
    eventually(
        lambda: len(both[0].nodes()) == len(both),
        within=both[0].promise("boot_s"),
        what="both servers to be registered",
    )


@clause("discovery/root-is-made")
def test_the_root_may_be_the_registry_s_own(start_server: StartServer) -> None:
    """Joining "/" and "rpc" with another "/" gives a path that ZooKeeper refuses."""
    server = start_server(root="/", ready=False)
    path = eventually(
        lambda: next((node.path for node in server.nodes() if is_of(node, server)), None),
        within=server.promise("boot_s"),
        what="a node below /",
    )
    assert path is not None
    assert path.rpartition("/")[0] == ""


def is_of(node: Node, server: Server) -> bool:
    """Whether it is this server's, by its owner or by its address: the one or the other may be wrong."""
    return node.owner in {session.id for session in server.proxy.sessions} or node.address == server.address


def one_node_at_most(server: Server) -> None:
    nodes = server.nodes()
    assert len(nodes) <= 1, f"{server.root} holds {len(nodes)} nodes: {nodes}"
