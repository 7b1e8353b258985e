"""The driver: requests on standard input, replies on standard output, one JSON object a line (spec/client.md).

Complete as it is: what you supply is client.py. Calls run at once, each in a thread, and are answered as they end.
"""

import argparse
import math
import os
import sys
import threading

import wire
from client import CallFailed, Client

TIMEOUT_S = 5.0  # of a call that says none


class Malformed(ValueError):
    """A line that is no request; the message says why."""


class Driver:
    def __init__(self, client: Client) -> None:
        self.client = client
        self.lock = threading.Lock()

    def run(self) -> None:
        """Until told to close, or until the input ends."""
        for line in sys.stdin.buffer:
            if self.handle(line):
                break
        self.client.close()

    def handle(self, line: bytes) -> bool:
        """Whether this was the last request."""
        request: dict[str, object] = {}
        try:
            request = parsed(line)
            match request.get("op"):
                case "call":
                    threading.Thread(target=self.call, args=(request, *arguments(request)), daemon=True).start()
                case "servers":
                    self.reply(request, {"servers": self.client.servers()})
                case "close":
                    self.reply(request, {})
                    return True
                case _:
                    raise Malformed("op is one of call, servers, close")
        except Malformed as error:
            self.fail(request, "protocol", str(error))
        except Exception as error:  # of the library: the driver outlives it
            self.fail(request, "unavailable", told(error))
        return False

    def call(self, request: dict[str, object], method: str, params: object, timeout_s: float) -> None:
        try:
            out, result = self.client.call(method, params, timeout_s)
            self.reply(request, {"out": out, "result": result})
        except CallFailed as error:
            self.fail(request, error.kind, str(error), error.code)
        except Exception as error:
            self.fail(request, "unavailable", told(error))

    def fail(self, request: dict[str, object], kind: str, message: str, code: str | None = None) -> None:
        error = {"kind": kind, "message": message, **({} if code is None else {"code": code})}
        self.reply(request, {"error": error})

    def reply(self, request: dict[str, object], members: dict[str, object]) -> None:
        line = wire.written({"id": request.get("id"), **members}) + b"\n"
        with self.lock:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()


def parsed(line: bytes) -> dict[str, object]:
    try:
        request = wire.parse(line)
    except wire.NotStrictJson as error:
        raise Malformed(str(error)) from None
    if not isinstance(request, dict):
        raise Malformed("a request is an object")
    return request


def arguments(request: dict[str, object]) -> tuple[str, object, float]:
    method, timeout_s = request.get("in"), request.get("timeout_s", TIMEOUT_S)
    if not isinstance(method, str) or "params" not in request:
        raise Malformed('a call has "in", a string, and "params"')
    if type(timeout_s) not in (int, float) or not 0 <= timeout_s < math.inf:
        raise Malformed("timeout_s is a number of seconds, not negative")
    return method, request["params"], float(timeout_s)


def told(error: Exception) -> str:
    return str(error) if isinstance(error, NotImplementedError) else f"the client library raised {error!r}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zookeeper", help="host:port,...[/chroot]")
    parser.add_argument("root", help="the node below which servers register")
    given = parser.parse_args()
    try:
        Driver(Client(given.zookeeper, given.root)).run()
    except BrokenPipeError:
        os._exit(0)  # nobody reads any more


if __name__ == "__main__":
    main()
