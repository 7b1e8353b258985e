"""The section "Signals" of spec/supervision.md."""

from __future__ import annotations

import signal

import pytest

from proctor.api import (
    Burst,
    GroupBurst,
    Kill,
    ReaderGone,
    Server,
    SlowReader,
    StartServer,
    Stop,
    clause,
    eventually,
    needs,
    observe,
    until_gone,
    until_reaped,
    until_staffed,
)

ROUNDS = 5
EACH = 8


@clause("supervision/signal-burst-is-survived")
def test_bursts_of_signals_harm_nobody(start_server: StartServer) -> None:
    """A handler that logs, or allocates, meets itself half-way; the parent is gone and the port held."""
    server = start_server()
    claimed = harmless(server)
    dead: set[int] = set()
    with SlowReader(server.program.output, server.history) as slow:
        slow.took_effect()
        for _ in range(ROUNDS):
            dead |= server.worker_pids()
            with Burst(server.parent, claimed * EACH, server.history) as burst:
                burst.took_effect()
                with Kill(server.worker_pids(), server.history) as kill:
                    kill.took_effect()
            eventually(server.worker_pids, within=server.promise("respawn_s"), what="workers to be alive")
    assert server.program.exit_status() is None, "the parent ended"
    until_reaped(server, dead - server.worker_pids())
    if not server.manifest.capabilities.resize:
        until_staffed(server)


@clause("supervision/stop-signal-is-never-lost")
def test_a_stop_signal_behind_many_others_counts(start_server: StartServer) -> None:
    """A bounded queue of signals that drops the last one drops the one that matters."""
    server = start_server()
    with Stop([server.pid], server.history) as stop:
        stop.took_effect()
        for number in [*harmless(server) * EACH, signal.SIGTERM]:
            server.parent.send(number)
        assert pending(server.pid) >= {*harmless(server), signal.SIGTERM}
    until_gone(server)


@clause("supervision/stop-may-be-sent-to-all-and-again")
@needs("profile wire")
def test_an_interrupt_to_the_whole_group_loses_no_call(start_server: StartServer) -> None:
    """Ctrl-C reaches the workers too; those that die of it take their calls with them."""
    server = start_server()
    request = server.lasting(1.0)
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be taken")
        with GroupBurst(server.parent, [signal.SIGINT], server.history) as fault:
            fault.took_effect()
            reply = wire.reply()
    assert reply.name in ("pi_r", "sleep_r")
    assert until_gone(server) == 0


@clause("supervision/stop-may-be-sent-to-all-and-again")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_second_stop_signal_stops_it_no_later(start_server: StartServer, number: int) -> None:
    """Impatience must not turn a clean stop into a hang, or into a crash that leaves workers."""
    server = start_server()
    with Burst(server.parent, [number, number], server.history) as fault:
        fault.took_effect()
    until_gone(server)


@clause("supervision/log-reader-may-leave")
def test_a_server_whose_log_nobody_reads_any_more_runs_on(start_server: StartServer) -> None:
    """SIGPIPE, or an exception out of a log line, ends the parent at the first thing that it has to say."""
    server = start_server()
    before = server.worker_pids()
    with ReaderGone(server.program.output, server.history) as fault:
        fault.took_effect()
        with Kill(before, server.history) as kill:
            kill.took_effect()
        until_staffed(server, without=before)
    assert server.program.exit_status() is None, "the parent ended"


def pending(pid: int) -> set[int]:
    """The signals that wait to be delivered to a process (ShdPnd of proc(5))."""
    mask = int(observe.status(pid)["ShdPnd"], 16)
    return {number for number in signal.valid_signals() if mask >> (number - 1) & 1}


def harmless(server: Server) -> list[int]:
    """The signals that this server claims to take, but for those that stop it."""
    claims = server.manifest.capabilities
    resize = [signal.SIGTTIN, signal.SIGTTOU] if claims.resize else []
    return [signal.SIGCHLD, *([signal.SIGHUP] if claims.reload else []), *resize]
