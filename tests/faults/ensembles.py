"""Scenes of the faults that befall an ensemble; the target is a client that can go to any member."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from proctor.faults.ensemble import EnsembleFault, KillLeader, PartitionMember, RollingRestart
from proctor.faults.fault import Fault
from proctor.zookeeper.codes import OpCode
from proctor.zookeeper.ensemble import EnsembleRegistry, Member
from proctor.zookeeper.proxy import SeenSession
from proctor.zookeeper.view import RegistryView
from tests.faults.place import Place
from tests.faults.registries import session_of, some_path
from tests.faults.scene import Scene, Trial

F = TypeVar("F", bound=EnsembleFault)
Make = Callable[[EnsembleRegistry, Place], F]
BEFORE = SeenSession(1, b"", 2000, 0.0, 0.0)


def ensemble(place: Place) -> EnsembleRegistry:
    registry = place.registry("ensemble")
    assert isinstance(registry, EnsembleRegistry)
    return registry


def never_started(place: Place) -> EnsembleRegistry:
    """Nobody leads it."""
    registry = EnsembleRegistry(place.loop)
    place.afterwards(registry.stop)
    return registry


def kill_leader(registry: EnsembleRegistry, place: Place) -> KillLeader:
    return KillLeader(registry, place.history)


def partition(registry: EnsembleRegistry, place: Place) -> PartitionMember:
    return PartitionMember(registry, session_of(place, registry), place.history)


def rolling(registry: EnsembleRegistry, place: Place) -> RollingRestart:
    return RollingRestart(registry, place.history)


def scene(place: Place, make: Make[F], affected: Callable[[F, EnsembleRegistry], bool]) -> Scene:
    """The client finds what it left, whoever of them is away."""
    registry = ensemble(place)
    view = RegistryView(registry)
    place.afterwards(view.close)
    path = view.create(some_path(), b"kept")
    fault = make(registry, place)

    def found() -> bool:
        got = view.get(path)
        return got is not None and got[0] == b"kept"

    return Scene(
        fault=fault,
        works=found,
        affected=lambda: found() and affected(fault, registry),
        recovered=lambda: found() and sorted(member.role for member in registry.members)[-1] == "leader",
    )


def is_dead(fault: KillLeader, _: EnsembleRegistry) -> bool:
    return fault.member is not None and not fault.member.server.runs


def is_alone(fault: PartitionMember, registry: EnsembleRegistry) -> bool:
    """It runs and leads or follows nobody, and neither has anybody else gone with it."""
    assert fault.member is not None
    return not fault.member.role and all(other.role for other in registry.others(fault.member))


def all_serve(_: RollingRestart, registry: EnsembleRegistry) -> bool:
    return all(member.role for member in registry.members)


# --- what affects nobody


def unmoved(place: Place, what: type[EnsembleRegistry | Member], name: str, make: Make[F]) -> Fault:
    """What the fault does to the ensemble has no effect."""
    place.machine.setattr(what, name, lambda *_: None)
    return make(ensemble(place), place)


def partition_for_nobody(place: Place) -> Fault:
    """Who was connected with the session has closed it."""
    registry = ensemble(place)
    proxy = place.proxy(registry)
    place.client(proxy.endpoint).call(OpCode.CLOSE_SESSION)
    return PartitionMember(registry, proxy.sessions[-1], place.history)


TRIALS = (
    Trial(
        KillLeader,
        {"ensemble": lambda place: scene(place, kill_leader, is_dead)},
        {
            "nobody leads": lambda place: kill_leader(never_started(place), place),
            "the leader lives": lambda place: unmoved(place, Member, "kill", kill_leader),
        },
        {"no ensemble": lambda place: KillLeader(place.registry("embedded"), place.history)},
    ),
    Trial(
        PartitionMember,
        {"ensemble": lambda place: scene(place, partition, is_alone)},
        {
            "nobody leads": lambda place: PartitionMember(never_started(place), BEFORE, place.history),
            "nobody has the session": partition_for_nobody,
            "the links hold": lambda place: unmoved(place, EnsembleRegistry, "cut_off", partition),
        },
        {"no ensemble": lambda place: PartitionMember(place.registry("embedded"), BEFORE, place.history)},
    ),
    Trial(
        RollingRestart,
        {"ensemble": lambda place: scene(place, rolling, all_serve)},
        {
            "nobody leads": lambda place: rolling(never_started(place), place),
            "all live": lambda place: unmoved(place, Member, "kill", rolling),
        },
        {"no ensemble": lambda place: RollingRestart(place.registry("embedded"), place.history)},
    ),
)
