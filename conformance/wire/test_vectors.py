"""The golden vectors of spec/vectors, sent to the server: all that belong to one clause are one case."""

from __future__ import annotations

from typing import Any

import pytest

from proctor.api import (
    PROMPTLY_S,
    RefusalVector,
    RequestVector,
    Server,
    Vector,
    clause,
    needs,
    spec_vectors,
)

VECTORS = spec_vectors()


def by_clause(vectors: tuple[Vector, ...]) -> list[Any]:
    """The vectors of each clause, and of each method that must be claimed, as one parameter of a case."""
    groups: dict[tuple[str, str | None], list[Vector]] = {}
    for vector in vectors:
        groups.setdefault((vector.clause, vector.method), []).append(vector)
    return [case_of(cited, method, group) for (cited, method), group in groups.items()]


def case_of(cited: str, method: str | None, vectors: list[Vector]) -> Any:
    slug, marks = cited.partition("/")[2], [clause(cited)]
    if method is None:
        return pytest.param(vectors, id=slug, marks=marks)
    return pytest.param(vectors, id=f"{slug}-{method}", marks=[*marks, needs(f'methods has "{method}"')])


@pytest.mark.parametrize("vectors", by_clause(VECTORS.requests))
def test_a_request_is_answered_as_its_vector_says(server: Server, vectors: list[RequestVector]) -> None:
    """A server that reads these bytes otherwise can't be called by a client that was made with the vectors alone."""
    with server.connect() as wire:
        for vector in vectors:
            wire.send(vector.sent(wire.order))
            reply = wire.reply()
            assert vector.is_answered_by(reply), f"vector {vector.id}: {reply}, and not {vector.reply}"


@pytest.mark.parametrize("vectors", by_clause(VECTORS.refusals))
def test_a_refusal_is_as_its_vector_says(server: Server, vectors: list[RefusalVector]) -> None:
    """A server that takes what it should refuse, or refuses it as something else, was not made with the vectors."""
    for vector in vectors:
        with server.connect() as wire:
            wire.send(vector.sent(wire.order))
            if vector.closes:
                wire.end_after("too_large", within=PROMPTLY_S)
            else:
                reply = wire.reply()
                assert reply.code == vector.expect, f"vector {vector.id}: {reply}, and not {vector.expect}"
