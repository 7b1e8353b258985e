"""The section "Signals" of spec/supervision.md."""

from __future__ import annotations

import signal
from contextlib import ExitStack

import pytest

from proctor.api import (
    Burst,
    GroupBurst,
    History,
    Kill,
    ReaderGone,
    Server,
    SlowReader,
    StartServer,
    Stop,
    Volley,
    alive,
    clause,
    eventually,
    needs,
    unchanged,
    until_gone,
    until_reaped,
    until_staffed,
)

STOPS = [signal.SIGINT, signal.SIGTERM]
ROUNDS = 5
EACH = 8
ONE_BY_ONE = 40


@clause("supervision/signal-burst-is-survived")
def test_bursts_of_signals_while_workers_die_harm_nobody(start_server: StartServer, history: History) -> None:
    """A handler that logs is entered a second time before it is out of the first: the parent is gone, its port held."""
    server = start_server()
    dead: set[int] = set()
    with SlowReader(server.program.output, history) as slow:
        slow.took_effect()
        for _ in range(ROUNDS):
            victims = until_alive(server)
            with Burst(server.parent, server.signals() * EACH, history) as burst:
                with Kill(victims, history) as kill:
                    kill.took_effect()
                burst.took_effect()
            dead |= victims
        until_alive(server)
        until_reaped(server, dead)
    assert server.program.exit_status() is None, "the parent ended"
    if not server.manifest.capabilities.resize:
        until_staffed(server)


@clause("supervision/signal-burst-is-survived")
def test_signals_that_find_their_handler_at_work_harm_nobody(start_server: StartServer, history: History) -> None:
    """In a burst they may all be taken at once. These come one by one, while the first line of the log is written."""
    server = start_server()
    workers = until_staffed(server)
    with SlowReader(server.program.output, history) as slow:
        slow.took_effect()
        with Volley(server.parent, [signal.SIGCHLD] * ONE_BY_ONE, history) as volley:
            volley.took_effect()
    unchanged(server, workers)


@clause("supervision/stop-signal-is-never-lost")
def test_a_stop_signal_behind_many_others_counts(start_server: StartServer, history: History) -> None:
    """A queue of signals that drops the last one when it is full drops the one that matters."""
    server = start_server()
    until_staffed(server)
    with ExitStack() as bursts:
        with Stop([server.pid], history) as stop:
            stop.took_effect()
            burst = bursts.enter_context(Burst(server.parent, [*server.signals() * EACH, signal.SIGTERM], history))
        burst.took_effect()
    until_gone(server)


@clause("supervision/stop-may-be-sent-to-all-and-again")
def test_an_interrupt_to_the_whole_group_stops_the_server(start_server: StartServer, history: History) -> None:
    """Ctrl-C reaches the workers too: a parent that takes that for their deaths replaces them, or reports a failure."""
    server = start_server()
    until_staffed(server)
    with GroupBurst(server.parent, [signal.SIGINT], history) as interrupt:
        interrupt.took_effect()
    assert until_gone(server) == 0


@clause("supervision/stop-may-be-sent-to-all-and-again")
@needs("profile wire")
def test_an_interrupt_to_the_whole_group_loses_no_call(start_server: StartServer, history: History) -> None:
    """Workers that die of Ctrl-C take their calls with them."""
    server = start_server()
    request = server.lasting_within_grace(0.6)
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be read")
        with GroupBurst(server.parent, [signal.SIGINT], history) as interrupt:
            interrupt.took_effect()
        assert wire.reply().name == f"{request.method}_r"
    assert until_gone(server) == 0


@clause("supervision/stop-may-be-sent-to-all-and-again")
@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_a_second_stop_signal_while_it_stops_stops_it_no_later(
    start_server: StartServer, history: History, number: int
) -> None:
    """Impatience must turn a clean stop neither into a hang nor into a crash that leaves workers."""
    server = start_server(workers=3)
    stopped, *others = sorted(until_staffed(server))
    with Stop([stopped], history) as stop:  # while it stands, the server can't have stopped
        stop.took_effect()
        server.parent.send(number)
        eventually(lambda: not alive(others), within=server.promise("stop_s"), what="the other workers to end")
        server.parent.send(number)
    until_gone(server)


@clause("supervision/log-reader-may-leave")
def test_a_server_whose_log_nobody_reads_any_more_runs_on(start_server: StartServer, history: History) -> None:
    """SIGPIPE, or an exception out of a line of the log, ends the parent at the first thing that it has to say."""
    server = start_server()
    with ReaderGone(server.program.output, history) as gone:
        gone.took_effect()
        for _ in range(2):
            victims = until_staffed(server)
            with Kill(victims, history) as kill:
                kill.took_effect()
            until_staffed(server, without=victims)


def until_alive(server: Server) -> set[int]:
    """Any workers at all, within `respawn_s`: where the number was changed by signals nobody can say how many."""
    return eventually(server.worker_pids, within=server.promise("respawn_s"), what="workers to be alive")
