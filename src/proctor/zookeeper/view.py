"""The kit's own view of the tree: one kazoo client behind plain calls that outlive the registry's faults."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    OperationTimeoutError,
    SessionExpiredError,
)
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.protocol.states import KazooState, ZnodeStat
from kazoo.retry import KazooRetry

from proctor.zookeeper.backend import Registry

ANSWER_WITHIN_S = 20.0
TRY_S = 2.0  # of that, for one attempt, and for one client to connect
TOGETHER = 200  # reads that are on their way at once: few enough for every one to be answered in TRY_S
SESSION_S = 10.0  # asked for; the registry grants what it allows
PASSING = (ConnectionLoss, ConnectionClosedError, OperationTimeoutError, SessionExpiredError, KazooTimeoutError)
QUIET = logging.getLogger("proctor.zookeeper.view")
QUIET.disabled = True  # kazoo tells of every reconnect, which here is what is being tested


class Link:
    """A started kazoo client, and whether it is connected now."""

    def __init__(self, hosts: str) -> None:
        self._up = threading.Event()
        self.client = KazooClient(
            hosts,
            timeout=SESSION_S,
            connection_retry=KazooRetry(max_tries=-1, delay=0.02, backoff=2, max_delay=0.2),
            logger=QUIET,
        )
        self.client.add_listener(self._on_state)
        self.client.start_async()

    def connected(self, within_s: float) -> bool:
        return self._up.wait(within_s)

    def close(self) -> None:
        self.client.stop()
        self.client.close()

    def _on_state(self, state: str) -> None:
        if state == KazooState.CONNECTED:
            self._up.set()
        else:
            self._up.clear()


class Together:
    """Several reads under way, awaited as one."""

    def __init__(self, asked: Sequence[Any]) -> None:
        self._asked = asked

    def get(self, timeout: float) -> list[tuple[bytes, ZnodeStat] | None]:
        """The answers in the order of the reads, None for a node that isn't there. `timeout` is for all of them."""
        until = time.monotonic() + timeout
        return [answer(asked, max(0.0, until - time.monotonic())) for asked in self._asked]


def answer(asked: Any, timeout: float) -> tuple[bytes, ZnodeStat] | None:
    try:
        data, stat = asked.get(timeout=timeout)
    except NoNodeError:
        return None
    return data or b"", stat  # a node may be made without data at all


