"""The checks of schedules, on histories written by hand: each finds what is unlawful, and nothing in what is lawful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from proctor.checks.processes import workers_asked
from proctor.outcome import Inconclusive
from proctor.schedules.judging import demand_proof, findings
from proctor.schedules.recovery import Recoveries, recovery_s
from proctor.states import Ledger, Stalled, Started
from tests.checks.stories import (
    ADDRESS,
    CLIENT,
    NODE,
    OTHER,
    OURS,
    PARENT,
    WHO,
    Written,
    act,
    call,
    processes,
    resources,
    rest,
    story,
    view,
    znodes,
)

UNLAWFUL: dict[str, tuple[str, Sequence[Written]]] = {
    "a reply of another's": ("client/answers-match-calls", [call(13, answered="pong 'm'")]),
    "a server's wrong reply": ("wire/ping-echoes", [call(13, answered="pong 'm'", to=WHO)]),
    "a call that outlives its timeout": (
        "client/call-ends-by-its-timeout",
        [*act("freeze-link", 11, 15, CLIENT, "calls"), call(15, "unknown", took_s=3.0)],
    ),
    "two outcomes of one call": ("client/answers-match-calls", [call(13), call(13)]),
    "a call that was executed twice": (
        "client/executes-at-most-once",
        [call(13), Ledger(at=20, who=OURS, asked=["call at 13", "call at 13"])],
    ),
    "a call that was executed, its caller told that nobody was there": (
        "client/executes-at-most-once",
        [
            *act("cut-link", 12, 13, CLIENT, "calls"),
            call(13, "failed"),
            Ledger(at=20, who=OURS, asked=["call at 13"]),
        ],
    ),
    "an answer of the dead": (
        "supervision/orphans-end",
        [
            *act("kill-parent", 12, 13, WHO, "life", "list", "calls", settles_s=99),
            processes(13.0, parent=0, workers=[]),
            call(15, to=WHO),
        ],
    ),
    "a call that fails while nothing is done": ("supervision/newborn-worker-serves", [call(13, "failed", to=WHO)]),
    "a client's call that fails while nothing is done": ("client/fails-over-when-refused", [call(13, "failed")]),
    "a call that fails because of a reload": (
        "restart/reload-loses-no-call",
        [*act("reload", 12, 13, WHO, "crossing", settles_s=5), call(13, "failed", to=WHO)],
    ),
    "a client's call that crosses a close, and learns it late": (
        "restart/reload-loses-no-call",
        [*act("reload", 12, 13, WHO, "crossing", settles_s=5), call(13, "unknown", took_s=0.9)],
    ),
    "a call that fails because the client's registry is away": (
        "client/keeps-the-list-without-registry",
        [*act("freeze-client", 12, 14, CLIENT), call(13, "failed")],
    ),
    "a call to a server to which nothing was done": (
        "supervision/newborn-worker-serves",
        [*act("kill-worker", 12, 13, "server 2", "calls", settles_s=5), call(13, "failed", to=WHO)],
    ),
    "a parent that ends": (
        "supervision/signal-burst-is-survived",
        [*act("signal-burst", 12, 12), processes(13.0, parent=0, workers=[])],
    ),
    "a parent that ends of a reload": (
        "restart/reload-keeps-the-parent",
        [*act("reload", 12, 12), processes(13.0, parent=0, workers=[])],
    ),
    "a parent that is seen to end of a reload when the wait for rest is over": (
        "restart/reload-keeps-the-parent",
        [
            *act("reload", 12, 12),
            processes(13.0, workers=[]),
            rest(13.1, why="the parent has ended with status 0"),
            processes(13.2, parent=0, workers=[]),
        ],
    ),
    "a zombie that stays": (
        "supervision/every-death-is-reaped",
        [*act("kill-worker", 12, 12, WHO, "calls"), processes(12.0, zombies=[11]), processes(14.0)],
    ),
    "a zombie that stays though its parent has been continued": (
        "supervision/every-death-is-reaped",
        [
            *act("stop-parent", 12, 14, WHO, "reaping", settles_s=1),
            processes(12.1, zombies=[11], workers=[12]),
            processes(17.5),
        ],
    ),
    "a worker too few": (
        "supervision/dead-worker-is-replaced",
        [*act("kill-worker", 12, 12, WHO, "calls"), processes(12.5, workers=[12]), rest(20, why="1 worker of 2")],
    ),
    "a worker too many": (
        "restart/resized-number-is-kept",
        [*act("grow", 12, 12), processes(13, workers=[11, 12, 13, 14]), rest(20, why="4 workers of 2 to 3")],
    ),
    "a worker that goes when nothing was done any more": (
        "supervision/dead-worker-is-replaced",
        [rest(20), processes(20.5, workers=[12]), rest(26, "idle", "1 worker of 2")],
    ),
    "a signal to grow that does nothing": (
        "restart/resized-number-is-kept",
        [*act("grow", 12, 12), rest(20, why="2 workers of 3")],
    ),
    "a signal to shrink that does nothing": (
        "restart/resized-number-is-kept",
        [*act("shrink", 12, 12), rest(20, why="2 workers of 1")],
    ),
    "a signal to grow that does nothing once a reload is over, and its parent goes on": (
        "restart/resized-number-is-kept",
        [
            *act("reload", 11, 11, settles_s=1),
            *act("stop-parent", 11.5, 12),
            *act("grow", 12.5, 12.5),
            rest(20, why="2 workers of 3"),
        ],
    ),
    "an orphan": (
        "supervision/orphans-end",
        [
            *act("kill-parent", 12, 12, WHO, "life", "list", "calls", settles_s=99),
            processes(13, parent=0, workers=[], orphans=[11]),
            znodes(14),
            view(14, ADDRESS),
            view(15),
            rest(20, why="11 still runs"),
        ],
    ),
    "a process that outlives a stop": (
        "supervision/stop-ends-everything",
        [rest(20), znodes(20.5), processes(21, parent=0, workers=[], orphans=[12]), rest(25, "gone", "12 still runs")],
    ),
    "no node": (
        "discovery/one-node-per-server",
        [znodes(13), view(13.1), rest(20, why="no node")],
    ),
    "two nodes": (
        "discovery/one-node-after-expiry",
        [
            *act("expire-server", 12, 12, WHO, "list", settles_s=7),
            znodes(13, NODE, {**NODE, "path": "/r/rpc1"}),
            view(14, ADDRESS, ADDRESS),
            rest(20, why="two nodes"),
        ],
    ),
    "two nodes, of which one came when nothing was done any more": (
        "discovery/one-node-per-server",
        [
            rest(20),
            znodes(20.5, NODE, {**NODE, "path": "/r/rpc1"}),
            view(20.6, ADDRESS, ADDRESS),
            rest(26, "idle", "two nodes"),
        ],
    ),
    "a node that nobody owns": (
        "discovery/node-is-ephemeral",
        [znodes(13, {**NODE, "owner": 0}), rest(20)],
    ),
    "a node that says something else": (
        "discovery/node-holds-the-address",
        [znodes(13, NODE, {**NODE, "address": OTHER}), view(14, ADDRESS, OTHER), rest(20, why="a node too many")],
    ),
    "a node that outlives its server": (
        "discovery/killed-server-vanishes",
        [
            *act("kill-parent", 12, 12, WHO, "life", "list", "calls", settles_s=99),
            processes(13, parent=0, workers=[]),
            rest(20, why="a node"),
        ],
    ),
    "a node that outlives a stop": (
        "discovery/session-is-closed",
        [rest(20), processes(21, parent=0, workers=[]), rest(25, "gone", "a node")],
    ),
    "a list that is not the registry's": (
        "client/follows-every-change",
        [rest(20), znodes(21, NODE, {**NODE, "address": OTHER, "owner": 0}), rest(26, "one more", "it lists one")],
    ),
    "a list that was not read again": (
        "client/rereads-after-every-reconnect",
        [
            *act("cut-client", 12, 12, CLIENT),
            Started(at=1, who=OURS, address=OTHER),
            znodes(13, NODE, {**NODE, "address": OTHER, "owner": 0}),
            rest(20, why="it lists one"),
        ],
    ),
    "an empty list in an outage": (
        "client/keeps-the-list-without-registry",
        [*act("freeze-client", 12, 14, CLIENT), view(13), view(15, ADDRESS), rest(20)],
    ),
    "descriptors that are never closed": (
        "supervision/respawning-leaks-nothing",
        [resources(10), rest(20), resources(20), resources(21, descriptors=40)],
    ),
    "a client's threads": (
        "client/failed-connects-leak-nothing",
        [resources(10, who=CLIENT), rest(20), resources(20, who=CLIENT), resources(21, who=CLIENT, threads=40)],
    ),
    "a busy loop": (
        "supervision/idle-server-rests",
        [resources(10), rest(20), resources(20), resources(21, cpu_s=1.9)],
    ),
}

LAWFUL: dict[str, Sequence[Written]] = {
    "nothing at all": [],
    "a call that a killed worker took along": [
        *act("kill-worker", 12, 12, WHO, "calls", settles_s=5),
        call(12.1, "unknown", to=WHO),
        processes(12.1, zombies=[11], workers=[12]),
        processes(12.5, workers=[12, 13]),
        rest(20),
    ],
    "a client's call that crosses the close of a connection": [
        *act("reload", 12, 13, WHO, "crossing", settles_s=5),
        call(13, "unknown", took_s=0.1),
        rest(20),
    ],
    "a zombie of a parent that is stopped": [
        *act("stop-parent", 12, 16, WHO, "reaping", settles_s=1),
        processes(12.1, zombies=[11], workers=[12]),
        processes(16.5),
        rest(20),
    ],
    "a zombie while the host stands still": [
        processes(12.0, zombies=[11], workers=[12]),
        processes(16.0),
        Stalled(at=20, started=12.1, seconds=3.5),
        rest(20),
    ],
    "a number that signals have made uncertain": [
        *act("grow", 12, 12),
        *act("grow", 12.5, 12.5),
        processes(13, workers=[11, 12, 13]),
        rest(20),
    ],
    "an empty list, as the registry has it": [
        *act("expire-server", 12, 12, WHO, "list", settles_s=7),
        znodes(12.2),
        view(12.3),
        znodes(13, NODE),
        view(13.1, ADDRESS),
        rest(20),
    ],
    "an empty list, that was seen before the registry's": [view(13), znodes(13.1), znodes(14, NODE), view(15, ADDRESS)],
    "a stop": [rest(20), processes(21, parent=0, workers=[]), znodes(21), view(21.1), rest(25, "gone")],
    "a stop that only the client has seen": [rest(20), processes(21, parent=0, workers=[]), view(21), rest(25, "gone")],
    "a pool that has grown": [resources(10), rest(20), resources(20), resources(21, descriptors=12, cpu_s=1.1)],
    "connections to each of many servers": [
        *(Started(at=1, who=f"ours {number}", address=f"127.0.0.1:{number}") for number in range(20)),
        resources(10, who=CLIENT),
        rest(20),
        resources(20, who=CLIENT),
        resources(21, who=CLIENT, descriptors=9 + 20 + 8),
    ],
}


# How many were asked for, what was done, and the fewest and the most who may be there at rest.
NUMBERS: dict[str, tuple[int, Sequence[Written], tuple[int, int]]] = {
    "nothing": (2, [], (2, 2)),
    "one more": (2, act("grow", 12, 12), (3, 3)),
    "one less": (2, act("shrink", 12, 12), (1, 1)),
    "one is the floor": (1, act("shrink", 12, 12), (1, 1)),
    "signals of one kind may coalesce": (2, [*act("grow", 12, 12), *act("grow", 12.5, 12.5)], (3, 4)),
    "both, in either order": (2, [*act("grow", 12, 12), *act("shrink", 13, 13)], (2, 2)),
    "both, and the floor between them or not": (1, [*act("grow", 12, 12), *act("shrink", 13, 13)], (1, 2)),
    "another server's": (2, act("grow", 12, 12, "server 2"), (2, 2)),
    "discarded when a stop ends": (2, [*act("stop-parent", 11, 13), *act("grow", 12, 13.1)], (2, 3)),
    "sent when a stop has ended": (2, [*act("stop-parent", 11, 12), *act("grow", 12.1, 12.2)], (3, 3)),
    "a reload may reset it": (2, [*act("shrink", 12, 12), *act("reload", 13, 13)], (1, 2)),
    "a reload may be going on": (2, [*act("reload", 12, 12, settles_s=9), *act("grow", 13, 13)], (2, 3)),
    "a reload is over": (2, [*act("reload", 12, 12, settles_s=0.5), *act("grow", 13, 13)], (3, 3)),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_as_certain_as_the_signals_that_make_it(name: str) -> None:
    """signal(7) and the spec's MAYs: what may be lost or coalesce is held against nobody, and all else counts."""
    workers, written, expected = NUMBERS[name]
    server = Started(who=WHO, address=ADDRESS, workers=workers, pid=PARENT)
    assert workers_asked(story(*written), server) == expected


