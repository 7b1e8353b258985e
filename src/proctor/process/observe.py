"""What /proc says of processes: states, descendants, listeners, handlers. Source: proc(5).

Everything here is a snapshot of a moving world: a process that vanishes while it is read is simply not there.

A suite looks thousands of times, at a dozen files each: where that counts a name is a string, since a Path costs more
than what it leads to.
"""
# ruff: noqa: PTH115, PTH123, PTH208

from __future__ import annotations

import ctypes
import os
import platform
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from proctor.process import tcp
from proctor.process.text import printable

READ_BYTES = 1 << 16
STAT_BYTES_MAX = 4096  # 52 numbers of at most 20 digits, and a name of at most 64 bytes
ESTABLISHED = "01"  # of the states in /proc/net/tcp
PROC = Path("/proc")
LISTEN = "0A"
LIBC = ctypes.CDLL(None, use_errno=True)
KCMP, KCMP_VM = {"x86_64": 312, "aarch64": 272}, 1  # the system call's number; what it compares
VFORKING = ("kernel_clone", "_do_fork", "0")  # what /proc/PID/wchan says then; 0 where it says nothing
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
NANOSECONDS = 1_000_000_000
AT_RANDOM = 25  # getauxval(3): where the kernel put 16 random bytes for this image


class Stat(NamedTuple):
    """The fields of /proc/PID/stat that verdicts use. `started` is in clock ticks since boot."""

    pid: int
    command: str
    state: str
    parent: int
    group: int
    session: int
    cpu_ticks: int
    started: int

    @property
    def age_s(self) -> float:
        """How long it has lived by now."""
        return (ticks_now() - self.started) / TICKS_PER_S

    def __str__(self) -> str:
        return f"{self.pid} {printable(self.command)} {self.state}"


def stat(pid: int) -> Stat | None:
    """The process now, or None if there is none; a zombie is there, in state Z."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        return None
    try:
        text = os.read(file, STAT_BYTES_MAX).decode(errors="replace")
    except ProcessLookupError:
        return None
    finally:
        os.close(file)
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return Stat(
        pid=pid,
        command=head.partition("(")[2],
        state=fields[0],
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        cpu_ticks=int(fields[11]) + int(fields[12]),
        started=int(fields[19]),
    )


def everything() -> Iterator[Stat]:
    for name in os.listdir(PROC):
        if name.isdecimal() and (found := stat(int(name))):
            yield found


def descendants(pid: int, among: Iterable[Stat] | None = None) -> list[Stat]:
    """All processes below `pid`, zombies among them, in the order of their pids. `among`: a look at everything."""
    children: dict[int, list[Stat]] = {}
    for process in everything() if among is None else among:
        children.setdefault(process.parent, []).append(process)
    found: list[Stat] = []
    level = [pid]
    while level:
        below = [process for parent in level for process in children.get(parent, ())]
        found += below
        level = [process.pid for process in below]
    return sorted(found, key=lambda process: process.pid)


def family(pid: int) -> list[Stat]:
    """As `descendants`, a hundred times faster: asks for children instead of looking at every process.

    While a child exits, the kernel may leave out others for that one look (proc(5), task/TID/children): so it looks
    twice, and believes in whoever it saw and who is still there.
    """
    if not children_are_listed():
        return descendants(pid)
    seen = pids_below(pid) | pids_below(pid)
    return [process for child in sorted(seen) if (process := stat(child))]


@cache
def children_are_listed() -> bool:
    """Whether this kernel was built so (CONFIG_PROC_CHILDREN)."""
    return Path(f"/proc/self/task/{os.getpid()}/children").exists()


def pids_below(pid: int) -> set[int]:
    found: set[int] = set()
    level = [pid]
    while level:
        level = [child for parent in level for child in children(parent) if child not in found]
        found.update(level)
    return found


def children(pid: int) -> list[int]:
    """The children that each of a process's threads has forked; none if it is gone."""
    lines = [read(f"/proc/{pid}/task/{thread}/children") for thread in threads(pid)]
    return [int(child) for line in lines for child in line.split()]


def threads(pid: int) -> list[str]:
    return entries(f"/proc/{pid}/task")


def entries(folder: str) -> list[str]:
    """The names in a folder of /proc; none if what it tells of is gone."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def read(path: str | Path) -> str:
    """A file of /proc; empty if what it tells of is gone."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # three times as quick as open(), and this is done often
        try:
            return b"".join(iter(lambda: os.read(file, READ_BYTES), b"")).decode(errors="replace")
        finally:
            os.close(file)
    except OSError:
        return ""


def latest_pid() -> int:
    """Who was born last, process or thread, in the pid namespace that we see. Source: proc(5), /proc/loadavg."""
    return int(read("/proc/loadavg").rpartition(" ")[2] or 0)


def carries(process: Stat, mark: int) -> bool:
    """Whether a process has the limit `mark` of entry.py, as it inherited it; a zombie has it until it is reaped."""
    try:
        with open(f"/proc/{process.pid}/limits", "rb") as file:
            limits = file.read()
    except OSError:
        return False
    _, _, locks = limits.partition(b"Max file locks ")
    return locks.split(maxsplit=1)[:1] == [str(mark).encode()]


def listening_inodes(port: int) -> set[int]:
    """Inodes of the TCP sockets that listen on `port`, IPv4 and IPv6."""
    try:
        return {listener.inode for listener in tcp.listeners(port)}
    except OSError:  # a kernel without sock_diag(7)
        return set(tabled_listeners(port))


