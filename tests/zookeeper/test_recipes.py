"""kazoo's recipes on both registries: they lean on every corner of the protocol, as the implementations examined do."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError, NodeExistsError, RolledBackError
from kazoo.protocol.states import KazooState
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.recipe.lock import Lock
from kazoo.recipe.queue import LockingQueue
from kazoo.retry import KazooRetry
from kazoo.security import make_digest_acl

from proctor.waiting import eventually
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import OpCode
from proctor.zookeeper.registry import Registry

SOON_S = 15.0
CONNECT_S = 10.0
QUIET = logging.getLogger("tests.zookeeper.kazoo")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False  # kazoo tells of every connection that a fault ends

Connect = Callable[[], KazooClient]


@pytest.fixture
def kazoo(registry: Registry) -> Iterator[Connect]:
    """Started clients, stopped at the end whatever happened to them."""
    started: list[KazooClient] = []

    def connect() -> KazooClient:
        retry = KazooRetry(max_tries=-1, delay=0.02, max_delay=0.2)
        client = KazooClient(registry.address, timeout=6.0, connection_retry=retry, logger=QUIET)
        started.append(client)
        client.start(CONNECT_S)
        return client

    yield connect
    for client in started:
        client.stop()
        client.close()


@pytest.fixture
def root() -> str:
    return f"/recipe-{time.monotonic_ns()}"


def expire(registry: Registry, client: KazooClient) -> None:
    """End a session for real: another connection takes it and closes it, until the registry knows it no more.

    More than once where the client is quick enough to take it back in between.
    """
    session_id, password = client.client_id

    def ended() -> bool:
        with Client(*registry.servers[0]) as taker:
            if taker.connect(session_id=session_id, password=password).session_id == 0:
                return True
            with suppress(ConnectionError):
                taker.call(OpCode.CLOSE_SESSION)
            return False

    eventually(ended, SOON_S, "the session to end")


def test_lock_lets_in_one_at_a_time_in_order(kazoo: Connect, root: str) -> None:
    clients = [kazoo() for _ in range(3)]
    first, second, third = (client.Lock(f"{root}/lock", name) for client, name in zip(clients, "abc", strict=True))
    entered: list[str] = []

    def enter(lock: Lock, name: str) -> None:
        assert lock.acquire(timeout=SOON_S)
        entered.append(name)
        lock.release()

    assert first.acquire(timeout=SOON_S)
    assert not second.acquire(blocking=False)
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(enter, second, "second")]
        eventually(lambda: first.contenders() == ["a", "b"], SOON_S, "the second to stand in line")
        waiting.append(threads.submit(enter, third, "third"))
        eventually(lambda: first.contenders() == ["a", "b", "c"], SOON_S, "the third to stand in line")
        assert entered == []
        first.release()
        for done in waiting:
            done.result(SOON_S)
    assert entered == ["second", "third"]


def test_lock_passes_on_when_its_holder_is_expired(kazoo: Connect, root: str, registry: Registry) -> None:
    holder, waiter = kazoo(), kazoo()
    assert holder.Lock(f"{root}/lock").acquire(timeout=SOON_S)
    expire(registry, holder)
    assert waiter.Lock(f"{root}/lock").acquire(timeout=SOON_S)


def test_election_gives_everybody_a_turn(kazoo: Connect, root: str) -> None:
    led: list[int] = []
    clients = [kazoo() for _ in range(3)]

    def run(number: int) -> None:
        clients[number].Election(f"{root}/election", str(number)).run(led.append, number)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(run, range(3), timeout=SOON_S))
    assert sorted(led) == [0, 1, 2]


def test_party_counts_who_is_there(kazoo: Connect, root: str, registry: Registry) -> None:
    first, second = kazoo(), kazoo()
    ours, theirs = first.Party(f"{root}/party", "ann"), second.Party(f"{root}/party", "bob")
    ours.join()
    theirs.join()
    assert sorted(ours) == ["ann", "bob"]
    theirs.leave()
    assert list(ours) == ["ann"]
    shallow = second.ShallowParty(f"{root}/party", "eve")
    shallow.join()
    expire(registry, second)
    eventually(lambda: len(ours) == 1, SOON_S, "the expired guest to go")


def test_queue_gives_each_entry_once_by_priority(kazoo: Connect, root: str) -> None:
    first, second = kazoo(), kazoo()
    queue = first.Queue(f"{root}/queue")
    queue.put(b"late", priority=200)
    queue.put(b"early", priority=50)
    assert second.Queue(f"{root}/queue").get() == b"early"
    assert queue.get() == b"late"
    assert queue.get() is None


def test_locking_queue_keeps_what_was_not_consumed(kazoo: Connect, root: str, registry: Registry) -> None:
    first, second = kazoo(), kazoo()
    ours, theirs = LockingQueue(first, f"{root}/queue"), LockingQueue(second, f"{root}/queue")
    ours.put_all([b"1", b"2"])
    assert ours.get(timeout=SOON_S) == b"1"
    assert theirs.get(timeout=SOON_S) == b"2"
    assert theirs.consume()
    expire(registry, first)
    assert LockingQueue(second, f"{root}/queue").get(timeout=SOON_S) == b"1"


def test_counter_adds_up(kazoo: Connect, root: str) -> None:
    clients = [kazoo() for _ in range(3)]

    def add(client: KazooClient) -> None:
        counter = client.Counter(f"{root}/counter")
        for _ in range(10):
            counter += 2

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(add, clients, timeout=SOON_S))
    assert clients[0].Counter(f"{root}/counter").value == 60


def test_double_barrier_opens_for_all_and_closes_behind_all(kazoo: Connect, root: str) -> None:
    clients = [kazoo() for _ in range(3)]
    entered, left = threading.Barrier(3), threading.Barrier(3)

    def meet(client: KazooClient) -> bool:
        barrier = client.DoubleBarrier(f"{root}/barrier", 3)
        barrier.enter()
        entered.wait(SOON_S)
        barrier.leave()
        left.wait(SOON_S)
        return bool(barrier.participating)

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(meet, clients, timeout=SOON_S)) == [False] * 3


def test_children_watch_sees_the_last_state(kazoo: Connect, root: str) -> None:
    client, other = kazoo(), kazoo()
    client.ensure_path(root)
    seen: list[list[str]] = []
    client.ChildrenWatch(root, lambda children: seen.append(sorted(children)))
    for number in range(20):
        other.create(f"{root}/{number:02}", b"")
    eventually(lambda: seen[-1] == [f"{number:02}" for number in range(20)], SOON_S, "all twenty children")
    for number in range(20):
        other.delete(f"{root}/{number:02}")
    eventually(lambda: seen[-1] == [], SOON_S, "no child")


def test_data_watch_sees_creation_change_and_deletion(kazoo: Connect, root: str) -> None:
    client, other = kazoo(), kazoo()
    seen: list[bytes | None] = []
    client.DataWatch(root, lambda data, stat: seen.append(data if stat else None))
    assert seen == [None]
    other.create(root, b"1")
    eventually(lambda: seen[-1] == b"1", SOON_S, "the first data")
    other.set(root, b"2")
    eventually(lambda: seen[-1] == b"2", SOON_S, "the second data")
    other.delete(root)
    eventually(lambda: seen[-1] is None, SOON_S, "no data")


def test_tree_cache_follows_a_whole_tree(kazoo: Connect, root: str) -> None:
    client, other = kazoo(), kazoo()
    cache = TreeCache(client, root)
    ready = threading.Event()
    cache.listen(lambda event: ready.set() if event.event_type == TreeEvent.INITIALIZED else None)
    cache.start()
    try:
        assert ready.wait(SOON_S)
        other.create(f"{root}/a/b/c", b"deep", makepath=True)
        eventually(lambda: cache.get_data(f"{root}/a/b/c") is not None, SOON_S, "the deep znode")
        assert cache.get_data(f"{root}/a/b/c").data == b"deep"
        other.set(f"{root}/a/b/c", b"new")
        eventually(lambda: cache.get_data(f"{root}/a/b/c").data == b"new", SOON_S, "its new data")
        other.delete(f"{root}/a", recursive=True)
        eventually(lambda: cache.get_data(f"{root}/a") is None, SOON_S, "the tree to go")
    finally:
        cache.close()


def test_transactions_are_all_or_nothing(kazoo: Connect, root: str) -> None:
    client = kazoo()
    client.create(root, b"0")
    failing = client.transaction()
    failing.create(f"{root}/a", b"")
    failing.check(root, version=5)
    failing.set_data(root, b"1")
    results = failing.commit()
    assert isinstance(results[0], RolledBackError)
    assert client.get_children(root) == []
    good = client.transaction()
    good.create(f"{root}/a", b"", ephemeral=True)
    good.create(f"{root}/s", b"", sequence=True)
    good.set_data(root, b"1")
    good.check(root, version=1)
    assert good.commit()[:2] == [f"{root}/a", f"{root}/s0000000001"]
    assert client.get(root)[0] == b"1"


def test_acls_keep_others_out(kazoo: Connect, root: str) -> None:
    owner, other = kazoo(), kazoo()
    owner.add_auth("digest", "ann:secret")
    owner.create(root, b"mine", acl=[make_digest_acl("ann", "secret", all=True)])
    with pytest.raises(NoAuthError):
        other.get(root)
    other.add_auth("digest", "ann:secret")
    assert other.get(root)[0] == b"mine"


def test_a_client_survives_a_restart_with_its_session_and_its_watches(
    kazoo: Connect, root: str, registry: Registry
) -> None:
    client, other = kazoo(), kazoo()
    session_id, _ = client.client_id
    client.create(f"{root}/own", b"", ephemeral=True, makepath=True)
    seen: list[Any] = []
    client.get_children(root, watch=seen.append)
    registry.restart()
    other.retry(other.ensure_path, f"{root}/new")
    eventually(lambda: seen, SOON_S, "the watch laid before the restart")
    assert client.retry(client.exists, f"{root}/own").owner_session_id == session_id
    assert client.client_id[0] == session_id


def test_a_client_learns_of_its_expiry_and_starts_afresh(kazoo: Connect, root: str, registry: Registry) -> None:
    client = kazoo()
    states: list[str] = []
    client.add_listener(states.append)
    session_id, _ = client.client_id
    client.create(f"{root}/own", b"", ephemeral=True, makepath=True)
    expire(registry, client)
    eventually(lambda: states[-1:] == [KazooState.CONNECTED] and KazooState.LOST in states, SOON_S, "a new session")
    assert client.client_id[0] != session_id
    assert client.exists(f"{root}/own") is None
    client.create(f"{root}/own", b"", ephemeral=True)
    with pytest.raises(NodeExistsError):
        client.create(f"{root}/own", b"")
