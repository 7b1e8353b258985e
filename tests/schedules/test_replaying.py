"""Schedules as a user meets them: tried on an implementation, kept, tried again, judged again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from proctor.places import CHECKOUT
from proctor.schedules.schedule import After, AfterCalls, Planned, Schedule, as_data, from_data
from tests.broken.catalogue import HONEST, called
from tests.broken.manifest import quick
from tests.checks.stories import call, story
from tests.examination.miniatures import Run, examine

PROCTOR = str(Path(sys.executable).with_name("proctor"))
CASE = "chaos/test_schedules.py::test_servers_outlive_whatever_is_drawn"
SUITE = str(CHECKOUT / "chaos" / "test_schedules.py")
# A parent that runs meanwhile may be quick enough to have a signal for each.
ALL_AT_ONCE = Schedule(
    (4,), 0, 0, (Planned("stop-parent", After(0), lasts_s=2.0), Planned("kill-workers", AfterCalls(2)))
)
WITH_IT = {  # who is not known to be dead is not replaced, and is waited for when the server is to stop
    "supervision/dead-worker-is-replaced",
    "supervision/stop-ends-everything",
}


def replay_file(folder: Path, schedule: Schedule = ALL_AT_ONCE, **facts: Any) -> Path:
    file = folder / "replay.json"
    file.write_text(json.dumps({"schedule": as_data(schedule), "case": CASE, **facts}))
    return file


def rechecked(history: Path) -> Run:
    done = subprocess.run([PROCTOR, "recheck", str(history)], capture_output=True, text=True, check=False)
    return Run(done.returncode, done.stdout + done.stderr, 0.0)


def test_a_schedule_shows_what_is_wrong_and_its_history_shows_it_again(tmp_path: Path) -> None:
    """Three of four who die together are never reaped."""
    impl = quick(called("supervision.ReapsOncePerSignal"), tmp_path)
    run = examine(impl, f"--replay={replay_file(tmp_path)}", "-q", SUITE)
    assert run.status == 1, run.text
    assert "supervision/every-death-is-reaped (MUST)" in run.text
    assert "kill-workers on 0, after 2 calls" in run.text
    assert "only a part was run (" in run.text
    kept = tmp_path / "report" / "replays"
    (replay,), (history,) = kept.glob("*.json"), kept.glob("*.jsonl")
    found = json.loads(replay.read_text())
    assert from_data(found["schedule"]) == ALL_AT_ONCE
    assert found["broke"] == found["tried"], "each time"
    assert [act["what"] for act in found["observed"]] == ["stop-parent", "kill-workers"]
    document = json.loads((tmp_path / "report" / "certificate.json").read_text())
    failed = {entry["id"] for entry in document["clauses"] if entry["verdict"] == "fail"}
    assert "supervision/every-death-is-reaped" in failed
    assert failed <= {"supervision/every-death-is-reaped", *WITH_IT}, "and of the clauses that its case cites no other"
    again = rechecked(history)
    assert again.status == 1
    assert "supervision/every-death-is-reaped: process " in again.text


def test_the_same_schedule_does_the_honest_one_no_harm(tmp_path: Path) -> None:
    impl = quick(HONEST, tmp_path)
    run = examine(impl, f"--replay={replay_file(tmp_path)}", "-q", SUITE)
    assert run.status == 0, run.text
    assert "kill-workers: nothing found; at rest " in run.text
    assert not (tmp_path / "report" / "replays").exists()


def test_what_comes_with_the_connection_to_the_registry_is_waited_for(tmp_path: Path) -> None:
    """A server whose connection was cut, and has yet to come back, has one node for a moment, and then two."""
    impl = quick(called("chance_servers.RegistersTheBereavedAgain"), tmp_path)
    acts = (Planned("kill-worker", After(0)), Planned("cut-server", After(0.3)))
    run = examine(impl, f"--replay={replay_file(tmp_path, Schedule((2,), 0, 0, acts))}", "-q", SUITE)
    assert "where server 1 serves" in run.text
    (replay,) = (tmp_path / "report" / "replays").glob("*.json")
    found = json.loads(replay.read_text())
    assert found["broke"] == found["tried"]


def test_without_a_budget_nothing_is_drawn_and_with_one_progress_is_shown(tmp_path: Path) -> None:
    impl = quick(HONEST, tmp_path)
    assert "5 deselected" in examine(impl, "-q", SUITE).text
    run = examine(impl, "-q", SUITE, "--chaos-budget=0.1", "--seed=3", "-k", "reload")
    assert run.status == 0, run.text
    assert "proctor: test_servers_that_reload_outlive_whatever_is_drawn: " in run.text


def test_a_replay_of_another_suite_or_of_none_is_a_usage_error(tmp_path: Path) -> None:
    impl = quick(HONEST, tmp_path)
    run = examine(impl, f"--replay={replay_file(tmp_path, case='chaos/test_gone.py::test_a')}", "-q", SUITE)
    assert run.status == 4
    assert "its schedule is of chaos/test_gone.py::test_a, which is not among the cases to be run" in run.error
    run = examine(impl, f"--replay={tmp_path / 'none.json'}", "-q", SUITE)
    assert run.status == 4
    assert "none.json: No such file or directory" in run.error


def test_what_an_implementation_answered_is_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    story(call(12.0, answered="pong \x1b[31m\n::error::wrong")).save(history)
    run = rechecked(history)
    assert run.status == 1, run.text
    assert r"pong \x1b[31m" in run.text
    assert "\x1b" not in run.text
    assert not any(line.startswith("::") for line in run.text.splitlines())


def test_a_history_that_cannot_be_judged_is_one_line(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    for text, told in (
        ('{"at": 1, "kind": "case", "name": "a"}\n', "can't be judged: the history is not of a schedule"),
        ('{"at": 1, "kind": "terms", "limit": {}}\n', "can't be judged: "),
        ("7\n", "history.jsonl:1: not an event of a history"),
    ):
        history.write_text(text)
        run = rechecked(history)
        assert run.status == 2
        assert told in run.text
        assert len(run.text.splitlines()) == 1
    assert "No such file" in rechecked(tmp_path / "none").text


def test_a_cut_waits_for_the_connection_that_it_cuts(tmp_path: Path) -> None:
    """Whose session has just expired has none for a moment: a cut that came then would meet nobody."""
    impl = quick(called("chance_clients.IsDeafAfterACutAndAnExpiry"), tmp_path)
    coincidence = Schedule((), 2, 1, (Planned("expire-client", After(0)), Planned("cut-client", After(0.2))))
    case = CASE.replace("servers", "clients")
    run = examine(impl, f"--replay={replay_file(tmp_path, coincidence, case=case)}", "-q", SUITE)
    assert run.status == 1, run.text
    (replay,) = (tmp_path / "report" / "replays").glob("*.json")
    found = json.loads(replay.read_text())
    assert [act["missed"] for act in found["observed"]] == [False, False]
