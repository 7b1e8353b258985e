"""Every fault of a link keeps the faults' contract; and what is particular to some of them."""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from proctor.links import Direction, LinkProxy
from proctor.waiting import eventually
from tests.links import contract
from tests.links.ends import PATIENCE_S, End, Pair, Target, pair, refused, rejected


@pytest.mark.parametrize("fault", contract.FAULTS, ids=str)
def test_a_fault_takes_effect_is_proven_and_heals(link: LinkProxy, target: Target, fault: contract.LinkFault) -> None:
    contract.holds(link, target, fault)


def test_a_cut_by_fin_is_no_reset_even_over_unread_bytes(ends: Pair, link: LinkProxy) -> None:
    """Closing a socket over unread bytes sends an RST: FIN and RST would not be two faults."""
    link.freeze()
    ends.client.fill()
    ends.server.fill()
    link.cut("fin")
    assert ends.client.fin()
    assert ends.server.fin()


def test_the_end_that_is_left_over_is_reset_when_the_link_heals(ends: Pair, link: LinkProxy) -> None:
    """As by a host that has come back, and knows nothing of the connection."""
    assert ends.carries()
    assert link.lose("server") == 1
    assert ends.client.silent(contract.QUIET_S)
    link.heal()
    assert ends.client.rst()
    eventually(lambda: not link.stats.open, PATIENCE_S, "the connection to be forgotten")


def test_who_is_left_over_cannot_send_for_ever(ends: Pair, link: LinkProxy) -> None:
    """Nobody acknowledges anything behind the connection that was: buffers fill."""
    assert ends.carries()
    assert link.lose("server") == 1
    assert ends.client.fill()
    link.heal()


def test_a_frozen_link_keeps_even_an_end_to_itself(ends: Pair, link: LinkProxy) -> None:
    """Silence is the third kind of cut: a FIN that passed would tell the peer."""
    link.freeze()
    ends.client.send(b"before")
    ends.client.half_close()
    assert ends.server.silent(contract.QUIET_S)
    link.heal()
    assert ends.server.receive(6) == b"before"
    assert ends.server.fin()


def test_a_frozen_link_keeps_a_reset_to_itself(ends: Pair, link: LinkProxy) -> None:
    link.freeze()
    ends.client.reset()
    assert ends.server.silent(contract.QUIET_S)
    link.heal()
    assert ends.server.rst()


def test_frozen_bytes_are_bounded_and_arrive_in_order(ends: Pair, link: LinkProxy) -> None:
    link.freeze()
    sent = ends.client.fill()
    assert link.stats.to_server.held_bytes < 2 << 20
    link.heal()
    assert ends.server.receive(len(sent)) == sent


def test_a_delayed_run_of_requests_is_delayed_once(ends: Pair, link: LinkProxy) -> None:
    """Latency is not a rate: what is sent together arrives together."""
    link.slow(Direction.TO_SERVER, latency_s=0.3)
    started = time.monotonic()
    for _ in range(20):
        ends.client.send(b"request")
    assert ends.server.receive(140) == b"request" * 20
    assert 0.3 <= time.monotonic() - started < 20 * 0.3


def test_conditions_can_be_joined(ends: Pair, link: LinkProxy) -> None:
    link.slice(2, gap_s=0.01)
    link.slow(latency_s=0.05)
    link.corrupt(5, Direction.TO_SERVER)
    ends.client.send(b"abcdef")
    assert ends.server.receive(6) == b"abcd\x9af"
    traffic = link.stats.to_server
    assert (traffic.pieces, traffic.corrupted_bytes, traffic.late_bytes) == (2, 1, 6)


def test_no_byte_passes_behind_the_nth(ends: Pair, link: LinkProxy) -> None:
    """Neither its neighbours, nor those of another connection, nor an end; the other direction carries."""
    assert ends.carries(b"before", b"before")
    assert link.stop_after(3, Direction.TO_SERVER) == len(b"before")
    ends.client.send(b"abcde")
    ends.client.half_close()
    assert ends.server.receive(3) == b"abc"
    assert ends.server.silent(contract.QUIET_S)
    ends.server.send(b"this passes")
    assert ends.client.receive(11) == b"this passes"
    link.go_on(Direction.TO_SERVER)
    assert ends.server.receive(2) == b"de"
    assert ends.server.fin()


def test_what_was_stopped_goes_on_without_healing_anything_else(ends: Pair, link: LinkProxy) -> None:
    link.corrupt(5, Direction.TO_SERVER)
    link.stop_after(3, Direction.TO_SERVER)
    ends.client.send(b"abcdef")
    assert ends.server.receive(3) == b"abc"
    link.go_on(Direction.TO_SERVER)
    assert ends.server.receive(3) == b"d\x9af"


def test_a_gap_keeps_pieces_apart(ends: Pair, link: LinkProxy) -> None:
    link.slice(1, Direction.TO_SERVER, gap_s=0.05)
    started = time.monotonic()
    ends.client.send(b"head")
    assert ends.server.receive(4) == b"head"
    assert time.monotonic() - started >= 3 * 0.05


def test_many_small_pieces_leave_other_links_alone(ends: Pair, link: LinkProxy, target: Target) -> None:
    """A large body a byte at a time (F2) takes its time, but not the loop's."""
    data = bytes(range(250)) * 200
    link.slice(1, Direction.TO_SERVER)
    ends.client.send(data)
    with pair(link, target) as others:
        assert others.carries()
    assert ends.server.receive(len(data)) == data


def test_a_refusing_link_keeps_its_port(link: LinkProxy) -> None:
    """Else the kernel could give it to a stranger, and the client would talk to that."""
    link.refuse()
    with pytest.raises(OSError, match="in use"), bound_to(link.address.port):
        pass
    assert refused(link)


def test_refusal_and_cut_are_two_faults(ends: Pair, link: LinkProxy) -> None:
    link.refuse()
    assert refused(link)
    assert ends.carries()
    assert link.cut("rst") == 1
    assert ends.client.rst()


def test_a_hot_retry_can_be_counted(link: LinkProxy) -> None:
    """So that a test can hold a client to so many connects a second (C6, R24)."""
    link.reject()
    started = time.monotonic()
    for _ in range(5):
        assert rejected(link)
    assert len([at for at in link.stats.connects if at >= started]) == 5


def test_a_link_out_of_descriptors_accepts_again_when_there_are_some(link: LinkProxy, target: Target) -> None:
    client = End(socket.socket())
    with no_descriptor_left():
        client.socket.connect(link.address)
        assert link.stats.connections == 0
    server = target.accept()
    assert Pair(client, server).carries()
    client.close()
    server.close()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda link: link.slow(bytes_per_s=0), "rate over 0"),
        (lambda link: link.slow(latency_s=-1), "negative latency"),
        (lambda link: link.slice(0), "at least 1 byte"),
        (lambda link: link.slice(1, gap_s=-1), "negative gap"),
        (lambda link: link.corrupt(0, Direction.TO_SERVER), "from 1"),
        (lambda link: link.stop_after(0, Direction.TO_SERVER), "from 1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(link: LinkProxy, spoil: object, says: str) -> None:
    assert callable(spoil)
    with pytest.raises(ValueError, match=says):
        spoil(link)


@contextmanager
def bound_to(port: int) -> Iterator[None]:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", port))
        yield


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
