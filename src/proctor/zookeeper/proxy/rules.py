"""Rules: which frames are struck, and how; and the count of strikes, which is the proof."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from proctor.links.connection import How
from proctor.links.pipe import Gate
from proctor.outcome import Inconclusive
from proctor.zookeeper.codes import Error, EventType, OpCode
from proctor.zookeeper.proxy.actions import Action, Cut
from proctor.zookeeper.proxy.dialogue import CREATES, Meaning
from proctor.zookeeper.proxy.operations import Kind
from proctor.zookeeper.proxy.passage import Passage


@dataclass(frozen=True)
class Rule:
    """Pure data. Strikes the frames of kind `on` that fit all that is given, from the `nth` on, `times` times.

    `op`: one of these (of events, event types); a multi fits by what is in it. `path_prefix`: how the path begins, so
    "/demo/" is what is below /demo; a chroot is part of it. `error`: of a reply, its error, 0 for success.
    `times` None: until healed.
    """

    on: Kind
    action: Action
    op: Collection[OpCode] | Collection[EventType] = ()
    path_prefix: str = ""
    error: Error | None = None
    nth: int = 1
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.on not in self.action.kinds:
            able = ", ".join(sorted(self.action.kinds))
            raise ValueError(f"{type(self.action).__name__} can be done to {able}, not to {self.on}")
        if self.nth < 1 or (self.times is not None and self.times < 1):
            raise ValueError(f"a rule counts from 1: not nth={self.nth}, times={self.times}")
        wanted = EventType if self.on is Kind.EVENT else OpCode
        if not all(isinstance(op, wanted) for op in self.op):
            raise ValueError(f"a rule on {self.on} wants {wanted.__name__}s, not {self.op!r}")

    def fits(self, meaning: Meaning) -> bool:
        if meaning.kind is not self.on or (self.error is not None and meaning.error != self.error):
            return False
        return any(self._fits(op, path) for op, path in ((meaning.op, meaning.path), *meaning.parts))

    def _fits(self, op: OpCode | EventType | None, path: str | None) -> bool:
        return (not self.op or op in self.op) and (path or "").startswith(self.path_prefix)


def lost_create(path_prefix: str = "", how: How = "fin") -> Rule:
    """A create is executed, its reply lost with the connection (R3): is there still exactly one node?"""
    return Rule(Kind.REPLY, Cut(how), CREATES, path_prefix, Error.OK)


class ArmedRule:
    """A rule at work in a proxy. Safe from any thread."""

    def __init__(self, rule: Rule, release: Callable[[ArmedRule], None]) -> None:
        self.rule = rule
        self.gate = Gate()
        self._release = release
        self._matched = 0
        self._fired = 0
        self._changed = threading.Condition()

    @property
    def fired(self) -> int:
        """How many frames were struck, and it took effect. Whoever has seen the effect finds it counted."""
        with self._changed:
            return self._fired

    def wait_fired(self, within_s: float, times: int = 1) -> None:
        """Wait for the proof. Raises Inconclusive, since without it nothing can be said about the implementation."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._fired >= times, within_s):
                raise Inconclusive(
                    f"the fault {self.rule} struck {self._fired} of {times} times in {within_s:.2f} s "
                    f"({self._matched} frames fitted it)"
                )

    def release(self) -> None:
        """Let go what Hold holds, and hold nothing more."""
        self._release(self)

    def strike(self, passage: Passage) -> None:
        """On the loop: do what the rule says to a frame, if it is one of its frames."""
        if not self.rule.fits(passage.meaning):
            return
        with self._changed:
            self._matched += 1
            if self._due() and self.rule.action.strike(passage, self.gate):
                self._fired += 1
                passage.touched.append(type(self.rule.action).__name__)
                self._changed.notify_all()

    def _due(self) -> bool:
        return self._matched >= self.rule.nth and (self.rule.times is None or self._fired < self.rule.times)
