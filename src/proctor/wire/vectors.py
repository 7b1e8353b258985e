"""The golden vectors of the spec: frames in bytes, and what they mean. Law: spec/vectors/README.md."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from proctor.malformed import Malformed, Misshapen, line_at, shaped, text_of
from proctor.places import spec_folder
from proctor.wire.messages import (
    HEADER_BYTES,
    Order,
    Reply,
    exactly,
    header,
    is_number,
    length_of,
    object_once,
    refuse_constant,
)

CLOSED = "closed"
BYTES = re.compile(r"(?:[0-9a-f]{2}){4,}")
VECTORS = re.compile(r'"vectors"\s*:\s*\[\s*')
COMMA = re.compile(r"\s*,\s*")
STRICT = json.JSONDecoder(object_pairs_hook=object_once, parse_constant=refuse_constant)

Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
Cited = Annotated[str, msgspec.Meta(pattern="^wire/[a-z0-9]+(-[a-z0-9]+)*$")]
Code = Literal[
    "bad_request", "unknown_method", "bad_params", "invalid_operation", "too_large", "unavailable", "internal"
]


class VectorError(Malformed):
    """A file of vectors is malformed: the spec is at fault."""


class Vector(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all have in common. `written` is in hexadecimal, the length first; `method` is one that must be claimed."""

    id: Slug
    clause: Cited
    byte_order: Order
    written: str = msgspec.field(name="bytes")
    meaning: Any
    method: Literal["divide", "sleep"] | None = None

    def __post_init__(self) -> None:
        if not BYTES.fullmatch(self.written):
            raise ValueError(
                f"Expected a length of 4 bytes and a body, in lower-case hexadecimal, in the bytes of {self.id!r}"
            )

    def sent(self, order: Order) -> bytes:
        """Its bytes, with the length in this order."""
        data = bytes.fromhex(self.written)
        return header(length_of(data[:HEADER_BYTES], self.byte_order), order) + data[HEADER_BYTES:]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A reply that is due: its `result`, or the true value `approximately`, from which it may differ by `relative`."""

    out: str
    result: Any = msgspec.UNSET
    approximately: Decimal | None = None
    relative: float | None = None

    def __post_init__(self) -> None:
        exact = self.result is not msgspec.UNSET
        if (self.approximately is None) != exact or (self.relative is None) != exact:
            raise ValueError("Expected either `result`, or `approximately` and `relative`")
        if self.approximately is not None and not self.approximately.is_finite():
            raise ValueError(f"Expected a number in `approximately`, not {self.approximately}")

    def is_given_by(self, reply: Reply) -> bool:
        if self.approximately is not None and self.relative is not None:
            return reply.name == self.out and near(reply.result, self.approximately, Decimal(self.relative))
        if is_negative_zero(self.result) and not is_negative_zero(reply.result):
            return False
        return reply == Reply(self.out, self.result)


class RequestVector(Vector, frozen=True, kw_only=True):
    """A server answers it with `reply`, or refuses it with the error `or_refused`."""

    reply: Answer
    or_refused: Code | None = None

    def is_answered_by(self, reply: Reply) -> bool:
        return self.reply.is_given_by(reply) or (self.or_refused is not None and reply.code == self.or_refused)


class ReplyVector(Vector, frozen=True, kw_only=True):
    """A client reads it as `meaning`."""

    meaning: Answer


class RefusalVector(Vector, frozen=True, kw_only=True):
    """A server answers it with an error of the code `expect`; or, where that is `closed`, ends the connection."""

    expect: Code | Literal["closed"]

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


class Document(msgspec.Struct, forbid_unknown_fields=True):
    """A file, before its vectors are looked at."""

    kind: str
    vectors: Annotated[tuple[Any, ...], msgspec.Meta(min_length=1)]
    schema: str = msgspec.field(name="$schema", default="")


class Placed(NamedTuple, Generic[V]):
    """A vector, and where it begins."""

    path: Path
    line: int
    vector: V


def spec_vectors(folder: Path | None = None) -> Vectors:
    """The vectors in a folder, the spec's own unless told. VectorError if a file is not as README.md there says."""
    where = folder or spec_folder() / "vectors"
    requests = list(read(where, "requests", RequestVector))
    replies = list(read(where, "replies", ReplyVector))
    refusals = list(read(where, "refusals", RefusalVector))
    refuse_duplicates([*requests, *replies, *refusals])
    return Vectors(vectors_of(requests), vectors_of(replies), vectors_of(refusals))


def vectors_of(placed: Iterable[Placed[V]]) -> tuple[V, ...]:
    return tuple(one.vector for one in placed)


def refuse_duplicates(placed: Iterable[Placed[Any]]) -> None:
    first: dict[str, Placed[Any]] = {}
    for one in placed:
        if (known := first.setdefault(one.vector.id, one)) is not one:
            stands = f"{one.vector.id!r} stands at {known.path.name}:{known.line} already"
            raise VectorError(one.path, one.line, f"expected a new id: {stands}")


def read(folder: Path, kind: str, form: type[V]) -> Iterator[Placed[V]]:
    """The vectors of one file."""
    path = folder / f"{kind}.json"
    text = text_of(path, path, VectorError)
    check_whole(path, text, kind)
    for line, value in elements(path, text):
        try:
            yield Placed(path, line, shaped(value, form))
        except Misshapen as error:
            raise VectorError(path, line, str(error)) from None
    try:
        STRICT.decode(text)
    except ValueError as error:  # of what stands beside the vectors, each of which it has taken
        raise VectorError(path, 1, str(error)) from None


def check_whole(path: Path, text: str, kind: str) -> None:
    """Everything but the vectors."""
    try:
        document = shaped(json.loads(text), Document)
    except json.JSONDecodeError as error:
        raise VectorError(path, error.lineno, f"is no JSON: {error.msg}") from None
    except Misshapen as error:
        raise VectorError(path, line_of(text, error.member), str(error)) from None
    except (ValueError, RecursionError) as error:
        raise VectorError(path, 1, f"is no JSON that can be read: {error}") from None
    if document.kind != kind:
        raise VectorError(path, line_of(text, "kind"), f"expected the kind {kind!r}, not {document.kind!r}")


def elements(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """Each element of the member `vectors`, and the line on which it begins."""
    found = VECTORS.search(text)
    if found is None:
        raise VectorError(path, 1, 'expected the member "vectors", written so')
    while found is not None:
        line = line_at(text, found.end())
        try:
            value, end = STRICT.raw_decode(text, found.end())
        except ValueError as error:
            raise VectorError(path, line, str(error)) from None
        yield line, value
        found = COMMA.match(text, end)


def line_of(text: str, member: str) -> int:
    """The line where this member is written; the first if it is not."""
    return line_at(text, text.find(f'"{member}"'))


def near(number: Any, true: Decimal, relative: Decimal) -> bool:
    return is_number(number) and abs(Decimal(exactly(number)) - true) <= relative * abs(true)


def is_negative_zero(number: Any) -> bool:
    return isinstance(number, float) and number == 0 and math.copysign(1, number) < 0
