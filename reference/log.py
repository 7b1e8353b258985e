"""What is told to people: one line on standard error for each event."""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress

LINE_BYTES_MAX = select.PIPE_BUF  # such a write is atomic: lines of several processes don't mix


class Log:
    """Writes lines and never waits: a reader that stopped reading must not stop the parent (S5)."""

    def __init__(self, fd: int = 2) -> None:
        self.fd = unblocked(fd)

    def __call__(self, message: str) -> None:
        line = f"reference[{os.getpid()}]: {printable(message)}"
        with suppress(OSError):  # full, or its reader is gone: the line is lost, the server isn't
            os.write(self.fd, line.encode(errors="backslashreplace")[: LINE_BYTES_MAX - 1] + b"\n")


def unblocked(fd: int) -> int:
    """A descriptor for what `fd` is open on that never blocks.

    O_NONBLOCK belongs to the open file, which others share; so a pipe is opened anew. Files don't block.
    """
    with suppress(OSError):  # closed, or no /proc: then as it is
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return fd


def printable(text: str) -> str:
    """`text` with everything escaped that could forge a line or drive a terminal (Q6)."""
    return text if text.isprintable() else "".join(map(escaped, text))


def escaped(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def where(error: BaseException) -> str:
    """The line that raised it. By hand: without descriptors, a child can load neither a module nor the source."""
    place = error.__traceback__
    assert place is not None
    while place.tb_next:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
