"""Kills what is left of a kit's programs once the kit is gone, however it went. Executed as a script, by its path.

Run as `python -I -S sweep.py FIRST LAST`, between which the marks of the kit's programs are (entry.py). It waits for
the end of its standard input, a pipe that the kit holds. A parent death signal reaches the process of a program's
command alone: workers that were stopped just then would stay so for ever.

It imports nothing from the kit: see entry.py.
"""

import os
import signal
import sys
import time

SWEEPS_FOR_S = 10.0


def mark(pid: int) -> int:
    """The limit that says whose a process is; 0 for none."""
    try:
        with open(f"/proc/{pid}/limits", "rb") as file:  # noqa: PTH123  # pathlib would double what starting costs
            words = file.read().partition(b"Max file locks ")[2].split(maxsplit=1)
    except OSError:
        return 0
    return int(words[0]) if words and words[0].isdigit() else 0


def is_zombie(pid: int) -> bool:
    """Dead, and marked until whoever is its parent now reaps it."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  # as in `mark`
            return file.read().rpartition(b")")[2].split()[0] == b"Z"
    except OSError:
        return True


def kill(pid: int, marks: range) -> None:
    """By pidfd, and looked at once more with that in hand: a pid may be another's by now."""
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if mark(pid) in marks:
            signal.pidfd_send_signal(process, signal.SIGKILL)
    except ProcessLookupError:
        pass
    finally:
        os.close(process)


def main(marks: range) -> None:
    sys.stdin.buffer.read()
    deadline = time.monotonic() + SWEEPS_FOR_S
    while time.monotonic() < deadline:
        everybody = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  # as in `mark`
        left = [pid for pid in everybody if mark(pid) in marks and not is_zombie(pid)]
        if not left:
            return
        for pid in left:
            kill(pid, marks)


if __name__ == "__main__":
    main(range(int(sys.argv[1]), int(sys.argv[2]) + 1))
