"""One case's record, as it travels from the process that ran it to the one that writes the certificate."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec

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
class Passed:
    """What was sent or received at once: `bytes` in hex, the first of `length`; `port`: of the connection's client."""

    at_s: float
    sent: bool
    port: int
    meaning: str
    length: int
    bytes: str


@dataclass(frozen=True)
class Seen:
    """A server or client. It has no `znodes` if it does not register, and no `output` if it was not started."""

    who: str
    processes: tuple[str, ...] = ()
    znodes: tuple[str, ...] | None = None
    output: str | None = None


@dataclass(frozen=True)
class Happened:
    """An event of the case, in seconds since it began."""

    at_s: float
    what: str


@dataclass(frozen=True)
class Evidence:
    """What a failure shows beside its message. `where`: the line that raised it. `again`, `bytes_again`: the command
    that runs the case alone, and the one that sends its last bytes alone, or "".
    """

    where: str
    again: str
    bytes_again: str = ""
    exchange: tuple[Passed, ...] = ()
    subjects: tuple[Seen, ...] = ()
    events: tuple[Happened, ...] = ()
    earlier: int = 0  # events that are left out before these


@dataclass(frozen=True)
class Record:
    """What one phase of a case came to. `unavailable`: inconclusive because this machine lacks something. `timeline`:
    its page, relative to the report's folder, or "".
    """

    case: str
    clauses: tuple[str, ...]
    verdict: Verdict
    duration_s: float
    message: str = ""
    unavailable: bool = False
    faults: tuple[Injected, ...] = field(default=())
    evidence: Evidence | None = None
    timeline: str = ""

    def to_property(self) -> tuple[str, str]:
        """As text: xdist carries nothing but plain data."""
        return PROPERTY, json.dumps(asdict(self))

    @classmethod
    def from_properties(cls, properties: list[tuple[str, Any]]) -> Record | None:
        """The last record among a report's properties."""
        for name, text in reversed(properties):
            if name == PROPERTY:
                return msgspec.convert(json.loads(text), cls)
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
            worse.evidence,
            later.timeline or self.timeline,
        )


def worst(verdicts: list[Verdict]) -> Verdict:
    return min(verdicts, key=WORST_FIRST.index, default=Verdict.NOT_RUN)


def cause(message: str) -> str:
    """What two failures have in common if they have one cause: what they say, but for pids, ports and times."""
    return NUMBER.sub("#", message)
