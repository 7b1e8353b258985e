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
from proctor.wire.scripted import ScriptedServer, answers, stays_silent

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
        assert "of 2 replies of 60000 bytes" in fault.took_effect()
        assert one.reply() == pong(fault.request.params)
        assert other.reply() == pong(fault.request.params)


def test_a_reply_that_fits_the_kernel_holds_up_nobody(server: ScriptedServer) -> None:
    with (
        pytest.raises(Inconclusive, match="Unread did not take effect"),
        Connection(server.address, History()) as wire,
        Unread([wire], History(), "short") as fault,
    ):
        fault.took_effect(within=0.3)


def test_a_server_that_does_not_answer_is_not_held_up(server: ScriptedServer) -> None:
    server.behave(stays_silent)
    with (
        pytest.raises(Inconclusive, match="Unread did not take effect"),
        Connection(server.address, History(), receive_buffer=SMALL) as wire,
        Unread([wire], History(), TEXT) as fault,
    ):
        fault.took_effect(within=0.3)
