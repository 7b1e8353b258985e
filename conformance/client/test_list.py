"""Section "List" of spec/client.md: the client's list is the registry's."""

from __future__ import annotations

import pytest

from proctor.api import (
    CHILDREN,
    WATCHED_S,
    Cut,
    Error,
    FailWith,
    History,
    Hold,
    Kind,
    OpCode,
    Rule,
    Service,
    StartScripted,
    StartService,
    Strike,
    clause,
    throughout,
)

BURST = 50
MOMENT_S = 0.2  # a reading takes milliseconds
LONG_LIST = 25  # reading it node by node takes longer than seeing that it is empty

NO_ADDRESSES = {
    "nothing": b"",
    "no-json": b"x",
    "half-json": b'{"host":"127.0.77.1"',
    "not-utf8": b'{"host":"127.0.77.1","port":1,"name":"\xff"}',
    "null": b"null",
    "number": b"7",
    "string": b'"127.0.77.1:1"',
    "array": b'["127.0.77.1", 1]',
    "no-host": b'{"port":1}',
    "no-port": b'{"host":"127.0.77.1"}',
    "empty-object": b"{}",
    "empty-host": b'{"host":"","port":1}',
    "null-host": b'{"host":null,"port":1}',
    "number-host": b'{"host":127,"port":1}',
    "host-with-newline": b'{"host":"127.0.77.1\\r\\nX: y","port":1}',
    "host-with-nul": b'{"host":"127.0.77.1\\u0000","port":1}',
    "host-with-space": b'{"host":"127.0.77.1 ","port":1}',
    "text-port": b'{"host":"127.0.77.1","port":"1"}',
    "word-port": b'{"host":"127.0.77.1","port":"a"}',
    "null-port": b'{"host":"127.0.77.1","port":null}',
    "true-port": b'{"host":"127.0.77.1","port":true}',
    "fraction-port": b'{"host":"127.0.77.1","port":1.5}',
    "port-0": b'{"host":"127.0.77.1","port":0}',
    "port-minus-1": b'{"host":"127.0.77.1","port":-1}',
    "port-65536": b'{"host":"127.0.77.1","port":65536}',
    "port-70000": b'{"host":"127.0.77.1","port":70000}',
}


def nowhere(number: int) -> tuple[str, int]:
    """An address of this machine where nobody listens."""
    return f"127.0.77.{number}", 1


def lists(service: Service, name: str) -> None:
    listed = service.client.servers()
    assert name in listed, f"the list is {listed}, without {name}, whose node has stood all the while"


@clause("client/reads-the-list-at-start")
def test_servers_registered_before_the_start_are_listed(start_service: StartService) -> None:
    """A client that waits for the first change knows nobody until there is one."""
    service = start_service(started=False)
    service.add(nowhere(1), nowhere(2), nowhere(3))
    service.start()
    service.agree()


@clause("client/reads-the-list-at-start")
def test_a_server_that_registers_while_the_list_is_read_is_listed(
    start_service: StartService, history: History
) -> None:
    """A client that reads first and sets its watch afterwards misses what comes in between."""
    service = start_service(started=False)
    service.add(nowhere(1))
    first_reading = Rule(Kind.REPLY, Hold(), CHILDREN, service.client.root_seen)
    with Strike(service.client.proxy, first_reading, history) as held:
        service.start()
        held.took_effect()
        service.add(nowhere(2))
    service.agree()


@clause("client/follows-every-change")
def test_changes_one_after_another_are_followed(service: Service) -> None:
    """A client that does not set its watch again is frozen after the first change."""
    first, second = service.add(nowhere(1), nowhere(2))
    service.agree()
    service.add(nowhere(3))
    service.agree()
    service.remove(first)
    service.agree()
    service.remove(second)
    service.add(nowhere(4))
    service.agree()


@clause("client/follows-every-change")
def test_a_burst_of_changes_ends_in_agreement(service: Service) -> None:
    """A client that misses changes between two readings ends with a list that never was, or was long ago."""
    for number in range(BURST):
        (path,) = service.add(nowhere(number))
        if number % 3:
            service.remove(path)
    service.agree()


@clause("client/follows-every-change")
def test_a_server_that_takes_another_s_place_is_listed(service: Service, history: History) -> None:
    """A client that compares how many there are calls who has left, and not who has come."""
    leaving, _ = service.add(nowhere(1), nowhere(2))
    service.agree()
    reading = Rule(Kind.REQUEST, Hold(), CHILDREN, service.client.root_seen)
    with Strike(service.client.proxy, reading, history) as held:
        service.remove(leaving)
        held.took_effect()
        service.add(nowhere(3))
    service.agree()


