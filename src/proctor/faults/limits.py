"""What a process may have too little of. Source: prlimit(2)."""

from __future__ import annotations

import resource
from contextlib import suppress

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.outcome import Inconclusive, Unavailable
from proctor.process.process import Process, living


class FewDescriptors(Fault):
    """Lowers the number of descriptors that a process may have open. Proof: the kernel's own word. Healed by raising it
    to what it was.

    Whether it then wants more of them than it may have is up to whoever connects to it.
    """

    needs = "prlimit"

    def __init__(self, pid: int, count: int, history: History) -> None:
        super().__init__(history)
        self._pid = pid
        self._count = count
        self._process: Process | None = None
        self._before: tuple[int, int] | None = None

    def inject(self) -> None:
        (self._process,) = living([self._pid])
        try:
            before = resource.prlimit(self._pid, resource.RLIMIT_NOFILE)
            if before[0] != resource.RLIM_INFINITY and before[0] <= self._count:
                raise Inconclusive(f"process {self._pid} may have no more than {before[0]} descriptors anyway")
            resource.prlimit(self._pid, resource.RLIMIT_NOFILE, (self._count, before[1]))
        except PermissionError:
            raise Unavailable(f"prlimit on process {self._pid} needs root, or its user's rights") from None
        self._before = before

    def proof(self) -> str | None:
        assert self._process is not None
        self._process.demand_life()
        soft, _ = resource.prlimit(self._pid, resource.RLIMIT_NOFILE)
        return f"process {self._pid} may have {soft} descriptors" if soft == self._count else None

    def heal(self) -> None:
        if self._process is None:
            return
        if self._before is not None and not self._process.ended():
            with suppress(ProcessLookupError):  # it ended just now
                resource.prlimit(self._pid, resource.RLIMIT_NOFILE, self._before)
        self._process.close()
