"""What subjects are started on: one registry, one event loop, one history, one implementation."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from proctor.history import History
from proctor.limits import LIMITS
from proctor.loop import LoopThread
from proctor.manifest import Manifest
from proctor.process.ports import Ports
from proctor.zookeeper.registry import Registry
from proctor.zookeeper.view import RegistryView

HOST = "127.0.0.1"


@dataclass
class Stage:
    """`patience` multiplies every deadline (--time-scale)."""

    manifest: Manifest
    registry: Registry
    loop: LoopThread
    history: History
    ports: Ports
    patience: float = 1.0
    roots: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    view: RegistryView = field(init=False)
    _run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __post_init__(self) -> None:
        self.view = RegistryView(self.registry)

    def new_root(self) -> str:
        """A root path of its own for each subject, so that none sees another's nodes."""
        root = f"/proctor-{self._run}-{next(self._numbers)}"
        self.roots.append(root)
        return root

    def close(self) -> None:
        """Leave nothing in a registry that isn't ours; one of ours goes whole."""
        try:
            for root in [] if self.registry.ours else self.roots:
                self.view.delete_tree(root)
        finally:
            self.view.close()
            self.registry.stop()

    def promise(self, name: str) -> float:
        """A limit that the implementation promises, stretched by the run's patience if it is a time."""
        value = self.manifest.promise(name)
        return value * self.patience if LIMITS[name].unit == "s" else value
