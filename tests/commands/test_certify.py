"""`proctor certify`: pytest's verdicts and statuses, wherever it is typed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from proctor.commands.certify import marked
from proctor.places import CHECKOUT
from proctor.plugin import CASES_A_CORE
from proctor.reproduction.liars import liars, write_manifest
from proctor.waiting import eventually
from tests.commands.typed import HEEDS_INTERRUPTS, PROCTOR, complaint, proctor
from tests.examination.miniatures import server

REFERENCE = CHECKOUT / "reference"
BEGINS_WITHIN_S = 60  # beside many others
PING = "conformance/wire/test_methods.py::test_ping_returns_its_params"


def test_what_passes_is_green_and_its_certificate_can_be_read_by_a_program(tmp_path: Path) -> None:
    words = ("--jobs=0", "--seed=17", "--report=here", "--json", "--profile=wire", "-kreturns_its_params")
    run = proctor("certify", REFERENCE, PING, *words, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    assert document == json.loads((tmp_path / "here" / "certificate.json").read_text())
    assert document["seed"] == 17
    assert {case["verdict"] for clause in document["clauses"] for case in clause["cases"]} == {"pass"}
    assert "proctor: registry embedded, seed 17" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_what_breaks_a_must_fails_it(tmp_path: Path) -> None:
    liar = next(liar for liar in liars() if liar.name == "wire.TakesEmptyTextForNothing")
    write_manifest(liar, tmp_path)
    run = proctor("certify", ".", PING, "--jobs=0", "--quiet", cwd=tmp_path)
    assert run.returncode == 1, run.stdout
    assert "test session starts" not in run.stdout


def test_a_run_in_which_no_case_ran_is_not_green(tmp_path: Path) -> None:
    run = proctor("certify", REFERENCE, PING, "-k", "nothing-is-called-so", "--jobs=0", cwd=tmp_path)
    assert run.returncode == 5


def test_what_others_put_into_the_environment_makes_no_difference(tmp_path: Path) -> None:
    """Neither to it nor to the processes that share its work."""
    words = ("-kreturns_its_params", "--jobs=1")
    run = proctor("certify", REFERENCE, PING, *words, cwd=tmp_path, PYTEST_ADDOPTS="--nonsense", PYTEST_PLUGINS="none")
    assert run.returncode == 0, run.stderr


def test_several_cases_share_a_core_since_they_mostly_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    run = proctor("certify", REFERENCE, PING, cwd=tmp_path)
    assert f"{CASES_A_CORE * len(os.sched_getaffinity(0))} workers" in run.stdout


def test_an_interrupt_ends_it_and_what_it_examines(tmp_path: Path) -> None:
    """While the server of the smoke check is waited for, which never is ready."""
    server(
        tmp_path,
        "import time; print('thinking', flush=True); open('begun', 'w').close(); time.sleep(600)",
        "boot_s = 60",
    )
    command = [*HEEDS_INTERRUPTS, PROCTOR, "certify", str(tmp_path), "--jobs=0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as run:
        eventually((tmp_path / "begun").exists, within=BEGINS_WITHIN_S)
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere: no such folder"),
        ([CHECKOUT / "docs"], "docs: holds no impl.toml"),
        ([REFERENCE, PING.replace("returns", "return")], f"is no case of the suite; the nearest is {PING}"),
        ([REFERENCE, "conformance/wire/test_method.py"], "the nearest is conformance/wire/test_methods.py"),
    ],
)
def test_a_path_or_case_that_is_not_there_is_one_line(words: list[str | Path], said: str, tmp_path: Path) -> None:
    assert said in complaint(proctor("certify", *words, cwd=tmp_path), 4)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("profiles", "marks", "expression"),
    [
        ((), None, ""),
        (("wire",), None, "wire"),
        ((), "must", "must"),
        (("wire", "client"), "must or should", "(wire or client) and (must or should)"),
    ],
)
def test_profiles_and_marks_are_one_expression(profiles: tuple[str, ...], marks: str | None, expression: str) -> None:
    assert marked(profiles, marks) == expression
