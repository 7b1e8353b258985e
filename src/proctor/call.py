"""Calls, as the history holds them.

A call is recorded as one event `call` when its outcome is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from proctor.history import History

Kind = Literal["ok", "failed", "unknown"]


@dataclass(frozen=True)
class Call:
    """One call. `invoked` and `ended` are seconds of time.monotonic(), `expected` the answer that would be right.

    `outcome`: ok; failed (certainly not executed, or answered by an error); unknown (a timeout, a broken connection).
    """

    who: str
    invoked: float
    ended: float
    outcome: Kind
    asked: str
    answered: str
    expected: str
    timeout_s: float | None = None
    to: str = ""  # whom, where the caller chose
    nonce: str = ""  # what it sent and nobody else

    @property
    def took_s(self) -> float:
        return self.ended - self.invoked


def record(history: History, call: Call) -> None:
    history.record("call", **vars(call))


def calls(history: History, since: float = 0.0) -> list[Call]:
    return [Call(**event.facts) for event in history.events("call", since)]
