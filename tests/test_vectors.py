"""The golden vectors mean what they say, by struct and json alone."""

import json
import math
import struct
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from proctor.limits import LIMITS
from proctor.model import Level
from proctor.spec import read_spec

SPEC = Path(__file__).parents[1] / "spec"
FOLDER = SPEC / "vectors"
KINDS = ("requests", "replies", "refusals")
FORMATS = {"little": "<I", "big": ">I"}


def document(kind: str) -> Any:
    return json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))


def vectors(*kinds: str) -> list[Any]:
    return [pytest.param(vector, id=vector["id"]) for kind in kinds for vector in document(kind)["vectors"]]


def length_and_body(vector: dict[str, Any]) -> tuple[int, bytes]:
    data = bytes.fromhex(vector["bytes"])
    return struct.unpack(FORMATS[vector["byte_order"]], data[:4])[0], data[4:]


# --- a second opinion: the spec's reading of a request, in the plainest Python


def refuse(literal: str) -> Any:
    raise ValueError(f"{literal} is no JSON")


def finite(literal: str) -> float:
    if not math.isfinite(value := float(literal)):
        raise ValueError(f"{literal} is too large")
    return value


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member twice")
    return dict(pairs)


def verdict_on(length: int, body: bytes) -> str:
    """`closed`, the code of an error, or "served"."""
    if length > LIMITS["max_frame_bytes"].most:
        return "closed"
    try:
        text = body[:length].decode()
        request = json.loads(text, parse_constant=refuse, parse_float=finite, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return "bad_request"
    if not isinstance(request, dict) or not isinstance(request.get("in"), str) or "params" not in request:
        return "bad_request"
    return verdict_on_call(request["in"], request["params"])


def verdict_on_call(method: str, params: Any) -> str:
    if method == "ping":
        return "served"
    if method == "pi":
        return "served" if type(params) is int and params >= 0 else "bad_params"
    if method == "sleep":
        return "served" if is_number(params) and params >= 0 else "bad_params"
    if method == "divide":
        return verdict_on_division(params)
    return "unknown_method"


def verdict_on_division(params: Any) -> str:
    if not isinstance(params, dict) or not is_number(params.get("num1")) or not is_number(params.get("num2", 1)):
        return "bad_params"
    if params.get("num2", 1) == 0:
        return "invalid_operation"
    return "served" if math.isfinite(params["num1"] / params.get("num2", 1)) else "invalid_operation"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def answer(method: str, params: Any) -> Any:
    if method == "divide":
        return float(Fraction(params["num1"]) / Fraction(params.get("num2", 1)))
    return params


def leaves(value: Any) -> Iterator[Any]:
    """The scalars of a JSON value, in order, with the names of members among them."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from leaves(member)
    elif isinstance(value, list):
        for element in value:
            yield from leaves(element)
    else:
        yield value


# --- form


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_have_the_form_of_the_schema(kind: str) -> None:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document(kind))
    assert document(kind)["kind"] == kind


def test_the_schema_refuses_what_is_no_vector() -> None:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    spoiled = document("requests")
    spoiled["vectors"][0]["byets"] = "00"
    with pytest.raises(jsonschema.ValidationError, match="byets"):
        jsonschema.Draft202012Validator(schema).validate(spoiled)


def test_there_are_vectors_of_every_kind_and_order() -> None:
    ids = [vector["id"] for kind in KINDS for vector in document(kind)["vectors"]]
    assert len(ids) == len(set(ids)) >= 60
    for kind in KINDS:
        assert {vector["byte_order"] for vector in document(kind)["vectors"]} == {"little", "big"}


def test_every_vector_belongs_to_a_clause() -> None:
    spec = read_spec(SPEC)
    for kind in KINDS:
        for vector in document(kind)["vectors"]:
            clause = spec.clause(vector["clause"])
            assert clause.level is not Level.MAY
            if kind != "replies":  # every client may be answered by a server that has more methods
                assert {requirement.value for requirement in clause.requires} <= {vector.get("method")}, vector["id"]


# --- meaning


@pytest.mark.parametrize("vector", vectors("requests", "replies"))
def test_bytes_are_one_frame_with_the_meaning(vector: dict[str, Any]) -> None:
    length, body = length_and_body(vector)
    assert length == len(body)
    message = json.loads(body.decode(), parse_constant=refuse, object_pairs_hook=once)
    assert vector["meaning"].items() <= message.items()
    read, meant = list(leaves(vector["meaning"])), list(leaves({name: message[name] for name in vector["meaning"]}))
    assert [repr(value) for value in read] == [repr(value) for value in meant]  # 1, 1.0 and True differ; so does -0.0


@pytest.mark.parametrize("vector", vectors("requests"))
def test_a_request_is_served_with_the_reply(vector: dict[str, Any]) -> None:
    assert verdict_on(*length_and_body(vector)) == "served"
    method, params, reply = vector["meaning"]["in"], vector["meaning"]["params"], vector["reply"]
    assert reply["out"] == {"ping": "pong"}.get(method, f"{method}_r")
    if method == "pi":
        true = math.sqrt(8 * math.fsum(1 / (2 * i + 1) ** 2 for i in range(params + 1)))
        assert abs(Decimal(reply["approximately"]) - Decimal(true)) <= Decimal(reply["relative"]) * Decimal(true)
    else:
        assert reply["result"] == answer(method, params)
    assert vector.get("method", method) == method


@pytest.mark.parametrize("vector", vectors("refusals"))
def test_a_refusal_is_what_the_spec_makes_of_its_bytes(vector: dict[str, Any]) -> None:
    length, body = length_and_body(vector)
    assert verdict_on(length, body) == vector["expect"]
    assert vector["expect"] == "closed" or length == len(body)


@pytest.mark.parametrize("vector", vectors("replies"))
def test_errors_among_the_replies_have_code_and_message(vector: dict[str, Any]) -> None:
    if vector["meaning"]["out"] == "error":
        assert vector["meaning"]["result"].keys() == {"code", "message"}
