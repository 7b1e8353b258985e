"""`--debug-cases`: waits at the terminal before each case, and as each process of a case starts, for a debugger.

Deadlines are stretched until none runs out while somebody thinks. What the registry promises is not: it expires the
session of a process that is halted for longer than its session's timeout.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from proctor.examination.selection import case_id
from proctor.examination.stagehand import Stagehand, Subject
from proctor.history import Event, History
from proctor.process.text import printable, several
from proctor.subject.server import Server

SUSPENDED = 10_000.0  # the time scale: the shortest promise, of a tenth of a second, becomes a quarter of an hour
TERMINAL = Path("/dev/tty")  # whatever becomes of standard input and output meanwhile


class Attended(History):
    """A history whose reader is told of each event at once."""

    def __init__(self, reader: Debugging) -> None:
        super().__init__()
        self._reader = reader

    def record(self, kind: str, **facts: Any) -> Event:
        event = super().record(kind, **facts)
        self._reader.hear(event)
        return event


class Debugging:
    """A pytest plugin: shows whom to attach to, and waits for Enter."""

    def __init__(self, stagehand: Stagehand) -> None:
        """Raises UsageError where there is no terminal to wait at."""
        try:
            self._terminal = TERMINAL.open("r+b", buffering=0)  # closed with the session
        except OSError as error:
            said = f"--debug-cases waits at the terminal before each case, and there is none: {error.strerror}"
            raise pytest.UsageError(said) from None
        self._stagehand = stagehand
        self._on_stage = False  # whether a case is at work, and starts processes of its own
        stagehand.history = Attended(self)

    def hear(self, event: Event) -> None:
        if self._on_stage and event.kind == "process" and event.facts["what"].endswith(" started"):
            self._wait(event.facts["what"])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """What the case shares with others is there by now; what is its own is still to be started."""
        self._wait(case_id(item))
        self._on_stage = True
        try:
            return (yield)
        finally:
            self._on_stage = False

    def pytest_unconfigure(self) -> None:
        self._terminal.close()

    def _wait(self, before: str) -> None:
        lines = [before, f"registry {self._stagehand.stage().registry.address}"]
        for subject in self._stagehand.subjects:
            with suppress(AssertionError):  # it is not started yet
                lines.append(whereabouts(subject))
        said = "\n    ".join(map(printable, lines))
        self._terminal.write(f"\n{said}\nEnter goes on, Ctrl-C ends the run: ".encode())
        if not self._terminal.readline():
            pytest.exit("the terminal is gone")


def whereabouts(subject: Subject) -> str:
    """Its processes and ports, and where its own way to the registry begins."""
    tree = several(subject.program.tree())
    way = f"its registry {subject.proxy.address}, its processes {tree}"
    if isinstance(subject, Server):
        host, port = subject.address
        return f"server {subject.program.pid} on {host}:{port}, {way}"
    return f"client {subject.program.pid}, {way}"
