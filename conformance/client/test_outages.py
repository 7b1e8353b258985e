"""Section "Outages" of spec/client.md: what a client does while its registry is away, and afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from proctor.api import (
    CHILDREN,
    WATCHED_S,
    CutLink,
    ExpireSession,
    Fault,
    FreezeLink,
    GrantNewSession,
    History,
    Inconclusive,
    Kind,
    OpCode,
    RegistryProxy,
    Rule,
    Service,
    SeverLink,
    StartService,
    Strike,
    clause,
    eventually,
    every_call_succeeds,
    none_found,
    observe,
    takes_long,
    through,
    throughout,
)

SESSION_MS = 400  # so that a session can be outlived in a test
OUTLIVED = 2.0  # session timeouts; a registry may take a tick longer than one
AFTERWARDS_S = 0.2  # a session that is found to be over is no reason to forget the list, either
PACE_S = 0.002  # while the registry comes back: a list that is forgotten then may be there again as soon
CUTS = 8
CHANGES = 5
MOST_OF_A_PROCESSOR = 0.5
NEVER_SLEEPS = 0.9  # of the time: on a machine so busy that it gets less than half of a processor

OUTAGES: dict[str, Callable[[RegistryProxy, History], Fault]] = {
    "fin": SeverLink,
    "rst": partial(SeverLink, how="rst"),
    "frozen": FreezeLink,
}


def nowhere(number: int) -> tuple[str, int]:
    """An address of this machine where nobody listens."""
    return f"127.0.77.{number}", 1


def start_with_short_session(start_service: StartService) -> Service:
    service = start_service(started=False)
    service.client.proxy.clamp_session_timeout(SESSION_MS)
    return service.start()


def granted_s(service: Service) -> float:
    """The client's session timeout, as the registry granted it, in seconds."""
    return service.client.proxy.sessions[-1].timeout_ms / 1000


def reconnected(service: Service, before: int) -> Callable[[], bool]:
    """Whether the client has shaken hands on a connection later than number `before`."""
    return lambda: any(
        operation.op is OpCode.CREATE_SESSION and operation.kind is Kind.REPLY and operation.connection > before
        for operation in service.client.proxy.operations
    )


@clause("client/keeps-the-list-without-registry")
@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_calls_go_on_without_the_registry(
    start_service: StartService, history: History, outage: Callable[[RegistryProxy, History], Fault]
) -> None:
    """A client that takes silence for an empty list makes an outage of the registry one of everything."""
    service = start_with_short_session(start_service)
    service.servers(2)
    listed = service.client.servers()

    def holds() -> None:
        assert service.client.servers() == listed

    since = history.record("load").at
    with through(service.client) as load:
        before = service.client.proxy.stats.connections
        with outage(service.client.proxy, history) as fault:
            throughout(holds, OUTLIVED * granted_s(service))
            fault.took_effect()
            load.pace_s = PACE_S
        eventually(reconnected(service, before), within=service.client.promise("recover_s"), what="a reconnect")
        throughout(holds, AFTERWARDS_S)
        assert load.made, "no call was made"
    none_found(every_call_succeeds(history, since))


@clause("client/rereads-after-every-reconnect")
def test_a_change_during_a_short_cut_is_seen(start_service: StartService, history: History) -> None:
    """A client whose session survives may think that its watches told it everything."""
    service = start_service()
    service.add(nowhere(1))
    service.agree()
    with SeverLink(service.client.proxy, history) as fault:
        fault.took_effect()
        service.add(nowhere(2))
    service.agree(service.client.promise("recover_s"))
    service.add(nowhere(3))
    service.agree()


@clause("client/rereads-after-every-reconnect")
def test_a_change_during_a_long_cut_is_seen(start_service: StartService, history: History) -> None:
    """A client whose session is lost has lost its watches with it."""
    service = start_with_short_session(start_service)
    service.add(nowhere(1))
    service.agree()
    lost = service.client.proxy.sessions[-1].id
    with SeverLink(service.client.proxy, history) as fault:
        fault.took_effect()
        service.add(nowhere(2))
        throughout(service.client.servers, OUTLIVED * granted_s(service))
    service.agree(service.client.promise("recover_s"))
    if service.client.proxy.sessions[-1].id == lost:
        raise Inconclusive(f"the registry kept session {lost:#x} for longer than its timeout")
    service.add(nowhere(3))
    service.agree()


@clause("client/rereads-after-every-reconnect")
def test_a_change_around_an_expiry_is_seen(start_service: StartService, history: History) -> None:
    """A client that begins a new session and keeps the old list is stale for ever."""
    service = start_service()
    service.add(nowhere(1))
    service.agree()
    for number in range(2, 5):
        with SeverLink(service.client.proxy, history) as away, ExpireSession(service.client.proxy, history) as expired:
            away.took_effect()
            expired.took_effect()
            service.add(nowhere(number))
        service.agree(service.client.promise("recover_s"))
    service.add(nowhere(9))
    service.agree()


