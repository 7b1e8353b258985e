"""`proctor explain`: what a clause, a failure mode, a case or a failure's message is about, and what to type next."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proctor.model import Clause
from proctor.places import spec_folder
from proctor.process.text import printable
from proctor.reproduction.catalogue import Catalogue, Entry, catalogue_of
from proctor.reproduction.liars import Liar, liars
from proctor.reproduction.said import Said, read_said
from proctor.reproduction.suite import cited_by, tests
from proctor.spec import Spec, read_spec
from proctor.subject.server import indent

NEAR = 0.6  # of 1, how alike two ids must be for the one to be offered for the other


class Unexplained(LookupError):
    """Nothing is known by that name; the message offers the nearest."""


@dataclass(frozen=True)
class Library:
    """All that can be explained. `cases`: each test, and the clauses that it cites; `claims`: what would be wrong if it
    failed; `said`: what a certificate says, if one was named.
    """

    spec: Spec
    catalogue: Catalogue
    cases: Mapping[str, set[str]]
    claims: Mapping[str, str]
    liars: Sequence[Liar]
    said: Said

    @classmethod
    def read(cls, certificate: Path | None) -> Library:
        """As it stands here. Raises SpecError, or Unreadable of the certificate."""
        spec, functions, everybody = read_spec(spec_folder()), tests(), liars()
        cases = {case: set(cited_by(function)) for case, function in functions.items()}
        claims = {case: " ".join((function.__doc__ or "").split()) for case, function in functions.items()}
        return cls(spec, catalogue_of(spec, cases, everybody), cases, claims, everybody, read_said(certificate))

    def explain(self, subject: str) -> list[str]:
        """Raises Unexplained."""
        clauses = [clause for clause in self.spec.clauses if subject in (clause.id, clause.id.partition("/")[2])]
        modes = [entry for entry in self.catalogue.entries if entry.mode.id == subject.upper()]
        if clauses or modes:
            return [*self._of_clauses(clauses), *(line for entry in modes for line in self._of_mode(entry))]
        if subject.partition("[")[0] in self.cases:
            return list(self._of_case(subject))
        lines = [line for case in self.said.by_message(subject) for line in self._of_case(case)]
        return lines or self._unexplained(subject)

    def _of_clauses(self, clauses: Sequence[Clause]) -> Iterator[str]:
        for clause in clauses:
            yield f"{clause.id} ({clause.level})   {clause.where}"
            yield f"{indent(clause.text)}\n"
            yield f"observed: {clause.observed}"
            if clause.requires:
                yield f"binds where this is claimed: {' and '.join(map(str, clause.requires))}"
            for mode in clause.answers:
                yield f"answers {mode} {self.spec.failure_modes[mode].name}: {self.catalogue.entry(mode).symptom}"
            for case, cited in self.cases.items():
                if clause.id in cited:
                    yield f"case {case}"
            for liar in self.liars:
                if liar.breaks == clause.id:
                    yield f"broken on purpose by {liar.name}: {liar.lie}"
            yield from (f"here: {line}" for line in self.said.of_clause(clause.id))
            yield f"alone: proctor certify PATH -k {clause.id}"

    def _of_mode(self, entry: Entry) -> Iterator[str]:
        yield f"{entry.mode.id} {entry.mode.name}   {entry.mode.path}:{entry.mode.line}"
        yield f"    trigger: {entry.trigger}\n    symptom: {entry.symptom}"
        if entry.remarks:
            yield f"    {entry.remarks}"
        yield f"{self.catalogue.legend}\n"
        for clause in entry.clauses:
            yield f"answered by {clause.id} ({clause.level})   {clause.where}"
        for case in entry.tests:
            yield f"case {case}"
        for liar in entry.liars:
            yield f"broken so on purpose: {liar.name}: {liar.lie}"
        why_not = entry.untested_because()
        yield f"not to be reproduced: {why_not}" if why_not else f"staged: proctor reproduce {entry.mode.id}"

    def _of_case(self, case: str) -> Iterator[str]:
        test = case.partition("[")[0]
        yield f"{printable(case)}\n    {self.claims.get(test, '')}"
        yield from (f"here: {line}" for line in self.said.of_case(case))
        yield f"alone: proctor certify PATH '{printable(case)}'\n"
        cited = self.cases.get(test, set())
        yield from self._of_clauses([clause for clause in self.spec.clauses if clause.id in cited])

    def _unexplained(self, subject: str) -> list[str]:
        clauses = [clause.id for clause in self.spec.clauses]
        slugs = [clause.partition("/")[2] for clause in clauses]
        known = [*clauses, *slugs, *self.spec.failure_modes, *self.cases]
        near = difflib.get_close_matches(subject, known, n=1, cutoff=NEAR)
        hint = f"the nearest is {near[0]}" if near else self.said.hint
        raise Unexplained(f"{printable(subject)!r} is no clause, failure mode, case or message; {hint}")
