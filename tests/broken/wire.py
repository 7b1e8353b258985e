"""Servers that lie on the wire."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from reference.codec import Codec
from reference.connection import Connection
from reference.methods import Dispatcher, Methods
from reference.wire import Refused, unique
from reference.worker import Worker

Bytes = bytes | bytearray
SINGLE = struct.Struct("<f")  # which refuses what is too large for it

# --- Messages


class TakesMissingParamsForNull(Codec):
    """A request without params is served as if they were null (F14)."""

    breaks = "wire/request-has-in-and-params"

    def request(self, body: bytes) -> tuple[Any, Any]:
        if b'"params"' not in body and b'"in"' in body:
            body = body.rstrip()[:-1] + b',"params":null}'
        return super().request(body)


class RefusesUnknownMembers(Codec):
    """A request with a member that is not in the contract is refused."""

    breaks = "wire/unknown-members-are-ignored"

    def request(self, body: bytes) -> tuple[Any, Any]:
        request = super().request(body)
        if len(json.loads(body)) > len(request):
            raise Refused("bad_request", "there are members besides in and params")
        return request


class LeavesOutNull(Codec):
    """A reply whose result is null has no result."""

    breaks = "wire/reply-has-out-and-result"
    also: Mapping[str, str] = {
        "wire/request-has-in-and-params": "null is a value that params may have, and comes back from ping",
        "wire/ping-echoes": "null is a value that ping echoes",
    }

    def reply(self, out: str, result: Any) -> bytes:
        if result is not None:
            return super().reply(out, result)
        body = json.dumps({"out": out}).encode()
        return self._pack(len(body)) + body


class ReplacesBadBytes(Codec):
    """Bytes that are not UTF-8 are replaced, and the request is served (F13)."""

    breaks = "wire/body-is-json-in-utf8"

    def request(self, body: bytes) -> tuple[Any, Any]:
        return super().request(body.decode(errors="replace").encode())


class KeepsTheLastOfTwo(Codec):
    """Of two members with one name the last counts (F19)."""

    breaks = "wire/duplicate-members-are-refused"

    def request(self, body: bytes) -> tuple[Any, Any]:
        return super().request(reread(body, object_pairs_hook=dict))


class OverflowsItsStack(Codec):
    """Deep nesting ends the worker (F15)."""

    breaks = "wire/nesting-is-survived"

    def request(self, body: bytes) -> tuple[Any, Any]:
        if b"[" * 1000 in body:
            os._exit(139)
        return super().request(body)


# --- Numbers and text


class ReadsIntegersAsDoubles(Codec):
    """Integers go through a double, which alters the large ones (F18)."""

    breaks = "wire/integers-are-exact"

    def request(self, body: bytes) -> tuple[Any, Any]:
        return super().request(reread(body, parse_int=lambda text: int(float(text))))


class ReadsFractionsAsSingles(Codec):
    """Fractions go through 32 bits (F18)."""

    breaks = "wire/fractions-are-doubles"

    def request(self, body: bytes) -> tuple[Any, Any]:
        return super().request(reread(body, parse_float=lambda text: SINGLE.unpack(SINGLE.pack(float(text)))[0]))


class TakesTheLargestForMore(Codec):
    """A fraction beyond the largest double is served as the largest double (F18)."""

    breaks = "wire/overflow-is-refused"

    def request(self, body: bytes) -> tuple[Any, Any]:
        largest = sys.float_info.max
        return super().request(reread(body, parse_float=lambda text: max(-largest, min(largest, float(text)))))


class TakesNaNForNull(Codec):
    """NaN and the infinities are read as null (F16)."""

    breaks = "wire/nan-is-refused"

    def request(self, body: bytes) -> tuple[Any, Any]:
        return super().request(reread(body, parse_constant=lambda _: None))


class DropsTheSignOfZero(Methods):
    """-0.0 becomes 0.0."""

    breaks = "wire/zero-keeps-its-sign"

    def ping(self, params: Any) -> Any:
        return params + 0 if type(params) is float else params


class ComposesText(Methods):
    """Text is normalised on its way (F6)."""

    breaks = "wire/text-is-unchanged"

    def ping(self, params: Any) -> Any:
        return unicodedata.normalize("NFC", params) if type(params) is str else params


class ReplacesHalves(Codec):
    """Half of a surrogate pair becomes a question mark (F17)."""

    breaks = "wire/lone-surrogates-are-never-altered"

    def request(self, body: bytes) -> tuple[Any, Any]:
        with suppress(ValueError, RecursionError):
            read = json.loads(body.decode(), object_pairs_hook=unique)
            body = json.dumps(read, ensure_ascii=False).encode(errors="replace")
        return super().request(body)


# --- Methods


class TakesEmptyTextForNothing(Methods):
    """As in databases that have one value for both, an empty text comes back as null."""

    breaks = "wire/ping-echoes"

    def ping(self, params: Any) -> Any:
        return None if params == "" else params


class StopsATermShort(Methods):
    """The sum ends before n."""

    breaks = "wire/pi-sums"

    def pi(self, params: Any) -> Any:
        return super().pi(params - 1 if type(params) is int and params > 0 else params)


class DividesIntegersWhole(Methods):
    """An integer divided by an integer is rounded down."""

    breaks = "wire/divide-divides"

    def divide(self, params: Any) -> Any:
        result = super().divide(params)
        return int(result // 1) if type(params["num1"]) is int and type(params.get("num2", 1)) is int else result


class FailsOnZero(Methods):
    """Division by zero is an accident of the server's, and not an answer."""

    breaks = "wire/divide-by-zero"

    def divide(self, params: Any) -> Any:
        try:
            return super().divide(params)
        except Refused as refused:
            if "zero" in refused.message:
                raise ZeroDivisionError from None
            raise


