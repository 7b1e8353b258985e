"""What a process may have too little of. Source: prlimit(2), getrlimit(2)."""

from __future__ import annotations

import resource
from abc import abstractmethod
from contextlib import suppress

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.outcome import Inconclusive, Unavailable
from proctor.process import observe
from proctor.process.process import Process, living

CAP_SYS_ADMIN, CAP_SYS_RESOURCE = 21, 24  # linux/capability.h


class Limit(Fault):
    """Lowers one limit of a process. Proof: the kernel's own word. Healed by raising it to what it was.

    Whether the process then wants more than it may have is not the fault's affair. What it forks meanwhile inherits the
    limit, and keeps it.
    """

    needs = "prlimit"
    limit: int
    what: str

    def __init__(self, pid: int, history: History) -> None:
        super().__init__(history)
        self.pid = pid
        self._process: Process | None = None
        self._before: tuple[int, int] | None = None
        self._most = 0

    @abstractmethod
    def most(self) -> int:
        """What it is to have at most, asked when it is injected."""

    def inject(self) -> None:
        (self._process,) = living([self.pid])
        self._most = self.most()
        try:
            before = resource.prlimit(self.pid, self.limit)
            if before[0] != resource.RLIM_INFINITY and before[0] <= self._most:
                raise Inconclusive(f"process {self.pid} may have no more than {before[0]} {self.what} anyway")
            resource.prlimit(self.pid, self.limit, (self._most, before[1]))
        except PermissionError:
            raise Unavailable(f"prlimit on process {self.pid} is for its user, or takes CAP_SYS_RESOURCE") from None
        self._before = before

    def proof(self) -> str | None:
        assert self._process is not None
        self._process.demand_life()
        soft, _ = resource.prlimit(self.pid, self.limit)
        return f"process {self.pid} may have {soft} {self.what}" if soft == self._most else None

    def heal(self) -> None:
        if self._process is None:
            return
        if self._before is not None and not self._process.ended():
            with suppress(ProcessLookupError):  # it ended just now
                resource.prlimit(self.pid, self.limit, self._before)
        self._process.close()


class FewDescriptors(Limit):
    """No more than `count` descriptors: open, accept, pipe and the like fail with EMFILE."""

    limit = resource.RLIMIT_NOFILE
    what = "descriptors"

    def __init__(self, pid: int, count: int, history: History) -> None:
        super().__init__(pid, history)
        self._count = count

    def most(self) -> int:
        return self._count


class LittleMemory(Limit):
    """No more address space than it has, and `spare_bytes`: brk, mmap and clone of a thread fail with ENOMEM."""

    limit = resource.RLIMIT_AS
    what = "bytes of address space"

    def __init__(self, pid: int, spare_bytes: int, history: History) -> None:
        super().__init__(pid, history)
        self._spare_bytes = spare_bytes

    def most(self) -> int:
        return int(observe.status(self.pid).get("VmSize", "0 kB").split()[0]) * 1024 + self._spare_bytes


class FewProcesses(Limit):
    """No more than `count` processes and threads of its user, in all: fork and clone fail with EAGAIN.

    It binds neither root nor who may override limits: `ForkFails` stands in.
    """

    limit = resource.RLIMIT_NPROC
    what = "processes of its user"

    def __init__(self, pid: int, count: int, history: History) -> None:
        super().__init__(pid, history)
        self._count = count

    def unavailable(self) -> str | None:
        """Source: copy_process of kernel/fork.c."""
        found = observe.status(self.pid)
        if found.get("State", "X")[0] in "ZX":  # of the dead nothing can be said
            return None
        if found["Uid"].split()[0] == "0":
            return f"RLIMIT_NPROC does not bind root, and process {self.pid} is root's: use ForkFails"
        if any(int(found.get("CapEff", "0"), 16) >> capability & 1 for capability in (CAP_SYS_ADMIN, CAP_SYS_RESOURCE)):
            return f"RLIMIT_NPROC does not bind process {self.pid}, which may override limits: use ForkFails"
        return None

    def most(self) -> int:
        return self._count
