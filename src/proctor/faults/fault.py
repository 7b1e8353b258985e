"""What every fault is: injected on entering its block, proven by `took_effect`, healed on leaving.

with Stop(server.parent, history) as fault:
    proof = fault.took_effect()      # Inconclusive, never a pass, if it did not
    ...
"""

from __future__ import annotations

import itertools
import threading
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

    def broke_off(self) -> Exception | None:
        """What ended it before it was healed; raised on leaving the block, whatever failed there: that may come of
        nothing else.
        """
        return None

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
        if (reason := self.broke_off()) is not None:
            raise reason
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


class LastingFault(Fault):
    """One that a thread keeps up until it is healed."""

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self.healed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"proctor-{self.name}", daemon=True)
        self._error: Exception | None = None

    @abstractmethod
    def keep_up(self) -> None:
        """Break something, again and again; look at `healed`, and end soon once it is set."""

    def inject(self) -> None:
        self._thread.start()

    def heal(self) -> None:
        self.healed.set()
        if self._thread.ident is not None:
            self._thread.join()

    def broke_off(self) -> Exception | None:
        return self._error

    def _run(self) -> None:
        try:
            self.keep_up()
        except Exception as error:
            self._error = error
