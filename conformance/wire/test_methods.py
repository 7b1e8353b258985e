"""Section "Methods" of spec/wire.md: what the methods answer, and that nothing else can be called."""

from __future__ import annotations

import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from proctor.api import (
    WATCHED_S,
    Body,
    Connection,
    ForAny,
    NoReply,
    Reply,
    Request,
    Server,
    StartServer,
    any_json,
    clause,
    divide,
    needs,
    pi,
    ping,
    pong,
    sleep,
)

VALUES: dict[str, Any] = {
    "null": None,
    "booleans": [True, False],
    "number": -12.5,
    "empty-text": "",
    "empty-array": [],
    "empty-object": {},
    "array": [None, True, 0, -0.5, "", [], {}, [[[]]]],
    "object": {"a": 1, "": {"b": [{"c": None}]}, "in": "ping", "params": {"in": "pi"}, "out": "error", "result": {}},
    "long-array": list(range(2000)),
    "wide-object": {str(number): number for number in range(2000)},
    "like-an-error": {"code": "internal", "message": "not one"},
}

# The first 20 digits of sqrt(8 * sum of 1/(2i+1)^2, i from 0 to n), summed with 40.
PI = {
    0: "2.82842712474619009760",
    1: "2.98142396999971959521",
    2: "3.03461511379761121905",
    3: "3.06139742519839097556",
    10: "3.11254093604249101612",
    1000: "3.14127464562675961949",
    100_000: "3.14158947052114955129",
    1_000_000: "3.14159233528020923853",
}
PI_TOLERANCE = Decimal("1e-12")  # of the true value, says the clause

QUOTIENTS: dict[str, tuple[int | float, int | float]] = {
    "even": (6, 3),
    "third": (1, 3),
    "negative": (-7, 2),
    "both-negative": (-7, -2),
    "zero": (0, 5),
    "by-forty-nine": (1, 49),
    "large-by-three": (2**53 - 1, 3),
    "large-by-large": (2**53 - 1, 2**53 - 3),
    "by-large": (1, 2**53),
    "halves": (1.5, 0.5),
    "fraction-by-integer": (0.1, 4),
    "to-the-least": (1, 1e308),
    "greatest": (1e308, 1),
}

NO_TERMS = [-1, -(2**53) + 1, 1.5, 0.5, -0.5, "1", "", True, False, None, [], [1], {}, {"n": 1}]
NO_OPERANDS: list[Any] = [
    None,
    True,
    6,
    "6",
    [],
    [6, 3],
    {},
    {"num2": 3},
    {"NUM1": 6},
    {"num1": None},
    {"num1": "6"},
    {"num1": True},
    {"num1": []},
    {"num1": {}},
    {"num1": 6, "num2": None},
    {"num1": 6, "num2": "3"},
    {"num1": 6, "num2": False},
    {"num1": 6, "num2": [3]},
]
NO_SECONDS = [-1, -0.5, -1e300, "1", "", True, None, [], [0], {}, {"seconds": 0}]

A_MINUTE_S = 60
CLOCK_S = 0.002  # a timer that counts whole milliseconds may be one early, by its own clock and by ours

ZEROS = ["0", "-0", "0.0", "-0.0", "0e5", "-0.000"]
TOO_LARGE = [(1e308, 1e-10), (-1e308, 1e-10), (1, 5e-324), (1e308, 0.1), (2**53, 1e-300)]

REACHING: dict[str, Any] = {
    "self": 0,
    "cls": 0,
    "this": 0,
    "args": [0],
    "kwargs": {"num2": 0},
    "__class__": "int",
    "__init__": 0,
    "__dict__": {"num2": 0},
    "__proto__": {"num2": 0, "polluted": True},
    "constructor": {"prototype": {"polluted": True}},
    "toString": 0,
    "valueOf": 0,
    "length": 0,
}

NO_METHODS = {
    "unheard-of": ["nope", "x", "pin", "pingg", "pongg", "pong", "error", "result"],
    "empty": [""],
    "other-case": ["PING", "Ping", "Pi", "pI"],
    "white-space": ["ping ", " ping", "ping\n", "\tping", "pi\u00a0"],
    "nul": ["ping\0", "\0", "\0ping"],
    "insides-of-python": ["__class__", "__init__", "__call__", "_private", "__dict__", "self", "ping.__call__"],
    "insides-of-javascript": ["toString", "constructor", "__proto__", "hasOwnProperty", "valueOf", "prototype"],
    "paths": ["a.b", "os.system", "../ping", "ping/", "ping()", "ping;pi", "ping,pi", "*", "%s%s%n"],
    "alike": ["рing", "ｐｉｎｇ", "pіng", "π"],
    "long": ["x" * 1000, "ping" * 250, "x" * 50_000],
    "lines": ["ping\nFORGED line", "\r\n\r\n", "\x1b[31mping"],
}


