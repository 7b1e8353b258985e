"""What the client keeps between calls, and what it does in the narrow places that no driver shows."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from proctor.loop import LoopThread
from proctor.waiting import eventually
from proctor.wire.messages import Reply as KitReply
from proctor.wire.messages import frame
from proctor.wire.scripted import Asked, Dialogue, ScriptedServer, answers, closes, stays_silent
from reference.address import Address
from reference.client import IDLE_MAX, CallFailed, Channel, Client, ClientParts, Deadline, NotSent, Pool, Reply
from reference.directory import Directory
from reference.settings import ClientSettings, RegistrySettings
from reference.wire import Dialect, FrameReader

WITHIN_S = 10.0
LONG_S = 30.0  # a timeout that no test waits for
SETTINGS = ClientSettings(RegistrySettings("nowhere:1", "/demo", 1.0), Dialect())


class Written(Directory):
    """A list that the test writes."""

    def start(self) -> None:
        self.loaded.set()

    def close(self, within_s: float) -> None:
        """No thread was started."""


class Unshuffled(random.SystemRandom):
    def shuffle(self, x: Any) -> None:
        """The servers are tried in the order in which they were written."""


class InOrder(Client):
    def __init__(self, settings: ClientSettings, parts: ClientParts) -> None:
        super().__init__(settings, parts)
        self.random = Unshuffled()


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as running:
        yield running


@pytest.fixture
def start(loop: LoopThread) -> Iterator[Callable[..., ScriptedServer]]:
    servers: list[ScriptedServer] = []

    def started(behaviour: Any = answers) -> ScriptedServer:
        servers.append(ScriptedServer(loop, behaviour))
        return servers[-1]

    yield started
    for server in servers:
        server.close()


@pytest.fixture
def client() -> Iterator[Client]:
    made = InOrder(SETTINGS, ClientParts(directory=Written))
    yield made
    made.close()


def write(client: Client, *addresses: tuple[str, int]) -> None:
    client.directory.apply([Address(*address) for address in addresses])


def nobody() -> tuple[str, int]:
    """An address that refuses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        return host, port


def kind(call: Callable[[], Any]) -> str:
    with pytest.raises(CallFailed) as failed:
        call()
    return failed.value.kind


def test_one_connection_serves_calls_one_after_another(client: Client, start: Callable[..., ScriptedServer]) -> None:
    server = start()
    write(client, server.address)
    assert [client.call("ping", i, LONG_S) for i in range(5)] == [Reply("pong", i) for i in range(5)]
    assert len(server.connects()) == 1


def test_a_server_that_refused_is_tried_last_for_a_while(client: Client, start: Callable[..., ScriptedServer]) -> None:
    """Otherwise every second call would wait for a dead server, where its machine is gone and nothing refuses."""
    dead, server = nobody(), start()
    write(client, dead, server.address)
    client.call("ping", 1, LONG_S)
    assert client.choose() == [Address(*server.address), Address(*dead)]
    client.suspects[Address(*dead)] -= 60
    assert client.choose() == [Address(*dead), Address(*server.address)]


def test_what_is_remembered_of_a_server_goes_with_it(client: Client, start: Callable[..., ScriptedServer]) -> None:
    dead, server = nobody(), start()
    write(client, dead, server.address)
    client.call("ping", 1, LONG_S)
    write(client)
    assert client.suspects == {}
    eventually(lambda: server.connected() == 0, WITHIN_S, "the idle connection's end")


def test_a_call_in_flight_outlives_its_servers_node_and_its_connection_does_not(
    client: Client, start: Callable[..., ScriptedServer]
) -> None:
    reply_now = threading.Event()

    async def replies_later(dialogue: Dialogue, asked: Asked) -> None:
        await asyncio.to_thread(reply_now.wait, WITHIN_S)
        await answers(dialogue, asked)

    server = start(replies_later)
    write(client, server.address)
    replies: list[Reply] = []
    call = threading.Thread(target=lambda: replies.append(client.call("ping", 1, LONG_S)))
    call.start()
    eventually(server.ledger, WITHIN_S, "the request")
    write(client)
    reply_now.set()
    call.join(WITHIN_S)
    assert replies == [Reply("pong", 1)]
    eventually(lambda: server.connected() == 0, WITHIN_S, "the connection's end")


