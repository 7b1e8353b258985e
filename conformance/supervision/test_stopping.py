"""The section "Stopping" of spec/supervision.md."""

from __future__ import annotations

import signal
import socket
from contextlib import ExitStack, suppress

import pytest

from proctor.api import (
    AtBirth,
    Ended,
    Failure,
    History,
    Kill,
    Server,
    StartServer,
    Stop,
    TimedOut,
    alive,
    check_cut_short,
    clause,
    eventually,
    needs,
    observe,
    occupy,
    ping,
    pong,
    takes_long,
    throughout,
    until_gone,
    until_staffed,
)

STOPS = [signal.SIGINT, signal.SIGTERM]
MOMENTS_S = [0.0, 0.04, 0.1, 0.3]  # from when the parent listens; the last is after boot
HELD_S = 0.5
TOLD_WITHIN_S = 2.0
BEHIND_S, READ_AHEAD_S = 0.3, 0.1
QUEUED = 5


@clause("supervision/stop-ends-everything")
@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_an_idle_server_ends_whole(start_server: StartServer, number: int) -> None:
    """A server that waits for traffic before it looks, or a parent that leaves its workers with the port."""
    server = start_server(workers=3)
    workers = until_staffed(server)
    server.parent.send(number)
    if server.program.wait(server.promise("stop_s")) is not None:
        assert not alive(workers), "the parent ended before its workers"
    until_gone(server)
    with socket.socket() as another:
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        another.bind(server.address)
        another.listen()


@clause("supervision/stop-ends-everything")
def test_a_parent_outlives_its_last_worker(start_server: StartServer, history: History) -> None:
    """A parent that goes first leaves a worker that nobody will kill if it hangs."""
    server = start_server(workers=3)
    stopped = min(until_staffed(server))
    with Stop([stopped], history) as stop:
        stop.took_effect()
        server.parent.send(signal.SIGTERM)
        throughout(lambda: outlives(server, stopped), HELD_S)
    until_gone(server)


@clause("supervision/stop-exits-with-0")
@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_a_stop_that_was_asked_for_is_no_failure(start_server: StartServer, number: int) -> None:
    """Whoever supervises the server starts it again, or wakes somebody."""
    server = start_server()
    until_staffed(server)
    server.parent.send(number)
    assert server.program.wait(server.promise("stop_s")) == 0


@clause("supervision/stop-works-at-any-moment")
@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_a_stop_signal_during_boot_ends_everything(start_server: StartServer, moment_s: float) -> None:
    """Workers that are forked after the parent has made up its mind outlive it; so does a node."""
    server = start_server(ready=False)
    eventually(
        lambda: observe.heeds(server.pid, signal.SIGTERM),
        within=server.promise("boot_s"),
        what="the parent to listen to SIGTERM",
    )
    server.program.wait(moment_s)
    server.parent.send(signal.SIGTERM)
    until_gone(server)
    assert not server.registers or server.nodes() == [], "its node stands"


@clause("supervision/stop-works-at-any-moment")
def test_a_stop_signal_at_the_very_start_ends_everything(start_server: StartServer) -> None:
    """Nobody has said yet what is to become of the signal."""
    server = start_server(ready=False)
    server.parent.send(signal.SIGTERM)
    until_gone(server)


@clause("supervision/stop-works-at-any-moment")
def test_a_stop_signal_right_after_a_death_ends_everything(start_server: StartServer, history: History) -> None:
    """The successor is being forked, and nobody tells it."""
    server = start_server(workers=3)
    with Kill([min(until_staffed(server))], history) as kill:
        server.parent.send(signal.SIGTERM)
        kill.took_effect()
    until_gone(server)


@clause("supervision/stop-works-at-any-moment")
def test_a_stop_signal_while_newborns_are_held_up_ends_everything(start_server: StartServer, history: History) -> None:
    """A newborn that has its parent's handlers still takes the signal for its parent's, and ignores it."""
    server = start_server(workers=3)
    workers = until_staffed(server)
    with AtBirth(server.worker_pids, history, signal.SIGSTOP) as births:
        with Kill(workers, history) as kill:
            kill.took_effect()
        with suppress(TimedOut):  # one that awaits each newborn's first word forks one at a time
            eventually(lambda: len(births.pids) == len(workers), within=server.promise("respawn_s"))
        births.took_effect()
        server.parent.send(signal.SIGTERM)
        server.program.wait(HELD_S)
    until_gone(server)