def test_a_signal_that_was_not_seen_to_be_taken_may_do_nothing() -> None:
    begins, ends = act("grow", 12, 13)
    server = Started(who=WHO, address=ADDRESS, workers=2, pid=PARENT)
    assert workers_asked(story(begins, replace(ends, phase="missed")), server) == (2, 3)


@pytest.mark.parametrize("name", UNLAWFUL)
def test_what_is_unlawful_is_found_and_its_clause_told(name: str) -> None:
    clause, written = UNLAWFUL[name]
    found = findings(story(*written))
    assert {finding.clause for finding in found} == {clause}, found


@pytest.mark.parametrize("name", LAWFUL)
def test_in_what_is_lawful_nothing_is_found(name: str) -> None:
    assert not findings(story(*LAWFUL[name]))


def test_no_rest_is_a_finding_even_if_no_check_knows_why() -> None:
    (finding,) = findings(story(rest(20, why="something is on its way")))
    assert finding.message == "something is on its way"
    assert not finding.clause


def test_a_wait_that_the_host_has_spoiled_blames_nobody() -> None:
    spoiled = story(processes(13, workers=[11]), rest(20, why="1 of 2"), Stalled(at=21, started=16, seconds=2))
    assert not findings(spoiled)
    with pytest.raises(Inconclusive, match="the host stalled"):
        demand_proof(spoiled)


