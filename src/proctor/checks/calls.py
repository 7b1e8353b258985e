"""Checks on calls."""

from __future__ import annotations

from collections.abc import Iterator

from proctor.call import calls
from proctor.checks.finding import Finding
from proctor.history import History


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
