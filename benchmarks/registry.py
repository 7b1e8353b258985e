"""The registries side by side: how soon each is ready, how soon a session is gone, how much each carries.

    python -m benchmarks.registry

Ratios are of figures measured in this one run, on this one machine.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from statistics import median

from kazoo.client import KazooClient

from proctor.loop import LoopThread
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, OpCode
from proctor.zookeeper.protocol import OPEN_ACL, CreateRequest, ExistsRequest
from proctor.zookeeper.registry import Registry, RegistryUnavailable, open_registry

BOOTS = 3
EXPIRIES = 30
SILENCES = 10
CALLS = 2000
IN_FLIGHT = 100


def main() -> None:
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)
    with LoopThread() as loop:
        measured = {spec: figures for spec in ("embedded", "zookeeper") if (figures := measure(spec, loop))}
    print(f"{'':44}" + "".join(f"{name:>12}" for name in measured) + f"{'ratio':>10}")
    for row in next(iter(measured.values())):
        values = [figures[row] for figures in measured.values()]
        ratio = f"{max(values) / min(values):9.1f}x" if len(values) == 2 else ""
        print(f"{row:44}" + "".join(f"{value:12.3f}" for value in values) + ratio)


def measure(spec: str, loop: LoopThread) -> dict[str, float]:
    """A registry's figures by their names; none, and a line that says why, where it can't be had."""
    try:
        boots = [boot(spec, loop) for _ in range(BOOTS)]
    except RegistryUnavailable as missing:
        print(f"{spec} is left out: {missing}")
        return {}
    with open_registry(spec, loop) as registry:
        gone = [expiry(registry) for _ in range(EXPIRIES)]
        overdue = [silence(registry) for _ in range(SILENCES)]
        return {
            "ready, ms": median(boots) * 1000,
            "session gone after its takeover, ms, median": median(gone) * 1000,
            "session gone after its takeover, ms, worst": max(gone) * 1000,
            "session gone after it was due, ms, median": median(overdue) * 1000,
            "kazoo, one call at a time: get/s": rate(registry, one_at_a_time),
            f"kazoo, {IN_FLIGHT} in flight: get/s": rate(registry, many_in_flight),
            "bare client, one call at a time: exists/s": bare_rate(registry),
        }


def boot(spec: str, loop: LoopThread) -> float:
    """Seconds from nothing to the first session granted."""
    registry = open_registry(spec, loop)
    started = time.perf_counter()
    with registry, Client(*registry.servers[0]) as client:
        client.connect()
        return time.perf_counter() - started


def expiry(registry: Registry) -> float:
    """Seconds from the first byte of a takeover until a watcher is told that the session's znode is gone."""
    path = f"/bench-{time.monotonic_ns()}"
    host, port = registry.servers[0]
    with Client(host, port) as victim, Client(host, port) as watcher, Client(host, port) as taker:
        session = victim.connect()
        victim.call(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, CreateMode.EPHEMERAL))
        watcher.connect()
        watcher.call(OpCode.EXISTS, ExistsRequest(path, watch=True))
        started = time.perf_counter()
        taker.connect(session_id=session.session_id, password=session.password)
        taker.send(OpCode.CLOSE_SESSION)
        watcher.receive_frame("the event")
        return time.perf_counter() - started


def silence(registry: Registry) -> float:
    """Seconds from when a silent session was due until a watcher is told that its znode is gone."""
    path = f"/bench-{time.monotonic_ns()}"
    host, port = registry.servers[0]
    with Client(host, port) as silent, Client(host, port) as watcher:
        watcher.connect()
        timeout_s = silent.connect(timeout_ms=0).timeout / 1000
        silent.call(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, CreateMode.EPHEMERAL))
        due = time.perf_counter() + timeout_s
        watcher.call(OpCode.EXISTS, ExistsRequest(path, watch=True))
        watcher.receive_frame("the event")
        return time.perf_counter() - due


def rate(registry: Registry, work: Callable[[KazooClient], None]) -> float:
    client = KazooClient(registry.address, timeout=2.0)
    client.start()
    try:
        started = time.perf_counter()
        work(client)
        return CALLS / (time.perf_counter() - started)
    finally:
        client.stop()
        client.close()


def one_at_a_time(client: KazooClient) -> None:
    for _ in range(CALLS):
        client.get("/")


def many_in_flight(client: KazooClient) -> None:
    for _ in range(CALLS // IN_FLIGHT):
        for asked in [client.get_async("/") for _ in range(IN_FLIGHT)]:
            asked.get()


def bare_rate(registry: Registry) -> float:
    with Client(*registry.servers[0]) as client:
        client.connect()
        started = time.perf_counter()
        for _ in range(CALLS):
            client.call(OpCode.EXISTS, ExistsRequest("/", watch=False))
        return CALLS / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
