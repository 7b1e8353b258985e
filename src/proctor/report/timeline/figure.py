"""A timeline as a figure for plotly: panels one below another, with one time axis."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from proctor.report.timeline.looks import EFFECT, SHADE, SPIKE, THEMES, VIOLATION, theme_update
from proctor.report.timeline.model import Group, Timeline
from proctor.report.timeline.traces import FIRST_CURVES, NAME_AT, Row, milliseconds, resources, traces
from proctor.report.timeline.wording import duration, escaped

LATENCIES_PX, LANE_PX, CURVE_PX, GAP_PX, EDGE_PX = 190, 36, 80, 34, 46
LEAST_LENGTH_S = 0.001
FEW_POWERS = 3  # of ten


@dataclass(frozen=True)
class Panel:
    """A part of the figure with a vertical axis of its own."""

    axis: str  # as a trace names it: y, y2, ...
    height_px: int
    layout: dict[str, Any]

    @property
    def key(self) -> str:
        return self.axis.replace("y", "yaxis")


def figure(timeline: Timeline) -> dict[str, Any]:
    """`data` and `layout` for Plotly.newPlot, and `themes`: what Plotly.relayout changes for light and dark."""
    rows, headings = placed(timeline)
    panels = list(panels_of(timeline, len(rows) + len(headings)))
    layout = layout_of(timeline, panels)
    layout["shapes"] = [*shades(timeline), *lines(timeline)]
    layout["annotations"] = [
        *lane_names(rows),
        *group_names(headings),
        *panel_names(timeline, panels),
        *badges(timeline),
    ]
    axis_names = ["xaxis", "xaxis2", *(panel.key for panel in panels)]
    themes = {name: theme_update(theme, axis_names) for name, theme in THEMES.items()}
    return {"data": list(traces(timeline, rows)), "layout": layout, "themes": themes}


# --- where what stands


def placed(timeline: Timeline) -> tuple[list[Row], list[tuple[int, str]]]:
    """The lanes' rows, and the headings of their groups, counted from the top down."""
    rows: list[Row] = []
    headings: list[tuple[int, str]] = []
    at = 0
    for group in Group:
        lanes = timeline.of(group)
        if lanes:
            headings.append((at, group))
            at += 1
        for lane in lanes:
            rows.append(Row(lane, at))
            at += 1
    return rows, headings


def panels_of(timeline: Timeline, rows: int) -> Iterator[Panel]:
    if timeline.calls():
        yield Panel("y", LATENCIES_PX, latency_axis([milliseconds(call) for call in timeline.calls()]))
    lanes = {"range": [rows - 0.4, -0.6], "showticklabels": False, "showgrid": False, "zeroline": False}
    yield Panel("y2", max(rows, 1) * LANE_PX, lanes)
    for number, _ in enumerate(resources(timeline), FIRST_CURVES):
        yield Panel(f"y{number}", CURVE_PX, {"rangemode": "tozero", "nticks": 3, "zeroline": False})


def latency_axis(took_ms: list[float]) -> dict[str, Any]:
    """Logarithmic: whole powers of ten are named, and what is between them only if there are few."""
    low, high = math.log10(min(took_ms)), math.log10(max(took_ms))
    powers = range(math.floor(low), math.ceil(high) + 1)
    steps = (1, 2, 5) if len(powers) <= FEW_POWERS else (1,)
    ticks = [step * 10.0**power for power in powers for step in steps]
    names = [duration(tick / 1000) for tick in ticks]
    return {"type": "log", "range": [low - 0.2, high + 0.3], "tickvals": ticks, "ticktext": names, "zeroline": False}


