"""certificate.json: what was examined, with what, and what came of it. Form: spec/certificate.schema.json.

Pure: from the records of the cases to one document, from which alone its pages are drawn. Only pass counts.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from proctor.known import Entry, fault_of
from proctor.limits import LIMITS
from proctor.manifest import Manifest
from proctor.model import PROFILES, Clause, Level, Verdict
from proctor.record import Evidence, Record, cause, worst
from proctor.report.digest import folder_digest
from proctor.report.shard import Shard
from proctor.spec import Spec

FORMAT = 2
NAME = "certificate.json"


@dataclass(frozen=True)
class Selection:
    """What of the suite was run. `expression` is empty for a complete run, and for a shard of one; otherwise what
    narrowed it.
    """

    expression: str = ""
    shard: Shard | None = None

    @property
    def complete(self) -> bool:
        return not self.expression and self.shard is None

    def entry(self) -> dict[str, Any]:
        words = [str(self.shard)] * bool(self.shard) + [self.expression] * bool(self.expression)
        said = {"complete": self.complete, "expression": " ".join(words)}
        return {**said, "shard": self.shard.entry(self.expression)} if self.shard else said


@dataclass(frozen=True)
class Examined:
    """All that a certificate is made from."""

    manifest: Manifest
    spec: Spec
    records: tuple[Record, ...]
    suite_version: str
    suite_folders: tuple[Path, ...]
    registry: tuple[str, str]  # its name and its version
    seed: int
    time_scale: float
    strict: bool
    started: datetime.datetime
    finished: datetime.datetime
    selection: Selection = field(default_factory=Selection)
    known: tuple[Entry, ...] = ()


def certificate(examined: Examined) -> dict[str, Any]:
    """The document, ready for JSON."""
    first = {cause(record.message): record.case for record in reversed(examined.records) if record.evidence}
    clauses = [
        clause_entry(clause, examined, first) for clause in examined.spec.clauses if clause.level is not Level.MAY
    ]
    return {
        "format": FORMAT,
        **made_from(examined.manifest, examined.spec, examined.suite_version, examined.suite_folders),
        "registry": dict(zip(("name", "version"), examined.registry, strict=True)),
        "claims": claims(examined.manifest),
        "injectors": injectors(examined.records),
        "seed": examined.seed,
        "time_scale": examined.time_scale,
        "strict": examined.strict,
        "started": examined.started.isoformat(timespec="seconds"),
        "finished": examined.finished.isoformat(timespec="seconds"),
        "selection": examined.selection.entry(),
        "profiles": [
            profile_entry(
                profile,
                clauses,
                claimed=profile in examined.manifest.about.profiles,
                strict=examined.strict,
                complete=examined.selection.complete,
            )
            for profile in PROFILES
        ],
        "known_failures": [known_entry(entry, examined) for entry in examined.known],
        "clauses": clauses,
    }


def made_from(
    manifest: Manifest, spec: Spec, suite_version: str, suite_folders: tuple[Path, ...]
) -> dict[str, dict[str, str]]:
    """What a certificate is bound to: implementation, spec and suite, each with its version and digests."""
    about = manifest.about
    return {
        "implementation": {
            "name": about.name,
            "version": about.version,
            "language": about.language,
            "manifest_sha256": manifest.digest,
            "folder_sha256": folder_digest([manifest.folder]),
        },
        "spec": {"version": spec.version, "sha256": spec.digest},
        "suite": {"version": suite_version, "sha256": folder_digest(suite_folders)},
    }


def claims(manifest: Manifest) -> dict[str, Any]:
    """What the manifest claims, and each promise that is not the spec's own."""
    claimed = {name: value for name, value in msgspec.structs.asdict(manifest.capabilities).items() if value}
    return {
        "profiles": [profile for profile in PROFILES if profile in manifest.about.profiles],
        "capabilities": {name: list(value) if isinstance(value, tuple) else value for name, value in claimed.items()},
        "limits": [
            {"name": name, "value": value, "unit": LIMITS[name].unit} for name, value in manifest.limits.items()
        ],
    }


def known_entry(entry: Entry, examined: Examined) -> dict[str, Any]:
    expires = entry.expires.isoformat() if entry.expires else None
    untrue = fault_of(entry, examined.records, examined.started.date(), complete=examined.selection.complete)
    return {
        "case": entry.case,
        "message": entry.message,
        "reason": entry.reason,
        "issue": entry.issue or None,
        "expires": expires,
        "untrue": untrue,
    }


