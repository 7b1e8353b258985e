"""What every fault is: injected on entering its block, proven by `took_effect`, healed on leaving.

with Stop(server.parent, history) as fault:
    proof = fault.took_effect()      # Inconclusive, never a pass, if it did not
    ...
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from proctor.history import History
from proctor.outcome import Inconclusive, TimedOut, Unavailable
from proctor.waiting import eventually

EFFECT_WITHIN_S = 10.0
NUMBERS = itertools.count(1)


class NeverProven(RuntimeError):
    """A test left a fault's block without asking for the proof: its verdict would mean nothing."""


class Fault(ABC):
    """One fault. Subclasses say how it is injected, proven and healed; `needs` names what it is injected with."""

    needs = "signals"

    def __init__(self, history: History) -> None:
        self.history = history
        self.number = next(NUMBERS)
        self._proven = False

    @property
    def name(self) -> str:
        return type(self).__name__

    def unavailable(self) -> str | None:
        """Why this machine can't inject it, or None. What only the attempt shows, `inject` raises as Unavailable."""
        return None

    @abstractmethod
    def inject(self) -> None:
        """Break something."""

    @abstractmethod
    def proof(self) -> str | None:
        """What shows that it took effect; None, or an AssertionError that says more, while nothing does."""

    @abstractmethod
    def heal(self) -> None:
        """Undo it, as far as it can be undone; called once, always, also if `inject` or the test failed."""

    def took_effect(self, within: float = EFFECT_WITHIN_S) -> str:
        """Wait for the proof and give it. Inconclusive if there is none in time."""
        self._proven = True
        try:
            proof = eventually(self.proof, within=within, what=f"{self.name} to take effect")
        except TimedOut as late:
            raise Inconclusive(f"the fault {self.name} did not take effect: {late}") from None
        assert proof is not None
        self._record("effective", proof=proof)
        return proof

    def __enter__(self) -> Self:
        if reason := self.unavailable():
            raise self._unavailable(reason)
        self._record("injected")
        try:
            self.inject()
        except Unavailable as error:
            self._heal()
            raise self._unavailable(str(error)) from None
        except BaseException:
            self._heal()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._heal()
        if error is None and not self._proven:
            raise NeverProven(f"{self.name} was injected, and its effect never asked for")

    def _unavailable(self, reason: str) -> Unavailable:
        """Recorded, so that the certificate says what this machine could not do."""
        self._record("unavailable", reason=reason)
        return Unavailable(f"{self.name} can't be injected here: {reason}")

    def _heal(self) -> None:
        self.heal()
        self._record("healed")

    def _record(self, phase: str, **facts: str) -> None:
        """`number` tells which of several faults of one name it is."""
        self.history.record("fault", number=self.number, name=self.name, phase=phase, needs=self.needs, **facts)
