"""Each fault on both registries: what is sound first, then the fault, its proof, and its healing."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from kazoo.exceptions import ConnectionLoss, NoNodeError

from proctor.links import Direction
from proctor.waiting import eventually
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, Error, OpCode
from proctor.zookeeper.frames import frame
from proctor.zookeeper.protocol import (
    OPEN_ACL,
    CreateRequest,
    GetChildrenRequest,
    GetDataRequest,
    GetDataResponse,
    RequestHeader,
    SetDataRequest,
)
from proctor.zookeeper.proxy import (
    CREATES,
    READS,
    Cut,
    Delay,
    Freeze,
    GrantNewSession,
    Hold,
    Kind,
    RegistryProxy,
    Rule,
    ServeStale,
    Sever,
    Slow,
    lost_create,
)
from tests.zookeeper.proxy.subjects import (
    PATIENCE_S,
    Subject,
    children,
    create,
    delete,
    owner,
    read,
    stands,
    write,
)

LATE_S = 0.2
SHORT_MS = 400


def test_a_lost_create_is_executed_once_and_seen_by_the_retry(
    proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str
) -> None:
    """R3: the node stands, and the client doesn't know."""
    delete(witness, kazoo.register(root))
    fault = proxy.arm(lost_create(f"{root}/"))
    with pytest.raises(ConnectionLoss):
        kazoo.register(root)
    fault.wait_fired(PATIENCE_S)
    (lost,) = children(witness, root)
    kazoo.wait_connected()
    assert kazoo.kazoo.get_children(root) == [lost]
    assert owner(witness, f"{root}/{lost}") == kazoo.session_id
    assert [each.touched for each in proxy.operations if each.op in CREATES and each.kind is Kind.REPLY][-1] == ("Cut",)
    proxy.heal()
    kazoo.register(root)
    assert len(children(witness, root)) == 2
    assert fault.fired == 1


def test_a_request_that_is_cut_is_not_executed(
    proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str
) -> None:
    fault = proxy.arm(Rule(Kind.REQUEST, Cut("rst"), CREATES, f"{root}/"))
    with pytest.raises(ConnectionLoss):
        kazoo.register(root)
    fault.wait_fired(PATIENCE_S)
    assert children(witness, root) == []
    kazoo.wait_connected()
    kazoo.register(root)
    assert len(children(witness, root)) == 1


def test_what_follows_a_cut_in_the_same_segment_is_lost_with_it(
    proxy: RegistryProxy, subject: Client, witness: Client, root: str
) -> None:
    """It never passed, so nothing may be told or counted of it."""
    fault = proxy.arm(Rule(Kind.REQUEST, Cut(), CREATES, f"{root}/", times=None))
    creates = [CreateRequest(f"{root}/{name}", b"", OPEN_ACL, CreateMode.PERSISTENT) for name in "ab"]
    subject.socket.sendall(
        b"".join(frame(RequestHeader(xid, OpCode.CREATE).encode() + each.encode()) for xid, each in enumerate(creates))
    )
    with pytest.raises(ConnectionError):
        subject.receive(OpCode.CREATE)
    assert fault.fired == 1
    assert [each.path for each in proxy.operations if each.op in CREATES] == [f"{root}/a"]
    assert children(witness, root) == []


def test_the_nth_is_struck_so_many_times(proxy: RegistryProxy, subject: Client, root: str) -> None:
    fault = proxy.arm(Rule(Kind.REPLY, Delay(0.0), READS, root, nth=3, times=2))
    for _ in range(6):
        read(subject, root)
    touched = [each.touched for each in proxy.operations if each.op in READS and each.kind is Kind.REPLY]
    assert touched == [(), (), ("Delay",), ("Delay",), (), ()]
    assert fault.fired == 2


def test_a_rule_without_end_ends_with_healing(proxy: RegistryProxy, subject: Client, root: str) -> None:
    fault = proxy.arm(Rule(Kind.REQUEST, Delay(0.0), READS, root, times=None))
    for _ in range(3):
        read(subject, root)
    fault.wait_fired(PATIENCE_S, times=3)
    proxy.heal()
    read(subject, root)
    assert fault.fired == 3


def test_a_handshake_whose_reply_is_lost_leaves_a_session(proxy: RegistryProxy) -> None:
    """The registry granted it, the client never knew: it comes back for a new one."""
    fault = proxy.arm(Rule(Kind.REPLY, Cut(), (OpCode.CREATE_SESSION,)))
    with Client(*proxy.endpoint) as client, pytest.raises(ConnectionError):
        client.connect()
    fault.wait_fired(PATIENCE_S)
    (forgotten,) = proxy.sessions
    with Client(*proxy.endpoint) as client:
        assert client.connect().session_id != forgotten.id
    assert proxy.expire(0).session_id == forgotten.id


