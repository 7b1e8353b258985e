"""What a fleet's watch sees."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from proctor.history import History
from proctor.schedules.fleet import Fleet
from proctor.schedules.watch import Watch
from proctor.states import Processes, Znodes
from proctor.waiting import eventually


class Member:
    """A server whose parent runs until it is told that it has ended."""

    who = "server 1"

    def __init__(self) -> None:
        self.parent = 10

    def look(self) -> Processes:
        return Processes(who=self.who, parent=self.parent, workers=[])


def test_what_ended_the_wait_is_seen_though_nobody_looked_since() -> None:
    history, member = History(), Member()
    stage = SimpleNamespace(history=history)
    fleet = SimpleNamespace(stage=stage, members=[member], znodes=lambda: Znodes(root="/r", nodes=[]), clients={})
    with Watch(cast(Fleet, fleet)):
        eventually(lambda: Processes.all(history), within=10)
        member.parent = 0
    assert [state.parent for state in Processes.all(history)] == [10, 0]
