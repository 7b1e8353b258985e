"""Scenes of the faults that befall the bytes on a link."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from proctor.faults.fault import Fault
from proctor.faults.traffic import CorruptLink, SliceLink, SlowLink
from proctor.links import Direction, LinkProxy
from proctor.wire.connection import Connection, NotAReply
from proctor.wire.messages import frame, ping, pong
from tests.faults.links import answers_over, connected, idle
from tests.faults.place import Place
from tests.faults.scene import Scene, Trial
from tests.links.ends import End

LATENCY_S = 0.2
RATE_BYTES_PER_S = 20_000
TEXT = "t" * (RATE_BYTES_PER_S // 5)
IN_THE_BODY = 10  # the first four bytes are the length
FAR_AWAY = 1 << 20


def late(place: Place, fault: Callable[[LinkProxy], Fault], text: str, at_least_s: float) -> Scene:
    """A reply takes so long at least, and no longer than usual once the link has healed."""
    link = place.link(place.scripted())
    wire = connected(place, link)
    sent: list[float] = []

    def send() -> None:
        sent.append(time.monotonic())
        wire.send(ping(text))

    return Scene(
        fault=fault(link),
        works=lambda: answers_over(wire),
        stir=send,
        affected=lambda: wire.reply() == pong(text) and time.monotonic() - sent[0] >= at_least_s,
        recovered=lambda: answers_over(wire),
    )


def with_latency(place: Place) -> Scene:
    return late(place, lambda link: SlowLink(link, place.history, latency_s=LATENCY_S), "late", 2 * LATENCY_S)


def with_little_bandwidth(place: Place) -> Scene:
    def narrow(link: LinkProxy) -> Fault:
        return SlowLink(link, place.history, Direction.TO_CLIENT, bytes_per_s=RATE_BYTES_PER_S)

    return late(place, narrow, TEXT, 0.9 * len(TEXT) / RATE_BYTES_PER_S)


def sliced(place: Place) -> Scene:
    """Each byte is a segment of its own; under load the kernel may send one twice."""
    link = place.link(place.scripted())
    end = End(socket.create_connection(link.address))
    place.afterwards(end.close)
    request, reply = frame(ping("sliced").body()), frame(pong("sliced").body())
    before: list[int] = []

    def is_answered() -> bool:
        end.send(request)
        return end.receive(len(reply)) == reply

    def send() -> None:
        before.append(end.segments_received())
        end.send(request)

    return Scene(
        fault=SliceLink(link, place.history),
        works=is_answered,
        stir=send,
        affected=lambda: end.receive(len(reply)) == reply and end.segments_received() - before[0] >= len(reply),
        recovered=is_answered,
    )


def corrupted(place: Place) -> Scene:
    link = place.link(place.scripted())
    wire = connected(place, link)
    return Scene(
        fault=CorruptLink(link, place.history, IN_THE_BODY, Direction.TO_CLIENT),
        works=lambda: answers_over(wire),
        stir=lambda: wire.send(ping("corrupted")),
        affected=lambda: gets_no_reply(wire),
        recovered=lambda: answers_over(wire),
    )


def gets_no_reply(wire: Connection) -> bool:
    try:
        wire.reply()
    except NotAReply:
        return True
    return False


def corrupted_far_away(place: Place) -> Fault:
    return CorruptLink(idle(place), place.history, FAR_AWAY, Direction.TO_CLIENT)


TRIALS = (
    Trial(
        SlowLink,
        {"latency": with_latency, "little bandwidth": with_little_bandwidth},
        {"nobody sends": lambda place: SlowLink(idle(place), place.history, latency_s=LATENCY_S)},
    ),
    Trial(
        SliceLink, {"a byte at a time": sliced}, {"nobody sends": lambda place: SliceLink(idle(place), place.history)}
    ),
    Trial(CorruptLink, {"a byte of a reply": corrupted}, {"so much never passes": corrupted_far_away}),
)
