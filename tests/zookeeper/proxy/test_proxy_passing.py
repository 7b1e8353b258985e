"""Without a fault the proxy changes nothing, and tells what passed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from proctor.loop import LoopThread
from proctor.waiting import eventually
from proctor.zookeeper.client import Client, ask_word
from proctor.zookeeper.codes import Error, EventType, OpCode
from proctor.zookeeper.protocol import DeleteRequest, GetDataRequest
from proctor.zookeeper.proxy import Kind, Operation, RegistryProxy
from proctor.zookeeper.registry import Registry
from tests.zookeeper.proxy.subjects import (
    PATIENCE_S,
    Subject,
    children,
    create,
    delete,
    read,
    stands,
    write,
)


def test_kazoo_works_through_the_proxy(kazoo: Subject, witness: Client, root: str) -> None:
    path = kazoo.register(root, b"here")
    assert children(witness, root) == [path.rpartition("/")[2]]
    seen: list[bytes] = []
    kazoo.kazoo.DataWatch(path, lambda data, _stat: seen.append(data))
    write(witness, path, b"there")
    eventually(lambda: seen == [b"here", b"there"], PATIENCE_S, "the watch to tell the change")
    transaction = kazoo.kazoo.transaction()
    transaction.create(f"{root}/a", b"1")
    transaction.delete(path)
    transaction.commit()
    assert children(witness, root) == ["a"]


def test_operations_tell_what_passed_and_in_which_order(
    proxy: RegistryProxy, subject: Client, witness: Client, root: str
) -> None:
    assert subject.session is not None
    create(subject, f"{root}/node", b"data")
    read(subject, f"{root}/node", watch=True)
    write(witness, f"{root}/node", b"changed")
    assert [event.type for event in subject.take_events()] == [EventType.NODE_DATA_CHANGED]
    assert subject.ask(OpCode.DELETE, DeleteRequest(f"{root}/none", -1)).err is Error.NO_NODE
    operations = proxy.operations
    assert [(each.kind, each.op, each.path, each.error) for each in operations] == [
        (Kind.REQUEST, OpCode.CREATE_SESSION, None, None),
        (Kind.REPLY, OpCode.CREATE_SESSION, None, None),
        (Kind.REQUEST, OpCode.CREATE, f"{root}/node", None),
        (Kind.REPLY, OpCode.CREATE, f"{root}/node", 0),
        (Kind.REQUEST, OpCode.GET_DATA, f"{root}/node", None),
        (Kind.REPLY, OpCode.GET_DATA, f"{root}/node", 0),
        *(events_and_ping(operations[6:9], f"{root}/node")),
        (Kind.REQUEST, OpCode.DELETE, f"{root}/none", None),
        (Kind.REPLY, OpCode.DELETE, f"{root}/none", Error.NO_NODE),
    ]
    assert [each.number for each in operations] == list(range(1, 12))
    assert {each.session_id for each in operations[1:]} == {subject.session.session_id}
    assert all(each.connection == 1 and not each.touched for each in operations)
    assert operations[3].zxid is not None
    assert operations[3].xid == operations[2].xid == 1


def events_and_ping(
    passed: tuple[Operation, ...], path: str
) -> list[tuple[Kind, OpCode | EventType | None, str | None, int | None]]:
    """The event may pass before the ping that asks for it, or behind it."""
    event = (Kind.EVENT, EventType.NODE_DATA_CHANGED, path, None)
    ping, answer = (Kind.REQUEST, OpCode.PING, None, None), (Kind.REPLY, OpCode.PING, None, 0)
    told_first = passed[0].kind is Kind.EVENT
    return [event, ping, answer] if told_first else [ping, event, answer]


def test_a_created_node_is_told_by_its_own_name(proxy: RegistryProxy, kazoo: Subject, root: str) -> None:
    path = kazoo.register(root)
    asked, answered = (each for each in proxy.operations if each.op in (OpCode.CREATE, OpCode.CREATE2))
    assert (asked.path, answered.path) == (f"{root}/rpc", path)


def test_a_transaction_is_told_by_its_parts(proxy: RegistryProxy, kazoo: Subject, root: str) -> None:
    transaction = kazoo.kazoo.transaction()
    transaction.create(f"{root}/a")
    transaction.delete(f"{root}/a")
    transaction.commit()
    told = [each for each in proxy.operations if each.op is OpCode.MULTI]
    assert [each.parts for each in told] == [((OpCode.CREATE, f"{root}/a"), (OpCode.DELETE, f"{root}/a"))] * 2


def test_sessions_tell_their_handshakes_and_their_ends(
    proxy: RegistryProxy, start_kazoo: Callable[[], Subject]
) -> None:
    first, second = start_kazoo(), start_kazoo()
    assert [each.id for each in proxy.sessions] == [first.session_id, second.session_id]
    assert proxy.sessions[0].password == first.kazoo.client_id[1]
    assert proxy.sessions[0].timeout_ms == 2000
    assert proxy.attached == {first.session_id, second.session_id}
    assert proxy.sever() == 2
    eventually(lambda: not proxy.attached, PATIENCE_S, "the sessions to have no connection")
    proxy.heal()
    for client in (first, second):
        client.wait_state("SUSPENDED")
        client.wait_connected()
    assert all(each.attached_at > each.opened_at for each in proxy.sessions)
    first.stop()
    assert [each.ended_by for each in proxy.sessions] == ["client", None]
    eventually(lambda: proxy.attached == {second.session_id}, PATIENCE_S, "the connection to have ended")


def test_four_letter_words_pass(proxy: RegistryProxy, subject: Client) -> None:
    assert ask_word(*proxy.endpoint, "ruok") == "imok"
    assert "Mode: standalone" in ask_word(*proxy.endpoint, "srvr")
    assert children(subject, "/")


def test_a_chroot_is_the_client_s_own(proxy: RegistryProxy, registry: Registry, loop: LoopThread, root: str) -> None:
    """Paths pass as they are; the runner puts the chroot behind our address."""
    with RegistryProxy(loop, f"{registry.address}{root}") as rooted:
        assert rooted.address == str(rooted.endpoint)
        with Client(*rooted.endpoint) as client:
            client.connect()
            create(client, f"{root}/inside")
            assert stands(client, f"{root}/inside")
    assert proxy.stats.connections == 0


def test_of_several_servers_one_that_accepts_is_used(loop: LoopThread, registry: Registry) -> None:
    with RegistryProxy(loop, f"127.0.0.1:1,{registry.address}") as proxy, Client(*proxy.endpoint) as client:
        client.connect()
        assert children(client, "/")
        assert proxy.expire().session_id == proxy.sessions[0].id


def test_of_several_servers_one_that_answers_no_handshake_is_tried_last(loop: LoopThread, registry: Registry) -> None:
    """A member without a quorum accepts, too, and serves nobody."""

    async def turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    turning_away = loop.call(asyncio.start_server(turn_away, "127.0.0.1", 0))
    first = turning_away.sockets[0].getsockname()[1]
    try:
        with RegistryProxy(loop, f"127.0.0.1:{first},{registry.address}") as proxy:
            with Client(*proxy.endpoint) as client, pytest.raises(ConnectionError):
                client.connect()
            for _ in range(3):
                with Client(*proxy.endpoint) as client:
                    assert client.connect().session_id
            assert proxy.expire().session_id == proxy.sessions[-1].id
    finally:
        loop.loop.call_soon_threadsafe(turning_away.close)


def test_a_slow_consumer_does_not_make_memory_grow(
    proxy: RegistryProxy, subject: Client, witness: Client, root: str
) -> None:
    """Large replies asked for and not read: the registry has to wait, and no reply is lost."""
    create(witness, f"{root}/large", b"x" * 900_000)
    count = 60
    for _ in range(count):
        subject.send(OpCode.GET_DATA, GetDataRequest(f"{root}/large", watch=False))
    # An unread reply of 54 MB would all be held; what is held is one frame over the limit, at most.
    eventually(lambda: proxy.stats.to_client.held_bytes > 1 << 20, PATIENCE_S, "replies to be held")
    assert proxy.stats.to_client.held_bytes < 3_000_000
    for _ in range(count):
        assert subject.receive(OpCode.GET_DATA).err is Error.OK
    delete(witness, f"{root}/large")


@pytest.mark.parametrize("text", ["", "host:", "host:0", "host:65536", ":2181", "host:1,,host:2", "host:x/chroot", "/"])
def test_an_upstream_that_names_no_server_is_refused(loop: LoopThread, text: str) -> None:
    with pytest.raises(ValueError, match="write host:port"):
        RegistryProxy(loop, text)
