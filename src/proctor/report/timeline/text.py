"""A timeline in plain text: a line for each thing that happened, and one for all calls of each stretch of time."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from proctor.report.timeline.lanes import EXCHANGES
from proctor.report.timeline.model import OUTCOMES, Disturbance, Group, Lane, Span, Timeline

WIDTH = 110
WHEN, WHERE = 17, 26  # columns
STRETCHES = 24  # at most: into so many the calls are summed up
ROUNDING = 1e-9  # 0.6 / 0.1 is a little less than 6
MOST_LINES = 2000
MOST_OF_A_KIND = 40
TABLES = ("terms", "ledger")  # long, and of no moment
STAYS = (Group.ZNODES, Group.PROCESSES)  # whose end is worth a line


class Line(NamedTuple):
    at: float
    when: str
    where: str
    what: str


def text_of(timeline: Timeline, width: int = WIDTH) -> Iterator[str]:
    """Lines of at most `width` columns."""
    yield from textwrap.wrap(timeline.title, width)
    if timeline.facts:
        yield from textwrap.wrap(", ".join(f"{name} {value}" for name, value in timeline.facts.items()), width)
    yield from textwrap.wrap(summary(timeline), width)
    for note in timeline.notes:
        yield from textwrap.wrap(f"note: {note}", width)
    found = sorted(lines(timeline), key=lambda line: line.at)
    if found:
        yield ""
        yield f"{'seconds':>{WHEN}}  {'where':<{WHERE}}  what"
    for line in found[:MOST_LINES]:
        yield from laid_out(line, width)
    if len(found) > MOST_LINES:
        yield f"... and {len(found) - MOST_LINES} lines more"
    if rest := unlisted(timeline):
        yield ""
        yield from textwrap.wrap(f"and {rest}", width)


def laid_out(line: Line, width: int) -> Iterator[str]:
    left = width - WHEN - WHERE - 4
    parts = [part for said in line.what.splitlines() for part in textwrap.wrap(said, left)] or [""]
    yield f"{line.when:>{WHEN}}  {cut(line.where):<{WHERE}}  {parts[0]}".rstrip()
    for part in parts[1:]:
        yield " " * (WHEN + WHERE + 4) + part


def cut(text: str) -> str:
    """Its end: the names of nodes differ there."""
    return text if len(text) <= WHERE else "..." + text[3 - WHERE :]


def summary(timeline: Timeline) -> str:
    calls, clients = timeline.calls(), len(timeline.of(Group.CALLS))
    parts = [f"{timeline.length_s:.3f} s"]
    if calls:
        parts.append(f"{counted(len(calls), 'call')} by {counted(clients, 'client')} ({outcomes(calls)})")
    parts.append(counted(len(timeline.disturbances), "fault"))
    parts.append(f"{counted(len(timeline.violations), 'violated check')}")
    return ", ".join(parts)


def counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'s' * (count != 1)}"


# --- the lines, in no order


def lines(timeline: Timeline) -> Iterator[Line]:
    yield from call_lines(timeline.calls(), timeline.length_s)
    for fault in timeline.disturbances:
        yield from fault_lines(fault)
    for violation in timeline.violations:
        yield line(violation.at, "!! VIOLATED", f"{violation.name}\n{violation.message}")
    for lane in timeline.lanes:
        if lane.group not in (Group.FAULTS, Group.CALLS):
            yield from lane_lines(lane)


def line(at: float, where: str, what: str) -> Line:
    return Line(at, f"{at:.3f}", where, what)


def fault_lines(fault: Disturbance) -> Iterator[Line]:
    span, name = fault.span, fault.span.name
    if fault.unavailable:
        yield line(span.begin, "fault", f"{name} is unavailable: {fault.proof}")
        return
    yield line(span.begin, "fault", f"{name} begins: {span.told}")
    if fault.effective is not None:
        yield line(fault.effective, "fault", f"{name} took effect: {fault.proof}")
    if not span.open:
        yield line(span.end, "fault", f"{name} is healed")


def lane_lines(lane: Lane) -> Iterator[Line]:
    for span in lane.spans:
        named = f"{span.name}: " if lane.group in (Group.VIEWS, Group.EVENTS) else ""
        yield line(span.begin, lane.name, f"{named}{span.told}")
        if lane.group in STAYS and not (span.open or span.changed):
            yield line(span.end, lane.name, f"{span.name} gone" if lane.group is Group.PROCESSES else "gone")
    shown = {kind for kind, count in Counter(mark.kind for mark in lane.marks).items() if listed(kind, count)}
    yield from (line(mark.at, mark.kind, mark.told) for mark in lane.marks if mark.kind in shown)


def listed(kind: str, count: int) -> bool:
    return kind not in (*EXCHANGES, *TABLES) and count <= MOST_OF_A_KIND


def unlisted(timeline: Timeline) -> str:
    """How many there are of each kind that has no lines."""
    counts = Counter(mark.kind for lane in timeline.lanes for mark in lane.marks)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()) if not listed(kind, count))


def call_lines(calls: Sequence[Span], length_s: float) -> Iterator[Line]:
    step = stretch(length_s)
    for number, made in sorted(grouped(calls, step).items()):
        when = f"{number * step:.{decimals(step)}f} to {(number + 1) * step:.{decimals(step)}f}"
        yield Line(number * step, when, "calls", f"{outcomes(made)}; {latencies(made)}")


def grouped(calls: Sequence[Span], step: float) -> dict[int, list[Span]]:
    """By the number of the stretch in which they were made."""
    found: dict[int, list[Span]] = {}
    for call in calls:
        found.setdefault(math.floor(call.begin / step + ROUNDING), []).append(call)
    return found


def stretch(length_s: float) -> float:
    """1, 2 or 5 times a power of ten, in seconds; it divides the timeline into STRETCHES at most."""
    least = max(length_s / STRETCHES, 0.001)
    unit = 10.0 ** math.floor(math.log10(least))
    return next(unit * times for times in (1, 2, 5, 10) if unit * times >= least)


def decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step)))


def outcomes(calls: Sequence[Span]) -> str:
    counts = Counter(call.style for call in calls)
    return ", ".join(f"{counts[style]} {style}" for style in OUTCOMES.values() if counts[style])


def latencies(calls: Sequence[Span]) -> str:
    took = sorted(call.lasted_s * 1000 for call in calls)
    return f"p50 {quantile(took, 0.5):.3g} ms, p99 {quantile(took, 0.99):.3g} ms, max {took[-1]:.3g} ms"


def quantile(took: Sequence[float], part: float) -> float:
    """The least that so great a part of them did not exceed."""
    return took[max(0, math.ceil(part * len(took)) - 1)]
