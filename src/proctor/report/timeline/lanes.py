"""From facts to lanes: who was there from when to when, and what happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from proctor.history import Event
from proctor.report.timeline.facts import CallFacts, Told, as_text, shown
from proctor.report.timeline.model import OUTCOMES, RESOURCES, Curve, Group, Lane, Mark, Span, Style
from proctor.report.timeline.stays import Stay, lives, packed
from proctor.states import Act, Processes, Quiet, Resources, Stalled, View, Znodes

EXCHANGES = {  # kinds of which there are very many, by the lane that shows them
    "sent": "on the wire",
    "received": "on the wire",
    "client asked": "to clients",
    "client call": "to clients",
}


@dataclass(frozen=True)
class Axis:
    """From the history's clock to seconds from the beginning; `length_s` is where the history ends."""

    zero: float
    length_s: float

    def __call__(self, moment: float) -> float:
        return round(moment - self.zero, 6)


class OfSomebody(Protocol):
    @property
    def who(self) -> str: ...


Facts = TypeVar("Facts", bound=OfSomebody)


def by_who(facts: Iterable[tuple[float, Facts]]) -> Iterator[tuple[str, list[tuple[float, Facts]]]]:
    found: dict[str, list[tuple[float, Facts]]] = defaultdict(list)
    for at, fact in facts:
        found[fact.who].append((at, fact))
    yield from sorted(found.items())


def call_lanes(told: Told, axis: Axis) -> Iterator[Lane]:
    for who, calls in by_who(told.of(CallFacts)):
        yield Lane(Group.CALLS, shown(who), [call_span(call, axis) for _, call in calls])


def call_span(call: CallFacts, axis: Axis) -> Span:
    answer = shown(call.answered)
    if call.outcome == "ok" and call.answered != call.expected:
        answer += f", and should have been {shown(call.expected)}"
    return Span(axis(call.invoked), axis(call.ended), OUTCOMES[call.outcome], shown(call.asked), answer)


def view_lanes(told: Told, axis: Axis) -> Iterator[Lane]:
    """What each client lists; a view that is listed once more as it was is no change."""
    for who, views in by_who(told.of(View)):
        snapshots = [(axis(at), {who: tuple(view.servers)}) for at, view in views]
        spans = [view_span(stay) for life in lives(snapshots, axis.length_s) for stay in life]
        yield Lane(Group.VIEWS, shown(who), spans)


def view_span(stay: Stay[str, tuple[str, ...]]) -> Span:
    count = len(stay.what)
    name = f"{count} server{'s' * (count != 1)}"
    return Span(stay.begin, stay.end, Style.VIEW, name, shown(", ".join(stay.what) or "none"), stay.open, stay.changed)


def znode_lanes(told: Told, axis: Axis) -> Iterator[Lane]:
    by_root: dict[str, list[tuple[float, Znodes]]] = defaultdict(list)
    for at, facts in told.of(Znodes):
        by_root[facts.root].append((at, facts))
    for _, found in sorted(by_root.items()):
        snapshots = [(axis(at), standing(facts)) for at, facts in found]
        lanes: dict[str, Lane] = {}
        for life in lives(snapshots, axis.length_s):
            lane = lanes.setdefault(life[0].key, Lane(Group.ZNODES, shown(life[0].key)))
            lane.spans += [znode_span(stay) for stay in life]
        yield from lanes.values()


def standing(facts: Znodes) -> dict[str, tuple[str, str]]:
    """By path, the data and the owner. A session is written as ZooKeeper's people write it."""
    found = {}
    for node in facts.nodes:
        owner = node.get("owner")
        session = f"owner {owner:#x}" if isinstance(owner, int) and owner else "persistent"
        found[as_text(node.get("path"))] = as_text(node.get("data", "")), session
    return found


def znode_span(stay: Stay[str, tuple[str, str]]) -> Span:
    data, owner = stay.what
    told = f"{data or 'no data'}, {owner}"
    return Span(stay.begin, stay.end, Style.ZNODE, shown(data or stay.key), shown(told), stay.open, stay.changed)


