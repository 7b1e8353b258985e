"""`--shard`: each case is in one shard, whoever deals them, and one run is one with all its shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proctor.report.merge import merged, read_part
from tests.examination.miniatures import examine
from tests.examination.test_known_failures import know
from tests.examination.test_verdicts import MUST, impl, run_suite

__all__ = ["impl"]  # the fixture

CASES = f"""
    import pytest

    @clause('{MUST}')
    @pytest.mark.parametrize("number", range(4))
    def test_it(server, number): assert server.workers()

    @clause('{MUST}')
    def test_fails(server): assert server.pid == 0, "nobody is reaped"
"""
KNOWN = """
    [[known]]
    case = "test_cases.py::test_fails"
    message = "nobody is reaped"
    reason = "it is a toy."
"""


def shard(impl: Path, which: str, *arguments: str) -> dict[str, Any]:
    run, document = run_suite(impl, CASES, f"--shard={which}", "--seed=17", *arguments)
    assert run.status == 0, run.text
    kept = impl / "report" / which[0] / "certificate.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps(document))
    return document


def cases_of(document: dict[str, Any]) -> list[str]:
    return [case["case"] for clause in document["clauses"] for case in clause["cases"]]


def timeless(document: dict[str, Any]) -> dict[str, Any]:
    """What must be the same in two runs: neither times nor pids."""
    for clause in document["clauses"]:
        for case in clause["cases"]:
            del case["duration_s"]
            case["message"] = case["message"].partition("\n")[0]
            case["evidence"] = bool(case["evidence"])
    return {name: value for name, value in document.items() if name not in ("started", "finished", "selection")}


def test_shards_come_to_what_one_run_comes_to(impl: Path) -> None:
    """One of them under xdist, where the process that writes the certificate collects nothing."""
    know(impl, KNOWN)
    one_run, document = run_suite(impl, CASES, "--seed=17")
    assert one_run.status == 0, one_run.text
    first, second = shard(impl, "1/2"), shard(impl, "2/2", "-n1")
    assert abs(len(cases_of(first)) - len(cases_of(second))) == 1
    came = merged([read_part(impl / "report" / name / "certificate.json") for name in "21"])
    assert (came.passed, came.untrue) == (True, ())
    came_to, one_run_came_to = timeless(came.document), timeless(document)
    assert came_to == one_run_came_to
    assert came.document["selection"] == {"complete": False, "expression": "test_cases.py", "shards": 2}


def test_an_entry_that_matches_nothing_in_a_shard_is_no_error_there(impl: Path) -> None:
    know(impl, KNOWN.replace("test_fails", "test_nothing"))
    run, _ = run_suite(
        impl, CASES.partition("@clause('" + MUST + "')\n    def test_fails")[0], "--shard=1/2", "--seed=1"
    )
    assert run.status == 0, run.text


@pytest.mark.parametrize("written", ["0/2", "3/2", "1/2/3", "one", ""])
def test_a_shard_that_is_none_is_one_message(impl: Path, written: str) -> None:
    run = examine(impl, f"--shard={written}", "--seed=1")
    assert run.status == 4
    assert run.error == f"--shard={written}: expected I/N, the I-th of N shards, such as 1/3"


def test_a_shard_without_a_seed_could_never_be_merged(impl: Path) -> None:
    run = examine(impl, "--shard=1/2")
    assert (run.status, run.error) == (4, "--shard=1/2 needs --seed=N, the same for all shards")


def test_known_failures_are_not_rewritten_by_a_shard(impl: Path) -> None:
    run = examine(impl, "--shard=1/2", "--seed=1", "--update-known-failures")
    assert run.status == 4
    assert run.error == "--update-known-failures needs a whole run, and this is one of --shard=1/2"
