"""Frames and messages, bytes in and meaning out; no socket in sight.

A frame is a 4-byte unsigned length and that many bytes of UTF-8 JSON. What can't be carried exactly is refused,
never altered: numbers, names that appear twice in one object, characters that UTF-8 has no bytes for.
"""

from __future__ import annotations

import json
import struct
from decimal import Decimal
from typing import Any, Literal, NamedTuple

ByteOrder = Literal["little", "big"]

HEADER_BYTES = 4
FRAME_BYTES_MAX = 16 * 1024 * 1024
NUMBER_CHARS_MAX = 4300  # CPython reads and writes no longer integers: their cost grows with the square


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
        return [] if self.broken else self._split(data)

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


class Codec:
    """Messages to and from the bodies of frames."""

    def __init__(self, dialect: Dialect) -> None:
        self._pack = dialect.header.pack
        self._bytes_max = dialect.frame_bytes_max

    def request(self, body: bytes) -> tuple[str, Any]:
        """The method and the params. Refused as bad_request."""
        try:
            value = decode(body)
            return value["in"], value["params"]
        except (KeyError, TypeError):
            raise Refused("bad_request", 'a request is an object with "in" and "params"') from None
        except (ValueError, ArithmeticError) as error:
            raise Refused("bad_request", f"not JSON in UTF-8 that can be carried exactly: {error}") from None
        except RecursionError:
            raise Refused("bad_request", "nested too deep") from None

    def frame(self, message: dict[str, Any]) -> bytes:
        """A whole frame. Refused if `message` can't be carried, or not within the limit."""
        try:
            body = encode(message)
        except UnicodeEncodeError:
            raise Refused("bad_request", "a string holds half of a surrogate pair, which UTF-8 can't carry") from None
        except RecursionError:
            raise Refused("bad_request", "nested too deep") from None
        if len(body) > self._bytes_max:
            raise Refused("too_large", f"a reply of {len(body)} bytes; the limit is {self._bytes_max}")
        return self._pack(len(body)) + body


def unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; ValueError if a name appears twice, for then readers differ on what it says (F19)."""
    value = dict(members)
    if len(value) != len(members):
        raise ValueError("an object has the same member twice")
    return value


def no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def exact_float(text: str) -> float:
    """The double that `text` spells; ValueError if writing it out would give another number."""
    number = float(text)
    shortest = repr(number)
    if shortest != text and (len(text) > NUMBER_CHARS_MAX or Decimal(text) != Decimal(shortest)):
        raise ValueError(f"a double can't carry {text[:40]} exactly")
    return number


_decoder = json.JSONDecoder(object_pairs_hook=unique, parse_float=exact_float, parse_constant=no_constant)
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))


def decode(body: bytes) -> Any:
    """Strict JSON; ValueError, ArithmeticError or RecursionError say why not."""
    return _decoder.decode(body.decode())


def encode(value: Any) -> bytes:
    return _encoder.encode(value).encode()
