"""Jute, ZooKeeper's serialisation, without I/O.

The laws, all big-endian: int is 4 bytes, long 8, bool 1 (anything but zero is true). A buffer and a ustring are a
4-byte length and that many bytes, length -1 being null; a vector is a 4-byte count and its items, a count below one
being none. There are no tags: a reader must know the record that it reads.

A record is a frozen struct whose annotations *are* its field table::

    class GetDataRequest(Record, frozen=True):
        path: UString
        watch: Bool

Codecs are compiled once from that table; fixed-size neighbours become one `struct` format, so that a Stat costs one
unpack. Whatever bytes come in, reading either succeeds or raises `Malformed`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Annotated, Any, Protocol, Self, get_args, get_origin, get_type_hints

import msgspec


class Malformed(ValueError):
    """The sender's fault: these bytes are not the record that was expected here."""


class Codec(Protocol):
    """How one field travels. `read` gives the value and the offset of what follows it."""

    def read(self, data: bytes, at: int) -> tuple[Any, int]: ...

    def write(self, value: Any, out: bytearray) -> None: ...


class Fixed:
    """One or more fields of fixed size, named by their `struct` codes; the value is a tuple of them."""

    def __init__(self, codes: str) -> None:
        self.codes = codes
        self._packed = struct.Struct(">" + codes)

    def read(self, data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        try:
            return self._packed.unpack_from(data, at), at + self._packed.size
        except struct.error:
            raise Malformed(f"needs {self._packed.size} bytes at {at}, there are {max(0, len(data) - at)}") from None

    def write(self, values: Any, out: bytearray) -> None:
        out += self._packed.pack(*values)


_LENGTH = struct.Struct(">i")
_NULL = _LENGTH.pack(-1)


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    try:
        return _LENGTH.unpack_from(data, at)[0], at + 4
    except struct.error:
        raise Malformed(f"needs a length of 4 bytes at {at}, there are {max(0, len(data) - at)}") from None


class BufferCodec:
    """Bytes, or None for null."""

    def read(self, data: bytes, at: int) -> tuple[bytes | None, int]:
        length, at = _read_length(data, at)
        if length == -1:
            return None, at
        end = at + length
        if length < 0 or end > len(data):
            raise Malformed(f"length {length} at {at - 4}, but {len(data) - at} bytes follow")
        return data[at:end], end

    def write(self, value: bytes | None, out: bytearray) -> None:
        if value is None:
            out += _NULL
        else:
            out += _LENGTH.pack(len(value))
            out += value


class StringCodec:
    """Text. Bytes that are not UTF-8 are replaced, as Java does, never refused; null is refused."""

    def read(self, data: bytes, at: int) -> tuple[str, int]:
        length, at = _read_length(data, at)
        end = at + length
        if length < 0 or end > len(data):
            raise Malformed(f"string of length {length} at {at - 4}, but {len(data) - at} bytes follow")
        return str(data[at:end], "utf-8", "replace"), end

    def write(self, value: str, out: bytearray) -> None:
        raw = value.encode()
        out += _LENGTH.pack(len(raw))
        out += raw


class TrailingBool:
    """A bool that older peers leave off the end of a message: None where it is missing."""

    def read(self, data: bytes, at: int) -> tuple[bool | None, int]:
        return (None, at) if at >= len(data) else (data[at] != 0, at + 1)

    def write(self, value: bool | None, out: bytearray) -> None:
        if value is not None:
            out.append(value)


class VectorCodec:
    """Items of one kind, as a tuple; a null vector is an empty one."""

    def __init__(self, item: Codec) -> None:
        self.item = item

    def read(self, data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        count, at = _read_length(data, at)
        items = []
        for _ in range(count):  # bounded by the data: no item is empty, so a count too high runs out of bytes
            value, at = self.item.read(data, at)
            items.append(value)
        return tuple(items), at

    def write(self, values: tuple[Any, ...], out: bytearray) -> None:
        out += _LENGTH.pack(len(values))
        for value in values:
            self.item.write(value, out)


class Single:
    """A `Fixed` of one field, where a single value is wanted: an item of a vector."""

    def __init__(self, fixed: Fixed) -> None:
        self._fixed = fixed

    def read(self, data: bytes, at: int) -> tuple[Any, int]:
        (value,), at = self._fixed.read(data, at)
        return value, at

    def write(self, value: Any, out: bytearray) -> None:
        self._fixed.write((value,), out)


Int = Annotated[int, Fixed("i")]
Long = Annotated[int, Fixed("q")]
Bool = Annotated[bool, Fixed("?")]
OptionalBool = Annotated[bool | None, TrailingBool()]
Buffer = Annotated[bytes | None, BufferCodec()]
UString = Annotated[str, StringCodec()]


class Record(msgspec.Struct, frozen=True):
    """A jute record: subclass it with annotated fields, in the order in which they travel."""

    @classmethod
    def read(cls, data: bytes, at: int = 0) -> tuple[Self, int]:
        """The record that starts at `at`, and the offset of what follows it. Raises Malformed."""
        values: list[Any] = []
        for where, codec in steps(cls):
            value, at = codec.read(data, at)
            if isinstance(where, slice):
                values += value
            else:
                values.append(value)
        return cls(*values), at

    @classmethod
    def decode(cls, data: bytes, at: int = 0) -> Self:
        """The record that starts at `at`; bytes after it are ignored, as ZooKeeper does. Raises Malformed."""
        return cls.read(data, at)[0]

    def write(self, out: bytearray) -> None:
        """Append this record's bytes to `out`."""
        values = msgspec.structs.astuple(self)
        for where, codec in steps(type(self)):
            codec.write(values[where], out)

    def encode(self) -> bytes:
        out = bytearray()
        self.write(out)
        return bytes(out)


class RecordCodec:
    """A record inside a record."""

    def __init__(self, kind: type[Record]) -> None:
        self.read = kind.read

    def write(self, value: Record, out: bytearray) -> None:
        value.write(out)


Step = tuple[int | slice, Codec]
"""Which field, or which run of fixed ones, and the codec that carries it."""


@cache
def steps(kind: type[Record]) -> tuple[Step, ...]:
    """The codecs of a record's fields, fixed-size neighbours joined."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_joined([_codec(hints[name]) for name in kind.__struct_fields__]))


def _joined(codecs: list[Codec]) -> Iterator[Step]:
    at = 0
    for fixed, neighbours in groupby(codecs, lambda codec: isinstance(codec, Fixed)):
        run = list(neighbours)
        if fixed:
            yield slice(at, at + len(run)), Fixed("".join(codec.codes for codec in run if isinstance(codec, Fixed)))
        else:
            yield from enumerate(run, at)
        at += len(run)


def _codec(hint: Any) -> Codec:
    if get_origin(hint) is Annotated:
        codec: Codec = get_args(hint)[1]
        return codec
    if get_origin(hint) is tuple:
        item = _codec(get_args(hint)[0])
        return VectorCodec(Single(item) if isinstance(item, Fixed) else item)
    return RecordCodec(hint)
