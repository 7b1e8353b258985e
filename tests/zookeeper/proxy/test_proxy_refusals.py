"""A request that the proxy refuses is not executed, and is answered in its turn; on both registries."""

from __future__ import annotations

import pytest
from kazoo.exceptions import SessionMovedError

from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, Error, OpCode
from proctor.zookeeper.protocol import OPEN_ACL, CreateRequest, GetChildrenRequest, GetChildrenResponse
from proctor.zookeeper.proxy import CREATES, Kind, Refuse, RegistryProxy, Rule
from tests.zookeeper.proxy.subjects import PATIENCE_S, Subject, children, create

REFUSE = Refuse(Error.SESSION_MOVED)


def test_a_refused_request_is_not_executed_and_answered_in_its_turn(
    proxy: RegistryProxy, subject: Client, witness: Client, root: str
) -> None:
    fault = proxy.arm(Rule(Kind.REQUEST, REFUSE, CREATES, f"{root}/"))
    subject.send(OpCode.GET_CHILDREN, GetChildrenRequest(root, watch=False))
    subject.send(OpCode.CREATE, CreateRequest(f"{root}/refused", b"", OPEN_ACL, CreateMode.PERSISTENT))
    subject.send(OpCode.CREATE, CreateRequest(f"{root}/created", b"", OPEN_ACL, CreateMode.PERSISTENT))
    listed = subject.receive(OpCode.GET_CHILDREN)
    assert isinstance(listed.body, GetChildrenResponse)
    assert subject.receive(OpCode.CREATE).err is Error.SESSION_MOVED
    assert subject.receive(OpCode.CREATE).err is Error.OK
    fault.wait_fired(PATIENCE_S)
    assert children(witness, root) == ["created"]
    seen = [(each.kind, each.path, each.error, each.touched) for each in proxy.operations if each.op in CREATES]
    assert (Kind.REQUEST, f"{root}/refused", None, ("Refuse",)) in seen
    assert (Kind.REPLY, f"{root}/refused", Error.SESSION_MOVED, ()) in seen


def test_a_client_is_told_why_and_its_session_goes_on(
    proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str
) -> None:
    mine = kazoo.session_id
    proxy.arm(Rule(Kind.REQUEST, REFUSE, CREATES, f"{root}/"))
    with pytest.raises(SessionMovedError):
        kazoo.register(root)
    kazoo.register(root)
    assert len(children(witness, root)) == 1
    assert kazoo.session_id == mine


def test_what_keeps_a_session_is_not_refused(proxy: RegistryProxy, root: str) -> None:
    """A handshake or a ping: the client would be told of a registry that there is none like."""
    fault = proxy.arm(Rule(Kind.REQUEST, REFUSE, times=None))
    with Client(*proxy.endpoint) as client:
        assert client.connect().session_id
        assert client.ask(OpCode.PING).err is Error.OK
        assert fault.fired == 0
        assert client.ask(OpCode.GET_CHILDREN, GetChildrenRequest(root, watch=False)).err is Error.SESSION_MOVED
        proxy.heal()
        create(client, f"{root}/again")
