"""What an account tells of the cases that were tried, and what they come to together."""

from __future__ import annotations

import pytest

from proctor.examination.judge import Judgement
from proctor.history import Event
from proctor.model import Verdict
from proctor.reproduction.reproduce import Account
from proctor.reproduction.staging import Tried

EFFECTIVE = Event(2.5, "fault", {"name": "Kill", "phase": "effective", "needs": "signals", "proof": "it fired"})


def tried(verdict: Verdict, message: str = "") -> Tried:
    judgement = Judgement(verdict, message)
    return Tried("chaos/test_a.py::test_it", ("wire/a",), "It is wrong.", judgement, (EFFECTIVE,), 2.0)


def test_the_first_failure_is_told_step_by_step_and_the_others_in_a_line() -> None:
    told: list[str] = []
    account = Account(told.append)
    for outcome in (tried(Verdict.PASS), tried(Verdict.FAIL, "two\nlines"), tried(Verdict.FAIL, "three\nlines")):
        account.hear(outcome)
    assert told[0] == "pass  chaos/test_a.py::test_it (Kill took effect)"
    assert told[1:4] == [
        "fail  chaos/test_a.py::test_it\n    It is wrong.\n",
        "       0.500  fault Kill took effect: it fired",
        "\n  what is seen, against wire/a:\n    two\n    lines\n",
    ]
    assert told[4:] == ["fail  chaos/test_a.py::test_it: three"]


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ((Verdict.PASS, Verdict.PASS), "not shown"),
        ((Verdict.PASS, Verdict.FAIL), "shown"),
        ((Verdict.INCONCLUSIVE, Verdict.FAIL), "shown"),
        ((Verdict.PASS, Verdict.INCONCLUSIVE), "untried"),
        ((Verdict.PASS, Verdict.ERROR), "untried"),
        ((), "untried"),
    ],
)
def test_one_failure_shows_it_and_all_must_pass_to_show_that_it_is_not_there(
    verdicts: tuple[Verdict, ...], outcome: str
) -> None:
    account = Account(lambda _line: None)
    for verdict in verdicts:
        account.hear(tried(verdict, "what was wrong"))
    assert account.outcome() == outcome


def test_why_it_could_not_be_tried_is_told_once() -> None:
    account = Account(lambda _line: None)
    for message in ("no strace\nat all", "no strace\nhere", "no root"):
        account.hear(tried(Verdict.INCONCLUSIVE, message))
    assert account.why_untried() == "no strace; no root"
