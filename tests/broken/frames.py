"""Servers that lie about where a message begins and ends, and how long it may be."""

from __future__ import annotations

import mmap
import sys
from collections.abc import Mapping
from typing import Any

from reference.codec import Codec
from reference.connection import Connection
from reference.wire import HEADER_BYTES, Dialect, FrameReader, Refused
from reference.worker import Worker

Bytes = bytes | bytearray
Frames = list[bytes | Refused]
ONE_BYTE = 255
BUDGET_BYTES = 20 * 1024 * 1024  # more than one frame, and less than two
MORE_THAN_ANY = 2**32
CONTINUES, ONE_OF_SEVERAL = 0xC0, 0x80  # of UTF-8: a byte inside a character

# --- Frames


class CountsCharacters(Codec):
    """The length of a reply is that of its text, and not of the bytes that carry it (F6)."""

    breaks = "wire/frame-is-length-and-body"
    also: Mapping[str, str] = {
        "wire/frame-may-arrive-in-pieces": "a character that is cut in two is one of those that take several bytes",
        "wire/frames-may-arrive-together": "so are some of those that are drawn",
    }

    def reply(self, out: str, result: Any) -> bytes:
        body = super().reply(out, result)[HEADER_BYTES:]
        return self._pack(len(body.decode())) + body


class PacksAsAnotherMachine(Codec):
    """A length that takes more than one byte is in network order (F9)."""

    breaks = "wire/byte-order-is-kept"
    also: Mapping[str, str] = {
        "wire/frame-is-length-and-body": "some of those frames are long",
        "wire/frame-may-arrive-in-pieces": "one of those frames is long, and so is its reply",
        "wire/frames-may-arrive-together": "some of those that are drawn are long",
        "wire/reply-is-sent-whole": "such a reply is long",
    }

    def reply(self, out: str, result: Any) -> bytes:
        body = super().reply(out, result)[HEADER_BYTES:]
        return len(body).to_bytes(HEADER_BYTES, "big" if len(body) > ONE_BYTE else "little") + body


class TakesOneRecvForALength(FrameReader):
    """What comes of a length without the rest of it is thrown away (F1)."""

    breaks = "wire/frame-may-arrive-in-pieces"
    also: Mapping[str, str] = {
        "wire/frames-may-arrive-together": "where requests are drawn, their pieces are drawn, too",
    }

    def feed(self, data: bytes) -> Frames:
        return [] if not self._rest and len(data) < HEADER_BYTES else super().feed(data)


class TakesOneRecvForABody(FrameReader):
    """What one recv brings of a body is taken for all of it (F2)."""

    breaks = "wire/frame-may-arrive-in-pieces"
    also: Mapping[str, str] = dict.fromkeys(
        ("wire/frames-may-arrive-together", "wire/reply-is-sent-whole", "wire/end-inside-a-frame"),
        "there bodies come in pieces, too",
    )

    def feed(self, data: bytes) -> Frames:
        frames = super().feed(data)
        if len(self._rest) > HEADER_BYTES:
            frames.append(bytes(self._rest[HEADER_BYTES:]))
            self._rest.clear()
        return frames


class DecodesEachPiece(FrameReader):
    """A body is decoded piece by piece, and refused when one is no text (F7)."""

    breaks = "wire/frame-may-arrive-in-pieces"
    also: Mapping[str, str] = {"wire/frames-may-arrive-together": "frames that come together are cut, too"}

    def feed(self, data: bytes) -> Frames:
        torn = len(self._rest) > HEADER_BYTES and data[0] & CONTINUES == ONE_OF_SEVERAL
        frames = super().feed(data)
        return [Refused("bad_request", "half a character"), *frames[1:]] if torn and frames else frames


class DropsTheTail(FrameReader):
    """What comes behind a whole frame in one segment, and is no whole frame itself, is thrown away (F4)."""

    breaks = "wire/frames-may-arrive-together"
    also: Mapping[str, str] = {
        "wire/pipelined-requests-are-answered-in-order": "TCP may cut what is pipelined anywhere",
        "wire/frame-may-arrive-in-pieces": "where pieces are drawn, several requests are",
    }

    def feed(self, data: bytes) -> Frames:
        frames = super().feed(data)
        if frames:
            self._rest.clear()
        return frames


