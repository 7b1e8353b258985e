"""What /proc says of processes: states, descendants, listeners, handlers. Source: proc(5).

Everything here is a snapshot of a moving world: a process that vanishes while it is read is simply not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LISTEN = "0A"


@dataclass(frozen=True)
class Stat:
    """The fields of /proc/PID/stat that verdicts use. `started` is in clock ticks since boot."""

    pid: int
    command: str
    state: str
    parent: int
    group: int
    session: int
    cpu_ticks: int
    started: int

    def __str__(self) -> str:
        return f"{self.pid} {self.command} {self.state}"


def stat(pid: int) -> Stat | None:
    """The process now, or None if there is none; a zombie is there, in state Z."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
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
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (found := stat(int(entry.name))):
            yield found


def descendants(pid: int) -> list[Stat]:
    """All processes below `pid`, zombies among them, in the order of their pids."""
    children: dict[int, list[Stat]] = {}
    for process in everything():
        children.setdefault(process.parent, []).append(process)
    found: list[Stat] = []
    level = [pid]
    while level:
        below = [process for parent in level for process in children.get(parent, ())]
        found += below
        level = [process.pid for process in below]
    return sorted(found, key=lambda process: process.pid)


def marked(mark: str) -> list[Stat]:
    """Every process whose environment holds `mark`, wherever it hung itself in the tree (daemons, double forks)."""
    needle = mark.encode()
    found = []
    for process in everything():
        try:
            environment = (PROC / str(process.pid) / "environ").read_bytes()
        except OSError:
            continue
        if needle in environment.split(b"\0"):
            found.append(process)
    return found


def listening_inodes(port: int) -> set[int]:
    """Inodes of the TCP sockets that listen on `port`, IPv4 and IPv6."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        for line in (PROC / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(int(fields[9]))
    return inodes


def sockets(pid: int) -> set[int]:
    """Inodes of the sockets that a process has open."""
    found = set()
    try:
        for entry in (PROC / str(pid) / "fd").iterdir():
            target = entry.readlink().name
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
    except OSError:
        return found
    return found


def holders(inodes: set[int], pids: Iterable[int]) -> list[int]:
    """Those of `pids` that have one of the sockets open."""
    return [pid for pid in pids if not inodes.isdisjoint(sockets(pid))]


def descriptors(pid: int) -> int:
    """How many descriptors a process has open; 0 if it is gone."""
    try:
        return sum(1 for _ in (PROC / str(pid) / "fd").iterdir())
    except OSError:
        return 0


def status(pid: int) -> dict[str, str]:
    """/proc/PID/status as it stands; empty if the process is gone."""
    try:
        text = (PROC / str(pid) / "status").read_text(errors="replace")
    except OSError:
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def catches(pid: int, signal_number: int) -> bool:
    """Whether a process has a handler of its own for a signal (SigCgt): the gate between exec and readiness."""
    mask = int(status(pid).get("SigCgt", "0"), 16)
    return bool(mask >> (signal_number - 1) & 1)


def resident_kib(pid: int) -> int:
    return int(status(pid).get("VmRSS", "0 kB").split()[0])
