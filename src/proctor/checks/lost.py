"""Checks on the calls of a schedule: none lost, none done twice, none answered by the dead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from proctor.call import Call, calls
from proctor.checks.finding import Finding
from proctor.history import History
from proctor.states import Ledger, Processes, Span, spans, stalled_s, terms

CROSSED_S = 0.25  # spec/restart.md, "reload-loses-no-call": who crosses a close on its way learns it so soon

# What a call must not fail of, and the clause that says so; the first that fits.
BLAMED = (
    ("reload", "restart/reload-loses-no-call"),
    ("shrink", "restart/ttou-loses-no-call"),
    ("-client", "client/keeps-the-list-without-registry"),
    ("-server", "discovery/serves-without-registry"),
    ("-registry", "discovery/serves-without-registry"),
)
BY_CLIENT, DIRECTLY = "client/fails-over-when-refused", "supervision/newborn-worker-serves"
EXECUTED = "client/executes-at-most-once"


def replies_are_their_own(history: History) -> Iterator[Finding]:
    """No call is answered with another's reply (C1, C15, F3, F4)."""
    for call in calls(history):
        if call.outcome == "ok" and call.answered != call.expected:
            clause = "wire/ping-echoes" if call.to else "client/answers-match-calls"
            yield Finding(call.ended, f"{call.who} asked {call.asked}, and was answered {call.answered}", clause)


def calls_end_in_time(history: History) -> Iterator[Finding]:
    """No call outlives its timeout by more than `late_s` (C9)."""
    late_s = terms(history).limits["late_s"]
    for call in calls(history):
        if call.timeout_s is not None:
            over_s = call.took_s - call.timeout_s - stalled_s(history, call.invoked, call.ended)
            if over_s > late_s:
                said = f"{call.who} asked {call.asked} for {call.timeout_s:g} s; it took {call.took_s:.2f} s"
                yield Finding(call.ended, said, "client/call-ends-by-its-timeout")


def every_call_has_one_outcome(history: History) -> Iterator[Finding]:
    """Who calls through a client is told once how it went (C15)."""
    by_clients = [call for call in calls(history) if not call.to]
    told = Counter(call.nonce for call in by_clients)
    for call in by_clients:
        if told.pop(call.nonce, 0) > 1:
            yield Finding(call.ended, f"the call {call.nonce!r} has several outcomes", "client/answers-match-calls")


def none_is_executed_twice(history: History) -> Iterator[Finding]:
    """A nonce stands in our own servers' ledgers once at most; not at all, if its caller was told that nobody could be
    reached (C4).
    """
    executed = Counter(nonce for ledger in Ledger.all(history) for nonce in ledger.asked)
    for call in calls(history):
        count = executed[call.nonce]
        if count > 1:
            yield Finding(call.ended, f"the call {call.nonce!r} was executed {count} times", EXECUTED)
        if count and call.outcome == "failed":
            said = f"the call {call.nonce!r} was executed, and its caller told: {call.answered}"
            yield Finding(call.ended, said, EXECUTED)


def what_was_acknowledged_happened(history: History) -> Iterator[Finding]:
    """Where only our own servers serve, each call that succeeded stands in a ledger (C1)."""
    executed = {nonce for ledger in Ledger.all(history) for nonce in ledger.asked}
    if Processes.all(history) or not executed:
        return
    for call in calls(history):
        if call.outcome == "ok" and call.nonce not in executed:
            said = f"the call {call.nonce!r} was answered, and no server was asked"
            yield Finding(call.ended, said, "client/answers-match-calls")


def the_dead_do_not_answer(history: History) -> Iterator[Finding]:
    """No call to a server succeeds that was made when its last process had ended (S16)."""
    died = {state.who: state.at for state in Processes.all(history) if not state.parent and not state.orphans}
    for call in calls(history):
        if call.outcome == "ok" and call.invoked > died.get(call.to, float("inf")):
            said = f"{call.to} answered {call.nonce!r}, when none of its processes lived"
            yield Finding(call.ended, said, "supervision/orphans-end")


def no_call_fails_without_a_reason(history: History) -> Iterator[Finding]:
    """A call fails only while, or soon after, something was done that may cost it (C1, D3, U2)."""
    acts = list(spans(history))
    for call in calls(history):
        if call.outcome != "ok" and not any(excuses(act, call) for act in acts):
            yield Finding(
                call.ended, f"{call.who} asked {call.asked}, and was told: {call.answered}", blamed(call, acts)
            )


def excuses(act: Span, call: Call) -> bool:
    if call.to:
        return act.act.on == call.to and act.excuses("calls", call.invoked, call.ended)
    of_another = act.act.on.startswith("client") and not call.who.startswith(f"{act.act.on.partition(' to ')[0]} ")
    if of_another:
        return False
    if call.outcome == "failed" and act.excuses("list", call.invoked, call.ended):
        return True
    crossed = call.outcome == "unknown" and call.took_s <= CROSSED_S
    return act.excuses("calls", call.invoked, call.ended) or (
        crossed and act.excuses("crossing", call.invoked, call.ended)
    )


def blamed(call: Call, acts: list[Span]) -> str:
    during = [act.act.what for act in acts if act.began <= call.ended]
    for part, clause in BLAMED:
        if any(part in what for what in during):
            return clause
    return DIRECTLY if call.to else BY_CLIENT
