"""The clauses of a certificate.json and their cases, as they are read back. Form: spec/certificate.schema.json."""

from __future__ import annotations

import msgspec

from proctor.model import Verdict
from proctor.record import Record


class CaseEntry(msgspec.Struct, frozen=True):
    case: str
    verdict: Verdict
    message: str
    duration_s: float

    def record(self) -> Record:
        return Record(self.case, (), self.verdict, self.duration_s, self.message)


class ClauseEntry(msgspec.Struct, frozen=True):
    id: str
    profile: str
    level: str
    verdict: Verdict
    cases: tuple[CaseEntry, ...]
