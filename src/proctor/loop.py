"""One asyncio loop in one daemon thread, for everything of the kit that serves sockets beside the tests.

Tests are plain synchronous functions; registries, proxies and scripted servers are asyncio protocols. They meet
here: a test thread hands a coroutine to the loop and waits for its result, with a deadline.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """A running event loop. Usable as a context manager; `stop` cancels whatever still runs on it."""

    def __init__(self, name: str = "proctor-loop") -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> LoopThread:
        self._thread.start()
        return self

    def call(self, work: Coroutine[Any, Any, T], within_s: float = 10.0) -> T:
        """Run `work` on the loop and return its result; from any thread but the loop's own.

        Raises TimeoutError, and cancels `work`, when it takes longer than `within_s` seconds.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("LoopThread.call from the loop's own thread would wait for itself: await instead")
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(within_s)
        except TimeoutError:
            future.cancel()
            raise
        except CancelledError:
            raise RuntimeError("the kit's event loop was stopped while it worked") from None

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10.0)

    def __enter__(self) -> LoopThread:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self._cancel_all()
            self.loop.close()

    def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
