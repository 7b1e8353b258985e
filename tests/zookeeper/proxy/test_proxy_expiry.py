"""Sessions expired at once and for real: the registry itself drops them and their nodes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from proctor.outcome import Inconclusive
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode
from proctor.zookeeper.protocol import ConnectResponse
from proctor.zookeeper.proxy import RegistryProxy
from proctor.zookeeper.registry import Registry
from tests.zookeeper.proxy.subjects import PATIENCE_S, Subject, children, create, owner, stands


def test_an_expired_session_is_lost_with_its_nodes(
    proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str
) -> None:
    path = kazoo.register(root)
    lost = kazoo.session_id
    expiry = proxy.expire()
    assert (expiry.session_id, expiry.nodes) == (lost, (path,))
    assert not stands(witness, path)
    kazoo.wait_state("LOST")
    kazoo.wait_connected()
    assert kazoo.states[:4] == ["CONNECTED", "SUSPENDED", "LOST", "CONNECTED"]
    assert kazoo.session_id != lost
    old, new = proxy.sessions
    assert (old.id, old.ended_by, old.expired) == (lost, "takeover", True)
    assert (new.id, new.ended_by) == (kazoo.session_id, None)
    assert owner(witness, kazoo.register(root)) == new.id


def test_a_persistent_node_outlives_its_maker_s_session(proxy: RegistryProxy, subject: Client, root: str) -> None:
    create(subject, f"{root}/persistent")
    assert proxy.expire().nodes == ()


def test_the_kth_session_alone_is_expired(
    proxy: RegistryProxy, start_kazoo: Callable[[], Subject], witness: Client, root: str
) -> None:
    first, second = start_kazoo(), start_kazoo()
    path, other = first.register(root), second.register(root)
    lost = first.session_id
    assert proxy.expire(0).session_id == lost
    assert not stands(witness, path)
    assert stands(witness, other)
    first.wait_state("LOST")
    assert second.states == ["CONNECTED"]


def test_it_can_be_done_again_and_again(proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str) -> None:
    for expired in range(1, 4):
        path = kazoo.register(root)
        before = len(kazoo.states)
        assert proxy.expire().nodes == (path,)
        kazoo.wait_state("LOST", before)
        kazoo.wait_state("CONNECTED", before)
        assert len(proxy.sessions) == expired + 1
    assert children(witness, root) == []


def test_a_client_that_comes_back_at_once_does_not_get_its_session_back(proxy: RegistryProxy) -> None:
    """Else it would take the session over from us before we have closed it, and nothing would have expired."""
    for _ in range(5):
        with Client(*proxy.endpoint) as client, ThreadPoolExecutor(1) as beside:
            session = client.connect()
            again = beside.submit(comes_back, client, session, proxy)
            assert proxy.expire().session_id == session.session_id
            assert again.result(PATIENCE_S).session_id == 0
            assert proxy.sessions[-1].ended_by == "takeover"


def comes_back(client: Client, session: ConnectResponse, proxy: RegistryProxy) -> ConnectResponse:
    """Wait for the end of the connection, and ask for the same session that instant."""
    with suppress(ConnectionError):
        client.receive_frame("the end")
    with Client(*proxy.endpoint) as again:
        return again.connect(session_id=session.session_id, password=session.password)


def test_a_session_that_never_passed_is_expired_by_its_id(
    proxy: RegistryProxy, registry: Registry, witness: Client, root: str
) -> None:
    """Its password wasn't seen: ZooKeeper derives it from the id."""
    with Client(*registry.servers[0]) as stranger:
        session = stranger.connect()
        path = create(stranger, f"{root}/mine", mode=CreateMode.EPHEMERAL)
        assert proxy.expire_session(session.session_id).nodes == (path,)
    assert not stands(witness, path)


def test_a_frozen_client_s_session_can_be_expired(
    proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str
) -> None:
    """Our way to the registry is not the one that is broken."""
    path = kazoo.register(root)
    proxy.freeze()
    proxy.expire()
    assert not stands(witness, path)
    proxy.heal()
    kazoo.wait_state("LOST")
    kazoo.wait_connected()


@pytest.mark.usefixtures("subject")
def test_a_session_that_has_ended_can_t_be_expired(proxy: RegistryProxy) -> None:
    proxy.expire()
    with pytest.raises(Inconclusive, match="it has ended, or has another password"):
        proxy.expire()


def test_a_wrong_password_expires_nothing(proxy: RegistryProxy, subject: Client, witness: Client, root: str) -> None:
    """The session lives on; only its connection is ended, as any attempt at a takeover does."""
    assert subject.session is not None
    session_id, password = subject.session.session_id, subject.session.password
    path = create(subject, f"{root}/mine", mode=CreateMode.EPHEMERAL)
    with pytest.raises(Inconclusive, match="another password"):
        proxy.expire_session(session_id, b"x" * 16)
    assert proxy.sessions[0].ended_by is None
    with Client(*proxy.endpoint) as again:
        assert again.connect(session_id=session_id, password=password).session_id == session_id
    assert owner(witness, path) == session_id


def test_without_a_session_there_is_nothing_to_expire(proxy: RegistryProxy) -> None:
    with pytest.raises(Inconclusive, match="no session -1 to expire: 0 were seen"):
        proxy.expire()


@pytest.mark.usefixtures("subject")
def test_a_registry_that_does_not_answer_makes_it_inconclusive(proxy: RegistryProxy, registry: Registry) -> None:
    registry.freeze()
    try:
        with pytest.raises(Inconclusive, match="could not be expired"):
            proxy.expire(within_s=0.2)
    finally:
        registry.thaw()
