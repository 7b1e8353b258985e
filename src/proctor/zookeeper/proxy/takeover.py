"""Expiring a session for real: whoever knows its id and password may close it, from any connection.

Client-side "expiry" helpers only tell the client so, and the registry still holds the session and its nodes.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from proctor.links import Address
from proctor.outcome import Inconclusive
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import KeeperError, OpCode
from proctor.zookeeper.jute import Malformed
from proctor.zookeeper.protocol import ExistsRequest, GetEphemeralsRequest, GetEphemeralsResponse, StatResponse

TIMEOUT_MS = 10_000


@dataclass(frozen=True)
class Expiry:
    """The proof: the registry closed the session when asked, and `nodes`, which it owned, are gone.

    `nodes` is None where the registry can't list them (Apache ZooKeeper before 3.6). `took_s` runs from before the
    takeover until all was proven.
    """

    session_id: int
    nodes: tuple[str, ...] | None
    took_s: float


def expire(targets: tuple[Address, ...], session_id: int, password: bytes, within_s: float) -> Expiry:
    """Take a session over, close it, and see that its nodes are gone. Raises Inconclusive where that can't be.

    Blocks, on connections of its own; `within_s` bounds each of its few steps.
    """
    started = time.monotonic()
    try:
        nodes = _close(targets, session_id, password, within_s)
        left = _left(targets, session_id, nodes or (), within_s)
    except (OSError, Malformed, KeeperError) as error:
        raise Inconclusive(f"session 0x{session_id:x} could not be expired: {error or repr(error)}") from error
    if left:
        raise Inconclusive(f"session 0x{session_id:x} was closed, but its nodes stay: {', '.join(left)}")
    return Expiry(session_id, nodes, time.monotonic() - started)


def _close(targets: tuple[Address, ...], session_id: int, password: bytes, within_s: float) -> tuple[str, ...] | None:
    with _reach(targets, within_s, session_id, password) as taken:
        if taken.session is None or taken.session.session_id != session_id:
            raise Inconclusive(
                f"the registry doesn't grant session 0x{session_id:x}: it has ended, or has another password"
            )
        owned = taken.ask(OpCode.GET_EPHEMERALS, GetEphemeralsRequest("/")).body
        taken.call(OpCode.CLOSE_SESSION)
    return owned.ephemerals if isinstance(owned, GetEphemeralsResponse) else None


def _left(targets: tuple[Address, ...], session_id: int, nodes: tuple[str, ...], within_s: float) -> list[str]:
    with _reach(targets, within_s) as witness:
        left = [path for path in nodes if _owner(witness, path) == session_id]
        witness.call(OpCode.CLOSE_SESSION)
    return left


def _owner(witness: Client, path: str) -> int | None:
    body = witness.ask(OpCode.EXISTS, ExistsRequest(path, watch=False)).body
    return body.stat.ephemeral_owner if isinstance(body, StatResponse) else None


def _reach(targets: tuple[Address, ...], within_s: float, session_id: int = 0, password: bytes = bytes(16)) -> Client:
    """A handshake with the first of the registry's servers that answers it. OSError if none does."""
    for target in targets[:-1]:
        with suppress(OSError):
            return _shaken_hands(target, within_s, session_id, password)
    return _shaken_hands(targets[-1], within_s, session_id, password)


def _shaken_hands(target: Address, within_s: float, session_id: int, password: bytes) -> Client:
    client = Client(*target, within_s)
    try:
        client.connect(TIMEOUT_MS, session_id, password)
    except BaseException:
        client.close()
        raise
    return client
