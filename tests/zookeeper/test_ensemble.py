"""What only several servers have: roles, links between them, and one that a client leaves for another."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from proctor.links import Address
from proctor.loop import LoopThread
from proctor.process.ports import free
from proctor.waiting import eventually
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, OpCode
from proctor.zookeeper.ensemble import EnsembleRegistry, Member
from proctor.zookeeper.peers import ElectionLink, PeerLink
from proctor.zookeeper.protocol import OPEN_ACL, ConnectResponse, CreateRequest
from proctor.zookeeper.proxy import RegistryProxy
from proctor.zookeeper.registry import Registry
from proctor.zookeeper.view import RegistryView

WITHIN_S = 20.0


@pytest.fixture
def whole(ensemble: Registry) -> Iterator[EnsembleRegistry]:
    """All in step before, and after."""
    assert isinstance(ensemble, EnsembleRegistry)
    yield ensemble
    for member in ensemble.members:
        ensemble.reconnect(member)
    ensemble.start()


def led(registry: EnsembleRegistry) -> Member:
    leader = eventually(registry.leader, WITHIN_S, "a leader")
    assert leader is not None
    return leader


def test_one_leads_and_the_others_follow(whole: EnsembleRegistry) -> None:
    assert sorted(member.role for member in whole.members) == ["follower", "follower", "leader"]
    assert whole.leader() in whole.members
    assert whole.version != "unknown"
    assert len(set(whole.servers)) == 3


def test_when_the_leader_dies_another_one_leads(whole: EnsembleRegistry) -> None:
    """Its state is in the others."""
    view = RegistryView(whole)
    path = view.create("/before", b"kept")
    dead = led(whole)
    dead.kill()
    eventually(lambda: whole.leader() not in (None, dead), WITHIN_S, "another leader")
    assert (dead.role, dead.turns_away()) == ("", False)
    assert view.get(path) is not None
    whole.start()
    assert dead.role == "follower"
    view.delete(path)
    view.close()


@pytest.mark.parametrize("which", ["leader", "follower"])
def test_who_is_cut_off_serves_nobody_until_its_links_are_healed(whole: EnsembleRegistry, which: str) -> None:
    """And nothing passes between it and the others meanwhile, not even a call back for an election."""
    alone = next(member for member in whole.members if member.role == which)
    whole.cut_off(alone)
    eventually(alone.turns_away, WITHIN_S, "it to say so")
    eventually(lambda: whole.leader() not in (None, alone), WITHIN_S, "a leader of the others")
    assert not connections_past_the_links(whole, alone)
    with Client(alone.server.address.partition(":")[0], alone.server.port) as refused, pytest.raises(ConnectionError):
        refused.connect()
    whole.reconnect(alone)
    whole.start()
    assert alone.role == "follower"


def connections_past_the_links(registry: EnsembleRegistry, alone: Member) -> set[tuple[int, int]]:
    """Those of the JVMs with each other: none has an end in our own process, which holds the links."""
    pids = {member.server.pid for member in registry.members}
    ends = {pid: established(pid) for pid in pids}
    others = set().union(*(ends[pid] for pid in pids - {alone.server.pid}))
    return {(there, here) for here, there in ends[alone.server.pid]} & others


def established(pid: int) -> set[tuple[int, int]]:
    """The TCP connections of a process, as their own and their peers' ports."""
    fds = (str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir())
    inodes = {target[8:-1] for target in fds if target.startswith("socket:")}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {(port(row[1]), port(row[2])) for row in rows if row[3] == "01" and row[9] in inodes}


def port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def test_it_knows_to_whom_a_client_is_connected(whole: EnsembleRegistry) -> None:
    for member in whole.members:
        with Client("127.0.0.1", member.server.port) as client:
            session = client.connect(2000).session_id
            assert whole.member_of(session) is member
            client.call(OpCode.CLOSE_SESSION)
        assert whole.member_of(session) is None


