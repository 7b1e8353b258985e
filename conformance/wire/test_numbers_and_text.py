"""Section "Numbers and text" of spec/wire.md: what can't be carried is refused, never silently altered.

A `Reply` equals another if it says the same JSON value: integers by their exact value, fractions as binary64.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest

from proctor.api import Body, Connection, Reply, Server, clause, ping, pong

COMMON = 2**53 - 1  # the largest integer that every JSON library carries
INTEGERS = [0, 1, -1, 127, 128, -129, 255, 65535, 2**31 - 1, -(2**31), 2**31, 2**32, -(2**32) - 1, COMMON, -COMMON]

LARGE = {
    "2-to-53": str(2**53),
    "2-to-53-plus-1": str(2**53 + 1),
    "minus-2-to-53-minus-1": str(-(2**53) - 1),
    "2-to-63": str(2**63),
    "minus-2-to-63-minus-1": str(-(2**63) - 1),
    "2-to-64": str(2**64),
    "2-to-64-plus-1": str(2**64 + 1),
    "30-digits": "1" + "0" * 28 + "7",
    "400-digits": "1" + "0" * 398 + "7",
    "5000-digits": "1" + "0" * 4998 + "7",
    "minus-5000-digits": "-" + "9" * 5000,
}

FRACTIONS = {
    "tenths": ["0.1", "-0.1", "1e-1", "0.10000000000000001", "0.3", "0.30000000000000004", "2.675"],
    "whole": ["1.0", "-1.0", "1e3", "1E+3", "1000e-3", "0.0", "0e0", "9007199254740993.0"],
    "large": ["1e22", "1e23", "123456789012345678901.5", "6.02214076e23", "1e300"],
    "greatest": ["1.7976931348623157e308", "-1.7976931348623157e308", "1.7976931348623158e308"],
    "least": ["5e-324", "-5e-324", "4.9406564584124654e-324", "3e-324"],
    "subnormal": ["2.2250738585072011e-308", "2.2250738585072014e-308", "1e-310"],
    "too-small": ["1e-400", "2e-324", "0.0e99", "1e-99999"],
    "halfway": [
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000033306690738754696212708950042724609375",
        "1.000000000000000111022302462515654042363166809082031251",
    ],
    "many-digits": ["0.1234567890123456789012345678901234567890", "0." + "1" * 2000, "3." + "0" * 2000 + "1"],
}

OVERFLOWS = ["1e400", "-1e400", "1e309", "1.7976931348623159e308", "0.1e310", "1" + "0" * 400 + ".0", "1e999999"]
NO_NUMBERS = ["NaN", "Infinity", "-Infinity"]
PLACES = [
    '{"in":"ping","params":%s}',
    '{"in":"ping","params":[1,[%s]]}',
    '{"in":"ping","params":{"a":{"b":%s}}}',
    '{"in":"ping","more":%s,"params":1}',
    '{"in":"pi","params":%s}',
    '{"in":"nope","params":%s}',
]

TEXTS = {
    "escapes": '"\\/\b\f\n\r\t',
    "nul": "\0a\0\0b\0",
    "control-characters": "\x01\x1f\x7f\x80\x9f",
    "composed": "é",
    "decomposed": "e\u0301",
    "compatible": "\u212b\u2126\ufb01\u00c5\u03a9",
    "hangul": "한\u1112\u1161\u11ab",
    "cjk": "漢字かな遠\U00020000",
    "beyond-ffff": "😀\U0001f468\u200d\U0001f469\u200d\U0001f467\U0010ffff",
    "right-to-left": "\u202eשלום\u200f",
    "line-separators": "a\u2028b\u2029c\u0085d",
    "byte-order-mark-inside": "\ufeffa\ufeff",
    "noncharacters": "\ufffe\uffff\ufdd0\U0001ffff\ufffd",
    "white-space": "  a \t\r\n\u00a0\u3000 ",
    "like-json": '{"in":"pi","params":1}\\u0041',
}

HALVES = {
    "high": r'"\ud800"',
    "low": r'"\udc00"',
    "high-then-letter": r'"a\ud83db"',
    "high-then-escape": r'"\ud83d\u0041"',
    "swapped": r'"\ude00\ud83d"',
    "high-before-a-pair": r'"\ud83d\ud83d\ude00"',
    "high-after-a-pair": r'"\ud83d\ude00\ud83d"',
}


@clause("wire/integers-are-exact")
def test_common_integers_come_back_exactly(server: Server) -> None:
    """A server that keeps 32 bits, or floats, alters numbers that everybody else carries."""
    with server.connect() as wire:
        assert wire.call(ping(INTEGERS)) == pong(INTEGERS)
        for number in INTEGERS:
            assert wire.call(ping(number)) == pong(number)


@clause("wire/integers-are-exact")
@pytest.mark.parametrize("digits", LARGE.values(), ids=LARGE)
def test_a_large_integer_comes_back_exactly_or_is_refused(server: Server, digits: str) -> None:
    """A server that reads every number as a double answers with another one, and nobody is told."""
    number = Decimal(digits)
    with server.connect() as wire:
        carries_or_refuses(wire, digits, number)
        carries_or_refuses(wire, f"[{digits}]", [number])
        carries_or_refuses(wire, f'{{"n":{digits}}}', {"n": number})
        assert wire.call(ping("after")) == pong("after")


@clause("wire/fractions-are-doubles")
@pytest.mark.parametrize("written", FRACTIONS.values(), ids=FRACTIONS)
def test_a_fraction_is_carried_as_a_double(server: Server, written: list[str]) -> None:
    """A server that keeps less than binary64, rounds another way, or is startled by zero, alters what it was sent."""
    with server.connect() as wire:
        for number in written:
            reply = echo(wire, number)
            assert reply == pong(float(number)), f"{number} was answered with {reply}"


@clause("wire/overflow-is-refused")
def test_a_fraction_beyond_every_double_is_refused(server: Server) -> None:
    """A server that lets it become infinite goes on with what is no number, or sends what is no JSON."""
    with server.connect() as wire:
        assert echo(wire, "1e308") == pong(1e308)
        refuses_everywhere(wire, OVERFLOWS)


@clause("wire/nan-is-refused")
def test_what_is_no_number_is_refused(server: Server) -> None:
    """Parsers that take NaN and Infinity by default pass them on to those that don't."""
    with server.connect() as wire:
        assert echo(wire, '["NaN","Infinity"]') == pong(["NaN", "Infinity"])
        refuses_everywhere(wire, NO_NUMBERS)


