"""`--debug-cases`: whoever is at the terminal is waited for, shown whom to attach to, and hurried by no deadline."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from proctor.examination.debugging import SUSPENDED
from proctor.places import CHECKOUT
from proctor.process import observe
from proctor.waiting import throughout
from tests.commands.typed import at_a_terminal
from tests.examination.miniatures import examine, server
from tests.examination.test_verdicts import LISTENS, MUST, impl

__all__ = ["impl"]  # the fixture

SAID_WITHIN_S = 120  # beside many others
PROMPT = "Enter goes on, Ctrl-C ends the run: "
CASES = f"""
    from pathlib import Path
    from proctor.api import *

    @clause('{MUST}')
    def test_shared(server):
        Path("begun").touch()
        eventually(Path("go").exists, within=server.promise("reap_s"))

    @clause('{MUST}')
    def test_own(start_server):
        start_server()
"""


class Session:
    """A run at a terminal, and what it says there."""

    def __init__(self, run: subprocess.Popen[bytes]) -> None:
        self._run = run
        self._pieces: Queue[bytes] = Queue()
        Thread(target=self._read, daemon=True).start()

    def until(self, text: str) -> str:
        """What it says up to `text`. queue.Empty if that doesn't come in time."""
        said = b""
        while text.encode() not in said:
            piece = self._pieces.get(timeout=SAID_WITHIN_S)
            assert piece, f"it ended after {said.decode()}"
            said += piece
        return said.decode()

    def enter(self) -> None:
        assert self._run.stdin is not None
        self._run.stdin.write(b"\n")
        self._run.stdin.flush()

    def _read(self) -> None:
        assert self._run.stdout is not None
        while piece := os.read(self._run.stdout.fileno(), 65536):
            self._pieces.put(piece)
        self._pieces.put(b"")


@contextmanager
def debugged(impl: Path, *arguments: str) -> Iterator[tuple[Session, subprocess.Popen[bytes]]]:
    (impl / "test_cases.py").write_text(textwrap.dedent(CASES))
    command = [sys.executable, "-m", "pytest", f"--impl={impl}", "-p", "no:cacheprovider", "--debug-cases", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(at_a_terminal(*command), cwd=impl, stdin=pipe, stdout=pipe) as run:
        try:
            yield Session(run), run
        finally:
            run.terminate()  # its terminal goes with it


@pytest.fixture
def hasty(tmp_path: Path) -> Path:
    """It promises to reap within a tenth of a second."""
    return server(tmp_path, LISTENS, limits="boot_s = 20\nreap_s = 0.1")


def test_a_case_waits_for_enter_and_its_deadline_for_whoever_looks_closer(hasty: Path) -> None:
    with debugged(hasty, "test_cases.py::test_shared", "-n4") as (session, run):
        said = session.until(PROMPT)
        assert "test_cases.py::test_shared\r\n    registry 127.0.0.1:" in said
        shown = re.search(r"server (\d+) on 127\.0\.0\.1:\d+, its registry 127\.0\.0\.1:\d+, its processes \d+ ", said)
        assert shown is not None, said
        pid = int(shown[1])
        os.kill(pid, signal.SIGSTOP)  # as who attaches does
        assert not (hasty / "begun").exists()
        session.enter()
        throughout(lambda: observe.stat(pid), 1.0)  # ten times its promise
        os.kill(pid, signal.SIGCONT)
        (hasty / "go").touch()
        assert "1 passed" in session.until("1 passed")
        assert run.wait(SAID_WITHIN_S) == 0
    assert observe.stat(pid) is None


def test_a_process_that_the_case_itself_starts_is_waited_with_too(impl: Path) -> None:
    with debugged(impl, "test_cases.py::test_own") as (session, run):
        assert "server" not in session.until(PROMPT).partition("test_own\r\n")[2]
        session.enter()
        said = session.until(PROMPT)
        assert re.search(r"server started\r\n .*\r\n    server \d+ on 127", said), said
        session.enter()
        assert "--debug-cases): no profile is certified by it" in session.until("1 passed")
        assert run.wait(SAID_WITHIN_S) == 0


def test_an_interrupt_at_the_prompt_ends_the_run_and_the_server(impl: Path) -> None:
    with debugged(impl, "test_cases.py::test_shared") as (session, run):
        found = re.search(r"server (\d+) on", session.until(PROMPT))
        assert found is not None
        assert run.stdin is not None
        run.stdin.write(b"\x03")
        run.stdin.flush()
        session.until("no tests ran")
        assert run.wait(SAID_WITHIN_S) == 2
    assert observe.stat(int(found[1])) is None


def test_cases_that_watch_for_so_many_promises_end_though_deadlines_never_do(tmp_path: Path) -> None:
    """What is stretched is how long others may take. How long a case itself goes on, and with how many, must not be."""
    watching = (
        "client/test_calls.py::test_a_call_without_an_answer_ends_in_time[several-stopped]",
        "supervision/test_respawning.py::test_workers_are_not_taken_for_hung_because_time_went_by",
        "wire/test_methods.py::test_a_minute_is_not_too_long",
    )
    cases = [str(CHECKOUT / "conformance" / case) for case in watching]
    run = examine(CHECKOUT / "reference", f"--time-scale={SUSPENDED}", f"--report={tmp_path}", *cases)
    assert run.status == 0, run.text
    assert f"{len(watching)} passed" in run.text


def test_without_a_terminal_it_is_refused(impl: Path) -> None:
    """In a session of its own, which has none."""
    command = [sys.executable, "-m", "pytest", f"--impl={impl}", "--debug-cases"]
    run = subprocess.run(
        command, cwd=impl, capture_output=True, text=True, timeout=300, check=False, start_new_session=True
    )
    assert run.returncode == 4
    said = "ERROR: --debug-cases waits at the terminal before each case, and there is none: No such device or address"
    assert run.stderr.strip() == said
