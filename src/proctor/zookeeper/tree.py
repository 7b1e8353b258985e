"""The tree of znodes: what may be done to it, and what each thing done changes. No sockets, no sessions, no clock.

Each write belongs to a `Transaction`, which gives it a zxid, a time and the rights of whoever asks, and which
gathers the changes (for the watches) and the way back (a multi that fails leaves no trace). A write that may not be
done raises KeeperError before it has changed anything; the order of its checks is part of the contract, since it
decides which error a client sees. Source: PrepRequestProcessor and DataTree of Apache ZooKeeper 3.8.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from proctor.zookeeper import acl
from proctor.zookeeper.codes import CreateMode, Error, EventType, KeeperError, OpCode, Perms
from proctor.zookeeper.protocol import ACL, ANYONE, OPEN_ACL, CreateRequest, CreateTTLRequest, Id, Stat

MAX_TTL_MS = 0xFF_FFFF_FFFF  # what fits beside the mark of a TTL node in an owner's 8 bytes
HELD_BYTES_MAX = 24 << 20  # it lives in the kit's memory, which no server that registers and registers may fill
ZNODE_BYTES = 1000  # of memory, beside its path and its data
OWN_PATHS = frozenset({"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"})  # never deleted

_FORBIDDEN = re.compile(
    r"//|/\.{1,2}(?:/|\Z)|[\x00-\x1f\x7f-\x9f\ud800-\uf8ff\ufff0-\uffff\U00010000-\U0010ffff]"
)  # those beyond \uffff because Java sees two surrogates there


class Znode:
    """One znode. `cversion` counts the creates below it: sequence numbers come from it."""

    __slots__ = (
        "acl",
        "aversion",
        "children",
        "container",
        "ctime",
        "cversion",
        "czxid",
        "data",
        "mtime",
        "mzxid",
        "owner",
        "pzxid",
        "ttl_ms",
        "version",
    )

    def __init__(self, data: bytes | None, entries: tuple[ACL, ...], zxid: int = 0, time_ms: int = 0) -> None:
        self.data = data
        self.acl = entries
        self.czxid = self.mzxid = self.pzxid = zxid
        self.ctime = self.mtime = time_ms
        self.version = self.cversion = self.aversion = 0
        self.owner = 0  # the session of an ephemeral one
        self.container = False
        self.ttl_ms = 0
        self.children: dict[str, None] = {}  # a set that keeps its order, so that runs are alike

    def stat(self) -> Stat:
        """As clients see it: there cversion counts deletes as well as creates."""
        count = len(self.children)
        return Stat(
            self.czxid,
            self.mzxid,
            self.ctime,
            self.mtime,
            self.version,
            self.cversion * 2 - count,
            self.aversion,
            self.owner,
            len(self.data or b""),
            count,
            self.pzxid,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What a write did, as watches need it: to which znode, and who may hear of it."""

    event: EventType
    path: str
    acl: tuple[ACL, ...]
    parent_acl: tuple[ACL, ...] = ()


@dataclass(slots=True)
class Transaction:
    """One write, or several that stand or fall together. `session` and `ids` are of whoever asks."""

    zxid: int
    time_ms: int
    session: int = 0
    ids: Sequence[Id] = ()
    changes: list[Change] = field(default_factory=list)
    undo: list[Callable[[], None]] = field(default_factory=list)

    def roll_back(self) -> None:
        while self.undo:
            self.undo.pop()()
        self.changes.clear()


