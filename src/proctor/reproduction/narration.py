"""A history, told to people: a line for each step, in order, with its time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from proctor.examination.evidence import describe_event
from proctor.history import Event
from proctor.process.text import printable, shorten

Facts = dict[str, Any]
TRAFFIC = ("sent", "received", "call", "client asked", "client call")
TRAFFIC_LINES = 8  # in a row, at most
ALL_LINES = 60
SHOWN_CHARACTERS = 160


def narrate(events: Iterable[Event], began: float) -> Iterator[str]:
    """`began`: from when on seconds count. Of what is long, its beginning and its end."""
    told = (event for event in events if SENTENCES.get(event.kind) is not untold)
    lines: list[str] = []
    for is_traffic, group in groupby(told, key=lambda event: event.kind in TRAFFIC):
        row = [f"{event.at - began:8.3f}  {shorten(printable(sentence(event)), SHOWN_CHARACTERS)}" for event in group]
        lines += folded(row, TRAFFIC_LINES) if is_traffic else row
    yield from folded(lines, ALL_LINES)


def folded(lines: list[str], most: int) -> list[str]:
    left_out = len(lines) - most
    if left_out <= 1:
        return lines
    return [*lines[: most // 2], f"{'...':>8}  {left_out} more lines", *lines[-(most // 2) :]]


def sentence(event: Event) -> str:
    say = SENTENCES.get(event.kind)
    return say(event.facts) if say else describe_event(event)


def untold(_facts: Facts) -> str:
    return ""


def process(facts: Facts) -> str:
    where = f" on {facts['address']}" if facts.get("address") else ""
    return f"{facts['what']}: process {facts['pid']}{where}"


def fault(facts: Facts) -> str:
    said = {
        "injected": f"is injected (by {facts['needs']})",
        "effective": f"took effect: {facts.get('proof')}",
        "healed": "is healed",
        "unavailable": f"can't be injected here: {facts.get('reason')}",
    }
    return f"fault {facts['name']} {said[facts['phase']]}"


def sent(facts: Facts) -> str:
    cut = f" in {len(facts['pieces'])} pieces" if facts.get("pieces") else ""
    return f"sent{cut}: {facts['meaning']}"


def received(facts: Facts) -> str:
    return f"received: {facts['meaning']}"


def workers(facts: Facts) -> str:
    return f"workers, {facts['count']}: {facts['pids']}"


def call(facts: Facts) -> str:
    wanted = "" if facts["outcome"] == "ok" else f", {facts['outcome']}; expected {facts['expected']}"
    return f"{facts['who']} asked {facts['asked']}: {facts['answered']}{wanted}"


def client_asked(facts: Facts) -> str:
    return f"the client is asked, {facts['number']}: {facts['request']}"


def client_call(facts: Facts) -> str:
    return f"the client answers, {facts['number']}: {facts['outcome']}"


def act(facts: Facts) -> str:
    return f"{facts['what']} on {facts['on']} {facts['phase']}"


def processes(facts: Facts) -> str:
    dead = f", dead and not reaped {facts['zombies']}" if facts["zombies"] else ""
    return f"{facts['who']}: parent {facts['parent']}, workers {facts['workers']}{dead}"


SENTENCES: dict[str, Callable[[Facts], str]] = {
    "case": untold,
    "calibrated": untold,
    "drawn": untold,
    "terms": untold,
    "ledger": untold,
    "resources": untold,
    "process": process,
    "fault": fault,
    "sent": sent,
    "received": received,
    "workers": workers,
    "call": call,
    "client asked": client_asked,
    "client call": client_call,
    "act": act,
    "processes": processes,
}
