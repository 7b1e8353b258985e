"""How schedules are searched, on ones that are never performed: what they break is up to the test."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest

from proctor.checks.finding import Finding
from proctor.history import Event, History
from proctor.manifest import read_manifest
from proctor.outcome import Inconclusive
from proctor.places import CHECKOUT
from proctor.process.stalls import StallMeter
from proctor.schedules import explore
from proctor.schedules.acts import OFTENER, possible
from proctor.schedules.explore import DRAWN_TOGETHER, FEWEST_ACTS, TRIES, Attempt, Exploration
from proctor.schedules.judging import Broken
from proctor.schedules.replay import read_replay
from proctor.schedules.schedule import Schedule
from proctor.states import Stalled
from proctor.subject.stage import Stage
from tests.checks.stories import act, event, rest, story

ENDLESS_S = 1e9
DRAWN = 40
CLAUSE = "supervision/every-death-is-reaped"
SPOILED = story(*act("kill-worker", 12, 13), rest(20, why="1 of 2"), Stalled(at=21, started=16, seconds=2))
Breaks = Callable[[Schedule], bool]


class Enough(Exception):
    """Of what is tried."""


class Nowhere:
    """A registry that nobody asks for anything."""

    name, version = "nowhere", "0"


class Place:
    """As much of a stage as is needed where nothing is performed."""

    def __init__(self) -> None:
        self.manifest = read_manifest(CHECKOUT / "reference")
        self.registry = Nowhere()


@dataclass
class Pretended(Exploration):
    breaks: Breaks = lambda _schedule: False
    spoiled: Callable[[], bool] = lambda: False
    history: History = field(default_factory=lambda: story(*act("kill-worker", 12, 13)))
    tried: list[Schedule] = field(default_factory=list)

    def attempt(self, schedule: Schedule) -> Attempt:
        self.tried.append(schedule)
        if self.spoiled():
            return Attempt(schedule, SPOILED, [])
        found = [Finding(1.0, "a zombie", CLAUSE)] if self.breaks(schedule) else []
        return Attempt(schedule, self.history, found)


def exploration(tmp_path: Path, breaks: Breaks, budget_s: float = ENDLESS_S) -> Pretended:
    stage = cast(Stage, Place())
    kept_in = tmp_path / "replays" / "a.case"
    return Pretended(stage, StallMeter(), 7, budget_s, "a::case", kept_in, lambda _line: None, breaks=breaks)


def first_drawn(tmp_path: Path, *besides: str) -> list[Schedule]:
    """The first DRAWN schedules, which are all different."""

    def until_enough(_schedule: Schedule) -> bool:
        if len(searched.tried) == DRAWN:
            raise Enough
        return False

    searched = exploration(tmp_path, until_enough)
    with pytest.raises(Enough):
        searched.explore(of_servers=True, of_clients=False, besides=besides)
    assert len(set(searched.tried)) == DRAWN
    return searched.tried


def whats(schedule: Schedule) -> list[str]:
    return [act.what for act in schedule.acts]


def two_in_a_row(schedule: Schedule) -> bool:
    """As of a fault that shows only where a death meets a stop."""
    acts = whats(schedule)
    return ("stop-parent", "kill-worker") in pairwise(acts)


def nothing(_schedule: Schedule) -> bool:
    time.sleep(0.01)  # else thousands would be drawn
    return False


def test_what_breaks_something_is_made_small_and_kept(tmp_path: Path) -> None:
    searched = exploration(tmp_path, two_in_a_row)
    with pytest.raises(Broken, match="a zombie") as broken:
        searched.explore(of_servers=True, of_clients=False)
    assert broken.value.clauses == (CLAUSE,)
    file = tmp_path / "replays" / "a.case.json"
    schedule, case = read_replay(file)
    assert case == "a::case"
    assert whats(schedule) == ["stop-parent", "kill-worker"]
    assert schedule.servers == (1,)
    kept = json.loads(file.read_text())
    assert (kept["broke"], kept["tried"]) == (TRIES, TRIES)
    assert f"in {TRIES} of {TRIES} attempts; --replay {file} " in str(broken.value)
    assert len(History.load(tmp_path / "replays" / "a.case.jsonl").events()) == len(searched.history.events())


def test_what_does_not_matter_is_left_out_when_shrinking_takes_all_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither acts nor fleet are left to Hypothesis alone."""
    monkeypatch.setattr(explore, "SHRINK_S", 0.0)

    def in_a_fleet(schedule: Schedule) -> bool:
        return two_in_a_row(schedule) and len(schedule.servers) > 1

    searched = exploration(tmp_path, in_a_fleet)
    with pytest.raises(Broken):
        searched.explore(of_servers=True, of_clients=True)
    schedule = read_replay(tmp_path / "replays" / "a.case.json").schedule
    assert whats(schedule) == ["stop-parent", "kill-worker"]
    assert (schedule.servers, schedule.ours, schedule.clients) == ((1, 1), 0, 1)


