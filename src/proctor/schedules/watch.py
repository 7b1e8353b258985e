"""Watches a fleet, and has the history tell of each change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from proctor.background import Background
from proctor.schedules.fleet import Fleet
from proctor.states import State, View

PROCESSES_EVERY_S = 0.05
NODES_EVERY_S = 0.05
VIEWS_EVERY_S = 0.1


class Watch(Background):
    """Looks again and again, and once more when it is over: what ended the wait for rest may be younger than a look."""

    def __init__(self, fleet: Fleet) -> None:
        super().__init__()
        self._history = fleet.stage.history
        for member in fleet.members:
            self._look_on(member.who, member.look, PROCESSES_EVERY_S)
        self._look_on("registry", fleet.znodes, NODES_EVERY_S)
        for who in fleet.clients:
            self._look_on(who, viewing(fleet, who), VIEWS_EVERY_S)

    def _look_on(self, name: str, look: Callable[[], State], every_s: float) -> None:
        self.add(f"watches {name}", partial(self._watch, look, every_s))

    def _watch(self, look: Callable[[], State], every_s: float) -> None:
        last: State | None = None
        over = False
        while not over:
            over = self.over.wait(every_s)
            seen = look()
            if seen != last:
                seen.record(self._history)
            last = seen


def viewing(fleet: Fleet, who: str) -> Callable[[], State]:
    return lambda: View(who=who, servers=fleet.listed(who))
