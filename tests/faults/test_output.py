"""A reader that is slow, and then leaves, or leaves twice. What each does to a writer: see the contract."""

from __future__ import annotations

import signal

from proctor.faults.output import ReaderGone, SlowReader
from tests.faults.place import WITHIN_S, Place
from tests.faults.readers import WRITES_FOR_EVER


def test_a_slow_reader_can_leave(place: Place) -> None:
    writer = place.program(WRITES_FOR_EVER)
    with SlowReader(writer.output, place.history) as slow:
        slow.took_effect()
        with ReaderGone(writer.output, place.history) as gone:
            gone.took_effect()
    assert writer.wait(WITHIN_S) == -signal.SIGPIPE


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
