"""Servers whose processes do what they should not."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.hostile.implementation import (
    LIVES_S,
    REAPING,
    STOPPING,
    Place,
    hostile,
    ignore_signals,
    is_child,
    prefork,
    rest,
)

SEVERAL, MANY = 200, 2000
MEMORY_BYTES = 256 << 20
LIBC = ctypes.CDLL(None)
PR_SET_DUMPABLE, PR_SET_NAME, PTRACE_TRACEME = 4, 15, 0
NAME = b"a) Z 1 1\n\x1b[7m("  # as proc(5) prints it, a state follows the parenthesis
NEVER_READY = {"boot_s": 1}
WITHOUT_PTRACE = ("setpriv", "--bounding-set", "-sys_ptrace") if os.geteuid() == 0 else ()

STILL_RUNS = "for every process of the server to end; last seen: the parent still runs, workers"
LEFT = "the parent ended before its workers"
UNSTAFFED = "s for 3 workers; last seen: workers"
UNREAPED = "(Z: dead and not reaped)"
NOT_READY = "waited 1.00 s for the server to be ready"


@hostile(STOPPING, STILL_RUNS)
def ignores_every_signal(place: Place) -> None:
    """Nothing but KILL ends it, or any of its workers."""
    ignore_signals()
    prefork(place)
    rest()


@hostile(STOPPING, UNSTAFFED)
def forks_without_end(place: Place) -> None:
    """Every process forks for as long as there are tokens, of which each fork takes one."""
    first, listener = os.getpid(), socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((place.host, int(place.port)))
    tokens, fill = os.pipe()
    os.set_blocking(tokens, False)
    os.write(fill, bytes(SEVERAL))
    with suppress(BlockingIOError):
        while os.read(tokens, 1):
            is_child()
    if os.getpid() == first:
        listener.listen()
    rest()


@hostile(STOPPING, LEFT)
def runs_away(place: Place) -> None:
    """One forks and exits, and so does its child, each in a session of its own: it is always another."""
    prefork(place)
    ends = time.monotonic() + LIVES_S
    if is_child():
        while time.monotonic() < ends:
            if not is_child():
                os._exit(0)
            os.setsid()
    rest()


@hostile(STOPPING, "ended (exit status 0) before it was ready", "it must stay in the foreground")
def becomes_a_daemon(_: Place) -> None:
    """It forks twice, and its first process ends."""
    if is_child():
        os.setsid()
        if is_child():
            rest()
        os._exit(0)
    os.wait()
    os._exit(0)


@hostile(STOPPING, UNSTAFFED + " (none)")
def its_workers_leave_its_tree(place: Place) -> None:
    """They fork twice, into sessions of their own."""
    _listener = place.listen()
    for _ in range(int(place.workers)):
        if is_child():
            os.setsid()
            if is_child():
                rest()
            os._exit(0)
        os.wait()
    rest()


@hostile(STOPPING, "ended (exit status 3) before it was ready", "somebody else has my output")
def leaves_its_output_to_another(place: Place) -> None:
    """Whoever waits for the end of its output waits for a daemon's."""
    if is_child():
        os.setsid()
        rest()
    print(f"{place.port}: somebody else has my output", flush=True)
    os._exit(3)


@hostile(STOPPING, STILL_RUNS, "la la la")
def floods_its_output(place: Place) -> None:
    ignore_signals()
    os.write(1, b"la la la\n")
    prefork(place)
    while True:
        os.write(1, b"la la la\n" * 1000)
        os.write(2, b"la la la\n" * 1000)


@hostile(STOPPING, STILL_RUNS, r"la la la \x1b[31m\xff")
def writes_a_line_without_end(place: Place) -> None:
    ignore_signals()
    os.write(1, b"la la la \x1b[31m\xff")
    prefork(place)
    while True:
        os.write(1, b"la la la \x1b[31m\xff" * 1000)


