"""One started command and everything that it forks; whatever it does, `end` leaves none of it behind."""

from __future__ import annotations

import ctypes
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from proctor.outcome import Failure, TimedOut
from proctor.process import observe
from proctor.process.observe import Stat
from proctor.process.output import Output
from proctor.process.process import Gone, Process

PR_SET_CHILD_SUBREAPER = 36
MARK_BITS = 40  # beside the kit's pid: enough for no two of its programs to share a mark
ENTRY = Path(__file__).with_name("entry.py")
LAST_WORDS_WITHIN_S = 2.0  # who outlives the parent may hold its output open
END_WITHIN_S = 10.0  # KILL works at once; more than this means a process in uninterruptible sleep


def adopt_orphans() -> None:
    """Make this process a child subreaper: orphans of what it starts come to it, are seen, and can be reaped."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1)


class CanNotStart(Failure):
    """The implementation's own folder is no more, or not for us to enter."""

    final = True


@dataclass(frozen=True)
class Command:
    """What to execute, without a shell. `ignore`: signals left ignored; `limits`: RLIMIT_x -> (soft, hard)."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    ignore: Sequence[int] = ()
    limits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    talks: bool = False  # its standard input and output are a pipe of ours, rather than /dev/null and log text

    def through_entry(self, mark: int) -> list[str]:
        """What to execute so that entry.py makes it a clean start, with this mark."""
        ignored = ",".join(str(int(number)) for number in self.ignore)
        limits = ",".join(f"{name}={soft}:{hard}" for name, (soft, hard) in self.limits.items())
        return [sys.executable, "-I", "-S", str(ENTRY), str(os.getpid()), str(mark), ignored, limits, *self.argv]


class Program:
    """A running command, leader of a session of its own. `parent` is the process that was started."""

    def __init__(self, command: Command) -> None:
        """CanNotStart if the folder to start it in has gone."""
        self.command = command
        self.mark = os.getpid() << MARK_BITS | random.SystemRandom().getrandbits(MARK_BITS)
        self._began = observe.ticks_now()
        self._popen = self._start()
        self.parent = Process(self._popen.pid)
        log = self._popen.stderr if command.talks else self._popen.stdout
        assert log is not None
        self.output = Output(log)  # type: ignore[arg-type]  # Popen's pipes are binary here
        self._ended = False
        self._reaping = threading.Lock()
        self._telling = threading.Lock()
        if command.talks:
            os.set_blocking(self.stdin.fileno(), False)

    def _start(self) -> subprocess.Popen[bytes]:
        command = self.command
        try:
            return subprocess.Popen(
                command.through_entry(self.mark),
                cwd=command.cwd,
                env={**os.environ, **command.env},
                stdin=subprocess.PIPE if command.talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if command.talks else subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            if error.filename != command.cwd:
                raise
            said = f"it can't be started in {command.cwd}, where it could be before: {error.strerror}"
            raise CanNotStart(said) from None

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def stdin(self) -> IO[bytes]:
        assert self._popen.stdin is not None
        return self._popen.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self._popen.stdout is not None
        return self._popen.stdout

    def tell(self, data: bytes, within_s: float) -> None:
        """Write to its standard input. TimedOut if it doesn't read that in time, BrokenPipeError if it can't any more.

        ValueError if the input was closed by us.
        """
        with self._telling:
            started = time.monotonic()
            pipe, rest = self.stdin.fileno(), memoryview(data)
            while rest:
                left_s = started + within_s - time.monotonic()
                if not writable(pipe, left_s):
                    said = f"process {self.pid} did not read {len(rest)} of {len(data)} bytes in {within_s:.2f} s"
                    raise TimedOut(said, started, time.monotonic())
                with suppress(BlockingIOError):
                    rest = rest[os.write(pipe, rest) :]

    def exit_status(self) -> int | None:
        """None while it runs; then its status, or minus the signal that ended it. Reaps it. From any thread.

        Of one that is traced strace is told first, and until it has taken note nobody else can wait for it (ptrace(2)).
        Nobody waits for it before it has ended: one that asked us to trace it would be found stopped, which Popen takes
        for an end.
        """
        with self._reaping:  # where two threads poll at once, Popen tells one of them that it still runs
            if self._popen.returncode is None and self.parent.ended():
                with suppress(subprocess.TimeoutExpired):
                    self._popen.wait(END_WITHIN_S)
            return self._popen.returncode

    def wait(self, within_s: float) -> int | None:
        """Wait for the parent's exit; its status, or None if it still runs then."""
        self.parent.wait_ended(within_s)
        return self.exit_status()

    def last_words(self) -> str:
        """The end of its output. If it has ended, what it wrote may still be on its way to us, and is waited for."""
        if self.exit_status() is not None:
            self.output.finish(LAST_WORDS_WITHIN_S)
        return self.output.tail() or "(nothing)"

    def end_status(self, within_s: float) -> int:
        """As `wait`, where the end is due: TimedOut if it still runs then."""
        started = time.monotonic()
        status = self.wait(within_s)
        if status is None:
            raise TimedOut(f"process {self.pid} still runs after {within_s:.2f} s", started, time.monotonic())
        return status

    def tree(self) -> list[Stat]:
        """All of this program but its parent: descendants, and what hangs elsewhere by now (orphans, daemons)."""
        return self._found(list(observe.everything()))

    def remains(self) -> list[Stat]:
        """Everything of this program that still runs once its parent is gone, orphans' zombies reaped."""
        self.exit_status()
        everybody = list(observe.everything())
        for process in filter(self._adopted, everybody):
            if process.state == "Z":
                os.waitpid(process.pid, os.WNOHANG)
        return [process for process in self._found(everybody) if process.state != "Z"]

    def end(self) -> None:
        """KILL all of it until nothing is left. RuntimeError names what outlived that. Once is enough."""
        if self._ended:
            return
        self._ended = True
        self.parent.send(signal.SIGKILL)
        self.parent.wait_ended(END_WITHIN_S)
        deadline = time.monotonic() + END_WITHIN_S
        while not self._is_gone():
            if time.monotonic() > deadline:
                raise RuntimeError(f"outlived SIGKILL for {END_WITHIN_S} s: {', '.join(map(str, self.remains()))}")
        self._close()

    def _is_gone(self) -> bool:
        """KILL what is left; true if that is nothing.

        A look takes a while, and may miss who was born and has died meanwhile: who forks and exits, again and again, is
        always somewhere else. But those who died came to us, their subreaper. So nobody is left if a look finds nobody,
        and nobody came while it was taken.
        """
        before = observe.children(os.getpid())
        left = self.remains()
        for stray in left:
            kill(stray)
        return not left and observe.children(os.getpid()) == before

    def _found(self, everybody: Sequence[Stat]) -> list[Stat]:
        below = {process.pid for process in observe.descendants(self.pid, everybody)}
        found = [process for process in everybody if process.pid in below or self._marked(process)]
        return sorted((process for process in found if process.pid != self.pid), key=lambda process: process.pid)

    def _adopted(self, process: Stat) -> bool:
        """Whether it is an orphan of this program that came to us, their subreaper."""
        return process.parent == os.getpid() and process.pid != self.pid and self._marked(process)

    def _marked(self, process: Stat) -> bool:
        return process.started >= self._began and observe.carries(process, self.mark)

    def _close(self) -> None:
        self.exit_status()
        self.output.finish(1.0)
        self.output.leave()
        self.parent.close()
        if self.command.talks:
            with self._telling:  # it ends at once now, since nobody can read any more
                self.stdin.close()
            self.stdout.close()


def writable(descriptor: int, within_s: float) -> bool:
    """Whether something can be written, or never any more, within so long."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(max(0.0, within_s) * 1000))


def kill(stray: Stat) -> None:
    """SIGKILL to a process and its group, unless it is gone and its pid is another's.

    No fork escapes a signal to a group. The group is the program's: nobody can join one of another session.
    """
    with suppress(Gone, ProcessLookupError), closing(Process(stray.pid)) as process:
        if (now := observe.stat(stray.pid)) and now.started == stray.started:
            process.send(signal.SIGKILL)
            if now.group != os.getpgrp():
                os.killpg(now.group, signal.SIGKILL)
            process.wait_ended(1.0)