@pytest.mark.parametrize("turns", [1, 2, 6])
def test_an_act_that_does_not_matter_is_left_out_though_the_acts_break_something_only_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """All of them when they are tried first, and once in so many turns from then on; fewer in the last of a round."""
    monkeypatch.setattr(explore, "SHRINK_S", 0.0)
    asked: Counter[Schedule] = Counter()

    def now_and_then(schedule: Schedule) -> bool:
        asked[schedule] += 1
        due = 0 if len(schedule.acts) == 2 else 1
        return two_in_a_row(schedule) and asked[schedule] % turns == due % turns

    with pytest.raises(Broken):
        exploration(tmp_path, now_and_then).explore(of_servers=True, of_clients=False)
    assert whats(read_replay(tmp_path / "replays" / "a.case.json").schedule) == ["stop-parent", "kill-worker"]


def test_what_breaks_something_once_is_told_with_how_seldom(tmp_path: Path) -> None:
    seen: list[Schedule] = []

    def once(schedule: Schedule) -> bool:
        seen.append(schedule)
        return len(seen) == 3

    with pytest.raises(Broken, match=f"in 0 of {TRIES} attempts"):
        exploration(tmp_path, once).explore(of_servers=True, of_clients=True)


def test_attempts_that_the_host_has_spoiled_do_not_make_it_seldom(tmp_path: Path) -> None:
    """It breaks something whenever it is to be seen."""
    searched = exploration(tmp_path, lambda _schedule: True)
    searched.given = Schedule((2,), 0, 0, ())
    searched.spoiled = lambda: len(searched.tried) > 1
    with pytest.raises(Broken, match=r"in 1 of 1 attempts, and 3 more showed nothing \(the host stalled "):
        searched.explore(of_servers=True, of_clients=False)
    kept = json.loads((tmp_path / "replays" / "a.case.json").read_text())
    assert (kept["broke"], kept["tried"]) == (1, 1)


def test_the_search_ends_with_its_budget_and_tries_nothing_twice(tmp_path: Path) -> None:
    began = time.monotonic()
    searched = exploration(tmp_path, nothing, budget_s=0.5)
    searched.explore(of_servers=True, of_clients=True)
    assert time.monotonic() - began >= 0.5
    assert 1 <= len(searched.tried) == len(set(searched.tried)) <= 51
    assert not (tmp_path / "replays").exists()


def test_one_schedule_is_tried_however_small_the_budget(tmp_path: Path) -> None:
    searched = exploration(tmp_path, nothing, budget_s=1e-9)
    searched.explore(of_servers=False, of_clients=True)
    assert len(searched.tried) == 1
    assert searched.tried[0].servers == ()


def test_acts_that_need_a_claim_are_drawn_where_they_are_asked_for(tmp_path: Path) -> None:
    plain = {what for schedule in first_drawn(tmp_path) for what in whats(schedule)}
    assert "kill-worker" in plain
    assert not plain & {"reload", "reload-by-exec", "grow", "cut-link"}
    besides = ("reload", "reload-by-exec")
    reloading = {what for schedule in first_drawn(tmp_path, *besides) for what in whats(schedule)}
    assert "reload" in reloading
    assert "reload-by-exec" not in reloading, "the reference does not claim it"


def test_lone_acts_are_tried_first_and_then_those_that_meet_others(tmp_path: Path) -> None:
    first, *rest = first_drawn(tmp_path)
    assert len(first.acts) == 1
    assert all(len(schedule.acts) >= FEWEST_ACTS for schedule in rest[DRAWN_TOGETHER:])


def test_what_a_case_is_about_is_drawn_oftener() -> None:
    acts = possible(read_manifest(CHECKOUT / "reference"), of_servers=True, of_clients=False, besides=("reload",))
    assert acts.count("reload") == OFTENER > acts.count("kill-worker") == 1


def test_a_search_that_shows_nothing_is_inconclusive(tmp_path: Path) -> None:
    begins, over = act("kill-worker", 12, 13)
    missed = Event(13.0, "act", {**event(over).facts, "phase": "missed", "why": "no worker"})
    searched = exploration(tmp_path, nothing, budget_s=0.01)
    searched.history = History.of([*story().events(), event(begins), missed])
    with pytest.raises(Inconclusive, match="none took effect"):
        searched.explore(of_servers=True, of_clients=False)


def test_an_error_of_ours_ends_the_search_and_blames_nobody(tmp_path: Path) -> None:
    def fails(_schedule: Schedule) -> bool:
        raise TimeoutError("the registry gave no answer")

    searched = exploration(tmp_path, fails)
    with pytest.raises(TimeoutError, match="no answer"):
        searched.explore(of_servers=True, of_clients=False)
    assert len(searched.tried) == 1


def test_a_given_schedule_is_tried_and_nothing_drawn(tmp_path: Path) -> None:
    searched = exploration(tmp_path, nothing)
    searched.given = Schedule((1,), 0, 0, ())
    searched.explore(of_servers=True, of_clients=False)
    assert searched.tried == [searched.given] * TRIES
