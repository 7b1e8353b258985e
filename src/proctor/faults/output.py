"""Whoever reads a program's output is slow, or gone."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.outcome import Inconclusive
from proctor.process.output import SIP_EVERY_S, Output

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")  # the smallest pipe, and what must have been read before more can be written
A_PAGE_S = 1.0
SIP_BYTES = round(PAGE_BYTES * SIP_EVERY_S / A_PAGE_S)
FILLING = b"(proctor fills this pipe, which is read slowly)".ljust(PAGE_BYTES, b".")
LINES = [FILLING[: size - 1] + b"\n" for size in (1024, 256, 64, 16, 4, 1)]  # few, and what is left takes the shorter


class SlowReader(Fault):
    """A small pipe, full at first, then read in sips, a page in A_PAGE_S: whoever writes blocks at once, and again
    after each page. Proof: the pipe's size and the sips, and that somebody has its other end.

    Healed by reading all there is again; the pipe stays as small as it is.
    """

    needs = "pipes"

    def __init__(self, output: Output, history: History) -> None:
        super().__init__(history)
        self._output = output
        self._bytes = 0

    def inject(self) -> None:
        try:
            pipe = self._output.duplicate()
        except ValueError:
            raise Inconclusive("the output has ended: nobody writes to it") from None
        try:
            with suppress(OSError):  # a pipe that holds more than a page now stays as it is
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PAGE_BYTES)
            self._bytes = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
            self._output.sip(SIP_BYTES)
            fill(pipe)
        finally:
            os.close(pipe)

    def proof(self) -> str | None:
        if self._output.ended:
            raise Inconclusive("the output ended while it was read slowly: nobody writes to it any more")
        return f"a pipe of {self._bytes} bytes, filled, and read {SIP_BYTES} bytes every {SIP_EVERY_S} s"

    def heal(self) -> None:
        self._output.sip(0)


def fill(pipe: int) -> None:
    """Write to a pipe, whose reading end this is, until it takes no byte more."""
    end = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    try:
        for line in LINES:
            with suppress(BlockingIOError):
                while True:
                    os.write(end, line)
    finally:
        os.close(end)


class ReaderGone(Fault):
    """Closes the reading end of a program's output: from then on a write fails with EPIPE. It can't be healed.

    Proof: the kit's end was closed before the output came to its end.
    """

    needs = "pipes"

    def __init__(self, output: Output, history: History) -> None:
        super().__init__(history)
        self._output = output

    def inject(self) -> None:
        self._output.leave()

    def proof(self) -> str | None:
        if not self._output.left:
            raise Inconclusive("the output had ended by itself: nobody writes to it any more")
        return "the only reading end is closed"

    def heal(self) -> None:
        """A closed pipe stays closed."""
