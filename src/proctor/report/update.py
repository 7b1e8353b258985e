"""known_failures.toml as a whole run would have it."""

from __future__ import annotations

from collections.abc import Iterable

import tomlkit

from proctor.known import Entry, KnownFailures
from proctor.model import Verdict
from proctor.record import Record

LONGEST_MESSAGE = 80  # characters of a message's first line: what follows is often of this run alone


def updated(text: str, known: KnownFailures, records: Iterable[Record]) -> str:
    """`text`, the file that `known` was read from, without entries that hold no more, and with those that are missing.

    What stays, stays as it is written, with its comments. A new entry has no reason yet, and the file is refused until
    its author has given one.
    """
    document = tomlkit.parse(text)
    records = tuple(records)
    tables = document.setdefault("known", tomlkit.aot())
    kept = [holds(entry, records) for entry in known.entries]
    for number in reversed(range(len(kept))):
        if not kept[number]:
            del tables[number]
    remaining = [entry for entry, stays in zip(known.entries, kept, strict=True) if stays]
    for record in records:
        if failed(record) and not any(foretold(entry, record) for entry in remaining):
            tables.append(table(record))
    return tomlkit.dumps(document)


def holds(entry: Entry, records: Iterable[Record]) -> bool:
    """Whether what it names was there, did not pass, and failed as foretold, if it failed."""
    found = [record for record in records if entry.names(record.case)]
    failures = [record for record in found if failed(record)]
    passed = any(record.verdict is Verdict.PASS for record in found)
    as_foretold = not failures or any(foretold(entry, record) for record in failures)
    return bool(found) and not passed and as_foretold


def failed(record: Record) -> bool:
    return record.verdict in (Verdict.FAIL, Verdict.KNOWN_FAILURE)


def foretold(entry: Entry, record: Record) -> bool:
    return entry.names(record.case) and entry.foretells(record.message)


def table(record: Record) -> tomlkit.items.Table:
    new = tomlkit.table()
    new.update({"case": record.case, "message": beginning(record.message), "reason": ""})
    return new


def beginning(message: str) -> str:
    return message.splitlines()[0][:LONGEST_MESSAGE].rstrip()
