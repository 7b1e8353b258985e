"""The golden vectors of the spec: frames in bytes, and what they mean. Law: spec/vectors/README.md."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from proctor.places import spec_folder
from proctor.wire.messages import HEADER_BYTES, Order, Reply, exactly, header, is_number, length_of

CLOSED = "closed"


class VectorError(ValueError):
    """A file of vectors is malformed; the message names it, and what was expected. The spec is at fault."""


class Vector(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all have in common. `written` is in hexadecimal, the length first; `method` is one that must be claimed."""

    id: str
    clause: str
    byte_order: Order
    written: str = msgspec.field(name="bytes")
    meaning: Any
    method: str | None = None

    def __post_init__(self) -> None:
        try:
            whole = len(bytes.fromhex(self.written)) >= HEADER_BYTES
        except ValueError:
            whole = False
        if not whole:
            raise ValueError(f"Expected a length of 4 bytes and a body, in hexadecimal, in the bytes of {self.id!r}")

    def sent(self, order: Order) -> bytes:
        """Its bytes, with the length in this order."""
        data = bytes.fromhex(self.written)
        return header(length_of(data[:HEADER_BYTES], self.byte_order), order) + data[HEADER_BYTES:]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A reply that is due: its `result`, or the true value `approximately`, from which it may differ by `relative`."""

    out: str
    result: Any = msgspec.UNSET
    approximately: Decimal | None = None
    relative: float = 0.0

    def __post_init__(self) -> None:
        if (self.result is msgspec.UNSET) == (self.approximately is None):
            raise ValueError("Expected either `result` or `approximately`")

    def is_given_by(self, reply: Reply) -> bool:
        if self.approximately is not None:
            return reply.name == self.out and near(reply.result, self.approximately, Decimal(self.relative))
        if is_negative_zero(self.result) and not is_negative_zero(reply.result):
            return False
        return reply == Reply(self.out, self.result)


class RequestVector(Vector, frozen=True, kw_only=True):
    """A server answers it with `reply`, or refuses it with the error `or_refused`."""

    reply: Answer
    or_refused: str | None = None

    def is_answered_by(self, reply: Reply) -> bool:
        return self.reply.is_given_by(reply) or (self.or_refused is not None and reply.code == self.or_refused)


class ReplyVector(Vector, frozen=True, kw_only=True):
    """A client reads it as `meaning`."""

    meaning: Answer


class RefusalVector(Vector, frozen=True, kw_only=True):
    """A server answers it with an error of the code `expect`; or, where that is `closed`, ends the connection."""

    expect: str

    @property
    def closes(self) -> bool:
        return self.expect == CLOSED


@dataclass(frozen=True)
class Vectors:
    """All of them, each kind in the order of its file."""

    requests: tuple[RequestVector, ...]
    replies: tuple[ReplyVector, ...]
    refusals: tuple[RefusalVector, ...]


V = TypeVar("V", bound=Vector)


class Document(msgspec.Struct, Generic[V], forbid_unknown_fields=True):
    kind: str
    vectors: tuple[V, ...]
    schema: str = msgspec.field(name="$schema", default="")


def spec_vectors(folder: Path | None = None) -> Vectors:
    """The vectors in a folder, the spec's own unless told. VectorError if a file is not as README.md there says."""
    where = folder or spec_folder() / "vectors"
    return Vectors(
        requests=read(where, "requests", RequestVector),
        replies=read(where, "replies", ReplyVector),
        refusals=read(where, "refusals", RefusalVector),
    )


def read(folder: Path, kind: str, form: type[V]) -> tuple[V, ...]:
    path = folder / f"{kind}.json"
    try:
        document = msgspec.convert(json.loads(path.read_bytes()), Document[form])  # type: ignore[valid-type]  # made at run time
    except (OSError, ValueError) as error:
        raise VectorError(f"{path}: {error}") from None
    if document.kind != kind:
        raise VectorError(f"{path}: expected the kind {kind!r}, not {document.kind!r}")
    return document.vectors


def near(number: Any, true: Decimal, relative: Decimal) -> bool:
    return is_number(number) and abs(Decimal(exactly(number)) - true) <= relative * abs(true)


def is_negative_zero(number: Any) -> bool:
    return isinstance(number, float) and number == 0 and math.copysign(1, number) < 0
