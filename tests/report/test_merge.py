"""Certificates of shards become one, as whole as from one run; what is not of one run is refused in one line."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from proctor.known import Entry
from proctor.manifest import read_manifest
from proctor.model import Level, Verdict
from proctor.places import spec_folder
from proctor.record import Injected, Record
from proctor.report.certificate import Examined, Selection, certificate, save
from proctor.report.document import Unreadable
from proctor.report.merge import NotMerged, merged, read_part
from proctor.report.shard import Shard, cases_digest
from proctor.spec import read_spec
from tests.commands.typed import complaint, proctor

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
MUST = "wire/frame-is-length-and-body"
SHARES = 3
Spoil = Callable[[dict[str, Any]], object]


@pytest.fixture
def whole(tmp_path: Path) -> Examined:
    """A run in which every clause that binds has passed."""
    (tmp_path / "impl.toml").write_text(
        '[implementation]\nname = "x"\nversion = "1"\nprofiles = ["wire"]\n'
        '[server]\ncommand = ["x", "{port}"]\nready = "port"\n'
    )
    manifest, spec = read_manifest(tmp_path), read_spec(spec_folder())
    binding = [clause for clause in spec.of("wire") if clause.binds(manifest.claims()) and clause.level != Level.MAY]
    records = tuple(Record(f"case of {clause.id}", (clause.id,), Verdict.PASS, 0.1) for clause in binding)
    return Examined(manifest, spec, records, "0", (), ("embedded", "1"), 17, 1.0, False, NOW, NOW)


def shards(whole: Examined, expressions: Sequence[str] = ("",) * SHARES) -> list[Path]:
    """The certificates that it leaves if it is shared by several."""
    cases = cases_digest(record.case for record in whole.records)
    paths = []
    for number, expression in enumerate(expressions, 1):
        mine = whole.records[number - 1 :: SHARES]
        passed = all(record.verdict in (Verdict.PASS, Verdict.KNOWN_FAILURE) for record in mine)
        shard = Shard(number, SHARES, cases, passed)
        ended = NOW + datetime.timedelta(minutes=number)
        of_one = replace(whole, records=mine, selection=Selection(expression, shard), finished=ended)
        paths.append(save(certificate(of_one), whole.manifest.folder / "report" / str(number)))
    return paths


def spoil(path: Path, change: Spoil) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def refusal(paths: Sequence[Path]) -> str:
    with pytest.raises(NotMerged) as refused:
        merged([read_part(path) for path in paths])
    assert "\n" not in str(refused.value)
    return str(refused.value)


def with_record(whole: Examined, **changes: Any) -> Examined:
    """The same, with another end of its first case."""
    return replace(whole, records=(replace(whole.records[0], **changes), *whole.records[1:]))


# --- as whole as one run


def test_shards_make_the_certificate_that_one_run_would_have_made(whole: Examined) -> None:
    came = merged([read_part(path) for path in reversed(shards(whole))])
    last = NOW + datetime.timedelta(minutes=SHARES)
    one_run = certificate(replace(whole, finished=last))
    assert one_run["profiles"][0]["verdict"] == "certified"
    assert came.document == {**one_run, "selection": {**one_run["selection"], "shards": SHARES}}
    assert came.passed
    schema = json.loads((spec_folder() / "certificate.schema.json").read_text())
    jsonschema.validate(came.document, schema, format_checker=jsonschema.FormatChecker())


def test_a_shard_alone_certifies_nothing_and_says_which_it_is(whole: Examined) -> None:
    document = json.loads(shards(whole)[1].read_text())
    assert document["selection"]["expression"] == "--shard=2/3"
    assert (document["selection"]["shard"]["number"], document["selection"]["shard"]["of"]) == (2, SHARES)
    assert document["profiles"][0]["verdict"] == "inconclusive"
    schema = json.loads((spec_folder() / "certificate.schema.json").read_text())
    jsonschema.validate(document, schema, format_checker=jsonschema.FormatChecker())


def test_a_failure_in_one_shard_costs_the_certificate_of_all(whole: Examined) -> None:
    came = merged([read_part(path) for path in shards(with_record(whole, verdict=Verdict.FAIL, message="no"))])
    assert came.document["profiles"][0]["verdict"] == "not certified"
    assert not came.passed


def test_what_cut_a_shard_short_is_said_of_all(whole: Examined) -> None:
    came = merged([read_part(path) for path in shards(whole, ("", "ended early", ""))])
    assert came.document["selection"] == {"complete": False, "expression": "ended early", "shards": SHARES}
    assert came.document["profiles"][0]["verdict"] == "inconclusive"


def test_what_one_machine_has_and_another_lacks_is_both(whole: Examined) -> None:
    has, lacks = Injected("Inject", "strace", proof="seen"), Injected("Inject", "strace", unavailable="no strace")
    first, second, *rest = whole.records
    records = (replace(first, faults=(has,)), replace(second, faults=(lacks,)), *rest)
    came = merged([read_part(path) for path in shards(replace(whole, records=records))])
    assert came.document["injectors"] == {
        "used": ["strace"],
        "unavailable": [{"name": "strace", "reason": "no strace"}],
    }


# --- known failures


KNOWN = Entry(case="case of wire/*", message="no 12", reason="it is a toy")


def test_a_known_failure_that_shows_in_one_shard_holds_of_all(whole: Examined) -> None:
    name = whole.records[0].case
    known = replace(whole, known=(replace_entry(KNOWN, case=name),))
    came = merged(
        [read_part(path) for path in shards(with_record(known, verdict=Verdict.KNOWN_FAILURE, message="no 7"))]
    )
    assert (came.passed, came.untrue) == (True, ())
    assert came.document["profiles"][0]["verdict"] == "not certified"


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("case of nothing", "unmatched: no case that was run is called case of nothing"),
        (f"case of {MUST}", f"stale: what it names passes: case of {MUST}; take the entry out"),
    ],
)
def test_an_entry_that_holds_in_no_shard_is_found_when_all_are_there(whole: Examined, case: str, said: str) -> None:
    came = merged([read_part(path) for path in shards(replace(whole, known=(replace_entry(KNOWN, case=case),)))])
    assert came.untrue == (f"known_failures.toml: {said}",)
    assert not came.passed


def replace_entry(entry: Entry, case: str) -> Entry:
    return Entry(case, entry.message, entry.reason)


# --- what is not of one run


def test_a_shard_that_is_missing_or_there_twice_is_named(whole: Examined) -> None:
    first, second, third = shards(whole)
    assert refusal([first, third]) == f"shard 2/3 is missing, of those that {first} belongs to"
    twice = first.parent.parent / "again.json"
    twice.write_bytes(second.read_bytes())
    assert refusal([first, second, third, twice]) == f"shard 2/3 is there twice: {second} and {twice}; leave out one"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda document: document["implementation"].update(folder_sha256="1" * 64), "the implementation"),
        (lambda document: document["spec"].update(version="9"), "the spec"),
        (lambda document: document["suite"].update(sha256="1" * 64), "the suite"),
        (lambda document: document["registry"].update(name="zookeeper"), "the registry"),
        (lambda document: document.update(seed=18), "the seed"),
        (lambda document: document.update(time_scale=2), "the time scale"),
        (lambda document: document.update(strict=True), "--strict"),
        (lambda document: document["selection"]["shard"].update(of=4), "the number of shards"),
        (lambda document: document["selection"]["shard"].update(cases="1" * 64), "what they share"),
        (lambda document: document["clauses"].pop(), "the list of clauses"),
    ],
    ids=lambda value: value if isinstance(value, str) else "but for",
)
def test_shards_of_different_runs_are_not_mixed(whole: Examined, change: Spoil, what: str) -> None:
    first, second, third = shards(whole)
    spoil(second, change)
    said = refusal([first, second, third])
    assert said.startswith(f"{second}: {what} is another than of {first}: ")
    assert said.endswith("; run all shards with the same")


def test_a_case_that_was_taken_out_is_missed(whole: Examined) -> None:
    paths = shards(with_record(whole, verdict=Verdict.FAIL, message="no"))
    spoil(paths[0], lambda document: document["clauses"][0].update(verdict="not run", cases=[]))
    assert refusal(paths).startswith("together they don't hold the cases that they shared, each once: ")


def test_a_certificate_of_a_whole_run_is_of_no_shard(whole: Examined) -> None:
    path = save(certificate(whole), whole.manifest.folder)
    assert (
        refusal([path]) == f"{path}: is of no shard; expected the certificates of pytest --shard=I/N, one of each shard"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("clauses"),
        lambda document: document["selection"]["shard"].update(number="1"),
        lambda document: document["clauses"][0]["cases"][0].update(verdict="splendid"),
        lambda document: document.update(started="yesterday"),
        lambda document: document.update(finished="2026-01-02T03:04:05"),
    ],
    ids=["a part missing", "a number that is none", "an unknown verdict", "no moment", "a moment without a zone"],
)
def test_a_damaged_certificate_is_named(whole: Examined, change: Spoil) -> None:
    path = shards(whole)[0]
    spoil(path, change)
    with pytest.raises(Unreadable, match="is no certificate: "):
        read_part(path)


# --- as it is typed


def test_all_that_a_folder_holds_is_merged_and_verified(whole: Examined) -> None:
    folder = whole.manifest.folder
    shards(whole)
    run = proctor("merge", "report", "--report=report/all", cwd=folder)
    assert (run.returncode, run.stderr) == (0, "")
    last = "certificate: report/all/certificate.json, as a page: report/all/certificate.html"
    assert run.stdout.splitlines()[-1] == last
    assert (folder / "report/all/certificate.html").is_file()
    assert "wire         certified" in run.stdout
    verified = proctor("verify", "report/all/certificate.json", cwd=folder)
    assert "suite: " in verified.stdout  # ours is of another version than this story's
    assert "implementation: " not in verified.stdout


def test_a_shard_that_failed_fails_the_merge(whole: Examined) -> None:
    shards(with_record(whole, verdict=Verdict.FAIL, message="no"))
    assert proctor("merge", "report", "--report=all", cwd=whole.manifest.folder).returncode == 1


def test_shards_without_a_case_are_not_green(whole: Examined) -> None:
    shards(replace(whole, records=()))
    assert proctor("merge", "report", "--report=all", cwd=whole.manifest.folder).returncode == 5


def test_what_can_not_be_merged_is_one_line_and_leaves_nothing(whole: Examined) -> None:
    folder = whole.manifest.folder
    first, second, _ = shards(whole)
    assert "shard 3/3 is missing" in complaint(proctor("merge", first, second, "--report=all", cwd=folder), 2)
    first.write_text("{")
    assert "is no JSON, or not all of it" in complaint(proctor("merge", first, "--report=all", cwd=folder), 2)
    (folder / "empty").mkdir()
    assert "no certificate.json is in it" in complaint(proctor("merge", "empty", "--report=all", cwd=folder), 2)
    assert "nowhere: cannot be read" in complaint(proctor("merge", "nowhere", "--report=all", cwd=folder), 2)
    assert not (folder / "all").exists()


def test_a_report_that_can_not_be_written_is_one_line(whole: Examined) -> None:
    folder = whole.manifest.folder
    shards(whole)
    (folder / "file").touch()
    run = proctor("merge", "report", "--report=file/all", cwd=folder)
    assert complaint(run, 2) == "--report=file/all: cannot be written: Not a directory"
