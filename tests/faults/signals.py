"""Scenes of the faults that are signals."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping

from proctor.faults.fault import Fault
from proctor.faults.signals import Burst, GroupBurst, Kill, Stop, Volley
from proctor.process import observe
from proctor.process.process import Process
from proctor.waiting import eventually
from tests.faults.place import WITHIN_S, Place, Target
from tests.faults.scene import Scene, Trial

ECHOES = """
import sys
for line in sys.stdin:
    print(line, end="", flush=True)
"""
IGNORES = f"""
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
{ECHOES}"""
HANDLERS = """
import os, signal
def caught(number, _):
    os.write(1, f"{os.getpid()} caught {number}\\n".encode())
signal.signal(signal.SIGUSR1, caught)
signal.signal(signal.SIGUSR2, caught)
"""
CATCHES = f"""
{HANDLERS}
print("ready", flush=True)
{ECHOES}"""
TWO_CATCH = f"""
{HANDLERS}
os.fork()
os.write(1, f"{{os.getpid()}}\\n".encode())
while True:
    signal.pause()
"""
ANSWERED_BY_A_WORKER = """
import os, sys
if os.fork() == 0:
    print("ready", flush=True)
    for line in sys.stdin:
        print(line, end="", flush=True)
else:
    os.wait()
"""
USR = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR1]
MANY = 20


def ready(place: Place, source: str, through: tuple[str, ...] = ()) -> Target:
    target = place.target(source, through)
    assert target.says() == "ready"
    return target


def kill(place: Place) -> Scene:
    target = place.target(ECHOES)
    return Scene(
        fault=Kill([target.pid], place.history),
        works=lambda: target.asked("hello") == "hello",
        affected=lambda: target.popen.poll() == -signal.SIGKILL,
        recovered=lambda: target.popen.poll() == -signal.SIGKILL,
    )


def kill_who_is_left(place: Place) -> Scene:
    """Somebody has ended between the look at who there is and the kill."""
    target = place.target(ECHOES)
    return Scene(
        fault=Kill([target.pid, place.zombie().pid, place.gone().pid], place.history),
        works=lambda: target.asked("hello") == "hello",
        affected=lambda: target.popen.poll() == -signal.SIGKILL,
        recovered=lambda: target.popen.poll() == -signal.SIGKILL,
    )


def stop(place: Place) -> Scene:
    target = place.target(ECHOES)

    def does_not_answer() -> bool:
        target.tell("are you there?")
        return target.is_silent()

    return Scene(
        fault=Stop([target.pid], place.history),
        works=lambda: target.asked("hello") == "hello",
        affected=does_not_answer,
        recovered=lambda: target.says() == "are you there?",
    )


def stop_a_parent_and_its_worker(place: Place) -> Scene:
    target = place.target(ANSWERED_BY_A_WORKER)
    assert target.says() == "ready"
    (worker,) = target.children()

    def neither_does_anything() -> bool:
        target.tell("are you there?")
        return target.is_silent() and state(target.pid) == state(worker) == "T"

    return Scene(
        fault=Stop([target.pid, worker], place.history),
        works=lambda: target.asked("hello") == "hello",
        affected=neither_does_anything,
        recovered=lambda: target.says() == "are you there?" and target.children() == [worker],
    )


def stop_a_worker(place: Place) -> Scene:
    """Its parent runs on, and finds out in its own time."""
    target = place.target(ANSWERED_BY_A_WORKER)
    assert target.says() == "ready"
    (worker,) = target.children()

    def is_missed() -> bool:
        target.tell("are you there?")
        return target.is_silent() and state(worker) == "T" and state(target.pid) != "T"

    return Scene(
        fault=Stop([worker], place.history),
        works=lambda: target.asked("hello") == "hello",
        affected=is_missed,
        recovered=lambda: target.says() == "are you there?",
    )


def burst(place: Place) -> Scene:
    target = ready(place, CATCHES)
    return Scene(
        fault=Burst(place.held(target.pid), USR, place.history),
        works=lambda: target.asked("hello") == "hello",
        affected=lambda: all_caught(target, {target.pid}),
        recovered=lambda: target.asked("hello") == "hello",
    )


def volley(place: Place) -> Scene:
    """Signals of one kind, which in a burst coalesce: each of these is caught."""
    target = ready(place, CATCHES)
    return Scene(
        fault=Volley(place.held(target.pid), [signal.SIGUSR1] * MANY, place.history),
        works=lambda: target.asked("hello") == "hello",
        affected=lambda: [target.says() for _ in range(MANY)] == [f"{target.pid} caught {signal.SIGUSR1:d}"] * MANY,
        recovered=lambda: target.asked("hello") == "hello",
    )


def group_burst(place: Place) -> Scene:
    target = place.target(TWO_CATCH)
    members = {int(target.says()), int(target.says())}
    return Scene(
        fault=GroupBurst(place.held(target.pid), USR, place.history),
        works=lambda: members == {target.pid, *target.children()},
        affected=lambda: all_caught(target, members),
        recovered=lambda: members == {target.pid, *target.children()},
    )


def all_caught(target: Target, pids: set[int]) -> bool:
    """Each of the processes says that it caught each of the signals, once at least: signals of one kind coalesce."""
    missing = {f"{pid} caught {number:d}" for pid in pids for number in USR}
    while missing:
        missing.discard(target.says())
    return True


def state(pid: int) -> str:
    found = observe.stat(pid)
    return found.state if found else ""


def dead(fault: Callable[[Place, Process], Fault]) -> Mapping[str, Callable[[Place], Fault]]:
    """Nothing befalls a process that has ended, whether or not its parent has reaped it."""
    return {
        "it is gone": lambda place: fault(place, place.gone()),
        "it is a zombie": lambda place: fault(place, place.zombie()),
    }


def kill_who_ignores_it(place: Place) -> Fault:
    return Kill([ready(place, IGNORES).pid], place.history, signal.SIGTERM)


def burst_that_is_ignored(place: Place) -> Fault:
    return Burst(place.held(ready(place, IGNORES).pid), [signal.SIGTERM], place.history)


def burst_that_is_pending(place: Place) -> Fault:
    """A stopped process has the signals pending, and nobody knows yet what it makes of them."""
    return Burst(stopped(place), USR, place.history)


def volley_that_is_ignored(place: Place) -> Fault:
    return Volley(place.held(ready(place, IGNORES).pid), [signal.SIGTERM], place.history)


def volley_that_is_pending(place: Place) -> Fault:
    """Nothing is sent behind a signal that isn't taken."""
    return Volley(stopped(place), [signal.SIGUSR1] * MANY, place.history)


