"""Which of a server's processes serve."""

from __future__ import annotations

from proctor.process import observe
from proctor.subject.server import Server
from proctor.wire.connection import Connection


def serving(server: Server, *wires: Connection) -> set[int]:
    """The processes that hold the server's ends of these connections, each of which must have been served."""
    inodes = {wire.inode() for wire in wires}
    return set(observe.holders(inodes, [server.pid, *(process.pid for process in server.program.tree())]))
