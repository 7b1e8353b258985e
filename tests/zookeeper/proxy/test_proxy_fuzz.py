"""Whatever bytes come from either side: they pass unchanged, and nobody else feels them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.links import Address
from proctor.loop import LoopThread
from proctor.waiting import eventually
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import OpCode
from proctor.zookeeper.frames import MAX_FRAME_BYTES, frame
from proctor.zookeeper.jute import Record
from proctor.zookeeper.protocol import (
    OPEN_ACL,
    ConnectRequest,
    ConnectResponse,
    CreateRequest,
    GetChildrenRequest,
    GetDataRequest,
    GetDataResponse,
    ReplyHeader,
    RequestHeader,
    Stat,
)
from proctor.zookeeper.proxy import (
    Delay,
    Drop,
    GrantNewSession,
    Hold,
    Kind,
    RegistryProxy,
    Rule,
    ServeStale,
    Slow,
)
from proctor.zookeeper.proxy.relay import UNFINISHED_BYTES_MAX
from tests.links.ends import End, Target, pair
from tests.zookeeper.proxy.subjects import PATIENCE_S, children

FEW = 6

XIDS = st.sampled_from([-8, -4, -2, -1, 0, 1, 2])
BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            GetDataRequest("/demo", watch=True).encode(),
            GetChildrenRequest("/demo", watch=False).encode(),
            CreateRequest("/demo/a", b"", OPEN_ACL, 3).encode(),
            GetDataResponse(b'{"host": "s", "port": 1}', Stat(*range(11))).encode(),
        ]
    ),
)
REQUESTS = st.one_of(
    st.builds(ConnectRequest, st.just(0), st.just(0), st.just(2000), XIDS, st.none() | st.binary(max_size=20)).map(
        lambda record: record.encode()
    ),
    st.builds(
        lambda xid, op, body: RequestHeader(xid, op).encode() + body,
        XIDS,
        st.sampled_from(sorted(OpCode)) | st.integers(-9, 200),
        BODIES,
    ),
    st.binary(max_size=40),
)
REPLIES = st.one_of(
    st.builds(ConnectResponse, st.just(0), st.just(2000), XIDS, st.none() | st.binary(max_size=20)).map(
        lambda record: record.encode()
    ),
    st.builds(
        lambda xid, err, body: ReplyHeader(xid, 1, err).encode() + body,
        XIDS,
        st.sampled_from([0, -101, 5]),
        BODIES,
    ),
    st.binary(max_size=40),
)


def streams(handshake: Record, payloads: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Frames mostly, mostly after a sound handshake; also what is no frame, and frames that break off."""
    runs = st.lists(st.one_of(payloads.map(frame), payloads.map(frame), st.binary(max_size=20)), max_size=8)
    begin = st.sampled_from([frame(handshake.encode()), frame(handshake.encode()), b""])
    return st.builds(lambda first, run: first + b"".join(run), begin, runs)


ASKED = streams(ConnectRequest(0, 0, 2000, 0, bytes(16)), REQUESTS)
ANSWERED = streams(ConnectResponse(0, 2000, 1, bytes(16)), REPLIES)


@pytest.fixture
def target() -> Iterator[Target]:
    standing = Target()
    yield standing
    standing.leave()


@pytest.fixture
def before_target(loop: LoopThread, target: Target) -> Iterator[RegistryProxy]:
    with RegistryProxy(loop, str(Address(*target.address))) as proxy:
        yield proxy


def test_any_bytes_pass_unchanged(before_target: RegistryProxy, target: Target) -> None:
    @settings(deadline=None, max_examples=150)
    @given(asked=ASKED, answered=ANSWERED, in_pieces=st.booleans())
    def pass_unchanged(asked: bytes, answered: bytes, *, in_pieces: bool) -> None:
        with pair(before_target, target) as ends:
            send(ends.client, asked, in_pieces=in_pieces)
            send(ends.server, answered, in_pieces=in_pieces)
            ends.client.half_close()
            ends.server.half_close()
            assert ends.server.receive(len(asked)) == asked
            assert ends.client.receive(len(answered)) == answered
            assert ends.server.fin()
            assert ends.client.fin()

    pass_unchanged()


