"""How each thing on the page looks. What colours tell apart within a lane, shapes or patterns do too."""

from __future__ import annotations

from typing import Any, NamedTuple

from proctor.report.timeline.model import Style


class Look(NamedTuple):
    colour: str
    pattern: str = ""  # of a bar
    symbol: str = "circle"  # of a point


LOOKS: dict[Style, Look] = {
    Style.FAULT: Look("#d99a00"),
    Style.OK: Look("#3d8fd6"),
    Style.FAILED: Look("#e0701a", "/", "triangle-down"),
    Style.UNKNOWN: Look("#a35bd6", "x", "x"),
    Style.VIEW: Look("#2f8577"),
    Style.ZNODE: Look("#5f7ed0"),
    Style.PARENT: Look("#2c6a41"),
    Style.WORKER: Look("#468a5b"),
    Style.ZOMBIE: Look("#777d84", "x"),
    Style.ORPHAN: Look("#8a5a2b", "/"),
    Style.OTHER: Look("#857a58", "."),
    Style.WAIT: Look("#6b7f93"),
    Style.STALL: Look("#55606b", "x"),
}
SHADE = "rgba(217, 154, 0, 0.13)"
CURVES = (  # of one server or client after another, in turns
    ("#2c7fb8", "solid"),
    ("#c4571b", "dash"),
    ("#3f8f5b", "dot"),
    ("#8a4fbf", "dashdot"),
    ("#8d7a2f", "longdash"),
)
VIOLATION = "#d3283f"
SPIKE = "#7b8794"
MARK = Look("#8794a3", symbol="line-ns-open")
BEGIN = Look("#12202c", symbol="line-ns-open")
END = Look(SPIKE, symbol="x-thin-open")
EFFECT = Look("#d99a00", symbol="diamond")


class Theme(NamedTuple):
    """What differs between light and dark; page.css has the same for what is around the drawing."""

    ink: str
    grid: str
    card: str


THEMES = {
    "light": Theme(ink="#25303b", grid="rgba(90, 105, 120, 0.18)", card="#ffffff"),
    "dark": Theme(ink="#d7dee6", grid="rgba(160, 175, 190, 0.18)", card="#1a2128"),
}


def theme_update(theme: Theme, axes: list[str]) -> dict[str, Any]:
    """As Plotly.relayout takes it."""
    update: dict[str, Any] = {
        "font.color": theme.ink,
        "paper_bgcolor": theme.card,
        "hoverlabel.bgcolor": theme.card,
        "hoverlabel.font.color": theme.ink,
    }
    for axis in axes:
        update[f"{axis}.gridcolor"] = theme.grid
    return update