@clause("wire/ping-echoes")
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_ping_returns_its_params(server: Server, value: Any) -> None:
    """A server that copies some kinds of values, or reads meaning into them, is no echo."""
    with server.connect() as wire:
        assert wire.call(ping(value)) == pong(value)


@clause("wire/ping-echoes")
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # a registry client's thread draws while we do
def test_any_value_comes_back(for_any: ForAny) -> None:
    """A server that reads meaning into some value, or copies some kind of it only, is no echo."""

    def law(_server: Server, wire: Connection, value: Any) -> None:
        assert wire.call(ping(value)) == pong(value)

    for_any(any_json, law)


@clause("wire/pi-sums")
def test_pi_is_the_root_of_the_sum(server: Server) -> None:
    """A server that stops one term early, or adds in 32 bits, is wrong in the digits that nobody looks at."""
    with server.connect() as wire:
        for terms, digits in PI.items():
            reply = wire.call(pi(terms))
            assert reply.name == "pi_r"
            assert abs(Decimal(reply.result) - Decimal(digits)) <= PI_TOLERANCE * Decimal(digits), (
                f"pi {terms}: {reply}"
            )


@clause("wire/divide-divides")
@pytest.mark.parametrize(("num1", "num2"), QUOTIENTS.values(), ids=QUOTIENTS)
def test_a_quotient_is_the_nearest_double(server: Server, num1: int | float, num2: int | float) -> None:
    """A server that divides integers as integers cuts them; one that multiplies by the reciprocal is off by a bit."""
    nearest = float(Fraction(num1) / Fraction(num2))
    with server.connect() as wire:
        assert wire.call(divide(num1=num1, num2=num2)) == Reply("divide_r", nearest)
        assert wire.call(divide(num2=num2, num1=num1)) == Reply("divide_r", nearest)


@clause("wire/divide-divides")
def test_without_a_divisor_it_divides_by_one(server: Server) -> None:
    """A server that takes a missing member for zero, or for an error, knows no default."""
    with server.connect() as wire:
        for number in (0, 6, -7, 2.5, 2**53 - 1):
            assert wire.call(divide(num1=number)) == Reply("divide_r", float(number))


@clause("wire/divide-by-zero")
@pytest.mark.parametrize("dividend", ["1", "-2.5", "0", "0.0"])
def test_division_by_zero_is_an_invalid_operation(server: Server, dividend: str) -> None:
    """A server that lets the exception through dies or hangs up; one that divides doubles answers infinity."""
    with server.connect() as wire:
        assert wire.call(divide(num1=6, num2=3)) == Reply("divide_r", 2.0)
        for zero in ZEROS:
            body = b'{"in":"divide","params":{"num1":%s,"num2":%s}}' % (dividend.encode(), zero.encode())
            reply = wire.call(Body(body))
            assert reply.code == "invalid_operation", f"{body!r}: {reply}"
        assert wire.call(divide(num1=6, num2=3)) == Reply("divide_r", 2.0)


@clause("wire/results-are-finite")
def test_a_quotient_beyond_every_double_is_an_invalid_operation(server: Server) -> None:
    """A server that sends Infinity sends what no strict parser reads; the kit's is one."""
    with server.connect() as wire:
        for num1, num2 in TOO_LARGE:
            reply = wire.call(divide(num1=num1, num2=num2))
            assert reply.code == "invalid_operation", f"{num1} / {num2}: {reply}"
        assert wire.call(divide(num1=1e308, num2=10)) == Reply("divide_r", 1e307)


@clause("wire/sleep-sleeps")
@pytest.mark.parametrize("seconds", [0, 0.05, 0.2])
def test_sleep_answers_no_sooner_than_it_says(server: Server, seconds: float) -> None:
    """A server that takes milliseconds for seconds, or whole seconds only, answers at once."""
    with server.connect() as wire:
        began = time.monotonic()
        assert wire.call(sleep(seconds)) == Reply("sleep_r", seconds)
        assert time.monotonic() - began >= seconds - CLOCK_S


