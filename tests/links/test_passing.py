"""A clean link is as good as none: the same bytes, the same ends, the same pressure back."""

from __future__ import annotations

import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.links import LinkProxy
from proctor.links.pipe import HELD_BYTES_MAX
from proctor.loop import LoopThread
from proctor.waiting import eventually
from tests.descriptors import descriptors
from tests.links.ends import PATIENCE_S, Pair, Target, connect, pair, refused, rejected

RUNS = st.lists(st.binary(min_size=1, max_size=3000), min_size=1, max_size=6)


def test_bytes_pass_unchanged_both_ways(loop: LoopThread) -> None:
    """However they are cut into writes."""

    @settings(deadline=None, max_examples=40)
    @given(requests=RUNS, replies=RUNS)
    def passes(requests: list[bytes], replies: list[bytes]) -> None:
        with pair(link, target) as ends:
            for sender, receiver, runs in (
                (ends.client, ends.server, requests),
                (ends.server, ends.client, replies),
            ):
                for run in runs:
                    sender.send(run)
                assert receiver.receive(len(b"".join(runs))) == b"".join(runs)

    target = Target()
    with LinkProxy(loop, target.address) as link:
        passes()
    target.leave()


def test_megabytes_pass_both_ways_at_once(ends: Pair) -> None:
    """Each end sends all of it before it reads: neither direction may wait for the other."""
    data = bytes(range(256)) * 40_000
    senders = [threading.Thread(target=end.send, args=(data,)) for end in (ends.client, ends.server)]
    for sender in senders:
        sender.start()
    assert ends.server.receive(len(data)) == data
    assert ends.client.receive(len(data)) == data
    for sender in senders:
        sender.join(PATIENCE_S)


def test_a_half_close_passes_and_the_reply_still_comes(ends: Pair, link: LinkProxy) -> None:
    ends.client.send(b"last request")
    ends.client.half_close()
    assert ends.server.receive(12) == b"last request"
    assert ends.server.fin()
    ends.server.send(b"x" * 3_000_000 + b"the end")
    ends.server.close()
    assert ends.client.receive(3_000_007).endswith(b"the end")
    assert ends.client.fin()
    eventually(lambda: link.stats.open == 0, PATIENCE_S, "the link to forget the connection")


def test_a_reset_by_the_client_is_a_reset_for_the_server(ends: Pair, link: LinkProxy) -> None:
    assert ends.carries()
    ends.client.reset()
    assert ends.server.rst()
    eventually(lambda: link.stats.open == 0, PATIENCE_S, "the link to forget the connection")


def test_a_reset_by_the_server_is_a_reset_for_the_client(ends: Pair) -> None:
    assert ends.carries()
    ends.server.reset()
    assert ends.client.rst()


def test_a_fin_comes_behind_the_bytes_sent_before_it(ends: Pair) -> None:
    ends.server.send(b"y" * 500_000)
    ends.server.close()
    assert ends.client.receive(500_000) == b"y" * 500_000
    assert ends.client.fin()


def test_a_reader_that_stops_stops_the_writer(ends: Pair, link: LinkProxy) -> None:
    """Else a slow consumer would make the kit's memory grow."""
    sent = ends.client.fill()
    assert link.stats.to_server.held_bytes <= HELD_BYTES_MAX + 256 * 1024  # what one more read of asyncio brings
    assert ends.server.receive(len(sent)) == sent


def test_other_connections_are_not_held_up_by_a_reader_that_stops(ends: Pair, link: LinkProxy, target: Target) -> None:
    ends.server.fill()
    with pair(link, target) as others:
        assert others.carries()


def test_a_target_that_refuses_makes_the_link_refuse(link: LinkProxy, target: Target) -> None:
    """A client that finds a dead server must find it as dead as without us."""
    with pair(link, target) as ends:
        assert ends.carries()
        target.leave()
        ends.server.reset()
        assert ends.client.rst()
        assert refused(link)
    target.come_back()
    eventually(lambda: not link.stats.refusing, PATIENCE_S, "the link to accept again")
    with pair(link, target) as ends:
        assert ends.carries()


def test_a_target_that_leaves_unnoticed_is_noticed_soon(link: LinkProxy, target: Target) -> None:
    """No connection stands that could tell."""
    assert not refused(link)
    target.accept().close()
    target.leave()
    eventually(lambda: link.stats.refusing, PATIENCE_S, "the link to refuse")


def test_a_target_that_was_never_seen_gives_a_reset_and_is_counted(loop: LoopThread) -> None:
    """It may be another machine's: we can't know whether it listens before we dial."""
    target = Target()
    target.leave()
    with LinkProxy(loop, target.address) as link:
        assert rejected(link)
        assert link.stats.unreachable == 1


def test_a_target_is_found_wherever_it_listens_in_v4_and_v6(loop: LoopThread) -> None:
    """Node listens on [::], which serves 127.0.0.1 as well."""
    server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    try:
        with LinkProxy(loop, ("127.0.0.1", server.getsockname()[1])) as link:
            connect(link).close()
            server.close()
            eventually(lambda: link.stats.refusing, PATIENCE_S, "the link to see that its target left")
    finally:
        server.close()


def test_connects_are_counted_and_timed(link: LinkProxy, target: Target) -> None:
    for _ in range(3):
        with pair(link, target):
            pass
    eventually(lambda: link.stats.dialled == 3, PATIENCE_S, "3 connections to the target")
    stats = link.stats
    assert stats.connections == len(stats.connects) == 3
    assert list(stats.connects) == sorted(stats.connects)


def test_a_link_that_is_stopped_leaves_no_descriptor(loop: LoopThread, target: Target) -> None:
    """Connections that stand, that wait and that are frozen are all closed, and end by FIN."""
    before = descriptors()
    link = LinkProxy(loop, target.address).start()
    with pair(link, target) as ends:
        link.freeze()
        waiting = connect(link)
        eventually(lambda: link.stats.waiting == 1, PATIENCE_S, "the link to accept what the kernel would reset")
        ends.client.send(b"held")
        link.stop()
        assert ends.client.fin()
        assert ends.server.fin()
        assert waiting.fin()
        waiting.close()
    eventually(lambda: not descriptors() - before, PATIENCE_S, "every descriptor of the link to be closed")


def test_healing_a_link_that_is_stopped_opens_nothing(loop: LoopThread, target: Target) -> None:
    """Healing always runs, also when the link went first."""
    link = LinkProxy(loop, target.address).start()
    link.freeze()
    link.stop()
    link.heal()
    assert link.stats.refusing
    assert refused(link)
    link.stop()


def test_a_link_has_no_address_before_it_is_started(loop: LoopThread) -> None:
    with pytest.raises(RuntimeError, match="must be started first"):
        _ = LinkProxy(loop, ("127.0.0.1", 1)).address
