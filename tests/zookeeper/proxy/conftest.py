"""A proxy in front of each registry in turn, and a client that goes round it to see what is true."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from kazoo.client import KazooClient

from proctor.loop import LoopThread
from proctor.zookeeper.client import Client, Reply
from proctor.zookeeper.codes import OpCode
from proctor.zookeeper.jute import Record
from proctor.zookeeper.proxy import RegistryProxy
from proctor.zookeeper.registry import Registry
from tests.zookeeper.proxy.subjects import Subject, create

SESSION_MS = 20_000


@pytest.fixture(autouse=True)
def no_error_on_the_loop(loop: LoopThread) -> Iterator[None]:
    """asyncio only logs what a protocol's callback raises, and closes that connection: here it fails the test."""
    errors: list[str] = []
    loop.loop.set_exception_handler(lambda _, context: errors.append(repr(context)))
    yield
    loop.loop.set_exception_handler(None)
    assert not errors


@pytest.fixture
def proxy(loop: LoopThread, registry: Registry) -> Iterator[RegistryProxy]:
    with RegistryProxy(loop, registry.address) as started:
        yield started


class Witness(Client):
    """Looks each time with a session of its own: one that were kept would have to be kept up, too."""

    def ask(self, op: OpCode, body: Record | None = None, xid: int | None = None) -> Reply:
        with Client(*self.socket.getpeername()) as fresh:
            fresh.connect()
            reply = fresh.ask(op, body, xid)
            fresh.call(OpCode.CLOSE_SESSION)
        return reply


@pytest.fixture
def witness(registry: Registry) -> Iterator[Client]:
    with Witness(*registry.servers[0]) as client:
        yield client


@pytest.fixture
def root(witness: Client) -> str:
    """A node of the test's own, since one Apache ZooKeeper serves all tests."""
    return create(witness, f"/proxy-{time.monotonic_ns()}")


@pytest.fixture
def subject(proxy: RegistryProxy) -> Iterator[Client]:
    """A bare client through the proxy, with a session that outlasts a test though nobody keeps it up."""
    with Client(*proxy.endpoint) as client:
        client.connect(SESSION_MS)
        yield client


@pytest.fixture
def start_kazoo(proxy: RegistryProxy) -> Iterator[Callable[..., Subject]]:
    """Starts kazoo clients that go through the proxy, with a session of `timeout_s`, and ends them."""
    with ExitStack() as stack:

        def start(timeout_s: float = 2.0) -> Subject:
            client = Subject(KazooClient(hosts=proxy.address, timeout=timeout_s))
            stack.callback(client.stop)
            client.start()
            return client

        yield start


@pytest.fixture
def kazoo(start_kazoo: Callable[[], Subject]) -> Subject:
    return start_kazoo()
