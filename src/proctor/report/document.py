"""A certificate.json that somebody hands us: read whole, or refused in one line that says what is wrong with it."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from proctor.model import PROFILES, Level, Verdict
from proctor.process.text import printable
from proctor.record import Happened, Passed, Seen
from proctor.report.certificate import FORMAT, NAME

WANTED = f"expected the {NAME} that pytest --impl=PATH leaves in its --report folder"

T = TypeVar("T")
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Moment = Annotated[datetime.datetime, msgspec.Meta(tz=True)]
Profile = Literal["wire", "discovery", "client", "supervision", "restart"]
Outcome = Literal["certified", "not certified", "inconclusive", "not claimed", "not examined"]
Page = Annotated[str, msgspec.Meta(pattern=r"^timelines/[\w.-]+\.html$")]


class Unreadable(Exception):
    """The file is no certificate of ours; the message names it and says what to do."""


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the members of a certificate, which spec/certificate.schema.json describes."""


class Implementation(Struct, frozen=True):
    name: str
    version: str
    language: str
    manifest_sha256: Sha256
    folder_sha256: Sha256


class Digested(Struct, frozen=True):
    version: str
    sha256: Sha256


class Registry(Struct, frozen=True):
    name: str
    version: str


class Promise(Struct, frozen=True):
    name: str
    value: float
    unit: str


class Claims(Struct, frozen=True):
    profiles: tuple[Profile, ...]
    capabilities: dict[str, str | bool | tuple[str, ...]]
    limits: tuple[Promise, ...]


class Missing(Struct, frozen=True):
    name: str
    reason: str


class Injectors(Struct, frozen=True):
    used: tuple[str, ...]
    unavailable: tuple[Missing, ...]


class ShardRun(Struct, frozen=True):
    """See proctor.report.shard. `expression`: what narrowed it beyond being a shard."""

    number: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    of: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    cases: Sha256
    passed: bool
    expression: str


class Selected(Struct, frozen=True):
    """`shards`: of how many this was merged."""

    complete: bool
    expression: str
    shard: ShardRun | None = None
    shards: int | None = None


class Summed(Struct, frozen=True):
    name: Profile
    verdict: Outcome
    clauses: dict[Verdict, int]


class Known(Struct, frozen=True):
    case: str
    message: str
    reason: str
    issue: str | None
    expires: datetime.date | None
    untrue: str | None


class Proven(Struct, frozen=True):
    name: str
    proof: str


class Shown(Struct, frozen=True):
    """See proctor.record.Evidence. `as_in`: the case that shows the rest, of one that failed of the same cause."""

    as_in: str | None
    where: str
    again: str
    bytes_again: str
    exchange: tuple[Passed, ...]
    subjects: tuple[Seen, ...]
    events: tuple[Happened, ...]
    earlier: int


class Case(Struct, frozen=True):
    case: str
    verdict: Verdict
    duration_s: float
    message: str
    unavailable: bool
    faults: tuple[Proven, ...]
    timeline: Page | None
    evidence: Shown | None


class Judged(Struct, frozen=True):
    """A clause, and what came of it."""

    id: str
    profile: Profile
    section: str
    where: str
    requires: tuple[str, ...]
    text: str
    observed: str
    level: Level
    verdict: Verdict
    cases: tuple[Case, ...]


class Certificate(Struct, frozen=True):
    format: int
    implementation: Implementation
    spec: Digested
    suite: Digested
    registry: Registry
    claims: Claims
    injectors: Injectors
    seed: int
    time_scale: float
    strict: bool
    started: Moment
    finished: Moment
    selection: Selected
    profiles: Annotated[tuple[Summed, ...], msgspec.Meta(min_length=len(PROFILES), max_length=len(PROFILES))]
    known_failures: tuple[Known, ...]
    clauses: tuple[Judged, ...]


class Formatted(msgspec.Struct, frozen=True):
    """What every format of the certificate has."""

    format: int


def read_document(path: Path) -> dict[str, Any]:
    """A JSON document of our format; whether it has the form of a certificate, `formed` tells. Raises Unreadable."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise unreadable(path, f" cannot be read: {error.strerror}") from None
    except json.JSONDecodeError as error:
        raise unreadable(path, f"{error.lineno}: is no JSON, or not all of it: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise unreadable(path, f" is no certificate: {error}") from None
    written = formed(document, Formatted, path).format
    if written != FORMAT:
        problem = f"has format {written}, and this Proctor reads {FORMAT}: use the one that made it"
        raise Unreadable(printable(f"{path}: {problem}"))
    return document  # type: ignore[no-any-return]  # an object: it has a member


def formed(document: Any, form: type[T], path: Path | str = NAME) -> T:
    """The document as a struct. Raises Unreadable, which calls it by `path`."""
    try:
        return msgspec.convert(document, form)
    except (ValueError, RecursionError) as error:
        raise unreadable(path, f" is no certificate: {error}") from None


def unreadable(path: Path | str, problem: str) -> Unreadable:
    return Unreadable(printable(f"{path}:{problem}; {WANTED}"))
