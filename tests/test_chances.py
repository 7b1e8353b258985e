"""The liars that only chance finds: what they say of themselves is sound, and one of them is found for real."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proctor.places import CHECKOUT, spec_folder
from proctor.schedules.schedule import After, Planned, Schedule, as_data
from proctor.spec import read_spec
from tests.broken.catalogue import BY_CHANCE, FILES, Liar, by_chance, called
from tests.broken.chance_servers import RELOADS, RESIZES
from tests.broken.manifest import quick
from tests.chances import SUITE, failed
from tests.examination.miniatures import examine
from tests.test_suite import cases

SPEC = read_spec(spec_folder())
LIARS = {liar.name: liar for liar in by_chance()}
CITED = dict(cases(SUITE))
A_LONE_GROW = Schedule((2,), 0, 0, (Planned("grow", After(0)),))
RELOAD_IN_MOURNING = Schedule((2,), 0, 0, (Planned("kill-worker", After(0)), Planned("reload", After(0.2))))


def test_there_are_ten_and_ordinary_cases_are_not_asked_to_catch_them() -> None:
    assert len(LIARS) == 10
    assert not set(BY_CHANCE) & set(FILES)


@pytest.mark.parametrize("liar", LIARS.values(), ids=LIARS.keys())
def test_a_liar_says_what_it_breaks_and_which_case_is_to_find_it(liar: Liar) -> None:
    assert {liar.breaks, *liar.also} <= set(CITED[liar.found_by])
    assert SPEC.clause(liar.breaks)
    assert liar.lie.endswith(".")
    assert called(liar.name) == liar


@pytest.mark.parametrize(
    ("name", "found_by", "schedule"),
    [
        ("chance_servers.LeaksWhenItReloadsInMourning", RELOADS, RELOAD_IN_MOURNING),
        ("restart.NeverGrows", RESIZES, A_LONE_GROW),
    ],
)
def test_one_is_found_by_its_schedule(tmp_path: Path, name: str, found_by: str, schedule: Schedule) -> None:
    """A death, and a reload: each alone costs not one descriptor. And a signal that does nothing, alone."""
    liar = called(name)
    case = f"{SUITE.relative_to(CHECKOUT)}::{found_by}"
    replay = tmp_path / "replay.json"
    replay.write_text(json.dumps({"schedule": as_data(schedule), "case": case}))
    run = examine(quick(liar, tmp_path), f"--replay={replay}", "-q", str(SUITE))
    assert run.status == 1, run.text
    assert failed(tmp_path) == (liar.breaks,)
