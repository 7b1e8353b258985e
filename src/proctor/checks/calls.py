"""Checks on calls.

A call is recorded as an event `call` when its outcome is known: `invoked` and `ended` in seconds of time.monotonic(),
`outcome` ok, failed (certainly not executed, or answered by an error) or unknown (a timeout, a broken connection),
`asked` and `answered` as text, `expected` the answer that would be right, `timeout_s` if it had one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from proctor.checks.finding import Finding
from proctor.history import History

Kind = Literal["ok", "failed", "unknown"]


@dataclass(frozen=True)
class Call:
    """One call of a history. Times in seconds of time.monotonic()."""

    who: str
    invoked: float
    ended: float
    outcome: Kind
    asked: str
    answered: str
    expected: str
    timeout_s: float | None = None

    @property
    def took_s(self) -> float:
        return self.ended - self.invoked


def record(history: History, call: Call) -> None:
    history.record("call", **vars(call))


def calls(history: History, since: float = 0.0) -> list[Call]:
    return [Call(**event.facts) for event in history.events("call", since)]


def replies_answer_their_own_request(history: History, since: float = 0.0) -> Iterator[Finding]:
    """No call is answered with another call's reply, or with a wrong one (C1, C15, F3, F4)."""
    for call in calls(history, since):
        if call.outcome == "ok" and call.answered != call.expected:
            yield Finding(call.ended, f"{call.who} asked {call.asked} and was answered {call.answered}")


def every_call_succeeds(history: History, since: float = 0.0) -> Iterator[Finding]:
    """Where a fault must cost no call (reload, resize, one worker of several): none failed, none is unknown."""
    for call in calls(history, since):
        if call.outcome != "ok":
            yield Finding(call.ended, f"{call.who} asked {call.asked}: {call.outcome}: {call.answered}")


def no_call_outlives_its_deadline(history: History, late_s: float, since: float = 0.0) -> Iterator[Finding]:
    """A call ends by its timeout, and `late_s` seconds more for the machine (C9)."""
    for call in calls(history, since):
        if call.timeout_s is not None and call.took_s > call.timeout_s + late_s:
            yield Finding(
                call.ended, f"{call.who} asked {call.asked} for {call.timeout_s} s; it took {call.took_s:.2f} s"
            )


def calls_were_made(history: History, least: int, since: float = 0.0) -> Iterator[Finding]:
    """A load that never ran shows nothing."""
    made = len(calls(history, since))
    if made < least:
        yield Finding(since, f"only {made} calls were made, fewer than the {least} that show anything")