class Tree:
    def __init__(self) -> None:
        root = Znode(b"", OPEN_ACL)
        self.nodes = {"": root, "/": root}  # the root under both names: the parent of "/a" is ""
        self.ephemerals: dict[int, dict[str, None]] = {}
        self.passing: dict[str, None] = {}  # containers and nodes with a TTL
        self._held_bytes = 0
        for path in ("/zookeeper", "/zookeeper/config", "/zookeeper/quota"):
            self._attach(path, Znode(b"", OPEN_ACL))
        config = self.nodes["/zookeeper/config"]
        config.acl, config.aversion = (ACL(Perms.READ, ANYONE),), -1

    def find(self, path: str) -> Znode:
        """The znode there. Raises NO_NODE."""
        node = self.nodes.get(path)
        if node is None:
            raise KeeperError(Error.NO_NODE)
        return node

    def permitted(self, path: str, perms: Perms, ids: Sequence[Id]) -> Znode:
        """The znode there, if one of `ids` has one of `perms` on it. Raises NO_NODE, NO_AUTH."""
        node = self.find(path)
        if not acl.permits(node.acl, perms, ids):
            raise KeeperError(Error.NO_AUTH)
        return node

    def create(self, txn: Transaction, op: int, request: CreateRequest | CreateTTLRequest) -> str:
        """Make a znode as `op` (one of the creates) says; its path, which has the sequence number if it is to."""
        mode = _mode(request)
        above = _parent_path(request.path)
        entries = acl.expand(request.acl, txn.ids)
        parent = self.permitted(above, Perms.CREATE, txn.ids)
        path = request.path
        if mode in SEQUENTIAL:
            path += f"{parent.cversion:010d}"
        check_path(path)
        if path in self.nodes:
            raise KeeperError(Error.NODE_EXISTS)
        if parent.owner:
            raise KeeperError(Error.NO_CHILDREN_FOR_EPHEMERALS)
        self._check_room(_weight(path, request.data))
        node = Znode(request.data, entries, txn.zxid, txn.time_ms)
        if op == OpCode.CREATE_CONTAINER:
            node.container = True
        elif isinstance(request, CreateTTLRequest):
            node.ttl_ms = request.ttl
        elif mode in EPHEMERAL:
            node.owner = txn.session
        self._create(txn, path, node, parent)
        return path

    def delete(self, txn: Transaction, path: str, version: int) -> None:
        above = _parent_path(path)
        if path in OWN_PATHS:
            raise KeeperError(Error.BAD_ARGUMENTS)
        parent = self.permitted(above, Perms.DELETE, txn.ids)
        node = self.find(path)
        _check_version(node.version, version)
        if node.children:
            raise KeeperError(Error.NOT_EMPTY)
        self._delete(txn, path, node, parent)

    def set_data(self, txn: Transaction, path: str, data: bytes | None, version: int) -> Znode:
        check_path(path)
        node = self.permitted(path, Perms.WRITE, txn.ids)
        _check_version(node.version, version)
        more = len(data or b"") - len(node.data or b"")
        self._check_room(more)
        before = node.data, node.version, node.mzxid, node.mtime

        def undo() -> None:
            node.data, node.version, node.mzxid, node.mtime = before
            self._held_bytes -= more

        self._held_bytes += more
        node.data, node.version, node.mzxid, node.mtime = data, node.version + 1, txn.zxid, txn.time_ms
        txn.undo.append(undo)
        txn.changes.append(Change(EventType.NODE_DATA_CHANGED, path, node.acl))
        return node

    def set_acl(self, txn: Transaction, path: str, asked: Sequence[ACL], version: int) -> Znode:
        """No watch hears of it, and no multi can hold it: so neither change nor way back is noted."""
        check_path(path)
        entries = acl.expand(asked, txn.ids)
        node = self.permitted(path, Perms.ADMIN, txn.ids)
        _check_version(node.aversion, version)
        node.acl, node.aversion = entries, node.aversion + 1
        return node

    def check(self, txn: Transaction, path: str, version: int) -> None:
        check_path(path)
        _check_version(self.permitted(path, Perms.READ, txn.ids).version, version)

    def end_session(self, txn: Transaction, session: int) -> None:
        """Delete the ephemeral znodes of a session."""
        for path in list(self.ephemerals.get(session, ())):
            self._delete(txn, path, self.nodes[path], self.nodes[_parent_path(path)])
        self.ephemerals.pop(session, None)

    def passed(self, now_ms: int) -> Iterator[str]:
        """The containers that lost their last child, and the childless whose time to live has passed."""
        for path in list(self.passing):
            node = self.nodes[path]
            if not node.children and (node.cversion > 0 if node.container else now_ms - node.mtime > node.ttl_ms):
                yield path

    def remove_passed(self, txn: Transaction, path: str) -> None:
        self._delete(txn, path, self.nodes[path], self.nodes[_parent_path(path)])

    def count_below(self, path: str) -> int:
        """How many znodes stand under `path`, at any depth."""
        if path == "/":
            return len(self.nodes) - 2
        below = path + "/"
        return sum(1 for name in self.nodes if name.startswith(below))

    def _check_room(self, more_bytes: int) -> None:
        if more_bytes > 0 and self._held_bytes + more_bytes > HELD_BYTES_MAX:
            raise KeeperError(Error.QUOTA_EXCEEDED)

    def _create(self, txn: Transaction, path: str, node: Znode, parent: Znode) -> None:
        before = parent.cversion, parent.pzxid

        def undo() -> None:
            self._detach(path)
            parent.cversion, parent.pzxid = before

        parent.cversion, parent.pzxid = parent.cversion + 1, txn.zxid
        self._attach(path, node)
        txn.undo.append(undo)
        txn.changes.append(Change(EventType.NODE_CREATED, path, node.acl, parent.acl))

    def _delete(self, txn: Transaction, path: str, node: Znode, parent: Znode) -> None:
        before = parent.pzxid

        def undo() -> None:
            self._attach(path, node)
            parent.pzxid = before

        parent.pzxid = txn.zxid
        self._detach(path)
        txn.undo.append(undo)
        txn.changes.append(Change(EventType.NODE_DELETED, path, node.acl, parent.acl))

    def _attach(self, path: str, node: Znode) -> None:
        above, _, name = path.rpartition("/")
        self.nodes[above].children[name] = None
        self.nodes[path] = node
        self._held_bytes += _weight(path, node.data)
        if node.owner:
            self.ephemerals.setdefault(node.owner, {})[path] = None
        if node.container or node.ttl_ms:
            self.passing[path] = None

    def _detach(self, path: str) -> None:
        above, _, name = path.rpartition("/")
        node = self.nodes.pop(path)
        self._held_bytes -= _weight(path, node.data)
        del self.nodes[above].children[name]
        self.passing.pop(path, None)
        if node.owner:
            self.ephemerals[node.owner].pop(path, None)


