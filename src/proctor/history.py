"""What happened, in order: the only thing that faults and checks share.

Append-only, one monotonic clock, JSON lines. What checks and timelines read, by kind, with its facts:

    case        name: a case began
    call        see `proctor.call`
    fault       number, name, needs, phase: injected, effective (proof), healed, or unavailable (reason)
    trigger     fault (its number, if it is for one), what: the event that was waited for came
    schedule    what is done to which fleet: see `proctor.schedules`
    server, processes, resources, znodes, view, act, ledger, stalled, quiet, terms
                what that fleet was like: see `proctor.states`
    finding     check, clause, moment, message: what a check found
"""

from __future__ import annotations

import json
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

LATEST_S = 1e12  # no clock shows more


@dataclass(frozen=True)
class Event:
    """One line of the history. `at` is in seconds of time.monotonic()."""

    at: float
    kind: str
    facts: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        return json.dumps({"at": round(self.at, 6), "kind": self.kind, **self.facts}, default=repr)


class History:
    """Events in the order in which they were recorded; safe from any thread."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._lock = threading.Lock()

    def record(self, kind: str, **facts: Any) -> Event:
        with self._lock:
            event = Event(time.monotonic(), kind, facts)
            self._events.append(event)
        return event

    def events(self, kind: str | None = None, since: float = 0.0) -> list[Event]:
        """A snapshot, optionally of one kind and from a moment on."""
        with self._lock:
            found = self._events[bisect_left(self._events, since, key=attrgetter("at")) :]
        return [event for event in found if kind in (None, event.kind)]

    def forget(self, began: float, ended: float, keep: Collection[str]) -> None:
        """Drop what was recorded between two moments, but for events of these kinds: a long run would fill memory."""
        with self._lock:
            self._events = [event for event in self._events if not began <= event.at < ended or event.kind in keep]

    def later(self, since: float) -> History:
        """What was recorded from a moment on, as a history of its own."""
        return History.of(self.events(since=since))

    def told(self, tell: Callable[[Any], Any]) -> History:
        """A history of its own in which each event's facts are what `tell` makes of them."""
        return History.of(Event(event.at, event.kind, tell(event.facts)) for event in self)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events())

    def save(self, path: Path) -> None:
        path.write_text("".join(event.line() + "\n" for event in self))

    @classmethod
    def of(cls, events: Iterable[Event]) -> History:
        """Of events that are there already, in their order."""
        history = cls()
        history._events.extend(events)
        return history

    @classmethod
    def load(cls, path: Path) -> History:
        """Read a saved history. OSError if there is none; ValueError names file and line that isn't an event."""
        events = []
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                events.append(event_of(json.loads(line)))
            except (ValueError, RecursionError) as error:
                raise ValueError(f"{path}:{number}: not an event of a history: {error}") from None
        return cls.of(events)


def event_of(facts: object) -> Event:
    """An event from its line. ValueError if it isn't one."""
    if not isinstance(facts, dict) or not {"at", "kind"} <= facts.keys():
        raise ValueError("expected an object with 'at' and 'kind'")
    at, kind = facts.pop("at"), facts.pop("kind")
    if not isinstance(at, float | int) or isinstance(at, bool) or not abs(at) <= LATEST_S:
        raise ValueError(f"'at' must be a number of seconds, not {at!r:.40}")
    if not isinstance(kind, str):
        raise ValueError(f"'kind' must be text, not {kind!r:.40}")
    return Event(float(at), kind, facts)
