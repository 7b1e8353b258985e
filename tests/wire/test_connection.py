"""A connection says exactly what came back: a reply, FIN, RST, silence or rubbish."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from proctor.history import History
from proctor.loop import LoopThread
from proctor.outcome import Failure
from proctor.waiting import throughout
from proctor.wire.connection import Connection, Ended, NoReply, NotAReply, Refused, cut
from proctor.wire.messages import Reply, frame, header, ping, pong
from proctor.wire.scripted import (
    Asked,
    Behaviour,
    Dialogue,
    ScriptedServer,
    answers,
    answers_after,
    closes,
    fails,
    once,
    resets,
    sends,
    stays_silent,
)

Dial = Callable[[Behaviour], Connection]


@pytest.fixture
def dial() -> Iterator[Dial]:
    with LoopThread() as loop, ExitStack() as ends:

        def dial(behaviour: Behaviour) -> Connection:
            server = ends.enter_context(ScriptedServer(loop, behaviour))
            return ends.enter_context(Connection(server.address, History()))

        yield dial


def test_a_reply_is_a_reply(dial: Dial) -> None:
    wire = dial(answers)
    assert wire.call(ping({"a": [1]})) == pong({"a": [1]})
    wire.send(ping(1), ping(2), pieces=[1] * 30)
    assert wire.replies(2) == [pong(1), pong(2)]


def test_a_closed_and_a_reset_connection_are_told_apart(dial: Dial) -> None:
    with pytest.raises(Ended, match=r"closed \(FIN\) instead of a reply's length") as fin:
        dial(closes).call(ping(1))
    with pytest.raises(Ended, match="reset") as rst:
        dial(resets).call(ping(1))
    assert (fin.value.how, rst.value.how) == ("fin", "rst")


def test_a_request_that_came_too_late_to_be_read_is_told_from_one_that_was_read_and_dropped() -> None:
    """By no clock: the kernel of a server that has closed resets what is sent to it still."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with Connection(listener.getsockname(), History()) as wire:
            listener.accept()[0].close()
            with pytest.raises(Ended) as crossed:
                wire.call(ping(1))
            with pytest.raises(Ended) as again:
                wire.send(ping(2))
        with Connection(listener.getsockname(), History()) as wire:
            accepted, _ = listener.accept()
            with accepted:
                wire.send(ping(1))
                accepted.recv(1024)
            with pytest.raises(Ended) as dropped:
                wire.reply()
    assert (crossed.value.before, again.value.before, dropped.value.before) == (True, True, False)
    assert (crossed.value.how, dropped.value.how) == ("fin", "fin")


def test_a_half_close_behind_a_reset_says_that_the_connection_is_gone(dial: Dial) -> None:
    wire = dial(resets)
    with pytest.raises(Ended, match="reset"):
        wire.call(ping(1))
    with pytest.raises(Ended, match="gone while closing"):
        wire.half_close()


def test_silence_is_a_deadline_that_passed(dial: Dial) -> None:
    with pytest.raises(NoReply, match=r"no answer in 0\.\d\d s: waited for a reply's length"):
        dial(stays_silent).call(ping(1), within=0.1)


def test_a_wait_is_for_the_whole_reply_and_began_with_its_first_byte_missing(dial: Dial) -> None:
    """Or a host that stalled while the length was awaited would be forgotten when the body is."""
    late_s, within_s = 0.2, 0.4

    async def sends_its_length_late(dialogue: Dialogue, _asked: Asked) -> None:
        await asyncio.sleep(late_s)
        await dialogue.send(header(10))

    with pytest.raises(NoReply, match="waited for a reply of 10 bytes") as silence:
        dial(sends_its_length_late).call(ping(1), within=within_s)
    assert silence.value.ended - silence.value.started >= within_s


def test_a_request_has_its_own_time_whatever_the_last_reply_had_left() -> None:
    much = bytes(16 << 20)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener, ThreadPoolExecutor(1) as pool:
        with Connection(listener.getsockname(), History()) as wire:
            accepted, _ = listener.accept()
            with pytest.raises(NoReply):
                wire.reply(within=0.01)
            reading = pool.submit(read_after, 0.2, accepted)
            wire.send(much)
        assert reading.result() == len(much)


def read_after(seconds: float, accepted: socket.socket) -> int:
    """All that comes until the end, but not at once."""
    throughout(lambda: None, seconds)
    with accepted:
        return sum(len(piece) for piece in iter(lambda: accepted.recv(1 << 20), b""))


