"""The timeline in a terminal: a line for each thing, one for many calls, and nothing that a terminal would obey."""

from __future__ import annotations

import textwrap

import pytest

from proctor.history import History
from proctor.report.timeline import text_timeline
from proctor.report.timeline.text import MOST_LINES, MOST_OF_A_KIND, STRETCHES, WIDTH, stretch
from tests.report.timeline.stories import Story, a_death_and_an_expiry, node

TOLD = """
    chaos/a
    2.000 s, 3 calls by 1 client (2 ok, 1 failed), 1 fault, 1 violated check

              seconds  where                       what
                0.000  case                        name chaos/a
                0.500  server 1 parent             100 parent
                0.500  server 1 process 1          101 worker
           0.6 to 0.7  calls                       2 ok; p50 2 ms, p99 20 ms, max 20 ms
           0.7 to 0.8  calls                       1 failed; p50 100 ms, p99 100 ms, max 100 ms
                0.750  /demo/rpc0000000000         {"host": "127.0.0.1", "port": 7001}, owner 0xa1
                0.875  client 0                    1 server: 127.0.0.1:7001
                1.000  fault                       Kill begins: Kill, injected with signals
                1.125  server 1 process 1          101 zombie
                1.250  fault                       Kill took effect: Kill was seen
                1.500  fault                       Kill is healed
                1.750  !! VIOLATED                 reaped supervision/every-death-is-reaped
                                                   101 was still a zombie
                2.000  server 1 process 1          101 gone
"""


def lines(history: History) -> list[str]:
    return list(text_timeline(history))


def test_a_story_reads_in_order() -> None:
    story = Story().tell(0, "case", name="chaos/a").processes(0.5, 100, 101)
    story.call(0.6, 0.602).call(0.61, 0.63).call(0.7, 0.8, "failed")
    story.fault(1, "Kill", 1, 1.25, 1.5).processes(1.125, 100, zombies=[101]).processes(2, 100)
    story.nodes(0.75, node(0, 7001, 0xA1)).view(0.875, "127.0.0.1:7001")
    story.finding(1.75, "reaped", "101 was still a zombie", "supervision/every-death-is-reaped")
    assert "\n".join(lines(story.history())) == textwrap.dedent(TOLD).strip()


def test_thousands_of_calls_are_a_few_lines() -> None:
    story = Story()
    for number in range(5000):
        story.call(number / 1000, number / 1000 + 0.004, who=f"client {number % 9}")
    found = lines(story.history())
    assert len(found) < STRETCHES + 10
    assert "5000 calls by 9 clients (5000 ok)" in found[1]


@pytest.mark.parametrize("length_s", [0, 0.0004, 0.02, 1, 7, 59, 86400, 1e9])
def test_there_are_few_stretches_however_long_it_lasts(length_s: float) -> None:
    assert length_s / stretch(length_s) <= STRETCHES


def test_kinds_of_which_there_are_many_are_counted() -> None:
    story = Story().tell(0, "case", name="a").tell(0.5, "rare", what="seen once")
    for number in range(MOST_OF_A_KIND + 1):
        story.tell(1 + number, "frequent").tell(1 + number, "sent", meaning="ping 1")
    found = lines(story.history())
    assert any("seen once" in line for line in found)
    assert found[-1] == f"and {MOST_OF_A_KIND + 1} frequent, {MOST_OF_A_KIND + 1} sent"


def test_it_ends_somewhere() -> None:
    story = Story()
    for number in range(2 * MOST_LINES):
        story.view(number, f"127.0.0.1:{number}")
    found = lines(story.history())
    assert f"... and {MOST_LINES} lines more" in found
    assert len(found) < MOST_LINES + 10


def test_an_empty_history_says_so() -> None:
    assert lines(History()) == [
        "a history",
        "0.000 s, no faults, no violated checks",
        "note: the history is empty",
    ]


def test_no_line_is_wider_than_a_terminal_or_holds_what_one_would_obey() -> None:
    hostile = "\x1b]0;owned\x07\x1b[31m\r\u202e" + "y" * 500
    story = a_death_and_an_expiry().call(1, 2, asked=hostile, who=hostile).view(3, hostile, who=hostile)
    story.finding(3, hostile, f"{hostile}\n{hostile}", hostile).tell(4, hostile, what=hostile)
    found = list(text_timeline(story.history(), title=hostile, facts={hostile: hostile}))
    assert all(line.isprintable() for line in found)
    assert max(map(len, found)) <= WIDTH
    assert any(r"\x1b[31m" in line for line in found)
