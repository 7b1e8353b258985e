"""A schedule: what is done to which fleet, and when. Pure data: drawn, made small, kept in a file, done again."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

SERVERS_MAX, WORKERS_MAX, CLIENTS_MAX, ACTS_MAX = 5, 8, 5, 8
TIME_MAX_S = 60.0


class After(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="after", tag_field="when"):
    """So many seconds after the act before it took effect, or after the load began."""

    seconds: float


class AfterCalls(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="after-calls", tag_field="when"):
    """When so many more calls have ended."""

    calls: int


Event = Literal["reply-byte", "create", "watch-event"]


class OnEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="on", tag_field="when"):
    """When something is half done, which is held until the act has taken place: `nth` bytes of what a server replies to
    a client, a node that is created and whose creator does not know it yet, a change that a client is not told of yet.
    """

    event: Event
    nth: int = 1


Trigger = After | AfterCalls | OnEvent


class Planned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One act, by its name in `proctor.schedules.acts`.

    `on`: whom it befalls, counted from 0, modulo how many there are. `lasts_s`: how long, if it is one that lasts.
    """

    what: str
    trigger: Trigger
    on: int = 0
    lasts_s: float = 0.0

    def __str__(self) -> str:
        lasts = f" for {self.lasts_s:g} s" if self.lasts_s else ""
        return f"{self.what} on {self.on}{lasts}, {said(self.trigger)}"


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`servers`: the number of workers of each of the implementation's; `ours`: how many scripted ones stand beside
    them; `clients`: how many of the implementation's call them. Whoever serves is called by the kit as well.
    """

    servers: tuple[int, ...]
    ours: int
    clients: int
    acts: tuple[Planned, ...]

    def __str__(self) -> str:
        fleet = [
            f"servers of {', '.join(map(str, self.servers))} workers" if self.servers else "",
            f"{self.ours} of ours" if self.ours else "",
            f"{self.clients} clients" if self.clients else "",
        ]
        return "\n".join(["; ".join(part for part in fleet if part), *(f"  {act}" for act in self.acts)])


def said(trigger: Trigger) -> str:
    match trigger:
        case After(seconds=seconds):
            return f"{seconds:g} s later"
        case AfterCalls(calls=calls):
            return f"after {calls} calls"
        case OnEvent(event="reply-byte", nth=nth):
            return f"when byte {nth} of a reply has come"
        case OnEvent(event=event):
            return f"when the next {event} is on its way"


def as_data(schedule: Schedule) -> dict[str, Any]:
    """As it stands in a history, or a file."""
    data: dict[str, Any] = msgspec.to_builtins(schedule)
    return data


def from_data(data: Any) -> Schedule:
    """ValueError that names what is wrong, and where."""
    schedule = msgspec.convert(data, Schedule)
    for what, count, most in (
        ("servers", len(schedule.servers), SERVERS_MAX),
        ("ours", schedule.ours, SERVERS_MAX),
        ("clients", schedule.clients, CLIENTS_MAX),
        ("acts", len(schedule.acts), ACTS_MAX),
    ):
        if not 0 <= count <= most:
            raise ValueError(f"{what}: {count}; there may be 0 to {most}")
    if not schedule.servers and not schedule.ours:
        raise ValueError("servers, ours: nobody serves, so there is nothing to be seen")
    if not all(1 <= workers <= WORKERS_MAX for workers in schedule.servers):
        raise ValueError(f"servers: each has 1 to {WORKERS_MAX} workers, not {list(schedule.servers)}")
    for act in schedule.acts:
        if isinstance(act.trigger, OnEvent) and not (
            schedule.servers if act.trigger.event == "create" else schedule.clients
        ):
            raise ValueError(f"acts: nobody in this fleet has a {act.trigger.event!r}")
        for what, value in {"lasts_s": act.lasts_s, **msgspec.structs.asdict(act.trigger)}.items():
            if not isinstance(value, str) and not 0 <= value <= TIME_MAX_S:
                raise ValueError(f"acts: {what!r} is {value:g}; it may be 0 to {TIME_MAX_S:g}")
    return schedule
