"""What can be seen of a server from outside: the same on ours and on Apache ZooKeeper."""

from __future__ import annotations

import errno
import re
import socket
import struct
import time

import psutil
import pytest

from proctor.waiting import eventually
from proctor.zookeeper.acl import digest
from proctor.zookeeper.client import Client, ask_word
from proctor.zookeeper.codes import AddWatchMode, CreateMode, Error, OpCode, Perms
from proctor.zookeeper.protocol import (
    ACL,
    ANYONE,
    OPEN_ACL,
    AddWatchRequest,
    AuthPacket,
    CreateRequest,
    CreateTTLRequest,
    DeleteRequest,
    ExistsRequest,
    GetACLRequest,
    GetACLResponse,
    GetChildrenRequest,
    GetChildrenResponse,
    GetDataRequest,
    GetDataResponse,
    Id,
    RequestHeader,
    SetDataRequest,
)
from proctor.zookeeper.registry import Registry

SOON_S = 10.0
MIB = 1 << 20


def connected(registry: Registry, timeout_ms: int = 2000) -> Client:
    client = Client(*registry.servers[0])
    client.connect(timeout_ms)
    return client


def unique(name: str) -> str:
    return f"/{name}-{time.monotonic_ns()}"


def stands(client: Client, path: str) -> bool:
    return client.ask(OpCode.EXISTS, ExistsRequest(path, watch=False)).err == Error.OK


def ends(client: Client) -> bool:
    """Whether the server closes the connection without another word."""
    try:
        client.receive_frame("the end")
    except ConnectionError:
        return True
    return False


def test_a_session_that_is_not_heard_of_expires_and_its_connection_is_closed(registry: Registry) -> None:
    own = unique("own")
    with connected(registry, 1000) as silent, connected(registry) as other:
        silent.call(OpCode.CREATE, CreateRequest(own, b"", OPEN_ACL, CreateMode.EPHEMERAL))
        eventually(lambda: not stands(other, own), SOON_S, "the silent session's znode to go")
        assert ends(silent)
        assert silent.session is not None
        with Client(*registry.servers[0]) as late:
            answer = late.connect(1000, silent.session.session_id, silent.session.password)
            assert (answer.session_id, answer.timeout) == (0, 0)
            assert ends(late)


def test_a_closed_session_drops_its_znodes_before_its_close_is_answered(registry: Registry) -> None:
    own = unique("own")
    with connected(registry) as leaving, connected(registry) as watching:
        leaving.call(OpCode.CREATE, CreateRequest(own, b"", OPEN_ACL, CreateMode.EPHEMERAL))
        watching.ask(OpCode.EXISTS, ExistsRequest(own, watch=True))
        leaving.call(OpCode.CLOSE_SESSION)
        assert [event.path for event in watching.take_events()] == [own]
        assert not stands(watching, own)
        assert ends(leaving)


def test_a_container_goes_with_its_last_child(registry: Registry) -> None:
    path = unique("container")
    with connected(registry) as client:
        client.call(OpCode.CREATE_CONTAINER, CreateRequest(path, b"", OPEN_ACL, CreateMode.CONTAINER))
        client.call(OpCode.CREATE, CreateRequest(f"{path}/child", b"", OPEN_ACL, CreateMode.PERSISTENT))
        client.call(OpCode.DELETE, DeleteRequest(f"{path}/child", -1))
        eventually(lambda: not stands(client, path), SOON_S, "the emptied container to go")


def test_a_znode_whose_time_to_live_has_passed_goes(registry: Registry) -> None:
    path, kept = unique("short"), unique("long")
    with connected(registry) as client:
        for name, ttl in ((path, 1), (kept, 1_000_000)):
            asked = CreateTTLRequest(name, b"", OPEN_ACL, CreateMode.PERSISTENT_WITH_TTL, ttl)
            client.call(OpCode.CREATE_TTL, asked)
        eventually(lambda: not stands(client, path), SOON_S, "the passed znode to go")
        assert stands(client, kept)


