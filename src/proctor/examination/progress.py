"""On a terminal, one line in the place of pytest's dots: what is done, what is left, for about how long, what runs."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

import pytest

ERASE_THE_REST = "\x1b[K"


class Progress:
    """A pytest plugin of the process that the terminal belongs to; under xdist that is the controller."""

    @staticmethod
    def can_be_seen(config: pytest.Config) -> bool:
        """Whether it is a terminal, and neither `-q` nor `-v` asks for something else, nor does anybody else use it."""
        reporter = config.pluginmanager.getplugin("terminalreporter")
        ours = config.option.capture != "no" and not config.option.debug_cases and os.environ.get("TERM") != "dumb"
        return ours and config.get_verbosity() == 0 and reporter is not None and reporter.isatty

    def __init__(self, session: pytest.Session, now: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._now = now
        self._began: float | None = None
        self._running: dict[str, None] = {}
        self._ended = 0
        self._failed: set[str] = set()
        self._shown = False
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        reporter.showfspath = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, Any, Any]:
        self._shown = True
        try:
            return (yield)
        finally:
            self._shown = False
            self._write("")

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, Any, Any]:
        """Counted as ever, without a letter; the summary afterwards has its words."""
        status = yield
        return (status[0], "", "") if self._shown and status else status

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._began = self._now() if self._began is None else self._began
        self._running[nodeid] = None
        self._show()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._running.pop(nodeid, None)
        self._ended += 1
        self._show()

    def line(self) -> str:
        """Such as "12 of 590, 1 failed, 0:00:41, about 0:06:10 left  6 at once: chaos/test_bursts.py::test_a"."""
        total, took_s = self._session.testscollected, self._now() - (self._began or self._now())
        parts = [f"{self._ended} of {total}"] + [f"{len(self._failed)} failed"] * bool(self._failed) + [clock(took_s)]
        if self._ended:
            parts.append(f"about {clock(took_s / self._ended * (total - self._ended))} left")
        count = f"{len(self._running)} at once: " if len(self._running) > 1 else ""
        return f"{', '.join(parts)}  {count}{next(reversed(self._running), '')}"

    def _show(self) -> None:
        if self._shown:
            self._write(self.line()[: shutil.get_terminal_size().columns - 1])

    def _write(self, text: str) -> None:
        sys.stdout.write(f"\r{text}{ERASE_THE_REST}")
        sys.stdout.flush()


def clock(seconds: float) -> str:
    """Such as 0:04:31."""
    return str(timedelta(seconds=round(seconds)))
