"""When a fault is to come: at an event, which is waited for with a deadline.

    with OnReplyByte(link, 5, history) as trigger:
        wire.send(ping("hello"))
        with trigger.then(CutLink(link, history)) as fault:
            fault.took_effect()

What the event comes upon is held: nobody gets past it before the fault is there. A trigger is watchful from the
beginning of its block on, and lets go at the end of it, whatever happens.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.links import Direction, Proxy
from proctor.outcome import Inconclusive, TimedOut, Unavailable
from proctor.process.strace import Strace, missing
from proctor.waiting import eventually
from proctor.zookeeper.codes import Error
from proctor.zookeeper.proxy import CREATES, ArmedRule, Hold, Kind, RegistryProxy, Rule

COMES_WITHIN_S = 20.0
HELD_UP_S = 120.0  # longer than any test lasts: who is held up by strace goes on by itself then

F = TypeVar("F", bound=Fault)


class Trigger(ABC):
    """One event. Subclasses say how it is watched for, seen, and let go."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._cancelled = threading.Event()

    def unavailable(self) -> str | None:
        """Why it can't be waited for on this machine, or None."""
        return None

    @property
    @abstractmethod
    def awaited(self) -> str:
        """The event, in words."""

    @abstractmethod
    def watch(self) -> None:
        """Begin to look out for it."""

    @abstractmethod
    def seen(self) -> str | None:
        """What was observed of it; None while nothing was."""

    @abstractmethod
    def release(self) -> None:
        """Let go what is held, and hold nothing any more. May be called again."""

    def cancel(self) -> None:
        """End a wait, from any thread: it raises Inconclusive."""
        self._cancelled.set()

    def wait(self, within: float = COMES_WITHIN_S) -> str:
        """Wait for the event and say what was observed. Inconclusive if it doesn't come in time."""
        return self._take(within)

    @contextmanager
    def then(self, fault: F, within: float = COMES_WITHIN_S) -> Iterator[F]:
        """Wait for the event, and inject a fault; once that is in, what was held goes on."""
        self._take(within, fault=fault.number)
        with fault:
            self.release()
            yield fault

    def __enter__(self) -> Self:
        if reason := self.unavailable():
            raise Unavailable(f"{self.awaited} can't be waited for here: {reason}")
        self.watch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self, within: float, **facts: int) -> str:
        try:
            observed = eventually(self._look, within, self.awaited)
        except TimedOut as late:
            raise Inconclusive(f"what was to trigger a fault did not come: {late}") from None
        assert observed is not None
        self._history.record("trigger", **facts, what=observed)
        return observed

    def _look(self) -> str | None:
        if self._cancelled.is_set():
            raise Inconclusive(f"the wait for {self.awaited} was cancelled")
        return self.seen()


class After(Trigger):
    """So many seconds from the beginning of its block."""

    def __init__(self, seconds: float, history: History) -> None:
        super().__init__(history)
        self._seconds = seconds
        self._began = 0.0

    @property
    def awaited(self) -> str:
        return f"{self._seconds} s to pass"

    def watch(self) -> None:
        self._began = time.monotonic()

    def seen(self) -> str | None:
        passed = time.monotonic() - self._began
        return f"{passed:.3f} s have passed" if passed >= self._seconds else None

    def release(self) -> None:
        """Time holds nothing."""


class OnReplyByte(Trigger):
    """The n-th byte from the server to the client, from now on, has passed; those behind it are held."""

    def __init__(self, proxy: Proxy[Any], nth_byte: int, history: History) -> None:
        super().__init__(history)
        self._proxy = proxy
        self._nth_byte = nth_byte
        self._before = 0

    @property
    def awaited(self) -> str:
        return f"byte {self._nth_byte} of what {self._proxy.endpoint} replies"

    def watch(self) -> None:
        self._before = self._proxy.stop_after(self._nth_byte, Direction.TO_CLIENT)

    def seen(self) -> str | None:
        traffic = self._proxy.stats.to_client
        if traffic.passed_bytes - self._before < self._nth_byte:
            return None
        return f"{self.awaited} has passed"

    def release(self) -> None:
        self._proxy.go_on(Direction.TO_CLIENT)


class OnFrame(Trigger):
    """A frame between an implementation and its registry, which is held, with all behind it."""

    def __init__(self, proxy: RegistryProxy, rule: Rule, history: History) -> None:
        super().__init__(history)
        self._proxy = proxy
        self._rule = rule
        self._armed: ArmedRule | None = None

    def watch(self) -> None:
        self._armed = self._proxy.arm(self._rule)

    def seen(self) -> str | None:
        if self._armed is None or not self._armed.fired:
            return None
        held = [operation for operation in self._proxy.operations if Hold.__name__ in operation.touched]
        return f"held in the proxy: {held[-1]}"

    def release(self) -> None:
        if self._armed is not None:
            self._armed.release()


class BetweenCreateAndAnswer(OnFrame):
    """A node was created, and whoever created it doesn't know yet: the answer is held."""

    def __init__(self, proxy: RegistryProxy, path_prefix: str, history: History) -> None:
        super().__init__(proxy, Rule(Kind.REPLY, Hold(), CREATES, path_prefix, Error.OK), history)
        self._path_prefix = path_prefix

    @property
    def awaited(self) -> str:
        return f"a node {self._path_prefix}... to be created"


class OnWatchEvent(OnFrame):
    """The registry tells of a change, and whoever watches for it doesn't know yet: the event is held."""

    def __init__(self, proxy: RegistryProxy, history: History, path_prefix: str = "") -> None:
        super().__init__(proxy, Rule(Kind.EVENT, Hold(), (), path_prefix), history)
        self._path_prefix = path_prefix

    @property
    def awaited(self) -> str:
        return f"a watch event of {self._path_prefix or 'any path'}"


class OnNthSystemCall(Trigger):
    """One of these processes, or of what they fork, makes its n-th call of a name, from now on: it is held at the door.

    Of several names ("wait4,waitid") each is counted for itself, as by strace.
    A call in which a process waits already may be its first. Whoever is held takes no signal before it goes on; SIGKILL
    then ends it without the call being done. And it has a tracer: before a fault that needs strace let it go.
    """

    def __init__(self, pids: Collection[int], call: str, nth: int, history: History) -> None:
        super().__init__(history)
        self._pids = pids
        self._call = call
        self._nth = nth
        self._strace: Strace | None = None

    @property
    def awaited(self) -> str:
        return f"{self._call} number {self._nth} of one of {sorted(self._pids)}"

    def unavailable(self) -> str | None:
        return missing()

    def watch(self) -> None:
        self._strace = Strace(self._pids, [f"{self._call}:delay_enter={HELD_UP_S * 1e6:.0f}:when={self._nth}"])

    def seen(self) -> str | None:
        for call in self._call.split(","):
            begun = self._strace.begun(call) if self._strace else {}
            if there := [pid for pid, count in begun.items() if count >= self._nth]:
                return f"{call} number {self._nth} of process {there[0]} begins"
        return None

    def release(self) -> None:
        if self._strace is not None:
            self._strace.detach()
            self._strace = None
