"""Section "Frames" of spec/wire.md: a length, a body, and however TCP cuts them."""

from __future__ import annotations

import random
import signal
from contextlib import ExitStack, closing

import pytest

from proctor.api import (
    PROMPTLY_S,
    Body,
    Connection,
    ForAny,
    Process,
    Reply,
    Request,
    Server,
    StartServer,
    Stop,
    Unread,
    any_requests_in_pieces,
    clause,
    eventually,
    frame,
    header,
    observe,
    ping,
    pong,
    serving,
    throughout,
)

APART_S = 2.0  # for all pieces to be read before the next is sent; whoever reads them as they come takes far less
SOON_S = 0.1
SMALL_BUFFER_BYTES = 1024
SEVERAL_MIB = 4 * 1024 * 1024
RESTED_S = 0.5
AT_REST_SHARE = 0.1  # of one processor: garbage collectors and timers stay far below, a loop that spins far above

TEXTS = {
    "two-bytes": "é",
    "three-bytes": "遠い",
    "four-bytes": "😀😀",
    "mixed": "naïve 遠い 😀 plain",
}

CHARACTERS = "é遠😀"  # of two, three and four bytes
SPLIT = ping(CHARACTERS)
SPLIT_BYTES = 4 + len(SPLIT.body())
BEFORE_TEXT = 4 + SPLIT.body().index(CHARACTERS.encode())
SPLITTINGS = {
    "inside-the-length": [2],
    "between-length-and-body": [4],
    "inside-the-body": [BEFORE_TEXT - 3],
    "inside-two-bytes": [BEFORE_TEXT + 1],
    "inside-three-bytes": [BEFORE_TEXT + 3, 1],
    "inside-four-bytes": [BEFORE_TEXT + 6, 1, 1],
    "before-the-last-byte": [SPLIT_BYTES - 1],
    "byte-by-byte": [1] * SPLIT_BYTES,
}

