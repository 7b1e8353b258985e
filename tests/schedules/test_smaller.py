"""What is tried in place of a schedule that breaks something."""

from __future__ import annotations

import pytest

from proctor.schedules.schedule import After, Planned, Schedule, as_data, from_data
from proctor.schedules.smaller import fewer_acts, smaller_fleets


def schedule(servers: tuple[int, ...] = (1,), ours: int = 0, clients: int = 0, acts: str = "") -> Schedule:
    return Schedule(servers, ours, clients, tuple(Planned(what, After(0.1)) for what in acts))


def acts_of(tried: Schedule) -> str:
    return "".join(act.what for act in tried.acts)


@pytest.mark.parametrize(
    ("acts", "tried"), [("", []), ("a", [""]), ("ab", ["b", "a"]), ("abcd", ["cd", "ab", "bcd", "acd", "abd", "abc"])]
)
def test_halves_are_left_out_and_then_single_acts(acts: str, tried: list[str]) -> None:
    assert [acts_of(smaller) for smaller in fewer_acts(schedule(acts=acts))] == tried


def test_a_fleet_is_made_smaller_in_every_way() -> None:
    assert list(smaller_fleets(schedule((2, 3), ours=1, clients=2))) == [
        schedule((3,), ours=1, clients=2),
        schedule((2,), ours=1, clients=2),
        schedule((2, 3), ours=0, clients=2),
        schedule((2, 3), ours=1, clients=1),
        schedule((1, 1), ours=1, clients=2),
    ]


@pytest.mark.parametrize("smallest", [schedule((1,)), schedule((), ours=1, clients=1), schedule((1,), clients=1)])
def test_somebody_serves_and_whoever_called_calls(smallest: Schedule) -> None:
    assert list(smaller_fleets(smallest)) == []


@pytest.mark.parametrize("large", [schedule((8,) * 5, 5, 5, "abcdefgh"), schedule((), 5, 5, "ab")])
def test_what_is_tried_is_a_schedule(large: Schedule) -> None:
    for smaller in [*fewer_acts(large), *smaller_fleets(large)]:
        assert from_data(as_data(smaller)) == smaller
