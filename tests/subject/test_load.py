"""A load records every call that it makes, and does not hide what ended it."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from proctor.call import calls
from proctor.history import History
from proctor.outcome import TimedOut
from proctor.subject.load import CROSSED_WITHIN_S, Load, Told, check_crossed, through
from proctor.waiting import eventually
from proctor.wire.connection import Ended

WITHIN_S = 10.0


def answered(number: int) -> Told:
    return "ok", f"ping {number}", f"pong {number}", f"pong {number}"


def subject(**methods: Any) -> Any:
    return SimpleNamespace(history=History(), **methods)


def test_every_call_is_recorded() -> None:
    called = subject()
    with Load("load", lambda: answered, called, threads=3, pace_s=0.001) as load:
        eventually(lambda: load.made >= 30, within=WITHIN_S)
    assert load.made == len(calls(called.history))
    assert {call.who for call in calls(called.history)} == {"load 0", "load 1", "load 2"}
    assert {call.asked for call in calls(called.history)} == {f"ping {number}" for number in range(load.made)}


def test_what_ends_a_thread_is_raised_on_leaving() -> None:
    called = threading.Event()

    def hangs(_pending: object) -> None:
        called.set()
        raise TimedOut("the client hangs", time.monotonic(), time.monotonic())

    client = subject(start_call=lambda *_: None, outcome_in_time=hangs)
    with pytest.raises(TimedOut, match="the client hangs"), through(client, threads=1):
        assert called.wait(WITHIN_S)


def test_a_failure_of_the_block_itself_comes_first() -> None:
    called = threading.Event()

    def hangs(_number: int) -> Told:
        called.set()
        raise TimedOut("the client hangs", time.monotonic(), time.monotonic())

    def fail() -> None:
        with Load("load", lambda: hangs, subject(), 1, 0.001):
            assert called.wait(WITHIN_S)
            raise AssertionError("of the block")

    with pytest.raises(AssertionError, match="of the block"):
        fail()


def test_a_call_that_crossed_the_close_of_its_connection_is_forgiven() -> None:
    """At once, or however late we look if the kernel shows that the request can't have been read."""
    now = time.monotonic()
    check_crossed(Ended("reset", "rst"), now)
    check_crossed(Ended("closed", "fin", before=True), now - 60)


def test_a_call_that_was_read_and_dropped_is_not_forgiven() -> None:
    with pytest.raises(Ended, match="half a reply"):
        check_crossed(Ended("half a reply", "fin", begun=True), time.monotonic())
    with pytest.raises(TimedOut, match=r"closed, 60\.\d\d s after the request") as late:
        check_crossed(Ended("closed", "fin"), time.monotonic() - 60)
    assert late.value.allowance_s == CROSSED_WITHIN_S  # of which the judge asks how much the host has stalled
