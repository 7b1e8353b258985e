"""Frames understood without a socket: a reply by its request, and no bytes that make it raise."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.zookeeper.codes import Error, EventType, OpCode, Xid
from proctor.zookeeper.jute import Record
from proctor.zookeeper.protocol import (
    OPEN_ACL,
    ConnectRequest,
    ConnectResponse,
    CreateRequest,
    CreateResponse,
    Empty,
    GetDataRequest,
    MultiRequest,
    Op,
    ReplyHeader,
    RequestHeader,
    SetWatches,
    WatcherEvent,
)
from proctor.zookeeper.proxy import Kind
from proctor.zookeeper.proxy.dialogue import PENDING_MAX, Dialogue, Meaning

SESSION = 0x1234
CREATE = CreateRequest("/demo/rpc", b"", OPEN_ACL, 3)


def request(xid: int, op: int, body: Record | None = None) -> bytes:
    return RequestHeader(xid, op).encode() + (body or Empty()).encode()


def reply(xid: int, err: int = 0, body: Record | None = None) -> bytes:
    return ReplyHeader(xid, 7, err).encode() + (body or Empty()).encode()


def opened() -> Dialogue:
    dialogue = Dialogue()
    dialogue.request(ConnectRequest(0, 0, 2000, 0, b"").encode())
    dialogue.reply(ConnectResponse(0, 2000, SESSION, b"p").encode())
    return dialogue


def test_a_handshake_tells_the_session() -> None:
    dialogue = Dialogue()
    asked = dialogue.request(ConnectRequest(0, 0, 2000, 5, b"").encode())
    assert (asked.kind, asked.op, dialogue.session_id) == (Kind.REQUEST, OpCode.CREATE_SESSION, 5)
    granted = dialogue.reply(ConnectResponse(0, 2000, SESSION, b"p").encode())
    assert (granted.kind, granted.op) == (Kind.REPLY, OpCode.CREATE_SESSION)
    assert (dialogue.session_id, dialogue.session_asked_for) == (SESSION, 5)


def test_a_reply_is_understood_by_its_request() -> None:
    dialogue = opened()
    dialogue.request(request(1, OpCode.CREATE, CREATE))
    dialogue.request(request(2, OpCode.GET_DATA, GetDataRequest("/demo", watch=False)))
    created = dialogue.reply(reply(1, body=CreateResponse("/demo/rpc0000000003")))
    assert created == Meaning(Kind.REPLY, OpCode.CREATE, 1, "/demo/rpc0000000003", 0, 7)
    missing = dialogue.reply(reply(2, Error.NO_NODE))
    assert missing == Meaning(Kind.REPLY, OpCode.GET_DATA, 2, "/demo", Error.NO_NODE, 7)


def test_pings_and_watches_may_stand_between() -> None:
    dialogue = opened()
    dialogue.request(request(Xid.PING, OpCode.PING))
    dialogue.request(request(Xid.SET_WATCHES, OpCode.SET_WATCHES, SetWatches(1, (), (), ())))
    dialogue.request(request(1, OpCode.CREATE, CREATE))
    assert dialogue.reply(reply(1, Error.NODE_EXISTS)).op is OpCode.CREATE
    assert dialogue.reply(reply(Xid.SET_WATCHES)).op is OpCode.SET_WATCHES
    assert dialogue.reply(reply(Xid.PING)).op is OpCode.PING


def test_an_event_is_told_by_its_type_and_path() -> None:
    event = WatcherEvent(EventType.NODE_DELETED, 3, "/demo/a")
    meaning = opened().reply(ReplyHeader(Xid.NOTIFICATION, -1, 0).encode() + event.encode())
    assert meaning == Meaning(Kind.EVENT, EventType.NODE_DELETED, Xid.NOTIFICATION, "/demo/a")


def test_a_multi_is_told_by_its_parts() -> None:
    multi = MultiRequest((Op(OpCode.CREATE, CREATE),))
    assert opened().request(request(1, OpCode.MULTI, multi)).parts == ((OpCode.CREATE, "/demo/rpc"),)


def test_an_unknown_number_is_no_obstacle_to_its_neighbours() -> None:
    dialogue = opened()
    assert dialogue.request(request(1, 4711)) == Meaning(Kind.REQUEST, None, 1)
    dialogue.request(request(2, OpCode.CREATE, CREATE))
    assert dialogue.reply(reply(1)).op is None
    assert dialogue.reply(reply(2, Error.NO_NODE)).op is OpCode.CREATE
    assert dialogue.reply(reply(99)).op is None


def test_requests_that_are_never_answered_are_not_kept_for_ever() -> None:
    dialogue = opened()
    for xid in range(PENDING_MAX + 10):
        dialogue.request(request(xid, OpCode.PING))
    assert dialogue.reply(reply(5)).op is None
    assert dialogue.reply(reply(PENDING_MAX + 9)).op is OpCode.PING


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=80))))
def test_no_bytes_make_it_raise(frames: list[tuple[bool, bytes]]) -> None:
    dialogue = Dialogue()
    for asks, payload in frames:
        dialogue.request(payload) if asks else dialogue.reply(payload)
