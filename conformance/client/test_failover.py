"""Section "Failover" of spec/client.md: servers that refuse, break off, go and come back."""

from __future__ import annotations

from functools import partial

import pytest

from proctor.api import (
    WATCHED_S,
    Asked,
    Behaviour,
    Dialogue,
    Dials,
    Inconclusive,
    ScriptedServer,
    Service,
    clause,
    closes,
    eventually,
    frame,
    header,
    pong,
    refusing,
    resets,
    stays_silent,
    takes_long,
    throughout,
)

CALLS = 200
WARMING_CALLS = 20
BATCH = 20
DIALLING_S = 2.0
SILENT_S = 3.0  # more than most have patience for before they ask somebody else


async def half_a_length_then_fin(dialogue: Dialogue, _asked: Asked) -> None:
    await dialogue.send(header(20, dialogue.order)[:2])
    await dialogue.close()


async def half_a_reply_then_fin(dialogue: Dialogue, asked: Asked) -> None:
    await dialogue.send(frame(pong(asked.params).body(), dialogue.order)[:-3])
    await dialogue.close()


async def half_a_reply_then_rst(dialogue: Dialogue, asked: Asked) -> None:
    await dialogue.send(frame(pong(asked.params).body(), dialogue.order)[:-3])
    await dialogue.reset()


BREAKS = [closes, resets, half_a_length_then_fin, half_a_reply_then_fin, half_a_reply_then_rst]


@clause("client/no-server-is-unavailable")
@pytest.mark.parametrize("dead", [0, 1, 3])
def test_a_call_that_reaches_no_server_is_unavailable(service: Service, dead: int) -> None:
    """A client that picks from an empty list fails in some way of its own, or waits for somebody to come."""
    service.add(*(service.open(refusing()) for _ in range(dead)))
    service.agree()
    outcome = service.client.outcome_in_time(service.client.start_call("ping", "nobody", timeout_s=1.0))
    assert outcome.kind == "unavailable", f"a call that reached no server ended: {outcome}"


@clause("client/fails-over-when-refused")
def test_a_dead_address_costs_no_call(service: Service) -> None:
    """A client that tries the same server again, or gives up, fails half of its calls."""
    service.add(service.open(refusing()))
    service.server()
    for number in range(CALLS):
        outcome = service.client.call("ping", number)
        assert outcome.reply == pong(number), f"call {number} beside a dead address ended: {outcome}"


@clause("client/executes-at-most-once")
@pytest.mark.parametrize("connection", ["new", "used"])
@pytest.mark.parametrize("breaks", BREAKS, ids=[behaviour.__name__ for behaviour in BREAKS])
def test_a_request_that_was_read_is_not_sent_again(service: Service, breaks: Behaviour, connection: str) -> None:
    """A client that repeats what broke off pays twice.

    On a connection that was good before, the end looks like that of an idle one; but the request was sent.
    """
    servers = service.servers(2)
    if connection == "used":
        for _ in range(WARMING_CALLS):
            assert service.client.call("ping", "warm").ok
    for server in servers:
        server.behave(breaks)
    outcome = service.client.call("ping", "once")
    seen = [asked for server in servers for asked in server.ledger() if asked.params == "once"]
    assert outcome.kind == "transport", f"a call whose connection broke ended: {outcome}"
    assert len(seen) == 1, f"the request was executed {len(seen)} times"


@clause("client/executes-at-most-once")
@takes_long("a call that nobody answers, for 3 s")
def test_a_request_that_is_not_answered_is_not_sent_again(service: Service) -> None:
    """A client that takes a slow server for a dead one asks the next, and both execute it."""
    servers = service.servers(2, stays_silent)
    outcome = service.client.call("ping", "once", SILENT_S)
    seen = [asked for server in servers for asked in server.ledger()]
    assert outcome.kind == "timeout", f"a call that nobody answers ended: {outcome}"
    assert len(seen) == 1, f"the request was executed {len(seen)} times"


@clause("client/dials-at-a-pace")
def test_refused_connects_are_paced(service: Service) -> None:
    """A client that tries again at once keeps a processor and a network busy while nobody is there."""
    dead = [service.open(refusing()) for _ in range(2)]
    dials = [service.open(Dials(port)) for _, port in dead]
    service.add(*dead)
    service.agree()
    outcome = service.client.call("ping", "anybody", DIALLING_S)
    during = [seen.count() for seen in dials]
    if not all(during):
        raise Inconclusive(f"a call to two dead addresses ended ({outcome}), and connects to them were seen: {during}")
    paced = service.client.promise("connects_per_s")
    for count in during:
        assert count <= 1 + paced * outcome.took_s, f"{count} connects to a dead address in one call: {outcome}"
    throughout(service.client.servers, WATCHED_S)
    for count, seen in zip(during, dials, strict=True):
        idle = seen.count() - count
        assert idle <= 1 + paced * WATCHED_S, f"{idle} connects to a dead address in {WATCHED_S} s without a call"


@clause("client/returns-to-a-recovered-server")
def test_servers_that_come_back_are_used_again(service: Service) -> None:
    """A client that strikes a dead server off its list for ever needs a change in the registry to call it again."""
    servers = service.servers(2)
    assert service.client.call("ping", "before").ok
    for server in servers:
        server.hang_up()
    eventually(partial(unavailable, service), within=10.0, what="calls to be unavailable while all servers are down")
    for server in servers:
        server.listen()
    back = [len(server.ledger()) for server in servers]

    def used() -> bool:
        service.client.call("ping", "after")
        return all(len(server.ledger()) > before for server, before in zip(servers, back, strict=True))

    eventually(used, within=service.client.promise("recover_s"), what="each server to be called again")
    assert service.client.call("ping", "settled").ok


@clause("client/leaves-a-removed-server")
def test_a_server_that_left_the_list_is_left_alone(service: Service) -> None:
    """A client that keeps calling what it once knew calls a server that is stopping, or another that took its port."""
    leaving, staying = service.servers(2)
    eventually(partial(calls_reach, service, leaving), within=10.0, what="calls to reach the server that will leave")
    service.withdraw(leaving.address)
    eventually(partial(batch_avoids, service, leaving), within=service.client.promise("update_s"))
    called, connected = len(leaving.ledger()), len(leaving.connects())
    for number in range(CALLS):
        assert service.client.call("ping", number).ok
    assert (len(leaving.ledger()), len(leaving.connects())) == (called, connected), "a removed server was called"
    eventually(
        lambda: leaving.connected() == 0,
        within=service.client.promise("recover_s"),
        what="the idle connections to a removed server to be closed",
    )
    assert staying.ledger()


def unavailable(service: Service) -> bool:
    outcome = service.client.call("ping", "during", timeout_s=1.0)
    assert outcome.kind == "unavailable", f"a call ended: {outcome}"
    return True


def calls_reach(service: Service, server: ScriptedServer) -> bool:
    return service.client.call("ping", "here?").ok and bool(server.ledger())


def batch_avoids(service: Service, server: ScriptedServer) -> bool:
    """Whether none of some calls reaches a server, one half of which would if it were still in the list."""
    before = len(server.ledger())
    for _ in range(BATCH):
        assert service.client.call("ping", "there?").ok
    reached = len(server.ledger()) - before
    assert not reached, f"of {BATCH} calls {reached} reached a removed server"
    return True
