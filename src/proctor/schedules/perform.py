"""Performs a schedule on a fleet of its own; what happens stands in the history, and nothing is judged here."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from typing import Any

from proctor.faults.fault import Fault
from proctor.limits import LIMITS
from proctor.links import Proxy
from proctor.outcome import Inconclusive, TimedOut
from proctor.process.stalls import StallMeter
from proctor.schedules.acts import ACTS, REGISTRY, Deed, triggers
from proctor.schedules.callers import Callers
from proctor.schedules.fleet import Fleet
from proctor.schedules.rest import stop_all, wait_for_rest
from proctor.schedules.schedule import After, AfterCalls, OnEvent, Planned, Schedule, as_data
from proctor.schedules.watch import Watch
from proctor.states import Act, Ledger, Stalled, Terms
from proctor.subject.stage import Stage
from proctor.waiting import eventually, throughout
from proctor.wire.dead_ends import refusing

EFFECT_WITHIN_S = 1.0  # in most acts it is there at once; in some it depends on others, and may never be
CALLS_WITHIN_S = 5.0
CALLS_BEFORE = 10  # so that what is opened lazily is open, and the load is seen to work
CALLS_AFTER = 20  # that meet what the last act has left
IDLE_S = 0.5  # for which a fleet at rest is watched


def perform(schedule: Schedule, stage: Stage, stalls: StallMeter) -> None:
    """Raises what isn't the implementation's doing, and a Failure if the fleet can't be started at all."""
    began = time.monotonic()
    history = stage.history
    history.record("schedule", **as_data(schedule))
    limits = {name: stage.promise(name) for name in LIMITS}
    Terms(limits=limits, claims=dict(stage.manifest.claims())).record(history)
    with Fleet(stage, schedule) as fleet:
        try:
            play(schedule, fleet)
        finally:
            for who, ours in fleet.ours.items():
                Ledger(who=who, asked=[str(asked.params) for asked in ours.ledger("ping")]).record(history)
            for stall in stalls.since(began):
                Stalled(started=stall.started, seconds=stall.seconds).record(history)


def play(schedule: Schedule, fleet: Fleet) -> None:
    with Watch(fleet):
        if not wait_for_rest(fleet, "before"):
            return
        with Callers(fleet) as callers:
            wait_for_calls(callers, CALLS_BEFORE, fleet)
        measure(fleet)
        with Callers(fleet) as callers, Performance(fleet, callers) as performance:
            performance.play(schedule.acts)
            wait_for_calls(callers, CALLS_AFTER, fleet)
        settled = wait_for_rest(fleet, "after")
        measure(fleet)
        if settled:
            follow_a_change(fleet)
            throughout(lambda: None, IDLE_S)
            measure(fleet)
            if wait_for_rest(fleet, "idle"):
                stop_all(fleet)


def wait_for_calls(callers: Callers, more: int, fleet: Fleet) -> None:
    callers.wait_for(callers.ended + more, CALLS_WITHIN_S * fleet.stage.patience)


def follow_a_change(fleet: Fleet) -> None:
    """One more node comes and goes: whoever missed the watch of the last change would never know."""
    if fleet.clients:
        with refusing() as nobody, fleet.one_more_node(nobody):
            wait_for_rest(fleet, "one more")
        wait_for_rest(fleet, "one less")


def measure(fleet: Fleet) -> None:
    for resources in fleet.resources():
        resources.record(fleet.stage.history)


