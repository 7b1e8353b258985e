"""A chaos case that fails leaves its history and its timeline, and says where; the others leave what was asked for."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from proctor.examination.timelines import file_name, one_run
from proctor.history import Event, History
from tests.examination.miniatures import Run, examine
from tests.examination.test_verdicts import MUST, impl

__all__ = ["impl"]  # the fixture

CASES = f"""
    from proctor.api import *

    @clause('{MUST}')
    def test_passes(server, history):
        history.record("of another case")

    @clause('{MUST}')
    def test_fails(start_server, history):
        with Kill([start_server().pid], history) as kill:
            kill.took_effect()
        assert False, "nobody is <b>reaped</b>"
"""
TELLS_WHETHER_IT_DRAWS = """
import sys

def pytest_unconfigure(config):
    if hasattr(config, "workerinput"):
        return
    with open("loaded", "w") as file:
        file.write(str("proctor.report.timeline" in sys.modules))
"""


def run(impl: Path, *arguments: str, folder: str = "chaos", cases: str = CASES) -> Run:
    (impl / "pytest.ini").write_text("[pytest]\n")
    (impl / "conftest.py").write_text(TELLS_WHETHER_IT_DRAWS)
    (impl / folder).mkdir(exist_ok=True)
    (impl / folder / "test_cases.py").write_text(textwrap.dedent(cases))
    return examine(impl, folder, *arguments)


def left(impl: Path) -> list[str]:
    """What stands in the folders below the report's own."""
    report = impl / "report"
    return sorted(path.relative_to(report).as_posix() for path in report.glob("*/**/*") if path.is_file())


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_chaos_case_that_fails_leaves_its_own_history_and_page_and_names_them(impl: Path, processes: str) -> None:
    done = run(impl, "--seed=17", "-n", processes)
    assert done.status == 1
    name = "chaos.test_cases.test_fails"
    assert left(impl) == [f"histories/{name}.jsonl", f"timelines/{name}.html"]
    named = f"timeline: report/timelines/{name}.html, drawn from report/histories/{name}.jsonl"
    assert [line for line in done.text.splitlines() if line.startswith("timeline: ")] == [named]
    history = History.load(impl / "report" / "histories" / f"{name}.jsonl")
    kinds = [event.kind for event in history]
    assert kinds[0] == "case"
    assert "of another case" not in kinds
    assert [event.facts["phase"] for event in history.events("fault")] == ["injected", "effective", "healed"]
    (finding,) = history.events("finding")
    assert finding.facts["clause"] == MUST
    page = (impl / "report" / "timelines" / f"{name}.html").read_text()
    for shown in ("chaos/test_cases.py::test_fails", "miniature", "embedded", "<dd>17</dd>", MUST, "Kill"):
        assert shown in page
    assert "nobody is &lt;b&gt;reaped" in page


def test_all_chaos_cases_leave_one_if_asked_for(impl: Path) -> None:
    assert run(impl, "--timelines=all").status == 1
    names = [name for name in left(impl) if name.startswith("timelines/")]
    assert names == ["timelines/chaos.test_cases.test_fails.html", "timelines/chaos.test_cases.test_passes.html"]
    history = History.load(impl / "report" / "histories" / "chaos.test_cases.test_fails.jsonl")
    assert history.events("finding"), "the failure is still told when the case is over"


@pytest.mark.parametrize(("folder", "argument"), [("chaos", "--timelines=none"), ("conformance", "--timelines=all")])
def test_no_other_case_leaves_anything(impl: Path, folder: str, argument: str) -> None:
    done = run(impl, argument, folder=folder)
    assert done.status == 1
    assert left(impl) == []
    assert "timeline: " not in done.text


def test_a_run_without_a_failure_does_not_pay_for_drawing(impl: Path) -> None:
    assert run(impl, "-k", "test_passes").status == 0
    assert (impl / "loaded").read_text() == "False"
    assert run(impl, "-k", "test_fails").status == 1
    assert (impl / "loaded").read_text() == "True"


def test_of_a_case_that_performed_many_schedules_the_last_run_that_broke_something_is_left() -> None:
    """The others were bigger, or broke nothing: on one axis with them it would not be seen."""
    told = ["case", "schedule", "call", "schedule", "fault", "finding", "schedule", "view"]
    history = History.of(Event(float(at), kind) for at, kind in enumerate(told))
    assert [event.at for event in one_run(history)] == [3, 4, 5]
    unbroken = History.of(event for event in history if event.kind != "finding")
    assert [event.at for event in one_run(unbroken)] == [6, 7]
    unscheduled = History.of(event for event in history if event.kind != "schedule")
    assert len(list(one_run(unscheduled))) == 5


def test_a_page_that_cannot_be_written_hides_no_failure(impl: Path) -> None:
    (impl / "report").mkdir()
    (impl / "report" / "timelines").write_text("in the way")
    done = run(impl)
    assert done.status == 1
    assert "nobody is <b>reaped</b>" in done.text
    assert "timeline: could not be left: FileExistsError: " in done.text
    certificate = json.loads((impl / "report" / "certificate.json").read_text())
    assert {entry["verdict"] for entry in certificate["clauses"] if entry["id"] == MUST} == {"fail"}


def test_a_wrong_wish_is_a_usage_error(impl: Path) -> None:
    done = run(impl, "--timelines=some")
    assert done.status == 4
    assert "--timelines: invalid choice: 'some'" in done.text


def test_every_case_has_a_file_name_of_its_own_that_any_system_takes() -> None:
    cases = [
        "chaos/test_workers.py::test_a",
        "chaos/test_workers.py::test_a[1]",
        "chaos/test_workers.py::test_a[a.b]",
        "chaos/test_workers.py::test_a[a/b]",
        "chaos/test_workers.py::test_a[a:b]",
        "chaos/test_workers.py::test_a[a b]",
        "chaos/test_workers.py::test_a[é\ud800]",
        "chaos/test_workers.py::test_a" + "x" * 500,
        "chaos/test_workers.py::test_a" + "x" * 501,
    ]
    names = [file_name(case) for case in cases]
    assert names[:2] == ["chaos.test_workers.test_a", "chaos.test_workers.test_a-1"]
    assert len(set(names)) == len(cases)
    assert all(name.isascii() and len(name) < 200 and not set(name) & set('/\\:*?"<>| []') for name in names)
