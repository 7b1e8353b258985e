"""A client under test: requests on standard input, replies on standard output, one JSON object a line.

Calls run at once, each in a thread, and are answered as they end.
"""

from __future__ import annotations

import fcntl
import json
import sys
import threading
from contextlib import suppress
from typing import Any, BinaryIO

from reference.client import CallFailed, Client
from reference.wire import strict

INPUT_BYTES = 1024 * 1024
OPS = ("call", "servers", "close")
TIMEOUT_S = 5.0  # of a call that says none


class Driver:
    def __init__(self, client: Client, requests: BinaryIO, replies: BinaryIO) -> None:
        self.client = client
        self.requests = requests
        self.replies = replies
        self.lock = threading.Lock()

    def run(self) -> int:
        """Until told to close, or until the input ends."""
        for line in self.requests:
            request = self.parse(line)
            if request is None:
                continue
            if request["op"] == "close":
                self.client.close()
                self.reply(request, {})
                return 0
            self.handle(request)
        self.client.close()
        return 0

    def parse(self, line: bytes) -> dict[str, Any] | None:
        """A request; None after a reply that says what is wrong with it."""
        try:
            request = strict.decode(line.decode())
        except (ValueError, RecursionError) as error:
            self.refuse({}, f"not a line of JSON: {error}")
            return None
        if not isinstance(request, dict) or request.get("op") not in OPS:
            self.refuse(request if isinstance(request, dict) else {}, f"a request is an object with an op: {OPS}")
            return None
        return request

    def handle(self, request: dict[str, Any]) -> None:
        if request["op"] == "servers":
            self.reply(request, {"servers": [str(address) for address in self.client.servers]})
        else:
            threading.Thread(target=self.call, args=(request,), daemon=True).start()

    def call(self, request: dict[str, Any]) -> None:
        try:
            timeout_s = float(request.get("timeout_s", TIMEOUT_S))
            out, result = self.client.call(request["in"], request["params"], timeout_s)
            self.reply(request, {"out": out, "result": result})
        except CallFailed as failure:
            code = {} if failure.code is None else {"code": failure.code}
            self.reply(request, {"error": {"kind": failure.kind, "message": failure.message, **code}})
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            self.refuse(request, f"a call needs in, params and timeout_s: {error!r}")

    def refuse(self, request: dict[str, Any], message: str) -> None:
        self.reply(request, {"error": {"kind": "protocol", "message": message}})

    def reply(self, request: dict[str, Any], members: dict[str, Any]) -> None:
        line = json.dumps({"id": request.get("id"), **members}).encode() + b"\n"
        with self.lock:
            self.replies.write(line)
            self.replies.flush()


def drive(client: Client) -> int:
    try:
        return Driver(client, wide_input(), sys.stdout.buffer).run()
    except BrokenPipeError:
        return 0  # nobody reads any more


def wide_input() -> BinaryIO:
    """Standard input, for lines of megabytes: through a pipe of the usual size they would take many small steps."""
    with suppress(OSError):  # not a pipe, or no more is allowed
        fcntl.fcntl(0, fcntl.F_SETPIPE_SZ, INPUT_BYTES)
    return open(0, "rb", buffering=INPUT_BYTES, closefd=False)
