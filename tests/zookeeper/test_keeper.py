"""The server's core, without sockets: peers that only remember what they were sent."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from proctor.zookeeper.codes import CreateMode, Error, EventType, OpCode, Xid
from proctor.zookeeper.frames import FrameBuffer
from proctor.zookeeper.jute import Malformed, Record
from proctor.zookeeper.keeper import Keeper, Settings
from proctor.zookeeper.peer import Peer
from proctor.zookeeper.protocol import (
    OPEN_ACL,
    REQUESTS,
    CheckVersionRequest,
    ConnectRequest,
    ConnectResponse,
    CreateRequest,
    ExistsRequest,
    ReplyHeader,
    RequestHeader,
    WatcherEvent,
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FakePeer(Peer):
    def __init__(self) -> None:
        super().__init__("127.0.0.1", 1)
        self.frames: list[bytes] = []
        self.closed = False

    def send(self, framed: bytes) -> None:
        assert not self.closed, "sent something to a closed peer"
        self.frames += FrameBuffer().feed(framed)

    def close(self) -> None:
        self.closed = True


def keeper(clock: Clock | None = None) -> Keeper:
    return Keeper(Settings(tick_ms=100), first_session_id=77, clock=clock or Clock(), wall=lambda: 1000)


def joined(server: Keeper, session_id: int = 0, password: bytes = bytes(16)) -> tuple[FakePeer, ConnectResponse]:
    peer = FakePeer()
    server.join(peer)
    server.receive(peer, ConnectRequest(0, 0, 400, session_id, password, read_only=False).encode())
    return peer, ConnectResponse.decode(peer.frames.pop())


def ask(server: Keeper, peer: FakePeer, op: int, body: Record | None = None) -> list[ReplyHeader]:
    """The headers of what the peer is sent: events and the reply, in their order."""
    peer.frames.clear()
    server.receive(peer, RequestHeader(1, op).encode() + (body.encode() if body else b""))
    return [ReplyHeader.decode(frame) for frame in peer.frames]


def created(server: Keeper, peer: FakePeer, path: str, mode: CreateMode = CreateMode.PERSISTENT) -> None:
    assert ask(server, peer, OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, mode))[-1].err == Error.OK


def test_an_event_is_told_before_the_reply_to_what_caused_it() -> None:
    """A client that saw the reply first could read, believe its cache fresh, and be wrong."""
    server = keeper()
    peer, _ = joined(server)
    ask(server, peer, OpCode.EXISTS, ExistsRequest("/a", watch=True))
    seen = ask(server, peer, OpCode.CREATE, CreateRequest("/a", b"", OPEN_ACL, 0))
    assert [header.xid for header in seen] == [Xid.NOTIFICATION, 1]


def test_an_expired_session_loses_znodes_watches_and_connection() -> None:
    clock = Clock()
    server = keeper(clock)
    lost, _ = joined(server)
    created(server, lost, "/own", CreateMode.EPHEMERAL)
    ask(server, lost, OpCode.EXISTS, ExistsRequest("/other", watch=True))
    clock.now += 0.3
    watcher, _ = joined(server)
    ask(server, watcher, OpCode.EXISTS, ExistsRequest("/own", watch=True))
    watcher.frames.clear()
    clock.now += 0.2
    server.expire()
    assert lost.closed
    event = WatcherEvent.decode(watcher.frames[-1], ReplyHeader.read(watcher.frames[-1])[1])
    assert (event.type, event.path) == (EventType.NODE_DELETED, "/own")
    created(server, watcher, "/other")
    assert lost.session is None


def test_any_request_keeps_its_session() -> None:
    clock = Clock()
    server = keeper(clock)
    peer, _ = joined(server)
    for _ in range(5):
        clock.now += 0.3
        ask(server, peer, OpCode.PING)
        server.expire()
    assert not peer.closed


def test_a_session_that_moves_leaves_its_old_connection_closed_and_deaf() -> None:
    server = keeper()
    old, session = joined(server)
    ask(server, old, OpCode.EXISTS, ExistsRequest("/a", watch=True))
    new, resumed = joined(server, session.session_id, session.password or b"")
    assert old.closed
    assert resumed.session_id == session.session_id
    created(server, new, "/a")  # a watch of the old connection would be told to a closed peer


def test_a_wrong_password_gets_no_session_yet_closes_the_one_that_has_it() -> None:
    """As Apache ZooKeeper does; the session itself lives on."""
    server = keeper()
    old, session = joined(server)
    thief, refused = joined(server, session.session_id, b"wrong")
    assert (refused.session_id, refused.timeout, refused.password) == (0, 0, bytes(16))
    assert thief.closed
    assert old.closed
    _, resumed = joined(server, session.session_id, session.password or b"")
    assert resumed.session_id == session.session_id


def test_timeouts_are_clamped_between_2_ticks_and_20_s() -> None:
    for asked, granted in ((1, 200), (-5, 200), (400, 400), (99999, 20_000)):
        server, peer = keeper(), FakePeer()
        server.receive(peer, ConnectRequest(0, 0, asked, 0, bytes(16), read_only=False).encode())
        assert ConnectResponse.decode(peer.frames[-1]).timeout == granted


def test_only_who_sent_the_read_only_byte_is_sent_one() -> None:
    """An old client would take it for the start of the next frame."""
    server, peer = keeper(), FakePeer()
    server.receive(peer, ConnectRequest(0, 0, 400, 0, bytes(16)).encode())
    assert ConnectResponse.decode(peer.frames[-1]).read_only is None


def test_a_client_that_knows_the_future_is_turned_away() -> None:
    """It has seen a later state than ours: after a wipe, say."""
    server, peer = keeper(), FakePeer()
    server.receive(peer, ConnectRequest(0, 9, 400, 0, bytes(16)).encode())
    assert peer.closed
    assert peer.frames == []


def test_every_write_takes_a_zxid_and_no_read_does() -> None:
    server = keeper()
    peer, _ = joined(server)
    assert ask(server, peer, OpCode.PING)[0].zxid == 1
    assert ask(server, peer, OpCode.CREATE, CreateRequest("bad", b"", OPEN_ACL, 0))[0].zxid == 2
    assert ask(server, peer, OpCode.CREATE)[0] == ReplyHeader(1, 3, Error.MARSHALLING_ERROR)
    assert ask(server, peer, OpCode.EXISTS, ExistsRequest("/a", watch=False))[0].zxid == 3


def test_a_lone_check_is_answered_only_when_it_fails() -> None:
    """Seen on Apache ZooKeeper 3.8.0 with its default connection factory."""
    server = keeper()
    peer, _ = joined(server)
    assert ask(server, peer, OpCode.CHECK, CheckVersionRequest("/", 5))[0].err == Error.BAD_VERSION
    assert ask(server, peer, OpCode.CHECK, CheckVersionRequest("/", 0)) == []


HOSTILE = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda op, body: RequestHeader(1, op).encode() + body,
        st.sampled_from([*REQUESTS, 0, 999, -10]),
        st.binary(max_size=60),
    ),
)


@given(st.lists(HOSTILE, max_size=10))
def test_whatever_one_peer_sends_the_others_are_served(frames: list[bytes]) -> None:
    server = keeper()
    good, _ = joined(server)
    bad, _ = joined(server)
    for sent in frames:
        if bad.closed:
            bad, _ = joined(server)
        with suppress(Malformed):
            server.receive(bad, sent)
    good.frames.clear()
    assert ask(server, good, OpCode.PING)[-1].err == Error.OK
    assert not good.closed
