"""ZooKeeper's frames, without I/O: a 4-byte big-endian length, then that many bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

MAX_FRAME_BYTES = 0xFFFFF
"""Apache's default jute.maxbuffer: a server refuses a longer request, and so a longer path, data or ACL."""

_LENGTH = struct.Struct(">i")


class FrameError(ValueError):
    """The sender's fault: a length below zero or over the limit. Nothing after it can be understood."""


def frame(payload: bytes | bytearray) -> bytes:
    """`payload` with its length before it."""
    return _LENGTH.pack(len(payload)) + payload


class FrameBuffer:
    """Fed with bytes in whatever pieces they come, gives whole frames (their payloads).

    A frame longer than `limit` bytes is refused by its length alone.
    """

    def __init__(self, limit: int = MAX_FRAME_BYTES) -> None:
        self.limit = limit
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that `data` completes. Raises FrameError once those before a bad length are given.

        Those that are not taken are kept: `feed(b"")` gives them.
        """
        held = self._held
        held += data
        at = 0
        try:
            while (end := self._end(at)) is not None:
                payload = bytes(held[at + 4 : end])
                at = end
                yield payload
        finally:
            del held[:at]

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished frame are held."""
        return len(self._held)

    def _end(self, at: int) -> int | None:
        """Where the frame that starts at `at` ends; None while it is not all here."""
        if len(self._held) < at + 4:
            return None
        length: int = _LENGTH.unpack_from(self._held, at)[0]
        if not 0 <= length <= self.limit:
            raise FrameError(f"a frame of {length} bytes; the limit is {self.limit}")
        end = at + 4 + length
        return end if end <= len(self._held) else None
