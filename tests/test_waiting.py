"""Waits end at the event or at the deadline, and say what they saw."""

import itertools
import time

import pytest

from proctor.outcome import Failure, Inconclusive, TimedOut
from proctor.waiting import eventually, kept, throughout


def test_a_wait_ends_at_the_event_and_gives_what_it_saw() -> None:
    looks = iter([0, None, "", "there"])
    assert eventually(lambda: next(looks), within=5) == "there"


def test_an_assertion_in_the_look_means_not_yet() -> None:
    count = itertools.count()

    def third_look() -> bool:
        assert next(count) >= 2, "too early"
        return True

    assert eventually(third_look, within=5)


def test_a_deadline_names_what_was_awaited_and_what_was_seen_last() -> None:
    def never() -> bool:
        raise AssertionError("two zombies: 7, 9")

    with pytest.raises(TimedOut, match=r"waited 0.05 s for all to be reaped; last seen: two zombies: 7, 9") as caught:
        eventually(never, within=0.05, what="all to be reaped")
    assert 0.05 <= caught.value.ended - caught.value.started < 5


def test_a_final_failure_is_not_waited_out() -> None:
    class Broken(Failure):
        final = True

    def look() -> bool:
        raise Broken("for good")

    with pytest.raises(Broken, match="for good"):
        eventually(look, within=60)


def test_other_exceptions_are_not_waited_out() -> None:
    def broken() -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        eventually(broken, within=5)


def test_what_must_hold_is_looked_at_to_the_end() -> None:
    began = time.monotonic()
    looks = throughout(lambda: None, 0.05)
    assert looks > 1
    assert time.monotonic() - began >= 0.05


def test_what_ceases_to_hold_fails_at_once() -> None:
    seen = iter([True, True, False, True])

    def look() -> None:
        assert next(seen), "it ceased"

    with pytest.raises(AssertionError, match="it ceased"):
        throughout(look, 10.0)


def test_what_is_kept_up_by_signs_of_life_is_told_with_its_allowance_when_it_is_lost() -> None:
    """A session that is lost after 1.3 s was lost in the 1.3 s before: what the host did then is what counts."""
    seen = iter([True, True, False])

    def look() -> None:
        assert next(seen), "no node"

    began = time.monotonic()
    with pytest.raises(TimedOut, match="no node") as caught:
        kept(look, 10.0, 100.0)
    assert caught.value.allowance_s == 100
    assert caught.value.ended >= began
    assert caught.value.started == pytest.approx(caught.value.ended - 100)


@pytest.mark.parametrize("last", [False, True], ids=["a look before it", "the look that saw it"])
def test_a_loss_that_was_seen_late_says_nothing(last: bool) -> None:
    """What held up the kit's own look, as a registry that answers nobody, may have held up the signs of life."""
    seen = iter([True, True, False])

    def look() -> None:
        holds = next(seen)
        if holds != last:
            time.sleep(0.3)
        assert holds, "no node"

    with pytest.raises(Inconclusive, match=r"looked only after \d+\.\d\d s, and saw: no node"):
        kept(look, 10.0, 1.0)


def test_what_is_kept_is_looked_at_to_the_end() -> None:
    began, looks = time.monotonic(), itertools.count()
    kept(lambda: next(looks), 0.05, 1.0)
    assert next(looks) > 1
    assert time.monotonic() - began >= 0.05
