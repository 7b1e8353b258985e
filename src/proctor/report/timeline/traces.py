"""What is drawn of a timeline, as plotly's traces: one for all that look alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from proctor.report.timeline.looks import BEGIN, CURVES, EFFECT, END, LOOKS, MARK, Look
from proctor.report.timeline.model import OUTCOMES, Group, Lane, Span, Style, Timeline
from proctor.report.timeline.wording import call_told, effect_told, escaped, mark_told, span_told, wrapped

LEAST_MS = 0.001  # a logarithmic axis has no zero
BAR, BAR_AT, NAME_AT = 0.52, 0.18, -0.26  # in lanes, from the middle of one downwards
UNMARKED = (Group.FAULTS, Group.CALLS, Group.EVENTS)
FIRST_CURVES = 3  # y is for latencies, y2 for lanes
NAME_LEFT_OF = 0.5  # of the axis: a fault that begins later is named to the left

Trace = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A lane where it is drawn: `at` on the axis of the lanes, from the top down."""

    lane: Lane
    at: int


def traces(timeline: Timeline, rows: list[Row]) -> Iterator[Trace]:
    """Latencies on the axis y, what lasts and what happens on y2, resources on y3 and further."""
    yield {"type": "scatter", "x": [], "y": [], "xaxis": "x2", "yaxis": "y2"}  # an axis that bears nothing isn't drawn
    yield from latencies(timeline)
    yield from bars(rows)
    yield from births_and_deaths(rows)
    yield from effects(timeline, rows)
    yield from fault_names(timeline, rows)
    yield from marks(rows)
    yield from curves(timeline)


def latencies(timeline: Timeline) -> Iterator[Trace]:
    for style in OUTCOMES.values():
        calls = [(lane, span) for lane in timeline.of(Group.CALLS) for span in lane.spans if span.style is style]
        if calls:
            yield {
                "type": "scatter",
                "mode": "markers",
                "name": f"latency, {style}",
                "x": [span.begin for _, span in calls],
                "y": [milliseconds(span) for _, span in calls],
                "yaxis": "y",
                "marker": point(LOOKS[style], 6 if style is Style.OK else 9),
                **hover([call_told(lane, span) for lane, span in calls]),
            }


def bars(rows: list[Row]) -> Iterator[Trace]:
    for style in Style:
        drawn = [(row, span) for row in rows for span in row.lane.spans if span.style is style]
        if drawn:
            look = LOOKS[style]
            yield {
                "type": "bar",
                "orientation": "h",
                "name": str(style),
                "base": [span.begin for _, span in drawn],
                "x": [span.lasted_s for _, span in drawn],
                "y": [row.at + BAR_AT for row, _ in drawn],
                "yaxis": "y2",
                "width": BAR,
                "marker": bar(look),
                "text": [bar_text(row, span) for row, span in drawn],
                "textposition": "inside",
                "insidetextanchor": "start",
                "insidetextfont": {"size": 11, "color": "#ffffff"},
                **hover([span_told(row.lane, span) for row, span in drawn]),
            }


def births_and_deaths(rows: list[Row]) -> Iterator[Trace]:
    """Where a process, a znode or a view begins, and where it ends without becoming another."""
    stays = [(row, span) for row in rows if row.lane.group not in UNMARKED for span in row.lane.spans]
    gone = [(row, span) for row, span in stays if not (span.open or span.changed)]
    began = [(span.begin, row.at + BAR_AT, span_told(row.lane, span)) for row, span in stays]
    ended = [(span.end, row.at + BAR_AT, span_told(row.lane, span)) for row, span in gone]
    yield from points("begins", BEGIN, 14, began)
    yield from points("ends", END, 9, ended)


