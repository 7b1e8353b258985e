"""The words that everything else of the kit is said in: levels, claims, clauses, failure modes, verdicts.

Pure data. Nothing here reads a file, knows pytest or touches the world.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

PROFILES = ("wire", "discovery", "client", "supervision", "restart")
"""The profiles, each certifiable alone, in the order in which the spec and every report list them."""


class Level(StrEnum):
    """How much a clause binds, in the words of RFC 2119.

    MUST: breaking it costs the certificate of the profile.
    SHOULD: breaking it is shown, and costs the certificate only under `--strict`.
    MAY: a freedom. No test may hold it against an implementation, whichever way it goes.
    """

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Verdict(StrEnum):
    """What an examination says of a case, and of a clause or a profile from its cases.

    pass: everything was as the clause says, and each fault proved that it took effect. Alone counts for a certificate.
    fail: the implementation broke the clause, and the evidence is shown.
    inconclusive: the fault did not take, or the host stalled; nothing is known about the implementation.
    not claimed: the manifest does not claim what the clause depends on.
    known failure: failed just as `known_failures.toml` says, with its reason.
    error: the kit or the manifest is at fault, so the implementation was not judged.
    not run: nobody asked for it in this run (a selection, or a run that ended early).
    """

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_CLAIMED = "not claimed"
    KNOWN_FAILURE = "known failure"
    ERROR = "error"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Capability:
    """Something that a manifest may claim and clauses may depend on.

    `values` are the strings that can be claimed; none of them makes it a plain yes or no. `many` says whether several
    can be claimed at once (a list) or one (a string).
    """

    name: str
    values: tuple[str, ...] = ()
    many: bool = False


CAPABILITIES: Mapping[str, Capability] = {
    capability.name: capability
    for capability in (
        Capability("methods", ("ping", "pi", "divide", "sleep"), many=True),
        Capability("reload", ("graceful", "exec")),
        Capability("resize"),
        Capability("watchdog"),
        Capability("upgrade"),
    )
}
"""What `[capabilities]` of a manifest may hold; the table in spec/README.md says what each one means."""

FACTS: Mapping[str, Capability] = {
    "profiles": Capability("profiles", PROFILES, many=True),
    "port": Capability("port"),
}
"""Claims read off the rest of the manifest: the profiles it lists; whether its server's command takes `{port}`."""


@dataclass(frozen=True)
class Requirement:
    """One claim that a clause depends on. `value` is None where any claim of the capability will do."""

    capability: str
    value: str | None = None

    def satisfied_by(self, capabilities: Mapping[str, object]) -> bool:
        """Whether these claims (capability -> True, a string, or a collection of strings) hold this one."""
        claimed = capabilities.get(self.capability)
        if self.value is None:
            return bool(claimed)
        if isinstance(claimed, str):
            return claimed == self.value
        return isinstance(claimed, Collection) and self.value in claimed

    def __str__(self) -> str:
        """As a clause writes it: `resize`, `reload = "graceful"`, `methods has "divide"`, `profile wire`."""
        if self.value is None:
            return self.capability
        if self.capability == "profiles":
            return f"profile {self.value}"
        many = self.capability in CAPABILITIES and CAPABILITIES[self.capability].many
        return f'{self.capability} {"has" if many else "="} "{self.value}"'


@dataclass(frozen=True)
class Clause:
    """One atomic claim of the spec, and where it stands.

    `id` is "profile/slug", stable for ever; `answers` are ids of failure modes; `path` is relative to the folder that
    holds `spec/`, and `line` counts from 1 to the clause's heading.
    """

    id: str
    profile: str
    section: str
    level: Level
    requires: tuple[Requirement, ...]
    text: str
    observed: str
    answers: tuple[str, ...]
    path: str
    line: int

    @property
    def where(self) -> str:
        """The place to open in an editor, such as "spec/wire.md:41"."""
        return f"{self.path}:{self.line}"

    @property
    def examined_in(self) -> str:
        """The conformance test file that mirrors the clause's section, such as "conformance/wire/test_frames.py"."""
        return f"conformance/{self.profile}/test_{re.sub('[^a-z0-9]+', '_', self.section.lower())}.py"

    def binds(self, capabilities: Mapping[str, object]) -> bool:
        """Whether these claims make the clause binding; what does not bind is *not claimed*."""
        return all(requirement.satisfied_by(capabilities) for requirement in self.requires)


@dataclass(frozen=True)
class FailureMode:
    """One way in which software of this kind has gone wrong, from spec/failure-modes.md, such as S1."""

    id: str
    name: str
    text: str
    path: str
    line: int
