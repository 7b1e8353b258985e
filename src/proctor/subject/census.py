"""Who worked when: a server's workers, counted again and again while something happens."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from proctor.background import Background
from proctor.process.text import several
from proctor.subject.server import Server

EVERY_S = 0.002


@dataclass(frozen=True)
class Count:
    """The workers that one look found. `at` is when it ended, in seconds of time.monotonic()."""

    at: float
    pids: frozenset[int]


class Census(Background):
    """Counts from entering the block until leaving it. The history tells of each change."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self.counts: list[Count] = []
        self.add("census", self._count)

    def _count(self) -> None:
        while not self.over.wait(EVERY_S):
            pids = frozenset(self._server.worker_pids())
            if not self.counts or self.counts[-1].pids != pids:
                self._server.history.record("workers", count=len(pids), pids=listed(pids))
            self.counts.append(Count(time.monotonic(), pids))


def listed(pids: Collection[int]) -> str:
    return several(sorted(pids))
