"""What happened, in order: the only thing that faults and checks share.

Append-only, one monotonic clock, JSON lines. What checks and timelines read, by kind, with its facts:

    case        name: a case began
    call        see `proctor.call`
    fault       number, name, needs, phase: injected, effective (proof), healed, or unavailable (reason)
    server      who, address, root, workers, pid of the parent: one was started
    processes   who, parent, workers, zombies, others (pids): of one server, whenever one of them changes
    resources   who, descriptors, threads, memory_kb, cpu_s: of one server's processes together
    znodes      root, nodes (path, data, owner): whenever they change
    view        who, servers: what a client lists, whenever that changes
    trigger     fault (its number), what: the event that a fault waited for came
    quiet       every fault is healed, and nothing is on its way any more
    finding     check, moment, message: what a check found
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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
            found = list(self._events)
        return [event for event in found if event.at >= since and kind in (None, event.kind)]

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events())

    def save(self, path: Path) -> None:
        path.write_text("".join(event.line() + "\n" for event in self))

    @classmethod
    def load(cls, path: Path) -> History:
        """Read a saved history; ValueError names the file and the line that isn't an event."""
        history = cls()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            try:
                facts = json.loads(line)
                history._events.append(Event(facts.pop("at"), facts.pop("kind"), facts))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{path}:{number}: not an event of a history: {error}") from None
        return history
