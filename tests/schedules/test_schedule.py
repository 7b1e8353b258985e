"""Schedules as data: drawn alike everywhere, written and read again, refused if they make no sense."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proctor.schedules.replay import Replay, ReplayError, read_replay
from proctor.schedules.schedule import After, AfterCalls, Planned, Schedule, as_data, from_data

CASE = "chaos/test_schedules.py::test_fleets_outlive_whatever_is_drawn"
SCHEDULE = Schedule(
    (2, 1), 1, 2, (Planned("kill-worker", AfterCalls(3), 1), Planned("freeze-link", After(0.25), 4, 0.5))
)
DRAWING = """
import hypothesis
from proctor.schedules.acts import ACTS
from proctor.schedules.drawing import schedules

@hypothesis.settings(max_examples=20, database=None, deadline=None)
@hypothesis.seed(7)
@hypothesis.given(schedules(list(ACTS), 7, 1, of_servers=True, of_clients=True))
def draw(schedule):
    print(schedule)

draw()
"""


def drawn(hash_seed: str) -> str:
    """What another process draws."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, "-c", DRAWING], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_the_same_seed_draws_the_same_schedules_in_any_process() -> None:
    first = drawn("1")
    assert first == drawn("2")
    assert len(set(first.split("servers of"))) > 10, "they differ from each other"


def test_a_schedule_comes_back_as_it_was() -> None:
    assert from_data(json.loads(json.dumps(as_data(SCHEDULE)))) == SCHEDULE


def test_a_replay_file_comes_back_with_its_case(tmp_path: Path) -> None:
    file = tmp_path / "made" / "for it.json"
    Replay(SCHEDULE, CASE, 7, {"proctor": "0"}, {"resize": True}, 3, 4, ["it broke"], []).save(file)
    assert read_replay(file) == (SCHEDULE, CASE)


def changed(**facts: Any) -> dict[str, Any]:
    return {**as_data(SCHEDULE), **facts}


ACT = {"what": "kill-worker", "trigger": {"when": "after", "seconds": 0}}

BAD: dict[str, tuple[Any, str]] = {
    "no object": ([], "holds no schedule"),
    "no schedule": ({"case": CASE}, "'schedule' is missing"),
    "no case": ({"schedule": as_data(SCHEDULE)}, "'case' is missing"),
    "an unknown key": ({"schedule": changed(more=1), "case": CASE}, "unknown field `more`"),
    "a wrong type": ({"schedule": changed(ours="two"), "case": CASE}, r"Expected `int`, got `str` - at `\$.ours`"),
    "too many": ({"schedule": changed(servers=[1] * 6), "case": CASE}, "servers: 6; there may be 0 to 5"),
    "a server without workers": ({"schedule": changed(servers=[0]), "case": CASE}, "each has 1 to 8 workers"),
    "nobody who serves": ({"schedule": changed(servers=[], ours=0), "case": CASE}, "nobody serves"),
    "a negative time": (
        {"schedule": changed(acts=[{**ACT, "lasts_s": -1}]), "case": CASE},
        "acts: 'lasts_s' is -1; it may be 0 to 60",
    ),
    "a trigger of no kind": (
        {"schedule": changed(acts=[{**ACT, "trigger": {"when": "noon"}}]), "case": CASE},
        "Invalid value 'noon'",
    ),
    "an act that isn't there": (
        {"schedule": changed(acts=[{**ACT, "what": "kill-workr"}]), "case": CASE},
        "no act is called 'kill-workr'; the nearest is 'kill-worker'",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_replay_file_that_makes_no_sense_is_refused(name: str, tmp_path: Path) -> None:
    data, told = BAD[name]
    file = tmp_path / "replay.json"
    file.write_text(json.dumps(data))
    with pytest.raises(ReplayError, match=told) as refused:
        read_replay(file)
    assert str(refused.value).startswith(f"{file}: ")


def test_a_replay_file_that_is_no_json_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "replay.json").write_text("{")
    with pytest.raises(ReplayError, match="holds no schedule"):
        read_replay(tmp_path / "replay.json")
    with pytest.raises(ReplayError, match="No such file"):
        read_replay(tmp_path / "none.json")
