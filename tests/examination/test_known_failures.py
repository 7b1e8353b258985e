"""Known failures through a run as a user makes it: they don't block, and they don't rot."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.examination.miniatures import examine
from tests.examination.test_verdicts import MUST, clause_of, impl, run_suite

__all__ = ["impl"]  # the fixture

FAILS = f"""
    @clause('{MUST}')
    def test_it(server):
        assert server.pid == 0, f"nobody is reaped by {{server.pid}}"
"""
KNOWN = """
    [[known]]
    case = "test_cases.py::test_it"
    message = "nobody is reaped by 12"
    reason = "it is a toy."
    issue = "https://example.org/1"
"""


def know(impl: Path, text: str) -> None:
    (impl / "known_failures.toml").write_text(textwrap.dedent(text))


def test_a_known_failure_does_not_block_and_does_not_certify(impl: Path) -> None:
    know(impl, KNOWN)
    run, document = run_suite(impl, FAILS, "-rs")
    assert run.status == 0, run.text
    assert clause_of(document)["verdict"] == "known failure"
    assert "1 known failure" in run.text
    assert next(entry for entry in document["profiles"] if entry["name"] == "supervision")["verdict"] == "not certified"
    (known,) = document["known_failures"]
    assert known == {
        "case": "test_cases.py::test_it",
        "message": "nobody is reaped by 12",
        "reason": "it is a toy.",
        "issue": "https://example.org/1",
        "expires": None,
        "untrue": None,
    }


def test_a_fault_that_is_known_not_to_take_does_not_block(impl: Path) -> None:
    """A server that never does what is to be disturbed can't be judged, and its author knows why."""
    know(impl, KNOWN)
    run, document = run_suite(impl, FAILS.replace("assert server.pid == 0, ", "raise Inconclusive(").rstrip() + ")")
    assert run.status == 0, run.text
    assert clause_of(document)["verdict"] == "known failure"


def test_a_machine_that_lacks_something_is_no_known_failure(impl: Path) -> None:
    know(impl, KNOWN)
    run, document = run_suite(impl, FAILS.replace("assert server.pid == 0, ", "raise Unavailable(").rstrip() + ")")
    assert clause_of(document)["verdict"] == "inconclusive", run.text


def test_another_failure_of_a_known_case_blocks(impl: Path) -> None:
    know(impl, KNOWN)
    run, document = run_suite(impl, FAILS.replace("nobody", "not everybody"))
    assert run.status == 1
    assert clause_of(document)["verdict"] == "fail"
    assert "known_failures.toml:2: unmatched: test_cases.py::test_it fails otherwise" in run.text


def test_a_known_failure_that_passes_fails_the_run(impl: Path) -> None:
    know(impl, KNOWN)
    run, document = run_suite(impl, FAILS.replace("== 0", "!= 0"))
    assert run.status == 1
    assert clause_of(document)["verdict"] == "pass"
    assert "known_failures.toml:2: stale: what it names passes: test_cases.py::test_it; take the entry out" in run.text


def test_a_known_failure_that_has_expired_fails_the_run(impl: Path) -> None:
    know(impl, KNOWN + "    expires = 2020-01-31\n")
    run, document = run_suite(impl, FAILS)
    assert run.status == 1
    assert clause_of(document)["verdict"] == "fail"
    assert "known_failures.toml:2: expired on 2020-01-31" in run.text


def test_a_malformed_file_is_one_message(impl: Path) -> None:
    know(impl, KNOWN.replace("reason", "cause"))
    run, _ = run_suite(impl, FAILS)
    assert run.status == 4
    assert "known_failures.toml:5: Object contains unknown field `cause`" in run.error


def test_an_update_of_a_part_is_refused_and_changes_nothing(impl: Path) -> None:
    know(impl, KNOWN)
    before = (impl / "known_failures.toml").read_bytes()
    run, _ = run_suite(impl, FAILS, "--update-known-failures")
    assert run.status == 4
    assert run.error == "--update-known-failures needs a whole run, and this is one of test_cases.py"
    assert (impl / "known_failures.toml").read_bytes() == before


@pytest.fixture
def resizes(impl: Path) -> Path:
    """It claims what takes a few cases to see, and dies of the signals for it."""
    manifest = (impl / "impl.toml").read_text().replace('"supervision"', '"restart"')
    (impl / "impl.toml").write_text(manifest + "\n[capabilities]\nresize = true\n")
    return impl


def test_an_update_after_a_whole_run_holds_in_the_next_once_reasons_are_given(resizes: Path) -> None:
    first = examine(resizes, "--update-known-failures", "-q")
    assert first.status == 1
    known = resizes / "known_failures.toml"
    assert 'case = "conformance/restart/test_resize.py::' in known.read_text()
    second = examine(resizes, "-q")
    assert second.status == 4
    assert "`reason` is empty" in second.error
    known.write_text(known.read_text().replace('reason = ""', 'reason = "it dies of them"'))
    third = examine(resizes, "-q")
    assert third.status == 0, third.text
