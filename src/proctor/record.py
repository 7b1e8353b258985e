"""One case's record, as it travels from the process that ran it to the one that writes the certificate."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from proctor.model import Verdict

NUMBER = re.compile(r"0x[0-9a-f]+|\d+(\.\d+)?")
PROPERTY = "proctor"  # the name under which a record stands in a report's user_properties

# Of several phases (set-up, call, tear-down) or cases, the first of these that occurs is the verdict of the whole.
WORST_FIRST = (
    Verdict.ERROR,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.KNOWN_FAILURE,
    Verdict.PASS,
    Verdict.NOT_RUN,
    Verdict.NOT_CLAIMED,
)


@dataclass(frozen=True)
class Injected:
    """A fault in a case: what it was injected with, and its proof or why it could not be had."""

    name: str
    needs: str
    proof: str | None = None
    unavailable: str | None = None


@dataclass(frozen=True)
class Record:
    """What one phase of a case came to. `unavailable`: inconclusive because this machine lacks something."""

    case: str
    clauses: tuple[str, ...]
    verdict: Verdict
    duration_s: float
    message: str = ""
    unavailable: bool = False
    faults: tuple[Injected, ...] = field(default=())

    def to_property(self) -> tuple[str, str]:
        """As text: xdist carries nothing but plain data."""
        return PROPERTY, json.dumps(asdict(self))

    @classmethod
    def from_properties(cls, properties: list[tuple[str, Any]]) -> Record | None:
        """The last record among a report's properties."""
        for name, text in reversed(properties):
            if name == PROPERTY:
                value = json.loads(text)
                faults = tuple(Injected(**fault) for fault in value["faults"])
                verdict = Verdict(value["verdict"])
                return cls(**{**value, "clauses": tuple(value["clauses"]), "verdict": verdict, "faults": faults})
        return None

    def followed_by(self, later: Record) -> Record:
        """One record of two phases: the worse verdict with its clauses and message, the durations added, the faults of
        both.
        """
        first = WORST_FIRST.index(self.verdict) <= WORST_FIRST.index(later.verdict)
        worse = self if first else later
        seen = dict.fromkeys(self.faults + later.faults)
        return Record(
            self.case,
            worse.clauses,
            worse.verdict,
            self.duration_s + later.duration_s,
            worse.message,
            worse.unavailable,
            tuple(seen),
        )


def worst(verdicts: list[Verdict]) -> Verdict:
    return min(verdicts, key=WORST_FIRST.index, default=Verdict.NOT_RUN)


def cause(message: str) -> str:
    """What two failures have in common if they have one cause: what they say, but for pids, ports and times."""
    return NUMBER.sub("#", message)
