"""System calls that fail, or come late, by strace's injection."""

from __future__ import annotations

from collections.abc import Collection

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.process.strace import Strace, missing


class Inject(Fault):
    """Tampers with system calls of processes and of what they fork. Proof: strace said so. Healed by detaching.

    `inject` as strace takes it: "wait4,waitid:error=EINTR:when=1..3".
    """

    needs = "strace"

    def __init__(self, pids: int | Collection[int], inject: str, history: History) -> None:
        super().__init__(history)
        self._pids = {pids} if isinstance(pids, int) else set(pids)
        self._inject = inject
        self._strace: Strace | None = None

    def unavailable(self) -> str | None:
        return missing()

    def inject(self) -> None:
        self._strace = Strace(self._pids, [self._inject])

    def proof(self) -> str | None:
        injected = self._strace.injected() if self._strace else []
        return f"strace: {injected[0]}" if injected else None

    def count(self) -> int:
        """How many calls were tampered with so far."""
        return len(self._strace.injected()) if self._strace else 0

    def heal(self) -> None:
        if self._strace is not None:
            self._strace.detach()
