"""A reader that is slow, and then leaves, or leaves twice. What each does to a writer: see the contract."""

from __future__ import annotations

import os
import signal
from contextlib import closing

import pytest

from proctor.faults.output import ReaderGone, SlowReader, fill
from tests.faults.place import WITHIN_S, Place
from tests.faults.readers import WRITES_FOR_EVER


def test_a_slow_reader_can_leave(place: Place) -> None:
    writer = place.program(WRITES_FOR_EVER)
    with SlowReader(writer.output, place.history) as slow:
        slow.took_effect()
        with ReaderGone(writer.output, place.history) as gone:
            gone.took_effect()
    assert writer.wait(WITHIN_S) == -signal.SIGPIPE


@pytest.mark.parametrize(
    "before", [b"", b"a line that has not ended", b"x" * 4096], ids=["empty", "begun", "full page"]
)
def test_a_filled_pipe_takes_not_a_byte_more(before: bytes) -> None:
    reader, writer = os.pipe2(os.O_NONBLOCK)
    with closing(os.fdopen(reader, "rb")) as pipe, closing(os.fdopen(writer, "wb", buffering=0)) as end:
        end.write(before)
        fill(reader)
        with pytest.raises(BlockingIOError):
            os.write(writer, b"x")
        held = pipe.read()
    assert held.startswith(before)
    assert held.endswith(b"\n")


def test_a_reader_leaves_once(place: Place) -> None:
    writer = place.program(WRITES_FOR_EVER)
    writer.output.leave()
    writer.output.leave()
    assert writer.output.ended
    assert writer.output.left


def test_a_reader_whose_stream_has_ended_did_not_leave_it(place: Place) -> None:
    program = place.program("print('done')")
    program.output.finish(WITHIN_S)
    program.output.leave()
    assert program.output.ended
    assert not program.output.left
    assert program.output.tail() == "done"