def test_acts_of_which_none_took_effect_show_nothing() -> None:
    begins, _ = act("kill-worker", 12, 13)
    missed = [begins, type(begins)(**{**vars(begins), "at": 13.0, "phase": "missed", "why": "no worker"})]
    with pytest.raises(Inconclusive, match="none took effect"):
        demand_proof(story(*missed, rest(20)))


def test_recovery_is_from_the_end_of_the_last_act_to_rest() -> None:
    acts = [*act("kill-worker", 12, 12), *act("freeze-server", 13, 15)]
    assert recovery_s(story(*acts, rest(17.5))) == pytest.approx(2.5)
    assert recovery_s(story(*acts, rest(17.5, why="never"))) is None


def test_recoveries_are_told_by_the_act_that_was_over_last() -> None:
    recoveries = Recoveries()
    for at in (14.0, 15.0, 18.0):
        recoveries.add(story(*act("freeze-server", 11, 12), *act("kill-worker", 13, 13), rest(at)))
    recoveries.add(story(*act("kill-worker", 12, 12), *act("freeze-server", 13, 15), rest(15.5)))
    recoveries.add(story(*act("kill-worker", 12, 12), rest(19.0, why="never")))
    begins, ends = act("cut-server", 12, 13)
    recoveries.add(story(begins, replace(ends, phase="missed"), rest(17)))
    assert list(recoveries.lines()) == [
        "at rest after kill-worker: 2.00 s (median of 3), 5.00 s at most",
        "at rest after freeze-server: 0.50 s (median of 1), 0.50 s at most",
    ]


def test_a_history_of_something_else_is_not_judged() -> None:
    with pytest.raises(ValueError, match="not of a schedule"):
        findings(story().later(5.0))


def test_what_one_check_finds_at_one_moment_is_found_of_each() -> None:
    history = story(call(13, answered="pong 'm'"), call(13, answered="pong 'm'", to=WHO))
    assert {finding.clause for finding in findings(history)} == {"client/answers-match-calls", "wire/ping-echoes"}
