"""What all that is drawn from a certificate says in the same words."""

from __future__ import annotations

import datetime

from proctor.model import CAPABILITIES, PROFILES, Level, Verdict
from proctor.report.document import Case, Certificate, Judged

CONTRACTS = {
    "wire": "frames, messages, methods, errors, limits",
    "discovery": "how a server registers, stays registered and leaves",
    "client": "how a client finds servers, calls them and fails over",
    "supervision": "a parent and its workers: reaping, respawning, signals, stopping, orphans",
    "restart": "reloading, changing the number of workers, upgrading",
}
TROUBLE = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.KNOWN_FAILURE)
TONES = {  # of a verdict, of a case or clause as of a profile
    "pass": "good",
    "certified": "good",
    "fail": "bad",
    "error": "bad",
    "not certified": "bad",
    "inconclusive": "doubt",
    "known failure": "known",
}


def tone(verdict: str) -> str:
    """By which colour a verdict is shown: good, bad, doubt, known or none."""
    return TONES.get(verdict, "none")


def headline(certificate: Certificate) -> tuple[str, str]:
    """What came of the whole in a few words, and its tone. A part of the suite certifies nothing, however it went."""
    if not certificate.selection.complete:
        return "partial run, certifies nothing", "none"
    verdicts = [profile.verdict for profile in certificate.profiles if profile.verdict != "not claimed"]
    certified = verdicts.count("certified")
    if 0 < certified == len(verdicts):
        return f"certified in {counted(certified, 'profile')}", "good"
    worst = "not certified" if "not certified" in verdicts else "inconclusive"
    if certified:
        return f"certified in {certified} of {len(verdicts)} profiles", tone(worst)
    return worst, tone(worst)


def partial(certificate: Certificate) -> str:
    """What is said of a run of a part of the suite; empty of a whole one."""
    selection = certificate.selection
    return "" if selection.complete else f"Only a part was run ({selection.expression}): no profile is certified by it."


def claimed(certificate: Certificate) -> dict[str, str]:
    """What the manifest claims and promises, a name for each; in words."""
    claims = certificate.claims
    said = {"profiles": ", ".join(claims.profiles)}
    for name, value in claims.capabilities.items():
        said[name] = "yes" if value is True else value if isinstance(value, str) else ", ".join(value or ())
    return said | {limit.name: f"{limit.value:g} {limit.unit}" for limit in claims.limits}


def unclaimed(certificate: Certificate) -> list[str]:
    """The profiles and capabilities that it could have claimed besides."""
    claims = certificate.claims
    left = [f"the profile {name}" for name in PROFILES if name not in claims.profiles]
    for name, capability in CAPABILITIES.items():
        had = claims.capabilities.get(name)
        if not had:
            left.append(name)
        elif capability.many and isinstance(had, tuple):
            left += [f"the {name.removesuffix('s')} {value}" for value in capability.values if value not in had]
    return left


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def counts(clauses: dict[Verdict, int]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in clauses.items())


def troubles(certificate: Certificate) -> list[Judged]:
    """The clauses that cost something, worst first."""
    found = [clause for clause in certificate.clauses if clause.verdict in TROUBLE]
    return sorted(found, key=lambda clause: (TROUBLE.index(clause.verdict), clause.level is not Level.MUST))


def telling(clause: Judged) -> list[Case]:
    """The cases that did not pass, worst first."""
    return sorted(
        (case for case in clause.cases if case.verdict in TROUBLE), key=lambda case: TROUBLE.index(case.verdict)
    )


def clause_s(clause: Judged) -> float:
    return sum(case.duration_s for case in clause.cases)


def moment(told: datetime.datetime) -> str:
    """Such as 2026-01-31 12:00 UTC."""
    return f"{told.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"


def took(certificate: Certificate) -> str:
    return duration((certificate.finished - certificate.started).total_seconds())


def duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def examined_with(certificate: Certificate) -> dict[str, str]:
    """What was examined by what, when; a name for each."""
    about = certificate
    registry = " ".join(filter(None, (about.registry.name, about.registry.version)))
    return {
        "language": about.implementation.language,
        "spec": about.spec.version,
        "suite": about.suite.version,
        "registry": registry,
        "examined": f"{moment(about.started)}, in {took(about)}",
        "seed": str(about.seed),
        "bounds of time": "as they stand" if about.time_scale == 1 else f"stretched {about.time_scale:g} times",
        "strictness": f"a broken SHOULD {'costs the certificate' if about.strict else 'is shown, and costs nothing'}",
    }
