"""The list of servers, as the registry last said.

One thread reads, whatever has happened in the meantime, so an older list can't overtake a newer one (D10). While the
registry can't be reached nothing changes (D3); what was read is applied, an empty list too (D4).
"""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Callable, Iterable

from reference.address import PORT_MAX, Address
from reference.registry import EventType, Registry, Unsettled, WatchedEvent
from reference.settings import RegistrySettings

REPEAT_S = 0.25  # until a reading that failed is repeated
HOST_CHARS_MAX = 253


class Directory:
    def __init__(
        self,
        settings: RegistrySettings,
        on_servers: Callable[[tuple[Address, ...]], None],
        registry: type[Registry] = Registry,
    ) -> None:
        """`on_servers` is called with each list that differs from the one before."""
        self.settings = settings
        self.on_servers = on_servers
        self.make_registry = registry
        self.servers: tuple[Address, ...] = ()
        self.loaded = threading.Event()  # a list was read, if only once
        self.known: dict[str, Address | None] = {}  # by path; None: what it holds is no address
        self.stale: set[str] = set()  # paths whose data has changed
        self.reconnected = True
        self.changed = threading.Event()
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self.run, name="directory", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def close(self, within_s: float) -> None:
        """Closes the session, if the registry lets it within so many seconds."""
        self.closing.set()
        self.changed.set()
        self.thread.join(within_s)

    def run(self) -> None:
        while not self.closing.is_set():
            registry = self.make_registry(self.settings, self.on_state, self.meanwhile)
            self.follow(registry)
            registry.close()

    def follow(self, registry: Registry) -> None:
        """Reads whenever something has changed, until closed or until another Registry is needed."""
        wait_s: float | None = None
        while registry.works and not self.closing.is_set():
            happened = self.changed.wait(wait_s or 1.0)
            if happened:  # or what happens just after the wait was in vain would be cleared unseen
                self.changed.clear()
            if not registry.connected or not (happened or wait_s):
                continue
            try:
                self.read(registry)
                wait_s = None
            except Unsettled:
                self.reconnected = True
                wait_s = REPEAT_S

    def meanwhile(self) -> None:
        if self.closing.is_set():
            raise Unsettled("closing")

    # From kazoo's threads

    def on_state(self) -> None:
        """Watches are gone with the connection, and so is what changed meanwhile (D2)."""
        self.reconnected = True
        self.changed.set()

    def on_list_event(self, _event: WatchedEvent) -> None:
        self.changed.set()

    def on_data_event(self, event: WatchedEvent) -> None:
        if event.type == EventType.CHANGED:  # what is deleted is gone from the list, too
            self.stale.add(event.path)
            self.changed.set()

    # Reading

    def read(self, registry: Registry) -> None:
        """Reads the list, sets the watch again, and reads the nodes that are new."""
        if self.reconnected:
            self.reconnected = False
            self.known = {}
            registry.sync()
        paths = self.list(registry)
        while self.stale:
            self.known.pop(self.stale.pop(), None)
        new = [path for path in paths if path not in self.known]
        data = registry.data(new, self.on_data_event)
        addresses = self.known | {path: parse_node(text) for path, text in data.items()}
        self.known = {path: addresses[path] for path in paths if path in addresses}
        self.apply(self.known.values())
        self.loaded.set()

    def list(self, registry: Registry) -> list[str]:
        """The paths of the nodes. A root that is missing has none, and is watched for (D11)."""
        while (names := registry.children(self.on_list_event)) is None:
            if not registry.root_exists(self.on_list_event):
                return []
        return sorted(registry.path(name) for name in names)

    def apply(self, addresses: Iterable[Address | None]) -> None:
        """Two nodes with one address are one server (D13)."""
        servers = tuple(dict.fromkeys(address for address in addresses if address))
        if servers != self.servers:
            self.servers = servers
            self.on_servers(servers)


def parse_node(data: bytes) -> Address | None:
    """The address that a node holds; None if it is none, or none that should be dialled (D6, Q3)."""
    try:
        node = json.loads(data.decode())
        host, port = node["host"], node["port"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if type(port) is not int or not 1 <= port <= PORT_MAX or not isinstance(host, str):
        return None
    return Address(host, port) if is_host(host) else None


def is_host(host: str) -> bool:
    """A name, or an address of one machine; link-local ones, as of cloud metadata services, aren't for the registry."""
    if not host.isascii() or not host.isprintable() or " " in host or not 0 < len(host) <= HOST_CHARS_MAX:
        return False
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return True
    return not (ip.is_link_local or ip.is_multicast or ip.is_unspecified)
