"""Failures with one cause: all is told once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proctor.record import cause
from tests.examination.miniatures import examine, server

STARTS_ONCE = """
    import os, pathlib, signal, socket, sys, time
    if pathlib.Path("started").exists():
        sys.exit("there is no second time")
    pathlib.Path("started").touch()
    listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if os.fork() == 0:
        time.sleep(600)
    time.sleep(600)
"""
CASES = """
from proctor.api import *

@clause("supervision/every-death-is-reaped")
def test_one(start_server): start_server()

@clause("supervision/every-death-is-reaped")
def test_two(start_server): start_server(workers=3)

@clause("supervision/workers-are-as-asked")
def test_three(start_server): start_server()

@clause("supervision/every-death-is-reaped")
def test_four(history): raise Failure("of its own")
"""


@pytest.mark.parametrize("in_ci", ["", "true"])
@pytest.mark.parametrize("processes", [0, 2])
def test_a_server_that_no_longer_starts_is_told_of_once(
    tmp_path: Path, processes: int, in_ci: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The smoke check saw it start; afterwards every case would show the same output, processes and events. Where CI is
    set pytest's summary doesn't cut what it repeats.
    """
    monkeypatch.setenv("CI", in_ci)
    impl = server(tmp_path, STARTS_ONCE, limits="boot_s = 20")
    (impl / "test_cases.py").write_text(CASES)
    run = examine(impl, "test_cases.py", "--seed=1", "-n", str(processes))
    assert run.status == 1
    assert run.text.count("there is no second time") == 2, "in the message, and as what it said last"
    assert run.text.count(", which shows the rest") == 2
    assert run.text.count("what happened, in seconds since the case began") == 2, "test_four has another cause"
    if in_ci:  # elsewhere the terminal's width decides how much of it is seen
        assert re.search(
            r"^FAILED test_cases.py::test_four - supervision/every-death-is-reaped: of its own$", run.text, re.M
        )
    for case in ("one", "two", "three", "four"):
        assert run.text.count(f"again:  pytest --impl={impl} test_cases.py::test_{case} --seed=1") == 1


def test_a_cause_is_what_is_said_but_for_the_numbers() -> None:
    assert cause("process 17 ended after 0.25 s") == cause("process 4711 ended after 3 s")
    assert cause("process 17 ended after 0.25 s") != cause("process 17 stays")
