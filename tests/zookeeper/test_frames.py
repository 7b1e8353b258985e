"""Frames: whole however they arrive, refused by their length alone."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.zookeeper.frames import FrameBuffer, FrameError, frame


@given(st.lists(st.binary(max_size=40), max_size=8), st.data())
def test_frames_come_whole_however_they_are_split(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(frame, payloads))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    buffer = FrameBuffer()
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [whole for piece in pieces for whole in buffer.feed(piece)] == payloads
    assert buffer.pending == 0


def test_an_unfinished_frame_waits() -> None:
    buffer = FrameBuffer()
    assert list(buffer.feed(frame(b"abc")[:-1])) == []
    assert buffer.pending == 6
    assert list(buffer.feed(b"c")) == [b"abc"]


def test_frames_not_taken_are_given_later() -> None:
    buffer = FrameBuffer()
    for first in buffer.feed(frame(b"a") + frame(b"b") + frame(b"c")[:3]):
        assert first == b"a"
        break
    assert list(buffer.feed(frame(b"c")[3:])) == [b"b", b"c"]


@pytest.mark.parametrize("length", [b"\xff\xff\xff\xff", b"\x80\x00\x00\x00", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x09"])
def test_a_bad_length_is_refused_after_the_good_frames_before_it(length: bytes) -> None:
    """The good ones have been sent in earnest: they must be answered before the connection goes."""
    frames = FrameBuffer(limit=8).feed(frame(b"12345678") + length)
    assert next(frames) == b"12345678"
    with pytest.raises(FrameError, match="limit is 8"):
        next(frames)


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_garbage_is_framed_or_refused(pieces: list[bytes]) -> None:
    buffer = FrameBuffer(limit=1000)
    with suppress(FrameError):
        for piece in pieces:
            assert all(len(whole) <= 1000 for whole in buffer.feed(piece))
