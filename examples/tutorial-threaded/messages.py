"""Frames on a blocking socket, each read whole: a length in network byte order, and JSON."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

LENGTH = struct.Struct("!I")


def send(connection: socket.socket, message: Any) -> None:
    body = json.dumps(message).encode()  # F16: NaN and infinities are written, too
    connection.sendall(LENGTH.pack(len(body)) + body)


def receive(connection: socket.socket) -> Any:
    """The next message. EOFError if the connection ends before it is whole. F13, F15 to F19: Python's own parser."""
    (length,) = LENGTH.unpack(read(connection, LENGTH.size))
    return json.loads(read(connection, length))  # F8, F23: no limit, and who announces more than he sends is waited for


def read(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(size - len(data))  # C10: room for all that was announced
        if not piece:
            raise EOFError(f"{len(data)} bytes of {size}, and then the end")
        data += piece
    return bytes(data)
