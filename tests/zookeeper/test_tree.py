"""The tree: its rules where no server is needed to see them. That they are ZooKeeper's, the differential test shows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.zookeeper.codes import CreateMode, Error, EventType, KeeperError, OpCode
from proctor.zookeeper.protocol import ACL, ANYONE, OPEN_ACL, CreateRequest, CreateTTLRequest, Id
from proctor.zookeeper.tree import HELD_BYTES_MAX, Transaction, Tree, check_path

ANN = Id("digest", "ann:x")


def txn(zxid: int = 1, session: int = 5, ids: tuple[Id, ...] = ()) -> Transaction:
    return Transaction(zxid, 1000 * zxid, session, ids)


def create(tree: Tree, path: str, mode: int = CreateMode.PERSISTENT, by: Transaction | None = None) -> str:
    return tree.create(by or txn(), OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, mode))


def error(call: Callable[..., Any], *given: Any) -> Error:
    with pytest.raises(KeeperError) as caught:
        call(*given)
    return caught.value.code


@pytest.mark.parametrize("path", ["/", "/a", "/a/b", "/a.b", "/...", "/.a", "/a b", "/é", "/中"])
def test_a_path(path: str) -> None:
    check_path(path)


NO_PATHS = ["", "a", "a/b", "//", "/a/", "/a//b", "/.", "/..", "/a/./b", "/a/../b", "/a/..", "/\0", "/a\x1f"]
NO_PATHS += ["/\x7f", "/\x9f", "/\ud800", "/\uf8ff", "/\ufff0", "/\uffff", "/\N{GRINNING FACE}"]


@pytest.mark.parametrize("path", NO_PATHS, ids=ascii)
def test_no_path(path: str) -> None:
    assert error(check_path, path) == Error.BAD_ARGUMENTS


def test_sequence_numbers_count_every_creation_and_never_go_back() -> None:
    tree = Tree()
    create(tree, "/q")
    assert create(tree, "/q/n", CreateMode.PERSISTENT_SEQUENTIAL) == "/q/n0000000000"
    create(tree, "/q/other")
    tree.delete(txn(), "/q/other", -1)
    assert create(tree, "/q/m", CreateMode.EPHEMERAL_SEQUENTIAL) == "/q/m0000000002"
    assert create(tree, "/q/", CreateMode.PERSISTENT_SEQUENTIAL) == "/q/0000000003"


def test_ephemerals_have_no_children_and_go_with_their_session() -> None:
    tree = Tree()
    create(tree, "/kept")
    create(tree, "/own", CreateMode.EPHEMERAL)
    assert error(create, tree, "/own/child") == Error.NO_CHILDREN_FOR_EPHEMERALS
    ending = txn(9)
    tree.end_session(ending, 5)
    assert "/own" not in tree.nodes
    assert "/kept" in tree.nodes
    assert [(change.event, change.path) for change in ending.changes] == [(EventType.NODE_DELETED, "/own")]
    assert tree.nodes["/"].pzxid == 9


def test_versions_are_checked_and_minus_one_fits_any() -> None:
    tree = Tree()
    create(tree, "/a")
    assert tree.set_data(txn(), "/a", b"1", 0).version == 1
    assert error(tree.set_data, txn(), "/a", b"2", 0) == Error.BAD_VERSION
    assert tree.set_data(txn(), "/a", b"2", -1).version == 2
    assert error(tree.delete, txn(), "/a", 1) == Error.BAD_VERSION
    assert error(tree.check, txn(), "/a", 1) == Error.BAD_VERSION
    tree.check(txn(), "/a", 2)


def test_the_servers_own_paths_are_not_deleted() -> None:
    for path in ("/", "/zookeeper", "/zookeeper/config", "/zookeeper/quota"):
        assert error(Tree().delete, txn(), path, -1) == Error.BAD_ARGUMENTS


def test_a_right_is_needed_for_each_thing_done() -> None:
    tree = Tree()
    create(tree, "/a")
    tree.set_acl(txn(ids=(ANN,)), "/a", (ACL(31, Id("auth", "")), ACL(1, ANYONE)), -1)
    assert error(create, tree, "/a/b") == Error.NO_AUTH
    assert error(tree.set_data, txn(), "/a", b"", -1) == Error.NO_AUTH
    assert error(tree.set_acl, txn(), "/a", OPEN_ACL, -1) == Error.NO_AUTH
    tree.check(txn(), "/a", -1)
    create(tree, "/a/b", by=txn(ids=(ANN,)))
    assert error(tree.delete, txn(), "/a/b", -1) == Error.NO_AUTH


def test_containers_pass_once_emptied_and_ttl_nodes_once_old() -> None:
    tree = Tree()
    tree.create(txn(), OpCode.CREATE_CONTAINER, CreateRequest("/c", b"", OPEN_ACL, CreateMode.CONTAINER))
    old = CreateTTLRequest("/t", b"", OPEN_ACL, CreateMode.PERSISTENT_WITH_TTL, 500)
    tree.create(txn(), OpCode.CREATE_TTL, old)
    assert list(tree.passed(1500)) == []
    assert list(tree.passed(1501)) == ["/t"]
    create(tree, "/c/x")
    create(tree, "/t/x")
    assert list(tree.passed(9999)) == []
    tree.delete(txn(), "/c/x", -1)
    assert list(tree.passed(1000)) == ["/c"]


@pytest.mark.parametrize(("flags", "ttl"), [(5, 0), (5, -1), (6, 1 << 40), (0, 5), (1, 5), (7, 5)])
def test_a_time_to_live_that_does_not_fit_is_refused(flags: int, ttl: int) -> None:
    asked = CreateTTLRequest("/t", b"", OPEN_ACL, flags, ttl)
    assert error(Tree().create, txn(), OpCode.CREATE_TTL, asked) == Error.BAD_ARGUMENTS


names = st.sampled_from(["/a", "/b", "/a/b", "/a/b/c"])
writes = st.one_of(
    st.tuples(st.just("create"), names, st.sampled_from([0, 1, 2, 3])),
    st.tuples(st.just("delete"), names, st.just(-1)),
    st.tuples(st.just("set"), names, st.just(-1)),
)


def do(tree: Tree, by: Transaction, write: tuple[str, str, int]) -> None:
    what, path, flags = write
    with suppress(KeeperError):
        if what == "create":
            create(tree, path, flags, by)
        elif what == "delete":
            tree.delete(by, path, flags)
        else:
            tree.set_data(by, path, b"new", flags)


def picture(tree: Tree) -> dict[str, Any]:
    return {
        "nodes": {path: (node.stat(), node.data, sorted(node.children)) for path, node in tree.nodes.items()},
        "ephemerals": {session: sorted(paths) for session, paths in tree.ephemerals.items() if paths},
        "passing": sorted(tree.passing),
    }


@given(st.lists(writes, max_size=8), st.lists(writes, max_size=8))
def test_what_is_rolled_back_leaves_no_trace(
    before: list[tuple[str, str, int]], undone: list[tuple[str, str, int]]
) -> None:
    """A multi that fails at its last operation must not have changed a number in any stat."""
    tree = Tree()
    for write in before:
        do(tree, txn(2), write)
    as_it_was = picture(tree)
    failing = txn(3)
    for write in undone:
        do(tree, failing, write)
    failing.roll_back()
    assert picture(tree) == as_it_was
    assert failing.changes == []


def test_a_tree_that_is_full_refuses_until_there_is_room_again() -> None:
    """It lives in the memory of whoever examines a server that registers without end."""
    tree, data = Tree(), bytes(HELD_BYTES_MAX // 3)
    for path in ("/a", "/b"):
        tree.create(txn(), OpCode.CREATE, CreateRequest(path, data, OPEN_ACL, CreateMode.PERSISTENT))
    create(tree, "/c")
    assert error(tree.set_data, txn(), "/c", data, -1) is Error.QUOTA_EXCEEDED
    assert tree.find("/c").data == b""
    full = CreateRequest("/d", data, OPEN_ACL, CreateMode.PERSISTENT)
    assert error(tree.create, txn(), OpCode.CREATE, full) is Error.QUOTA_EXCEEDED
    tree.set_data(txn(), "/a", b"", -1)
    undone = txn()
    tree.create(undone, OpCode.CREATE, full)
    undone.roll_back()
    tree.create(txn(), OpCode.CREATE, full)
    tree.delete(txn(), "/b", -1)
    tree.set_data(txn(), "/c", data, -1)
