"""Section "Connections" of spec/client.md: connections that end, hang, and are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proctor.api import (
    Asked,
    Client,
    Dialogue,
    FreezeLink,
    History,
    LinkProxy,
    ScriptedServer,
    Service,
    Stage,
    StartScripted,
    answers,
    clause,
    eventually,
    observe,
    pong,
    refusing,
)

TURNS = 5
REFUSED_BEFORE, REFUSED_AFTER = 10, 200
AT_ONCE = 20
SPARE_DESCRIPTORS = 8


def drop_by_fin(server: ScriptedServer) -> None:
    server.drop("fin")


def drop_by_rst(server: ScriptedServer) -> None:
    server.drop("rst")


def start_again(server: ScriptedServer) -> None:
    server.hang_up()
    server.listen()


ENDINGS = [drop_by_fin, drop_by_rst, start_again]


async def deaf_on_its_first_connection(dialogue: Dialogue, asked: Asked) -> None:
    if dialogue.number > 1 or asked.params == "well":
        await answers(dialogue, asked)


@clause("client/dead-connection-is-not-used")
@pytest.mark.parametrize("end", ENDINGS, ids=[end.__name__ for end in ENDINGS])
def test_a_connection_that_ended_while_idle_is_replaced(
    service: Service, end: Callable[[ScriptedServer], None]
) -> None:
    """A client that does not look before it writes loses the first call after every restart of a server."""
    server = service.server()
    for turn in range(TURNS):
        assert service.client.call("ping", turn).ok
        end(server)
        service.client.servers()  # idle for as long as it takes the driver to answer something else
        outcome = service.client.call("ping", "again")
        assert outcome.reply == pong("again"), f"in turn {turn} the call after a connection's end came to: {outcome}"


@clause("client/wedged-connection-is-left")
def test_a_connection_that_is_silent_is_given_up(service: Service) -> None:
    """A client that keeps a connection on which nothing comes times out again and again beside a sound server."""
    service.server(deaf_on_its_first_connection)
    assert service.client.call("ping", "well").ok
    silent = service.client.call("ping", "into the void", timeout_s=0.2)
    dialled_anew = silent.reply == pong("into the void")  # as one does that has a connection for each call
    assert silent.kind == "timeout" or dialled_anew, f"a call on a silent connection ended: {silent}"
    for number in range(TURNS):
        outcome = service.client.call("ping", number)
        assert outcome.reply == pong(number), f"the call after a timeout ended: {outcome}"


@clause("client/wedged-connection-is-left")
def test_a_link_that_is_whole_again_is_used_again(
    service: Service, scripted: StartScripted, stage: Stage, history: History
) -> None:
    """A client that remembers a broken link for ever never comes back from an outage of the network."""
    link = service.open(LinkProxy(stage.loop, scripted().address))
    service.add(link.address)
    service.agree()
    assert service.client.call("ping", "before").ok
    with FreezeLink(link, history) as fault:
        for number in range(2):
            lost = service.client.call("ping", number, timeout_s=0.2)
            assert lost.kind == "timeout", f"a call on a link that swallows everything ended: {lost}"
        fault.took_effect()
    eventually(
        lambda: service.client.call("ping", "after", timeout_s=1.0).reply == pong("after"),
        within=service.client.promise("recover_s"),
        what="calls to succeed on the healed link",
    )
    for number in range(TURNS):
        outcome = service.client.call("ping", number)
        assert outcome.reply == pong(number), f"ping {number} on the healed link was answered: {outcome}"


@clause("client/failed-connects-leak-nothing")
def test_refused_connects_leave_no_descriptor(service: Service) -> None:
    """A client that forgets the socket of a failed attempt runs out of descriptors in the next outage."""
    service.add(service.open(refusing()))
    service.agree()
    refuse_calls(service.client, REFUSED_BEFORE)
    before = descriptors(service.client)
    refuse_calls(service.client, REFUSED_AFTER)
    after = descriptors(service.client)
    assert after <= before + SPARE_DESCRIPTORS, (
        f"{REFUSED_AFTER} refused calls, and {before} descriptors became {after}"
    )


def refuse_calls(client: Client, count: int) -> None:
    refused = 0
    while refused < count:
        pending = [client.start_call("ping", "nobody", timeout_s=0.2) for _ in range(AT_ONCE)]
        refused += sum(client.outcome(call).kind == "unavailable" for call in pending)


def descriptors(client: Client) -> int:
    """Of all processes of the client together."""
    pids = [client.program.pid, *(process.pid for process in client.program.tree())]
    return sum(observe.descriptors(pid) for pid in pids)
