"""What the kernel holds of a TCP connection: its two ends, and the bytes between them."""

from __future__ import annotations

from pathlib import Path

from proctor.process.tcp import Address, End, end

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))  # a server on [::] has its IPv4 connections in the second
GONE = End(unsent=0, unread=0, inode=0)


def on_the_way(writer: Address, reader: Address) -> int:
    """Bytes that the one has written and the other has not read.

    Or some more: those whose arrival is not acknowledged yet may count at both ends.
    """
    return held(writer, reader).unsent + held(reader, writer).unread


def unread(reader: Address, writer: Address) -> int:
    """Bytes that have arrived at the one, and that it has not read."""
    return held(reader, writer).unread


def held(local: Address, remote: Address) -> End:
    """One end; `GONE` if it is closed."""
    try:
        return end(local, remote) or GONE
    except OSError:  # a kernel without sock_diag(7)
        return tabled(local, remote)


def tabled(local: Address, remote: Address) -> End:
    """The same, from the tables of all connections. Source: proc(5)."""
    ports = f":{local[1]:04X}", f":{remote[1]:04X}"
    for table in TABLES:
        for line in table.read_text().splitlines() if table.exists() else ():  # a kernel without IPv6 has no tcp6
            fields = line.split()
            if fields[1].endswith(ports[0]) and fields[2].endswith(ports[1]):
                unsent, _, unread = fields[4].partition(":")
                return End(int(unsent, 16), int(unread, 16), int(fields[9]))
    return GONE
