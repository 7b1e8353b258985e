"""Whether somebody listens on an address of this machine, asked of the kernel: a connect would disturb a server.

One lookup by sock_diag(7), the one that a SYN would meet: wildcard and dual-stack listeners are found too. Unlike
/proc/net/tcp its cost doesn't grow with the number of sockets. Source: linux/inet_diag.h.
"""

from __future__ import annotations

import socket
import struct

from proctor.links.address import Address

SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
BY_FAMILY = 20  # SOCK_DIAG_BY_FAMILY: the type of the question, and of an answer that found something
REQUEST = 1  # NLM_F_REQUEST
LISTEN = 1 << 10  # 1 << TCP_LISTEN
ANY_COOKIE = b"\xff" * 8  # INET_DIAG_NOCOOKIE

_HEADER = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBBxI")


def listens(address: Address) -> bool:
    """Whether a connect to `address` would find a listener here. False too for what is no IP address of this host."""
    local = _packed(address.host)
    if local is None:
        return False
    family, packed = local
    ports = struct.pack("!HH", address.port, 0)
    place = ports + packed.ljust(16, b"\0") + bytes(16) + bytes(4) + ANY_COOKIE
    body = _QUESTION.pack(family, socket.IPPROTO_TCP, 0, LISTEN) + place
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as kernel:
        kernel.send(_HEADER.pack(_HEADER.size + len(body), BY_FAMILY, REQUEST, 1, 0) + body)
        answer = kernel.recv(8192)
    kind: int = _HEADER.unpack_from(answer)[1]
    return kind == BY_FAMILY


def _packed(host: str) -> tuple[socket.AddressFamily, bytes] | None:
    name = "127.0.0.1" if host == "localhost" else host
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return family, socket.inet_pton(family, name)
        except OSError:
            continue
    return None
