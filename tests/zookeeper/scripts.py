"""What the two registries are asked alike: scripts of steps, drawn at random as pure data.

Steps come in scenes, in orders in which they have to do with each other: watches before changes, rights before those
who may lack them. A scene has a path that it is about, which "*" stands for while it is drawn.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from proctor.zookeeper.acl import digest
from proctor.zookeeper.codes import CreateMode, OpCode
from proctor.zookeeper.jute import Record
from proctor.zookeeper.protocol import (
    ACL,
    ANYONE,
    OPEN_ACL,
    AddWatchRequest,
    AuthPacket,
    CheckVersionRequest,
    CheckWatchesRequest,
    CreateRequest,
    CreateTTLRequest,
    DeleteRequest,
    Empty,
    ExistsRequest,
    GetACLRequest,
    GetAllChildrenNumberRequest,
    GetChildren2Request,
    GetChildrenRequest,
    GetDataRequest,
    GetEphemeralsRequest,
    Id,
    MultiRequest,
    Op,
    RemoveWatchesRequest,
    SetACLRequest,
    SetDataRequest,
    SetWatches,
    SetWatches2,
    SyncRequest,
)
from tests.zookeeper.twins import CLIENTS, Ask, Cut, Reconnect, Step, Unknown, with_paths

USERS = [b"ann:secret", b"bob:secret", b"nobody"]
IDS = [
    ANYONE,
    Id("auth", ""),
    Id("digest", digest(USERS[0])),
    Id("digest", digest(USERS[1])),
    Id("ip", "127.0.0.1"),
    Id("ip", "127.0.0.0/8"),
    Id("ip", "10.0.0.0/8"),
]
WRONG_IDS = [
    Id("world", "everyone"),
    Id("digest", "no-colon"),
    Id("digest", ":"),
    Id("digest", "a:b:"),
    Id("ip", "1.2.3"),
    Id("ip", "1.2.3.4/33"),
    Id("x509", "CN=x"),
    Id("", ""),
]
USEFUL_ACLS = [  # that let some do some of it
    (ACL(31, Id("auth", "")),),
    (ACL(31, Id("digest", digest(USERS[0]))), ACL(1, ANYONE)),
    (ACL(31, Id("auth", "")), ACL(1, Id("ip", "127.0.0.1"))),
    (ACL(31, Id("digest", digest(USERS[1]))), ACL(4, ANYONE)),
    (ACL(30, ANYONE), ACL(1, Id("digest", digest(USERS[0])))),
]
WRONG_PATHS = [
    "!",
    "!x",
    "!/",
    "!//",
    "/a/",
    "/a//b",
    "/./a",
    "/a/..",
    "/...",
    "/a\0",
    "/\x7f",
    "/\ud7ff",
    "/\uf000",
]
OWN_PATHS = ["!/zookeeper", "!/zookeeper/config", "!/zookeeper/quota"]  # only to be read, and not to be deleted


def mostly(usual: st.SearchStrategy[Any], unusual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What goes through, so that there is something to see; now and then what is refused."""
    return st.integers(0, 9).flatmap(lambda draw: unusual if draw == 9 else usual)


who = st.integers(0, CLIENTS - 1)
PATHS = ["/a", "/a/b", "/a/b/c", "/é", ""]
paths = st.sampled_from([*["*"] * 5, *PATHS])
any_path = mostly(paths, st.sampled_from(WRONG_PATHS))
read_path = mostly(any_path, st.sampled_from(OWN_PATHS))
data = st.sampled_from([None, b"", b"x", b"data"])
versions = mostly(st.just(-1), st.sampled_from([0, 1, 2, -2]))
perms = mostly(st.sampled_from([31, 31, 1, 2, 4, 8, 16]), st.sampled_from([0, 15, 32, -1]))
entries = st.builds(ACL, perms, mostly(st.sampled_from(IDS), st.sampled_from(WRONG_IDS)))
some_acl = st.one_of(st.sampled_from(USEFUL_ACLS), st.lists(entries, max_size=3).map(tuple))
acls = mostly(st.just(OPEN_ACL), some_acl)
flags = mostly(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4]), st.sampled_from([5, 6, 7, -1]))
ttls = mostly(st.just(1_000_000_000), st.sampled_from([1 << 40, (1 << 40) - 1, 0, -5]))
some_paths = st.lists(any_path, max_size=3).map(tuple)
since = st.integers(-1, 30)