class ReadsPastTheBody(FrameReader):
    """Of a frame that comes in one segment with the rest of another the first byte is read with that (F3)."""

    breaks = "wire/frames-may-arrive-together"
    also: Mapping[str, str] = {"wire/frame-may-arrive-in-pieces": "another frame follows there at once"}

    def feed(self, data: bytes) -> Frames:
        continued = self.partial
        frames = super().feed(data)
        return [frames[0], *map(beheaded, frames[1:])] if continued and frames else frames


class SendsOnce(Connection):
    """What one send doesn't take of a reply is never sent (F5)."""

    breaks = "wire/reply-is-sent-whole"
    also: Mapping[str, str] = {
        "wire/frame-at-the-limit": "such a reply is more than a socket's buffer takes at once",
    }

    def send(self, data: Bytes, flags: int = 0) -> int:
        super().send(data, flags)
        return len(data)


class TakesEmptyForKeepAlive(FrameReader):
    """A frame of length 0 is passed over in silence (F10)."""

    breaks = "wire/empty-frame-is-refused"

    def feed(self, data: bytes) -> Frames:
        return [frame for frame in super().feed(data) if frame != b""]


class WaitsAfterTheEnd(Connection):
    """The end of a connection inside a frame is taken for nothing new, again and again (F21)."""

    breaks = "wire/end-inside-a-frame"

    def on_end(self) -> None:
        if not self.reader.partial:
            super().on_end()


# --- Limits


class StopsShortOfTheLimit(FrameReader):
    """A frame has to be smaller than the limit."""

    breaks = "wire/frame-at-the-limit"
    also: Mapping[str, str] = {
        "wire/reply-over-the-limit": "it takes a request of just that length to ask for such a reply",
    }

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect._replace(frame_bytes_max=dialect.frame_bytes_max - 1))


class SharesABudget(Connection):
    """All of a worker's connections share what it may hold of bodies that are not whole, and wait for it (F11)."""

    breaks = "wire/frame-at-the-limit"
    also: Mapping[str, str] = {"wire/reply-over-the-limit": "such a request is long, and all is held already"}

    def on_readable(self) -> None:
        assert isinstance(self.owner, Worker)
        held = sum(len(each.reader._rest) for each in self.owner.connections)  # noqa: SLF001  # nobody else may ask
        if held < BUDGET_BYTES or not self.reader.partial:
            super().on_readable()


class ReadsLengthsSigned(FrameReader):
    """A length of 80000000 or more is negative, and stands for whatever comes (F9)."""

    breaks = "wire/frame-over-the-limit"
    also: Mapping[str, str] = {
        "wire/announced-is-not-allocated": "memory is looked at when the refused connections have ended",
    }

    def feed(self, data: bytes) -> Frames:
        if not self._rest and len(data) >= HEADER_BYTES and data[HEADER_BYTES - 1] & 0x80:
            return []
        return super().feed(data)


class WaitsForWhatIsAnnounced(FrameReader):
    """A length over the limit is waited for like any other, and so is what begins like HTTP (F23)."""

    breaks = "wire/frame-over-the-limit"
    also: Mapping[str, str] = dict.fromkeys(
        ("wire/announced-is-not-allocated", "wire/nothing-after-an-oversized-frame"), "there a refusal is waited for"
    )

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self._bytes_max = MORE_THAN_ANY


class AllocatesWhatIsAnnounced(FrameReader):
    """There is room for a body before anybody has looked at its length (F8)."""

    breaks = "wire/announced-is-not-allocated"
    MAP_NORESERVE = 0x4000

    def feed(self, data: bytes) -> Frames:
        if not self._rest and len(data) >= HEADER_BYTES:
            (length,) = self._unpack(data)
            mmap.mmap(-1, max(1, length), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | self.MAP_NORESERVE).close()
        return super().feed(data)


class ReadsOnBehindARefusal(FrameReader):
    """What stands behind a length over the limit is read as the next frame (F24)."""

    breaks = "wire/nothing-after-an-oversized-frame"

    def _split(self, data: bytes) -> Frames:
        frames = super()._split(data)
        if not self.broken:
            return frames
        before = sum(HEADER_BYTES + len(frame) for frame in frames if isinstance(frame, bytes))
        behind = super()._split(data[before + HEADER_BYTES :])
        return frames + [frame for frame in behind if isinstance(frame, bytes)]


class SendsWhatIsOverTheLimit(Codec):
    """The limit holds for what comes in, and not for what goes out (F12)."""

    breaks = "wire/reply-over-the-limit"

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect._replace(frame_bytes_max=sys.maxsize))


def beheaded(frame: bytes | Refused) -> bytes | Refused:
    return frame if isinstance(frame, Refused) else frame[1:]
