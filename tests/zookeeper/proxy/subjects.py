"""What tests of the proxy do with clients: kazoo's, as an implementation would use it, and a bare one."""

from __future__ import annotations

from typing import Any

from kazoo.client import KazooClient

from proctor.waiting import eventually
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, Error, OpCode
from proctor.zookeeper.protocol import (
    OPEN_ACL,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    ExistsRequest,
    GetChildrenRequest,
    GetChildrenResponse,
    GetDataRequest,
    GetDataResponse,
    SetDataRequest,
    StatResponse,
)

PATIENCE_S = 20.0  # a deadline against hanging, not a measure


class Subject:
    """A kazoo client that remembers its states."""

    def __init__(self, client: KazooClient) -> None:
        self.kazoo = client
        self.states: list[str] = []
        client.add_listener(self.states.append)

    @property
    def session_id(self) -> int:
        return int(self.kazoo.client_id[0])

    def start(self) -> None:
        self.kazoo.start(PATIENCE_S)

    def stop(self) -> None:
        self.kazoo.stop()
        self.kazoo.close()

    def register(self, root: str, data: bytes = b"") -> str:
        return str(self.kazoo.create(f"{root}/rpc", data, ephemeral=True, sequence=True))

    def wait_state(self, state: str, after: int = 0) -> None:
        """Wait until it has gone through a state, after so many states."""
        eventually(lambda: state in self.states[after:], PATIENCE_S, f"{state} among the states of kazoo")

    def wait_connected(self) -> None:
        eventually(lambda: self.kazoo.connected, PATIENCE_S, "kazoo to be connected")


def create(
    client: Client, path: str, data: bytes = b"", mode: CreateMode = CreateMode.PERSISTENT, xid: int | None = None
) -> str:
    reply = client.ask(OpCode.CREATE, CreateRequest(path, data, OPEN_ACL, mode), xid)
    assert isinstance(reply.body, CreateResponse), reply
    return reply.body.path


def delete(client: Client, path: str) -> None:
    client.call(OpCode.DELETE, DeleteRequest(path, -1))


def write(client: Client, path: str, data: bytes) -> None:
    client.call(OpCode.SET_DATA, SetDataRequest(path, data, -1))


def read(client: Client, path: str, *, watch: bool = False) -> GetDataResponse:
    body = client.call(OpCode.GET_DATA, GetDataRequest(path, watch))
    assert isinstance(body, GetDataResponse)
    return body


def children(client: Client, path: str, *, watch: bool = False) -> list[str]:
    body = client.call(OpCode.GET_CHILDREN, GetChildrenRequest(path, watch))
    assert isinstance(body, GetChildrenResponse)
    return sorted(body.children)


def owner(client: Client, path: str) -> int | None:
    """The session that a node belongs to; None if there is no node."""
    reply: Any = client.ask(OpCode.EXISTS, ExistsRequest(path, watch=False))
    assert reply.err in (Error.OK, Error.NO_NODE)
    return reply.body.stat.ephemeral_owner if isinstance(reply.body, StatResponse) else None


def stands(client: Client, path: str) -> bool:
    return owner(client, path) is not None
