"""What the server does for its callers: the methods, and the conversation on one connection."""

import math
import socket
from collections.abc import Callable
from contextlib import suppress

import wire

PI_MAX = 10**9


class Refused(Exception):
    """A request that is answered with an error of the contract."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def ping(params: object) -> tuple[str, object]:
    return "pong", params


def pi(params: object) -> tuple[str, object]:
    if type(params) is not int or not 0 <= params <= PI_MAX:
        raise Refused("bad_params", f"pi takes an integer from 0 to {PI_MAX}")
    return "pi_r", math.sqrt(8 * math.fsum(1.0 / (2 * i + 1) ** 2 for i in range(params + 1)))


# A new one is claimed in impl.toml, [capabilities].
METHODS: dict[str, Callable[[object], tuple[str, object]]] = {"ping": ping, "pi": pi}


def answer(body: bytes) -> bytes:
    """The reply to a request, as bytes of JSON."""
    try:
        out, result = execute(wire.parse(body))
        reply = wire.written({"out": out, "result": result})
    except wire.NotStrictJson as error:
        reply = refusal("bad_request", str(error))
    except Refused as error:
        reply = refusal(error.code, str(error))
    return reply if len(reply) <= wire.MAX_FRAME_BYTES else refusal("too_large", "the reply would be over the limit")


def execute(request: object) -> tuple[str, object]:
    if not isinstance(request, dict) or not isinstance(request.get("in"), str) or "params" not in request:
        raise Refused("bad_request", 'a request is an object with "in", a string, and "params"')
    if request["in"] not in METHODS:
        raise Refused("unknown_method", "there is no such method")
    return METHODS[request["in"]](request["params"])


def refusal(code: str, message: str) -> bytes:
    return wire.written({"out": "error", "result": {"code": code, "message": message}})


def converse(connection: socket.socket) -> None:
    """Answer one request after the other, until the client sends no more."""
    with connection:
        try:
            while (body := wire.read_frame(connection)) is not None:
                connection.sendall(wire.frame(answer(body)))
        except wire.TooLarge as error:
            with suppress(OSError):
                connection.sendall(wire.frame(refusal("too_large", str(error))))
        except OSError:
            return  # the client is gone
