"""What a failure shows: the clause, the exchange, processes, znodes, last output, and how to run it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import TerminalRepr  # pytest gives it no public name
from _pytest._io import TerminalWriter

from proctor.examination.selection import case_id
from proctor.history import Event, History
from proctor.model import Clause
from proctor.process import observe
from proctor.process.text import printable, shorten
from proctor.record import Evidence, Happened, Passed, Record, Seen
from proctor.subject.client import Client
from proctor.subject.server import Server, indent
from proctor.wire.connection import cut

SHOWN_EVENTS = 24
SHOWN_MESSAGES = 12
SHOWN_BYTES = 256
SHOWN_SUBJECTS = 10
SHOWN_OUTPUT_LINES = 15
SHOWN_PROCESSES = SHOWN_ZNODES = 20
SHOWN_WORDS = 100
FOUND_AT = "  at "


def gathered(
    where: str, again: str, bytes_again: str, history: History, since: float, subjects: Sequence[Server | Client]
) -> Evidence:
    """What can be told of a case that has just failed; of each thing so much and no more."""
    events = [event for event in history.events(since=since) if event.kind != "finding"]  # the message tells of these
    return Evidence(
        where=where,
        again=again,
        bytes_again=bytes_again,
        exchange=tuple(passed(event, since) for event in events if event.kind in ("sent", "received"))[
            -SHOWN_MESSAGES:
        ],
        subjects=tuple(map(seen, subjects[:SHOWN_SUBJECTS])),
        events=tuple(Happened(round(event.at - since, 3), describe_event(event)) for event in events[-SHOWN_EVENTS:]),
        earlier=max(0, len(events) - SHOWN_EVENTS),
    )


def raised_at(item: pytest.Item, raised: pytest.ExceptionInfo[BaseException]) -> str:
    """The line of the suite that raised it, or else the last of all."""
    in_suite = [entry for entry in raised.traceback if Path(entry.path) == item.path]
    entry = in_suite[-1] if in_suite else raised.traceback[-1]
    return f"{case_id(item).partition('::')[0]}:{entry.lineno + 1}: {str(entry.statement).strip()}"


def failure_text(clauses: Iterable[Clause], message: str, evidence: Evidence) -> str:
    """All that a reader needs, most telling first."""
    parts = [f"{clause.id} ({clause.level})   {clause.where}\n{indent(clause.text)}" for clause in clauses]
    parts.append(f"{message}\n{FOUND_AT}{evidence.where}")
    parts += map(describe, evidence.subjects)
    parts.append("what happened, in seconds since the case began:\n" + "\n".join(timeline(evidence)))
    again = f"again:  {evidence.again}"
    commands = f"{again}\nonly the last bytes:  {evidence.bytes_again}" if evidence.bytes_again else again
    return "\n\n".join([*filter(None, parts), commands])


@dataclass(frozen=True)
class InOneLine:
    """A failure in one line, where pytest asks for that: its short summary, `--tb=line`, JUnit's `message`."""

    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(eq=False)
class Told(TerminalRepr):
    """A failure's text as a report carries it: whole where pytest shows failures, one line where it lists them. From
    text alone pytest would make its list too, cut at the terminal's width, but uncut in every CI (where CI is set).
    """

    text: str
    reprcrash: InOneLine

    def toterminal(self, tw: TerminalWriter) -> None:
        for line in self.text.splitlines():
            tw.line(line)


def told(text: str, record: Record) -> Told:
    return Told(text, InOneLine(f"{', '.join(record.clauses)}: {record.message.partition(chr(10))[0]}"))


def shortened(text: str, first: str) -> str:
    """A failure's text where another case has failed of the same cause and shows it all: the clauses, the first line of
    the message and the line that raised it, and how to run it again.
    """
    before, _, rest = text.partition(f"\n{FOUND_AT}")
    where, commands = rest.partition("\n")[0], rest.rpartition("\n\n")[2]
    *clauses, message = before.split("\n\n")
    told = f"{message.splitlines()[0]}\n{FOUND_AT}{where}"
    return "\n\n".join([*clauses, told, f"as in {first}, which shows the rest", commands])


