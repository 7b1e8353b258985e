"""certificate.md: the verdicts, then what costs them, for a CI job's summary, which may be 1 MiB long on GitHub."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from proctor.process.text import legible, printable, shorten
from proctor.report.document import Case, Certificate, Judged
from proctor.report.pages.wording import (
    counts,
    duration,
    examined_with,
    headline,
    partial,
    telling,
    troubles,
)

MOST_CLAUSES = MOST_ROWS = 30
MOST_CASES = 3  # of a clause
MOST_LINES = 12
MOST_CHARS = 160  # of a line


def markdown(certificate: Certificate) -> str:
    return "\n".join(lines(certificate)) + "\n"


def lines(certificate: Certificate) -> Iterator[str]:
    about = certificate.implementation
    yield f"# {code(f'{about.name} {about.version}')}: {headline(certificate)[0]}\n"
    if not certificate.selection.complete:
        yield f"> **{prose(partial(certificate))}**\n"
    yield from table(
        ("profile", "verdict", "clauses"),
        [(profile.name, f"**{profile.verdict}**", counts(profile.clauses)) for profile in certificate.profiles],
    )
    yield " · ".join(f"{name} {code(value)}" for name, value in examined_with(certificate).items()) + "\n"
    found = troubles(certificate)
    for clause in found[:MOST_CLAUSES]:
        yield from trouble(clause)
    yield from left_out(found, MOST_CLAUSES, "clauses that are not passed")
    yield from known_failures(certificate)
    yield from unavailable(certificate)
    yield "All clauses with their evidence stand in `certificate.html` of the same folder."


def trouble(clause: Judged) -> Iterator[str]:
    yield f"## {clause.verdict}: {code(clause.id)} ({clause.level})\n"
    yield f"{prose(clause.text)}\n"
    cases = telling(clause)
    for case in cases[:MOST_CASES]:
        yield from evidence(case)
    yield from left_out(cases, MOST_CASES, "cases of it")


def evidence(case: Case) -> Iterator[str]:
    """The case, and the first lines of what it says."""
    yield f"{case.verdict}: {code(case.case)}, {duration(case.duration_s)}\n"
    said = case.message.splitlines()
    if case.evidence:
        said += [f"  at {case.evidence.where}"] if len(said) < MOST_LINES else []
    yield block("\n".join(shorten(line, MOST_CHARS) for line in said[:MOST_LINES])) + "\n"
    if case.evidence:
        yield f"again: {code(case.evidence.again)}\n"


def known_failures(certificate: Certificate) -> Iterator[str]:
    known = certificate.known_failures
    if known:
        yield "## Known failures\n"
        rows = [(code(entry.case), prose(entry.reason), prose(entry.untrue or "holds")) for entry in known[:MOST_ROWS]]
        yield from table(("case", "reason", "in this run"), rows)
        yield from left_out(known, MOST_ROWS, "known failures")


def unavailable(certificate: Certificate) -> Iterator[str]:
    missing = certificate.injectors.unavailable
    if missing:
        yield "## Could not be injected here\n"
        yield from table(("with", "because"), [(code(one.name), prose(one.reason)) for one in missing[:MOST_ROWS]])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |\n|{'---|' * len(head)}"
    yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
    yield ""


def left_out(items: Sequence[object], most: int, what: str) -> Iterator[str]:
    if len(items) > most:
        yield f"… and {len(items) - most} more {what}.\n"


def prose(text: str) -> str:
    """In one line, as text: no HTML, no link, no image. Backticks stay: the spec writes code in them."""
    line = html.escape(printable(" ".join(shorten(text, MOST_LINES * MOST_CHARS).split())), quote=False)
    return re.sub(r"([\[\]])", r"\\\1", line)


def code(text: str) -> str:
    """In one line, between more backticks than it has itself."""
    line = shorten(printable(" ".join(text.split())), MOST_LINES * MOST_CHARS)
    ticks = "`" * (longest_run(line) + 1)
    return f"{ticks} {line} {ticks}" if "`" in line else f"{ticks}{line}{ticks}"


def block(text: str) -> str:
    fence = "`" * max(3, longest_run(text) + 1)
    return f"{fence}text\n{legible(text)}\n{fence}"


def longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
