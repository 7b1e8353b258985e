"""The faults of a history: each from injected to healed, with the moment at which it took effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from proctor.report.timeline.facts import FaultFacts, Told, shown
from proctor.report.timeline.lanes import Axis
from proctor.report.timeline.model import Disturbance, Group, Lane, Span, Style
from proctor.report.timeline.stays import Stay, packed
from proctor.states import Act

MOST_NAMED = 60
CHARACTER = 1 / 80  # of the axis: the room of one in a fault's name
OVER = ("healed", "unavailable")


@dataclass
class Phases:
    """When one fault was what, in seconds of the history's clock, as far as the history tells."""

    name: str
    first: FaultFacts
    injected: float | None = None
    effective: float | None = None
    healed: float | None = None
    unavailable: float | None = None
    proof: str = ""

    def tell(self, at: float, facts: FaultFacts) -> None:
        setattr(self, facts.phase, at)
        self.proof = facts.proof or facts.reason or self.proof


def disturbances(told: Told, axis: Axis) -> list[Disturbance]:
    """A fault's events have its name and number in common, if there is a number, until it is healed.

    One that an act injects comes next after the act's beginning, and bears its name: that says more.
    """
    found: list[Phases] = []
    current: dict[tuple[str, int | None], Phases] = {}
    act = ""
    for at, facts in told.read:
        if isinstance(facts, Act):
            act = f"{facts.what} on {facts.on}" if facts.phase == "begins" else ""
        if not isinstance(facts, FaultFacts):
            continue
        key = facts.name, facts.number
        if key not in current:
            current[key] = Phases(act or facts.name, facts)
            found.append(current[key])
            act = ""
        current[key].tell(at, facts)
        if facts.phase in OVER:
            del current[key]
    return sorted((disturbance(phases, axis) for phases in found), key=lambda each: each.span.begin)


def disturbance(phases: Phases, axis: Axis) -> Disturbance:
    """One that the machine can't inject lasts no longer than the attempt."""
    over = phases.healed if phases.healed is not None else phases.unavailable
    begin = phases.unavailable if phases.injected is None else phases.injected
    needs = f", injected with {phases.first.needs}" if phases.first.needs else ""
    span = Span(
        0.0 if begin is None else axis(begin),
        axis.length_s if over is None else axis(over),
        Style.FAULT,
        shown(phases.name),
        shown(f"{phases.first.name}{needs}"),
        open=over is None,
    )
    effective = None if phases.effective is None else axis(phases.effective)
    return Disturbance(span, effective, shown(phases.proof), phases.unavailable is not None)


def fault_lanes(faults: list[Disturbance], axis: Axis) -> Iterator[Lane]:
    """In rows that leave room for their names, unless there are very many."""
    lived = [[Stay(fault.span, "", fault.span.begin, fault.span.end, fault.span.open)] for fault in faults]
    longest = max((len(fault.span.name) for fault in faults), default=0)
    apart = axis.length_s * longest * CHARACTER if len(faults) <= MOST_NAMED else 0.0
    for row in packed(lived, apart):
        yield Lane(Group.FAULTS, "", [stay.key for life in row for stay in life])