def test_data_up_to_the_limit_is_kept_and_over_it_ends_the_connection(registry: Registry) -> None:
    path = unique("large")
    with connected(registry) as client:
        request = CreateRequest(path, b"", OPEN_ACL, CreateMode.PERSISTENT)
        room = MIB - 1 - len(RequestHeader(1, OpCode.CREATE).encode()) - len(request.encode())
        client.call(OpCode.CREATE, CreateRequest(path, bytes(room), OPEN_ACL, CreateMode.PERSISTENT))
        found = client.call(OpCode.GET_DATA, GetDataRequest(path, watch=False))
        assert isinstance(found, GetDataResponse)
        assert found.data == bytes(room)
        with pytest.raises(ConnectionError):
            client.ask(OpCode.SET_DATA, SetDataRequest(path, bytes(MIB), -1))
    with connected(registry) as again:
        found = again.call(OpCode.GET_DATA, GetDataRequest(path, watch=False))
        assert isinstance(found, GetDataResponse)
        assert found.stat.version == 0


def test_a_long_list_of_children_arrives_whole(registry: Registry) -> None:
    """A reply may be longer than any request is allowed to be.

    The requests are sent in portions: a server on a slow disk may be busy with all of them for longer than the session
    lasts, and hears nothing of its client meanwhile.
    """
    path, portions, portion = unique("many"), 60, 50
    with connected(registry) as client:
        client.call(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, CreateMode.PERSISTENT))
        for first in range(0, portions * portion, portion):
            for number in range(first, first + portion):
                child = f"{path}/{number:0>400}"
                client.send(OpCode.CREATE, CreateRequest(child, b"", OPEN_ACL, CreateMode.PERSISTENT))
            for _ in range(portion):
                assert client.receive(OpCode.CREATE).err == Error.OK
        listed = client.call(OpCode.GET_CHILDREN, GetChildrenRequest(path, watch=False))
        assert isinstance(listed, GetChildrenResponse)
        assert len(listed.children) == portions * portion
        assert sum(map(len, listed.children)) > MIB


def test_a_client_that_asks_much_and_reads_nothing_costs_little(embedded: Registry) -> None:
    """Its replies wait for it in its own requests, not in our memory; and they are all there once it reads."""
    path, count = unique("large"), 400
    with connected(embedded) as asking, connected(embedded) as other:
        large = CreateRequest(path, bytes(900_000), OPEN_ACL, CreateMode.PERSISTENT)
        asking.call(OpCode.CREATE, large)
        before = psutil.Process().memory_info().rss
        for _ in range(count):
            asking.send(OpCode.GET_DATA, GetDataRequest(path, watch=False))
        assert other.ask(OpCode.PING).err == Error.OK
        assert psutil.Process().memory_info().rss - before < 100_000_000
        for number in range(count):
            assert asking.receive(OpCode.GET_DATA).header.xid == number + 2


def test_requests_in_a_row_are_answered_in_their_order(registry: Registry) -> None:
    with connected(registry) as client:
        for _ in range(200):
            client.send(OpCode.EXISTS, ExistsRequest("/", watch=False))
        assert [client.receive(OpCode.EXISTS).header.xid for _ in range(200)] == list(range(1, 201))


def test_a_request_is_understood_however_it_is_split(registry: Registry) -> None:
    with connected(registry) as client:
        body = RequestHeader(5, OpCode.EXISTS).encode() + ExistsRequest("/", watch=False).encode()
        for byte in len(body).to_bytes(4, "big") + body:
            client.socket.sendall(bytes([byte]))
        assert client.receive(OpCode.EXISTS).header.xid == 5


VALID_IDS = ["world:anyone", "digest:a:b", "digest::b", "digest:a:b:", "digest:a:b::", "ip:1.2.3.4", "ip:1.2.3.4/32"]
INVALID_IDS = ["world:everyone", "digest:a", "digest::", "digest:a:", "digest:a:b:c", "digest:", "ip:1.2.3", "auth:"]
INVALID_IDS += [
    "ip:1.2.3.4.5",
    "ip:1.2.3.256",
    "ip:1.2.3.4/33",
    "ip:1.2.3.4/",
    "ip:1..2.3",
    "ip:a.b.c.d",
    "nope:x",
    ":",
]


