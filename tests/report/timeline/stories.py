"""Histories written by hand, a line for each thing that happened, in seconds from the beginning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proctor.history import Event, History
from proctor.states import Processes, Resources, State, View, Znodes

BEGAN_S = 5000.0  # no clock begins at 0


class Story:
    """Tells a history. Moments are in seconds from its beginning, in any order."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def tell(self, at: float, kind: str, **facts: Any) -> Story:
        self._events.append(Event(BEGAN_S + at, kind, facts))
        return self

    def call(self, begin: float, end: float, outcome: str = "ok", who: str = "client 0", **facts: Any) -> Story:
        told = {"asked": "ping 1", "answered": "pong 1", "expected": "pong 1", **facts}
        return self.tell(end, "call", who=who, invoked=BEGAN_S + begin, ended=BEGAN_S + end, outcome=outcome, **told)

    def fault(self, number: int, name: str, begin: float, effective: float, end: float | None = None) -> Story:
        facts = {"number": number, "name": name, "needs": "signals"}
        self.tell(begin, "fault", phase="injected", **facts)
        self.tell(effective, "fault", phase="effective", proof=f"{name} was seen", **facts)
        return self if end is None else self.tell(end, "fault", phase="healed", **facts)

    def finding(self, at: float, check: str, message: str, clause: str = "") -> Story:
        return self.tell(at, "finding", check=check, clause=clause, moment=BEGAN_S + at, message=message)

    def processes(
        self,
        at: float,
        parent: int,
        *workers: int,
        who: str = "server 1",
        zombies: Sequence[int] = (),
        orphans: Sequence[int] = (),
    ) -> Story:
        seen = Processes(who=who, parent=parent, workers=list(workers), zombies=list(zombies), orphans=list(orphans))
        return self.state(at, seen)

    def view(self, at: float, *servers: str, who: str = "client 0") -> Story:
        return self.state(at, View(who=who, servers=list(servers)))

    def nodes(self, at: float, *nodes: dict[str, Any]) -> Story:
        return self.state(at, Znodes(root="/demo", nodes=list(nodes)))

    def state(self, at: float, state: State) -> Story:
        """As whoever watches a fleet records it."""
        aside = History()
        event = state.record(aside)
        return self.tell(at, event.kind, **event.facts)

    def history(self) -> History:
        return History.of(sorted(self._events, key=lambda event: event.at))


def node(number: int, port: int, owner: int) -> dict[str, Any]:
    data = f'{{"host": "127.0.0.1", "port": {port}}}'
    return {"path": f"/demo/rpc{number:010}", "data": data, "address": f"127.0.0.1:{port}", "owner": owner}


def a_death_and_an_expiry() -> Story:
    """Two clients and two servers: a worker is killed and stays a zombie, and a session expires."""
    first, second = "127.0.0.1:7001", "127.0.0.1:7002"
    story = Story().tell(0, "case", name="chaos/test_stories.py::test_two_faults")
    story.processes(0.06, 100, 101, 102).processes(0.07, 200, 201, 202, who="server 2")
    story.nodes(0.1, node(0, 7001, 0xA1), node(1, 7002, 0xB1))
    story.view(0.2, first, second).view(0.25, first, second, who="client 1")
    for number in range(300):
        begin = 0.3 + number * 0.018
        slow = 0.05 if 1.0 < begin < 1.4 else 0.0
        story.call(begin, begin + 0.002 + slow + (number % 7) * 0.0006, who=f"client {number % 2}")
    story.fault(1, "Kill", 1.0, 1.02, 1.03)
    story.call(0.99, 1.05, "unknown", answered="the connection was reset")
    story.processes(1.02, 100, 102, zombies=[101]).processes(1.3, 100, 102, 103, zombies=[101])
    story.finding(2.02, "reaped", "101 was still a zombie after 1.00 s", "supervision/every-death-is-reaped")
    story.fault(2, "ExpireSession", 2.5, 2.6, 4.0)
    story.nodes(2.6, node(0, 7001, 0xA1)).view(2.65, first)
    story.call(2.7, 2.9, "failed", who="client 1", answered="unavailable: no server")
    story.nodes(3.8, node(0, 7001, 0xA1), node(2, 7002, 0xB2)).view(3.9, first, second)
    for number in range(12):
        used = 20000 + 300 * number
        story.state(
            number / 2, Resources(who="server 1", descriptors=20 + number % 3, threads=1, memory_kb=used, cpu_s=0.1)
        )
    return story.tell(6, "the end")
