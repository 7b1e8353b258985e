"""What each operation does to the tree and its watches, and what it answers: a table from opcode to handler.

A read gets the peer that asks, a write a transaction. A handler answers with a record or raises KeeperError;
Malformed where Apache ZooKeeper 3.8 answers "marshalling error".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proctor.zookeeper import acl, protocol
from proctor.zookeeper.codes import AddWatchMode, CreateMode, Error, EventType, KeeperError, OpCode, Perms, WatcherType
from proctor.zookeeper.jute import Malformed, Record
from proctor.zookeeper.peer import Peer
from proctor.zookeeper.protocol import Op
from proctor.zookeeper.tree import WITH_TTL, Transaction, Tree
from proctor.zookeeper.watches import Mode, Table, Watches

MODES: Mapping[int, Mode] = {
    AddWatchMode.PERSISTENT: Mode.PERSISTENT,
    AddWatchMode.PERSISTENT_RECURSIVE: Mode.RECURSIVE,
}


class Database:
    def __init__(self, notify: Callable[[Peer, EventType, str], None]) -> None:
        self.tree = Tree()
        self.watches: Watches[Peer] = Watches()
        self._notify = notify  # tells a peer at once of an event that it missed

    # Reads

    def exists(self, peer: Peer, asked: protocol.ExistsRequest) -> Record:
        """The watch is laid also where there is no znode: that is how its creation is heard of. ACLs don't matter."""
        if "\0" in asked.path:
            raise KeeperError(Error.BAD_ARGUMENTS)
        if asked.watch:
            self.watches.data.add(asked.path, peer)
        return protocol.StatResponse(self.tree.find(asked.path).stat())

    def get_data(self, peer: Peer, asked: protocol.GetDataRequest) -> Record:
        node = self.tree.permitted(asked.path, Perms.READ, peer.ids)
        if asked.watch:
            self.watches.data.add(asked.path, peer)
        return protocol.GetDataResponse(node.data, node.stat())

    def get_children(self, peer: Peer, asked: protocol.GetChildrenRequest) -> Record:
        return protocol.GetChildrenResponse(self._children(peer, asked)[0])

    def get_children2(self, peer: Peer, asked: protocol.GetChildren2Request) -> Record:
        return protocol.GetChildren2Response(*self._children(peer, asked))

    def _children(self, peer: Peer, asked: protocol.PathWatchRequest) -> tuple[tuple[str, ...], protocol.Stat]:
        node = self.tree.permitted(asked.path, Perms.READ, peer.ids)
        if asked.watch:
            self.watches.children.add(asked.path, peer)
        return tuple(node.children), node.stat()

    def get_acl(self, peer: Peer, asked: protocol.GetACLRequest) -> Record:
        node = self.tree.permitted(asked.path, Perms.READ | Perms.ADMIN, peer.ids)
        shown = node.acl if acl.permits(node.acl, Perms.ADMIN, peer.ids) else acl.masked(node.acl)
        return protocol.GetACLResponse(shown, node.stat())

    def get_ephemerals(self, peer: Peer, asked: protocol.GetEphemeralsRequest) -> Record:
        assert peer.session is not None
        own = self.tree.ephemerals.get(peer.session.id, {})
        prefix = "" if asked.prefix_path.strip() in ("", "/") else asked.prefix_path
        return protocol.GetEphemeralsResponse(tuple(path for path in own if path.startswith(prefix)))

    def get_all_children_number(self, peer: Peer, asked: protocol.GetAllChildrenNumberRequest) -> Record:
        self.tree.permitted(asked.path, Perms.READ, peer.ids)
        return protocol.GetAllChildrenNumberResponse(self.tree.count_below(asked.path))

    def sync(self, _: Peer, asked: protocol.SyncRequest) -> Record:
        return protocol.SyncResponse(asked.path)

    def ping(self, _: Peer, __: protocol.Empty) -> Record:
        return protocol.Empty()

    def who_am_i(self, peer: Peer, _: protocol.Empty) -> Record:
        return protocol.WhoAmIResponse(tuple(protocol.ClientInfo(one.scheme, acl.user(one)) for one in peer.ids))

    def multi_read(self, peer: Peer, asked: protocol.MultiRequest) -> Record:
        """Each of these reads fails alone."""
        return protocol.MultiResponse(tuple(self._read_one(peer, op) for op in asked.ops))

    def _read_one(self, peer: Peer, op: Op) -> Op:
        if op.type not in (OpCode.GET_DATA, OpCode.GET_CHILDREN):
            raise Malformed(f"operation {op.type} in a multiRead")
        plain = type(op.body)(op.body.path, watch=False)  # a multiRead lays no watches
        try:
            return Op(op.type, READS[op.type](self, peer, plain))
        except KeeperError as error:
            return Op(OpCode.ERROR, protocol.ErrorResponse(error.code))

    # Watches

    def add_watch(self, peer: Peer, asked: protocol.AddWatchRequest) -> Record:
        mode = MODES.get(asked.mode)
        if mode is None:
            raise Malformed(f"no watch mode {asked.mode}")
        self.watches.add_persistent(asked.path, peer, mode)
        return protocol.ErrorResponse(Error.OK)

    def check_watches(self, _: Peer, asked: protocol.CheckWatchesRequest) -> Record:
        """Whether *anybody* watches the path: so Apache ZooKeeper answers, whoever asks."""
        if not any(asked.path in table.paths for table in self._tables(asked.type)):
            raise KeeperError(Error.NO_WATCHER)
        return protocol.Empty()

    def remove_watches(self, peer: Peer, asked: protocol.RemoveWatchesRequest) -> Record:
        removed = [table.remove(asked.path, peer) for table in self._tables(asked.type)]
        if not any(removed):
            raise KeeperError(Error.NO_WATCHER)
        return protocol.Empty()

    def _tables(self, kind: int) -> list[Table[Peer]]:
        tables: Mapping[int, list[Table[Peer]]] = {
            WatcherType.CHILDREN: [self.watches.children],
            WatcherType.DATA: [self.watches.data],
            WatcherType.ANY: [self.watches.children, self.watches.data],
        }
        if kind not in tables:
            raise Malformed(f"no kind {kind} of watches")
        return tables[kind]

    def set_watches(self, peer: Peer, asked: protocol.SetWatches | protocol.SetWatches2) -> Record:
        """After a reconnect: what changed meanwhile is told at once, the other watches are laid again."""
        nodes, since = self.tree.nodes, asked.relative_zxid
        for path in asked.data_watches:
            node = nodes.get(path)
            if node is None:
                self._notify(peer, EventType.NODE_DELETED, path)
            elif node.mzxid > since:
                self._notify(peer, EventType.NODE_DATA_CHANGED, path)
            else:
                self.watches.data.add(path, peer)
        for path in asked.exist_watches:
            if path in nodes:
                self._notify(peer, EventType.NODE_CREATED, path)
            else:
                self.watches.data.add(path, peer)
        for path in asked.child_watches:
            node = nodes.get(path)
            if node is None:
                self._notify(peer, EventType.NODE_DELETED, path)
            elif node.pzxid > since:
                self._notify(peer, EventType.NODE_CHILDREN_CHANGED, path)
            else:
                self.watches.children.add(path, peer)
        return protocol.Empty()

    def set_watches2(self, peer: Peer, asked: protocol.SetWatches2) -> Record:
        self.set_watches(peer, asked)
        for path in asked.persistent_watches:
            self.watches.add_persistent(path, peer, Mode.PERSISTENT)
        for path in asked.persistent_recursive_watches:
            self.watches.add_persistent(path, peer, Mode.RECURSIVE)
        return protocol.Empty()

    # Writes

    def create(self, txn: Transaction, asked: protocol.CreateRequest) -> Record:
        return protocol.CreateResponse(self.tree.create(txn, OpCode.CREATE, asked))

    def create2(self, txn: Transaction, asked: protocol.CreateRequest) -> Record:
        return self._created(txn, OpCode.CREATE2, asked)

    def create_container(self, txn: Transaction, asked: protocol.CreateRequest) -> Record:
        return self._created(txn, OpCode.CREATE_CONTAINER, asked)

    def create_ttl(self, txn: Transaction, asked: protocol.CreateTTLRequest) -> Record:
        return self._created(txn, OpCode.CREATE_TTL, asked)

    def _created(
        self, txn: Transaction, op: OpCode, asked: protocol.CreateRequest | protocol.CreateTTLRequest
    ) -> Record:
        path = self.tree.create(txn, op, asked)
        return protocol.Create2Response(path, self.tree.nodes[path].stat())

    def delete(self, txn: Transaction, asked: protocol.DeleteRequest) -> Record:
        self.tree.delete(txn, asked.path, asked.version)
        return protocol.Empty()

    def set_data(self, txn: Transaction, asked: protocol.SetDataRequest) -> Record:
        return protocol.StatResponse(self.tree.set_data(txn, asked.path, asked.data, asked.version).stat())

    def set_acl(self, txn: Transaction, asked: protocol.SetACLRequest) -> Record:
        return protocol.StatResponse(self.tree.set_acl(txn, asked.path, asked.acl, asked.version).stat())

    def check(self, txn: Transaction, asked: protocol.CheckVersionRequest) -> Record:
        self.tree.check(txn, asked.path, asked.version)
        return protocol.Empty()

    def delete_container(self, _: Transaction, __: protocol.Empty) -> Record:
        """For the server's own use: from a client Apache ZooKeeper misreads the path, and refuses that."""
        raise KeeperError(Error.BAD_ARGUMENTS)

    def reconfig(self, _: Transaction, __: protocol.ReconfigRequest) -> Record:
        raise KeeperError(Error.RECONFIG_DISABLED)

    def multi(self, txn: Transaction, asked: protocol.MultiRequest) -> Record:
        """All of it or nothing: the operations before a failed one answer 0, those after it "inconsistency"."""
        if any(op.type in (OpCode.GET_DATA, OpCode.GET_CHILDREN) for op in asked.ops):
            raise Malformed("a read in a multi")
        results: list[Op] = []
        try:
            for op in map(_as_one_of_many, asked.ops):
                result = WRITES[op.type](self, txn, op.body)
                results.append(Op(RESULTS.get(op.type, op.type), result))
        except KeeperError as error:
            codes = [Error.OK] * len(results) + [error.code]
            codes += [Error.RUNTIME_INCONSISTENCY] * (len(asked.ops) - len(codes))
            results = [Op(OpCode.ERROR, protocol.ErrorResponse(code)) for code in codes]
            txn.roll_back()
        except Malformed:
            txn.roll_back()
            raise
        return protocol.MultiResponse(tuple(results))


