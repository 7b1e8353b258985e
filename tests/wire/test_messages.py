"""Bytes and meaning: the kit judges by these, so it is exact where a JSON library is lenient."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.wire.messages import (
    MOST_VALUES,
    MOST_WIDE_BYTES,
    NotAMessage,
    Reply,
    TooBulky,
    decode_reply,
    encode,
    frame,
    frames,
    ping,
    pong,
    same,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_a_reply_means_what_was_sent(value: object) -> None:
    assert decode_reply(pong(value).body()) == pong(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (2**53, 2**53 + 1),
        ("1", 1),
        (None, False),
        ([1], [1, 1]),
        ({"a": 1}, {"a": 1, "b": 1}),
        ("", None),
    ],
)
def test_values_that_differ_are_not_the_same(one: object, other: object) -> None:
    assert not same(one, other)
    assert not same({"in": [one]}, {"in": [other]})


def result_of(number: str) -> object:
    return decode_reply(f'{{"out":"pong","result":{number}}}'.encode()).result


@pytest.mark.parametrize("written", ["1", "1.0", "1e0", "10e-1", "1.000"])
def test_json_has_one_kind_of_number(written: str) -> None:
    assert same(1, result_of(written))


@pytest.mark.parametrize("written", ["9007199254740992", "9007199254740992.5", "9.007199254740992e15"])
def test_an_integer_is_compared_by_its_exact_value(written: str) -> None:
    sent = 2**53 + 1
    assert same(sent, result_of("9007199254740993.0"))
    assert float(sent) == float(written)  # which is all that most parsers would say
    assert not same(sent, result_of(written))


@pytest.mark.parametrize(
    "written", ["1.2345678901234568e20", "123456789012345680000", "123456789012345683968", "123456789012345683968.1"]
)
def test_a_fraction_is_compared_as_the_nearest_double(written: str) -> None:
    assert same(1.2345678901234568e20, result_of(written))
    assert not same(1.234567890123457e20, result_of(written))


def test_a_fraction_is_not_an_integer_beyond_every_double() -> None:
    assert not same(1.7976931348623157e308, result_of("1" + "0" * 400))
    assert not same(1.7976931348623157e308, result_of("9" * 5000))
    assert not same(10**30, result_of("1e99999999999999999999"))


@pytest.mark.parametrize("written", ["-0.0", "-0", "-0e5"])
def test_a_zero_keeps_its_sign(written: str) -> None:
    result = result_of(written)
    assert same(0, result)
    assert isinstance(result, float)
    assert math.copysign(1, result) == -1


def test_an_integer_of_any_length_is_carried() -> None:
    digits = "9" * 5000
    assert decode_reply(b'{"out":"pong","result":' + digits.encode() + b"}") == pong(Decimal(digits))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"out":"pong"}',
        b'{"result":1}',
        b'{"out":1,"result":1}',
        b'{"out":"pong","result":NaN}',
        b'{"out":"pong","result":-Infinity}',
        b'{"out":"pong","out":"pong","result":1}',
        b'{"out":"pong","result":{"a":1,"a":2}}',
        b'\xef\xbb\xbf{"out":"pong","result":1}',
        b'{"out":"pong","result":"\xff"}',
        b'{"out":"pong","result":1} 2',
        b"[" * 100_000,
    ],
)
def test_what_is_no_reply_is_refused_with_its_reason(body: bytes) -> None:
    with pytest.raises(NotAMessage, match=r"not JSON in UTF-8|not an object"):
        decode_reply(body)


@given(st.lists(st.binary(max_size=40)), st.binary(max_size=3), st.sampled_from(["little", "big"]))
def test_whole_frames_are_taken_and_a_rest_is_left(bodies: list[bytes], rest: bytes, order: str) -> None:
    data = b"".join(frame(body, order) for body in bodies) + rest  # type: ignore[arg-type]  # one of the two literals
    assert list(frames(data, order)) == bodies  # type: ignore[arg-type]


def test_text_travels_as_itself_and_a_lone_surrogate_as_its_escape() -> None:
    assert encode("é") == '"é"'.encode()
    assert ping("\ud800").body() == b'{"in": "ping", "params": "\\ud800"}'


def test_an_error_has_a_code_and_other_replies_have_none() -> None:
    assert Reply("error", {"code": "bad_params", "message": ""}).code == "bad_params"
    assert Reply("pong", {"code": "bad_params"}).code is None
    assert Reply("error", "bad_params").code is None


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (b"[" + b"[]," * MOST_VALUES + b"[]]", "values, more than"),
        (b'"' + "é".encode() * MOST_WIDE_BYTES + b'"', "bytes that are not all ASCII"),
    ],
    ids=["values", "wide text"],
)
def test_what_would_fill_the_kit_s_memory_is_not_read(result: bytes, reason: str) -> None:
    with pytest.raises(TooBulky, match=reason):
        decode_reply(b'{"out":"pong","result":' + result + b"}")


def test_what_is_long_and_plain_is_read() -> None:
    assert decode_reply(encode({"out": "pong", "result": "x" * 2 * MOST_WIDE_BYTES})).name == "pong"
