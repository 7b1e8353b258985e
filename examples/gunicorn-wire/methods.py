"""The application: what can be called. `call` is what gunicorn is told to load, and what the worker class awaits."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

from messages import Refused

PI_TERMS_A_STEP = 10_000  # about a millisecond
PI_N_MAX = 10**9
SLEEP_S_MAX = 600


async def call(method: str, params: Any) -> tuple[str, Any]:
    """The name of the reply, and its result. Only what is in the table can be called."""
    if method not in METHODS:
        raise Refused("unknown_method", f"no method is called {method[:60]!a}")
    out, function = METHODS[method]
    return out, await function(params)


async def ping(params: Any) -> Any:
    return params


async def pi(n: Any) -> float:
    """Lets others go first after every step, so that no call has the worker to itself."""
    if type(n) is not int or not 0 <= n <= PI_N_MAX:
        raise Refused("bad_params", f"pi takes an integer from 0 to {PI_N_MAX}")
    total = 0.0
    for first in range(0, n + 1, PI_TERMS_A_STEP):
        last = min(first + PI_TERMS_A_STEP, n + 1)
        total += math.fsum(1.0 / (odd * odd) for odd in range(2 * first + 1, 2 * last, 2))
        await asyncio.sleep(0)
    return math.sqrt(8.0 * total)


async def divide(params: Any) -> float:
    if not isinstance(params, dict):
        raise Refused("bad_params", "divide takes an object with num1 and, if you like, num2")
    dividend, divisor = number(params.get("num1")), number(params.get("num2", 1))
    if divisor == 0:
        raise Refused("invalid_operation", "division by zero")
    try:
        quotient = dividend / divisor
    except OverflowError:
        quotient = math.inf
    if not math.isfinite(quotient):
        raise Refused("invalid_operation", "the quotient is too large for a number")
    return quotient


async def sleep(params: Any) -> float:
    seconds = number(params)
    if not 0 <= seconds <= SLEEP_S_MAX:
        raise Refused("bad_params", f"one can sleep from 0 to {SLEEP_S_MAX} seconds")
    await asyncio.sleep(seconds)
    return seconds


def number(value: Any) -> int | float:
    if type(value) is int or type(value) is float:
        return value
    raise Refused("bad_params", "what should be a number is none")


METHODS: dict[str, tuple[str, Callable[[Any], Awaitable[Any]]]] = {
    "ping": ("pong", ping),
    "pi": ("pi_r", pi),
    "divide": ("divide_r", divide),
    "sleep": ("sleep_r", sleep),
}
