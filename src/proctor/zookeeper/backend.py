"""What every registry offers, whatever stands behind it. One contract test holds all of them to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

from proctor.outcome import Unavailable


class RegistryUnavailable(Exception):
    """There is no registry as asked for; the message says what is wrong, where, and what to do."""


class Registry(ABC):
    """A ZooKeeper that implementations register in. Synchronous, and usable from any thread but the kit's loop.

    `name` says what it is, for reports; `version` the server's own, or "unknown"; `address` is `host:port`, several
    joined by commas; `chroot` is "" or a path that everything is to stay under. Faults are for registries that are
    `ours`: on another's they raise Unavailable.
    """

    version = "unknown"
    chroot = ""
    ours = False

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    @abstractmethod
    def address(self) -> str: ...

    def start(self) -> Self:
        """Have it serving. Raises RegistryUnavailable, and leaves nothing behind then."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    @abstractmethod
    def _start(self) -> None: ...

    @abstractmethod
    def stop(self) -> None:
        """Leave nothing of ours behind. May be repeated, and follows any fault."""

    def kill(self) -> None:
        """Every connection and the listener go at once; its state stays, as on disk."""
        raise self._not_ours("kill")

    def restart(self) -> None:
        """Serve again on the same address: sessions live on, their timeouts afresh."""
        raise self._not_ours("restart")

    def wipe(self) -> None:
        """Restart with an empty data directory: znodes and sessions are lost, zxids start again."""
        raise self._not_ours("wipe")

    def freeze(self) -> None:
        """Answer nothing, while the kernel goes on accepting connections and bytes."""
        raise self._not_ours("freeze")

    def thaw(self) -> None:
        """Go on after `freeze`. Sessions that came due meanwhile expire."""
        raise self._not_ours("thaw")

    @property
    def servers(self) -> list[tuple[str, int]]:
        """Host and port of each of its servers."""
        pairs = (server.rpartition(":") for server in self.address.split(","))
        return [(host, int(port)) for host, _, port in pairs]

    def _not_ours(self, what: str) -> Unavailable:
        return Unavailable(
            f"cannot {what} the registry at {self.address}: it is not ours. "
            "Run with --registry=embedded or --registry=zookeeper for such faults"
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
