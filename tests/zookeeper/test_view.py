"""The kit's view of the tree, on both registries and through their faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from kazoo.exceptions import NodeExistsError, NoNodeError

from proctor.loop import LoopThread
from proctor.zookeeper import view as view_module
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import OpCode
from proctor.zookeeper.protocol import GetChildrenRequest
from proctor.zookeeper.registry import Registry, open_registry
from proctor.zookeeper.view import RegistryView

SOON_S = 15.0


@pytest.fixture
def view(registry: Registry) -> Iterator[RegistryView]:
    seen = RegistryView(registry)
    yield seen
    seen.close()


@pytest.fixture
def root(view: RegistryView) -> str:
    path = f"/view-{time.monotonic_ns()}"
    view.ensure(path)
    return path


def test_it_reads_what_it_wrote(view: RegistryView, root: str) -> None:
    path = view.create(f"{root}/a", b"1")
    assert view.children(root) == ["a"]
    found = view.get(path)
    assert found is not None
    assert (found[0], found[1].version) == (b"1", 0)
    view.set(path, b"2")
    found = view.get(path)
    assert found is not None
    assert (found[0], found[1].version) == (b"2", 1)
    assert view.create(f"{root}/s", sequence=True) == f"{root}/s0000000001"
    with pytest.raises(NodeExistsError):
        view.create(path)
    with pytest.raises(NoNodeError):
        view.create(f"{root}/none/child")


def test_it_reads_all_below_a_node_in_order(view: RegistryView, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "TOGETHER", 2)
    for name, data in {"c": b"3", "a": b"1", "b": b""}.items():
        view.create(f"{root}/{name}", data)
    found = [(path, data, stat.version) for path, (data, stat) in view.below(root).items()]
    assert found == [(f"{root}/a", b"1", 0), (f"{root}/b", b"", 0), (f"{root}/c", b"3", 0)]
    assert view.below(f"{root}/none") == {}


def test_a_node_that_goes_while_all_are_read_is_left_out(
    view: RegistryView, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.create(f"{root}/stays", b"1")
    monkeypatch.setattr(view, "children", lambda _path: ["gone", "stays"])
    assert list(view.below(root)) == [f"{root}/stays"]


def test_nodes_made_together_are_one_change(registry: Registry, view: RegistryView, root: str) -> None:
    with Client(*registry.servers[0]) as other:
        other.connect()
        other.call(OpCode.GET_CHILDREN, GetChildrenRequest(root, watch=True))
        paths = view.create_together(f"{root}/s", [b"1", b"2", b"3"])
        assert paths == [f"{root}/s000000000{number}" for number in range(3)]
        told = other.take_events()
        assert [event.path for event in told] == [root]
        other.call(OpCode.GET_CHILDREN, GetChildrenRequest(root, watch=True))
        assert other.take_events() == [], "what was made at once is told at once"
    with pytest.raises(NoNodeError):
        view.create_together(f"{root}/none/s", [b"1"])


def test_what_is_not_there_is_nothing_rather_than_an_error(view: RegistryView, root: str) -> None:
    assert view.children(f"{root}/none") == []
    assert view.get(f"{root}/none") is None
    assert view.owner(f"{root}/none") is None
    view.delete(f"{root}/none")
    view.delete_tree(f"{root}/none")


def test_a_tree_is_made_and_deleted_whole(view: RegistryView, root: str) -> None:
    view.ensure(f"{root}/a/b/c")
    view.ensure(f"{root}/a/b/c")
    view.ensure(f"{root}/a/d")
    assert sorted(view.children(f"{root}/a")) == ["b", "d"]
    view.delete_tree(f"{root}/a")
    assert view.children(root) == []


def test_it_says_whose_a_node_is(view: RegistryView, root: str) -> None:
    assert view.owner(root) == 0
    assert view.owner(view.create(f"{root}/own", ephemeral=True))


def test_a_restart_is_not_noticed(view: RegistryView, root: str, registry: Registry) -> None:
    view.create(f"{root}/a")
    registry.restart()
    assert view.children(root) == ["a"]


def test_a_registry_that_is_down_is_waited_for(view: RegistryView, root: str, registry: Registry) -> None:
    registry.kill()
    back = threading.Timer(0.5, registry.restart)
    back.start()
    assert view.children(root) == []
    back.join()


def test_a_wiped_registry_is_read_as_it_is_now(view: RegistryView, root: str, registry: Registry) -> None:
    """A client that has seen a later zxid is turned away for ever: the view must start afresh."""
    with Client(*registry.servers[0]) as seen:
        seen.connect()
    registry.wipe()
    assert view.children(root) == []
    view.ensure(f"{root}/new")
    assert view.children(root) == ["new"]


def test_a_frozen_registry_is_waited_for(view: RegistryView, root: str, registry: Registry) -> None:
    registry.freeze()
    thaw = threading.Timer(0.5, registry.thaw)
    thaw.start()
    assert view.children(root) == []
    thaw.join()


def test_no_answer_names_the_registry_and_the_question(loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "ANSWER_WITHIN_S", 0.3)
    with open_registry("embedded", loop) as registry:
        view = RegistryView(registry)
        registry.kill()
        with pytest.raises(TimeoutError, match=f"{registry.address} gave no answer in 0.3 s: the children of /a"):
            view.children("/a")
        view.close()


def test_closing_leaves_no_thread(embedded: Registry) -> None:
    before = set(threading.enumerate())
    view = RegistryView(embedded)
    view.children("/")
    assert set(threading.enumerate()) - before
    view.close()
    assert {thread for thread in set(threading.enumerate()) - before if thread.is_alive()} == set()
