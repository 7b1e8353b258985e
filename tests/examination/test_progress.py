"""The line that shows progress: on a terminal only, true, and gone before the summary."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from proctor.examination.progress import Progress
from tests.commands.typed import at_a_terminal
from tests.examination.test_verdicts import MUST, impl, run_suite

__all__ = ["impl"]  # the fixture

CASES = f"""
    @clause('{MUST}')
    def test_it(server): assert server.workers()

    @clause('{MUST}')
    def test_fails(server): assert server.pid == 0, "nobody is reaped"
"""


class Clock:
    """Shows the moment that it is set to."""

    moment = 100.0

    def __call__(self) -> float:
        return self.moment


def progress(clock: Clock, total: int) -> Progress:
    plugins = SimpleNamespace(getplugin=lambda _name: SimpleNamespace())
    session = SimpleNamespace(testscollected=total, config=SimpleNamespace(pluginmanager=plugins))
    return Progress(cast(Any, session), clock)


def test_it_says_what_runs_what_is_left_and_for_how_long() -> None:
    clock = Clock()
    shown = progress(clock, total=9)
    assert shown.line() == "0 of 9, 0:00:00  "
    shown.pytest_runtest_logstart("a.py::test_a")
    shown.pytest_runtest_logstart("a.py::test_b")
    assert shown.line() == "0 of 9, 0:00:00  2 at once: a.py::test_b"
    clock.moment += 40
    shown.pytest_runtest_logreport(cast(pytest.TestReport, SimpleNamespace(failed=True, nodeid="a.py::test_a")))
    shown.pytest_runtest_logfinish("a.py::test_a")
    assert shown.line() == "1 of 9, 1 failed, 0:00:40, about 0:05:20 left  a.py::test_b"


@pytest.mark.parametrize("processes", ["-n0", "-n2"])
def test_a_terminal_shows_it_and_the_summary_as_ever(impl: Path, processes: str) -> None:
    (impl / "test_cases.py").write_text("from proctor.api import *\n" + CASES.replace("\n    ", "\n"))
    command = [sys.executable, "-m", "pytest", f"--impl={impl}", "-p", "no:cacheprovider", "test_cases.py", processes]
    run = subprocess.run(
        at_a_terminal(*command),
        cwd=impl,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=300,
        check=False,
    )
    assert run.returncode == 1
    shown = run.stdout.decode()
    assert "\r0 of 2, 0:00:0" in shown
    assert "\r2 of 2, 1 failed, 0:0" in shown
    gone = shown.rpartition("\r\x1b[K")[2]
    assert " of 2" not in gone
    assert "nobody is reaped" in gone
    assert "FAILED" in gone
    assert "1 passed" in gone


def test_a_log_holds_nothing_but_what_pytest_prints(impl: Path) -> None:
    run, _ = run_suite(impl, CASES)
    assert run.status == 1
    assert " of 2" not in run.text
    assert "\x1b[K" not in run.text
    assert "test_cases.py .F" in run.text