RESULTS: Mapping[int, int] = {OpCode.CREATE_CONTAINER: OpCode.CREATE2, OpCode.CREATE_TTL: OpCode.CREATE2}
"""What a result in a multi is called, where it isn't called as its operation: whatever has a stat is a create2's."""


def _as_one_of_many(op: Op) -> Op:
    """An operation of a multi as Apache ZooKeeper takes it: which create it is, is said by the flags alone."""
    body = op.body
    if isinstance(body, protocol.CreateTTLRequest):
        if body.flags in WITH_TTL:
            return op
        body = protocol.CreateRequest(body.path, body.data, body.acl, body.flags)
    if isinstance(body, protocol.CreateRequest):
        if body.flags in WITH_TTL:
            raise Malformed("a create with a time to live, but without its time")
        return Op(OpCode.CREATE_CONTAINER if body.flags == CreateMode.CONTAINER else OpCode.CREATE, body)
    return op


READS: Mapping[int, Callable[[Database, Peer, Any], Record]] = {
    OpCode.EXISTS: Database.exists,
    OpCode.GET_DATA: Database.get_data,
    OpCode.GET_ACL: Database.get_acl,
    OpCode.GET_CHILDREN: Database.get_children,
    OpCode.SYNC: Database.sync,
    OpCode.PING: Database.ping,
    OpCode.GET_CHILDREN2: Database.get_children2,
    OpCode.CHECK_WATCHES: Database.check_watches,
    OpCode.REMOVE_WATCHES: Database.remove_watches,
    OpCode.MULTI_READ: Database.multi_read,
    OpCode.SET_WATCHES: Database.set_watches,
    OpCode.GET_EPHEMERALS: Database.get_ephemerals,
    OpCode.GET_ALL_CHILDREN_NUMBER: Database.get_all_children_number,
    OpCode.SET_WATCHES2: Database.set_watches2,
    OpCode.ADD_WATCH: Database.add_watch,
    OpCode.WHO_AM_I: Database.who_am_i,
}

WRITES: Mapping[int, Callable[[Database, Transaction, Any], Record]] = {
    OpCode.CREATE: Database.create,
    OpCode.DELETE: Database.delete,
    OpCode.SET_DATA: Database.set_data,
    OpCode.SET_ACL: Database.set_acl,
    OpCode.CHECK: Database.check,
    OpCode.MULTI: Database.multi,
    OpCode.CREATE2: Database.create2,
    OpCode.RECONFIG: Database.reconfig,
    OpCode.CREATE_CONTAINER: Database.create_container,
    OpCode.DELETE_CONTAINER: Database.delete_container,
    OpCode.CREATE_TTL: Database.create_ttl,
}