def test_a_late_reply_within_the_deadline_is_a_reply(dial: Dial) -> None:
    assert dial(answers_after(0.1)).call(ping(1), within=10) == pong(1)


def test_half_a_reply_is_shown(dial: Dial) -> None:
    wire = dial(sends(header(10) + b"half", then_close=True))
    with pytest.raises(Ended, match="instead of a reply of 10 bytes, after 4 bytes 68 61 6c 66"):
        wire.call(ping(1))


@pytest.mark.parametrize("data", [header(2) + b"[]", header(2**32 - 1) + b"x", header(0)])
def test_rubbish_is_not_a_reply(dial: Dial, data: bytes) -> None:
    with pytest.raises(NotAReply):
        dial(sends(data)).call(ping(1))


def test_the_end_is_awaited_and_a_reply_in_its_place_is_a_failure(dial: Dial) -> None:
    wire = dial(closes)
    wire.send(ping(1))
    assert wire.end() == "fin"
    talkative = dial(answers)
    talkative.send(ping(1))
    with pytest.raises(Failure, match="the connection should end; instead there came"):
        talkative.end()
    with pytest.raises(NoReply):
        dial(stays_silent).end(within=0.1)


def test_an_end_may_be_announced_by_one_error_and_no_other_reply(dial: Dial) -> None:
    refusal = frame(Reply("error", {"code": "too_large", "message": ""}).body())
    for behaviour, how in ((closes, "fin"), (resets, "rst"), (sends(refusal, then_close=True), "fin")):
        wire = dial(behaviour)
        wire.send(ping(1))
        assert wire.end_after("too_large") == how
    for behaviour in (answers, fails("internal"), sends(refusal * 2, then_close=True)):
        wire = dial(behaviour)
        wire.send(ping(1))
        with pytest.raises(Failure, match="the connection should end"):
            wire.end_after("too_large")
    wire = dial(sends(refusal))
    wire.send(ping(1))
    with pytest.raises(NoReply):
        wire.end_after("too_large", within=0.1)


def test_nobody_listening_is_refused() -> None:
    with LoopThread() as loop:
        server = ScriptedServer(loop, answers)
        server.hang_up()
        with pytest.raises(Refused, match=r"connecting to 127\.0\.0\.1:\d+: Connection refused"):
            Connection(server.address, History())


def test_a_scripted_server_keeps_a_ledger_and_comes_back_on_its_port() -> None:
    with LoopThread() as loop, ScriptedServer(loop, once(fails("internal"), answers)) as server:
        with Connection(server.address, History()) as wire:
            assert wire.call(ping(1)) == Reply("error", {"code": "internal", "message": "as scripted"})
            assert wire.call(ping(2)) == pong(2)
            server.hang_up()
            assert wire.end() == "fin"
        server.listen()
        with Connection(server.address, History()) as wire:
            assert wire.call(ping(3)) == pong(3)
        assert [asked.params for asked in server.ledger("ping")] == [1, 2, 3]
        assert len(server.connects()) == 2


def test_what_passes_is_in_the_history() -> None:
    history = History()
    with LoopThread() as loop, ScriptedServer(loop, answers) as server, Connection(server.address, history) as wire:
        wire.call(ping("x"))
    assert [(event.kind, event.facts["meaning"]) for event in history] == [
        ("sent", "ping 'x'"),
        ("received", "pong 'x'"),
    ]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (None, [b"abcdef"]),
        ([1, 2], [b"a", b"bc", b"def"]),
        ([6], [b"abcdef"]),
        ([9, 9], [b"abcdef"]),
        ([], [b"abcdef"]),
    ],
)
def test_bytes_are_cut_as_told_and_none_is_lost(pieces: list[int] | None, expected: list[bytes]) -> None:
    assert list(cut(b"abcdef", pieces)) == expected


def test_pieces_go_apart_when_the_server_has_read_the_one_before() -> None:
    pieces = [2, 3, 20]
    with closing(socket.create_server(("127.0.0.1", 0))) as listener, ThreadPoolExecutor() as pool:
        sizes = pool.submit(read_sizes, listener)
        with Connection(listener.getsockname(), History()) as wire:
            wire.send(b"x" * 30, pieces=pieces, apart_s=10)
        assert sizes.result() == [*pieces, 5]


def read_sizes(listener: socket.socket) -> list[int]:
    """How many bytes each read of one connection brings."""
    with closing(listener.accept()[0]) as conversation:
        return [len(data) for data in iter(lambda: conversation.recv(100), b"")]
