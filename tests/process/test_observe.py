"""What /proc says: listeners, handlers, descriptors."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from proctor.process import observe
from proctor.process.ports import HIGHEST, LOWEST, Ports
from proctor.waiting import eventually

NOBODY = 65534
PR_SET_DUMPABLE = 4
USER = os.geteuid() or NOBODY


def test_a_listener_is_known_by_its_port_and_its_holder_by_the_inode() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert observe.listening_inodes(port) == set()
        listener.listen()
        assert observe.holders(observe.listening_inodes(port), [os.getpid(), 1]) == [os.getpid()]


def test_a_handler_shows_in_the_signals_that_a_process_heeds() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        assert observe.heeds(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not observe.heeds(os.getpid(), signal.SIGUSR1)


@pytest.mark.parametrize("waits", ["s.pause()", "s.sigtimedwait({s.SIGUSR1}, 60)"], ids=["signalfd", "sigtimedwait"])
def test_a_signal_that_is_blocked_to_be_waited_for_is_heeded(waits: str) -> None:
    """By a parent that asks sigtimedwait(2), or reads a signalfd(2), instead of handling it."""
    blocks = "import signal as s; s.pthread_sigmask(s.SIG_BLOCK, {s.SIGUSR1}); print('blocked', flush=True)"
    with subprocess.Popen([sys.executable, "-c", f"{blocks}; {waits}"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"blocked\n"
        eventually(lambda: observe.stat(process.pid).state == "S", within=20)  # type: ignore[union-attr]  # it is there
        # Who loses the processor on the way into sigtimedwait(2) blocks nothing any more, and waits in nothing yet.
        eventually(lambda: observe.heeds(process.pid, signal.SIGUSR1), within=20)
        process.kill()


def test_a_process_that_only_sleeps_heeds_nothing() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert not observe.heeds(process.pid, signal.SIGUSR1)
        process.kill()


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Be `USER`, to whom /proc doesn't show everything."""
    before = os.geteuid()
    os.seteuid(USER)
    try:
        yield
    finally:
        os.seteuid(before)
        observe.LIBC.prctl(PR_SET_DUMPABLE, 1)  # who changes its user can't be looked into any more


def test_who_has_ended_hides_nothing_from_its_user() -> None:
    """Or a server whose workers have just been killed is blamed for hiding them, where root doesn't look."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=USER) as child, ordinary_user():
        assert child.stdin is not None
        assert observe.hidden([child.pid]) == []
        child.stdin.close()
        eventually(lambda: state_of(child.pid) == "Z", within=20)
        with pytest.raises(PermissionError):
            list(Path(f"/proc/{child.pid}/fd").iterdir())
        assert observe.hidden([child.pid]) == []


def state_of(pid: int) -> str:
    found = observe.stat(pid)
    return found.state if found else "gone"


def test_a_process_that_is_not_there_is_none_and_empty() -> None:
    nobody = 2**22 + 1  # above the largest pid that Linux hands out
    assert observe.stat(nobody) is None
    assert observe.status(nobody) == {}
    assert observe.sockets(nobody) == set()
    assert observe.descriptors(nobody) == 0


def test_a_command_name_may_hold_anything() -> None:
    found = observe.stat(os.getpid())
    assert found is not None
    assert found.pid == os.getpid()
    assert found.parent == os.getppid()


def test_a_reserved_port_is_free_and_nobody_else_gets_it() -> None:
    mine, other = Ports(), Ports()
    try:
        port = mine.reserve()
        assert LOWEST <= port < HIGHEST
        assert not other._claim(port)  # noqa: SLF001  # the one port that matters can't be asked for by the public way
        mine.release(port)
        assert other._claim(port)  # noqa: SLF001
    finally:
        mine.close()
        other.close()


def test_a_family_is_the_descendants_and_nobody_else() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & echo; wait"], stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        shell.stdout.readline()
        try:
            family = observe.family(shell.pid)
            assert [process.parent for process in family] == [shell.pid]
            assert [process.pid for process in family] == [process.pid for process in observe.descendants(shell.pid)]
        finally:
            for process in observe.family(shell.pid):
                os.kill(process.pid, signal.SIGKILL)
    assert observe.family(shell.pid) == []


def test_exec_shows_in_the_image_though_nothing_else_tells_it() -> None:
    again = f"import os, sys; print(flush=True); sys.stdin.readline() and os.execv({sys.executable!r}, sys.orig_argv)"
    unrandomised = ["setarch", "-R", sys.executable, "-S", "-c", again]
    with subprocess.Popen(unrandomised, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdout.readline()
        first, born = observe.image(program.pid), observe.stat(program.pid)
        assert observe.image(program.pid) == first
        program.stdin.write(b"again\n")
        program.stdin.flush()
        program.stdout.readline()
        second, still = observe.image(program.pid), observe.stat(program.pid)
    assert first != second
    assert born is not None
    assert still is not None
    assert still.started == born.started


def test_what_began_earlier_began_in_an_earlier_tick_or_in_this_one() -> None:
    mine = observe.stat(os.getpid())
    assert mine is not None
    assert mine.started < observe.ticks_now()


def test_who_works_is_runnable_all_the_time_and_who_waits_is_not() -> None:
    me = [os.getpid()]
    began, before = time.monotonic(), observe.runnable_s(me)
    while time.monotonic() < began + 0.2:
        sum(range(100_000))
    assert observe.busiest_s(me, before) > 0.9 * 0.2
    began, before = time.monotonic(), observe.runnable_s(me)
    threading.Event().wait(0.2)
    assert observe.busiest_s(me, before) < 0.9 * (time.monotonic() - began)
    assert observe.busiest_s([2**22 + 1], {}) == 0


def test_each_thread_has_an_account_of_its_own() -> None:
    """The most that any one of them has is told, and not what all have together."""
    me = [os.getpid()]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(threading.get_native_id).result()
        before = observe.runnable_s(me)
        theirs = pool.submit(threading.get_native_id).result()
        assert {threading.get_native_id(), theirs} <= set(before)
        assert observe.busiest_s(me, {thread: spent + 9.0 for thread, spent in before.items()}) < 0
        assert observe.busiest_s(me, {**before, theirs: -9.0}) > 9.0


def test_processor_time_grows_with_work_and_not_with_waiting() -> None:
    before = observe.processor_s([os.getpid()])
    while observe.processor_s([os.getpid()]) < before + 0.05:
        sum(range(100_000))
    nobody = 2**22 + 1
    assert observe.processor_s([nobody]) == 0
