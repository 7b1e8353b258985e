"""The certificate in a terminal: a line for each profile, then what costs it, then what could not be judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from proctor.model import Verdict
from proctor.process.text import printable
from proctor.record import cause

TROUBLE = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)


def summary_lines(document: dict[str, Any]) -> Iterator[str]:
    about = document["implementation"]
    yield f"{about['name']} {about['version']} on {document['registry']['name']}, spec {document['spec']['version']}"
    for profile in document["profiles"]:
        counts = ", ".join(f"{count} {name}" for name, count in profile["clauses"].items())
        yield f"  {profile['name']:<12} {profile['verdict']:<14} {counts}"
    yield from troubles(document)
    for injector in document["injectors"]["unavailable"]:
        yield f"could not be injected here: {injector['name']}: {injector['reason']}"
    if not document["selection"]["complete"]:
        yield f"only a part was run ({document['selection']['expression']}): no profile is certified by it"


def troubles(document: dict[str, Any]) -> Iterator[str]:
    """Each cause with the first case that met it; of what else met it, the clause."""
    first: dict[str, str] = {}
    for entry in document["clauses"]:
        if entry["verdict"] in TROUBLE:
            cases = [case for case in entry["cases"] if case["verdict"] == entry["verdict"]]
            new = [case for case in cases if first.setdefault(cause(case["message"]), case["case"]) == case["case"]]
            others = Counter(first[cause(case["message"])] for case in cases if case not in new)
            yield f"  {entry['verdict']}: {entry['id']} ({entry['level']})"
            yield from (f"      {case['case']}: {first_line(case['message'])}" for case in new)
            yield from (f"      {count} more as {case}" for case, count in others.items())


def first_line(text: str) -> str:
    return printable(text.splitlines()[0]) if text else ""
