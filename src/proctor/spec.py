"""Reads the written spec: `spec/<profile>.md` into clauses, with the line on which each stands.

The Markdown is the only source. What a clause looks like is said in spec/README.md, "How a clause is written"; whatever
doesn't look like that is a SpecError that names file, line and what was expected.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from proctor.malformed import Malformed, text_of
from proctor.model import CAPABILITIES, PROFILES, Clause, FailureMode, Level, Requirement

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_HEADING = re.compile(r"`(?P<id>[^`]+)` \((?P<level>[A-Za-z]+)(?:, if (?P<condition>.+))?\)")
_ID = re.compile(r"(?P<profile>[a-z]+)/[a-z0-9]+(?:-[a-z0-9]+)*")
_REQUIREMENT = re.compile(r'profile (?P<profile>\w+)|(?P<name>\w+)(?: (?P<relation>=|has) "(?P<value>[^"]+)")?')
_OBSERVED = re.compile(r"\*Observed:\* (?P<observed>(?:(?!\*Answers:\*).)+?)(?: \*Answers:\* (?P<answers>[^*]+)\.)?")
_FAILURE_MODE = re.compile(r"\*\*(?P<id>[A-Z][1-9]\d*) (?P<name>[\w-]+)\.\*\* (?P<text>.+)")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


class SpecError(Malformed):
    """The spec is malformed. Whoever wrote the spec is at fault, never the implementation under test."""


class UnknownClause(LookupError):
    """A clause id that the spec doesn't hold; the message names the nearest ones that it does."""


@dataclass(frozen=True)
class Spec:
    """The whole spec as read: clauses in the order of the profiles, then as they stand in their file."""

    version: str
    digest: str
    clauses: tuple[Clause, ...]
    failure_modes: Mapping[str, FailureMode]

    @cached_property
    def _by_id(self) -> Mapping[str, Clause]:
        return {clause.id: clause for clause in self.clauses}

    def clause(self, clause_id: str) -> Clause:
        """The clause with this id. Raises UnknownClause."""
        if clause_id in self._by_id:
            return self._by_id[clause_id]
        near = difflib.get_close_matches(clause_id, [clause.id for clause in self.clauses])
        hint = f"did you mean {' or '.join(near)}?" if near else "nothing in the spec is named like it"
        raise UnknownClause(f"no clause {clause_id!r}: {hint}")

    def of(self, profile: str) -> tuple[Clause, ...]:
        """The clauses of one profile."""
        return tuple(clause for clause in self.clauses if clause.profile == profile)

    def sections(self, profile: str) -> tuple[str, ...]:
        """The titles of the profile's sections that hold clauses, in order."""
        return tuple(dict.fromkeys(clause.section for clause in self.of(profile)))


@dataclass(frozen=True)
class _Block:
    """A heading, paragraph or other top-level block of a file; `kind` is its HTML tag, "" for a rule or code."""

    kind: str
    text: str
    line: int


def read_spec(folder: Path) -> Spec:
    """Read the spec in `folder`. Raises SpecError where it is malformed, a profile's file being missing included."""
    modes = _catalogue(folder)
    clauses = tuple(clause for profile in PROFILES for clause in _clauses(folder, profile))
    _refuse_duplicates(clauses)
    _refuse_unknown_answers(clauses, modes)
    return Spec(_version(folder), digest_of(folder), clauses, modes)


