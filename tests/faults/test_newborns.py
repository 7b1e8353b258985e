"""Who is a newborn worker, and who only passes by."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from proctor.faults import newborns
from proctor.faults.newborns import AtBirth
from proctor.history import History
from proctor.process import observe
from proctor.process.program import Command, Program, adopt_orphans
from proctor.process.strace import missing
from proctor.waiting import eventually, throughout
from tests.faults.place import Place

WITHIN_S = 20.0
ASKS_AND_FORKS = """
import os, pathlib, subprocess, time
pathlib.Path("up").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.01)
subprocess.run(["/bin/true"])
os.fork()
time.sleep(60)
"""
FORKS_WHEN_TOLD = """
import os, signal, sys
sys.stdin.readline()
child = os.fork()
if child == 0:
    signal.pause()
print(child, flush=True)
os.waitpid(child, 0)
"""
DELAYED_S = 0.5
DELAYED = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject=execve:delay_enter={DELAYED_S * 1e6:.0f}"]


def nobody_is_struck(births: AtBirth, parent: int) -> None:
    (helper,) = observe.children(parent)
    assert births.pids == []
    assert observe.in_vfork(parent)
    assert observe.borrows_memory(helper, parent)


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_who_is_to_execute_a_program_is_let_be_until_it_has(tmp_path: Path) -> None:
    """A parent that is inside vfork hears nothing: to stop whom it waits for would be the suite's own fault.

    Every execve is held up for half a second, so that the helper is seen before it has executed anything.
    """
    adopt_orphans()
    program = Program(Command([*DELAYED, sys.executable, "-c", ASKS_AND_FORKS], tmp_path))
    try:
        eventually((tmp_path / "up").exists, WITHIN_S, "the parent")
        (parent,) = observe.children(program.pid)
        with AtBirth(lambda: observe.children(parent), History(), most=1) as births:
            (tmp_path / "go").touch()
            eventually(lambda: observe.in_vfork(parent), WITHIN_S, "the helper")
            throughout(lambda: nobody_is_struck(births, parent), DELAYED_S / 2)
            births.took_effect(WITHIN_S)
            assert not observe.borrows_memory(births.pids[0], parent)
    finally:
        program.end()


def test_who_is_born_is_looked_for_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A birth anywhere is enough: nobody waits until it is time to look."""
    target = place.target(FORKS_WHEN_TOLD)
    monkeypatch.setattr(newborns, "FIND_EVERY_S", math.inf)
    with AtBirth(target.children, place.history, most=1) as births:
        throughout(lambda: None, 10 * newborns.LOOK_EVERY_S)
        target.tell()
        born = int(target.says())
        births.took_effect(WITHIN_S)
    assert births.pids == [born]


def test_who_becomes_a_worker_long_after_its_birth_is_struck(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As whoever executes a program first, and listens then: nobody is born any more by that time."""
    worker = place.target("import sys; sys.stdin.read()")
    monkeypatch.setattr(observe, "latest_pid", lambda: worker.pid)
    listens: list[int] = []
    with AtBirth(lambda: list(listens), place.history, most=1) as births:
        throughout(lambda: None, 10 * newborns.LOOK_EVERY_S)
        listens.append(worker.pid)
        births.took_effect(WITHIN_S)
    assert births.pids == [worker.pid]