def test_no_bytes_disturb_another_connection_whatever_the_rules(before_target: RegistryProxy, target: Target) -> None:
    before_target.clamp_session_timeout(400)
    before_target.rewrite_addresses(lambda _: Address("h", 1))
    for kind in Kind:
        before_target.arm(Rule(kind, Delay(0.001), times=None))
        before_target.arm(Rule(kind, Hold(), (), "/demo", nth=3, times=None)).release()
        before_target.arm(Rule(kind, Slow(latency_s=0.001), times=None))
    before_target.arm(Rule(Kind.EVENT, Drop(), times=None))
    before_target.arm(Rule(Kind.REPLY, ServeStale(), times=None))
    before_target.arm(Rule(Kind.REQUEST, GrantNewSession(), times=None))

    @settings(deadline=None, max_examples=100)
    @given(ASKED, ANSWERED)
    def disturb_nobody(asked: bytes, answered: bytes) -> None:
        with pair(before_target, target) as ends:
            ends.client.send(asked)
            ends.server.send(answered)
            ends.client.half_close()
            ends.server.half_close()
            drain(ends.server)
            drain(ends.client)
        assert other.carries()

    with pair(before_target, target) as other:
        assert other.carries()
        disturb_nobody()


def test_a_frame_longer_than_the_registry_takes_is_passed_on_as_it_comes(
    before_target: RegistryProxy, target: Target
) -> None:
    """The registry refuses it by its length: were it held until it is whole, nobody would."""
    with pair(before_target, target) as ends:
        ends.client.send(frame(ConnectRequest(0, 0, 2000, 0, b"").encode()))
        announced = (MAX_FRAME_BYTES + 1).to_bytes(4, "big")
        ends.client.send(announced + b"some")
        ends.server.receive(len(frame(ConnectRequest(0, 0, 2000, 0, b"").encode())))
        assert ends.server.receive(8) == announced + b"some"
        assert ends.carries()


def test_an_unfinished_frame_arrives_before_the_end(before_target: RegistryProxy, target: Target) -> None:
    with pair(before_target, target) as ends:
        ends.client.send(b"\0\0\0\x10half")
        assert ends.server.silent(0.1)
        assert before_target.stats.to_server.passed_bytes == 0
        ends.client.half_close()
        assert ends.server.receive(8) == b"\0\0\0\x10half"
        assert ends.server.fin()


def send(end: End, data: bytes, *, in_pieces: bool) -> None:
    if in_pieces:
        for at in range(len(data)):
            end.send(data[at : at + 1])
    else:
        end.send(data)


def drain(end: End) -> None:
    while end.socket.recv(65536):
        pass


def test_requests_that_nobody_ends_are_held_up_to_a_limit(proxy: RegistryProxy, subject: Client) -> None:
    """Who goes on beyond it is cut off. Who began before stays, and whoever sends whole requests is served."""
    most = UNFINISHED_BYTES_MAX // MAX_FRAME_BYTES
    half = frame(bytes(MAX_FRAME_BYTES))[:-1]
    with ExitStack() as ends:
        begun = [ends.enter_context(socket.create_connection(proxy.endpoint)) for _ in range(most + FEW)]
        for each in begun:
            with suppress(OSError):
                each.sendall(half)
        eventually(lambda: len(left(begun)) < most, PATIENCE_S, "those beyond the limit to be cut off")
        assert len(left(begun)) >= most - FEW
        assert children(subject, "/")


def left(connections: list[socket.socket]) -> list[socket.socket]:
    """Those that the other side has not ended."""
    return [each for each in connections if stands_open(each)]


def stands_open(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
