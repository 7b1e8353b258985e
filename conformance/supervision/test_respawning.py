"""The section "Respawning" of spec/supervision.md."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack, suppress

from proctor.api import (
    FORKS,
    AtBirth,
    ForkFails,
    History,
    Inconclusive,
    Inject,
    Kill,
    Process,
    Server,
    SeverLink,
    StartServer,
    Stop,
    TimedOut,
    clause,
    eventually,
    observe,
    ping,
    pong,
    still,
    takes_long,
    throughout,
    unchanged,
    until_gone,
    until_reaped,
    until_staffed,
)

FORK_HELD_UP_S = 1.0
CRASHING_S = 3.0
NEWBORNS_A_SECOND = 5  # for each of the workers
FAILING_S = 1.0
FORKS_A_SECOND = 10
KILLS = 8
AHEAD_S = 0.5
TEAM, ROUNDS, MORE_DESCRIPTORS = 5, 4, 2


@clause("supervision/dead-worker-is-replaced")
@takes_long("4 rounds of deaths, and a look afterwards")
def test_workers_that_are_killed_or_crash_are_replaced_one_and_all(start_server: StartServer, history: History) -> None:
    """A server that shrinks with each crash is gone after as many as it had workers."""
    server = start_server(workers=3)
    for number in (signal.SIGKILL, signal.SIGSEGV):
        for count in (1, 3):
            victims = sorted(until_staffed(server))[:count]
            with Kill(victims, history, number) as kill:
                kill.took_effect()
            workers = until_staffed(server, without=victims)
    unchanged(server, workers)


@clause("supervision/dead-worker-is-replaced")
def test_workers_that_end_when_they_are_told_to_are_replaced(start_server: StartServer) -> None:
    """Who ends with status 0 is missed no less than others. One that listens to its parent alone may stay."""
    server = start_server(workers=3)
    workers = [Process(pid) for pid in sorted(until_staffed(server))]
    for worker in workers:
        worker.send(signal.SIGTERM)
    with suppress(TimedOut):
        eventually(lambda: all(worker.ended() for worker in workers), within=server.promise("stop_s"))
    ended = {worker.pid for worker in workers if worker.ended()}
    stayed = {worker.pid for worker in workers} - ended
    assert stayed <= until_staffed(server, without=ended), "workers that stayed are not there any more"


@clause("supervision/newborn-death-is-noticed")
def test_a_worker_that_dies_before_its_pid_is_noted_is_replaced(start_server: StartServer, history: History) -> None:
    """A pid that is noted after its owner's death is waited for in vain: one worker less, for ever."""
    server = start_server()
    victim = min(until_staffed(server))
    with (
        Inject(server.pid, f"{FORKS}:delay_exit={FORK_HELD_UP_S * 1e6:.0f}:when=1", history) as held_up,
        AtBirth(server.worker_pids, history, most=1) as births,
    ):
        with Kill([victim], history) as kill:
            kill.took_effect()
        births.took_effect()
        held_up.took_effect()
    if births.latest_s > FORK_HELD_UP_S / 2:
        raise Inconclusive(
            f"the newborn was seen dead after {births.latest_s:.2f} s: its parent may have known it by then"
        )
    until_staffed(server, without=[victim, *births.pids])
    until_reaped(server, births.pids)


@clause("supervision/crash-loop-is-paced")
@takes_long("3 s in which newborns are counted")
def test_workers_that_keep_dying_are_forked_at_a_pace(start_server: StartServer, history: History) -> None:
    """A worker that can't start is started a thousand times a minute, and its log fills the disk."""
    server = start_server()
    workers = until_staffed(server)
    began = time.monotonic()
    with AtBirth(server.worker_pids, history) as births:
        with Kill(workers, history) as kill:
            kill.took_effect()
        births.took_effect()
        throughout(lambda: None, CRASHING_S)
        newborns, took_s = len(births.pids), time.monotonic() - began
    most = NEWBORNS_A_SECOND * server.asked_workers * took_s
    assert newborns <= most, f"{newborns} newborns in {took_s:.1f} s: more than {most:.0f}"
    if server.program.exit_status() is None:
        until_staffed(server)
    else:
        assert until_gone(server) != 0, "it gave up with exit status 0, as if all were well"


