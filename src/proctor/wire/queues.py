"""What the kernel holds of a TCP connection, between its two ends."""

from __future__ import annotations

import re
from pathlib import Path

from proctor.process.tcp import Address, End, end

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))  # a server on [::] has its IPv4 connections in the second
GONE = End(0, 0)


def on_the_way(writer: Address, reader: Address) -> int:
    """Bytes that the one has written and the other has not read.

    Or some more: those whose arrival is not acknowledged yet may count at both ends.
    """
    return held(writer, reader).unsent + held(reader, writer).unread


def unread(reader: Address, writer: Address) -> int:
    """Bytes that have arrived at the one, and that it has not read."""
    return held(reader, writer).unread


def held(local: Address, remote: Address) -> End:
    """One end's queues; empty if it is closed."""
    try:
        return end(local, remote) or GONE
    except OSError:  # a kernel without sock_diag(7)
        return tabled(local, remote)


def tabled(local: Address, remote: Address) -> End:
    """The same, from the tables of all connections. Source: proc(5)."""
    line = re.compile(rf":{local[1]:04X} [0-9A-F]+:{remote[1]:04X} [0-9A-F]{{2}} ([0-9A-F]{{8}}):([0-9A-F]{{8}}) ")
    for table in TABLES:
        if table.exists() and (match := line.search(table.read_text())):  # a kernel without IPv6 has no tcp6
            return End(int(match[1], 16), int(match[2], 16))
    return GONE