def effects(timeline: Timeline, rows: list[Row]) -> Iterator[Trace]:
    """The moment at which each fault took effect, on its bar."""
    height = {span: row.at + BAR_AT for row in rows if row.lane.group is Group.FAULTS for span in row.lane.spans}
    took = [(fault.effective, fault) for fault in timeline.disturbances if fault.effective is not None]
    yield from points("took effect", EFFECT, 9, [(at, height[fault.span], effect_told(fault)) for at, fault in took])


def fault_names(timeline: Timeline, rows: list[Row]) -> Iterator[Trace]:
    """Above each one's bar: many are too short to bear a name."""
    drawn = [(row, span) for row in rows if row.lane.group is Group.FAULTS for span in row.lane.spans]
    if drawn:
        left = [span.begin > timeline.length_s * NAME_LEFT_OF for _, span in drawn]
        yield {
            "type": "scatter",
            "mode": "text",
            "name": "faults",
            "x": [span.begin for _, span in drawn],
            "y": [row.at + NAME_AT for row, _ in drawn],
            "yaxis": "y2",
            "text": [escaped(span.name) for _, span in drawn],
            "textposition": [f"middle {'left' if to_the_left else 'right'}" for to_the_left in left],
            "textfont": {"size": 11},
            "hoverinfo": "skip",
        }


def marks(rows: list[Row]) -> Iterator[Trace]:
    for row in rows:
        where = [(mark.at, row.at + BAR_AT, mark_told(mark)) for mark in row.lane.marks]
        yield from points(row.lane.name, MARK, 11, where)


def points(name: str, look: Look, size: int, where: list[tuple[float, float, str]]) -> Iterator[Trace]:
    """Points among the lanes: when, at which height, and what is told of them."""
    if where:
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": [at for at, _, _ in where],
            "y": [height for _, height, _ in where],
            "yaxis": "y2",
            "marker": point(look, size),
            **hover([text for _, _, text in where]),
        }


def curves(timeline: Timeline) -> Iterator[Trace]:
    """A panel for each resource, and in it a line for each who has some."""
    whose = sorted({curve.who for curve in timeline.curves})
    panels = resources(timeline)
    for curve in timeline.curves:
        colour, dash = CURVES[whose.index(curve.who) % len(CURVES)]
        yield {
            "type": "scatter",
            "mode": "lines+markers",
            "line": {"width": 1.5, "color": colour, "dash": dash},
            "marker": {"size": 5},
            "name": f"{curve.resource} of {curve.who}",
            "x": [at for at, _ in curve.points],
            "y": [value for _, value in curve.points],
            "yaxis": f"y{FIRST_CURVES + panels.index(curve.resource)}",
            **hover([f"{at:.3f} s  {curve.who}: {curve.resource} {value:g}" for at, value in curve.points]),
        }


def resources(timeline: Timeline) -> list[str]:
    """Those that there are, in the order of their panels."""
    return list(dict.fromkeys(curve.resource for curve in timeline.curves))


def milliseconds(call: Span) -> float:
    return max(call.lasted_s * 1000, LEAST_MS)


def bar_text(row: Row, span: Span) -> str:
    """Calls are too many and too short to bear one; faults are named above."""
    return "" if row.lane.group in (Group.CALLS, Group.FAULTS) else escaped(span.name)


def hover(texts: list[str]) -> dict[str, Any]:
    return {"hovertext": [wrapped(text) for text in texts], "hoverinfo": "text"}


def point(look: Look, size: int) -> dict[str, Any]:
    line = {"width": 2 if look.symbol.endswith("-open") else 0, "color": look.colour}
    return {"color": look.colour, "symbol": look.symbol, "size": size, "opacity": 0.85, "line": line}


def bar(look: Look) -> dict[str, Any]:
    """A line of its own colour around it, so that the shortest is still seen."""
    fill = {"shape": look.pattern, "fillmode": "overlay", "size": 6, "solidity": 0.35, "fgopacity": 0.5}
    return {"color": look.colour, "line": {"color": look.colour, "width": 1}, "pattern": fill}
