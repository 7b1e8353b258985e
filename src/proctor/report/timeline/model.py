"""What a timeline shows: lanes with what lasted and what happened, on one axis in seconds from the beginning.

All text in it is fit to be shown: printable, and not longer than MOST_SHOWN characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from proctor.call import Kind


class Group(StrEnum):
    """Lanes that belong together, in the order in which they are shown."""

    FAULTS = "faults"
    CALLS = "calls by client"
    VIEWS = "views of clients"
    ZNODES = "znodes"
    PROCESSES = "processes"
    EVENTS = "events"


class Style(StrEnum):
    """What a span is of: its colour, its pattern, and its name in the legend."""

    FAULT = "fault"
    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    VIEW = "view"
    ZNODE = "znode"
    PARENT = "parent"
    WORKER = "worker"
    ZOMBIE = "zombie"
    ORPHAN = "orphan"
    OTHER = "other process"
    WAIT = "wait for rest"
    STALL = "stall of the host"


RESOURCES = {  # by their names in `proctor.states.Resources`
    "memory_kb": "memory, kB",
    "descriptors": "descriptors",
    "threads": "threads",
    "cpu_s": "processor time, s",
}
OUTCOMES: dict[Kind, Style] = {"ok": Style.OK, "failed": Style.FAILED, "unknown": Style.UNKNOWN}


@dataclass(frozen=True)
class Span:
    """Something that lasted, in seconds from the beginning. `name` is short; `told` says the rest.

    `open`: the history ends first. `changed`: it ended by becoming something else.
    """

    begin: float
    end: float
    style: Style
    name: str
    told: str = ""
    open: bool = False
    changed: bool = False

    @property
    def lasted_s(self) -> float:
        return self.end - self.begin


@dataclass(frozen=True)
class Mark:
    """Something that happened at a moment, with the event's kind."""

    at: float
    kind: str
    told: str


@dataclass
class Lane:
    """One line of the timeline. Its spans don't overlap, but for those of a client that makes several calls at once."""

    group: Group
    name: str
    spans: list[Span] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True)
class Disturbance:
    """One fault: `span` from injected to healed, `effective` if ever, with the proof or why it could not be had."""

    span: Span
    effective: float | None
    proof: str
    unavailable: bool = False


@dataclass(frozen=True)
class Violation:
    """A check that was violated, with the moment. `name`: the clause that is broken, if that is known."""

    at: float
    name: str
    message: str


@dataclass
class Curve:
    """One of RESOURCES of one server, or client, over time."""

    who: str
    resource: str
    points: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Timeline:
    """A history, ready to be drawn or printed. `length_s` is where the axis ends."""

    title: str
    length_s: float
    lanes: tuple[Lane, ...]
    disturbances: tuple[Disturbance, ...]
    violations: tuple[Violation, ...]
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]  # what the history doesn't tell
    facts: dict[str, str]  # what ran, by the name under which it is shown

    def of(self, group: Group) -> list[Lane]:
        return [lane for lane in self.lanes if lane.group is group]

    def calls(self) -> list[Span]:
        """In the order in which they were made."""
        return sorted((span for lane in self.of(Group.CALLS) for span in lane.spans), key=lambda call: call.begin)
