"""`proctor list`: the catalogue, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from proctor.reproduction.catalogue import Catalogue, Entry


def lines(catalogue: Catalogue) -> Iterator[str]:
    """An entry a line, under its chapter's heading."""
    for title, chapter in catalogue.by_chapter():
        yield from [title, *(line(entry) for entry in chapter), ""]
    yield f"{catalogue.legend} Behind an arrow: on which broken implementation `proctor reproduce ID` stages it."


def line(entry: Entry) -> str:
    liar = entry.staged_on()
    mark = f"-> {liar.name}" if liar else f"not to be reproduced: {entry.untested_because()}"
    return f"  {entry.mode.id:4} {entry.symptom}  {mark}"


def as_data(catalogue: Catalogue) -> list[dict[str, Any]]:
    return [
        {
            "id": entry.mode.id,
            "name": entry.mode.name,
            "chapter": catalogue.chapters[entry.mode.id[0]],
            "trigger": entry.trigger,
            "symptom": entry.symptom,
            "clauses": [clause.id for clause in entry.clauses],
            "tests": list(entry.tests),
            "broken": [liar.name for liar in entry.liars],
            "staged_on": liar.name if (liar := entry.staged_on()) else None,
            "untested_because": entry.untested_because(),
        }
        for entry in catalogue.entries
    ]