create = st.builds(CreateRequest, any_path, data, acls, flags)
create_ttl = st.builds(
    CreateTTLRequest, any_path, data, acls, st.sampled_from([5, 5, 6]), ttls
)  # with another flag and ttl -1, Apache ZooKeeper 3.8 ends itself
delete = st.builds(DeleteRequest, mostly(any_path, st.sampled_from(OWN_PATHS)), versions)
set_data = st.builds(SetDataRequest, any_path, data, versions)
check = st.builds(CheckVersionRequest, any_path, versions)
get_data = st.builds(GetDataRequest, read_path, st.booleans())
get_children = st.builds(GetChildrenRequest, read_path, st.booleans())


def ops(*kinds: tuple[OpCode, st.SearchStrategy[Record]]) -> st.SearchStrategy[tuple[Op, ...]]:
    one = st.one_of(*[st.builds(Op, st.just(op), body) for op, body in kinds])
    return st.lists(one, max_size=4).map(tuple)


creates = [(OpCode.CREATE, create), (OpCode.CREATE2, create), (OpCode.CREATE_TTL, create_ttl)]
changes = [*creates, (OpCode.DELETE, delete), (OpCode.SET_DATA, set_data)]
in_multi = mostly(
    ops(*changes, (OpCode.CHECK, check)), ops(*changes, (OpCode.CREATE_CONTAINER, create), (OpCode.GET_DATA, get_data))
)
reads = [(OpCode.GET_DATA, get_data), (OpCode.GET_CHILDREN, get_children)]
in_multi_read = mostly(ops(*reads), ops(*reads, (OpCode.DELETE, delete)))

# No lone check: one that succeeds gets no reply from Apache ZooKeeper 3.8 with its default connection factory, and ends
# the server with its Netty one. No client asks for it outside a multi.
BODIES: dict[OpCode, st.SearchStrategy[Record]] = {
    OpCode.CREATE: create,
    OpCode.CREATE2: create,
    OpCode.CREATE_CONTAINER: create,
    OpCode.CREATE_TTL: create_ttl,
    OpCode.DELETE: delete,
    OpCode.EXISTS: st.builds(ExistsRequest, read_path, st.booleans()),
    OpCode.GET_DATA: get_data,
    OpCode.SET_DATA: set_data,
    OpCode.GET_ACL: st.builds(GetACLRequest, read_path),
    OpCode.SET_ACL: st.builds(SetACLRequest, any_path, some_acl, versions),
    OpCode.GET_CHILDREN: get_children,
    OpCode.GET_CHILDREN2: st.builds(GetChildren2Request, read_path, st.booleans()),
    OpCode.SYNC: st.builds(SyncRequest, any_path),
    OpCode.MULTI: st.builds(MultiRequest, in_multi),
    OpCode.MULTI_READ: st.builds(MultiRequest, in_multi_read),
    OpCode.AUTH: st.builds(
        AuthPacket,
        st.just(0),
        mostly(st.just("digest"), st.sampled_from(["ip", "world", "nope"])),
        mostly(st.sampled_from(USERS), st.none()),
    ),
    OpCode.SET_WATCHES: st.builds(SetWatches, since, some_paths, some_paths, some_paths),
    OpCode.SET_WATCHES2: st.builds(SetWatches2, since, some_paths, some_paths, some_paths, some_paths, some_paths),
    OpCode.ADD_WATCH: st.builds(AddWatchRequest, any_path, mostly(st.sampled_from([0, 1]), st.sampled_from([2, -1]))),
    OpCode.REMOVE_WATCHES: st.builds(RemoveWatchesRequest, paths, mostly(st.sampled_from([1, 2, 3]), st.just(4))),
    OpCode.CHECK_WATCHES: st.builds(CheckWatchesRequest, paths, mostly(st.sampled_from([1, 2, 3]), st.just(4))),
    OpCode.GET_EPHEMERALS: st.builds(GetEphemeralsRequest, st.sampled_from(["", "/a", "!/", "!", "!  ", "/nothing"])),
    OpCode.GET_ALL_CHILDREN_NUMBER: st.builds(GetAllChildrenNumberRequest, paths),
    OpCode.WHO_AM_I: st.just(Empty()),
    OpCode.DELETE_CONTAINER: st.just(Empty()),
    OpCode.CLOSE_SESSION: st.just(Empty()),
}


