"""The four-letter words: what a bare connection can ask a server, and what it is told, in Apache ZooKeeper's layout.

Figures that need what we don't have (latencies, disks, a quorum) are zero or left out. Source: the commands of
Apache ZooKeeper 3.8.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping

from proctor.zookeeper.keeper import Keeper
from proctor.zookeeper.peer import Peer

VERSION = "3.8.0-proctor"


def answer(keeper: Keeper, word: bytes) -> str | None:
    """What is answered to a word; None if it is none."""
    say = WORDS.get(word)
    return None if say is None else say(keeper)


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _watch_count(keeper: Keeper) -> int:
    return keeper.database.watches.data.count() + keeper.database.watches.children.count()


def _owned(keeper: Keeper) -> dict[int, list[str]]:
    return {session: list(paths) for session, paths in keeper.database.tree.ephemerals.items() if paths}


def _connection(peer: Peer, *, brief: bool) -> str:
    counts = f"queued=0,recved={peer.received},sent={peer.sent}"
    if peer.session is not None and not brief:
        counts += f",sid={peer.session.id:#x},to={peer.session.timeout_ms}"
    return f" /{peer.address}:{peer.port}[1]({counts})"


def _srvr(keeper: Keeper) -> str:
    return f"Zookeeper version: {VERSION}\n" + _state(keeper)


def _stat(keeper: Keeper) -> str:
    clients = [_connection(peer, brief=True) for peer in keeper.peers]
    return _lines([f"Zookeeper version: {VERSION}", "Clients:", *clients, ""]) + _state(keeper)


def _state(keeper: Keeper) -> str:
    return _lines(
        [
            "Latency min/avg/max: 0/0.0/0",
            f"Received: {keeper.received}",
            f"Sent: {keeper.sent}",
            f"Connections: {len(keeper.peers)}",
            "Outstanding: 0",
            f"Zxid: {keeper.zxid:#x}",
            "Mode: standalone",
            f"Node count: {len(keeper.database.tree.nodes)}",
        ]
    )


def _mntr(keeper: Keeper) -> str:
    tree = keeper.database.tree
    figures = {
        "version": VERSION,
        "server_state": "standalone",
        "packets_received": keeper.received,
        "packets_sent": keeper.sent,
        "num_alive_connections": len(keeper.peers),
        "outstanding_requests": 0,
        "znode_count": len(tree.nodes),
        "watch_count": _watch_count(keeper),
        "ephemerals_count": sum(map(len, tree.ephemerals.values())),
        "global_sessions": len(keeper.sessions),
    }
    return _lines(f"zk_{name}\t{value}" for name, value in figures.items())


def _cons(keeper: Keeper) -> str:
    return _lines([*(_connection(peer, brief=False) for peer in keeper.peers), ""])


def _dump(keeper: Keeper) -> str:
    lines = ["SessionTracker dump:", f"Sessions ({len(keeper.sessions)}):"]
    lines += [f"\t{session.id:#x}" for session in keeper.sessions]
    owned = _owned(keeper)
    lines += ["ephemeral nodes dump:", f"Sessions with Ephemerals ({len(owned)}):"]
    for session, paths in owned.items():
        lines += [f"{session:#x}:", *(f"\t{path}" for path in paths)]
    connections = [
        f"\tip: /{peer.address}:{peer.port} sessionId: {peer.session.id if peer.session else 0:#x}"
        for peer in keeper.peers
    ]
    return _lines([*lines, "Connections dump:", *connections])


def _conf(keeper: Keeper) -> str:
    settings = keeper.settings
    return _lines(
        [
            f"tickTime={settings.tick_ms}",
            "maxClientCnxns=0",
            f"minSessionTimeout={settings.min_timeout_ms}",
            f"maxSessionTimeout={settings.max_timeout_ms}",
            "serverId=0",
        ]
    )


def _envi(_: Keeper) -> str:
    return _lines(["Environment:", f"zookeeper.version={VERSION}", f"os.name={platform.system()}"])


def _wchs(keeper: Keeper) -> str:
    data = keeper.database.watches.data
    return _lines(
        [
            f"{len(data.watchers)} connections watching {len(data.paths)} paths",
            f"Total watches:{data.count()}",
        ]
    )


def _wchc(keeper: Keeper) -> str:
    lines: list[str] = []
    for peer, paths in keeper.database.watches.data.watchers.items():
        lines += [f"{peer.session.id if peer.session else 0:#x}", *(f"\t{path}" for path in paths)]
    return _lines([*lines, ""])


def _wchp(keeper: Keeper) -> str:
    lines: list[str] = []
    for path, peers in keeper.database.watches.data.paths.items():
        lines += [path, *(f"\t{peer.session.id if peer.session else 0:#x}" for peer in peers)]
    return _lines([*lines, ""])


def _crst(keeper: Keeper) -> str:
    for peer in keeper.peers:
        peer.received = peer.sent = 0
    return "Connection stats reset.\n"


def _srst(keeper: Keeper) -> str:
    keeper.received = keeper.sent = 0
    return "Server stats reset.\n"


WORDS: Mapping[bytes, Callable[[Keeper], str]] = {
    b"conf": _conf,
    b"cons": _cons,
    b"crst": _crst,
    b"dirs": lambda _: "datadir_size: 0\nlogdir_size: 0\n",
    b"dump": _dump,
    b"envi": _envi,
    b"isro": lambda _: "rw",
    b"mntr": _mntr,
    b"ruok": lambda _: "imok",
    b"srst": _srst,
    b"srvr": _srvr,
    b"stat": _stat,
    b"wchc": _wchc,
    b"wchp": _wchp,
    b"wchs": _wchs,
}
