"""The command `proctor`, as a user types it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROCTOR = str(Path(sys.executable).with_name("proctor"))
ENDS_WITHIN_S = 300

Run = subprocess.CompletedProcess[str]


def proctor(*words: str | Path, cwd: Path | None = None, **env: str) -> Run:
    return subprocess.run(
        [PROCTOR, *map(str, words)],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN_S,
        check=False,
    )


def complaint(run: Run, status: int) -> str:
    """The one line in which a command says what is wrong; it says nothing else."""
    assert (run.returncode, run.stdout) == (status, ""), run.stdout + run.stderr
    (line,) = run.stderr.splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")


# What a shell runs in the background has SIGINT ignored, and so has all that it starts: the tests among it.
HEEDS_INTERRUPTS = ("env", "--default-signal=INT")


def at_a_terminal(*words: str | Path) -> Sequence[str]:
    """The words that run a command at a terminal of its own, which passes on what it reads and writes."""
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    return [*HEEDS_INTERRUPTS, sys.executable, "-c", spawn, *map(str, words)]
