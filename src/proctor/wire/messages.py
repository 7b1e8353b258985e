"""Frames and messages: bytes <-> meaning, with no socket in sight. Law: spec/wire.md.

The kit's own codec is lenient where a test must send what the spec forbids, and exact where it judges. JSON has one
kind of number: 1 and 1.0 are the same value, 2**53 and 2**53 + 1 are not, and neither is 1 and true. But a float of
ours is a fraction that was sent, and any number whose nearest binary64 it is means the same.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Order = Literal["little", "big"]
MOST_VALUES = 500_000
MOST_WIDE_BYTES = 4 * 1024 * 1024
HEADER_BYTES = 4
LONGEST_INT_TEXT = 4000  # CPython refuses integers of more than 4300 digits (CVE-2020-10735)


@dataclass(frozen=True)
class Request:
    """`{"in": method, "params": params}`."""

    method: str
    params: Any

    def body(self) -> bytes:
        return encode({"in": self.method, "params": self.params})


@dataclass(frozen=True)
class Body:
    """A frame's body as it stands, to be sent in a frame whatever it is."""

    content: bytes

    def body(self) -> bytes:
        return self.content


@dataclass(frozen=True, eq=False)
class Reply:
    """`{"out": name, "result": result}`. Equal to another if it is the same JSON value (`same`)."""

    name: str
    result: Any

    def body(self) -> bytes:
        return encode({"out": self.name, "result": self.result})

    @property
    def code(self) -> str | None:
        """The error's code, if this is an error."""
        return self.result.get("code") if self.name == "error" and isinstance(self.result, Mapping) else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reply) and self.name == other.name and same(self.result, other.result)

    def __hash__(self) -> int:
        return hash(self.name)


class NotAMessage(ValueError):
    """Bytes that are no reply of the contract; the message says why."""


class TooBulky(NotAMessage):
    """Read, it would fill the kit's memory; the message says by what."""


def ping(params: Any) -> Request:
    return Request("ping", params)


def pong(result: Any) -> Reply:
    return Reply("pong", result)


def pi(terms: Any) -> Request:
    return Request("pi", terms)


def divide(**params: Any) -> Request:
    return Request("divide", params)


def sleep(seconds: Any) -> Request:
    return Request("sleep", seconds)


def encode(value: Any) -> bytes:
    """UTF-8 JSON, characters as themselves; a lone surrogate, which UTF-8 can't carry, as its escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode() if text.isascii() or not has_surrogate(text) else json.dumps(value).encode()


def has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def frame(body: bytes, order: Order = "little") -> bytes:
    return header(len(body), order) + body


def header(length: int, order: Order = "little") -> bytes:
    return struct.pack("<I" if order == "little" else ">I", length)


def length_of(head: bytes, order: Order = "little") -> int:
    return int.from_bytes(head, order)


def decode_reply(body: bytes) -> Reply:
    """The reply in a frame's body. NotAMessage if it isn't one: strict UTF-8 and JSON, `out` and `result` present."""
    check_bulk(body)
    try:
        value = json.loads(
            body.decode(),
            parse_constant=refuse_constant,
            object_pairs_hook=object_once,
            parse_int=exact_integer,
            parse_float=Written,
        )
    except (ValueError, RecursionError) as error:
        raise NotAMessage(f"not JSON in UTF-8: {error}") from None
    if not isinstance(value, dict) or not isinstance(value.get("out"), str) or "result" not in value:
        raise NotAMessage('not an object with "out" (a string) and "result"')
    return Reply(value["out"], value["result"])


def check_bulk(text: bytes) -> None:
    """TooBulky for JSON that takes many times more room once it is read, which nothing that the suite asks for does: an
    empty array takes fifty bytes, and in a text that has one wide character all take four.
    """
    if (values := sum(text.count(mark) for mark in b",[{")) > MOST_VALUES:
        raise TooBulky(f"{len(text)} bytes with {values} values, more than {MOST_VALUES}")
    if len(text) > MOST_WIDE_BYTES and not text.isascii():
        raise TooBulky(f"{len(text)} bytes that are not all ASCII, more than {MOST_WIDE_BYTES}")


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def object_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has the same member twice")
    return members


class Written(float):
    """A fraction of a reply: the binary64 nearest to it, that remembers what was written."""

    text: str

    def __new__(cls, text: str) -> Written:
        number = super().__new__(cls, text)
        number.text = text
        return number


def exact_integer(text: str) -> int | Decimal | Written:
    """An integer of any length: Python's int refuses to read long ones, Decimal carries them exactly.

    `-0`, which Python's int has no sign for, is the one that is written and a negative zero as a binary64.
    """
    if text == "-0":
        return Written(text)
    return int(text) if len(text) <= LONGEST_INT_TEXT else Decimal(text)


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values; booleans are no numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(left, right) for left, right in zip(one, other, strict=True))
    if is_number(one) and is_number(other):
        return same_number(one, other)
    return type(one) is type(other) and bool(one == other)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def same_number(one: int | float | Decimal, other: int | float | Decimal) -> bool:
    """By the exact value; but where one is a float of ours, which stands for all that round to it, as binary64."""
    if type(one) is float or type(other) is float:
        return as_binary64(one) == as_binary64(other)
    return exactly(one) == exactly(other)


def as_binary64(number: int | float | Decimal) -> float:
    try:
        return float(number)
    except OverflowError:  # an int; Decimal gives an infinity by itself
        return math.inf if number > 0 else -math.inf


def exactly(number: int | float | Decimal) -> int | float | Decimal:
    """As it was written. What has an exponent beyond all that the suite sends equals nothing."""
    try:
        return Decimal(number.text) if isinstance(number, Written) else number
    except ArithmeticError:
        return Decimal("NaN")


def frames(data: bytes, order: Order = "little") -> Iterator[bytes]:
    """The bodies of the whole frames at the start of `data`."""
    at = 0
    while len(data) - at >= HEADER_BYTES:
        end = at + HEADER_BYTES + length_of(data[at : at + HEADER_BYTES], order)
        if end > len(data):
            return
        yield data[at + HEADER_BYTES : end]
        at = end