@clause("supervision/failed-fork-is-repeated")
def test_a_fork_that_fails_is_tried_again_at_a_pace(start_server: StartServer, history: History) -> None:
    """A parent that ends by EAGAIN orphans its workers; one that asks at once takes what the machine has left."""
    server = start_server()
    workers = until_staffed(server)
    victim = min(workers)
    others = workers - {victim}
    with ForkFails(server.pid, history) as failing:
        with Kill([victim], history) as kill:
            kill.took_effect()
        failing.took_effect()
        before = failing.count()
        throughout(lambda: still(server, others), FAILING_S)
        attempts = failing.count() - before
    assert attempts <= FORKS_A_SECOND * FAILING_S, f"{attempts} attempts in {FAILING_S} s"
    assert others < until_staffed(server, without=[victim]), "the other workers are not the same"


@clause("supervision/newborn-worker-serves")
@takes_long("8 workers, killed one after the other")
def test_a_worker_that_was_forked_into_a_busy_server_serves(start_server: StartServer, history: History) -> None:
    """A lock that somebody held at the fork is locked for ever in the newborn, who lives and never answers.

    There is one worker, so that nobody else can answer for it. Where the server registers, it is forked while the
    registry's link is broken, when whoever talks to the registry has most to do.
    """
    server = start_server(workers=1)
    for _ in range(KILLS):
        workers = until_staffed(server)
        with ExitStack() as link:
            if server.registers:
                link.enter_context(SeverLink(server.proxy, history)).took_effect()
            with Kill(workers, history) as kill:
                kill.took_effect()
            until_staffed(server, without=workers)
        eventually(lambda: answers(server), within=server.promise("respawn_s"), what="the newborn to answer")


@clause("supervision/hung-worker-is-replaced")
@takes_long("hang_s")
def test_a_worker_that_shows_no_sign_of_life_is_replaced(start_server: StartServer, history: History) -> None:
    """A worker that hangs takes its share of the connections, and answers none."""
    server = start_server()
    workers = until_staffed(server)
    hung = min(workers)
    with Stop([hung], history) as stop:
        stop.took_effect()
        eventually(
            lambda: observe.stat(hung) is None,
            within=server.promise("hang_s") + server.promise("reap_s"),
            what=f"worker {hung} to be killed and reaped",
        )
        assert workers - {hung} < until_staffed(server, without=[hung]), "the other workers are not the same"


@clause("supervision/healthy-worker-is-kept")
@takes_long("twice hang_s without a tick, and a look afterwards")
def test_workers_are_not_taken_for_hung_because_time_went_by(start_server: StartServer, history: History) -> None:
    """A machine that wakes from sleep, or a parent that was held up, finds every worker silent for too long."""
    waking, held_up = start_server(), start_server()
    workers = {server: until_staffed(server) for server in (waking, held_up)}
    with Stop([process.pid for process in waking.program.tree()], history) as asleep:
        asleep.took_effect()
        with Stop([waking.pid, held_up.pid], history) as stop:
            stop.took_effect()
            throughout(lambda: None, 2 * waking.manifest.promise("hang_s"))  # its own clock: nobody stretches that
        # Who goes on first is chance. Were it the workers, they could say that they live before anybody asks.
        throughout(lambda: None, min(AHEAD_S, waking.manifest.promise("hang_s") / 2))
    unchanged(waking, workers[waking])
    unchanged(held_up, workers[held_up], seconds=0)


@clause("supervision/respawning-leaks-nothing")
def test_replacing_workers_leaves_no_descriptor_behind(start_server: StartServer, history: History) -> None:
    """After enough deaths the parent can't open what it needs for the next worker."""
    server = start_server(workers=TEAM)
    settled = 0
    for turn in range(ROUNDS):
        workers = until_staffed(server)
        with Kill(workers, history) as kill:
            kill.took_effect()
        until_staffed(server, without=workers)
        until_reaped(server, workers)
        settled = observe.descriptors(server.pid) if turn == 0 else settled
    eventually(
        lambda: observe.descriptors(server.pid) <= settled + MORE_DESCRIPTORS,
        within=server.promise("reap_s"),
        what=f"the parent to have at most {settled} + {MORE_DESCRIPTORS} descriptors",
    )


def answers(server: Server) -> bool:
    with server.connect() as wire:
        return wire.call(ping("newborn"), within=server.promise("respawn_s")) == pong("newborn")
