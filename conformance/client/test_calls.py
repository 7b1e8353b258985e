"""Section "Calls" of spec/client.md: what is asked arrives, what is answered comes back, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from proctor.api import (
    Asked,
    Behaviour,
    Client,
    Dialogue,
    Listing,
    Service,
    StartClient,
    StartScripted,
    TimedOut,
    answers,
    clause,
    deaf,
    eventually,
    fails,
    frame,
    full,
    header,
    once,
    pong,
    stays_silent,
)

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "minus-one": -1,
    "largest-integer": 2**53 - 1,
    "smallest-integer": -(2**53 - 1),
    "tenth": 0.1,
    "large-fraction": 1e22,
    "largest-fraction": 1.7976931348623157e308,
    "smallest-fraction": 5e-324,
    "empty-text": "",
    "accents": "é e\u0301",
    "beyond-the-bmp": "😀 𝒳",
    "cjk": "漢字かな한글",
    "controls": "\x00\x01\t\r\n\x1f\x7f\u2028",
    "quotes": "\"\\/'<>&",
    "long-text": "é" * 10_000,
    "empty-array": [],
    "empty-object": {},
    "mixed-array": [None, True, 0, -0.5, "", [], {}],
    "deep": [[[[[[[[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]]]]]]]],
    "names": {"": 1, "é": 2, "😀": 3, "a b": 4, "in": 5, "out": 6, "__proto__": 7, "constructor": 8},
    "like-a-reply": {"out": "pong", "result": 1},
    "like-an-error": {"error": {"kind": "timeout", "message": "none"}, "id": 1},
}

CODES = ["bad_params", "bad_request", "internal", "invalid_operation", "too_large", "unavailable", "unknown_method"]

AT_ONCE = 16
ROUNDS = 20
PIECE_BYTES = 7

TIMEOUT_S = 0.3
NOT_SENT = ("timeout", "unavailable")  # both are true of a call whose request has not left whole in time
MOMENT_S = 0.3
TOLD_WITHIN_S = 10.0
MOST_STOPPED = 64
DRIP_S = 0.05
DRIPPING_BYTES = 60_000  # an hour's worth of drops
LARGE_BYTES = 5 * 1024 * 1024  # more than the buffers of a connection hold
CARRIES = 3  # on a busy machine one differs from the next by as much as a call may be late

SERVERS = 4
SPREAD_CALLS = 200
LEAST_SHARE = 10
CLIENTS = 6
MANY_SERVERS = 64


async def half_a_reply(dialogue: Dialogue, asked: Asked) -> None:
    await dialogue.send(frame(pong(asked.params).body(), dialogue.order)[:-3])


async def half_a_length(dialogue: Dialogue, _asked: Asked) -> None:
    await dialogue.send(header(20, dialogue.order)[:2])


async def drips(dialogue: Dialogue, _asked: Asked) -> None:
    """A byte now and then: whoever waits anew for each of them waits for ever."""
    await dialogue.send(header(DRIPPING_BYTES, dialogue.order))
    for _ in range(DRIPPING_BYTES):
        await dialogue.send(b" ")
        await asyncio.sleep(DRIP_S)


async def in_pieces_and_out_of_step(dialogue: Dialogue, asked: Asked) -> None:
    data = frame(pong(asked.params).body(), dialogue.order)
    await asyncio.sleep(asked.params["delay_ms"] / 1000)
    for at in range(0, len(data), PIECE_BYTES):
        await dialogue.send(data[at : at + PIECE_BYTES])
        await asyncio.sleep(0)


class AnswersLate:
    """Answers the first request when it is told to, all others at once. `sent`: the late reply is out."""

    def __init__(self) -> None:
        self.tell = threading.Event()
        self.sent = threading.Event()
        self._behave = once(self._late, answers)

    async def __call__(self, dialogue: Dialogue, asked: Asked) -> None:
        await self._behave(dialogue, asked)

    async def _late(self, dialogue: Dialogue, asked: Asked) -> None:
        await asyncio.to_thread(self.tell.wait, TOLD_WITHIN_S)
        with suppress(OSError):  # nobody may be there to take it
            await dialogue.reply(pong(asked.params))
        self.sent.set()


@clause("client/values-are-unchanged")
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_params_and_results_pass_unchanged(service: Service, value: Any) -> None:
    """A client that alters what passes through it makes every server wrong."""
    server = service.server()
    outcome = service.client.call("ping", value)
    received = [asked.params for asked in server.ledger()]
    assert [pong(params) for params in received] == [pong(value)], f"the server received {received!r}"
    assert outcome.reply == pong(value), f"the caller was told: {outcome}"


@clause("client/answers-match-calls")
def test_calls_made_at_once_get_their_own_answers(service: Service) -> None:
    """A client whose calls share a connection without order hands one caller the other's reply."""
    service.servers(3, in_pieces_and_out_of_step)
    for turn in range(ROUNDS):
        asked = [
            {"call": number, "delay_ms": (number * 7 + turn) % 5, "text": "é" * number} for number in range(AT_ONCE)
        ]
        pending = [service.client.start_call("ping", params) for params in asked]
        for params, call in zip(asked, pending, strict=True):
            outcome = service.client.outcome(call)
            assert outcome.reply == pong(params), f"in round {turn} {params} was answered: {outcome}"


