"""Servers and registries that fail under a calling client: what it costs, and that it ends."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import partial

import pytest

from proctor.api import (
    Address,
    Call,
    Client,
    Finding,
    FreezeLink,
    Kill,
    LinkProxy,
    Load,
    RegistryFrozen,
    RegistryGone,
    Server,
    Stage,
    StartClient,
    StartServer,
    StartService,
    Stop,
    calls,
    calls_were_made,
    clause,
    eventually,
    every_call_succeeds,
    long_session,
    needs,
    none_found,
    replies_answer_their_own_request,
    short_session,
    through,
)

THREADS = 4
PACE_S = 0.005
CALLS = 100  # that show something
WITHIN_S = 20.0


@dataclass
class Fleet:
    """Servers of the implementation below one root, and a client of it that calls them."""

    client: Client
    servers: list[Server]

    def calling(self, timeout_s: float = 5.0) -> Load:
        return through(self.client, THREADS, PACE_S, timeout_s)

    def mark(self, what: str) -> float:
        return self.client.history.record(what).at

    def paths(self) -> set[str]:
        return {node.path for node in self.servers[0].nodes()}

    def settle(self, count: int, within: float, without: Set[str] = frozenset()) -> None:
        """Wait until the registry and the client name the same `count` addresses, and none of the nodes `without`."""
        what = f"{count} servers in the registry and the list"
        eventually(partial(self._agree, count, without), within=within, what=what)

    def _agree(self, count: int, without: Set[str]) -> bool:
        nodes = self.servers[0].nodes()
        registered = sorted({str(node.address) for node in nodes})
        listed = self.client.servers()
        assert listed == registered, f"the client's list is {listed}, and the registry's {registered}"
        assert len(listed) == count, f"the list is {listed}"
        return without.isdisjoint(node.path for node in nodes)

    def begun(self, since: float) -> list[Call]:
        """The calls that were begun after `since` and have ended; what was under way then is another matter."""
        return [call for call in calls(self.client.history, since) if call.invoked >= since]

    def all_calls_succeed(self, load: Load) -> None:
        """Those that are begun from now on."""
        since = self.mark("quiet")
        more(load, CALLS)
        none_of(call for call in self.begun(since) if call.outcome != "ok")


def none_of(wrong: Iterable[Call]) -> None:
    none_found(Finding(call.ended, f"{call.who} asked {call.asked}, and was told: {call.answered}") for call in wrong)


def more(load: Load, count: int) -> None:
    made = load.made
    eventually(lambda: load.made >= made + count, within=WITHIN_S, what=f"{count} more calls")


def set_out(
    stage: Stage, start_server: StartServer, start_client: StartClient, count: int, short_sessions: int = 0
) -> Fleet:
    """Start servers and a client, all at once, and wait until they have found each other.

    The first servers get sessions that are soon over. The others could lose such ones to a busy machine.
    """
    root = stage.new_root()
    prepares = [short_session] * short_sessions + [long_session] * (count - short_sessions)
    servers = [start_server(stage=stage, root=root, ready=False, prepare=prepare) for prepare in prepares]
    fleet = Fleet(start_client(root, stage=stage), servers)
    fleet.settle(count, within=servers[0].promise("boot_s") + fleet.client.promise("update_s"))
    return fleet


def processes(server: Server) -> list[int]:
    return [server.pid, *(process.pid for process in server.program.tree())]


def gone_within(server: Server) -> float:
    """When the node of a killed server has left every list: its session, orphans and the registry have their time."""
    sessions = [session.timeout_ms / 1000 for session in server.proxy.sessions]
    return sessions[-1] + server.promise("orphan_s") + server.promise("update_s") + 1.0


def none_was_turned_away(fleet: Fleet, since: float) -> None:
    """While one server accepts, no call may end as `unavailable`; and no answer is another's."""
    none_of(call for call in calls(fleet.client.history, since) if call.outcome == "failed")
    none_found(replies_answer_their_own_request(fleet.client.history, since))


