"""`make docs-tables`: docs/failure-modes.md, gathered from the catalogue, the clauses, the suite and the liars."""

from __future__ import annotations

from collections.abc import Iterable

from proctor.model import Clause, Level
from proctor.places import CHECKOUT
from proctor.reproduction.catalogue import Catalogue, Entry, read_catalogue

TABLE = CHECKOUT / "docs" / "failure-modes.md"

INTRODUCTION = """\
# What holds which failure mode

Each entry of the [catalogue](../spec/failure-modes.md), whose abbreviations hold here, with the clauses of the
[spec](../spec/README.md) that answer it, the tests that hold these, and the broken implementations of `tests/broken/`
that have it. A clause is a MUST where nothing else is said; a MAY is a freedom, which no test holds against anybody.
What each broken implementation's lie is, and which clause catches it, `python -m tests.broken` tells.

Written by `make docs-tables`, and held by a test to what it writes.
"""
HEAD = """\
| | what is seen | clauses | tests | broken implementations |
|---|---|---|---|---|
"""
UNHELD = """\
## What no test holds

| | what is seen | why not | broken implementations |
|---|---|---|---|
"""


def table(catalogue: Catalogue) -> str:
    """The whole file, in Markdown."""
    parts = [INTRODUCTION]
    for title, chapter in catalogue.by_chapter():
        rows = [row(entry) for entry in chapter if not entry.reason]
        parts.append(f"## {title}\n\n{HEAD}{''.join(rows)}")
    parts.append(UNHELD + "".join(row_without_tests(entry) for entry in catalogue.entries if entry.reason))
    return "\n".join(parts)


def row(entry: Entry) -> str:
    clauses = [f"`{clause.id}`{level_of(clause)}" for clause in entry.clauses]
    return cells(name_of(entry), entry.symptom, lines(clauses), lines(map(code, entry.tests)), liars_of(entry))


def row_without_tests(entry: Entry) -> str:
    return cells(name_of(entry), entry.symptom, entry.reason, liars_of(entry))


def cells(*texts: str) -> str:
    escaped = [text.replace("|", r"\|") for text in texts]
    return f"| {' | '.join(escaped)} |\n"


def name_of(entry: Entry) -> str:
    return f"**{entry.mode.id}** {entry.mode.name}"


def liars_of(entry: Entry) -> str:
    return lines(code(liar.name) for liar in entry.liars)


def level_of(clause: Clause) -> str:
    return "" if clause.level is Level.MUST else f" ({clause.level})"


def code(text: str) -> str:
    return f"`{text}`"


def lines(texts: Iterable[str]) -> str:
    return "<br>".join(texts) or "–"


if __name__ == "__main__":
    TABLE.write_text(table(read_catalogue()), encoding="utf-8")
    print(TABLE.relative_to(CHECKOUT))