def with_a_stopped_server(service: Service) -> None:
    service.add(service.open(deaf()))


def with_several_stopped_servers(service: Service) -> None:
    """So many that one timeout for each would be too late; unless lateness is stretched beyond all sense."""
    for _ in range(min(int(service.client.promise("late_s") / TIMEOUT_S) + 3, MOST_STOPPED)):
        service.add(service.open(deaf()))


def with_a_server_that(behaviour: Behaviour) -> Callable[[Service], object]:
    def arrange(service: Service) -> None:
        service.server(behaviour)

    return arrange


SILENCES: dict[str, Callable[[Service], object]] = {
    "silent": with_a_server_that(stays_silent),
    "stopped": with_a_stopped_server,
    "several-stopped": with_several_stopped_servers,
    "half-a-length": with_a_server_that(half_a_length),
    "half-a-reply": with_a_server_that(half_a_reply),
    "dripping": with_a_server_that(drips),
}


@clause("client/call-ends-by-its-timeout")
@pytest.mark.parametrize("arrange", SILENCES.values(), ids=SILENCES.keys())
def test_a_call_without_an_answer_ends_in_time(service: Service, arrange: Callable[[Service], object]) -> None:
    """A client without a deadline for all that a call does lets a caller hang with one bad server."""
    arrange(service)
    service.agree()
    pending = service.client.start_call("ping", "anybody?", TIMEOUT_S)
    outcome = service.client.outcome_in_time(pending)
    assert outcome.kind == "timeout", f"a call that nobody answers ended: {outcome}"
    assert outcome.took_s >= TIMEOUT_S / 2, f"a call with a timeout of {TIMEOUT_S} s gave up early: {outcome}"


