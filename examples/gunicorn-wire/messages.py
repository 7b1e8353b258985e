"""Frames and messages: bytes to meaning and back, without a socket. Law: spec/wire.md."""

from __future__ import annotations

import json
import struct
from math import isfinite
from typing import Any

FRAME_BYTES_MAX = 16 * 1024 * 1024
HEADER = struct.Struct("<I")


class Refused(Exception):
    """A request that is answered with an error; `code` is one of the contract's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def request_of(body: bytes) -> tuple[str, Any]:
    try:
        request = json.loads(body.decode(), object_pairs_hook=unique, parse_float=finite, parse_constant=no_constant)
    except RecursionError:
        raise Refused("bad_request", "the request is nested too deep") from None
    except ValueError as error:
        raise Refused("bad_request", f"the request can't be read: {error}") from None
    if not isinstance(request, dict) or not isinstance(request.get("in"), str) or "params" not in request:
        raise Refused("bad_request", 'a request is an object with "in", a string, and "params"')
    return request["in"], request["params"]


def unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise ValueError("an object has the same member twice")
    return value


def finite(text: str) -> float:
    if not isfinite(number := float(text)):
        raise ValueError("a number is too large")
    return number


def no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def frame(out: str, result: Any) -> bytes:
    text = json.dumps({"out": out, "result": result}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        raise Refused("bad_request", "a string holds half of a surrogate pair, which UTF-8 can't carry") from None
    if len(body) > FRAME_BYTES_MAX:
        raise Refused("too_large", f"the reply has {len(body)} bytes; the limit is {FRAME_BYTES_MAX}")
    return HEADER.pack(len(body)) + body


def error_frame(code: str, message: str) -> bytes:
    return frame("error", {"code": code, "message": message})
