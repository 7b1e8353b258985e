"""What is to be done later in a worker's loop."""

from __future__ import annotations

import pytest

from reference import timers as module
from reference.timers import Timers


def test_what_is_due_runs_in_the_order_of_its_time() -> None:
    timers, ran = Timers(), list[str]()
    timers.after(-1, lambda: ran.append("second"))
    timers.after(-2, lambda: ran.append("first"))
    timers.after(1000, lambda: ran.append("never"))
    assert 0 < timers.run_due() <= 1000
    assert ran == ["first", "second"]


def test_what_starts_itself_again_waits_for_the_next_round() -> None:
    """Otherwise a call that takes many steps would never let the loop see anything else."""
    timers, ran = Timers(), list[int]()

    def again() -> None:
        ran.append(len(ran))
        timers.after(0, again)

    timers.after(0, again)
    timers.run_due()
    timers.run_due()
    assert ran == [0, 1]


def test_time_that_an_action_takes_is_not_waited_for_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    timers = Timers()

    def take_five_seconds() -> None:
        now[0] += 5.0

    timers.after(0, take_five_seconds)
    timers.after(7, take_five_seconds)
    assert timers.run_due() == 2.0
    timers.after(4, take_five_seconds)
    now[0] += 3.0
    assert timers.run_due() == 0.0, "the other one has come due meanwhile"


def test_a_cancelled_timer_does_nothing() -> None:
    timers, ran = Timers(), list[str]()
    timers.after(-1, lambda: ran.append("cancelled")).cancel()
    assert timers.run_due() == -1
    assert ran == []


def test_nothing_to_do_has_no_time() -> None:
    assert Timers().run_due() == -1
