"""Signals as bytes on a pipe that an event loop can wait for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType


class Signals:
    """The handlers only take note; everything else happens in the main loop, never inside a handler (S5).

    The pipe wakes the loop and may fill up; which signals came is kept beside it, so that none is lost (S10).
    """

    def __init__(self, handled: Iterable[int], ignored: Iterable[int]) -> None:
        """Takes over: what was inherited (ignored signals, a mask, the parent's pipe) ends here (S4, S11)."""
        self.wake, self._in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._arrived: list[int] = []
        signal.set_wakeup_fd(self._in, warn_on_full_buffer=False)
        for signum in ignored:
            signal.signal(signum, signal.SIG_IGN)
        for signum in handled:
            signal.signal(signum, self._note)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def _note(self, signum: int, _frame: FrameType | None) -> None:
        self._arrived.append(signum)

    def take(self) -> list[int]:
        """The signals that came since the last time, in order. First the pipe, so that a later one wakes again."""
        with suppress(BlockingIOError):
            os.read(self.wake, 4096)
        arrived, self._arrived = self._arrived, []
        return arrived

    def close(self) -> None:
        os.close(self.wake)
        os.close(self._in)


def ignore(ignored: Iterable[int]) -> None:
    """For a process that takes its orders elsewhere. Takes over as Signals does."""
    signal.set_wakeup_fd(-1)
    for signum in ignored:
        signal.signal(signum, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def block() -> set[int]:
    """Holds back every signal, until the mask that is returned is set again."""
    return set(signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals()))
