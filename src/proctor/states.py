"""What a fleet was like at each moment, as the history holds it: written by whoever watches it, read by checks.

Each kind of event here has a class of that form. Subjects are called "server 1", "ours 1" (a server of the kit's own)
and "client 1".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

from proctor.history import Event, History


@dataclass(frozen=True, kw_only=True)
class State:
    """One event. `at` is in seconds of time.monotonic(), and given by the history."""

    kind: ClassVar[str]
    at: float = 0.0

    def record(self, history: History) -> Event:
        facts = asdict(self)
        del facts["at"]
        return history.record(self.kind, **facts)

    @classmethod
    def all(cls, history: History) -> list[Self]:
        return [cls(at=event.at, **event.facts) for event in history.events(cls.kind)]


@dataclass(frozen=True, kw_only=True)
class Started(State):
    """A server was started. `workers`: how many were asked for; `pid`: its parent's. Of ours there are neither."""

    kind = "server"
    who: str
    address: str
    root: str = ""
    workers: int = 0
    pid: int = 0


@dataclass(frozen=True, kw_only=True)
class Processes(State):
    """A server's. `others` are neither workers nor dead; `parent` is 0 once it has ended, `orphans` are left then."""

    kind = "processes"
    who: str
    parent: int
    workers: list[int]
    zombies: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    orphans: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Resources(State):
    """The most that one process of a server, or a client, holds; `cpu_s` is what all have used so far together."""

    kind = "resources"
    who: str
    descriptors: int
    threads: int
    memory_kb: int
    cpu_s: float


@dataclass(frozen=True, kw_only=True)
class Znodes(State):
    """Below a root: path, data as text, address ("" if the data is none) and owner (a session; 0: persistent)."""

    kind = "znodes"
    root: str
    nodes: list[Mapping[str, Any]]

    def addresses(self) -> list[str]:
        return sorted(node["address"] for node in self.nodes)


@dataclass(frozen=True, kw_only=True)
class View(State):
    """What a client lists: the servers' own addresses, whatever stands between."""

    kind = "view"
    who: str
    servers: list[str]


@dataclass(frozen=True, kw_only=True)
class Act(State):
    """Something is done to the fleet: a phase "begins", or is "over"; one that could not be done was "missed".

    `costs`: what it excuses from its beginning until `settles_s` after its end: of "calls", "reaping", "list" (that a
    lawful list is short of this server) and "life" (of this server, from then on).
    """

    kind = "act"
    number: int
    what: str
    on: str
    phase: str
    costs: list[str] = field(default_factory=list)
    settles_s: float = 0.0
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Ledger(State):
    """What one of our own servers was asked, in order."""

    kind = "ledger"
    who: str
    asked: list[str]


@dataclass(frozen=True, kw_only=True)
class Stalled(State):
    """The host did not run us for so long, from `started` on (time.monotonic())."""

    kind = "stalled"
    started: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Quiet(State):
    """The wait for the fleet to come to rest has ended, having begun at `began`: at rest or not, and then why not.

    `phase`: "before" the first act, "after" the last, where there are clients after "one more" node and "one less",
    "idle" when nothing was done for a while, or "gone" when all were told to stop.
    """

    kind = "quiet"
    phase: str
    began: float
    within_s: float
    settled: bool
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Terms(State):
    """What a run is judged by: the limits that the implementation promises, stretched by the run's patience, and what
    it claims.
    """

    kind = "terms"
    limits: Mapping[str, float]
    claims: Mapping[str, Any]


@dataclass(frozen=True)
class Span:
    """An act from its beginning to its end; `missed` ones did nothing that is known of, but may have."""

    act: Act
    began: float
    ended: float
    missed: bool

    @property
    def settled(self) -> float:
        return self.ended + self.act.settles_s

    def excuses(self, what: str, began: float, ended: float) -> bool:
        """Whether something that went on between two moments may be this act's doing."""
        return what in self.act.costs and self.began <= ended and began <= self.settled


def spans(history: History) -> Iterator[Span]:
    """Of every act. One that isn't over lasts until the history's end, and then for ever."""
    phases: dict[int, list[Act]] = {}
    for act in Act.all(history):
        phases.setdefault(act.number, []).append(act)
    for first, *rest in phases.values():
        missed = any(act.phase == "missed" for act in rest)
        yield Span(first, first.at, rest[-1].at if rest else float("inf"), missed)


def terms(history: History) -> Terms:
    """Of the run that this history is of. ValueError if it is of none."""
    found = Terms.all(history)
    if not found:
        raise ValueError("the history is not of a schedule: it says nothing of what its run is judged by")
    return found[-1]


def quiet(history: History, phase: str) -> Quiet | None:
    return next((moment for moment in Quiet.all(history) if moment.phase == phase), None)


def stalled_s(history: History, began: float, ended: float) -> float:
    """For how long, between two moments, the host did not run us."""
    overlaps = (min(ended, stall.started + stall.seconds) - max(began, stall.started) for stall in Stalled.all(history))
    return sum(overlap for overlap in overlaps if overlap > 0)
