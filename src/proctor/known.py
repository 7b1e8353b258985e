"""known_failures.toml: the failures that an implementation's author knows of. Form: README, "Known failures".

An entry is bound to the case and to how its message begins, so that another failure of the same case still fails the
run; and it is strict: one that no longer holds fails the run as well.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from proctor.model import Verdict
from proctor.record import Record

FILE_NAME = "known_failures.toml"
HEADING = re.compile(rb"^\s*\[\[\s*known\s*\]\]", re.MULTILINE)
INDEX = re.compile(r"\$\.known\[(\d+)\]")
SHOWN = 3  # cases that are named where there may be hundreds


class KnownFailuresError(Exception):
    """The file is at fault; the message names it, the line, and what was expected."""


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
    """known_failures.toml as it is written."""

    known: tuple[Entry, ...] = ()


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
    """Those in `folder`; none if it holds no such file."""
    path = folder / FILE_NAME
    if not path.exists():
        return KnownFailures(path)
    text = path.read_bytes()
    lines = [1 + text.count(b"\n", 0, found.end()) for found in HEADING.finditer(text)]
    try:
        entries = msgspec.toml.decode(text, type=Document).known
        for number, entry in enumerate(entries):
            check(entry, number)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise KnownFailuresError(f"{place(path, str(error), lines)}: {error}") from None
    return KnownFailures(path, entries, lines)


def check(entry: Entry, number: int) -> None:
    """What types can't say. ValueError names the entry as msgspec does."""
    for name in ("case", "message", "reason"):
        if not getattr(entry, name).strip():
            raise ValueError(f"`{name}` is empty - at `$.known[{number}]`; every entry says what fails, how and why")


def place(path: Path, error: str, lines: Sequence[int]) -> str:
    """The file, and the line of the entry that the error is about, where it is about one."""
    found = INDEX.search(error)
    at = int(found[1]) if found else -1
    return f"{path}:{lines[at]}" if 0 <= at < len(lines) else str(path)
