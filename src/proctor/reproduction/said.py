"""What a certificate says of clauses and cases, for who asks about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proctor.known import Entry
from proctor.process.text import printable
from proctor.report.document import Case, Certificate, Judged, formed, read_document

NOWHERE = "name the certificate.json that has the message by --certificate"


@dataclass(frozen=True)
class Said:
    """`path`: where; None if no certificate was named, and then nothing is said."""

    path: Path | None = None
    clauses: tuple[Judged, ...] = ()

    @property
    def hint(self) -> str:
        """What to do about a message that isn't found."""
        return f"none is named like it, and no message in {self.path} begins so" if self.path else NOWHERE

    def by_message(self, beginning: str) -> list[str]:
        """The cases whose message begins so, as a known failure would foretell it."""
        entry = Entry(case="*", message=beginning, reason="")
        found = [case.case for case in self._cases() if case.message and entry.foretells(case.message)]
        return list(dict.fromkeys(found)) if beginning.strip() else []

    def of_clause(self, clause_id: str) -> list[str]:
        """A line, or none."""
        return [f"{clause.verdict} in {self.path}" for clause in self.clauses if clause.id == clause_id]

    def of_case(self, case_id: str) -> list[str]:
        """A line for each of its verdicts, which are several where parameters make several cases of a test."""
        found = [case for case in self._cases() if case_id in (case.case, case.case.partition("[")[0])]
        return list(dict.fromkeys(self._line(case) for case in found))

    def _cases(self) -> Iterator[Case]:
        return (case for clause in self.clauses for case in clause.cases)

    def _line(self, case: Case) -> str:
        first = case.message.partition("\n")[0]
        return f"{case.verdict} in {self.path}" + (f": {printable(first)}" if first else "")


def read_said(path: Path | None) -> Said:
    """Raises Unreadable."""
    return Said(path, formed(read_document(path), Certificate, path).clauses) if path else Said()
