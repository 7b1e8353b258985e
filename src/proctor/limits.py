"""The limits that a manifest may promise in `[limits]`; the same table stands, for people, in spec/README.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A promise in numbers: what holds where the manifest is silent, and the bounds of what it may say instead."""

    name: str
    unit: str
    default: float
    least: float
    most: float
    meaning: str


_TABLE = (
    Limit("max_frame_bytes", "bytes", 16777216, 65536, 268435456, "longest body of a frame that is accepted and sent"),
    Limit("max_depth", "levels", 64, 64, 10000, "nesting of arrays and objects up to which a request is served"),
    Limit("boot_s", "s", 10, 0.1, 60, "from the start of the command until the server is ready"),
    Limit("stop_s", "s", 5, 0.1, 60, "from a stop signal until everything has ended, calls in flight not counted"),
    Limit("grace_s", "s", 10, 0.1, 120, "how long a call in flight may go on before its worker is killed"),
    Limit("reap_s", "s", 1, 0.1, 5, "how long a dead child may stay a zombie"),
    Limit("respawn_s", "s", 5, 0.1, 30, "until the number of workers is right again"),
    Limit("hang_s", "s", 30, 0.1, 120, "until a worker that shows no sign of life is killed"),
    Limit("orphan_s", "s", 5, 0.1, 30, "until idle workers have ended after their parent's death"),
    Limit("reload_s", "s", 10, 0.1, 60, "from SIGHUP until only new workers are there, calls in flight not counted"),
    Limit("register_s", "s", 5, 0.1, 30, "until the node stands again once the registry can be reached"),
    Limit("update_s", "s", 2, 0.1, 10, "until a client has applied a change of the list"),
    Limit("recover_s", "s", 5, 0.1, 30, "until a client uses again what can be reached again"),
    Limit("late_s", "s", 0.5, 0.1, 2, "by how much a call may outlive its timeout"),
    Limit("connects_per_s", "1/s", 10, 1, 20, "attempts to connect to one address that keeps failing"),
)

LIMITS: Mapping[str, Limit] = {limit.name: limit for limit in _TABLE}
