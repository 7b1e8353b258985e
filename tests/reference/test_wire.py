"""The codec of the reference: what the shortcuts that make it fast may not change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reference import wire
from reference.codec import Codec
from reference.wire import Dialect, FrameReader, Refused

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a loaded machine is no verdict
SMALL = Dialect(frame_bytes_max=1000)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """JSON as nobody would write it: white space anywhere, names twice, colons in strings."""
    names = st.sampled_from(["in", "params", "a", ":", "a:b", "\\u0069n"])
    spaces = st.sampled_from(["", " ", "\n\t"])
    scalars = st.sampled_from(["1", "-0.0", "null", "true", '"x"', '":"', '"a: b"', "1e3"])

    def objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        members = st.builds('"{}"{}:{}{}'.format, names, spaces, spaces, inner)
        return st.lists(members, max_size=4).map(lambda some: "{" + ",".join(some) + "}")

    def lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.lists(inner, max_size=3).map(lambda some: "[" + " , ".join(some) + "]")

    inner = st.recursive(scalars, lambda inner: objects(inner) | lists(inner), max_leaves=8)
    return draw(spaces) + draw(objects(inner)) + draw(spaces)


def verdict(read: Any) -> str:
    try:
        return repr(read())
    except (Refused, KeyError, ValueError):
        return "refused"


@unhurried
@given(json_texts())
@example('{"in":"ping","params":{"a":1,"a":1}}')
@example('{"in":"ping","params":[{"a":1,"a":1}]}')
@example('{"in":"ping","params":1,"x":{"a":1,"a":1}}')
@example('{"in":"ping","in":"ping","params":":"}')
@example('{"in":"ping","params":1,"x":1e999}')
def test_counting_colons_finds_what_looking_at_every_member_finds(text: str) -> None:
    """The quick way may only be taken where no name can be there twice (F19), and no number be too large (F18)."""

    def careful() -> Any:
        value = wire.strict.decode(text)
        return value["in"], value["params"]

    assert verdict(lambda: Codec(Dialect()).request(text.encode())) == verdict(careful)


@unhurried
@given(st.text(max_size=30) | json_texts().map(lambda text: text[:-1]) | json_texts().map(lambda text: text + "x"))
def test_what_is_no_json_to_the_standard_library_is_none_to_the_codec(text: str) -> None:
    body = f'{{"in":"ping","params":{text}}}'

    def strictly() -> Any:
        value = wire.strict.decode(body)
        return value["in"], value["params"]

    assert verdict(lambda: Codec(Dialect()).request(body.encode())) == verdict(strictly)


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"in"', b"{}", b'{"in":"ping"}', b'{"params":1}'])
def test_what_is_no_request_is_refused_with_what_one_is(body: bytes) -> None:
    with pytest.raises(Refused, match='an object with "in" and "params"') as refused:
        Codec(Dialect()).request(body)
    assert refused.value.code == "bad_request"


@unhurried
@given(VALUES)
def test_a_reply_says_what_was_given(value: Any) -> None:
    frame = Codec(Dialect()).reply("pong", value)
    assert int.from_bytes(frame[:4], "little") == len(frame) - 4
    assert repr(json.loads(frame[4:])) == repr({"out": "pong", "result": value})


@pytest.mark.parametrize("number", ["1e400", "-1e400", "[1e999]", "NaN", "-Infinity", "1" * 5000, '1,"x":1e999'])
def test_a_number_that_cant_be_carried_is_refused(number: str) -> None:
    with pytest.raises(Refused) as refused:
        Codec(Dialect()).request(f'{{"in":"ping","params":{number}}}'.encode())
    assert refused.value.code == "bad_request"


@pytest.mark.parametrize("depth", [10_000, 100_000])
@pytest.mark.parametrize("close", ["]", ""], ids=["closed", "unclosed"])
def test_no_depth_is_too_deep_to_be_answered(depth: int, close: str) -> None:
    """A RecursionError that leaves the codec would take the connection, or the worker, with it (F15)."""
    codec = Codec(Dialect())
    with pytest.raises(Refused) as refused:
        codec.reply("pong", codec.request(b'{"in":"ping","params":' + b"[" * depth + close.encode() * depth + b"}")[1])
    assert refused.value.code == "bad_request"


def test_half_a_surrogate_pair_is_refused_and_not_altered() -> None:
    codec = Codec(Dialect())
    with pytest.raises(Refused) as refused:
        codec.reply("pong", codec.request(rb'{"in":"ping","params":"\ud800"}')[1])
    assert refused.value.code == "bad_request"
    whole = codec.reply("pong", codec.request(rb'{"in":"ping","params":"\ud83d\ude00"}')[1])
    assert "😀" in whole[4:].decode()


def test_a_reply_over_the_limit_is_refused() -> None:
    codec = Codec(SMALL)
    assert len(codec.reply("pong", "x" * (1000 - len('{"out":"pong","result":""}')))) == 1004
    with pytest.raises(Refused) as refused:
        codec.reply("pong", "x" * 1000)
    assert refused.value.code == "too_large"


# Frames


def framed(body: bytes, order: wire.ByteOrder = "little") -> bytes:
    return len(body).to_bytes(4, order) + body


@unhurried
@given(
    st.lists(st.binary(max_size=300), max_size=8),
    st.lists(st.integers(1, 500), max_size=30),
    st.sampled_from(["little", "big"]),
)
def test_frames_are_the_same_however_they_are_cut(
    bodies: list[bytes], pieces: list[int], order: wire.ByteOrder
) -> None:
    data = b"".join(framed(body, order) for body in bodies)
    reader = FrameReader(Dialect(order, 1000))
    found: list[bytes | Refused] = []
    for size in pieces:
        found += reader.feed(data[:size]) if data else []
        data = data[size:]
    found += reader.feed(data)
    assert found == bodies
    assert not reader.partial


def test_a_frame_byte_by_byte() -> None:
    reader = FrameReader(Dialect())
    data = framed(b"0123456789")
    assert [reader.feed(data[i : i + 1]) for i in range(len(data) - 1)] == [[]] * (len(data) - 1)
    assert reader.partial
    assert reader.feed(data[-1:]) == [b"0123456789"]


@pytest.mark.parametrize("head", [1001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_length_over_the_limit_is_refused_on_sight_and_ends_the_reading(head: int) -> None:
    reader = FrameReader(SMALL)
    body, refused = reader.feed(framed(b"before") + head.to_bytes(4, "little"))
    assert body == b"before"
    assert isinstance(refused, Refused)
    assert refused.code == "too_large"
    assert reader.broken
    assert reader.feed(framed(b"after")) == []
