"""The methods of the reference, and how whatever goes wrong in one becomes an answer."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.codec import Codec
from reference.log import Log
from reference.methods import PI_TERMS_A_STEP, Dispatcher, Methods, Steps
from reference.wire import Dialect, Refused


class Fails(Methods):
    """In each of the ways in which a method can."""

    def ping(self, params: Any) -> Any:  # noqa: ARG002
        raise OSError(2, "no such file", "/secret/path")

    def sleep(self, params: Any) -> Any:  # noqa: ARG002
        yield 0.0
        raise ValueError("/secret/path")

    def pi(self, params: Any) -> Any:  # noqa: ARG002
        return object()


def dispatcher(methods: Methods | None = None) -> Dispatcher:
    return Dispatcher(Codec(Dialect()), methods or Methods(), Log())


def call(method: Any, params: Any, methods: Methods | None = None) -> Any:
    """The reply's `out` and result; steps are taken to their end."""
    answer = dispatcher(methods).answer(json.dumps({"in": method, "params": params}).encode())
    frame = answer if isinstance(answer, bytes) else run(answer)
    reply = json.loads(frame[4:])
    return reply["out"], reply["result"]


def run(steps: Steps) -> bytes:
    while True:
        try:
            next(steps)
        except StopIteration as done:
            frame: bytes = done.value
            return frame


def code(method: Any, params: Any, methods: Methods | None = None) -> str:
    out, result = call(method, params, methods)
    assert out == "error"
    return str(result["code"])


@pytest.mark.parametrize("n", [0, 1, 1000, PI_TERMS_A_STEP - 1, PI_TERMS_A_STEP, 3 * PI_TERMS_A_STEP + 7])
def test_pi_in_steps_is_the_pi_of_one_step(n: int) -> None:
    out, result = call("pi", n)
    assert out == "pi_r"
    assert result == pytest.approx(math.sqrt(8 * math.fsum(1 / (2 * i + 1) ** 2 for i in range(n + 1))), rel=1e-13)


def test_a_long_pi_rests_between_its_steps() -> None:
    """A method that computes for seconds on end would hold up every other connection, and the signs of life."""
    steps = dispatcher().answer(b'{"in":"pi","params":1000000}')
    assert not isinstance(steps, bytes)
    assert all(next(steps) > 0 for _ in range(50))
    steps.close()


@settings(deadline=None)  # a loaded machine is no verdict
@given(st.integers(-(2**53), 2**53), st.integers(-(2**53), 2**53).filter(bool))
def test_a_quotient_is_the_nearest_double_or_exact(num1: int, num2: int) -> None:
    out, result = call("divide", {"num1": num1, "num2": num2})
    assert out == "divide_r"
    assert float(result) == num1 / num2


def test_a_quotient_of_integers_is_exact_where_it_can_be() -> None:
    assert call("divide", {"num1": 2**53 + 1}) == ("divide_r", 2**53 + 1)


@pytest.mark.parametrize(
    ("num1", "num2"), [(1, 0), (0, 0), (1.5, -0.0), (1e308, 1e-10), (10**400, 3), (-1e308, 1e-308)]
)
def test_what_is_no_finite_quotient_is_an_invalid_operation(num1: float, num2: float) -> None:
    assert code("divide", {"num1": num1, "num2": num2}) == "invalid_operation"


BAD_PARAMS: dict[str, list[Any]] = {
    "pi": [-1, 1.5, True, "1", None, [], {}, 10**9 + 1],
    "divide": [None, [], 1, {}, {"num1": "1"}, {"num1": True}, {"num1": 1, "num2": None}],
    "sleep": [-1, -0.1, True, "1", None, {"seconds": 1}, 1e9],
}


@pytest.mark.parametrize(("method", "params"), [(name, params) for name in BAD_PARAMS for params in BAD_PARAMS[name]])
def test_params_that_a_method_cant_work_on_are_bad(method: str, params: Any) -> None:
    assert code(method, params) == "bad_params"


@pytest.mark.parametrize("name", ["__class__", "find", "table", "_private", "", "PING", "ping ", "a.b", "x" * 1000])
def test_no_name_reaches_beyond_the_table(name: str) -> None:
    assert code(name, None) == "unknown_method"


@pytest.mark.parametrize("name", [1, None, True, [], {"ping": 1}, ["ping"]])
def test_a_name_that_is_no_string_is_no_request(name: Any) -> None:
    assert code(name, None) == "bad_request"


@pytest.mark.parametrize("method", ["ping", "sleep", "pi"])
def test_a_failure_of_ours_tells_nothing_of_our_insides(method: str) -> None:
    out, result = call(method, 1, Fails())
    assert out == "error"
    assert result["code"] == "internal"
    assert "secret" not in result["message"]


def test_a_refused_frame_is_answered_too() -> None:
    answer = dispatcher().answer(Refused("too_large", "far too large"))
    assert isinstance(answer, bytes)
    assert json.loads(answer[4:])["result"] == {"code": "too_large", "message": "far too large"}
