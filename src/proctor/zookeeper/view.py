"""The kit's own view of the tree: one kazoo client behind plain calls that outlive the registry's faults."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from kazoo.client import KazooClient
from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    SessionExpiredError,
)
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.protocol.states import ZnodeStat
from kazoo.retry import KazooRetry

from proctor.zookeeper.backend import Registry

T = TypeVar("T")

ANSWER_WITHIN_S = 20.0
TRY_S = 2.0  # of that, for one attempt: a frozen connection is given up and made again
SESSION_S = 10.0  # asked for; the registry grants what it allows
PASSING = (ConnectionLoss, ConnectionClosedError, SessionExpiredError, KazooTimeoutError)
QUIET = logging.getLogger("proctor.zookeeper.view")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False  # kazoo tells of every reconnect, which here is what is being tested


class RegistryView:
    """Reads and writes the tree of a registry; connected at first use, reconnected whenever needed.

    Every call ends within ANSWER_WITHIN_S: TimeoutError then names what was asked.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._client: KazooClient | None = None

    def children(self, path: str) -> list[str]:
        """The names below `path`; none if it isn't there."""
        try:
            return list(self._ask(f"the children of {path}", lambda client: client.get_children_async(path)))
        except NoNodeError:
            return []

    def get(self, path: str) -> tuple[bytes, ZnodeStat] | None:
        """A node's data and stat; None if it isn't there."""
        try:
            data, stat = self._ask(f"the data of {path}", lambda client: client.get_async(path))
        except NoNodeError:
            return None
        return data, stat

    def create(self, path: str, data: bytes = b"", *, ephemeral: bool = False, sequence: bool = False) -> str:
        """Make a node below a parent that is there; its path."""
        made: str = self._ask(
            f"the creation of {path}",
            lambda client: client.create_async(path, data, ephemeral=ephemeral, sequence=sequence),
        )
        return made

    def set(self, path: str, data: bytes) -> None:
        self._ask(f"new data for {path}", lambda client: client.set_async(path, data))

    def ensure(self, path: str) -> None:
        """Make a persistent node, and all above it, unless they are there."""
        at = ""
        for name in path.strip("/").split("/"):
            at += f"/{name}"
            try:
                self.create(at)
            except NodeExistsError:
                continue

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
            try:
                self.delete(path)
            except NotEmptyError:
                continue

    def close(self) -> None:
        if self._client is not None:
            self._client.stop()
            self._client.close()
            self._client = None

    def _ask(self, what: str, ask: Callable[[KazooClient], Any]) -> Any:
        """The answer, asked again while the connection or the session is lost."""
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while (left := deadline - time.monotonic()) > 0:
            try:
                return ask(self._connected(left)).get(timeout=min(TRY_S, left))
            except PASSING:
                continue
        raise TimeoutError(f"the registry at {self._registry.address} gave no answer in {ANSWER_WITHIN_S} s: {what}")

    def _connected(self, within_s: float) -> KazooClient:
        if self._client is None:
            retry = KazooRetry(max_tries=-1, delay=0.02, backoff=2, max_delay=0.5)
            self._client = KazooClient(
                self._registry.address + self._registry.chroot,
                timeout=SESSION_S,
                connection_retry=retry,
                logger=QUIET,
            )
        event = self._client.start_async()
        if not event.wait(within_s):
            raise KazooTimeoutError(f"not connected in {within_s:.1f} s")
        return self._client