@clause("client/follows-every-change")
def test_what_was_read_later_wins(service: Service, history: History) -> None:
    """A client that handles each change on its own puts the older list back when it is done with it."""
    first_data = Rule(Kind.REPLY, Hold(), {OpCode.GET_DATA}, service.client.root_seen)
    with Strike(service.client.proxy, first_data, history) as held:
        paths = service.add(*(nowhere(number) for number in range(1, LONG_LIST)))
        held.took_effect()
        service.remove(*paths)
        service.add(nowhere(LONG_LIST))
    service.agree()
    throughout(service.agrees, WATCHED_S)


@clause("client/applies-an-empty-list")
def test_the_last_server_s_removal_is_applied(service: Service) -> None:
    """A client that takes an empty list for a mistake goes on calling a server that has gone."""
    server = service.server()
    assert service.client.call("ping", "before").ok
    called, connected = len(server.ledger()), len(server.connects())
    service.withdraw(server.address)
    service.agree()
    outcome = service.client.call("ping", "after")
    assert outcome.kind == "unavailable", f"with an empty list a call ended: {outcome}"
    assert (len(server.ledger()), len(server.connects())) == (called, connected), "a server not in the list was called"


@clause("client/skips-a-vanished-node")
def test_a_node_that_goes_while_it_is_read_costs_itself_alone(service: Service, history: History) -> None:
    """A client that gives up the whole reading when one node is gone loses all the others."""
    good = service.server()
    data_request = Rule(Kind.REQUEST, Hold(), {OpCode.GET_DATA}, service.client.root_seen)
    with Strike(service.client.proxy, data_request, history) as held:
        (vanishing,) = service.add(nowhere(1))
        held.took_effect()
        service.remove(vanishing)
    name = "{}:{}".format(*good.address)
    throughout(lambda: lists(service, name), MOMENT_S)
    service.agree()
    service.add(nowhere(2))
    service.agree()


@clause("client/skips-what-is-no-address")
@pytest.mark.parametrize("data", NO_ADDRESSES.values(), ids=NO_ADDRESSES.keys())
def test_a_node_that_holds_no_address_costs_itself_alone(
    service: Service, scripted: StartScripted, data: bytes
) -> None:
    """A client that stumbles over one node loses all the servers, and one that takes it in dials rubbish."""
    before, after = scripted(), scripted()
    service.add(before.address, data, after.address)
    service.agree()
    for _ in range(8):
        outcome = service.client.call("ping", "either")
        assert outcome.ok, f"a call ended: {outcome}"
    assert before.ledger() + after.ledger()


@clause("client/failed-read-is-repeated")
@pytest.mark.parametrize(
    "failure", [Cut("fin"), Cut("rst"), FailWith(Error.OPERATION_TIMEOUT)], ids=["fin", "rst", "error"]
)
@pytest.mark.parametrize("op", [CHILDREN, {OpCode.GET_DATA}], ids=["list", "data"])
def test_a_reading_that_fails_is_repeated(
    service: Service, history: History, op: set[OpCode], failure: Cut | FailWith
) -> None:
    """A client whose watching ends with the first error never hears of a server again."""
    service.server()
    reading = Rule(Kind.REPLY, failure, op, service.client.root_seen)
    with Strike(service.client.proxy, reading, history) as failed:
        service.add(nowhere(1))
        failed.took_effect()
        service.agree(service.client.promise("recover_s"))
    service.add(nowhere(2))
    service.agree()


@clause("client/follows-a-root-that-comes-and-goes")
def test_a_root_may_be_made_after_the_start_and_made_again(start_service: StartService) -> None:
    """A client that reads a missing root once, and does not watch for it, never sees a server."""
    service = start_service(made=False)
    assert service.client.servers() == []
    for _ in range(2):
        service.listing.make()
        service.add(nowhere(1))
        service.agree()
        service.unmake()
        service.agree()
        throughout(service.agrees, MOMENT_S)  # the root went after its nodes, and that has been seen, too
    service.listing.make()
    service.add(nowhere(2))
    service.agree()


@clause("client/one-entry-for-one-address")
def test_two_nodes_of_one_address_are_one_server(service: Service) -> None:
    """A client that counts nodes calls such a server twice as often, and retries a dead one in vain."""
    one, other = service.add(nowhere(1), nowhere(1))
    service.add(nowhere(2))
    service.agree()
    service.remove(one)
    service.add(nowhere(3))  # once this is listed the removal is, too
    service.agree()
    service.remove(other)
    service.agree()