class RegistryView:
    """Reads and writes the tree of a registry; connected at first use, reconnected whenever needed.

    Every call ends within ANSWER_WITHIN_S: TimeoutError then names what was asked. What lost its reply to a fault is
    asked again: a `create` may then find its own node there, or make a second sequential one.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._link: Link | None = None
        self._leaving: list[threading.Thread] = []
        self._lock = threading.Lock()

    def children(self, path: str) -> list[str]:
        """The names below `path`; none if it isn't there."""
        try:
            return list(self._read(f"the children of {path}", path, lambda client: client.get_children_async(path)))
        except NoNodeError:
            return []

    def get(self, path: str) -> tuple[bytes, ZnodeStat] | None:
        """A node's data and stat; None if it isn't there."""
        try:
            data, stat = self._read(f"the data of {path}", path, lambda client: client.get_async(path))
        except NoNodeError:
            return None
        return data or b"", stat  # a node may be made without data at all

    def below(self, path: str) -> dict[str, tuple[bytes, ZnodeStat]]:
        """Data and stat of every node below `path`, by its path and in order; hundreds are asked for at a time."""
        paths = sorted(f"{path.rstrip('/')}/{name}" for name in self.children(path))
        found: dict[str, tuple[bytes, ZnodeStat]] = {}
        for first in range(0, len(paths), TOGETHER):
            found |= self._read_together(paths[first : first + TOGETHER])
        return found

    def create(self, path: str, data: bytes = b"", *, ephemeral: bool = False, sequence: bool = False) -> str:
        """Make a node below a parent that is there; its path."""
        made: str = self._ask(
            f"the creation of {path}",
            lambda client: client.create_async(path, data, ephemeral=ephemeral, sequence=sequence),
        )
        return made

    def create_together(self, path: str, contents: Sequence[bytes]) -> list[str]:
        """Make a sequential node with each of `contents`, in one transaction: to a watch, one change. Their paths."""

        def ask(client: KazooClient) -> Any:
            transaction = client.transaction()
            for data in contents:
                transaction.create(path, data, sequence=True)
            return transaction.commit_async()

        results: list[Any] = self._ask(f"the creation of {len(contents)} nodes {path}", ask)
        for result in results:
            if isinstance(result, Exception):
                raise result
        return results

    def set(self, path: str, data: bytes) -> None:
        self._ask(f"new data for {path}", lambda client: client.set_async(path, data))

    def ensure(self, path: str) -> None:
        """Make a persistent node, and all above it, unless they are there."""
        at = ""
        for name in path.strip("/").split("/"):
            at += f"/{name}"
            with suppress(NodeExistsError):
                self.create(at)

    def delete(self, path: str) -> None:
        """Delete a node without children; one that isn't there is deleted already."""
        try:
            self._ask(f"the deletion of {path}", lambda client: client.delete_async(path))
        except NoNodeError:
            return

    def delete_tree(self, path: str) -> None:
        """Delete a node and all below it, also while somebody adds to it."""
        while self.get(path) is not None:
            for name in self.children(path):
                self.delete_tree(f"{path}/{name}")
            with suppress(NotEmptyError):
                self.delete(path)

    def owner(self, path: str) -> int | None:
        """The session that a node is ephemeral of, 0 if it is not; None if it isn't there."""
        found = self.get(path)
        return None if found is None else found[1].ephemeralOwner

    def close(self) -> None:
        self._unlink()
        for thread in self._leaving:
            thread.join()
        self._leaving.clear()

    def _read(self, what: str, path: str, read: Callable[[KazooClient], Any]) -> Any:
        """What holds now: one server of several may lag behind another, which somebody has heard already."""

        def ask(client: KazooClient) -> Any:
            if len(self._registry.servers) > 1:
                client.sync_async(path)  # what is asked behind it waits until that server has caught up
            return read(client)

        return self._ask(what, ask)

    def _read_together(self, paths: list[str]) -> dict[str, tuple[bytes, ZnodeStat]]:
        """Those of the nodes that are there."""

        def read(client: KazooClient) -> Together:
            return Together([client.get_async(path) for path in paths])

        what = f"the data of {len(paths)} nodes from {paths[0]} on"
        answers: list[tuple[bytes, ZnodeStat] | None] = self._read(what, paths[0], read)
        return {path: answer for path, answer in zip(paths, answers, strict=True) if answer is not None}

    def _ask(self, what: str, ask: Callable[[KazooClient], Any]) -> Any:
        """The answer, asked again while the connection or the session is lost."""
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while (left := deadline - time.monotonic()) > 0:
            link = self._linked()
            if not link.connected(min(TRY_S, left)):
                self._unlink()  # it may know a zxid that a wiped registry has yet to reach, and be turned away for ever
                continue
            try:
                return ask(link.client).get(timeout=min(TRY_S, left))
            except PASSING:
                continue
        raise TimeoutError(f"the registry at {self._registry.address} gave no answer in {ANSWER_WITHIN_S} s: {what}")

    def _linked(self) -> Link:
        with self._lock:
            if self._link is None:
                self._link = Link(self._registry.address + self._registry.chroot)
            return self._link

    def _unlink(self) -> None:
        """Give up a client. In a thread: one that is being refused can take its time, up to ten seconds, to stop."""
        with self._lock:
            link, self._link = self._link, None
            if link is not None:
                self._leaving.append(threading.Thread(target=link.close, name="proctor-view-leaves", daemon=True))
                self._leaving[-1].start()