@hostile(STOPPING, STILL_RUNS)
def fills_its_limits(place: Place) -> None:
    """Memory and descriptors, as far as it should go."""
    ignore_signals()
    hoard = bytearray(b"x") * MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_NOFILE, (MANY, MANY))
    prefork(place)
    with suppress(OSError):
        while True:
            hoard[os.dup(0)] = 1
    rest()


@hostile(STOPPING, LEFT)
def its_workers_leave_its_group(place: Place) -> None:
    """Half of them into groups, half into sessions of their own, and ignore what they are sent there."""
    listener = place.listen()
    for number in range(int(place.workers)):
        if is_child():
            (os.setsid if number % 2 else os.setpgrp)()
            ignore_signals()
            rest()
    listener.close()
    rest()


@hostile(STOPPING, "the server's process ended (signal 9) before it was ready")
def kills_its_whole_group(_: Place) -> None:
    """As kill(0) does. The group is its own: the kit gives each program a session."""
    if os.getpgrp() == os.getsid(0) == os.getpid():
        os.kill(0, signal.SIGKILL)


@hostile(STOPPING, LEFT)
def becomes_another_program(place: Place) -> None:
    """Its port is open; then the parent executes something else, which knows no worker."""
    prefork(place).accept()
    os.execve(sys.executable, ["\x1b[7mshepherd", "-c", f"import time; time.sleep({LIVES_S})"], {})


@hostile(REAPING, UNREAPED, r" a) Z 1 1\n\x1b[7m( Z")
def has_an_odd_name(place: Place) -> None:
    """One that looks as if /proc/PID/stat went on after it."""
    LIBC.prctl(PR_SET_NAME, NAME)
    prefork(place)
    rest()


@hostile(STOPPING, STILL_RUNS)
def has_itself_traced(place: Place) -> None:
    """By whoever started it, who didn't ask for that: a signal stops it, and a wait finds it stopped."""
    LIBC.ptrace(PTRACE_TRACEME, 0, 0, 0)
    prefork(place)
    rest()


@hostile(STOPPING, "can't be seen: their descriptors are hidden from us", through=WITHOUT_PTRACE)
def can_not_be_looked_into(place: Place) -> None:
    """/proc/PID/fd of one that can't be dumped is for those alone who may trace anybody."""
    LIBC.prctl(PR_SET_DUMPABLE, 0)
    prefork(place)
    rest()


@hostile(STOPPING, STILL_RUNS)
def closes_all_that_it_was_given(place: Place) -> None:
    ignore_signals()
    os.closerange(0, 3)
    prefork(place)
    rest()


@hostile(REAPING, UNREAPED)
def leaves_zombies_en_masse(place: Place) -> None:
    for _ in range(SEVERAL):
        if is_child():
            os._exit(0)
    prefork(place)
    rest()


@hostile(STOPPING, STILL_RUNS)
def stops_itself(place: Place) -> None:
    """Once somebody has connected."""
    ignore_signals()
    prefork(place).accept()
    os.kill(os.getpid(), signal.SIGSTOP)


@hostile(STOPPING, "it can't be started in", "where it could be before: No such file or directory")
def removes_its_folder(place: Place) -> None:
    """The one that it is started in; the next start has none."""
    Path.cwd().rmdir()
    prefork(place)
    rest()


@hostile(STOPPING, STILL_RUNS)
def fills_its_folder(place: Place) -> None:
    """With what is hard to read: huge, nameless in UTF-8, a pipe, a loop, a path longer than the kernel takes."""
    ignore_signals()
    with suppress(FileExistsError):
        os.mkfifo("pipe")
        Path("loop").symlink_to(".")
        Path(os.fsdecode(b"\xff\x1b[31m\n")).touch()
        Path("unreadable").touch(0)
        with Path("huge").open("wb") as file:
            file.truncate(MEMORY_BYTES)
        for _ in range(SEVERAL):
            Path("deep" * 10).mkdir()
            os.chdir("deep" * 10)
    prefork(place)
    rest()


@hostile(STOPPING, NOT_READY, "accepts", limits=NEVER_READY)
def listens_elsewhere(place: Place) -> None:
    listener = socket.create_server((place.host, 0))
    listener.accept()
