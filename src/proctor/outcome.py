"""How a case ends otherwise than by passing, and whose fault each ending is.

    Failure            the implementation broke a clause (an AssertionError, so a plain `assert` means the same)
      TimedOut         ... by not doing something in time; knows when the wait was, for the judge of host stalls
    Inconclusive       nobody can say: a fault did not take effect
      Unavailable      ... because this machine can't inject it at all (no strace, no root)

Any other exception is an error of the kit, and is reported as one, never as the implementation's.
"""

from __future__ import annotations


class Failure(AssertionError):
    """The implementation did what a clause forbids, or didn't do what one demands."""

    final = False
    """Whether waiting longer can't mend it: a wait ends at once on a final failure."""

    clauses: tuple[str, ...] = ()
    """Of the clauses that its case cites, those that it is about; all of them if it doesn't say."""


class TimedOut(Failure):
    """Something awaited didn't come. `started` and `ended` are seconds of time.monotonic().

    `allowance_s`: how much of that was there to be late in; all of it unless told. Of a call that must end half a
    second after its timeout of ten, it is the half second that a stalled host takes away.
    """

    def __init__(self, message: str, started: float, ended: float, allowance_s: float | None = None) -> None:
        super().__init__(message)
        self.started = started
        self.ended = ended
        self.allowance_s = ended - started if allowance_s is None else allowance_s


class Inconclusive(Exception):
    """The case could not be judged; the message says why."""


class Unavailable(Inconclusive):
    """This machine can't do what the case needs; the message says what is missing and what would bring it."""
