"""What can be called. A method takes the params and returns the result, or *steps*: a generator that yields seconds to
wait (0: let others go first) and returns the result, so that no call holds up the event loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from types import GeneratorType
from typing import Any

from reference.codec import Codec
from reference.log import Log
from reference.wire import Refused

Steps = Generator[float, None, Any]
Method = Callable[[Any], Any]

PI_TERMS_A_STEP = 10_000  # about a millisecond
REST_S = 0.001  # between two steps: beside a long call, a short one mostly finds its worker free
PI_N_MAX = 10**9
SLEEP_S_MAX = 600.0
NAME_CHARS_SHOWN = 60


class Methods:
    """The table is all there is: no name from the wire is ever looked up on an object (Q1)."""

    def __init__(self) -> None:
        self.table: dict[str, tuple[str, Method]] = {
            "ping": ("pong", self.ping),
            "pi": ("pi_r", self.pi),
            "divide": ("divide_r", self.divide),
            "sleep": ("sleep_r", self.sleep),
        }

    def find(self, name: Any) -> tuple[str, Method]:
        """The name of its reply, and the method."""
        try:
            return self.table[name]
        except (KeyError, TypeError):
            if type(name) is not str:
                raise Refused("bad_request", '"in" is not a string') from None
            raise Refused("unknown_method", f"no method is called {name[:NAME_CHARS_SHOWN]!r}") from None

    def ping(self, params: Any) -> Any:
        return params

    def pi(self, params: Any) -> Any:
        """sqrt(8 * sum of 1/(2i+1)^2, i from 0 to n)."""
        if type(params) is not int or not 0 <= params <= PI_N_MAX:
            raise Refused("bad_params", f"pi takes an integer from 0 to {PI_N_MAX}")
        return pi_in_steps(params) if params >= PI_TERMS_A_STEP else root(add_terms(0.0, 0, params + 1))

    def divide(self, params: Any) -> Any:
        if not isinstance(params, dict):
            raise Refused("bad_params", "divide takes an object with num1 and, if you like, num2")
        num1, num2 = number("num1", params.get("num1")), number("num2", params.get("num2", 1))
        if num2 == 0:
            raise Refused("invalid_operation", "division by zero")
        return quotient(num1, num2)

    def sleep(self, params: Any) -> Any:
        seconds = number("the time to sleep, in seconds,", params)
        if not 0 <= seconds <= SLEEP_S_MAX:
            raise Refused("bad_params", f"one can sleep from 0 to {SLEEP_S_MAX:g} seconds")
        return sleep_in_steps(seconds)


def add_terms(total: float, first: int, end: int) -> float:
    for odd in range(2 * first + 1, 2 * end + 1, 2):
        total += 1.0 / (odd * odd)
    return total


def root(total: float) -> float:
    return math.sqrt(8.0 * total)


def pi_in_steps(n: int) -> Steps:
    total = 0.0
    for first in range(0, n + 1, PI_TERMS_A_STEP):
        total = add_terms(total, first, min(first + PI_TERMS_A_STEP, n + 1))
        yield REST_S
    return root(total)


def sleep_in_steps(seconds: float) -> Steps:
    yield seconds
    return seconds


def number(name: str, value: Any) -> int | float:
    if type(value) not in (int, float):
        raise Refused("bad_params", f"{name} is not a number")
    return value  # type: ignore[no-any-return]  # its type has just been tested, which mypy doesn't follow


def quotient(num1: int | float, num2: int | float) -> int | float:
    """Exact where it can be; never NaN or infinite."""
    if type(num1) is int and type(num2) is int and num1 % num2 == 0:
        return num1 // num2
    try:
        result = num1 / num2
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise Refused("invalid_operation", "the quotient is too large for a number")
    return result


class Dispatcher:
    """From a frame's body to the frame of its reply."""

    def __init__(self, codec: Codec, methods: Methods, log: Log) -> None:
        self.codec = codec
        self.methods = methods
        self.log = log

    def answer(self, body: bytes | Refused) -> bytes | Steps:
        """The reply, or steps that return it. Whatever goes wrong is an answer too."""
        try:
            if isinstance(body, Refused):
                raise body
            name, params = self.codec.request(body)
            out, method = self.methods.find(name)
            result = method(params)
            if type(result) is GeneratorType:
                return self.answer_later(out, result)
            return self.codec.reply(out, result)
        except Exception as error:
            return self.failure(error)

    def answer_later(self, out: str, steps: Steps) -> Steps:
        try:
            result = yield from steps
            return self.codec.reply(out, result)
        except Exception as error:
            return self.failure(error)

    def failure(self, error: Exception) -> bytes:
        """The error's frame. It tells of the request, never of our insides (Q5)."""
        if not isinstance(error, Refused):
            self.log(f"a method failed: {error!r}")
            error = Refused("internal", "the method failed")
        return self.codec.reply("error", {"code": error.code, "message": error.message})
