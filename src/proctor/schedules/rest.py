"""When a fleet is at rest: everybody is there who should be, and each knows of the others."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from contextlib import suppress

from proctor.checks.processes import workers_asked
from proctor.checks.reading import theirs
from proctor.outcome import Failure, Inconclusive
from proctor.schedules.fleet import Fleet, Member
from proctor.states import Quiet, Znodes
from proctor.subject.census import listed
from proctor.subject.server import PROVEN_S
from proctor.subject.until import reload_s
from proctor.waiting import eventually
from proctor.wire.connection import show_address

GONE_PROMPTLY_S = 2.0  # spec/README.md, "Words"


def wait_for_rest(fleet: Fleet, phase: str) -> bool:
    """Wait until the fleet is at rest, for as long as the limits allow; the history tells. Whether it came to that."""
    return wait(fleet, phase, time.monotonic(), rest_s(fleet))


def stop_all(fleet: Fleet) -> bool:
    """Stop every server, and wait until nothing is left of them: no process, and no node."""
    began = time.monotonic()  # before the first of them may end
    for member in [member for member in fleet.members if not member.killed]:
        member.server.parent.send(signal.SIGTERM)
        member.stopped = True
    return wait(fleet, "gone", began, fleet.stage.promise("stop_s") + GONE_PROMPTLY_S)


def wait(fleet: Fleet, phase: str, began: float, within_s: float) -> bool:
    why, wanted = "", workers_wanted(fleet)
    try:
        eventually(lambda: at_rest(fleet, wanted), within=within_s, what="the fleet to be at rest")
    except Failure as failure:
        why = str(failure)
    Quiet(phase=phase, began=began, within_s=within_s, settled=not why, why=why).record(fleet.stage.history)
    return not why


def rest_s(fleet: Fleet) -> float:
    """The longest that anything on the way may take: then all that has been waited for is there, or it is late."""
    promise = fleet.stage.promise
    bounds = [promise("register_s") + promise("update_s"), promise("recover_s")]
    if fleet.members:
        bounds += [promise("respawn_s"), promise("orphan_s"), reload_s(fleet.members[0].server)]
    return max(bounds) + promise("reap_s") + PROVEN_S


def workers_wanted(fleet: Fleet) -> Mapping[str, tuple[int, int]]:
    """The fewest and the most of each server, after all that has been done to it."""
    history = fleet.stage.history.later(fleet.began)
    return {server.who: workers_asked(history, server) for server in theirs(history)}


def at_rest(fleet: Fleet, wanted: Mapping[str, tuple[int, int]]) -> bool:
    """AssertionError that says who isn't; a Failure that is final if a parent has ended that should not have."""
    for member in fleet.members:
        if member.killed or member.stopped:
            is_gone(member)
        else:
            is_staffed(member, *wanted[member.who])
    addresses, nodes = fleet.addresses(), fleet.znodes()
    registered = nodes.addresses()
    assert registered == addresses, f"the registry has {registered}, and should have {addresses}"
    for member in fleet.members:
        if not (member.killed or member.stopped):
            is_attached(member, nodes)
    for who in fleet.clients:
        seen = fleet.listed(who)
        assert seen == addresses, f"{who} lists {seen}, and should list {addresses}"
    return True


def is_staffed(member: Member, fewest: int, most: int) -> None:
    member.server.demand_parent()
    workers = member.server.proven_pids()
    assert workers == member.server.worker_pids(), f"{member.who}: some of the workers are just born"
    wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    assert fewest <= len(workers) <= most, f"{member.who} has the workers {listed(workers)} of {wanted}"
    zombies = member.server.zombies()
    assert not zombies, f"{member.who} has not reaped {', '.join(map(str, zombies))}"


def is_attached(member: Member, nodes: Znodes) -> None:
    """Who has yet to come back to the registry has yet to look at its node there."""
    owners = {node["owner"] for node in nodes.nodes if node["address"] == show_address(member.server.address)}
    assert owners <= member.server.proxy.attached, f"the session of {member.who} has no connection to the registry"


def is_gone(member: Member) -> None:
    """Nothing runs. The session of one that was killed is then ended, as it would end when nobody kept it up."""
    assert member.server.program.exit_status() is not None, f"the parent of {member.who} runs"
    left = member.server.program.remains()
    assert not left, f"of {member.who} there are still {', '.join(map(str, left))}"
    if member.killed and not member.forgotten:
        with suppress(Inconclusive):  # it closed its session, or never had one
            member.server.proxy.expire()
        member.forgotten = True