def digest_of(folder: Path) -> str:
    """SHA-256 over every file below `folder`, as lines of `sha256sum` in byte order of their paths.

    `cd spec && find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum` prints the same.
    """
    files = sorted((f"./{path.relative_to(folder).as_posix()}", path) for path in folder.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n" for name, path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _version(folder: Path) -> str:
    shown, text = _read(folder, "VERSION")
    if not _VERSION.fullmatch(text.strip()):
        raise SpecError(shown, 1, f"expected a version such as 1.0.0, not {text.strip()!r}")
    return text.strip()


def _read(folder: Path, name: str) -> tuple[str, str]:
    """A file's path as people are shown it, and its text."""
    shown = f"{folder.name}/{name}"
    return shown, text_of(folder / name, shown, SpecError)


def _markdown() -> MarkdownIt:
    # Loaded here and not at the top: of the processes of an examination, one reads the spec for all.
    from markdown_it import MarkdownIt  # noqa: PLC0415

    return MarkdownIt("commonmark")


def _blocks(text: str) -> Iterator[_Block]:
    """The top-level blocks of a Markdown text, the lines of a wrapped paragraph joined."""
    lines = text.splitlines()
    tokens = _markdown().disable("inline").parse(text)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.level or token.nesting < 0 or token.map is None:
            continue
        first, end = token.map
        if following is not None and following.type == "inline":
            yield _Block(token.tag, " ".join(following.content.split()), first + 1)
        else:
            yield _Block(token.tag, "\n".join(lines[first:end]).rstrip(), first + 1)


def _clauses(folder: Path, profile: str) -> Iterator[Clause]:
    shown, text = _read(folder, f"{profile}.md")
    section = ""
    for heading, body in _by_heading(_blocks(text)):
        if heading.kind != "h3":
            _refuse_lost_clause(shown, profile, heading, body)
            section = heading.text if heading.kind == "h2" else section
        elif not section:
            raise SpecError(shown, heading.line, "expected a section (## Title) before the first clause")
        else:
            yield _clause(shown, profile, section, heading, body)


def _refuse_lost_clause(shown: str, profile: str, heading: _Block, body: list[_Block]) -> None:
    """What looks like a clause and is none would bind nobody, and nobody would miss it."""
    wanted = f"expected a clause's heading, ### `{profile}/slug` (MUST)"
    if heading.text.startswith("`") or heading.kind not in ("h1", "h2"):
        raise SpecError(shown, heading.line, f"{wanted}, not {'#' * int(heading.kind[1:])} {heading.text}")
    for block in body:
        if block.text.startswith("*Observed:*"):
            raise SpecError(shown, block.line, f"{wanted}, above what is observed")


def _by_heading(blocks: Iterator[_Block]) -> Iterator[tuple[_Block, list[_Block]]]:
    """Each heading with the blocks below it, up to the next."""
    heading: _Block | None = None
    body: list[_Block] = []
    for block in blocks:
        if block.kind not in _HEADINGS:
            body.append(block)
            continue
        if heading is not None:
            yield heading, body
        heading, body = block, []
    if heading is not None:
        yield heading, body


def _clause(shown: str, profile: str, section: str, heading: _Block, body: list[_Block]) -> Clause:
    match = _HEADING.fullmatch(heading.text)
    if match is None:
        raise SpecError(shown, heading.line, f"expected ### `{profile}/slug` (MUST), not {heading.text!r}")
    observed, answers = _observed(shown, heading, body)
    return Clause(
        id=_clause_id(shown, profile, heading, match["id"]),
        profile=profile,
        section=section,
        level=_level(shown, heading, match["level"]),
        requires=tuple(_requirements(shown, heading, match["condition"])),
        text="\n\n".join(block.text for block in body[:-1]),
        observed=observed,
        answers=answers,
        path=shown,
        line=heading.line,
    )


def _clause_id(shown: str, profile: str, heading: _Block, clause_id: str) -> str:
    match = _ID.fullmatch(clause_id)
    if match is None:
        raise SpecError(shown, heading.line, f"expected an id such as {profile}/some-slug, not {clause_id!r}")
    if match["profile"] != profile:
        raise SpecError(shown, heading.line, f"expected an id of the profile {profile}, not {clause_id!r}")
    return clause_id


def _level(shown: str, heading: _Block, level: str) -> Level:
    if level not in Level.__members__:
        raise SpecError(shown, heading.line, f"expected one of {', '.join(Level)}, not {level!r}")
    return Level(level)


def _requirements(shown: str, heading: _Block, condition: str | None) -> Iterator[Requirement]:
    for part in condition.split(" and ") if condition else ():
        try:
            yield requirement(part)
        except ValueError as error:
            raise SpecError(shown, heading.line, str(error)) from None


def requirement(text: str) -> Requirement:
    """A claim as headings write it: `resize`, `reload = "graceful"`, `profile wire`. ValueError if it is none."""
    match = _REQUIREMENT.fullmatch(text)
    if match is None or (found := _requirement(match)) is None:
        raise ValueError(f"expected a claim that a manifest can make, not {text!r}")
    return found


def _requirement(match: re.Match[str]) -> Requirement | None:
    """The claim, or None if no manifest can make it."""
    if match["profile"]:
        return Requirement("profiles", match["profile"]) if match["profile"] in PROFILES else None
    if match["name"] == "port":
        return Requirement("port") if match["relation"] is None else None
    capability = CAPABILITIES.get(match["name"])
    if capability is None:
        return None
    relations = (None, "has" if capability.many else "=") if capability.values else (None,)
    if match["relation"] not in relations or match["value"] not in (None, *capability.values):
        return None
    return Requirement(capability.name, match["value"])


def _observed(shown: str, heading: _Block, body: list[_Block]) -> tuple[str, tuple[str, ...]]:
    """What can be observed, and the failure modes answered: the last paragraph of a clause."""
    if len(body) < 2:
        raise SpecError(shown, heading.line, "expected the clause's text, then a paragraph *Observed:* ...")
    last = body[-1]
    match = _OBSERVED.fullmatch(last.text)
    if match is None:
        raise SpecError(
            shown, last.line, "expected the clause to end with *Observed:* ... and, if any, *Answers:* S1, S2."
        )
    for block, following in pairwise(body):
        if block.text.startswith("*Observed:*"):
            problem = "expected nothing below *Observed:* ... but the next heading, which is ### and a space"
            raise SpecError(shown, following.line, problem)
    answers = match["answers"]
    return match["observed"], tuple(answers.split(", ")) if answers else ()


def _catalogue(folder: Path) -> Mapping[str, FailureMode]:
    modes: dict[str, FailureMode] = {}
    for mode in _failure_modes(folder):
        if (known := modes.setdefault(mode.id, mode)) is not mode:
            raise SpecError(mode.path, mode.line, f"expected a new id: {mode.id} stands at line {known.line} already")
    return modes


def _failure_modes(folder: Path) -> Iterator[FailureMode]:
    shown, text = _read(folder, "failure-modes.md")
    for token in _markdown().parse(text):
        if token.type != "inline" or token.map is None or not re.match(r"\*\*[A-Z]\d", token.content):
            continue
        line = token.map[0] + 1
        match = _FAILURE_MODE.fullmatch(" ".join(token.content.split()))
        if match is None:
            raise SpecError(shown, line, "expected **S1 some-name.** and what happens")
        yield FailureMode(match["id"], match["name"], match["text"], shown, line)


def _refuse_duplicates(clauses: tuple[Clause, ...]) -> None:
    first: dict[str, Clause] = {}
    for clause in clauses:
        if (known := first.setdefault(clause.id, clause)) is not clause:
            raise SpecError(clause.path, clause.line, f"expected a new id: {clause.id} stands at {known.where} already")


def _refuse_unknown_answers(clauses: tuple[Clause, ...], modes: Mapping[str, FailureMode]) -> None:
    for clause in clauses:
        for answer in clause.answers:
            if answer not in modes:
                problem = f"expected ids of failure-modes.md such as S1, not {answer!r} ({clause.id})"
                raise SpecError(clause.path, clause.line, problem)
