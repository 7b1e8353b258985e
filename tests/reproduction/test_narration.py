"""A history as it is told: a sentence for each event, and of what is long its two ends."""

from __future__ import annotations

from typing import Any

import pytest

from proctor.history import Event
from proctor.reproduction.narration import ALL_LINES, TRAFFIC_LINES, narrate, sentence


@pytest.mark.parametrize(
    ("kind", "facts", "told"),
    [
        ("process", {"what": "server started", "pid": 7, "address": "127.0.0.1:9"}, "7 on 127.0.0.1:9"),
        ("process", {"what": "client ended", "pid": 7}, "client ended: process 7"),
        ("fault", {"name": "Stop", "phase": "injected", "needs": "signals"}, "fault Stop is injected (by signals)"),
        ("fault", {"name": "Stop", "phase": "effective", "needs": "signals", "proof": "state T"}, "effect: state T"),
        ("fault", {"name": "Stop", "phase": "healed", "needs": "signals"}, "fault Stop is healed"),
        ("fault", {"name": "Eintr", "phase": "unavailable", "needs": "strace", "reason": "no strace"}, "no strace"),
        ("sent", {"meaning": "ping 1", "pieces": [1, 2]}, "sent in 2 pieces: ping 1"),
        ("received", {"meaning": "pong 1"}, "received: pong 1"),
        ("workers", {"count": 2, "pids": "3, 4"}, "workers, 2: 3, 4"),
        ("call", {"who": "knock", "outcome": "ok", "asked": "a", "answered": "b", "expected": "b"}, "asked a: b"),
        ("call", {"who": "k", "outcome": "failed", "asked": "a", "answered": "b", "expected": "c"}, "expected c"),
        ("client asked", {"number": 3, "request": "{}"}, "the client is asked, 3: {}"),
        ("client call", {"number": 3, "outcome": "pong"}, "the client answers, 3: pong"),
        ("act", {"number": 1, "what": "kill", "on": "server 1", "phase": "begins"}, "kill on server 1 begins"),
        ("processes", {"who": "server 1", "parent": 7, "workers": [8], "zombies": []}, ": parent 7, workers [8]"),
        ("processes", {"who": "server 1", "parent": 7, "workers": [], "zombies": [8]}, "dead and not reaped [8]"),
        ("what comes later", {"some": "fact"}, "what comes later: some fact"),
    ],
)
def test_each_event_is_a_sentence(kind: str, facts: dict[str, Any], told: str) -> None:
    assert sentence(Event(0.0, kind, facts)).endswith(told)


def test_steps_have_their_times_and_the_case_itself_is_none() -> None:
    events = [Event(5.0, "case", {"name": "test_a"}), Event(6.5, "workers", {"count": 1, "pids": "3"})]
    assert list(narrate(events, 5.0)) == ["   1.500  workers, 1: 3"]


def test_what_an_implementation_says_is_nothing_that_a_terminal_or_a_ci_obeys() -> None:
    (line,) = narrate([Event(0.0, "received", {"meaning": "\x1b[31m\n::error::pong 1"})], 0.0)
    assert line == r"   0.000  received: \x1b[31m\n::error::pong 1"
    (line,) = narrate([Event(0.0, "received", {"meaning": "::error::pong 1"})], 0.0)
    assert line == r"   0.000  received: \x3a:error::pong 1"


def test_much_traffic_is_told_by_its_two_ends_and_what_interrupts_it_is_not_lost() -> None:
    events = [Event(float(n), "sent", {"meaning": f"ping {n}"}) for n in range(30)]
    events[20] = Event(20.0, "fault", {"name": "Kill", "phase": "healed", "needs": "signals"})
    lines = list(narrate(events, 0.0))
    assert lines[3:6] == ["   3.000  sent: ping 3", "     ...  12 more lines", "  16.000  sent: ping 16"]
    assert "  20.000  fault Kill is healed" in lines
    assert len(lines) == TRAFFIC_LINES + 1 + 1 + 9


def test_no_story_is_longer_than_a_screen_or_two() -> None:
    events = [Event(float(n), "workers", {"count": n, "pids": ""}) for n in range(500)]
    lines = list(narrate(events, 0.0))
    assert len(lines) == ALL_LINES + 1
    assert lines[-1].startswith(" 499.000")
