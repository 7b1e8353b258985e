"""Attempts to connect to an address of this machine, counted where nobody accepts them: as SYNs on the way.

A refused connect leaves no trace at the address that refuses. Source: packet(7), tcp(7), bpf in
linux/Documentation/networking/filter.rst.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from types import TracebackType
from typing import Self

from proctor.outcome import Unavailable

LOOPBACK = "lo"
ETH_P_IP = 0x0800
SO_ATTACH_FILTER = 26
SYN, ACK = 0x02, 0x10
PACKET_BYTES = 64  # the headers; nothing else is looked at


class Dials:
    """While it is open, `count` says how often somebody began to connect to `port`, retransmissions not counted."""

    def __init__(self, port: int) -> None:
        """Raises Unavailable where packets can't be watched."""
        self._seen: set[bytes] = set()
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
        except PermissionError:
            raise Unavailable("attempts to connect can't be counted: that takes CAP_NET_RAW (run as root)") from None
        attach_filter(self._socket, only_syns_to(port))
        self._socket.bind((LOOPBACK, ETH_P_IP))

    def count(self) -> int:
        """So far. A SYN is known by its source port and sequence number, which a retransmission repeats."""
        while packet := self._packet():
            begin = (packet[0] & 0x0F) * 4
            self._seen.add(packet[begin : begin + 2] + packet[begin + 4 : begin + 8])
        return len(self._seen)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _packet(self) -> bytes:
        try:
            return self._socket.recv(PACKET_BYTES)
        except BlockingIOError:
            return b""


def only_syns_to(port: int) -> list[tuple[int, int, int, int]]:
    """A classic BPF program over an IPv4 packet: (code, jump if true, jump if false, operand)."""
    return [
        (0x30, 0, 0, 9),  # ldb [9]             the protocol
        (0x15, 0, 6, socket.IPPROTO_TCP),  # jeq, or drop
        (0xB1, 0, 0, 0),  # ldxb 4*([0]&0xf)    the length of the IP header
        (0x48, 0, 0, 2),  # ldh [x + 2]         the destination port
        (0x15, 0, 3, port),
        (0x50, 0, 0, 13),  # ldb [x + 13]        the flags
        (0x54, 0, 0, SYN | ACK),
        (0x15, 1, 0, SYN),
        (0x06, 0, 0, 0),  # drop
        (0x06, 0, 0, PACKET_BYTES),  # pass
    ]


def attach_filter(watching: socket.socket, program: list[tuple[int, int, int, int]]) -> None:
    """setsockopt(SO_ATTACH_FILTER) with a struct sock_fprog."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code)
    watching.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(buffer)))
