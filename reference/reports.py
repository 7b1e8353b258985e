"""What children tell the parent, over one pipe: that they are ready, and that they are alive."""

from __future__ import annotations

import os
import struct
from contextlib import suppress

REPORT = struct.Struct("<ic")  # pid, kind; shorter than PIPE_BUF, so never mixed with another's
READY, BEAT = b"R", b"B"
BEAT_S = 0.5
REPORTS_AT_ONCE = 4096


class Reporter:
    """A child's end."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.pid = os.getpid()

    def ready(self) -> None:
        self.send(READY)

    def beat(self) -> None:
        self.send(BEAT)

    def send(self, kind: bytes) -> None:
        with suppress(OSError):  # full while the parent is stopped; broken when it is gone, which is noticed elsewhere
            os.write(self.fd, REPORT.pack(self.pid, kind))


class Reports:
    """The parent's end."""

    def __init__(self) -> None:
        self.fd, self.children_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def take(self) -> list[tuple[int, bytes]]:
        try:
            return list(REPORT.iter_unpack(os.read(self.fd, REPORT.size * REPORTS_AT_ONCE)))
        except BlockingIOError:
            return []
