"""What can be done to a fleet, by name: the fault of each act, and what it may cost meanwhile and for how long after.

What an act costs is an excuse, and excuses are where a false pass hides: each is as narrow as the spec allows.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from proctor.faults.fault import Fault
from proctor.faults.links import CutLink, FreezeLink, HalfOpenLink, OneWayLink, SeverLink
from proctor.faults.registry import ExpireSession, RegistryFrozen, RegistryGone
from proctor.faults.signals import Burst, Kill, Stop
from proctor.faults.strikes import LateEvents, RepeatedEvents, SilentNewSession
from proctor.faults.traffic import SliceLink, SlowLink
from proctor.faults.triggers import BetweenCreateAndAnswer, OnReplyByte, OnWatchEvent, Trigger
from proctor.history import History
from proctor.links import Direction, LinkProxy, Proxy
from proctor.manifest import Manifest
from proctor.outcome import Inconclusive
from proctor.schedules.fleet import Fleet, Member
from proctor.schedules.schedule import OnEvent
from proctor.subject.client import Client
from proctor.subject.until import reload_s
from proctor.zookeeper.proxy import RegistryProxy
from proctor.zookeeper.registry import Registry

T = TypeVar("T")

CROSSING_S = 0.5  # for what was on its way to a process or a link that has just ended
FOR_EVER_S = 1e9  # infinity is no JSON
BURST_SIGNALS = 10
LATE_S = 0.1
OFTENER = 3  # than others, what a case is about
REGISTRY = "registry"  # as the history calls it

Claim = Callable[[Manifest], bool]
Settle = Callable[[Fleet], float]


@dataclass(frozen=True)
class Deed(Generic[T]):
    """One kind of act. `targets`: whom it may befall, by name; `make`: its fault on one of them.

    `costs`, `settles_s`: as of `proctor.states.Act`. `claim`: whether a manifest claims it. `lasting`: it goes on
    until it is healed. `shows_later`: only what others do shows that it took effect. `asks_registry`: it can't be done
    while the registry itself is away. `ends`: the link whose connections it ends; there has to be one. `then`: what
    becomes of its target by it.
    """

    targets: Callable[[Fleet], list[tuple[str, T]]]
    make: Callable[[T, History], Fault]
    costs: tuple[str, ...] = ()
    settles_s: Settle = lambda _fleet: 0.0
    claim: Claim | None = None
    lasting: bool = False
    shows_later: bool = False
    asks_registry: bool = False
    ends: Callable[[T], Proxy[Any]] | None = None
    then: Callable[[T], None] = lambda _target: None


# Whom it befalls


def servers(fleet: Fleet) -> list[tuple[str, Member]]:
    return [(member.who, member) for member in fleet.members]


def clients(fleet: Fleet) -> list[tuple[str, Client]]:
    return list(fleet.clients.items())


def links(fleet: Fleet) -> list[tuple[str, LinkProxy]]:
    return [(f"{who} to {address}", link) for who, found in fleet.links.items() for address, link in found.items()]


def registry(fleet: Fleet) -> list[tuple[str, Registry]]:
    return [(REGISTRY, fleet.stage.registry)]


# The links that they keep


def to_registry(it: Member | Client) -> RegistryProxy:
    return it.server.proxy if isinstance(it, Member) else it.proxy


def itself(link: LinkProxy) -> LinkProxy:
    return link


# What is done to a server


def kill_worker(member: Member, history: History) -> Fault:
    return Kill(workers(member)[:1], history)


def kill_workers(member: Member, history: History) -> Fault:
    return Kill(workers(member), history)


def stop_worker(member: Member, history: History) -> Fault:
    return Stop(workers(member)[:1], history)


def kill_parent(member: Member, history: History) -> Fault:
    return Kill([alive(member).server.pid], history)


def stop_parent(member: Member, history: History) -> Fault:
    return Stop([alive(member).server.pid], history)


def send(*numbers: int) -> Callable[[Member, History], Fault]:
    return lambda member, history: Burst(alive(member).server.parent, numbers, history)


def workers(member: Member) -> list[int]:
    found = sorted(alive(member).server.worker_pids())
    if not found:
        raise Inconclusive(f"{member.who} has no worker at this moment")
    return found


def alive(member: Member) -> Member:
    if member.killed:
        raise Inconclusive(f"{member.who} was killed before")
    return member


def is_killed(member: Member) -> None:
    member.killed = True


# How long what it costs may go on


def promised(name: str) -> Settle:
    return lambda fleet: fleet.stage.promise(name)


def crossing(fleet: Fleet) -> float:
    return CROSSING_S * fleet.stage.patience


def listed_again(fleet: Fleet) -> float:
    """A server that has lost its node is back in every list."""
    return fleet.stage.promise("register_s") + fleet.stage.promise("update_s")


def for_ever(_fleet: Fleet) -> float:
    return FOR_EVER_S


def reloaded(fleet: Fleet) -> float:
    return reload_s(fleet.members[0].server)


# What must be claimed


def reloads(how: str) -> Claim:
    return lambda manifest: manifest.capabilities.reload == how


def resizes(manifest: Manifest) -> bool:
    return manifest.capabilities.resize


CALLS, REAPING, LIST, LIFE, CROSSING = "calls", "reaping", "list", "life", "crossing"

ACTS: Mapping[str, Deed[Any]] = {
    "kill-worker": Deed(servers, kill_worker, (CALLS,), promised("respawn_s")),
    "kill-workers": Deed(servers, kill_workers, (CALLS,), promised("respawn_s")),
    "stop-worker": Deed(servers, stop_worker, (CALLS,), promised("recover_s"), lasting=True),
    "stop-parent": Deed(servers, stop_parent, (REAPING,), promised("reap_s"), lasting=True),
    "kill-parent": Deed(servers, kill_parent, (CALLS, REAPING, LIST, LIFE), for_ever, then=is_killed),
    "signal-burst": Deed(servers, send(*[signal.SIGCHLD] * BURST_SIGNALS)),
    "reload": Deed(servers, send(signal.SIGHUP), (CROSSING,), reloaded, reloads("graceful")),
    "reload-by-exec": Deed(servers, send(signal.SIGHUP), (CALLS, LIST), reloaded, reloads("exec")),
    "grow": Deed(servers, send(signal.SIGTTIN), claim=resizes),
    "shrink": Deed(servers, send(signal.SIGTTOU), (CROSSING,), promised("respawn_s"), resizes),
    "expire-server": Deed(
        servers,
        lambda it, history: ExpireSession(it.server.proxy, history),
        (LIST,),
        listed_again,
        asks_registry=True,
    ),
    "cut-server": Deed(servers, lambda it, history: CutLink(it.server.proxy, history, "rst"), ends=to_registry),
    "sever-server": Deed(
        servers, lambda it, history: SeverLink(it.server.proxy, history), lasting=True, ends=to_registry
    ),
    "freeze-server": Deed(servers, lambda it, history: FreezeLink(it.server.proxy, history), lasting=True),
    "expire-client": Deed(clients, lambda it, history: ExpireSession(it.proxy, history), asks_registry=True),
    "cut-client": Deed(clients, lambda it, history: CutLink(it.proxy, history, "rst"), ends=to_registry),
    "sever-client": Deed(clients, lambda it, history: SeverLink(it.proxy, history), lasting=True, ends=to_registry),
    "freeze-client": Deed(clients, lambda it, history: FreezeLink(it.proxy, history), lasting=True),
    "other-session-client": Deed(clients, lambda it, history: SilentNewSession(it.proxy, history)),
    "late-events-client": Deed(
        clients, lambda it, history: LateEvents(it.proxy, history, LATE_S), lasting=True, shows_later=True
    ),
    "repeated-events-client": Deed(
        clients, lambda it, history: RepeatedEvents(it.proxy, history), lasting=True, shows_later=True
    ),
    "freeze-registry": Deed(registry, RegistryFrozen, lasting=True, asks_registry=True),
    "restart-registry": Deed(registry, RegistryGone, lasting=True, asks_registry=True),
    "cut-link": Deed(links, lambda it, history: CutLink(it, history, "rst"), (CALLS,), crossing, ends=itself),
    "sever-link": Deed(links, SeverLink, (CALLS,), promised("recover_s"), lasting=True, ends=itself),
    "freeze-link": Deed(links, FreezeLink, (CALLS,), promised("recover_s"), lasting=True, shows_later=True),
    "mute-link": Deed(
        links,
        lambda it, history: OneWayLink(it, history, Direction.TO_CLIENT),
        (CALLS,),
        promised("recover_s"),
        lasting=True,
        shows_later=True,
    ),
    "half-open-link": Deed(links, HalfOpenLink, (CALLS,), promised("recover_s"), lasting=True, ends=itself),
    "slow-link": Deed(
        links, lambda it, history: SlowLink(it, history, latency_s=LATE_S), lasting=True, shows_later=True
    ),
    "slice-link": Deed(links, SliceLink, lasting=True, shows_later=True),
}


def possible(manifest: Manifest, *, of_servers: bool, of_clients: bool, besides: Collection[str] = ()) -> list[str]:
    """The acts on a fleet with or without servers and clients of an implementation: all that any of its kind must
    bear, and those of `besides` that its manifest claims, which stand there several times, to be drawn oftener.
    """
    lacking = [servers] * (not of_servers) + [clients, links] * (not of_clients)
    there = {what: deed for what, deed in ACTS.items() if deed.targets not in lacking}
    claimed = [what for what, deed in there.items() if what in besides and deed.claim and deed.claim(manifest)]
    return [what for what, deed in there.items() if deed.claim is None] + claimed * OFTENER


def triggers(fleet: Fleet, on: OnEvent) -> list[Trigger]:
    """Where the event may come to pass."""
    history = fleet.stage.history
    match on.event:
        case "reply-byte":
            return [OnReplyByte(link, on.nth, history) for _, link in links(fleet)]
        case "create":
            return [BetweenCreateAndAnswer(member.server.proxy, "", history) for member in fleet.members]
        case "watch-event":
            return [OnWatchEvent(client.proxy, history) for client in fleet.clients.values()]