def tabled_listeners(port: int) -> Iterator[int]:
    for table in ("tcp", "tcp6"):
        for line in (PROC / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield int(fields[9])


def connected_to(port: int) -> set[int]:
    """Inodes of the sockets, of whatever process, that have an established connection to `port`."""
    lines = [line.split() for table in ("tcp", "tcp6") for line in read(PROC / "net" / table).splitlines()[1:]]
    return {
        int(fields[9])
        for fields in lines
        if fields[3] == ESTABLISHED and int(fields[2].rpartition(":")[2], 16) == port and fields[9] != "0"
    }


def sockets(pid: int) -> set[int]:
    """Inodes of the sockets that a process has open."""
    folder = f"/proc/{pid}/fd"
    found = set()
    for descriptor in entries(folder):
        with suppress(OSError):
            target = os.readlink(f"{folder}/{descriptor}")
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
    return found


def hidden(pids: Iterable[int]) -> list[int]:
    """Those of `pids` whose descriptors are not for us to see: they made themselves so, or changed their user."""
    return [pid for pid in pids if is_hidden(pid)]


def is_hidden(pid: int) -> bool:
    """Who ends hides nothing: to /proc one that has let go of its memory is root's, until it is gone. Source: proc(5),
    and task_dump_owner() in Linux, fs/proc/base.c.
    """
    try:
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            os.readlink(f"/proc/{pid}/fd/{descriptor}")
    except OSError as error:
        return isinstance(error, PermissionError) and has_memory(pid)
    return False


def has_memory(pid: int) -> bool:
    """Whether a process holds memory, as each does until it ends. Source: proc(5), /proc/PID/statm."""
    return read(f"/proc/{pid}/statm").partition(" ")[0] not in ("", "0")


def holders(inodes: set[int], pids: Iterable[int]) -> list[int]:
    """Those of `pids` that have one of the sockets open."""
    return [pid for pid in pids if not inodes.isdisjoint(sockets(pid))]


def descriptors(pid: int) -> int:
    """How many descriptors a process has open; 0 if it is gone."""
    return len(entries(f"/proc/{pid}/fd"))


def status(pid: int) -> dict[str, str]:
    """/proc/PID/status as it stands; empty if the process is gone."""
    lines = read(PROC / str(pid) / "status").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def heeds(pid: int, signal_number: int) -> bool:
    """Whether a process looks after a signal: the gate between exec and readiness.

    It has a handler of its own (SigCgt), or blocks it (SigBlk), as for signalfd(2), or is in sigtimedwait(2), in which
    the kernel shows nothing as blocked. Source: do_sigtimedwait() in Linux, kernel/signal.c.
    """
    told = status(pid)
    mask = int(told.get("SigCgt", "0"), 16) | int(told.get("SigBlk", "0"), 16)
    return bool(mask >> (signal_number - 1) & 1) or "sigtimedwait" in read(PROC / str(pid) / "wchan")


def borrows_memory(pid: int, owner: int) -> bool:
    """Whether a process lives on another's memory, as after vfork(2) until it has executed a program. Source: kcmp(2).

    Where the kernel can't say, whether the other is seen to wait for that; which is a moment later.
    """
    number = KCMP.get(platform.machine())
    order = LIBC.syscall(number, pid, owner, KCMP_VM, 0, 0) if number else -1
    return order == 0 or (order < 0 and in_vfork(owner))


def in_vfork(pid: int) -> bool:
    """Whether a process is inside vfork(2): it takes no signal until its child has executed a program, or ended."""
    found = stat(pid)
    return found is not None and found.state == "D" and read(f"/proc/{pid}/wchan") in VFORKING


def resident_kib(pid: int) -> int:
    return int(status(pid).get("VmRSS", "0 kB").split()[0])


def processor_s(pids: Iterable[int]) -> float:
    """Processor time that processes have used so far, in seconds; those that are gone count nothing."""
    return sum(found.cpu_ticks for pid in pids if (found := stat(pid))) / TICKS_PER_S


def runnable_s(pids: Iterable[int]) -> dict[int, float]:
    """How long each thread of processes has run, or waited to run, so far, in seconds, by its id.

    On a busy machine one that never sleeps gets little of a processor, but this is all the time that there is. Empty
    on a kernel that keeps no account. Source: linux/Documentation/scheduler/sched-stats.rst, /proc/<pid>/schedstat.
    """
    texts = {path: read(path) for pid in pids for path in (PROC / str(pid) / "task").glob("*/schedstat")}
    return {int(path.parent.name): sum(map(int, text.split()[:2])) / NANOSECONDS for path, text in texts.items()}


def busiest_s(pids: Iterable[int], before: Mapping[int, float]) -> float:
    """The most by which that has grown for any one thread: several together wait longer than the time that passes."""
    return max((spent - before.get(thread, 0.0) for thread, spent in runnable_s(pids).items()), default=0.0)


def ticks_now() -> int:
    """The clock of `Stat.started`: what began in an earlier tick than this one began before now."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * TICKS_PER_S)


def image(pid: int) -> bytes:
    """What tells one exec of a process from the next; empty if it is gone.

    The auxiliary vector, whose addresses differ if they are randomised at all, and the 16 random bytes that the kernel
    gives to each image wherever it lies, as far as we may read them. Source: execve(2), getauxval(3).
    """
    try:
        vector = (PROC / str(pid) / "auxv").read_bytes()
    except OSError:
        return b""
    try:
        auxiliary = dict(struct.iter_unpack("@NN", vector))
        with (PROC / str(pid) / "mem").open("rb", buffering=0) as memory:
            memory.seek(auxiliary[AT_RANDOM])
            return vector + memory.read(16)
    except (OSError, KeyError, OverflowError, struct.error):  # not ours to read, or of another word size
        return vector
