"""Whatever a program does, nothing of it is left once it was ended, and ending it doesn't take long."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from proctor.process import observe
from proctor.process.program import Command, Program, adopt_orphans
from proctor.waiting import eventually

WITHIN_S = 20.0
SOON_S = 15.0  # KILL works at once; but this machine may be busy

# What every program begins with. Its processes are known by the token among their arguments, whatever else they change,
# and end by themselves in the end, if the kit should fail to end them.
BEGINS = """
import os, signal, sys, time
TOKEN = sys.argv[1]
LIVES_S = 60
signal.alarm(LIVES_S)

def child():
    "Whether this is the child."
    if os.fork():
        return False
    signal.alarm(LIVES_S)
    return True

def become_another(environment):
    os.execve(sys.executable, ["another", "-I", "-S", "-c", "import signal; signal.alarm(60); signal.pause()", TOKEN],
              environment)

def say(what):
    os.write(1, what.encode() + b"\\n")
"""

PROGRAMS = {
    "ignores every signal": """
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGALRM}:
            signal.signal(number, signal.SIG_IGN)
        say("ready")
        while True:
            signal.pause()
        """,
    "is stopped": """
        child()
        say("ready")
        os.kill(os.getpid(), signal.SIGSTOP)
        """,
    "has processes in groups of their own": """
        for _ in range(3):
            if child():
                os.setpgid(0, 0)
                say("ready")
                signal.pause()
        signal.pause()
        """,
    "has a session of its own": """
        if child():
            os.setsid()
            say("ready")
        signal.pause()
        """,
    "is a daemon": """
        if child():
            os.setsid()
            if child():
                say("ready")
                signal.pause()
            os._exit(0)
        os.wait()
        """,
    "is a daemon that forgot where it came from": """
        if child():
            os.setsid()
            if child():
                say("ready")
                become_another({})
            os._exit(0)
        os.wait()
        """,
    "has nobody but a leader of a session that forgot where it came from": """
        if child():
            if child():
                os.setsid()
                say("ready")
                become_another({})
            os._exit(0)
        os.wait()
        """,
    "forks while it is killed": """
        say("ready")
        for _ in range(300):
            if not child():
                os._exit(0)
        signal.pause()
        """,
    "forks while it is killed, each time into another group": """
        say("ready")
        for _ in range(300):
            if not child():
                os._exit(0)
            os.setpgid(0, 0)
        signal.pause()
        """,
    "forks while it is killed, each time into another session": """
        say("ready")
        for _ in range(300):
            if not child():
                os._exit(0)
            os.setsid()
        signal.pause()
        """,
    "forks faster and faster": """
        say("ready")
        for _ in range(6):
            child()
            time.sleep(0.005)
        signal.pause()
        """,
}


@pytest.fixture
def token() -> Iterator[str]:
    """Whoever has it among his arguments is killed after the test, in case the kit did not."""
    adopt_orphans()
    token = uuid.uuid4().hex
    yield token
    while left := having(token):
        for pid in left:
            os.kill(pid, signal.SIGKILL)


def having(token: str) -> list[int]:
    """Every process that is alive and has the token among its arguments."""
    found = []
    for process in observe.everything():
        words = observe.read(Path(f"/proc/{process.pid}/cmdline")).split("\0")
        if token in words and process.state not in "ZX":
            found.append(process.pid)
    return found


def zombies(since: int) -> list[str]:
    """What was born since then, in ticks, has come to us, their subreaper, and was not reaped."""
    found = (observe.stat(pid) for pid in observe.children(os.getpid()))
    return [str(process) for process in found if process and process.state == "Z" and process.started >= since]


def start(source: str, token: str, folder: Path, *, talks: bool = False) -> Program:
    path = folder / "program.py"
    path.write_text(BEGINS + textwrap.dedent(source))
    return Program(Command([sys.executable, "-I", "-S", str(path), token], folder, talks=talks))


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS)
def test_nothing_is_left_of_a_program_that(source: str, token: str, tmp_path: Path) -> None:
    program = start(source, token, tmp_path)
    parent = observe.stat(program.pid)
    assert parent is not None
    eventually(lambda: "ready" in program.output.tail(), within=WITHIN_S)
    began = time.monotonic()
    program.end()
    took = time.monotonic() - began
    assert having(token) == []
    assert zombies(since=parent.started) == []
    assert took < SOON_S


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS)
def test_nothing_is_left_of_a_driver_that(source: str, token: str, tmp_path: Path) -> None:
    """Somebody reads its output all the while, and must not keep it from being ended."""
    program = start(source, token, tmp_path, talks=True)
    assert program.stdout.readline() == b"ready\n"
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(program.stdout.readline)
        program.end()
    assert having(token) == []
    assert reading.done()
