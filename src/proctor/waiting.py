"""Waits: always for an event, always with a deadline, and they say what they waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import tenacity

from proctor.outcome import Failure, TimedOut

P = ParamSpec("P")
T = TypeVar("T")

# First looks come quickly, since most things are done at once; later ones leave the machine to those that work.
FIRST_LOOK_S = 0.002
LAST_LOOK_S = 0.05
WATCH_EVERY_S = 0.02  # often enough to see what lasts, seldom enough not to be the load itself


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


def throughout(look: Callable[[], object], seconds: float, allowance_s: float | None = None) -> int:
    """Call `look`, which asserts what must hold all the while, for so many seconds, and once when they have passed;
    how often it was called: twice at least, however the host stalls.

    `allowance_s`: what holds is kept up by signs of life, and is over after so long without one, as a session. Whoever
    was kept from giving one may lose it without fault: TimedOut is raised then, for the judge of host stalls.
    """
    began = time.monotonic()
    looks, over = 0, False
    while not over:
        over = looks > 0 and time.monotonic() >= began + seconds
        try:
            look()
        except AssertionError as lost:
            if allowance_s is None:
                raise
            raise TimedOut(str(lost), began - allowance_s, time.monotonic(), allowance_s) from lost
        looks += 1
        if not over:
            time.sleep(WATCH_EVERY_S)
    return looks


def may_pass(error: BaseException) -> bool:
    return isinstance(error, AssertionError) and not (isinstance(error, Failure) and error.final)


def last_seen(state: tenacity.RetryCallState) -> str:
    assert state.outcome is not None
    error = state.outcome.exception()
    return str(error).strip() or repr(error) if error else repr(state.outcome.result())
