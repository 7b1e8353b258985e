"""The contract of every link fault on every relay: it takes effect, that is proven, it heals.

Each fault of `FAULTS` stages itself on a connection that stands (and has carried bytes, both ways), asserts what the
two ends see of it, and says which of the link's figures proves it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proctor.links import Direction, LinkStats, Proxy
from proctor.waiting import eventually
from tests.links.ends import PATIENCE_S, Pair, Target, connect, pair, refused, rejected

QUIET_S = 0.15
LATENCY_S = 0.1
RATE_BYTES_PER_S = 20_000


@dataclass(frozen=True)
class LinkFault:
    """`stage` injects the fault and asserts its effect; `proven` reads the proof; `survives`: connections stand it."""

    name: str
    stage: Callable[[Proxy[Any], Target, Pair], None]
    proven: Callable[[LinkStats], bool]
    survives: bool = True

    def __str__(self) -> str:
        return self.name


def holds(link: Proxy[Any], target: Target, fault: LinkFault) -> None:
    """The contract itself."""
    with pair(link, target) as ends:
        assert ends.carries()
        assert not fault.proven(link.stats), "proven before it was injected"
        fault.stage(link, target, ends)
        eventually(lambda: fault.proven(link.stats), PATIENCE_S, f"the proof of {fault}")
        link.heal()
        if fault.survives:
            assert ends.carries()
    with pair(link, target) as fresh:
        assert fresh.carries()
        assert fresh.carries(b"q" * 100_000, b"a" * 100_000)


def cut_by_fin(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    assert link.cut("fin") == 1
    assert ends.client.fin()
    assert ends.server.fin()


def cut_by_rst(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    assert link.cut("rst") == 1
    assert ends.client.rst()
    assert ends.server.rst()


def refuse(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    link.refuse()
    assert refused(link)
    assert ends.carries()


def reject(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    link.reject()
    assert rejected(link)
    assert ends.carries()


def sever(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    assert link.sever("rst") == 1
    assert ends.client.rst()
    assert refused(link)


def lose_server(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    assert link.lose("server") == 1
    assert ends.server.rst()
    ends.client.send(b"is anybody there?")
    assert ends.client.silent(QUIET_S)
    assert link.lose("client") == 0, "it has lost an end before"


def lose_client(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    ends.client.send(b"unread")
    eventually(lambda: link.stats.to_server.passed_bytes > 6, PATIENCE_S, "the bytes to pass")
    assert link.lose("client") == 1
    assert ends.client.rst()
    assert ends.server.receive(6) == b"unread"
    assert ends.server.silent(QUIET_S)


def freeze_both(link: Proxy[Any], target: Target, ends: Pair) -> None:
    link.freeze()
    waiting = connect(link)
    ends.client.send(b"into the void")
    ends.server.send(b"the same")
    eventually(lambda: link.stats.to_client.held_bytes == 8, PATIENCE_S, "the reply to be held")
    assert target.waits_in_vain(QUIET_S), "a frozen link connected to the target"
    assert ends.client.silent(QUIET_S)
    assert ends.server.silent(QUIET_S)
    link.heal()
    assert ends.server.receive(13) == b"into the void"
    assert ends.client.receive(8) == b"the same"
    target.accept().close()
    assert waiting.fin()
    link.freeze()
    ends.client.send(b"again")
    eventually(lambda: link.stats.to_server.held_bytes, PATIENCE_S, "bytes to be held")


def freeze_to_server(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    link.freeze(Direction.TO_SERVER)
    ends.client.send(b"into the void")
    ends.server.send(b"this passes")
    assert ends.client.receive(11) == b"this passes"
    assert ends.server.silent(QUIET_S)


def freeze_to_client(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    link.freeze(Direction.TO_CLIENT)
    ends.client.send(b"this passes")
    ends.server.send(b"into the void")
    assert ends.server.receive(11) == b"this passes"
    assert ends.client.silent(QUIET_S)


def delay(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    link.slow(Direction.TO_CLIENT, latency_s=LATENCY_S)
    started = time.monotonic()
    assert ends.carries()
    assert time.monotonic() - started >= LATENCY_S


def limit_rate(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    link.slow(bytes_per_s=RATE_BYTES_PER_S)
    started = time.monotonic()
    assert ends.carries(b"r" * (RATE_BYTES_PER_S // 10))
    # A tenth of a second's worth; the first tick's share of it leaves at once.
    assert time.monotonic() - started >= 0.08


def slice_bytes(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    before = ends.server.segments_received()
    link.slice(3, Direction.TO_SERVER)
    ends.client.send(b"abcdefghij")
    assert ends.server.receive(10) == b"abcdefghij"
    segments = ends.server.segments_received() - before
    # One more may be counted: under load the kernel sends a segment twice.
    assert segments >= 4, f"10 bytes in pieces of 3 came as {segments} segments"


def corrupt(link: Proxy[Any], _target: Target, ends: Pair) -> None:
    link.corrupt(3, Direction.TO_SERVER)
    ends.client.send(b"abcabc")
    assert ends.server.receive(6) == b"ab\x9cabc"
    assert ends.carries(), "one byte was to be corrupted, and only to the server"


FAULTS = (
    LinkFault("cut by FIN", cut_by_fin, lambda stats: stats.cut == 1, survives=False),
    LinkFault("cut by RST", cut_by_rst, lambda stats: stats.cut == 1, survives=False),
    LinkFault("refuse", refuse, lambda stats: stats.refusing),
    LinkFault("reject", reject, lambda stats: stats.rejected == 1),
    LinkFault("sever", sever, lambda stats: stats.refusing and stats.cut == 1, survives=False),
    LinkFault("lose the server", lose_server, lambda stats: stats.half_open == 1, survives=False),
    LinkFault("lose the client", lose_client, lambda stats: stats.half_open == 1, survives=False),
    LinkFault("freeze", freeze_both, lambda stats: stats.to_server.held_bytes > 0, survives=False),
    LinkFault("freeze to the server", freeze_to_server, lambda stats: stats.to_server.held_bytes == 13, survives=False),
    LinkFault("freeze to the client", freeze_to_client, lambda stats: stats.to_client.held_bytes == 13, survives=False),
    LinkFault("delay", delay, lambda stats: stats.to_client.late_bytes == 8),
    LinkFault("limit the rate", limit_rate, lambda stats: stats.to_server.late_bytes > 0),
    LinkFault("slice", slice_bytes, lambda stats: stats.to_server.pieces == 3),
    LinkFault("corrupt", corrupt, lambda stats: stats.to_server.corrupted_bytes == 1),
)