@clause("wire/zero-keeps-its-sign")
def test_a_negative_zero_stays_negative(server: Server) -> None:
    """A server that loses the sign alters a fraction; it is seen where somebody divides by it."""
    with server.connect() as wire:
        assert echo(wire, "-0") == pong(0)
        for written in ("-0.0", "-0e0", "-0.000e9"):
            zero = echo(wire, written)
            assert zero == pong(0)
            assert math.copysign(1, zero.result) == -1, f"{written} came back as {zero.result!r}"


@clause("wire/text-is-unchanged")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_comes_back_unchanged(server: Server, text: str) -> None:
    """A server that normalises, trims, ends text at NUL, or knows 16 bits of a character, returns another text."""
    with server.connect() as wire:
        for written in (raw(text), json.dumps(text), escaped(text)):
            for params, expected in ((written, pong(text)), (f"{{{written}:[{written}]}}", pong({text: [text]}))):
                reply = echo(wire, params)
                assert reply == expected, f"{params!r} was answered with {reply}"


@clause("wire/lone-surrogates-are-never-altered")
@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_half_a_surrogate_pair_is_refused_or_comes_back(server: Server, half: str) -> None:
    """Most servers read it and fail when they write: too late for a handler, or a replacement character is sent."""
    text = json.loads(half)
    with server.connect() as wire:
        assert wire.call(ping("before")) == pong("before")
        carries_or_refuses(wire, half, text)
        carries_or_refuses(wire, f'{{{half}:["a"]}}', {text: ["a"]})
        assert wire.call(ping("after")) == pong("after")


@clause("wire/lone-surrogates-are-never-altered")
def test_half_a_surrogate_pair_does_no_harm_elsewhere(server: Server) -> None:
    """A server that repeats a method's name in its message fails when it writes the error."""
    with server.connect() as wire:
        assert wire.call(Body(rb'{"in":"\ud800","params":1}')).code in ("unknown_method", "bad_request")
        assert wire.call(Body(rb'{"in":"pi","params":"\ud800"}')).code in ("bad_params", "bad_request")
        ignored = wire.call(Body(rb'{"in":"ping","\udfff":"\ud800","params":1}'))
        assert ignored == pong(1) or ignored.code == "bad_request"
        assert wire.call(ping("after")) == pong("after")


def echo(wire: Connection, written: str) -> Reply:
    """What a ping whose params are written like this is answered with."""
    return wire.call(Body(b'{"in":"ping","params":' + written.encode() + b"}"))


def carries_or_refuses(wire: Connection, written: str, value: object) -> None:
    reply = echo(wire, written)
    assert reply == pong(value) or reply.code == "bad_request", f"{written[:80]!r} was answered with {str(reply)[:200]}"


def refuses_everywhere(wire: Connection, numbers: list[str]) -> None:
    for place in PLACES:
        for number in numbers:
            body = (place % number).encode()
            reply = wire.call(Body(body))
            assert reply.code == "bad_request", f"{body!r} was answered with {reply}"
    assert wire.call(ping("after")) == pong("after")


def raw(text: str) -> str:
    """As JSON, characters as themselves where they may be."""
    return json.dumps(text, ensure_ascii=False)


def escaped(text: str) -> str:
    """As JSON, every character as an escape, those beyond U+FFFF as pairs."""
    units = text.encode("utf-16-be").hex()
    return '"' + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) + '"'
