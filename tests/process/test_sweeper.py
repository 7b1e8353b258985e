"""What outlives a kit ends what the kit has left, stopped or not, and nothing of anybody else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from proctor.process.program import Command, Program, adopt_orphans
from proctor.process.sweeper import SWEEP
from proctor.waiting import eventually

WITHIN_S = 20.0
SWEEPS_FOR_S = 10.0  # as sweep.py has it, which can't be imported
STOPS_ITS_CHILD = """
import os, signal, sys
if os.fork() == 0:
    os.setsid()
    os.kill(os.getpid(), signal.SIGSTOP)
signal.pause()
"""
STARTS_AND_STOPS_ONE = """
import os
from proctor.process import observe
from proctor.process.sweeper import Sweeper
sweeper = Sweeper()
print(len(observe.children(os.getpid())))
sweeper.stop()
print(len(observe.children(os.getpid())))
"""


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[list[Program]]:
    """Two of ours, each with a stopped child."""
    adopt_orphans()
    with ExitStack() as ends:
        started = [Program(Command([sys.executable, "-I", "-S", "-c", STOPS_ITS_CHILD], tmp_path)) for _ in range(2)]
        for program in started:
            ends.callback(program.end)
            eventually(lambda one=program: [child.state for child in one.tree()] == ["T"], within=WITHIN_S)  # type: ignore[misc]
        yield started


def test_what_is_marked_is_killed_once_the_kit_is_gone_and_nobody_else(programs: list[Program]) -> None:
    left, other = programs
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(SWEEP), str(left.mark), str(left.mark)], stdin=subprocess.PIPE
    ) as sweeping:
        assert left.exit_status() is None, "the kit is there as long as its pipe is"
        assert sweeping.stdin is not None
        sweeping.stdin.close()
        assert sweeping.wait(SWEEPS_FOR_S / 2) == 0, "zombies are nobody's to kill"
    eventually(lambda: not left.remains() and left.exit_status() == -9, within=WITHIN_S)
    assert other.exit_status() is None
    assert [child.state for child in other.tree()] == ["T"]


def test_a_sweeper_that_is_stopped_is_gone() -> None:
    """Shown in a process of its own: it ends all that is marked as its kit's."""
    told = subprocess.run(
        [sys.executable, "-c", STARTS_AND_STOPS_ONE], capture_output=True, text=True, check=False, timeout=WITHIN_S
    )
    assert told.stdout.split() == ["1", "0"], told.stderr
