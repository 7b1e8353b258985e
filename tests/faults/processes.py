"""Scenes of the faults that befall processes."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from proctor.faults.fault import Fault
from proctor.faults.foreign import FOSTERED, ForeignChildrenEnd
from proctor.faults.limits import FewDescriptors
from proctor.faults.newborns import AtBirth
from proctor.faults.signals import Burst, GroupBurst, Kill, KillOnSight, Stop
from proctor.faults.syscalls import Inject
from proctor.process import observe
from proctor.process.process import Process
from proctor.process.strace import Strace
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
OPENS = """
import os, sys, time
for line in sys.stdin:
    began = time.monotonic()
    try:
        os.close(os.open("/dev/null", os.O_RDONLY))
        print("opened" if time.monotonic() < began + 0.5 else "opened late", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""
HAS_CHILDREN = """
import os, sys
print("ready", flush=True)
for _ in range(3):
    _, status = os.wait()
    print(os.waitstatus_to_exitcode(status), flush=True)
sys.stdin.read()
"""
USR = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR1]
FEW = 8
A_LONG_TIME_US = 1_000_000


def ready(place: Place, source: str, through: tuple[str, ...] = ()) -> Target:
    target = place.target(source, through)
    assert target.says() == "ready"
    return target


# --- signals


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


def burst(place: Place) -> Scene:
    target = ready(place, CATCHES)
    return Scene(
        fault=Burst(place.held(target.pid), USR, place.history),
        works=lambda: target.asked("hello") == "hello",
        affected=lambda: all_caught(target, {target.pid}),
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
    target = ready(place, CATCHES)
    os.kill(target.pid, signal.SIGSTOP)
    eventually(lambda: state(target.pid) == "T", within=WITHIN_S)
    return Burst(place.held(target.pid), USR, place.history)


def group_burst_that_is_ignored(place: Place) -> Fault:
    return GroupBurst(place.held(ready(place, IGNORES).pid), [signal.SIGTERM], place.history)


def group_burst_of_who_leads_no_group(place: Place) -> Fault:
    """The group would be another's, or none."""
    target = place.target(TWO_CATCH)
    target.says()
    target.says()
    (child,) = target.children()
    return GroupBurst(place.held(child), USR, place.history)


def newborns_that_are_dead(place: Place) -> Fault:
    return AtBirth(one_dead_after_another(place), place.history)


def one_dead_after_another(place: Place) -> Callable[[], list[int]]:
    """Finds nobody at first, and then one process more at each look, which has ended by itself."""
    found: list[int] = []

    def find() -> list[int]:
        found.append(place.zombie().pid)
        return found[1:]

    return find


# --- limits, system calls, children


def few_descriptors(place: Place) -> Scene:
    target = place.target(OPENS)
    assert target.asked() == "opened"
    return Scene(
        fault=FewDescriptors(target.pid, observe.descriptors(target.pid), place.history),
        works=lambda: target.asked() == "opened",
        affected=lambda: target.asked() == os.strerror(errno.EMFILE),
        recovered=lambda: target.asked() == "opened",
    )


def few_already(place: Place) -> Fault:
    target = place.target(f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW}, {FEW}))\n{OPENS}")
    assert target.asked() == "opened"
    return FewDescriptors(target.pid, FEW, place.history)


def limits_of_another_user(place: Place) -> Fault:
    def prlimit(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    place.machine.setattr(resource, "prlimit", prlimit)
    return FewDescriptors(place.target(ECHOES).pid, FEW, place.history)


def injected_error(place: Place) -> Scene:
    target = place.target(OPENS)
    return Scene(
        fault=Inject(target.pid, "open,openat:error=EIO", place.history),
        works=lambda: target.asked() == "opened",
        stir=target.tell,
        affected=lambda: target.says() == os.strerror(errno.EIO),
        recovered=lambda: target.asked() == "opened",
    )


def injected_delay(place: Place) -> Scene:
    target = place.target(OPENS)
    return Scene(
        fault=Inject({target.pid}, f"open,openat:delay_exit={A_LONG_TIME_US}", place.history),
        works=lambda: target.asked() == "opened",
        stir=target.tell,
        affected=lambda: target.says() == "opened late",
        recovered=lambda: target.asked() == "opened",
    )


def call_that_is_never_made(place: Place) -> Fault:
    return Inject(place.target(ECHOES).pid, "wait4,waitid:error=EINTR", place.history)


def process_that_is_traced_already(place: Place) -> Fault:
    target = place.target(OPENS)
    place.afterwards(Strace([target.pid], ["wait4,waitid:error=EINTR"]).detach)
    return Inject(target.pid, "open,openat:error=EIO", place.history)


def no_strace(place: Place) -> Fault:
    place.machine.setenv("PATH", str(place.folder))
    return Inject(place.target(ECHOES).pid, "wait4,waitid:error=EINTR", place.history)


def strace_may_not_attach(place: Place) -> Fault:
    refuses = Path(place.folder, "strace")
    refuses.write_text("#!/bin/sh\necho 'strace: attach: ptrace(PTRACE_SEIZE): Operation not permitted' >&2; exit 1\n")
    refuses.chmod(0o700)
    place.machine.setenv("PATH", str(place.folder), prepend=os.pathsep)
    return Inject(place.target(ECHOES).pid, "wait4,waitid:error=EINTR", place.history)


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
        {"a process": stop},
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
        GroupBurst,
        {"a process and its child": group_burst},
        {
            **dead(lambda place, process: GroupBurst(process, USR, place.history)),
            "it ignores the signal": group_burst_that_is_ignored,
            "it leads no group": group_burst_of_who_leads_no_group,
        },
    ),
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
        FewDescriptors,
        {"a process": few_descriptors},
        {
            **dead(lambda place, process: FewDescriptors(process.pid, FEW, place.history)),
            "it has no more anyway": few_already,
        },
        {"it is another user's": limits_of_another_user},
    ),
    Trial(
        Inject,
        {"a call fails": injected_error, "a call takes long": injected_delay},
        {
            **dead(lambda place, process: Inject(process.pid, "open,openat:error=EIO", place.history)),
            "the call is never made": call_that_is_never_made,
            "it is traced already": process_that_is_traced_already,
        },
        {"no strace": no_strace, "strace may not attach": strace_may_not_attach},
    ),
    Trial(
        ForeignChildrenEnd,
        {"three children": foreign_children_end},
        {"there are none": no_foreign_children, "one has ended before": foreign_children_that_ended_before},
    ),
)
