"""What a proxy makes of the reads that pass: older answers to serve again, addresses to put others in place of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from proctor.links import Address
from proctor.zookeeper.codes import OpCode
from proctor.zookeeper.dialect import Dialect
from proctor.zookeeper.protocol import GetDataResponse, ReplyHeader

CHILDREN = (OpCode.GET_CHILDREN, OpCode.GET_CHILDREN2)
READS = (OpCode.GET_DATA, *CHILDREN, OpCode.EXISTS)
XID_BYTES = 4
XID_AND_ZXID_BYTES = 12
READS_KEPT = 256
ANSWER_BYTES_MAX = 64 * 1024  # longer answers are not kept: 256 pairs of these are 32 MB

Mapping = Callable[[Address], Address | None]


class Answers:
    """The last two different answers to each read."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[OpCode, str], tuple[bytes, ...]] = OrderedDict()

    def note(self, op: OpCode, path: str, payload: bytes) -> bytes | None:
        """Keep a reply, and give the last one that said something else, as a reply to the same request."""
        known = self._kept.pop((op, path), ())
        others = [answer for answer in known if answer[XID_AND_ZXID_BYTES:] != payload[XID_AND_ZXID_BYTES:]]
        if len(payload) <= ANSWER_BYTES_MAX:
            self._kept[op, path] = (*others[-1:], payload)
        if len(self._kept) > READS_KEPT:
            self._kept.popitem(last=False)
        return payload[:XID_BYTES] + others[-1][XID_BYTES:] if others else None


@dataclass(frozen=True)
class Rewriting:
    """Puts other addresses into getData's answers; `mapping` gives None for an address that stays."""

    mapping: Mapping
    dialect: Dialect

    def __call__(self, payload: bytes) -> bytes | None:
        """The reply with another address in its data; None if it carries none that is mapped. Raises Malformed."""
        header, at = ReplyHeader.read(payload)
        if header.err:
            return None
        body = GetDataResponse.decode(payload, at)
        found = self.dialect.decode(body.data or b"")
        instead = self.mapping(found) if found else None
        if instead is None:
            return None
        data = self.dialect.encode(instead, body.data or b"")
        stat = msgspec.structs.replace(body.stat, data_length=len(data))
        return payload[:at] + GetDataResponse(data, stat).encode()
