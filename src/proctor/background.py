"""Threads that go on while something else happens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Background:
    """Runs what was added, a thread for each, from entering the block until leaving it.

    Each looks at `over`, and ends soon once it is set. What ended one before is raised on leaving, unless the block
    itself has failed.
    """

    def __init__(self) -> None:
        self.over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._errors: list[Exception] = []

    def add(self, name: str, run: Callable[[], None]) -> None:
        self._threads.append(
            threading.Thread(target=self._keep, args=(run,), name=f"proctor {name}", daemon=True),
        )

    def stop(self) -> None:
        self._end()
        if self._errors:
            raise self._errors.pop(0)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.stop()
        else:
            self._end()

    def _end(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _keep(self, run: Callable[[], None]) -> None:
        try:
            run()
        except Exception as error:
            self._errors.append(error)