def test_a_request_that_did_not_leave_whole_may_go_elsewhere(
    client: Client, start: Callable[..., ScriptedServer]
) -> None:
    """Nobody executes half a frame, so trying another server can't execute it twice."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WITHIN_S)
        server = start()
        write(client, listener.getsockname(), server.address)
        replies: list[Reply] = []
        text = "x" * 12_000_000  # more than a socket's buffers hold
        call = threading.Thread(target=lambda: replies.append(client.call("ping", text, LONG_S)))
        call.start()
        sock, _ = listener.accept()
        sock.recv(1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        sock.close()
        call.join(LONG_S)
    assert replies == [Reply("pong", text)]


@pytest.mark.parametrize("behaviour", [closes, stays_silent])
def test_a_request_that_left_whole_goes_nowhere_else(
    client: Client, start: Callable[..., ScriptedServer], behaviour: Any
) -> None:
    first, second = start(behaviour), start()
    write(client, first.address, second.address)
    assert kind(lambda: client.call("ping", 1, 0.3)) in ("transport", "timeout")
    assert (len(first.ledger()), len(second.ledger())) == (1, 0)


def test_a_connection_that_fell_out_of_step_is_not_used_again(
    client: Client, start: Callable[..., ScriptedServer]
) -> None:
    async def says_more(dialogue: Dialogue, asked: Asked) -> None:
        await dialogue.send(frame(KitReply("pong", asked.params).body()) + frame(KitReply("pong", "unasked").body()))

    server = start(says_more)
    write(client, server.address)
    assert [kind(lambda: client.call("ping", 1, LONG_S)) for _ in range(3)] == ["protocol"] * 3
    assert len(server.connects()) == 3


@pytest.mark.parametrize("result", [None, [], "text", {}, {"code": 1, "message": "m"}, {"code": "c"}])
def test_an_error_without_code_and_message_is_no_reply(
    client: Client, start: Callable[..., ScriptedServer], result: Any
) -> None:
    async def errs(dialogue: Dialogue, _asked: Asked) -> None:
        await dialogue.reply(KitReply("error", result))

    write(client, start(errs).address)
    assert kind(lambda: client.call("ping", 1, LONG_S)) == "protocol"


def test_half_a_surrogate_pair_can_be_asked_for(client: Client, start: Callable[..., ScriptedServer]) -> None:
    write(client, start().address)
    assert client.call("ping", "\ud800", LONG_S) == Reply("pong", "\ud800")


def test_clients_share_no_random_state() -> None:
    """A generator with a state would draw the same servers in every process that was forked from one (C14)."""
    client = Client(SETTINGS, ClientParts(directory=Written))
    with pytest.raises(NotImplementedError):
        client.random.getstate()


def test_without_a_list_it_says_whether_it_was_the_registry(client: Client) -> None:
    with pytest.raises(CallFailed, match="no server is registered"):
        client.call("ping", 1, LONG_S)
    client.directory.loaded.clear()
    with pytest.raises(CallFailed, match="registry can't be reached"):
        client.call("ping", 1, 0.01)


# The pool


def channel() -> tuple[Channel, socket.socket]:
    ours, theirs = socket.socketpair()
    return Channel(ours, FrameReader(Dialect())), theirs


def test_a_pool_gives_nothing_that_has_ended_or_has_something_unread() -> None:
    address, pool = Address("127.0.0.1", 1), Pool()
    pool.keep_only((address,))
    (good, at_good), (ended, at_ended), (spoiled, at_spoiled) = channel(), channel(), channel()
    for one in (good, ended, spoiled):
        pool.put(address, one)
    at_ended.close()
    at_spoiled.send(b"late")
    assert pool.take(address) is good
    assert pool.take(address) is None
    assert [one.sock.fileno() for one in (ended, spoiled)] == [-1, -1]
    for sock in (good.sock, at_good, at_spoiled):
        sock.close()


def test_a_pool_keeps_no_more_than_it_is_worth() -> None:
    address, pool = Address("127.0.0.1", 1), Pool()
    pool.keep_only((address,))
    pairs = [channel() for _ in range(IDLE_MAX + 3)]
    for one, _ in pairs:
        pool.put(address, one)
    assert sum(one.sock.fileno() == -1 for one, _ in pairs) == 3
    pool.keep_only(())
    assert all(one.sock.fileno() == -1 for one, _ in pairs)
    for _, theirs in pairs:
        theirs.close()


def test_what_could_not_be_sent_says_so() -> None:
    one, theirs = channel()
    theirs.close()
    with pytest.raises(NotSent):
        one.exchange(b"request", Deadline(LONG_S))
    one.close()
