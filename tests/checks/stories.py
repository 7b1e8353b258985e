"""Histories of schedules, written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from proctor.call import Call, Kind
from proctor.history import Event, History
from proctor.limits import LIMITS
from proctor.states import Act, Processes, Quiet, Resources, Started, State, Terms, View, Znodes

ADDRESS, OTHER = "127.0.0.1:1000", "127.0.0.1:2000"
WHO, OURS, CLIENT = "server 1", "ours 1", "client 1"
PARENT, WORKERS = 10, [11, 12]
NODE: Mapping[str, Any] = {"path": "/r/rpc0", "data": "{}", "address": ADDRESS, "owner": 7}

Written = State | Call


def story(*written: Written) -> History:
    """The history of a lawful run, and of what else is written, each at its own moment; of a call, its end."""
    return History.of(sorted((event(item) for item in [*LAWFUL, *written]), key=lambda found: found.at))


def event(item: Written) -> Event:
    facts = asdict(item)
    if isinstance(item, Call):
        return Event(item.ended, "call", facts)
    return Event(facts.pop("at"), item.kind, facts)


def act(what: str, began: float, ended: float, on: str = WHO, *costs: str, settles_s: float = 0.0) -> list[Act]:
    """Both phases of one act. Its number is the moment at which it begins, in tenths of a second."""
    return [
        Act(at=at, number=int(began * 10), what=what, on=on, phase=phase, costs=list(costs), settles_s=settles_s)
        for at, phase in ((began, "begins"), (ended, "over"))
    ]


def call(ended: float, outcome: Kind = "ok", *, to: str = "", answered: str = "pong 'n'", took_s: float = 0.1) -> Call:
    nonce = f"call at {ended}"
    return Call("client 1 caller 1", ended - took_s, ended, outcome, "ping 'n'", answered, "pong 'n'", 2.0, to, nonce)


def processes(at: float, **facts: Any) -> Processes:
    return Processes(**{"at": at, "who": WHO, "parent": PARENT, "workers": WORKERS, **facts})


def znodes(at: float, *nodes: Mapping[str, Any]) -> Znodes:
    return Znodes(at=at, root="/r", nodes=list(nodes))


def view(at: float, *servers: str) -> View:
    return View(at=at, who=CLIENT, servers=list(servers))


def rest(at: float, phase: str = "after", why: str = "") -> Quiet:
    return Quiet(at=at, phase=phase, began=at - 5, within_s=5, settled=not why, why=why)


def resources(at: float, **facts: Any) -> Resources:
    return Resources(
        **{"at": at, "who": WHO, "descriptors": 9, "threads": 1, "memory_kb": 20_000, "cpu_s": 1.0, **facts}
    )


# Seconds 0 to 10: the start; 10 to 20: the load and the acts; what is at rest after them, or not, comes later.
LAWFUL: tuple[Written, ...] = (
    Terms(at=0.0, limits={name: limit.default for name, limit in LIMITS.items()}, claims={}),
    Started(at=1.0, who=WHO, address=ADDRESS, root="/r", workers=2, pid=PARENT),
    processes(2.0),
    znodes(3.0, NODE),
    view(4.0, ADDRESS),
    rest(9.0, "before"),
    call(11.0),
    call(12.0, to=WHO),
)