def process_lanes(told: Told, axis: Axis) -> Iterator[Lane]:
    """The parent's lane, then one for each process that there was at once: who is replaced gives up its lane."""
    for who, found in by_who(told.of(Processes)):
        lived = lives([(axis(at), roles(facts)) for at, facts in found], axis.length_s)
        parents = packed(life for life in lived if life[0].what is Style.PARENT)
        rest = packed(life for life in lived if life[0].what is not Style.PARENT)
        names = ["parent"] * len(parents) + [f"process {number}" for number in range(1, len(rest) + 1)]
        for name, row in zip(names, [*parents, *rest], strict=True):
            spans = [process_span(stay) for life in row for stay in life]
            yield Lane(Group.PROCESSES, f"{shown(who)} {name}", spans)


def roles(facts: Processes) -> dict[int, Style]:
    """Who is dead and not reaped is nothing else any more."""
    found = dict.fromkeys(facts.others, Style.OTHER) | dict.fromkeys(facts.workers, Style.WORKER)
    if facts.parent:
        found[facts.parent] = Style.PARENT
    return found | dict.fromkeys(facts.orphans, Style.ORPHAN) | dict.fromkeys(facts.zombies, Style.ZOMBIE)


def process_span(stay: Stay[int, Style]) -> Span:
    return Span(stay.begin, stay.end, stay.what, str(stay.key), f"{stay.key} {stay.what}", stay.open, stay.changed)


def event_lanes(told: Told, axis: Axis) -> Iterator[Lane]:
    """The waits for rest, the stalls of the host, what went over the wire, and whatever else a history holds."""
    rests = [rest_span(quiet, at, axis) for at, quiet in told.of(Quiet)]
    stalls = [stall_span(stalled, axis) for _, stalled in told.of(Stalled)]
    rest = [mark(event, axis) for event in told.other if event.kind not in EXCHANGES]
    rest += [Mark(axis(at), "act", shown(missed(act))) for at, act in told.of(Act) if act.phase == "missed"]
    lanes = [
        Lane(Group.EVENTS, "", marks=rest),
        Lane(Group.EVENTS, "waits for rest", rests),
        Lane(Group.EVENTS, "stalls of the host", stalls),
    ]
    for name in dict.fromkeys(EXCHANGES.values()):
        said = [mark(event, axis) for event in told.other if EXCHANGES.get(event.kind) == name]
        lanes.append(Lane(Group.EVENTS, name, marks=said))
    yield from (lane for lane in lanes if lane.spans or lane.marks)


def rest_span(quiet: Quiet, at: float, axis: Axis) -> Span:
    told = "at rest" if quiet.settled else f"not at rest: {quiet.why}"
    return Span(axis(quiet.began), axis(at), Style.WAIT, shown(quiet.phase), shown(told))


def stall_span(stalled: Stalled, axis: Axis) -> Span:
    began, told = axis(stalled.started), f"the host did not run us for {stalled.seconds:.2f} s"
    return Span(began, began + stalled.seconds, Style.STALL, "stall", told)


def missed(act: Act) -> str:
    return f"{act.what} on {act.on} was missed: {act.why}"


def mark(event: Event, axis: Axis) -> Mark:
    return Mark(axis(event.at), shown(event.kind), shown(facts_of(event)))


def facts_of(event: Event) -> str:
    """What says most comes first, and needs no name."""
    best = [as_text(event.facts[name]) for name in ("meaning", "what") if event.facts.get(name)]
    if best and event.kind in EXCHANGES:
        return best[0]
    rest = {name: value for name, value in event.facts.items() if name != "what" and value not in (None, "")}
    return ", ".join([*best, *(f"{name} {as_text(value)}" for name, value in rest.items())])


def curves(told: Told, axis: Axis) -> Iterator[Curve]:
    """One resource after another, of each who has some."""
    measured = list(by_who(told.of(Resources)))
    for name, resource in RESOURCES.items():
        for who, found in measured:
            yield Curve(shown(who), resource, [(axis(at), getattr(facts, name)) for at, facts in found])