@clause("client/fails-over-when-refused", "client/dead-connection-is-not-used", "discovery/killed-server-vanishes")
@needs("profile wire")
def test_a_killed_server_costs_only_the_calls_that_it_held(
    stage: Stage, start_server: StartServer, start_client: StartClient
) -> None:
    """One of three servers dies with all that it holds; whoever calls next must not notice."""
    fleet = set_out(stage, start_server, start_client, 3, short_sessions=1)
    since = fleet.mark("load")
    doomed = fleet.servers[0]
    pids = processes(doomed)
    with fleet.calling() as load:
        more(load, CALLS)
        with Kill(pids, fleet.client.history) as fault:
            fault.took_effect()
        fleet.settle(2, within=gone_within(doomed))
        fleet.all_calls_succeed(load)
    none_was_turned_away(fleet, since)
    lost = [call for call in calls(fleet.client.history, since) if call.outcome != "ok"]
    # A process that dies takes at most the one call of each thread with it.
    if len(lost) > THREADS * len(pids):
        none_of(lost)


@clause("discovery/leaves-the-list-first", "client/follows-every-change", "client/leaves-a-removed-server")
@needs("profile wire")
def test_servers_are_replaced_one_after_another(
    stage: Stage, start_server: StartServer, start_client: StartClient
) -> None:
    """The everyday: new servers come, old ones leave, and no list ends up with a server that has gone."""
    fleet = set_out(stage, start_server, start_client, 2)
    since = fleet.mark("load")
    with fleet.calling() as load:
        for old in list(fleet.servers):
            new = start_server(stage=stage, root=old.root, ready=False)
            fleet.settle(3, within=new.promise("boot_s") + fleet.client.promise("update_s"))
            old.stop()
            fleet.settle(2, within=fleet.client.promise("update_s"))
            fleet.servers = [*fleet.servers[1:], new]
            fleet.all_calls_succeed(load)
    none_was_turned_away(fleet, since)


@clause("client/no-server-is-unavailable", "client/follows-every-change")
@needs("profile wire", "profile discovery")
def test_all_servers_go_and_others_come(stage: Stage, start_server: StartServer, start_client: StartClient) -> None:
    """With nobody left every call fails, each in time and for the right reason; with somebody there it ends."""
    fleet = set_out(stage, start_server, start_client, 2, short_sessions=2)
    pids = [pid for server in fleet.servers for pid in processes(server)]
    root, old, gone = fleet.servers[0].root, fleet.paths(), gone_within(fleet.servers[0])
    with fleet.calling(timeout_s=1.0) as load:
        more(load, CALLS)
        with Kill(pids, fleet.client.history) as fault:
            fault.took_effect()
        since = fleet.mark("nobody is left")
        more(load, 3 * THREADS)
        none_of(call for call in fleet.begun(since) if call.outcome != "failed")
        fleet.servers = [start_server(stage=stage, root=root, ready=False) for _ in range(2)]
        fleet.settle(2, within=gone + fleet.servers[0].promise("boot_s"), without=old)
        fleet.all_calls_succeed(load)
    none_found(replies_answer_their_own_request(fleet.client.history, since))


@clause(
    "client/returns-to-a-recovered-server",
    "client/one-entry-for-one-address",
    "discovery/old-node-is-not-adopted",
)
@needs("profile wire", "port")
def test_a_server_starts_again_on_its_port(stage: Stage, start_server: StartServer, start_client: StartClient) -> None:
    """Its old node, its new one, and connections that lead to the dead: for a while everything is there twice."""
    fleet = set_out(stage, start_server, start_client, 1, short_sessions=1)
    (old,) = fleet.servers
    before = old.node()
    with fleet.calling() as load:
        more(load, CALLS)
        with Kill(processes(old), fleet.client.history) as fault:
            fault.took_effect()
        since = fleet.mark("killed")
        new = start_server(stage=stage, root=old.root, port=old.port, ready=False)
        fleet.servers = [new]
        eventually(new.accepts, within=new.promise("boot_s"), what="the server to accept again")
        eventually(
            lambda: fleet.client.call("ping", "again", timeout_s=1.0).ok,
            within=fleet.client.promise("recover_s"),
            what="a call to the server on its old port",
        )
        eventually(
            lambda: len(new.nodes()) == 1 and new.node().owner != before.owner,
            within=gone_within(old) + new.promise("boot_s"),
            what="one node, of the new server's session",
        )
        fleet.settle(1, within=fleet.client.promise("update_s"))
        fleet.all_calls_succeed(load)
    none_found(replies_answer_their_own_request(fleet.client.history, since))


