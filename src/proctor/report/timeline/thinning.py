"""A timeline that a browser can draw: of what there is too much, the most telling, and a note that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from proctor.report.timeline.model import Group, Lane, Span, Style, Timeline

MOST_LANES = 60  # of one group
MOST_DRAWN = 4000  # of one group, spans or marks: with twice as many a zoom takes seconds
MOST_VIOLATIONS = 100
MOST_CURVES = 100
MOST_POINTS = 1000  # of one curve

Thing = TypeVar("Thing")


def thinned(timeline: Timeline) -> Timeline:
    lanes = tuple(chain.from_iterable(of_group(timeline.of(group)) for group in Group))
    left = {span for lane in lanes if lane.group is Group.FAULTS for span in lane.spans}
    return replace(
        timeline,
        lanes=lanes,
        disturbances=tuple(fault for fault in timeline.disturbances if fault.span in left),
        violations=timeline.violations[:MOST_VIOLATIONS],
        curves=tuple(
            replace(curve, points=spread(curve.points, MOST_POINTS)) for curve in timeline.curves[:MOST_CURVES]
        ),
        notes=(*timeline.notes, *left_out(timeline, lanes)),
    )


def of_group(lanes: list[Lane]) -> list[Lane]:
    lanes = lanes[:MOST_LANES]
    each = MOST_DRAWN // max(1, len(lanes))
    return [replace(lane, spans=kept(lane.spans, each), marks=spread(lane.marks, each)) for lane in lanes]


def kept(spans: list[Span], most: int) -> list[Span]:
    """Half of them those that went wrong, then those that lasted longest; the other half evenly from the rest."""
    if len(spans) <= most:
        return spans
    order = sorted(spans, key=lambda span: (span.style is Style.OK, -span.lasted_s))
    rest = sorted(order[most // 2 :], key=lambda span: span.begin)
    return order[: most // 2] + spread(rest, most - most // 2)


def spread(things: Sequence[Thing], most: int) -> list[Thing]:
    step = max(1, -(-len(things) // most))
    return list(things[::step])


def left_out(timeline: Timeline, lanes: Sequence[Lane]) -> list[str]:
    """All else is in the text below the drawing, as far as people can read it, and in the history."""
    notes = []
    for group in Group:
        there, drawn = timeline.of(group), [lane for lane in lanes if lane.group is group]
        if len(drawn) < len(there):
            notes.append(f"of {len(there)} lanes of {group}, {len(drawn)} are drawn")
        if amount(drawn) < amount(there[:MOST_LANES]):
            which = ": what failed, what took long, and some of the rest" if group is Group.CALLS else ""
            notes.append(f"of {amount(there)} {group}, {amount(drawn)} are drawn{which}")
    if len(timeline.violations) > MOST_VIOLATIONS:
        notes.append(f"of {len(timeline.violations)} violated checks, the first {MOST_VIOLATIONS} are shown")
    if len(timeline.curves) > MOST_CURVES:
        notes.append(f"of {len(timeline.curves)} resources of servers, the first {MOST_CURVES} are drawn")
    return notes


def amount(lanes: Sequence[Lane]) -> int:
    return sum(len(lane.spans) + len(lane.marks) for lane in lanes)
