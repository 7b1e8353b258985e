"""TCP sockets, those that listen and single connections, asked of the kernel directly. Source: sock_diag(7),
<linux/inet_diag.h>.

/proc/net/tcp says the same, but walks the table of all connections to say it: ten milliseconds where this takes a tenth
of one, and suites look at sockets all the time.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 0x1
NLM_F_REQUEST_DUMP = 0x1 | 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
TCP_LISTEN = 10
ANY_STATE = 0xFFFFFFFF

# struct nlmsghdr; struct inet_diag_req_v2 without, and with, struct inet_diag_sockid; struct inet_diag_msg
HEADER = struct.Struct("=IHHII")
ASKED = struct.Struct("=BBBxI")
SOCKET_ID = struct.Struct("!HH16s16s4s8s")
STATE = struct.Struct("=BBBB")
FIGURES = struct.Struct("=IIIII")
NO_COOKIE = b"\xff" * 8

Address = tuple[str, int]


@dataclass(frozen=True)
class Listener:
    """`waiting`: connections that nobody has accepted yet."""

    port: int
    inode: int
    waiting: int


@dataclass(frozen=True)
class End:
    """Bytes that one end of a connection wrote and whose arrival is not acknowledged; bytes that it has not read.

    `inode`: of its socket; 0 while nobody has accepted it.
    """

    unsent: int
    unread: int
    inode: int


def end(local: Address, remote: Address) -> End | None:
    """The connection's socket at `local`, IPv4; None if there is none. OSError if the kernel can't say."""
    sought = SOCKET_ID.pack(
        local[1], remote[1], socket.inet_aton(local[0]), socket.inet_aton(remote[0]), b"", NO_COOKIE
    )
    try:
        found = next(answers(ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, ANY_STATE) + sought, NLM_F_REQUEST))
    except FileNotFoundError:
        return None
    if STATE.unpack_from(found)[1] == TCP_LISTEN:  # the kernel's second best: who would accept such a connection
        return None
    _, unread, unsent, _, inode = FIGURES.unpack_from(found, STATE.size + SOCKET_ID.size)
    return End(unsent, unread, inode)


def listeners(port: int) -> list[Listener]:
    """The TCP sockets that listen on `port`, IPv4 and IPv6. OSError if the kernel can't say."""
    families = (socket.AF_INET, socket.AF_INET6)
    return [found for family in families for found in listening(family, port) if found.port == port]


def listening(family: int, port: int) -> Iterator[Listener]:
    """The kernel leaves out other ports where it can: inet_diag_dump_icsk() in Linux, net/ipv4/inet_diag.c."""
    sought = SOCKET_ID.pack(port, 0, b"", b"", b"", NO_COOKIE)
    question = ASKED.pack(family, socket.IPPROTO_TCP, 0, 1 << TCP_LISTEN) + sought
    yield from map(parse, answers(question, NLM_F_REQUEST_DUMP))


def answers(question: bytes, flags: int) -> Iterator[bytes]:
    """The kernel's answers, each a struct inet_diag_msg."""
    header = HEADER.pack(HEADER.size + len(question), SOCK_DIAG_BY_FAMILY, flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.send(header + question)
        while True:
            for kind, body in messages(kernel.recv(1 << 16)):
                if kind == NLMSG_DONE:
                    return
                if kind == NLMSG_ERROR:
                    raise refusal(body)
                yield body


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The netlink messages of one datagram: kind and body. Each begins at a multiple of 4 bytes."""
    at = 0
    while at < len(data):
        length, kind, *_ = HEADER.unpack_from(data, at)
        yield kind, data[at + HEADER.size : at + length]
        at += (length + 3) & ~3


def parse(body: bytes) -> Listener:
    port, *_ = SOCKET_ID.unpack_from(body, STATE.size)
    _, waiting, _, _, inode = FIGURES.unpack_from(body, STATE.size + SOCKET_ID.size)
    return Listener(port, inode, waiting)


def refusal(body: bytes) -> OSError:
    number = -struct.unpack_from("=i", body)[0]
    return OSError(number, f"sock_diag: {os.strerror(number)}")
