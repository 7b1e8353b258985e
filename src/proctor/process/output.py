"""The implementation's output: always drained, so that a full pipe never blocks it; only the end is kept."""

from __future__ import annotations

import threading
from collections import deque
from typing import BinaryIO

KEPT_BYTES = 64 * 1024  # what a failure shows; a flood of output must not grow the kit


class Output:
    """Drains one stream in a thread of its own and keeps its last KEPT_BYTES."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._pieces: deque[bytes] = deque()
        self._kept = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._drain, name="proctor-output", daemon=True)
        self._thread.start()

    def tail(self, lines: int = 20) -> str:
        """The last lines, as text; control characters other than newline and tab are shown as escapes."""
        with self._lock:
            text = b"".join(self._pieces).decode(errors="backslashreplace")
        return "\n".join(printable(line) for line in text.splitlines()[-lines:])

    def finish(self, within_s: float) -> None:
        """Wait for the end of the stream: whoever holds its other end may still write."""
        self._thread.join(within_s)

    def _drain(self) -> None:
        with self._stream:
            while piece := self._stream.read1(65536):  # type: ignore[attr-defined]  # Popen's pipes are buffered readers
                self._keep(piece)

    def _keep(self, piece: bytes) -> None:
        with self._lock:
            self._pieces.append(piece)
            self._kept += len(piece)
            while self._kept - len(self._pieces[0]) >= KEPT_BYTES:
                self._kept -= len(self._pieces.popleft())


def printable(line: str) -> str:
    """Text of an implementation for people's terminals: no escape sequences get through."""
    return "".join(char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in line)
