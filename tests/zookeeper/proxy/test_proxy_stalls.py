"""What becomes of sessions when the kit itself is not run, with its registry and its proxies."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from proctor.loop import LoopThread
from proctor.waiting import eventually
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, OpCode
from proctor.zookeeper.proxy import RegistryProxy
from proctor.zookeeper.registry import Registry
from tests.zookeeper.proxy.subjects import create, stands

SESSION_MS = 1000
STALL_S = 1.5
STEP_S = 0.4


@pytest.fixture
def client(loop: LoopThread, embedded: Registry) -> Iterator[Client]:
    with RegistryProxy(loop, embedded.address) as proxy, Client(*proxy.endpoint) as connected:
        connected.connect(SESSION_MS)
        yield connected


def stand_still(loop: LoopThread) -> None:
    """Comes back when nothing of the loop runs any more, for STALL_S."""
    standing = threading.Event()

    def stand() -> None:
        standing.set()
        time.sleep(STALL_S)

    loop.loop.call_soon_threadsafe(stand)
    assert standing.wait(10)


def test_who_was_in_time_while_we_stood_still_keeps_the_session(loop: LoopThread, client: Client) -> None:
    """Its ping waits in the kernel, before the proxy, when the session comes due."""
    path = create(client, "/own", mode=CreateMode.EPHEMERAL)
    stand_still(loop)
    client.call(OpCode.PING)
    assert stands(client, path)


def test_who_was_silent_loses_it_all_the_same(loop: LoopThread, client: Client, embedded: Registry) -> None:
    path = create(client, "/own", mode=CreateMode.EPHEMERAL)
    stand_still(loop)
    with Client(*embedded.servers[0]) as other:
        other.connect(10_000)
        eventually(lambda: not stands(other, path), within=10)


@contextmanager
def limping(loop: LoopThread) -> Iterator[None]:
    """The loop looks at what there is to do once in STEP_S."""
    ended = threading.Event()

    def step() -> None:
        time.sleep(STEP_S)
        if not ended.is_set():
            loop.loop.call_soon(step)

    loop.loop.call_soon_threadsafe(step)
    try:
        yield
    finally:
        ended.set()


def test_mercy_has_an_end(loop: LoopThread, client: Client, embedded: Registry) -> None:
    """When every alarm comes late the silent lose their sessions nevertheless."""
    path = create(client, "/own", mode=CreateMode.EPHEMERAL)
    with Client(*embedded.servers[0]) as other:
        other.connect(10_000)
        with limping(loop):
            eventually(lambda: not stands(other, path), within=10)