@clause("client/call-ends-by-its-timeout")
def test_a_call_whose_params_nobody_reads_ends_in_time(service: Service) -> None:
    """A client whose deadline begins once the request has left waits for whoever does not take it."""
    params = "x" * min(LARGE_BYTES, int(service.client.promise("max_frame_bytes")) // 2)
    carried_s = max(carries(service.client, params) for _ in range(CARRIES))
    service.add(service.open(deaf()))
    service.agree()
    pending = service.client.start_call("ping", params, TIMEOUT_S)
    outcome = service.client.outcome_in_time(pending, 2 * carried_s)  # once to the client, and once towards the server
    assert outcome.kind in NOT_SENT, f"a call whose params nobody reads ended: {outcome}"


def carries(client: Client, params: str) -> float:
    """How long these params take on their way through the driver: nobody is there whom the client could send them."""
    outcome = client.call("ping", params, TIMEOUT_S)
    assert outcome.kind in NOT_SENT, f"with an empty list a call ended: {outcome}"
    return outcome.took_s


@clause("client/call-ends-by-its-timeout")
def test_a_call_to_a_full_backlog_ends_in_time(service: Service) -> None:
    """A client whose deadline begins once it is connected waits for minutes here."""
    service.add(service.open(full()))
    service.agree()
    outcome = service.client.outcome_in_time(service.client.start_call("ping", "full", TIMEOUT_S))
    assert outcome.kind in NOT_SENT, f"a call that reached nobody ended: {outcome}"


@clause("client/late-reply-is-dropped")
def test_a_late_reply_is_nobody_s(service: Service) -> None:
    """A client that keeps the connection after a timeout answers each call with the one before."""
    behaviour = AnswersLate()
    server = service.server(behaviour)
    late = service.client.call("ping", "late", TIMEOUT_S)
    assert late.kind == "timeout", f"a call that was not answered in time ended: {late}"
    next_one = service.client.start_call("ping", "next")
    with suppress(TimedOut):  # on the connection of the late call it is not read before that is answered
        eventually(lambda: len(server.ledger()) == 2, within=MOMENT_S)
    behaviour.tell.set()
    after = service.client.outcome(next_one)
    assert after.reply == pong("next"), f"the call after a timeout was answered: {after}"
    assert behaviour.sent.wait(TOLD_WITHIN_S)
    for number in range(5):
        outcome = service.client.call("ping", number)
        assert outcome.reply == pong(number), f"ping {number} was answered: {outcome}"


@clause("client/remote-error-is-an-answer")
@pytest.mark.parametrize("code", CODES)
def test_a_server_s_error_is_reported_and_not_tried_elsewhere(service: Service, code: str) -> None:
    """A client that takes an error for a broken server executes the call again on the next one."""
    servers = service.servers(2, fails(code))
    outcome = service.client.call("ping", "wrong")
    assert (outcome.kind, outcome.code) == ("remote", code), f"the error {code} was reported as: {outcome}"
    seen = [asked for server in servers for asked in server.ledger()]
    assert len(seen) == 1, f"the request was sent {len(seen)} times"


@clause("client/remote-error-keeps-the-connection")
def test_the_connection_of_an_error_is_used_again(service: Service) -> None:
    """A client that drops a good connection with every error pays for a new one with every typing mistake."""
    server = service.server(once(fails("bad_params"), answers))
    assert service.client.call("ping", "wrong").kind == "remote"
    assert service.client.call("ping", "right").reply == pong("right")
    connections = [asked.connection for asked in server.ledger()]
    assert len(set(connections)) == 1, f"the error and the call after it came on connections {connections}"


@clause("client/uses-every-server")
def test_calls_are_spread_over_all_servers(service: Service) -> None:
    """A client that prefers one server overloads it while the others idle."""
    servers = service.servers(SERVERS)
    for number in range(SPREAD_CALLS):
        assert service.client.call("ping", number).ok
    shares = [len(server.ledger()) for server in servers]
    assert min(shares) >= LEAST_SHARE, f"of {SPREAD_CALLS} calls the servers got {shares}"


@clause("client/clients-choose-independently")
def test_clients_started_together_begin_with_different_servers(
    listing: Listing, scripted: StartScripted, start_client: StartClient
) -> None:
    """Clients that share a seed, or all begin with the first of a sorted list, come down on one server together.

    Of six fair clients all choose the same of 64 servers once in 10⁹ runs.
    """
    servers = [scripted() for _ in range(MANY_SERVERS)]
    for server in servers:
        listing.add(server.address)
    clients = [start_client(listing.root) for _ in range(CLIENTS)]
    for client in clients:
        client.servers()  # its driver answers
    for client in clients:
        eventually(partial(knows, client, MANY_SERVERS), within=client.promise("update_s"))
        assert client.call("ping", "first").ok
    chosen = [server.address for server in servers if server.ledger()]
    assert len(chosen) > 1, f"{CLIENTS} clients began with the same of {MANY_SERVERS} servers: {chosen}"


def knows(client: Client, count: int) -> bool:
    listed = client.servers()
    assert len(listed) == count, f"a client lists {len(listed)} servers of {count}"
    return True
