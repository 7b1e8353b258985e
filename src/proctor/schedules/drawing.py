"""Draws schedules, by Hypothesis, so that one that breaks something can be made small."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.errors import HypothesisDeprecationWarning

from proctor.laws import hold_for_any
from proctor.schedules.schedule import After, AfterCalls, Event, OnEvent, Planned, Schedule, Trigger

FINEST_S = 0.05  # times are drawn in such steps: finer ones make no difference, and are harder to read
LASTS_MAX_S, AFTER_MAX_S, CALLS_MAX, BYTE_MAX = 1.0, 0.5, 50, 40
SERVERS_DRAWN, ACTS_DRAWN, TARGETS_DRAWN = 5, 8, 20
OFTENER = 3  # than for one event, an act waits for calls, or some time
FEW = 2  # servers, mostly: then several acts meet the same one, and less has to be started
WORKERS_DRAWN, CLIENTS_DRAWN = (1, 2, 3, 2, 4, 8), (1, 2, 1, 3, 5)  # few mostly: many seldom show more, and cost more


def schedules(
    acts: list[str], seed: int, fewest: int, *, of_servers: bool, of_clients: bool
) -> st.SearchStrategy[Schedule]:
    """Schedules of `fewest` of these acts or more. The simplest, which is always tried first, is the seed's, too."""
    shuffled = random.Random(seed).sample(acts, len(acts))
    of_each: list[tuple[bool, Event]] = [
        (of_servers, "create"),
        (of_clients, "watch-event"),
        (of_clients, "reply-byte"),
    ]
    events = [event for there, event in of_each if there]
    few, many = (st.lists(st.sampled_from(WORKERS_DRAWN), min_size=1, max_size=most) for most in (FEW, SERVERS_DRAWN))
    servers = few | many
    act = planned(shuffled, events)
    different = st.lists(act, min_size=fewest, max_size=ACTS_DRAWN, unique_by=lambda planned: planned.what)
    any_acts = st.lists(act, min_size=fewest, max_size=ACTS_DRAWN)
    return st.builds(
        Schedule,
        servers=servers.map(tuple) if of_servers else st.just(()),
        ours=st.integers(0, 1) if of_servers else st.integers(1, FEW) | st.integers(1, SERVERS_DRAWN),
        clients=st.sampled_from(CLIENTS_DRAWN) if of_clients else st.just(0),
        acts=(different | any_acts).map(tuple),
    )


def planned(acts: list[str], events: list[Event]) -> st.SearchStrategy[Planned]:
    return st.builds(
        Planned,
        what=st.sampled_from(acts),
        trigger=triggers(events),
        on=st.just(0) | st.integers(0, TARGETS_DRAWN - 1),  # that several meet the same one is worth more
        lasts_s=steps(LASTS_MAX_S),
    )


def triggers(events: list[Event]) -> st.SearchStrategy[Trigger]:
    """An event only now and then: most come to pass seldom, and an act that waits for one in vain is missed."""
    return st.sampled_from([*["calls", "time"] * OFTENER, *events]).flatmap(trigger)


def trigger(kind: str) -> st.SearchStrategy[Trigger]:
    match kind:
        case "calls":
            return st.builds(AfterCalls, st.integers(1, CALLS_MAX))
        case "time":
            return st.builds(After, steps(AFTER_MAX_S))
        case event:
            return st.builds(OnEvent, st.just(event), st.integers(1, BYTE_MAX))


def steps(most_s: float) -> st.SearchStrategy[Any]:
    count = round(most_s / FINEST_S)
    return st.integers(0, count).map(lambda number: round(number * FINEST_S, 2))


def hold_any(hold: Callable[[Schedule], None], drawn: st.SearchStrategy[Schedule], seed: int, most: int) -> None:
    """Let Hypothesis try some, the simplest first, until `hold` raises; and then simpler ones. Raises the same.

    It takes what other threads draw from `random` meanwhile for the strategies' own doing, and warns of it.
    """

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)
        hold_for_any(hold, drawn, seed=seed, most=most, phases=(Phase.generate, Phase.shrink))
