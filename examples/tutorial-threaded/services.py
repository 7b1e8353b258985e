"""What the server does for its callers, and the one error that travels back to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


class InvalidOperation(Exception):
    """The operation has no result for these numbers."""


def ping(params: Any) -> Any:
    return params


def pi(n: Any) -> float:  # F14: a wrong type raises, a negative number is 0
    return math.sqrt(8 * sum(1 / (2 * i + 1) ** 2 for i in range(n + 1)))


def divide(num1: Any, num2: Any = 1) -> Any:
    if num2 == 0:
        raise InvalidOperation("division by zero")
    return num1 / num2  # F14: True is a number here; F16: the result may be infinite


# Q7: the names in the params of `divide` become arguments of the function.
SERVICES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "ping": ("pong", ping),
    "pi": ("pi_r", pi),
    "divide": ("divide_r", lambda params: divide(**params)),
}
