"""The events that are drawn, typed. A history is other people's data: what doesn't fit its kind is counted, no more.

Read from what a saved history holds, so that a page drawn at once and one drawn later from the file are the same.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from proctor.call import Kind
from proctor.history import LATEST_S, Event, History
from proctor.process.text import printable
from proctor.states import Act, Processes, Quiet, Resources, Stalled, View, Znodes

MOST_SHOWN = 300  # characters of one text: an answer can be megabytes long

Seconds = Annotated[float, msgspec.Meta(ge=-LATEST_S, le=LATEST_S)]


class CallFacts(msgspec.Struct):
    who: str
    invoked: Seconds
    ended: Seconds
    outcome: Kind
    asked: str = ""
    answered: str = ""
    expected: str = ""


class FaultFacts(msgspec.Struct):
    """Without a number, as written by hand, it is told from others by its name."""

    name: str
    phase: Literal["injected", "effective", "healed", "unavailable"]
    number: int | None = None
    needs: str = ""
    proof: str | None = None
    reason: str | None = None


class FindingFacts(msgspec.Struct):
    message: str
    clause: str = ""
    check: str = ""
    moment: Seconds | None = None


KINDS: dict[str, type[Any]] = {
    "call": CallFacts,
    "fault": FaultFacts,
    "finding": FindingFacts,
    **{state.kind: state for state in (Act, Processes, Quiet, Resources, Stalled, View, Znodes)},
}
CONSTANTS = {"Infinity": LATEST_S, "-Infinity": -LATEST_S}

Facts = TypeVar("Facts")


@dataclass
class Told:
    """What a history tells, with its moments in seconds of its clock. `other`: kinds without facts here."""

    read: list[tuple[float, Any]] = field(default_factory=list)
    other: list[Event] = field(default_factory=list)
    unreadable: Counter[str] = field(default_factory=Counter)  # by kind

    def of(self, kind: type[Facts]) -> Iterator[tuple[float, Facts]]:
        return ((at, facts) for at, facts in self.read if isinstance(facts, kind))


def told(history: History) -> Told:
    """Every event of a history, read; one whose facts don't fit its kind is counted, and shown as any other."""
    found = Told()
    for event in history:
        facts = json.loads(event.line(), parse_constant=CONSTANTS.get)  # what is not a number is none
        del facts["at"], facts["kind"]
        kind = KINDS.get(event.kind)
        try:
            if kind is not None:
                found.read.append((event.at, msgspec.convert(facts, kind)))
                continue
        except msgspec.ValidationError:
            found.unreadable[event.kind] += 1
        found.other.append(Event(event.at, event.kind, facts))
    return found


def shown(text: str) -> str:
    """Text of an implementation as people see it: printable, and not longer than they can read."""
    cut = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}... ({len(text)} characters)"
    return printable(cut)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