def test_the_proxy_passes_a_client_on_from_a_member_that_serves_nobody(
    whole: EnsembleRegistry, loop: LoopThread
) -> None:
    """That one still accepts: a proxy that asks for no more would lead everybody into the same dead end for ever."""
    with RegistryProxy(loop, whole.address) as proxy, ExitStack() as clients:
        client = clients.enter_context(Client(*proxy.endpoint))
        session = client.connect(2000)
        alone = whole.member_of(session.session_id)
        assert alone is not None
        whole.cut_off(alone)
        with pytest.raises(ConnectionError):
            client.receive_frame("the end of the connection")
        taken = eventually(lambda: taken_over(proxy, session), WITHIN_S, "another member to serve it")
        assert taken is not None
        clients.enter_context(taken)
        assert whole.member_of(session.session_id) in whole.others(alone)
        assert proxy.expire().session_id == session.session_id, "by a member that serves"


def taken_over(proxy: RegistryProxy, session: ConnectResponse) -> Client | None:
    client = Client(*proxy.endpoint)
    try:
        granted = client.connect(2000, session.session_id, session.password)
    except ConnectionError:
        client.close()
        return None
    assert granted.session_id == session.session_id
    return client


def test_what_one_member_has_told_the_view_knows(whole: EnsembleRegistry) -> None:
    """A member may lag behind: without a word to the leader a view on it would miss what has happened."""
    view = RegistryView(whole)
    view.ensure("/told")
    for number, member in enumerate(whole.members * 20):
        with Client("127.0.0.1", member.server.port) as client:
            client.connect()
            path = f"/told/{number}"
            client.call(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, CreateMode.EPHEMERAL))
            assert view.get(path) is not None
            client.call(OpCode.CLOSE_SESSION)
        assert view.get(path) is None
    view.delete_tree("/told")
    view.close()


def test_a_link_refuses_until_its_server_listens(loop: LoopThread) -> None:
    """A follower that is let in too early takes it for the end of its leader, and both begin anew."""
    with socket.socket() as peer:
        peer.bind(("127.0.0.1", 0))
        target = Address(*peer.getsockname())
        with PeerLink(loop, target, Address("127.0.1.2", 0)) as link:
            assert link.address.host == "127.0.1.2"
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(link.address)
            peer.listen()
            eventually(lambda: not link.stats.refusing, WITHIN_S, "the link to accept")
            socket.create_connection(link.address).close()


def test_a_server_is_told_the_link_by_which_it_can_call_back(loop: LoopThread) -> None:
    """However the introduction is cut; what follows it passes as it is."""
    came: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.read())
        writer.close()

    server = loop.call(asyncio.start_server(keep, "127.0.0.1", 0))
    target = Address(*server.sockets[0].getsockname())
    caller, back = Address("127.0.0.1", 11111), Address("127.0.1.3", 11111)
    said, meant = (
        struct.pack("!qqi", -65536, 2, len(name)) + name for name in (b"127.0.0.1:11111", b"127.0.1.3:11111")
    )
    rest = b"\0\0\0\x0f127.0.0.1:11111"
    try:
        with ElectionLink(loop, target, Address("127.0.1.2", 0), caller, back) as link:
            for cut in range(len(said) + len(rest) + 1):
                with socket.create_connection(link.address) as calling:
                    for piece in ((said + rest)[:cut], (said + rest)[cut:]):
                        calling.sendall(piece)
                        eventually(lambda: not link.stats.to_server.held_bytes, WITHIN_S)
                eventually(lambda: came, WITHIN_S)
                assert came.pop() == meant + rest
    finally:
        loop.loop.call_soon_threadsafe(server.close)


def test_stopping_leaves_nothing_whatever_was_done(
    loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    registry = EnsembleRegistry(loop)
    registry.start()
    assert len(list(tmp_path.iterdir())) == len(registry.members)
    dead, alone, frozen = registry.members
    dead.kill()
    registry.cut_off(alone)
    frozen.server.freeze()
    registry.stop()
    assert not list(tmp_path.iterdir())
    assert all(free("127.0.0.1", member.server.port) for member in registry.members)
