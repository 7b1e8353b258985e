"""The section "Resize" of spec/restart.md."""

from __future__ import annotations

import signal
from contextlib import ExitStack

from proctor.api import History, Kill, StartServer, clause, eventually, unchanged, until_staffed

CALLS = 6
IGNORED_S = 0.5


@clause("restart/ttin-adds-a-worker")
def test_one_more_worker_is_one_more_worker(start_server: StartServer) -> None:
    """None, or two, or others than there were."""
    server = start_server()
    before = until_staffed(server)
    server.parent.send(signal.SIGTTIN)
    workers = until_staffed(server, len(before) + 1)
    assert before < workers, "the old workers are not among them"
    unchanged(server, workers)


@clause("restart/ttou-removes-a-worker")
def test_one_worker_less_is_one_less_down_to_one(start_server: StartServer) -> None:
    """A server without workers, or one that owes several signals before it grows again."""
    server = start_server(workers=3)
    until_staffed(server)
    for expected in (2, 1):
        server.parent.send(signal.SIGTTOU)
        workers = until_staffed(server, expected)
    for _ in range(2):
        server.parent.send(signal.SIGTTOU)
        unchanged(server, workers, seconds=IGNORED_S)
    server.parent.send(signal.SIGTTIN)
    assert workers < until_staffed(server, 2)


@clause("restart/ttou-loses-no-call")
def test_the_worker_that_leaves_finishes_its_calls(start_server: StartServer) -> None:
    """Whom the server can do without is not whom its clients can do without."""
    server = start_server()
    until_staffed(server)
    # However they fall to the workers: even one after another they last no longer than a worker may go on.
    request = server.lasting(server.manifest.promise("grace_s") / 2 / CALLS)
    with ExitStack() as connections:
        wires = [connections.enter_context(server.connect()) for _ in range(CALLS)]
        for wire in wires:
            wire.send(request)
        for wire in wires:
            eventually(wire.taken, within=10, what="the request to be read")
        server.parent.send(signal.SIGTTOU)
        for wire in wires:
            assert wire.reply().name == f"{request.method}_r"
    until_staffed(server, server.asked_workers - 1)


@clause("restart/resized-number-is-kept")
def test_the_new_number_is_kept_when_workers_die(start_server: StartServer, history: History) -> None:
    """The next death undoes what was asked for."""
    server = start_server()
    until_staffed(server)
    for number, expected in ((signal.SIGTTIN, 3), (signal.SIGTTOU, 2), (signal.SIGTTOU, 1)):
        server.parent.send(number)
        victim = min(until_staffed(server, expected))
        with Kill([victim], history) as kill:
            kill.took_effect()
        workers = until_staffed(server, expected, without=[victim])
    unchanged(server, workers)
