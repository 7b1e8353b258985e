"""Frames and messages, bytes in and meaning out; no socket in sight.

A frame is a 4-byte unsigned length and that many bytes of UTF-8 JSON. What can't be carried is refused, never altered.
Integers are exact; fractions are doubles. Law: spec/wire.md.
"""

from __future__ import annotations

import json
import struct
from json.encoder import c_make_encoder, encode_basestring  # type: ignore[attr-defined]  # not in the stubs
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

    def request(self, body: bytes) -> tuple[Any, Any]:
        """`in`, whatever it is, and `params`. Refused as bad_request."""
        try:
            return members_of(body.decode(), "in", "params")
        except (KeyError, TypeError):
            raise Refused("bad_request", 'a request is an object with "in" and "params"') from None
        except ValueError as error:
            raise Refused("bad_request", f"the request can't be read: {error}") from None
        except RecursionError:
            raise Refused("bad_request", "the request is nested too deep") from None

    def reply(self, out: str, result: Any) -> bytes:
        """A whole frame. Refused if `result` can't be carried, or not within the limit."""
        try:
            body = f'{{"out":"{out}","result":{encode(result)}}}'.encode()
        except UnicodeEncodeError:
            raise Refused("bad_request", "a string holds half of a surrogate pair, which UTF-8 can't carry") from None
        except RecursionError:
            raise Refused("bad_request", "the result is nested too deep") from None
        if len(body) > self._bytes_max:
            raise Refused("too_large", f"the reply has {len(body)} bytes; the limit is {self._bytes_max}")
        return self._pack(len(body)) + body


def members_of(text: str, first: str, second: str) -> tuple[Any, Any]:
    """Two members of the object that `text` is, in strict JSON. KeyError or TypeError if it is no such object,
    ValueError if it is no such JSON, RecursionError if it is nested too deep.

    No name may appear twice in any object (F19). Looking at each costs as much as reading the text; so first the colons
    are counted. Each member has one; if there are no more than members in `value` and its second, there is none twice.
    """
    value = read(text)
    inner = value[second]
    if text.count(":") != len(value) + (len(inner) if type(inner) is dict else 0):
        _careful.decode(text)
    return value[first], inner


def read(text: str) -> Any:
    """One JSON value, as the decoder would; only without its search for white space, which is rare."""
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        return _decoder.decode(text)
    return value if end == len(text) else _decoder.decode(text)


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


_decoder = json.JSONDecoder(parse_float=finite, parse_constant=no_constant)
_careful = json.JSONDecoder(parse_float=finite, parse_constant=no_constant, object_pairs_hook=unique)
_scan = _decoder.scan_once  # type: ignore[attr-defined]  # not in the stubs
# JSONEncoder.encode makes one of these for each call, which takes longer than to encode a short message.
_chunks = c_make_encoder(None, None, encode_basestring, None, ":", ",", False, False, False)


def encode(value: Any) -> str:
    """JSON, characters as themselves. ValueError for NaN and infinities, RecursionError if it is nested too deep."""
    return "".join(_chunks(value, 0))