LONG_BYTES = 300_000
LONG_SPLITTINGS = {
    "segments-of-an-ethernet": [1460] * (LONG_BYTES // 1460),
    "odd-pieces": random.Random(2).choices(range(1, 4000), k=120),
}

# Around the sizes of buffers, and where a length grows by a bit that somebody takes for a sign.
TURNS = (128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)
LENGTHS = [turn + step for turn in TURNS for step in (-5, -4, -1, 0, 1)]

# How much of a frame comes before the connection ends. Its body alone would be a request.
UNFINISHED = frame(ping("unfinished").body() + b" " * 8)
ENDS = {
    "in-the-length": 2,
    "before-the-body": 4,
    "in-the-body": 20,
    "after-a-whole-request": len(UNFINISHED) - 1,
}


def text_in(body_bytes: int) -> str:
    """The text whose ping has a body of so many bytes."""
    return "x" * (body_bytes - len(ping("").body()))


@clause("wire/frame-is-length-and-body")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_length_counts_bytes(server: Server, text: str) -> None:
    """A server that counts characters waits for bytes that never come, or cuts its reply short."""
    with server.connect() as wire:
        assert wire.call(ping("plain")) == pong("plain")
        assert wire.call(ping(text)) == pong(text)
        assert wire.call(ping("after")) == pong("after")


@clause("wire/frame-is-length-and-body")
def test_every_length_is_read_right(server: Server) -> None:
    """A server that reads until a short read, or takes the length's bytes for signed, fails at certain lengths."""
    with server.connect() as wire:
        for length in LENGTHS:
            text = text_in(length)
            assert wire.call(ping(text)) == pong(text), f"a body of {length} bytes"


@clause("wire/frame-is-length-and-body")
def test_nothing_is_sent_but_replies(server: Server) -> None:
    """A banner, a line feed after a reply or a farewell is taken for a length."""
    with server.connect() as wire:
        assert wire.call(ping(1)) == pong(1)
        assert wire.call(ping(2)) == pong(2)
        wire.half_close()
        wire.end()


@clause("wire/byte-order-is-kept")
def test_both_directions_keep_the_promised_byte_order(server: Server) -> None:
    """A server that packs lengths as its machine does talks to half of the world."""
    text = text_in(0x0123)
    with server.connect() as wire:
        wire.send(header(0x0123, wire.order) + ping(text).body())
        assert wire.reply() == pong(text)


@clause("wire/frame-may-arrive-in-pieces")
@pytest.mark.parametrize("pieces", SPLITTINGS.values(), ids=SPLITTINGS)
def test_a_frame_is_answered_however_it_is_split(server: Server, pieces: list[int]) -> None:
    """A server that takes one recv for one frame loses what comes later; one that decodes each piece, a character."""
    with server.connect() as wire:
        assert wire.call(SPLIT) == pong(CHARACTERS)
        wire.send(SPLIT, pieces=pieces, apart_s=APART_S)
        assert wire.reply() == pong(CHARACTERS)
        assert wire.call(ping("after")) == pong("after")


@clause("wire/frame-may-arrive-in-pieces")
@pytest.mark.parametrize("pieces", LONG_SPLITTINGS.values(), ids=LONG_SPLITTINGS)
def test_a_long_frame_is_answered_however_it_is_split(server: Server, pieces: list[int]) -> None:
    """A server that asks for n bytes and takes what one recv brings has parsed a part."""
    text = server.text(LONG_BYTES)
    with server.connect() as wire:
        wire.send(ping(text), pieces=pieces)
        assert wire.reply() == pong(text)


@clause("wire/frames-may-arrive-together")
def test_frames_in_one_segment_are_all_answered(server: Server) -> None:
    """A server that forgets its buffer after each frame answers the first of three."""
    with server.connect() as wire:
        wire.send(ping(1), ping(2), ping(3))
        assert wire.replies(3) == [pong(1), pong(2), pong(3)]


@clause("wire/frames-may-arrive-together")
@pytest.mark.parametrize("begun", [2, 4, 12], ids=["in-its-length", "before-its-body", "in-its-body"])
def test_a_frame_that_began_with_others_is_answered_once_it_is_whole(server: Server, begun: int) -> None:
    """A server that drops what follows the last whole frame, or waits for all before it answers any, stalls here."""
    with server.connect() as wire:
        last = frame(ping("last").body(), wire.order)
        wire.send(ping(1), ping(2), last[:begun])
        assert wire.replies(2) == [pong(1), pong(2)]
        wire.send(last[begun:], ping(3), last[:begun])
        assert wire.replies(2) == [pong("last"), pong(3)]
        wire.send(last[begun:])
        assert wire.reply() == pong("last")


@clause("wire/frames-may-arrive-together")
def test_the_end_of_a_frame_may_come_with_the_next_ones(server: Server) -> None:
    """A server that reads past the end of a frame, and keeps nothing of it, misses the second."""
    with server.connect() as wire:
        first = frame(ping("first").body(), wire.order)
        wire.send(first, ping("second"), ping("third"), pieces=[len(first) // 2], apart_s=APART_S)
        assert wire.replies(3) == [pong("first"), pong("second"), pong("third")]


@clause("wire/frame-may-arrive-in-pieces", "wire/frames-may-arrive-together")
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # a registry client's thread draws while we do
def test_any_requests_in_any_pieces_get_the_same_replies(for_any: ForAny) -> None:
    """A server that is right about one frame in two segments may be wrong about five in seven."""

    def law(server: Server, wire: Connection, drawn: tuple[list[Request | Body], list[int]]) -> None:
        requests, cuts = drawn
        with server.connect() as other:
            one_by_one = [other.call(request) for request in requests]
        wire.send(*requests, pieces=cuts, apart_s=SOON_S)
        for number, (request, expected) in enumerate(zip(requests, one_by_one, strict=True), 1):
            reply = wire.reply()
            assert alike(reply, expected), f"{request}, number {number} of {len(requests)}: {reply}, not {expected}"

    for_any(any_requests_in_pieces, law)


@clause("wire/reply-is-sent-whole")
def test_a_long_reply_reaches_a_slow_reader_whole(server: Server) -> None:
    """A server that sends once, and takes it for all, sends what the kernel's buffer happened to hold."""
    with (
        server.connect(SMALL_BUFFER_BYTES) as wire,
        Unread([wire], server.history, server.text(SEVERAL_MIB)) as late,
    ):
        late.took_effect()
        assert wire.replies(late.due(wire)) == [pong(late.request.params)] * late.due(wire)
        assert wire.call(ping("after")) == pong("after")


@clause("wire/reply-is-sent-whole")
def test_signals_that_stop_nobody_cut_no_reply(start_server: StartServer) -> None:
    """A send that a signal interrupts reports what it sent so far: a server that doesn't go on cuts the reply."""
    server = start_server(workers=1)
    with (
        server.connect(SMALL_BUFFER_BYTES) as wire,
        Unread([wire], server.history, server.text(SEVERAL_MIB)) as late,
        ExitStack() as opened,
    ):
        late.took_effect()
        serve = serving(server, wire)
        processes = [opened.enter_context(closing(Process(pid))) for pid in serve]
        with Stop(serve, server.history) as stop:
            stop.took_effect()
        for process in processes:
            process.send(signal.SIGCHLD)
        assert wire.replies(late.due(wire)) == [pong(late.request.params)] * late.due(wire)
        for process in processes:
            process.send(signal.SIGCHLD)
        assert wire.call(ping("after")) == pong("after")
        assert serving(server, wire) == serve


@clause("wire/empty-frame-is-refused")
def test_an_empty_frame_is_refused_and_nothing_else(server: Server) -> None:
    """A server that takes length 0 for the end closes; one that skips it leaves its client without a reply."""
    with server.connect() as wire:
        assert wire.call(ping("before")) == pong("before")
        assert wire.call(Body(b"")).code == "bad_request"
        wire.send(ping(1), Body(b""), Body(b""), ping(2))
        first, empty, empty_too, second = wire.replies(4)
        assert (first, second) == (pong(1), pong(2))
        assert (empty.code, empty_too.code) == ("bad_request", "bad_request")


@clause("wire/end-inside-a-frame")
@pytest.mark.parametrize("came", ENDS.values(), ids=ENDS)
def test_an_end_inside_a_frame_closes_the_connection(server: Server, came: int) -> None:
    """A server that takes an empty read for "nothing yet" waits for ever; one that parses what it has executes it."""
    with server.connect() as wire:
        wire.send(ping("whole"), unfinished(wire)[:came])
        assert wire.reply() == pong("whole")
        wire.half_close()
        wire.end(within=PROMPTLY_S)
    with server.connect() as other:
        assert other.call(ping("other")) == pong("other")


@clause("wire/end-inside-a-frame")
def test_an_end_inside_a_frame_keeps_no_processor_busy(server: Server) -> None:
    """A loop that finds the socket readable for ever and reads nothing takes a whole processor."""
    for came in ENDS.values():
        with server.connect() as wire:
            wire.send(unfinished(wire)[:came])
            wire.half_close()
            wire.end(within=PROMPTLY_S)
    eventually(lambda: at_rest(server), within=10, what="the server's processor time to stand still")


def alike(reply: Reply, other: Reply) -> bool:
    """The same reply. An error's message may differ, its code may not."""
    return reply.code == other.code if reply.code else reply == other


def unfinished(wire: Connection) -> bytes:
    return header(len(UNFINISHED) - 4, wire.order) + UNFINISHED[4:]


def at_rest(server: Server) -> bool:
    """Asserts that all its processes together use next to nothing for a while."""
    pids = [server.pid, *(process.pid for process in server.program.tree())]
    began = observe.processor_s(pids)

    def look() -> None:
        spent = observe.processor_s(pids) - began
        assert spent <= AT_REST_SHARE * RESTED_S, f"{spent:.2f} s of processor time"

    throughout(look, RESTED_S)
    return True
