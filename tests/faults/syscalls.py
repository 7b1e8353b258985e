"""Scenes of the faults that strace injects."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from proctor.faults.fault import Fault
from proctor.faults.syscalls import AcceptFails, ForkFails, Inject, KillAtCall
from proctor.process.strace import Strace
from tests.faults.limits import FORKS, OPENS
from tests.faults.place import WITHIN_S, Place
from tests.faults.scene import Scene, Trial
from tests.faults.signals import ECHOES, dead

ACCEPTS = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    try:
        listener.accept()[0].close()
        print("accepted", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""
A_LONG_TIME_US = 1_000_000


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


def fork_fails(place: Place, error: str) -> Scene:
    target = place.target(FORKS)
    return Scene(
        fault=ForkFails(target.pid, place.history, error),
        works=lambda: target.asked() == "forked",
        stir=target.tell,
        affected=lambda: target.says() == os.strerror(getattr(errno, error)),
        recovered=lambda: target.asked() == "forked",
    )


def accept_fails(place: Place, error: str) -> Scene:
    """The connection waits in the queue meanwhile. An accept that is all but done when strace comes still succeeds."""
    target = place.target(ACCEPTS)
    port = int(target.says())
    knocks: list[socket.socket] = []
    said: list[str] = []

    def knock() -> None:
        knocks.append(place.enter(socket.create_connection(("127.0.0.1", port))))

    def all_are_accepted() -> bool:
        while said.count("accepted") < len(knocks):
            said.append(target.says())
        return True

    def is_accepted() -> bool:
        knock()
        return all_are_accepted()

    def fails() -> bool:
        while os.strerror(getattr(errno, error)) not in said:
            said.append(target.says())
        return True

    return Scene(
        fault=AcceptFails(target.pid, place.history, error, when="1..2"),
        works=is_accepted,
        stir=knock,
        affected=fails,
        recovered=is_accepted,
    )


def killed_at_a_call(place: Place) -> Scene:
    """At the second one, and so without doing it: nothing is said of it."""
    target = place.target(OPENS)

    def open_twice() -> None:
        assert target.asked() == "opened"
        target.tell()

    def is_killed() -> bool:
        return target.popen.wait(WITHIN_S) == -signal.SIGKILL and target.is_silent()

    return Scene(
        fault=KillAtCall(target.pid, "open,openat", place.history, nth=2),
        works=lambda: target.asked() == "opened",
        stir=open_twice,
        affected=is_killed,
        recovered=is_killed,
    )


OnProcess = Callable[[Place, int], Fault]


def never_made(fault: OnProcess) -> Mapping[str, Callable[[Place], Fault]]:
    return {
        **dead(lambda place, process: fault(place, process.pid)),
        "the call is never made": lambda place: fault(place, place.target(ECHOES).pid),
        "it is traced already": partial(traced_already, fault=fault),
    }


def traced_already(place: Place, fault: OnProcess) -> Fault:
    target = place.target(OPENS)
    place.afterwards(Strace([target.pid], ["wait4,waitid:error=EINTR"]).detach)
    return fault(place, target.pid)


def no_strace(fault: OnProcess) -> Mapping[str, Callable[[Place], Fault]]:
    return {"no strace": partial(not_installed, fault=fault), "strace may not attach": partial(refused, fault=fault)}


def not_installed(place: Place, fault: OnProcess) -> Fault:
    place.machine.setenv("PATH", str(place.folder))
    return fault(place, place.target(ECHOES).pid)


def refused(place: Place, fault: OnProcess) -> Fault:
    refuses = Path(place.folder, "strace")
    refuses.write_text("#!/bin/sh\necho 'strace: attach: ptrace(PTRACE_SEIZE): Operation not permitted' >&2; exit 1\n")
    refuses.chmod(0o700)
    place.machine.setenv("PATH", str(place.folder), prepend=os.pathsep)
    return fault(place, place.target(ECHOES).pid)


def inject(place: Place, pid: int) -> Fault:
    return Inject(pid, "wait4,waitid:error=EINTR", place.history)


def fail_forks(place: Place, pid: int) -> Fault:
    return ForkFails(pid, place.history)


def fail_accepts(place: Place, pid: int) -> Fault:
    return AcceptFails(pid, place.history)


def kill_at_wait(place: Place, pid: int) -> Fault:
    return KillAtCall(pid, "wait4,waitid", place.history)


TRIALS = (
    Trial(
        Inject,
        {"a call fails": injected_error, "a call takes long": injected_delay},
        never_made(inject),
        no_strace(inject),
    ),
    Trial(
        ForkFails,
        {error: partial(fork_fails, error=error) for error in ("EAGAIN", "ENOMEM")},
        never_made(fail_forks),
        no_strace(fail_forks),
    ),
    Trial(
        AcceptFails,
        {error: partial(accept_fails, error=error) for error in ("EMFILE", "ENFILE", "ECONNABORTED")},
        never_made(fail_accepts),
        no_strace(fail_accepts),
    ),
    Trial(
        KillAtCall,
        {"the second call": killed_at_a_call},
        never_made(kill_at_wait),
        no_strace(kill_at_wait),
    ),
)
