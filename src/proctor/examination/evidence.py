"""What a failure shows: the clause, the exchange, processes, znodes, last output, and how to run it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from _pytest._code.code import TerminalRepr  # pytest gives it no public name
from _pytest._io import TerminalWriter

from proctor.history import Event, History
from proctor.model import Clause
from proctor.process import observe
from proctor.process.text import shorten
from proctor.record import Record
from proctor.subject.client import Client
from proctor.subject.server import Server, indent
from proctor.wire.connection import cut

SHOWN_EVENTS = 24
SHOWN_OUTPUT_LINES = 15
SHOWN_PROCESSES = SHOWN_ZNODES = 20
SHOWN_WORDS = 100
FOUND_AT = "  at "


def failure_text(
    clauses: Iterable[Clause],
    message: str,
    where: str,
    history: History,
    since: float,
    subjects: Iterable[Server | Client],
) -> str:
    """All that a reader needs, most telling first."""
    parts = [f"{clause.id} ({clause.level})   {clause.where}\n{indent(clause.text)}" for clause in clauses]
    parts.append(f"{message}\n{FOUND_AT}{where}")
    parts += [describe(subject) for subject in subjects]
    parts.append("what happened, in seconds since the case began:\n" + "\n".join(timeline(history, since)))
    return "\n\n".join(part for part in parts if part)


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


def timeline(history: History, since: float) -> Iterable[str]:
    events = [event for event in history.events(since=since) if event.kind != "finding"]  # the message tells of these
    if len(events) > SHOWN_EVENTS:
        yield f"    ... {len(events) - SHOWN_EVENTS} earlier events"
    for event in events[-SHOWN_EVENTS:]:
        yield f"    {event.at - since:8.3f}  {describe_event(event)}"


def describe_event(event: Event) -> str:
    facts = ", ".join(f"{name} {shorten(str(value))}" for name, value in event.facts.items() if value not in (None, ""))
    return f"{event.kind}: {facts}"


def describe(subject: Server | Client) -> str:
    kind = "server" if isinstance(subject, Server) else "client"
    try:
        program = subject.program
    except AssertionError:
        return f"{kind}: not started"
    lines = [f"{kind} {program.pid}, processes:"]
    parent = observe.stat(program.pid)
    lines += first(SHOWN_PROCESSES, ([parent] if parent else []) + program.tree())
    if isinstance(subject, Server) and subject.registers:
        lines += ["  znodes:", *first(SHOWN_ZNODES, znodes(subject))]
    said = program.output.tail(SHOWN_OUTPUT_LINES)
    return "\n".join([*lines, "  its last output:", indent(said or "(nothing)")])


def first(count: int, items: Sequence[object]) -> Iterable[str]:
    """A line for each of so many, and for all the others together."""
    yield from (f"    {item}" for item in items[:count])
    if len(items) > count:
        yield f"    ... and {len(items) - count} more"


def znodes(server: Server) -> Sequence[object]:
    try:
        return server.nodes() or ["(none)"]
    except Exception as error:  # evidence must not hide the failure that it is evidence of
        return [f"(could not be read: {error})"]
