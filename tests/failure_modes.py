"""`make docs-tables`: docs/failure-modes.md, gathered from the catalogue, the clauses, the suite and the liars."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from proctor.model import Clause, FailureMode, Level
from proctor.places import CHECKOUT, spec_folder, suite_folders
from proctor.spec import Spec, read_spec
from tests.broken.catalogue import Liar, everybody

TABLE = CHECKOUT / "docs" / "failure-modes.md"
CHAPTER = re.compile(r"^## (?P<title>.+) \((?P<letter>[A-Z])\)$", re.MULTILINE)
SYMPTOM = re.compile(r" S: (?P<symptom>.+?)\.(?= C: | ✔| \[| \((?:derived|SHOULD)\)|$)")
REASON = re.compile(r"^- \*\*(?P<id>[A-Z]\d+)\*\*: (?P<reason>.+(?:\n  .+)*)", re.MULTILINE)
MENTION = re.compile(r"\b[A-Z]\d+\b")

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


@dataclass(frozen=True)
class Entry:
    """A failure mode with all that is known of it. `reason`: why no test holds it, empty where one does."""

    mode: FailureMode
    clauses: tuple[Clause, ...]
    tests: tuple[str, ...]
    liars: tuple[str, ...]
    reason: str

    @property
    def symptom(self) -> str:
        found = SYMPTOM.search(self.mode.text)
        if found is None:
            raise ValueError(f"{self.mode.path}:{self.mode.line}: expected S: and what is seen, of {self.mode.id}")
        return found["symptom"]


def entries(
    spec: Spec, reasons: Mapping[str, str], cases: Mapping[str, set[str]], liars: Iterable[Liar]
) -> list[Entry]:
    """Of every failure mode, in the catalogue's order. `cases`: the clauses that each test cites."""
    named = {liar.name: set(MENTION.findall(liar.lie)) for liar in liars}
    return [
        Entry(
            mode,
            clauses := tuple(clause for clause in spec.clauses if mode.id in clause.answers),
            tuple(case for case, cited in cases.items() if cited & {clause.id for clause in clauses}),
            tuple(name for name, modes in named.items() if mode.id in modes),
            reasons.get(mode.id, ""),
        )
        for mode in spec.failure_modes.values()
    ]


def unheld(folder: Path) -> dict[str, str]:
    """Of the spec in `folder`: what its README lists under "What no test holds", and why."""
    section = (folder / "README.md").read_text(encoding="utf-8").partition("\n## What no test holds\n")[2]
    found = REASON.finditer(section.partition("\n## ")[0])
    return {entry["id"]: " ".join(entry["reason"].split()) for entry in found}


def chapters(folder: Path) -> dict[str, str]:
    """The catalogue's chapters: the letter that its ids begin with, and the title."""
    text = (folder / "failure-modes.md").read_text(encoding="utf-8")
    return {chapter["letter"]: chapter["title"] for chapter in CHAPTER.finditer(text)}


def suite() -> dict[str, set[str]]:
    """The suite's test functions, such as "chaos/test_bursts.py::test_a", each with the clauses that it cites."""
    files = (path for folder in suite_folders() for path in sorted(folder.rglob("test_*.py")))
    return {case: set(cited_by(function)) for path in files for case, function in functions(path)}


def functions(path: Path) -> Iterator[tuple[str, Callable[..., None]]]:
    shown = path.relative_to(CHECKOUT)
    for name, value in vars(import_module(".".join(shown.with_suffix("").parts))).items():
        if name.startswith("test_"):
            yield f"{shown}::{name}", value


def cited_by(function: Callable[..., None]) -> Iterator[str]:
    """The clauses of its marks, and of its parameters' marks."""
    marks: list[Any] = list(getattr(function, "pytestmark", ()))
    parameters = [parameter for mark in marks if mark.name == "parametrize" for parameter in mark.args[1]]
    of_parameters = [mark for parameter in parameters for mark in getattr(parameter, "marks", ())]
    return (str(clause) for mark in [*marks, *of_parameters] if mark.name == "clause" for clause in mark.args)


def table(found: Iterable[Entry], titles: Mapping[str, str]) -> str:
    """The whole file, in Markdown."""
    found = tuple(found)
    parts = [INTRODUCTION]
    for letter, title in titles.items():
        rows = [row(entry) for entry in found if entry.mode.id.startswith(letter) and not entry.reason]
        parts.append(f"## {title}\n\n{HEAD}{''.join(rows)}")
    parts.append(UNHELD + "".join(row_without_tests(entry) for entry in found if entry.reason))
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
    return lines(map(code, entry.liars))


def level_of(clause: Clause) -> str:
    return "" if clause.level is Level.MUST else f" ({clause.level})"


def code(text: str) -> str:
    return f"`{text}`"


def lines(texts: Iterable[str]) -> str:
    return "<br>".join(texts) or "–"


def current() -> str:
    """The table as the checkout gives it."""
    folder = spec_folder()
    return table(entries(read_spec(folder), unheld(folder), suite(), everybody()), chapters(folder))


if __name__ == "__main__":
    TABLE.write_text(current(), encoding="utf-8")
    print(TABLE.relative_to(CHECKOUT))
