"""What holds for every fault, on small targets: it works, proves itself, heals, and never proves what it did not do."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest

import proctor.faults
from proctor.faults.fault import Fault
from proctor.history import History
from proctor.outcome import Inconclusive, Unavailable
from proctor.process import observe
from proctor.waiting import eventually
from tests.descriptors import descriptors
from tests.faults.place import WITHIN_S, Place
from tests.faults.scene import Scene, Trial
from tests.faults.trials import TRIALS

SOON_S = 0.5  # a dud has so long to prove itself


def tried(what: str) -> pytest.MarkDecorator:
    """One test for each scene, dud or missing thing of each fault."""
    parameters = [
        pytest.param(made, id=f"{trial.fault.__name__}-{name}".replace(" ", "-"))
        for trial in TRIALS
        for name, made in getattr(trial, what).items()
    ]
    return pytest.mark.parametrize("made", parameters)


class Left(Exception):
    """What a test leaves a fault's block by."""


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


def test_every_fault_is_tried() -> None:
    for module in pkgutil.iter_modules(proctor.faults.__path__):
        importlib.import_module(f"proctor.faults.{module.name}")
    ours = {kind for kind in subclasses(Fault) if kind.__module__.startswith("proctor.faults.")}
    assert {trial.fault for trial in TRIALS} == {kind for kind in ours if not inspect.isabstract(kind)}


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.fault.__name__)
def test_every_fault_has_scenes_and_duds_or_a_reason_for_having_none(trial: Trial) -> None:
    assert trial.scenes
    assert bool(trial.duds) != bool(trial.no_dud)


@tried("scenes")
@pytest.mark.parametrize("left_by", [None, Left], ids=["", "left by an error"])
def test_it_takes_effect_on_its_target_and_heals(
    made: Callable[[Place], Scene], left_by: type[Left] | None, place: Place
) -> None:
    scene = made(place)
    if reason := scene.fault.unavailable():
        pytest.skip(reason)
    eventually(scene.works, within=WITHIN_S)
    before = held_by_the_kit()
    with pytest.raises(Left) if left_by else nullcontext(), scene.fault as fault:
        scene.stir()
        proof = fault.took_effect()
        eventually(scene.affected, within=WITHIN_S)
        if left_by:
            raise left_by
    assert not held_by_the_kit() - before
    eventually(scene.recovered, within=WITHIN_S)
    assert phases(place.history) == ["injected", "effective", "healed"]
    assert len({event.facts["number"] for event in place.history.events("fault")}) == 1
    assert proof
    assert told(place.history, "effective") == {"name": fault.name, "needs": fault.needs, "proof": proof}


@tried("duds")
def test_what_affects_nobody_is_inconclusive_and_never_a_proof(made: Callable[[Place], Fault], place: Place) -> None:
    with pytest.raises(Inconclusive) as caught, made(place) as fault:
        fault.took_effect(within=SOON_S)
    assert not isinstance(caught.value, Unavailable), "the machine is not to blame"
    assert phases(place.history) in ([], ["injected", "healed"])


@tried("missing")
def test_what_cannot_be_injected_here_is_unavailable_and_recorded(made: Callable[[Place], Fault], place: Place) -> None:
    fault = made(place)
    with pytest.raises(Unavailable) as caught, fault:
        pytest.fail("it was injected")
    reason = told(place.history, "unavailable")["reason"]
    assert str(caught.value) == f"{fault.name} can't be injected here: {reason}"
    assert "effective" not in phases(place.history)


def phases(history: History) -> list[str]:
    return [event.facts["phase"] for event in history.events("fault")]


def told(history: History, phase: str) -> dict[str, Any]:
    """What the history says of the one event of this phase."""
    (facts,) = (event.facts for event in history.events("fault") if event.facts["phase"] == phase)
    return {name: value for name, value in facts.items() if name not in ("phase", "number")}


def held_by_the_kit() -> Counter[str]:
    """What a fault may hold while it lasts: threads, children, processes by their pidfds."""
    return Counter(
        threads=threading.active_count(),
        children=len(observe.children(os.getpid())),
        pidfds=sum("pidfd" in target for _, target in descriptors()),
    )
