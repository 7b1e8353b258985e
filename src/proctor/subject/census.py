"""Who worked when: a server's workers, counted again and again while something happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType

from proctor.process.text import several
from proctor.subject.server import Server

EVERY_S = 0.002


@dataclass(frozen=True)
class Count:
    """The workers that one look found. `at` is when it ended, in seconds of time.monotonic()."""

    at: float
    pids: frozenset[int]


class Census:
    """Counts from entering the block until leaving it. The history tells of each change."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, name="proctor-census", daemon=True)
        self.counts: list[Count] = []

    def __enter__(self) -> Census:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        while not self._over.wait(EVERY_S):
            pids = frozenset(self._server.worker_pids())
            if not self.counts or self.counts[-1].pids != pids:
                self._server.history.record("workers", count=len(pids), pids=listed(pids))
            self.counts.append(Count(time.monotonic(), pids))


def listed(pids: Collection[int]) -> str:
    return several(sorted(pids))
