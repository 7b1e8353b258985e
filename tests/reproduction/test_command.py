"""`proctor list` and `proctor reproduce`, as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.places import CHECKOUT
from proctor.reproduction.liars import liars, write_manifest
from tests.examination.miniatures import server

PROCTOR = str(Path(sys.executable).with_name("proctor"))
ENDS_WITHIN_S = 300
REAPING = "conformance/supervision/test_reaping.py::test_workers_that_die_together_are_all_reaped"


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """Where the command may leave something, and must not."""
    folder = tmp_path / "left"
    folder.mkdir()
    return folder


def proctor(*words: str, left: Path, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [PROCTOR, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_WITHIN_S,
        cwd=left.parent,
        env={**os.environ, "TMPDIR": str(left), "PATH": path},
    )
    assert list(left.iterdir()) == []
    return done


# --- list


def test_the_catalogue_is_listed_with_who_shows_it_or_why_nobody_does(left: Path) -> None:
    lines = proctor("list", left=left).stdout.splitlines()
    assert "Server process and signals" in lines
    assert "  S1   N−1 zombies stay; fewer than N live  -> supervision.ReapsOncePerSignal" in lines
    why = "not to be reproduced: the exit status of a worker is told to its parent alone."
    assert f'  S19  W\'s exit is "signal 15", not 0  {why}' in lines


def test_the_catalogue_is_data_too(left: Path) -> None:
    entries = {entry["id"]: entry for entry in json.loads(proctor("list", "--json", left=left).stdout)}
    assert entries["S1"]["staged_on"] == "supervision.ReapsOncePerSignal"
    assert REAPING in entries["S1"]["tests"]
    assert entries["S19"]["staged_on"] is None
    assert entries["S19"]["untested_because"] == "the exit status of a worker is told to its parent alone."


# --- staged on who has it on purpose


def test_a_failure_mode_is_told_from_its_trigger_to_its_symptom(left: Path) -> None:
    run = proctor("reproduce", "S1", left=left)
    assert run.returncode == 0, run.stdout + run.stderr
    told = [
        "S1 one-wait-per-SIGCHLD   spec/failure-modes.md:",
        "trigger: STOP P; KILL all W; CONT P",
        "supervision.ReapsOncePerSignal of tests/broken has it: Waits once for each SIGCHLD",
        "It breaks supervision/every-death-is-reaped (MUST)",
        f"fail  {REAPING}",
        "server started: process ",
        "fault Stop took effect: state T",
        "fault Kill took effect: 3 pidfds fired after SIGKILL",
        "fault Stop is healed",
        "what is seen, against supervision/every-death-is-reaped:",
        "to be reaped; last seen: ",
        "S1 was reproduced on supervision.ReapsOncePerSignal, which breaks supervision/every-death-is-reaped.",
        "also held by chaos/test_bursts.py::test_many_sigchld_among_real_deaths_hide_none",
        "on yours: proctor reproduce S1 --impl=PATH",
    ]
    assert in_this_order(run.stdout, told), run.stdout


@pytest.mark.parametrize("mode", ["F20", "R12", "D6", "C5"])
def test_a_failure_mode_of_each_family_is_staged(mode: str, left: Path) -> None:
    run = proctor("reproduce", mode, left=left)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"\n{mode} was reproduced on " in run.stdout


def test_what_this_machine_lacks_is_told_and_is_no_verdict(left: Path) -> None:
    run = proctor("reproduce", "S3", left=left, path=str(left))
    assert (run.returncode, run.stderr) == (2, "")
    told = next(line for line in run.stdout.splitlines() if line.startswith("S3 could not be staged here: "))
    assert "strace" in told


# --- tried on somebody else


def test_who_does_not_have_it_is_told_so(left: Path) -> None:
    """The zero of a trial: all cases were tried, and passed."""
    run = proctor("reproduce", "Q1", f"--impl={CHECKOUT / 'reference'}", left=left)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "    wire/unknown-method (MUST)   spec/wire.md:" in run.stdout
    assert "pass  conformance/wire/test_methods.py::test_a_method_that_is_not_claimed_is_unknown\n" in run.stdout
    assert f"\nQ1 did not show on {CHECKOUT / 'reference'}: " in run.stdout


def test_who_has_it_is_told_so_though_it_is_no_more_than_advice(left: Path) -> None:
    """A SHOULD that is broken fails no run of pytest, and shows here all the same."""
    write_manifest(next(liar for liar in liars() if liar.name == "wire.TellsWhereItFailed"), left.parent)
    run = proctor("reproduce", "Q5", "--impl=.", left=left)
    assert run.returncode == 1, run.stdout + run.stderr
    told = [
        "    wire/errors-tell-no-secrets (SHOULD)   spec/wire.md:",
        "fail  conformance/wire/test_errors.py::test_no_message_tells_where_the_server_lives\n",
        "received: error ",
        "what is seen, against wire/errors-tell-no-secrets:",
        "\nQ5 shows on ., or what looks like it: 1 of 1 case failed.",
    ]
    assert in_this_order(run.stdout, told), run.stdout


def test_who_claims_nothing_that_answers_it_is_not_judged(left: Path) -> None:
    """Schedules that are drawn belong to no trial, whatever is claimed."""
    run = proctor("reproduce", "C6", f"--impl={CHECKOUT / 'tests' / 'broken'}", left=left)
    assert (run.returncode, run.stderr) == (2, "")
    assert "not claimed  conformance/client/" in run.stdout
    assert "chaos/test_schedules.py" not in run.stdout
    assert run.stdout.endswith("it claims nothing that answers it.\n")


# --- bad input


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("S99",), "S99 is no failure mode; the nearest is S9 worker-not-replaced; `proctor list` shows all"),
        (("S19",), "S19 can't be reproduced: the exit status of a worker is told to its parent alone."),
        (("S19", "--impl=."), "S19 can't be tried: the exit status of a worker is told to its parent alone."),
        (("S1", "--impl=nowhere"), "nowhere: no such folder; name the one that holds impl.toml"),
        (("S1", "--registry=nowhere"), "the registry can't be had: registry 'nowhere': 'nowhere' is no HOST:PORT."),
    ],
)
def test_what_can_not_be_tried_is_one_line(words: tuple[str, ...], message: str, left: Path) -> None:
    server(left.parent, "")
    run = proctor("reproduce", *words, left=left)
    assert run.returncode == 2
    assert run.stderr.startswith(f"Error: {message}")
    assert len(run.stderr.splitlines()) == 1


def test_a_server_that_does_not_start_is_not_judged(left: Path) -> None:
    server(left.parent, "raise SystemExit('no configuration')", limits="boot_s = 20")
    run = proctor("reproduce", "S1", "--impl=.", left=left)
    assert run.returncode == 2
    assert run.stderr.startswith("Error: miniature (")
    assert "no configuration" in run.stderr


def in_this_order(text: str, parts: list[str]) -> bool:
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
    return True