@clause("wire/sleep-sleeps")
def test_a_minute_is_not_too_long(start_server: StartServer) -> None:
    """A server that refuses what others may ask for; it would do so at once, so nobody has to wait for the minute."""
    with start_server(workers=1).connect() as wire:
        assert wire.call(sleep(0)) == Reply("sleep_r", 0)
        began = time.monotonic()
        wire.send(sleep(A_MINUTE_S))
        try:
            reply = wire.reply(within=WATCHED_S)
        except NoReply:
            return
        took_s = time.monotonic() - began  # a minute, where what is watched for is stretched beyond that
    assert reply == Reply("sleep_r", A_MINUTE_S), f"sleep {A_MINUTE_S} was answered with {reply} after {took_s:.2f} s"
    assert took_s >= A_MINUTE_S - CLOCK_S, f"sleep {A_MINUTE_S} was answered after {took_s:.2f} s"


@clause("wire/params-are-checked")
def test_pi_takes_integers_from_zero_on(server: Server) -> None:
    """A server that loops over whatever it gets dies of a text, or sums nothing for a negative number."""
    with server.connect() as wire:
        assert wire.call(pi(0)).name == "pi_r"
        refuses_each(wire, "pi", NO_TERMS)
        whole = wire.call(Body(b'{"in":"pi","params":10.0}'))
        assert whole == wire.call(pi(10)) or whole.code == "bad_params"


@clause("wire/params-are-checked")
@needs('methods has "divide"')
def test_divide_takes_an_object_of_numbers(server: Server) -> None:
    """A server that takes true for 1, null for a missing divisor or a text for its digits answers what nobody asked."""
    with server.connect() as wire:
        assert wire.call(divide(num1=6, num2=3)) == Reply("divide_r", 2)
        refuses_each(wire, "divide", NO_OPERANDS)


@clause("wire/params-are-checked")
@needs('methods has "sleep"')
def test_sleep_takes_numbers_from_zero_on(server: Server) -> None:
    """A server that hands whatever it gets to its timer dies of it, or never answers."""
    with server.connect() as wire:
        assert wire.call(sleep(0)) == Reply("sleep_r", 0)
        refuses_each(wire, "sleep", NO_SECONDS)


@clause("wire/params-reach-nothing-else")
def test_names_in_params_of_ping_are_data(server: Server) -> None:
    """A server that merges params into an object of its own changes what every later object is."""
    with server.connect() as wire:
        for name, value in REACHING.items():
            assert wire.call(ping({name: value})) == pong({name: value})
        assert wire.call(ping(REACHING)) == pong(REACHING)
        assert wire.call(ping({})) == pong({})
        assert wire.call(Body(b'{"__proto__":{"in":"ping","params":1}}')).code == "bad_request"


@clause("wire/params-reach-nothing-else")
@needs('methods has "divide"')
def test_names_in_params_of_divide_become_no_arguments(server: Server) -> None:
    """A server that passes members as arguments lets `self` replace the receiver; a prototype brings members."""
    with server.connect() as wire:
        for name, value in REACHING.items():
            reply = wire.call(divide(**{"num1": 6, "num2": 3, name: value}))
            assert reply == Reply("divide_r", 2) or reply.code == "bad_params", f"{name}: {reply}"
        assert wire.call(divide(__proto__={"num1": 6, "num2": 3})).code == "bad_params"
        assert wire.call(divide(num1=6)) == Reply("divide_r", 6)
        assert wire.call(divide()).code == "bad_params"


@clause("wire/unknown-method")
@pytest.mark.parametrize("names", NO_METHODS.values(), ids=NO_METHODS)
def test_what_is_no_method_can_not_be_called(server: Server, names: list[str]) -> None:
    """A server that looks names up on its objects can be told to call what was never meant to be called."""
    with server.connect() as wire:
        assert wire.call(ping("before")) == pong("before")
        for name in names:
            reply = wire.call(Request(name, 1))
            assert reply.code == "unknown_method", f"{name!r}: {reply}"
        assert wire.call(ping("after")) == pong("after")


@clause("wire/unknown-method")
def test_a_method_that_is_not_claimed_is_unknown(server: Server) -> None:
    """A server that has more methods than its manifest says was examined with fewer than it has."""
    unclaimed = {"divide", "sleep", "add"} - set(server.manifest.capabilities.methods)
    with server.connect() as wire:
        for name in sorted(unclaimed):
            assert wire.call(Request(name, {"num1": 1})).code == "unknown_method"


def is_near(result: object, true: Decimal) -> bool:
    return isinstance(result, float) and abs(Decimal(result) - true) <= PI_TOLERANCE * true


def refuses_each(wire: Connection, method: str, wrong: list[Any]) -> None:
    """Each of these params is refused with bad_params, and the connection goes on."""
    for params in wrong:
        reply = wire.call(Request(method, params))
        assert reply.code == "bad_params", f"{method} {params!r}: {reply}"
    assert wire.call(ping("after")) == pong("after")
