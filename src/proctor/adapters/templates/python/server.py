"""A server to begin with: one process, a thread for each connection, the methods `ping` and `pi`.

It keeps the profile `wire`. What the other profiles want is marked TODO.
"""

import argparse
import math
import socket
import sys
import threading

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


METHODS = {"ping": ping, "pi": pi}  # a new one is claimed in impl.toml, [capabilities]


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
            connection.sendall(wire.frame(refusal("too_large", str(error))))
        except OSError:
            return  # the client is gone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("workers", type=int)
    parser.add_argument("zookeeper", help="host:port,...[/chroot]")
    parser.add_argument("root", help="the node below which servers register")
    given = parser.parse_args()

    listener = socket.create_server((given.host, given.port), backlog=128)
    # TODO supervision, restart: keep `given.workers` processes that accept from this listener.
    # TODO discovery: register {"host", "port"} below `given.root` on `given.zookeeper`.
    print("not supplied yet: worker processes (supervision, restart), registration (discovery)", file=sys.stderr)
    while True:
        connection, _address = listener.accept()
        threading.Thread(target=converse, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
