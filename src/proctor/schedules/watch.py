"""Watches a fleet, and has the history tell of each change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from proctor.schedules.fleet import Fleet
from proctor.states import State, View

PROCESSES_EVERY_S = 0.05
NODES_EVERY_S = 0.05
VIEWS_EVERY_S = 0.1


class Watch:
    """Looks again and again, from entering the block until leaving it. What ends a look is raised on leaving."""

    def __init__(self, fleet: Fleet) -> None:
        self._history = fleet.stage.history
        self._over = threading.Event()
        self._errors: list[Exception] = []
        self._threads = [self._thread(member.who, member.look, PROCESSES_EVERY_S) for member in fleet.members]
        self._threads.append(self._thread("registry", fleet.znodes, NODES_EVERY_S))
        self._threads += [self._thread(who, viewing(fleet, who), VIEWS_EVERY_S) for who in fleet.clients]

    def __enter__(self) -> Watch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        if error is None and self._errors:
            raise self._errors[0]

    def _thread(self, name: str, look: Callable[[], State], every_s: float) -> threading.Thread:
        return threading.Thread(target=self._watch, args=(look, every_s), name=f"proctor-watches-{name}", daemon=True)

    def _watch(self, look: Callable[[], State], every_s: float) -> None:
        last: State | None = None
        try:
            while not self._over.wait(every_s):
                seen = look()
                if seen != last:
                    seen.record(self._history)
                last = seen
        except Exception as error:
            self._errors.append(error)


def viewing(fleet: Fleet, who: str) -> Callable[[], State]:
    return lambda: View(who=who, servers=fleet.listed(who))
