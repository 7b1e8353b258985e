"""Checks on histories written by hand, lawful and unlawful."""

from __future__ import annotations

import pytest

from proctor.call import Call, record
from proctor.checks.calls import (
    calls_were_made,
    every_call_succeeds,
    no_call_outlives_its_deadline,
    replies_answer_their_own_request,
)
from proctor.checks.finding import none_found
from proctor.history import History
from proctor.outcome import Failure

LAWFUL = Call("client 0", 1.0, 1.1, "ok", "ping 1", "pong 1", "pong 1", timeout_s=1.0)
SWAPPED = Call("client 0", 1.0, 1.1, "ok", "ping 1", "pong 2", "pong 1")
LOST = Call("client 1", 1.0, 1.1, "unknown", "ping 3", "the connection was reset", "pong 3")
LATE = Call("client 1", 1.0, 3.0, "unknown", "ping 4", "timeout", "pong 4", timeout_s=1.0)


def history(*calls: Call) -> History:
    made = History()
    for call in calls:
        record(made, call)
    return made


def test_a_lawful_history_has_no_findings() -> None:
    lawful = history(LAWFUL, LAWFUL)
    none_found(
        replies_answer_their_own_request(lawful),
        every_call_succeeds(lawful),
        no_call_outlives_its_deadline(lawful, late_s=0.5),
        calls_were_made(lawful, least=2),
    )


def test_a_swapped_reply_is_found() -> None:
    with pytest.raises(Failure, match="client 0 asked ping 1 and was answered pong 2"):
        none_found(replies_answer_their_own_request(history(LAWFUL, SWAPPED)))


def test_a_lost_call_is_found() -> None:
    with pytest.raises(Failure, match="client 1 asked ping 3: unknown: the connection was reset"):
        none_found(every_call_succeeds(history(LAWFUL, LOST)))


def test_a_call_that_outlives_its_deadline_is_found_and_one_without_is_not() -> None:
    assert not list(no_call_outlives_its_deadline(history(SWAPPED), late_s=0.5))
    with pytest.raises(Failure, match=r"client 1 asked ping 4 for 1\.0 s; it took 2\.00 s"):
        none_found(no_call_outlives_its_deadline(history(LATE), late_s=0.5))


def test_a_load_that_never_ran_shows_nothing() -> None:
    with pytest.raises(Failure, match="only 1 calls were made, fewer than the 10"):
        none_found(calls_were_made(history(LAWFUL), least=10))


def test_many_findings_are_cut_and_counted() -> None:
    with pytest.raises(Failure, match=r"\.\.\. and 7 more"):
        none_found(every_call_succeeds(history(*[LOST] * 12)))
