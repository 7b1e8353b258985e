"""One certificate out of those of all shards, as whole as from one run. Pure.

What must be the same in all of them is what a certificate is bound to, and what was drawn and judged by: whoever mixes
two implementations would certify a third, which nobody has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from proctor.known import FILE_NAME, Entry, fault_of
from proctor.model import PROFILES, Verdict
from proctor.record import Record, worst
from proctor.report.certificate import Selection, profile_entry
from proctor.report.document import Certificate, Known, ShardRun, formed, read_document
from proctor.report.shard import cases_digest

EXPECTED = "expected the certificates of pytest --shard=I/N, one of each shard"


class NotMerged(Exception):
    """These certificates don't make one; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Part:
    """The certificate of one shard: where it was read, as it stands there, and what that means."""

    path: Path
    document: dict[str, Any]
    form: Certificate
    shard: ShardRun

    def records(self) -> dict[str, Record]:
        """Of each case, whichever clauses it cites."""
        return {
            case.case: Record(case.case, (), case.verdict, case.duration_s, case.message)
            for clause in self.form.clauses
            for case in clause.cases
        }


@dataclass(frozen=True)
class Merged:
    """`untrue`: a line for each known failure that does not hold; `passed`: whether one run of all would be green."""

    document: dict[str, Any]
    untrue: tuple[str, ...]
    passed: bool


def read_part(path: Path) -> Part:
    """Raises Unreadable, or NotMerged if it is no shard's."""
    document = read_document(path)
    form = formed(document, Certificate, path)
    shard = form.selection.shard
    if shard is None or shard.number > shard.of:
        raise NotMerged(f"{path}: is of no shard; {EXPECTED}")
    return Part(path, document, form, shard)


def merged(parts: Sequence[Part]) -> Merged:
    """Raises NotMerged."""
    check_that_they_are_of_one_run(parts)
    check_that_all_are_there(parts)
    selection = Selection(" ".join(dict.fromkeys(part.shard.expression for part in parts if part.shard.expression)))
    records = [record for part in parts for record in part.records().values()]
    if selection.complete and cases_digest(record.case for record in records) != parts[0].shard.cases:
        told = "together they don't hold the cases that they shared, each once"
        raise NotMerged(f"{told}: a certificate was altered, or is of another run; run all shards again")
    today = max(part.form.started for part in parts).date()
    known = list(known_failures(parts[0].form.known_failures, records, today, selection.complete))
    untrue = tuple(f"{FILE_NAME}: {entry.untrue}" for entry in known if entry.untrue)
    passed = all(part.shard.passed for part in parts) and not untrue
    return Merged(document_of(parts, selection, known), untrue, passed)


def check_that_they_are_of_one_run(parts: Sequence[Part]) -> None:
    first = parts[0]
    for other in parts[1:]:
        for what, then, now in zip(COMMON, common(first), common(other), strict=True):
            if then != now:
                raise NotMerged(
                    f"{other.path}: {what} is another than of {first.path}: {now}, and not {then}; "
                    "run all shards with the same"
                )


COMMON = (
    "the number of shards",
    "the implementation",
    "the spec",
    "the suite",
    "the registry",
    "the seed",
    "the time scale",
    "--strict",
    "what they share",
    "the list of clauses",
)


def common(part: Part) -> tuple[str, ...]:
    """What all shards of a run have in common, in the order of COMMON, as it is shown."""
    form = part.form
    about = form.implementation
    return (
        str(part.shard.of),
        f"{about.name} {about.version} ({about.manifest_sha256}, {about.folder_sha256})",
        f"{form.spec.version} ({form.spec.sha256})",
        f"{form.suite.version} ({form.suite.sha256})",
        f"{form.registry.name} {form.registry.version}",
        str(form.seed),
        str(form.time_scale),
        str(form.strict).lower(),
        f"cases {part.shard.cases}",
        cases_digest(clause.id for clause in form.clauses),
    )


def check_that_all_are_there(parts: Sequence[Part]) -> None:
    """Each once."""
    there: dict[int, Part] = {}
    for part in parts:
        if part.shard.number in there:
            twice = f"shard {part.shard.number}/{part.shard.of} is there twice"
            raise NotMerged(f"{twice}: {there[part.shard.number].path} and {part.path}; leave out one")
        there[part.shard.number] = part
    of = parts[0].shard.of
    if missing := [f"{number}/{of}" for number in range(1, of + 1) if number not in there]:
        verb = "is" if len(missing) == 1 else "are"
        raise NotMerged(f"shard {', '.join(missing)} {verb} missing, of those that {parts[0].path} belongs to")


def known_failures(known: Sequence[Known], records: Sequence[Record], today: date, complete: bool) -> Iterator[Known]:
    """As of one run: an entry that matches in no shard does not hold."""
    for one in known:
        entry = Entry(one.case, one.message, one.reason, one.issue or "", one.expires)
        yield msgspec.structs.replace(one, untrue=fault_of(entry, records, today, complete=complete))


def document_of(parts: Sequence[Part], selection: Selection, known: Sequence[Known]) -> dict[str, Any]:
    """The first, with what is another in the others; members that are the same in all stay as they are."""
    first, forms = parts[0].document, [part.form for part in parts]
    by_id = [{entry["id"]: entry for entry in part.document["clauses"]} for part in parts]
    clauses = [clause_of([entries[clause] for entries in by_id]) for clause in by_id[0]]
    return {
        **first,
        "injectors": injectors_of(forms),
        "started": min(form.started for form in forms).isoformat(timespec="seconds"),
        "finished": max(form.finished for form in forms).isoformat(timespec="seconds"),
        "selection": {**selection.entry(), "shards": len(parts)},
        "profiles": [
            profile_entry(
                profile,
                clauses,
                claimed=profile in forms[0].claims.profiles,
                strict=forms[0].strict,
                complete=selection.complete,
            )
            for profile in PROFILES
        ],
        "known_failures": msgspec.to_builtins(known),
        "clauses": clauses,
    }


def clause_of(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One clause, of all shards."""
    cases = sorted((case for entry in entries for case in entry["cases"]), key=lambda case: str(case["case"]))
    return {**entries[0], "verdict": worst([Verdict(entry["verdict"]) for entry in entries]).value, "cases": cases}


def injectors_of(forms: Sequence[Certificate]) -> dict[str, Any]:
    """What one machine has and another lacks is both used and unavailable."""
    lacking = {missing.name: missing.reason for form in forms for missing in form.injectors.unavailable}
    return {
        "used": sorted({name for form in forms for name in form.injectors.used}),
        "unavailable": [{"name": name, "reason": reason} for name, reason in sorted(lacking.items())],
    }
