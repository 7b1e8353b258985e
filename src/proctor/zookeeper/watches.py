"""Watches: who is to be told of which change. No sockets: a watcher is anything hashable.

ZooKeeper keeps two tables. One hears of a znode's own life (getData, exists), one of its children (getChildren);
a persistent watch stands in both. A one-shot watch is spent when it is told. A recursive one hears of everything
below its path, but never of "children changed", since it hears of the children themselves.

A watcher has at most one watch of a table on a path: a later one takes the place of an earlier one, so a one-shot
watch laid on a persistent one ends it at its next event. (So does Apache ZooKeeper 3.8; source: its WatchManager.)
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from enum import Enum
from typing import Generic, TypeVar

from proctor.zookeeper.codes import EventType
from proctor.zookeeper.protocol import ACL
from proctor.zookeeper.tree import Change

W = TypeVar("W", bound=Hashable)


class Mode(Enum):
    ONE_SHOT = "one-shot"
    PERSISTENT = "persistent"
    RECURSIVE = "persistent recursive"


class Table(Generic[W]):
    """One of the two tables: path to watchers, each with its mode."""

    def __init__(self) -> None:
        self.paths: dict[str, dict[W, Mode]] = {}
        self.watchers: dict[W, dict[str, None]] = {}
        self._recursive = 0

    def add(self, path: str, watcher: W, mode: Mode = Mode.ONE_SHOT) -> None:
        modes = self.paths.setdefault(path, {})
        self._recursive += (mode is Mode.RECURSIVE) - (modes.get(watcher) is Mode.RECURSIVE)
        modes[watcher] = mode
        self.watchers.setdefault(watcher, {})[path] = None

    def remove(self, path: str, watcher: W) -> bool:
        """Whether there was such a watch."""
        modes = self.paths.get(path)
        if modes is None or watcher not in modes:
            return False
        self._recursive -= modes.pop(watcher) is Mode.RECURSIVE
        if not modes:
            del self.paths[path]
        own = self.watchers[watcher]
        del own[path]
        if not own:
            del self.watchers[watcher]
        return True

    def forget(self, watcher: W) -> None:
        for path in list(self.watchers.get(watcher, ())):
            self.remove(path, watcher)

    def told(self, event: EventType, path: str) -> list[W]:
        """Whom to tell; spends the one-shot watches among them."""
        here = self.paths.get(path, {})
        found = dict.fromkeys(
            watcher
            for watcher, mode in here.items()
            if mode is not Mode.RECURSIVE or event is not EventType.NODE_CHILDREN_CHANGED
        )
        for watcher in [watcher for watcher, mode in here.items() if mode is Mode.ONE_SHOT]:
            self.remove(path, watcher)
        if self._recursive and event is not EventType.NODE_CHILDREN_CHANGED:
            found.update(dict.fromkeys(self._recursive_above(path)))
        return list(found)

    def count(self) -> int:
        return sum(map(len, self.paths.values()))

    def _recursive_above(self, path: str) -> Iterator[W]:
        while path != "/":
            path = parent_of(path)
            for watcher, mode in self.paths.get(path, {}).items():
                if mode is Mode.RECURSIVE:
                    yield watcher


Notice = tuple[W, EventType, str, tuple[ACL, ...]]
"""Whom to tell what of which path, if this ACL lets them read it."""


class Watches(Generic[W]):
    def __init__(self) -> None:
        self.data: Table[W] = Table()
        self.children: Table[W] = Table()

    def add_persistent(self, path: str, watcher: W, mode: Mode) -> None:
        self.data.add(path, watcher, mode)
        self.children.add(path, watcher, mode)

    def forget(self, watcher: W) -> None:
        self.data.forget(watcher)
        self.children.forget(watcher)

    def fire(self, change: Change) -> Iterator[Notice[W]]:
        """Whom a change is told to, in the order in which they are told."""
        event, path = change.event, change.path
        told = self.data.told(event, path)
        for watcher in told:
            yield watcher, event, path, change.acl
        if event is EventType.NODE_DELETED:
            for watcher in self.children.told(event, path):
                if watcher not in told:
                    yield watcher, event, path, change.acl
        if event is not EventType.NODE_DATA_CHANGED:
            above = parent_of(path)
            for watcher in self.children.told(EventType.NODE_CHILDREN_CHANGED, above):
                yield watcher, EventType.NODE_CHILDREN_CHANGED, above, change.parent_acl


def parent_of(path: str) -> str:
    return path.rpartition("/")[0] or "/"