@pytest.mark.parametrize("named", [*VALID_IDS, *INVALID_IDS])
def test_an_acl_names_ids_as_their_schemes_write_them(registry: Registry, named: str) -> None:
    scheme, _, name = named.partition(":")
    with connected(registry) as client:
        asked = CreateRequest(unique("guarded"), b"", (ACL(Perms.ALL, Id(scheme, name)),), CreateMode.EPHEMERAL)
        expected = Error.OK if named in VALID_IDS else Error.INVALID_ACL
        assert client.ask(OpCode.CREATE, asked).err == expected


def test_who_may_not_administer_an_acl_does_not_see_its_digests(registry: Registry) -> None:
    path, secret = unique("guarded"), Id("digest", digest(b"ann:secret"))
    entries = (ACL(Perms.ALL, secret), ACL(Perms.READ, ANYONE))
    with connected(registry) as ann, connected(registry) as other:
        ann.call(OpCode.AUTH, AuthPacket(0, "digest", b"ann:secret"))
        ann.call(OpCode.CREATE, CreateRequest(path, b"", entries, CreateMode.PERSISTENT))
        for client, seen in ((ann, secret), (other, Id("digest", "ann:x"))):
            shown = client.call(OpCode.GET_ACL, GetACLRequest(path))
            assert isinstance(shown, GetACLResponse)
            assert shown.acl[0].id == seen


def test_who_may_not_read_a_znode_is_not_told_of_it(registry: Registry) -> None:
    """Not even its name, by a recursive watch above it (CVE-2024-23944)."""
    above = unique("above")
    private = (ACL(Perms.ALL, Id("auth", "")),)
    with connected(registry) as ann, connected(registry) as other:
        ann.call(OpCode.AUTH, AuthPacket(0, "digest", b"ann:secret"))
        ann.call(OpCode.CREATE, CreateRequest(above, b"", OPEN_ACL, CreateMode.PERSISTENT))
        for client in (ann, other):
            client.call(OpCode.ADD_WATCH, AddWatchRequest(above, AddWatchMode.PERSISTENT_RECURSIVE))
        ann.call(OpCode.CREATE, CreateRequest(f"{above}/private", b"", private, CreateMode.PERSISTENT))
        ann.call(OpCode.CREATE, CreateRequest(f"{above}/open", b"", OPEN_ACL, CreateMode.PERSISTENT))
        assert [event.path for event in ann.take_events()] == [f"{above}/private", f"{above}/open"]
        assert [event.path for event in other.take_events()] == [f"{above}/open"]


@pytest.mark.parametrize("known", [True, False], ids=["a wrong password", "an unknown session"])
def test_a_session_that_is_not_ones_own_is_refused(registry: Registry, known: bool) -> None:
    with connected(registry) as owner, Client(*registry.servers[0]) as thief:
        assert owner.session is not None
        answer = thief.connect(2000, owner.session.session_id if known else 4711, b"0123456789abcdef")
        assert (answer.session_id, answer.timeout, answer.password) == (0, 0, bytes(16))
        assert ends(thief)
        with Client(*registry.servers[0]) as again:
            resumed = again.connect(2000, owner.session.session_id, owner.session.password)
            assert resumed.session_id == owner.session.session_id


def test_a_connection_that_is_reset_at_once_harms_nobody(registry: Registry, caplog: pytest.LogCaptureFixture) -> None:
    """The server may learn of it before it has asked who that is."""
    with connected(registry) as good:
        for _ in range(100):
            with socket.create_connection(registry.servers[0], SOON_S) as passing:
                passing.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert good.ask(OpCode.PING).err == Error.OK
        with connected(registry) as late:
            assert late.ask(OpCode.PING).err == Error.OK
    assert [record for record in caplog.records if record.name == "asyncio"] == []


HOSTILE_BYTES = {
    "nothing": b"",
    "half a length": b"\0\0",
    "half a connect request": b"\0\0\0\x2d" + bytes(20),
    "an empty frame": b"\0\0\0\0",
    "a frame too short to connect by": b"\0\0\0\x02ab",
    "a huge length": b"\x7f\xff\xff\xff",
    "a negative length": b"\xff\xff\xff\xff",
    "HTTP": b"GET / HTTP/1.0\r\n\r\n",
    "TLS": bytes.fromhex("160301020001fc0303"),
    "a request before connecting": b"\0\0\0\x0d\0\0\0\1\0\0\0\3\0\0\0\1/",
}


