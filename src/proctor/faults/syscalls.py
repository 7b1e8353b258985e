"""System calls that fail, come late, or are a process's last, by strace's injection."""

from __future__ import annotations

from collections.abc import Collection

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.process.process import Process, living
from proctor.process.strace import Strace, missing

WAITS = "wait4,waitid"
FORKS = "clone,clone3,fork,vfork"
ACCEPTS = "accept,accept4"


class Inject(Fault):
    """Tampers with system calls of processes and of what they fork. Proof: strace said so. Healed by detaching.

    `inject` as strace takes it: "wait4,waitid:error=EINTR:when=1..3".
    """

    needs = "strace"

    def __init__(self, pids: int | Collection[int], inject: str, history: History) -> None:
        super().__init__(history)
        self.pids = {pids} if isinstance(pids, int) else set(pids)
        self._inject = inject
        self._strace: Strace | None = None

    def unavailable(self) -> str | None:
        return missing()

    def inject(self) -> None:
        self._strace = Strace(self.pids, [self._inject])

    def proof(self) -> str | None:
        injected = self._strace.injected() if self._strace else []
        return f"strace: {injected[0]}" if injected else None

    def count(self) -> int:
        """How many calls were tampered with so far."""
        return len(self._strace.injected()) if self._strace else 0

    def heal(self) -> None:
        if self._strace is not None:
            self._strace.detach()


class ForkFails(Inject):
    """fork(2) and the like fail, and so does the making of a thread: EAGAIN is what a limit of processes gives, ENOMEM
    what a lack of memory does.
    """

    def __init__(self, pids: int | Collection[int], history: History, error: str = "EAGAIN", when: str = "1+") -> None:
        super().__init__(pids, f"{FORKS}:error={error}:when={when}", history)


class AcceptFails(Inject):
    """accept(2) fails: EMFILE and ENFILE are what a lack of descriptors gives, ECONNABORTED who has left meanwhile.

    The connection stays in the queue; whoever polls goes on finding it there.
    """

    def __init__(self, pids: int | Collection[int], history: History, error: str = "EMFILE", when: str = "1+") -> None:
        super().__init__(pids, f"{ACCEPTS}:error={error}:when={when}", history)


class KillAtCall(Inject):
    """SIGKILL to whoever makes its `nth` call, as it makes it: the call is never done. Nothing to heal.

    Proof: strace saw the nth call begin, and get no result; and one of the processes has ended, as none had before.
    """

    def __init__(self, pids: int | Collection[int], call: str, history: History, nth: int = 1) -> None:
        super().__init__(pids, f"{call}:signal=KILL:when={nth}", history)
        self._calls = call.split(",")
        self._nth = nth
        self._processes: list[Process] = []

    def inject(self) -> None:
        self._processes = living(self.pids)
        super().inject()

    def proof(self) -> str | None:
        ended = [process.pid for process in self._processes if process.ended()]
        cut = [line for call in self._calls for line in self._cut_short(call)]
        return f"strace: {cut[-1]}; ended: {ended}" if ended and cut else None

    def _cut_short(self, call: str) -> list[str]:
        if self._strace is None or self._nth not in self._strace.begun(call).values():
            return []
        return self._strace.saw(rf"\b{call}(\(| resumed>).* = \?$")

    def heal(self) -> None:
        super().heal()
        for process in self._processes:
            process.close()
