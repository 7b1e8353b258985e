"""`proctor timeline`: a saved history, as a page or as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from proctor.history import History
from proctor.process.text import printable
from proctor.report.timeline import text_timeline, write_timeline


class NoTimeline(ValueError):
    """The history can't be read, or the page can't be written; says which, where and why."""


def show(path: Path, output: Path | None, text: bool) -> Iterator[str]:
    """The lines of the text; or the page is written, beside the history unless `output` says where, and named."""
    history = load(path)
    if text:
        yield from text_timeline(history, title=title(history, path))
        return
    page = output or path.with_suffix(".html")
    if page.resolve() == path.resolve():
        raise NoTimeline(f"{named(path)}: the page would replace the history: name another with --output")
    try:
        write_timeline(history, page, title=title(history, path))
    except OSError as error:
        raise NoTimeline(f"{named(page)}: {error.strerror}: the page can't be written") from None
    yield f"timeline: {named(page)}"


def load(path: Path) -> History:
    try:
        return History.load(path)
    except OSError as error:
        raise NoTimeline(f"{named(path)}: {error.strerror}: expected a history that a run has saved") from None
    except ValueError as error:
        raise NoTimeline(printable(str(error))) from None


def title(history: History, path: Path) -> str:
    """A history without a case is called by its file."""
    return "" if history.events("case") else path.name


def named(path: Path) -> str:
    return printable(str(path))
