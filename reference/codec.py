"""The server's messages, in the bodies of frames. What can't be carried is refused, never altered."""

from __future__ import annotations

import json
from typing import Any

from reference.wire import Dialect, Refused, finite, no_constant, strict


class Codec:
    """Messages to and from the bodies of frames."""

    def __init__(self, dialect: Dialect) -> None:
        self._pack = dialect.header.pack
        self._bytes_max = dialect.frame_bytes_max

    def request(self, body: bytes) -> tuple[Any, Any]:
        """`in`, whatever it is, and `params`; members of other names are ignored. Refused as bad_request."""
        try:
            request = decode(body.decode())
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


def decode(text: str) -> Any:
    """As `strict` does, in half the time for most requests. Raises ValueError, RecursionError.

    What takes `strict` so long is its look at each object for a name that is there twice (F19). Every member has a
    colon, so they are counted: where there are no more than in a request and its `params`, that's all.
    """
    try:
        request, end = quick(text)
        params = request["params"]
        colons = text.count(":") - len(request)
        if end == len(text) and (not colons or (type(params) is dict and colons == len(params))):
            return request
    except (KeyError, TypeError, ValueError):  # no object, or white space before it
        pass
    return strict.decode(text)


quick = json.JSONDecoder(parse_float=finite, parse_constant=no_constant).raw_decode
encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
