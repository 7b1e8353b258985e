"""The implementation's output: drained, so that no full pipe blocks it unless a test wants that; its end is kept."""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from typing import BinaryIO

from proctor.process.text import printable, shorten

KEPT_BYTES = 64 * 1024  # what a failure shows; a flood of output must not grow the kit
GULP_BYTES = 65536
SHOWN_CHARS = 500  # of a line, which may have no end
BEGINNING_BYTES = 4 * SHOWN_CHARS  # in UTF-8 at least as many characters
SIP_EVERY_S = 0.02


class Output:
    """Drains one stream in a thread of its own and keeps its last KEPT_BYTES."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._pieces: deque[bytes] = deque()
        self._kept = 0
        self._begun = b""  # the beginning of the line in which the pieces begin
        self._lock = threading.Lock()
        self._sip_bytes = 0
        self._leave = os.eventfd(0, os.EFD_CLOEXEC)
        self._ended = False
        self._left = False
        self._thread = threading.Thread(target=self._drain, name="proctor-output", daemon=True)
        self._thread.start()

    def tail(self, lines: int = 20) -> str:
        """The last lines, of each its beginning; control characters other than newline and tab are shown as escapes.

        What is shown never begins within a line, and so not inside a secret, which nobody would know by its end.
        """
        with self._lock:
            kept = b"".join((self._begun, *self._pieces)).splitlines()[-lines:]
        told = (line.decode(errors="backslashreplace") for line in kept)
        return "\n".join(printable(shorten(line, SHOWN_CHARS)) for line in told)

    def finish(self, within_s: float) -> None:
        """Wait for the end of the stream: whoever holds its other end may still write."""
        self._thread.join(within_s)

    @property
    def ended(self) -> bool:
        """Whether nobody reads any more: the stream came to its end, or its reader left."""
        return self._ended

    @property
    def left(self) -> bool:
        """Whether its reader left before the stream came to its end."""
        return self._left

    def duplicate(self) -> int:
        """Another descriptor of the reading end, for the caller to close; ValueError once it has ended."""
        with self._lock:
            return os.dup(self._stream.fileno())

    def sip(self, size: int) -> None:
        """Read so many bytes every SIP_EVERY_S, so that whoever writes much fills the pipe; 0: in gulps again."""
        self._sip_bytes = size

    def leave(self) -> None:
        """Close the reading end, as when a log's reader dies: whoever writes from then on gets EPIPE, or SIGPIPE."""
        with self._lock:
            if not self._ended:
                os.eventfd_write(self._leave, 1)
        self._thread.join()

    def _drain(self) -> None:
        while piece := self._read():
            self._keep(piece)
        with self._lock:
            self._ended = True
            self._stream.close()
            os.close(self._leave)

    def _read(self) -> bytes:
        """What comes next; b"" at the end, or once told to leave."""
        if self._sip_bytes:
            polled(self._leave).poll(SIP_EVERY_S * 1000)
        stream = self._stream.fileno()
        ready = dict(polled(self._leave, stream).poll())
        if self._leave in ready:
            self._left = not ready.get(stream, 0) & select.POLLHUP
            return b""
        return os.read(stream, self._sip_bytes or GULP_BYTES)

    def _keep(self, piece: bytes) -> None:
        with self._lock:
            self._pieces.append(piece)
            self._kept += len(piece)
            while self._kept - len(self._pieces[0]) >= KEPT_BYTES:
                lost = self._pieces.popleft()
                self._kept -= len(lost)
                self._begun = last_line(self._begun + lost)[:BEGINNING_BYTES]


def last_line(data: bytes) -> bytes:
    """What comes behind the last end of a line."""
    return data[max(data.rfind(b"\n"), data.rfind(b"\r")) + 1 :]


def polled(*descriptors: int) -> select.poll:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return poll
