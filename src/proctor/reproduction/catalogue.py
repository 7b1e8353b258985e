"""The catalogue of failure modes, each with the clauses that answer it, their tests, and who has it on purpose."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from proctor.model import Clause, FailureMode
from proctor.places import spec_folder
from proctor.reproduction.liars import Liar, liars
from proctor.reproduction.suite import suite
from proctor.spec import Spec, read_spec

CHAPTER = re.compile(r"^## (?P<title>.+) \((?P<letter>[A-Z])\)$", re.MULTILINE)
SYMPTOM = re.compile(r" S: (?P<symptom>.+?)\.(?= C: | ✔| \[| \((?:derived|SHOULD)\)|$)")
REASON = re.compile(r"^- \*\*(?P<id>[A-Z]\d+)\*\*: (?P<reason>.+(?:\n  .+)*)", re.MULTILINE)
LEGEND = re.compile(r"\bP is the parent, .+? are signals\.", re.DOTALL)
MENTION = re.compile(r"\b[A-Z]\d+\b")
FREEDOM = "what answers it is a MAY, a freedom that no test holds against anybody."


class UnknownMode(LookupError):
    """An id that the catalogue doesn't hold; the message names the nearest one that it does."""


@dataclass(frozen=True)
class Entry:
    """A failure mode with all that is known of it. `reason`: why no test holds it, empty where one does."""

    mode: FailureMode
    clauses: tuple[Clause, ...]
    tests: tuple[str, ...]
    liars: tuple[Liar, ...]
    reason: str

    @property
    def symptom(self) -> str:
        return self._seen()["symptom"]

    @property
    def trigger(self) -> str:
        return self.mode.text[: self._seen().start()].removeprefix("T: ").removesuffix(".")

    @property
    def remarks(self) -> str:
        """Its cause, where it is known, and where it was met."""
        return self.mode.text[self._seen().end() :].strip()

    def _seen(self) -> re.Match[str]:
        found = SYMPTOM.search(self.mode.text)
        if found is None:
            raise ValueError(f"{self.mode.path}:{self.mode.line}: expected S: and what is seen, of {self.mode.id}")
        return found

    def staged_on(self) -> Liar | None:
        """Who has it and is caught by what answers it: the first of them; None if it can't be staged."""
        answering = {clause.id for clause in self.clauses}
        return next((liar for liar in self.liars if liar.breaks in answering), None) if self.tests else None

    def untested_because(self) -> str:
        return self.reason or ("" if self.tests else FREEDOM)


@dataclass(frozen=True)
class Catalogue:
    """All of them, in their order. `chapters`: the letter that a chapter's ids begin with, and its title; `legend` says
    what the abbreviations are.
    """

    entries: tuple[Entry, ...]
    chapters: Mapping[str, str]
    legend: str

    def by_chapter(self) -> Iterator[tuple[str, list[Entry]]]:
        """Each chapter's title, and its entries."""
        for letter, title in self.chapters.items():
            yield title, [entry for entry in self.entries if entry.mode.id.startswith(letter)]

    def entry(self, mode_id: str) -> Entry:
        """The one with this id. Raises UnknownMode."""
        found = {entry.mode.id: entry for entry in self.entries}
        if mode_id in found:
            return found[mode_id]
        near = difflib.get_close_matches(mode_id.upper(), found, n=1)
        hint = f"the nearest is {near[0]} {found[near[0]].mode.name}" if near else "none is named like it"
        raise UnknownMode(f"{mode_id} is no failure mode; {hint}; `proctor list` shows all")


def read_catalogue() -> Catalogue:
    """As it stands here. Raises SpecError."""
    return catalogue_of(read_spec(spec_folder()), suite(), liars())


def catalogue_of(spec: Spec, cases: Mapping[str, set[str]], everybody: Iterable[Liar]) -> Catalogue:
    """Of the spec as it stands here."""
    folder = spec_folder()
    return Catalogue(tuple(entries(spec, unheld(folder), cases, everybody)), chapters(folder), legend(folder))


def entries(
    spec: Spec, reasons: Mapping[str, str], cases: Mapping[str, set[str]], everybody: Iterable[Liar]
) -> list[Entry]:
    """Of every failure mode, in the catalogue's order. `cases`: the clauses that each test cites."""
    named = [(liar, set(MENTION.findall(liar.lie))) for liar in everybody]
    return [
        Entry(
            mode,
            clauses := tuple(clause for clause in spec.clauses if mode.id in clause.answers),
            tuple(case for case, cited in cases.items() if cited & {clause.id for clause in clauses}),
            tuple(liar for liar, modes in named if mode.id in modes),
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


def legend(folder: Path) -> str:
    """The catalogue's abbreviations, on one line."""
    found = LEGEND.search((folder / "failure-modes.md").read_text(encoding="utf-8"))
    return " ".join(found[0].split()) if found else ""
