"""What the drawing says. Plotly takes some HTML in any text, so all that it is given is escaped here."""

from __future__ import annotations

import html
import textwrap

from proctor.report.timeline.model import Disturbance, Group, Lane, Mark, Span

HOVER_COLUMNS = 72
NAME_COLUMNS = 48


def wrapped(text: str) -> str:
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, HOVER_COLUMNS)]
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def escaped(name: str) -> str:
    return html.escape(name if len(name) <= NAME_COLUMNS else name[: NAME_COLUMNS - 3] + "...", quote=False)


def call_told(lane: Lane, span: Span) -> str:
    return f"{span_times(span)}\n{lane.name}: {span.style}\nasked {span.name}\n{span.told}"


def span_told(lane: Lane, span: Span) -> str:
    if lane.group is Group.CALLS:
        return call_told(lane, span)
    return f"{span_times(span)}\n{lane.name}\n{span.name}\n{span.told}"


def span_times(span: Span) -> str:
    until = "the end of the history" if span.open else f"{span.end:.3f} s"
    return f"{span.begin:.3f} s to {until}: {duration(span.lasted_s)}"


def effect_told(fault: Disturbance) -> str:
    return f"{fault.effective:.3f} s  {fault.span.name} took effect\n{fault.proof}"


def duration(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def mark_told(mark: Mark) -> str:
    return f"{mark.at:.3f} s  {mark.kind}\n{mark.told}"
