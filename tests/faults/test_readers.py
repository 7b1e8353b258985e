"""A client that doesn't read holds up whoever writes to it, and that is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proctor.faults.readers import Unread
from proctor.history import History
from proctor.loop import LoopThread
from proctor.outcome import Inconclusive
from proctor.wire.connection import Connection
from proctor.wire.messages import pong
from proctor.wire.scripted import Asked, Dialogue, ScriptedServer, answers, stays_silent

SMALL = 1024
TEXT = "u" * 60_000  # fits the frames of every server


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with LoopThread() as loop, ScriptedServer(loop, answers) as server:
        yield server


def test_the_server_holds_what_the_kernel_does_not_take(server: ScriptedServer) -> None:
    history = History()
    with (
        Connection(server.address, history, receive_buffer=SMALL) as one,
        Connection(server.address, history, receive_buffer=SMALL) as other,
        Unread([one, other], history, TEXT) as fault,
    ):
        assert "owed to 2 readers" in fault.took_effect()
        for wire in (one, other):
            assert wire.on_the_way() < fault.due(wire) * len(TEXT)
            assert wire.replies(fault.due(wire)) == [pong(TEXT)] * fault.due(wire)


def test_who_is_answered_in_full_asks_again(server: ScriptedServer) -> None:
    with Connection(server.address, History()) as wire, Unread([wire], History(), "u" * 300_000) as fault:
        fault.took_effect()  # with a common receive buffer the kernel takes megabytes
        assert fault.due(wire) > 1
        assert wire.on_the_way() < fault.due(wire) * 300_000


def test_readers_that_wait_for_another_reader_are_held_up_too(server: ScriptedServer) -> None:
    history = History()
    served: list[int] = []

    async def one_reader_only(dialogue: Dialogue, asked: Asked) -> None:
        served.append(dialogue.number)
        if dialogue.number == served[0]:
            await answers(dialogue, asked)

    server.behave(one_reader_only)
    with (
        Connection(server.address, history, receive_buffer=SMALL) as one,
        Connection(server.address, history, receive_buffer=SMALL) as other,
        Unread([one, other], history, TEXT) as fault,
    ):
        fault.took_effect()
        assert sorted(wire.on_the_way() > 0 for wire in (one, other)) == [False, True]


def test_a_server_that_does_not_answer_is_not_held_up(server: ScriptedServer) -> None:
    server.behave(stays_silent)
    with (
        pytest.raises(Inconclusive, match="Unread did not take effect"),
        Connection(server.address, History(), receive_buffer=SMALL) as wire,
        Unread([wire], History(), TEXT) as fault,
    ):
        fault.took_effect(within=0.3)
