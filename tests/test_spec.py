"""The reader of the spec, and the spec as it stands."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from proctor.limits import LIMITS
from proctor.model import CAPABILITIES, FACTS, PROFILES, Level, Requirement
from proctor.reproduction.catalogue import unheld
from proctor.spec import Spec, SpecError, UnknownClause, digest_of, read_spec

FOLDER = Path(__file__).parents[1] / "spec"

WIRE = """\
# Profile `wire`

What travels.

## Terms

No clause here.

## Frames

A section may begin with prose.

### `wire/first-thing` (MUST)
The text of a clause
goes on.

It may have

- a list

*Observed:* something is seen,
and more. *Answers:* F1, S20.

### `wire/second-thing` (SHOULD, if reload = "graceful" and profile client)
Another.

*Observed:* nothing to answer.

## Numbers and text

### `wire/third-thing` (MAY)
A freedom.

*Observed:* either.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small spec; only wire has clauses."""
    spec = tmp_path / "spec"
    spec.mkdir()
    for profile in PROFILES:
        (spec / f"{profile}.md").write_text(f"# Profile `{profile}`\n")
    (spec / "wire.md").write_text(WIRE)
    (spec / "failure-modes.md").write_text(
        "# Failure modes\n\n- **F1 short-header.** T: one. S: two.\n- **S20 crash-loop.** T: three.\n"
    )
    (spec / "VERSION").write_text("1.2.3\n")
    return spec


def edited(folder: Path, old: str, new: str, name: str = "wire.md") -> Path:
    """The spec with one thing changed."""
    text = (folder / name).read_text()
    assert text.count(old) == 1
    (folder / name).write_text(text.replace(old, new))
    return folder


def test_a_clause_is_read_with_all_that_it_says(folder: Path) -> None:
    first = read_spec(folder).clause("wire/first-thing")
    assert (first.profile, first.section, first.level, first.requires) == ("wire", "Frames", Level.MUST, ())
    assert first.text == "The text of a clause goes on.\n\nIt may have\n\n- a list"
    assert first.observed == "something is seen, and more."
    assert first.answers == ("F1", "S20")
    assert first.where == "spec/wire.md:13"


def test_a_condition_becomes_requirements(folder: Path) -> None:
    second = read_spec(folder).clause("wire/second-thing")
    assert second.level is Level.SHOULD
    assert second.requires == (Requirement("reload", "graceful"), Requirement("profiles", "client"))
    assert second.answers == ()


def test_clauses_keep_their_order_and_sections(folder: Path) -> None:
    spec = read_spec(folder)
    assert [clause.id for clause in spec.of("wire")] == ["wire/first-thing", "wire/second-thing", "wire/third-thing"]
    assert spec.sections("wire") == ("Frames", "Numbers and text")
    assert spec.of("restart") == ()


def test_failure_modes_are_read_too(folder: Path) -> None:
    mode = read_spec(folder).failure_modes["S20"]
    assert (mode.name, mode.text, mode.path, mode.line) == ("crash-loop", "T: three.", "spec/failure-modes.md", 4)


def test_an_unknown_clause_names_the_nearest(folder: Path) -> None:
    with pytest.raises(UnknownClause, match="no clause 'wire/thrid-thing': did you mean wire/third-thing"):
        read_spec(folder).clause("wire/thrid-thing")
    with pytest.raises(UnknownClause, match="nothing in the spec is named like it"):
        read_spec(folder).clause("zzzzzzzz")


MALFORMED = {
    "duplicate id": ("wire/third-thing", "wire/first-thing", "spec/wire.md:31: .*stands at spec/wire.md:13 already"),
    "unknown level": ("(MAY)", "(CAN)", "spec/wire.md:31: expected one of MUST, SHOULD, MAY, not 'CAN'"),
    "level in lower case": ("(MAY)", "(may)", "spec/wire.md:31: expected one of MUST, SHOULD, MAY, not 'may'"),
    "no level": (" (MAY)", "", "spec/wire.md:31: expected ### `wire/slug`"),
    "no backticks": ("`wire/third-thing`", "wire/third-thing", "spec/wire.md:31: expected ### `wire/slug`"),
    "id of another profile": ("wire/third", "client/third", "spec/wire.md:31: expected an id of the profile wire"),
    "id without a profile": (
        "wire/third-thing",
        "third-thing",
        "spec/wire.md:31: expected an id such as wire/some-slug",
    ),
    "id with capitals": ("wire/third-thing", "wire/Third", "spec/wire.md:31: expected an id such as wire/some-slug"),
    "unknown capability": ('reload = "graceful"', "relaod", "spec/wire.md:24: expected a claim .* not 'relaod'"),
    "unknown value": ('"graceful"', '"gently"', "spec/wire.md:24: expected a claim"),
    "wrong relation": ('reload = "', 'reload has "', "spec/wire.md:24: expected a claim"),
    "value of a plain claim": ('reload = "graceful"', 'resize = "big"', "spec/wire.md:24: expected a claim"),
    "unknown profile": ("profile client", "profile klient", "spec/wire.md:24: expected a claim .* 'profile klient'"),
    "no Observed": ("*Observed:* either.", "Either.", "spec/wire.md:34: expected the clause to end with .Observed"),
    "no text": ("A freedom.\n\n", "", "spec/wire.md:31: expected the clause's text"),
    "text after Observed": ("either.", "either.\n\nAnd more.", "spec/wire.md:36: expected the clause to end"),
    "Answers without full stop": ("F1, S20.", "F1, S20", "spec/wire.md:21: expected the clause to end"),
    "unknown failure mode": ("F1, S20", "F1, S21", "spec/wire.md:13: expected ids .* not 'S21'"),
    "malformed failure mode": ("F1, S20", "F1 S20", "spec/wire.md:13: expected ids .* not 'F1 S20'"),
    "a lower rank": (
        "### `wire/third",
        "#### `wire/third",
        "spec/wire.md:31: expected a clause's heading, ### `wire/slug` .MUST., not #### `wire/third-thing` .MAY.$",
    ),
    "a higher rank": ("### `wire/third", "## `wire/third", "spec/wire.md:31: expected a clause's heading"),
    "no space after the hashes": (
        "### `wire/second",
        "###`wire/second",
        "spec/wire.md:24: expected nothing below .Observed:. ... but the next heading",
    ),
    "no heading after the section's": (
        "### `wire/third-thing` (MAY)\n",
        "",
        "spec/wire.md:33: expected a clause's heading, .*, above what is observed",
    ),
    "Observed twice": (
        "*Observed:* either.",
        "*Observed:* either.\n\n*Observed:* or.",
        "spec/wire.md:36: expected nothing below .Observed:. ... but the next heading",
    ),
    "an empty claim": ('if reload = "graceful" and profile client', "if ", "spec/wire.md:24: expected ### `wire/slug`"),
    "clause before a section": (
        "## Terms",
        "### `wire/early` (MUST)\nx\n\n*Observed:* y.\n\n## Terms",
        "spec/wire.md:5: expected a section",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_spec_is_refused_with_its_place(folder: Path, case: str) -> None:
    old, new, message = MALFORMED[case]
    read_spec(folder)
    with pytest.raises(SpecError, match=message):
        read_spec(edited(folder, old, new))


def test_a_catalogue_with_one_id_twice_is_refused(folder: Path) -> None:
    with pytest.raises(SpecError, match=r"spec/failure-modes\.md:4: .*F1 stands at line 3 already"):
        read_spec(edited(folder, "S20", "F1", "failure-modes.md"))


def test_a_malformed_entry_of_the_catalogue_is_refused(folder: Path) -> None:
    with pytest.raises(SpecError, match=r"spec/failure-modes.md:4: expected \*\*S1 some-name"):
        read_spec(edited(folder, "crash-loop.", "crash loop", "failure-modes.md"))


@pytest.mark.parametrize("name", ["restart.md", "failure-modes.md", "VERSION"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(SpecError, match=f"spec/{name}:1: cannot be read: No such file"):
        read_spec(folder)


def test_a_file_that_is_not_utf8_is_named(folder: Path) -> None:
    (folder / "client.md").write_bytes(b"# Client\n\xff")
    with pytest.raises(SpecError, match=r"spec/client\.md:2: is not UTF-8"):
        read_spec(folder)


def test_a_version_has_three_numbers(folder: Path) -> None:
    assert read_spec(folder).version == "1.2.3"
    (folder / "VERSION").write_text("soon\n")
    with pytest.raises(SpecError, match=r"expected a version such as 1\.0\.0, not 'soon'"):
        read_spec(folder)


def test_the_digest_changes_with_every_file_and_name(folder: Path) -> None:
    before = digest_of(folder)
    (folder / "vectors").mkdir()
    (folder / "vectors" / "more.json").write_text("{}")
    added = digest_of(folder)
    (folder / "vectors" / "more.json").rename(folder / "vectors" / "other.json")
    assert len({before, added, digest_of(folder)}) == 3


def test_the_digest_is_the_one_that_the_spec_tells_how_to_compute() -> None:
    command = re.search(r"^cd spec && (find .*)$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert command is not None
    printed = subprocess.run(["sh", "-c", command[1]], cwd=FOLDER, capture_output=True, check=True, timeout=30)
    assert printed.stdout.split()[0].decode() == digest_of(FOLDER)
    assert len(digest_of(FOLDER)) == hashlib.sha256().digest_size * 2


# --- the spec as it stands


@pytest.fixture(scope="module")
def spec() -> Spec:
    return read_spec(FOLDER)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_has_a_few_sections(spec: Spec, profile: str) -> None:
    assert 3 <= len(spec.sections(profile)) <= 7
    files = {clause.examined_in for clause in spec.of(profile)}
    assert len(files) == len(spec.sections(profile)), "two sections would share a test file"


def test_every_failure_mode_is_answered_or_listed_with_its_reason(spec: Spec) -> None:
    answered = {answer for clause in spec.clauses for answer in clause.answers}
    assert spec.failure_modes.keys() - answered == unheld(FOLDER).keys()


def test_nobody_is_bound_by_what_nobody_can_claim(spec: Spec) -> None:
    required = {requirement.capability for clause in spec.clauses for requirement in clause.requires}
    assert required == CAPABILITIES.keys() | FACTS.keys()


def test_the_readme_lists_the_claims_that_a_manifest_can_make() -> None:
    section = (FOLDER / "README.md").read_text(encoding="utf-8").partition("## Claims")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", section, re.MULTILINE)
    assert [name for name, _ in rows] == list(CAPABILITIES)
    for name, values in rows:
        assert tuple(re.findall(r'"(\w+)"', values)) == CAPABILITIES[name].values


def test_bounds_are_limits_of_the_table(spec: Spec) -> None:
    for clause in spec.clauses:
        named = set(re.findall(r"`([a-z]+(?:_[a-z]+)*_(?:s|bytes|depth))`", f"{clause.text} {clause.observed}"))
        assert named - {"timeout_s"} <= LIMITS.keys(), clause.where


def test_every_limit_bounds_something(spec: Spec) -> None:
    whole = " ".join(f"{clause.text} {clause.observed}" for clause in spec.clauses)
    assert [name for name in LIMITS if f"`{name}`" not in whole] == []


def test_clauses_named_in_passing_exist(spec: Spec) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for clause_id in re.findall(rf"`((?:{'|'.join(PROFILES)})/[a-z-]+)`", text):
        assert spec.clause(clause_id)
