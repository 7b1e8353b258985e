"""What can't be read is blamed on a file, a line and a member, with what was expected there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from proctor.malformed import Malformed, Misshapen, line_at, shaped, text_of


class Reply(msgspec.Struct, forbid_unknown_fields=True):
    out: str
    result: int = 0


class Vector(msgspec.Struct, forbid_unknown_fields=True):
    identity: str = msgspec.field(name="id")
    reply: Reply
    tags: tuple[str, ...] = ()
    order: Literal["little", "big"] = "little"
    code: Literal["internal"] | Literal["closed"] | None = None  # as an alias and a literal make it


class Unread(Malformed):
    """Of a test's file."""


GOOD = {"id": "a", "reply": {"out": "pong"}}


def test_what_has_the_form_is_given_in_it() -> None:
    assert shaped(GOOD, Vector) == Vector("a", Reply("pong"))


@pytest.mark.parametrize(
    ("value", "member", "problem"),
    [
        (
            {"reply": {"out": "x"}},
            "id",
            "Object missing required field `id`; expected id, reply, and perhaps tags, order, code",
        ),
        (GOOD | {"x": 1}, "x", "Object contains unknown field `x`; expected id, reply, and perhaps tags, order, code"),
        (GOOD | {"id": 1}, "id", "Expected `str`, got `int` - at `$.id`"),
        (
            GOOD | {"reply": {"ot": "x"}},
            "reply",
            "Object contains unknown field `ot` - at `$.reply`; expected out, and perhaps result",
        ),
        (GOOD | {"reply": {"out": 1}}, "reply", "Expected `str`, got `int` - at `$.reply.out`"),
        (GOOD | {"tags": ["a", 1]}, "tags", "Expected `str`, got `int` - at `$.tags[1]`"),
        (GOOD | {"order": "middle"}, "order", "Invalid enum value 'middle' - at `$.order`; expected little, big"),
        (GOOD | {"code": "open"}, "code", "Invalid enum value 'open' - at `$.code`; expected internal, closed"),
        ([], "", "Expected `object`, got `array`"),
    ],
    ids=[
        "missing",
        "unknown",
        "type",
        "unknown within",
        "type within",
        "element",
        "choice",
        "choice of two",
        "no object",
    ],
)
def test_what_has_not_the_form_names_the_member_at_fault(value: Any, member: str, problem: str) -> None:
    with pytest.raises(Misshapen) as caught:
        shaped(value, Vector)
    assert (str(caught.value), caught.value.member) == (problem, member)


def test_a_line_counts_from_one() -> None:
    assert [line_at("a\nb\n", offset) for offset in (-1, 0, 1, 2, 4)] == [1, 1, 1, 2, 3]


def test_text_that_can_not_be_had_is_blamed_on_its_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(Unread, match=r"^shown:1: cannot be read: No such file or directory$"):
        text_of(path, "shown", Unread)
    path.write_bytes(b"one\ntwo \xff\n")
    with pytest.raises(Unread, match=r"^shown:2: is not UTF-8: expected no byte 0xff here$"):
        text_of(path, "shown", Unread)
    path.write_bytes("é".encode())
    assert text_of(path, "shown", Unread) == "é"