class TakesTheLargestForAResult(Methods):
    """A quotient beyond the largest double is the largest double (F16)."""

    breaks = "wire/results-are-finite"

    def divide(self, params: Any) -> Any:
        try:
            return super().divide(params)
        except Refused as refused:
            if "too large" in refused.message:
                return sys.float_info.max
            raise


class SleepsInVain(Methods):
    """sleep replies at once."""

    breaks = "wire/sleep-sleeps"

    def sleep(self, params: Any) -> Any:
        super().sleep(params).close()
        return params


class TakesTrueForOne(Methods):
    """A number may be given as true (F14)."""

    breaks = "wire/params-are-checked"

    def pi(self, params: Any) -> Any:
        return super().pi(1 if params is True else params)


class SpreadsParams(Methods):
    """Members of params become arguments by their names, and one of these is self (Q7)."""

    breaks = "wire/params-reach-nothing-else"

    def divide(self, params: Any) -> Any:
        if type(params) is not dict:
            return super().divide(params)
        return self.divide_by(**{name: params[name] for name in ("self", "num1", "num2") if name in params})

    def divide_by(self, num1: Any = None, num2: Any = 1) -> Any:
        return super().divide({"num1": num1, "num2": num2})


class LooksNamesUp(Methods):
    """Whatever the object has an attribute for can be called (Q1)."""

    breaks = "wire/unknown-method"

    def find(self, name: Any) -> tuple[str, Callable[[Any], Any]]:
        if type(name) is str and name not in self.table and hasattr(self, name):
            return "result", getattr(self, name)
        return super().find(name)


# --- Errors


class TellsOnlyTheCode(Dispatcher):
    """An error is its code, and no object."""

    breaks = "wire/error-has-code-and-message"

    def failure(self, error: Exception) -> bytes:
        code = error.code if isinstance(error, Refused) else "internal"
        return self.codec.reply("error", {"code": code})


class HangsUpOnUnknownMethods(Connection):
    """The connection is closed behind the error (F13)."""

    breaks = "wire/connection-survives-an-error"

    def send(self, data: Bytes, flags: int = 0) -> int:
        sent = super().send(data, flags)
        if b'"unknown_method"' in data:
            self.close()
        return sent


class TellsWhereItFailed(Dispatcher):
    """An error's message names the line that raised it (Q5)."""

    breaks = "wire/errors-tell-no-secrets"

    def failure(self, error: Exception) -> bytes:
        if isinstance(error, Refused):
            error.message += f" ({__file__}:{error.__traceback__.tb_lineno if error.__traceback__ else 0})"
        return super().failure(error)


# --- Connections


class LetsTheQuickOvertake(Connection):
    """While a call takes time, the quick ones behind it are answered."""

    breaks = "wire/pipelined-requests-are-answered-in-order"

    def answer_waiting(self) -> None:
        super().answer_waiting()
        while self.running and self.waiting:
            reply = self.owner.answer(self.waiting[0])
            if not isinstance(reply, bytes):
                break
            self.unsent += reply
            self.waiting.popleft()


class HangsUpOnHalfClose(Connection):
    """A client that has sent all that it wants is taken for gone (F20)."""

    breaks = "wire/half-close-is-honoured"

    def on_end(self) -> None:
        self.close()


class DiesOfAReset(Connection):
    """A recv that fails ends the worker (F22)."""

    breaks = "wire/reset-harms-nobody-else"

    def on_readable(self) -> None:
        with suppress(BlockingIOError):
            self.sock.recv(1, socket.MSG_PEEK)
        super().on_readable()


class DiesOfWhatIsNoText(Codec):
    """A body that begins with a byte beyond ASCII ends the worker (F13)."""

    breaks = "wire/no-bytes-harm-anybody-else"
    also: Mapping[str, str] = {"wire/body-is-json-in-utf8": "some of what is no JSON begins so"}

    def request(self, body: bytes) -> tuple[Any, Any]:
        if body[:1] > b"\x7f":
            os._exit(1)
        return super().request(body)


class ServesSixteen(Worker):
    """A worker has sixteen connections at most, be they idle (X1)."""

    breaks = "wire/idle-connections-block-nobody"

    def adopt(self, sock: socket.socket) -> None:
        super().adopt(sock)
        if len(self.connections) == 16:
            self.stop_accepting()

    def forget(self, connection: Connection) -> None:
        if len(self.connections) == 16:
            self.accept_again()
        super().forget(connection)


class WritesUntilAllIsTaken(Connection):
    """A send waits for its reader, and with it all that the worker serves (X2)."""

    breaks = "wire/slow-reader-blocks-nobody"
    arguments = ("--hang", "30")  # or the watchdog would set the matter right
    manifest: Mapping[str, Mapping[str, float]] = {"limits": {"hang_s": 30}}

    def send(self, data: Bytes, flags: int = 0) -> int:  # noqa: ARG002  # as its base has it
        self.sock.setblocking(True)
        with suppress(OSError):
            self.sock.sendall(data)
        self.sock.setblocking(False)
        return len(data)


def reread(body: bytes, **hooks: Any) -> bytes:
    """The body as a parser with these hooks of `json.loads` takes it; as it is if that can't read it."""
    try:
        return json.dumps(json.loads(body.decode(), **{"object_pairs_hook": unique, **hooks})).encode()
    except (ValueError, OverflowError, RecursionError):
        return body
