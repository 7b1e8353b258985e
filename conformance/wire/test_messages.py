"""Section "Messages" of spec/wire.md: which bodies are requests, and what replies look like."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

import pytest

from proctor.api import Body, Connection, Reply, Server, clause, encode, pi, ping, pong

NO_REQUESTS = {
    "no-object": [b"[]", b"1", b"null", b"true", b'"ping"', b'["ping",1]', b'[{"in":"ping","params":1}]'],
    "no-in": [b"{}", b'{"params":1}', b'{"IN":"ping","params":1}', b'{"method":"ping","params":1}'],
    "no-params": [b'{"in":"ping"}', b'{"in":"ping","Params":1}', b'{"in":"nope"}'],
    "in-is-no-string": [
        b'{"in":1,"params":1}',
        b'{"in":null,"params":1}',
        b'{"in":true,"params":1}',
        b'{"in":["ping"],"params":1}',
        b'{"in":{"ping":1},"params":1}',
    ],
    "request-within-a-member": [b'{"request":{"in":"ping","params":1}}', b'{"__proto__":{"in":"ping","params":1}}'],
}

NOTHINGS: list[Any] = [None, False, 0, "", [], {}]

PING = b'{"in":"ping","params":1}'
NO_JSON = {
    "unfinished": [
        b"{",
        b'{"in":"ping","params":1',
        b'{"in":"ping","params":',
        b'{"in":"ping","params":"x',
        b"[",
        b'"',
    ],
    "nothing": [b" ", b"\n\t "],
    "more-than-one-text": [PING + PING, PING + b"1", PING + b"]", PING + b",", PING + b"x", PING + b"\0"],
    "other-quotes": [b"{'in':'ping','params':1}", '{“in”:"ping","params":1}'.encode()],
    "comments": [b'{"in":"ping","params":1/**/}', b"//\n" + PING, b"#\n" + PING, PING + b"<!---->"],
    "commas": [b'{"in":"ping","params":1,}', b'{"in":"ping","params":[1,]}', b'{"in":"ping",,"params":1}'],
    "bare-names": [b'{in:"ping","params":1}', b'{"in":ping,"params":1}'],
    "other-languages": [
        b'{"in":"ping","params":None}',
        b'{"in":"ping","params":True}',
        b'{"in":"ping","params":undefined}',
        b'{"in":"ping","params":(1)}',
        b'{"in":"ping";"params":1}',
        b'{"in"="ping","params":1}',
    ],
    "control-characters": [
        b'{"in":"ping","params":"a\nb"}',
        b'{"in":"ping","params":"a\tb"}',
        b'{"in":"ping","params":"a\0b"}',
        b'{"in":"ping","params":"a\x1fb"}',
        b'{"in":"ping","params":{"a\nb":1}}',
    ],
    "escapes": [
        b'{"in":"ping","params":"\\x41"}',
        b'{"in":"ping","params":"\\u00g1"}',
        b'{"in":"ping","params":"\\u1"}',
        b'{"in":"ping","params":"\\"}',
    ],
    "numbers": [
        b'{"in":"ping","params":01}',
        b'{"in":"ping","params":-}',
        b'{"in":"ping","params":+1}',
        b'{"in":"ping","params":.5}',
        b'{"in":"ping","params":1.}',
        b'{"in":"ping","params":1e}',
        b'{"in":"ping","params":0x10}',
        b'{"in":"ping","params":1_000}',
        b'{"in":"ping","params":nan}',
        b'{"in":"ping","params":-NaN}',
        b'{"in":"ping","params":inf}',
        '{"in":"ping","params":١}'.encode(),
    ],
    "other-white-space": [b"\x0b" + PING, b"\x0c" + PING, "\u00a0".encode() + PING, "\u2028".encode() + PING],
    "byte-order-mark": [codecs.BOM_UTF8 + PING],
    "no-utf8": [
        b"\xff\xfe",
        b'{"in":"ping","params":"\xff"}',
        b'{"in":"ping","params":"\x80"}',
        b'{"in":"ping","params":"\xc3"}',
        b'{"in":"ping","params":"\xe9"}',
        b'{"in":"ping","params":"\xc0\x80"}',
        b'{"in":"ping","params":"\xed\xa0\x80"}',
        b'{"in":"ping","params":"\xf4\x90\x80\x80"}',
    ],
    "other-encodings": [PING.decode().encode(name) for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")],
}

TWICE = {
    "in": [
        b'{"in":"ping","in":"pi","params":1}',
        b'{"in":"pi","params":1,"in":"ping"}',
        b'{"in":"ping","in":"ping","params":1}',
    ],
    "in-escaped": [b'{"in":"ping","\\u0069n":"pi","params":1}', b'{"\\u0069\\u006E":"pi","in":"ping","params":1}'],
    "params": [b'{"in":"ping","params":1,"params":2}', b'{"in":"ping","params":1,"params":1}'],
    "in-params": [
        b'{"in":"ping","params":{"a":1,"a":2}}',
        b'{"in":"ping","params":{"":1,"":2}}',
        b'{"in":"ping","params":{"a":1,"b":2,"\\u0061":3}}',
        '{"in":"ping","params":{"é":1,"\\u00e9":2}}'.encode(),
        b'{"in":"ping","params":{"__proto__":1,"__proto__":2}}',
    ],
    "deep": [
        b'{"in":"ping","params":[1,{"b":[{"a":1},{"a":{"c":1,"c":1}}]}]}',
        b'{"in":"pi","params":{"n":{"a":1,"a":1}}}',
    ],
    "in-ignored-members": [b'{"in":"ping","params":1,"x":1,"x":1}', b'{"x":[{"a":1,"a":1}],"in":"ping","params":1}'],
}


def arrays(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def objects(levels: int) -> bytes:
    return b'{"":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


def both(levels: int) -> bytes:
    """Arrays and objects by turns; an odd level is an array."""
    return (b'[{"":' * (levels // 2)) + b"[]" * (levels % 2) + b"0" * (levels % 2 == 0) + b"}]" * (levels // 2)


TAKEN_OUT = "taken out"
NESTS = [arrays, objects, both]
Nest = Callable[[int], bytes]


def ping_of(params: bytes) -> Body:
    return Body(b'{"in":"ping","params":' + params + b"}")


@clause("wire/request-has-in-and-params")
@pytest.mark.parametrize("bodies", NO_REQUESTS.values(), ids=NO_REQUESTS)
def test_what_is_no_request_is_refused(server: Server, bodies: list[bytes]) -> None:
    """A server that reaches into whatever it parsed dies of the type, or answers nothing."""
    with server.connect() as wire:
        assert wire.call(Body(PING)) == pong(1)
        refuses_all(wire, bodies)


@clause("wire/request-has-in-and-params")
def test_null_is_a_value_like_any_other(server: Server) -> None:
    """A server that asks whether params are true, or not null, refuses what is there."""
    with server.connect() as wire:
        for nothing in NOTHINGS:
            assert wire.call(ping(nothing)) == pong(nothing)


@clause("wire/unknown-members-are-ignored")
def test_further_members_change_nothing(server: Server) -> None:
    """A server that refuses what it doesn't know stops every client from being extended before it."""
    further = b'"id":7,"":null,"out":"pong","result":{"in":"pi"},"jsonrpc":"2.0","deep":[[{"params":3}]],"Params":4'
    with server.connect() as wire:
        assert wire.call(Body(b'{"in":"ping",' + further + b',"params":[1]}')) == pong([1])
        assert wire.call(Body(b"{" + further + b',"in":"ping","params":[2]}')) == pong([2])
        assert wire.call(Body(b'{"params":[3],"in":"ping",' + further + b"}")) == pong([3])
        assert wire.call(Body(b'{"in":"nope",' + further + b',"params":1}')).code == "unknown_method"


