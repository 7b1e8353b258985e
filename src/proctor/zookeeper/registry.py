"""Which registry to use: what `--registry=` says, as an object that every backend's contract holds for."""

from __future__ import annotations

from proctor.loop import LoopThread
from proctor.zookeeper.apache import ApacheRegistry
from proctor.zookeeper.backend import Registry, RegistryUnavailable
from proctor.zookeeper.container import ContainerRegistry
from proctor.zookeeper.embedded import EmbeddedRegistry
from proctor.zookeeper.ensemble import EnsembleRegistry
from proctor.zookeeper.standing import StandingRegistry

__all__ = ["KINDS", "Registry", "RegistryUnavailable", "open_registry"]

KINDS = ("embedded", "zookeeper", "ensemble", "container")
"""The registries that are ours, as `--registry` names them."""


def open_registry(spec: str, loop: LoopThread) -> Registry:
    """The registry that `spec` names, not yet started: use it as a context manager, or `start` and `stop` it.

    `embedded` | `zookeeper` | `ensemble` | `container[:IMAGE]` | `HOST:PORT,...[/chroot]`. Raises RegistryUnavailable.
    """
    if spec == "embedded":
        return EmbeddedRegistry(loop)
    if spec == "zookeeper":
        return ApacheRegistry()
    if spec == "ensemble":
        return EnsembleRegistry(loop)
    kind, _, image = spec.partition(":")
    if kind == "container":
        return ContainerRegistry(image) if image else ContainerRegistry()
    return StandingRegistry(spec)
