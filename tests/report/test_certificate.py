"""Only pass counts: what each verdict of a case makes of its clause, its profile and the certificate."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import jsonschema
import pytest

from proctor.manifest import Manifest, read_manifest
from proctor.model import Level, Verdict
from proctor.places import spec_folder
from proctor.record import Injected, Record
from proctor.report.certificate import Examined, Selection, certificate, save
from proctor.report.digest import folder_digest
from proctor.report.terminal import summary_lines
from proctor.spec import Spec, read_spec

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def spec() -> Spec:
    return read_spec(spec_folder())


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    (tmp_path / "impl.toml").write_text(
        '[implementation]\nname = "x"\nversion = "1"\nprofiles = ["wire"]\n'
        '[server]\ncommand = ["x", "{port}"]\nready = "port"\n[capabilities]\nmethods = ["ping", "pi"]\n'
    )
    return read_manifest(tmp_path)


def examined(spec: Spec, manifest: Manifest, *records: Record, strict: bool = False, selection: str = "") -> Examined:
    return Examined(manifest, spec, records, "0", (), ("embedded", "1"), 1, 1.0, strict, NOW, NOW, Selection(selection))


def passes(spec: Spec, manifest: Manifest) -> list[Record]:
    """A record of a pass for every clause of the profile that binds."""
    clauses = [
        clause for clause in spec.of("wire") if clause.binds(manifest.claims()) and clause.level is not Level.MAY
    ]
    return [Record(f"case {clause.id}", (clause.id,), Verdict.PASS, 0.1) for clause in clauses]


def verdict_of(document: dict, profile: str = "wire") -> str:  # type: ignore[type-arg]  # a JSON document
    return str(next(entry["verdict"] for entry in document["profiles"] if entry["name"] == profile))


def with_one(records: list[Record], clause: str, verdict: Verdict) -> list[Record]:
    return [*records, Record("one more", (clause,), verdict, 0.1, "because")]


MUST, SHOULD = "wire/frame-is-length-and-body", "wire/errors-tell-no-secrets"


def test_a_profile_whose_every_case_passed_is_certified(spec: Spec, manifest: Manifest) -> None:
    document = certificate(examined(spec, manifest, *passes(spec, manifest)))
    assert verdict_of(document) == "certified"
    assert verdict_of(document, "client") == "not claimed"
    divide = next(entry for entry in document["clauses"] if entry["id"] == "wire/divide-divides")
    assert divide["verdict"] == "not claimed"


@pytest.mark.parametrize(
    ("clause", "verdict", "strict", "expected"),
    [
        (MUST, Verdict.FAIL, False, "not certified"),
        (MUST, Verdict.ERROR, False, "not certified"),
        (MUST, Verdict.KNOWN_FAILURE, False, "not certified"),
        (MUST, Verdict.INCONCLUSIVE, False, "inconclusive"),
        (SHOULD, Verdict.FAIL, False, "certified"),
        (SHOULD, Verdict.FAIL, True, "not certified"),
        (SHOULD, Verdict.INCONCLUSIVE, True, "inconclusive"),
    ],
)
def test_one_case_can_cost_the_certificate(
    spec: Spec, manifest: Manifest, clause: str, verdict: Verdict, strict: bool, expected: str
) -> None:
    records = with_one(passes(spec, manifest), clause, verdict)
    assert verdict_of(certificate(examined(spec, manifest, *records, strict=strict))) == expected


def test_a_must_that_nobody_examined_certifies_nothing(spec: Spec, manifest: Manifest) -> None:
    records = [record for record in passes(spec, manifest) if MUST not in record.clauses]
    assert verdict_of(certificate(examined(spec, manifest, *records))) == "inconclusive"
    assert verdict_of(certificate(examined(spec, manifest))) == "not examined"


def test_the_document_keeps_its_schema_and_is_saved(spec: Spec, manifest: Manifest, tmp_path: Path) -> None:
    fault = Injected("Kill", "signals", proof="1 pidfd fired")
    missing = Injected("Inject", "strace", unavailable="strace is not installed")
    records = [*passes(spec, manifest), Record("k", (MUST,), Verdict.PASS, 0.1, faults=(fault, missing))]
    path = save(certificate(examined(spec, manifest, *records, selection="-k x")), tmp_path / "deep" / "report")
    document = json.loads(path.read_text())
    schema = json.loads((spec_folder() / "certificate.schema.json").read_text())
    jsonschema.validate(document, schema, format_checker=jsonschema.FormatChecker())
    assert document["injectors"]["unavailable"][0]["reason"] == "strace is not installed"
    said = "\n".join(summary_lines(document))
    assert "could not be injected here: strace: strace is not installed" in said
    assert "only a part was run (-k x)" in said


def test_a_failure_is_named_in_the_terminal_and_its_control_characters_are_shown(
    spec: Spec, manifest: Manifest
) -> None:
    records = [Record("case", (MUST,), Verdict.FAIL, 0.1, "was answered \x1b[31mred\nsecond line")]
    said = "\n".join(summary_lines(certificate(examined(spec, manifest, *records))))
    assert f"fail: {MUST} (MUST)" in said
    assert "case: was answered \\x1b[31mred\n" in said + "\n"


def test_phases_of_a_case_are_one_record_with_the_worse_verdict() -> None:
    kill, stop = Injected("Kill", "signals", "p"), Injected("Stop", "signals", "q")
    setup = Record("case", ("a/b",), Verdict.PASS, 0.1)
    call = Record("case", ("a/b",), Verdict.FAIL, 0.2, "why", faults=(kill, stop))
    teardown = Record("case", ("a/b",), Verdict.PASS, 0.3)
    whole = setup.followed_by(call).followed_by(teardown)
    assert (whole.verdict, whole.message, whole.faults) == (Verdict.FAIL, "why", (kill, stop))
    assert whole.duration_s == pytest.approx(0.6)
    assert Record.from_properties([("other", 1), whole.to_property()]) == whole
    assert Record.from_properties([]) is None


def test_a_folder_s_digest_changes_with_a_name_or_a_byte_and_not_with_what_tools_generate(tmp_path: Path) -> None:
    folder = tmp_path / "impl"
    folder.mkdir()
    (folder / "a.py").write_text("1")
    before = folder_digest([folder])
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_text("x")
    assert folder_digest([folder]) == before
    (folder / "a.py").write_text("2")
    changed = folder_digest([folder])
    (folder / "a.py").rename(folder / "b.py")
    assert len({before, changed, folder_digest([folder])}) == 3
