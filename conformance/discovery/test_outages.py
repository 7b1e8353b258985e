"""The section "Outages" of spec/discovery.md."""

from __future__ import annotations

import pytest

from proctor.api import (
    Fault,
    FreezeLink,
    RegistryWiped,
    RejectLink,
    Server,
    SeverLink,
    Stage,
    StartServer,
    clause,
    eventually,
    ping,
    pong,
    short_session,
    takes_long,
    throughout,
)

BEYOND_THE_SESSION_S = 1.5
REFUSED_FOR_S = 5.0  # what spec/discovery.md says attempts are averaged over


@clause("discovery/serves-without-registry")
@pytest.mark.parametrize("kind", ["fin", "rst", "silence"])
def test_a_server_serves_on_while_its_registry_is_away(start_server: StartServer, kind: str) -> None:
    """A registry that fails must not take down what works without it."""
    server = start_server(prepare=short_session)
    workers = server.worker_pids()
    serves(server)
    with outage(server, kind) as fault:
        fault.took_effect()
        throughout(lambda: serves(server), seconds=BEYOND_THE_SESSION_S)
    assert server.worker_pids() == workers, "the workers are others than before the outage"


@clause("discovery/survives-a-wiped-registry")
def test_an_empty_registry_is_registered_in_again(start_server: StartServer, own_stage: Stage) -> None:
    """A server that takes up its old session for ever, or misses the root, is never seen again."""
    server = start_server(stage=own_stage)
    lost = server.node()
    with RegistryWiped(own_stage.registry, server.proxy.sessions[-1], server.history) as fault:
        fault.took_effect()
    found = eventually(
        lambda: next(iter(server.nodes()), None),
        within=server.promise("register_s"),
        what=f"a node below {server.root}, in a registry that came back empty",
    )
    assert found is not None
    assert found.address == lost.address
    throughout(lambda: only(server, found.path), seconds=1.0)


@clause("discovery/reconnects-at-a-pace")
@takes_long("5 s in which attempts to connect are counted")
def test_attempts_to_reconnect_are_spread_out(start_server: StartServer) -> None:
    """A fleet that hammers its registry keeps it from coming back."""
    server = start_server()
    with RejectLink(server.proxy, server.history) as fault:
        fault.took_effect()
        before = server.proxy.stats.rejected
        throughout(lambda: None, seconds=REFUSED_FOR_S)
        attempts = server.proxy.stats.rejected - before
    pace = attempts / REFUSED_FOR_S
    assert pace <= server.promise("connects_per_s"), f"{attempts} attempts to connect in {REFUSED_FOR_S:.0f} s"
    eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="one node after the outage")


def outage(server: Server, kind: str) -> Fault:
    if kind == "silence":
        return FreezeLink(server.proxy, server.history)
    return SeverLink(server.proxy, server.history, "fin" if kind == "fin" else "rst")


def serves(server: Server) -> None:
    assert server.accepts()
    if server.speaks:
        with server.connect() as wire:
            assert wire.call(ping("during")) == pong("during")


def only(server: Server, path: str) -> None:
    assert server.node().path == path