def test_a_reply_can_be_late_and_all_behind_it(
    proxy: RegistryProxy, subject: Client, witness: Client, root: str
) -> None:
    """D5: the data come late, and the list asked for after them does not overtake them."""
    create(witness, f"{root}/server", b"here")
    read(subject, f"{root}/server")
    fault = proxy.arm(Rule(Kind.REPLY, Delay(LATE_S), (OpCode.GET_DATA,), f"{root}/"))
    started = time.monotonic()
    subject.send(OpCode.GET_DATA, GetDataRequest(f"{root}/server", watch=False))
    subject.send(OpCode.GET_CHILDREN, GetChildrenRequest(root, watch=False))
    body = subject.receive(OpCode.GET_DATA).body
    assert isinstance(body, GetDataResponse)
    assert body.data == b"here"
    assert time.monotonic() - started >= LATE_S
    assert subject.receive(OpCode.GET_CHILDREN).err is Error.OK
    fault.wait_fired(PATIENCE_S)
    assert proxy.stats.to_client.late_bytes > 0
    proxy.heal()


def test_a_request_can_be_held_until_the_world_has_changed(
    proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str
) -> None:
    """D5, without a clock: the node vanishes between the list and the read."""
    create(witness, f"{root}/server")
    assert kazoo.kazoo.get_children(root) == ["server"]
    fault = proxy.arm(Rule(Kind.REQUEST, Hold(), (OpCode.GET_DATA,), f"{root}/"))
    asked = kazoo.kazoo.get_async(f"{root}/server")
    fault.wait_fired(PATIENCE_S)
    delete(witness, f"{root}/server")
    fault.release()
    with pytest.raises(NoNodeError):
        asked.get(timeout=PATIENCE_S)
    create(witness, f"{root}/server")
    assert kazoo.kazoo.get(f"{root}/server")


def test_healing_lets_go_what_is_held(proxy: RegistryProxy, subject: Client, witness: Client, root: str) -> None:
    fault = proxy.arm(Rule(Kind.REPLY, Hold(), (OpCode.SET_DATA,), root))
    subject.send(OpCode.SET_DATA, SetDataRequest(root, b"written", -1))
    fault.wait_fired(PATIENCE_S)
    eventually(lambda: proxy.stats.to_client.held_bytes, PATIENCE_S, "the reply to be held")
    assert read(witness, root).data == b"written"
    proxy.heal()
    assert subject.receive(OpCode.SET_DATA).err is Error.OK


def test_a_stale_list_is_one_that_was_true(proxy: RegistryProxy, subject: Client, witness: Client, root: str) -> None:
    assert children(subject, root) == []
    create(witness, f"{root}/new")
    assert children(subject, root) == ["new"]
    fault = proxy.arm(Rule(Kind.REPLY, ServeStale(), READS, root))
    assert children(subject, root) == []
    fault.wait_fired(PATIENCE_S)
    assert children(subject, root) == ["new"]
    assert children(witness, root) == ["new"]


def test_a_list_that_is_seen_for_the_first_time_can_t_be_stale(
    proxy: RegistryProxy, subject: Client, root: str
) -> None:
    fault = proxy.arm(Rule(Kind.REPLY, ServeStale(), READS, root))
    assert children(subject, root) == []
    assert children(subject, root) == []
    assert fault.fired == 0


def test_stale_data_survive_a_reconnect(proxy: RegistryProxy, subject: Client, witness: Client, root: str) -> None:
    """As from a server that lags behind."""
    assert read(subject, root).data == b""
    write(witness, root, b"new")
    proxy.arm(Rule(Kind.REPLY, ServeStale(), (OpCode.GET_DATA,), root))
    with Client(*proxy.endpoint) as other:
        other.connect()
        assert read(other, root).data == b""
        assert read(other, root).data == b"new"


def test_a_new_session_can_be_granted_silently(
    proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str
) -> None:
    """R18: nobody says that the old one is lost, with its nodes."""
    path = kazoo.register(root)
    old = kazoo.session_id
    fault = proxy.arm(Rule(Kind.REQUEST, GrantNewSession(), (OpCode.CREATE_SESSION,)))
    with Client(*proxy.endpoint) as newcomer:
        newcomer.connect()
    assert fault.fired == 0, "a client without a session gets a new one anyway"
    proxy.expire(0)
    fault.wait_fired(PATIENCE_S)
    kazoo.wait_connected()
    eventually(lambda: kazoo.session_id != old, PATIENCE_S, "kazoo to hold another session")
    assert "LOST" not in kazoo.states
    assert not stands(witness, path)


def test_a_silence_longer_than_the_session_expires_it(
    proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str
) -> None:
    """Nobody takes anything over: the registry hears no heartbeat."""
    path = kazoo.register(root)
    lost = kazoo.session_id
    proxy.freeze()
    eventually(lambda: not stands(witness, path), PATIENCE_S, "the registry to drop the node")
    assert proxy.stats.to_server.held_bytes > 0
    kazoo.wait_state("SUSPENDED")
    proxy.heal()
    kazoo.wait_state("LOST")
    kazoo.wait_connected()
    assert kazoo.session_id != lost
    eventually(lambda: proxy.sessions[0].ended_by == "registry", PATIENCE_S, "the registry to say that it expired")
    assert kazoo.register(root) != path


