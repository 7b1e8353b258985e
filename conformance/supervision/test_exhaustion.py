"""The section "Exhaustion" of spec/supervision.md."""

from __future__ import annotations

import signal
from contextlib import ExitStack

import pytest

from proctor.api import (
    PROMPTLY_S,
    Connection,
    FewDescriptors,
    Inject,
    Server,
    StartServer,
    clause,
    eventually,
    observe,
    ping,
    pong,
    throughout,
    until_gone,
)

ERRORS = ["ECONNABORTED", "ENETDOWN", "EPROTO"]
CALLS = 10
WATCHED_S = 2.0
HALF = 0.5
SPARE = 4
MORE = 20


@clause("supervision/accept-errors-are-survived")
@pytest.mark.parametrize("error", ERRORS)
def test_an_accept_that_fails_costs_nothing_else(start_server: StartServer, error: str) -> None:
    """An accept loop that ends at the first error leaves a worker that lives and never serves again."""
    server = start_server()
    workers = server.worker_pids()
    with Inject(workers, f"accept,accept4:error={error}:when=1..2", server.history) as fault:
        for _ in range(CALLS):
            with server.connect() as wire:
                wire.send(ping("knock"))
                eventually(wire.answered, within=PROMPTLY_S * server.stage.patience)
        fault.took_effect()
    assert server.worker_pids() == workers
    answers_promptly(server)
    server.parent.send(signal.SIGTERM)
    until_gone(server)


@clause("supervision/accept-errors-are-survived")
def test_connections_that_were_reset_in_the_backlog_cost_nothing_else(start_server: StartServer) -> None:
    """The connection that woke the worker is gone: an accept that blocks waits for the next, and misses the signal."""
    server = start_server()
    workers = server.worker_pids()
    for _ in range(MORE):
        server.connect().reset()
    answers_promptly(server)
    assert server.worker_pids() == workers
    server.parent.send(signal.SIGTERM)
    until_gone(server)


@clause("supervision/descriptors-may-run-out")
def test_a_worker_without_descriptors_waits_for_some(start_server: StartServer) -> None:
    """A loop that asks again at once takes the whole processor, and serves nobody."""
    server = start_server(workers=1)
    (worker,) = server.worker_pids()
    answers_promptly(server)
    with (
        ExitStack() as connections,
        FewDescriptors(worker, observe.descriptors(worker) + SPARE, server.history) as fault,
    ):
        fault.took_effect()
        wires: list[Connection] = [connections.enter_context(server.connect()) for _ in range(MORE)]
        for wire in wires:
            wire.send(ping("many"))
        family = [server.pid, *(process.pid for process in server.program.tree())]
        used = observe.processor_s(family)
        throughout(lambda: None, seconds=WATCHED_S)
        used = observe.processor_s(family) - used
        assert used < HALF * WATCHED_S, f"{used:.2f} s of processor time in {WATCHED_S} s"
        connections.close()
        answers_promptly(server)
    assert server.worker_pids() == {worker}


def answers_promptly(server: Server) -> None:
    with server.connect() as wire:
        assert wire.call(ping("still here"), within=PROMPTLY_S) == pong("still here")
