"""Section "Replies" of spec/client.md: replies that come in pieces, and bytes that are none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import pytest

from proctor.api import (
    PROMPTLY_S,
    Asked,
    Behaviour,
    Client,
    Dialogue,
    Service,
    Stage,
    answers,
    clause,
    frame,
    header,
    observe,
    once,
    pong,
)

TEXT = "é 😀 漢"
APART_S = 2.0  # for all pieces to be read before the next is sent; whoever reads them as they come takes far less
WHOLE = pong(TEXT).body()
INSIDE_A_CHARACTER = 4 + WHOLE.index("😀".encode()) + 2
SPLITTINGS: dict[str, list[int]] = {
    "byte-by-byte": [1] * (len(WHOLE) + 4),
    "inside-the-length": [2],
    "after-the-length": [4],
    "inside-the-body": [9],
    "inside-a-character": [INSIDE_A_CHARACTER],
    "before-the-last-byte": [len(WHOLE) + 3],
    "length-bytes-alone": [1, 1, 1, 1],
}
TOGETHER = 3
HELD_S = 0.05

NO_REPLIES: dict[str, bytes] = {
    "no-json": b"pong",
    "half-json": b'{"out":"pong","result":1',
    "two-texts": b'{"out":"pong","result":1}{"out":"pong","result":1}',
    "nan": b'{"out":"pong","result":NaN}',
    "not-utf8": b'{"out":"pong","result":"\xff\xfe"}',
    "utf16": '{"out":"pong","result":1}'.encode("utf-16"),
    "white-space": b"  ",
    "array": b'["pong", 1]',
    "null": b"null",
    "number": b"1",
    "string": b'"pong"',
    "empty-object": b"{}",
    "no-out": b'{"result":1}',
    "no-result": b'{"out":"pong"}',
}
TWO_GIB_IN_KIB = 2 * 1024 * 1024  # half of what four bytes can announce; an honest call takes far less
STALE = "another's"

Bytes = Callable[[Dialogue, int], bytes]
"""What a server sends instead of a reply, to a client that promises a `max_frame_bytes`."""


def framed(body: bytes) -> Bytes:
    return lambda dialogue, _most: frame(body, dialogue.order)


def announced(excess: int) -> Bytes:
    """A length that is so much over the limit, and nothing after it."""
    return lambda dialogue, most: header(most + excess, dialogue.order)


def empty_frame(dialogue: Dialogue, _most: int) -> bytes:
    return header(0, dialogue.order)


def largest_length(_dialogue: Dialogue, _most: int) -> bytes:
    return b"\xff\xff\xff\xff"


NO_FRAMES: dict[str, Bytes] = {
    "length-0": empty_frame,
    "length-over-the-limit": announced(1),
    "length-7fffffff": lambda dialogue, _most: header(0x7FFFFFFF, dialogue.order),
    "length-80000000": lambda dialogue, _most: header(0x80000000, dialogue.order),
    "length-ffffffff": largest_length,
    **{name: framed(body) for name, body in NO_REPLIES.items()},
}


def sends_no_reply(what: Bytes, service: Service, then: bytes = b"") -> Behaviour:
    """`then`: the body of a frame that follows in the same segment."""
    most = int(service.client.promise("max_frame_bytes"))

    async def behaviour(dialogue: Dialogue, _asked: Asked) -> None:
        await dialogue.send(what(dialogue, most) + (frame(then, dialogue.order) if then else b""))

    return behaviour


def in_pieces(sizes: Iterable[int]) -> Behaviour:
    cuts = list(sizes)

    async def behaviour(dialogue: Dialogue, asked: Asked) -> None:
        data = frame(pong(asked.params).body(), dialogue.order)
        deadline = time.monotonic() + APART_S
        for size in cuts:
            await dialogue.send(data[:size])
            await dialogue.be_read(deadline)
            data = data[size:]
        await dialogue.send(data)

    return behaviour


async def answers_twice(dialogue: Dialogue, asked: Asked) -> None:
    """In one segment."""
    await dialogue.send(2 * frame(pong(asked.params).body(), dialogue.order))


class AnswersTogether:
    """Holds replies for a moment, since calls made at once come one by one; then sends each connection all of its own.

    A client is free to make one call after another: then each is answered alone.
    """

    def __init__(self) -> None:
        self._held: dict[Dialogue, bytes] = {}
        self._sending: asyncio.Task[None] | None = None

    async def __call__(self, dialogue: Dialogue, asked: Asked) -> None:
        self._held[dialogue] = self._held.get(dialogue, b"") + frame(pong(asked.params).body(), dialogue.order)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        await asyncio.sleep(HELD_S)
        held, self._held, self._sending = self._held, {}, None
        for dialogue, data in held.items():
            await dialogue.send(data)


@clause("client/reply-may-arrive-in-pieces")
@pytest.mark.parametrize("pieces", SPLITTINGS.values(), ids=SPLITTINGS.keys())
def test_a_reply_is_understood_however_it_is_cut(service: Service, pieces: list[int]) -> None:
    """A client that takes one recv for one reply works until the first one that is a little larger."""
    service.server(in_pieces(pieces))
    for _ in range(2):
        outcome = service.client.call("ping", TEXT)
        assert outcome.reply == pong(TEXT), f"a reply in pieces {pieces} was taken for: {outcome}"


@clause("client/reply-may-arrive-in-pieces")
def test_replies_that_come_together_all_reach_their_calls(service: Service) -> None:
    """A client that drops what follows the first reply of a segment lets the other calls wait."""
    service.server(AnswersTogether())
    for turn in range(5):
        asked = [f"{turn} {number}" for number in range(TOGETHER)]
        pending = [service.client.start_call("ping", params) for params in asked]
        replies = [service.client.outcome(call).reply for call in pending]
        assert replies == [pong(params) for params in asked]


@clause("client/no-reply-is-protocol")
@pytest.mark.parametrize("what", NO_FRAMES.values(), ids=NO_FRAMES.keys())
def test_what_is_no_reply_ends_the_call_promptly(service: Service, stage: Stage, what: Bytes) -> None:
    """A client that waits for the rest, or for something better, or makes a value of it, believes anybody."""
    server = service.server()
    assert service.client.call("ping", "sound").ok
    server.behave(sends_no_reply(what, service))
    pending = service.client.start_call("ping", "odd", timeout_s=10.0)
    outcome = service.client.outcome_promptly(pending, PROMPTLY_S * stage.patience)
    assert outcome.kind == "protocol", f"what is no reply ended the call: {outcome}"


@clause("client/no-reply-is-protocol")
def test_nothing_is_allocated_for_a_length_over_the_limit(service: Service) -> None:
    """A client that takes memory by what it is told to expect can be ended by four bytes."""
    server = service.server()
    assert service.client.call("ping", "sound").ok
    before = peak_kib(service.client)
    server.behave(sends_no_reply(largest_length, service))
    assert service.client.call("ping", "odd").kind == "protocol"
    grown = peak_kib(service.client) - before
    assert grown < TWO_GIB_IN_KIB, f"after a length of ffffffff the client's VmPeak has grown by {grown} KiB"


@clause("client/broken-reply-is-transport")
@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("bytes_sent", [2, 4, 12], ids=["half-a-length", "a-length", "half-a-body"])
def test_a_connection_that_ends_inside_a_reply_is_transport(service: Service, bytes_sent: int, how: str) -> None:
    """A client that takes what came for all that was to come hands out half a value; one that waits on hangs."""

    async def breaks_off(dialogue: Dialogue, asked: Asked) -> None:
        await dialogue.send(frame(pong(asked.params).body(), dialogue.order)[:bytes_sent])
        await (dialogue.close() if how == "fin" else dialogue.reset())

    service.server(breaks_off)
    outcome = service.client.call("ping", "halved")
    assert outcome.kind == "transport", f"a reply that broke off was taken for: {outcome}"


@clause("client/bad-connection-is-not-reused")
@pytest.mark.parametrize("what", NO_FRAMES.values(), ids=NO_FRAMES.keys())
def test_the_call_after_what_is_no_reply_starts_afresh(service: Service, what: Bytes) -> None:
    """A client that goes on with a connection that is out of step takes the next frame for its reply."""
    server = service.server(once(sends_no_reply(what, service, then=pong(STALE).body()), answers))
    assert service.client.call("ping", "odd", timeout_s=2.0).kind == "protocol"
    for number in range(3):
        outcome = service.client.call("ping", number)
        assert outcome.reply == pong(number), f"ping {number} after what is no reply was answered: {outcome}"
    bad, *good = [asked.connection for asked in server.ledger()]
    assert bad not in good, f"calls came on connections {[bad, *good]}; the first was out of step"


@clause("client/bad-connection-is-not-reused")
def test_a_reply_that_nobody_asked_for_is_nobody_s(service: Service) -> None:
    """A client that leaves what follows a reply on the connection is one reply behind from then on.

    The first call may end with its reply, or with `protocol`; it is the ones after it that count.
    """
    service.server(once(answers_twice, answers))
    service.client.call("ping", STALE)
    for number in range(3):
        outcome = service.client.call("ping", number)
        assert outcome.reply == pong(number), f"ping {number} after a reply too many was answered: {outcome}"


def peak_kib(client: Client) -> int:
    """The largest peak of virtual memory among the client's processes."""
    pids = [client.program.pid, *(process.pid for process in client.program.tree())]
    return max(int(observe.status(pid).get("VmPeak", "0 kB").split()[0]) for pid in pids)