def stopped(place: Place) -> Process:
    target = ready(place, CATCHES)
    os.kill(target.pid, signal.SIGSTOP)
    eventually(lambda: state(target.pid) == "T", within=WITHIN_S)
    return place.held(target.pid)


def group_burst_that_is_ignored(place: Place) -> Fault:
    return GroupBurst(place.held(ready(place, IGNORES).pid), [signal.SIGTERM], place.history)


def group_burst_of_who_leads_no_group(place: Place) -> Fault:
    """The group would be another's, or none."""
    target = place.target(TWO_CATCH)
    target.says()
    target.says()
    (child,) = target.children()
    return GroupBurst(place.held(child), USR, place.history)


TRIALS = (
    Trial(
        Kill,
        {"a process": kill, "one of three": kill_who_is_left},
        {
            **dead(lambda place, process: Kill([process.pid], place.history)),
            "it ignores the signal": kill_who_ignores_it,
            "there is nobody": lambda place: Kill([], place.history),
        },
    ),
    Trial(
        Stop,
        {"a process": stop, "a worker": stop_a_worker, "a parent and its worker": stop_a_parent_and_its_worker},
        {
            **dead(lambda place, process: Stop([process.pid], place.history)),
            "there is nobody": lambda place: Stop([], place.history),
        },
    ),
    Trial(
        Burst,
        {"a process": burst},
        {
            **dead(lambda place, process: Burst(process, USR, place.history)),
            "it ignores the signal": burst_that_is_ignored,
            "it is stopped": burst_that_is_pending,
        },
    ),
    Trial(
        Volley,
        {"a process": volley},
        {
            **dead(lambda place, process: Volley(process, USR, place.history)),
            "it ignores the signal": volley_that_is_ignored,
            "it is stopped": volley_that_is_pending,
        },
    ),
    Trial(
        GroupBurst,
        {"a process and its child": group_burst},
        {
            **dead(lambda place, process: GroupBurst(process, USR, place.history)),
            "it ignores the signal": group_burst_that_is_ignored,
            "it leads no group": group_burst_of_who_leads_no_group,
        },
    ),
)
