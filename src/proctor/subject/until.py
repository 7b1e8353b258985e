"""Waits for what a server owes its workers, each for as long as the limit of the spec says.

What doesn't come in time is a TimedOut that says what was there instead.
"""

from __future__ import annotations

from collections.abc import Collection

from proctor.outcome import Failure
from proctor.process import observe
from proctor.subject.census import listed
from proctor.subject.server import PROVEN_S, Server
from proctor.waiting import eventually, throughout

WATCHED_S = 1.0  # what doesn't happen is watched for so long: spec/README.md, "Words"


def until_staffed(
    server: Server, count: int | None = None, without: Collection[int] = (), within: float | None = None
) -> set[int]:
    """As many workers as were asked for (or `count`), none of them one of `without`: their pids. Within `respawn_s`
    unless told. ParentEnded if there is nobody left to fork them.
    """
    wanted = server.asked_workers if count is None else count
    bound = server.promise("respawn_s") if within is None else within

    def look() -> set[int]:
        server.demand_parent()
        workers = server.worker_pids()
        assert len(workers) == wanted, f"workers {listed(workers)}"
        assert workers == server.proven_pids(), f"some of the workers {listed(workers)} are just born"
        assert workers.isdisjoint(without), (
            f"workers {listed(workers)}, still among them {listed(workers & set(without))}"
        )
        return workers

    return eventually(look, within=bound + PROVEN_S, what=f"{wanted} workers{excluding(without)}")


def until_settled(server: Server) -> None:
    """Its workers, however many, have been the same for a while: those that booted late are there, too."""

    def look() -> bool:
        unchanged(server, server.worker_pids())
        return True

    eventually(look, within=server.promise("boot_s") + WATCHED_S, what="the workers to be the same for a while")


def until_reaped(server: Server, pids: Collection[int]) -> None:
    """None of these is in the process table any more, not as a zombie either, within `reap_s`."""

    def look() -> bool:
        left = [str(found) for pid in pids if (found := observe.stat(pid))]
        assert not left, f"{', '.join(left)} (Z: dead and not reaped){state(server)}"
        return True

    eventually(look, within=server.promise("reap_s"), what=f"{listed(pids)} to be reaped")


def reload_s(server: Server) -> float:
    """How long a reload may take: `reload_s`; where the process replaces itself, `reload_s` + `boot_s`."""
    boots = server.manifest.capabilities.reload == "exec"
    return server.promise("reload_s") + (server.promise("boot_s") if boots else 0.0)


def until_renewed(server: Server, old: Collection[int], within: float | None = None) -> set[int]:
    """After a reload signal: no old worker is alive or a zombie, and N new ones are there: their pids.

    Within the time of a reload unless told. ParentEnded if there is nobody left to fork them.
    """
    bound = reload_s(server) if within is None else within

    def look() -> set[int]:
        server.demand_parent()
        left = [str(found) for pid in old if (found := observe.stat(pid))]
        workers = server.worker_pids()
        assert not left, f"of the old workers there are still {', '.join(left)}"
        assert len(workers) == server.asked_workers, f"workers {listed(workers)}"
        assert workers == server.proven_pids(), f"some of the workers {listed(workers)} are just born"
        return workers

    return eventually(
        look, within=bound + PROVEN_S, what=f"{server.asked_workers} new workers, and none of {listed(old)}"
    )


def until_gone(server: Server, within: float | None = None) -> int:
    """No process of the server is left, within `stop_s` unless told: its parent's exit status."""
    bound = server.promise("stop_s") if within is None else within

    def look() -> bool:
        assert server.program.exit_status() is not None, (
            f"the parent still runs, workers {listed(server.worker_pids())}"
        )
        remains = server.program.remains()
        assert not remains, f"the parent ended, and left {', '.join(map(str, remains))}"
        return True

    eventually(look, within=bound, what="every process of the server to end")
    status = server.program.exit_status()
    assert status is not None
    return status


def unchanged(server: Server, workers: Collection[int], seconds: float = WATCHED_S) -> None:
    """Watch that parent and workers stay what they are; Failure with what came instead."""
    throughout(lambda: still(server, workers), seconds)


def still(server: Server, workers: Collection[int]) -> None:
    """Failure unless the parent runs and its workers are these.

    A parent that ends may take its workers along first: it is given `stop_s` for that, and its end is what is told.
    """
    server.demand_parent()
    found = server.worker_pids()
    if found != set(workers) and not (set(workers) < found and server.proven_pids() <= set(workers)):
        if not set(workers) <= found:
            server.demand_parent(within=server.promise("stop_s"))
        raise Failure(f"the workers were {listed(workers)}, and now are {listed(found)}")


def state(server: Server) -> str:
    """What became of the parent, if it ended."""
    status = server.program.exit_status()
    if status is None:
        return ""
    return f"; the parent was killed by signal {-status}" if status < 0 else f"; the parent ended with status {status}"


def excluding(pids: Collection[int]) -> str:
    return f", none of {listed(pids)}" if pids else ""