@clause("supervision/call-in-flight-finishes")
def test_a_call_in_flight_is_answered_before_the_server_ends(start_server: StartServer) -> None:
    """Whoever has called was promised an answer."""
    server = start_server()
    request = server.lasting_within_grace(0.6)
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be read")
        server.parent.send(signal.SIGTERM)
        assert wire.reply().name == f"{request.method}_r"
        wire.end()
    until_gone(server)


@clause("supervision/call-in-flight-finishes")
def test_a_call_that_was_read_behind_another_is_answered_too(start_server: StartServer) -> None:
    """A worker that closes behind the reply that it was at loses what it had read meanwhile."""
    server = start_server()
    request = server.lasting(min(BEHIND_S, server.promise("grace_s") / 4))
    with server.connect() as wire:
        wire.send(request, request)
        with suppress(TimedOut):  # one that reads a request at a time has received but one
            eventually(wire.taken, within=READ_AHEAD_S)
        in_flight = 2 * wire.taken()
        server.parent.send(signal.SIGTERM)
        assert [reply.name for reply in wire.replies(in_flight)] == [f"{request.method}_r"] * in_flight
    until_gone(server)


@clause("supervision/queued-connections-are-served")
def test_connections_that_wait_to_be_accepted_are_served(start_server: StartServer, history: History) -> None:
    """The kernel has said yes for the server: closing the listener now resets them all."""
    server = start_server(workers=1)
    workers = until_staffed(server)
    held_s = min(
        TOLD_WITHIN_S, *(server.manifest.promise(name) / 2 for name in ("grace_s", "hang_s"))
    )  # so soon nobody kills a stopped one
    with ExitStack() as connections:
        with Stop(workers, history) as busy:
            busy.took_effect()
            queued = [connections.enter_context(server.connect()) for _ in range(QUEUED)]
            for number, wire in enumerate(queued):
                wire.send(ping(number))
            server.parent.send(signal.SIGTERM)
            with suppress(TimedOut):  # one that is told otherwise than by a signal is given as long
                eventually(lambda: told_to_stop(min(workers)), within=held_s)
        assert [wire.reply() for wire in queued] == [pong(number) for number in range(QUEUED)]


@clause("supervision/stopping-server-refuses")
def test_a_server_that_stops_refuses_new_connections(start_server: StartServer) -> None:
    """A connection that is accepted and never served is worse than one that is refused."""
    server = start_server()
    until_staffed(server)
    server.parent.send(signal.SIGTERM)
    eventually(lambda: not server.accepts(), within=server.promise("stop_s"), what="connections to be refused")


@clause("supervision/stopping-server-refuses")
@needs("profile wire")
def test_a_server_that_finishes_its_calls_refuses_new_connections(start_server: StartServer) -> None:
    """Clients are sent to a server that will not be there when it should answer."""
    server = start_server()
    request = server.lasting_within_grace(2.0)
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be read")
        server.parent.send(signal.SIGTERM)
        eventually(lambda: not server.accepts(), within=server.promise("stop_s"), what="connections to be refused")
        if wire.answered():
            with suppress(Ended):  # that the call was dropped is another clause's matter
                reply = wire.reply()
                raise Failure(f"connections were accepted until the call in flight was over: {reply}")


@clause("supervision/stuck-worker-is-killed")
def test_a_worker_that_is_stopped_does_not_keep_the_server_from_stopping(
    start_server: StartServer, history: History
) -> None:
    """SIGTERM stays pending in a stopped process: only SIGKILL ends it."""
    server = start_server()
    with Stop([min(until_staffed(server))], history) as stop:
        stop.took_effect()
        server.parent.send(signal.SIGTERM)
        until_gone(server, within=server.promise("grace_s") + server.promise("stop_s"))


@clause("supervision/stuck-worker-is-killed")
@needs("profile wire")
@takes_long("grace_s")
def test_a_call_that_lasts_too_long_does_not_keep_the_server_from_stopping(start_server: StartServer) -> None:
    """One call too long, and every deployment waits for it."""
    server = start_server()
    bound = server.promise("grace_s") + server.promise("stop_s")
    calls = server.computing(2 * bound)
    with server.connect() as wire:
        occupy(wire, calls)
        server.parent.send(signal.SIGTERM)
        until_gone(server, within=bound)
        check_cut_short(wire, calls)


def outlives(server: Server, worker: int) -> None:
    """Failure if the parent has ended and the worker has not."""
    assert server.program.exit_status() is None or not alive([worker]), f"the parent ended before worker {worker}"


def told_to_stop(worker: int) -> bool:
    """Whether a stop signal waits for a worker that is stopped (ShdPnd of proc(5))."""
    mask = int(observe.status(worker).get("ShdPnd", "0"), 16)
    return any(mask >> (number - 1) & 1 for number in STOPS)
