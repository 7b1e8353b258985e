"""A schedule that broke something, in a file, with all that another machine needs to try it again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from proctor.schedules.acts import ACTS
from proctor.schedules.schedule import Schedule, as_data, from_data

FORM = 1


class ReplayError(Exception):
    """The file holds no schedule; the message names the file, what is wrong, and what was expected."""


@dataclass(frozen=True)
class Replay:
    """`versions`: of what drew and performed it, and of what it was performed on. `claims`: the implementation's.
    `broke`: how often, of `tried` times that showed anything, it broke something, and `findings` what, the first time.
    `observed`: the moments of its acts, in seconds since the first began, and whether one was missed.
    """

    schedule: Schedule
    case: str
    seed: int
    versions: dict[str, str]
    claims: dict[str, Any]
    broke: int
    tried: int
    findings: list[str]
    observed: list[dict[str, Any]]

    def save(self, path: Path) -> None:
        data = {"form": FORM, **asdict(self), "schedule": as_data(self.schedule)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=2) + "\n")


class Replayed(NamedTuple):
    """What a replay file is read for: a schedule, and the case that performs it."""

    schedule: Schedule
    case: str


def read_replay(path: Path) -> Replayed:
    """ReplayError if there is none in the file."""
    try:
        data = json.loads(path.read_bytes())
        schedule, case = from_data(data["schedule"]), str(data["case"])
    except OSError as error:
        raise ReplayError(f"{path}: {error.strerror}; --replay takes a file that a failed chaos run has left") from None
    except KeyError as missing:
        raise ReplayError(
            f"{path}: {missing} is missing; --replay takes a file that a failed chaos run has left"
        ) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise ReplayError(f"{path}: holds no schedule: {error}") from None
    for act in schedule.acts:
        if act.what not in ACTS:
            (near,) = get_close_matches(act.what, ACTS, 1, cutoff=0.0)
            raise ReplayError(f"{path}: no act is called {act.what!r}; the nearest is {near!r}")
    return Replayed(schedule, case)
