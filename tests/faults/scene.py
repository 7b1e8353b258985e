"""What the contract asks of every fault: a scene in which it works, and duds, in which it can't."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from proctor.faults.fault import Fault
from tests.faults.place import Place

Look = Callable[[], object]
"""Looks at a target: what is false, or an AssertionError, means "not so"."""


def nothing() -> None:
    return


@dataclass(frozen=True)
class Scene:
    """A target, whole, and the fault that is to befall it.

    `works`: the target does what it is there for. `stir` is done once the fault is injected, for those that show only
    when something happens. `affected` and `recovered` look at the target itself, never at the fault.
    """

    fault: Fault
    works: Look
    affected: Look
    recovered: Look
    stir: Callable[[], object] = nothing


@dataclass(frozen=True)
class Trial:
    """All that one kind of fault is tried on, each by its name.

    `duds`: targets that it can't affect; where there can be none, `no_dud` says why. `missing`: machines, or
    registries, that don't let it be injected.
    """

    fault: type[Fault]
    scenes: Mapping[str, Callable[[Place], Scene]]
    duds: Mapping[str, Callable[[Place], Fault]] = field(default_factory=dict)
    missing: Mapping[str, Callable[[Place], Fault]] = field(default_factory=dict)
    no_dud: str = ""
