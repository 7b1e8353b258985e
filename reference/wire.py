"""Frames, bytes in and bodies out, and what JSON is; no socket in sight.

A frame is a 4-byte unsigned length and that many bytes of UTF-8 JSON. Integers are exact; fractions are doubles. Law:
spec/wire.md.
"""

from __future__ import annotations

import json
import struct
from math import isfinite
from typing import Any, Literal, NamedTuple

ByteOrder = Literal["little", "big"]

HEADER_BYTES = 4
FRAME_BYTES_MAX = 16 * 1024 * 1024


class Refused(Exception):
    """A request that is answered with an error; `code` is one of the contract's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Dialect(NamedTuple):
    """What two ends must agree on."""

    order: ByteOrder = "little"
    frame_bytes_max: int = FRAME_BYTES_MAX

    @property
    def header(self) -> struct.Struct:
        return struct.Struct("<I" if self.order == "little" else ">I")


class FrameReader:
    """Takes bytes as they come, gives the bodies of whole frames.

    A frame over the limit is given as a Refused, and then nothing more: what follows it can't be told from its body.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._unpack = dialect.header.unpack_from
        self._bytes_max = dialect.frame_bytes_max
        self._rest = bytearray()
        self._needed = HEADER_BYTES  # bytes of `_rest` without which no further frame is whole
        self.broken = False

    @property
    def partial(self) -> bool:
        return bool(self._rest)

    def feed(self, data: bytes) -> list[bytes | Refused]:
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []  # a long frame in short pieces is looked at once, not once a piece
            data = bytes(self._rest)
            self._rest.clear()
        if self.broken:
            return []
        length = len(data) - HEADER_BYTES
        if 0 <= length <= self._bytes_max and self._unpack(data)[0] == length:  # most frames come whole and alone
            self._needed = HEADER_BYTES
            return [data[HEADER_BYTES:]]
        return self._split(data)

    def _split(self, data: bytes) -> list[bytes | Refused]:
        frames: list[bytes | Refused] = []
        at, end = 0, len(data)
        self._needed = HEADER_BYTES
        while end - at >= HEADER_BYTES:
            (length,) = self._unpack(data, at)
            if length > self._bytes_max:
                self.broken = True
                return [*frames, Refused("too_large", f"a frame of {length} bytes; the limit is {self._bytes_max}")]
            stop = at + HEADER_BYTES + length
            if stop > end:
                self._needed = stop - at
                break
            frames.append(data[at + HEADER_BYTES : stop])
            at = stop
        if at < end:
            self._rest += data[at:]
        return frames


def unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise ValueError("an object has the same member twice")
    return value


def finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text[:40]} is too large for a number")
    return number


def no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


strict = json.JSONDecoder(parse_float=finite, parse_constant=no_constant, object_pairs_hook=unique)
