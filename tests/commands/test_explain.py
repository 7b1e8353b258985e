"""`proctor explain`: what an id or a message is about, and what to type next."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from proctor.examination.selection import register_marks
from proctor.places import spec_folder
from proctor.reproduction.explain import Library, Unexplained
from proctor.reproduction.said import NOWHERE, Said, read_said
from proctor.spec import read_spec
from tests.commands.typed import complaint, proctor
from tests.test_certificate_schema import CERTIFICATE

CLAUSE = "supervision/every-death-is-reaped"
CASE = "conformance/supervision/test_reaping.py::test_workers_that_die_together_are_all_reaped"


@pytest.fixture(scope="module")
def library(pytestconfig: pytest.Config) -> Library:
    register_marks(pytestconfig)  # the suite's, which are unknown to pytest where nothing is examined
    return Library.read(None)


@pytest.fixture
def said(tmp_path: Path) -> Said:
    """A certificate on which one case has failed."""
    document = copy.deepcopy(CERTIFICATE)
    clause = document["clauses"][0]
    failed = {"case": CASE, "verdict": "fail", "message": "waited 1.00 s for 12616\nto be reaped"}
    clause |= {"id": CLAUSE, "profile": "supervision", "verdict": "fail", "cases": [clause["cases"][0] | failed]}
    document["clauses"] = [clause]
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(document))
    return read_said(path)


def with_said(library: Library, said: Said) -> Library:
    return Library(library.spec, library.catalogue, library.cases, library.claims, library.liars, said)


@pytest.mark.parametrize("named", [CLAUSE, "every-death-is-reaped"])
def test_a_clause_is_told_with_all_that_hangs_on_it(library: Library, named: str) -> None:
    lines = library.explain(named)
    assert lines[0] == f"{CLAUSE} (MUST)   {library.spec.clause(CLAUSE).where}"
    told = "\n".join(lines)
    for expected in (
        "The parent reaps every worker that ends",
        "observed: no child of the parent stays a zombie",
        "answers S1 one-wait-per-SIGCHLD: N−1 zombies stay",
        f"case {CASE}",
        "broken on purpose by supervision.ReapsOncePerSignal: Waits once for each SIGCHLD",
        f"alone: proctor certify PATH -k {CLAUSE}",
    ):
        assert expected in told


def test_every_clause_and_failure_mode_of_the_spec_can_be_explained(library: Library) -> None:
    spec = read_spec(spec_folder())
    assert all(library.explain(clause.id) for clause in spec.clauses)
    assert all(library.explain(mode) for mode in spec.failure_modes)


def test_a_failure_mode_is_told_however_its_letter_is_written(library: Library) -> None:
    told = "\n".join(library.explain("s1"))
    assert told.startswith("S1 one-wait-per-SIGCHLD   spec/failure-modes.md:")
    assert f"answered by {CLAUSE} (MUST)" in told
    assert told.endswith("staged: proctor reproduce S1")


def test_a_failure_mode_that_no_test_holds_says_why(library: Library) -> None:
    assert library.explain("S19")[-1].startswith("not to be reproduced: the exit status of a worker is told to its")


def test_a_case_is_told_by_its_claim_its_clauses_and_what_came_of_it(library: Library, said: Said) -> None:
    told = "\n".join(with_said(library, said).explain(f"{CASE}"))
    assert told.startswith(f"{CASE}\n    A parent that waits once for each SIGCHLD leaves two of three as zombies")
    assert f"here: fail in {said.path}: waited 1.00 s for 12616" in told
    assert f"alone: proctor certify PATH '{CASE}'" in told
    assert f"{CLAUSE} (MUST)" in told


@pytest.mark.parametrize("message", ["waited 1.00 s for 12616", "waited 7.25 s for 3", "waited"])
def test_a_message_leads_to_the_case_that_says_it_whatever_its_numbers_are(
    library: Library, said: Said, message: str
) -> None:
    assert with_said(library, said).explain(message)[0].startswith(CASE)


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("supervision/every-death-is-raped", CLAUSE),
        ("every-death", "every-death-is-reaped"),
        ("S99", "S9"),
        (CASE.replace("all_reaped", "all_reapt"), CASE),
    ],
)
def test_what_is_not_known_is_offered_the_nearest(library: Library, wrong: str, nearest: str) -> None:
    with pytest.raises(Unexplained) as unknown:
        library.explain(wrong)
    assert str(unknown.value) == f"{wrong!r} is no clause, failure mode, case or message; the nearest is {nearest}"


def test_a_message_that_no_case_says_is_told_where_it_was_looked_for(library: Library, said: Said) -> None:
    with pytest.raises(Unexplained, match=f"no message in {said.path} begins so"):
        with_said(library, said).explain("the moon is made of cheese")
    with pytest.raises(Unexplained, match=NOWHERE):
        library.explain("the moon is made of cheese")


def test_it_is_typed_and_reads_the_certificate_that_lies_there(tmp_path: Path, said: Said) -> None:
    assert said.path is not None
    (tmp_path / "report").mkdir()
    said.path.rename(tmp_path / "report" / "certificate.json")
    run = proctor("explain", "waited 3.00 s for 1", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert "here: fail in report/certificate.json: waited 1.00 s for 12616\n" in run.stdout
    (tmp_path / "report" / "certificate.json").write_text("{}")
    damaged = complaint(proctor("explain", CLAUSE, cwd=tmp_path), 2)
    assert damaged.startswith("report/certificate.json: is no certificate: ")
    assert "the nearest is S9" in complaint(proctor("explain", "S99", cwd=spec_folder()), 2)
