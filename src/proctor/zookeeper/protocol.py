"""ZooKeeper's client protocol as data: the records that travel, and which belongs to which opcode.

A connection starts with a ConnectRequest in a frame and is answered with a ConnectResponse. After that each request is
a RequestHeader and the body that `REQUESTS` names for its opcode; each reply a ReplyHeader and, when its `err` is 0,
the body that `REPLIES` names. Replies leave in the order of the requests. A watch event is a reply header with xid
`Xid.NOTIFICATION` and a WatcherEvent. Source: zookeeper.jute of Apache ZooKeeper 3.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from proctor.zookeeper.codes import OpCode, Perms
from proctor.zookeeper.jute import Bool, Buffer, Int, Long, Malformed, OptionalBool, Record, UString


class Id(Record, frozen=True):
    scheme: UString
    id: UString


class ACL(Record, frozen=True):
    perms: Int
    id: Id


ANYONE = Id("world", "anyone")
OPEN_ACL = (ACL(Perms.ALL, ANYONE),)


class Stat(Record, frozen=True):
    """Times are milliseconds since 1970; zxids number the transactions of the registry."""

    czxid: Long
    mzxid: Long
    ctime: Long
    mtime: Long
    version: Int
    cversion: Int
    aversion: Int
    ephemeral_owner: Long
    data_length: Int
    num_children: Int
    pzxid: Long


class Empty(Record, frozen=True):
    """The body of what carries nothing but its header."""


class ConnectRequest(Record, frozen=True):
    """First frame of a connection. `timeout` in milliseconds; session 0 asks for a new one."""

    protocol_version: Int
    last_zxid_seen: Long
    timeout: Int
    session_id: Long
    password: Buffer
    read_only: OptionalBool = None


class ConnectResponse(Record, frozen=True):
    """`timeout` is the negotiated one; timeout 0 and session 0 say that the session asked for is gone."""

    protocol_version: Int
    timeout: Int
    session_id: Long
    password: Buffer
    read_only: OptionalBool = None


class RequestHeader(Record, frozen=True):
    xid: Int
    type: Int


class ReplyHeader(Record, frozen=True):
    xid: Int
    zxid: Long
    err: Int


class WatcherEvent(Record, frozen=True):
    type: Int
    state: Int
    path: UString


class PathRequest(Record, frozen=True):
    path: UString


class PathWatchRequest(Record, frozen=True):
    path: UString
    watch: Bool


class PathVersionRequest(Record, frozen=True):
    """Version -1 matches any."""

    path: UString
    version: Int


class PathTypeRequest(Record, frozen=True):
    path: UString
    type: Int


class CreateRequest(Record, frozen=True):
    """Also of create2 and createContainer."""

    path: UString
    data: Buffer
    acl: tuple[ACL, ...]
    flags: Int


class CreateTTLRequest(Record, frozen=True):
    """`ttl` in milliseconds."""

    path: UString
    data: Buffer
    acl: tuple[ACL, ...]
    flags: Int
    ttl: Long


class DeleteRequest(PathVersionRequest, frozen=True):
    pass


class CheckVersionRequest(PathVersionRequest, frozen=True):
    pass


class ExistsRequest(PathWatchRequest, frozen=True):
    pass


class GetDataRequest(PathWatchRequest, frozen=True):
    pass


class GetChildrenRequest(PathWatchRequest, frozen=True):
    pass


class GetChildren2Request(PathWatchRequest, frozen=True):
    pass


class SetDataRequest(Record, frozen=True):
    path: UString
    data: Buffer
    version: Int


class GetACLRequest(PathRequest, frozen=True):
    pass


class SetACLRequest(Record, frozen=True):
    path: UString
    acl: tuple[ACL, ...]
    version: Int


class SyncRequest(PathRequest, frozen=True):
    pass


class AuthPacket(Record, frozen=True):
    type: Int
    scheme: UString
    auth: Buffer


class SetWatches(Record, frozen=True):
    """Re-arms one-shot watches after a reconnect: what changed since `relative_zxid` is told at once."""

    relative_zxid: Long
    data_watches: tuple[UString, ...]
    exist_watches: tuple[UString, ...]
    child_watches: tuple[UString, ...]


class SetWatches2(Record, frozen=True):
    relative_zxid: Long
    data_watches: tuple[UString, ...]
    exist_watches: tuple[UString, ...]
    child_watches: tuple[UString, ...]
    persistent_watches: tuple[UString, ...]
    persistent_recursive_watches: tuple[UString, ...]


class AddWatchRequest(Record, frozen=True):
    path: UString
    mode: Int


class RemoveWatchesRequest(PathTypeRequest, frozen=True):
    pass


class CheckWatchesRequest(PathTypeRequest, frozen=True):
    pass


class GetEphemeralsRequest(Record, frozen=True):
    prefix_path: UString


class GetAllChildrenNumberRequest(PathRequest, frozen=True):
    pass


class SASLRequest(Record, frozen=True):
    token: Buffer


class ReconfigRequest(Record, frozen=True):
    joining_servers: UString
    leaving_servers: UString
    new_members: UString
    cur_config_id: Long


class CreateResponse(Record, frozen=True):
    path: UString


class Create2Response(Record, frozen=True):
    path: UString
    stat: Stat


class StatResponse(Record, frozen=True):
    """Of exists, setData and setACL."""

    stat: Stat


class GetDataResponse(Record, frozen=True):
    data: Buffer
    stat: Stat


class GetChildrenResponse(Record, frozen=True):
    children: tuple[UString, ...]


class GetChildren2Response(Record, frozen=True):
    children: tuple[UString, ...]
    stat: Stat


class GetACLResponse(Record, frozen=True):
    acl: tuple[ACL, ...]
    stat: Stat


class SyncResponse(Record, frozen=True):
    path: UString


class ErrorResponse(Record, frozen=True):
    err: Int


class GetEphemeralsResponse(Record, frozen=True):
    ephemerals: tuple[UString, ...]


class GetAllChildrenNumberResponse(Record, frozen=True):
    total_number: Int


class ClientInfo(Record, frozen=True):
    auth_scheme: UString
    user: UString


class WhoAmIResponse(Record, frozen=True):
    client_info: tuple[ClientInfo, ...]


class MultiHeader(Record, frozen=True):
    """Before each operation and each result of a multi; the last one is `MULTI_END`."""

    type: Int
    done: Bool
    err: Int


MULTI_END = MultiHeader(-1, done=True, err=-1)

MULTI_REQUESTS: Mapping[int, type[Record]] = {
    OpCode.CREATE: CreateRequest,
    OpCode.CREATE2: CreateRequest,
    OpCode.CREATE_CONTAINER: CreateRequest,
    OpCode.CREATE_TTL: CreateTTLRequest,
    OpCode.DELETE: DeleteRequest,
    OpCode.SET_DATA: SetDataRequest,
    OpCode.CHECK: CheckVersionRequest,
    OpCode.GET_CHILDREN: GetChildrenRequest,
    OpCode.GET_DATA: GetDataRequest,
}

MULTI_RESPONSES: Mapping[int, type[Record]] = {
    OpCode.CREATE: CreateResponse,
    OpCode.CREATE2: Create2Response,
    OpCode.CREATE_CONTAINER: Create2Response,
    OpCode.CREATE_TTL: Create2Response,
    OpCode.DELETE: Empty,
    OpCode.SET_DATA: StatResponse,
    OpCode.CHECK: Empty,
    OpCode.GET_CHILDREN: GetChildrenResponse,
    OpCode.GET_DATA: GetDataResponse,
    OpCode.ERROR: ErrorResponse,
}


class Op(Record, frozen=True):
    """One operation of a multi, or one result of it: an opcode and the body that belongs to it."""

    type: Int
    body: Any


class OpsCodec:
    """The operations (or results) of a multi, each after its header, until a header that says done."""

    def __init__(self, bodies: Mapping[int, type[Record]], header_err: int | None) -> None:
        self._bodies = bodies
        self._header_err = header_err  # what the header says; None: the error that the body says

    def read(self, data: bytes, at: int) -> tuple[tuple[Op, ...], int]:
        ops = []
        header, at = MultiHeader.read(data, at)
        while not header.done:
            kind = self._bodies.get(header.type)
            if kind is None:
                raise Malformed(f"no operation {header.type} in a multi")
            body, at = kind.read(data, at)
            ops.append(Op(header.type, body))
            header, at = MultiHeader.read(data, at)
        return tuple(ops), at

    def write(self, ops: tuple[Op, ...], out: bytearray) -> None:
        for op in ops:
            err = self._header_err
            if err is None:
                err = op.body.err if op.type == OpCode.ERROR else 0
            MultiHeader(op.type, done=False, err=err).write(out)
            op.body.write(out)
        MULTI_END.write(out)


class MultiRequest(Record, frozen=True):
    """Also of multiRead, which carries getData and getChildren only."""

    ops: Annotated[tuple[Op, ...], OpsCodec(MULTI_REQUESTS, header_err=-1)]


class MultiResponse(Record, frozen=True):
    """One result for each operation; a failed one is OpCode.ERROR with an ErrorResponse."""

    results: Annotated[tuple[Op, ...], OpsCodec(MULTI_RESPONSES, header_err=None)]


REQUESTS: Mapping[int, type[Record]] = {
    OpCode.CREATE: CreateRequest,
    OpCode.DELETE: DeleteRequest,
    OpCode.EXISTS: ExistsRequest,
    OpCode.GET_DATA: GetDataRequest,
    OpCode.SET_DATA: SetDataRequest,
    OpCode.GET_ACL: GetACLRequest,
    OpCode.SET_ACL: SetACLRequest,
    OpCode.GET_CHILDREN: GetChildrenRequest,
    OpCode.SYNC: SyncRequest,
    OpCode.PING: Empty,
    OpCode.GET_CHILDREN2: GetChildren2Request,
    OpCode.CHECK: CheckVersionRequest,
    OpCode.MULTI: MultiRequest,
    OpCode.CREATE2: CreateRequest,
    OpCode.RECONFIG: ReconfigRequest,
    OpCode.CHECK_WATCHES: CheckWatchesRequest,
    OpCode.REMOVE_WATCHES: RemoveWatchesRequest,
    OpCode.CREATE_CONTAINER: CreateRequest,
    OpCode.DELETE_CONTAINER: Empty,
    OpCode.CREATE_TTL: CreateTTLRequest,
    OpCode.MULTI_READ: MultiRequest,
    OpCode.AUTH: AuthPacket,
    OpCode.SET_WATCHES: SetWatches,
    OpCode.SASL: SASLRequest,
    OpCode.GET_EPHEMERALS: GetEphemeralsRequest,
    OpCode.GET_ALL_CHILDREN_NUMBER: GetAllChildrenNumberRequest,
    OpCode.SET_WATCHES2: SetWatches2,
    OpCode.ADD_WATCH: AddWatchRequest,
    OpCode.WHO_AM_I: Empty,
    OpCode.CLOSE_SESSION: Empty,
}
"""The body of a request, by its opcode."""

REPLIES: Mapping[int, type[Record]] = {
    OpCode.CREATE: CreateResponse,
    OpCode.DELETE: Empty,
    OpCode.EXISTS: StatResponse,
    OpCode.GET_DATA: GetDataResponse,
    OpCode.SET_DATA: StatResponse,
    OpCode.GET_ACL: GetACLResponse,
    OpCode.SET_ACL: StatResponse,
    OpCode.GET_CHILDREN: GetChildrenResponse,
    OpCode.SYNC: SyncResponse,
    OpCode.PING: Empty,
    OpCode.GET_CHILDREN2: GetChildren2Response,
    OpCode.CHECK: Empty,
    OpCode.MULTI: MultiResponse,
    OpCode.CREATE2: Create2Response,
    OpCode.CHECK_WATCHES: Empty,
    OpCode.REMOVE_WATCHES: Empty,
    OpCode.CREATE_CONTAINER: Create2Response,
    OpCode.DELETE_CONTAINER: Empty,
    OpCode.CREATE_TTL: Create2Response,
    OpCode.MULTI_READ: MultiResponse,
    OpCode.AUTH: Empty,
    OpCode.SET_WATCHES: Empty,
    OpCode.GET_EPHEMERALS: GetEphemeralsResponse,
    OpCode.GET_ALL_CHILDREN_NUMBER: GetAllChildrenNumberResponse,
    OpCode.SET_WATCHES2: Empty,
    OpCode.ADD_WATCH: ErrorResponse,
    OpCode.WHO_AM_I: WhoAmIResponse,
    OpCode.CLOSE_SESSION: Empty,
}
"""The body of a reply without error, by the opcode of its request."""
