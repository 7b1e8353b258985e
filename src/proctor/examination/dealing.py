"""In which order cases are run by several processes, those of xdist: what takes long first.

xdist gives each process a row of neighbours, and lets whoever has none left take from the end of another's row. So the
cases that start programs of their own begin, dealt out one by one: those of one file take about as long as each other.
What is short, and shares a running program with its neighbours, is left for the end, when there is little to take.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")

STARTS = "start_"  # of the names of fixtures that start a program for one case


def dealt(items: list[pytest.Item], config: pytest.Config) -> list[pytest.Item]:
    """In the order for all processes of this run; as they are, if there is but one."""
    processes: int = getattr(config, "workerinput", {}).get("workercount", 1)
    if processes == 1:
        return items
    long = [item for item in items if starts_its_own(item)]
    return spread(long, [item for item in items if not starts_its_own(item)], processes)


def starts_its_own(item: pytest.Item) -> bool:
    return any(name.startswith(STARTS) for name in getattr(item, "fixturenames", ()))


def spread(long: Sequence[T], short: Sequence[T], processes: int) -> list[T]:
    """A row for each process, one behind the other and cut as xdist cuts them: its long ones, and then short ones."""
    order: list[T] = []
    given = 0
    for number in range(processes):
        row = (len(long) + len(short) - len(order)) // (processes - number)
        mine = long[number::processes]
        rest = max(0, row - len(mine))
        order += [*mine, *short[given : given + rest]]
        given += rest
    return order
