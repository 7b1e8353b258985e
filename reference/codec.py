"""The server's messages, in the bodies of frames. What can't be carried is refused, never altered."""

from __future__ import annotations

import json
from typing import Any

from reference.wire import Dialect, Refused, strict


class Codec:
    """Messages to and from the bodies of frames."""

    def __init__(self, dialect: Dialect) -> None:
        self._pack = dialect.header.pack
        self._bytes_max = dialect.frame_bytes_max

    def request(self, body: bytes) -> tuple[Any, Any]:
        """`in`, whatever it is, and `params`; members of other names are ignored. Refused as bad_request."""
        try:
            request = strict.decode(body.decode())
            return request["in"], request["params"]
        except (KeyError, TypeError):
            raise Refused("bad_request", 'a request is an object with "in" and "params"') from None
        except ValueError as error:
            raise Refused("bad_request", f"the request can't be read: {error}") from None
        except RecursionError:
            raise Refused("bad_request", "the request is nested too deep") from None

    def reply(self, out: str, result: Any) -> bytes:
        """A whole frame. Refused if `result` can't be carried, or not within the limit."""
        try:
            body = f'{{"out":"{out}","result":{encode(result)}}}'.encode()
        except UnicodeEncodeError:
            raise Refused("bad_request", "a string holds half of a surrogate pair, which UTF-8 can't carry") from None
        except RecursionError:
            raise Refused("bad_request", "the result is nested too deep") from None
        if len(body) > self._bytes_max:
            raise Refused("too_large", f"the reply has {len(body)} bytes; the limit is {self._bytes_max}")
        return self._pack(len(body)) + body


encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
