"""Scenes of the faults that befall the children of a process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from proctor.faults.fault import Fault
from proctor.faults.foreign import FOSTERED, ForeignChildrenEnd
from proctor.faults.newborns import AtBirth
from proctor.faults.signals import KillOnSight
from tests.faults.place import Place, Target
from tests.faults.scene import Scene, Trial
from tests.faults.signals import ECHOES, ready, state

KEEPS_A_CHILD = """
import os, signal
while True:
    child = os.fork()
    if child == 0:
        signal.pause()
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print("ended by", os.WTERMSIG(status), flush=True)
"""
HAS_CHILDREN = """
import os, sys
print("ready", flush=True)
for _ in range(3):
    _, status = os.wait()
    print(os.waitstatus_to_exitcode(status), flush=True)
sys.stdin.read()
"""


def kill_on_sight(place: Place) -> Scene:
    target = place.target(KEEPS_A_CHILD)
    return Scene(
        fault=KillOnSight(target.children, place.history),
        works=lambda: [int(target.says())] == target.children(),
        affected=lambda: target.says() == f"ended by {signal.SIGKILL:d}",
        recovered=lambda: keeps_its_child(target),
    )


def killed_at_birth(place: Place) -> Scene:
    target = place.target(KEEPS_A_CHILD)
    first = int(target.says())
    return Scene(
        fault=AtBirth(target.children, place.history),
        works=lambda: target.children() == [first],
        stir=lambda: os.kill(first, signal.SIGTERM),
        affected=lambda: target.says() == f"ended by {signal.SIGKILL:d}",
        recovered=lambda: keeps_its_child(target),
    )


def stopped_at_birth(place: Place) -> Scene:
    target = place.target(KEEPS_A_CHILD)
    first = int(target.says())
    return Scene(
        fault=AtBirth(target.children, place.history, signal.SIGSTOP, most=1),
        works=lambda: target.children() == [first],
        stir=lambda: os.kill(first, signal.SIGTERM),
        affected=lambda: [state(pid) for pid in target.children() if pid != first] == ["T"],
        recovered=lambda: [state(pid) for pid in target.children() if pid != first] == ["S"],
    )


def keeps_its_child(target: Target) -> bool:
    """It has a child, and the same one a while later."""
    before = target.children()
    while not target.is_silent():
        continue
    return len(before) == 1 and target.children() == before


def newborns_that_are_dead(place: Place) -> Fault:
    return AtBirth(one_dead_after_another(place), place.history)


def one_dead_after_another(place: Place) -> Callable[[], list[int]]:
    """Finds nobody at first, and then one process more at each look, which has ended by itself."""
    found: list[int] = []

    def find() -> list[int]:
        found.append(place.zombie().pid)
        return found[1:]

    return find


def foreign_children_end(place: Place) -> Scene:
    target = ready(place, HAS_CHILDREN, tuple(FOSTERED))
    return Scene(
        fault=ForeignChildrenEnd(target.pid, place.history),
        works=lambda: len(target.children()) == 3,
        affected=lambda: {target.says() for _ in range(3)} == {"0", "3", f"{-signal.SIGKILL:d}"},
        recovered=lambda: target.children() == [] and target.popen.poll() is None,
    )


def no_foreign_children(place: Place) -> Fault:
    return ForeignChildrenEnd(place.target(ECHOES).pid, place.history)


def foreign_children_that_ended_before(place: Place) -> Fault:
    target = ready(place, HAS_CHILDREN, tuple(FOSTERED))
    fault = ForeignChildrenEnd(target.pid, place.history)
    os.kill(min(fault.pids), signal.SIGKILL)
    assert target.says() == f"{-signal.SIGKILL:d}"
    return fault


TRIALS = (
    Trial(
        KillOnSight,
        {"a child that is replaced": kill_on_sight},
        {
            "nobody is found": lambda place: KillOnSight(list, place.history),
            "all are dead": lambda place: KillOnSight(one_dead_after_another(place), place.history),
        },
    ),
    Trial(
        AtBirth,
        {"newborns are killed": killed_at_birth, "a newborn is stopped": stopped_at_birth},
        {
            "nobody is born": lambda place: AtBirth(list, place.history),
            "newborns are dead": newborns_that_are_dead,
        },
    ),
    Trial(
        ForeignChildrenEnd,
        {"three children": foreign_children_end},
        {"there are none": no_foreign_children, "one has ended before": foreign_children_that_ended_before},
    ),
)
