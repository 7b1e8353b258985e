"""Waits: always for an event, always with a deadline, and they say what they waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import ParamSpec, TypeVar

import tenacity

from proctor.outcome import Failure, Inconclusive, TimedOut

P = ParamSpec("P")
T = TypeVar("T")

# First looks come quickly, since most things are done at once; later ones leave the machine to those that work.
FIRST_LOOK_S = 0.002
LAST_LOOK_S = 0.05
WATCH_EVERY_S = 0.02  # often enough to see what lasts, seldom enough not to be the load itself
LATE_SHARE = 0.25  # of what a loss takes: the share that the judge forgives the host, in `proctor.process.stalls`


def eventually(look: Callable[[], T], within: float, what: str = "") -> T:
    """Call `look` until it gives something true, and return that.

    `look` may also assert: an AssertionError counts as "not yet", unless it is a final Failure. After `within`
    seconds TimedOut is raised, with `what` was awaited and what was seen last.
    """
    started = time.monotonic()
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(may_pass) | tenacity.retry_if_result(lambda seen: not seen),
        stop=tenacity.stop_after_delay(within),
        wait=tenacity.wait_exponential(multiplier=FIRST_LOOK_S, max=LAST_LOOK_S),
        retry_error_callback=lambda state: state,
    )
    seen = attempts(look)
    if not isinstance(seen, tenacity.RetryCallState):
        return seen
    name = what or getattr(look, "__qualname__", repr(look))
    raise TimedOut(f"waited {within:.2f} s for {name}; last seen: {last_seen(seen)}", started, time.monotonic())


def throughout(look: Callable[[], object], seconds: float) -> int:
    """Call `look`, which asserts what must hold all the while, for so many seconds, and once when they have passed;
    how often it was called: twice at least, however the host stalls."""
    ends = time.monotonic() + seconds
    looks, over = 0, False
    while not over:
        over = looks > 0 and time.monotonic() >= ends
        look()
        looks += 1
        if not over:
            time.sleep(WATCH_EVERY_S)
    return looks


def kept(look: Callable[[], object], seconds: float, allowance_s: float) -> None:
    """As `throughout`, for what is kept up by signs of life and lost after `allowance_s` without one, as a session is.

    Who is held up may lose it without fault. So a loss is TimedOut, for the judge of host stalls; and Inconclusive if a
    look in the time before it came late itself: whatever held up the kit, or its registry, may have held up others.
    """
    looked = [time.monotonic()]

    def timed() -> None:
        try:
            look()
        finally:
            looked.append(time.monotonic())

    try:
        throughout(timed, seconds)
    except AssertionError as lost:
        ended = looked[-1]
        began = ended - allowance_s
        late = max(after - before for before, after in pairwise(looked) if after >= began)
        if late > LATE_SHARE * allowance_s:
            raise Inconclusive(f"the kit itself looked only after {late:.2f} s, and saw: {lost}") from lost
        raise TimedOut(str(lost), began, ended, allowance_s) from lost


def may_pass(error: BaseException) -> bool:
    return isinstance(error, AssertionError) and not (isinstance(error, Failure) and error.final)


def last_seen(state: tenacity.RetryCallState) -> str:
    assert state.outcome is not None
    error = state.outcome.exception()
    return str(error).strip() or repr(error) if error else repr(state.outcome.result())