class Performance:
    """Does acts, one after another, each healed when its time is over; on leaving all of them."""

    def __init__(self, fleet: Fleet, callers: Callers) -> None:
        self._fleet = fleet
        self._history = fleet.stage.history
        self._callers = callers
        self._under_way: list[UnderWay] = []  # a heap: who is to be healed next comes first

    def __enter__(self) -> Performance:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as ends:
            for under_way in self._under_way:
                ends.callback(self._end, under_way)

    def play(self, acts: tuple[Planned, ...]) -> None:
        for number, planned in enumerate(acts, 1):
            with self._due(planned) as why_not:
                self._begin(number, planned, why_not)
        while self._under_way:
            self._pass_time(self._under_way[0].ends)

    @contextmanager
    def _due(self, planned: Planned) -> Iterator[str]:
        """Wait for what triggers an act, and hold it meanwhile, if it is an event; why the act can't be, or nothing."""
        now = time.monotonic()
        match planned.trigger:
            case After(seconds=seconds):
                self._pass_time(now + seconds)
                yield ""
            case AfterCalls(calls=calls):
                self._pass_time(now + CALLS_WITHIN_S * self._fleet.stage.patience, self._callers.ended + calls)
                yield ""
            case OnEvent() as on:
                targets = triggers(self._fleet, on)
                with targets[planned.on % len(targets)] as trigger:
                    yield self._patiently(trigger.wait)

    def _patiently(self, wait: Callable[[float], object]) -> str:
        """Wait for something, healing meanwhile what is to be healed: it may be what is in the way. Why it was in vain,
        or nothing.
        """
        ends = time.monotonic() + EFFECT_WITHIN_S * self._fleet.stage.patience
        while True:
            due = min([ends, *(it.ends for it in self._under_way)])
            why = in_vain(partial(wait, max(0.0, due - time.monotonic())))
            if not why or time.monotonic() >= ends:
                return why
            self._end_due()

    def _pass_time(self, until: float, calls: float = inf) -> None:
        """Until that moment, or until so many calls have ended, healing meanwhile what is to be healed."""
        while (now := time.monotonic()) < until and self._callers.ended < calls:
            due = min([until, *(it.ends for it in self._under_way)])
            self._callers.wait_for(calls, max(0.0, due - now))
            self._end_due()
        self._end_due()

    def _begin(self, number: int, planned: Planned, why_not: str) -> None:
        deed, fleet = ACTS[planned.what], self._fleet
        targets = deed.targets(fleet)
        name, target = targets[planned.on % len(targets)] if targets else ("nobody", None)
        why_not = why_not or self._why_not(deed, target)
        act = Act(
            number=number,
            what=planned.what,
            on=name,
            phase="begins",
            costs=list(deed.costs),
            settles_s=deed.settles_s(fleet),
        )
        act.record(self._history)
        try:
            if why_not:
                raise Inconclusive(why_not)
            fault = deed.make(target, self._history)
            fault.__enter__()
        except Inconclusive as missed:  # its target is gone, or this machine can't do it
            replace(act, phase="missed", costs=[], why=str(missed)).record(self._history)
            return
        deed.then(target)
        under_way = UnderWay(time.monotonic(), act, fault)
        if not deed.shows_later:
            under_way.unproven = self._patiently(fault.took_effect)
        if deed.lasting:
            under_way.ends = time.monotonic() + planned.lasts_s
            heapq.heappush(self._under_way, under_way)
        else:
            self._end(under_way)

    def _why_not(self, deed: Deed[Any], target: Any) -> str:
        """Why it can't be done to this target now; empty if it can."""
        if target is None:
            return "there is nobody whom it could befall"
        if deed.asks_registry and any(it.act.on == REGISTRY for it in self._under_way):
            return "the registry is away"
        return self._patiently(partial(wait_for_connection, deed.ends(target))) if deed.ends else ""

    def _end_due(self) -> None:
        while self._under_way and self._under_way[0].ends <= time.monotonic():
            self._end(heapq.heappop(self._under_way))

    def _end(self, under_way: UnderWay) -> None:
        if ACTS[under_way.act.what].shows_later:
            under_way.unproven = in_vain(partial(under_way.fault.took_effect, 0.0))
        under_way.fault.__exit__(None, None, None)
        phase = "missed" if under_way.unproven else "over"
        replace(under_way.act, phase=phase, why=under_way.unproven).record(self._history)


def wait_for_connection(link: Proxy[Any], within: float) -> None:
    """Whoever has just lost one makes another one soon; an act that came before would meet nobody."""
    try:
        eventually(lambda: link.stats.open, within=within, what="a connection over the link")
    except TimedOut as late:
        raise Inconclusive(str(late)) from None


def in_vain(wait: Callable[[], object]) -> str:
    """Why a wait was in vain; empty if it was not."""
    try:
        wait()
    except Inconclusive as why:
        return str(why)
    return ""


@dataclass(order=True)
class UnderWay:
    """An act whose fault is in force until the moment `ends`. `unproven`: why nobody knows whether it took effect."""

    ends: float
    act: Act = field(compare=False)
    fault: Fault = field(compare=False)
    unproven: str = field(default="", compare=False)
