"""junit.xml: a testcase for each case, and for each clause that has none.

What fails a run is a failure or an error, and nothing else is, so that whoever gates on this file decides as the exit
status does. pytest's own --junitxml can't be that: it knows neither clauses nor cases that merged runs or shards ran,
and says of what is not claimed nothing at all.

    failure     a broken MUST, and under --strict a SHOULD; an entry of known_failures.toml that does not hold
    error       error; inconclusive
    skipped     known failure; broken SHOULD; inconclusive for want of what this machine lacks; not claimed; not run

Valid by the schema of Apache Ant's junitreport and by the one of Jenkins' xunit-plugin (junit-10.xsd).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from proctor.model import Level, Verdict
from proctor.process.text import legible, printable
from proctor.report.document import Case, Certificate, Judged
from proctor.report.pages.wording import examined_with, headline, partial

KNOWN = "known_failures.toml"


@dataclass(frozen=True)
class Tested:
    """One testcase. `outcome`: its child, or "" if it passed; `kind`: the type of a failure or an error."""

    suite: str
    classname: str
    name: str
    time_s: float = 0.0
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


def junit(certificate: Certificate) -> str:
    root = Xml.Element("testsuites")
    tested = list(all_tested(certificate))
    for number, name in enumerate(dict.fromkeys(one.suite for one in tested)):
        root.append(suite(certificate, number, name, [one for one in tested if one.suite == name]))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def all_tested(certificate: Certificate) -> Iterator[Tested]:
    clauses: dict[str, list[Judged]] = {}
    cases: dict[str, Case] = {}
    for clause in certificate.clauses:
        for case in clause.cases:
            cases[case.case] = case
            clauses.setdefault(case.case, []).append(clause)
        if not clause.cases:
            profile, _, slug = clause.id.partition("/")
            message = f"{clause.verdict}: {clause.id} ({clause.level})"
            yield Tested(profile, f"spec.{profile}", slug, outcome="skipped", kind=clause.verdict, message=message)
    for name, case in cases.items():
        yield of_case(case, clauses[name], certificate.strict)
    for entry in certificate.known_failures:
        if entry.untrue:
            yield Tested(KNOWN, KNOWN, entry.case, outcome="failure", kind="untrue", message=entry.untrue)


def of_case(case: Case, clauses: list[Judged], strict: bool) -> Tested:
    file, _, test = case.case.partition("::")
    binds = strict or any(clause.level is Level.MUST for clause in clauses)
    outcome, kind = outcome_of(case, binds, strict)
    cited = ", ".join(f"{clause.id} ({clause.level})" for clause in clauses)
    message = f"{kind}: {cited}: {case.message.partition(chr(10))[0]}" if outcome else ""
    return Tested(
        suite=clauses[0].profile,
        classname=file.removesuffix(".py").replace("/", "."),
        name=test or file,
        time_s=case.duration_s,
        outcome=outcome,
        kind=kind,
        message=message,
        text="\n".join(told(case, clauses)) if outcome in ("failure", "error") else "",
    )


def outcome_of(case: Case, binds: bool, strict: bool) -> tuple[str, str]:
    """What JUnit has for a verdict, and what we call it."""
    match case.verdict:
        case Verdict.PASS:
            return "", ""
        case Verdict.FAIL:
            return ("failure", "fail") if binds else ("skipped", "broken SHOULD")
        case Verdict.INCONCLUSIVE if case.unavailable and not strict:
            return "skipped", "inconclusive"
        case Verdict.INCONCLUSIVE | Verdict.ERROR:
            return "error", case.verdict
        case _:
            return "skipped", case.verdict


def told(case: Case, clauses: Iterable[Judged]) -> Iterator[str]:
    for clause in clauses:
        yield f"{clause.id} ({clause.level})   {clause.where}\n    {clause.text}"
    yield f"\n{case.message}"
    if case.evidence:
        yield f"  at {case.evidence.where}\n\nagain:  {case.evidence.again}"


def suite(certificate: Certificate, number: int, name: str, tested: list[Tested]) -> Xml.Element:
    outcomes = [one.outcome for one in tested]
    element = Xml.Element(
        "testsuite",
        name=name,
        package=printable(certificate.implementation.name),
        id=str(number),
        hostname="localhost",
        timestamp=f"{certificate.started:%Y-%m-%dT%H:%M:%S}",
        tests=str(len(tested)),
        failures=str(outcomes.count("failure")),
        errors=str(outcomes.count("error")),
        skipped=str(outcomes.count("skipped")),
        time=f"{sum(one.time_s for one in tested):.3f}",
    )
    properties = Xml.SubElement(element, "properties")
    for key, value in facts(certificate, name).items():
        Xml.SubElement(properties, "property", name=key, value=printable(value))
    element.extend(map(testcase, tested))
    Xml.SubElement(element, "system-out").text = legible(partial(certificate))
    Xml.SubElement(element, "system-err")
    return element


def facts(certificate: Certificate, name: str) -> dict[str, str]:
    about = certificate.implementation
    verdicts = {profile.name: profile.verdict for profile in certificate.profiles}
    return {
        "verdict": verdicts.get(name, headline(certificate)[0]),  # type: ignore[call-overload]  # or KNOWN
        "certificate": headline(certificate)[0],
        "implementation": f"{about.name} {about.version}",
        **examined_with(certificate),
    }


def testcase(tested: Tested) -> Xml.Element:
    name, classname = printable(tested.name), printable(tested.classname)
    element = Xml.Element("testcase", name=name, classname=classname, time=f"{tested.time_s:.3f}")
    if tested.outcome:
        kind = {} if tested.outcome == "skipped" else {"type": tested.kind}
        child = Xml.SubElement(element, tested.outcome, kind, message=printable(tested.message))
        child.text = legible(tested.text)
    return element
