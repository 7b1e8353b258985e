"""An ensemble under a registered server and a client that calls: its leader dies, a member is cut off, all restart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from proctor.api import (
    Client,
    Fault,
    KillLeader,
    Load,
    Node,
    PartitionMember,
    RegistryProxy,
    RollingRestart,
    Server,
    Stage,
    StartClient,
    StartServer,
    calls_were_made,
    clause,
    eventually,
    every_call_succeeds,
    long_session,
    needs,
    none_found,
    only_on,
    replies_answer_their_own_request,
    through,
)

CALLS = 50  # that show something
WITHIN_S = 20.0
CLAUSES = (
    "discovery/short-disconnect-keeps-the-node",
    "discovery/serves-without-registry",
    "client/keeps-the-list-without-registry",
)


@only_on("ensemble")
@clause(*CLAUSES)
@needs("profile wire")
def test_an_election_costs_no_call_and_no_node(
    own_stage: Stage, start_server: StartServer, start_client: StartClient
) -> None:
    """Whoever takes the short absence of a leader for the end of its session loses its place for nothing."""
    pair = set_out(own_stage, start_server, start_client)
    pair.bears(KillLeader(own_stage.registry, own_stage.history))


@only_on("ensemble")
@clause(*CLAUSES)
@needs("profile wire")
def test_a_member_that_is_cut_off_is_left_for_another(
    own_stage: Stage, start_server: StartServer, start_client: StartClient
) -> None:
    """It accepts, and serves nobody: whoever insists on it is lost, while the others hold its session."""
    pair = set_out(own_stage, start_server, start_client)
    pair.bears(PartitionMember(own_stage.registry, pair.server.proxy.sessions[-1], own_stage.history))


@only_on("ensemble")
@clause(*CLAUSES)
@needs("profile wire")
def test_a_rolling_restart_costs_no_call_and_no_node(
    own_stage: Stage, start_server: StartServer, start_client: StartClient
) -> None:
    """What every operator does for an upgrade: each disconnect is short, and there are several."""
    pair = set_out(own_stage, start_server, start_client)
    pair.bears(RollingRestart(own_stage.registry, own_stage.history))


@dataclass
class Pair:
    """A server of the implementation, and a client of it that calls it."""

    server: Server
    client: Client
    node: Node

    def bears(self, fault: Fault) -> None:
        """Both go on calling and answering while the fault lasts; they come back, and find what they left."""
        history = self.client.history
        since = history.record("load").at
        with through(self.client) as load:
            more(load)
            broken_at = history.record("break").at
            with fault:
                fault.took_effect()
                self._come_back(broken_at)
                more(load)
            more(load)
        none_found(
            calls_were_made(history, 3 * CALLS, since),
            every_call_succeeds(history, since),
            replies_answer_their_own_request(history, since),
        )
        assert self.client.servers() == [str(self.node.address)]
        self._has_its_node()

    def _come_back(self, since: float) -> None:
        attached(self.server.proxy, since, within=self.server.promise("register_s"), who="the server")
        attached(self.client.proxy, since, within=self.client.promise("recover_s"), who="the client")

    def _has_its_node(self) -> None:
        """The same one, unless the registry itself let the session expire: an election can take its time."""
        eventually(lambda: len(self.server.nodes()) == 1, within=self.server.promise("register_s"), what="one node")
        if not any(session.expired for session in self.server.proxy.sessions):
            assert self.server.node().path == self.node.path
        assert self.server.node().data == self.node.data


def set_out(stage: Stage, start_server: StartServer, start_client: StartClient) -> Pair:
    server = start_server(stage=stage, prepare=long_session)
    node = server.node()
    client = start_client(server.root, stage=stage)
    listed = [str(node.address)]
    eventually(lambda: client.servers() == listed, within=client.promise("update_s"), what=f"a list of {listed}")
    return Pair(server, client, node)


def attached(proxy: RegistryProxy, since: float, within: float, who: str) -> None:
    """A session of it has been taken up, or begun, after the moment `since`."""
    what = f"{who} to be connected to the registry again"
    eventually(partial(was_attached, proxy, since), within=within, what=what)


def was_attached(proxy: RegistryProxy, since: float) -> bool:
    return any(session.attached_at > since for session in proxy.sessions)


def more(load: Load) -> None:
    made = load.made
    eventually(lambda: load.made >= made + CALLS, within=WITHIN_S, what=f"{CALLS} more calls")
