"""What the kernel holds of TCP connections, between their two ends. Source: proc(5), /proc/net/tcp."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))  # a server on [::] has its IPv4 connections in the second
_LINE = re.compile(rb" [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):([0-9A-F]{8}) ")


class Queue(NamedTuple):
    """One end: bytes that it wrote and whose arrival is not acknowledged; bytes that arrived and it has not read."""

    unsent: int
    unread: int


class Queues:
    """All connections of this machine, at one moment. An end that is closed has empty queues."""

    def __init__(self) -> None:
        self._unread_tables = list(TABLES)
        self._ends: dict[tuple[int, int], Queue] = {}

    def end(self, local_port: int, remote_port: int) -> Queue:
        ports = (local_port, remote_port)
        while ports not in self._ends and self._unread_tables:  # a table takes milliseconds; the first mostly does
            self._ends.update(ends_in(self._unread_tables.pop(0)))
        return self._ends.get(ports, Queue(0, 0))

    def on_the_way(self, writer_port: int, reader_port: int) -> int:
        """Bytes that the one has written and the other has not read, or some more: those may count at both ends of
        which the acknowledgement is still to come."""
        return self.end(writer_port, reader_port).unsent + self.end(reader_port, writer_port).unread

    def unread(self, reader_port: int, writer_port: int) -> int:
        """Bytes that have arrived at the one, and that it has not read."""
        return self.end(reader_port, writer_port).unread


def ends_in(table: Path) -> Iterator[tuple[tuple[int, int], Queue]]:
    if table.exists():  # a kernel without IPv6 has no tcp6
        for local, remote, unsent, unread in _LINE.findall(table.read_bytes()):
            yield (int(local, 16), int(remote, 16)), Queue(int(unsent, 16), int(unread, 16))
