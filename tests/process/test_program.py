"""Programs start clean, are seen whole, and are ended whole."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from proctor.process import observe
from proctor.process.output import KEPT_BYTES
from proctor.process.process import Gone, Process
from proctor.process.program import CanNotStart, Command, Program, adopt_orphans
from proctor.waiting import eventually

Run = Callable[..., Program]
WITHIN_S = 20.0


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Starts a Python program from its source; ends it with the test."""
    adopt_orphans()
    started: list[Program] = []

    def start(source: str, **options: object) -> Program:
        path = tmp_path / f"program{len(started)}.py"
        path.write_text(textwrap.dedent(source))
        command = Command([sys.executable, "-I", "-S", str(path)], tmp_path, **options)  # type: ignore[arg-type]  # options are Command's fields
        started.append(Program(command))
        return started[-1]

    yield start
    for program in started:
        program.end()
        assert not program.remains()


def test_a_program_starts_with_default_signals_whatever_the_kit_ignores(run: Run) -> None:
    """Ignored signals survive exec: the implementation would be blamed for a disposition that it was given."""
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        program = run("import time; time.sleep(60)")
        eventually(lambda: has_begun(program), within=WITHIN_S)
    finally:
        signal.signal(signal.SIGUSR1, before)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    state = observe.status(program.pid)
    ours = 1 << (signal.SIGUSR1 - 1) | 1 << (signal.SIGCHLD - 1)
    assert int(state["SigIgn"], 16) & ours == 0
    assert int(state["SigBlk"], 16) == 0


def test_a_program_can_be_started_with_a_signal_ignored(run: Run) -> None:
    program = run("import time; time.sleep(60)", ignore=[signal.SIGCHLD])
    eventually(lambda: has_begun(program), within=WITHIN_S)
    assert int(observe.status(program.pid)["SigIgn"], 16) >> (signal.SIGCHLD - 1) & 1


def test_a_command_that_does_not_exist_ends_as_in_a_shell(tmp_path: Path) -> None:
    program = Program(Command(["/nowhere/at-all"], tmp_path))
    assert program.wait(WITHIN_S) == 127
    program.end()
    assert "/nowhere/at-all: No such file or directory" in program.output.tail()


def test_exit_statuses_and_signals_are_told_apart(run: Run) -> None:
    assert run("raise SystemExit(3)").wait(WITHIN_S) == 3
    assert run("import os; os.kill(os.getpid(), 9)").wait(WITHIN_S) == -signal.SIGKILL


def test_descendants_are_seen_and_ended(run: Run) -> None:
    program = run(
        """
        import os, time
        for _ in range(3):
            if os.fork() == 0:
                break
        time.sleep(60)
        """
    )
    children = eventually(lambda: program.tree() if len(program.tree()) == 3 else None, within=WITHIN_S)
    assert children is not None
    program.end()
    assert all(observe.stat(child.pid) is None for child in children)


@pytest.mark.parametrize("environment", ["kept", "cleared"])
def test_a_daemon_that_forked_twice_is_found_and_ended(run: Run, environment: str) -> None:
    """It has another session and another parent; a kit that kills a process group leaves it behind."""
    program = run(
        f"""
        import os, sys, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                if {environment!r} == "cleared":
                    os.execve("/bin/sleep", ["sleep", "60"], {{}})
                time.sleep(60)
            time.sleep(1)
            os._exit(0)
        time.sleep(1.5)
        """
    )
    daemon = eventually(
        lambda: next((one for one in program.tree() if one.parent not in (os.getpid(), program.pid)), None),
        within=WITHIN_S,
        what="the daemon to stand",
    )
    assert daemon is not None
    assert program.wait(WITHIN_S) == 0
    assert daemon.pid in {process.pid for process in program.remains()}
    program.end()
    assert observe.stat(daemon.pid) is None


def test_a_flood_of_output_blocks_nobody_and_only_its_end_is_kept(run: Run) -> None:
    program = run("import sys\nfor n in range(300_000): print('line', n)\nprint('\\x1b[31mlast')")
    assert program.wait(WITHIN_S) == 0
    program.output.finish(WITHIN_S)
    assert program.output.tail(2).splitlines() == ["line 299999", "\\x1b[31mlast"]


@pytest.mark.parametrize(("behind", "told"), [("", []), (r"\nlast", ["last"])], ids=["endless", "ended"])
def test_of_the_longest_line_the_beginning_is_told(run: Run, behind: str, told: list[str]) -> None:
    """A text that begins elsewhere may begin inside a secret, which nobody knows by its end."""
    program = run(f"print('first\\nsecond ' + 's' * {3 * KEPT_BYTES} + '{behind}', end='')")
    assert program.wait(WITHIN_S) == 0
    program.output.finish(WITHIN_S)
    longest, *others = program.output.tail().splitlines()
    assert longest.startswith("second sss")
    assert len(longest) < KEPT_BYTES
    assert others == told


def test_a_pidfd_outlives_its_process_and_hits_nobody_else(run: Run) -> None:
    program = run("import time; time.sleep(60)")
    process = Process(program.pid)
    assert not process.ended()
    process.send(signal.SIGSTOP)
    eventually(lambda: process.state() == "T", within=WITHIN_S)
    program.end()
    assert process.ended()
    assert process.state() == "X"
    process.send(signal.SIGKILL)
    process.close()


def test_a_process_that_is_gone_cannot_be_opened(run: Run) -> None:
    program = run("")
    program.wait(WITHIN_S)
    with pytest.raises(Gone, match=f"process {program.pid} is gone"):
        Process(program.pid)


def has_begun(program: Program) -> bool:
    """Whether the command itself is executed by now. In the middle of an exec the words are none."""
    words = Path(f"/proc/{program.pid}/cmdline").read_bytes()
    return words.split(b"\0")[:-1] == [word.encode() for word in program.command.argv]


def test_every_thread_that_waits_is_told_the_status(run: Run) -> None:
    """A driver's reader and a case wait for the same end; one that is told None blames a client that did exit."""
    for _ in range(5):
        program = run("import sys; sys.stdin.read(); sys.exit(7)", talks=True)
        with ThreadPoolExecutor(8) as pool:
            waits = [pool.submit(program.wait, WITHIN_S) for _ in range(8)]
            program.stdin.close()
            assert [wait.result() for wait in waits] == [7] * 8


def test_one_that_has_itself_traced_has_not_ended_when_a_signal_stops_it(run: Run) -> None:
    """Its tracer is whoever started it, and finds it stopped by waiting for it."""
    program = run(
        """
        import ctypes, os, time
        ctypes.CDLL(None).ptrace(0, 0, 0, 0)
        os.write(1, b"traced")
        time.sleep(60)
        """
    )
    eventually(lambda: program.output.tail() == "traced", within=WITHIN_S)
    program.parent.send(signal.SIGTERM)
    eventually(lambda: program.parent.state() == "t", within=WITHIN_S)
    assert program.exit_status() is None
    program.end()
    assert program.exit_status() == -signal.SIGKILL


def test_a_folder_that_has_gone_is_no_error_of_the_kit(tmp_path: Path) -> None:
    with pytest.raises(CanNotStart, match="where it could be before: No such file or directory"):
        Program(Command([sys.executable], tmp_path / "gone"))
