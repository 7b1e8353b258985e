"""Watches: who is told what, how often, in which order."""

from __future__ import annotations

from proctor.zookeeper.codes import EventType
from proctor.zookeeper.protocol import OPEN_ACL
from proctor.zookeeper.tree import Change
from proctor.zookeeper.watches import Mode, Watches

CREATED, DELETED = EventType.NODE_CREATED, EventType.NODE_DELETED
CHANGED, CHILDREN = EventType.NODE_DATA_CHANGED, EventType.NODE_CHILDREN_CHANGED


def fired(watches: Watches[str], event: EventType, path: str) -> list[tuple[str, EventType, str]]:
    return [(watcher, told, where) for watcher, told, where, _ in watches.fire(Change(event, path, OPEN_ACL, OPEN_ACL))]


def test_a_one_shot_watch_is_told_once() -> None:
    watches: Watches[str] = Watches()
    watches.data.add("/a", "ann")
    assert fired(watches, CHANGED, "/a") == [("ann", CHANGED, "/a")]
    assert fired(watches, CHANGED, "/a") == []
    assert watches.data.count() == 0


def test_children_and_data_are_watched_apart() -> None:
    watches: Watches[str] = Watches()
    watches.data.add("/a", "ann")
    watches.children.add("/a", "bob")
    assert fired(watches, CREATED, "/a/b") == [("bob", CHILDREN, "/a")]
    assert fired(watches, CHANGED, "/a") == [("ann", CHANGED, "/a")]


def test_the_child_of_the_root_changes_the_roots_children() -> None:
    watches: Watches[str] = Watches()
    watches.children.add("/", "ann")
    assert fired(watches, DELETED, "/a") == [("ann", CHILDREN, "/")]


def test_a_deletion_is_told_once_to_who_watches_both() -> None:
    watches: Watches[str] = Watches()
    watches.data.add("/a", "ann")
    watches.children.add("/a", "ann")
    watches.children.add("/a", "bob")
    assert fired(watches, DELETED, "/a") == [("ann", DELETED, "/a"), ("bob", DELETED, "/a")]
    assert watches.children.count() == 0


def test_a_persistent_watch_is_told_each_time() -> None:
    watches: Watches[str] = Watches()
    watches.add_persistent("/a", "ann", Mode.PERSISTENT)
    for _ in range(2):
        assert fired(watches, CHANGED, "/a") == [("ann", CHANGED, "/a")]
        assert fired(watches, CREATED, "/a/b") == [("ann", CHILDREN, "/a")]
    assert fired(watches, CREATED, "/a/b/c") == []


def test_a_recursive_watch_hears_of_all_below_but_not_of_children_changed() -> None:
    watches: Watches[str] = Watches()
    watches.add_persistent("/a", "ann", Mode.RECURSIVE)
    for event in (CREATED, CHANGED, DELETED):
        for path in ("/a", "/a/b", "/a/b/c"):
            assert fired(watches, event, path) == [("ann", event, path)]
    assert fired(watches, CREATED, "/ab") == []


def test_a_later_watch_takes_the_place_of_an_earlier_one() -> None:
    """As in Apache ZooKeeper 3.8: a read with a watch on what one watches persistently ends that at the next event."""
    watches: Watches[str] = Watches()
    watches.add_persistent("/a", "ann", Mode.RECURSIVE)
    watches.data.add("/a", "ann")
    assert fired(watches, CHANGED, "/a/b") == []
    assert fired(watches, CHANGED, "/a") == [("ann", CHANGED, "/a")]
    assert fired(watches, CHANGED, "/a") == []


def test_who_is_forgotten_is_told_nothing_and_leaves_nothing() -> None:
    watches: Watches[str] = Watches()
    watches.add_persistent("/a", "ann", Mode.RECURSIVE)
    watches.data.add("/b", "ann")
    watches.data.add("/b", "bob")
    watches.forget("ann")
    assert fired(watches, CHANGED, "/a/b") == []
    assert fired(watches, CHANGED, "/b") == [("bob", CHANGED, "/b")]
    assert (watches.data.paths, watches.data.watchers) == ({}, {})
    assert (watches.children.paths, watches.children.watchers) == ({}, {})


def test_removing_says_whether_there_was_one() -> None:
    watches: Watches[str] = Watches()
    watches.data.add("/a", "ann")
    assert not watches.data.remove("/a", "bob")
    assert not watches.data.remove("/b", "ann")
    assert watches.data.remove("/a", "ann")
    assert not watches.data.remove("/a", "ann")