@clause("wire/reply-has-out-and-result")
def test_every_reply_is_an_object_with_out_and_result(server: Server) -> None:
    """A reply in another form, or with a byte order mark, is nothing that a client can read."""
    with server.connect() as wire:
        wire.send(ping(None), ping({"out": 1}), pi(3), pi(-1), Body(b"{"), Body(b'{"in":"nope","params":1}'))
        names = []
        for _ in range(6):
            body = wire.reply_body()
            assert not body.startswith(codecs.BOM_UTF8)
            names.append(wire.decoded(body).name)
        assert names == ["pong", "pong", "pi_r", "error", "error", "error"]


@clause("wire/body-is-json-in-utf8")
@pytest.mark.parametrize("bodies", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_refused(server: Server, bodies: list[bytes]) -> None:
    """A lenient parser lets two sides read two things; an exception outside the handler ends the worker."""
    with server.connect() as wire:
        assert wire.call(Body(PING)) == pong(1)
        refuses_all(wire, bodies)


@clause("wire/body-is-json-in-utf8")
def test_white_space_is_allowed_wherever_json_allows_it(server: Server) -> None:
    """A server that takes the first byte for a brace, or minds what follows the text, refuses JSON."""
    blank = b" \t\r\n"
    with server.connect() as wire:
        assert wire.call(Body(blank + PING)) == pong(1)
        assert wire.call(Body(PING + blank)) == pong(1)
        assert wire.call(Body(b' {\n"in"\t:\r"ping" , "params" : [ 1 , 2 ] } ')) == pong([1, 2])


@clause("wire/body-is-json-in-utf8")
def test_names_may_be_escaped(server: Server) -> None:
    """A server that looks for names in the bytes, not in what they say, misses them."""
    with server.connect() as wire:
        assert wire.call(Body(b'{"\\u0069n":"\\u0070ing","p\\u0061rams":1}')) == pong(1)


@clause("wire/duplicate-members-are-refused")
@pytest.mark.parametrize("bodies", TWICE.values(), ids=TWICE)
def test_a_member_that_stands_twice_is_refused(server: Server, bodies: list[bytes]) -> None:
    """Most parsers keep one of the two silently: one that checks sees another request than one that executes."""
    with server.connect() as wire:
        assert wire.call(Body(PING)) == pong(1)
        refuses_all(wire, bodies)


@clause("wire/duplicate-members-are-refused")
def test_one_name_in_several_objects_is_no_duplicate(server: Server) -> None:
    """A server that counts names over the whole request refuses what is sound."""
    params = {"in": {"in": {"params": 1}}, "params": [{"a": 1}, {"a": 2}], "a": ':"a":1,"a":2'}
    with server.connect() as wire:
        assert wire.call(ping(params)) == pong(params)


@clause("wire/nesting-is-survived")
@pytest.mark.parametrize("nest", NESTS)
def test_the_promised_depth_is_served(server: Server, nest: Nest) -> None:
    """The request's own object is one of the levels, so the params may have one less."""
    params = nest(int(server.promise("max_depth")) - 1)
    with server.connect() as wire:
        wire.send(ping_of(params))
        assert reply_without(wire, params) == pong(TAKEN_OUT)


@clause("wire/nesting-is-survived")
@pytest.mark.parametrize("nest", NESTS)
@pytest.mark.parametrize("levels", [10_000, 100_000])
def test_no_depth_ends_a_worker(server: Server, levels: int, nest: Nest) -> None:
    """A parser that recurses on its stack without a limit ends its process; one with a limit must catch it."""
    params = fitting(server, nest, levels)
    with server.connect() as wire:
        assert wire.call(ping("before")) == pong("before")
        wire.send(ping_of(params), Body(b'{"in":"ping","more":' + params + b',"params":1}'))
        for served in (pong(TAKEN_OUT), pong(1)):
            reply = reply_without(wire, params)
            assert reply == served or reply.code == "bad_request"
        assert wire.call(ping("after")) == pong("after")


@clause("wire/nesting-is-survived")
@pytest.mark.parametrize("opening", [b"[", b'{"":', b'[{"":'], ids=["arrays", "objects", "both"])
def test_a_depth_that_never_closes_is_refused(server: Server, opening: bytes) -> None:
    """It is no JSON, however deep a parser has to go to see it."""
    levels = min(100_000, int(server.promise("max_frame_bytes")) // len(opening))
    with server.connect() as wire:
        assert wire.call(Body(opening * levels)).code == "bad_request"
        assert wire.call(ping("after")) == pong("after")


def refuses_all(wire: Connection, bodies: list[bytes]) -> None:
    """Each is refused with bad_request, and the connection goes on."""
    for body in bodies:
        reply = wire.call(Body(body))
        assert reply.code == "bad_request", f"{body!r} was answered with {reply}"
    assert wire.call(ping("after")) == pong("after")


def fitting(server: Server, nest: Nest, levels: int) -> bytes:
    """So many levels, or as many as fit a frame and its reply."""
    room = len(server.text(len(nest(levels))))
    return nest(min(levels, levels * room // len(nest(levels))))


def reply_without(wire: Connection, nested: bytes) -> Reply:
    """The next reply, with these params taken out: no JSON library reads such a depth."""
    body = wire.reply_body()
    return wire.decoded(b"".join(body.split()).replace(nested, encode(TAKEN_OUT), 1))
