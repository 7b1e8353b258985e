"""System calls made to fail, or delayed, from outside: strace's injection. Source: strace(1), "Tampering".

It works on a call that was already blocked when strace attached. An injected call is not executed, so a zombie
stays reapable. One tracer per process; one strace can trace several.

A call is replaced as it begins, by one that doesn't exist, and gets its injected result as it ends. Who is detached
in between sees ENOSYS, an error that nobody injected. So all are stopped before: a process stops between calls.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Collection, Sequence

from proctor.outcome import Inconclusive, TimedOut, Unavailable
from proctor.process import observe
from proctor.process.process import Gone, Process, living
from proctor.waiting import eventually

ATTACH_WITHIN_S = 10.0
GULP_BYTES = 65536
STOP_WITHIN_S = 1.0  # who doesn't stop by then is in a call that can't be interrupted, and so in no injected one
STOPPED = "--- stopped by SIGSTOP ---"
ATTACHED = re.compile(r"Process (\d+) attached")
CALLED = re.compile(r"\[pid +(\d+)\] \w+\(")
REPLACING = (":error=", ":retval=")  # what is injected in place of a call, rather than beside it
TAMPERED = ("(INJECTED)", "(DELAYED)")  # an error or another result; delay_enter, delay_exit


def missing() -> str | None:
    """Why strace can't be used here, or None."""
    return None if shutil.which("strace") else "strace is not installed (Debian: apt-get install strace)"


def demand_no_tracer(pid: int) -> None:
    if (tracer := observe.status(pid).get("TracerPid", "0")) != "0":
        raise Inconclusive(f"process {pid} has a tracer already, process {tracer}, and can't have another")


class Strace:
    """strace attached to processes and to all that they fork from then on; `detach` leaves them as they were.

    `inject` as strace takes it, such as "wait4,waitid:error=EINTR:when=1..3"; `when` counts per traced process.
    """

    def __init__(self, pids: Collection[int], inject: Sequence[str]) -> None:
        """Gone if one of them has ended, Inconclusive if it has a tracer, Unavailable if strace can't be used here."""
        if reason := missing():
            raise Unavailable(reason)
        for process in living(pids):
            demand_no_tracer(process.pid)
        calls = ",".join(sorted({call for text in inject for call in text.split(":")[0].split(",")}))
        argv = ["strace", "-f", "-e", f"trace={calls}", "-e", "signal=SIGSTOP"]
        argv += [word for pid in sorted(pids) for word in ("-p", str(pid))]
        argv += [word for text in inject for word in ("-e", f"inject={text}")]
        self._replaces = any(word in text for text in inject for word in REPLACING)
        self._lines: list[str] = []
        self._begun = b""  # the line that is not whole yet: a call that has begun
        self._pids = set(pids)
        self._stood = {pid for pid in pids if (found := observe.stat(pid)) and found.state == "T"}
        self._popen = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        self._reader = threading.Thread(target=self._read, name="proctor-strace", daemon=True)
        self._reader.start()
        self._wait_attached(pids)

    def injected(self, call: str = "") -> list[str]:
        """The trace's lines that show an injection, optionally into one call. Signals leave no such trace."""
        return [line for line in list(self._lines) if any(word in line for word in TAMPERED) and call in line]

    def saw(self, pattern: str) -> list[str]:
        """The trace's lines that match a regular expression."""
        return [line for line in list(self._lines) if re.search(pattern, line)]

    def begun(self, call: str) -> Counter[int]:
        """How often each traced thread has begun a call, one that lasts still among them."""
        text = [*self._lines, self._begun.decode(errors="replace")]
        found = [match for line in text if (match := re.match(rf"(?:\[pid +(\d+)\] )?{call}\(", line))]
        lone = min(self._pids, default=0)  # it names nobody while it has only one
        return Counter(int(match[1] or lone) for match in found)

    def detach(self) -> None:
        """Who was not stopped before is stopped for a moment, which ends some of the waits that have no time limit.

        No need of that where no call is replaced, nor of who was forked meanwhile and has made none of these calls: his
        parent would be told of the stop.
        """
        held: dict[int, Process] = {}
        try:
            while self._replaces and (new := self._in_danger() - held.keys() - self._stood):
                self._hold(new, held)
            self._end()
        finally:
            for process in held.values():
                process.send(signal.SIGCONT)
                process.close()

    def _end(self) -> None:
        self._popen.send_signal(signal.SIGTERM)
        try:
            self._popen.wait(ATTACH_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._reader.join()

    def _in_danger(self) -> set[int]:
        """The processes that strace has now and that may be in a call of those that it tampers with."""
        tracer, lines = str(self._popen.pid), list(self._lines)
        callers = {int(match[1]) for line in lines if (match := CALLED.match(line))}
        threads = [int(match[1]) for line in lines if (match := ATTACHED.search(line))]
        found = [(thread, observe.status(thread)) for thread in threads]
        traced = [(thread, own) for thread, own in found if own.get("TracerPid") == tracer and own["State"][0] != "Z"]
        owners = [(thread, int(own["Tgid"])) for thread, own in traced]
        return {pid for thread, pid in owners if pid in self._pids or thread in callers}

    def _hold(self, pids: Collection[int], held: dict[int, Process]) -> None:
        """Stops these, and waits until strace has seen each of their threads stop."""
        before = len(self.saw(STOPPED))
        for pid in pids:
            with contextlib.suppress(Gone):
                held[pid] = Process(pid)
                held[pid].send(signal.SIGSTOP)
        threads = sum(len(observe.threads(pid)) for pid in pids)
        with contextlib.suppress(TimedOut):
            eventually(lambda: len(self.saw(STOPPED)) - before >= threads, within=STOP_WITHIN_S)

    def _wait_attached(self, pids: Collection[int]) -> None:
        who = ", ".join(map(str, sorted(pids)))
        try:
            eventually(lambda: self._attached(pids), within=ATTACH_WITHIN_S, what=f"strace to attach to process {who}")
        except TimedOut as late:
            self.detach()
            raise Inconclusive(str(late)) from None
        except BaseException:
            self.detach()
            raise

    def _attached(self, pids: Collection[int]) -> bool:
        if self._popen.poll() is not None:
            self._reader.join()
            said = " ".join(self._lines).strip()
            who = "" if os.geteuid() == 0 else "; attaching needs root here"
            raise Unavailable(f"strace could not attach: {said}{who}")
        attached = {match[1] for line in list(self._lines) if (match := ATTACHED.search(line))}
        return attached >= {str(pid) for pid in pids}

    def _read(self) -> None:
        assert self._popen.stderr is not None
        with self._popen.stderr as stream:
            while piece := os.read(stream.fileno(), GULP_BYTES):
                *whole, self._begun = (self._begun + piece).split(b"\n")
                self._lines += [line.decode(errors="replace").rstrip() for line in whole]