@clause("client/rereads-after-every-reconnect")
def test_a_session_that_is_quietly_another_is_no_reason_to_miss_a_change(
    start_service: StartService, history: History
) -> None:
    """A registry may grant another session than was asked for; a client that relies on its watches waits for ever."""
    service = start_service()
    service.add(nowhere(1))
    service.agree()
    handshake = Rule(Kind.REQUEST, GrantNewSession(), {OpCode.CREATE_SESSION})
    with Strike(service.client.proxy, handshake, history) as renewed:
        service.client.proxy.cut()
        renewed.took_effect()
        service.add(nowhere(2))
        service.agree(service.client.promise("recover_s"))
    service.add(nowhere(3))
    service.agree()


@clause("client/starts-without-registry")
@pytest.mark.parametrize("outage", [SeverLink, FreezeLink], ids=["refused", "frozen"])
def test_a_client_may_be_there_before_the_registry(
    start_service: StartService, history: History, outage: Callable[[RegistryProxy, History], Fault]
) -> None:
    """A client that gives up at its start must be started again by somebody, at night."""
    service = start_service(started=False)
    service.add(nowhere(1))
    with outage(service.client.proxy, history) as fault:
        service.start()
        fault.took_effect()
        outcome = service.client.call("ping", "early", timeout_s=1.0)
        assert outcome.kind == "unavailable", f"without a list a call ended: {outcome}"
        assert service.client.servers() == []
    service.agree(service.client.promise("recover_s"))
    service.add(nowhere(2))
    service.agree()


@clause("client/reads-do-not-pile-up")
def test_a_change_costs_the_same_after_many_reconnects(start_service: StartService, history: History) -> None:
    """A client that adds a watcher with every reconnect asks the registry nine times for one change."""
    service = start_service()
    service.add(nowhere(1))
    service.agree()
    for _ in range(CUTS):
        before = service.client.proxy.stats.connections
        with CutLink(service.client.proxy, history) as fault:
            fault.took_effect()
        eventually(reconnected(service, before), within=service.client.promise("recover_s"), what="a reconnect")
    service.add(nowhere(2))
    service.agree()  # what the last reconnect brought about is over when this is seen
    seen = service.client.proxy.operations[-1].number
    for number in range(CHANGES):
        service.add(nowhere(3 + number))
        service.agree()
    reads = Counter(
        (operation.op, operation.path)
        for operation in service.client.proxy.operations
        if operation.number > seen and operation.kind is Kind.REQUEST
    )
    for (op, path), count in reads.items():
        if op in {*CHILDREN, OpCode.GET_DATA}:
            assert count <= 2 * CHANGES, f"{path} was read {count} times ({op!r}) for {CHANGES} changes"


@clause("client/one-registry-connection")
def test_one_connection_serves_for_everything(start_service: StartService, history: History) -> None:
    """A client with a connection for each watch, or one more after each reconnect, shuts others out."""
    service = start_service()
    service.servers(2)
    proxy = service.client.proxy

    def one_at_most() -> None:
        assert service.client.call("ping", "on").ok
        assert proxy.stats.open <= 1, f"{proxy.stats.open} connections to the registry are open"

    assert proxy.stats.open == 1
    throughout(one_at_most, 0.05)
    for number in range(1, 4):
        before = proxy.stats.connections
        with CutLink(proxy, history) as fault:
            fault.took_effect()
        eventually(reconnected(service, before), within=service.client.promise("recover_s"), what="a reconnect")
        service.add(nowhere(number))
        throughout(one_at_most, 0.05)


@clause("client/idle-client-rests")
@takes_long("three looks of a second each")
def test_a_client_rests_while_nobody_calls(start_service: StartService, history: History) -> None:
    """A loop that looks for changes, or for the registry, without a pause."""
    service = start_service()
    service.add(nowhere(1))
    service.agree()
    takes_little(service)
    before = service.client.proxy.stats.connections
    with SeverLink(service.client.proxy, history) as fault:
        fault.took_effect()
        takes_little(service)
    eventually(reconnected(service, before), within=service.client.promise("recover_s"), what="a reconnect")
    takes_little(service)


def takes_little(service: Service) -> None:
    program = service.client.program
    pids = [program.pid, *(process.pid for process in program.tree())]
    began, used_s = time.monotonic(), observe.processor_s(pids)
    wanted_s = observe.runnable_s(pids)
    throughout(lambda: None, WATCHED_S)
    took_s, used_s = time.monotonic() - began, observe.processor_s(pids) - used_s
    assert used_s < MOST_OF_A_PROCESSOR * took_s, f"{used_s:.2f} s of processor time in {took_s:.2f} s without a call"
    busiest_s = observe.busiest_s(pids, wanted_s)
    assert busiest_s < NEVER_SLEEPS * took_s, f"a thread ran, or waited to run, for {busiest_s:.2f} of {took_s:.2f} s"