def layout_of(timeline: Timeline, panels: list[Panel]) -> dict[str, Any]:
    inner = sum(panel.height_px for panel in panels) + GAP_PX * (len(panels) - 1)
    length = max(timeline.length_s, LEAST_LENGTH_S)
    time = {"range": [-length * 0.01, length * 1.01], "ticksuffix": " s", "zeroline": False, "showline": False}
    spike = {"showspikes": True, "spikemode": "across", "spikethickness": 1, "spikecolor": SPIKE, "spikedash": "solid"}
    above = {"side": "top", "anchor": "free", "position": 1, "matches": "x", "overlaying": "x", "showgrid": False}
    layout: dict[str, Any] = {
        "height": inner + 2 * EDGE_PX,
        "autosize": True,
        "margin": {"l": 56, "r": 14, "t": EDGE_PX, "b": EDGE_PX},
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "font": {"family": "system-ui, sans-serif", "size": 12},
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "font": {"family": "ui-monospace, monospace", "size": 12}},
        "dragmode": "zoom",
        "barmode": "overlay",
        "showlegend": False,
        "uniformtext": {"mode": "hide", "minsize": 8},
        "xaxis": {**time, **spike, "side": "bottom", "anchor": "free", "position": 0},
        "xaxis2": {**time, **above},
    }
    top = float(inner)
    for panel in panels:
        domain = [max(0.0, (top - panel.height_px) / inner), top / inner]
        layout[panel.key] = {"domain": domain, "fixedrange": True, "anchor": "x", **panel.layout}
        top -= panel.height_px + GAP_PX
    return layout


# --- what lies across all panels


def shades(timeline: Timeline) -> Iterator[dict[str, Any]]:
    """Every fault across all that happened meanwhile; those that the machine can't inject shade nothing."""
    for fault in timeline.disturbances:
        if not fault.unavailable:
            edge = {"width": 1, "color": SHADE}
            yield across(fault.span.begin, fault.span.end, "rect") | {"fillcolor": SHADE, "line": edge}


def lines(timeline: Timeline) -> Iterator[dict[str, Any]]:
    for fault in timeline.disturbances:
        if fault.effective is not None:
            dots = {"width": 1, "dash": "dot", "color": EFFECT.colour}
            yield across(fault.effective, fault.effective, "line") | {"line": dots}
    for violation in timeline.violations:
        yield across(violation.at, violation.at, "line") | {"line": {"width": 2, "color": VIOLATION}, "layer": "above"}


def across(begin: float, end: float, kind: str) -> dict[str, Any]:
    return {"type": kind, "x0": begin, "x1": end, "y0": 0, "y1": 1, "xref": "x", "yref": "paper", "layer": "below"}


# --- what is said


def lane_names(rows: list[Row]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield note(escaped(row.lane.name), row.at + NAME_AT, "y2") | {"font": {"size": 11}, "opacity": 0.85}


def group_names(headings: list[tuple[int, str]]) -> Iterator[dict[str, Any]]:
    for at, name in headings:
        yield note(f"<b>{escaped(name)}</b>", at + 0.1, "y2")


def panel_names(timeline: Timeline, panels: list[Panel]) -> Iterator[dict[str, Any]]:
    names = {"y": "latency of each call"}
    names |= {f"y{number}": name for number, name in enumerate(resources(timeline), FIRST_CURVES)}
    for panel in panels:
        if name := names.get(panel.axis):
            above = 16 if panel is panels[0] else 0  # over the names of the moments
            yield note(f"<b>{escaped(name)}</b>", 1, f"{panel.axis} domain") | {"yanchor": "bottom", "yshift": above}


def badges(timeline: Timeline) -> Iterator[dict[str, Any]]:
    """The number under which the page's head tells of a violation, above its line."""
    for number, violation in enumerate(timeline.violations, 1):
        yield {
            "x": violation.at,
            "y": 1,
            "xref": "x",
            "yref": "paper",
            "yanchor": "top",
            "text": f"<b>{number}</b>",
            "showarrow": False,
            "font": {"color": "#ffffff", "size": 11},
            "bgcolor": VIOLATION,
            "borderpad": 2,
        }


def note(text: str, y: float, yref: str) -> dict[str, Any]:
    """Text at the left edge: so it needs no margin, however narrow the page is."""
    at = {"x": 0, "xref": "paper", "xanchor": "left", "y": y, "yref": yref, "yanchor": "middle"}
    return at | {"text": text, "showarrow": False}
