"""The section "Stopping" of spec/supervision.md."""

from __future__ import annotations

import signal
from contextlib import ExitStack

import pytest

from proctor.api import (
    AtBirth,
    Kill,
    StartServer,
    Stop,
    clause,
    eventually,
    needs,
    observe,
    ping,
    pong,
    throughout,
    until_gone,
)

STOPS = [signal.SIGINT, signal.SIGTERM]
MOMENTS_S = [0.0, 0.03, 0.06, 0.1, 0.2, 0.4]
QUEUED = 5


@clause("supervision/stop-ends-everything", "supervision/stop-exits-with-0")
@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_an_idle_server_stops_whole_and_says_that_all_is_well(start_server: StartServer, number: int) -> None:
    """A server that waits for traffic to notice, or a parent that leaves its workers to the port."""
    server = start_server()
    server.parent.send(number)
    status = until_gone(server)
    assert status == 0, f"exit status {status}"
    assert observe.listening_inodes(server.port) == set()


@clause("supervision/stop-works-at-any-moment")
@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_a_stop_signal_during_boot_ends_everything(start_server: StartServer, moment_s: float) -> None:
    """Workers that are forked after the parent has made up its mind outlive it."""
    server = start_server(ready=False)
    eventually(lambda: observe.catches(server.pid, signal.SIGTERM), within=server.promise("boot_s"))
    throughout(lambda: None, seconds=moment_s)
    server.parent.send(signal.SIGTERM)
    until_gone(server)
    assert not server.registers or server.nodes() == []


@clause("supervision/stop-works-at-any-moment")
def test_a_stop_signal_right_after_a_death_ends_everything(start_server: StartServer) -> None:
    """The successor is being forked, and nobody tells it."""
    server = start_server()
    with Kill([min(server.worker_pids())], server.history) as fault:
        server.parent.send(signal.SIGTERM)
        fault.took_effect()
    until_gone(server)


@clause("supervision/stop-works-at-any-moment")
def test_a_stop_signal_while_a_newborn_is_held_up_ends_everything(start_server: StartServer) -> None:
    """A newborn that still has its parent's handlers takes the signal for its parent's, and ignores it."""
    server = start_server()
    with AtBirth(server.worker_pids, server.history, signal.SIGSTOP, most=1) as births:
        with Kill([min(server.worker_pids())], server.history) as kill:
            kill.took_effect()
        births.took_effect()
        server.parent.send(signal.SIGTERM)
    until_gone(server)


@clause("supervision/call-in-flight-finishes")
def test_a_call_in_flight_is_answered_before_the_server_ends(start_server: StartServer) -> None:
    """Whoever called was promised an answer."""
    server = start_server()
    request = server.lasting(1.0)
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be taken")
        server.parent.send(signal.SIGTERM)
        assert wire.reply().name in ("pi_r", "sleep_r")
        wire.end()
    assert until_gone(server) == 0


@clause("supervision/queued-connections-are-served")
def test_connections_that_wait_to_be_accepted_are_served(start_server: StartServer) -> None:
    """The kernel has said yes for the server: closing the listener now resets them all."""
    server = start_server(workers=1)
    busy = server.computing(1.0)
    with ExitStack() as connections:
        first = connections.enter_context(server.connect())
        first.send(busy)
        eventually(first.taken, within=10, what="the request to be taken")
        queued = [connections.enter_context(server.connect()) for _ in range(QUEUED)]
        for number, wire in enumerate(queued):
            wire.send(ping(number))
        server.parent.send(signal.SIGTERM)
        first.reply(within=20)
        assert [wire.reply() for wire in queued] == [pong(number) for number in range(QUEUED)]


@clause("supervision/stopping-server-refuses")
def test_a_server_that_stops_refuses_new_connections(start_server: StartServer) -> None:
    """A connection that is accepted and never served is worse than one that is refused."""
    server = start_server()
    with ExitStack() as call:
        if server.speaks:
            request = server.lasting(2.0)
            wire = call.enter_context(server.connect())
            wire.send(request)
            eventually(wire.taken, within=10, what="the request to be taken")
        server.parent.send(signal.SIGTERM)
        eventually(lambda: not server.accepts(), within=server.promise("stop_s"), what="connections to be refused")
        if server.speaks:
            assert not wire.answered(), "connections were refused only when the call in flight was over"
            wire.reply()
    until_gone(server)


@clause("supervision/stuck-worker-is-killed")
def test_a_worker_that_is_stopped_does_not_keep_the_server_from_stopping(start_server: StartServer) -> None:
    """SIGTERM stays pending in a stopped process: only SIGKILL ends it."""
    server = start_server()
    with Stop([min(server.worker_pids())], server.history) as fault:
        fault.took_effect()
        server.parent.send(signal.SIGTERM)
        until_gone(server, within=server.promise("grace_s") + server.promise("stop_s"))


@clause("supervision/stuck-worker-is-killed")
@needs("profile wire")
def test_a_call_that_never_ends_does_not_keep_the_server_from_stopping(start_server: StartServer) -> None:
    """One call too long, and every deployment waits for it."""
    server = start_server()
    bound = server.promise("grace_s") + server.promise("stop_s")
    request = server.computing(2 * bound)
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be taken")
        server.parent.send(signal.SIGTERM)
        until_gone(server, within=bound)
