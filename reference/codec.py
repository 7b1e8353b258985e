"""Messages as the server reads and writes them: the bodies of frames. What can't be carried is refused, never altered.

Only the server imports this module: a client needn't spend the time that msgspec takes to import.
"""

from __future__ import annotations

from typing import Any

import msgspec

from reference.wire import Dialect, Refused, strict


class Request(msgspec.Struct):
    """Members of other names are ignored."""

    name: Any = msgspec.field(name="in")
    params: Any


class Codec:
    """Messages to and from the bodies of frames."""

    def __init__(self, dialect: Dialect) -> None:
        self._pack = dialect.header.pack
        self._bytes_max = dialect.frame_bytes_max

    def request(self, body: bytes) -> tuple[Any, Any]:
        """`in`, whatever it is, and `params`. Refused as bad_request.

        msgspec sees neither a name that is twice in an object (F19) nor what numbers other members hold (F18). So the
        colons are counted. Each member has one: if there are no more than in a request and its `params`, that's all.
        """
        try:
            request = decode(body)
            params = request.params
            if body.count(b":") != 2 + (len(params) if type(params) is dict else 0):
                strict.decode(body.decode())
        except (msgspec.MsgspecError, ValueError) as error:
            raise Refused("bad_request", f'a request is an object with "in" and "params": {error}') from None
        except RecursionError:
            raise Refused("bad_request", "the request is nested too deep") from None
        return request.name, params

    def reply(self, out: str, result: Any) -> bytes:
        """A whole frame. Refused if `result` can't be carried, or not within the limit. No method's result holds a NaN
        or an infinity, which msgspec would write as null."""
        try:
            body = encode({"out": out, "result": result})
        except RecursionError:
            raise Refused("bad_request", "the result is nested too deep") from None
        if len(body) > self._bytes_max:
            raise Refused("too_large", f"the reply has {len(body)} bytes; the limit is {self._bytes_max}")
        return self._pack(len(body)) + body


decode = msgspec.json.Decoder(Request).decode
encode = msgspec.json.Encoder().encode
