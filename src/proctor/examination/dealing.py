"""In which order cases are given out to several processes, those of xdist: what takes long first.

A process is given one more case whenever only one is left to it (plugin.py). So first come the cases that say that they
take long, then those that start programs of their own, and at the end what is short: all are done at the same time.
Tests that are no cases go before them all: from its first case on, a process has children, threads and sockets that
stay.
"""

from __future__ import annotations

import pytest

from proctor.examination.selection import MARK, TAKES_LONG

STARTS = "start_"  # of the names of fixtures that start a program for one case


def dealt(items: list[pytest.Item], config: pytest.Config) -> list[pytest.Item]:
    """In the order for all processes of this run; as they are, if there is but one."""
    processes: int = getattr(config, "workerinput", {}).get("workercount", 1)
    return items if processes == 1 else sorted(items, key=turn)


def turn(item: pytest.Item) -> int:
    if not item.get_closest_marker(MARK):
        return 0
    if item.get_closest_marker(TAKES_LONG):
        return 1
    return 2 if any(name.startswith(STARTS) for name in getattr(item, "fixturenames", ())) else 3