def test_a_cut_shorter_than_the_session_keeps_it(
    proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str
) -> None:
    path = kazoo.register(root)
    mine = kazoo.session_id
    assert proxy.cut("rst") == 1
    kazoo.wait_state("SUSPENDED")
    kazoo.wait_connected()
    assert kazoo.session_id == mine == owner(witness, path)
    assert "LOST" not in kazoo.states


def test_one_way_silence_executes_and_does_not_answer(
    proxy: RegistryProxy, subject: Client, witness: Client, root: str
) -> None:
    proxy.freeze(Direction.TO_CLIENT)
    subject.send(OpCode.CREATE, CreateRequest(f"{root}/done", b"", OPEN_ACL, CreateMode.PERSISTENT))
    eventually(lambda: stands(witness, f"{root}/done"), PATIENCE_S, "the create to be executed")
    eventually(lambda: proxy.stats.to_client.held_bytes, PATIENCE_S, "its reply to be held")
    proxy.heal()
    assert subject.receive(OpCode.CREATE).err is Error.OK


def test_the_registry_can_fall_silent_at_a_frame(
    proxy: RegistryProxy, subject: Client, witness: Client, root: str
) -> None:
    fault = proxy.arm(Rule(Kind.REQUEST, Freeze(), CREATES, root))
    subject.send(OpCode.CREATE, CreateRequest(f"{root}/late", b"", OPEN_ACL, CreateMode.PERSISTENT))
    fault.wait_fired(PATIENCE_S)
    assert not stands(witness, f"{root}/late")
    proxy.heal()
    assert subject.receive(OpCode.CREATE).err is Error.OK


def test_the_registry_can_become_slow_at_a_frame(proxy: RegistryProxy, subject: Client, root: str) -> None:
    fault = proxy.arm(Rule(Kind.REQUEST, Slow(latency_s=LATE_S), READS, root))
    started = time.monotonic()
    read(subject, root)
    fault.wait_fired(PATIENCE_S)
    read(subject, root)
    assert time.monotonic() - started >= 2 * LATE_S
    proxy.heal()


def test_the_registry_can_go_down_at_a_frame(proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str) -> None:
    """Cut and refused until healed: no sleep ends it."""
    fault = proxy.arm(Rule(Kind.REPLY, Sever("rst"), CREATES, f"{root}/", Error.OK))
    with pytest.raises(ConnectionLoss):
        kazoo.register(root)
    fault.wait_fired(PATIENCE_S)
    assert proxy.stats.refusing
    assert len(children(witness, root)) == 1
    proxy.heal()
    kazoo.wait_connected()


def test_a_clamped_timeout_is_what_the_registry_grants_and_the_client_is_told(
    proxy: RegistryProxy, witness: Client, root: str
) -> None:
    """So that no test waits for ten seconds, and nobody is deceived about how long they have."""
    proxy.clamp_session_timeout(SHORT_MS)
    with Client(*proxy.endpoint) as client:
        assert client.connect(timeout_ms=2000).timeout == SHORT_MS
        create(client, f"{root}/mine", mode=CreateMode.EPHEMERAL)
        assert proxy.operations[0].touched == ("clamped",)
        assert proxy.sessions[0].timeout_ms == SHORT_MS
        eventually(lambda: not stands(witness, f"{root}/mine"), PATIENCE_S, "the short session to expire")
    with Client(*proxy.endpoint) as client:
        assert client.connect(timeout_ms=SHORT_MS // 2).timeout == SHORT_MS // 2
    proxy.heal()
    with Client(*proxy.endpoint) as client:
        assert client.connect(timeout_ms=2000).timeout == SHORT_MS, "healing took a setting back"
    proxy.clamp_session_timeout(None)
    with Client(*proxy.endpoint) as client:
        assert client.connect(timeout_ms=2000).timeout == 2000


def test_a_session_can_be_given_more_time_than_its_client_asks_for(proxy: RegistryProxy) -> None:
    """So that it outlives what is done to the registry."""
    proxy.clamp_session_timeout(least_ms=5000)
    with Client(*proxy.endpoint) as client:
        assert client.connect(timeout_ms=1000).timeout == 5000
        assert proxy.operations[0].touched == ("clamped",)
    with Client(*proxy.endpoint) as client:
        assert client.connect(timeout_ms=6000).timeout == 6000


@pytest.mark.parametrize(
    ("most_ms", "least_ms", "why"), [(0, None, "at least 1 ms, not 0"), (None, 0, "not 0"), (10, 20, "at most 10 ms")]
)
def test_a_clamp_that_makes_no_sense_is_refused(
    proxy: RegistryProxy, most_ms: int | None, least_ms: int | None, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        proxy.clamp_session_timeout(most_ms, least_ms)


def test_reconnects_can_be_counted(proxy: RegistryProxy, start_kazoo: Callable[[], Subject]) -> None:
    """R24, R21: how many times a second a client comes back while it is turned away."""
    kazoo = start_kazoo()
    proxy.reject()
    proxy.cut()
    kazoo.wait_state("SUSPENDED")
    eventually(lambda: proxy.stats.rejected >= 2, PATIENCE_S, "two attempts")
    first, *others = proxy.stats.connects
    assert len(others) >= 2
    assert all(at > first for at in others)
    proxy.heal()
    kazoo.wait_connected()
