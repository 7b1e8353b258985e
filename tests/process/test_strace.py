"""strace's injection takes effect on a running process, is seen, and ends when strace is detached."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from proctor.process import observe
from proctor.process.process import Gone
from proctor.process.strace import Strace, missing
from proctor.waiting import eventually

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

LOOKS_FOR_A_FILE = """
    import os, time
    while True:
        try:
            os.stat("/")
            print("there", flush=True)
        except OSError as error:
            print(error.strerror, flush=True)
        time.sleep(0.01)
"""
WAITS_WITHOUT_PAUSE = """
    import os, signal
    child = os.fork()
    if child == 0:
        signal.pause()
    print("there", flush=True)
    try:
        while True:
            os.waitpid(child, os.WNOHANG)
    finally:
        os.kill(child, signal.SIGKILL)
"""
HAS_A_NEWBORN_WHO_TELLS = """
    import os, signal, time
    def newborn():
        signal.signal(signal.SIGCONT, lambda *_: print("was stopped", flush=True))
        signal.signal(signal.SIGRTMIN, lambda *_: print("was asked", flush=True))
        print(os.getpid(), flush=True)
        while True:
            signal.pause()
    print("there", flush=True)
    while True:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pass
        except OSError:
            if os.fork() == 0:
                newborn()
        time.sleep(0.01)
"""
WITHIN_S = 20.0
STATS = "stat,newfstatat,statx"
OFTEN = 20  # without a stop before it, about half of these would end a process that waits without pause


@contextmanager
def running(source: str) -> Iterator[subprocess.Popen[str]]:
    """Past its start, in which injected errors would hit whatever the interpreter does then."""
    command = [sys.executable, "-c", textwrap.dedent(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "there\n"
            yield process
        finally:
            for pid in [*observe.children(process.pid), process.pid]:
                os.kill(pid, signal.SIGKILL)


def test_an_injected_error_is_what_the_process_sees_and_detaching_ends_it() -> None:
    with running(LOOKS_FOR_A_FILE) as process:
        strace = Strace([process.pid], [f"{STATS}:error=EIO"])
        eventually(strace.injected, within=10)
        assert eventually(lambda: "Input/output error" in process.stdout.readline(), within=10)  # type: ignore[union-attr]
        strace.detach()
        assert eventually(lambda: process.stdout.readline() == "there\n", within=10)  # type: ignore[union-attr]


def test_no_process_is_left_in_the_middle_of_an_injected_call() -> None:
    """Who is would get ENOSYS, and be blamed for not surviving it."""
    with running(WAITS_WITHOUT_PAUSE) as process:
        for _ in range(OFTEN):
            strace = Strace([process.pid], ["wait4:error=EINTR"])
            eventually(strace.injected, within=10)
            strace.detach()
            assert eventually(lambda: state(process.pid) in ("R", "S"), within=10)


def test_who_was_stopped_before_stays_so() -> None:
    with running(LOOKS_FOR_A_FILE) as process:
        os.kill(process.pid, signal.SIGSTOP)
        eventually(lambda: state(process.pid) == "T", within=10)
        Strace([process.pid], [f"{STATS}:error=EIO"]).detach()
        assert eventually(lambda: state(process.pid) == "T", within=WITHIN_S)  # R for as long as the kernel takes
        os.kill(process.pid, signal.SIGCONT)
        assert eventually(lambda: process.stdout.readline() == "there\n", within=10)  # type: ignore[union-attr]


def test_who_was_forked_meanwhile_and_made_no_such_call_is_not_stopped() -> None:
    """His parent would be told of it, and be blamed for what it makes of that."""
    with running(HAS_A_NEWBORN_WHO_TELLS) as process:
        assert process.stdout is not None
        strace = Strace([process.pid], ["wait4:error=EIO:when=1"])
        newborn = int(process.stdout.readline())
        eventually(lambda: strace.saw(f"Process {newborn} attached"), within=WITHIN_S)
        strace.detach()
        os.kill(newborn, signal.SIGRTMIN)
        assert process.stdout.readline() == "was asked\n"


def state(pid: int) -> str:
    found = observe.stat(pid)
    return found.state if found else ""


def test_a_process_that_is_not_there_cannot_be_attached_to_and_that_is_said() -> None:
    with pytest.raises(Gone, match=f"process {2**22 + 1} is gone"):
        Strace([2**22 + 1], ["wait4:error=EINTR"])


def test_several_processes_are_traced_by_one_strace() -> None:
    with ExitStack() as stack:
        pids = [stack.enter_context(running(LOOKS_FOR_A_FILE)).pid for _ in range(2)]
        strace = Strace(pids, [f"{STATS}:error=EIO"])
        for pid in pids:
            eventually(lambda pid=pid: strace.saw(rf"^\[pid +{pid}\].*INJECTED"), within=10)  # type: ignore[misc]
        strace.detach()


def test_a_call_is_seen_as_it_begins_and_whoever_is_held_up_there_is_let_go_at_once() -> None:
    with running(LOOKS_FOR_A_FILE) as process:
        strace = Strace([process.pid], [f"{STATS}:delay_enter={10 * WITHIN_S * 1e6:.0f}:when=3"])
        eventually(lambda: 3 in [strace.begun(call)[process.pid] for call in STATS.split(",")], within=WITHIN_S)
        assert len(strace.saw(" = 0$")) == 2, "the third has no result yet"
        strace.detach()
        said = [process.stdout.readline() for _ in range(4)]  # type: ignore[union-attr]
        assert said == ["there\n"] * 4
