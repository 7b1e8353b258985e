"""The embedded registry against Apache ZooKeeper: the same random operations, the same answers.

Apache ZooKeeper is right by definition. Each example is a list of steps drawn up front, taken on both; the first step
after which any client saw anything else fails it. `PROCTOR_DIFFERENTIAL=5000` runs that many examples.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from proctor.loop import LoopThread
from proctor.zookeeper.acl import digest
from proctor.zookeeper.apache import ApacheRegistry
from proctor.zookeeper.codes import CreateMode, OpCode
from proctor.zookeeper.embedded import EmbeddedRegistry
from proctor.zookeeper.jute import Record
from proctor.zookeeper.keeper import Settings
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
from proctor.zookeeper.registry import Registry, RegistryUnavailable
from tests.zookeeper.twins import CLIENTS, Ask, Cut, Reconnect, Step, Twin, Unknown

EXAMPLES = int(os.environ.get("PROCTOR_DIFFERENTIAL", "250"))
TICK_MS = 10_000_000  # nothing expires and nothing is collected by itself while the two are compared

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

who = st.integers(0, CLIENTS - 1)
paths = st.sampled_from(["/a", "/b", "/a/b", "/a/b/c", "", "/a/é", "/b/b"])
any_path = st.one_of(paths, paths, paths, st.sampled_from(WRONG_PATHS))
read_path = st.one_of(any_path, any_path, st.sampled_from(OWN_PATHS))
data = st.sampled_from([None, b"", b"x", b"data"])
versions = st.sampled_from([-1, -1, -1, 0, 1, 2, -2])
perms = st.sampled_from([31, 31, 1, 2, 4, 8, 16, 0, 15, 32, -1])
entries = st.builds(ACL, perms, st.one_of(*[st.sampled_from(IDS)] * 4, st.sampled_from(WRONG_IDS)))
acls = st.one_of(*[st.just(OPEN_ACL)] * 4, st.lists(entries, max_size=3).map(tuple))
flags = st.sampled_from([*list(CreateMode), *[CreateMode.PERSISTENT] * 4, *[CreateMode.EPHEMERAL] * 3, 7, -1])
ttls = st.sampled_from([1_000_000_000, 1, 0, -5, 1 << 40, (1 << 40) - 1])
some_paths = st.lists(any_path, max_size=3).map(tuple)
since = st.integers(-1, 12)

create = st.builds(CreateRequest, any_path, data, acls, flags)
create_ttl = st.builds(
    CreateTTLRequest, any_path, data, acls, st.sampled_from([5, 5, 6]), ttls
)  # with another flag and ttl -1, Apache ZooKeeper 3.8 ends itself
delete = st.builds(DeleteRequest, st.one_of(any_path, st.sampled_from(OWN_PATHS)), versions)
set_data = st.builds(SetDataRequest, any_path, data, versions)
check = st.builds(CheckVersionRequest, any_path, versions)
get_data = st.builds(GetDataRequest, read_path, st.booleans())
get_children = st.builds(GetChildrenRequest, read_path, st.booleans())

in_multi = st.one_of(
    st.tuples(st.sampled_from([OpCode.CREATE, OpCode.CREATE2, OpCode.CREATE_CONTAINER]), create),
    st.tuples(st.sampled_from([OpCode.CREATE, OpCode.CREATE2]), create),
    st.tuples(st.just(OpCode.CREATE_TTL), create_ttl),
    st.tuples(st.just(OpCode.DELETE), delete),
    st.tuples(st.just(OpCode.DELETE), delete),
    st.tuples(st.just(OpCode.SET_DATA), set_data),
    st.tuples(st.just(OpCode.CHECK), check),
    st.tuples(st.just(OpCode.GET_DATA), get_data),
).map(lambda pair: Op(*pair))
in_multi_read = st.one_of(
    st.tuples(st.just(OpCode.GET_DATA), get_data),
    st.tuples(st.just(OpCode.GET_CHILDREN), get_children),
    st.tuples(st.just(OpCode.GET_CHILDREN), get_children),
    st.tuples(st.just(OpCode.DELETE), delete),
).map(lambda pair: Op(*pair))

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
    OpCode.SET_ACL: st.builds(SetACLRequest, any_path, acls, versions),
    OpCode.GET_CHILDREN: get_children,
    OpCode.GET_CHILDREN2: st.builds(GetChildren2Request, read_path, st.booleans()),
    OpCode.SYNC: st.builds(SyncRequest, any_path),
    OpCode.CHECK: check,
    OpCode.MULTI: st.builds(MultiRequest, st.lists(in_multi, max_size=4).map(tuple)),
    OpCode.MULTI_READ: st.builds(MultiRequest, st.lists(in_multi_read, max_size=3).map(tuple)),
    OpCode.AUTH: st.builds(
        AuthPacket,
        st.just(0),
        st.sampled_from(["digest", "digest", "digest", "digest", "ip", "world", "nope"]),
        st.sampled_from([*USERS, *USERS, None]),
    ),
    OpCode.SET_WATCHES: st.builds(SetWatches, since, some_paths, some_paths, some_paths),
    OpCode.SET_WATCHES2: st.builds(SetWatches2, since, some_paths, some_paths, some_paths, some_paths, some_paths),
    OpCode.ADD_WATCH: st.builds(AddWatchRequest, any_path, st.sampled_from([0, 1, 1, 2, -1])),
    OpCode.REMOVE_WATCHES: st.builds(RemoveWatchesRequest, paths, st.sampled_from([1, 2, 3, 3, 4])),
    OpCode.CHECK_WATCHES: st.builds(CheckWatchesRequest, paths, st.sampled_from([1, 2, 3, 3, 4])),
    OpCode.GET_EPHEMERALS: st.builds(GetEphemeralsRequest, st.sampled_from(["", "/a", "!/", "!", "!  ", "/nothing"])),
    OpCode.GET_ALL_CHILDREN_NUMBER: st.builds(GetAllChildrenNumberRequest, paths),
    OpCode.WHO_AM_I: st.just(Empty()),
    OpCode.DELETE_CONTAINER: st.just(Empty()),
    OpCode.CLOSE_SESSION: st.just(Empty()),
}


def asks(op: OpCode) -> st.SearchStrategy[Step]:
    return st.builds(Ask, who, st.just(op), BODIES[op])


def cuts(op: OpCode) -> st.SearchStrategy[Step]:
    return st.builds(Cut, who, st.just(op), BODIES[op], st.integers(0, 40))


# What changes the tree and what watches it comes most often; what ends a connection, rarely.
OFTEN = [OpCode.CREATE, OpCode.CREATE2, OpCode.DELETE, OpCode.SET_DATA, OpCode.MULTI]
OFTEN += [OpCode.EXISTS, OpCode.GET_DATA, OpCode.GET_CHILDREN, OpCode.ADD_WATCH, OpCode.SET_WATCHES2]
CUTTABLE = [op for op in BODIES if op != OpCode.CREATE_TTL]
steps = st.one_of(
    *[asks(op) for op in OFTEN] * 3,
    *[asks(op) for op in BODIES],
    st.sampled_from(CUTTABLE).flatmap(cuts),
    st.builds(Unknown, who, st.sampled_from([0, 10, 23, 99, 108, 2**31 - 1, -1])),
    st.builds(Reconnect, who, st.booleans()),
)


@pytest.fixture(scope="module")
def pair(loop: LoopThread) -> Iterator[tuple[Registry, Registry]]:
    try:
        apache = ApacheRegistry(TICK_MS)
    except RegistryUnavailable as missing:
        pytest.skip(str(missing))
    with apache, EmbeddedRegistry(loop, Settings(TICK_MS)) as embedded:
        yield embedded, apache


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """A root of its own for each example."""
    return itertools.count()


@given(st.lists(steps, min_size=1, max_size=25))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
def test_both_registries_answer_alike(
    pair: tuple[Registry, Registry], numbers: Iterator[int], script: list[Step]
) -> None:
    number = next(numbers)
    ours, theirs = (Twin(registry, number) for registry in pair)
    try:
        for place, step in enumerate(script):
            told, expected = ours.take(step), theirs.take(step)
            assert told == expected, f"after step {place}, {step}"
    finally:
        ours.close()
        theirs.close()