def clause_entry(clause: Clause, examined: Examined, first: Mapping[str, str]) -> dict[str, Any]:
    """`first`: of each cause of a failure, the case that shows it."""
    records = [record for record in examined.records if clause.id in record.clauses]
    return {
        "id": clause.id,
        "profile": clause.profile,
        "section": clause.section,
        "where": clause.where,
        "requires": [str(requirement) for requirement in clause.requires],
        "text": clause.text,
        "observed": clause.observed,
        "level": clause.level.value,
        "verdict": clause_verdict(clause, records, examined).value,
        "cases": [case_entry(record, first) for record in records],
    }


def clause_verdict(clause: Clause, records: list[Record], examined: Examined) -> Verdict:
    claims = examined.manifest.claims()
    if clause.profile not in examined.manifest.about.profiles or not clause.binds(claims):
        return Verdict.NOT_CLAIMED
    return worst([record.verdict for record in records])


def case_entry(record: Record, first: Mapping[str, str]) -> dict[str, Any]:
    return {
        "case": record.case,
        "verdict": record.verdict.value,
        "duration_s": round(record.duration_s, 3),
        "message": record.message,
        "unavailable": record.unavailable,
        "faults": [{"name": fault.name, "proof": fault.proof} for fault in record.faults if fault.proof is not None],
        "timeline": record.timeline or None,
        "evidence": evidence_entry(record, first),
    }


def evidence_entry(record: Record, first: Mapping[str, str]) -> dict[str, Any] | None:
    """The whole of it once for each cause: hundreds may fail of one. The others name the case that shows it."""
    if record.evidence is None:
        return None
    shown_by = first[cause(record.message)]
    if shown_by == record.case:
        return {"as_in": None, **asdict(record.evidence)}
    told = record.evidence
    return {"as_in": shown_by, **asdict(Evidence(told.where, told.again, told.bytes_again))}


def profile_entry(
    profile: str, clauses: list[dict[str, Any]], *, claimed: bool, strict: bool, complete: bool
) -> dict[str, Any]:
    """From the entries of all clauses. `complete`: whether the whole suite was run."""
    mine = [entry for entry in clauses if entry["profile"] == profile]
    verdict = profile_verdict(mine, strict, complete) if claimed else "not claimed"
    counts = {verdict.value: sum(entry["verdict"] == verdict for entry in mine) for verdict in Verdict}
    return {"name": profile, "verdict": verdict, "clauses": {name: count for name, count in counts.items() if count}}


def profile_verdict(clauses: list[dict[str, Any]], strict: bool, complete: bool) -> str:
    """What a profile's clauses make of it. A MUST that nobody examined certifies nothing."""
    counted = [entry for entry in clauses if entry["verdict"] != Verdict.NOT_CLAIMED]
    if all(entry["verdict"] == Verdict.NOT_RUN for entry in counted):
        return "not examined"
    binding = [entry for entry in counted if strict or entry["level"] == Level.MUST]
    of_all = worst([Verdict(entry["verdict"]) for entry in binding])
    if of_all in (Verdict.FAIL, Verdict.ERROR, Verdict.KNOWN_FAILURE):
        return "not certified"
    if complete and all(entry["verdict"] == Verdict.PASS for entry in binding):
        return "certified"
    return "inconclusive"


def injectors(records: Iterable[Record]) -> dict[str, Any]:
    """With what faults were injected, and what could not be had here, each with its reason."""
    faults = [fault for record in records for fault in record.faults]
    unavailable = {fault.needs: fault.unavailable for fault in faults if fault.unavailable is not None}
    return {
        "used": sorted({fault.needs for fault in faults if fault.proof is not None}),
        "unavailable": [{"name": name, "reason": reason} for name, reason in sorted(unavailable.items())],
    }


def nothing_was_judged(document: dict[str, Any]) -> bool:
    """Whether a green exit would stand for nothing: no case ran, or a whole run left a claimed profile unexamined."""
    unexamined = [profile["verdict"] == "not examined" for profile in document["profiles"]]
    no_case = not any(entry["cases"] for entry in document["clauses"])
    return no_case or (document["selection"]["complete"] and any(unexamined))


def save(document: dict[str, Any], folder: Path) -> Path:
    """Write certificate.json into `folder`, made if missing; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")  # a lone surrogate is an escape in JSON, too
    return path