def again(impl: str, registry: str, case: Sequence[str], seed: int) -> str:
    """The one command that runs a case alone, which pytest is asked for by the words of `case`."""
    words = ["pytest", f"--impl={impl}", *([] if registry == "embedded" else [f"--registry={registry}"]), *case]
    return shlex.join([*words, f"--seed={seed}"])


def sent_again(impl: str, history: History, since: float) -> str:
    """The command that sends what a drawn value's connection has sent, or else the last one, in the same pieces; empty
    if there is none, more than is on record, or a schedule, which has a command of its own.
    """
    if history.events("schedule", since):
        return ""
    connections = history.events("drawn", since) or history.events("sent", since)
    spoken = [
        event.facts for event in history.events("sent", since) if event.facts["port"] == connections[-1].facts["port"]
    ]
    if not spoken or any(2 * facts["length"] != len(facts["bytes"]) for facts in spoken):
        return ""
    words = [word for facts in spoken for word in words_of(facts)]
    return shlex.join(["proctor", "send", f"--impl={impl}", *words]) if len(words) <= SHOWN_WORDS else ""


def words_of(facts: dict[str, Any]) -> list[str]:
    """What one send has sent, as arguments of `proctor send`: pieces in hex, or FIN or RST."""
    if not facts["bytes"]:
        return [facts["meaning"]]
    pieces = cut(bytes.fromhex(facts["bytes"]), facts.get("pieces"))
    return [piece.hex() for piece in pieces]


def timeline(evidence: Evidence) -> Iterable[str]:
    if evidence.earlier:
        yield f"    ... {evidence.earlier} earlier events"
    for event in evidence.events:
        yield f"    {event.at_s:8.3f}  {event.what}"


def describe_event(event: Event) -> str:
    facts = ", ".join(f"{name} {shorten(str(value))}" for name, value in event.facts.items() if value not in (None, ""))
    return printable(f"{event.kind}: {facts}")


def passed(event: Event, since: float) -> Passed:
    """`event`: as a connection records it."""
    facts = event.facts
    return Passed(
        at_s=round(event.at - since, 3),
        sent=event.kind == "sent",
        port=facts["port"],
        meaning=printable(facts["meaning"]),
        length=facts["length"],
        bytes=facts["bytes"][: 2 * SHOWN_BYTES],
    )


def seen(subject: Server | Client) -> Seen:
    kind = "server" if isinstance(subject, Server) else "client"
    try:
        program = subject.program
    except AssertionError:
        return Seen(kind)
    parent = observe.stat(program.pid)
    return Seen(
        who=f"{kind} {program.pid}",
        processes=tuple(first(SHOWN_PROCESSES, ([parent] if parent else []) + program.tree())),
        znodes=tuple(first(SHOWN_ZNODES, znodes(subject)))
        if isinstance(subject, Server) and subject.registers
        else None,
        output=program.output.tail(SHOWN_OUTPUT_LINES),
    )


def describe(subject: Seen) -> str:
    if subject.output is None:
        return f"{subject.who}: not started"
    lines = [f"{subject.who}, processes:", *map(indent, subject.processes)]
    if subject.znodes is not None:
        lines += ["  znodes:", *map(indent, subject.znodes)]
    return "\n".join([*lines, "  its last output:", indent(subject.output or "(nothing)")])


def first(count: int, items: Sequence[object]) -> Iterable[str]:
    """A line for each of so many, and for all the others together."""
    yield from (printable(str(item)) for item in items[:count])
    if len(items) > count:
        yield f"... and {len(items) - count} more"


def znodes(server: Server) -> Sequence[object]:
    try:
        return server.nodes() or ["(none)"]
    except Exception as error:  # evidence must not hide the failure that it is evidence of
        return [f"(could not be read: {error})"]
