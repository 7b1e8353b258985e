"""Scenes of the faults that leave a process too little of something."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Mapping

from proctor.faults.fault import Fault
from proctor.faults.limits import FewDescriptors, FewProcesses, LittleMemory
from proctor.process import observe
from tests.faults.place import Place, Target
from tests.faults.scene import Scene, Trial
from tests.faults.signals import ECHOES, dead, ready

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
ALLOCATES = """
import sys
for line in sys.stdin:
    try:
        bytearray(int(line))
        print("allocated", flush=True)
    except MemoryError:
        print("no memory", flush=True)
"""
FORKS = """
import os, sys
for line in sys.stdin:
    try:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        print("forked", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""
NOBODY = 65534
FEW = 8
SPARE_BYTES = 16 << 20
MUCH_BYTES = 64 << 20


def few_descriptors(place: Place) -> Scene:
    target = place.target(OPENS)
    assert target.asked() == "opened"
    return Scene(
        fault=FewDescriptors(target.pid, observe.descriptors(target.pid), place.history),
        works=lambda: target.asked() == "opened",
        affected=lambda: target.asked() == os.strerror(errno.EMFILE),
        recovered=lambda: target.asked() == "opened",
    )


def little_memory(place: Place) -> Scene:
    target = place.target(ALLOCATES)

    def allocates() -> bool:
        return target.asked(str(MUCH_BYTES)) == "allocated"

    return Scene(
        fault=LittleMemory(target.pid, SPARE_BYTES, place.history),
        works=allocates,
        affected=lambda: target.asked(str(MUCH_BYTES)) == "no memory",
        recovered=allocates,
    )


def few_processes(place: Place) -> Scene:
    target = nobody_s(place, FORKS)
    return Scene(
        fault=FewProcesses(target.pid, 1, place.history),
        works=lambda: target.asked() == "forked",
        affected=lambda: target.asked() == os.strerror(errno.EAGAIN),
        recovered=lambda: target.asked() == "forked",
    )


def nobody_s(place: Place, source: str) -> Target:
    """A target that is not root's, whoever we are. Who has no CAP_SYS_RESOURCE limits it by being its real user."""
    becomes_nobody = ""
    if os.getuid() == 0:
        becomes_nobody = f"os.setuid({NOBODY})"
        os.setresuid(NOBODY, 0, 0)
        place.afterwards(lambda: os.setresuid(0, 0, 0))
    return ready(place, f"import os, resource\n{becomes_nobody}\nprint('ready', flush=True)\n{source}")


def few_already(place: Place) -> Fault:
    target = limited(place, f"resource.RLIMIT_NOFILE, ({FEW}, {FEW})")
    return FewDescriptors(target.pid, FEW, place.history)


def little_already(place: Place) -> Fault:
    target = limited(place, f"resource.RLIMIT_AS, ({MUCH_BYTES}, {MUCH_BYTES})")
    return LittleMemory(target.pid, MUCH_BYTES, place.history)


def few_processes_already(place: Place) -> Fault:
    target = nobody_s(
        place, "import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (1, 1))\nprint(0, flush=True)\ninput()"
    )
    assert target.says() == "0"
    return FewProcesses(target.pid, FEW, place.history)


def limited(place: Place, limit: str) -> Target:
    target = place.target(f"import resource; resource.setrlimit({limit})\n{ECHOES}")
    assert target.asked("hello") == "hello"
    return target


def of_another_user(fault: Callable[[Place, Target], Fault]) -> Callable[[Place], Fault]:
    def prlimit(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    def made(place: Place) -> Fault:
        place.machine.setattr(resource, "prlimit", prlimit)
        return fault(place, nobody_s(place, ECHOES))

    return made


def bound_by_no_limit(of_whom: Mapping[str, str]) -> Callable[[Place], Fault]:
    """What the kernel says of the process, whoever we are."""

    def made(place: Place) -> Fault:
        place.machine.setattr(observe, "status", lambda _: {"State": "S (sleeping)", **of_whom})
        return FewProcesses(place.target(ECHOES).pid, 1, place.history)

    return made


TRIALS = (
    Trial(
        FewDescriptors,
        {"a process": few_descriptors},
        {
            **dead(lambda place, process: FewDescriptors(process.pid, FEW, place.history)),
            "it has no more anyway": few_already,
        },
        {"it is another user's": of_another_user(lambda place, it: FewDescriptors(it.pid, FEW, place.history))},
    ),
    Trial(
        LittleMemory,
        {"a process": little_memory},
        {
            **dead(lambda place, process: LittleMemory(process.pid, SPARE_BYTES, place.history)),
            "it has no more anyway": little_already,
        },
        {"it is another user's": of_another_user(lambda place, it: LittleMemory(it.pid, SPARE_BYTES, place.history))},
    ),
    Trial(
        FewProcesses,
        {"a process": few_processes},
        {
            **dead(lambda place, process: FewProcesses(process.pid, 1, place.history)),
            "it has no more anyway": few_processes_already,
        },
        {
            "it is root's": bound_by_no_limit({"Uid": "0\t0\t0\t0"}),
            "it may override limits": bound_by_no_limit({"Uid": "1000\t1000", "CapEff": f"{1 << 24:016x}"}),
            "it is another user's": of_another_user(lambda place, it: FewProcesses(it.pid, 1, place.history)),
        },
    ),
)
