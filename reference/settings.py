"""What the command line says."""

from __future__ import annotations

from typing import Literal, NamedTuple

from reference.address import Address
from reference.wire import Dialect


class RegistrySettings(NamedTuple):
    hosts: str
    root: str
    session_timeout_s: float


class ServerSettings(NamedTuple):
    bind: Address
    advertise: str | None  # the host to register; None: the one that is bound
    workers: int
    registry: RegistrySettings
    dialect: Dialect
    reload: Literal["graceful", "exec"]
    grace_s: float  # from the order to stop until whatever still runs is killed
    hang_s: float  # silence after which a child is killed


class ClientSettings(NamedTuple):
    registry: RegistrySettings
    dialect: Dialect
