"""A reader that is slow holds up its writer; one that is gone ends it by SIGPIPE, unless it cares for that."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proctor.faults.output import ReaderGone, SlowReader
from proctor.history import History
from proctor.process.program import Command, Program
from proctor.waiting import eventually, throughout

WRITES_FOR_EVER = """
import os, signal
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
while True:
    os.write(1, b"x" * 1000)
"""
MUCH = 1 << 20
LITTLE = 1 << 13  # a page that has been sipped off, and what was under way
A_WHILE_S = 0.1


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Program]:
    program = Program(Command([sys.executable, "-S", "-c", WRITES_FOR_EVER], tmp_path))
    eventually(lambda: written(program) > MUCH, within=10)
    yield program
    program.end()


def written(program: Program) -> int:
    """What a process has given to write(2) so far, in bytes."""
    return int(Path(f"/proc/{program.pid}/io").read_text().partition("wchar: ")[2].split()[0])


def writes_in_a_while(program: Program) -> int:
    before = written(program)
    throughout(lambda: None, A_WHILE_S)
    return written(program) - before


def test_a_writer_waits_for_a_slow_reader_and_goes_on_with_a_quick_one(writer: Program) -> None:
    with SlowReader(writer.output, History()) as fault:
        assert "16 bytes every" in fault.took_effect()
        eventually(lambda: writes_in_a_while(writer) < LITTLE, within=10, what="the writer to wait")
    eventually(lambda: writes_in_a_while(writer) > MUCH, within=10, what="the writer to go on")


def test_a_writer_whose_reader_is_gone_ends_by_sigpipe(writer: Program) -> None:
    with ReaderGone(writer.output, History()) as fault:
        fault.took_effect()
        assert writer.wait(10) == -signal.SIGPIPE


def test_a_slow_reader_can_leave(writer: Program) -> None:
    with SlowReader(writer.output, History()) as slow:
        slow.took_effect()
        with ReaderGone(writer.output, History()) as gone:
            gone.took_effect()
    assert writer.wait(10) == -signal.SIGPIPE


def test_a_reader_leaves_once(writer: Program) -> None:
    writer.output.leave()
    writer.output.leave()
    assert writer.output.ended
