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


def spoil(folder: Path, kind: str, change: Spoil) -> None:
    path = folder / f"{kind}.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_every_vector_of_the_spec_is_read() -> None:
    vectors = spec_vectors()
    for kind in FILES:
        written = json.loads((spec_folder() / "vectors" / f"{kind}.json").read_text())["vectors"]
        assert [vector.id for vector in getattr(vectors, kind)] == [vector["id"] for vector in written]


def test_bytes_can_be_had_in_either_order() -> None:
    ping = next(vector for vector in spec_vectors().requests if vector.meaning == PING)
    body = b'{"in":"ping","params":null}'
    assert (ping.sent("little"), ping.sent("big")) == (frame(body), frame(body, "big"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda file: file["vectors"][3].pop("clause"), r"missing required field `clause` - at `\$\.vectors\[3\]`"),
        (lambda file: file["vectors"][3].update(byets="00"), r"unknown field `byets` - at `\$\.vectors\[3\]`"),
        (lambda file: file["vectors"][3].update(byte_order="middle"), r"enum value 'middle'.*\.vectors\[3\]"),
        (
            lambda file: file["vectors"][3].update(bytes="0g000000"),
            r"in hexadecimal, in the bytes of 'no-.*vectors\[3\]",
        ),
        (lambda file: file["vectors"][3].update(bytes="000000"), r"a length of 4 bytes.*vectors\[3\]"),
        (lambda file: file.pop("vectors"), "missing required field `vectors`"),
        (lambda file: file.update(kind="requests"), "expected the kind 'refusals', not 'requests'"),
    ],
)
def test_a_malformed_file_says_where_and_what_was_expected(folder: Path, change: Spoil, problem: str) -> None:
    spoil(folder, "refusals", change)
    with pytest.raises(VectorError, match=problem) as caught:
        spec_vectors(folder)
    assert str(caught.value).startswith(f"{folder / 'refusals.json'}: ")


def test_a_reply_says_either_what_it_is_or_what_it_is_near(folder: Path) -> None:
    spoil(folder, "requests", lambda file: file["vectors"][0]["reply"].update(approximately="1.0"))
    with pytest.raises(VectorError, match=r"requests.json: Expected either `result` or `approximately`.*\[0\]"):
        spec_vectors(folder)


def test_a_file_that_is_no_json_or_not_there_is_named(folder: Path) -> None:
    (folder / "replies.json").write_text("{")
    with pytest.raises(VectorError, match=r"replies\.json: Expecting property name"):
        spec_vectors(folder)
    (folder / "replies.json").unlink()
    with pytest.raises(VectorError, match=r"No such file or directory: .*replies\.json"):
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
