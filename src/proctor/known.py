"""known_failures.toml: the failures that an implementation's author knows of. Form: README, "Known failures".

An entry is bound to the case and to how its message begins, so that another failure of the same case still fails the
run; and it is strict: one that no longer holds fails the run as well.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from proctor.malformed import Malformed, Misshapen, line_at, shaped, text_of
from proctor.model import Verdict
from proctor.record import Record

FILE_NAME = "known_failures.toml"
HEADING = re.compile(r"^[ \t]*\[\[[ \t]*known[ \t]*\]\]", re.MULTILINE)
PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")  # of tomllib's messages
NATIVES = (datetime.datetime, datetime.date, datetime.time)
SHOWN = 3  # cases that are named where there may be hundreds


class KnownFailuresError(Malformed):
    """known_failures.toml is malformed: its author is at fault."""


class Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[[known]]

    `case`: a case's id, in which `*` stands for any text. `message`: how the failure's message begins; a number in it
    stands for any number, since pids, ports and seconds are others in each run.
    """

    case: str
    message: str
    reason: str
    issue: str = ""
    expires: datetime.date | None = None

    def names(self, case: str) -> bool:
        return re.fullmatch(".*".join(map(re.escape, self.case.split("*"))), case) is not None

    def foretells(self, message: str) -> bool:
        beginning = r"\d+".join(map(re.escape, re.split(r"\d+", self.message)))
        return re.match(beginning, message) is not None


class Document(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """known_failures.toml as it is written, before its entries are looked at."""

    known: tuple[dict[str, Any], ...] = ()


class KnownFailures:
    """A checked known_failures.toml. `lines`: where each entry begins, counted from 1."""

    def __init__(self, path: Path, entries: Sequence[Entry] = (), lines: Sequence[int] = ()) -> None:
        self.path = path
        self.entries = tuple(entries)
        self.lines = tuple(lines)

    def entry_for(self, case: str, message: str, today: datetime.date) -> Entry | None:
        """The entry that foretells this failure and has not expired."""
        for entry in self.entries:
            if entry.names(case) and entry.foretells(message) and not expired(entry, today):
                return entry
        return None

    def faults(self, records: Iterable[Record], today: datetime.date, *, complete: bool) -> Iterator[str]:
        """A line for each entry that does not hold of what was run.

        `complete`: whether that was all; otherwise an entry may be about a case that was not run.
        """
        records = tuple(records)
        for entry, line in zip(self.entries, self.lines, strict=True):
            what = fault_of(entry, records, today, complete=complete)
            if what:
                yield f"{self.path}:{line}: {what}"


def fault_of(entry: Entry, records: Iterable[Record], today: datetime.date, *, complete: bool) -> str | None:
    found = [record for record in records if entry.names(record.case)]
    passed = [record.case for record in found if record.verdict is Verdict.PASS]
    failed = [record for record in found if record.verdict in (Verdict.FAIL, Verdict.KNOWN_FAILURE)]
    if expired(entry, today):
        return f"expired on {entry.expires}: {entry.case}: mend it, or say until when it is to be borne"
    if not found:
        return f"unmatched: no case that was run is called {entry.case}" if complete else None
    if passed and failed:
        return f"over-broad: {entry.case} names cases that pass, too: {some(passed)}"
    if passed:
        return f"stale: what it names passes: {some(passed)}; take the entry out"
    if failed and not any(entry.foretells(record.message) for record in failed):
        return f"unmatched: {failed[0].case} fails otherwise than foretold: {failed[0].message.splitlines()[0]}"
    return None


def expired(entry: Entry, today: datetime.date) -> bool:
    return entry.expires is not None and entry.expires < today


def some(cases: Sequence[str]) -> str:
    more = f" and {len(cases) - SHOWN} more" if len(cases) > SHOWN else ""
    return ", ".join(cases[:SHOWN]) + more


def read_known_failures(folder: Path) -> KnownFailures:
    """Those in `folder`; none if it holds no such file. Raises KnownFailuresError."""
    path = folder / FILE_NAME
    if not path.exists():
        return KnownFailures(path)
    text = text_of(path, path, KnownFailuresError)
    headings = [found.start() for found in HEADING.finditer(text)]
    values = values_in(path, text)
    if len(values) != len(headings):
        problem = "expected every entry below a line [[known]] of its own, and that line nowhere else"
        raise KnownFailuresError(path, line_of(text, "known"), problem)
    entries: list[Entry] = []
    for (start, end), value in zip(pairwise([*headings, len(text)]), values, strict=True):
        try:
            entries.append(entry_in(value, entries))
        except Misshapen as error:
            line = line_at(text, start) + line_of(text[start:end], error.member) - 1
            raise KnownFailuresError(path, line, str(error)) from None
    return KnownFailures(path, entries, [line_at(text, start) for start in headings])


def values_in(path: Path, text: str) -> tuple[dict[str, Any], ...]:
    """The entries as TOML reads them."""
    try:
        return shaped(tomllib.loads(text), Document, NATIVES).known
    except Misshapen as error:
        problem = f"expected nothing but tables [[known]]: {error}"
        raise KnownFailuresError(path, line_of(text, error.member), problem) from None
    except (ValueError, RecursionError) as error:
        place = PLACE.search(str(error))
        line = int(place["line"]) if place and place["line"] else line_at(text, len(text.rstrip()))
        raise KnownFailuresError(path, line, f"is no TOML: {PLACE.sub('', str(error))}") from None


def entry_in(value: dict[str, Any], before: Sequence[Entry]) -> Entry:
    """Raises Misshapen, also for what types can't say."""
    entry = shaped(value, Entry, NATIVES)
    for name in ("case", "message", "reason"):
        if not getattr(entry, name).strip():
            raise Misshapen(f"`{name}` is empty; expected every entry to say what fails, how and why", name)
    if any((entry.case, entry.message) == (other.case, other.message) for other in before):
        raise Misshapen("expected another case or message: an entry before this one has both", "case")
    return entry


def line_of(text: str, member: str) -> int:
    """The line where this member is written; the first if it is not."""
    found = re.search(rf"^[ \t]*(?:\[+[ \t]*)?[\"']?{re.escape(member)}\b", text, re.MULTILINE) if member else None
    return line_at(text, found.start() if found else 0)
