"""Section "Closing" of spec/client.md: a client that is told to go goes, and takes its session along."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proctor.api import (
    Fault,
    FreezeLink,
    History,
    Kind,
    OpCode,
    RegistryProxy,
    Service,
    SeverLink,
    StartService,
    clause,
)


def told(service: Service) -> int:
    return service.client.close()


def left_alone(service: Service) -> int:
    """Its standard input ends."""
    service.client.program.stdin.close()
    return service.client.program.end_status(service.client.promise("stop_s"))


NEWS = ("127.0.77.1", 1)
ENDINGS = [told, left_alone]


@clause("client/close-ends-it")
@pytest.mark.parametrize("end", ENDINGS, ids=[end.__name__ for end in ENDINGS])
def test_a_client_that_is_done_closes_its_session(start_service: StartService, end: Callable[[Service], int]) -> None:
    """A client that only vanishes leaves its session, and a thread or two, to time out."""
    service = start_service()
    service.server()
    assert service.client.call("ping", "last").ok
    status = end(service)
    assert status == 0, "a client that is closed ends with status 0"
    asked = [operation.op for operation in service.client.proxy.operations if operation.kind is Kind.REQUEST]
    assert OpCode.CLOSE_SESSION in asked, "the client ended without closing its session"


@clause("client/close-ends-it")
@pytest.mark.parametrize("end", ENDINGS, ids=[end.__name__ for end in ENDINGS])
@pytest.mark.parametrize("outage", [SeverLink, FreezeLink], ids=["refused", "frozen"])
def test_a_client_ends_whatever_the_registry_does(
    start_service: StartService,
    history: History,
    outage: Callable[[RegistryProxy, History], Fault],
    end: Callable[[Service], int],
) -> None:
    """A client that insists on a farewell hangs for as long as nobody answers."""
    service = start_service()
    service.server()
    assert service.client.call("ping", "last").ok
    with outage(service.client.proxy, history) as fault:
        service.add(NEWS)  # of which nothing arrives: that shows the fault
        fault.took_effect()
        status = end(service)
    assert status == 0, "a client that is closed ends with status 0"
