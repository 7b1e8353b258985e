"""Frames and messages: a 4-byte little-endian length, then that many bytes of strict JSON (spec/wire.md)."""

import json
import math
import socket
import struct

MAX_FRAME_BYTES = 16 * 1024 * 1024
HEADER = struct.Struct("<I")


class TooLarge(Exception):
    """A length over the limit was announced. What follows it is no frame."""


class NotStrictJson(ValueError):
    """A body that is not one strict JSON text; the message says why."""


def read_frame(connection: socket.socket) -> bytes | None:
    """The next frame's body; None at the end of the connection, also inside a frame."""
    header = read_exactly(connection, HEADER.size)
    if header is None:
        return None
    (length,) = HEADER.unpack(header)
    if length > MAX_FRAME_BYTES:
        raise TooLarge(f"a frame of {length} bytes was announced; the limit is {MAX_FRAME_BYTES}")
    return read_exactly(connection, length)


def read_exactly(connection: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        chunk = connection.recv(min(count - len(data), 1 << 20))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def frame(body: bytes) -> bytes:
    return HEADER.pack(len(body)) + body


def parse(text: bytes) -> object:
    """A strict JSON text; NotStrictJson for what Python's parser would let pass, too."""
    try:
        return json.loads(
            text.decode(), object_pairs_hook=members, parse_float=finite, parse_constant=refuse, strict=True
        )
    except RecursionError:
        raise NotStrictJson("nested too deep") from None
    except ValueError as error:
        raise NotStrictJson(f"no strict JSON: {error}") from None


def written(value: object) -> bytes:
    """`value` as JSON; NotStrictJson if it nests deeper than can be written."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except RecursionError:
        raise NotStrictJson("nested too deep") from None


def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("two members have one name")
    return found


def finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


def refuse(text: str) -> object:
    raise ValueError(f"{text} is no JSON")
