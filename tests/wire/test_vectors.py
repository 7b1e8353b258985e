"""The spec's vectors are read whole, and a malformed file is one message that says what was expected where."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from proctor.places import spec_folder
from proctor.wire.messages import Reply, Written, decode_reply, frame, pong
from proctor.wire.vectors import Answer, VectorError, spec_vectors

FILES = ("requests", "replies", "refusals")
PING = {"in": "ping", "params": None}
Spoil = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(spec_folder() / "vectors", tmp_path / "vectors"))


def edit(folder: Path, kind: str, old: str, new: str) -> None:
    path = folder / f"{kind}.json"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def spoil(folder: Path, kind: str, line: int, change: Spoil) -> None:
    """Change the vector on a line; in these files each has its own."""
    path = folder / f"{kind}.json"
    lines = path.read_text().splitlines()
    vector = json.loads(lines[line - 1].rstrip(","))
    change(vector)
    lines[line - 1] = json.dumps(vector) + "," * lines[line - 1].endswith(",")
    path.write_text("\n".join(lines) + "\n")


def test_every_vector_of_the_spec_is_read() -> None:
    vectors = spec_vectors()
    for kind in FILES:
        written = json.loads((spec_folder() / "vectors" / f"{kind}.json").read_text())["vectors"]
        assert [vector.id for vector in getattr(vectors, kind)] == [vector["id"] for vector in written]


def test_bytes_can_be_had_in_either_order() -> None:
    ping = next(vector for vector in spec_vectors().requests if vector.meaning == PING)
    body = b'{"in":"ping","params":null}'
    assert (ping.sent("little"), ping.sent("big")) == (frame(body), frame(body, "big"))


ALL = "expected id, clause, byte_order, bytes, meaning, expect, and perhaps method"
HEXADECIMAL = "Expected a length of 4 bytes and a body, in lower-case hexadecimal, in the bytes of 'no-request-number'"
CODES = "bad_request, unknown_method, bad_params, invalid_operation, too_large, unavailable, internal, closed"

MALFORMED: dict[str, tuple[Spoil, str]] = {
    "missing": (lambda vector: vector.pop("clause"), f"Object missing required field `clause`; {ALL}"),
    "unknown": (lambda vector: vector.update(byets="00"), f"Object contains unknown field `byets`; {ALL}"),
    "type": (lambda vector: vector.update(bytes=7), "Expected `str`, got `int` - at `$.bytes`"),
    "order": (
        lambda vector: vector.update(byte_order="middle"),
        "Invalid enum value 'middle' - at `$.byte_order`; expected little, big",
    ),
    "method": (
        lambda vector: vector.update(method="pi"),
        "Invalid enum value 'pi' - at `$.method`; expected divide, sleep",
    ),
    "code": (
        lambda vector: vector.update(expect="bad_requst"),
        f"Invalid enum value 'bad_requst' - at `$.expect`; expected {CODES}",
    ),
    "id": (
        lambda vector: vector.update(id="No_"),
        "Expected `str` matching regex '^[a-z0-9]+(-[a-z0-9]+)*$' - at `$.id`",
    ),
    "clause": (
        lambda vector: vector.update(clause="client/x"),
        "Expected `str` matching regex '^wire/[a-z0-9]+(-[a-z0-9]+)*$' - at `$.clause`",
    ),
    "no hexadecimal": (lambda vector: vector.update(bytes="0g000000"), HEXADECIMAL),
    "capitals": (lambda vector: vector.update(bytes="0A000000"), HEXADECIMAL),
    "half a byte": (lambda vector: vector.update(bytes="000000001"), HEXADECIMAL),
    "spaces": (lambda vector: vector.update(bytes="00 00 00 00"), HEXADECIMAL),
    "no length": (lambda vector: vector.update(bytes="000000"), HEXADECIMAL),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_vector_is_one_message_with_its_line(folder: Path, case: str) -> None:
    change, problem = MALFORMED[case]
    spoil(folder, "refusals", 8, change)
    with pytest.raises(VectorError) as caught:
        spec_vectors(folder)
    assert str(caught.value) == f"{folder / 'refusals.json'}:8: {problem}"


ANSWER = "expected out, and perhaps result, approximately, relative"
APPROXIMATELY = "Expected either `result`, or `approximately` and `relative` - at `$.reply`"


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ({"out": "pi_r", "result": 1, "approximately": "1.0", "relative": 1e-12}, APPROXIMATELY),
        ({"out": "pi_r"}, APPROXIMATELY),
        ({"out": "pi_r", "approximately": "1.0"}, APPROXIMATELY),
        ({"out": "pi_r", "result": 1, "relative": 1e-12}, APPROXIMATELY),
        (
            {"out": "pi_r", "approximately": "NaN", "relative": 1e-12},
            "Expected a number in `approximately`, not NaN - at `$.reply`",
        ),
        ({"out": "pi_r", "approximately": "one"}, "Invalid decimal string - at `$.reply.approximately`"),
        (
            {"result": 1},
            f"Object missing required field `out` - at `$.reply`; {ANSWER}",
        ),
    ],
    ids=["both", "neither", "how near", "near what", "no number", "no decimal", "no out"],
)
def test_a_reply_says_either_what_it_is_or_what_it_is_near(folder: Path, reply: Any, problem: str) -> None:
    spoil(folder, "requests", 5, lambda vector: vector.update(reply=reply))
    with pytest.raises(VectorError) as caught:
        spec_vectors(folder)
    assert str(caught.value) == f"{folder / 'requests.json'}:5: {problem}"


FILE = "expected kind, vectors, and perhaps $schema"
UNKNOWN = "4: Object contains unknown field"
FIRST = '{"id": "pong-null"'

AROUND: dict[str, tuple[str, str, str]] = {
    "no vectors": ('"vectors"', '"vector"', f"{UNKNOWN} `vector`; {FILE}"),
    "unknown": ('  "vectors": [\n', '  "version": 1,\n  "vectors": [\n', f"{UNKNOWN} `version`; {FILE}"),
    "no kind": ('  "kind": "replies",\n', "", f"1: Object missing required field `kind`; {FILE}"),
    "type": ('"kind": "replies"', '"kind": 1', "3: Expected `str`, got `int` - at `$.kind`"),
    "kind": ('"kind": "replies"', '"kind": "refusals"', "3: expected the kind 'replies', not 'refusals'"),
    "kind twice": ('"kind"', '"kind": "x", "kind"', "1: an object has the same member twice"),
    "escaped": ('"vectors"', r'"v\u0065ctors"', '1: expected the member "vectors", written so'),
    "a number": ('"vectors": [\n', '"vectors": [\n1,\n', "5: Expected `object`, got `int`"),
    "member twice": (FIRST, f'{FIRST}, "id": "pong-nil"', "5: an object has the same member twice"),
    "not a number": (FIRST, '{"id": NaN', "5: NaN is not JSON"),
    "no comma": (FIRST, f"{FIRST} 7", "5: is no JSON: Expecting ',' delimiter"),
    "deep": (FIRST, "[" * 100_000, "1: is no JSON that can be read: "),
}


@pytest.mark.parametrize("case", AROUND)
def test_a_malformed_file_is_one_message_with_its_line(folder: Path, case: str) -> None:
    old, new, problem = AROUND[case]
    edit(folder, "replies", old, new)
    with pytest.raises(VectorError) as caught:
        spec_vectors(folder)
    assert str(caught.value).startswith(f"{folder / 'replies.json'}:{problem}")
    assert "\n" not in str(caught.value)


def test_a_file_without_a_vector_is_refused(folder: Path) -> None:
    (folder / "replies.json").write_text('{"kind": "replies",\n "vectors": []}')
    with pytest.raises(VectorError, match=r"replies\.json:2: Expected `array` of length >= 1"):
        spec_vectors(folder)


@pytest.mark.parametrize("name", ["replies", "refusals"])
def test_an_id_stands_once_in_all_files(folder: Path, name: str) -> None:
    spoil(folder, name, 6, lambda vector: vector.update(id="ping-null"))
    with pytest.raises(VectorError) as caught:
        spec_vectors(folder)
    place = f"{folder / name}.json:6"
    assert str(caught.value) == f"{place}: expected a new id: 'ping-null' stands at requests.json:5 already"


def test_a_file_that_can_not_be_read_is_named(folder: Path) -> None:
    (folder / "replies.json").write_bytes(b"{\n\xff")
    with pytest.raises(VectorError, match=r"replies\.json:2: is not UTF-8: expected no byte 0xff here"):
        spec_vectors(folder)
    (folder / "replies.json").write_text("")
    with pytest.raises(VectorError, match=r"replies\.json:1: is no JSON: Expecting value"):
        spec_vectors(folder)
    (folder / "replies.json").unlink()
    with pytest.raises(VectorError, match=r"replies\.json:1: cannot be read: No such file or directory"):
        spec_vectors(folder)


def test_an_answer_is_the_same_value_however_it_is_written() -> None:
    two = Answer(out="pong", result=2)
    assert two.is_given_by(decode_reply(b'{"result":2e0,"out":"pong"}'))
    assert not two.is_given_by(pong(3))
    assert not two.is_given_by(Reply("pi_r", 2))
    assert not two.is_given_by(pong("2"))


def test_an_answer_may_be_near_the_true_value() -> None:
    root = Answer(out="pi_r", approximately=Decimal("2.828427124746190097603"), relative=1e-12)
    assert root.is_given_by(Reply("pi_r", Written("2.8284271247461903")))
    assert root.is_given_by(Reply("pi_r", Written("2.828427124747")))
    assert not root.is_given_by(Reply("pi_r", Written("2.82842712475")))
    assert not root.is_given_by(Reply("pong", Written("2.8284271247461903")))
    assert not root.is_given_by(Reply("pi_r", "2.8284271247461903"))
    assert not root.is_given_by(Reply("pi_r", True))


def test_a_negative_zero_is_answered_by_a_negative_zero() -> None:
    zero = Answer(out="pong", result=-0.0)
    assert zero.is_given_by(pong(Written("-0")))
    assert not zero.is_given_by(pong(Written("0.0")))
    assert not zero.is_given_by(pong(0))
    assert Answer(out="pong", result=0).is_given_by(pong(Written("-0")))


def test_what_may_be_refused_may_be_answered_too() -> None:
    vector = next(vector for vector in spec_vectors().requests if vector.or_refused == "bad_request")
    assert vector.is_answered_by(Reply("error", {"code": "bad_request", "message": ""}))
    assert vector.is_answered_by(Reply(vector.reply.out, vector.reply.result))
    assert not vector.is_answered_by(Reply("error", {"code": "internal", "message": ""}))
