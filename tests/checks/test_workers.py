"""How many workers there were, from counts written by hand."""

from __future__ import annotations

from proctor.checks.workers import never_fewer_than
from proctor.subject.census import Count


def counts(*seen: set[int]) -> list[Count]:
    return [Count(float(at), frozenset(pids)) for at, pids in enumerate(seen)]


def test_new_workers_before_the_old_ones_leave_are_never_fewer() -> None:
    assert not list(never_fewer_than(2, counts({1, 2}, {1, 2, 3, 4}, {3, 4})))


def test_a_look_that_missed_the_newborn_is_not_believed_alone() -> None:
    assert not list(never_fewer_than(2, counts({1, 2}, set(), {3, 4})))


def test_fewer_in_two_looks_in_a_row_were_fewer() -> None:
    (found,) = never_fewer_than(2, counts({1, 2}, {1}, {1}, {1, 3}))
    assert found.at == 2.0
    assert found.message == "at one moment the workers were 1: fewer than 2"


def test_none_at_all_are_told_as_none() -> None:
    (found,) = never_fewer_than(1, counts(set(), set()))
    assert "the workers were (none): fewer than 1" in found.message
