"""The section "Exhaustion" of spec/supervision.md."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress

from proctor.api import (
    PROMPTLY_S,
    WATCHED_S,
    Connection,
    FewDescriptors,
    History,
    Inject,
    Kill,
    Server,
    StartServer,
    Stop,
    TimedOut,
    clause,
    observe,
    ping,
    pong,
    still,
    throughout,
    until_gone,
    until_staffed,
)

ERRORS = ("ECONNABORTED", "EPROTO", "ENETDOWN")
RESETS = 20
CLIENTS, NEWCOMERS = 8, 3
HELD_UP_US = 50_000  # long enough for all that were woken to be there
SPARE, TOO_MANY = 4, 20
STARVED_S = 2.0
MOST_OF_A_PROCESSOR = 0.5
NEVER_SLEEPS = 0.9  # of the time: on a machine so busy that it gets less than half of a processor


@clause("supervision/accept-errors-are-survived")
def test_an_accept_that_fails_costs_nothing_else(start_server: StartServer, history: History) -> None:
    """An accept loop that ends at its first error leaves a worker that lives and never serves again."""
    server = start_server()
    workers = until_staffed(server)
    for error in ERRORS:
        # Who accepts is the server's own affair. The call is not executed, so whoever knocked is still to be accepted.
        with Inject({server.pid, *workers}, f"accept,accept4:error={error}:when=1..2", history) as failing:
            answers_promptly(server)
            failing.took_effect()
        answers_promptly(server)
    still(server, workers)


@clause("supervision/accept-errors-are-survived")
def test_connections_that_are_gone_when_they_are_accepted_cost_nothing_else(
    start_server: StartServer, history: History
) -> None:
    """One connection wakes everybody, and one gets it: an accept that blocks then misses the stop signal."""
    server = start_server(workers=3)
    workers = until_staffed(server)
    with Stop({server.pid, *workers}, history) as stop:
        stop.took_effect()
        for _ in range(RESETS):
            server.connect().reset()
        last = server.connect()
    with last as wire:
        assert wire.call(ping("last"), within=PROMPTLY_S) == pong("last")
    answers_promptly(server)
    still(server, workers)
    server.parent.send(signal.SIGTERM)
    until_gone(server)


@clause("supervision/accept-errors-are-survived")
def test_a_connection_that_another_worker_takes_holds_up_nobody(start_server: StartServer, history: History) -> None:
    """All may be woken for it, and one gets it: an accept that blocks then leaves a worker's clients unanswered."""
    server = start_server(workers=3)
    workers = until_staffed(server)
    with ExitStack() as opened:
        clients = [opened.enter_context(server.connect()) for _ in range(CLIENTS)]
        answer_promptly(clients, "before")
        with Inject({server.pid, *workers}, f"accept,accept4:delay_enter={HELD_UP_US}", history) as held_up:
            for turn in range(NEWCOMERS):
                newcomer = opened.enter_context(server.connect())
                answer_promptly([newcomer, *clients], turn)
            held_up.took_effect()
    still(server, workers)


@clause("supervision/descriptors-may-run-out")
def test_a_worker_without_descriptors_waits_for_some(start_server: StartServer, history: History) -> None:
    """A loop that asks again at once takes a whole processor, and serves nobody."""
    server = start_server(workers=1)
    workers = until_staffed(server)
    (worker,) = workers
    answers_promptly(server)
    with ExitStack() as connections, FewDescriptors(worker, observe.descriptors(worker) + SPARE, history) as few:
        few.took_effect()
        for _ in range(TOO_MANY):
            connections.enter_context(server.connect()).send(ping("one of many"))
        began, used_s, wanted_s = time.monotonic(), processor_s(server), observe.runnable_s(workers)
        throughout(lambda: still(server, workers), STARVED_S)
        took_s, used_s = time.monotonic() - began, processor_s(server) - used_s
        busiest_s = observe.busiest_s(workers, wanted_s)
        assert busiest_s < NEVER_SLEEPS * took_s, f"a thread ran, or waited to run, {busiest_s:.2f} of {took_s:.2f} s"
        connections.close()
        answers_promptly(server)
    still(server, workers)


@clause("supervision/idle-server-rests")
def test_a_server_rests_when_there_is_nothing_to_do(start_server: StartServer, history: History) -> None:
    """A loop that is woken by what it never takes away is busy for ever, and everything else about it looks well."""
    server = start_server()
    workers = until_staffed(server)
    takes_little(server)
    with Kill([min(workers)], history) as kill:
        kill.took_effect()
        with suppress(TimedOut):  # whoever replaces nobody breaks another clause, and may rest all the same
            until_staffed(server, without=[min(workers)])
    takes_little(server)


def takes_little(server: Server) -> None:
    pids = [server.pid, *(process.pid for process in observe.family(server.pid))]
    began, used_s = time.monotonic(), observe.processor_s(pids)
    wanted_s = observe.runnable_s(pids)
    throughout(server.demand_parent, WATCHED_S)
    took_s, used_s = time.monotonic() - began, observe.processor_s(pids) - used_s
    assert used_s < MOST_OF_A_PROCESSOR * took_s, f"{used_s:.2f} s of processor time in {took_s:.2f} s without work"
    busiest_s = observe.busiest_s(pids, wanted_s)
    assert busiest_s < NEVER_SLEEPS * took_s, f"a thread ran, or waited to run, for {busiest_s:.2f} of {took_s:.2f} s"


def processor_s(server: Server) -> float:
    return observe.processor_s([server.pid, *(process.pid for process in observe.family(server.pid))])


def answers_promptly(server: Server) -> None:
    with server.connect() as wire:
        answer_promptly([wire], "prompt")


def answer_promptly(wires: Iterable[Connection], what: object) -> None:
    for wire in wires:
        assert wire.call(ping(what), within=PROMPTLY_S) == pong(what)
