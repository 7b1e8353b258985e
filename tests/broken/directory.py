"""Clients that lie about the list of servers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import time
from typing import Any

from reference.address import Address
from reference.client import CallFailed, Client, Reply
from reference.directory import Directory, parse_node
from reference.registry import Registry, Unsettled, Watch

# --- List


class ListsNewcomers(Registry):
    """Who registered before the client was started is not listed (D9)."""

    breaks = "client/reads-the-list-at-start"
    began_ms = time() * 1000  # this is read at the start

    def data(self, paths: list[str], watch: Watch) -> dict[str, bytes]:
        stats = {path: self.answer(self.client.exists_async(path)) for path in paths}
        newcomers = [path for path, stat in stats.items() if stat is not None and stat.ctime >= self.began_ms]
        return super().data(newcomers, watch)


class CountsItsServers(Directory):
    """A list that is as long as the last one is taken for the last one (D1)."""

    breaks = "client/follows-every-change"

    def apply(self, addresses: Iterable[Address | None]) -> None:
        listed = list(addresses)
        if len(set(listed) - {None}) != len(self.servers):
            super().apply(listed)


class ReadsLongListsAside(Directory):
    """A long list is read by a thread of its own, and what is read last is not what was asked for last (D10)."""

    breaks = "client/follows-every-change"
    long = 20  # nodes

    def read(self, registry: Registry) -> None:
        paths = self.list(registry)
        if len(paths) < self.long:
            super().read(registry)
        else:
            threading.Thread(target=self.read_alone, args=(registry, paths), daemon=True).start()

    def read_alone(self, registry: Registry, paths: list[str]) -> None:
        with suppress(Unsettled):
            found = [registry.data([path], self.on_data_event).get(path, b"") for path in paths]
            self.apply(map(parse_node, found))


class KeepsTheLast(Directory):
    """An empty list is taken for a mistake (D4)."""

    breaks = "client/applies-an-empty-list"
    also: Mapping[str, str] = {
        "client/follows-a-root-that-comes-and-goes": "a root that is gone is an empty list",
    }

    def apply(self, addresses: Iterable[Address | None]) -> None:
        listed = list(addresses)
        if listed:
            super().apply(listed)


class DiesOfAVanishedNode(Registry):
    """A node that is listed and gone ends the reading for good (D5)."""

    breaks = "client/skips-a-vanished-node"
    also: Mapping[str, str] = {"client/follows-every-change": "in a burst nodes vanish while they are read"}

    def data(self, paths: list[str], watch: Watch) -> dict[str, bytes]:
        found = super().data(paths, watch)
        return {path: found[path] for path in paths}


class DiesOfAPoisonedNode(Registry):
    """A node that holds no address ends the reading for good (D6)."""

    breaks = "client/skips-what-is-no-address"

    def data(self, paths: list[str], watch: Watch) -> dict[str, bytes]:
        found = super().data(paths, watch)
        for data in found.values():
            json.loads(data)["host"]
        return found


class CutsPorts(Registry):
    """Of a port that is too large for one its last 16 bits are dialled (Q3)."""

    breaks = "client/skips-what-is-no-address"

    def data(self, paths: list[str], watch: Watch) -> dict[str, bytes]:
        found = super().data(paths, watch)
        for path, data in found.items():
            with suppress(ValueError, KeyError, TypeError):
                node = json.loads(data)
                found[path] = json.dumps({**node, "port": node["port"] % 2**16}).encode()
        return found


class ReadsOnce(Directory):
    """A reading that fails is left at that (D7)."""

    breaks = "client/failed-read-is-repeated"

    def read(self, registry: Registry) -> None:
        try:
            super().read(registry)
        except Unsettled:
            return


class NeedsARootAtTheStart(Directory):
    """A root that is missing is not waited for (D11)."""

    breaks = "client/follows-a-root-that-comes-and-goes"

    def list(self, registry: Registry) -> list[str]:
        names = registry.children(self.on_list_event) or []
        return sorted(registry.path(name) for name in names)


class ListsNodes(Directory):
    """Two nodes with one address are two servers (D13)."""

    breaks = "client/one-entry-for-one-address"

    def apply(self, addresses: Iterable[Address | None]) -> None:
        self.servers = tuple(address for address in addresses if address)
        self.on_servers(self.servers)


# --- Outages


class ForgetsWithTheRegistry(Directory):
    """No registry, no servers (D3)."""

    breaks = "client/keeps-the-list-without-registry"
    also: Mapping[str, str] = {"client/one-registry-connection": "calls are made over several cuts there, too"}
    registry: Registry | None = None

    def follow(self, registry: Registry) -> None:
        self.registry = registry
        super().follow(registry)

    def on_state(self) -> None:
        if self.registry is not None and not self.registry.connected:
            self.apply([])
        super().on_state()


class BelievesInItsWatches(Directory):
    """A connection that was broken has brought all that there was to know (D2)."""

    breaks = "client/rereads-after-every-reconnect"
    also: Mapping[str, str] = {"client/reads-do-not-pile-up": "a change after a cut costs nothing, but is not seen"}

    def on_state(self) -> None:
        if not self.loaded.is_set():
            super().on_state()


class WaitsForTheFirstList(Client):
    """Without a list a call waits, and has no time left in the end (R16)."""

    breaks = "client/starts-without-registry"

    def call(self, method: str, params: Any, timeout_s: float) -> Reply:
        if not self.directory.loaded.wait(timeout_s):
            raise CallFailed("timeout", "there is no list")
        return super().call(method, params, timeout_s)


class ReadsOnceMoreForEachReconnect(Directory):
    """Each reconnect adds a reader to those that are there (D8)."""

    breaks = "client/reads-do-not-pile-up"
    reconnects = 0

    def read(self, registry: Registry) -> None:
        self.reconnects += self.reconnected
        super().read(registry)
        for _ in range(self.reconnects - 1):
            registry.children()


class ConnectsTwice(Directory):
    """There is one connection for the list and one for good measure (D14)."""

    breaks = "client/one-registry-connection"

    def follow(self, registry: Registry) -> None:
        another = self.make_registry(self.settings, lambda: None, self.meanwhile)
        super().follow(registry)
        another.close()


class Impatient(threading.Event):
    """Nobody waits for it."""

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  # threading's own word for it
        return self.is_set()


class NeverWaits(Directory):
    """Asks itself again and again whether anything has changed (C6)."""

    breaks = "client/idle-client-rests"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.changed = Impatient()