MODES = {mode.value: mode for mode in CreateMode}
EPHEMERAL = frozenset({CreateMode.EPHEMERAL, CreateMode.EPHEMERAL_SEQUENTIAL})
WITH_TTL = frozenset({CreateMode.PERSISTENT_WITH_TTL, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL})
SEQUENTIAL = frozenset(
    {CreateMode.PERSISTENT_SEQUENTIAL, CreateMode.EPHEMERAL_SEQUENTIAL, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL}
)


def check_path(path: str) -> None:
    """Raises BAD_ARGUMENTS unless a znode could have this path."""
    if path != "/" and (not path.startswith("/") or path.endswith("/") or _FORBIDDEN.search(path)):
        raise KeeperError(Error.BAD_ARGUMENTS)


def _parent_path(path: str) -> str:
    above, slash, _ = path.rpartition("/")
    if not slash or "\0" in path:
        raise KeeperError(Error.BAD_ARGUMENTS)
    return above


def _weight(path: str, data: bytes | None) -> int:
    return ZNODE_BYTES + len(path) + len(data or b"")


def _check_version(version: int, expected: int) -> None:
    if expected not in (-1, version):
        raise KeeperError(Error.BAD_VERSION)


def _mode(request: CreateRequest | CreateTTLRequest) -> CreateMode:
    """The mode, once it and the time to live are known to fit each other."""
    mode = MODES.get(request.flags)
    ttl = request.ttl if isinstance(request, CreateTTLRequest) else None
    if mode is None or (mode in WITH_TTL) != (ttl is not None):
        raise KeeperError(Error.BAD_ARGUMENTS)
    if ttl is not None and not 0 < ttl <= MAX_TTL_MS:
        raise KeeperError(Error.BAD_ARGUMENTS)
    return mode
