"""Laws that hold for any value. Values are drawn from the run's seed; one that breaks the law is made small, and kept
beside the report, so that the next run tries it first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from proctor.examination.stagehand import Stagehand
from proctor.subject.server import Server, Snapshot
from proctor.wire.connection import Connection

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")

EXAMPLES = 60
SHRINK_S = 15.0  # how long a counterexample is made smaller: on a server that hangs each attempt takes its time

Law = Callable[[Server, Connection, T], None]


class ForAny(Protocol):
    """Calls `law`, which asserts, with values drawn from what `values` gives; raises what it raises for the smallest
    found.

    Each time with a server that no value has harmed so far, and with a new connection to it, for the value.
    """

    def __call__(self, values: Callable[[], SearchStrategy[T]], law: Law[T]) -> None: ...


class Trial:
    """The laws of one case."""

    def __init__(self, hand: Stagehand, seed: int, kept_in: Path) -> None:
        """`kept_in`: a folder of this case's own; made only for a counterexample."""
        self._hand = hand
        self._seed = seed
        self._kept_in = kept_in
        self._before: Snapshot | None = None
        self._broken_by = ""
        self._ends = float("inf")

    def for_any(self, values: Callable[[], SearchStrategy[T]], law: Law[T]) -> None:
        """As ForAny."""
        from hypothesis.database import DirectoryBasedExampleDatabase  # noqa: PLC0415  # only who draws waits for it

        from proctor.laws import hold_for_any  # noqa: PLC0415  # the same

        hold_for_any(
            partial(self._hold, law),
            values(),
            seed=self._seed,
            most=EXAMPLES,
            database=DirectoryBasedExampleDatabase(self._kept_in),
        )

    def check_unharmed(self) -> None:
        """Failure if the server is not what it was before."""
        if self._before is not None:
            self._hand.check_unharmed(self._before)

    def _hold(self, law: Law[T], value: T) -> None:
        """Some time after it was first broken a law is tried only on what broke it last: so the search ends."""
        if time.monotonic() > self._ends and repr(value) != self._broken_by:
            return
        server = self._unharmed()
        try:
            with server.connect() as wire:
                self._hand.history.record("drawn", port=wire.client[1])
                law(server, wire, value)
        except BaseException:
            self._ends = min(self._ends, time.monotonic() + SHRINK_S)
            self._broken_by = repr(value)
            self._hand.dismiss_shared_server()
            self._before = None
            raise

    def _unharmed(self) -> Server:
        server = self._hand.shared_server()
        if self._before is None:
            self._before = server.snapshot()
        return server
