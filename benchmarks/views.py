"""How soon a change of the registry is in every client's view, in a process of its own. Prints its figures as JSON.

    python -m benchmarks.views REGISTRY NODES WATCHERS DRIVERS

Below one root there are so many nodes. Each of the clients has a proxy of the kit's: WATCHERS light ones in one process
of their own (200 drivers would be 200 interpreters, and two cores show nothing of the kit then), and DRIVERS of the
reference, which are asked for their list again and again. The nodes' addresses are those of nobody.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

from benchmarks.setting import MISSING, Meter, Spent, now, peak_mb, reference_stage
from proctor.subject.client import Client
from proctor.subject.listing import Listing
from proctor.subject.stage import Stage
from proctor.waiting import eventually
from proctor.zookeeper.proxy import RegistryProxy
from proctor.zookeeper.registry import RegistryUnavailable

AT_ONCE = 500  # nodes in one transaction: a registry refuses requests of 1 MB
CHANGES = 5
WITHIN_S = 60.0


def main() -> None:
    spec, (nodes, watchers, drivers) = sys.argv[1], map(int, sys.argv[2:5])
    try:
        with reference_stage(spec) as stage:
            print(json.dumps(measure(stage, nodes, watchers, drivers)))
    except RegistryUnavailable as missing:
        print(missing, file=sys.stderr)
        sys.exit(MISSING)


def measure(stage: Stage, nodes: int, watchers: int, drivers: int) -> dict[str, Spent | float]:
    before_mb, meter = peak_mb(), Meter()
    listing = Listing(stage)
    for first in range(1, nodes + 1, AT_ONCE):
        listing.add_together(*(address(number) for number in range(first, min(first + AT_ONCE, nodes + 1))))
    figures: dict[str, Spent | float] = {"fill": meter.lap()}
    stage.view.below(listing.root)
    figures["look"] = meter.lap()
    if watchers:
        with watching(stage, listing.root, nodes, watchers) as last_told:
            figures["watchers start"] = meter.lap()
            figures["watchers"] = middle([change(listing, nodes + 1, last_told) for _ in range(CHANGES)])
    if drivers:
        meter.lap()
        with driven(stage, listing.root, nodes, drivers) as last_listed:
            figures["drivers start"] = meter.lap()
            figures["drivers"] = middle([change(listing, nodes + 1, last_listed) for _ in range(CHANGES)])
    return {**figures, "memory": peak_mb() - before_mb}


def address(number: int) -> tuple[str, int]:
    return f"127.1.{number >> 8 & 255}.{number & 255}", 10_000 + (number >> 16)


def change(listing: Listing, number: int, last: Callable[[int], float]) -> Spent:
    """One more node: until the last client has it. It goes again, and is waited for."""
    before, started = now(), time.monotonic()
    path = listing.add(address(number))
    ended = last(number)
    spent = Spent(ended - started, now().cpu_s - before.cpu_s)
    listing.remove(path)
    last(number - 1)
    return spent


def middle(spent: list[Spent]) -> Spent:
    return Spent(median(one.wall_s for one in spent), median(one.cpu_s for one in spent))


@contextmanager
def watching(stage: Stage, root: str, nodes: int, count: int) -> Iterator[Callable[[int], float]]:
    """So many light clients, which have the list. Gives what waits until the last of them knows of so many nodes."""
    with ExitStack() as ends:
        proxies = [RegistryProxy(stage.loop, stage.registry.address).start() for _ in range(count)]
        for proxy in proxies:
            ends.callback(proxy.stop)
        ports = [proxy.address.rpartition(":")[2] for proxy in proxies]
        command = [sys.executable, "-m", "benchmarks.watchers", root, *ports]
        process = ends.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        ends.callback(process.kill)
        assert process.stdout is not None
        told = process.stdout

        def all_know(wanted: int) -> float:
            """The moment at which they did. ValueError if they have ended."""
            while True:
                known, at = told.readline().split()
                if int(known) == wanted:
                    return float(at)

        all_know(nodes)
        yield all_know


@contextmanager
def driven(stage: Stage, root: str, nodes: int, count: int) -> Iterator[Callable[[int], float]]:
    """So many drivers of the reference, which have the list. Gives what waits until all of them list so many."""
    with ExitStack() as ends:
        clients = [Client(stage, root) for _ in range(count)]
        for client in clients:
            ends.callback(client.end)
            client.start()

        def all_list(wanted: int) -> float:
            for client in clients:
                eventually(lambda client=client: len(client.servers()) == wanted, WITHIN_S, f"{wanted} servers")  # type: ignore[misc]
            return time.monotonic()

        all_list(nodes)
        yield all_list


if __name__ == "__main__":
    main()
