"""What is smaller than a schedule: fewer acts, or a smaller fleet. Hypothesis, which knows nothing of schedules and
ends with its time, may leave much that does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from proctor.schedules.schedule import Schedule


def fewer_acts(schedule: Schedule) -> Iterator[Schedule]:
    """Without half of them, and then without one."""
    acts = schedule.acts
    for size in dict.fromkeys((len(acts) // 2 or 1, 1)):
        for at in range(0, len(acts), size):
            yield other(schedule, acts=acts[:at] + acts[at + size :])


def smaller_fleets(schedule: Schedule) -> Iterator[Schedule]:
    """With fewer servers, ours, clients, or workers; somebody still serves, and somebody still calls."""
    servers = schedule.servers
    if len(servers) > 1:
        for at in range(len(servers)):
            yield other(schedule, servers=servers[:at] + servers[at + 1 :])
    if schedule.ours > (0 if servers else 1):
        yield other(schedule, ours=schedule.ours - 1)
    if schedule.clients > 1:
        yield other(schedule, clients=schedule.clients - 1)
    if sum(servers) > len(servers):
        yield other(schedule, servers=(1,) * len(servers))


def other(schedule: Schedule, **changes: Any) -> Schedule:
    return msgspec.structs.replace(schedule, **changes)