@clause("client/call-ends-by-its-timeout", "client/wedged-connection-is-left", "discovery/one-node-after-expiry")
@needs("profile wire")
def test_a_stopped_server_costs_time_and_nothing_else(
    stage: Stage, start_server: StartServer, start_client: StartClient
) -> None:
    """A server that stands still accepts, and answers nobody; until its session is over everybody calls it."""
    fleet = set_out(stage, start_server, start_client, 3, short_sessions=1)
    since = fleet.mark("load")
    still = fleet.servers[0]
    with fleet.calling(timeout_s=1.0) as load:
        more(load, CALLS)
        with Stop(processes(still), fleet.client.history) as fault:
            fault.took_effect()
            fleet.settle(2, within=gone_within(still))
            fleet.all_calls_succeed(load)
        fleet.settle(3, within=still.promise("register_s") + fleet.client.promise("update_s"))
        fleet.all_calls_succeed(load)
    none_was_turned_away(fleet, since)


@clause("client/keeps-the-list-without-registry", "discovery/serves-without-registry")
@needs("profile wire")
@pytest.mark.parametrize("fault", [RegistryGone, RegistryFrozen], ids=lambda fault: fault.__name__)
def test_a_registry_that_fails_costs_no_call(
    own_stage: Stage, start_server: StartServer, start_client: StartClient, fault: type[RegistryGone | RegistryFrozen]
) -> None:
    """The registry goes away from servers and client at once, and comes back; none of them may care."""
    fleet = set_out(own_stage, start_server, start_client, 2)
    listed = fleet.client.servers()
    since = fleet.mark("load")
    with fleet.calling() as load:
        with fault(own_stage.registry, fleet.client.history) as broken:
            broken.took_effect()
            more(load, CALLS)
            assert fleet.client.servers() == listed
        fleet.settle(2, within=fleet.client.promise("recover_s") + fleet.servers[0].promise("register_s"))
        more(load, CALLS)
    none_found(
        calls_were_made(fleet.client.history, 2 * CALLS, since),
        every_call_succeeds(fleet.client.history, since),
        replies_answer_their_own_request(fleet.client.history, since),
    )


@clause("client/reply-may-arrive-in-pieces", "wire/frame-may-arrive-in-pieces", "client/call-ends-by-its-timeout")
def test_links_that_slice_and_stall_cost_time_and_nothing_else(
    stage: Stage, start_server: StartServer, start_service: StartService
) -> None:
    """Between client and servers: every byte a segment of its own, and then, on one link, nothing for a while."""
    service = start_service(started=False)
    servers = [start_server(root=service.listing.root, ready=False) for _ in range(2)]
    links = [service.open(LinkProxy(stage.loop, server.address)) for server in servers]
    service.client.proxy.rewrite_addresses(
        {Address(*server.address): link.address for server, link in zip(servers, links, strict=True)}
    )
    for link in links:
        link.slice(1)
    fleet = Fleet(service.start().client, servers)
    until = servers[0].promise("boot_s") + fleet.client.promise("update_s")
    eventually(lambda: len(fleet.client.servers()) == 2, within=until, what="two servers in the list")
    since = fleet.mark("load")
    with fleet.calling(timeout_s=1.0) as load:
        fleet.all_calls_succeed(load)
        with FreezeLink(links[0], fleet.client.history) as fault:
            fault.took_effect()
            more(load, 2 * THREADS)
        fleet.all_calls_succeed(load)
    none_found(replies_answer_their_own_request(fleet.client.history, since))
