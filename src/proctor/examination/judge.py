"""From how a phase of a case ended to a verdict, and whose fault it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from proctor.model import Clause, Verdict
from proctor.outcome import Failure, Inconclusive, TimedOut, Unavailable
from proctor.process.stalls import StallMeter
from proctor.process.text import legible
from proctor.record import WORST_FIRST
from proctor.redaction import Redaction

ANOTHERS_CLOCK = "from pytest-timeout."  # a plugin that ends whatever takes long; its message says so


@dataclass(frozen=True)
class Judgement:
    """`unavailable`: this machine lacks something. `unproven`: a fault did not take, or a premise did not hold, as with
    an implementation that never does what is to be disturbed: its author may know that, and why.
    """

    verdict: Verdict
    message: str = ""
    unavailable: bool = False
    unproven: bool = False

    def told(self, redaction: Redaction) -> Judgement:
        """The same without secrets."""
        return replace(self, message=redaction.text(self.message))


def judge(raised: BaseException | None, stalls: StallMeter) -> Judgement:
    """The verdict of a phase that raised `raised`, or nothing.

    A deadline that passed while the host itself stalled says nothing about the implementation.
    """
    if raised is None:
        return Judgement(Verdict.PASS)
    if isinstance(raised, BaseExceptionGroup):
        return together([judge(part, stalls) for part in raised.exceptions])
    message = legible(str(raised).strip() or repr(raised))
    if isinstance(raised, TimedOut) and stalls.spoiled(raised.started, raised.ended, raised.allowance_s):
        stalled = stalls.between(raised.started, raised.ended)
        return Judgement(Verdict.INCONCLUSIVE, f"the host stalled for {stalled:.2f} s while: {message}")
    if isinstance(raised, pytest.fail.Exception) and message.endswith(ANOTHERS_CLOCK):
        return Judgement(Verdict.INCONCLUSIVE, f"it was ended by a clock that is not the suite's: {message}")
    if isinstance(raised, AssertionError | pytest.fail.Exception):  # the second is what pytest.raises raises, too
        return Judgement(Verdict.FAIL, message)
    if isinstance(raised, Inconclusive):
        unavailable = isinstance(raised, Unavailable)
        return Judgement(Verdict.INCONCLUSIVE, message, unavailable, unproven=not unavailable)
    if isinstance(raised, pytest.skip.Exception):
        return Judgement(Verdict.INCONCLUSIVE, message, unavailable=True)
    return Judgement(Verdict.ERROR, f"{type(raised).__name__}: {message}")


def blamed(raised: BaseException | None, cited: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """Of the clauses that a case cites, those that its ending is about."""
    if not isinstance(raised, Failure):
        return cited
    return tuple(clause for clause in cited if clause.id in raised.clauses) or cited


def together(parts: list[Judgement]) -> Judgement:
    """Of several: a hypothesis test on a server that fails now and then raises its failures in a group."""
    worst = min((part.verdict for part in parts), key=WORST_FIRST.index)
    worse = [part for part in parts if part.verdict is worst]
    message = "\n".join(part.message for part in worse)
    return Judgement(worst, message, all(part.unavailable for part in worse), all(part.unproven for part in worse))
