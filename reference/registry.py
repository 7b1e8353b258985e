"""ZooKeeper, as the server's registrar and the client speak with it: kazoo, with an answer or an error in bounded time.

Only these two import this module: kazoo takes longer to import than all the rest together.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError
from kazoo.protocol.states import EventType, KazooState, KeeperState, WatchedEvent

from reference.settings import RegistrySettings

ANSWER_S = 2.0  # how long one operation may take before its outcome counts as unknown
CLOSE_S = 2.0  # what closing a session may take
START_S = 1.0  # until kazoo's thread has begun

Session = tuple[int, bytes]
Watch = Callable[[WatchedEvent], None]

__all__ = ["EventType", "Registry", "Session", "Unsettled", "WatchedEvent"]


class Unsettled(Exception):
    """The registry did not answer, or not in time: whether it has done what it was asked for is unknown."""


class Registry:
    """A session, and another one when that is lost. Goes on connecting by itself, at a pace (R24)."""

    retry: Mapping[str, float] = {"max_tries": -1, "delay": 0.2, "backoff": 1.5, "max_delay": 1.0, "max_jitter": 0.3}

    def __init__(
        self,
        settings: RegistrySettings,
        on_state: Callable[[], None],
        meanwhile: Callable[[], None],
        session: Session | None = None,
    ) -> None:
        """`on_state` is called from kazoo's thread whenever the connection has changed, and may ask nothing there (R2);
        `meanwhile` again and again by whoever waits for an answer. `session` is one to be continued.
        """
        hosts, _, chroot = settings.hosts.partition("/")
        self.root = "/" + "/".join(filter(None, f"{chroot}/{settings.root}".split("/")))  # "/" itself is a root (R25)
        self._on_state = on_state
        self._meanwhile = meanwhile
        self.client = KazooClient(
            hosts=hosts,
            timeout=settings.session_timeout_s,
            client_id=session,
            connection_retry=dict(self.retry),
            logger=silent_logger(),
        )
        self.client.add_listener(self.state_changed)
        self.client.start_async()
        self._started_at = monotonic()

    def state_changed(self, state: str) -> None:
        if state == KazooState.SUSPENDED:
            # A registry that has lost its data refuses whoever saw more than it has now, for ever (R17). What we need
            # is read anew after each reconnect, and `sync` sees to it that it is no older than what we wrote.
            self.client.last_zxid = 0
        self._on_state()

    @property
    def connected(self) -> bool:
        return bool(self.client.connected)

    @property
    def works(self) -> bool:
        """An answer that kazoo doesn't understand ends its thread for good: then only another Registry helps."""
        return self.client.client_state != KeeperState.CLOSED or monotonic() - self._started_at < START_S

    def session(self) -> Session:
        session: Session | None = self.client.client_id
        if session is None or not session[0]:
            raise Unsettled("disconnected")
        return session

    def path(self, name: str) -> str:
        return f"{self.root.rstrip('/')}/{name}"

    # Operations. Unsettled if the outcome is unknown.

    def sync(self) -> None:
        self.answer(self.client.sync_async("/"))

    def children(self, watch: Watch | None = None) -> list[str] | None:
        """The names below the root; None if it is missing."""
        return self.answer(self.client.get_children_async(self.root, watch))  # type: ignore[no-any-return]

    def root_exists(self, watch: Watch) -> bool:
        return self.answer(self.client.exists_async(self.root, watch)) is not None

    def owners(self, paths: list[str], watch: Watch | None = None) -> dict[str, int]:
        """The sessions that own the nodes which are there, 0 for persistent ones."""
        pending = {path: self.client.exists_async(path, watch) for path in paths}
        stats = {path: self.answer(one) for path, one in pending.items()}
        return {path: stat.ephemeralOwner for path, stat in stats.items() if stat is not None}

    def data(self, paths: list[str], watch: Watch) -> dict[str, bytes]:
        """What the nodes hold that are there (D5)."""
        pending = {path: self.client.get_async(path, watch) for path in paths}
        found = {path: self.answer(one) for path, one in pending.items()}
        return {path: answer[0] for path, answer in found.items() if answer is not None}

    def create(self, name: str, data: bytes) -> str:
        """An ephemeral, sequential node below the root, which is made if it is missing; its path."""
        path = self.answer(self.make(name, data))
        if path is None:
            self.answer(self.client.ensure_path_async(self.root))
            path = self.answer(self.make(name, data))
        if path is None:
            raise Unsettled(f"{self.root} was made and is gone")
        return str(path)

    def make(self, name: str, data: bytes) -> Any:
        return self.client.create_async(self.path(name), data, ephemeral=True, sequence=True)

    def delete(self, path: str) -> None:
        self.answer(self.client.delete_async(path))

    def close(self, within_s: float = CLOSE_S) -> None:
        """Closes the session, unless the registry takes longer to answer."""
        closing = threading.Thread(target=self.stop_client, daemon=True)
        closing.start()
        closing.join(within_s)

    def stop_client(self) -> None:
        with suppress(Exception):  # its thread is dead already, or doesn't end
            self.client.stop()

    def answer(self, pending: Any) -> Any:
        """The operation's result; None if its node is missing."""
        until = monotonic() + ANSWER_S
        while not pending.ready():
            if monotonic() > until:
                raise Unsettled(f"no answer within {ANSWER_S} s")
            pending.wait(0.05)
            self._meanwhile()
        try:
            return pending.get_nowait()
        except NoNodeError:
            return None
        except Exception as error:  # kazoo's own, and where its thread met what it doesn't understand, any
            raise Unsettled(type(error).__name__) from None


def silent_logger() -> logging.Logger:
    """kazoo tells a paragraph about each attempt; what matters is told by those who use it."""
    logger = logging.getLogger("reference.kazoo")
    logger.disabled = True
    return logger