def answered(connection: socket.socket, sent: bytes) -> bytes:
    """What comes back before the end, when nothing more is sent; nothing if it was reset with bytes of ours unread."""
    try:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(100)
    except OSError as error:
        if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
            raise
        return b""


@pytest.mark.parametrize("sent", HOSTILE_BYTES.values(), ids=HOSTILE_BYTES.keys())
def test_what_is_no_handshake_ends_its_own_connection_only(registry: Registry, sent: bytes) -> None:
    with connected(registry) as good:
        with socket.create_connection(registry.servers[0], SOON_S) as bad:
            assert answered(bad, sent) == b""
        assert good.ask(OpCode.PING).err == Error.OK


def test_an_empty_request_ends_its_connection(embedded: Registry) -> None:
    """As with Apache's default connection factory; its Netty one, which we run it with, waits for more."""
    with connected(embedded) as bad:
        bad.send_frame(b"")
        assert ends(bad)


@pytest.mark.parametrize("sent", ["0000000400000001", "7fffffff", "ffffffff"])
def test_a_request_without_a_header_ends_its_connection_only(registry: Registry, sent: str) -> None:
    with connected(registry) as good, connected(registry) as bad:
        bad.socket.sendall(bytes.fromhex(sent))
        assert ends(bad)
        assert good.ask(OpCode.PING).err == Error.OK


def test_an_unknown_opcode_is_answered_and_ends_the_connection(registry: Registry) -> None:
    with connected(registry) as client:
        client.send(999)
        header = client.receive_frame("the refusal")
        assert header == b"\0\0\0\1" + b"\xff" * 8 + Error.UNIMPLEMENTED.to_bytes(4, "big", signed=True)
        assert ends(client)


def test_a_body_that_is_none_is_answered_and_the_connection_goes_on(registry: Registry) -> None:
    with connected(registry) as client:
        for op in (OpCode.CREATE, OpCode.GET_DATA, OpCode.MULTI, OpCode.SET_WATCHES2):
            assert client.ask(op).err == Error.MARSHALLING_ERROR
        assert client.ask(OpCode.PING).err == Error.OK


def test_a_scheme_that_there_is_not_is_refused_and_ends_the_connection(registry: Registry) -> None:
    with connected(registry) as client:
        assert client.ask(OpCode.AUTH, AuthPacket(0, "magic", b"please"), xid=-4).err == Error.AUTH_FAILED
        assert ends(client)


FIRST_LINES = {
    "ruok": "imok",
    "isro": "rw",
    "srvr": "Zookeeper version: 3.8.0",
    "stat": "Zookeeper version: 3.8.0",
    "mntr": "zk_version\t3.8.0",
    "envi": "Environment:",
    "dump": "SessionTracker dump:",
    "wchs": r"\d+ connections watching \d+ paths\n",
    "dirs": "datadir_size: ",
    "crst": "Connection stats reset.",
    "srst": "Server stats reset.",
}


@pytest.mark.parametrize("word", FIRST_LINES)
def test_a_four_letter_word_is_answered(registry: Registry, word: str) -> None:
    assert re.match(FIRST_LINES[word], ask_word(*registry.servers[0], word))


def test_words_tell_of_sessions_znodes_and_watches(registry: Registry) -> None:
    path = unique("watched")
    with connected(registry) as client:
        client.call(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, CreateMode.EPHEMERAL))
        client.call(OpCode.EXISTS, ExistsRequest(path, watch=True))
        assert client.session is not None
        session = f"{client.session.session_id:#x}"
        said = {word: ask_word(*registry.servers[0], word) for word in ("cons", "dump", "wchc", "wchp", "conf", "srvr")}
    assert f"sid={session}" in said["cons"]
    assert f"{session}:\n\t{path}" in said["dump"]
    assert f"{session}\n\t{path}" in said["wchc"]
    assert f"{path}\n\t{session}" in said["wchp"]
    assert "minSessionTimeout=200\nmaxSessionTimeout=2000" in said["conf"]
    assert re.search(r"\nMode: \w+\nNode count: \d+\n", said["srvr"])


def test_a_word_that_there_is_not_ends_the_connection(registry: Registry) -> None:
    with socket.create_connection(registry.servers[0], SOON_S) as asking:
        asking.sendall(b"zzzz")
        assert asking.recv(100) == b""
