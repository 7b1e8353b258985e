"""From a history to its timeline. Pure; whatever the history holds, there is a timeline of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from proctor.history import History
from proctor.report.timeline.facts import CallFacts, FindingFacts, Told, as_text, shown, told
from proctor.report.timeline.faults import disturbances, fault_lanes
from proctor.report.timeline.lanes import (
    Axis,
    call_lanes,
    curves,
    event_lanes,
    process_lanes,
    view_lanes,
    znode_lanes,
)
from proctor.report.timeline.model import Disturbance, Timeline, Violation

MOST_LINES = 20  # of a finding's message


def timeline(history: History, title: str = "", facts: Mapping[str, str] | None = None) -> Timeline:
    """`facts`: what ran, such as implementation, registry and seed. `title`: if none is given, the history's cases."""
    read = told(history)
    axis = axis_of(read)
    faults = disturbances(read, axis)
    lanes = [
        *fault_lanes(faults, axis),
        *call_lanes(read, axis),
        *view_lanes(read, axis),
        *znode_lanes(read, axis),
        *process_lanes(read, axis),
        *event_lanes(read, axis),
    ]
    return Timeline(
        title=shown(title or ", ".join(cases(read)) or "a history"),
        length_s=axis.length_s,
        lanes=tuple(lanes),
        disturbances=tuple(faults),
        violations=tuple(sorted(violations(read, axis), key=lambda violation: violation.at)),
        curves=tuple(curves(read, axis)),
        notes=tuple(notes(read, faults)),
        facts={shown(name): shown(value) for name, value in (facts or {}).items()},
    )


def axis_of(read: Told) -> Axis:
    """From the first event, or the first call that was recorded later, to the last event."""
    moments = [at for at, _ in read.read] + [event.at for event in read.other]
    moments += [call.invoked for _, call in read.of(CallFacts)]
    zero = min(moments, default=0.0)
    return Axis(zero, round(max(moments, default=0.0) - zero, 6))


def cases(read: Told) -> Iterator[str]:
    return (as_text(event.facts["name"]) for event in read.other if event.kind == "case" and event.facts.get("name"))


def violations(read: Told, axis: Axis) -> Iterator[Violation]:
    """One without a moment, or of another time, is shown where it was found."""
    for at, finding in read.of(FindingFacts):
        moment = axis(at if finding.moment is None else finding.moment)
        moment = moment if 0 <= moment <= axis.length_s else axis(at)
        message = "\n".join(map(shown, finding.message.splitlines()[:MOST_LINES]))
        name = " ".join(filter(None, [finding.check, finding.clause])) or "a check"
        yield Violation(moment, shown(name), message)


def notes(read: Told, faults: list[Disturbance]) -> Iterator[str]:
    """What a reader must know who takes the timeline for the whole truth."""
    if not read.read and not read.other:
        yield "the history is empty"
    unhealed = [fault.span.name for fault in faults if fault.span.open]
    if unhealed:
        yield shown(f"the history ends before these faults are healed: {', '.join(unhealed)}")
    for kind, count in sorted(read.unreadable.items()):
        yield f"{count} of the kind {shown(kind)} without the facts of that kind: shown among other events"
