"""A history as people look at it: a page with one time axis, or text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from proctor.history import History
from proctor.report.timeline.page import page
from proctor.report.timeline.reading import timeline
from proctor.report.timeline.text import text_of


def write_timeline(history: History, path: Path, title: str = "", facts: Mapping[str, str] | None = None) -> None:
    """Write the page: one file that needs no other. `facts`: what ran, such as implementation, registry and seed."""
    path.write_text(page(timeline(history, title, facts)), encoding="utf-8")


def text_timeline(history: History, title: str = "", facts: Mapping[str, str] | None = None) -> Iterator[str]:
    """The same as lines of text."""
    return text_of(timeline(history, title, facts))
