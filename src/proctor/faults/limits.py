"""What a process may have too little of. Source: prlimit(2)."""

from __future__ import annotations

import resource

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.outcome import Unavailable


class FewDescriptors(Fault):
    """Lowers the number of descriptors that a process may have open. Proof: the kernel's own word. Healed by raising it
    to what it was.
    """

    needs = "prlimit"

    def __init__(self, pid: int, count: int, history: History) -> None:
        super().__init__(history)
        self._pid = pid
        self._count = count
        self._before: tuple[int, int] | None = None

    def inject(self) -> None:
        try:
            before = resource.prlimit(self._pid, resource.RLIMIT_NOFILE)
            resource.prlimit(self._pid, resource.RLIMIT_NOFILE, (self._count, before[1]))
        except PermissionError:
            raise Unavailable(f"prlimit on process {self._pid} needs root, or its user's rights") from None
        self._before = before

    def proof(self) -> str | None:
        soft, _ = resource.prlimit(self._pid, resource.RLIMIT_NOFILE)
        return f"process {self._pid} may have {soft} descriptors" if soft == self._count else None

    def heal(self) -> None:
        if self._before is None:
            return
        try:
            resource.prlimit(self._pid, resource.RLIMIT_NOFILE, self._before)
        except ProcessLookupError:
            return  # it ended meanwhile
