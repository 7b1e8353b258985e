"""A run certifies only if it came to the end of every case, whatever it was that left some out, or cut them short."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from proctor.places import CHECKOUT
from tests.examination.miniatures import Run, examine
from tests.examination.test_verdicts import MUST, clause_of, impl, run_suite

__all__ = ["impl"]  # the fixture


def run_whole_suite(impl: Path, *arguments: str) -> tuple[Run, dict[str, Any]]:
    run = examine(impl, *arguments)
    return run, json.loads((impl / "report" / "certificate.json").read_text())


def verdict_of(document: dict[str, Any]) -> str:
    return next(str(profile["verdict"]) for profile in document["profiles"] if profile["name"] == "supervision")


@pytest.mark.parametrize("processes", ["0", "2"])
def test_what_was_set_up_and_never_called_has_not_passed(impl: Path, processes: str) -> None:
    run, document = run_whole_suite(impl, "--setup-plan", "-n", processes)
    assert run.status == 5, run.text
    assert verdict_of(document) == "not examined"
    assert not document["selection"]["complete"]


def test_a_file_that_was_not_collected_is_named(impl: Path) -> None:
    """By an option that is not ours, or a setting of whatever project lies about."""
    file = "conformance/supervision/test_reaping.py"
    _, document = run_whole_suite(impl, "--setup-plan", f"--ignore={CHECKOUT / file}")
    assert document["selection"]["expression"].startswith(f"not run: {file}, ")


@pytest.mark.parametrize("when", ["tryfirst", "trylast"])
@pytest.mark.parametrize("processes", ["0", "1"])
def test_cases_that_a_plugin_leaves_out_are_missing(impl: Path, when: str, processes: str) -> None:
    """Without a word of it, and before or after we have seen them."""
    (impl / "leaves_out.py").write_text(
        textwrap.dedent(f"""
            import pytest

            @pytest.hookimpl({when}=True)
            def pytest_collection_modifyitems(items):
                items[:] = [item for item in items if "test_workers_that_die_together" in item.nodeid]
        """)
    )
    run, document = run_whole_suite(impl, "-p", "leaves_out", "-n", processes)
    assert "1 passed" in run.text or "1 failed" in run.text, run.text
    assert document["selection"]["expression"].startswith("not run: chaos/test_")
    assert "only a part was run" in run.text


def test_a_case_that_was_interrupted_has_no_verdict(impl: Path) -> None:
    """Though it was set up."""
    run, document = run_suite(impl, f"@clause('{MUST}')\ndef test_it(server): raise KeyboardInterrupt")
    assert run.status == 2, run.text
    assert clause_of(document)["verdict"] == "not run"


def test_a_case_whose_process_died_is_an_error(impl: Path) -> None:
    """Also for whoever gates on junit.xml."""
    cases = f"""
        import os

        @clause('{MUST}')
        def test_dies(server): os._exit(9)

        @clause('{MUST}')
        def test_passes(server): ...

        def test_that_is_no_case(): os._exit(9)
    """
    run, document = run_suite(impl, cases, "-n1")
    assert run.status == 1, run.text
    (died, passed) = clause_of(document)["cases"]
    assert (died["case"], died["verdict"]) == ("test_cases.py::test_dies", "error")
    assert passed["verdict"] == "pass"
    assert document["selection"]["expression"] == "test_cases.py no verdict of test_cases.py::test_dies"
    assert "the process that ran it ended before the case did" in (impl / "report" / "junit.xml").read_text()