def asks(*opcodes: OpCode) -> st.SearchStrategy[Step]:
    return st.one_of(*[st.builds(Ask, who, st.just(op), BODIES[op]) for op in opcodes])


def cuts(op: OpCode) -> st.SearchStrategy[Step]:
    return st.builds(Cut, who, st.just(op), BODIES[op], st.integers(0, 40))


def several(step: st.SearchStrategy[Step], at_most: int = 4) -> st.SearchStrategy[list[Step]]:
    return st.lists(step, min_size=1, max_size=at_most)


watching = asks(OpCode.EXISTS, OpCode.GET_DATA, OpCode.GET_CHILDREN, OpCode.ADD_WATCH, OpCode.ADD_WATCH)
changing = asks(OpCode.CREATE, OpCode.CREATE, OpCode.SET_DATA, OpCode.DELETE, OpCode.MULTI)
guarding = asks(OpCode.AUTH, OpCode.SET_ACL, OpCode.GET_ACL)
resuming = st.builds(Reconnect, who, st.booleans())
rewatching = asks(OpCode.SET_WATCHES, OpCode.SET_WATCHES2)
unusual = st.one_of(
    st.sampled_from(sorted(set(BODIES) - {OpCode.CREATE_TTL})).flatmap(cuts),
    st.builds(Unknown, who, st.sampled_from([0, 10, 23, 99, 108, 2**31 - 1, -1])),
    resuming,
    asks(OpCode.CLOSE_SESSION),
)


def joined(*scenes: st.SearchStrategy[list[Step]]) -> st.SearchStrategy[list[Step]]:
    return st.tuples(*scenes).map(lambda parts: [step for part in parts for step in part])


def about(focus: str, steps: list[Step]) -> list[Step]:
    """A scene's steps with its own path for "*"."""

    def named(path: str) -> str:
        return focus if path == "*" else path

    return [replace(step, body=with_paths(step.body, named)) if isinstance(step, Ask | Cut) else step for step in steps]


scene = st.builds(
    about,
    st.sampled_from(PATHS),
    st.one_of(
        joined(several(watching), several(changing)),
        joined(several(guarding), several(watching), several(changing)),
        joined(several(asks(OpCode.SET_ACL), 1), several(asks(OpCode.GET_ACL))),
        joined(several(watching), several(guarding), several(changing), several(guarding)),
        joined(several(changing), several(resuming, 1), several(rewatching, 2), several(changing)),
        several(asks(*BODIES), 6),
        several(unusual, 1),
    ),
)
BEGINNING: list[Step] = [
    *[Ask(client, OpCode.AUTH, AuthPacket(0, "digest", user)) for client, user in enumerate(USERS[:2])],
    Ask(0, OpCode.CREATE, CreateRequest("/a", b"", OPEN_ACL, CreateMode.PERSISTENT)),
    Ask(1, OpCode.CREATE, CreateRequest("/a/b", b"", OPEN_ACL, CreateMode.PERSISTENT)),
]
scripts = st.lists(scene, min_size=1, max_size=8).map(lambda scenes: [*BEGINNING, *itertools.chain(*scenes)])
