"""`proctor reproduce`: a failure mode, staged on who has it on purpose, or tried on somebody else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from proctor.model import Verdict
from proctor.reproduction.catalogue import Catalogue, Entry
from proctor.reproduction.liars import write_manifest
from proctor.reproduction.narration import narrate
from proctor.reproduction.staging import Tried, stage
from proctor.subject.server import indent

Tell = Callable[[str], None]
Outcome = Literal["shown", "not shown", "untried"]
SHOWN_LINES = 20  # of what a failure says
FILE_ENDS = "::"


class NotToBeReproduced(Exception):
    """No test holds this failure mode; the message says why."""


class Account:
    """Tells of each case as it ends; of the first that fails, step by step."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.tried: list[Tried] = []

    def hear(self, tried: Tried) -> None:
        if tried.failed and not self.of(Verdict.FAIL):
            self._tell_steps(tried)
        else:
            self.tell(f"{tried.judgement.verdict}  {tried.case}{remark(tried)}")
        self.tried.append(tried)

    def of(self, *verdicts: Verdict) -> list[Tried]:
        return [tried for tried in self.tried if tried.judgement.verdict in verdicts]

    def outcome(self) -> Outcome:
        """One case that fails shows it; that it does not show, takes all of them."""
        if self.of(Verdict.FAIL):
            return "shown"
        return "not shown" if self.tried and len(self.of(Verdict.PASS)) == len(self.tried) else "untried"

    def why_untried(self) -> str:
        untold = self.of(Verdict.INCONCLUSIVE, Verdict.ERROR)
        return "; ".join(dict.fromkeys(tried.message[0] for tried in untold))

    def _tell_steps(self, tried: Tried) -> None:
        self.tell(f"{tried.judgement.verdict}  {tried.case}\n    {tried.claim}\n")
        for line in narrate(tried.events, tried.began):
            self.tell(f"    {line}")
        seen = "\n".join(tried.message[:SHOWN_LINES])
        self.tell(f"\n  what is seen, against {', '.join(tried.clauses)}:\n{indent(seen)}\n")


def staged(catalogue: Catalogue, entry: Entry, registry: str, tell: Tell) -> Outcome:
    """On who has it on purpose, by the cases of the clause that he breaks, until one fails.

    NotToBeReproduced, or NotStaged.
    """
    liar = entry.staged_on()
    if liar is None:
        raise NotToBeReproduced(f"{entry.mode.id} can't be reproduced: {entry.untested_because()}")
    clause = next(clause for clause in entry.clauses if clause.id == liar.breaks)
    introduce(catalogue, entry, tell)
    tell(f"{liar.name} of tests/broken has it: {liar.lie}")
    tell(f"It breaks {clause.id} ({clause.level})   {clause.where}\n{indent(clause.text)}\n")
    account = Account(tell)
    with TemporaryDirectory(prefix="proctor-") as folder:
        write_manifest(liar, Path(folder))
        stage(Path(folder), registry, [clause.examined_in], [clause.id], account.hear, until_one_fails=True)
    outcome = account.outcome()
    said = {
        "shown": f"was reproduced on {liar.name}, which breaks {clause.id}",
        "not shown": f"did not show on {liar.name}, which should have it: {count(account.tried)} passed",
        "untried": f"could not be staged here: {account.why_untried()}",
    }
    tell(f"{entry.mode.id} {said[outcome]}.")
    tell_further(entry, [test_of(tried.case) for tried in account.of(Verdict.FAIL)], tell)
    return outcome


def tried_on(impl: Path, catalogue: Catalogue, entry: Entry, registry: str, tell: Tell) -> Outcome:
    """By all cases that answer it, as far as the manifest claims what they need. NotToBeReproduced, or NotStaged."""
    if not entry.tests:
        raise NotToBeReproduced(f"{entry.mode.id} can't be tried: {entry.untested_because()}")
    introduce(catalogue, entry, tell)
    tell(f"What answers it, as far as {impl} claims that:")
    tell("\n".join(f"    {clause.id} ({clause.level})   {clause.where}" for clause in entry.clauses) + "\n")
    account = Account(tell)
    clauses = [clause.id for clause in entry.clauses]
    files = sorted({test.partition(FILE_ENDS)[0] for test in entry.tests})
    unclaimed = stage(impl, registry, files, clauses, account.hear)
    for test in dict.fromkeys(map(test_of, unclaimed)):
        tell(f"{Verdict.NOT_CLAIMED}  {test}")
    outcome = account.outcome()
    failed = account.of(Verdict.FAIL)
    said = {
        "shown": f"shows on {impl}, or what looks like it: {len(failed)} of {count(account.tried)} failed",
        "not shown": f"did not show on {impl}: {count(account.tried)} passed",
        "untried": f"could not be tried on {impl}: {account.why_untried() or 'it claims nothing that answers it'}",
    }
    tell(f"{entry.mode.id} {said[outcome]}.")
    return outcome


def introduce(catalogue: Catalogue, entry: Entry, tell: Tell) -> None:
    mode = entry.mode
    tell(f"{mode.id} {mode.name}   {mode.path}:{mode.line}")
    tell(f"    trigger: {entry.trigger}\n    symptom: {entry.symptom}")
    tell(f"    {entry.remarks}\n" if entry.remarks else "")
    tell(f"{catalogue.legend}\n")


def tell_further(entry: Entry, shown: Sequence[str], tell: Tell) -> None:
    """Who else has it, what else holds it, and what to type next."""
    liar = entry.staged_on()
    others = [other.name for other in entry.liars if other != liar]
    if others:
        tell(f"also broken so: {', '.join(others)}")
    for case in entry.tests:
        if case not in shown:
            tell(f"also held by {case}")
    tell(f"on yours: proctor reproduce {entry.mode.id} --impl=PATH")


def remark(tried: Tried) -> str:
    """What a line has room for: that its faults took effect, or why it came to no verdict."""
    if tried.message:
        return f": {tried.message[0]}"
    faults = [event.facts["name"] for event in tried.events if event.facts.get("phase") == "effective"]
    return f" ({', '.join(dict.fromkeys(faults))} took effect)" if faults else ""


def test_of(case: str) -> str:
    """Its function, whatever its parameters are."""
    return case.partition("[")[0]


def count(cases: Sequence[Tried]) -> str:
    return f"{len(cases)} case{'s' if len(cases) != 1 else ''}"
