"""However a run ends, nothing of it remains: no process, no reserved port, no temporary file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from proctor.places import home
from proctor.process import observe
from proctor.process.observe import Stat
from proctor.waiting import eventually
from tests.commands.typed import HEEDS_INTERRUPTS

WITHIN_S = 60.0  # a deadline against hanging, not a measure
GONE_WITHIN_S = 30.0  # the reference's orphans end within orphan_s, 5 s, and this machine may be busy
PLACE = "PROCTOR_TEST_PLACE"  # in the environment of all that a run starts
PORT = "@proctor-port-"
CASES = """
    import os, pathlib
    from proctor.api import *
    import pytest

    @clause("supervision/every-death-is-reaped")
    @pytest.mark.parametrize("name", ["one", "other"])
    def test_it(start_server, history, name):
        served = start_server()
        until_staffed(served)
        with Stop([min(served.worker_pids())], history) as stop:
            stop.took_effect()
            place = pathlib.Path(os.environ["PROCTOR_TEST_PLACE"])
            (place / name).write_text(str(os.getpid()))
            if (place / "wait").exists():
                eventually(lambda: False, within=600)
"""


class Run:
    """A run on two processes, with a server of the reference and a stopped worker in each."""

    def __init__(self, place: Path, *, waits: bool) -> None:
        self.place = place
        self.temporary = place / "temporary"
        self.temporary.mkdir()
        (place / "pytest.ini").write_text("[pytest]\n")
        (place / "test_cases.py").write_text(textwrap.dedent(CASES))
        if waits:
            (place / "wait").touch()
        command = [sys.executable, "-m", "pytest", f"--impl={home() / 'reference'}", "test_cases.py"]
        self.popen = subprocess.Popen(
            [*HEEDS_INTERRUPTS, *command, "-n", "2", "-p", "no:cacheprovider", f"--basetemp={place}/pytest"],
            cwd=place,
            env={**os.environ, PLACE: str(place), "TMPDIR": str(self.temporary)},
            stdout=(place / "output").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def output(self) -> str:
        return (self.place / "output").read_text(errors="replace")

    def workers(self) -> list[int]:
        """The pids of xdist's processes, once both are in the middle of their case."""
        reached = [self.place / name for name in ("one", "other")]
        eventually(lambda: all(path.exists() and path.read_text() for path in reached), within=WITHIN_S)
        return [int(path.read_text()) for path in reached]

    def processes(self) -> list[Stat]:
        """All that it started and that is alive."""
        mark = f"{PLACE}={self.place}".encode()
        return [
            process for process in observe.everything() if process.state not in "ZX" and mark in environment(process)
        ]

    def ports(self) -> set[str]:
        """The lines of the kernel's table that stand for ports that it has reserved."""
        inodes = {str(inode) for process in self.processes() for inode in observe.sockets(process.pid)}
        return {line for line in reserved() if line.split()[6] in inodes}


def environment(process: Stat) -> list[bytes]:
    try:
        return Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def reserved() -> list[str]:
    return [line for line in Path("/proc/net/unix").read_text().splitlines() if PORT in line]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    started: list[Run] = []

    def start(*, waits: bool) -> Run:
        started.append(Run(tmp_path, waits=waits))
        return started[-1]

    yield start
    for run in started:
        for process in run.processes():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        run.popen.wait(WITHIN_S)


def nothing_remains(run: Run, ports: set[str]) -> bool:
    left = [str(process) for process in run.processes()]
    assert not left, f"still there: {', '.join(left)}"
    assert not ports & set(reserved())
    assert not list(run.temporary.iterdir())
    return True


def test_nothing_remains_of_a_run_that_came_to_its_end(start: Callable[..., Run]) -> None:
    run = start(waits=False)
    assert run.popen.wait(WITHIN_S) == 0, run.output
    assert nothing_remains(run, set())


@pytest.mark.parametrize("to", ["the run", "all of its group"])
def test_nothing_remains_of_a_run_that_was_interrupted(start: Callable[..., Run], to: str) -> None:
    run = start(waits=True)
    run.workers()
    ports = run.ports()
    assert ports
    assert len([process for process in run.processes() if process.state == "T"]) == 2
    (os.kill if to == "the run" else os.killpg)(run.popen.pid, signal.SIGINT)
    assert run.popen.wait(WITHIN_S) != 0
    eventually(lambda: nothing_remains(run, ports), within=GONE_WITHIN_S)


@pytest.mark.parametrize("who", ["the run", "one of its processes"])
def test_nothing_remains_of_a_run_that_was_killed(start: Callable[..., Run], who: str) -> None:
    run = start(waits=True)
    first, _ = run.workers()
    ports = run.ports()
    assert ports
    if who == "one of its processes":
        (run.place / "wait").unlink()
        os.kill(first, signal.SIGKILL)
        run.popen.send_signal(signal.SIGINT)
    else:
        run.popen.kill()
    run.popen.wait(WITHIN_S)
    eventually(lambda: nothing_remains(run, ports), within=GONE_WITHIN_S)
