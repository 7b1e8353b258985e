"""From how a case ended to its verdict: whose fault it is, and when nobody can say."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from proctor.examination.judge import Judgement, judge
from proctor.faults.fault import NeverProven
from proctor.model import Verdict
from proctor.outcome import Failure, Inconclusive, TimedOut, Unavailable
from proctor.process.process import Gone
from proctor.process.stalls import StallMeter
from proctor.wire.connection import Ended, NoReply, NotAReply, Refused
from tests.examination.stalled import QUIET, Stalled


def verdict(raised: BaseException | None, stalls: StallMeter = QUIET) -> Verdict:
    return judge(raised, stalls).verdict


def test_what_raises_nothing_passes() -> None:
    assert judge(None, QUIET) == Judgement(Verdict.PASS)


@pytest.mark.parametrize(
    "raised",
    [
        AssertionError("two nodes"),
        Failure("two nodes"),
        TimedOut("two nodes", 10, 15),
        NoReply("two nodes", 10, 15),
        Ended("two nodes", "rst"),
        NotAReply("two nodes"),
        Refused("two nodes"),
    ],
    ids=repr,
)
def test_what_the_implementation_does_wrong_fails(raised: BaseException) -> None:
    assert judge(raised, QUIET) == Judgement(Verdict.FAIL, "two nodes")


def test_an_assertion_without_words_shows_itself() -> None:
    assert judge(AssertionError(), QUIET) == Judgement(Verdict.FAIL, "AssertionError()")


def test_an_implementation_that_accepts_what_it_should_refuse_fails() -> None:
    """`with pytest.raises(Refused)` does not raise an AssertionError."""
    with pytest.raises(pytest.fail.Exception) as caught, pytest.raises(Refused):
        pass
    assert verdict(caught.value) is Verdict.FAIL


def test_a_clock_that_is_not_the_suite_s_blames_nobody() -> None:
    with pytest.raises(pytest.fail.Exception) as caught:
        pytest.fail("Timeout (>5.0s) from pytest-timeout.")
    assert verdict(caught.value) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("kind", [TimedOut, NoReply])
def test_a_deadline_that_passed_while_the_host_stalled_says_nothing(kind: type[TimedOut]) -> None:
    late = kind("waited 5 s for the node", 10, 15)
    assert judge(late, Stalled(11, 13)) == Judgement(
        Verdict.INCONCLUSIVE, "the host stalled for 2.00 s while: waited 5 s for the node"
    )
    assert verdict(late, Stalled(11, 11.5)) is Verdict.FAIL, "the implementation had nearly all of its time"
    assert verdict(late, Stalled(3, 9)) is Verdict.FAIL, "it was over before the wait began"
    assert verdict(late, Stalled(15, 60)) is Verdict.FAIL, "it began when the wait was over"


def test_of_a_call_that_is_late_only_the_lateness_counts() -> None:
    """It was allowed half a second after its timeout of ten: a stall of half a second explains all of that."""
    late = TimedOut("the call took 10.6 s", 10, 20.6, allowance_s=0.5)
    assert verdict(late, Stalled(12, 12.5)) is Verdict.INCONCLUSIVE
    assert verdict(late, Stalled(12, 12.1)) is Verdict.FAIL


def test_a_stall_excuses_nothing_but_lateness() -> None:
    assert verdict(AssertionError("two nodes"), Stalled(0, 1000)) is Verdict.FAIL


@pytest.mark.parametrize("raised", [Inconclusive("no effect"), Gone("no effect")])
def test_what_nobody_can_say_is_inconclusive(raised: BaseException) -> None:
    assert judge(raised, QUIET) == Judgement(Verdict.INCONCLUSIVE, "no effect", unproven=True)


@pytest.mark.parametrize("raised", [Unavailable("no strace"), pytest.skip.Exception("no strace")])
def test_what_this_machine_cannot_do_is_inconclusive_and_said_to_be_so(raised: BaseException) -> None:
    assert judge(raised, QUIET) == Judgement(Verdict.INCONCLUSIVE, "no strace", unavailable=True)


@pytest.mark.parametrize("raised", [OSError("no memory"), NeverProven("no memory"), KeyError("no memory")], ids=repr)
def test_anything_else_is_an_error_of_the_kit(raised: BaseException) -> None:
    judgement = judge(raised, QUIET)
    assert judgement.verdict is Verdict.ERROR
    assert judgement.message.startswith(f"{type(raised).__name__}: ")
    assert "no memory" in judgement.message


def test_a_server_that_fails_now_and_then_fails() -> None:
    """hypothesis tries a failure again, and raises a group of its own if it doesn't come back."""
    asked = iter(range(100))

    @hypothesis.settings(phases=[hypothesis.Phase.generate], database=None, max_examples=20)
    @hypothesis.given(st.integers())
    def echoes(_: int) -> None:
        if next(asked) == 3:
            raise Failure("the fourth worker lies")

    with pytest.raises(hypothesis.errors.FlakyFailure) as caught:
        echoes()
    assert judge(caught.value, QUIET) == Judgement(Verdict.FAIL, "the fourth worker lies")


def test_of_several_failures_together_the_worst_counts() -> None:
    failed, late, broken = AssertionError("two nodes"), TimedOut("waited 5 s", 10, 15), OSError("no memory")
    stalled = Stalled(10, 15)
    assert verdict(ExceptionGroup("", [failed, late]), stalled) is Verdict.FAIL
    assert verdict(ExceptionGroup("", [late]), stalled) is Verdict.INCONCLUSIVE
    assert verdict(ExceptionGroup("", [failed, ExceptionGroup("", [broken])]), stalled) is Verdict.ERROR
